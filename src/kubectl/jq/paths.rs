//! Places in values: what stands there, what is put there, what is taken away.

use std::rc::Rc;

use super::arithmetic::Failed;
use super::value::{Object, Value};

/// The longest list that a path makes.
const MOST_ITEMS: f64 = 1_000_000.0;

fn fail<T>(message: String) -> Result<T, Value> {
    Err(Value::text(&message))
}

/// The bounds of a slice of something that is so long.
fn bounds(slice: &Object, length: usize) -> Option<(usize, usize)> {
    let bound = |name: &str, default: f64| match slice.get(name) {
        None | Some(Value::Null) => Some(default),
        Some(Value::Number(number)) => Some(number.value),
        Some(_) => None,
    };
    let whole = length as f64;
    let from_end = |at: f64| if at < 0.0 { at + whole } else { at };
    let from = from_end(bound("start", 0.0)?).clamp(0.0, whole).floor();
    let to = from_end(bound("end", whole)?).clamp(0.0, whole).ceil();
    Some((from as usize, to.max(from) as usize))
}

/// Where a number leads in a list of this length.
fn position(number: f64, length: usize) -> Option<usize> {
    let at = number.floor();
    let at = if at < 0.0 { at + length as f64 } else { at };
    (at >= 0.0).then_some(at as usize)
}

pub fn index(value: &Value, key: &Value) -> Failed<Value> {
    Ok(match (value, key) {
        (Value::Object(object), Value::Text(key)) => {
            object.get(key).cloned().unwrap_or(Value::Null)
        }
        (Value::Array(array), Value::Number(number)) => position(number.value, array.items.len())
            .and_then(|at| array.items.get(at))
            .cloned()
            .unwrap_or(Value::Null),
        (Value::Array(array), Value::Object(slice)) => match bounds(slice, array.items.len()) {
            Some((from, to)) => {
                Value::array(array.items.get(from..to).unwrap_or_default().to_vec())
            }
            None => {
                return fail("Start and end indices of an array slice must be numbers".to_owned());
            }
        },
        (Value::Text(text), Value::Object(slice)) => {
            let length = text.chars().count();
            match bounds(slice, length) {
                Some((from, to)) => {
                    let part: String = text.chars().skip(from).take(to - from).collect();
                    Value::text(&part)
                }
                None => {
                    return fail(
                        "Start and end indices of an string slice must be numbers".to_owned(),
                    );
                }
            }
        }
        (Value::Array(array), Value::Array(part)) => occurrences(&array.items, &part.items),
        (Value::Null, Value::Text(_) | Value::Number(_) | Value::Object(_)) => Value::Null,
        (value, Value::Text(key)) if key.len() < 30 => {
            return fail(format!(
                "Cannot index {} with string \"{key}\"",
                value.kind()
            ));
        }
        (value, key) => {
            return fail(format!("Cannot index {} with {}", value.kind(), key.kind()));
        }
    })
}

/// Where a list stands in another.
pub fn occurrences(items: &[Value], part: &[Value]) -> Value {
    if part.is_empty() {
        return Value::Null;
    }
    let here = |window: &[Value]| window.iter().zip(part).all(|(a, b)| a.equals(b));
    let found = items.windows(part.len()).enumerate();
    let found = found.filter(|(_, window)| here(window));
    Value::array(found.map(|(at, _)| Value::count(at)).collect())
}

pub fn get(value: &Value, path: &[Value]) -> Failed<Value> {
    let mut at = value.clone();
    for key in path {
        at = index(&at, key)?;
    }
    Ok(at)
}

pub fn set(value: Value, path: &[Value], new: Value) -> Failed<Value> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(new);
    };
    if rest.len() > super::value::DEEPEST as usize {
        return fail("Path too deep".to_owned());
    }
    let value = match (value, key) {
        (Value::Null, Value::Text(_)) => Value::object(Object::default()),
        (Value::Null, Value::Number(_) | Value::Object(_)) => Value::array(Vec::new()),
        (value, _) => value,
    };
    match (value, key) {
        (Value::Object(mut object), Value::Text(key)) => {
            let inside = Rc::make_mut(&mut object);
            let old = inside.take(key);
            inside.set(key.clone(), set(old, rest, new)?);
            Ok(Value::Object(object))
        }
        (Value::Array(mut array), Value::Number(number)) => {
            let Some(at) = position(number.value, array.items.len()) else {
                return fail("Out of bounds negative array index".to_owned());
            };
            if at as f64 >= MOST_ITEMS {
                return fail("Array index too large".to_owned());
            }
            let inside = Rc::make_mut(&mut array);
            let old = inside.take(at);
            inside.change(at, set(old, rest, new)?);
            Ok(Value::Array(array))
        }
        (Value::Array(array), Value::Object(slice)) => {
            let Some((from, to)) = bounds(slice, array.items.len()) else {
                return fail("Start and end indices of an array slice must be numbers".to_owned());
            };
            let part = array.items.get(from..to).unwrap_or_default().to_vec();
            match set(Value::array(part), rest, new)? {
                Value::Array(new) => {
                    let mut items = taken(array);
                    items.splice(from..to, new.items.iter().cloned());
                    Ok(Value::array(items))
                }
                _ => fail("A slice of an array can only be assigned another array".to_owned()),
            }
        }
        (value, key) => {
            index(&value, key)?;
            fail(format!(
                "Cannot update field at {} index of {}",
                key.kind(),
                value.kind()
            ))
        }
    }
}

/// What is in a list, without a copy where nobody else has it.
pub fn taken(array: Rc<super::value::Array>) -> Vec<Value> {
    match Rc::try_unwrap(array) {
        Ok(array) => array.items,
        Err(array) => array.items.clone(),
    }
}

pub fn delete(value: Value, mut paths: Vec<Value>) -> Failed<Value> {
    // From the last on, so that what is left keeps its place.
    for path in &paths {
        if path.items().is_none() {
            return fail(format!(
                "Path must be specified as array, not {}",
                path.kind()
            ));
        }
    }
    paths.sort_by(Value::compare);
    paths.dedup_by(|a, b| a.equals(b));
    let mut value = value;
    for path in paths.iter().rev() {
        value = delete_one(value, path.items().unwrap_or_default())?;
    }
    Ok(value)
}

fn delete_one(value: Value, path: &[Value]) -> Failed<Value> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(Value::Null);
    };
    if !rest.is_empty() {
        let inner = index(&value, key)?;
        return match inner {
            Value::Null => Ok(value),
            inner => {
                let changed = delete_one(inner, rest)?;
                set(value, std::slice::from_ref(key), changed)
            }
        };
    }
    match (value, key) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Object(mut object), Value::Text(key)) => {
            Rc::make_mut(&mut object).remove(key);
            Ok(Value::Object(object))
        }
        (Value::Array(array), Value::Number(number)) => {
            let mut items = taken(array);
            let at = position(number.value, items.len());
            if let Some(at) = at.filter(|at| *at < items.len()) {
                items.remove(at);
            }
            Ok(Value::array(items))
        }
        (Value::Array(array), Value::Object(slice)) => {
            let mut items = taken(array);
            let Some((from, to)) = bounds(slice, items.len()) else {
                return fail("Start and end indices of an array slice must be numbers".to_owned());
            };
            items.drain(from..to);
            Ok(Value::array(items))
        }
        (Value::Object(_), key) => fail(format!("Cannot delete {} field of object", key.kind())),
        (Value::Array(_), key) => fail(format!("Cannot delete {} element of array", key.kind())),
        (value, _) => fail(format!("Cannot delete fields from {}", value.kind())),
    }
}
