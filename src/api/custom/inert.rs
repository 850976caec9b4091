//! Kinds of Kubernetes that are served, and that nothing here acts upon: a list of names, fields and columns
//! (`static/kinds/inert.yaml`) in the place of a type and rules for each, which would cost some 10 KB of wasm
//! apiece. They become kinds the way definitions do.
//!
//! Divergence: of what is sent, the names and types of fields are checked; upstream has rules of its own for
//! each kind (`k8s.io/kubernetes/pkg/apis/*/validation`).

use std::sync::OnceLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Map, Value, json};

use super::columns::SPECIAL;
use super::{CustomKind, kind_of};
use crate::api::{codec, yaml};

const LIST: &str = include_str!("../../../static/kinds/inert.yaml");

/// All of them, in the order of the list.
pub fn kinds() -> &'static [&'static CustomKind] {
    static KINDS: OnceLock<Vec<&'static CustomKind>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let list = yaml::parse(LIST).documents;
        list.iter()
            .filter_map(|document| document.value.as_array())
            .flatten()
            .filter_map(kind)
            .collect()
    })
}

fn kind(entry: &Value) -> Option<&'static CustomKind> {
    let definition = definition(entry)?;
    let version = definition.spec.versions.first()?;
    let plural = definition.spec.names.plural.as_str();
    let prefix = entry["prefix"].as_str().unwrap_or(plural);
    Some(kind_of(&definition, version, prefix))
}

/// What a CustomResourceDefinition of the kind would say.
fn definition(entry: &Value) -> Option<CustomResourceDefinition> {
    let kind = entry["kind"].as_str()?;
    let mut version = json!({
        "name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": schema(&entry["fields"])},
    });
    if entry["status"] == true {
        version["subresources"] = json!({"status": {}});
    }
    version["additionalPrinterColumns"] = columns(&entry["columns"]);
    let scope = match entry["namespaced"] == true {
        true => "Namespaced",
        false => "Cluster",
    };
    let definition = json!({"metadata": {}, "spec": {
        "group": entry["group"], "scope": scope, "versions": [version],
        "names": {
            "kind": kind, "singular": kind.to_lowercase(), "plural": entry["plural"],
            "shortNames": entry["short"], "categories": entry["categories"],
        },
    }});
    codec::decode(&definition, "v1").ok().map(|(d, _)| d)
}

/// The schema behind a short form.
fn schema(short: &Value) -> Value {
    match short {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, f)| (name.clone(), schema(f)));
            json!({"type": "object", "properties": fields.collect::<Map<String, Value>>()})
        }
        Value::Array(items) => {
            json!({"type": "array", "items": items.first().map_or(Value::Null, schema)})
        }
        Value::String(word) => match word.as_str() {
            "any" => json!({"x-kubernetes-preserve-unknown-fields": true}),
            "texts" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
            "quantity" => json!({"x-kubernetes-int-or-string": true}),
            "time" => json!({"type": "string", "format": "date-time"}),
            word => json!({"type": word}),
        },
        _ => json!({"type": "object"}),
    }
}

/// The columns in the order of the list; the age is the last unless it stands among them.
fn columns(short: &Value) -> Value {
    let listed = short.as_array().into_iter().flatten();
    let listed = listed.filter_map(|c| c.as_str()?.split_once('='));
    let mut columns: Vec<Value> = listed.map(|(name, path)| column(name, path)).collect();
    // Capacities alone are printed without one.
    if !columns
        .iter()
        .any(|c| c["name"] == "Age" || c["name"] == "Capacity")
    {
        columns.push(column("Age", ".metadata.creationTimestamp"));
    }
    Value::Array(columns)
}

fn column(name: &str, path: &str) -> Value {
    match name {
        "Age" => json!({"name": name, "type": "date", "jsonPath": path}),
        _ => json!({"name": name, "type": "string", "format": SPECIAL, "jsonPath": path}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_list_becomes_a_kind() {
        let entries = LIST.lines().filter(|l| l.starts_with("- kind:"));
        assert_eq!(kinds().len(), entries.count());
        let csi = kinds().iter().find(|k| k.info.kind == "CSIDriver").unwrap();
        assert_eq!(
            (csi.info.plural, csi.info.namespaced),
            ("csidrivers", false)
        );
        assert_eq!(
            csi.schema["properties"]["spec"]["properties"]["attachRequired"]["type"],
            "boolean"
        );
    }
}
