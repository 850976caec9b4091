//! `-o custom-columns=NAME:.metadata.name,...`.
//! Models `k8s.io/kubectl/pkg/cmd/get/customcolumn.go`.

use serde_json::Value;

use crate::api::json::go_json;
use crate::api::jsonpath::Template;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::list;
use crate::kubectl::tabwriter::TabWriter;

/// Headers and where their values are found.
pub struct Columns(Vec<(String, Template)>);

impl Columns {
    pub fn parse(spec: &str) -> Result<Columns> {
        if spec.is_empty() {
            return plain("custom-columns format specified but no custom columns given");
        }
        let mut columns = Vec::new();
        for part in spec.split(',') {
            let Some((header, path)) = part.split_once(':') else {
                return plain(format!(
                    "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
                ));
            };
            columns.push((header.to_owned(), template(path)?));
        }
        Ok(Columns(columns))
    }

    /// Two lines: headers, and paths below them.
    pub fn parse_file(text: &str) -> Result<Columns> {
        let mut lines = text.lines();
        let words = |line: Option<&str>| -> Vec<String> {
            line.unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect()
        };
        let (headers, paths) = (words(lines.next()), words(lines.next()));
        if headers.len() != paths.len() {
            return plain(format!(
                "number of headers ({}) and field specifications ({}) don't match",
                headers.len(),
                paths.len()
            ));
        }
        let mut columns = Vec::new();
        for (header, path) in headers.into_iter().zip(paths) {
            columns.push((header, template(&path)?));
        }
        Ok(Columns(columns))
    }

    pub fn render(&self, object: &Value, no_headers: bool) -> String {
        let mut text = String::new();
        if !no_headers {
            let headers: Vec<&str> = self.0.iter().map(|(h, _)| h.as_str()).collect();
            text.push_str(&headers.join("\t"));
            text.push('\n');
        }
        let rows = match object["items"].is_array() {
            true => list(object, "items"),
            false => std::slice::from_ref(object),
        };
        for row in rows {
            let cells: Vec<String> = self.0.iter().map(|(_, t)| cell(t, row)).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        TabWriter::table().align(&text)
    }
}

fn template(path: &str) -> Result<Template> {
    Template::relaxed(path).map_err(Failure::Plain)
}

fn cell(template: &Template, object: &Value) -> String {
    let found: Vec<String> = template
        .find(object)
        .unwrap_or_default()
        .into_iter()
        .filter(|v| !v.is_null())
        .map(|v| match v {
            Value::String(s) => s.clone(),
            Value::Object(_) | Value::Array(_) => go_map(v, 0),
            other => go_json(other),
        })
        .collect();
    match found.is_empty() {
        true => "<none>".to_owned(),
        false => found.join(","),
    }
}

/// A value as Go's `%v` prints it: `map[a:b c:d]`, `[x y]`.
pub fn go_map(value: &Value, depth: usize) -> String {
    match value {
        _ if depth > 32 => "...".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("{k}:{}", go_map(v, depth + 1)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|v| go_map(v, depth + 1)).collect();
            format!("[{}]", items.join(" "))
        }
        Value::String(s) => s.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}
