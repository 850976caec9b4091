//! The printer columns of a custom resource.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceColumnDefinition;
use serde_json::Value;

use super::leak;
use crate::api::json::go_json;
use crate::api::jsonpath::Template;
use crate::api::object::Object;
use crate::api::rfc3339::{human_duration, parse_time};
use crate::api::strategy::{Column, column, wide};
use crate::sim::Time;

pub(super) struct Columns {
    pub head: &'static [Column],
    cells: Vec<Cell>,
}

struct Cell {
    path: Template,
    is_date: bool,
    is_text: bool,
}

impl Columns {
    pub fn new<'c>(given: impl Iterator<Item = &'c CustomResourceColumnDefinition>) -> Columns {
        let mut head = vec![column("Name")];
        let mut cells = Vec::new();
        for definition in given {
            // Paths were checked when the definition was accepted.
            let Ok(path) = Template::parse(&format!("{{{}}}", definition.json_path)) else {
                continue;
            };
            cells.push(Cell {
                path,
                is_date: definition.type_ == "date",
                is_text: definition.type_ == "string",
            });
            let name = leak(&definition.name);
            head.push(match definition.priority {
                Some(priority) if priority > 0 => wide(name),
                _ => column(name),
            });
        }
        if cells.is_empty()
            && let Ok(path) = Template::parse("{.metadata.creationTimestamp}")
        {
            head.push(column("Age"));
            cells.push(Cell {
                path,
                is_date: true,
                is_text: false,
            });
        }
        Columns {
            head: Box::leak(head.into_boxed_slice()),
            cells,
        }
    }

    pub fn row(&self, object: &Object, now: Time) -> Vec<String> {
        let value = object.to_value();
        let mut row = vec![object.name().to_owned()];
        row.extend(self.cells.iter().map(|cell| cell.text(&value, now)));
        row
    }
}

impl Cell {
    fn text(&self, object: &Value, now: Time) -> String {
        let found = self.path.find(object).unwrap_or_default();
        if self.is_date {
            let text = found.first().and_then(|v| v.as_str()).unwrap_or_default();
            return match parse_time(text) {
                Some(then) => human_duration((now.0 as i64).saturating_sub(then)),
                None if text.is_empty() => String::new(),
                None => "<invalid>".to_owned(),
            };
        }
        let text = |value: &&Value| match value {
            Value::String(text) => text.clone(),
            other => go_json(other),
        };
        if self.is_text && found.len() > 1 {
            return found.iter().map(text).collect::<Vec<_>>().join(" ");
        }
        // A number or a truth is one value; the first counts.
        found.first().map(text).unwrap_or_default()
    }
}
