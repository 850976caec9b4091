//! JSON as Go prints it.

use serde_json::Value;

use super::rfc3339::go_quote;

pub mod scan;

/// An object with one more field. The `json!` macro would copy the value; this moves it, however large it is.
pub fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.insert(name.to_owned(), value);
    }
    object
}

/// JSON as Go's encoder writes it: `<`, `>` and `&` escaped, so that it may stand in HTML.
pub fn go_json(value: &Value) -> String {
    let plain = value.to_string();
    if !plain.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return plain;
    }
    plain
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// A value as Go's `%v` prints it: `map[a:b c:d]`, `[x y]`.
pub fn go_display(value: &Value, depth: usize) -> String {
    match value {
        _ if depth > 32 => "...".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("{k}:{}", go_display(v, depth + 1)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|v| go_display(v, depth + 1)).collect();
            format!("[{}]", items.join(" "))
        }
        Value::String(s) => s.clone(),
        Value::Null => "<nil>".to_owned(),
        Value::Number(n) if n.is_f64() => go_float(n.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

/// A float as Go's `%v` and `%g` print it: with an exponent from a million on, and below a ten-thousandth.
fn go_float(n: f64) -> String {
    let text = format!("{n:e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    match power.parse::<i32>() {
        Ok(power) if !(-4..6).contains(&power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", power.abs())
        }
        _ => n.to_string(),
    }
}

/// A value as Go's `%#v` prints it: `map[string]interface {}{"a":"b", "c":1}`.
pub fn go_source(value: &Value) -> String {
    let mut out = String::new();
    source(value, 0, &mut out);
    out
}

fn source(value: &Value, depth: usize, out: &mut String) {
    match value {
        _ if depth > 64 => out.push_str("..."),
        Value::Object(map) => {
            out.push_str("map[string]interface {}{");
            for (i, (key, value)) in map.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                out.push_str(&go_quote(key));
                out.push(':');
                source(value, depth + 1, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push_str("[]interface {}{");
            for (i, value) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                source(value, depth + 1, out);
            }
            out.push('}');
        }
        Value::String(text) => out.push_str(&go_quote(text)),
        Value::Null => out.push_str("interface {}(nil)"),
        other => out.push_str(&other.to_string()),
    }
}

/// What Go's decoder says of a text that is no JSON.
pub fn go_syntax_error(text: &[u8]) -> String {
    match scan::check(text) {
        Some(error) => error.message(),
        // Go takes what this decoder does not, such as values that nest deeper.
        None => "exceeded max depth".to_owned(),
    }
}
