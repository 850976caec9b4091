//! Functions that take filters, or what filters give.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::Ast;
use super::super::eval::{Done, Env, Out, Run, Stop, error};
use super::super::values::{self, compare, described, index, number, text, truthy, type_of};
use super::plain::flatten;
use super::regex::regex;
use super::{array, float, string};

impl Run {
    pub(super) fn one(
        &mut self,
        name: &str,
        f: &Rc<Ast>,
        input: &Value,
        env: &Env,
        out: Out<'_>,
    ) -> Done {
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

    pub(super) fn two(
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
