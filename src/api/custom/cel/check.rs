//! The types of an expression, what is wrong with them, and what it costs at most.
//!
//! Models `checker/checker.go` of cel-go. Names of functions that have a dot (`optional.of`) are found here, and the
//! expression is rewritten so that they are no methods.

use std::rc::Rc;

use super::ast::{Expr, Form, Item, Kind, Literal, Loop};
use super::declare::{Decl, type_of};
use super::estimate::{self, Argument, Size};
use super::functions::{Overload, overloads};
use super::report::{self, Issue};
use super::types::{Known, Type, named};
use super::{parse, time};
use crate::api::regex::Regex;

/// An expression that was checked.
pub struct Checked {
    pub expr: Expr,
    pub type_: Type,
    pub uses_old_self: bool,
    /// The estimate of what it costs at most.
    pub cost: u64,
}

/// Parses and checks an expression over `self` and `oldSelf`, which is an optional value if `optional_old`.
///
/// # Errors
/// All that is wrong with it, as cel-go prints it.
pub fn compile(source: &str, decl: &Rc<Decl>, optional_old: bool) -> Result<Checked, String> {
    let chars: Vec<char> = source.chars().collect();
    let expr = parse::parse(&chars).map_err(|issue| report::text(vec![issue], &chars))?;
    let self_type = type_of(decl);
    let old_type = match optional_old {
        true => Type::optional(self_type.clone()),
        false => self_type.clone(),
    };
    let variable = |name: &str, type_: Type| Variable {
        name: name.to_owned(),
        type_,
        decl: Some(Rc::clone(decl)),
        size: None,
    };
    let variables = vec![variable("self", self_type), variable("oldSelf", old_type)];
    checked(expr, variables, &chars)
}

/// Parses and checks an expression over variables of any type.
///
/// # Errors
/// As of [`compile`].
pub fn compile_over(source: &str, names: &[&str]) -> Result<Checked, String> {
    let chars: Vec<char> = source.chars().collect();
    let expr = parse::parse(&chars).map_err(|issue| report::text(vec![issue], &chars))?;
    let variables = names.iter().map(|name| Variable {
        name: (*name).to_owned(),
        type_: Type::Dyn,
        decl: None,
        size: None,
    });
    checked(expr, variables.collect(), &chars)
}

fn checked(mut expr: Expr, variables: Vec<Variable>, chars: &[char]) -> Result<Checked, String> {
    let mut checker = Checker {
        known: Known::default(),
        variables,
        issues: Vec::new(),
        later: Vec::new(),
        uses_old_self: false,
        formats: 0,
    };
    let typed = checker.expr(&mut expr);
    if checker.issues.is_empty() {
        checker.issues.append(&mut checker.later);
    }
    if !checker.issues.is_empty() {
        return Err(report::text(checker.issues, chars));
    }
    Ok(Checked {
        expr,
        type_: checker.known.resolve(&typed.type_, true),
        uses_old_self: checker.uses_old_self,
        cost: typed.cost,
    })
}

struct Variable {
    name: String,
    type_: Type,
    decl: Option<Rc<Decl>>,
    size: Option<Size>,
}

struct Typed {
    type_: Type,
    cost: u64,
    /// Where the value comes from, if that is in the schema.
    decl: Option<Rc<Decl>>,
    size: Option<Size>,
    /// Of the members of a list or the values of a map.
    member: Option<Size>,
}

impl Typed {
    fn of(type_: Type, cost: u64) -> Typed {
        Typed {
            type_,
            cost,
            decl: None,
            size: None,
            member: None,
        }
    }

    fn size(&self, known: &Known) -> Option<Size> {
        if self.size.is_some() {
            return self.size;
        }
        if let Some(decl) = &self.decl {
            return Some(Size {
                least: 0,
                most: decl.most,
            });
        }
        let scalar = matches!(
            known.resolve(&self.type_, true),
            Type::Bool
                | Type::Int
                | Type::Uint
                | Type::Double
                | Type::Null
                | Type::Duration
                | Type::Timestamp
                | Type::Meta(_)
        );
        scalar.then_some(Size::ONE)
    }

    fn member(&self) -> Option<Size> {
        self.member.or_else(|| {
            let member = self.decl.as_ref()?.member()?;
            Some(Size {
                least: 0,
                most: member.most,
            })
        })
    }
}

struct Checker {
    known: Known,
    variables: Vec<Variable>,
    issues: Vec<Issue>,
    /// What is only looked at when the types are right.
    later: Vec<Issue>,
    uses_old_self: bool,
    /// How many calls of `format` are around, whose arguments need not be of one type.
    formats: usize,
}

impl Checker {
    fn wrong(&mut self, at: usize, what: String) -> Typed {
        self.issues.push(Issue::new(at, what));
        Typed::of(Type::Error, 0)
    }

    fn undeclared(&mut self, at: usize, name: &str) -> Typed {
        self.wrong(
            at,
            format!("undeclared reference to '{name}' (in container '')"),
        )
    }

    fn expr(&mut self, expr: &mut Expr) -> Typed {
        let at = expr.at;
        self.qualify(expr);
        match &mut expr.kind {
            Kind::Literal(literal) => constant(literal),
            Kind::Name(name) => self.name(at, name),
            Kind::Message(name) => {
                let name = name.clone();
                self.undeclared(at, &name)
            }
            Kind::Select { .. } => self.select(expr),
            Kind::Call {
                function,
                target,
                args,
            } => {
                let function = function.clone();
                self.call(at, &function, target.as_deref_mut(), args)
            }
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Loop(inner) => self.comprehension(at, inner),
            Kind::OptMap {
                of,
                var,
                body,
                flat,
            } => {
                let (var, flat) = (var.clone(), *flat);
                self.opt_map(at, of, var, body, flat)
            }
        }
    }

    /// `optional.of(x)` is a function and no method of `optional`.
    fn qualify(&mut self, expr: &mut Expr) {
        let Kind::Call {
            function,
            target,
            args,
        } = &mut expr.kind
        else {
            return;
        };
        let Some(whole) = target
            .as_ref()
            .and_then(|t| t.qualified())
            .map(|q| format!("{q}.{function}"))
            .filter(|whole| overloads(whole).is_some())
        else {
            return;
        };
        expr.kind = Kind::Call {
            function: whole,
            target: None,
            args: std::mem::take(args),
        };
    }

    fn name(&mut self, at: usize, name: &str) -> Typed {
        if let Some(variable) = self.variables.iter().rev().find(|v| v.name == name) {
            let mut typed = Typed::of(variable.type_.clone(), 1);
            typed.decl.clone_from(&variable.decl);
            typed.size = variable.size;
            self.uses_old_self |= name == "oldSelf";
            return typed;
        }
        match named(name) {
            Some(type_) => Typed::of(Type::Meta(Rc::new(type_)), 1),
            None => self.undeclared(at, name),
        }
    }

    fn select(&mut self, expr: &mut Expr) -> Typed {
        let at = expr.at;
        let whole = expr.qualified().and_then(|name| named(&name));
        let Kind::Select {
            of,
            field,
            test,
            optional,
        } = &mut expr.kind
        else {
            return Typed::of(Type::Error, 0);
        };
        if let Some(type_) = whole {
            return Typed::of(Type::Meta(Rc::new(type_)), 1);
        }
        let operand = self.expr(of);
        let type_ = self.known.resolve(&operand.type_, false);
        let (inner, was_optional) = match &type_ {
            Type::Optional(of) => (Type::clone(of), true),
            other => (other.clone(), false),
        };
        let mut cost = operand.cost;
        let mut decl = None;
        let mut result = match &inner {
            Type::Error | Type::Dyn => Type::Dyn,
            Type::Var(_) => {
                self.known.fits(&Type::Dyn, &inner);
                Type::Dyn
            }
            Type::Map(_, value) => {
                decl = operand.decl.as_ref().and_then(|d| d.member());
                Type::clone(value)
            }
            Type::Object(object) => match object.field(field) {
                Some(below) => {
                    decl = Some(Rc::clone(below));
                    type_of(below)
                }
                None => self.wrong(at, format!("undefined field '{field}'")).type_,
            },
            other => {
                let what = format!("type '{}' does not support field selection", other.name());
                self.wrong(at, what).type_
            }
        };
        if !*test && matches!(inner, Type::Map(..) | Type::Object(_) | Type::Var(_)) {
            cost = cost.saturating_add(1);
        }
        if *test {
            return Typed::of(Type::Bool, cost);
        }
        if was_optional || *optional {
            result = match result {
                already @ Type::Optional(_) => already,
                other => Type::optional(other),
            };
        }
        let mut typed = Typed::of(result, cost);
        typed.decl = decl;
        typed
    }

    fn call(
        &mut self,
        at: usize,
        function: &str,
        target: Option<&mut Expr>,
        args: &mut [Expr],
    ) -> Typed {
        let mut typed: Vec<Typed> = Vec::new();
        let method = target.is_some();
        let formats = usize::from(function == "format");
        self.formats += formats;
        if let Some(target) = target {
            typed.push(self.expr(target));
        }
        for arg in args.iter_mut() {
            typed.push(self.expr(arg));
        }
        self.formats -= formats;
        self.literals(function, args);
        let Some(candidates) = overloads(function) else {
            return self.undeclared(at, function);
        };
        self.resolve(at, function, method, &candidates, &typed)
    }

    fn resolve(
        &mut self,
        at: usize,
        function: &str,
        method: bool,
        candidates: &[Overload],
        args: &[Typed],
    ) -> Typed {
        let types: Vec<Type> = args
            .iter()
            .map(|a| self.known.resolve(&a.type_, false))
            .collect();
        let mut result: Option<Type> = None;
        let mut cost = 0u64;
        let mut size: Option<Size> = None;
        for candidate in candidates.iter().filter(|c| c.method == method) {
            let Some(vars) = self.known.attempt(&candidate.params, &types) else {
                continue;
            };
            let given = self.known.instance(&candidate.result, &vars);
            let given = self.known.resolve(&given, false);
            result = Some(match result {
                None => given,
                Some(before) if before.name() == given.name() => before,
                Some(_) => Type::Dyn,
            });
            let known: Vec<Argument> = args
                .iter()
                .map(|a| Argument {
                    size: a.size(&self.known),
                    member: a.member(),
                })
                .collect();
            let (own, of_result) = estimate::call(function, &candidate.params, &known);
            cost = cost.max(own);
            size = match (size, of_result) {
                (Some(a), Some(b)) => Some(a.union(b)),
                (a, b) => a.or(b),
            };
        }
        let Some(result) = result else {
            let mut names = types.iter().map(|t| self.known.resolve(t, true).name());
            let signature = match method {
                true => {
                    let target = names.next().unwrap_or_default();
                    format!("{target}.({})", names.collect::<Vec<_>>().join(", "))
                }
                false => format!("({})", names.collect::<Vec<_>>().join(", ")),
            };
            let what =
                format!("found no matching overload for '{function}' applied to '{signature}'");
            return self.wrong(at, what);
        };
        let arg = |i: usize| args.get(i);
        let of_args = match function {
            "_?_:_" => {
                let branch = |i| arg(i).map_or(0, |a| a.cost);
                branch(0).saturating_add(branch(1).max(branch(2)))
            }
            _ => args.iter().fold(0u64, |sum, a| sum.saturating_add(a.cost)),
        };
        let mut typed = Typed::of(result, cost.saturating_add(of_args));
        typed.size = size;
        match function {
            "_[_]" | "_[?_]" => {
                typed.decl = arg(0).and_then(|a| a.decl.as_ref()?.member());
                if typed.decl.is_none() {
                    typed.size = arg(0).and_then(|a| a.member);
                }
            }
            "_?_:_" => {
                let size = |i: usize| {
                    let known = arg(i).and_then(|a| a.size(&self.known));
                    known.unwrap_or(Size::UNKNOWN)
                };
                typed.size = Some(size(1).union(size(2)));
                typed.member = match (arg(1), arg(2)) {
                    (Some(a), Some(b)) => a.member().zip(b.member()).map(|(a, b)| a.union(b)),
                    _ => None,
                };
            }
            "_+_" => {
                typed.member = match (arg(0), arg(1)) {
                    (Some(a), Some(b)) => a.member().zip(b.member()).map(|(a, b)| a.union(b)),
                    _ => None,
                };
            }
            // It hides the type and nothing else.
            "dyn" | "orValue" | "value" | "optional.of" => {
                if let Some(first) = arg(0) {
                    typed.decl.clone_from(&first.decl);
                    typed.size = first.size(&self.known);
                }
            }
            _ => {}
        }
        typed
    }

    /// Times, durations and regular expressions that stand there as they are, are looked at.
    fn literals(&mut self, function: &str, args: &[Expr]) {
        let wanted = match function {
            "duration" | "timestamp" => args.first(),
            "matches" | "find" | "findAll" => match (function, args.len()) {
                ("matches", 2) => args.get(1),
                _ => args.first(),
            },
            _ => return,
        };
        let Some(arg) = wanted else { return };
        let Kind::Literal(Literal::Text(text)) = &arg.kind else {
            return;
        };
        let right = match function {
            "duration" => time::duration(text).is_some(),
            "timestamp" => time::parse(text).is_some(),
            _ => Regex::parse(text).is_ok(),
        };
        if !right {
            let what = format!("invalid {function} argument");
            self.later.push(Issue::new(arg.at, what));
        }
    }

    /// The type of a member of a list or a map, given that of those before.
    fn join(&mut self, at: usize, before: Option<Type>, type_: &Type) -> Type {
        let Some(before) = before else {
            return type_.clone();
        };
        if self.known.fits(&before, type_) {
            return match type_.is_open() {
                true => type_.clone(),
                false => before,
            };
        }
        if self.formats == 0 {
            let what = format!(
                "expected type '{}' but found '{}'",
                self.known.resolve(&before, true).name(),
                self.known.resolve(type_, true).name()
            );
            self.later.push(Issue::new(at, what));
        }
        Type::Dyn
    }

    fn item(&mut self, item: &mut Item) -> Typed {
        let mut typed = self.expr(&mut item.value);
        if item.optional {
            let inside = self.known.fresh();
            let wanted = Type::optional(inside.clone());
            if !self.known.fits(&wanted, &typed.type_) {
                let what = format!(
                    "expected type 'optional_type(dyn)' but found '{}'",
                    typed.type_.name()
                );
                return self.wrong(item.value.at, what);
            }
            typed.type_ = self.known.resolve(&inside, false);
        }
        typed
    }

    fn list(&mut self, items: &mut [Item]) -> Typed {
        let mut of = None;
        let mut cost = estimate::LIST;
        let mut member: Option<Size> = None;
        for item in items.iter_mut() {
            let typed = self.item(item);
            cost = cost.saturating_add(typed.cost);
            let size = typed.size(&self.known).unwrap_or(Size::UNKNOWN);
            member = Some(member.map_or(size, |m| m.union(size)));
            of = Some(self.join(item.value.at, of, &typed.type_));
        }
        let of = of.unwrap_or_else(|| self.known.fresh());
        let mut typed = Typed::of(Type::list(of), cost);
        typed.size = Some(Size::exactly(items.len() as u64));
        typed.member = member.or(Some(Size::exactly(0)));
        typed
    }

    fn map(&mut self, entries: &mut [(Expr, Item)]) -> Typed {
        let (mut key, mut value) = (None, None);
        let mut cost = estimate::MAP;
        let mut member: Option<Size> = None;
        for (name, item) in entries.iter_mut() {
            let typed = self.expr(name);
            cost = cost.saturating_add(typed.cost);
            key = Some(self.join(name.at, key, &typed.type_));
            let typed = self.item(item);
            cost = cost.saturating_add(typed.cost);
            let size = typed.size(&self.known).unwrap_or(Size::UNKNOWN);
            member = Some(member.map_or(size, |m| m.union(size)));
            value = Some(self.join(item.value.at, value, &typed.type_));
        }
        let key = key.unwrap_or_else(|| self.known.fresh());
        let value = value.unwrap_or_else(|| self.known.fresh());
        let mut typed = Typed::of(Type::map(key, value), cost);
        typed.size = Some(Size::exactly(entries.len() as u64));
        typed.member = member.or(Some(Size::exactly(0)));
        typed
    }

    fn comprehension(&mut self, at: usize, inner: &mut Loop) -> Typed {
        let range = self.expr(&mut inner.range);
        let range_type = self.known.resolve(&range.type_, false);
        let (key, value, is_map) = match &range_type {
            Type::List(of) => (Type::Int, Type::clone(of), false),
            Type::Map(key, value) => (Type::clone(key), Type::clone(value), true),
            Type::Error | Type::Dyn => (Type::Dyn, Type::Dyn, false),
            Type::Var(_) => {
                self.known.fits(&Type::Dyn, &range_type);
                (Type::Dyn, Type::Dyn, false)
            }
            other => {
                let what = format!(
                    "expression of type '{}' cannot be range of a comprehension (must be list, map, or dynamic)",
                    other.name()
                );
                self.wrong(inner.range.at, what);
                (Type::Error, Type::Error, false)
            }
        };
        let declared = range.decl.as_ref();
        let depth = self.variables.len();
        let names = std::mem::take(&mut inner.vars);
        match &*names {
            [name] => self.variables.push(Variable {
                name: name.clone(),
                type_: if is_map { key } else { value },
                decl: declared.and_then(|d| d.iterated()),
                size: range.member.filter(|_| !is_map),
            }),
            [first, second, ..] => {
                self.variables.push(Variable {
                    name: first.clone(),
                    type_: key,
                    decl: None,
                    size: None,
                });
                self.variables.push(Variable {
                    name: second.clone(),
                    type_: value,
                    decl: declared.and_then(|d| d.member()),
                    size: range.member,
                });
            }
            [] => {}
        }
        inner.vars = names;
        let filter = inner.filter.as_mut().map(|f| (f.at, self.expr(f)));
        let body = self.expr(&mut inner.body);
        self.variables.truncate(depth);
        let body_type = self.known.resolve(&body.type_, false);
        // Where a condition is asked for, the step of the loop would not fit.
        let (operator, rest) = match inner.form {
            Form::All => ("_&&_", ""),
            Form::Exists => ("_||_", ""),
            Form::ExistsOne => ("_?_:_", ", int, int"),
            _ => ("_?_:_", ", list(dyn), list(dyn)"),
        };
        let condition = match inner.form {
            Form::All | Form::Exists | Form::ExistsOne | Form::Filter => Some(body_type.clone()),
            _ => filter.as_ref().map(|(_, f)| f.type_.clone()),
        };
        if let Some(condition) = condition
            && !self.known.fits(&Type::Bool, &condition)
        {
            let name = self.known.resolve(&condition, true).name();
            let args = match operator {
                "_?_:_" => format!("{name}{rest}"),
                _ => format!("bool, {name}"),
            };
            let what = format!("found no matching overload for '{operator}' applied to '({args})'");
            return self.wrong(at, what);
        }
        let count = range.size(&self.known).unwrap_or(Size::UNKNOWN);
        let filtered = |cost: u64| match &filter {
            Some((_, filter)) => filter.cost.saturating_add(cost),
            None => cost,
        };
        let step = |more: u64| body.cost.saturating_add(more);
        // What the macro becomes: a start, a step for each member, a result.
        let (start, each, end, type_) = match inner.form {
            Form::All => (0, step(3), 1, Type::Bool),
            Form::Exists => (0, step(4), 1, Type::Bool),
            Form::ExistsOne => (0, step(2), 2, Type::Bool),
            Form::Map => (estimate::LIST, filtered(step(12)), 1, Type::list(body_type)),
            Form::Filter => {
                let of = match &range_type {
                    Type::List(of) => Type::clone(of),
                    Type::Map(key, _) => Type::clone(key),
                    _ => Type::Dyn,
                };
                (estimate::LIST, step(13), 1, Type::list(of))
            }
            Form::TransformMap => {
                let key = match &range_type {
                    Type::Map(key, _) => Type::clone(key),
                    Type::List(_) => Type::Int,
                    _ => Type::Dyn,
                };
                (
                    estimate::MAP,
                    filtered(step(3)),
                    1,
                    Type::map(key, body_type),
                )
            }
            Form::TransformMapEntry => (estimate::MAP, filtered(step(2)), 1, body_type),
        };
        let cost = count.most.saturating_mul(each);
        let cost = cost.saturating_add(range.cost).saturating_add(start + end);
        let mut typed = Typed::of(type_, cost);
        match inner.form {
            Form::All | Form::Exists | Form::ExistsOne => {}
            Form::Filter => {
                typed.size = Some(count);
                typed.member = range.member();
            }
            _ => {
                typed.size = Some(count);
                typed.member = body.size(&self.known);
            }
        }
        typed
    }

    fn opt_map(
        &mut self,
        at: usize,
        of: &mut Expr,
        var: String,
        body: &mut Expr,
        flat: bool,
    ) -> Typed {
        let operand = self.expr(of);
        let type_ = match self.known.resolve(&operand.type_, false) {
            Type::Optional(of) => Type::clone(&of),
            open if open.is_open() => Type::Dyn,
            other => {
                let what = format!(
                    "found no matching overload for 'hasValue' applied to '{}.()'",
                    other.name()
                );
                self.wrong(at, what).type_
            }
        };
        self.variables.push(Variable {
            name: var,
            type_,
            decl: operand.decl.clone(),
            size: operand.size,
        });
        let result = self.expr(body);
        self.variables.pop();
        let inner = self.known.resolve(&result.type_, false);
        let type_ = match (flat, inner) {
            (true, already @ Type::Optional(_)) => already,
            (true, open) if open.is_open() => Type::Dyn,
            (true, other) => {
                let what = format!(
                    "found no matching overload for '_?_:_' applied to '(bool, {}, optional_type(dyn))'",
                    other.name()
                );
                self.wrong(at, what).type_
            }
            (false, inner) => Type::optional(inner),
        };
        let cost = operand.cost.saturating_add(result.cost).saturating_add(4);
        Typed::of(type_, cost)
    }
}

fn constant(literal: &Literal) -> Typed {
    let (type_, size) = match literal {
        Literal::Null => (Type::Null, 1),
        Literal::Bool(_) => (Type::Bool, 1),
        Literal::Int(_) => (Type::Int, 1),
        Literal::Uint(_) => (Type::Uint, 1),
        Literal::Double(_) => (Type::Double, 1),
        Literal::Text(text) => (Type::Text, text.chars().count() as u64),
        Literal::Bytes(bytes) => (Type::Bytes, bytes.len() as u64),
    };
    let mut typed = Typed::of(type_, 0);
    typed.size = Some(Size::exactly(size));
    typed
}
