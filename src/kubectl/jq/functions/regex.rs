//! Regular expressions: what is found, and what is put in its place.

use std::rc::Rc;

use super::super::arithmetic::{self, Failed, MOST};
use super::super::value::{Object, Value};
use super::{List, argument, fail};
use crate::api::pattern::{Pattern, Syntax};

pub const LIST: List = &[
    ("_match", 3, |input, arguments| {
        let [re, flags, Value::Bool(test)] = arguments else {
            return fail("no expression");
        };
        matches(&input, re, flags, *test)
    }),
    ("_expression", 0, |input, _| match &input {
        Value::Text(_) => Ok(Value::array(vec![input, Value::Null])),
        Value::Array(array) if !array.items.is_empty() => Ok(input),
        other => fail(&format!("{} not a string or array", other.kind())),
    }),
    ("_captures", 0, |input, _| {
        let mut object = Object::default();
        let field = |value: &Value, name: &str| match value {
            Value::Object(object) => object.get(name).cloned().unwrap_or(Value::Null),
            _ => Value::Null,
        };
        for capture in field(&input, "captures").items().unwrap_or_default() {
            if let Value::Text(name) = field(capture, "name") {
                object.set(name, field(capture, "string"));
            }
        }
        Ok(Value::object(object))
    }),
    ("_put", 1, |input, arguments| {
        put(&input, argument(arguments, 0))
    }),
    ("split", 2, |input, arguments| {
        split(&input, argument(arguments, 0), argument(arguments, 1))
    }),
];

struct Flags {
    all: bool,
    skip_empty: bool,
    syntax: Syntax,
}

fn flags(flags: &Value) -> Failed<Flags> {
    let letters = match flags {
        Value::Null => "",
        Value::Text(letters) => letters,
        other => {
            return fail(&format!("{} is not a string", other.described()));
        }
    };
    let mut found = Flags {
        all: false,
        skip_empty: false,
        syntax: Syntax::default(),
    };
    for letter in letters.chars() {
        match letter {
            'g' => found.all = true,
            'i' => found.syntax.ignore_case = true,
            'x' => found.syntax.blanks = true,
            's' => found.syntax.dot_all = true,
            'p' => found.syntax.dot_all = true,
            'n' => found.skip_empty = true,
            'l' => {}
            _ => {
                return fail(&format!("{letters} is not a valid modifier string"));
            }
        }
    }
    Ok(found)
}

/// A piece of a text that fits, and its groups.
type Spans = Vec<Option<(usize, usize)>>;

fn find(chars: &[char], re: &Value, flags: &Flags) -> Failed<(Vec<Spans>, Vec<Option<String>>)> {
    let Value::Text(re) = re else {
        let re = re.described();
        return fail(&format!("{re} cannot be matched, as it is not a string"));
    };
    let pattern = match Pattern::perl(re, flags.syntax) {
        Ok(pattern) => pattern,
        Err(fault) => {
            return fail(&format!("{re} (at offset 0) is not a valid regex: {fault}"));
        }
    };
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(spans) = pattern.find(chars, from) {
        let Some(Some((start, end))) = spans.first().copied() else {
            break;
        };
        from = if end == start { end + 1 } else { end };
        if end > start || !flags.skip_empty {
            out.push(spans);
        }
        if !flags.all || from > chars.len() || out.len() > MOST {
            break;
        }
    }
    Ok((out, pattern.names().to_vec()))
}

fn subject(input: &Value) -> Failed<Vec<char>> {
    match input {
        Value::Text(text) => Ok(text.chars().collect()),
        other => {
            let other = other.described();
            fail(&format!("{other} cannot be matched, as it is not a string"))
        }
    }
}

fn piece(chars: &[char], from: usize, to: usize) -> Value {
    let text: String = chars.get(from..to).unwrap_or_default().iter().collect();
    Value::text(&text)
}

fn matches(input: &Value, re: &Value, letters: &Value, test: bool) -> Failed<Value> {
    let chars = subject(input)?;
    let flags = flags(letters)?;
    let (found, names) = find(&chars, re, &flags)?;
    if test {
        return Ok(Value::Bool(!found.is_empty()));
    }
    let whole = |spans: Spans| {
        let mut spans = spans.into_iter();
        let (start, end) = spans.next().flatten().unwrap_or((0, 0));
        let capture = |(span, name): (Option<(usize, usize)>, &Option<String>)| {
            let (at, length, text) = match span {
                Some((from, to)) => {
                    let at = Value::count(from);
                    (at, to - from, piece(&chars, from, to))
                }
                None => (Value::number(-1.0), 0, Value::Null),
            };
            let name = name.as_ref().map_or(Value::Null, |n| Value::text(n));
            Value::record([
                ("offset", at),
                ("length", Value::count(length)),
                ("string", text),
                ("name", name),
            ])
        };
        let captures = spans.zip(&names).map(capture).collect();
        Value::record([
            ("offset", Value::count(start)),
            ("length", Value::count(end - start)),
            ("string", piece(&chars, start, end)),
            ("captures", Value::array(captures)),
        ])
    };
    Ok(Value::array(found.into_iter().map(whole).collect()))
}

fn split(input: &Value, re: &Value, letters: &Value) -> Failed<Value> {
    let chars = subject(input)?;
    let mut flags = flags(letters)?;
    flags.all = true;
    let (found, _) = find(&chars, re, &flags)?;
    let mut pieces = Vec::new();
    let mut from = 0;
    for (start, end) in found
        .into_iter()
        .filter_map(|s| s.first().copied().flatten())
    {
        pieces.push(piece(&chars, from, start));
        from = end;
    }
    pieces.push(piece(&chars, from, chars.len()));
    Ok(Value::array(pieces))
}

/// The texts that come of putting the first, the second... new piece in each place.
fn put(places: &Value, text: &Value) -> Failed<Value> {
    let chars = subject(text)?;
    let mut results: Vec<Value> = Vec::new();
    let mut from = 0;
    let field = |value: &Value, name: &str| match value {
        Value::Object(object) => object.get(name).cloned().unwrap_or(Value::Null),
        _ => Value::Null,
    };
    for place in places.items().unwrap_or_default() {
        let number = |name: &str| field(place, name).as_f64().unwrap_or(0.0) as usize;
        let (start, length) = (number("offset"), number("length"));
        let gap = piece(&chars, from, start);
        for (i, new) in field(place, "new")
            .items()
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            let grown = arithmetic::add(gap.clone(), new)?;
            match results.get_mut(i) {
                Some(result) => {
                    let before = std::mem::replace(result, Value::Null);
                    *result = arithmetic::add(before, &grown)?;
                }
                None => results.push(grown),
            }
        }
        from = start + length;
    }
    if places.items().is_none_or(<[Value]>::is_empty) {
        return Ok(Value::array(vec![Value::Text(Rc::from(
            text.as_str().unwrap_or_default(),
        ))]));
    }
    let rest = piece(&chars, from, chars.len());
    let whole: Failed<Vec<Value>> = results
        .into_iter()
        .map(|result| arithmetic::add(result, &rest))
        .collect();
    whole.map(Value::array)
}
