//! What kubectl checks itself, against the schema of the API: objects of a kind that no server takes as a
//! whole, which are lists. Everything else is left to the server, which names unknown fields itself.
//! Models `k8s.io/kube-openapi/pkg/util/proto/validation` and `k8s.io/kubectl/pkg/validation`.

use serde_json::{Map, Value};

use crate::apiserver::openapi::{Schema, definition_name, reference};

/// What keeps a value from being an object of some kind; empty when it is one.
pub fn kind_errors(object: &Value) -> Vec<String> {
    let Some(fields) = object.as_object() else {
        return vec!["invalid object to validate".to_owned()];
    };
    let mut wrong = Vec::new();
    for field in ["apiVersion", "kind"] {
        match fields.get(field) {
            Some(Value::String(_)) => {}
            Some(Value::Null) | None => wrong.push(format!("{field} not set")),
            Some(_) => wrong.push(format!("{field} isn't string type")),
        }
    }
    let version = fields.get("apiVersion").and_then(Value::as_str);
    if let Some(version) = version.filter(|v| v.matches('/').count() > 1) {
        wrong.push(format!("unexpected GroupVersion string: {version}"));
    }
    wrong
}

/// Several errors as one text, each once (`utilerrors.NewAggregate`).
pub fn aggregate(mut errors: Vec<String>) -> Option<String> {
    let all = errors.clone();
    let mut at = 0..;
    errors.retain(|error| {
        let before = at.next().and_then(|i| all.get(..i)).unwrap_or_default();
        !before.contains(error)
    });
    match errors.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(", "))),
    }
}

/// What is wrong with the items of a `v1` `List`.
pub fn list_errors(schema: Option<&Schema>, list: &Value) -> Vec<String> {
    let Value::Array(items) = &list["items"] else {
        return vec!["invalid object to validate".to_owned()];
    };
    let mut errors = Vec::new();
    for item in items {
        let wrong = kind_errors(item);
        if wrong.is_empty() {
            errors.extend(schema.map_or_else(Vec::new, |schema| errors_of(schema, item)));
        } else {
            errors.extend(wrong);
        }
    }
    errors
}

/// What is wrong with an object; nothing, when the schema does not know its kind.
fn errors_of(schema: &Schema, object: &Value) -> Vec<String> {
    let (api_version, kind) = (
        object["apiVersion"].as_str().unwrap_or_default(),
        object["kind"].as_str().unwrap_or_default(),
    );
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let name = definition_name(group, version, kind);
    let Some(definition) = schema.definition(&name) else {
        return Vec::new();
    };
    let mut check = Check {
        schema,
        errors: Vec::new(),
    };
    check.value(object, definition, &name, kind);
    check.errors
}

struct Check<'s> {
    schema: &'s Schema,
    errors: Vec<String>,
}

impl Check<'_> {
    fn wrong(&mut self, path: &str, error: String) {
        self.errors
            .push(format!("ValidationError({path}): {error}"));
    }

    /// Checks a value at `path` in the object, whose type stands at `place` in the schema.
    fn value(&mut self, value: &Value, schema: &Value, place: &str, path: &str) {
        let schemas = self.schema;
        let (schema, place) = match one(schema).and_then(reference) {
            Some(name) => match schemas.definition(name) {
                Some(definition) => (definition, name),
                None => return,
            },
            None => (schema, place),
        };
        let expected = match (schema["type"].as_str(), value) {
            // Nothing is said of it.
            (None, _) if !schema["properties"].is_object() => return,
            (Some("string"), Value::Array(_) | Value::Object(_)) => "string",
            (Some("string"), _) => return,
            (Some(number @ ("integer" | "number")), value) => match value {
                Value::Number(_) => return,
                _ => number,
            },
            (Some("boolean"), Value::Bool(_)) => return,
            (Some("boolean"), _) => "boolean",
            (Some("array"), Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    let path = format!("{path}[{i}]");
                    match item {
                        Value::Null => {
                            let error = format!("unknown object type \"nil\" in {path}");
                            self.wrong(&path, error);
                        }
                        item => self.value(item, &schema["items"], place, &path),
                    }
                }
                return;
            }
            (Some("array"), _) => "array",
            (_, Value::Object(fields)) => {
                self.fields(fields, schema, place, path);
                return;
            }
            _ => "map",
        };
        let found = match value {
            Value::Bool(_) => "boolean",
            Value::Number(n) if n.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            _ => "map",
        };
        self.wrong(
            path,
            format!("invalid type for {place}: got \"{found}\", expected \"{expected}\""),
        );
    }

    fn fields(&mut self, fields: &Map<String, Value>, schema: &Value, place: &str, path: &str) {
        let known = schema["properties"].as_object();
        let values = &schema["additionalProperties"];
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let below = format!("{path}.{name}");
            match known.map(|known| known.get(name)) {
                Some(Some(schema)) => self.value(value, schema, &format!("{place}.{name}"), &below),
                Some(None) => self.wrong(path, format!("unknown field \"{name}\" in {place}")),
                None if values.is_object() => self.value(value, values, place, &below),
                None => {}
            }
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let Some(name) = required.as_str() else {
                continue;
            };
            if fields.get(name).is_none_or(Value::is_null) {
                self.wrong(
                    path,
                    format!("missing required field \"{name}\" in {place}"),
                );
            }
        }
    }
}

/// A reference may stand alone in an `allOf`, beside a default.
fn one(schema: &Value) -> Option<&Value> {
    match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([one]) => Some(one),
        _ => Some(schema),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_are_checked_against_the_schema() {
        let schema = Schema::built_in();
        let list = json!({"items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": 1}, "foo": "x"},
            {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {
                "replicas": "x", "selector": null,
                "template": {"spec": {"containers": [{"name": "c", "imagee": "z", "ports": {}}, null]}},
            }},
            {"apiVersion": "example.com/v1", "kind": "Foo", "spec": 5},
            {"kind": 5},
            null,
        ]});
        let expected = [
            "ValidationError(ConfigMap): unknown field \"foo\" in io.k8s.api.core.v1.ConfigMap",
            "ValidationError(Deployment.spec.template.spec.containers[0]): unknown field \"imagee\" in io.k8s.api.core.v1.Container",
            "ValidationError(Deployment.spec.template.spec.containers[0].ports): invalid type for io.k8s.api.core.v1.Container.ports: got \"map\", expected \"array\"",
            "ValidationError(Deployment.spec.template.spec.containers[1]): unknown object type \"nil\" in Deployment.spec.template.spec.containers[1]",
            "ValidationError(Deployment.spec.replicas): invalid type for io.k8s.api.apps.v1.DeploymentSpec.replicas: got \"string\", expected \"integer\"",
            "ValidationError(Deployment.spec): missing required field \"selector\" in io.k8s.api.apps.v1.DeploymentSpec",
            "apiVersion not set",
            "kind isn't string type",
            "invalid object to validate",
        ];
        let mut found = list_errors(Some(&schema), &list);
        let mut expected = expected.map(str::to_owned).to_vec();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(
            list_errors(None, &json!({"items": {}})),
            ["invalid object to validate"]
        );
    }
}
