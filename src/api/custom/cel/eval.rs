//! What an expression is worth.
//!
//! Models `interpreter/` of cel-go: `&&` and `||` swallow an error that the other side makes irrelevant, arithmetic
//! does not wrap around, and every step costs.

use std::rc::Rc;

use super::ast::{Expr, Form, Item, Kind, Literal, Loop};
use super::library;
use super::value::Value;

/// One evaluation may cost this much (`celconfig.PerCallLimit`).
pub const CALL_LIMIT: u64 = 1_000_000;

/// Why an expression has no value.
#[derive(Debug)]
pub enum Fail {
    Error(String),
    /// It cost too much; nothing swallows this.
    Limit,
}

impl Fail {
    pub fn text(&self) -> &str {
        match self {
            Fail::Error(text) => text,
            Fail::Limit => "operation cancelled: actual cost limit exceeded",
        }
    }
}

pub type Outcome = Result<Value, Fail>;

pub fn fail<T>(text: impl Into<String>) -> Result<T, Fail> {
    Err(Fail::Error(text.into()))
}

/// What cel-go says where the arguments' types fit no overload.
pub fn no_overload<T>() -> Result<T, Fail> {
    fail("no such overload")
}

/// Evaluates an expression with these variables; also says what it cost.
pub fn evaluate(expr: &Expr, variables: &[(&str, Value)]) -> (Outcome, u64) {
    let mut machine = Machine {
        variables: variables.iter().map(|(n, v)| (*n, v.clone())).collect(),
        cost: 0,
    };
    let outcome = machine.eval(expr);
    (outcome, machine.cost)
}

struct Machine<'e> {
    variables: Vec<(&'e str, Value)>,
    cost: u64,
}

impl<'e> Machine<'e> {
    fn spend(&mut self, cost: u64) -> Result<(), Fail> {
        self.cost = self.cost.saturating_add(cost);
        match self.cost > CALL_LIMIT {
            true => Err(Fail::Limit),
            false => Ok(()),
        }
    }

    fn eval(&mut self, expr: &'e Expr) -> Outcome {
        match &expr.kind {
            Kind::Literal(literal) => Ok(constant(literal)),
            Kind::Name(name) => {
                self.spend(1)?;
                let found = self.variables.iter().rev().find(|(n, _)| n == name);
                match found {
                    Some((_, value)) => Ok(value.clone()),
                    None => Ok(Value::Type(Rc::from(name.as_str()))),
                }
            }
            Kind::Select {
                of,
                field,
                test,
                optional,
            } => self.select(expr, of, field, *test, *optional),
            Kind::Call {
                function,
                target,
                args,
            } => self.call(function, target.as_deref(), args),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Message(name) => fail(format!("unknown type '{name}'")),
            Kind::Loop(inner) => self.comprehension(inner),
            Kind::OptMap {
                of,
                var,
                body,
                flat,
            } => {
                let value = match self.eval(of)? {
                    Value::Optional(Some(value)) => value,
                    Value::Optional(None) => return Ok(Value::Optional(None)),
                    _ => return no_overload(),
                };
                self.variables.push((var.as_str(), Value::clone(&value)));
                let result = self.eval(body);
                self.variables.pop();
                match flat {
                    true => result,
                    false => Ok(Value::some(result?)),
                }
            }
        }
    }

    fn select(
        &mut self,
        expr: &'e Expr,
        of: &'e Expr,
        field: &str,
        test: bool,
        optional: bool,
    ) -> Outcome {
        // A qualified name of a type: `google.protobuf.Duration`.
        if let Kind::Name(first) = &of.kind
            && !self.variables.iter().any(|(n, _)| n == first)
            && let Some(name) = expr.qualified()
        {
            return Ok(Value::Type(Rc::from(name)));
        }
        let operand = self.eval(of)?;
        if let Value::Type(outer) = &operand {
            return Ok(Value::Type(Rc::from(format!("{outer}.{field}"))));
        }
        if !test {
            self.spend(1)?;
        }
        let (inner, was_optional) = match &operand {
            Value::Optional(None) => {
                return Ok(match test {
                    true => Value::Bool(false),
                    false => operand,
                });
            }
            Value::Optional(Some(inner)) => (&**inner, true),
            other => (other, false),
        };
        if !matches!(inner, Value::Map(_)) {
            return no_overload();
        }
        let found = inner.field(field).cloned();
        if test {
            return Ok(Value::Bool(found.is_some()));
        }
        if was_optional || optional {
            return Ok(Value::Optional(found.map(Rc::new)));
        }
        found.map_or_else(|| fail(format!("no such key: {field}")), Ok)
    }

    fn call(&mut self, function: &str, target: Option<&'e Expr>, args: &'e [Expr]) -> Outcome {
        match (function, args) {
            ("_&&_", [left, right]) => return self.logical(left, right, false),
            ("_||_", [left, right]) => return self.logical(left, right, true),
            ("_?_:_", [condition, yes, no]) => {
                return match self.eval(condition)? {
                    Value::Bool(true) => self.eval(yes),
                    Value::Bool(false) => self.eval(no),
                    _ => no_overload(),
                };
            }
            _ => {}
        }
        let mut values = Vec::with_capacity(args.len() + 1);
        // What is not there is looked at only when it is needed.
        if let Some(target) = target {
            let first = self.eval(target)?;
            match (function, args, &first) {
                ("or", [_], Value::Optional(Some(_))) => return Ok(first),
                ("orValue", [_], Value::Optional(Some(value))) => return Ok(Value::clone(value)),
                ("or" | "orValue", [other], Value::Optional(None)) => return self.eval(other),
                _ => {}
            }
            values.push(first);
        }
        for arg in args {
            values.push(self.eval(arg)?);
        }
        self.spend(library::cost(function, &values))?;
        let result = library::call(function, target.is_some(), &values)?;
        if function == "join" {
            self.spend(super::estimate::scaled(result.size(), 0.2))?;
        }
        Ok(result)
    }

    /// `&&`, which one `false` decides, or `||`, which one `true` decides.
    fn logical(&mut self, left: &'e Expr, right: &'e Expr, decides: bool) -> Outcome {
        let mut trouble = None;
        for side in [left, right] {
            match self.eval(side) {
                Ok(Value::Bool(b)) if b == decides => return Ok(Value::Bool(b)),
                Ok(Value::Bool(_)) => {}
                Ok(_) => trouble = trouble.or(Some(Fail::Error("no such overload".to_owned()))),
                Err(Fail::Limit) => return Err(Fail::Limit),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        match trouble {
            Some(error) => Err(error),
            None => Ok(Value::Bool(!decides)),
        }
    }

    fn item(&mut self, item: &'e Item) -> Result<Option<Value>, Fail> {
        let value = self.eval(&item.value)?;
        if !item.optional {
            return Ok(Some(value));
        }
        match value {
            Value::Optional(inner) => Ok(inner.map(|v| Value::clone(&v))),
            _ => no_overload(),
        }
    }

    fn list(&mut self, items: &'e [Item]) -> Outcome {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.extend(self.item(item)?);
        }
        self.spend(super::estimate::LIST)?;
        Ok(Value::list(values))
    }

    fn map(&mut self, entries: &'e [(Expr, Item)]) -> Outcome {
        let mut out: Vec<(Value, Value)> = Vec::new();
        for (key, item) in entries {
            let key = self.eval(key)?;
            let Some(value) = self.item(item)? else {
                continue;
            };
            insert(&mut out, key, value)?;
        }
        self.spend(super::estimate::MAP)?;
        Ok(Value::map(out))
    }

    fn comprehension(&mut self, inner: &'e Loop) -> Outcome {
        let range = self.eval(&inner.range)?;
        let pairs: Vec<(Value, Value)> = match (&range, inner.vars.len()) {
            (Value::List(list), 1) => list
                .items
                .iter()
                .map(|v| (Value::Null, v.clone()))
                .collect(),
            (Value::List(list), _) => {
                let numbered = list.items.iter().enumerate();
                numbered
                    .map(|(i, v)| (Value::Int(i as i64), v.clone()))
                    .collect()
            }
            (Value::Map(map), 1) => map
                .entries
                .iter()
                .map(|(k, _)| (Value::Null, k.clone()))
                .collect(),
            (Value::Map(map), _) => map.entries.clone(),
            _ => return no_overload(),
        };
        let depth = self.variables.len();
        let outcome = self.go_through(inner, pairs);
        self.variables.truncate(depth);
        outcome
    }

    fn go_through(&mut self, inner: &'e Loop, pairs: Vec<(Value, Value)>) -> Outcome {
        let mut list = Vec::new();
        let mut map = Vec::new();
        let mut count = 0;
        let mut trouble = None;
        let depth = self.variables.len();
        for (key, value) in pairs {
            self.variables.truncate(depth);
            match &*inner.vars {
                [name] => self.variables.push((name.as_str(), value.clone())),
                [first, second, ..] => {
                    self.variables.push((first.as_str(), key.clone()));
                    self.variables.push((second.as_str(), value.clone()));
                }
                [] => {}
            }
            // The steps that the macro is made of.
            self.spend(2)?;
            if let Some(filter) = &inner.filter {
                match self.eval(filter)? {
                    Value::Bool(true) => {}
                    Value::Bool(false) => continue,
                    _ => return no_overload(),
                }
            }
            let body = self.eval(&inner.body);
            match inner.form {
                Form::All | Form::Exists => {
                    self.spend(2)?;
                    let decides = inner.form == Form::Exists;
                    match body {
                        Ok(Value::Bool(b)) if b == decides => return Ok(Value::Bool(b)),
                        Ok(Value::Bool(_)) => {}
                        Ok(_) => {
                            trouble = trouble.or(Some(Fail::Error("no such overload".to_owned())))
                        }
                        Err(Fail::Limit) => return Err(Fail::Limit),
                        Err(error) => trouble = trouble.or(Some(error)),
                    }
                }
                Form::ExistsOne | Form::Filter => match body? {
                    Value::Bool(true) if inner.form == Form::Filter => {
                        self.spend(11)?;
                        list.push(value);
                    }
                    Value::Bool(true) => count += 1,
                    Value::Bool(false) => {}
                    _ => return no_overload(),
                },
                Form::Map => {
                    self.spend(10)?;
                    list.push(body?);
                }
                Form::TransformMap => insert(&mut map, key, body?)?,
                Form::TransformMapEntry => match body? {
                    Value::Map(entries) => {
                        for (key, value) in &entries.entries {
                            insert(&mut map, key.clone(), value.clone())?;
                        }
                    }
                    _ => return no_overload(),
                },
            }
        }
        if let Some(error) = trouble {
            return Err(error);
        }
        Ok(match inner.form {
            Form::All => Value::Bool(true),
            Form::Exists => Value::Bool(false),
            Form::ExistsOne => Value::Bool(count == 1),
            Form::Map | Form::Filter => Value::list(list),
            Form::TransformMap | Form::TransformMapEntry => Value::map(map),
        })
    }
}

fn insert(map: &mut Vec<(Value, Value)>, key: Value, value: Value) -> Result<(), Fail> {
    if !matches!(
        key,
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Text(_)
    ) {
        return fail(format!("unsupported key type: {}", key.type_name()));
    }
    if map.iter().any(|(k, _)| k.equals(&key)) {
        let shown = library::display(&key);
        return fail(format!("insert failed: key {shown} already exists"));
    }
    map.push((key, value));
    Ok(())
}

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(b) => Value::Bool(*b),
        Literal::Int(n) => Value::Int(*n),
        Literal::Uint(n) => Value::Uint(*n),
        Literal::Double(n) => Value::Double(*n),
        Literal::Text(text) => Value::text(text),
        Literal::Bytes(bytes) => Value::Bytes(bytes.as_slice().into()),
    }
}
