//! Values: their order, their arithmetic, their texts, the places in them.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::eval::{Stop, error};

/// A number without a fraction is written without one.
pub fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e17 {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// How much room a value takes, more or less.
pub fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 32 + text.len(),
        Value::Array(items) => 32 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => {
            64 + map
                .iter()
                .map(|(k, v)| 64 + k.len() + size(v))
                .sum::<usize>()
        }
        _ => 32,
    }
}

pub fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// JSON without blanks.
pub fn compact(value: &Value) -> String {
    value.to_string()
}

/// `number (1)`; long values are cut.
pub fn described(value: &Value) -> String {
    let text = compact(value);
    let shown = match text.char_indices().nth(11) {
        Some((at, _)) if text.chars().count() > 14 => {
            format!("{}...", text.get(..at).unwrap_or_default())
        }
        _ => text,
    };
    match value {
        Value::Null => "null".to_owned() + " (null)",
        value => format!("{} ({shown})", type_of(value)),
    }
}

/// What an error says.
pub fn message(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{} (not a string)", compact(other)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    }
}

pub fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => {
                let (x, y) = (x.as_f64(), y.as_f64());
                x.partial_cmp(&y).unwrap_or(Ordering::Equal)
            }
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Array(x), Value::Array(y)) => {
            for (x, y) in x.iter().zip(y) {
                let order = compare(x, y);
                if order != Ordering::Equal {
                    return order;
                }
            }
            x.len().cmp(&y.len())
        }
        (Value::Object(x), Value::Object(y)) => {
            let order = x.keys().cmp(y.keys());
            if order != Ordering::Equal {
                return order;
            }
            for (x, y) in x.values().zip(y.values()) {
                let order = compare(x, y);
                if order != Ordering::Equal {
                    return order;
                }
            }
            Ordering::Equal
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

/// No text and no list grows longer.
const MOST: usize = 4 << 20;

pub fn apply(operator: &str, left: Value, right: &Value) -> Result<Value, Stop> {
    let refused = |left: &Value, what: &str| {
        error(format!(
            "{} and {} cannot be {what}",
            described(left),
            described(right)
        ))
    };
    let order = |wanted: fn(Ordering) -> bool| {
        let order = match (&left, right) {
            (a, b) if rank(a) == rank(b) => compare(a, b),
            (a, b) => rank(a).cmp(&rank(b)),
        };
        Ok(Value::Bool(wanted(order)))
    };
    match operator {
        "==" => return order(Ordering::is_eq),
        "!=" => return order(Ordering::is_ne),
        "<" => return order(Ordering::is_lt),
        "<=" => return order(Ordering::is_le),
        ">" => return order(Ordering::is_gt),
        ">=" => return order(Ordering::is_ge),
        _ => {}
    }
    if let (Value::Number(a), Value::Number(b)) = (&left, right) {
        if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
            let exact = match operator {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "*" => a.checked_mul(b),
                "%" if b != 0 => a.checked_rem(b.saturating_abs()),
                _ => None,
            };
            if let Some(exact) = exact {
                return Ok(Value::from(exact));
            }
        }
        let (x, y) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
        return match operator {
            "+" => Ok(number(x + y)),
            "-" => Ok(number(x - y)),
            "*" => Ok(number(x * y)),
            "/" if y != 0.0 => Ok(number(x / y)),
            "%" if y.trunc() != 0.0 => Ok(number(x.trunc() % y.trunc())),
            _ => refused(&left, "divided because the divisor is zero"),
        };
    }
    match (operator, left, right) {
        ("+", Value::Null, right) => Ok(right.clone()),
        ("+", left, Value::Null) => Ok(left),
        ("+", Value::String(a), Value::String(b)) if a.len() + b.len() <= MOST => {
            Ok(Value::from(a + b))
        }
        ("+", Value::Array(mut a), Value::Array(b)) if a.len() + b.len() <= MOST => {
            a.extend(b.iter().cloned());
            Ok(Value::Array(a))
        }
        ("+", Value::Object(mut a), Value::Object(b)) => {
            a.extend(b.iter().map(|(k, v)| (k.clone(), v.clone())));
            Ok(Value::Object(a))
        }
        ("-", Value::Array(mut a), Value::Array(b)) => {
            a.retain(|item| !b.contains(item));
            Ok(Value::Array(a))
        }
        ("*", Value::String(text), Value::Number(times)) => {
            let times = times.as_f64().unwrap_or(0.0);
            if times <= 0.0 {
                return Ok(Value::Null);
            }
            let times = times.ceil() as usize;
            if text.len().saturating_mul(times) > MOST {
                return error("Repeat string result too long");
            }
            Ok(Value::from(text.repeat(times.max(1))))
        }
        ("*", Value::Object(mut a), Value::Object(b)) => {
            merge(&mut a, b, 0);
            Ok(Value::Object(a))
        }
        ("/", Value::String(a), Value::String(b)) => Ok(split(&a, b)),
        ("+", left, _) => refused(&left, "added"),
        ("-", left, _) => refused(&left, "subtracted"),
        ("*", left, _) => refused(&left, "multiplied"),
        (_, left, _) => refused(&left, "divided"),
    }
}

fn merge(a: &mut Map<String, Value>, b: &Map<String, Value>, depth: usize) {
    for (key, value) in b {
        match (a.get_mut(key), value) {
            (Some(Value::Object(own)), Value::Object(more)) if depth < 100 => {
                merge(own, more, depth + 1);
            }
            _ => {
                a.insert(key.clone(), value.clone());
            }
        }
    }
}

pub fn split(text: &str, by: &str) -> Value {
    let pieces: Vec<Value> = match (text, by) {
        ("", _) => Vec::new(),
        (text, "") => text.chars().map(|c| Value::from(c.to_string())).collect(),
        (text, by) => text.split(by).map(Value::from).collect(),
    };
    Value::Array(pieces)
}

/// Where an index leads in a list of this length.
fn position(index: &Value, length: usize) -> Option<usize> {
    let at = index.as_f64()?.floor();
    let at = if at < 0.0 { at + length as f64 } else { at };
    (at >= 0.0).then_some(at as usize)
}

pub fn index(value: &Value, key: &Value) -> Result<Value, Stop> {
    match (value, key) {
        (Value::Object(map), Value::String(key)) => {
            Ok(map.get(key).cloned().unwrap_or(Value::Null))
        }
        (Value::Array(items), Value::Number(_)) => Ok(position(key, items.len())
            .and_then(|at| items.get(at))
            .cloned()
            .unwrap_or(Value::Null)),
        (Value::Null, Value::String(_) | Value::Number(_) | Value::Null) => Ok(Value::Null),
        (Value::Array(items), Value::Array(wanted)) => Ok(Value::Array(
            (0..items.len())
                .filter(|at| items.get(*at..).unwrap_or_default().starts_with(wanted))
                .map(Value::from)
                .collect(),
        )),
        (value, Value::String(key)) => {
            let key = Value::from(key.as_str());
            error(format!(
                "Cannot index {} with {}",
                type_of(value),
                compact(&key)
            ))
        }
        (value, key) => error(format!(
            "Cannot index {} with {}",
            type_of(value),
            type_of(key)
        )),
    }
}

pub fn slice(value: &Value, from: &Value, to: &Value) -> Result<Value, Stop> {
    let range = |length: usize| {
        let at = |bound: &Value, default: usize| match bound {
            Value::Null => default,
            bound => position(bound, length).unwrap_or(0).min(length),
        };
        let from = at(from, 0);
        (from, at(to, length).max(from))
    };
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(items) => {
            let (from, to) = range(items.len());
            Ok(Value::Array(
                items.get(from..to).unwrap_or_default().to_vec(),
            ))
        }
        Value::String(text) => {
            let chars: Vec<char> = text.chars().collect();
            let (from, to) = range(chars.len());
            let piece: String = chars.get(from..to).unwrap_or_default().iter().collect();
            Ok(Value::from(piece))
        }
        other => error(format!("Cannot index {} with object", type_of(other))),
    }
}

pub fn get_path(value: &Value, path: &[Value]) -> Result<Value, Stop> {
    let mut at = value.clone();
    for key in path {
        if at.is_null() {
            return Ok(Value::Null);
        }
        at = index(&at, key)?;
    }
    Ok(at)
}

/// The longest list that a path makes.
const MOST_ITEMS: usize = 100_000;

pub fn set_path(value: Value, path: &[Value], new: Value) -> Result<Value, Stop> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(new);
    };
    match (value, key) {
        (Value::Null, Value::String(_)) => set_path(Value::Object(Map::new()), path, new),
        (Value::Null, Value::Number(_)) => set_path(Value::Array(Vec::new()), path, new),
        (Value::Object(mut map), Value::String(key)) => {
            let old = map.remove(key).unwrap_or(Value::Null);
            map.insert(key.clone(), set_path(old, rest, new)?);
            Ok(Value::Object(map))
        }
        (Value::Array(mut items), Value::Number(_)) => {
            let Some(at) = position(key, items.len()) else {
                return error("Out of bounds negative array index");
            };
            if at >= MOST_ITEMS {
                return error("Array index too large");
            }
            if items.len() <= at {
                items.resize(at + 1, Value::Null);
            }
            if let Some(item) = items.get_mut(at) {
                *item = set_path(item.take(), rest, new)?;
            }
            Ok(Value::Array(items))
        }
        (value, key) => {
            index(&value, key)?;
            error("Invalid path")
        }
    }
}

pub fn delete_paths(mut value: Value, mut paths: Vec<Vec<Value>>) -> Result<Value, Stop> {
    // From the last on, so that what is left keeps its place.
    paths.sort_by(|a, b| {
        let (a, b) = (Value::Array(a.clone()), Value::Array(b.clone()));
        compare(&b, &a)
    });
    for path in paths {
        value = delete(value, &path)?;
    }
    Ok(value)
}

fn delete(mut value: Value, path: &[Value]) -> Result<Value, Stop> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(Value::Null);
    };
    match (&mut value, key) {
        (Value::Object(map), Value::String(key)) => {
            if rest.is_empty() {
                map.remove(key);
            } else if let Some(inner) = map.get_mut(key) {
                *inner = delete(inner.take(), rest)?;
            }
        }
        (Value::Array(items), Value::Number(_)) => {
            let at = position(key, items.len()).filter(|at| *at < items.len());
            match (at, rest.is_empty()) {
                (Some(at), true) => {
                    items.remove(at);
                }
                (Some(at), false) => {
                    if let Some(inner) = items.get_mut(at) {
                        *inner = delete(inner.take(), rest)?;
                    }
                }
                (None, _) => {}
            }
        }
        (Value::Null, _) => {}
        (value, key) => {
            let (value, key) = (type_of(value), type_of(key));
            return error(format!("Cannot delete field at {value} index of {key}"));
        }
    }
    Ok(value)
}

/// A text as it is, anything else as JSON.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => compact(other),
    }
}

pub fn format(name: &str, value: &Value) -> Result<String, Stop> {
    let row = |quote: &dyn Fn(&str) -> String, between: &str| -> Result<String, Stop> {
        let Value::Array(items) = value else {
            return error(format!(
                "{} cannot be formatted, only an array can be",
                described(value)
            ));
        };
        let mut cells = Vec::new();
        for item in items {
            cells.push(match item {
                Value::Null => String::new(),
                Value::String(text) => quote(text),
                Value::Array(_) | Value::Object(_) => {
                    return error(format!("{} is not valid in a row", described(item)));
                }
                other => compact(other),
            });
        }
        Ok(cells.join(between))
    };
    let bytes = |allowed: &dyn Fn(u8) -> bool| -> String {
        let text = text(value);
        let one = |byte: u8| match allowed(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        text.bytes().map(one).collect()
    };
    Ok(match name {
        "json" => compact(value),
        "base64" => crate::api::base64::encode(text(value).as_bytes()),
        "base64d" => match crate::kubectl::shell::decode_base64(&text(value)) {
            (bytes, true) => String::from_utf8_lossy(&bytes).into_owned(),
            (_, false) => return error(format!("{} is not valid base64 data", described(value))),
        },
        "csv" => row(&|text| format!("\"{}\"", text.replace('"', "\"\"")), ",")?,
        "tsv" => row(
            &|text| {
                let text = text.replace('\\', "\\\\").replace('\t', "\\t");
                text.replace('\n', "\\n").replace('\r', "\\r")
            },
            "\t",
        )?,
        "html" => {
            let text = text(value).replace('&', "&amp;").replace('<', "&lt;");
            let text = text.replace('>', "&gt;").replace('\'', "&#39;");
            text.replace('"', "&quot;")
        }
        "uri" => bytes(&|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)),
        "sh" => {
            let quote = |value: &Value| match value {
                Value::String(text) => format!("'{}'", text.replace('\'', "'\\''")),
                other => compact(other),
            };
            match value {
                Value::Array(items) => {
                    let words: Vec<String> = items.iter().map(quote).collect();
                    words.join(" ")
                }
                other => quote(other),
            }
        }
        _ => text(value),
    })
}
