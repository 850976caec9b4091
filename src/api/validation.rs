//! Rules that hold for every kind: metadata, labels, selectors.
//!
//! Models `k8s.io/apimachinery/pkg/api/validation/objectmeta.go`,
//! `pkg/apis/meta/v1/validation/validation.go`, and the additions of
//! `k8s.io/kubernetes/pkg/apis/core/validation`.

use std::collections::BTreeMap;

use k8s_openapi::Shared;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta, OwnerReference,
};

use super::field::{Errors, Path, Shown, quote};
use super::names::{is_dns1123_label, is_label_key, is_label_value, is_qualified_name};
use super::object::Object;

/// What all annotations of an object may weigh together, in bytes.
const ANNOTATIONS_MAX: usize = 256 << 10;

pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
pub const IMMUTABLE: &str = "field is immutable";

/// The rules for the metadata of a new object.
pub fn metadata(object: &Object) -> Errors {
    let mut errors = Errors::default();
    let (meta, info) = (object.meta(), object.info());
    let path = Path::new("metadata");
    if let Some(base) = meta.generate_name.as_deref().filter(|b| !b.is_empty()) {
        // The suffix makes good for a base that ends in a dash.
        let probe = match base.strip_suffix('-') {
            Some(stem) => format!("{stem}a"),
            None => base.to_owned(),
        };
        let messages = info.strategy.name_errors(&probe);
        errors.invalid_each(&path.child("generateName"), base, messages);
    }
    if object.name().is_empty() {
        errors.required(&path.child("name"), "name or generateName is required");
    } else {
        let messages = info.strategy.name_errors(object.name());
        errors.invalid_each(&path.child("name"), object.name(), messages);
    }
    let namespace = object.namespace();
    match (info.namespaced, namespace.is_empty()) {
        (true, true) => errors.required(&path.child("namespace"), ""),
        (true, false) => {
            let messages = is_dns1123_label(namespace);
            errors.invalid_each(&path.child("namespace"), namespace, messages);
        }
        (false, false) => {
            errors.forbidden(&path.child("namespace"), "not allowed on this type");
        }
        (false, true) => {}
    }
    maps(meta, &path, &mut errors);
    finalizers(meta, &path, &mut errors);
    errors
}

/// The rules for a change of an object's metadata.
pub fn metadata_update(new: &Object, old: &Object) -> Errors {
    let mut errors = Errors::default();
    let (meta, before) = (new.meta(), old.meta());
    let path = Path::new("metadata");
    if before.deletion_timestamp.is_some() {
        let known = before.finalizers.as_deref().unwrap_or_default();
        let added: Vec<String> = meta
            .finalizers
            .iter()
            .flatten()
            .filter(|f| !known.contains(f))
            .map(|f| quote(f))
            .collect();
        if !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            errors.forbidden(&path.child("finalizers"), detail);
        }
    }
    // What did not change was fine before.
    if meta.labels != before.labels
        || meta.annotations != before.annotations
        || meta.owner_references != before.owner_references
    {
        maps(meta, &path, &mut errors);
    }
    if meta.finalizers != before.finalizers {
        finalizers(meta, &path, &mut errors);
    }
    errors
}

fn maps(meta: &ObjectMeta, path: &Path<'_>, errors: &mut Errors) {
    labels(meta.labels.as_ref(), &path.child("labels"), errors);
    annotations(
        meta.annotations.as_ref(),
        &path.child("annotations"),
        errors,
    );
    owner_references(
        meta.owner_references.as_deref().unwrap_or_default(),
        &path.child("ownerReferences"),
        errors,
    );
}

pub fn labels(labels: Option<&BTreeMap<String, String>>, path: &Path<'_>, errors: &mut Errors) {
    for (key, value) in labels.into_iter().flatten() {
        errors.invalid_each(path, key, is_label_key(key));
        errors.invalid_each(path, value, is_label_value(value));
    }
}

/// A single key of a label.
pub fn label_key(key: &str, path: &Path<'_>, errors: &mut Errors) {
    errors.invalid_each(path, key, is_label_key(key));
}

pub fn annotations(
    annotations: Option<&BTreeMap<String, String>>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let mut total = 0;
    for (key, value) in annotations.into_iter().flatten() {
        let messages = if key.bytes().any(|b| b.is_ascii_uppercase()) {
            is_qualified_name(&key.to_lowercase())
        } else {
            is_qualified_name(key)
        };
        errors.invalid_each(path, key, messages);
        total += key.len() + value.len();
    }
    if total > ANNOTATIONS_MAX {
        errors.too_long(path, ANNOTATIONS_MAX);
    }
}

fn owner_references(owners: &[Shared<OwnerReference>], path: &Path<'_>, errors: &mut Errors) {
    let mut controller: Option<String> = None;
    for owner in owners {
        let (_, version) = owner
            .api_version
            .rsplit_once('/')
            .unwrap_or(("", &owner.api_version));
        if version.is_empty() {
            let detail = "version must not be empty";
            errors.invalid(&path.child("apiVersion"), &owner.api_version, detail);
        }
        for (field, value) in [
            ("kind", &owner.kind),
            ("name", &owner.name),
            ("uid", &owner.uid),
        ] {
            if value.is_empty() {
                errors.invalid(&path.child(field), value, "must not be empty");
            }
        }
        if owner.api_version == "v1" && owner.kind == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.invalid_raw(path, &go_owner(owner), detail);
        }
        if owner.controller == Some(true) {
            let this = format!("{}/{}", owner.kind, owner.name);
            match &controller {
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                    );
                    let shown: Vec<String> = owners.iter().map(|o| go_owner(o)).collect();
                    errors.invalid_raw(path, &format!("[{}]", shown.join(",")), detail);
                }
                None => controller = Some(this),
            }
        }
    }
}

/// An owner as Go writes it: the fields in their order, those that may be missing only if set.
fn go_owner(owner: &OwnerReference) -> String {
    let mut text = String::from("{");
    for (field, value) in [
        ("apiVersion", &owner.api_version),
        ("kind", &owner.kind),
        ("name", &owner.name),
        ("uid", &owner.uid),
    ] {
        let comma = if text.len() > 1 { "," } else { "" };
        text.push_str(&format!("{comma}\"{field}\":{}", quote(value)));
    }
    for (field, value) in [
        ("controller", owner.controller),
        ("blockOwnerDeletion", owner.block_owner_deletion),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(",\"{field}\":{value}"));
        }
    }
    text.push('}');
    text
}

fn finalizers(meta: &ObjectMeta, path: &Path<'_>, errors: &mut Errors) {
    let Some(finalizers) = &meta.finalizers else {
        return;
    };
    let path = path.child("finalizers");
    for (i, finalizer) in finalizers.iter().enumerate() {
        errors.invalid_each(&path.index(i), finalizer, is_qualified_name(finalizer));
    }
    let has = |name: &str| finalizers.iter().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.invalid_json(&path, finalizers, detail);
    }
    for (i, finalizer) in finalizers.iter().enumerate() {
        of_some_domain(finalizer, &path.index(i), errors);
    }
}

/// The name of a finalizer (`validateFinalizerName`).
pub fn finalizer_name(finalizer: &str, path: &Path<'_>, errors: &mut Errors) {
    errors.invalid_each(path, finalizer, is_qualified_name(finalizer));
    of_some_domain(finalizer, path, errors);
}

fn of_some_domain(finalizer: &str, path: &Path<'_>, errors: &mut Errors) {
    const STANDARD: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];
    if !finalizer.contains('/') && !STANDARD.contains(&finalizer) {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        errors.invalid(path, finalizer, detail);
    }
}

/// A selector of labels.
pub fn label_selector(selector: Option<&LabelSelector>, path: &Path<'_>, errors: &mut Errors) {
    let Some(selector) = selector else { return };
    labels(
        selector.match_labels.as_ref(),
        &path.child("matchLabels"),
        errors,
    );
    let path = path.child("matchExpressions");
    for (i, requirement) in selector.match_expressions.iter().flatten().enumerate() {
        label_requirement(requirement, &path.index(i), errors);
    }
}

fn label_requirement(requirement: &LabelSelectorRequirement, path: &Path<'_>, errors: &mut Errors) {
    let values = requirement.values.as_deref().unwrap_or_default();
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => errors.required(
            &path.child("values"),
            "must be specified when `operator` is 'In' or 'NotIn'",
        ),
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.forbidden(
            &path.child("values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.invalid(
            &path.child("operator"),
            other,
            "not a valid selector operator",
        ),
    }
    label_key(&requirement.key, &path.child("key"), errors);
    for (i, value) in values.iter().enumerate() {
        let path = path.child("values");
        errors.invalid_each(&path.index(i), value, is_label_value(value));
    }
}

/// A number that may not be below zero.
pub fn not_negative(value: impl Into<i64>, path: &Path<'_>, errors: &mut Errors) {
    let value = value.into();
    if value < 0 {
        errors.invalid(path, value, NOT_NEGATIVE);
    }
}

/// A text that has to be one of a few; they are listed in the order given.
pub fn one_of(value: Option<&str>, supported: &[&str], path: &Path<'_>, errors: &mut Errors) {
    match value.unwrap_or_default() {
        "" => errors.required(path, ""),
        value if supported.contains(&value) => {}
        value => errors.not_supported_raw(path, &quote(value), supported),
    }
}

/// One `Invalid value` per message, for a value of any form.
pub fn each<V: Shown + Copy>(
    path: &Path<'_>,
    value: V,
    messages: Vec<String>,
    errors: &mut Errors,
) {
    for message in messages {
        errors.invalid(path, value, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(meta: ObjectMeta) -> Vec<String> {
        let map = k8s_openapi::api::core::v1::ConfigMap {
            metadata: meta,
            ..Default::default()
        };
        let object = Object::ConfigMap(std::rc::Rc::new(map));
        metadata(&object)
            .0
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn meta(name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("default".to_owned()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn metadata_is_refused_in_upstreams_words() {
        assert_eq!(texts(meta("fine")), [""; 0]);
        assert_eq!(
            texts(meta("")),
            ["metadata.name: Required value: name or generateName is required"]
        );
        let mut long = meta("a");
        let value = "x".repeat(ANNOTATIONS_MAX);
        long.annotations = Some([("a".to_owned(), value)].into());
        assert_eq!(
            texts(long),
            ["metadata.annotations: Too long: may not be more than 262144 bytes"]
        );
        let mut owned = meta("a");
        owned.owner_references = Some(vec![OwnerReference::default().into()]);
        assert_eq!(
            texts(owned),
            [
                "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty",
                "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty",
                "metadata.ownerReferences.name: Invalid value: \"\": must not be empty",
                "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty",
            ]
        );
        let mut held = meta("a");
        held.finalizers = Some(vec!["nodomain".to_owned()]);
        assert_eq!(
            texts(held),
            [
                "metadata.finalizers[0]: Invalid value: \"nodomain\": name is neither a standard finalizer name nor is it fully qualified"
            ]
        );
    }
}
