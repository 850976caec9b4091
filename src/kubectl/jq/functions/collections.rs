//! Functions of lists and objects.

use std::rc::Rc;

use super::super::arithmetic::{self, Failed};
use super::super::json;
use super::super::paths;
use super::super::value::{Object, Value};
use super::{List, argument, array, fail, inside};

pub const LIST: List = &[
    ("length", 0, |input, _| length(&input)),
    ("keys", 0, |input, _| keys(&input, true)),
    ("keys_unsorted", 0, |input, _| keys(&input, false)),
    ("type", 0, |input, _| Ok(Value::text(input.kind()))),
    ("has", 1, |input, arguments| {
        has(&input, argument(arguments, 0))
    }),
    ("contains", 1, |input, arguments| {
        let part = argument(arguments, 0);
        contains(&input, part).map(Value::Bool)
    }),
    ("add", 0, |input, _| {
        let mut sum = Value::Null;
        for item in inside(&input)? {
            sum = arithmetic::add(sum, &item)?;
        }
        Ok(sum)
    }),
    ("sort", 0, |input, _| {
        let mut items = array(&input, "sorted")?.to_vec();
        items.sort_by(Value::compare);
        Ok(Value::array(items))
    }),
    ("unique", 0, |input, _| {
        let mut items = inside(&input)?;
        items.sort_by(Value::compare);
        items.dedup_by(|a, b| a.equals(b));
        Ok(Value::array(items))
    }),
    ("min", 0, |input, _| {
        let items = compared(&input)?.iter();
        Ok(items
            .min_by(|a, b| a.compare(b))
            .cloned()
            .unwrap_or(Value::Null))
    }),
    ("max", 0, |input, _| {
        let items = compared(&input)?.iter();
        Ok(items
            .max_by(|a, b| a.compare(b))
            .cloned()
            .unwrap_or(Value::Null))
    }),
    ("_sort_by", 1, |input, arguments| {
        let sorted = keyed(&input, argument(arguments, 0), "sorted")?;
        Ok(Value::array(sorted.into_iter().map(|(_, v)| v).collect()))
    }),
    ("_group_by", 1, |input, arguments| {
        let groups = groups(&input, argument(arguments, 0))?;
        Ok(Value::array(groups.into_iter().map(Value::array).collect()))
    }),
    ("_unique_by", 1, |input, arguments| {
        let groups = groups(&input, argument(arguments, 0))?;
        let firsts = groups.into_iter().filter_map(|g| g.into_iter().next());
        Ok(Value::array(firsts.collect()))
    }),
    ("_min_by", 1, |input, arguments| {
        let sorted = keyed(&input, argument(arguments, 0), "sorted")?;
        Ok(sorted.into_iter().next().map_or(Value::Null, |(_, v)| v))
    }),
    ("_max_by", 1, |input, arguments| {
        let sorted = keyed(&input, argument(arguments, 0), "sorted")?;
        Ok(sorted
            .into_iter()
            .next_back()
            .map_or(Value::Null, |(_, v)| v))
    }),
    ("reverse", 0, |input, _| match &input {
        Value::Null => Ok(Value::array(Vec::new())),
        Value::Text(text) => Ok(Value::text(&text.chars().rev().collect::<String>())),
        Value::Object(object) if object.len() == 0 => Ok(Value::array(Vec::new())),
        Value::Array(array) => Ok(Value::array(array.items.iter().rev().cloned().collect())),
        other => fail(&format!("Cannot index {} with number", other.kind())),
    }),
    ("flatten", 0, |input, _| flatten(&input, f64::INFINITY)),
    ("flatten", 1, |input, arguments| {
        match argument(arguments, 0) {
            Value::Number(depth) => flatten(&input, depth.value),
            _ => fail("flatten depth must not be negative"),
        }
    }),
    ("from_entries", 0, |input, _| from_entries(&input)),
    ("transpose", 0, |input, _| {
        let rows = array(&input, "transposed")?;
        let width = rows.iter().filter_map(Value::items).map(<[Value]>::len);
        let width = width.max().unwrap_or(0);
        let mut columns = Vec::new();
        for at in 0..width {
            let key = Value::count(at);
            let column: Failed<Vec<Value>> = rows.iter().map(|r| paths::index(r, &key)).collect();
            columns.push(Value::array(column?));
        }
        Ok(Value::array(columns))
    }),
    ("setpath", 2, |input, arguments| {
        match argument(arguments, 0).items() {
            Some(path) => paths::set(input, path, argument(arguments, 1).clone()),
            None => fail("Path must be specified as an array"),
        }
    }),
    ("delpaths", 1, |input, arguments| {
        match argument(arguments, 0).items() {
            Some(list) => paths::delete(input, list.to_vec()),
            None => fail("Paths must be specified as an array"),
        }
    }),
    ("indices", 1, |input, arguments| {
        indices(&input, argument(arguments, 0))
    }),
    ("index", 1, |input, arguments| {
        let found = indices(&input, argument(arguments, 0))?;
        let first = found.items().and_then(<[Value]>::first).cloned();
        Ok(first.unwrap_or(Value::Null))
    }),
    ("rindex", 1, |input, arguments| {
        let found = indices(&input, argument(arguments, 0))?;
        let last = found.items().and_then(<[Value]>::last).cloned();
        Ok(last.unwrap_or(Value::Null))
    }),
    ("bsearch", 1, |input, arguments| {
        let wanted = argument(arguments, 0);
        let items = array(&input, "searched from")?;
        Ok(match items.binary_search_by(|item| item.compare(wanted)) {
            Ok(at) => Value::count(at),
            Err(at) => Value::number(-1.0 - at as f64),
        })
    }),
    ("tojson", 0, |input, _| {
        Ok(Value::text(&json::compact(&input)))
    }),
    ("fromjson", 0, |input, _| match &input {
        Value::Text(text) => json::parse(text).map_err(|m| Value::text(&m)),
        other => fail(&format!("{} only strings can be parsed", other.described())),
    }),
    ("tostring", 0, |input, _| Ok(Value::Text(input.shown()))),
];

fn compared(input: &Value) -> Failed<&[Value]> {
    match input.items() {
        Some(items) => Ok(items),
        None => {
            let input = input.described();
            fail(&format!("{input} and {input} cannot be iterated over"))
        }
    }
}

fn length(input: &Value) -> Failed<Value> {
    Ok(match input {
        Value::Null => Value::count(0),
        Value::Bool(_) => return fail(&format!("{} has no length", input.described())),
        Value::Number(number) => Value::number(number.value.abs()),
        Value::Text(text) => Value::count(text.chars().count()),
        Value::Array(array) => Value::count(array.items.len()),
        Value::Object(object) => Value::count(object.len()),
    })
}

fn keys(input: &Value, sorted: bool) -> Failed<Value> {
    let key = |(key, _): (&Rc<str>, &Value)| Value::Text(key.clone());
    Ok(Value::array(match input {
        Value::Object(object) if sorted => object.sorted().map(key).collect(),
        Value::Object(object) => object.iter().map(key).collect(),
        Value::Array(array) => (0..array.items.len()).map(Value::count).collect(),
        other => return fail(&format!("{} has no keys", other.described())),
    }))
}

fn has(input: &Value, key: &Value) -> Failed<Value> {
    Ok(Value::Bool(match (input, key) {
        (Value::Object(object), Value::Text(key)) => object.get(key).is_some(),
        (Value::Array(array), Value::Number(number)) => {
            number.value >= 0.0 && (number.value as usize) < array.items.len()
        }
        (input, key) => {
            let (input, key) = (input.kind(), key.kind());
            return fail(&format!("Cannot check whether {input} has a {key} key"));
        }
    }))
}

fn contains(a: &Value, b: &Value) -> Failed<bool> {
    Ok(match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, part) in b.iter() {
                match a.get(key) {
                    Some(own) if own.kind() == part.kind() && contains(own, part)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::Array(a), Value::Array(b)) => {
            let inside = |part: &Value| {
                let fits =
                    |own: &Value| own.kind() == part.kind() && contains(own, part).unwrap_or(false);
                a.items.iter().any(fits)
            };
            b.items.iter().all(inside)
        }
        (Value::Text(a), Value::Text(b)) => a.contains(&**b),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (a, b) if a.kind() == b.kind() => a.equals(b),
        (a, b) => {
            let (a, b) = (a.described(), b.described());
            let message = format!("{a} and {b} cannot have their containment checked");
            return fail(&message);
        }
    })
}

/// Values with their keys, by key.
fn keyed(input: &Value, keys: &Value, what: &str) -> Failed<Vec<(Value, Value)>> {
    let (Some(items), Some(keys)) = (input.items(), keys.items()) else {
        let (input, keys) = (input.described(), keys.described());
        return fail(&format!(
            "{input} and {keys} cannot be {what}, as they are not both arrays"
        ));
    };
    let mut keyed: Vec<(Value, Value)> = keys.iter().cloned().zip(items.iter().cloned()).collect();
    keyed.sort_by(|(a, _), (b, _)| a.compare(b));
    Ok(keyed)
}

fn groups(input: &Value, keys: &Value) -> Failed<Vec<Vec<Value>>> {
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in keyed(input, keys, "sorted")? {
        match groups.last_mut() {
            Some((last, items)) if last.equals(&key) => items.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    Ok(groups.into_iter().map(|(_, items)| items).collect())
}

fn flatten(input: &Value, depth: f64) -> Failed<Value> {
    fn level(items: &[Value], depth: f64, out: &mut Vec<Value>) {
        for item in items {
            match item {
                Value::Array(inner) if depth > 0.0 => level(&inner.items, depth - 1.0, out),
                other => out.push(other.clone()),
            }
        }
    }
    if depth < 0.0 {
        return fail("flatten depth must not be negative");
    }
    let mut out = Vec::new();
    level(&inside(input)?, depth, &mut out);
    Ok(Value::array(out))
}

fn from_entries(input: &Value) -> Failed<Value> {
    let mut object = Object::default();
    for item in inside(input)? {
        let field = |name: &str| paths::index(&item, &Value::text(name));
        // The first that is not null, nor false.
        let mut key = Value::Null;
        for name in ["key", "k", "name", "Name", "Key", "K"] {
            let found = field(name)?;
            let settled = found.truthy();
            if settled || matches!(found, Value::Bool(_)) && matches!(key, Value::Null) {
                key = found;
            }
            if settled {
                break;
            }
        }
        let key: Rc<str> = match &key {
            Value::Text(key) => key.clone(),
            Value::Number(_) | Value::Bool(_) | Value::Null => key.shown(),
            other => {
                let message = format!("Cannot use {} as object key", other.described());
                return fail(&message);
            }
        };
        let mut value = Value::Null;
        for name in ["value", "v", "Value", "V"] {
            if let Value::Object(object) = &item
                && let Some(found) = object.get(name)
            {
                value = found.clone();
                break;
            }
        }
        object.set(key, value);
    }
    Ok(Value::object(object))
}

fn indices(input: &Value, wanted: &Value) -> Failed<Value> {
    match (input, wanted) {
        (Value::Text(text), Value::Text(part)) if !part.is_empty() => {
            // They may overlap.
            let mut found = Vec::new();
            for (count, (at, _)) in text.char_indices().enumerate() {
                if text.get(at..).unwrap_or_default().starts_with(&**part) {
                    found.push(Value::count(count));
                }
            }
            Ok(Value::array(found))
        }
        (Value::Text(_), Value::Text(_)) => Ok(Value::Null),
        (Value::Array(array), Value::Array(part)) => {
            Ok(paths::occurrences(&array.items, &part.items))
        }
        (Value::Array(array), one) => {
            Ok(paths::occurrences(&array.items, std::slice::from_ref(one)))
        }
        (input, wanted) => paths::index(input, wanted),
    }
}
