//! The terms of filters: what operators join.

use std::rc::Rc;

use super::ast::{Ast, Call, Fault, Fold, Piece};
use super::json;
use super::lex::{Part, Word};
use super::parse::{KEYWORDS, Parsed, Parser};
use super::patterns::{Pattern, copied};
use super::value::Value;

/// Formats by name.
fn format_of(name: &str) -> Option<&'static str> {
    const ALL: [&str; 12] = [
        "text", "json", "base64", "base64d", "base32", "base32d", "csv", "tsv", "html", "uri",
        "sh", "urid",
    ];
    ALL.into_iter().find(|f| *f == name)
}

pub(super) fn index(term: Rc<Ast>, key: Rc<Ast>) -> Rc<Ast> {
    Rc::new(Ast::Index(term, key))
}

impl Parser<'_> {
    pub(super) fn postfix(&mut self) -> Parsed {
        let mut term = self.term()?;
        loop {
            self.link()?;
            match self.peek().cloned() {
                Some(Word::Field(name)) => {
                    self.at += 1;
                    term = index(term, Ast::text(&name));
                }
                Some(Word::Operator(".")) => {
                    self.at += 1;
                    match self.peek().cloned() {
                        Some(Word::Text(parts)) => {
                            self.at += 1;
                            let key = self.text("text", parts)?;
                            term = index(term, key);
                        }
                        Some(Word::Operator("[")) => {}
                        _ => {
                            let more = ", expecting FORMAT or QQSTRING_START or '['";
                            return self.unexpected(more);
                        }
                    }
                }
                Some(Word::Operator("[")) => {
                    self.at += 1;
                    term = self.bracket(term)?;
                }
                Some(Word::Operator("?")) => {
                    self.at += 1;
                    term = Rc::new(Ast::Try(term, None));
                }
                _ => return Ok(term),
            }
        }
    }

    fn bracket(&mut self, term: Rc<Ast>) -> Parsed {
        if self.take("]") {
            return Ok(Rc::new(Ast::Iterate(term)));
        }
        let null = || Rc::new(Ast::Literal(Value::Null));
        let slice = |from: Rc<Ast>, to: Rc<Ast>| {
            let key = Ast::Object(Rc::from([
                (Ast::text("start"), from),
                (Ast::text("end"), to),
            ]));
            index(term.clone(), Rc::new(key))
        };
        if self.take(":") {
            let to = self.pipe(true)?;
            self.expect("]", "")?;
            return Ok(slice(null(), to));
        }
        let from = self.pipe(true)?;
        if self.take(":") {
            let to = match self.is("]") {
                true => null(),
                false => self.pipe(true)?,
            };
            self.expect("]", "")?;
            return Ok(slice(from, to));
        }
        self.expect("]", "")?;
        Ok(index(term, from))
    }

    fn term(&mut self) -> Parsed {
        let place = self.place();
        let Some(word) = self.next() else {
            return self.unexpected("");
        };
        Ok(Rc::new(match word {
            Word::Field(name) => Ast::Index(Rc::new(Ast::Identity), Ast::text(&name)),
            Word::Variable(name) if name == "__loc__" => {
                let before = self.text.get(..place).unwrap_or_default();
                let line = 1 + before.matches('\n').count();
                Ast::Literal(Value::record([
                    ("file", Value::text("<top-level>")),
                    ("line", Value::count(line)),
                ]))
            }
            Word::Variable(name) => Ast::Variable(Rc::from(name), place),
            Word::Number(text) => match json::number(&text) {
                Some(number) => Ast::Literal(number),
                None => return Fault::new("Invalid numeric literal", place),
            },
            Word::Text(parts) => return self.text("text", parts),
            Word::Format(name) => {
                let Some(format) = format_of(&name) else {
                    // It is an error of the run, and none where there is nothing to write.
                    let fails = Ast::call("error", Vec::new(), place);
                    let words = Ast::text(&format!("{name} is not a valid format"));
                    return match self.peek().cloned() {
                        Some(Word::Text(parts)) if parts.len() == 1 => {
                            self.at += 1;
                            self.text("text", parts)
                        }
                        Some(Word::Text(_)) => {
                            self.at += 1;
                            Ok(Rc::new(Ast::Pipe(words, Rc::new(fails))))
                        }
                        _ => Ok(Rc::new(Ast::Pipe(words, Rc::new(fails)))),
                    };
                };
                match self.peek().cloned() {
                    Some(Word::Text(parts)) => {
                        self.at += 1;
                        return self.text(format, parts);
                    }
                    _ => Ast::Format(format),
                }
            }
            Word::Operator(".") => match self.peek().cloned() {
                Some(Word::Text(parts)) => {
                    self.at += 1;
                    let key = self.text("text", parts)?;
                    Ast::Index(Rc::new(Ast::Identity), key)
                }
                _ => Ast::Identity,
            },
            Word::Operator("..") => Ast::Recurse,
            Word::Operator("(") => {
                let inner = self.pipe(true)?;
                self.expect(")", "")?;
                return Ok(inner);
            }
            Word::Operator("[") => match self.take("]") {
                true => Ast::Array(None),
                false => {
                    let inner = self.pipe(true)?;
                    self.expect("]", "")?;
                    Ast::Array(Some(inner))
                }
            },
            Word::Operator("{") => self.object()?,
            Word::Name(name) => return self.named(name, place),
            Word::Operator(_) => {
                self.at -= 1;
                return self.unexpected("");
            }
        }))
    }

    fn named(&mut self, name: String, place: usize) -> Parsed {
        Ok(Rc::new(match name.as_str() {
            "null" => Ast::Literal(Value::Null),
            "true" => Ast::Literal(Value::Bool(true)),
            "false" => Ast::Literal(Value::Bool(false)),
            "if" => return self.condition(),
            "try" => {
                self.deeper()?;
                let body = self.tried()?;
                let caught = match self.take_word("catch") {
                    true => Some(self.tried()?),
                    false => None,
                };
                self.depth -= 1;
                Ast::Try(body, caught)
            }
            "reduce" | "foreach" => self.fold(name == "foreach")?,
            "break" => match self.peek().cloned() {
                Some(Word::Variable(name)) => {
                    self.at += 1;
                    Ast::Break(Rc::from(name), place)
                }
                _ => return Fault::new("break requires a label to break to", place),
            },
            name if KEYWORDS.contains(&name) => {
                self.at -= 1;
                return self.unexpected("");
            }
            name => {
                let mut arguments = Vec::new();
                if self.take("(") {
                    loop {
                        arguments.push(self.pipe(true)?);
                        if !self.take(";") {
                            break;
                        }
                    }
                    self.expect(")", ", expecting ';' or ')'")?;
                }
                Ast::Call(Rc::new(Call {
                    name: Rc::from(name),
                    arguments,
                    at: place,
                }))
            }
        }))
    }

    /// What `try` and `catch` take: no more than a term.
    fn tried(&mut self) -> Parsed {
        match self.take("-") {
            true => {
                let inner = self.postfix()?;
                Ok(Rc::new(Ast::Negate(inner)))
            }
            false => self.postfix(),
        }
    }

    fn fold(&mut self, each: bool) -> Result<Ast, Fault> {
        self.deeper()?;
        let source = self.postfix()?;
        self.depth -= 1;
        if !self.take_word("as") {
            return self.unexpected(", expecting as");
        }
        let patterns = self.patterns()?;
        self.expect("(", ", expecting '('")?;
        let first = self.pipe(true)?;
        self.expect(";", "")?;
        let mut update = self.pipe(true)?;
        let mut extract = match each && self.take(";") {
            true => Some(self.pipe(true)?),
            false => None,
        };
        self.expect(")", "")?;
        let name = match patterns.as_slice() {
            [Pattern::Variable(name)] => name.clone(),
            _ => {
                // Each place that sees the variables takes the value apart.
                let name = self.fresh();
                let value = self.variable(&name);
                let again = extract.take().map(|ast| (ast, copied(&patterns)));
                update = self.taken_apart(value.clone(), patterns, update);
                extract = again.map(|(ast, patterns)| self.taken_apart(value, patterns, ast));
                name
            }
        };
        let fold = Rc::new(Fold {
            source,
            name,
            first,
            update,
            extract,
        });
        Ok(match each {
            true => Ast::Foreach(fold),
            false => Ast::Reduce(fold),
        })
    }

    fn condition(&mut self) -> Parsed {
        let unfinished = |parser: &Self, fault: Fault| match parser.peek() {
            None => Fault {
                message: format!("{}\nPossibly unterminated 'if' statement", fault.message),
                at: fault.at,
            },
            Some(_) => fault,
        };
        self.deeper()?;
        let condition = self.pipe(true)?;
        if !self.take_word("then") {
            return self.unexpected("");
        }
        let yes = self.pipe(true)?;
        let no = if self.take_word("elif") {
            Some(self.condition()?)
        } else if self.take_word("else") {
            let no = self.pipe(true)?;
            if !self.take_word("end") {
                return self.unexpected("").map_err(|f| unfinished(self, f));
            }
            Some(no)
        } else if self.take_word("end") {
            None
        } else {
            return self.unexpected("").map_err(|f| unfinished(self, f));
        };
        self.depth -= 1;
        Ok(Rc::new(Ast::If(condition, yes, no)))
    }

    fn object(&mut self) -> Result<Ast, Fault> {
        let mut entries = Vec::new();
        while !self.take("}") {
            if !entries.is_empty() {
                self.expect(",", ", expecting '}'")?;
                if self.take("}") {
                    break;
                }
            }
            let place = self.place();
            let Some(word) = self.next() else {
                return self.unexpected("");
            };
            let own = |key: &Rc<Ast>| index(Rc::new(Ast::Identity), key.clone());
            let (key, short) = match word {
                Word::Name(name) => {
                    let key = Ast::text(&name);
                    (key.clone(), Some(own(&key)))
                }
                Word::Variable(name) if name == "__loc__" => {
                    self.at -= 1;
                    (Ast::text("__loc__"), Some(self.term()?))
                }
                Word::Variable(name) => {
                    let value = Rc::new(Ast::Variable(Rc::from(name.as_str()), place));
                    let key = match self.is(":") {
                        // `{$key: 1}` names the key by what the variable holds.
                        true => value.clone(),
                        false => Ast::text(&name),
                    };
                    (key, Some(value))
                }
                Word::Text(parts) => {
                    let key = self.text("text", parts)?;
                    (key.clone(), Some(own(&key)))
                }
                Word::Format(name) => match (format_of(&name), self.peek().cloned()) {
                    (Some(format), Some(Word::Text(parts))) => {
                        self.at += 1;
                        let key = self.text(format, parts)?;
                        (key.clone(), Some(own(&key)))
                    }
                    _ => return self.unexpected(""),
                },
                Word::Operator("(") => {
                    let key = self.pipe(true)?;
                    self.expect(")", "")?;
                    if let Ast::Literal(value) = &*key
                        && !matches!(value, Value::Text(_))
                    {
                        let value = value.described();
                        return Fault::new(format!("Cannot use {value} as object key"), place);
                    }
                    (key, None)
                }
                _ => {
                    self.at -= 1;
                    let found = self.unexpected("");
                    return match self.tokens.get(self.at + 1).map(|t| &t.word) {
                        Some(Word::Operator(":")) => found.map_err(|f: Fault| Fault {
                            message: format!(
                                "{}\nMay need parentheses around object key expression",
                                f.message
                            ),
                            at: f.at,
                        }),
                        _ => found,
                    };
                }
            };
            let value = match (self.take(":"), short) {
                (true, _) => self.pipe(false)?,
                (false, Some(short)) => short,
                (false, None) => return self.unexpected(", expecting ':'"),
            };
            entries.push((key, value));
        }
        Ok(Ast::Object(Rc::from(entries)))
    }

    pub(super) fn text(&mut self, format: &'static str, parts: Vec<Part>) -> Parsed {
        if let [Part::Text(text)] = parts.as_slice() {
            return Ok(Ast::text(text));
        }
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text)),
                Part::Tokens(tokens) => {
                    let mut inner = Parser {
                        text: self.text,
                        tokens,
                        at: 0,
                        depth: self.depth + 1,
                        fresh: self.fresh,
                        links: self.links,
                    };
                    let ast = inner.pipe(true)?;
                    if inner.peek().is_some() {
                        return inner.unexpected("");
                    }
                    self.fresh = inner.fresh;
                    self.links = inner.links;
                    pieces.push(Piece::Filter(ast));
                }
            }
        }
        Ok(Rc::new(Ast::Text(format, Rc::from(pieces))))
    }
}
