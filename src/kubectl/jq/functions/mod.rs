//! The functions that are there without being defined.

mod filters;
mod plain;
mod regex;

use std::rc::Rc;

use serde_json::Value;

use super::Ast;
use super::eval::{Done, Env, Out, Run, Stop, error};
use super::values::{described, number};

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
}
