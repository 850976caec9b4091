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

/// The format of a column of the list of inert kinds: its path may begin with `count `, may be several joined by
/// a slash, and may end with `|` and the text of an empty cell.
pub(super) const SPECIAL: &str = "kubarium.dev/cell";

pub(super) struct Columns {
    pub head: &'static [Column],
    cells: Vec<Cell>,
}

struct Cell {
    paths: Vec<Template>,
    counts: bool,
    /// Whether several values stand behind commas.
    lists: bool,
    missing: &'static str,
    is_date: bool,
    is_text: bool,
}

impl Columns {
    pub fn new<'c>(given: impl Iterator<Item = &'c CustomResourceColumnDefinition>) -> Columns {
        let mut head = vec![column("Name")];
        let mut cells = Vec::new();
        for definition in given {
            let path = definition.json_path.as_str();
            let (path, missing, counts) = match definition.format.as_deref() {
                Some(SPECIAL) => special(path),
                _ => (vec![path], "", false),
            };
            // Paths were checked when the definition was accepted.
            let paths = path.iter().map(|p| Template::parse(&format!("{{{p}}}")));
            let Ok(paths) = paths.collect() else {
                continue;
            };
            cells.push(Cell {
                paths,
                counts,
                lists: definition.format.as_deref() == Some(SPECIAL),
                missing: leak(missing),
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
                paths: vec![path],
                counts: false,
                lists: false,
                missing: "",
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

/// The paths, the text where there is nothing, and whether what is there is counted.
fn special(path: &str) -> (Vec<&str>, &str, bool) {
    let (path, missing) = path.rsplit_once('|').unwrap_or((path, ""));
    match path.strip_prefix("count ") {
        Some(path) => (vec![path], missing, true),
        None => (path.split('/').collect(), missing, false),
    }
}

impl Cell {
    fn text(&self, object: &Value, now: Time) -> String {
        let mut parts = self.paths.iter().map(|path| self.part(path, object, now));
        if self.paths.len() == 1 {
            return parts.next().unwrap_or_default();
        }
        let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        match parts.is_empty() {
            true => self.missing.to_owned(),
            false => parts.join("/"),
        }
    }

    fn part(&self, path: &Template, object: &Value, now: Time) -> String {
        let found = path.find(object).unwrap_or_default();
        if self.counts {
            let count = found.first().and_then(|v| v.as_array()).map_or(0, Vec::len);
            return count.to_string();
        }
        if found.is_empty() && self.paths.len() == 1 && !self.is_date {
            return self.missing.to_owned();
        }
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
            let glue = if self.lists { "," } else { " " };
            return found.iter().map(text).collect::<Vec<_>>().join(glue);
        }
        // A number or a truth is one value; the first counts.
        found.first().map(text).unwrap_or_default()
    }
}
