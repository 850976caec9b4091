//! Functions of texts.

use super::super::arithmetic::{self, Failed};
use super::super::json;
use super::super::value::Value;
use super::{List, argument, fail};

pub const LIST: List = &[
    ("utf8bytelength", 0, |input, _| match &input {
        Value::Text(text) => Ok(Value::count(text.len())),
        other => fail(&format!(
            "{} only strings have UTF-8 byte length",
            other.described()
        )),
    }),
    ("startswith", 1, |input, arguments| {
        match (&input, argument(arguments, 0)) {
            (Value::Text(text), Value::Text(lead)) => Ok(Value::Bool(text.starts_with(&**lead))),
            _ => fail("startswith() requires string inputs"),
        }
    }),
    ("endswith", 1, |input, arguments| {
        match (&input, argument(arguments, 0)) {
            (Value::Text(text), Value::Text(end)) => Ok(Value::Bool(text.ends_with(&**end))),
            _ => fail("endswith() requires string inputs"),
        }
    }),
    ("ltrimstr", 1, |input, arguments| {
        let stripped = match (&input, argument(arguments, 0)) {
            (Value::Text(text), Value::Text(lead)) => text.strip_prefix(&**lead),
            _ => None,
        };
        Ok(stripped.map(Value::text).unwrap_or(input))
    }),
    ("rtrimstr", 1, |input, arguments| {
        let stripped = match (&input, argument(arguments, 0)) {
            (Value::Text(text), Value::Text(end)) => text.strip_suffix(&**end),
            _ => None,
        };
        Ok(stripped.map(Value::text).unwrap_or(input))
    }),
    ("trim", 0, |input, _| trimmed(&input, |t| t.trim())),
    ("ltrim", 0, |input, _| trimmed(&input, |t| t.trim_start())),
    ("rtrim", 0, |input, _| trimmed(&input, |t| t.trim_end())),
    ("split", 1, |input, arguments| {
        match (&input, argument(arguments, 0)) {
            (Value::Text(text), Value::Text(by)) => Ok(arithmetic::split(text, by)),
            _ => fail("split input and separator must be strings"),
        }
    }),
    ("join", 1, |input, arguments| {
        join(&input, argument(arguments, 0))
    }),
    ("ascii_downcase", 0, |input, _| match &input {
        Value::Text(text) => Ok(Value::text(&text.to_ascii_lowercase())),
        _ => fail("ascii_downcase input must be a string"),
    }),
    ("ascii_upcase", 0, |input, _| match &input {
        Value::Text(text) => Ok(Value::text(&text.to_ascii_uppercase())),
        _ => fail("ascii_upcase input must be a string"),
    }),
    ("ascii", 0, |input, _| match input.as_f64() {
        Some(code) if (0.0..128.0).contains(&code) => {
            Ok(Value::text(&char::from(code as u8).to_string()))
        }
        _ => fail("ascii input must be a number"),
    }),
    ("explode", 0, |input, _| match &input {
        Value::Text(text) => {
            let codes = text.chars().map(|c| Value::number(f64::from(u32::from(c))));
            Ok(Value::array(codes.collect()))
        }
        _ => fail("explode input must be a string"),
    }),
    ("implode", 0, |input, _| {
        let Some(items) = input.items() else {
            return fail("implode input must be an array");
        };
        let mut text = String::new();
        for item in items {
            let Some(code) = item.as_f64() else {
                return fail("Unicode codepoint must be numeric");
            };
            text.push(char::from_u32(code as u32).unwrap_or('\u{fffd}'));
        }
        Ok(Value::text(&text))
    }),
    ("tonumber", 0, |input, _| match &input {
        Value::Number(_) => Ok(input),
        Value::Text(text) => match json::number(text.trim()) {
            Some(number) => Ok(number),
            None => match json::parse(text) {
                Err(message) => fail(&message),
                Ok(_) => fail(&format!(
                    "{} cannot be parsed as a number",
                    input.described()
                )),
            },
        },
        other => fail(&format!(
            "{} cannot be parsed as a number",
            other.described()
        )),
    }),
];

fn trimmed(input: &Value, how: fn(&str) -> &str) -> Failed<Value> {
    match input {
        Value::Text(text) => Ok(Value::text(how(text))),
        other => fail(&format!("{} cannot be trimmed", other.described())),
    }
}

fn join(input: &Value, between: &Value) -> Failed<Value> {
    let items = super::inside(input)?;
    let mut joined = Value::Null;
    for (i, item) in items.iter().enumerate() {
        let piece = match item {
            Value::Null => Value::text(""),
            Value::Bool(_) | Value::Number(_) => Value::Text(item.shown()),
            other => other.clone(),
        };
        joined = match i {
            0 => arithmetic::add(Value::text(""), &piece)?,
            _ => arithmetic::add(arithmetic::add(joined, between)?, &piece)?,
        };
    }
    Ok(match joined {
        Value::Null => Value::text(""),
        joined => joined,
    })
}
