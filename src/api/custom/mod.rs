//! Kinds that come as data: what a CustomResourceDefinition makes the API server serve, and its
//! objects.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/apiserver` and `pkg/registry/customresource`. One
//! [`CustomKind`] is one served version of one definition. It lives as long as the program: a kind
//! is handed around by copy everywhere, and a definition changes a handful of times in the life of
//! a cluster, at some kilobytes each.

pub mod cel;
mod columns;
pub mod inert;
mod object;
pub mod policy;
pub mod schema;
mod shape;
mod strategy;
pub mod structural;
mod validate;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion,
};
use serde_json::Value;

use super::codec::{self, DecodeError};
use super::kinds::{KindInfo, Object};

pub use object::CustomObject;
use shape::{Known, Shape};
pub(in crate::api) use validate::unknown_formats;

/// One served version of a custom resource.
pub struct CustomKind {
    pub info: KindInfo,
    shape: &'static Shape,
    pub has_status: bool,
    pub scale: Option<ScalePaths>,
    /// Whether objects are kept in this version.
    pub stored: bool,
}

/// Where the `scale` subresource finds its numbers, as dotted paths without the first dot.
pub struct ScalePaths {
    pub spec: &'static str,
    pub status: &'static str,
    /// Empty when the resource has none.
    pub selector: &'static str,
}

impl CustomKind {
    /// `spec.versions[*].schema.openAPIV3Schema`; null without one.
    pub fn schema(&self) -> &'static Value {
        self.shape.schema()
    }

    /// Decodes an object: metadata strictly, the rest pruned by the schema. Returns it with the
    /// paths of what was pruned.
    pub fn decode(&'static self, value: &Value) -> Result<(Object, Vec<String>), DecodeError> {
        object::decode(self, value)
    }
}

/// Whether the definition was accepted: only then are its objects served.
pub fn is_established(definition: &CustomResourceDefinition) -> bool {
    condition(definition, "Established")
}

/// Whether a condition of the definition is true.
pub fn condition(definition: &CustomResourceDefinition, name: &str) -> bool {
    let conditions = definition
        .status
        .as_ref()
        .and_then(|s| s.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|c| c.type_ == name && c.status == "True")
}

/// The kinds that a definition serves, one for each version, the preferred one first.
pub fn kinds_of(definition: &CustomResourceDefinition) -> Vec<&'static CustomKind> {
    let mut versions: Vec<&CustomResourceDefinitionVersion> = definition
        .spec
        .versions
        .iter()
        .filter(|v| v.served)
        .collect();
    versions.sort_by(|a, b| structural::by_priority(&a.name, &b.name));
    versions
        .into_iter()
        .map(|version| {
            let spec = &definition.spec;
            kind_of(
                definition,
                version,
                &format!("{}/{}", spec.group, spec.names.plural),
            )
        })
        .collect()
}

fn kind_of(
    definition: &CustomResourceDefinition,
    version: &CustomResourceDefinitionVersion,
    prefix: &str,
) -> &'static CustomKind {
    let spec = &definition.spec;
    let names = &spec.names;
    let schema = version
        .schema
        .as_ref()
        .and_then(|s| s.open_api_v3_schema.as_ref())
        .map_or(Value::Null, codec::encode);
    let subresources = version.subresources.as_ref();
    let selectable = version.selectable_fields.iter().flatten();
    assemble(Names {
        group: &spec.group,
        version: &version.name,
        kind: &names.kind,
        plural: &names.plural,
        singular: names.singular.as_deref().unwrap_or_default(),
        short_names: &mut names.short_names.iter().flatten().map(String::as_str),
        categories: &mut names.categories.iter().flatten().map(String::as_str),
        namespaced: spec.scope == "Namespaced",
        prefix,
        has_status: subresources.is_some_and(|s| s.status.is_some()),
        scale: subresources.and_then(|s| s.scale.as_ref()).map(|scale| {
            let path = |text: &str| leak(text.strip_prefix('.').unwrap_or(text));
            ScalePaths {
                spec: path(&scale.spec_replicas_path),
                status: path(&scale.status_replicas_path),
                selector: path(scale.label_selector_path.as_deref().unwrap_or_default()),
            }
        }),
        stored: version.storage,
        selectable: &mut selectable.map(|f| f.json_path.strip_prefix('.').unwrap_or(&f.json_path)),
        deprecation: deprecation(definition, version),
        shape: Shape::of(Known {
            schema,
            columns: columns::Columns::new(version.additional_printer_columns.iter().flatten()),
        }),
    })
}

/// What a kind is made of.
struct Names<'n> {
    group: &'n str,
    version: &'n str,
    kind: &'n str,
    plural: &'n str,
    singular: &'n str,
    short_names: &'n mut dyn Iterator<Item = &'n str>,
    categories: &'n mut dyn Iterator<Item = &'n str>,
    namespaced: bool,
    prefix: &'n str,
    has_status: bool,
    scale: Option<ScalePaths>,
    stored: bool,
    /// Paths of the fields that selectors may name.
    selectable: &'n mut dyn Iterator<Item = &'n str>,
    deprecation: &'static str,
    shape: &'static Shape,
}

fn assemble(names: Names<'_>) -> &'static CustomKind {
    let mut parts: Vec<&'static str> = Vec::new();
    if names.has_status {
        parts.push("status");
    }
    if names.scale.is_some() {
        parts.push("scale");
    }
    let strategy = strategy::Rules {
        shape: names.shape,
        has_status: names.has_status,
        scale_path: names.scale.as_ref().map_or("", |s| s.spec),
        selectable: leak_list(names.selectable),
        deprecation: names.deprecation,
    };
    let info = KindInfo {
        group: leak(names.group),
        version: leak(names.version),
        kind: leak(names.kind),
        plural: leak(names.plural),
        singular: leak(names.singular),
        short_names: leak_list(names.short_names),
        namespaced: names.namespaced,
        categories: leak_list(names.categories),
        subresources: Box::leak(parts.into_boxed_slice()),
        prefix: leak(names.prefix),
        strategy: Box::leak(Box::new(strategy)),
    };
    Box::leak(Box::new(CustomKind {
        info,
        shape: names.shape,
        has_status: names.has_status,
        scale: names.scale,
        stored: names.stored,
    }))
}

/// What clients of a deprecated version are told; empty when it is not.
fn deprecation(
    definition: &CustomResourceDefinition,
    version: &CustomResourceDefinitionVersion,
) -> &'static str {
    if version.deprecated != Some(true) {
        return "";
    }
    match &version.deprecation_warning {
        Some(warning) => leak(warning),
        None => leak(&format!(
            "{}/{} {} is deprecated",
            definition.spec.group, version.name, definition.spec.names.kind
        )),
    }
}

fn leak(text: &str) -> &'static str {
    if text.is_empty() {
        return "";
    }
    Box::leak(text.to_owned().into_boxed_str())
}

fn leak_list<'t>(texts: impl Iterator<Item = &'t str>) -> &'static [&'static str] {
    let texts: Vec<&'static str> = texts.map(leak).collect();
    Box::leak(texts.into_boxed_slice())
}
