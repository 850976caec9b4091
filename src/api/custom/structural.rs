//! What a schema has to be before it may rule objects: structural.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{structural,validation}.go` and
//! `pkg/apis/apiextensions/validation`.

use std::cmp::Ordering;

use serde_json::Value;

use super::schema::flag;
use super::{cel, validate};
use crate::api::field::{Errors, Path, quote};
use crate::api::regex::Regex;

const DEEPEST: usize = 120;

/// The order in which clients prefer versions: v2, v1, v1beta2, v1beta1, v1alpha1, then others by
/// the alphabet (`k8s.io/apimachinery/pkg/version`).
pub fn by_priority(a: &str, b: &str) -> Ordering {
    match (rank(a), rank(b)) {
        (Some(a), Some(b)) => b.cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// (stability, major, minor): the greater, the better.
fn rank(version: &str) -> Option<(u8, u32, u32)> {
    let rest = version.strip_prefix('v')?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (major, rest) = rest.split_at(end);
    let major = major.parse().ok()?;
    if rest.is_empty() {
        return Some((2, major, 0));
    }
    let (stability, minor) = match rest.strip_prefix("beta") {
        Some(minor) => (1, minor),
        None => (0, rest.strip_prefix("alpha")?),
    };
    Some((stability, major, minor.parse().ok()?))
}

/// Checks the schema of a version, which stands at `path`.
pub fn check(schema: &Value, path: &Path<'_>, errors: &mut Errors) {
    match schema["type"].as_str().unwrap_or_default() {
        "" => errors.required(&path.child("type"), "must not be empty at the root"),
        "object" => {}
        other => errors.invalid(&path.child("type"), other, "must be object at the root"),
    }
    if flag(schema, "nullable") {
        errors.forbidden(
            &path.child("nullable"),
            "nullable cannot be true at the root",
        );
    }
    let before = errors.0.len();
    let properties = schema["properties"].as_object();
    for (name, below) in properties.into_iter().flatten() {
        if name == "metadata" {
            metadata(below, &path.child("properties").key(name), errors);
        }
    }
    node(schema, path, Level::Root, 0, errors);
    // Rules are looked at when everything else is right.
    if errors.0.len() == before {
        cel::check(schema, path, errors);
    }
}

/// Of the metadata, only name and generateName may be restricted.
fn metadata(schema: &Value, path: &Path<'_>, errors: &mut Errors) {
    let properties = schema["properties"].as_object();
    let others = properties
        .into_iter()
        .flatten()
        .any(|(name, _)| !matches!(&**name, "name" | "generateName"));
    if others {
        errors.forbidden(
            path,
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        );
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Field,
    Item,
    Value,
}

fn node(schema: &Value, path: &Path<'_>, level: Level, depth: usize, errors: &mut Errors) {
    if depth > DEEPEST {
        errors.invalid_raw(path, "", "the schema is nested too deeply");
        return;
    }
    let type_ = schema["type"].as_str().unwrap_or_default();
    let int_or_string = flag(schema, "x-kubernetes-int-or-string");
    let preserves = flag(schema, "x-kubernetes-preserve-unknown-fields");
    if type_.is_empty() && !int_or_string && !preserves {
        match level {
            Level::Root => {}
            Level::Field => errors.required(
                &path.child("type"),
                "must not be empty for specified object fields",
            ),
            Level::Item => errors.required(
                &path.child("type"),
                "must not be empty for specified array items",
            ),
            Level::Value => errors.required(
                &path.child("type"),
                "must not be empty for specified object fields",
            ),
        }
    }
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    if !type_.is_empty() && !TYPES.contains(&type_) {
        errors.not_supported(&path.child("type"), type_, &TYPES);
    }
    if int_or_string && !type_.is_empty() {
        errors.invalid(
            &path.child("type"),
            type_,
            "must be empty if x-kubernetes-int-or-string is true",
        );
    }
    if preserves && !matches!(type_, "object" | "") {
        errors.invalid(
            &path.child("type"),
            type_,
            "must be object if x-kubernetes-preserve-unknown-fields is true",
        );
    }
    embedded(schema, type_, path, errors);
    if type_ == "array" && !schema["items"].is_object() {
        errors.required(&path.child("items"), "must be specified");
    }
    if flag(schema, "uniqueItems") {
        errors.forbidden(
            &path.child("uniqueItems"),
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        );
    }
    if schema["additionalProperties"] == Value::Bool(false) {
        errors.forbidden(
            &path.child("additionalProperties"),
            "additionalProperties cannot be set to false",
        );
    }
    if schema["$ref"].is_string() {
        errors.forbidden(&path.child("$ref"), "$ref is not supported");
    }
    let properties = schema["properties"].as_object();
    let additional = &schema["additionalProperties"];
    if properties.is_some_and(|p| !p.is_empty()) && !additional.is_null() {
        errors.forbidden(
            &path.child("additionalProperties"),
            "additionalProperties and properties are mutual exclusive",
        );
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && let Err(reason) = Regex::parse(pattern)
    {
        let detail = format!("must be a valid regular expression, but isn't: {reason}");
        errors.invalid(&path.child("pattern"), pattern, detail);
    }
    list_type(schema, type_, path, errors);
    if let Some(value) = schema.get("default").filter(|v| !v.is_null()) {
        let at = path.child("default").to_string();
        errors.0.append(&mut validate::value(value, schema, &at));
    }
    for (name, below) in properties.into_iter().flatten() {
        let here = path.child("properties");
        node(below, &here.key(name), Level::Field, depth + 1, errors);
    }
    if schema["items"].is_object() {
        node(
            &schema["items"],
            &path.child("items"),
            Level::Item,
            depth + 1,
            errors,
        );
    }
    if additional.is_object() {
        let here = path.child("additionalProperties");
        node(additional, &here, Level::Value, depth + 1, errors);
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        let here = path.child(name);
        for (i, branch) in schema[name].as_array().into_iter().flatten().enumerate() {
            branch_rules(branch, &here.index(i), int_or_string, depth + 1, errors);
        }
    }
    if schema["not"].is_object() {
        branch_rules(
            &schema["not"],
            &path.child("not"),
            int_or_string,
            depth + 1,
            errors,
        );
    }
}

fn embedded(schema: &Value, type_: &str, path: &Path<'_>, errors: &mut Errors) {
    if !flag(schema, "x-kubernetes-embedded-resource") {
        return;
    }
    if type_ != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.invalid(&path.child("type"), type_, detail);
    }
    let no_properties = schema["properties"]
        .as_object()
        .is_none_or(|p| p.is_empty());
    if no_properties && !flag(schema, "x-kubernetes-preserve-unknown-fields") {
        errors.required(
            &path.child("properties"),
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        );
    }
}

fn list_type(schema: &Value, type_: &str, path: &Path<'_>, errors: &mut Errors) {
    let Some(list) = schema["x-kubernetes-list-type"].as_str() else {
        if schema["x-kubernetes-list-map-keys"].is_array() {
            let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
            errors.required(&path.child("x-kubernetes-list-type"), detail);
        }
        return;
    };
    let here = path.child("x-kubernetes-list-type");
    if type_ != "array" {
        let detail = "must be array if x-kubernetes-list-type is specified";
        errors.invalid(&path.child("type"), type_, detail);
    }
    const KNOWN: [&str; 3] = ["atomic", "set", "map"];
    if !KNOWN.contains(&list) {
        errors.not_supported_raw(&here, &quote(list), &KNOWN);
    }
    if list != "map" {
        return;
    }
    let keys = schema["x-kubernetes-list-map-keys"].as_array();
    let here = path.child("x-kubernetes-list-map-keys");
    if keys.is_none_or(Vec::is_empty) {
        errors.required(&here, "must not be empty if x-kubernetes-list-type is map");
    }
    let items = &schema["items"];
    if items["type"].as_str() != Some("object") {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        let found = items["type"].as_str().unwrap_or_default();
        errors.invalid(&path.child("items").child("type"), found, detail);
    }
    for (i, key) in keys.into_iter().flatten().enumerate() {
        let name = key.as_str().unwrap_or_default();
        if !items["properties"][name].is_object() {
            let detail = "entries must all be names of item properties";
            errors.invalid(&here.index(i), name, detail);
        }
    }
}

/// Below `allOf` and its like, nothing may be said of the form of the value.
fn branch_rules(
    schema: &Value,
    path: &Path<'_>,
    int_or_string: bool,
    depth: usize,
    errors: &mut Errors,
) {
    if depth > DEEPEST {
        return;
    }
    let type_ = schema["type"].as_str().unwrap_or_default();
    let allowed = type_.is_empty() || int_or_string && matches!(type_, "integer" | "string");
    if !allowed {
        errors.forbidden(&path.child("type"), "must be empty to be structural");
    }
    for (name, what) in [
        ("additionalProperties", "must be undefined to be structural"),
        ("default", "must be undefined to be structural"),
        ("title", "must be empty to be structural"),
        ("description", "must be empty to be structural"),
    ] {
        if schema.get(name).is_some_and(|v| !v.is_null()) {
            errors.forbidden(&path.child(name), what);
        }
    }
    for name in [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ] {
        if flag(schema, name) {
            errors.forbidden(&path.child(name), "must be false to be structural");
        }
    }
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let here = path.child("properties");
        branch_rules(below, &here.key(name), false, depth + 1, errors);
    }
    if schema["items"].is_object() {
        branch_rules(
            &schema["items"],
            &path.child("items"),
            false,
            depth + 1,
            errors,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_ordered_by_stability() {
        let mut versions = ["v1alpha1", "foo", "v10", "v1beta2", "v2", "v1beta10", "bar"];
        versions.sort_by(|a, b| by_priority(a, b));
        let expected = ["v10", "v2", "v1beta10", "v1beta2", "v1alpha1", "bar", "foo"];
        assert_eq!(versions, expected);
    }

    #[test]
    fn schemas_have_to_be_structural() {
        for (schema, expected) in [
            (
                json!({}),
                vec!["s.type: Required value: must not be empty at the root"],
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                vec!["s.type: Invalid value: \"array\": must be object at the root"],
            ),
            (
                json!({"type": "object", "properties": {"a": {}}}),
                vec![
                    "s.properties[a].type: Required value: must not be empty for specified object fields",
                ],
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "array"}}}),
                vec!["s.properties[a].items: Required value: must be specified"],
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "string", "default": 3}}}),
                vec![
                    "s.properties[a].default: Invalid value: \"integer\": s.properties[a].default in body must be of type string: \"integer\"",
                ],
            ),
            (
                json!({"type": "object", "anyOf": [{"type": "object"}]}),
                vec!["s.anyOf[0].type: Forbidden: must be empty to be structural"],
            ),
            (
                json!({"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}}}),
                vec![],
            ),
        ] {
            let mut errors = Errors::default();
            check(&schema, &Path::new("s"), &mut errors);
            let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
            assert_eq!(texts, expected, "{schema}");
        }
    }
}
