//! Functions of the input alone.

use serde_json::{Map, Value, json};

use super::super::Ast;
use super::super::eval::{Done, Env, Out, Run, Stop, error};
use super::super::values::{self, compare, described, index, number, text, truthy, type_of};
use super::{array, float, string};

impl Run {
    pub(super) fn plain(&mut self, name: &str, input: &Value, out: Out<'_>) -> Done {
        let value = match name {
            "empty" => return Ok(()),
            "error" => return Err(Stop::Error(input.clone())),
            "not" => Value::Bool(!truthy(input)),
            "length" => match input {
                Value::Null => Value::from(0),
                Value::Bool(_) => return error(format!("{} has no length", described(input))),
                Value::Number(n) => number(n.as_f64().unwrap_or(0.0).abs()),
                Value::String(text) => Value::from(text.chars().count()),
                Value::Array(items) => Value::from(items.len()),
                Value::Object(map) => Value::from(map.len()),
            },
            "utf8bytelength" => Value::from(string(input)?.len()),
            "keys" | "keys_unsorted" => match input {
                Value::Object(map) => map.keys().map(|k| Value::from(k.as_str())).collect(),
                Value::Array(items) => (0..items.len()).map(Value::from).collect(),
                other => return error(format!("{} has no keys", described(other))),
            },
            "values" | "nulls" | "booleans" | "numbers" | "strings" | "arrays" | "objects"
            | "iterables" | "scalars" => {
                let kind = type_of(input);
                let fits = match name {
                    "values" => kind != "null",
                    "iterables" => matches!(kind, "array" | "object"),
                    "scalars" => !matches!(kind, "array" | "object"),
                    wanted => wanted.strip_suffix('s') == Some(kind),
                };
                return if fits { out(input.clone()) } else { Ok(()) };
            }
            "recurse" => return self.recurse(input, out),
            "add" => {
                let items: Vec<Value> = match input {
                    Value::Object(map) => map.values().cloned().collect(),
                    other => array(other, "added")?.to_vec(),
                };
                let mut sum = Value::Null;
                for item in &items {
                    self.step()?;
                    sum = values::apply("+", sum, item)?;
                }
                sum
            }
            "any" => Value::Bool(array(input, "searched")?.iter().any(truthy)),
            "all" => Value::Bool(array(input, "searched")?.iter().all(truthy)),
            "type" => Value::from(type_of(input)),
            "tostring" => Value::from(text(input)),
            "tojson" => Value::from(values::compact(input)),
            "fromjson" => match serde_json::from_str(string(input)?) {
                Ok(value) => value,
                Err(fault) => return error(format!("{fault} (while parsing '{}')", text(input))),
            },
            "tonumber" => match input {
                Value::Number(_) => input.clone(),
                Value::String(text) => match text.trim().parse::<f64>() {
                    Ok(value) => number(value),
                    Err(_) => {
                        return error(format!("{} cannot be parsed as a number", described(input)));
                    }
                },
                other => {
                    return error(format!("{} cannot be parsed as a number", described(other)));
                }
            },
            "floor" => number(float(input)?.floor()),
            "ceil" => number(float(input)?.ceil()),
            "round" => number(float(input)?.round()),
            "abs" => number(float(input)?.abs()),
            "fabs" => number(float(input)?.abs()),
            "sqrt" => number(float(input)?.sqrt()),
            "sort" => {
                let mut items = array(input, "sorted")?.to_vec();
                items.sort_by(compare);
                Value::Array(items)
            }
            "unique" => {
                let mut items = array(input, "sorted")?.to_vec();
                items.sort_by(compare);
                items.dedup_by(|a, b| compare(a, b).is_eq());
                Value::Array(items)
            }
            "min" | "max" => {
                let items = array(input, "compared")?.iter();
                let found = match name {
                    "min" => items.min_by(|a, b| compare(a, b)),
                    _ => items.max_by(|a, b| compare(a, b)),
                };
                found.cloned().unwrap_or(Value::Null)
            }
            "reverse" => match input {
                Value::Null => json!([]),
                Value::String(text) => Value::from(text.chars().rev().collect::<String>()),
                other => array(other, "reversed")?.iter().rev().cloned().collect(),
            },
            "flatten" => {
                let mut items = Vec::new();
                flatten(array(input, "flattened")?, 100, &mut items);
                Value::Array(items)
            }
            "first" => index(input, &Value::from(0))?,
            "last" => index(input, &Value::from(-1))?,
            "to_entries" => match input {
                Value::Object(map) => map
                    .iter()
                    .map(|(key, value)| json!({"key": key, "value": value}))
                    .collect(),
                other => return error(format!("{} has no keys", described(other))),
            },
            "from_entries" => {
                let mut map = Map::new();
                for item in array(input, "made an object")? {
                    let field = |names: &[&str]| {
                        let found = names.iter().map(|n| &item[*n]);
                        found.into_iter().find(|v| !v.is_null()).cloned()
                    };
                    let key = match field(&["key", "k", "name", "Name", "Key", "K"]) {
                        Some(Value::String(key)) => key,
                        Some(other) => text(&other),
                        None => "null".to_owned(),
                    };
                    let value = field(&["value", "v", "Value", "V"]).unwrap_or(Value::Null);
                    map.insert(key, value);
                }
                Value::Object(map)
            }
            "paths" | "leaf_paths" => {
                let all = self.paths(&Ast::Recurse, input, &Env::default())?;
                for path in all.into_iter().filter(|p| !p.is_empty()) {
                    let at = values::get_path(input, &path)?;
                    if name == "paths" || !matches!(at, Value::Array(_) | Value::Object(_)) {
                        out(Value::Array(path))?;
                    }
                }
                return Ok(());
            }
            "ascii_downcase" => Value::from(string(input)?.to_ascii_lowercase()),
            "ascii_upcase" => Value::from(string(input)?.to_ascii_uppercase()),
            "trim" => Value::from(string(input)?.trim()),
            "ltrim" => Value::from(string(input)?.trim_start()),
            "rtrim" => Value::from(string(input)?.trim_end()),
            "explode" => string(input)?
                .chars()
                .map(|c| Value::from(u32::from(c)))
                .collect(),
            "implode" => {
                let mut text = String::new();
                for item in array(input, "imploded")? {
                    let code = item.as_u64().and_then(|n| u32::try_from(n).ok());
                    text.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                }
                Value::from(text)
            }
            "transpose" => {
                let rows = array(input, "transposed")?;
                let width = rows.iter().filter_map(|r| r.as_array().map(Vec::len)).max();
                (0..width.unwrap_or(0))
                    .map(|i| rows.iter().map(|r| r[i].clone()).collect::<Value>())
                    .collect()
            }
            "infinite" => number(f64::MAX),
            "nan" | "null" => Value::Null,
            "now" => Value::Null,
            "env" => json!({}),
            "halt" => return Err(Stop::Break(0)),
            "debug" | "input_line_number" => input.clone(),
            "isempty" => Value::Bool(false),
            "todate" | "todateiso8601" | "strftime" => {
                let seconds = float(input)?;
                let nanos = (seconds.clamp(-9e9, 9e9) as i64).saturating_mul(1_000_000_000);
                Value::from(crate::api::rfc3339::format_time(nanos))
            }
            "fromdate" | "fromdateiso8601" => {
                match crate::api::rfc3339::parse_time(string(input)?) {
                    Some(nanos) => Value::from(nanos.div_euclid(1_000_000_000)),
                    None => {
                        return error(format!(
                            "date {} does not match format \"%Y-%m-%dT%H:%M:%SZ\"",
                            values::compact(input)
                        ));
                    }
                }
            }
            other => return error(format!("{other}/0 is not defined")),
        };
        out(value)
    }
}

pub(super) fn flatten(items: &[Value], depth: usize, out: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::Array(inner) if depth > 0 => flatten(inner, depth - 1, out),
            other => out.push(other.clone()),
        }
    }
}
