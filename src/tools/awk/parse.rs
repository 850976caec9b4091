//! Reading programs.

use std::rc::Rc;

use super::lex::{KEYWORDS, Token, tokens};
use crate::api::pattern::Pattern;

/// An expression.
pub enum Expr {
    Number(f64),
    Text(Rc<str>),
    /// A pattern by itself asks the whole line.
    Pattern(Rc<Pattern>),
    Variable(Rc<str>),
    Element(Rc<str>, Vec<Expr>),
    Field(Box<Expr>),
    /// `=` is a blank; `+=` is `+`.
    Assign(char, Box<Expr>, Box<Expr>),
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Minus(Box<Expr>),
    Plus(Box<Expr>),
    In(Vec<Expr>, Rc<str>),
    /// Whether it is to match.
    Match(bool, Box<Expr>, Box<Expr>),
    Compare(&'static str, Box<Expr>, Box<Expr>),
    Sum(char, Box<Expr>, Box<Expr>),
    Join(Box<Expr>, Box<Expr>),
    /// Whether the new value counts, and what is added.
    Step(bool, f64, Box<Expr>),
    Call(Rc<str>, Vec<Expr>),
    /// A list in parentheses, as `print` and `in` take it.
    List(Vec<Expr>),
}

pub enum Statement {
    Expr(Expr),
    /// The format is the first of the list, if it is `printf`; where it goes, if not to the output.
    Print {
        formatted: bool,
        values: Vec<Expr>,
        to: Option<Expr>,
    },
    If(Expr, Box<Statement>, Option<Box<Statement>>),
    /// Whether the body comes first.
    While(bool, Expr, Box<Statement>),
    For(
        Option<Box<Statement>>,
        Option<Expr>,
        Option<Box<Statement>>,
        Box<Statement>,
    ),
    Each(Rc<str>, Rc<str>, Box<Statement>),
    Block(Vec<Statement>),
    Next,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Break,
    Continue,
    Delete(Rc<str>, Vec<Expr>),
}

pub enum When {
    Begin,
    End,
    Always,
    If(Expr),
    /// From one line to another.
    Range(Expr, Expr),
}

pub struct Function {
    pub parameters: Vec<Rc<str>>,
    pub body: Statement,
}

#[derive(Default)]
pub struct Program {
    pub rules: Vec<(When, Statement)>,
    pub functions: Vec<(Rc<str>, Rc<Function>)>,
}

/// Expressions and statements nest no deeper.
const DEEPEST: usize = 60;

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// `>` leads the output somewhere.
    redirects: bool,
    /// `in` belongs to a `for`.
    no_in: bool,
}

type Read<T> = Result<T, String>;

/// Reads a program.
///
/// # Errors
/// Where its syntax is wrong.
pub fn parse(source: &str) -> Read<Program> {
    let mut reader = Reader {
        tokens: tokens(source)?,
        at: 0,
        depth: 0,
        redirects: false,
        no_in: false,
    };
    let mut program = Program::default();
    loop {
        reader.ends();
        match reader.peek() {
            Token::End => return Ok(program),
            Token::Name(word) if matches!(&*word, "function" | "func") => {
                reader.at += 1;
                program.functions.push(reader.function()?);
            }
            _ => program.rules.push(reader.rule()?),
        }
    }
}

impl Reader {
    fn peek(&self) -> Token {
        self.tokens.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Sign(s)) if *s == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Read<()> {
        match self.take(sign) {
            true => Ok(()),
            false => self.wrong(),
        }
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Name(n)) if **n == *word);
        self.at += usize::from(found);
        found
    }

    fn wrong<T>(&self) -> Read<T> {
        let near = match self.peek() {
            Token::Number(n) => n.to_string(),
            Token::Text(text) => format!("\"{text}\""),
            Token::Pattern(text) => format!("/{text}/"),
            Token::Name(name) | Token::Called(name) => name.to_string(),
            Token::Sign(sign) => sign.to_owned(),
            Token::Newline | Token::End => "end of line".to_owned(),
        };
        Err(format!("syntax error at or near {near}"))
    }

    fn newlines(&mut self) {
        while self.peek() == Token::Newline {
            self.at += 1;
        }
    }

    fn ends(&mut self) {
        while self.peek() == Token::Newline || self.is(";") {
            self.at += 1;
        }
    }

    fn name(&mut self) -> Read<Rc<str>> {
        match self.peek() {
            Token::Name(name) | Token::Called(name) => {
                self.at += 1;
                Ok(name)
            }
            _ => self.wrong(),
        }
    }

    fn function(&mut self) -> Read<(Rc<str>, Rc<Function>)> {
        let name = self.name()?;
        self.need("(")?;
        let mut parameters = Vec::new();
        while !self.take(")") {
            parameters.push(self.name()?);
            self.take(",");
            self.newlines();
        }
        self.newlines();
        let body = self.block()?;
        Ok((name, Rc::new(Function { parameters, body })))
    }

    fn rule(&mut self) -> Read<(When, Statement)> {
        let when = if self.is("{") {
            When::Always
        } else if self.keyword("BEGIN") {
            When::Begin
        } else if self.keyword("END") {
            When::End
        } else {
            let from = self.expr()?;
            match self.take(",") {
                true => {
                    self.newlines();
                    When::Range(from, self.expr()?)
                }
                false => When::If(from),
            }
        };
        let body = match self.is("{") {
            true => self.block()?,
            false if matches!(when, When::Begin | When::End) => return self.wrong(),
            false => Statement::Print {
                formatted: false,
                values: Vec::new(),
                to: None,
            },
        };
        Ok((when, body))
    }

    fn block(&mut self) -> Read<Statement> {
        self.need("{")?;
        let mut body = Vec::new();
        loop {
            self.ends();
            if self.take("}") {
                return Ok(Statement::Block(body));
            }
            body.push(self.statement()?);
        }
    }

    /// A statement, with what ends it.
    fn statement(&mut self) -> Read<Statement> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the program nests too deeply".to_owned());
        }
        let statement = self.any_statement();
        self.depth -= 1;
        statement
    }

    fn any_statement(&mut self) -> Read<Statement> {
        if self.is("{") {
            return self.block();
        }
        if self.take(";") {
            return Ok(Statement::Block(Vec::new()));
        }
        if self.keyword("if") {
            self.need("(")?;
            let condition = self.expr()?;
            self.need(")")?;
            let then = self.body()?;
            let before = self.at;
            self.ends();
            let otherwise = match self.keyword("else") {
                true => Some(self.body()?),
                false => {
                    self.at = before;
                    None
                }
            };
            return Ok(Statement::If(condition, then, otherwise));
        }
        if self.keyword("while") {
            self.need("(")?;
            let condition = self.expr()?;
            self.need(")")?;
            return Ok(Statement::While(false, condition, self.body()?));
        }
        if self.keyword("do") {
            let body = self.body()?;
            self.ends();
            if !self.keyword("while") {
                return self.wrong();
            }
            self.need("(")?;
            let condition = self.expr()?;
            self.need(")")?;
            return Ok(Statement::While(true, condition, body));
        }
        if self.keyword("for") {
            return self.loops();
        }
        let statement = self.simple()?;
        match self.peek() {
            Token::Newline => self.at += 1,
            _ if self.take(";") || self.is("}") || self.peek() == Token::End => {}
            _ => return self.wrong(),
        }
        Ok(statement)
    }

    fn body(&mut self) -> Read<Box<Statement>> {
        self.newlines();
        Ok(Box::new(self.statement()?))
    }

    fn loops(&mut self) -> Read<Statement> {
        self.need("(")?;
        // `for (key in array)`
        let each = match (
            self.tokens.get(self.at),
            self.tokens.get(self.at + 1),
            self.tokens.get(self.at + 2),
            self.tokens.get(self.at + 3),
        ) {
            (
                Some(Token::Name(key)),
                Some(Token::Name(word)),
                Some(Token::Name(array)),
                Some(Token::Sign(")")),
            ) if **word == *"in" => Some((key.clone(), array.clone())),
            _ => None,
        };
        if let Some((key, array)) = each {
            self.at += 4;
            return Ok(Statement::Each(key, array, self.body()?));
        }
        let first = match self.is(";") {
            true => None,
            false => Some(Box::new(self.simple()?)),
        };
        self.need(";")?;
        self.newlines();
        let condition = match self.is(";") {
            true => None,
            false => Some(self.expr()?),
        };
        self.need(";")?;
        self.newlines();
        let step = match self.is(")") {
            true => None,
            false => Some(Box::new(self.simple()?)),
        };
        self.need(")")?;
        Ok(Statement::For(first, condition, step, self.body()?))
    }

    fn at_end(&self) -> bool {
        matches!(self.peek(), Token::Newline | Token::End) || self.is(";") || self.is("}")
    }

    fn simple(&mut self) -> Read<Statement> {
        for (word, formatted) in [("print", false), ("printf", true)] {
            if self.keyword(word) {
                let outer = std::mem::replace(&mut self.redirects, true);
                let mut values = Vec::new();
                if !self.at_end() && !self.is(">") && !self.is(">>") && !self.is("|") {
                    values = self.list()?;
                }
                if let [Expr::List(_)] = values.as_slice()
                    && let Some(Expr::List(inner)) = values.pop()
                {
                    values = inner;
                }
                let to = match self.take(">") || self.take(">>") {
                    true => Some(self.joined()?),
                    false if self.is("|") => {
                        return Err("print | command is not part of this awk".to_owned());
                    }
                    false => None,
                };
                self.redirects = outer;
                if formatted && values.is_empty() {
                    return self.wrong();
                }
                return Ok(Statement::Print {
                    formatted,
                    values,
                    to,
                });
            }
        }
        let optional = |reader: &mut Reader| match reader.at_end() {
            true => Ok(None),
            false => reader.expr().map(Some),
        };
        if self.keyword("next") {
            return Ok(Statement::Next);
        }
        if self.keyword("break") {
            return Ok(Statement::Break);
        }
        if self.keyword("continue") {
            return Ok(Statement::Continue);
        }
        if self.keyword("exit") {
            return optional(self).map(Statement::Exit);
        }
        if self.keyword("return") {
            return optional(self).map(Statement::Return);
        }
        if self.keyword("delete") {
            let array = self.name()?;
            let mut key = Vec::new();
            if self.take("[") {
                key = self.list()?;
                self.need("]")?;
            }
            return Ok(Statement::Delete(array, key));
        }
        self.expr().map(Statement::Expr)
    }

    fn list(&mut self) -> Read<Vec<Expr>> {
        let mut values = vec![self.expr()?];
        while self.take(",") {
            self.newlines();
            values.push(self.expr()?);
        }
        Ok(values)
    }

    fn expr(&mut self) -> Read<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the program nests too deeply".to_owned());
        }
        let expr = self.choice();
        self.depth -= 1;
        expr
    }

    fn choice(&mut self) -> Read<Expr> {
        let left = self.either()?;
        if self.take("?") {
            self.newlines();
            let yes = self.expr()?;
            self.newlines();
            self.need(":")?;
            self.newlines();
            let no = self.expr()?;
            return Ok(Expr::Choice(Box::new(left), Box::new(yes), Box::new(no)));
        }
        let can = matches!(left, Expr::Variable(_) | Expr::Element(..) | Expr::Field(_));
        for (sign, operator) in [
            ("=", ' '),
            ("+=", '+'),
            ("-=", '-'),
            ("*=", '*'),
            ("/=", '/'),
            ("%=", '%'),
            ("^=", '^'),
        ] {
            if can && self.take(sign) {
                self.newlines();
                let right = self.expr()?;
                return Ok(Expr::Assign(operator, Box::new(left), Box::new(right)));
            }
        }
        Ok(left)
    }

    fn either(&mut self) -> Read<Expr> {
        let mut left = self.both()?;
        while self.take("||") {
            self.newlines();
            left = Expr::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Read<Expr> {
        let mut left = self.member()?;
        while self.take("&&") {
            self.newlines();
            left = Expr::And(Box::new(left), Box::new(self.member()?));
        }
        Ok(left)
    }

    fn member(&mut self) -> Read<Expr> {
        let mut left = self.matched()?;
        while !self.no_in && self.keyword("in") {
            let keys = match left {
                Expr::List(keys) => keys,
                one => vec![one],
            };
            left = Expr::In(keys, self.name()?);
        }
        Ok(left)
    }

    fn matched(&mut self) -> Read<Expr> {
        let mut left = self.compared()?;
        loop {
            let wanted = if self.take("~") {
                true
            } else if self.take("!~") {
                false
            } else {
                return Ok(left);
            };
            left = Expr::Match(wanted, Box::new(left), Box::new(self.compared()?));
        }
    }

    fn compared(&mut self) -> Read<Expr> {
        let left = self.joined()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if sign == ">" && self.redirects {
                continue;
            }
            if self.take(sign) {
                let right = self.joined()?;
                return Ok(Expr::Compare(sign, Box::new(left), Box::new(right)));
            }
        }
        Ok(left)
    }

    /// Values that stand side by side are one text.
    fn joined(&mut self) -> Read<Expr> {
        let mut left = self.summed()?;
        loop {
            let more = match self.peek() {
                Token::Number(_) | Token::Text(_) | Token::Called(_) | Token::Pattern(_) => true,
                Token::Name(name) => !KEYWORDS.contains(&&*name),
                Token::Sign(sign) => matches!(sign, "(" | "$" | "!" | "-" | "+" | "++" | "--"),
                Token::Newline | Token::End => false,
            };
            if !more {
                return Ok(left);
            }
            left = Expr::Join(Box::new(left), Box::new(self.summed()?));
        }
    }

    fn summed(&mut self) -> Read<Expr> {
        let mut left = self.multiplied()?;
        loop {
            let sign = match (self.take("+"), self.is("-")) {
                (true, _) => '+',
                (_, true) => {
                    self.at += 1;
                    '-'
                }
                _ => return Ok(left),
            };
            left = Expr::Sum(sign, Box::new(left), Box::new(self.multiplied()?));
        }
    }

    fn multiplied(&mut self) -> Read<Expr> {
        let mut left = self.unary()?;
        'next: loop {
            for (sign, operator) in [("*", '*'), ("/", '/'), ("%", '%')] {
                if self.take(sign) {
                    left = Expr::Sum(operator, Box::new(left), Box::new(self.unary()?));
                    continue 'next;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Read<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the program nests too deeply".to_owned());
        }
        let expr = if self.take("!") {
            Expr::Not(Box::new(self.unary()?))
        } else if self.take("-") {
            Expr::Minus(Box::new(self.unary()?))
        } else if self.take("+") {
            Expr::Plus(Box::new(self.unary()?))
        } else {
            let base = self.stepped()?;
            match self.take("^") {
                true => Expr::Sum('^', Box::new(base), Box::new(self.unary()?)),
                false => base,
            }
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn stepped(&mut self) -> Read<Expr> {
        for (sign, by) in [("++", 1.0), ("--", -1.0)] {
            if self.take(sign) {
                return Ok(Expr::Step(true, by, Box::new(self.primary()?)));
            }
        }
        let value = self.primary()?;
        let can = matches!(
            value,
            Expr::Variable(_) | Expr::Element(..) | Expr::Field(_)
        );
        for (sign, by) in [("++", 1.0), ("--", -1.0)] {
            if can && self.take(sign) {
                return Ok(Expr::Step(false, by, Box::new(value)));
            }
        }
        Ok(value)
    }

    fn primary(&mut self) -> Read<Expr> {
        let token = self.peek();
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Pattern(text) => Pattern::compile(&text, true, false)
                .map(|p| Expr::Pattern(Rc::new(p)))
                .map_err(|e| format!("regular expression compile failed: {e}\n{text}")),
            Token::Called(name) => {
                self.at += 1;
                let outer = std::mem::replace(&mut self.redirects, false);
                self.newlines();
                let arguments = match self.is(")") {
                    true => Vec::new(),
                    false => self.list()?,
                };
                self.newlines();
                self.need(")")?;
                self.redirects = outer;
                Ok(Expr::Call(name, arguments))
            }
            Token::Name(name) if &*name == "length" => Ok(Expr::Call(name, Vec::new())),
            Token::Name(name) if &*name == "getline" => {
                Err("getline is not part of this awk".to_owned())
            }
            Token::Name(name) if !KEYWORDS.contains(&&*name) => match self.take("[") {
                true => {
                    let key = self.list()?;
                    self.need("]")?;
                    Ok(Expr::Element(name, key))
                }
                false => Ok(Expr::Variable(name)),
            },
            Token::Sign("$") => {
                let index = match self.is("++") || self.is("--") {
                    true => self.stepped()?,
                    false => self.primary()?,
                };
                Ok(Expr::Field(Box::new(index)))
            }
            Token::Sign("-") => Ok(Expr::Minus(Box::new(self.primary()?))),
            Token::Sign("(") => {
                let outer = std::mem::replace(&mut self.redirects, false);
                let mut inner = self.list()?;
                self.need(")")?;
                self.redirects = outer;
                match (inner.len(), inner.pop()) {
                    // What is in parentheses cannot be assigned to, and is one value.
                    (1, Some(one @ (Expr::Variable(_) | Expr::Element(..) | Expr::Field(_)))) => {
                        Ok(one)
                    }
                    (1, Some(one)) => Ok(one),
                    (_, Some(last)) => {
                        inner.push(last);
                        Ok(Expr::List(inner))
                    }
                    (_, None) => self.wrong(),
                }
            }
            _ => {
                self.at -= 1;
                self.wrong()
            }
        }
    }
}
