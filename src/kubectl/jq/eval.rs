//! What filters make of values: each may give none, one or many.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::values::{self, index, slice, truthy};
use super::{Ast, Function, Pattern, Piece};

/// Why a filter stops before its end.
#[derive(Debug)]
pub enum Stop {
    Error(Value),
    /// Out of a label.
    Break(u64),
    Exhausted,
}

pub type Done = Result<(), Stop>;
/// Takes what a filter gives.
pub type Out<'o> = &'o mut dyn FnMut(Value) -> Done;

pub fn error<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(Value::from(message.into())))
}

/// What names mean where a filter stands: the newest first.
#[derive(Clone, Default)]
pub struct Env(Option<Rc<Frame>>);

struct Frame {
    entry: Entry,
    before: Env,
}

enum Entry {
    Variable(String, Value),
    /// A definition: its body sees what stood before it, and itself.
    Function(Rc<Function>),
    /// A parameter: a filter, and where it was written.
    Filter(String, Rc<Ast>, Env),
    Label(String, u64),
}

impl Env {
    fn with(&self, entry: Entry) -> Env {
        Env(Some(Rc::new(Frame {
            entry,
            before: self.clone(),
        })))
    }

    pub fn with_variable(&self, name: &str, value: Value) -> Env {
        self.with(Entry::Variable(name.to_owned(), value))
    }

    fn find<T>(&self, wanted: impl Fn(&Env, &Frame) -> Option<T>) -> Option<T> {
        let mut at = self;
        while let Some(frame) = &at.0 {
            if let Some(found) = wanted(at, frame) {
                return Some(found);
            }
            at = &frame.before;
        }
        None
    }

    pub fn variable(&self, name: &str) -> Option<Value> {
        self.find(|_, frame| match &frame.entry {
            Entry::Variable(n, value) if n == name => Some(value.clone()),
            _ => None,
        })
    }
}

/// What a name without a dollar means.
pub enum Called {
    /// A parameter: run it where it was written.
    Filter(Rc<Ast>, Env),
    /// A definition, and where its body stands.
    Function(Rc<Function>, Env),
}

impl Env {
    pub fn called(&self, name: &str, count: usize) -> Option<Called> {
        self.find(|here, frame| match &frame.entry {
            Entry::Filter(n, ast, env) if n == name && count == 0 => {
                Some(Called::Filter(ast.clone(), env.clone()))
            }
            Entry::Function(f) if f.name == name && f.parameters.len() == count => {
                Some(Called::Function(f.clone(), here.clone()))
            }
            _ => None,
        })
    }

    /// Where the body of a function runs: its parameters are what it was called with.
    pub fn enter(&self, function: &Function, arguments: &[Rc<Ast>], caller: &Env) -> Env {
        let mut env = self.clone();
        for (name, ast) in function.parameters.iter().zip(arguments) {
            env = env.with(Entry::Filter(name.clone(), ast.clone(), caller.clone()));
        }
        env
    }

    pub fn define(&self, function: &Rc<Function>) -> Env {
        self.with(Entry::Function(function.clone()))
    }
}

/// A run holds no more in its lists, counted over all of them.
const MOST_HELD: usize = 128 << 20;

/// Takes the room that a value needs.
fn hold(room: &Cell<usize>, value: &Value) -> Done {
    match room.get().checked_sub(values::size(value)) {
        Some(left) => {
            room.set(left);
            Ok(())
        }
        None => Err(Stop::Exhausted),
    }
}

/// Filters nest no deeper while they run.
const DEEPEST: usize = 150;

pub struct Run {
    steps: u64,
    /// How much may still be held in lists, in bytes or so, all in all.
    room: Rc<Cell<usize>>,
    pub depth: usize,
    labels: u64,
}

impl Run {
    pub fn new(steps: u64) -> Run {
        Run {
            steps,
            room: Rc::new(Cell::new(MOST_HELD)),
            depth: 0,
            labels: 0,
        }
    }

    /// Counts a value that is kept.
    pub fn keep(&mut self, value: &Value) -> Done {
        hold(&self.room, value)
    }

    /// Counts a step.
    pub fn step(&mut self) -> Done {
        self.steps = self.steps.saturating_sub(1);
        match self.steps {
            0 => Err(Stop::Exhausted),
            _ => Ok(()),
        }
    }

    pub fn eval(&mut self, ast: &Ast, input: &Value, env: &Env, out: Out<'_>) -> Done {
        self.step()?;
        self.depth += 1;
        if self.depth > DEEPEST {
            self.depth -= 1;
            return error("the filter nests too deeply");
        }
        let done = self.eval_inside(ast, input, env, out);
        self.depth -= 1;
        done
    }

    fn eval_inside(&mut self, ast: &Ast, input: &Value, env: &Env, out: Out<'_>) -> Done {
        match ast {
            Ast::Identity => out(input.clone()),
            Ast::Recurse => self.recurse(input, out),
            Ast::Literal(value) => out(value.clone()),
            Ast::Index(term, key) => {
                for target in self.all(term, input, env)? {
                    for key in self.all(key, input, env)? {
                        out(index(&target, &key)?)?;
                    }
                }
                Ok(())
            }
            Ast::Slice(term, from, to) => {
                for target in self.all(term, input, env)? {
                    for to in self.optional(to, input, env)? {
                        for from in self.optional(from, input, env)? {
                            out(slice(&target, &from, &to)?)?;
                        }
                    }
                }
                Ok(())
            }
            Ast::Iterate(term) => {
                for target in self.all(term, input, env)? {
                    match target {
                        Value::Array(items) => items.into_iter().try_for_each(&mut *out)?,
                        Value::Object(map) => {
                            map.into_iter().map(|(_, v)| v).try_for_each(&mut *out)?;
                        }
                        other => {
                            return error(format!(
                                "Cannot iterate over {}",
                                values::described(&other)
                            ));
                        }
                    }
                }
                Ok(())
            }
            Ast::Text(format, pieces) => self.text(format, pieces, input, env, String::new(), out),
            Ast::Format(format) => out(Value::from(values::format(format, input)?)),
            Ast::Array(None) => out(Value::Array(Vec::new())),
            Ast::Array(Some(inner)) => {
                let items = self.all(inner, input, env)?;
                out(Value::Array(items))
            }
            Ast::Object(entries) => self.object(entries, input, env, Map::new(), out),
            Ast::Pipe(left, right) => {
                for value in self.all(left, input, env)? {
                    self.eval(right, &value, env, out)?;
                }
                Ok(())
            }
            Ast::Comma(left, right) => {
                self.eval(left, input, env, out)?;
                self.eval(right, input, env, out)
            }
            Ast::Negate(inner) => {
                for value in self.all(inner, input, env)? {
                    match value.as_f64() {
                        Some(number) => out(values::number(-number))?,
                        None => {
                            return error(format!(
                                "{} cannot be negated",
                                values::described(&value)
                            ));
                        }
                    }
                }
                Ok(())
            }
            Ast::Binary(operator, left, right) => {
                self.binary(operator, left, right, input, env, out)
            }
            Ast::Assign(operator, left, right) => {
                self.assign(operator, left, right, input, env, out)
            }
            Ast::If(condition, yes, no) => {
                for value in self.all(condition, input, env)? {
                    match (truthy(&value), no) {
                        (true, _) => self.eval(yes, input, env, out)?,
                        (false, Some(no)) => self.eval(no, input, env, out)?,
                        (false, None) => out(input.clone())?,
                    }
                }
                Ok(())
            }
            Ast::Try(body, caught) => {
                let mut passed: Done = Ok(());
                let result = self.eval(body, input, env, &mut |value| match out(value) {
                    Ok(()) => Ok(()),
                    // What fails behind this one is not caught here.
                    Err(stop) => {
                        passed = Err(stop);
                        Err(Stop::Break(u64::MAX))
                    }
                });
                passed?;
                match (result, caught) {
                    (Err(Stop::Error(value)), Some(caught)) => self.eval(caught, &value, env, out),
                    (Err(Stop::Error(_)), None) => Ok(()),
                    (result, _) => result,
                }
            }
            Ast::Reduce(source, pattern, first, update) => {
                let values = self.all(source, input, env)?;
                for mut state in self.all(first, input, env)? {
                    for value in &values {
                        let env = self.bind(pattern, value, env)?;
                        state = self.all(update, &state, &env)?.pop().unwrap_or(Value::Null);
                    }
                    out(state)?;
                }
                Ok(())
            }
            Ast::Foreach(source, pattern, first, update, extract) => {
                let values = self.all(source, input, env)?;
                for mut state in self.all(first, input, env)? {
                    for value in &values {
                        let env = self.bind(pattern, value, env)?;
                        for next in self.all(update, &state, &env)? {
                            state = next;
                            match extract {
                                Some(extract) => self.eval(extract, &state, &env, out)?,
                                None => out(state.clone())?,
                            }
                        }
                    }
                }
                Ok(())
            }
            Ast::Variable(name) => match env.variable(name) {
                Some(value) => out(value),
                None if name == "ENV" => out(Value::Object(Map::new())),
                None => error(format!("${name} is not defined")),
            },
            Ast::As(source, pattern, body) => {
                for value in self.all(source, input, env)? {
                    let env = self.bind(pattern, &value, env)?;
                    self.eval(body, input, &env, out)?;
                }
                Ok(())
            }
            Ast::Call(name, arguments) => match env.called(name, arguments.len()) {
                Some(Called::Filter(ast, env)) => self.eval(&ast, input, &env, out),
                Some(Called::Function(function, place)) => {
                    let inner = place.enter(&function, arguments, env);
                    self.eval(&function.body, input, &inner, out)
                }
                None => self.call(name, arguments, input, env, out),
            },
            Ast::Define(function, rest) => self.eval(rest, input, &env.define(function), out),
            Ast::Label(name, body) => {
                self.labels += 1;
                let label = self.labels;
                let env = env.with(Entry::Label(name.clone(), label));
                match self.eval(body, input, &env, out) {
                    Err(Stop::Break(to)) if to == label => Ok(()),
                    result => result,
                }
            }
            Ast::Break(name) => {
                let label = env.find(|_, frame| match &frame.entry {
                    Entry::Label(n, label) if n == name => Some(*label),
                    _ => None,
                });
                match label {
                    Some(label) => Err(Stop::Break(label)),
                    None => error(format!("$*label-{name} is not defined")),
                }
            }
        }
    }

    /// A label of its own.
    pub fn fresh(&mut self) -> u64 {
        self.labels += 1;
        self.labels
    }

    /// All that a filter gives.
    pub fn all(&mut self, ast: &Ast, input: &Value, env: &Env) -> Result<Vec<Value>, Stop> {
        // What most filters are made of needs no list.
        match ast {
            Ast::Identity => return Ok(vec![input.clone()]),
            Ast::Literal(value) => return Ok(vec![value.clone()]),
            _ => {}
        }
        let mut values = Vec::new();
        let room = self.room.clone();
        self.eval(ast, input, env, &mut |value| {
            hold(&room, &value)?;
            values.push(value);
            Ok(())
        })?;
        Ok(values)
    }

    fn optional(
        &mut self,
        ast: &Option<Rc<Ast>>,
        input: &Value,
        env: &Env,
    ) -> Result<Vec<Value>, Stop> {
        match ast {
            Some(ast) => self.all(ast, input, env),
            None => Ok(vec![Value::Null]),
        }
    }

    pub fn recurse(&mut self, value: &Value, out: Out<'_>) -> Done {
        self.step()?;
        out(value.clone())?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|v| self.recurse(v, out)),
            Value::Object(map) => map.values().try_for_each(|v| self.recurse(v, out)),
            _ => Ok(()),
        }
    }

    fn text(
        &mut self,
        format: &str,
        pieces: &[Piece],
        input: &Value,
        env: &Env,
        before: String,
        out: Out<'_>,
    ) -> Done {
        let Some((first, rest)) = pieces.split_first() else {
            return out(Value::from(before));
        };
        match first {
            Piece::Text(text) => self.text(format, rest, input, env, before + text, out),
            Piece::Filter(ast) => {
                for value in self.all(ast, input, env)? {
                    let text = before.clone() + &values::format(format, &value)?;
                    self.text(format, rest, input, env, text, out)?;
                }
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        entries: &[(Ast, Ast)],
        input: &Value,
        env: &Env,
        before: Map<String, Value>,
        out: Out<'_>,
    ) -> Done {
        let Some(((key, value), rest)) = entries.split_first() else {
            return out(Value::Object(before));
        };
        for key in self.all(key, input, env)? {
            let Value::String(key) = key else {
                return error(format!(
                    "Object keys must be strings, not {}",
                    values::described(&key)
                ));
            };
            for value in self.all(value, input, env)? {
                let mut map = before.clone();
                map.insert(key.clone(), value);
                self.object(rest, input, env, map, out)?;
            }
        }
        Ok(())
    }

    fn binary(
        &mut self,
        operator: &str,
        left: &Ast,
        right: &Ast,
        input: &Value,
        env: &Env,
        out: Out<'_>,
    ) -> Done {
        match operator {
            "and" | "or" => {
                let stops = operator == "or";
                for value in self.all(left, input, env)? {
                    if truthy(&value) == stops {
                        out(Value::Bool(stops))?;
                        continue;
                    }
                    for value in self.all(right, input, env)? {
                        out(Value::Bool(truthy(&value)))?;
                    }
                }
                Ok(())
            }
            "//" => {
                let mut good = Vec::new();
                let found = self.eval(left, input, env, &mut |value| {
                    if truthy(&value) {
                        good.push(value);
                    }
                    Ok(())
                });
                match found {
                    Ok(()) | Err(Stop::Error(_)) => {}
                    Err(stop) => return Err(stop),
                }
                match good.is_empty() {
                    true => self.eval(right, input, env, out),
                    false => good.into_iter().try_for_each(out),
                }
            }
            operator => {
                for right in self.all(right, input, env)? {
                    for left in self.all(left, input, env)? {
                        out(values::apply(operator, left, &right)?)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn assign(
        &mut self,
        operator: &str,
        left: &Ast,
        right: &Ast,
        input: &Value,
        env: &Env,
        out: Out<'_>,
    ) -> Done {
        let paths = self.paths(left, input, env)?;
        if operator == "|=" {
            let mut value = input.clone();
            let mut gone = Vec::new();
            for path in paths {
                let old = values::get_path(&value, &path)?;
                match self.all(right, &old, env)?.into_iter().next() {
                    Some(new) => value = values::set_path(value, &path, new)?,
                    // What becomes nothing goes.
                    None => gone.push(path),
                }
            }
            return out(values::delete_paths(value, gone)?);
        }
        for right in self.all(right, input, env)? {
            let mut value = input.clone();
            for path in &paths {
                let new = match operator.strip_suffix('=') {
                    Some("") | None => right.clone(),
                    Some("//") => {
                        let old = values::get_path(&value, path)?;
                        if truthy(&old) { old } else { right.clone() }
                    }
                    Some(operator) => {
                        let old = values::get_path(&value, path)?;
                        values::apply(operator, old, &right)?
                    }
                };
                value = values::set_path(value, path, new)?;
            }
            out(value)?;
        }
        Ok(())
    }

    pub fn bind(&mut self, pattern: &Pattern, value: &Value, env: &Env) -> Result<Env, Stop> {
        match pattern {
            Pattern::Variable(name) => Ok(env.with_variable(name, value.clone())),
            Pattern::Array(patterns) => {
                let mut env = env.clone();
                for (i, pattern) in patterns.iter().enumerate() {
                    let item = index(value, &Value::from(i))?;
                    env = self.bind(pattern, &item, &env)?;
                }
                Ok(env)
            }
            Pattern::Object(entries) => {
                let mut env = env.clone();
                for (key, pattern) in entries {
                    let item = index(value, &Value::from(key.as_str()))?;
                    if let Some(pattern) = pattern {
                        env = self.bind(pattern, &item, &env)?;
                    }
                }
                Ok(env)
            }
        }
    }
}
