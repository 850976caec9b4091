//! Quantities, versions and named formats (`library/{quantity,semverlib,format}.go`).

use std::cmp::Ordering;
use std::rc::Rc;

use crate::api::base64;
use crate::api::custom::cel::eval::{Outcome, fail};
use crate::api::custom::cel::time;
use crate::api::custom::cel::value::{Semver, Value};
use crate::api::names;
use crate::api::quantity::{Format, Quantity};

/// Calls a function of these; nothing where it is none of them, or the arguments do not fit.
pub fn call(function: &str, args: &[Value]) -> Option<Outcome> {
    Some(match (function, args) {
        ("quantity", [Value::Text(text)]) => match Quantity::parse(text) {
            Ok(quantity) => Ok(Value::Quantity(quantity)),
            Err(why) => fail(why.to_string()),
        },
        ("isQuantity", [Value::Text(text)]) => Ok(Value::Bool(Quantity::parse(text).is_ok())),
        ("sign", [Value::Quantity(q)]) => Ok(Value::Int(i64::from(q.sign()))),
        ("isInteger", [Value::Quantity(q)]) => Ok(Value::Bool(fits(q))),
        ("asInteger", [Value::Quantity(q)]) => match fits(q) {
            true => Ok(Value::Int(q.value())),
            false => fail("cannot convert value to integer"),
        },
        ("asApproximateFloat", [Value::Quantity(q)]) => Ok(Value::Double(approximate(q))),
        ("add", [Value::Quantity(a), b]) => Ok(Value::Quantity(a.add(&amount(b)?))),
        ("sub", [Value::Quantity(a), b]) => Ok(Value::Quantity(a.sub(&amount(b)?))),
        ("isLessThan" | "isGreaterThan" | "compareTo", [a, b]) => {
            let order = match (a, b) {
                (Value::Quantity(a), Value::Quantity(b)) => a.cmp(b),
                (Value::Semver(a), Value::Semver(b)) => a.order(b),
                _ => return None,
            };
            Ok(match function {
                "isLessThan" => Value::Bool(order == Ordering::Less),
                "isGreaterThan" => Value::Bool(order == Ordering::Greater),
                _ => Value::Int(order as i64),
            })
        }
        ("semver", [Value::Text(text), rest @ ..]) => match semver(text, normalized(rest)?) {
            Some(version) => Ok(Value::Semver(Rc::new(version))),
            None => fail(format!("Invalid character(s) found in version: {text}")),
        },
        ("isSemver", [Value::Text(text), rest @ ..]) => {
            Ok(Value::Bool(semver(text, normalized(rest)?).is_some()))
        }
        ("major" | "minor" | "patch", [Value::Semver(version)]) => {
            let [major, minor, patch] = version.numbers;
            let number = match function {
                "major" => major,
                "minor" => minor,
                _ => patch,
            };
            Ok(Value::Int(number as i64))
        }
        ("format.named", [Value::Text(name)]) => Ok(match check(name, "").is_some() {
            true => Value::some(Value::Format(Rc::clone(name))),
            false => Value::Optional(None),
        }),
        ("validate", [Value::Format(name), Value::Text(text)]) => {
            let problems = check(name, text).unwrap_or_default();
            Ok(match problems.is_empty() {
                true => Value::Optional(None),
                false => {
                    let problems = problems.iter().map(|p| Value::text(p)).collect();
                    Value::some(Value::list(problems))
                }
            })
        }
        (name, []) => {
            let name = name.strip_prefix("format.")?;
            check(name, "")?;
            Ok(Value::Format(Rc::from(name)))
        }
        _ => return None,
    })
}

fn fits(quantity: &Quantity) -> bool {
    let bound = Quantity::new(i64::MAX, Format::DecimalSi);
    quantity.is_integer() && *quantity <= bound && *quantity >= bound.negate()
}

fn approximate(quantity: &Quantity) -> f64 {
    match quantity.is_milli() && quantity.milli_value().unsigned_abs() < 1 << 53 {
        true => quantity.milli_value() as f64 / 1000.0,
        false => quantity.value() as f64,
    }
}

fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::Quantity(quantity) => Some(*quantity),
        Value::Int(n) => Some(Quantity::new(*n, Format::DecimalSi)),
        _ => None,
    }
}

fn normalized(rest: &[Value]) -> Option<bool> {
    match rest {
        [] => Some(false),
        [Value::Bool(normalized)] => Some(*normalized),
        _ => None,
    }
}

/// Reads a version. Normalized, a leading `v`, leading zeros and missing numbers are let pass.
fn semver(text: &str, normalize: bool) -> Option<Semver> {
    let text = match normalize {
        true => text.trim().trim_start_matches('v'),
        false => text,
    };
    let (rest, build) = match text.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match rest.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (rest, None),
    };
    let mut numbers = [0; 3];
    let parts: Vec<&str> = core.split('.').collect();
    if parts.len() > 3 || parts.len() < 3 && !normalize {
        return None;
    }
    for (place, part) in numbers.iter_mut().zip(&parts) {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let leading = part.len() > 1 && part.starts_with('0');
        if !digits || leading && !normalize {
            return None;
        }
        *place = part.parse().ok()?;
    }
    let identifier = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let whole = |list: Option<&str>| list.is_none_or(|list| list.split('.').all(identifier));
    let zeros = |part: &str| {
        part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit())
    };
    if !whole(build) || !whole(pre) || pre.is_some_and(|p| p.split('.').any(zeros)) {
        return None;
    }
    Some(Semver {
        numbers,
        pre: pre
            .map(|p| p.split('.').map(str::to_owned).collect())
            .unwrap_or_default(),
        build: build.unwrap_or_default().to_owned(),
    })
}

/// What is wrong with a text in a named format; nothing where there is no such format.
fn check(name: &str, text: &str) -> Option<Vec<String>> {
    // A prefix may end in a dash that more will follow.
    let prefix = || match text.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => text.to_owned(),
    };
    let says = |right: bool, what: &str| match right {
        true => Vec::new(),
        false => vec![what.to_owned()],
    };
    Some(match name {
        "dns1123Label" => names::is_dns1123_label(text),
        "dns1123Subdomain" => names::is_dns1123_subdomain(text),
        "dns1035Label" => names::is_dns1035_label(text),
        "dns1123LabelPrefix" => names::is_dns1123_label(&prefix()),
        "dns1123SubdomainPrefix" => names::is_dns1123_subdomain(&prefix()),
        "dns1035LabelPrefix" => names::is_dns1035_label(&prefix()),
        "qualifiedName" => names::is_qualified_name(text),
        "labelValue" => names::is_label_value(text),
        "uri" => says(
            matches!(
                super::net::call("isURL", &[Value::text(text)]),
                Some(Ok(Value::Bool(true)))
            ),
            "invalid URI for request",
        ),
        "uuid" => says(is_uuid(text), "does not match the UUID format"),
        "byte" => says(base64::decode(text).is_some(), "invalid base64"),
        "date" => says(
            text.len() == 10 && time::parse(&format!("{text}T00:00:00Z")).is_some(),
            "invalid date",
        ),
        "datetime" => says(time::parse(text).is_some(), "invalid datetime"),
        _ => return None,
    })
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = |c: char| c == '-' || c.is_ascii_hexdigit();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(hex)
}
