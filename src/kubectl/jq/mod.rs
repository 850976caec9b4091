//! The language of `jq` (1.7): filters over JSON values. Paths, pipes, conditions, reductions, functions
//! of one's own, assignments; no modules, no streaming.
//!
//! A filter is read into a tree (`parse`), its names are looked up (`names`), and a machine runs it
//! (`machine`) within a budget of steps and room. Values keep the order of their keys (`value`).

mod arithmetic;
mod ast;
mod env;
mod formats;
mod functions;
pub mod json;
mod lex;
mod machine;
mod names;
mod parse;
mod paths;
mod patterns;
mod terms;
#[cfg(test)]
mod tests;
mod value;

use std::rc::Rc;

use ast::Ast;
use env::Env;

pub use machine::Stop;
pub use value::{Object, Value};

/// What is around a filter.
pub trait World {
    /// Seconds since the epoch.
    fn now(&self) -> f64;
    /// What `$ENV` and `env` are.
    fn environment(&self) -> Value;
    /// The next of what is read; an error says what is wrong with it.
    fn input(&mut self) -> Option<Result<Value, String>>;
    /// The file that is being read.
    fn file(&self) -> Option<String>;
    /// How many lines have been read of it.
    fn line(&self) -> usize;
    /// What `debug` and `stderr` say.
    fn say(&mut self, text: &str);
}

/// A filter, read.
pub struct Program {
    ast: Rc<Ast>,
    library: functions::Library,
    env: Env,
}

impl Program {
    /// Reads a filter; beside its own variables it knows those that are given.
    ///
    /// # Errors
    /// What jq prints about the text, with how many errors there are.
    pub fn parse(text: &str, variables: &[(String, Value)]) -> Result<Program, String> {
        let library = functions::Library::new();
        let read = parse::parse(text).map_err(|fault| {
            let mut words = fault.message.clone();
            if let Some(rest) = words.strip_prefix("syntax error") {
                words = match rest.split_once('\n') {
                    None => format!("syntax error{rest} (Unix shell quoting issues?)"),
                    Some((rest, more)) => {
                        format!("syntax error{rest} (Unix shell quoting issues?)\n{more}")
                    }
                };
            }
            // A second fault tells of all that was read so far.
            let place = |i: usize| if i == 0 { fault.at } else { 0 };
            let words = words.split('\n').enumerate();
            let faults: Vec<_> = words.map(|(i, w)| (w.to_owned(), place(i))).collect();
            report(text, &faults)
        });
        let ast = read?;
        let known = variables.iter().map(|(name, _)| Rc::from(name.as_str()));
        let faults = names::unknown(&ast, known.collect(), &library);
        if !faults.is_empty() {
            let faults: Vec<_> = faults.into_iter().map(|f| (f.message, f.at)).collect();
            return Err(report(text, &faults));
        }
        let mut env = Env::default();
        for (name, value) in variables {
            env = env.with_variable(&Rc::from(name.as_str()), value.clone());
        }
        Ok(Program { ast, library, env })
    }

    /// Hands on each value that the filter makes of one.
    ///
    /// # Errors
    /// Why it stopped before its end.
    pub fn run(
        &self,
        input: Value,
        world: &mut dyn World,
        out: &mut dyn FnMut(Value, &mut dyn World),
    ) -> Result<(), Stop> {
        let mut machine = machine::Machine::new(&self.ast, &self.env, input, &self.library);
        while let Some(value) = machine.next(world) {
            out(value?, world);
        }
        Ok(())
    }
}

/// Where in the text something is wrong, as jq shows it.
fn report(text: &str, faults: &[(String, usize)]) -> String {
    let mut out = String::new();
    for (message, at) in faults {
        let before = text.get(..*at).unwrap_or_default();
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(begin..).and_then(|rest| rest.lines().next());
        let number = 1 + before.matches('\n').count();
        let blanks = " ".repeat(at.saturating_sub(begin));
        out.push_str(&format!(
            "jq: error: {message} at <top-level>, line {number}:\n{}{blanks}\n",
            line.unwrap_or_default()
        ));
    }
    let errors = match faults.len() {
        1 => "jq: 1 compile error".to_owned(),
        count => format!("jq: {count} compile errors"),
    };
    out + &errors
}

/// What an error says, when nothing catches it; nothing for that of null.
pub fn words(error: &Value) -> Option<String> {
    match error {
        Value::Null => None,
        Value::Text(text) => Some(format!(": {text}")),
        other => Some(format!(" (not a string): {}", json::compact(other))),
    }
}
