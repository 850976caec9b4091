//! Regular expressions: what is found, and what is put in its place.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::super::Ast;
use super::super::eval::{Done, Env, Out, Run, Stop, error};
use super::{MOST, string};
use crate::api::pattern::Pattern;

impl Run {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn substitute(
        &mut self,
        re: &Rc<Ast>,
        with: &Rc<Ast>,
        flags: &str,
        all: bool,
        input: &Value,
        env: &Env,
        out: Out<'_>,
    ) -> Done {
        let subject = string(input)?.to_owned();
        let re = self.first(re, input, env)?;
        let matches = find(&subject, string(&re)?, flags, all)?;
        let chars: Vec<char> = subject.chars().collect();
        let mut text = String::new();
        let mut from = 0;
        for found in matches {
            text.extend(chars.iter().skip(from).take(found.start - from));
            let new = self.first(with, &Value::Object(found.captures), env)?;
            text.push_str(string(&new)?);
            from = found.end;
            if text.len() > MOST {
                return error("the text is too long");
            }
        }
        text.extend(chars.iter().skip(from));
        out(Value::from(text))
    }
}

/// A group of an expression: its name, and where it fits what.
type Group = (Option<String>, Option<(usize, String)>);

/// A piece of a text that fits an expression.
struct Found {
    start: usize,
    end: usize,
    text: String,
    groups: Vec<Group>,
    captures: Map<String, Value>,
}

/// The expression without the names of its groups, and the names in order.
fn unnamed(re: &str) -> (String, Vec<Option<String>>) {
    let mut out = String::new();
    let mut names = Vec::new();
    let mut rest = re;
    let mut inside = false;
    while let Some(c) = rest.chars().next() {
        let width = c.len_utf8();
        if c == '\\' {
            let next = rest.get(width..).and_then(|r| r.chars().next());
            out.push(c);
            out.extend(next);
            rest = rest
                .get(width + next.map_or(0, char::len_utf8)..)
                .unwrap_or_default();
            continue;
        }
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '(' if !inside => {
                let tail = rest.get(1..).unwrap_or_default();
                out.push('(');
                if let Some(tail) = tail.strip_prefix("?<")
                    && let Some((name, tail)) = tail.split_once('>')
                {
                    names.push(Some(name.to_owned()));
                    rest = tail;
                    continue;
                }
                names.push(None);
                rest = tail.strip_prefix("?:").unwrap_or(tail);
                continue;
            }
            _ => {}
        }
        out.push(c);
        rest = rest.get(width..).unwrap_or_default();
    }
    (out, names)
}

fn find(subject: &str, re: &str, flags: &str, all: bool) -> Result<Vec<Found>, Stop> {
    let (plain, names) = unnamed(re);
    let pattern = match Pattern::compile(&plain, true, flags.contains('i')) {
        Ok(pattern) => pattern,
        Err(fault) => return error(format!("{re} (at offset 0) is not a valid regex: {fault}")),
    };
    let chars: Vec<char> = subject.chars().collect();
    let piece = |from: usize, to: usize| -> String {
        chars.get(from..to).unwrap_or_default().iter().collect()
    };
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(captures) = pattern.find(&chars, from) {
        let Some(Some((start, end))) = captures.first().copied() else {
            break;
        };
        let mut named = Map::new();
        let mut groups = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let span = captures.get(i + 1).copied().flatten();
            let text = span.map(|(from, to)| (from, piece(from, to)));
            if let Some(name) = name {
                let value = text
                    .as_ref()
                    .map_or(Value::Null, |(_, t)| Value::from(t.as_str()));
                named.insert(name.clone(), value);
            }
            groups.push((name.clone(), text));
        }
        out.push(Found {
            start,
            end,
            text: piece(start, end),
            groups,
            captures: named,
        });
        from = if end == start { end + 1 } else { end };
        if !all || from > chars.len() || out.len() > MOST {
            break;
        }
    }
    Ok(out)
}

pub(super) fn regex(name: &str, subject: &str, re: &str, flags: &str, out: Out<'_>) -> Done {
    let all = flags.contains('g') || matches!(name, "scan" | "split" | "splits");
    let found = find(subject, re, flags, all)?;
    match name {
        "test" => out(Value::Bool(!found.is_empty())),
        "capture" => found
            .into_iter()
            .try_for_each(|f| out(Value::Object(f.captures))),
        "scan" => found.into_iter().try_for_each(|f| {
            out(match f.groups.is_empty() {
                true => Value::from(f.text),
                false => f
                    .groups
                    .into_iter()
                    .map(|(_, text)| text.map_or(Value::Null, |(_, t)| Value::from(t)))
                    .collect(),
            })
        }),
        "split" | "splits" => {
            let chars: Vec<char> = subject.chars().collect();
            let mut pieces: Vec<Value> = Vec::new();
            let mut from = 0;
            for f in found {
                let piece = chars.get(from..f.start).unwrap_or_default();
                pieces.push(Value::from(piece.iter().collect::<String>()));
                from = f.end;
            }
            let piece = chars.get(from..).unwrap_or_default();
            pieces.push(Value::from(piece.iter().collect::<String>()));
            match name {
                "split" => out(Value::Array(pieces)),
                _ => pieces.into_iter().try_for_each(out),
            }
        }
        _ => found.into_iter().try_for_each(|f| {
            let groups: Vec<Value> = f
                .groups
                .into_iter()
                .map(|(name, text)| match text {
                    Some((at, text)) => json!({
                        "offset": at, "length": text.chars().count(), "string": text, "name": name,
                    }),
                    None => json!({"offset": -1, "length": 0, "string": null, "name": name}),
                })
                .collect();
            out(json!({
                "offset": f.start, "length": f.end - f.start, "string": f.text, "captures": groups,
            }))
        }),
    }
}
