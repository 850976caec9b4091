//! Operators of two sides.

use std::cmp::Ordering;
use std::rc::Rc;

use super::paths::taken;
use super::value::{Object, Value};

/// A value, or what is wrong: errors are values, too.
pub type Failed<T> = Result<T, Value>;

/// No text and no list grows longer.
pub const MOST: usize = 4 << 20;

fn refused(left: &Value, right: &Value, what: &str) -> Failed<Value> {
    let (left, right) = (left.described(), right.described());
    Err(Value::text(&format!("{left} and {right} cannot be {what}")))
}

pub fn apply(operator: &str, left: Value, right: &Value) -> Failed<Value> {
    let order = |wanted: fn(Ordering) -> bool| Ok(Value::Bool(wanted(left.compare(right))));
    match operator {
        "==" => order(Ordering::is_eq),
        "!=" => order(Ordering::is_ne),
        "<" => order(Ordering::is_lt),
        "<=" => order(Ordering::is_le),
        ">" => order(Ordering::is_gt),
        ">=" => order(Ordering::is_ge),
        "+" => add(left, right),
        "-" => subtract(left, right),
        "*" => multiply(left, right),
        "/" => divide(left, right),
        _ => remainder(left, right),
    }
}

pub fn add(left: Value, right: &Value) -> Failed<Value> {
    match (left, right) {
        (Value::Null, right) => Ok(right.clone()),
        (left, Value::Null) => Ok(left),
        (Value::Number(a), Value::Number(b)) => Ok(Value::number(a.value + b.value)),
        (Value::Text(a), Value::Text(b)) if a.len() + b.len() <= MOST => {
            Ok(Value::Text(Rc::from([&*a, &**b].concat())))
        }
        (Value::Array(mut a), Value::Array(b)) if a.items.len() + b.items.len() <= MOST => {
            Rc::make_mut(&mut a).extend(b);
            Ok(Value::Array(a))
        }
        (Value::Object(mut a), Value::Object(b)) => {
            let inside = Rc::make_mut(&mut a);
            for (key, value) in b.iter() {
                inside.set(key.clone(), value.clone());
            }
            Ok(Value::Object(a))
        }
        (left, right) => refused(&left, right, "added"),
    }
}

fn subtract(left: Value, right: &Value) -> Failed<Value> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Ok(Value::number(a.value - b.value)),
        (Value::Array(a), Value::Array(b)) => {
            let mut items = taken(a);
            items.retain(|item| !b.items.iter().any(|other| other.equals(item)));
            Ok(Value::array(items))
        }
        (left, right) => refused(&left, right, "subtracted"),
    }
}

fn multiply(left: Value, right: &Value) -> Failed<Value> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Ok(Value::number(a.value * b.value)),
        (Value::Text(text), Value::Number(n)) => repeat(&text, n.value),
        (Value::Number(n), Value::Text(text)) => repeat(text, n.value),
        (Value::Object(mut a), Value::Object(b)) => {
            merge(Rc::make_mut(&mut a), b);
            Ok(Value::Object(a))
        }
        (left, right) => refused(&left, right, "multiplied"),
    }
}

/// Less than once is not at all, and that is null.
fn repeat(text: &str, times: f64) -> Failed<Value> {
    if times.is_nan() || times <= 0.0 {
        return Ok(Value::Null);
    }
    let times = if times < 1.0 { 1 } else { times as usize };
    match text.len().checked_mul(times) {
        Some(length) if length <= MOST => Ok(Value::text(&text.repeat(times))),
        _ => Err(Value::text("Repeat string result too long")),
    }
}

fn merge(a: &mut Object, b: &Object) {
    for (key, value) in b.iter() {
        match (a.take(key), value) {
            (Value::Object(mut own), Value::Object(more)) => {
                merge(Rc::make_mut(&mut own), more);
                a.set(key.clone(), Value::Object(own));
            }
            _ => a.set(key.clone(), value.clone()),
        }
    }
}

fn divide(left: Value, right: &Value) -> Failed<Value> {
    match (left, right) {
        (left @ Value::Number(_), Value::Number(b)) if b.value == 0.0 => {
            refused(&left, right, "divided because the divisor is zero")
        }
        (Value::Number(a), Value::Number(b)) => Ok(Value::number(a.value / b.value)),
        (Value::Text(a), Value::Text(b)) => Ok(split(&a, b)),
        (left, right) => refused(&left, right, "divided"),
    }
}

fn remainder(left: Value, right: &Value) -> Failed<Value> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) if a.value.is_nan() || b.value.is_nan() => {
            Ok(Value::number(f64::NAN))
        }
        (left @ Value::Number(_), Value::Number(b)) if b.value as i64 == 0 => {
            let what = "divided (remainder) because the divisor is zero";
            refused(&left, right, what)
        }
        (Value::Number(a), Value::Number(b)) => {
            let rest = (a.value as i64).checked_rem(b.value as i64).unwrap_or(0);
            Ok(Value::number(rest as f64))
        }
        (left, right) => refused(&left, right, "divided (remainder)"),
    }
}

pub fn split(text: &str, by: &str) -> Value {
    Value::array(match (text, by) {
        ("", _) => Vec::new(),
        (text, "") => text
            .chars()
            .map(|c| Value::text(c.encode_utf8(&mut [0; 4])))
            .collect(),
        (text, by) => text.split(by).map(Value::text).collect(),
    })
}
