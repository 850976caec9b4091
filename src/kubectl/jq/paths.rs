//! Filters as places in a value: what can be assigned to, and deleted.

use serde_json::Value;

use super::Ast;
use super::eval::{Called, Env, Run, Stop, error};
use super::values::{self, index, truthy};

/// Names and numbers that lead into a value.
pub type Path = Vec<Value>;

impl Run {
    /// The places that a filter names.
    pub fn paths(&mut self, ast: &Ast, input: &Value, env: &Env) -> Result<Vec<Path>, Stop> {
        let found = self.places(ast, &(Path::new(), input.clone()), env)?;
        Ok(found.into_iter().map(|(path, _)| path).collect())
    }

    fn places(
        &mut self,
        ast: &Ast,
        at: &(Path, Value),
        env: &Env,
    ) -> Result<Vec<(Path, Value)>, Stop> {
        self.step()?;
        self.depth += 1;
        if self.depth > 100 {
            self.depth -= 1;
            return error("the filter nests too deeply");
        }
        let found = self.places_inside(ast, at, env);
        self.depth -= 1;
        for (_, value) in found.iter().flatten() {
            self.keep(value)?;
        }
        found
    }

    fn places_inside(
        &mut self,
        ast: &Ast,
        at: &(Path, Value),
        env: &Env,
    ) -> Result<Vec<(Path, Value)>, Stop> {
        let (path, value) = at;
        let below = |(path, value): &(Path, Value), key: Value| -> Result<(Path, Value), Stop> {
            let inner = index(value, &key)?;
            let mut path = path.clone();
            path.push(key);
            Ok((path, inner))
        };
        let mut out = Vec::new();
        match ast {
            Ast::Identity => out.push(at.clone()),
            Ast::Index(term, key) => {
                for target in self.places(term, at, env)? {
                    for key in self.all(key, value, env)? {
                        out.push(below(&target, key)?);
                    }
                }
            }
            Ast::Iterate(term) => {
                for target in self.places(term, at, env)? {
                    for key in keys(&target.1)? {
                        out.push(below(&target, key)?);
                    }
                }
            }
            Ast::Recurse => self.recurse_places(at, &mut out)?,
            Ast::Pipe(left, right) => {
                for place in self.places(left, at, env)? {
                    out.extend(self.places(right, &place, env)?);
                }
            }
            Ast::Comma(left, right) => {
                out.extend(self.places(left, at, env)?);
                out.extend(self.places(right, at, env)?);
            }
            Ast::If(condition, yes, no) => {
                for test in self.all(condition, value, env)? {
                    match (truthy(&test), no) {
                        (true, _) => out.extend(self.places(yes, at, env)?),
                        (false, Some(no)) => out.extend(self.places(no, at, env)?),
                        (false, None) => out.push(at.clone()),
                    }
                }
            }
            Ast::Try(body, _) => match self.places(body, at, env) {
                Ok(found) => out.extend(found),
                Err(Stop::Error(_)) => {}
                Err(stop) => return Err(stop),
            },
            Ast::Binary("//", left, right) => {
                let found = match self.places(left, at, env) {
                    Ok(found) => found,
                    Err(Stop::Error(_)) => Vec::new(),
                    Err(stop) => return Err(stop),
                };
                out.extend(found.into_iter().filter(|(_, v)| truthy(v)));
                if out.is_empty() {
                    out.extend(self.places(right, at, env)?);
                }
            }
            Ast::As(source, pattern, body) => {
                for bound in self.all(source, value, env)? {
                    let env = self.bind(pattern, &bound, env)?;
                    out.extend(self.places(body, at, &env)?);
                }
            }
            Ast::Define(function, rest) => {
                out.extend(self.places(rest, at, &env.define(function))?);
            }
            Ast::Call(name, arguments) => match env.called(name, arguments.len()) {
                Some(Called::Filter(ast, env)) => out.extend(self.places(&ast, at, &env)?),
                Some(Called::Function(function, place)) => {
                    let inner = place.enter(&function, arguments, env);
                    out.extend(self.places(&function.body, at, &inner)?);
                }
                None => match (name.as_str(), arguments.as_slice()) {
                    ("empty", []) => {}
                    ("first", []) => out.push(below(at, Value::from(0))?),
                    ("last", []) => out.push(below(at, Value::from(-1))?),
                    ("recurse", []) => self.recurse_places(at, &mut out)?,
                    ("select", [condition]) => {
                        for test in self.all(condition, value, env)? {
                            if truthy(&test) {
                                out.push(at.clone());
                            }
                        }
                    }
                    ("first", [inner]) => {
                        out.extend(self.places(inner, at, env)?.into_iter().next());
                    }
                    ("getpath", [inner]) => {
                        for more in self.all(inner, value, env)? {
                            let Value::Array(more) = more else {
                                return error("Path must be specified as an array");
                            };
                            let found = values::get_path(value, &more)?;
                            out.push(([path.clone(), more].concat(), found));
                        }
                    }
                    _ => return error("Invalid path expression"),
                },
            },
            _ => return error("Invalid path expression"),
        }
        Ok(out)
    }

    fn recurse_places(
        &mut self,
        at: &(Path, Value),
        out: &mut Vec<(Path, Value)>,
    ) -> Result<(), Stop> {
        self.step()?;
        self.keep(&at.1)?;
        out.push(at.clone());
        if !matches!(at.1, Value::Array(_) | Value::Object(_)) {
            return Ok(());
        }
        for key in keys(&at.1)? {
            let mut path = at.0.clone();
            let inner = index(&at.1, &key)?;
            path.push(key);
            self.recurse_places(&(path, inner), out)?;
        }
        Ok(())
    }
}

fn keys(value: &Value) -> Result<Vec<Value>, Stop> {
    match value {
        Value::Array(items) => Ok((0..items.len()).map(Value::from).collect()),
        Value::Object(map) => Ok(map.keys().map(|k| Value::from(k.as_str())).collect()),
        Value::Null => Ok(Vec::new()),
        other => error(format!("Cannot iterate over {}", values::described(other))),
    }
}
