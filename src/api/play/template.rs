//! Templates: JSON with placeholders.
//!
//! `${.spec.replicas}` stands for what the JSONPath leads to. A text that is one placeholder and
//! nothing else becomes that value, with its type; in a longer text it is written out. Where the
//! path leads nowhere, `${.spec.size ?? 1}` stands for what is behind `??` (JSON, or else a text),
//! and without that the field is left out. `$${` is the text `${`.

use serde_json::{Map, Value};

use crate::api::field::{Errors, Path};
use crate::api::jsonpath;

/// A piece of a text.
enum Piece<'t> {
    Text(&'t str),
    Placeholder(&'t str),
}

/// The longest text that a template may make.
const MOST_TEXT: usize = 1 << 16;
/// How deep a template may nest.
const DEEPEST: usize = 64;

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = rest.split_at(at);
        if let Some(escaped) = before.strip_suffix('$') {
            pieces.push(Piece::Text(escaped));
            pieces.push(Piece::Text("${"));
            rest = after.get(2..).unwrap_or_default();
            continue;
        }
        pieces.push(Piece::Text(before));
        let inside = after.get(2..).unwrap_or_default();
        let end = end_of(inside).ok_or_else(|| "a placeholder has no closing brace".to_owned())?;
        pieces.push(Piece::Placeholder(inside.get(..end).unwrap_or_default()));
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| !matches!(piece, Piece::Text("")));
    Ok(pieces)
}

/// Where a placeholder ends: at the brace that closes it, but not inside quotes.
fn end_of(inside: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

/// The path of a placeholder, and what stands in for it.
fn parse(placeholder: &str) -> Result<(jsonpath::Template, Option<Value>), String> {
    let (path, other) = match placeholder.split_once("??") {
        Some((path, other)) => (path.trim(), Some(other.trim())),
        None => (placeholder.trim(), None),
    };
    if !path.starts_with(['.', '[', '$', '@']) {
        return Err(format!("\"{path}\" is no path: it has to begin with a dot"));
    }
    let path = jsonpath::Template::parse(&format!("{{{path}}}"))?;
    let other = other
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())));
    Ok((path, other))
}

fn value_of(placeholder: &str, context: &Value) -> Result<Option<Value>, String> {
    let (path, other) = parse(placeholder)?;
    // A path that leads nowhere is no error here.
    let found = path.find(context).unwrap_or_default();
    let found: Vec<Value> = found.into_iter().cloned().collect();
    Ok(match <[Value; 1]>::try_from(found) {
        Ok([one]) if !one.is_null() => Some(one),
        Ok(_) => other,
        Err(none) if none.is_empty() => other,
        Err(many) => Some(Value::Array(many)),
    })
}

/// What a text comes to; `None` when it is a placeholder that leads nowhere.
///
/// # Errors
/// What is wrong with a placeholder.
pub fn render_text(text: &str, context: &Value) -> Result<Option<Value>, String> {
    if !text.contains("${") {
        return Ok(Some(Value::String(text.to_owned())));
    }
    let pieces = pieces(text)?;
    if let [Piece::Placeholder(placeholder)] = pieces.as_slice() {
        return value_of(placeholder, context);
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Placeholder(placeholder) => match value_of(placeholder, context)? {
                Some(Value::String(text)) => out.push_str(&text),
                Some(value) => out.push_str(&value.to_string()),
                None => {}
            },
        }
        if out.len() > MOST_TEXT {
            return Err("the text is too long".to_owned());
        }
    }
    Ok(Some(Value::String(out)))
}

/// What a template comes to in a context.
///
/// # Errors
/// What is wrong with a placeholder.
pub fn render(template: &Value, context: &Value) -> Result<Option<Value>, String> {
    Ok(Some(match template {
        Value::String(text) => return render_text(text, context),
        Value::Array(list) => {
            let mut all = Vec::new();
            for item in list {
                all.extend(render(item, context)?);
            }
            Value::Array(all)
        }
        Value::Object(map) => {
            let mut all = Map::new();
            for (name, value) in map {
                let name = match render_text(name, context)? {
                    Some(Value::String(name)) => name,
                    Some(other) => other.to_string(),
                    None => continue,
                };
                if let Some(value) = render(value, context)? {
                    all.insert(name, value);
                }
            }
            Value::Object(all)
        }
        other => other.clone(),
    }))
}

/// Whether a value counts as yes.
pub fn is_truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(yes)) => *yes,
        Some(Value::Number(n)) => n.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty() && text != "false",
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
    }
}

/// Finds what is wrong with the placeholders of a template.
pub fn check(template: &Value, path: &Path<'_>, errors: &mut Errors) {
    check_within(template, path, DEEPEST, errors);
}

fn check_within(template: &Value, path: &Path<'_>, deep: usize, errors: &mut Errors) {
    let text = |text: &str, path: &Path<'_>, errors: &mut Errors| {
        let pieces = match pieces(text) {
            Ok(pieces) => pieces,
            Err(why) => return errors.invalid(path, text, why),
        };
        for piece in pieces {
            if let Piece::Placeholder(placeholder) = piece
                && let Err(why) = parse(placeholder)
            {
                errors.invalid(path, text, why);
            }
        }
    };
    if deep == 0 {
        return errors.invalid(path, "", "nests too deeply");
    }
    match template {
        Value::String(t) => text(t, path, errors),
        Value::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                check_within(item, &path.index(i), deep - 1, errors);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                let path = path.child(name);
                text(name, &path, errors);
                check_within(value, &path, deep - 1, errors);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn placeholders_keep_their_type_or_are_written_out() {
        let context = json!({"metadata": {"name": "site"}, "spec": {"replicas": 3, "tags": ["a", "b"],
            "open": true, "none": null}});
        for (template, expected) in [
            (json!("${.spec.replicas}"), Some(json!(3))),
            (json!("${.spec.tags}"), Some(json!(["a", "b"]))),
            (json!("${.spec.tags[*]}"), Some(json!(["a", "b"]))),
            (
                json!("n=${.spec.replicas}, ${.spec.open}"),
                Some(json!("n=3, true")),
            ),
            (json!("${.spec.size}"), None),
            (json!("${.spec.none}"), None),
            (json!("${.spec.size ?? 2}"), Some(json!(2))),
            (json!("${.spec.size ?? large}"), Some(json!("large"))),
            (json!("${.spec.size ?? {\"a\": 1}}"), Some(json!({"a": 1}))),
            (json!("<${.spec.size}>"), Some(json!("<>"))),
            (json!("$${.spec.size}"), Some(json!("${.spec.size}"))),
            (
                json!({"a": "${.spec.size}", "${.metadata.name}-x": ["${.spec.size}", 1]}),
                Some(json!({"site-x": [1]})),
            ),
        ] {
            assert_eq!(render(&template, &context), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_is_wrong_is_found_beforehand() {
        for (template, expected) in [
            (
                "${.a",
                "x: Invalid value: \"${.a\": a placeholder has no closing brace",
            ),
            (
                "${a}",
                "x: Invalid value: \"${a}\": \"a\" is no path: it has to begin with a dot",
            ),
            ("${.a[}", "x: Invalid value"),
            ("${.a}${.b ?? c}", ""),
        ] {
            let mut errors = Errors::default();
            check(&json!(template), &Path::new("x"), &mut errors);
            let found = errors
                .0
                .first()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                found.starts_with(expected) && found.is_empty() == expected.is_empty(),
                "{found}"
            );
        }
    }
}
