//! The grammar of filters. Assignments become calls of functions, and what patterns take apart becomes
//! variables (`patterns`).

use std::rc::Rc;

use super::ast::{Ast, Fault, Function};
use super::lex::{Token, Word, tokens};
use super::value::Value;

const DEEPEST: usize = 60;
const MOST_LINKS: usize = 2000;

pub const KEYWORDS: [&str; 19] = [
    "def", "if", "then", "elif", "else", "end", "as", "reduce", "foreach", "try", "catch", "label",
    "import", "include", "and", "or", "__loc__", "module", "break",
];

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// How many names of our own there are.
    pub(super) fresh: usize,
    /// What operators, commas and indexes join: chains nest in the tree.
    pub(super) links: usize,
}

pub(super) type Parsed = Result<Rc<Ast>, Fault>;

pub fn parse(text: &str) -> Parsed {
    let mut parser = Parser::new(text)?;
    if parser.tokens.is_empty() {
        return Ok(Rc::new(Ast::Identity));
    }
    let ast = parser.pipe(true)?;
    match parser.peek() {
        None => Ok(ast),
        Some(_) => parser.unexpected(", expecting end of file"),
    }
}

/// Definitions, one behind the other.
pub fn definitions(text: &str) -> Result<Vec<Rc<Function>>, Fault> {
    let mut parser = Parser::new(text)?;
    let mut out = Vec::new();
    while parser.take_word("def") {
        parser.links = 0;
        out.push(Rc::new(parser.definition()?));
    }
    Ok(out)
}

/// Operators of two sides, weakest first.
const LEVELS: [&[&str]; 7] = [
    &["//"],
    &["=", "|=", "+=", "-=", "*=", "/=", "%=", "//="],
    &["or"],
    &["and"],
    &["==", "!=", "<", "<=", ">", ">="],
    &["+", "-"],
    &["*", "/", "%"],
];
/// Those that do not follow each other.
const ASSIGNMENTS: usize = 1;
const COMPARISONS: usize = 4;

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, Fault> {
        Ok(Parser {
            text,
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
            fresh: 0,
            links: 0,
        })
    }
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<&Word> {
        self.tokens.get(self.at).map(|t| &t.word)
    }

    /// The next word, taken.
    pub(super) fn next(&mut self) -> Option<Word> {
        let word = self.peek().cloned();
        self.at += usize::from(word.is_some());
        word
    }

    pub(super) fn place(&self) -> usize {
        let token = self.tokens.get(self.at).or(self.tokens.last());
        token.map_or(0, |t| t.at)
    }

    pub(super) fn is(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Word::Operator(o)) if *o == operator)
    }

    pub(super) fn take(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, operator: &str, more: &str) -> Result<(), Fault> {
        match self.take(operator) {
            true => Ok(()),
            false => self.unexpected(more),
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Word::Name(n)) if n == word)
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn unexpected<T>(&self, more: &str) -> Result<T, Fault> {
        let what = match self.peek() {
            None => "end of file".to_owned(),
            Some(Word::Operator(o)) => match o.len() > 1 && *o != ".." {
                true => (*o).to_owned(),
                false => format!("'{o}'"),
            },
            Some(Word::Name(n)) if KEYWORDS.contains(&n.as_str()) => n.clone(),
            Some(Word::Name(_)) => "IDENT".to_owned(),
            Some(Word::Field(_)) => "FIELD".to_owned(),
            Some(Word::Variable(_)) => "BINDING".to_owned(),
            Some(Word::Format(_)) => "FORMAT".to_owned(),
            Some(Word::Number(_)) => "LITERAL".to_owned(),
            Some(Word::Text(_)) => "QQSTRING_START".to_owned(),
        };
        Fault::new(
            format!("syntax error, unexpected {what}{more}"),
            self.place(),
        )
    }

    pub(super) fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        match self.depth > DEEPEST {
            true => Fault::new("the filter nests too deeply", self.place()),
            false => Ok(()),
        }
    }

    pub(super) fn link(&mut self) -> Result<(), Fault> {
        self.links += 1;
        match self.links > MOST_LINKS {
            true => Fault::new("the filter nests too deeply", self.place()),
            false => Ok(()),
        }
    }

    pub(super) fn fresh(&mut self) -> Rc<str> {
        self.fresh += 1;
        Rc::from(format!(" {}", self.fresh))
    }

    pub(super) fn variable(&self, name: &Rc<str>) -> Rc<Ast> {
        Rc::new(Ast::Variable(name.clone(), self.place()))
    }

    /// A filter; where commas mean something else, it has none of its own.
    pub(super) fn pipe(&mut self, commas: bool) -> Parsed {
        self.deeper()?;
        let ast = self.pipe_inside(commas);
        self.depth -= 1;
        ast
    }

    fn pipe_inside(&mut self, commas: bool) -> Parsed {
        let mut left = self.level(0)?;
        while commas && self.take(",") {
            self.link()?;
            let right = self.level(0)?;
            left = Rc::new(Ast::Comma(left, right));
        }
        if self.take("|") {
            let right = self.pipe(commas)?;
            left = Rc::new(Ast::Pipe(left, right));
        }
        Ok(left)
    }

    pub(super) fn definition(&mut self) -> Result<Function, Fault> {
        let Some(Word::Name(name)) = self.next() else {
            self.at = self.at.saturating_sub(1);
            return self.unexpected("");
        };
        let mut parameters: Vec<Rc<str>> = Vec::new();
        let mut values = Vec::new();
        if self.take("(") {
            loop {
                match self.peek().cloned() {
                    Some(Word::Name(name)) => parameters.push(Rc::from(name)),
                    Some(Word::Variable(name)) => {
                        let name: Rc<str> = Rc::from(name);
                        values.push(name.clone());
                        parameters.push(name);
                    }
                    _ => return self.unexpected(""),
                }
                self.at += 1;
                if !self.take(";") {
                    break;
                }
            }
            self.expect(")", "")?;
        }
        let more = match parameters.is_empty() {
            true => ", expecting '(' or ':'",
            false => ", expecting ':'",
        };
        self.expect(":", more)?;
        let mut body = self.pipe(true)?;
        self.expect(";", "")?;
        // `def f($x): ...` is `def f(x): x as $x | ...`.
        for name in values.into_iter().rev() {
            let call = Rc::new(Ast::call(&name, Vec::new(), 0));
            body = Rc::new(Ast::As(call, name, body));
        }
        let name = Rc::from(name);
        Ok(Function {
            name,
            parameters,
            body,
        })
    }

    fn operator_of(&self, level: &[&'static str]) -> Option<&'static str> {
        match self.peek() {
            Some(Word::Operator(o)) => level.iter().find(|l| *l == o).copied(),
            Some(Word::Name(n)) => level.iter().find(|l| *l == n).copied(),
            _ => None,
        }
    }

    pub(super) fn level(&mut self, level: usize) -> Parsed {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let begin = self.place();
        let mut left = self.level(level + 1)?;
        let mut times = 0usize;
        while let Some(operator) = self.operator_of(operators) {
            times += 1;
            self.link()?;
            if times > 1 && matches!(level, ASSIGNMENTS | COMPARISONS) {
                return self.unexpected("");
            }
            let place = self.place();
            self.at += 1;
            // An alternative binds to the right.
            let right = match level {
                0 => {
                    self.deeper()?;
                    let right = self.level(0)?;
                    self.depth -= 1;
                    right
                }
                level => self.level(level + 1)?,
            };
            if operator == "/"
                && matches!(&*left, Ast::Literal(Value::Number(_)))
                && matches!(&*right, Ast::Literal(Value::Number(n)) if n.value == 0.0)
            {
                return Fault::new("Division by zero?", begin);
            }
            left = self.binary(operator, left, right, place);
        }
        Ok(left)
    }

    fn binary(&mut self, operator: &'static str, l: Rc<Ast>, r: Rc<Ast>, at: usize) -> Rc<Ast> {
        Rc::new(match operator {
            "//" => Ast::Alternative(l, r),
            "or" => Ast::Logic(true, l, r),
            "and" => Ast::Logic(false, l, r),
            "=" => Ast::call("_assign", vec![l, r], at),
            "|=" => Ast::call("_modify", vec![l, r], at),
            "+=" | "-=" | "*=" | "/=" | "%=" | "//=" => {
                let name = self.fresh();
                let own = Rc::new(Ast::Identity);
                let value = self.variable(&name);
                let update = match operator {
                    "//=" => Ast::Alternative(own, value),
                    "+=" => Ast::Binary("+", own, value),
                    "-=" => Ast::Binary("-", own, value),
                    "*=" => Ast::Binary("*", own, value),
                    "/=" => Ast::Binary("/", own, value),
                    _ => Ast::Binary("%", own, value),
                };
                let modify = Ast::call("_modify", vec![l, Rc::new(update)], at);
                Ast::As(r, name, Rc::new(modify))
            }
            operator => Ast::Binary(operator, l, r),
        })
    }

    fn unary(&mut self) -> Parsed {
        if self.take("-") {
            self.deeper()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Rc::new(Ast::Negate(inner)));
        }
        // What these begin reaches as far as it can.
        if self.take_word("def") {
            let function = self.definition()?;
            let rest = match self.peek() {
                None if self.depth <= 1 => Rc::new(Ast::Identity),
                _ => self.pipe(true)?,
            };
            return Ok(Rc::new(Ast::Define(Rc::new(function), rest)));
        }
        if self.take_word("label") {
            let Some(Word::Variable(name)) = self.peek().cloned() else {
                return self.unexpected("");
            };
            self.at += 1;
            self.expect("|", ", expecting '|'")?;
            let body = self.pipe(true)?;
            return Ok(Rc::new(Ast::Label(Rc::from(name), body)));
        }
        let term = self.postfix()?;
        if self.take_word("as") {
            let patterns = self.patterns()?;
            self.expect("|", ", expecting '|'")?;
            let body = self.pipe(true)?;
            return Ok(self.taken_apart(term, patterns, body));
        }
        Ok(term)
    }
}
