//! The lines of a description, and the shapes that many kinds share.

use serde_json::Value;

use crate::api::rfc3339::{format_rfc1123, parse_time};
use crate::kubectl::json::{entries, name, namespace, text};

/// Annotations longer than this get lines of their own.
const LONGEST_ANNOTATION: usize = 140;

#[derive(Default)]
pub struct Page {
    pub text: String,
    /// Whether the object's events are fetched and written too.
    pub events: bool,
}

impl Page {
    /// A line, indented by two blanks per level.
    pub fn line(&mut self, level: usize, line: &str) {
        self.start(level, line);
        self.text.push('\n');
    }

    /// The beginning of a line.
    pub fn start(&mut self, level: usize, text: &str) {
        self.text.extend(std::iter::repeat_n("  ", level));
        self.text.push_str(text);
    }

    /// `Key:<tab>value`.
    pub fn pair(&mut self, key: &str, value: &str) {
        self.line(0, &format!("{key}:\t{value}"));
    }

    /// As [`Page::pair`], if there is a value.
    pub fn pair_if(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.pair(key, value);
        }
    }

    pub fn name_and_namespace(&mut self, object: &Value) {
        self.pair("Name", name(object));
        self.pair("Namespace", namespace(object));
    }

    pub fn labels_and_annotations(&mut self, object: &Value) {
        self.map("Labels", &object["metadata"]["labels"]);
        self.annotations("Annotations", &object["metadata"]["annotations"]);
    }

    /// A map of labels, one to a line.
    pub fn map(&mut self, title: &str, map: &Value) {
        self.start(0, &format!("{title}:\t"));
        let mut first = true;
        for (key, value) in map.as_object().into_iter().flatten() {
            if !first {
                self.text.push('\t');
            }
            first = false;
            self.line(0, &format!("{key}={}", value.as_str().unwrap_or_default()));
        }
        if first {
            self.line(0, "<none>");
        }
    }

    pub fn annotations(&mut self, title: &str, map: &Value) {
        self.start(0, &format!("{title}:\t"));
        let mut first = true;
        for (key, value) in map.as_object().into_iter().flatten() {
            if key == crate::apiserver::patch::apply::LAST_APPLIED {
                continue;
            }
            if !first {
                self.text.push('\t');
            }
            first = false;
            let value = value.as_str().unwrap_or_default();
            let value = value.strip_suffix('\n').unwrap_or(value);
            if value.len() + key.len() + 2 > LONGEST_ANNOTATION || value.contains('\n') {
                self.line(0, &format!("{key}:"));
                for line in value.split('\n') {
                    let line = shortened(line, LONGEST_ANNOTATION - 2);
                    self.line(0, &format!("\t  {line}"));
                }
            } else {
                self.line(0, &format!("{key}: {value}"));
            }
        }
        if first {
            self.line(0, "<none>");
        }
    }

    /// `Conditions:` as a table of the given fields.
    pub fn conditions(&mut self, object: &Value, fields: &[(&str, &str)]) {
        let conditions = crate::kubectl::json::list(object, "status.conditions");
        if conditions.is_empty() {
            return;
        }
        self.line(0, "Conditions:");
        let headers: Vec<&str> = fields.iter().map(|(_, title)| *title).collect();
        self.line(1, &headers.join("\t"));
        if fields.len() > 2 {
            let rules: Vec<String> = headers.iter().map(|h| "-".repeat(h.len())).collect();
            self.line(1, &rules.join("\t"));
        }
        for condition in conditions {
            let cells: Vec<String> = fields
                .iter()
                .map(|(field, _)| match field.ends_with("Time") {
                    true => time(text(condition, field)),
                    false => text(condition, field).to_owned(),
                })
                .collect();
            let row = match cells.split_first() {
                // The first column is led to the second by a blank, as is the last of two.
                Some((first, rest)) if rest.len() == 1 => format!("{first} \t{} ", rest.join("\t")),
                Some((first, rest)) => format!("{first} \t{}", rest.join("\t")),
                None => String::new(),
            };
            self.line(1, &row);
        }
    }
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) if text.len() > longest => {
            format!("{}...", text.get(..end).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

/// A time of the API as descriptions show it.
pub fn time(stamp: &str) -> String {
    match parse_time(stamp) {
        Some(nanos) => format_rfc1123(nanos),
        None => "<unset>".to_owned(),
    }
}

pub fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

pub fn capital(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// `ReplicaSet/web-1` of the owner that controls an object.
pub fn controller(object: &Value) -> Option<String> {
    crate::kubectl::json::list(object, "metadata.ownerReferences")
        .iter()
        .find(|o| o["controller"].as_bool() == Some(true))
        .map(|o| format!("{}/{}", text(o, "kind"), text(o, "name")))
}

/// A label selector as one text: `app=web,tier in (a,b)`.
pub fn selector(selector: &Value) -> String {
    let mut parts: Vec<(String, String)> = entries(selector, "matchLabels")
        .map(|(k, v)| {
            (
                k.to_owned(),
                format!("{k}={}", v.as_str().unwrap_or_default()),
            )
        })
        .collect();
    for expression in crate::kubectl::json::list(selector, "matchExpressions") {
        let key = text(expression, "key");
        let mut values: Vec<&str> = crate::kubectl::json::list(expression, "values")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        let values = values.join(",");
        let part = match text(expression, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => "<error>".to_owned(),
        };
        parts.push((key.to_owned(), part));
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    let parts: Vec<String> = parts.into_iter().map(|(_, p)| p).collect();
    match parts.is_empty() {
        true => "<none>".to_owned(),
        false => parts.join(","),
    }
}

/// A plain map of labels as one text.
pub fn flat_labels(map: &Value) -> String {
    let parts: Vec<String> = map
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
        .collect();
    match parts.is_empty() {
        true => "<none>".to_owned(),
        false => parts.join(","),
    }
}
