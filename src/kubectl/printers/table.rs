//! Tables: rows come from the server (`meta.k8s.io/v1` Table), and are only laid out here.
//! Models `k8s.io/cli-runtime/pkg/printers/tableprinter.go`.

use serde_json::{Value, json};

use crate::api::Kind;
use crate::api::kinds::KindInfo;
use crate::kubectl::json::{entries, int, list, namespace, scalar, text};
use crate::kubectl::resources::qualified_kind;
use crate::kubectl::tabwriter::TabWriter;
use crate::sim::Time;

/// What a table shows beside its own columns.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub wide: bool,
    pub no_headers: bool,
    pub with_namespace: bool,
    /// Names are led by their kind.
    pub with_kind: bool,
    pub show_labels: bool,
    pub label_columns: Vec<String>,
    /// The first column says what kind of watch event a row is.
    pub events: bool,
}

/// Prints tables of one kind after each other: one header, one layout.
pub struct Printer {
    options: Options,
    kind: &'static KindInfo,
    writer: TabWriter,
    headers_printed: bool,
    /// Lines that are laid out together.
    pending: String,
}

impl Printer {
    pub fn new(kind: &'static KindInfo, options: Options) -> Printer {
        Printer {
            options,
            kind,
            writer: TabWriter::table(),
            headers_printed: false,
            pending: String::new(),
        }
    }

    /// Adds the rows of a table; `event` is the type of a watch event.
    pub fn add(&mut self, table: &Value, event: &str) {
        let columns = list(table, "columnDefinitions");
        let rows = list(table, "rows");
        let shown: Vec<usize> = (0..columns.len())
            .filter(|i| {
                let priority = columns.get(*i).and_then(|c| int(c, "priority"));
                self.options.wide || priority.unwrap_or(0) == 0
            })
            .collect();
        if rows.is_empty() {
            return;
        }
        if !self.headers_printed && !self.options.no_headers {
            let mut cells = Vec::new();
            if self.options.events {
                cells.push("EVENT".to_owned());
            }
            if self.options.with_namespace {
                cells.push("NAMESPACE".to_owned());
            }
            for i in &shown {
                let name = columns.get(*i).map(|c| text(c, "name")).unwrap_or_default();
                cells.push(name.to_uppercase());
            }
            for label in &self.options.label_columns {
                let last = label.rsplit('/').next().unwrap_or_default();
                cells.push(last.to_uppercase());
            }
            if self.options.show_labels {
                cells.push("LABELS".to_owned());
            }
            self.line(&cells);
        }
        self.headers_printed = true;
        for row in rows {
            let object = &row["object"];
            let mut cells = Vec::new();
            if self.options.events {
                cells.push(event.to_owned());
            }
            if self.options.with_namespace {
                cells.push(namespace(object).to_owned());
            }
            for (position, i) in shown.iter().enumerate() {
                let cell = list(row, "cells").get(*i).map(cell).unwrap_or_default();
                cells.push(match position == 0 && self.options.with_kind {
                    true => format!("{}/{cell}", qualified_kind(self.kind)),
                    false => cell,
                });
            }
            for label in &self.options.label_columns {
                let value = object["metadata"]["labels"][label].as_str();
                cells.push(value.unwrap_or_default().to_owned());
            }
            if self.options.show_labels {
                cells.push(labels(object));
            }
            self.line(&cells);
        }
    }

    fn line(&mut self, cells: &[String]) {
        self.pending.push_str(&cells.join("\t"));
        self.pending.push('\n');
    }

    /// The laid out text of what was added.
    pub fn flush(&mut self) -> String {
        self.writer.align(&std::mem::take(&mut self.pending))
    }
}

/// A cell as text; a line break would break the table.
fn cell(value: &Value) -> String {
    let text = scalar(value);
    match text.find(['\n', '\r']) {
        // Everything after the first line is left out, and said to be.
        Some(end) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.replace('\t', " "),
    }
}

fn labels(object: &Value) -> String {
    let labels: Vec<String> = entries(object, "metadata.labels")
        .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
        .collect();
    match labels.is_empty() {
        true => "<none>".to_owned(),
        false => labels.join(","),
    }
}

/// A table of one object, made here: for servers that answer a watch with the object itself.
pub fn of_object(kind: &'static KindInfo, object: &Value, now: Time) -> Value {
    if text(object, "kind") == "Table" {
        return object.clone();
    }
    let decoded = Kind::by_gvk(&kind.api_version(), kind.kind).and_then(|k| {
        match k.conversion(kind.version) {
            None => k.decode(object).ok(),
            Some(other) => k.decode(&(other.from)(object.clone())).ok(),
        }
    });
    let cells = match decoded {
        Some((decoded, _)) => kind.strategy.row(&decoded, now),
        None => Vec::new(),
    };
    let columns: Vec<Value> = kind
        .strategy
        .columns()
        .iter()
        .map(|c| json!({"name": c.name, "priority": i32::from(c.wide)}))
        .collect();
    json!({
        "kind": "Table",
        "columnDefinitions": columns,
        "rows": [{"cells": cells, "object": {"metadata": object["metadata"]}}],
    })
}
