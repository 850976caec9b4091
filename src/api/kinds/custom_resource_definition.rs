//! A definition of a kind that is not built in.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition` and
//! `pkg/apis/apiextensions/validation`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceConversion, CustomResourceDefinition as Kind, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionStatus, CustomResourceDefinitionVersion,
    JSONSchemaProps,
};

use super::KindInfo;
use crate::api::codec;
use crate::api::custom::{is_established, structural, unknown_formats};
use crate::api::field::{Errors, Path, quote};
use crate::api::jsonpath::Template;
use crate::api::names::{is_dns1035_label, is_dns1123_subdomain};
use crate::api::rfc3339::format_time;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::from_api;
use crate::api::validation::IMMUTABLE;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    singular: "customresourcedefinition",
    short_names: &["crd", "crds"],
    namespaced: false,
    categories: &["api-extensions"],
    subresources: &["status"],
    prefix: "apiextensions.k8s.io/customresourcedefinitions",
    strategy: &Typed(Rules),
};

/// Groups of the project itself need its approval.
const APPROVED: &str = "api-approved.kubernetes.io";

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn needs_revision(&self) -> bool {
        true
    }

    fn default(&self, definition: &mut Kind) {
        let spec = &mut definition.spec;
        let names = &mut spec.names;
        if names.singular.as_deref().is_none_or(str::is_empty) && !names.kind.is_empty() {
            names.singular = Some(names.kind.to_lowercase());
        }
        if names.list_kind.as_deref().is_none_or(str::is_empty) && !names.kind.is_empty() {
            names.list_kind = Some(format!("{}List", names.kind));
        }
        spec.conversion
            .get_or_insert_with(|| CustomResourceConversion {
                strategy: "None".to_owned(),
                webhook: None,
            });
        if spec.preserve_unknown_fields == Some(false) {
            spec.preserve_unknown_fields = None;
        }
        for version in &mut spec.versions {
            let columns = version.additional_printer_columns.iter_mut().flatten();
            for column in columns.filter(|c| c.priority == Some(0)) {
                column.priority = None;
            }
            if version.deprecated == Some(false) {
                version.deprecated = None;
            }
        }
    }

    fn prepare_for_create(&self, definition: &mut Kind) {
        definition.metadata.generation = Some(1);
        let stored = definition.spec.versions.iter().filter(|v| v.storage);
        definition.status = Some(CustomResourceDefinitionStatus {
            stored_versions: Some(stored.map(|v| v.name.clone()).collect()),
            ..Default::default()
        });
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
        let stored = new.status.get_or_insert_default();
        let stored = stored.stored_versions.get_or_insert_default();
        for version in new.spec.versions.iter().filter(|v| v.storage) {
            if !stored.contains(&version.name) {
                stored.push(version.name.clone());
            }
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        let managed = new.metadata.managed_fields.take();
        new.metadata = old.metadata.clone();
        new.metadata.managed_fields = managed;
    }

    fn warnings(&self, definition: &Kind) -> Vec<String> {
        let schemas = definition.spec.versions.iter().filter_map(schema_of);
        let formats = schemas.flat_map(|schema| unknown_formats(&codec::encode(schema)));
        let mut found: Vec<String> = formats
            .map(|format| format!("unrecognized format {}", quote(&format)))
            .collect();
        found.dedup();
        found
    }

    fn validate(&self, definition: &Kind) -> Errors {
        let mut errors = Errors::default();
        let name = definition.metadata.name.as_deref().unwrap_or_default();
        let spec = &definition.spec;
        if name != format!("{}.{}", spec.names.plural, spec.group) {
            let detail = "must be spec.names.plural+\".\"+spec.group";
            errors.invalid(&Path::new("metadata").child("name"), name, detail);
        }
        spec_errors(spec, &Path::new("spec"), &mut errors);
        approval(definition, &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        spec_errors(&new.spec, &path, &mut errors);
        if is_established(old) {
            if new.spec.scope != old.spec.scope {
                errors.invalid(&path.child("scope"), &new.spec.scope, IMMUTABLE);
            }
            if new.spec.names.kind != old.spec.names.kind {
                let here = path.child("names");
                errors.invalid(&here.child("kind"), &new.spec.names.kind, IMMUTABLE);
            }
        }
        if new.spec.group != old.spec.group {
            errors.invalid(&path.child("group"), &new.spec.group, IMMUTABLE);
        }
        if new.spec.names.plural != old.spec.names.plural {
            let here = path.child("names");
            errors.invalid(&here.child("plural"), &new.spec.names.plural, IMMUTABLE);
        }
        stored_versions(new, &mut errors);
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Created At")];
        COLUMNS
    }

    fn row(&self, definition: &Kind, _now: Time) -> Vec<String> {
        let created = definition.metadata.creation_timestamp.as_ref();
        vec![
            definition.metadata.name.clone().unwrap_or_default(),
            created
                .map(|t| format_time(from_api(t).0 as i64))
                .unwrap_or_default(),
        ]
    }
}

fn joined(messages: &[String]) -> String {
    messages.join(",")
}

fn spec_errors(spec: &CustomResourceDefinitionSpec, path: &Path<'_>, errors: &mut Errors) {
    let group = is_dns1123_subdomain(&spec.group);
    if spec.group.is_empty() {
        errors.required(&path.child("group"), "");
    } else if !group.is_empty() {
        errors.invalid(&path.child("group"), &spec.group, joined(&group));
    } else if !spec.group.contains('.') {
        let detail = "should be a domain with at least one dot";
        errors.invalid(&path.child("group"), &spec.group, detail);
    }
    match &*spec.scope {
        "" => errors.required(&path.child("scope"), ""),
        "Cluster" | "Namespaced" => {}
        other => errors.not_supported(&path.child("scope"), other, &["Cluster", "Namespaced"]),
    }
    if spec.preserve_unknown_fields == Some(true) {
        errors.invalid_raw(
            &path.child("preserveUnknownFields"),
            "true",
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        );
    }
    let versions = path.child("versions");
    for (i, version) in spec.versions.iter().enumerate() {
        if schema_of(version).is_none() {
            let path = versions.index(i);
            let path = path.child("schema");
            errors.required(&path.child("openAPIV3Schema"), "");
        }
    }
    let common = Common::of(&spec.versions);
    for (i, version) in spec.versions.iter().enumerate() {
        version_errors(version, &common, &versions.index(i), errors);
    }
    if spec.versions.is_empty() {
        errors.required(&versions, "");
    }
    let mut names: Vec<&str> = spec.versions.iter().map(|v| v.name.as_str()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    let whole = || common.go_versions(&spec.versions);
    if names.len() < count {
        errors.invalid_raw(&versions, &whole(), "must contain unique version names");
    }
    if spec.versions.iter().filter(|v| v.storage).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.invalid_raw(&versions, &whole(), detail);
    }
    names_errors(&spec.names, &path.child("names"), errors);
    if let Some(version) = spec.versions.first() {
        if common.schema {
            schema_errors(version, &path.child("validation"), errors);
        }
        if common.subresources {
            subresource_errors(version, &path.child("subresources"), errors);
        }
        if common.columns {
            column_errors(version, &path.child("additionalPrinterColumns"), errors);
        }
    }
    if let Some(conversion) = &spec.conversion {
        conversion_errors(conversion, &path.child("conversion"), errors);
    }
}

/// What all versions have in common stands beside them in the form that the server works with,
/// and its errors speak of it there (`pkg/apis/apiextensions/v1/conversion.go`).
struct Common {
    schema: bool,
    subresources: bool,
    columns: bool,
    selectable: bool,
}

impl Common {
    fn of(versions: &[CustomResourceDefinitionVersion]) -> Self {
        fn all<T: PartialEq>(
            versions: &[CustomResourceDefinitionVersion],
            part: impl Fn(&CustomResourceDefinitionVersion) -> &T,
        ) -> bool {
            versions
                .windows(2)
                .all(|two| part(&two[0]) == part(&two[1]))
        }
        Common {
            schema: all(versions, |v| &v.schema),
            subresources: all(versions, |v| &v.subresources),
            columns: all(versions, |v| &v.additional_printer_columns),
            selectable: all(versions, |v| &v.selectable_fields),
        }
    }

    /// The versions as Go prints them, less what they have in common.
    fn go_versions(&self, versions: &[CustomResourceDefinitionVersion]) -> String {
        let mut shown = Vec::new();
        for version in versions {
            let value = codec::encode(version);
            let own = |common: bool, field: &str| match common {
                true => "null".to_owned(),
                false => value[field].to_string(),
            };
            shown.push(format!(
                "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":{},\"Subresources\":{},\"AdditionalPrinterColumns\":{},\"SelectableFields\":{}}}",
                quote(&version.name),
                version.served,
                version.storage,
                version.deprecated.unwrap_or_default(),
                value["deprecationWarning"],
                own(self.schema, "schema"),
                own(self.subresources, "subresources"),
                own(self.columns, "additionalPrinterColumns"),
                own(self.selectable, "selectableFields"),
            ));
        }
        format!("[{}]", shown.join(","))
    }
}

fn schema_of(version: &CustomResourceDefinitionVersion) -> Option<&JSONSchemaProps> {
    version.schema.as_ref()?.open_api_v3_schema.as_ref()
}

fn conversion_errors(conversion: &CustomResourceConversion, path: &Path<'_>, errors: &mut Errors) {
    let config = conversion.webhook.as_ref();
    let client = config.and_then(|w| w.client_config.as_ref());
    let reviewed = config.map(|w| w.conversion_review_versions.as_slice());
    let reviewed = reviewed.unwrap_or_default();
    let of_client = path.child("webhookClientConfig");
    let of_reviewed = path.child("conversionReviewVersions");
    let strategy = &*conversion.strategy;
    if !matches!(strategy, "None" | "Webhook") {
        let path = path.child("strategy");
        errors.not_supported(&path, strategy, &["None", "Webhook"]);
    }
    if strategy != "Webhook" {
        let detail = "should not be set when strategy is not set to Webhook";
        if client.is_some() {
            errors.forbidden(&of_client, detail);
        }
        if !reviewed.is_empty() {
            errors.forbidden(&of_reviewed, detail);
        }
        return;
    }
    match client {
        None => errors.required(&of_client, "required when strategy is set to Webhook"),
        Some(client) if client.url.is_some() == client.service.is_some() => {
            errors.required(&of_client, "exactly one of url or service is required");
        }
        Some(_) => {}
    }
    if reviewed.is_empty() {
        errors.required(&of_reviewed, "");
    } else if !reviewed
        .iter()
        .any(|version| version == "v1" || version == "v1beta1")
    {
        errors.invalid_json(
            &of_reviewed,
            &reviewed,
            "must include at least one of v1, v1beta1",
        );
    }
}

fn version_errors(
    version: &CustomResourceDefinitionVersion,
    common: &Common,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let messages = is_dns1035_label(&version.name);
    if !messages.is_empty() {
        errors.invalid(&path.child("name"), &version.name, joined(&messages));
    }
    if version.deprecation_warning.is_some() && version.deprecated != Some(true) {
        let detail = "can only be set for deprecated versions";
        let given = version.deprecation_warning.as_deref().unwrap_or_default();
        errors.invalid(&path.child("deprecationWarning"), given, detail);
    }
    if !common.schema {
        schema_errors(version, &path.child("schema"), errors);
    }
    if !common.subresources {
        subresource_errors(version, &path.child("subresources"), errors);
    }
    if !common.columns {
        column_errors(version, &path.child("additionalPrinterColumns"), errors);
    }
}

fn schema_errors(version: &CustomResourceDefinitionVersion, path: &Path<'_>, errors: &mut Errors) {
    if let Some(given) = schema_of(version) {
        let path = path.child("openAPIV3Schema");
        structural::check(&codec::encode(given), &path, errors);
    }
}

fn column_errors(version: &CustomResourceDefinitionVersion, path: &Path<'_>, errors: &mut Errors) {
    let columns = version.additional_printer_columns.iter().flatten();
    for (i, column) in columns.enumerate() {
        let path = path.index(i);
        if column.name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
        if column.type_.is_empty() {
            let detail = format!("must be one of {}", TYPES.join(","));
            errors.required(&path.child("type"), detail);
        } else if !TYPES.contains(&&*column.type_) {
            let detail = format!("must be one of {}", TYPES.join(","));
            errors.invalid(&path.child("type"), &column.type_, detail);
        }
        json_path(&column.json_path, &path.child("jsonPath"), errors);
    }
}

fn subresource_errors(
    version: &CustomResourceDefinitionVersion,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if let Some(scale) = version.subresources.as_ref().and_then(|s| s.scale.as_ref()) {
        let path = path.child("scale");
        scale_path(
            &scale.spec_replicas_path,
            ".spec",
            &path.child("specReplicasPath"),
            errors,
        );
        scale_path(
            &scale.status_replicas_path,
            ".status",
            &path.child("statusReplicasPath"),
            errors,
        );
        if let Some(selector) = scale
            .label_selector_path
            .as_deref()
            .filter(|s| !s.is_empty())
            && !selector.starts_with(".spec.")
            && !selector.starts_with(".status.")
        {
            let detail = "should be a json path under either .spec or .status";
            errors.invalid(&path.child("labelSelectorPath"), selector, detail);
        }
    }
}

fn json_path(text: &str, path: &Path<'_>, errors: &mut Errors) {
    if text.is_empty() {
        errors.required(path, "");
    } else if !text.starts_with('.') {
        errors.invalid(path, text, "must be a simple json path starting with .");
    } else if let Err(reason) = Template::parse(&format!("{{{text}}}")) {
        errors.invalid(path, text, reason);
    }
}

fn scale_path(text: &str, root: &str, path: &Path<'_>, errors: &mut Errors) {
    if text.is_empty() {
        errors.required(path, "");
    } else if !text.starts_with(&format!("{root}.")) {
        let detail = format!("should be a json path under {root}");
        errors.invalid(path, text, detail);
    }
}

fn names_errors(names: &CustomResourceDefinitionNames, path: &Path<'_>, errors: &mut Errors) {
    let singular = names.singular.as_deref().unwrap_or_default();
    let list_kind = names.list_kind.as_deref().unwrap_or_default();
    for (name, value) in [
        ("plural", &*names.plural),
        ("singular", singular),
        ("kind", &*names.kind),
        ("listKind", list_kind),
    ] {
        if value.is_empty() {
            errors.required(&path.child(name), "");
        }
    }
    for (name, value) in [("plural", &*names.plural), ("singular", singular)] {
        let messages = is_dns1035_label(value);
        if !value.is_empty() && !messages.is_empty() {
            errors.invalid(&path.child(name), value, joined(&messages));
        }
    }
    for (name, value) in [("kind", &*names.kind), ("listKind", list_kind)] {
        let messages = is_dns1035_label(&value.to_lowercase());
        if !value.is_empty() && !messages.is_empty() {
            let detail = format!(
                "may have mixed case, but should otherwise match: {}",
                joined(&messages)
            );
            errors.invalid(&path.child(name), value, detail);
        }
    }
    labels(
        names.short_names.as_deref(),
        &path.child("shortNames"),
        errors,
    );
    if !names.kind.is_empty() && names.kind == list_kind {
        let detail = "kind and listKind may not be the same";
        errors.invalid(&path.child("listKind"), list_kind, detail);
    }
    labels(
        names.categories.as_deref(),
        &path.child("categories"),
        errors,
    );
}

/// Each of a list of names has to be a label.
fn labels(names: Option<&[String]>, path: &Path<'_>, errors: &mut Errors) {
    for (i, name) in names.unwrap_or_default().iter().enumerate() {
        let messages = is_dns1035_label(name);
        if !messages.is_empty() {
            errors.invalid(&path.index(i), name, joined(&messages));
        }
    }
}

/// Versions in which objects may still be stored have to stay.
fn stored_versions(definition: &Kind, errors: &mut Errors) {
    let path = Path::new("status");
    let path = path.child("storedVersions");
    let stored = definition
        .status
        .as_ref()
        .and_then(|s| s.stored_versions.as_ref());
    for (i, name) in stored.into_iter().flatten().enumerate() {
        if !definition.spec.versions.iter().any(|v| v.name == *name) {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            errors.invalid(&path.index(i), name, detail);
        }
    }
}

fn approval(definition: &Kind, errors: &mut Errors) {
    let group = &definition.spec.group;
    let protected = ["k8s.io", "kubernetes.io"]
        .into_iter()
        .any(|domain| group == domain || group.ends_with(&format!(".{domain}")));
    let annotations = definition.metadata.annotations.as_ref();
    let value = annotations.and_then(|a| a.get(APPROVED));
    if !protected {
        return;
    }
    let path = Path::new("metadata");
    let path = path.child("annotations");
    let link = "see https://github.com/kubernetes/enhancements/pull/1111";
    match value.map(String::as_str) {
        None | Some("") => errors.required(
            &path.key(APPROVED),
            format!("protected groups must have approval annotation \"{APPROVED}\", {link}"),
        ),
        Some(text) if text.starts_with("https://") || text.starts_with("unapproved") => {}
        Some(text) => {
            let detail = format!(
                "protected groups must have approval annotation \"{APPROVED}\" with either a URL or a reason starting with \"unapproved\", {link}"
            );
            errors.invalid(&path.key(APPROVED), text, detail);
        }
    }
}
