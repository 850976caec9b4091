//! Objects as rows that a client can print without knowing the kind (`meta.k8s.io/v1` Table).

use serde_json::{Map, Value, json};

use crate::api::json::with;
use crate::api::{Kind, Object};
use crate::apiserver::request::Request;
use crate::sim::Time;

/// Whether the client accepts a table.
pub(super) fn is_wanted(request: &Request) -> bool {
    request.accept.contains("as=Table")
}

/// Whether the client wants metadata alone (`meta.k8s.io/v1` PartialObjectMetadata).
pub(super) fn is_partial(request: &Request) -> bool {
    request.accept.contains("as=PartialObjectMetadata")
}

/// The metadata of an object, and nothing else of it.
pub(super) fn partial(object: &Object) -> Value {
    let mut partial = object.meta_value();
    partial["kind"] = Value::from("PartialObjectMetadata");
    partial["apiVersion"] = Value::from("meta.k8s.io/v1");
    partial
}

/// A list of metadata.
pub(super) fn partial_list(items: &[Object], metadata: Value) -> Value {
    let items: Vec<Value> = items.iter().map(partial).collect();
    let list = json!({
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
    });
    with(list, "items", Value::Array(items))
}

pub(super) fn table(
    kind: Kind,
    items: &[Object],
    metadata: Value,
    now: Time,
    request: &Request,
) -> Value {
    let strategy = kind.info().strategy;
    let columns: Vec<Value> = strategy
        .columns()
        .iter()
        .map(|column| {
            let format = if column.name == "Name" { "name" } else { "" };
            json!({
                "name": column.name, "type": "string", "format": format, "description": "",
                "priority": i32::from(column.wide),
            })
        })
        .collect();
    let include = request.query("includeObject").unwrap_or("Metadata");
    let rows: Vec<Value> = items.iter().map(|o| row(o, now, include)).collect();
    let table = json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns,
    });
    with(table, "rows", Value::Array(rows))
}

fn row(object: &Object, now: Time, include: &str) -> Value {
    let cells = object.info().strategy.row(object, now);
    let cells = cells.into_iter().map(Value::from).collect();
    let row = with(Value::Object(Map::new()), "cells", Value::Array(cells));
    match include {
        "None" => row,
        "Object" => with(row, "object", object.to_value()),
        _ => with(row, "object", partial(object)),
    }
}
