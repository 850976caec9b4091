//! Texts: the methods of the language, the extension `strings` (`ext/strings.go` of cel-go), and regular expressions.
//! Places are counted in characters.

use crate::api::custom::cel::eval::{Outcome, fail, no_overload};
use crate::api::custom::cel::value::Value;
use crate::api::regex::Regex;

fn number(value: Option<usize>) -> Outcome {
    Ok(Value::Int(value.map_or(-1, |n| n as i64)))
}

fn text(chars: &[char]) -> Value {
    Value::text(&chars.iter().collect::<String>())
}

pub fn call(function: &str, args: &[Value]) -> Outcome {
    match (function, args) {
        ("contains", [Value::Text(a), Value::Text(b)]) => Ok(Value::Bool(a.contains(&**b))),
        ("startsWith", [Value::Text(a), Value::Text(b)]) => Ok(Value::Bool(a.starts_with(&**b))),
        ("endsWith", [Value::Text(a), Value::Text(b)]) => Ok(Value::Bool(a.ends_with(&**b))),
        ("matches", [Value::Text(a), Value::Text(b)]) => match Regex::parse(b) {
            Ok(regex) => Ok(Value::Bool(regex.is_match(a))),
            Err(why) => fail(why),
        },
        ("find", [Value::Text(a), Value::Text(b)]) => {
            let found = find_all(a, b, 1)?;
            Ok(found.into_iter().next().unwrap_or_else(|| Value::text("")))
        }
        ("findAll", [Value::Text(a), Value::Text(b)]) => Ok(Value::list(find_all(a, b, -1)?)),
        ("findAll", [Value::Text(a), Value::Text(b), Value::Int(most)]) => {
            Ok(Value::list(find_all(a, b, *most)?))
        }
        ("lowerAscii", [Value::Text(a)]) => Ok(Value::text(&a.to_ascii_lowercase())),
        ("upperAscii", [Value::Text(a)]) => Ok(Value::text(&a.to_ascii_uppercase())),
        ("trim", [Value::Text(a)]) => Ok(Value::text(a.trim())),
        ("strings.quote", [Value::Text(a)]) => Ok(Value::text(&quoted(a))),
        ("charAt", [Value::Text(a), Value::Int(at)]) => {
            let chars: Vec<char> = a.chars().collect();
            match usize::try_from(*at) {
                Ok(i) if i == chars.len() => Ok(Value::text("")),
                Ok(i) if i < chars.len() => Ok(text(chars.get(i..=i).unwrap_or_default())),
                _ => fail(format!("index out of range: {at}")),
            }
        }
        ("substring", [Value::Text(a), Value::Int(from)]) => {
            substring(a, *from, a.chars().count() as i64)
        }
        ("substring", [Value::Text(a), Value::Int(from), Value::Int(to)]) => {
            substring(a, *from, *to)
        }
        ("indexOf", [Value::Text(a), Value::Text(b), rest @ ..]) => index_of(a, b, rest),
        ("lastIndexOf", [Value::Text(a), Value::Text(b), rest @ ..]) => last_index_of(a, b, rest),
        ("replace", [Value::Text(a), Value::Text(from), Value::Text(to)]) => {
            Ok(Value::text(&a.replace(&**from, to)))
        }
        (
            "replace",
            [
                Value::Text(a),
                Value::Text(from),
                Value::Text(to),
                Value::Int(most),
            ],
        ) => Ok(Value::text(&match usize::try_from(*most) {
            Ok(most) => a.replacen(&**from, to, most),
            Err(_) => a.replace(&**from, to),
        })),
        ("split", [Value::Text(a), Value::Text(by)]) => Ok(split(a, by, -1)),
        ("split", [Value::Text(a), Value::Text(by), Value::Int(most)]) => Ok(split(a, by, *most)),
        ("join", [Value::List(list), rest @ ..]) => {
            let between: &str = match rest {
                [] => "",
                [Value::Text(between)] => between,
                _ => return no_overload(),
            };
            let mut out = String::new();
            for (i, item) in list.items.iter().enumerate() {
                let Value::Text(item) = item else {
                    return no_overload();
                };
                if i > 0 {
                    out.push_str(between);
                }
                out.push_str(item);
            }
            Ok(Value::text(&out))
        }
        _ => match super::net::call(function, args) {
            Some(outcome) => outcome,
            None => no_overload(),
        },
    }
}

fn find_all(a: &str, expression: &str, most: i64) -> Result<Vec<Value>, super::Fail> {
    let regex = match Regex::parse(expression) {
        Ok(regex) => regex,
        Err(why) => return fail(why),
    };
    let chars: Vec<char> = a.chars().collect();
    let mut found = Vec::new();
    let mut from = 0;
    let mut last_end = None;
    while most < 0 || (found.len() as i64) < most {
        let Some((start, end)) = regex.find(&chars, from) else {
            break;
        };
        // Nothing right after a match is no match of its own.
        if start != end || last_end != Some(start) {
            found.push(text(chars.get(start..end).unwrap_or_default()));
        }
        last_end = Some(end);
        from = if end == start { end + 1 } else { end };
        if from > chars.len() {
            break;
        }
    }
    Ok(found)
}

fn substring(a: &str, from: i64, to: i64) -> Outcome {
    let chars: Vec<char> = a.chars().collect();
    let whole = chars.len() as i64;
    if from < 0 || from > whole {
        return fail(format!("index out of range: {from}"));
    }
    if to < 0 || to > whole {
        return fail(format!("index out of range: {to}"));
    }
    if from > to {
        return fail(format!("invalid substring range. start: {from}, end: {to}"));
    }
    Ok(text(
        chars.get(from as usize..to as usize).unwrap_or_default(),
    ))
}

fn index_of(a: &str, b: &str, rest: &[Value]) -> Outcome {
    let (chars, wanted): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let from = match rest {
        [] => 0,
        [Value::Int(from)] => *from,
        _ => return no_overload(),
    };
    if wanted.is_empty() {
        return Ok(Value::Int(from));
    }
    if from < 0 {
        return fail(format!("index out of range: {from}"));
    }
    let found = chars
        .windows(wanted.len())
        .enumerate()
        .skip(usize::try_from(from).unwrap_or(usize::MAX))
        .find(|(_, w)| *w == wanted.as_slice());
    number(found.map(|(i, _)| i))
}

fn last_index_of(a: &str, b: &str, rest: &[Value]) -> Outcome {
    let (chars, wanted): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let to = match rest {
        [] => chars.len() as i64,
        [Value::Int(to)] => *to,
        _ => return no_overload(),
    };
    if to < 0 {
        return fail(format!("index out of range: {to}"));
    }
    if wanted.is_empty() {
        return Ok(Value::Int(to));
    }
    let found = chars
        .windows(wanted.len())
        .enumerate()
        .take(usize::try_from(to).unwrap_or(usize::MAX).saturating_add(1))
        .rfind(|(_, w)| *w == wanted.as_slice());
    number(found.map(|(i, _)| i))
}

/// As Go's `strings.SplitN`: an empty separator parts all characters.
fn split(a: &str, by: &str, most: i64) -> Value {
    if most == 0 {
        return Value::list(Vec::new());
    }
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let parts: Vec<Value> = if by.is_empty() {
        let chars: Vec<char> = a.chars().collect();
        let single = chars.len().min(limit.saturating_sub(1));
        let mut parts: Vec<Value> = chars.iter().take(single).map(|c| text(&[*c])).collect();
        if let Some(rest) = chars.get(single..)
            && !rest.is_empty()
        {
            parts.push(text(rest));
        }
        parts
    } else {
        a.splitn(limit, by).map(Value::text).collect()
    };
    Value::list(parts)
}

fn quoted(a: &str) -> String {
    let mut out = String::from("\"");
    for c in a.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
