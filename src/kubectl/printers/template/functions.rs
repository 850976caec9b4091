//! The functions of templates: Go's, and the two that kubectl adds (`exists`, `base64decode`).

use std::cmp::Ordering;

use serde_json::Value;

use super::printf::{Spaces, formatted, print, type_of};

pub const FUNCTIONS: [&str; 21] = [
    "call",
    "and",
    "or",
    "not",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "index",
    "slice",
    "len",
    "print",
    "println",
    "printf",
    "exists",
    "base64decode",
    "html",
    "js",
    "urlquery",
];

pub fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

pub fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let least = match name {
        "print" | "println" | "html" | "js" | "urlquery" => 0,
        "ne" | "lt" | "le" | "gt" | "ge" => 2,
        _ => 1,
    };
    let fixed = matches!(
        name,
        "not" | "len" | "base64decode" | "ne" | "lt" | "le" | "gt" | "ge"
    );
    if arguments.len() < least || fixed && arguments.len() > least {
        let want = match fixed {
            true => format!("want {least}"),
            false => format!("want at least {least}"),
        };
        return Err(format!(
            "wrong number of args for {name}: {want} got {}",
            arguments.len()
        ));
    }
    worked_out(name, arguments).map_err(|message| format!("error calling {name}: {message}"))
}

fn worked_out(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let first = arguments.first().unwrap_or(&Value::Null);
    let rest = arguments.get(1..).unwrap_or_default();
    let second = rest.first().unwrap_or(&Value::Null);
    Ok(match name {
        "not" => Value::Bool(!is_true(first)),
        // What decides was found before it came here.
        "and" | "or" => arguments.last().cloned().unwrap_or(Value::Null),
        "eq" => {
            if rest.is_empty() {
                return Err("missing argument for comparison".to_owned());
            }
            for other in rest {
                if is_equal(first, other)? {
                    return Ok(Value::Bool(true));
                }
            }
            Value::Bool(false)
        }
        "ne" => Value::Bool(!is_equal(first, second)?),
        "lt" => Value::Bool(order(first, second)?.is_lt()),
        "le" => Value::Bool(order(first, second)?.is_le()),
        "gt" => Value::Bool(order(first, second)?.is_gt()),
        "ge" => Value::Bool(order(first, second)?.is_ge()),
        "len" => match first {
            Value::String(s) => s.len().into(),
            Value::Array(a) => a.len().into(),
            Value::Object(o) => o.len().into(),
            // The real one asks nothing for its type, and catches that.
            Value::Null => {
                return Err("reflect: call of reflect.Value.Type on zero Value".to_owned());
            }
            other => return Err(format!("len of type {}", argument_type(other))),
        },
        "index" => index(first, rest)?,
        "exists" => Value::Bool(index(first, rest).is_ok_and(|found| !found.is_null())),
        "slice" => slice(first, rest)?,
        "base64decode" => {
            let text = first.as_str().unwrap_or_default();
            let bytes = crate::api::base64::decode(text).ok_or_else(|| {
                let at = crate::api::base64::corrupt_at(text.as_bytes());
                format!("base64 decode failed: illegal base64 data at input byte {at}")
            })?;
            Value::String(String::from_utf8_lossy(&bytes).into_owned())
        }
        "printf" => match first {
            Value::String(format) => Value::String(formatted(format, rest)),
            other => return Err(format!("expected string; got {}", argument_type(other))),
        },
        "println" => Value::String(print(arguments, Spaces::Always) + "\n"),
        "html" => Value::String(html(&print(arguments, Spaces::Between))),
        "js" => Value::String(js(&print(arguments, Spaces::Between))),
        "urlquery" => Value::String(url_query(&print(arguments, Spaces::Between))),
        _ => Value::String(print(arguments, Spaces::Between)),
    })
}

/// The type of an argument that was written in the template, as errors name it.
fn argument_type(value: &Value) -> &'static str {
    match value {
        Value::Number(n) if n.is_i64() || n.is_u64() => "int",
        other => type_of(other),
    }
}

/// The kinds that can be compared with their own kind only.
fn kind(value: &Value) -> Option<u8> {
    match value {
        Value::Bool(_) => Some(0),
        Value::Number(n) if n.is_i64() || n.is_u64() => Some(1),
        Value::Number(_) => Some(2),
        Value::String(_) => Some(3),
        _ => None,
    }
}

fn is_equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (kind(a), kind(b)) {
        (Some(x), Some(y)) if x != y => Err("incompatible types for comparison".to_owned()),
        (Some(_), Some(_)) => Ok(a == b),
        _ if a.is_null() || b.is_null() => Ok(a == b),
        _ => {
            let odd = if kind(a).is_none() { a } else { b };
            Err(format!(
                "non-comparable type {}: {}",
                print(std::slice::from_ref(odd), Spaces::None),
                type_of(odd)
            ))
        }
    }
}

fn order(a: &Value, b: &Value) -> Result<Ordering, String> {
    match (a, b) {
        _ if kind(a).is_none() || kind(a) == Some(0) => {
            Err("invalid type for comparison".to_owned())
        }
        _ if kind(a) != kind(b) => Err("incompatible types for comparison".to_owned()),
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        (a, b) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Ok(a.cmp(&b)),
            _ => Ok(a
                .as_f64()
                .partial_cmp(&b.as_f64())
                .unwrap_or(Ordering::Equal)),
        },
    }
}

fn position(key: &Value, most: usize) -> Result<usize, String> {
    match key {
        Value::Number(n) if n.is_i64() || n.is_u64() => match n.as_u64() {
            Some(at) if at as usize <= most => Ok(at as usize),
            _ => Err(format!("index out of range: {n}")),
        },
        Value::Null => Err("cannot index slice/array with nil".to_owned()),
        other => Err(format!(
            "cannot index slice/array with type {}",
            argument_type(other)
        )),
    }
}

fn index(value: &Value, keys: &[Value]) -> Result<Value, String> {
    let mut value = value.clone();
    for key in keys {
        value = match (&value, key) {
            (Value::Array(items), key) => {
                let at = position(key, items.len().saturating_sub(1))?;
                let found = items.get(at).cloned();
                found.ok_or_else(|| format!("index out of range: {at}"))?
            }
            (Value::String(text), key) => {
                let at = position(key, text.len().saturating_sub(1))?;
                let found = text.as_bytes().get(at);
                Value::from(*found.ok_or_else(|| format!("index out of range: {at}"))?)
            }
            (Value::Object(map), Value::String(key)) => {
                map.get(key).cloned().unwrap_or(Value::Null)
            }
            (Value::Object(_), Value::Null) => {
                return Err("value is nil; should be of type string".to_owned());
            }
            (Value::Object(_), other) => {
                return Err(format!(
                    "value has type {}; should be string",
                    argument_type(other)
                ));
            }
            (Value::Null, _) => return Err("index of untyped nil".to_owned()),
            (other, _) => return Err(format!("can't index item of type {}", type_of(other))),
        };
    }
    Ok(value)
}

fn slice(value: &Value, bounds: &[Value]) -> Result<Value, String> {
    let length = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Null => return Err("slice of untyped nil".to_owned()),
        other => return Err(format!("can't slice item of type {}", type_of(other))),
    };
    let from = bounds.first().map_or(Ok(0), |b| position(b, length))?;
    let to = bounds.get(1).map_or(Ok(length), |b| position(b, length))?;
    if bounds.len() > 3 {
        return Err(format!("too many slice indexes: {}", bounds.len()));
    }
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    Ok(match value {
        Value::String(text) => {
            let bytes = text.as_bytes().get(from..to).unwrap_or_default();
            Value::String(String::from_utf8_lossy(bytes).into_owned())
        }
        Value::Array(items) => Value::Array(items.get(from..to).unwrap_or_default().to_vec()),
        _ => Value::Null,
    })
}

fn html(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn js(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

fn url_query(text: &str) -> String {
    crate::api::url::escaped(text, " ").replace(' ', "+")
}
