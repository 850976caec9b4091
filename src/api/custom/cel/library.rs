//! What the functions do: those of the language here, those of the extensions below.

mod amounts;
mod format;
mod net;
mod numbers;
mod strings;

use std::cmp::Ordering;
use std::rc::Rc;

use super::estimate::{PER_CHARACTER, scaled};
use super::eval::{Fail, Outcome, fail, no_overload};
use super::time;
use super::value::{List, ListKind, Value};
use crate::api::rfc3339::SECOND;

pub use format::display;

/// What a call costs, beside its arguments (`library/cost.go`, `interpreter/runtimecost.go`).
pub fn cost(function: &str, args: &[Value]) -> u64 {
    let size = |i: usize| args.get(i).map_or(1, Value::size);
    let traversal = scaled(size(0), PER_CHARACTER);
    match function {
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
            args.first().map_or(1, whole)
        }
        "url" | "lowerAscii" | "upperAscii" | "substring" | "trim" | "cidr" | "isIP" | "isCIDR"
        | "ip" | "quantity" | "isQuantity" | "format" => traversal.max(1),
        "replace" | "split" | "ip.isCanonical" => traversal.saturating_mul(2),
        "join" => 1,
        "find" | "findAll" | "matches" => {
            let text = scaled(size(0) + 1, PER_CHARACTER);
            text.saturating_mul(scaled(size(1), 0.25))
        }
        "contains" => traversal.saturating_mul(scaled(size(1), PER_CHARACTER)),
        "startsWith" | "endsWith" => scaled(size(1), PER_CHARACTER),
        "@in" => match args.get(1) {
            Some(Value::List(list)) => list.items.len() as u64,
            _ => 1,
        },
        "sets.contains" | "sets.equivalent" | "sets.intersects" => {
            size(0).saturating_mul(size(1)).saturating_add(1)
        }
        "_+_" => match args.first() {
            Some(Value::Text(_) | Value::Bytes(_)) => scaled(size(0) + size(1), PER_CHARACTER),
            _ => 1,
        },
        "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => {
            let least = args.iter().map(whole).min();
            least.unwrap_or(1).max(1)
        }
        _ => 1,
    }
}

/// The cost of looking at everything in a value.
fn whole(value: &Value) -> u64 {
    match value {
        Value::Text(text) => text.len() as u64 / 10,
        Value::Bytes(bytes) => bytes.len() as u64 / 10,
        Value::List(list) => list.items.iter().fold(0, |sum, i| sum + whole(i)),
        Value::Map(map) => {
            let entries = map.entries.iter();
            entries.fold(0, |sum, (k, v)| sum + whole(k) + whole(v))
        }
        _ => 1,
    }
}

/// Calls a function; the target of a method is the first argument.
pub fn call(function: &str, method: bool, args: &[Value]) -> Outcome {
    match (function, args) {
        ("dyn", [value]) => Ok(value.clone()),
        ("type", [value]) => Ok(Value::Type(Rc::from(value.type_name()))),
        ("_==_", [a, b]) => Ok(Value::Bool(a.equals(b))),
        ("_!=_", [a, b]) => Ok(Value::Bool(!a.equals(b))),
        ("!_", [Value::Bool(b)]) => Ok(Value::Bool(!b)),
        ("_<_", [a, b]) => ordered(a, b, |o| o == Ordering::Less),
        ("_<=_", [a, b]) => ordered(a, b, |o| o != Ordering::Greater),
        ("_>_", [a, b]) => ordered(a, b, |o| o == Ordering::Greater),
        ("_>=_", [a, b]) => ordered(a, b, |o| o != Ordering::Less),
        ("_+_" | "_-_" | "_*_" | "_/_" | "_%_", [a, b]) => numbers::arithmetic(function, a, b),
        ("-_", [value]) => numbers::negative(value),
        ("@in", [value, Value::List(list)]) => Ok(Value::Bool(list.contains(value))),
        ("@in", [key, Value::Map(map)]) => Ok(Value::Bool(map.get(key).is_some())),
        ("_[_]", [of, key]) => index(of, key),
        ("_[?_]", [of, key]) => {
            let inner = match of {
                Value::Optional(None) => return Ok(Value::Optional(None)),
                Value::Optional(Some(inner)) => inner,
                other => other,
            };
            Ok(Value::Optional(member(inner, key).map(Rc::new)))
        }
        ("size", [Value::Text(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_)]) => {
            Ok(Value::Int(args.first().map_or(0, Value::size) as i64))
        }
        (
            "bool" | "int" | "uint" | "double" | "string" | "bytes" | "duration" | "timestamp",
            [value],
        ) => numbers::convert(function, value),
        ("optional.none", []) => Ok(Value::Optional(None)),
        ("optional.of", [value]) => Ok(Value::some(value.clone())),
        ("optional.ofNonZeroValue", [value]) => Ok(match value.is_zero() {
            true => Value::Optional(None),
            false => Value::some(value.clone()),
        }),
        ("hasValue", [Value::Optional(value)]) => Ok(Value::Bool(value.is_some())),
        ("value", [Value::Optional(value)]) => match value {
            Some(value) => Ok(Value::clone(value)),
            None => fail("optional.none() dereference"),
        },
        ("isSorted" | "sum" | "max" | "min", [Value::List(list)]) => of_list(function, list),
        ("indexOf", [Value::List(list), value]) => {
            let at = list.items.iter().position(|i| i.equals(value));
            Ok(Value::Int(at.map_or(-1, |i| i as i64)))
        }
        ("lastIndexOf", [Value::List(list), value]) => {
            let at = list.items.iter().rposition(|i| i.equals(value));
            Ok(Value::Int(at.map_or(-1, |i| i as i64)))
        }
        ("sets.contains", [Value::List(a), Value::List(b)]) => {
            Ok(Value::Bool(b.items.iter().all(|i| a.contains(i))))
        }
        ("sets.equivalent", [Value::List(a), Value::List(b)]) => {
            let both =
                b.items.iter().all(|i| a.contains(i)) && a.items.iter().all(|i| b.contains(i));
            Ok(Value::Bool(both))
        }
        ("sets.intersects", [Value::List(a), Value::List(b)]) => {
            Ok(Value::Bool(b.items.iter().any(|i| a.contains(i))))
        }
        (
            name,
            [
                value @ (Value::Timestamp(_) | Value::Duration(_)),
                rest @ ..,
            ],
        ) if method && name.starts_with("get") => getter(name, value, rest),
        ("format", [Value::Text(text), Value::List(list)]) => format::format(text, &list.items),
        (_, [Value::Text(_) | Value::List(_), ..]) if method => strings::call(function, args),
        ("matches", [Value::Text(_), Value::Text(_)]) | ("strings.quote", [_]) => {
            strings::call(function, args)
        }
        _ => match net::call(function, args) {
            Some(outcome) => outcome,
            None => amounts::call(function, args).unwrap_or_else(no_overload),
        },
    }
}

fn ordered(a: &Value, b: &Value, wanted: fn(Ordering) -> bool) -> Outcome {
    match a.order(b) {
        Some(order) => Ok(Value::Bool(wanted(order))),
        // Not a number is neither less nor more.
        None if a.is_number() && b.is_number() => Ok(Value::Bool(false)),
        None => no_overload(),
    }
}

fn place(key: &Value) -> Option<i64> {
    match key {
        Value::Int(i) => Some(*i),
        Value::Uint(i) => i64::try_from(*i).ok(),
        Value::Double(d) if d.fract() == 0.0 => Some(*d as i64),
        _ => None,
    }
}

fn member(of: &Value, key: &Value) -> Option<Value> {
    match of {
        Value::List(list) => {
            let at = usize::try_from(place(key)?).ok()?;
            list.items.get(at).cloned()
        }
        other => other.member(key).cloned(),
    }
}

fn index(of: &Value, key: &Value) -> Outcome {
    let inner = match of {
        Value::Optional(None) => return Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => {
            return Ok(Value::Optional(member(inner, key).map(Rc::new)));
        }
        other => other,
    };
    if let Some(found) = member(inner, key) {
        return Ok(found);
    }
    match (inner, place(key)) {
        (Value::List(_), Some(at)) => fail(format!("index out of bounds: {at}")),
        (Value::Map(_), _) => fail(format!("no such key: {}", display(key))),
        _ => no_overload(),
    }
}

fn of_list(function: &str, list: &List) -> Outcome {
    let items = &list.items;
    let ordered =
        |a: &Value, b: &Value| a.order(b).ok_or(Fail::Error("no such overload".to_owned()));
    match function {
        "isSorted" => {
            for pair in items.windows(2) {
                if let [a, b] = pair
                    && ordered(a, b)? == Ordering::Greater
                {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        }
        "sum" => {
            let Some(mut sum) = items.first().cloned() else {
                return Ok(Value::Int(0));
            };
            for item in items.iter().skip(1) {
                sum = numbers::arithmetic("_+_", &sum, item)?;
            }
            Ok(sum)
        }
        _ => {
            let Some(mut best) = items.first() else {
                return fail(format!("{function} called on empty list"));
            };
            let wanted = match function {
                "max" => Ordering::Greater,
                _ => Ordering::Less,
            };
            for item in items.iter().skip(1) {
                if ordered(item, best)? == wanted {
                    best = item;
                }
            }
            Ok(best.clone())
        }
    }
}

fn getter(function: &str, value: &Value, rest: &[Value]) -> Outcome {
    let nanos = match value {
        Value::Duration(nanos) => {
            let unit = match function {
                "getHours" => 3600 * SECOND,
                "getMinutes" => 60 * SECOND,
                "getSeconds" => SECOND,
                "getMilliseconds" => SECOND / 1000,
                _ => return no_overload(),
            };
            return Ok(Value::Int(nanos / unit));
        }
        Value::Timestamp(nanos) => *nanos,
        _ => return no_overload(),
    };
    let zone = match rest {
        [] => "",
        [Value::Text(zone)] => zone,
        _ => return no_overload(),
    };
    let Some(c) = time::parts(nanos, zone) else {
        return fail(format!("unknown time zone {zone}"));
    };
    Ok(Value::Int(match function {
        "getFullYear" => c.year,
        "getMonth" => i64::from(c.month) - 1,
        "getDayOfYear" => crate::api::rfc3339::day_of_year(&c),
        "getDayOfMonth" => i64::from(c.day) - 1,
        "getDate" => i64::from(c.day),
        "getDayOfWeek" => i64::from(c.weekday),
        "getHours" => i64::from(c.hour),
        "getMinutes" => i64::from(c.minute),
        "getSeconds" => i64::from(c.second),
        "getMilliseconds" => i64::from(c.nanosecond / 1_000_000),
        _ => return no_overload(),
    }))
}

/// Two lists as one.
fn joined(a: &List, b: &List) -> Value {
    match (&a.kind, a.items.is_empty()) {
        (ListKind::Atomic, true) => Value::list(b.items.clone()),
        _ => Value::List(Rc::new(a.plus(b))),
    }
}
