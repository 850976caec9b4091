//! Kinds of Kubernetes that are served, and that nothing here acts upon: a list of names
//! (`static/kinds/inert.yaml`), and of fields and columns (`static/kinds/inert-shapes.yaml`), in the place of a type
//! and rules for each, which would cost some 10 KB of wasm apiece.
//!
//! Divergence: of what is sent, the names and types of fields are checked; upstream has rules of its own for
//! each kind (`k8s.io/kubernetes/pkg/apis/*/validation`).

use std::sync::OnceLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceColumnDefinition;
use serde_json::{Map, Value, json};

use super::columns::{Columns, SPECIAL};
use super::shape::{Known, Shape};
use super::{CustomKind, Names, assemble};
use crate::api::yaml;

const NAMES: &str = include_str!("../../../static/kinds/inert.yaml");
const SHAPES: &str = include_str!("../../../static/kinds/inert-shapes.yaml");

/// All of them, in the order of the list.
pub fn kinds() -> &'static [&'static CustomKind] {
    static KINDS: OnceLock<Vec<&'static CustomKind>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let list = yaml::parse(NAMES).documents;
        list.iter()
            .filter_map(|document| document.value.as_array())
            .flatten()
            .map(kind)
            .collect()
    })
}

fn kind(entry: &Value) -> &'static CustomKind {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let texts = |name: &str| {
        let list = entry[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_str)
    };
    let plural = text("plural");
    assemble(Names {
        group: text("group"),
        version: "v1",
        kind: text("kind"),
        plural,
        singular: &text("kind").to_lowercase(),
        short_names: &mut texts("short"),
        categories: &mut texts("categories"),
        namespaced: entry["namespaced"] == true,
        prefix: entry["prefix"].as_str().unwrap_or(plural),
        has_status: entry["status"] == true,
        scale: None,
        stored: true,
        selectable: &mut std::iter::empty(),
        deprecation: "",
        shape: Shape::of_inert(plural),
    })
}

/// What the objects of a kind of the list look like. Few clusters ever hold one.
#[inline(never)]
pub(super) fn shape(plural: &str) -> Known {
    let list = yaml::parse(SHAPES).documents;
    let entry = list.first().map_or(&Value::Null, |d| &d.value[plural]);
    let columns = columns(&entry["columns"]);
    Known {
        schema: schema(&entry["fields"]),
        columns: Columns::new(columns.iter()),
    }
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
fn columns(short: &Value) -> Vec<CustomResourceColumnDefinition> {
    let listed = short.as_array().into_iter().flatten();
    let listed = listed.filter_map(|c| c.as_str()?.split_once('='));
    let mut columns: Vec<_> = listed.map(|(name, path)| column(name, path)).collect();
    // Capacities alone are printed without one.
    if !columns
        .iter()
        .any(|c| c.name == "Age" || c.name == "Capacity")
    {
        columns.push(column("Age", ".metadata.creationTimestamp"));
    }
    columns
}

fn column(name: &str, path: &str) -> CustomResourceColumnDefinition {
    let is_age = name == "Age";
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: if is_age { "date" } else { "string" }.to_owned(),
        format: (!is_age).then(|| SPECIAL.to_owned()),
        json_path: path.to_owned(),
        ..CustomResourceColumnDefinition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_list_has_a_shape_and_every_shape_a_kind() {
        let shapes = &yaml::parse(SHAPES).documents[0].value;
        let mut shaped: Vec<&str> = shapes.as_object().unwrap().keys().map(|k| &**k).collect();
        let mut listed: Vec<&str> = kinds().iter().map(|k| k.info.plural).collect();
        shaped.sort_unstable();
        listed.sort_unstable();
        assert_eq!(shaped, listed);
    }

    #[test]
    fn every_entry_of_the_list_becomes_a_kind() {
        let entries = NAMES.lines().filter(|l| l.starts_with("- kind:"));
        assert_eq!(kinds().len(), entries.count());
        let csi = kinds().iter().find(|k| k.info.kind == "CSIDriver").unwrap();
        assert_eq!(
            (csi.info.plural, csi.info.namespaced),
            ("csidrivers", false)
        );
        assert_eq!(
            csi.schema()["properties"]["spec"]["properties"]["attachRequired"]["type"],
            "boolean"
        );
    }
}
