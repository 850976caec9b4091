//! Arithmetic, which does not wrap around, and conversions.

use std::rc::Rc;

use super::{display, joined};
use crate::api::custom::cel::eval::{Outcome, fail, no_overload};
use crate::api::custom::cel::time;
use crate::api::custom::cel::value::Value;
use crate::api::rfc3339::SECOND;

fn checked<T>(value: Option<T>, make: fn(T) -> Value, what: &str) -> Outcome {
    match value {
        Some(value) => Ok(make(value)),
        None => fail(what),
    }
}

const INT: &str = "integer overflow";
const UINT: &str = "unsigned integer overflow";
const DURATION: &str = "duration overflow";
const TIMESTAMP: &str = "timestamp overflow";

pub fn negative(value: &Value) -> Outcome {
    match value {
        Value::Int(n) => checked(n.checked_neg(), Value::Int, INT),
        Value::Double(n) => Ok(Value::Double(-n)),
        Value::Duration(n) => checked(n.checked_neg(), Value::Duration, DURATION),
        _ => no_overload(),
    }
}

pub fn arithmetic(operator: &str, a: &Value, b: &Value) -> Outcome {
    match (operator, a, b) {
        ("_/_", Value::Int(_), Value::Int(0)) | ("_/_", Value::Uint(_), Value::Uint(0)) => {
            fail("division by zero")
        }
        ("_%_", Value::Int(_), Value::Int(0)) | ("_%_", Value::Uint(_), Value::Uint(0)) => {
            fail("modulus by zero")
        }
        (_, Value::Int(a), Value::Int(b)) => {
            let value = match operator {
                "_+_" => a.checked_add(*b),
                "_-_" => a.checked_sub(*b),
                "_*_" => a.checked_mul(*b),
                "_/_" => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            checked(value, Value::Int, INT)
        }
        (_, Value::Uint(a), Value::Uint(b)) => {
            let value = match operator {
                "_+_" => a.checked_add(*b),
                "_-_" => a.checked_sub(*b),
                "_*_" => a.checked_mul(*b),
                "_/_" => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            checked(value, Value::Uint, UINT)
        }
        ("_%_", Value::Double(_), _) => no_overload(),
        (_, Value::Double(a), Value::Double(b)) => Ok(Value::Double(match operator {
            "_+_" => a + b,
            "_-_" => a - b,
            "_*_" => a * b,
            _ => a / b,
        })),
        ("_+_", Value::Text(a), Value::Text(b)) => Ok(Value::Text(Rc::from(format!("{a}{b}")))),
        ("_+_", Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([&**a, &**b].concat().into())),
        ("_+_", Value::List(a), Value::List(b)) => Ok(joined(a, b)),
        ("_+_", Value::Timestamp(t), Value::Duration(d))
        | ("_+_", Value::Duration(d), Value::Timestamp(t)) => checked(
            time::in_range(t + i128::from(*d)),
            Value::Timestamp,
            TIMESTAMP,
        ),
        ("_-_", Value::Timestamp(t), Value::Duration(d)) => checked(
            time::in_range(t - i128::from(*d)),
            Value::Timestamp,
            TIMESTAMP,
        ),
        ("_-_", Value::Timestamp(a), Value::Timestamp(b)) => {
            checked(i64::try_from(a - b).ok(), Value::Duration, DURATION)
        }
        ("_+_", Value::Duration(a), Value::Duration(b)) => {
            checked(a.checked_add(*b), Value::Duration, DURATION)
        }
        ("_-_", Value::Duration(a), Value::Duration(b)) => {
            checked(a.checked_sub(*b), Value::Duration, DURATION)
        }
        _ => no_overload(),
    }
}

/// The conversions that are named like their types.
pub fn convert(to: &str, value: &Value) -> Outcome {
    let out = match (to, value) {
        ("bool", Value::Bool(_))
        | ("int", Value::Int(_))
        | ("uint", Value::Uint(_))
        | ("double", Value::Double(_))
        | ("string", Value::Text(_))
        | ("bytes", Value::Bytes(_))
        | ("duration", Value::Duration(_))
        | ("timestamp", Value::Timestamp(_)) => Some(value.clone()),
        ("bool", Value::Text(text)) => match &**text {
            "true" | "TRUE" | "True" | "t" | "T" | "1" => Some(Value::Bool(true)),
            "false" | "FALSE" | "False" | "f" | "F" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        ("int", Value::Uint(n)) => {
            return checked(i64::try_from(*n).ok(), Value::Int, INT);
        }
        ("int", Value::Double(d)) => {
            let fits =
                d.is_finite() && *d > -9.223_372_036_854_776e18 && *d < 9.223_372_036_854_776e18;
            return checked(fits.then_some(*d as i64), Value::Int, INT);
        }
        ("int", Value::Text(text)) => text.parse().ok().map(Value::Int),
        ("int", Value::Timestamp(nanos)) => {
            let seconds = nanos.div_euclid(i128::from(SECOND));
            Some(Value::Int(seconds as i64))
        }
        ("int", Value::Duration(nanos)) => Some(Value::Int(*nanos)),
        ("uint", Value::Int(n)) => {
            return checked(u64::try_from(*n).ok(), Value::Uint, UINT);
        }
        ("uint", Value::Double(d)) => {
            let fits = d.is_finite() && *d >= 0.0 && *d < 1.844_674_407_370_955_2e19;
            return checked(fits.then_some(*d as u64), Value::Uint, UINT);
        }
        ("uint", Value::Text(text)) => text.parse().ok().map(Value::Uint),
        ("double", Value::Int(n)) => Some(Value::Double(*n as f64)),
        ("double", Value::Uint(n)) => Some(Value::Double(*n as f64)),
        ("double", Value::Text(text)) => text.parse().ok().map(Value::Double),
        ("bytes", Value::Text(text)) => Some(Value::Bytes(text.as_bytes().into())),
        ("string", Value::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Some(Value::text(text)),
            Err(_) => return fail("invalid UTF-8 in bytes, cannot convert to string"),
        },
        (
            "string",
            Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Double(_)
            | Value::Duration(_)
            | Value::Timestamp(_)
            | Value::Ip(_)
            | Value::Cidr(..),
        ) => Some(Value::text(&display(value))),
        ("duration", Value::Text(text)) => time::duration(text).map(Value::Duration),
        ("duration", Value::Int(n)) => Some(Value::Duration(*n)),
        ("timestamp", Value::Text(text)) => time::parse(text).map(Value::Timestamp),
        ("timestamp", Value::Int(seconds)) => {
            let nanos = i128::from(*seconds) * i128::from(SECOND);
            return checked(time::in_range(nanos), Value::Timestamp, TIMESTAMP);
        }
        _ => return no_overload(),
    };
    match out {
        Some(value) => Ok(value),
        None => {
            let to = match to {
                "duration" => "google.protobuf.Duration",
                "timestamp" => "google.protobuf.Timestamp",
                to => to,
            };
            fail(format!(
                "type conversion error from '{}' to '{to}'",
                value.type_name()
            ))
        }
    }
}
