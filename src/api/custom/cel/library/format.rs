//! Values as text: `string(x)`, and `'%s'.format([x])` (`ext/formatting.go` of cel-go).

use crate::api::custom::cel::eval::{Fail, Outcome, fail};
use crate::api::custom::cel::time;
use crate::api::custom::cel::value::Value;
use crate::api::names::Ip;

const DEEPEST: usize = 40;
/// No number is written with more digits behind the point.
const MOST_DIGITS: usize = 100;

pub fn ip(ip: &Ip) -> String {
    match ip {
        Ip::V4(ip) => ip.to_string(),
        Ip::V6(ip) => ip.to_string(),
    }
}

/// A value as a text, as `%s` has it.
pub fn display(value: &Value) -> String {
    shown(value, 0)
}

fn shown(value: &Value, depth: usize) -> String {
    if depth > DEEPEST {
        return "...".to_owned();
    }
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Uint(n) => n.to_string(),
        Value::Double(d) => double(*d),
        Value::Text(text) => text.to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Duration(nanos) => time::seconds(*nanos),
        Value::Timestamp(nanos) => time::text(*nanos),
        Value::Type(name) => name.to_string(),
        Value::List(list) => {
            let items: Vec<String> = list.items.iter().map(|i| shown(i, depth + 1)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let entries = map.entries.iter();
            let mut entries: Vec<String> = entries
                .map(|(k, v)| format!("{}: {}", shown(k, depth + 1), shown(v, depth + 1)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Optional(Some(inner)) => format!("optional({})", shown(inner, depth + 1)),
        Value::Optional(None) => "optional.none()".to_owned(),
        Value::Quantity(quantity) => quantity.to_string(),
        Value::Url(url) => url.text(),
        Value::Ip(address) => ip(address),
        Value::Cidr(address, length) => format!("{}/{length}", ip(address)),
        Value::Semver(version) => {
            let [major, minor, patch] = version.numbers;
            let mut out = format!("{major}.{minor}.{patch}");
            if !version.pre.is_empty() {
                out.push('-');
                out.push_str(&version.pre.join("."));
            }
            if !version.build.is_empty() {
                out.push('+');
                out.push_str(&version.build);
            }
            out
        }
        Value::Format(name) => name.to_string(),
    }
}

/// A double as Go's `%g` of the least digits that tell it apart.
fn double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    value.to_string()
}

/// Puts the arguments where the verbs stand.
pub fn format(text: &str, args: &[Value]) -> Outcome {
    let mut out = String::new();
    let mut next = args.iter();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let mut digits = None;
        if chars.next_if_eq(&'.').is_some() {
            let mut number = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                number.push(digit);
            }
            digits = number.parse::<usize>().ok().map(|n| n.min(MOST_DIGITS));
        }
        let Some(verb) = chars.next() else {
            return fail("unexpected end of format string");
        };
        let Some(value) = next.next() else {
            let at = args.len();
            return fail(format!("index {at} out of range"));
        };
        out.push_str(&verbed(verb, digits, value)?);
    }
    Ok(Value::text(&out))
}

fn verbed(verb: char, digits: Option<usize>, value: &Value) -> Result<String, Fail> {
    let number = match value {
        Value::Int(n) => Some(i128::from(*n)),
        Value::Uint(n) => Some(i128::from(*n)),
        _ => None,
    };
    let float = match (value, number) {
        (Value::Double(d), _) => Some(*d),
        (_, Some(n)) => Some(n as f64),
        _ => None,
    };
    let based = |n: i128, text: String| match n < 0 {
        true => format!("-{text}"),
        false => text,
    };
    match (verb, value, number) {
        ('s', ..) => Ok(display(value)),
        ('d', _, Some(n)) => Ok(n.to_string()),
        ('d', Value::Double(d), _) => Ok(double(*d)),
        ('f', ..) if float.is_some() => Ok(format!(
            "{:.*}",
            digits.unwrap_or(6),
            float.unwrap_or_default()
        )),
        ('e', ..) if float.is_some() => {
            let text = format!("{:.*e}", digits.unwrap_or(6), float.unwrap_or_default());
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            Ok(format!("{mantissa}e{sign}{exponent:0>2}"))
        }
        ('b', Value::Bool(b), _) => Ok(if *b { "1" } else { "0" }.to_owned()),
        ('b', _, Some(n)) => Ok(based(n, format!("{:b}", n.unsigned_abs()))),
        ('o', _, Some(n)) => Ok(based(n, format!("{:o}", n.unsigned_abs()))),
        ('x', _, Some(n)) => Ok(based(n, format!("{:x}", n.unsigned_abs()))),
        ('X', _, Some(n)) => Ok(based(n, format!("{:X}", n.unsigned_abs()))),
        ('x' | 'X', Value::Text(_) | Value::Bytes(_), _) => {
            let bytes: &[u8] = match value {
                Value::Text(text) => text.as_bytes(),
                Value::Bytes(bytes) => bytes,
                _ => &[],
            };
            let one = |b: &u8| match verb {
                'x' => format!("{b:02x}"),
                _ => format!("{b:02X}"),
            };
            Ok(bytes.iter().map(one).collect())
        }
        ('d' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X', ..) => fail(format!(
            "error during formatting: %{verb} cannot be used on value of type {}",
            value.type_name()
        )),
        _ => fail(format!(
            "could not parse formatting clause: unrecognized formatting clause \"{verb}\""
        )),
    }
}
