//! `-o custom-columns=NAME:.metadata.name,...`.
//! Models `k8s.io/kubectl/pkg/cmd/get/customcolumn.go`.

use serde_json::Value;

use crate::api::json::{go_display, go_json};
use crate::api::jsonpath::Template;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::list;
use crate::kubectl::tabwriter::TabWriter;

/// Headers and where their values are found.
/// A path that cannot be read is found out when rows are printed, after the headers.
pub struct Columns {
    columns: Vec<(String, std::result::Result<Template, String>)>,
    /// Headers that came from a file always stand there.
    always: bool,
}

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
        Ok(Columns {
            columns,
            always: false,
        })
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
        if headers.is_empty() || paths.is_empty() {
            let what = if headers.is_empty() { "header" } else { "spec" };
            return plain(format!(
                "invalid template, missing {what} line. Expected format is one line of space separated headers, one line of space separated column specs."
            ));
        }
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
        Ok(Columns {
            columns,
            always: true,
        })
    }

    /// The table; and why it ends after its headers, if it does.
    pub fn render(&self, object: &Value, no_headers: bool) -> (String, Option<String>) {
        let mut text = String::new();
        if self.always || !no_headers {
            let headers: Vec<&str> = self.columns.iter().map(|(h, _)| h.as_str()).collect();
            text.push_str(&headers.join("\t"));
            text.push('\n');
        }
        let rows = match object["items"].is_array() {
            true => list(object, "items"),
            false => std::slice::from_ref(object),
        };
        let paths: std::result::Result<Vec<&Template>, &String> =
            self.columns.iter().map(|(_, path)| path.as_ref()).collect();
        let mut wrong = paths.as_ref().err().map(|error| (*error).clone());
        for row in rows.iter().filter(|_| paths.is_ok()) {
            let cells = paths.iter().flatten().map(|path| cell(path, row));
            match cells.collect::<std::result::Result<Vec<String>, String>>() {
                Ok(cells) => {
                    text.push_str(&cells.join("\t"));
                    text.push('\n');
                }
                Err(error) => {
                    wrong = Some(error);
                    break;
                }
            }
        }
        (TabWriter::table().align(&text), wrong)
    }
}

fn template(path: &str) -> Result<std::result::Result<Template, String>> {
    match Template::relaxed(path) {
        Err(error) if error.starts_with("unexpected path string") => Err(Failure::Plain(error)),
        other => Ok(other),
    }
}

fn cell(template: &Template, object: &Value) -> std::result::Result<String, String> {
    let found: Vec<String> = template
        .find(object)?
        .into_iter()
        .filter(|v| !v.is_null())
        .map(|v| match v {
            Value::String(s) => s.clone(),
            Value::Object(_) | Value::Array(_) => go_display(v, 0),
            other => go_json(other),
        })
        .collect();
    Ok(match found.is_empty() {
        true => "<none>".to_owned(),
        false => found.join(","),
    })
}
