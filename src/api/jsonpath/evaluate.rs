//! What a template finds in a value.

use serde_json::Value;

use super::{MOST_VALUES, Node, Step};
use crate::api::json::go_json;

/// Whether what a path does not find is an error.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) strict: bool,
}

pub(super) fn render<'v>(
    nodes: &'v [Node],
    at: &'v Value,
    look: Look,
    out: &mut String,
) -> Result<(), String> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Wrong(what) => return Err(what.clone()),
            Node::Path(steps) => {
                let found = walk(steps, vec![at], look)?;
                let texts: Vec<String> = found.into_iter().map(printed).collect();
                out.push_str(&texts.join(" "));
            }
            Node::Range(steps, body) => {
                for value in walk(steps, vec![at], look)? {
                    render(body, value, look, out)?;
                    if out.len() > 8 << 20 {
                        return Err("the output is too long".to_owned());
                    }
                }
            }
        }
    }
    Ok(())
}

fn printed(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => go_json(other),
    }
}

pub(super) fn walk<'v>(
    steps: &'v [Step],
    mut values: Vec<&'v Value>,
    look: Look,
) -> Result<Vec<&'v Value>, String> {
    let mut deep = false;
    for step in steps {
        let mut next = Vec::new();
        match step {
            // These do not ask what they are looked for in.
            Step::Literal(value) => next.push(value),
            Step::Wrong(what) => return Err(what.clone()),
            // All of one part comes before the next one.
            Step::Union(paths) if !deep => {
                for path in paths {
                    next.extend(walk(path, values.clone(), look)?);
                }
                values.clear();
            }
            _ => {}
        }
        if matches!(step, Step::Literal(_)) {
            values.clear();
        }
        for value in values {
            if deep {
                descend(value, &mut |v| {
                    // What does not fit is not an error below `..`.
                    let _ = take(step, v, Look { strict: false }, &mut next);
                });
            } else {
                take(step, value, look, &mut next)?;
            }
            if next.len() > MOST_VALUES {
                return Err("too many values".to_owned());
            }
        }
        deep = matches!(step, Step::Deep);
        values = next;
    }
    Ok(values)
}

fn descend<'v>(value: &'v Value, visit: &mut dyn FnMut(&'v Value)) {
    visit(value);
    match value {
        Value::Object(map) => map.values().for_each(|v| descend(v, visit)),
        Value::Array(items) => items.iter().for_each(|v| descend(v, visit)),
        _ => {}
    }
}

fn take<'v>(
    step: &'v Step,
    value: &'v Value,
    look: Look,
    out: &mut Vec<&'v Value>,
) -> Result<(), String> {
    match step {
        Step::Literal(_) | Step::Wrong(_) => {}
        Step::Deep => out.push(value),
        Step::Field(name) => match value {
            Value::Object(map) => match map.get(name) {
                Some(found) => out.push(found),
                None if look.strict => return Err(format!("{name} is not found")),
                None => {}
            },
            Value::Null => {}
            _ => {}
        },
        Step::All => match value {
            Value::Object(map) => out.extend(map.values()),
            Value::Array(items) => out.extend(items),
            _ => {}
        },
        Step::Index(index) => {
            let Some(items) = array(value)? else {
                return Ok(());
            };
            let length = items.len() as i64;
            let at = if *index < 0 { index + length } else { *index };
            match usize::try_from(at).ok().and_then(|i| items.get(i)) {
                Some(item) => out.push(item),
                None => return Err(outside(at, length)),
            }
        }
        Step::Slice { from, to, step } => {
            let Some(items) = array(value)? else {
                return Ok(());
            };
            let length = items.len() as i64;
            let place = |i: i64| if i < 0 { i + length } else { i };
            let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(length)));
            if from == to {
                return Ok(());
            }
            if !(0..length).contains(&from) {
                return Err(outside(from, length));
            }
            if !(0..=length).contains(&to) {
                return Err(outside(to - 1, length));
            }
            if from > to {
                return Err(format!(
                    "starting index {from} is greater than ending index {to}"
                ));
            }
            if *step <= 0 {
                return Err("step must be > 0".to_owned());
            }
            let chosen = items.iter().take(to as usize).skip(from as usize);
            out.extend(chosen.step_by(*step as usize));
        }
        Step::Union(paths) => {
            for path in paths {
                out.extend(walk(path, vec![value], look)?);
            }
        }
        Step::Filter {
            left,
            operator,
            right,
        } => {
            let items: Vec<&Value> = match value {
                Value::Array(items) => items.iter().collect(),
                Value::Null => return Ok(()),
                other => {
                    return Err(format!(
                        "{} is not array or slice and cannot be filtered",
                        crate::api::json::go_display(other, 0)
                    ));
                }
            };
            for item in items {
                if passes(left, operator, right.as_deref(), item)? {
                    out.push(item);
                }
            }
        }
    }
    Ok(())
}

fn outside(index: i64, length: i64) -> String {
    format!("array index out of bounds: index {index}, length {length}")
}

/// The items of a list; `None` for null, in which nothing is found.
fn array(value: &Value) -> Result<Option<&[Value]>, String> {
    let type_name = match value {
        Value::Array(items) => return Ok(Some(items)),
        Value::Null => return Ok(None),
        Value::Object(_) => "map[string]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
    };
    Err(format!("{type_name} is not array or slice"))
}

fn passes<'v>(
    left: &'v [Step],
    operator: &str,
    right: Option<&'v [Step]>,
    item: &'v Value,
) -> Result<bool, String> {
    // Items without the field do not pass; that is no error.
    let calm = Look { strict: false };
    let resolve = |steps: &'v [Step]| match walk(steps, vec![item], calm)?.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err("can only compare one element at a time".to_owned()),
    };
    let Some(right) = right else {
        // How many there are is all the same.
        return Ok(walk(left, vec![item], calm).is_ok_and(|found| !found.is_empty()));
    };
    let Some(left) = resolve(left)? else {
        return Ok(false);
    };
    let Some(right) = resolve(right)? else {
        return Ok(false);
    };
    let order = match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (a, b) => Some(printed(a).cmp(&printed(b))),
    };
    let Some(order) = order else { return Ok(false) };
    Ok(match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        other => return Err(format!("unrecognized filter operator {other}")),
    })
}
