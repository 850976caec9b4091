//! Patterns of `as`: they are taken apart while a filter is read, into variables and indexes.

use std::rc::Rc;

use super::ast::{Ast, Fault};
use super::lex::Word;
use super::parse::Parser;
use super::terms::index;
use super::value::Value;

/// A key, the variable of its name if it is one, and what its value is taken apart by.
type Entry = (Rc<Ast>, Option<Rc<str>>, Option<Pattern>);

/// What `as` takes apart.
pub(super) enum Pattern {
    Variable(Rc<str>),
    Array(Vec<Pattern>),
    Object(Vec<Entry>),
}

impl Parser<'_> {
    /// Patterns, of which the first that fits counts.
    pub(super) fn patterns(&mut self) -> Result<Vec<Pattern>, Fault> {
        let mut patterns = vec![self.pattern()?];
        while self.take("?//") {
            patterns.push(self.pattern()?);
        }
        Ok(patterns)
    }

    fn pattern(&mut self) -> Result<Pattern, Fault> {
        self.deeper()?;
        let pattern = match self.next() {
            Some(Word::Variable(name)) => Pattern::Variable(Rc::from(name)),
            Some(Word::Operator("[")) => {
                let mut items = Vec::new();
                loop {
                    items.push(self.pattern()?);
                    if !self.take(",") {
                        break;
                    }
                }
                self.expect("]", "")?;
                Pattern::Array(items)
            }
            Some(Word::Operator("{")) => {
                let mut entries = Vec::new();
                loop {
                    let (key, own) = match self.next() {
                        Some(Word::Variable(name)) => {
                            let name: Rc<str> = Rc::from(name);
                            (Ast::text(&name), Some(name))
                        }
                        Some(Word::Name(name)) => (Ast::text(&name), None),
                        Some(Word::Text(parts)) => (self.text("text", parts)?, None),
                        Some(Word::Operator("(")) => {
                            let key = self.pipe(true)?;
                            self.expect(")", "")?;
                            (key, None)
                        }
                        _ => {
                            self.at = self.at.saturating_sub(1);
                            return self.unexpected("");
                        }
                    };
                    let inner = match self.take(":") {
                        true => Some(self.pattern()?),
                        false if own.is_some() => None,
                        false => return self.unexpected(", expecting ':'"),
                    };
                    entries.push((key, own, inner));
                    if !self.take(",") {
                        break;
                    }
                }
                self.expect("}", "")?;
                Pattern::Object(entries)
            }
            found => {
                self.at -= usize::from(found.is_some());
                return self.unexpected(", expecting BINDING or '[' or '{'");
            }
        };
        self.depth -= 1;
        Ok(pattern)
    }

    /// `SOURCE as PATTERN | BODY`, in variables alone.
    pub(super) fn taken_apart(
        &mut self,
        source: Rc<Ast>,
        mut patterns: Vec<Pattern>,
        body: Rc<Ast>,
    ) -> Rc<Ast> {
        if patterns.len() <= 1 {
            return match patterns.pop() {
                Some(pattern) => self.bound(source, pattern, body),
                None => body,
            };
        }
        // A pattern that fails leaves the value to the next; every name is there, null at first.
        let mut names = Vec::new();
        for pattern in &patterns {
            named_in(pattern, &mut names);
        }
        let (value, dot) = (self.fresh(), self.fresh());
        let mut found: Option<Rc<Ast>> = None;
        for pattern in patterns.into_iter().rev() {
            let source = self.variable(&value);
            let here = self.bound(source, pattern, body.clone());
            found = Some(match found {
                None => here,
                Some(others) => {
                    let again = Rc::new(Ast::Pipe(self.variable(&dot), others));
                    Rc::new(Ast::Try(here, Some(again)))
                }
            });
        }
        let mut ast = found.unwrap_or(body);
        for name in names {
            ast = Rc::new(Ast::As(Rc::new(Ast::Literal(Value::Null)), name, ast));
        }
        ast = Rc::new(Ast::As(Rc::new(Ast::Identity), dot, ast));
        Rc::new(Ast::As(source, value, ast))
    }

    fn bound(&mut self, source: Rc<Ast>, pattern: Pattern, body: Rc<Ast>) -> Rc<Ast> {
        let (name, entries) = match pattern {
            Pattern::Variable(name) => return Rc::new(Ast::As(source, name, body)),
            Pattern::Array(patterns) => {
                let key = |i: usize| Rc::new(Ast::Literal(Value::count(i)));
                let entries = patterns.into_iter().enumerate();
                let entries: Vec<_> = entries.map(|(i, p)| (key(i), None, Some(p))).collect();
                (self.fresh(), entries)
            }
            Pattern::Object(entries) => (self.fresh(), entries),
        };
        let mut body = body;
        for (key, own, inner) in entries.into_iter().rev() {
            let value = index(self.variable(&name), key);
            body = match (own, inner) {
                (None, None) => body,
                (Some(own), None) => Rc::new(Ast::As(value, own, body)),
                (None, Some(inner)) => self.bound(value, inner, body),
                (Some(own), Some(inner)) => {
                    let again = self.variable(&own);
                    let body = self.bound(again, inner, body);
                    Rc::new(Ast::As(value, own, body))
                }
            };
        }
        Rc::new(Ast::As(source, name, body))
    }
}

/// The names that a pattern binds.
fn named_in(pattern: &Pattern, names: &mut Vec<Rc<str>>) {
    match pattern {
        Pattern::Variable(name) => names.push(name.clone()),
        Pattern::Array(patterns) => patterns.iter().for_each(|p| named_in(p, names)),
        Pattern::Object(entries) => {
            for (_, own, inner) in entries {
                names.extend(own.clone());
                if let Some(inner) = inner {
                    named_in(inner, names);
                }
            }
        }
    }
}

pub(super) fn copied(patterns: &[Pattern]) -> Vec<Pattern> {
    patterns.iter().map(copy).collect()
}

fn copy(pattern: &Pattern) -> Pattern {
    match pattern {
        Pattern::Variable(name) => Pattern::Variable(name.clone()),
        Pattern::Array(patterns) => Pattern::Array(patterns.iter().map(copy).collect()),
        Pattern::Object(entries) => {
            let entries = entries.iter();
            let copied = |(k, o, p): &Entry| (k.clone(), o.clone(), p.as_ref().map(copy));
            Pattern::Object(entries.map(copied).collect())
        }
    }
}
