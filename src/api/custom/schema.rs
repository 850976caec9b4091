//! Structural schemas at work: pruning what they do not specify, filling in defaults.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}`. A schema is
//! the JSON of `openAPIV3Schema`, walked beside the value.

use serde_json::Value;

/// Values nest no deeper than this.
const DEEPEST: usize = 120;

pub(super) fn flag(schema: &Value, name: &str) -> bool {
    schema[name].as_bool().unwrap_or_default()
}

/// Removes the fields that the schema does not specify; their paths are added to `pruned`.
pub fn prune(value: &mut Value, schema: &Value, pruned: &mut Vec<String>) {
    if schema.is_null() {
        return;
    }
    prune_at(value, schema, "", pruned, DEEPEST);
}

fn prune_at(value: &mut Value, schema: &Value, at: &str, pruned: &mut Vec<String>, depth: usize) {
    if depth == 0 {
        return;
    }
    let keeps = flag(schema, "x-kubernetes-preserve-unknown-fields");
    match value {
        Value::Object(map) => {
            let properties = schema["properties"].as_object();
            let additional = &schema["additionalProperties"];
            let any = additional == &Value::Bool(true);
            let embedded = flag(schema, "x-kubernetes-embedded-resource");
            let names: Vec<String> = map.keys().cloned().collect();
            for name in names {
                let path = match at {
                    "" => name.clone(),
                    at => format!("{at}.{name}"),
                };
                let specified = properties.and_then(|p| p.get(&name));
                let below = match specified {
                    Some(below) => below,
                    None if additional.is_object() => additional,
                    None if any => continue,
                    None if embedded && matches!(&*name, "apiVersion" | "kind" | "metadata") => {
                        continue;
                    }
                    // What is kept unknown is not looked into.
                    None if keeps => continue,
                    None => {
                        map.remove(&name);
                        pruned.push(path);
                        continue;
                    }
                };
                if let Some(value) = map.get_mut(&name) {
                    prune_at(value, below, &path, pruned, depth - 1);
                }
            }
        }
        Value::Array(items) => {
            let below = &schema["items"];
            if below.is_object() {
                for (i, item) in items.iter_mut().enumerate() {
                    prune_at(item, below, &format!("{at}[{i}]"), pruned, depth - 1);
                }
            }
        }
        _ => {}
    }
}

/// Fills in the defaults of missing fields, and of those that are null without being nullable.
pub fn default(value: &mut Value, schema: &Value) {
    default_at(value, schema, DEEPEST);
}

fn default_at(value: &mut Value, schema: &Value, depth: usize) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Object(map) => {
            let properties = schema["properties"].as_object();
            for (name, below) in properties.into_iter().flatten() {
                let fallback = &below["default"];
                if fallback.is_null() {
                    continue;
                }
                let missing = match map.get(name) {
                    None => true,
                    Some(Value::Null) => !flag(below, "nullable"),
                    Some(_) => false,
                };
                if missing {
                    map.insert(name.clone(), fallback.clone());
                }
            }
            for (name, value) in map.iter_mut() {
                let below = properties.and_then(|p| p.get(name));
                let below = below.unwrap_or(&schema["additionalProperties"]);
                if below.is_object() {
                    default_at(value, below, depth - 1);
                }
            }
        }
        Value::Array(items) => {
            let below = &schema["items"];
            if below.is_object() {
                items
                    .iter_mut()
                    .for_each(|i| default_at(i, below, depth - 1));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_fields_are_pruned_and_named() {
        let schema = json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": {
                "a": {"type": "string"},
                "list": {"type": "array", "items": {"type": "object", "properties": {"x": {}}}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    "properties": {"known": {"type": "object", "properties": {}}}},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
            }},
        }});
        let mut value = json!({"spec": {
            "a": "b", "c": 1, "list": [{"x": 1, "y": 2}],
            "free": {"any": {"thing": 1}, "known": {"not": 1}}, "map": {"k": "v"},
        }, "other": 1});
        let mut pruned = Vec::new();
        prune(&mut value, &schema, &mut pruned);
        pruned.sort();
        let expected = ["other", "spec.c", "spec.free.known.not", "spec.list[0].y"];
        assert_eq!(pruned, expected);
        let left = json!({"spec": {
            "a": "b", "list": [{"x": 1}], "free": {"any": {"thing": 1}, "known": {}},
            "map": {"k": "v"},
        }});
        assert_eq!(value, left);
    }

    #[test]
    fn defaults_fill_in_below_what_is_there() {
        let schema = json!({"properties": {"spec": {"properties": {
            "n": {"default": 3},
            "none": {"default": 1, "nullable": true},
            "nested": {"default": {}, "properties": {"m": {"default": "x"}}},
            "items": {"items": {"properties": {"p": {"default": true}}}},
        }}}});
        let mut value = json!({"spec": {"n": null, "none": null, "items": [{}, {"p": false}]}});
        default(&mut value, &schema);
        let expected = json!({"spec": {
            "n": 3, "none": null, "nested": {"m": "x"}, "items": [{"p": true}, {"p": false}],
        }});
        assert_eq!(value, expected);
    }
}
