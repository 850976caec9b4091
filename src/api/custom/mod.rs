//! Kinds that come as data: what a CustomResourceDefinition makes the API server serve, and its
//! objects.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/apiserver` and `pkg/registry/customresource`. One
//! [`CustomKind`] is one served version of one definition. It lives as long as the program: a kind
//! is handed around by copy everywhere, and a definition changes a handful of times in the life of
//! a cluster, at some kilobytes each.

mod columns;
pub mod inert;
mod object;
pub mod schema;
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

/// One served version of a custom resource.
pub struct CustomKind {
    pub info: KindInfo,
    /// `spec.versions[*].schema.openAPIV3Schema`.
    pub schema: &'static Value,
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
    let schema: &'static Value = Box::leak(Box::new(schema));
    let subresources = version.subresources.as_ref();
    let has_status = subresources.is_some_and(|s| s.status.is_some());
    let scale = subresources.and_then(|s| s.scale.as_ref()).map(|scale| {
        let path = |text: &str| leak(text.strip_prefix('.').unwrap_or(text));
        ScalePaths {
            spec: path(&scale.spec_replicas_path),
            status: path(&scale.status_replicas_path),
            selector: path(scale.label_selector_path.as_deref().unwrap_or_default()),
        }
    });
    let mut parts: Vec<&'static str> = Vec::new();
    if has_status {
        parts.push("status");
    }
    if scale.is_some() {
        parts.push("scale");
    }
    let printed = version.additional_printer_columns.iter().flatten();
    let columns = columns::Columns::new(printed);
    let strategy = strategy::Rules {
        columns,
        schema,
        has_status,
        scale_path: scale.as_ref().map_or("", |s| s.spec),
        selectable: leak_list(
            version
                .selectable_fields
                .iter()
                .flatten()
                .map(|f| f.json_path.strip_prefix('.').unwrap_or(&f.json_path)),
        ),
        deprecation: deprecation(definition, version),
    };
    let singular = names.singular.as_deref().unwrap_or_default();
    let info = KindInfo {
        group: leak(&spec.group),
        version: leak(&version.name),
        kind: leak(&names.kind),
        plural: leak(&names.plural),
        singular: leak(singular),
        short_names: leak_list(names.short_names.iter().flatten().map(String::as_str)),
        namespaced: spec.scope == "Namespaced",
        categories: leak_list(names.categories.iter().flatten().map(String::as_str)),
        subresources: Box::leak(parts.into_boxed_slice()),
        prefix: leak(prefix),
        strategy: Box::leak(Box::new(strategy)),
    };
    Box::leak(Box::new(CustomKind {
        info,
        schema,
        has_status,
        scale,
        stored: version.storage,
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
