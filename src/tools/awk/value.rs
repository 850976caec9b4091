//! Values: a number, a text, or a text from outside that may be a number.

use std::cmp::Ordering;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub enum Value {
    Unset,
    Number(f64),
    Text(Rc<str>),
    /// A field: compared as a number with numbers if it looks like one.
    Input(Rc<str>),
}

impl Value {
    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    pub fn truth(holds: bool) -> Value {
        Value::Number(f64::from(u8::from(holds)))
    }

    pub fn number(&self) -> f64 {
        match self {
            Value::Unset => 0.0,
            Value::Number(number) => *number,
            Value::Text(text) | Value::Input(text) => number(text),
        }
    }

    pub fn string(&self) -> Rc<str> {
        match self {
            Value::Unset => "".into(),
            Value::Number(number) => shown(*number, 6).into(),
            Value::Text(text) | Value::Input(text) => text.clone(),
        }
    }

    /// A number among others, if it is one or looks like one.
    fn as_number(&self) -> Option<f64> {
        match self {
            Value::Unset => Some(0.0),
            Value::Number(number) => Some(*number),
            Value::Text(_) => None,
            Value::Input(text) => whole(text),
        }
    }

    pub fn holds(&self) -> bool {
        match (self, self.as_number()) {
            (Value::Unset, _) => false,
            (_, Some(number)) => number != 0.0,
            (other, None) => !other.string().is_empty(),
        }
    }

    pub fn compare(&self, other: &Value) -> Ordering {
        match (self, other, self.as_number(), other.as_number()) {
            (Value::Unset, Value::Text(_), ..) | (Value::Text(_), Value::Unset, ..) => {
                self.string().cmp(&other.string())
            }
            (_, _, Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            _ => self.string().cmp(&other.string()),
        }
    }
}

/// The length of the number that a text begins with.
fn prefix(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let start = at;
    let mut digits = 0;
    while digit(at)
        || bytes.get(at) == Some(&b'.') && !text.get(start..at).unwrap_or_default().contains('.')
    {
        digits += usize::from(digit(at));
        at += 1;
    }
    if digits == 0 {
        return 0;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'-' | b'+')));
        if digit(at + 1 + sign) {
            at += 1 + sign;
            while digit(at) {
                at += 1;
            }
        }
    }
    at
}

/// The number that a text begins with; 0 if it begins with none.
pub fn number(text: &str) -> f64 {
    let text = text.trim_start();
    let text = text.get(..prefix(text)).unwrap_or_default();
    text.trim_start_matches('+').parse().unwrap_or(0.0)
}

/// A text that is a number, but for blanks around it.
fn whole(text: &str) -> Option<f64> {
    let trimmed = text.trim();
    (!trimmed.is_empty() && prefix(trimmed) == trimmed.len()).then(|| number(trimmed))
}

/// A number as awk prints it: `%d` if it is whole, else `%.6g`.
pub fn shown(number: f64, digits: usize) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() {
            "-nan"
        } else {
            "nan"
        }
        .to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    match number.fract() == 0.0 && number.abs() < 1e16 {
        true => format!("{}", number as i64),
        false => general(number, digits, false),
    }
}

/// `%g`: so many digits, with an exponent where that is shorter. `all` keeps the zeros at the end.
pub fn general(number: f64, digits: usize, all: bool) -> String {
    let digits = digits.clamp(1, 50);
    let scientific = format!("{number:.*e}", digits - 1);
    let exponent: i32 = match scientific.split_once('e') {
        Some((_, exponent)) => exponent.parse().unwrap_or(0),
        None => 0,
    };
    let trim = |text: String| match all || !text.contains('.') {
        true => text,
        false => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
    };
    if exponent < -4 || exponent >= digits as i32 {
        let (mantissa, _) = scientific.split_once('e').unwrap_or((&scientific, ""));
        return format!("{}{}", trim(mantissa.to_owned()), power(exponent));
    }
    let after = (digits as i32 - 1 - exponent).max(0) as usize;
    trim(format!("{number:.after$}"))
}

/// `e+06`
pub fn power(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", exponent.abs())
}
