//! The functions that are there without being defined.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::Ast;
use super::eval::{Done, Env, Out, Run, Stop, error};
use super::values::{self, compare, described, index, number, text, truthy, type_of};
use crate::api::pattern::Pattern;

/// No list or text that a function makes is longer.
const MOST: usize = 1 << 20;

fn string(value: &Value) -> Result<&str, Stop> {
    match value {
        Value::String(text) => Ok(text),
        other => error(format!("{} is not a string", described(other))),
    }
}

fn array<'v>(value: &'v Value, what: &str) -> Result<&'v [Value], Stop> {
    match value {
        Value::Array(items) => Ok(items),
        other => error(format!(
            "{} cannot be {what}, as it is not an array",
            described(other)
        )),
    }
}

fn float(value: &Value) -> Result<f64, Stop> {
    match value.as_f64() {
        Some(number) => Ok(number),
        None => error(format!("{} number required", described(value))),
    }
}

impl Run {
    pub fn call(
        &mut self,
        name: &str,
        arguments: &[Rc<Ast>],
        input: &Value,
        env: &Env,
        out: Out<'_>,
    ) -> Done {
        match arguments {
            [] => self.plain(name, input, out),
            [f] => self.one(name, f, input, env, out),
            [f, g] => self.two(name, f, g, input, env, out),
            [f, g, h] if name == "range" => {
                for step in self.all(h, input, env)? {
                    for to in self.all(g, input, env)? {
                        for from in self.all(f, input, env)? {
                            self.range(float(&from)?, float(&to)?, float(&step)?, out)?;
                        }
                    }
                }
                Ok(())
            }
            [re, with, flags] if matches!(name, "sub" | "gsub") => {
                let flags = self.first(flags, input, env)?;
                let all = name == "gsub" || string(&flags)?.contains('g');
                self.substitute(re, with, string(&flags)?, all, input, env, out)
            }
            _ => error(format!("{name}/{} is not defined", arguments.len())),
        }
    }

    /// The first that a filter gives.
    fn first(&mut self, ast: &Ast, input: &Value, env: &Env) -> Result<Value, Stop> {
        let values = self.all(ast, input, env)?;
        Ok(values.into_iter().next().unwrap_or(Value::Null))
    }

    fn range(&mut self, from: f64, to: f64, by: f64, out: Out<'_>) -> Done {
        let mut at = from;
        while (by > 0.0 && at < to) || (by < 0.0 && at > to) {
            self.step()?;
            out(number(at))?;
            at += by;
        }
        Ok(())
    }

    fn plain(&mut self, name: &str, input: &Value, out: Out<'_>) -> Done {
        let value = match name {
            "empty" => return Ok(()),
            "error" => return Err(Stop::Error(input.clone())),
            "not" => Value::Bool(!truthy(input)),
            "length" => match input {
                Value::Null => Value::from(0),
                Value::Bool(_) => return error(format!("{} has no length", described(input))),
                Value::Number(n) => number(n.as_f64().unwrap_or(0.0).abs()),
                Value::String(text) => Value::from(text.chars().count()),
                Value::Array(items) => Value::from(items.len()),
                Value::Object(map) => Value::from(map.len()),
            },
            "utf8bytelength" => Value::from(string(input)?.len()),
            "keys" | "keys_unsorted" => match input {
                Value::Object(map) => map.keys().map(|k| Value::from(k.as_str())).collect(),
                Value::Array(items) => (0..items.len()).map(Value::from).collect(),
                other => return error(format!("{} has no keys", described(other))),
            },
            "values" | "nulls" | "booleans" | "numbers" | "strings" | "arrays" | "objects"
            | "iterables" | "scalars" => {
                let kind = type_of(input);
                let fits = match name {
                    "values" => kind != "null",
                    "iterables" => matches!(kind, "array" | "object"),
                    "scalars" => !matches!(kind, "array" | "object"),
                    wanted => wanted.strip_suffix('s') == Some(kind),
                };
                return if fits { out(input.clone()) } else { Ok(()) };
            }
            "recurse" => return self.recurse(input, out),
            "add" => {
                let items: Vec<Value> = match input {
                    Value::Object(map) => map.values().cloned().collect(),
                    other => array(other, "added")?.to_vec(),
                };
                let mut sum = Value::Null;
                for item in &items {
                    self.step()?;
                    sum = values::apply("+", sum, item)?;
                }
                sum
            }
            "any" => Value::Bool(array(input, "searched")?.iter().any(truthy)),
            "all" => Value::Bool(array(input, "searched")?.iter().all(truthy)),
            "type" => Value::from(type_of(input)),
            "tostring" => Value::from(text(input)),
            "tojson" => Value::from(values::compact(input)),
            "fromjson" => match serde_json::from_str(string(input)?) {
                Ok(value) => value,
                Err(fault) => return error(format!("{fault} (while parsing '{}')", text(input))),
            },
            "tonumber" => match input {
                Value::Number(_) => input.clone(),
                Value::String(text) => match text.trim().parse::<f64>() {
                    Ok(value) => number(value),
                    Err(_) => {
                        return error(format!("{} cannot be parsed as a number", described(input)));
                    }
                },
                other => {
                    return error(format!("{} cannot be parsed as a number", described(other)));
                }
            },
            "floor" => number(float(input)?.floor()),
            "ceil" => number(float(input)?.ceil()),
            "round" => number(float(input)?.round()),
            "abs" => number(float(input)?.abs()),
            "fabs" => number(float(input)?.abs()),
            "sqrt" => number(float(input)?.sqrt()),
            "sort" => {
                let mut items = array(input, "sorted")?.to_vec();
                items.sort_by(compare);
                Value::Array(items)
            }
            "unique" => {
                let mut items = array(input, "sorted")?.to_vec();
                items.sort_by(compare);
                items.dedup_by(|a, b| compare(a, b).is_eq());
                Value::Array(items)
            }
            "min" | "max" => {
                let items = array(input, "compared")?.iter();
                let found = match name {
                    "min" => items.min_by(|a, b| compare(a, b)),
                    _ => items.max_by(|a, b| compare(a, b)),
                };
                found.cloned().unwrap_or(Value::Null)
            }
            "reverse" => match input {
                Value::Null => json!([]),
                Value::String(text) => Value::from(text.chars().rev().collect::<String>()),
                other => array(other, "reversed")?.iter().rev().cloned().collect(),
            },
            "flatten" => {
                let mut items = Vec::new();
                flatten(array(input, "flattened")?, 100, &mut items);
                Value::Array(items)
            }
            "first" => index(input, &Value::from(0))?,
            "last" => index(input, &Value::from(-1))?,
            "to_entries" => match input {
                Value::Object(map) => map
                    .iter()
                    .map(|(key, value)| json!({"key": key, "value": value}))
                    .collect(),
                other => return error(format!("{} has no keys", described(other))),
            },
            "from_entries" => {
                let mut map = Map::new();
                for item in array(input, "made an object")? {
                    let field = |names: &[&str]| {
                        let found = names.iter().map(|n| &item[*n]);
                        found.into_iter().find(|v| !v.is_null()).cloned()
                    };
                    let key = match field(&["key", "k", "name", "Name", "Key", "K"]) {
                        Some(Value::String(key)) => key,
                        Some(other) => text(&other),
                        None => "null".to_owned(),
                    };
                    let value = field(&["value", "v", "Value", "V"]).unwrap_or(Value::Null);
                    map.insert(key, value);
                }
                Value::Object(map)
            }
            "paths" | "leaf_paths" => {
                let all = self.paths(&Ast::Recurse, input, &Env::default())?;
                for path in all.into_iter().filter(|p| !p.is_empty()) {
                    let at = values::get_path(input, &path)?;
                    if name == "paths" || !matches!(at, Value::Array(_) | Value::Object(_)) {
                        out(Value::Array(path))?;
                    }
                }
                return Ok(());
            }
            "ascii_downcase" => Value::from(string(input)?.to_ascii_lowercase()),
            "ascii_upcase" => Value::from(string(input)?.to_ascii_uppercase()),
            "trim" => Value::from(string(input)?.trim()),
            "ltrim" => Value::from(string(input)?.trim_start()),
            "rtrim" => Value::from(string(input)?.trim_end()),
            "explode" => string(input)?
                .chars()
                .map(|c| Value::from(u32::from(c)))
                .collect(),
            "implode" => {
                let mut text = String::new();
                for item in array(input, "imploded")? {
                    let code = item.as_u64().and_then(|n| u32::try_from(n).ok());
                    text.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                }
                Value::from(text)
            }
            "transpose" => {
                let rows = array(input, "transposed")?;
                let width = rows.iter().filter_map(|r| r.as_array().map(Vec::len)).max();
                (0..width.unwrap_or(0))
                    .map(|i| rows.iter().map(|r| r[i].clone()).collect::<Value>())
                    .collect()
            }
            "infinite" => number(f64::MAX),
            "nan" | "null" => Value::Null,
            "now" => Value::Null,
            "env" => json!({}),
            "halt" => return Err(Stop::Break(0)),
            "debug" | "input_line_number" => input.clone(),
            "isempty" => Value::Bool(false),
            "todate" | "todateiso8601" | "strftime" => {
                let seconds = float(input)?;
                let nanos = (seconds.clamp(-9e9, 9e9) as i64).saturating_mul(1_000_000_000);
                Value::from(crate::api::rfc3339::format_time(nanos))
            }
            "fromdate" | "fromdateiso8601" => {
                match crate::api::rfc3339::parse_time(string(input)?) {
                    Some(nanos) => Value::from(nanos.div_euclid(1_000_000_000)),
                    None => {
                        return error(format!(
                            "date {} does not match format \"%Y-%m-%dT%H:%M:%SZ\"",
                            values::compact(input)
                        ));
                    }
                }
            }
            other => return error(format!("{other}/0 is not defined")),
        };
        out(value)
    }

    fn one(&mut self, name: &str, f: &Rc<Ast>, input: &Value, env: &Env, out: Out<'_>) -> Done {
        let value = match name {
            "map" => {
                let mut items = Vec::new();
                let inside: Vec<Value> = match input {
                    Value::Object(map) => map.values().cloned().collect(),
                    Value::Array(all) => all.clone(),
                    other => {
                        return error(format!("Cannot iterate over {}", described(other)));
                    }
                };
                for item in &inside {
                    items.extend(self.all(f, item, env)?);
                }
                Value::Array(items)
            }
            "map_values" => match input {
                Value::Object(map) => {
                    let mut new = Map::new();
                    for (key, value) in map {
                        if let Some(value) = self.all(f, value, env)?.into_iter().next() {
                            new.insert(key.clone(), value);
                        }
                    }
                    Value::Object(new)
                }
                other => {
                    let mut items = Vec::new();
                    for item in array(other, "mapped")? {
                        items.extend(self.all(f, item, env)?.into_iter().next());
                    }
                    Value::Array(items)
                }
            },
            "select" => {
                for test in self.all(f, input, env)? {
                    if truthy(&test) {
                        out(input.clone())?;
                    }
                }
                return Ok(());
            }
            "with_entries" => {
                let mut entries = Vec::new();
                self.plain("to_entries", input, &mut |value| {
                    entries.push(value);
                    Ok(())
                })?;
                let mut changed = Vec::new();
                for entry in entries
                    .first()
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    changed.extend(self.all(f, entry, env)?);
                }
                return self.plain("from_entries", &Value::Array(changed), out);
            }
            "recurse" => return self.recurse_by(f, input, env, out),
            "first" => {
                let label = self.fresh();
                let mut found = None;
                let ended = self.eval(f, input, env, &mut |value| {
                    found = Some(value);
                    Err(Stop::Break(label))
                });
                match ended {
                    Err(Stop::Break(to)) if to == label => {}
                    other => other?,
                }
                return found.map_or(Ok(()), out);
            }
            "last" => match self.all(f, input, env)?.pop() {
                Some(value) => value,
                None => return Ok(()),
            },
            "add" => {
                let items = Value::Array(self.all(f, input, env)?);
                return self.plain("add", &items, out);
            }
            "isempty" => Value::Bool(self.all(f, input, env)?.is_empty()),
            "error" => return Err(Stop::Error(self.first(f, input, env)?)),
            "repeat" => return self.repeat(f, input, env, out),
            "range" => {
                for to in self.all(f, input, env)? {
                    self.range(0.0, float(&to)?, 1.0, out)?;
                }
                return Ok(());
            }
            "any" | "all" => {
                let inside: Vec<Value> = match input {
                    Value::Object(map) => map.values().cloned().collect(),
                    other => array(other, "searched")?.to_vec(),
                };
                let mut holds = name == "all";
                for item in &inside {
                    for test in self.all(f, item, env)? {
                        match name {
                            "any" => holds |= truthy(&test),
                            _ => holds &= truthy(&test),
                        }
                    }
                }
                Value::Bool(holds)
            }
            "sort_by" | "group_by" | "unique_by" | "min_by" | "max_by" => {
                let mut keyed = Vec::new();
                for item in array(input, "sorted")? {
                    let key = Value::Array(self.all(f, item, env)?);
                    keyed.push((key, item.clone()));
                }
                by_key(name, keyed)
            }
            "paths" => {
                let all = self.paths(&Ast::Recurse, input, &Env::default())?;
                for path in all.into_iter().filter(|p| !p.is_empty()) {
                    let at = values::get_path(input, &path)?;
                    if self.all(f, &at, env)?.iter().any(truthy) {
                        out(Value::Array(path))?;
                    }
                }
                return Ok(());
            }
            "path" => {
                for path in self.paths(f, input, env)? {
                    out(Value::Array(path))?;
                }
                return Ok(());
            }
            "del" => {
                let paths = self.paths(f, input, env)?;
                values::delete_paths(input.clone(), paths)?
            }
            "delpaths" => {
                let paths = self.first(f, input, env)?;
                let paths = array(&paths, "a list of paths")?.iter();
                let paths = paths.filter_map(Value::as_array).cloned().collect();
                values::delete_paths(input.clone(), paths)?
            }
            "to_entries" => Value::Null,
            "walk" => self.walk(f, input, env, 0)?,
            "input" | "inputs" => Value::Null,
            _ => {
                for argument in self.all(f, input, env)? {
                    self.with_value(name, &argument, input, out)?;
                }
                return Ok(());
            }
        };
        out(value)
    }

    /// Functions of a value.
    fn with_value(&mut self, name: &str, argument: &Value, input: &Value, out: Out<'_>) -> Done {
        let value = match name {
            "has" => match (input, argument) {
                (Value::Object(map), Value::String(key)) => Value::Bool(map.contains_key(key)),
                (Value::Array(items), Value::Number(n)) => {
                    let at = n.as_f64().unwrap_or(-1.0);
                    Value::Bool(at >= 0.0 && (at as usize) < items.len())
                }
                _ => {
                    return error(format!(
                        "Cannot check whether {} has a {} key",
                        type_of(input),
                        type_of(argument)
                    ));
                }
            },
            "in" => return self.with_value("has", input, argument, out),
            "contains" => Value::Bool(contains(input, argument, 0)?),
            "inside" => Value::Bool(contains(argument, input, 0)?),
            "startswith" => Value::Bool(string(input)?.starts_with(string(argument)?)),
            "endswith" => Value::Bool(string(input)?.ends_with(string(argument)?)),
            "ltrimstr" => match (input, argument) {
                (Value::String(text), Value::String(lead)) => {
                    Value::from(text.strip_prefix(lead.as_str()).unwrap_or(text))
                }
                _ => input.clone(),
            },
            "rtrimstr" => match (input, argument) {
                (Value::String(text), Value::String(end)) => {
                    Value::from(text.strip_suffix(end.as_str()).unwrap_or(text))
                }
                _ => input.clone(),
            },
            "split" => values::split(string(input)?, string(argument)?),
            "join" => {
                let mut pieces = Vec::new();
                for item in array(input, "joined")? {
                    pieces.push(match item {
                        Value::Null => String::new(),
                        Value::Array(_) | Value::Object(_) => {
                            return error(format!("{} cannot be joined", described(item)));
                        }
                        other => text(other),
                    });
                }
                Value::from(pieces.join(string(argument)?))
            }
            "flatten" => {
                let mut items = Vec::new();
                let depth = float(argument)?.clamp(0.0, 100.0) as usize;
                flatten(array(input, "flattened")?, depth, &mut items);
                Value::Array(items)
            }
            "getpath" => values::get_path(input, array(argument, "a path")?)?,
            "index" | "rindex" | "indices" => {
                let found: Vec<Value> = match (input, argument) {
                    (Value::String(text), Value::String(part)) if !part.is_empty() => {
                        let at = |(i, _): (usize, &str)| {
                            Value::from(text.get(..i).unwrap_or_default().chars().count())
                        };
                        text.match_indices(part.as_str()).map(at).collect()
                    }
                    (Value::Array(items), one) => items
                        .iter()
                        .enumerate()
                        .filter(|(_, item)| compare(item, one).is_eq())
                        .map(|(i, _)| Value::from(i))
                        .collect(),
                    _ => Vec::new(),
                };
                match name {
                    "index" => found.first().cloned().unwrap_or(Value::Null),
                    "rindex" => found.last().cloned().unwrap_or(Value::Null),
                    _ => Value::Array(found),
                }
            }
            "nth" => index(input, argument)?,
            "test" | "match" | "capture" | "scan" | "splits" => {
                return match argument {
                    Value::Array(both) => {
                        let part = |i: usize| both.get(i).and_then(Value::as_str).unwrap_or("");
                        regex(name, string(input)?, part(0), part(1), out)
                    }
                    re => regex(name, string(input)?, string(re)?, "", out),
                };
            }
            "strftime" | "todate" => return self.plain("todate", input, out),
            "tojson" => Value::from(values::compact(input)),
            "pow10" => number(10f64.powf(float(argument)?)),
            other => return error(format!("{other}/1 is not defined")),
        };
        out(value)
    }

    fn two(
        &mut self,
        name: &str,
        f: &Rc<Ast>,
        g: &Rc<Ast>,
        input: &Value,
        env: &Env,
        out: Out<'_>,
    ) -> Done {
        match name {
            "range" => {
                for from in self.all(f, input, env)? {
                    for to in self.all(g, input, env)? {
                        self.range(float(&from)?, float(&to)?, 1.0, out)?;
                    }
                }
                Ok(())
            }
            "limit" => {
                for most in self.all(f, input, env)? {
                    let most = float(&most)?;
                    if most < 1.0 {
                        continue;
                    }
                    let label = self.fresh();
                    let mut count = 0.0;
                    let ended = self.eval(g, input, env, &mut |value| {
                        count += 1.0;
                        out(value)?;
                        match count >= most {
                            true => Err(Stop::Break(label)),
                            false => Ok(()),
                        }
                    });
                    match ended {
                        Err(Stop::Break(to)) if to == label => {}
                        other => other?,
                    }
                }
                Ok(())
            }
            "first" | "nth" => {
                let at = float(&self.first(f, input, env)?)?.max(0.0) as usize;
                let found = self.all(g, input, env)?.into_iter().nth(at);
                found.map_or(Ok(()), out)
            }
            "until" | "while" => {
                let mut value = input.clone();
                loop {
                    self.step()?;
                    let holds = truthy(&self.first(f, &value, env)?);
                    match (name, holds) {
                        ("until", true) => return out(value),
                        ("while", false) => return Ok(()),
                        ("while", true) => out(value.clone())?,
                        _ => {}
                    }
                    value = self.first(g, &value, env)?;
                }
            }
            "any" | "all" => {
                let mut holds = name == "all";
                for item in self.all(f, input, env)? {
                    for test in self.all(g, &item, env)? {
                        match name {
                            "any" => holds |= truthy(&test),
                            _ => holds &= truthy(&test),
                        }
                    }
                }
                out(Value::Bool(holds))
            }
            "setpath" => {
                let path = self.first(f, input, env)?;
                let path = array(&path, "a path")?;
                for value in self.all(g, input, env)? {
                    out(values::set_path(input.clone(), path, value)?)?;
                }
                Ok(())
            }
            "test" | "match" | "capture" | "scan" | "split" | "splits" => {
                let re = self.first(f, input, env)?;
                let flags = self.first(g, input, env)?;
                let flags = flags.as_str().unwrap_or("");
                regex(name, string(input)?, string(&re)?, flags, out)
            }
            "sub" => self.substitute(f, g, "", false, input, env, out),
            "gsub" => self.substitute(f, g, "", true, input, env, out),
            "pow" => {
                let (base, to) = (self.first(f, input, env)?, self.first(g, input, env)?);
                out(number(float(&base)?.powf(float(&to)?)))
            }
            "recurse" => {
                let both = Rc::new(Ast::Pipe(
                    f.clone(),
                    Rc::new(Ast::Call("select".to_owned(), vec![g.clone()])),
                ));
                self.recurse_by(&both, input, env, out)
            }
            "IN" => {
                let set = self.all(g, input, env)?;
                let holds = self.all(f, input, env)?.iter().any(|v| set.contains(v));
                out(Value::Bool(holds))
            }
            _ => error(format!("{name}/2 is not defined")),
        }
    }

    fn recurse_by(&mut self, f: &Rc<Ast>, value: &Value, env: &Env, out: Out<'_>) -> Done {
        self.step()?;
        out(value.clone())?;
        self.depth += 1;
        if self.depth > 100 {
            return error("the filter nests too deeply");
        }
        for next in self.all(f, value, env)? {
            self.recurse_by(f, &next, env, out)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn repeat(&mut self, f: &Rc<Ast>, input: &Value, env: &Env, out: Out<'_>) -> Done {
        let mut value = input.clone();
        loop {
            self.step()?;
            out(value.clone())?;
            let mut next = self.all(f, &value, env)?;
            match next.pop() {
                Some(one) => value = one,
                None => return Ok(()),
            }
        }
    }

    fn walk(&mut self, f: &Rc<Ast>, value: &Value, env: &Env, depth: usize) -> Result<Value, Stop> {
        self.step()?;
        if depth > 100 {
            return error("the value nests too deeply");
        }
        let inner = match value {
            Value::Array(items) => {
                let mut new = Vec::new();
                for item in items {
                    new.push(self.walk(f, item, env, depth + 1)?);
                }
                Value::Array(new)
            }
            Value::Object(map) => {
                let mut new = Map::new();
                for (key, item) in map {
                    new.insert(key.clone(), self.walk(f, item, env, depth + 1)?);
                }
                Value::Object(new)
            }
            other => other.clone(),
        };
        self.first(f, &inner, env)
    }

    #[allow(clippy::too_many_arguments)]
    fn substitute(
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

fn flatten(items: &[Value], depth: usize, out: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::Array(inner) if depth > 0 => flatten(inner, depth - 1, out),
            other => out.push(other.clone()),
        }
    }
}

fn contains(a: &Value, b: &Value, depth: usize) -> Result<bool, Stop> {
    if depth > 100 {
        return error("the value nests too deeply");
    }
    Ok(match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in b {
                match a.get(key) {
                    Some(own) if contains(own, value, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::Array(a), Value::Array(b)) => {
            for wanted in b {
                let mut found = false;
                for own in a {
                    // Those of another type are none.
                    found |= type_of(own) == type_of(wanted) && contains(own, wanted, depth + 1)?;
                }
                if !found {
                    return Ok(false);
                }
            }
            true
        }
        (Value::String(a), Value::String(b)) => a.contains(b.as_str()),
        (a, b) if type_of(a) == type_of(b) => compare(a, b).is_eq(),
        (a, b) => {
            return error(format!(
                "{} and {} cannot have their containment checked",
                described(a),
                described(b)
            ));
        }
    })
}

fn by_key(name: &str, mut keyed: Vec<(Value, Value)>) -> Value {
    match name {
        "min_by" | "max_by" => {
            let items = keyed.into_iter();
            let found = match name {
                "min_by" => items.min_by(|a, b| compare(&a.0, &b.0)),
                _ => items.max_by(|a, b| compare(&a.0, &b.0)),
            };
            return found.map_or(Value::Null, |(_, item)| item);
        }
        _ => keyed.sort_by(|a, b| compare(&a.0, &b.0)),
    }
    if name == "sort_by" {
        return keyed.into_iter().map(|(_, item)| item).collect();
    }
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in keyed {
        match groups.last_mut() {
            Some((last, items)) if compare(last, &key).is_eq() => items.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    let groups = groups.into_iter().map(|(_, items)| items);
    match name {
        "unique_by" => groups
            .filter_map(|items| items.into_iter().next())
            .collect(),
        _ => groups.map(Value::Array).collect(),
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

fn regex(name: &str, subject: &str, re: &str, flags: &str, out: Out<'_>) -> Done {
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
