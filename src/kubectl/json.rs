//! Reading JSON objects whose shape is known but not trusted: what is missing reads as nothing.

use serde_json::{Map, Value};

/// The value at a dotted path of field names; `Null` where there is none.
pub fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| &value[name])
}

/// The text at a path; empty where there is none.
pub fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    at(value, path).as_str().unwrap_or_default()
}

pub fn int(value: &Value, path: &str) -> Option<i64> {
    at(value, path).as_i64()
}

pub fn flag(value: &Value, path: &str) -> bool {
    at(value, path).as_bool().unwrap_or_default()
}

pub fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The entries of an object at a path, by key.
pub fn entries<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    at(value, path)
        .as_object()
        .into_iter()
        .flat_map(Map::iter)
        .map(|(k, v)| (k.as_str(), v))
}

pub fn name(object: &Value) -> &str {
    text(object, "metadata.name")
}

pub fn namespace(object: &Value) -> &str {
    text(object, "metadata.namespace")
}

pub fn annotation<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object["metadata"]["annotations"][key].as_str()
}

/// A scalar as people write it; anything else as JSON.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A value where a path of objects leads, made on the way; `Null`s and scalars in the way are
/// replaced.
pub fn place<'v>(value: &'v mut Value, path: &[&str]) -> &'v mut Value {
    let mut value = value;
    for name in path {
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        value = match value {
            Value::Object(map) => map.entry(*name).or_insert(Value::Null),
            other => other,
        };
    }
    value
}
