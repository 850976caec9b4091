//! The grammar of filters.

use std::rc::Rc;

use serde_json::Value;

use super::lex::{Part, Token, tokens};
use super::values::number;
use super::{Ast, Function, Pattern, Piece};

const DEEPEST: usize = 60;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

pub fn parse(text: &str) -> Result<Ast, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    if parser.tokens.is_empty() {
        return Ok(Ast::Identity);
    }
    let ast = parser.pipe()?;
    match parser.peek() {
        None => Ok(ast),
        Some(_) => Err(parser.unexpected()),
    }
}

/// Formats by name.
pub fn format_of(name: &str) -> Option<&'static str> {
    const ALL: [&str; 10] = [
        "text", "json", "base64", "base64d", "csv", "tsv", "html", "uri", "sh", "urid",
    ];
    ALL.into_iter().find(|f| *f == name)
}

/// Operators of two sides, weakest first; those of the last but one level do not repeat.
const LEVELS: [&[&str]; 7] = [
    &["//"],
    &["=", "|=", "+=", "-=", "*=", "/=", "%=", "//="],
    &["or"],
    &["and"],
    &["==", "!=", "<", "<=", ">", ">="],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Operator(o)) if *o == operator)
    }

    fn take(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, operator: &str) -> Result<(), String> {
        match self.take(operator) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(n)) if n == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self) -> String {
        match self.peek() {
            None => "syntax error, unexpected end of file".to_owned(),
            Some(Token::Operator(o)) => format!("syntax error, unexpected '{o}'"),
            Some(Token::Name(n)) => format!("syntax error, unexpected {n}"),
            Some(Token::Field(n)) => format!("syntax error, unexpected .{n}"),
            Some(Token::Variable(n)) => format!("syntax error, unexpected ${n}"),
            Some(Token::Format(n)) => format!("syntax error, unexpected @{n}"),
            Some(Token::Number(_, n)) => format!("syntax error, unexpected {n}"),
            Some(Token::Text(_)) => "syntax error, unexpected a string".to_owned(),
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        match self.depth > DEEPEST {
            true => Err("the filter nests too deeply".to_owned()),
            false => Ok(()),
        }
    }

    fn pipe(&mut self) -> Result<Ast, String> {
        self.deeper()?;
        let ast = self.pipe_inside();
        self.depth -= 1;
        ast
    }

    fn pipe_inside(&mut self) -> Result<Ast, String> {
        if self.take_word("def") {
            let function = self.definition()?;
            let rest = match self.peek() {
                None => Ast::Identity,
                Some(_) => self.pipe()?,
            };
            return Ok(Ast::Define(Rc::new(function), Rc::new(rest)));
        }
        if self.take_word("label") {
            let Some(Token::Variable(name)) = self.peek().cloned() else {
                return Err(self.unexpected());
            };
            self.at += 1;
            self.expect("|")?;
            return Ok(Ast::Label(name, Rc::new(self.pipe()?)));
        }
        let mut left = self.comma()?;
        if self.is_word("as") {
            self.at += 1;
            let pattern = self.pattern()?;
            self.expect("|")?;
            let body = self.pipe()?;
            return Ok(Ast::As(Rc::new(left), pattern, Rc::new(body)));
        }
        if self.take("|") {
            let right = self.pipe()?;
            left = Ast::Pipe(Rc::new(left), Rc::new(right));
        }
        Ok(left)
    }

    fn definition(&mut self) -> Result<Function, String> {
        let Some(Token::Name(name)) = self.peek().cloned() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        let mut parameters = Vec::new();
        let mut values = Vec::new();
        if self.take("(") {
            loop {
                match self.peek().cloned() {
                    Some(Token::Name(name)) => parameters.push(name),
                    Some(Token::Variable(name)) => {
                        values.push(name.clone());
                        parameters.push(name);
                    }
                    _ => return Err(self.unexpected()),
                }
                self.at += 1;
                if !self.take(";") {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.expect(":")?;
        let mut body = self.pipe()?;
        self.expect(";")?;
        // `def f($x): ...` is `def f(x): x as $x | ...`.
        for name in values.into_iter().rev() {
            let call = Rc::new(Ast::Call(name.clone(), Vec::new()));
            body = Ast::As(call, Pattern::Variable(name), Rc::new(body));
        }
        Ok(Function {
            name,
            parameters,
            body,
        })
    }

    fn comma(&mut self) -> Result<Ast, String> {
        let mut left = self.level(0)?;
        while self.take(",") {
            let right = self.level(0)?;
            left = Ast::Comma(Rc::new(left), Rc::new(right));
        }
        Ok(left)
    }

    fn operator_of(&self, level: &[&'static str]) -> Option<&'static str> {
        match self.peek() {
            Some(Token::Operator(o)) => level.iter().find(|l| *l == o).copied(),
            Some(Token::Name(n)) => level.iter().find(|l| *l == n).copied(),
            _ => None,
        }
    }

    fn level(&mut self, level: usize) -> Result<Ast, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.level(level + 1)?;
        let mut times = 0usize;
        while let Some(operator) = self.operator_of(operators) {
            self.at += 1;
            times += 1;
            if times > 1 && matches!(level, 1 | 4) {
                return Err(format!("syntax error, unexpected '{operator}'"));
            }
            let (l, r) = (
                Rc::new(left),
                Rc::new(match level {
                    // To the right.
                    0 => {
                        self.deeper()?;
                        let right = self.level(0)?;
                        self.depth -= 1;
                        right
                    }
                    1 => {
                        let mut right = self.level(level + 1)?;
                        // An alternative binds more tightly than an assignment.
                        while self.take("//") {
                            let other = self.level(level + 1)?;
                            right = Ast::Binary("//", Rc::new(right), Rc::new(other));
                        }
                        right
                    }
                    level => self.level(level + 1)?,
                }),
            );
            left = match level {
                1 => Ast::Assign(operator, l, r),
                _ => Ast::Binary(operator, l, r),
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Ast, String> {
        if self.take("-") {
            self.deeper()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Ast::Negate(Rc::new(inner)));
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Result<Ast, String> {
        let mut term = self.term()?;
        loop {
            match self.peek().cloned() {
                Some(Token::Field(name)) => {
                    self.at += 1;
                    term = index(term, Ast::Literal(Value::from(name)));
                }
                Some(Token::Operator(".")) => match self.tokens.get(self.at + 1).cloned() {
                    Some(Token::Text(parts)) => {
                        self.at += 2;
                        let key = self.text("text", parts)?;
                        term = index(term, key);
                    }
                    Some(Token::Operator("[")) => self.at += 1,
                    _ => return Err(self.unexpected()),
                },
                Some(Token::Operator("[")) => {
                    self.at += 1;
                    term = self.bracket(term)?;
                }
                Some(Token::Operator("?")) => {
                    self.at += 1;
                    term = Ast::Try(Rc::new(term), None);
                }
                _ => return Ok(term),
            }
        }
    }

    fn bracket(&mut self, term: Ast) -> Result<Ast, String> {
        if self.take("]") {
            return Ok(Ast::Iterate(Rc::new(term)));
        }
        if self.take(":") {
            let to = self.pipe()?;
            self.expect("]")?;
            return Ok(Ast::Slice(Rc::new(term), None, Some(Rc::new(to))));
        }
        let from = self.pipe()?;
        if self.take(":") {
            let to = match self.is("]") {
                true => None,
                false => Some(Rc::new(self.pipe()?)),
            };
            self.expect("]")?;
            return Ok(Ast::Slice(Rc::new(term), Some(Rc::new(from)), to));
        }
        self.expect("]")?;
        Ok(index(term, from))
    }

    fn term(&mut self) -> Result<Ast, String> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        match token {
            Token::Field(name) => Ok(index(Ast::Identity, Ast::Literal(Value::from(name)))),
            Token::Variable(name) => Ok(Ast::Variable(name)),
            Token::Number(value, text) => Ok(Ast::Literal(match text.parse::<i64>() {
                Ok(whole) => Value::from(whole),
                Err(_) => number(value),
            })),
            Token::Text(parts) => self.text("text", parts),
            Token::Format(name) => {
                let Some(format) = format_of(&name) else {
                    return Err(format!("{name} is not a valid format"));
                };
                match self.peek().cloned() {
                    Some(Token::Text(parts)) => {
                        self.at += 1;
                        self.text(format, parts)
                    }
                    _ => Ok(Ast::Format(format)),
                }
            }
            Token::Operator(".") => match self.peek().cloned() {
                Some(Token::Text(parts)) => {
                    self.at += 1;
                    let key = self.text("text", parts)?;
                    Ok(index(Ast::Identity, key))
                }
                _ => Ok(Ast::Identity),
            },
            Token::Operator("..") => Ok(Ast::Recurse),
            Token::Operator("(") => {
                let inner = self.pipe()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Operator("[") => {
                if self.take("]") {
                    return Ok(Ast::Array(None));
                }
                let inner = self.pipe()?;
                self.expect("]")?;
                Ok(Ast::Array(Some(Rc::new(inner))))
            }
            Token::Operator("{") => self.object(),
            Token::Name(name) => self.named(name),
            Token::Operator(_) => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn named(&mut self, name: String) -> Result<Ast, String> {
        match name.as_str() {
            "null" => Ok(Ast::Literal(Value::Null)),
            "true" => Ok(Ast::Literal(Value::Bool(true))),
            "false" => Ok(Ast::Literal(Value::Bool(false))),
            "if" => self.condition(),
            "try" => {
                self.deeper()?;
                let body = self.postfix()?;
                let caught = match self.take_word("catch") {
                    true => Some(Rc::new(self.postfix()?)),
                    false => None,
                };
                self.depth -= 1;
                Ok(Ast::Try(Rc::new(body), caught))
            }
            "reduce" | "foreach" => {
                self.deeper()?;
                let source = Rc::new(self.postfix()?);
                self.depth -= 1;
                if !self.take_word("as") {
                    return Err(self.unexpected());
                }
                let pattern = self.pattern()?;
                self.expect("(")?;
                let first = Rc::new(self.pipe()?);
                self.expect(";")?;
                let update = Rc::new(self.pipe()?);
                if name == "reduce" {
                    self.expect(")")?;
                    return Ok(Ast::Reduce(source, pattern, first, update));
                }
                let extract = match self.take(";") {
                    true => Some(Rc::new(self.pipe()?)),
                    false => None,
                };
                self.expect(")")?;
                Ok(Ast::Foreach(source, pattern, first, update, extract))
            }
            "break" => match self.peek().cloned() {
                Some(Token::Variable(name)) => {
                    self.at += 1;
                    Ok(Ast::Break(name))
                }
                _ => Err(self.unexpected()),
            },
            "def" => {
                let function = self.definition()?;
                let rest = self.pipe()?;
                Ok(Ast::Define(Rc::new(function), Rc::new(rest)))
            }
            "then" | "elif" | "else" | "end" | "as" | "catch" | "and" | "or" => {
                self.at -= 1;
                Err(self.unexpected())
            }
            _ => {
                let mut arguments = Vec::new();
                if self.take("(") {
                    loop {
                        arguments.push(Rc::new(self.pipe()?));
                        if !self.take(";") {
                            break;
                        }
                    }
                    self.expect(")")?;
                }
                Ok(Ast::Call(name, arguments))
            }
        }
    }

    fn condition(&mut self) -> Result<Ast, String> {
        self.deeper()?;
        let condition = Rc::new(self.pipe()?);
        if !self.take_word("then") {
            return Err(self.unexpected());
        }
        let yes = Rc::new(self.pipe()?);
        let no = if self.take_word("elif") {
            Some(Rc::new(self.condition()?))
        } else if self.take_word("else") {
            let no = Rc::new(self.pipe()?);
            if !self.take_word("end") {
                return Err(self.unexpected());
            }
            Some(no)
        } else if self.take_word("end") {
            None
        } else {
            return Err(self.unexpected());
        };
        self.depth -= 1;
        Ok(Ast::If(condition, yes, no))
    }

    fn object(&mut self) -> Result<Ast, String> {
        let mut entries = Vec::new();
        while !self.take("}") {
            if !entries.is_empty() {
                self.expect(",")?;
                if self.take("}") {
                    break;
                }
            }
            let Some(token) = self.peek().cloned() else {
                return Err(self.unexpected());
            };
            self.at += 1;
            let (key, short) = match token {
                Token::Name(name) => {
                    let own = index(Ast::Identity, Ast::Literal(Value::from(name.as_str())));
                    (Ast::Literal(Value::from(name)), Some(own))
                }
                Token::Variable(name) => (
                    Ast::Literal(Value::from(name.as_str())),
                    Some(Ast::Variable(name)),
                ),
                Token::Number(_, text) => (Ast::Literal(Value::from(text)), None),
                Token::Text(parts) => {
                    let key = self.text("text", parts)?;
                    let own = index(Ast::Identity, key.clone());
                    (key, Some(own))
                }
                Token::Format(name) => match (format_of(&name), self.peek().cloned()) {
                    (Some(format), Some(Token::Text(parts))) => {
                        self.at += 1;
                        let key = self.text(format, parts)?;
                        let own = index(Ast::Identity, key.clone());
                        (key, Some(own))
                    }
                    _ => return Err(self.unexpected()),
                },
                Token::Operator("(") => {
                    let key = self.pipe()?;
                    self.expect(")")?;
                    (key, None)
                }
                _ => {
                    self.at -= 1;
                    return Err(self.unexpected());
                }
            };
            let value = match (self.take(":"), short) {
                (true, _) => self.object_value()?,
                (false, Some(short)) => short,
                (false, None) => return Err(self.unexpected()),
            };
            entries.push((key, value));
        }
        Ok(Ast::Object(entries))
    }

    /// A value of an object: filters that pipes join, without commas.
    fn object_value(&mut self) -> Result<Ast, String> {
        self.deeper()?;
        let mut left = self.level(0)?;
        while self.take("|") {
            let right = self.level(0)?;
            left = Ast::Pipe(Rc::new(left), Rc::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn pattern(&mut self) -> Result<Pattern, String> {
        self.deeper()?;
        let token = self.peek().cloned();
        self.at += 1;
        let pattern = match token {
            Some(Token::Variable(name)) => Pattern::Variable(name),
            Some(Token::Operator("[")) => {
                let mut items = Vec::new();
                loop {
                    items.push(self.pattern()?);
                    if !self.take(",") {
                        break;
                    }
                }
                self.expect("]")?;
                Pattern::Array(items)
            }
            Some(Token::Operator("{")) => {
                let mut entries = Vec::new();
                loop {
                    let token = self.peek().cloned();
                    self.at += 1;
                    let (key, own) = match token {
                        Some(Token::Variable(name)) => {
                            (name.clone(), Some(Pattern::Variable(name)))
                        }
                        Some(Token::Name(name)) => (name, None),
                        Some(Token::Text(parts)) => match parts.as_slice() {
                            [Part::Text(text)] => (text.clone(), None),
                            _ => return Err("a pattern's key is a plain string".to_owned()),
                        },
                        _ => {
                            self.at -= 1;
                            return Err(self.unexpected());
                        }
                    };
                    let pattern = match self.take(":") {
                        true => Some(self.pattern()?),
                        false => own,
                    };
                    entries.push((key, pattern));
                    if !self.take(",") {
                        break;
                    }
                }
                self.expect("}")?;
                Pattern::Object(entries)
            }
            _ => {
                self.at -= 1;
                return Err(self.unexpected());
            }
        };
        self.depth -= 1;
        Ok(pattern)
    }

    fn text(&mut self, format: &'static str, parts: Vec<Part>) -> Result<Ast, String> {
        if let [Part::Text(text)] = parts.as_slice() {
            return Ok(Ast::Literal(Value::from(text.as_str())));
        }
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text)),
                Part::Tokens(tokens) => {
                    let mut inner = Parser {
                        tokens,
                        at: 0,
                        depth: self.depth + 1,
                    };
                    let ast = inner.pipe()?;
                    if inner.peek().is_some() {
                        return Err(inner.unexpected());
                    }
                    pieces.push(Piece::Filter(ast));
                }
            }
        }
        Ok(Ast::Text(format, pieces))
    }
}

fn index(term: Ast, key: Ast) -> Ast {
    Ast::Index(Rc::new(term), Rc::new(key))
}
