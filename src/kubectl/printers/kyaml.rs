//! KYAML: YAML in braces and brackets, with quotes around every text and a comma after every value.
//! Models `sigs.k8s.io/yaml/kyaml`.

use serde_json::{Map, Value};

/// A document.
pub fn text(value: &Value) -> String {
    let mut out = "---\n".to_owned();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Values come from the API, which bounds their depth.
fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(map) if map.is_empty() => out.push_str("{}"),
        Value::Object(map) => fields(map, depth, out),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) => list(items, depth, out),
        Value::String(text) => quoted(text, depth, out),
        scalar => out.push_str(&crate::api::json::go_json(scalar)),
    }
}

fn fields(map: &Map<String, Value>, depth: usize, out: &mut String) {
    out.push_str("{\n");
    for (key, value) in map {
        indent(depth + 1, out);
        match is_plain(key) {
            true => out.push_str(key),
            false => quoted(key, depth + 1, out),
        }
        out.push_str(": ");
        write(value, depth + 1, out);
        out.push_str(",\n");
    }
    indent(depth, out);
    out.push('}');
}

/// Lists of objects and lists hug their brackets.
fn list(items: &[Value], depth: usize, out: &mut String) {
    let hugs = |v: &Value| match v {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if items.iter().all(hugs) {
        out.push('[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            write(item, depth, out);
        }
        out.push(']');
        return;
    }
    out.push_str("[\n");
    for item in items {
        indent(depth + 1, out);
        write(item, depth + 1, out);
        out.push_str(",\n");
    }
    indent(depth, out);
    out.push(']');
}

/// Whether a key needs no quotes: no YAML reader could take it for anything but a text.
fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    let begins = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let word = matches!(
        key.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "nan" | "inf"
    );
    begins && chars.all(goes_on) && !word
}

/// Lines of a text stand below each other, each ended by its escape and a fold.
fn quoted(text: &str, depth: usize, out: &mut String) {
    let several = text.trim_end_matches('\n').contains('\n');
    out.push('"');
    let fold = |out: &mut String| {
        out.push_str("\\\n");
        indent(depth, out);
        out.push(' ');
    };
    if several {
        fold(out);
    }
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\n' => {
                out.push_str("\\n");
                if several {
                    fold(out);
                    // A fold eats blanks that are not escaped.
                    if rest.peek() == Some(&' ') {
                        out.push('\\');
                    }
                }
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn braces_quotes_and_commas() {
        let value = json!({
            "a": 1, "b": {}, "c": [], "d": ["x", "y"], "e": [{"f": true}, {"g": null}], "no": "1",
        });
        assert_eq!(
            text(&value),
            "---\n{\n  a: 1,\n  b: {},\n  c: [],\n  d: [\n    \"x\",\n    \"y\",\n  ],\n  e: [{\n    f: true,\n  }, {\n    g: null,\n  }],\n  \"no\": \"1\",\n}\n"
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let value = json!({"data": {"a.b/c": "one\n two\n", "q": "say \"hi\"\\\t"}});
        let read = crate::api::yaml::parse(&text(&value));
        let documents: Vec<Value> = read.documents.into_iter().map(|d| d.value).collect();
        assert_eq!(documents, [value]);
    }
}
