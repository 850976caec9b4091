//! The grammar of CEL (`cel-spec`, `doc/langdef.md`), and its macros.

use super::ast::{Expr, Form, Item, Kind, Literal, Loop};
use super::lex::{Token, Word, words};
use super::report::Issue;

/// Expressions nest no deeper than this; upstream's bound is 250.
const DEEPEST: usize = 100;
/// No expression is longer (`ExpressionSizeLimit` of cel-go is 100,000 code points).
const LONGEST: usize = 100_000;

/// Words that are no names (`reservedIds` in the parser of cel-go); a field that is called so is known by another.
pub(super) const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];
const EXPECTED: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/// The binary operators from the loosest to the tightest, without `&&` and `||`.
const LEVELS: [&[(&str, &str)]; 3] = [
    &[
        ("<", "_<_"),
        ("<=", "_<=_"),
        (">=", "_>=_"),
        (">", "_>_"),
        ("==", "_==_"),
        ("!=", "_!=_"),
        ("in", "@in"),
    ],
    &[("+", "_+_"), ("-", "_-_")],
    &[("*", "_*_"), ("/", "_/_"), ("%", "_%_")],
];

/// Reads an expression.
pub fn parse(chars: &[char]) -> Result<Expr, Issue> {
    if chars.len() > LONGEST {
        let what = format!(
            "expression code point size exceeds limit: size: {}, limit {LONGEST}",
            chars.len()
        );
        return Err(Issue::new(0, what));
    }
    let words = words(chars)?;
    let mut parser = Parser {
        words: &words,
        chars,
        at: 0,
        depth: 0,
    };
    let expr = parser.expr()?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => {
            let shown = parser.shown();
            Err(parser.issue(format!(
                "Syntax error: mismatched input '{shown}' expecting <EOF>"
            )))
        }
    }
}

struct Parser<'t> {
    words: &'t [Word],
    chars: &'t [char],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.words.get(self.at).map_or(&Token::End, |w| &w.token)
    }

    /// Where the next word stands.
    fn place(&self) -> usize {
        self.words.get(self.at).map_or(self.chars.len(), |w| w.at)
    }

    fn sign(&self) -> &'static str {
        match self.peek() {
            Token::Punctuation(sign) => sign,
            _ => "",
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.sign() == sign;
        self.at += usize::from(found);
        found
    }

    fn shown(&self) -> String {
        match self.words.get(self.at) {
            None => "<EOF>".to_owned(),
            Some(word) if matches!(word.token, Token::End) => "<EOF>".to_owned(),
            Some(word) => self
                .chars
                .get(word.at..word.end)
                .unwrap_or_default()
                .iter()
                .collect(),
        }
    }

    fn issue(&self, what: String) -> Issue {
        Issue::new(self.place(), what)
    }

    fn expect(&mut self, sign: &str) -> Result<(), Issue> {
        if self.take(sign) {
            return Ok(());
        }
        let shown = self.shown();
        Err(match self.peek() {
            Token::End => self.issue(format!(
                "Syntax error: mismatched input '<EOF>' expecting '{sign}'"
            )),
            _ => self.issue(format!(
                "Syntax error: mismatched input '{shown}' expecting '{sign}'"
            )),
        })
    }

    fn deeper(&mut self) -> Result<(), Issue> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.issue(format!("expression recursion limit exceeded: {DEEPEST}")));
        }
        Ok(())
    }

    fn expr(&mut self) -> Result<Expr, Issue> {
        self.deeper()?;
        let condition = self.logical("||", "_||_")?;
        let at = self.place();
        let expr = if self.take("?") {
            let yes = self.logical("||", "_||_")?;
            self.expect(":")?;
            let no = self.expr()?;
            Expr::call(at, "_?_:_", vec![condition, yes, no])
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// A chain of `&&` or `||`, as a balanced tree: it may be long, and shall not be deep.
    fn logical(&mut self, sign: &str, function: &str) -> Result<Expr, Issue> {
        let mut terms = Vec::new();
        let mut places = Vec::new();
        loop {
            terms.push(match sign {
                "||" => self.logical("&&", "_&&_")?,
                _ => self.binary(0)?,
            });
            let at = self.place();
            if !self.take(sign) {
                break;
            }
            places.push(at);
        }
        balanced(&mut terms.into_iter(), &places, function)
            .ok_or_else(|| self.issue("Syntax error: empty expression".to_owned()))
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Issue> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        let mut chain = 0;
        loop {
            let at = self.place();
            let sign = self.sign();
            let Some((_, function)) = operators.iter().find(|(s, _)| *s == sign) else {
                self.depth -= chain;
                return Ok(left);
            };
            self.at += 1;
            chain += 1;
            self.deeper()?;
            let right = self.binary(level + 1)?;
            left = Expr::call(at, function, vec![left, right]);
        }
    }

    fn unary(&mut self) -> Result<Expr, Issue> {
        let at = self.place();
        let sign = self.sign();
        let mut count = 0;
        if sign == "-" {
            let word = self.words.get(self.at + 1).map(|w| &w.token);
            if let Some(Token::Int(_) | Token::Literal(Literal::Double(_))) = word {
                return self.member();
            }
        }
        while matches!(sign, "!" | "-") && self.sign() == sign {
            self.at += 1;
            count += 1;
        }
        let inner = self.member()?;
        let function = if sign == "!" { "!_" } else { "-_" };
        Ok(match count % 2 {
            0 => inner,
            _ => Expr::call(at, function, vec![inner]),
        })
    }

    fn member(&mut self) -> Result<Expr, Issue> {
        let mut expr = self.primary()?;
        let mut chain = 0;
        loop {
            let at = self.place();
            let sign = self.sign();
            match sign {
                "." | ".?" => {
                    self.at += 1;
                    let Token::Name(field) = self.peek() else {
                        let shown = self.shown();
                        return Err(self.issue(format!(
                            "Syntax error: mismatched input '{shown}' expecting IDENTIFIER"
                        )));
                    };
                    let field = field.clone();
                    self.at += 1;
                    let open = self.place();
                    if sign == "." && self.take("(") {
                        let args = self.list(")")?;
                        expr = self.method(open, expr, field, args)?;
                    } else {
                        expr = Expr::new(
                            at,
                            Kind::Select {
                                of: Box::new(expr),
                                field,
                                test: false,
                                optional: sign == ".?",
                            },
                        );
                    }
                }
                "[" | "[?" => {
                    self.at += 1;
                    let index = self.expr()?;
                    self.expect("]")?;
                    let function = if sign == "[" { "_[_]" } else { "_[?_]" };
                    expr = Expr::call(at, function, vec![expr, index]);
                }
                "{" if expr.qualified().is_some() => {
                    let name = expr.qualified().unwrap_or_default();
                    self.at += 1;
                    while !matches!(self.peek(), Token::End) && self.sign() != "}" {
                        self.at += 1;
                    }
                    self.expect("}")?;
                    expr = Expr::new(at, Kind::Message(name));
                }
                _ => {
                    self.depth -= chain;
                    return Ok(expr);
                }
            }
            chain += 1;
            self.deeper()?;
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expr>, Issue> {
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(self.expr()?);
            if !self.take(",") {
                self.expect(end)?;
                break;
            }
            if end == ")" && self.sign() == ")" {
                return Err(self.issue(format!(
                    "Syntax error: mismatched input ')' expecting {EXPECTED}"
                )));
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Result<Expr, Issue> {
        let at = self.place();
        let word = self.words.get(self.at);
        match word.map_or(&Token::End, |w| &w.token) {
            Token::Literal(literal) => {
                self.at += 1;
                Ok(Expr::new(at, Kind::Literal(literal.clone())))
            }
            Token::Int(digits) => {
                self.at += 1;
                integer(at, digits, "")
            }
            Token::Name(name) => {
                let name = name.clone();
                self.at += 1;
                self.named(at, name)
            }
            Token::Punctuation("-") => {
                self.at += 1;
                match self.words.get(self.at).map(|w| &w.token) {
                    Some(Token::Int(digits)) => {
                        self.at += 1;
                        integer(at, digits, "-")
                    }
                    Some(Token::Literal(Literal::Double(value))) => {
                        self.at += 1;
                        Ok(Expr::new(at, Kind::Literal(Literal::Double(-value))))
                    }
                    _ => Err(self.unexpected()),
                }
            }
            Token::Punctuation(".") => {
                self.at += 1;
                let Token::Name(name) = self.peek() else {
                    return Err(self.unexpected());
                };
                let name = name.clone();
                self.at += 1;
                self.named(at, name)
            }
            Token::Punctuation("(") => {
                self.at += 1;
                let expr = self.expr()?;
                self.expect(")")?;
                Ok(expr)
            }
            Token::Punctuation("[" | "[?") => {
                let mut optional = self.sign() == "[?";
                self.at += 1;
                let mut items = Vec::new();
                while !self.take("]") {
                    optional |= self.take("?");
                    let value = self.expr()?;
                    items.push(Item { value, optional });
                    optional = false;
                    if !self.take(",") {
                        self.expect("]")?;
                        break;
                    }
                }
                Ok(Expr::new(at, Kind::List(items)))
            }
            Token::Punctuation("{" | "{?") => {
                let mut optional = self.sign() == "{?";
                self.at += 1;
                let mut entries = Vec::new();
                while !self.take("}") {
                    optional |= self.take("?");
                    let key = self.expr()?;
                    self.expect(":")?;
                    let value = self.expr()?;
                    entries.push((key, Item { value, optional }));
                    optional = false;
                    if !self.take(",") {
                        self.expect("}")?;
                        break;
                    }
                }
                Ok(Expr::new(at, Kind::Map(entries)))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn unexpected(&self) -> Issue {
        let shown = self.shown();
        self.issue(format!(
            "Syntax error: mismatched input '{shown}' expecting {EXPECTED}"
        ))
    }

    /// A name, or a call of a function that is no method.
    fn named(&mut self, at: usize, name: String) -> Result<Expr, Issue> {
        let open = self.place();
        if self.take("(") {
            let mut args = self.list(")")?;
            if name == "has" && args.len() == 1 {
                return match args.pop().map(|arg| arg.kind) {
                    Some(Kind::Select {
                        of,
                        field,
                        test: false,
                        optional,
                    }) => Ok(Expr::new(
                        open,
                        Kind::Select {
                            of,
                            field,
                            test: true,
                            optional,
                        },
                    )),
                    _ => Err(Issue::new(
                        open,
                        "invalid argument to has() macro".to_owned(),
                    )),
                };
            }
            return Ok(Expr::call(open, &name, args));
        }
        if RESERVED.contains(&&*name) {
            return Err(Issue::new(at, format!("reserved identifier: {name}")));
        }
        Ok(Expr::new(at, Kind::Name(name)))
    }

    /// A method, or the macro of that name.
    fn method(
        &mut self,
        open: usize,
        target: Expr,
        function: String,
        mut args: Vec<Expr>,
    ) -> Result<Expr, Issue> {
        let form = match (&*function, args.len()) {
            ("all", 2 | 3) => Form::All,
            ("exists", 2 | 3) => Form::Exists,
            ("exists_one", 2) | ("existsOne", 2 | 3) => Form::ExistsOne,
            ("map", 2 | 3) | ("transformList", 3 | 4) => Form::Map,
            ("filter", 2) => Form::Filter,
            ("transformMap", 3 | 4) => Form::TransformMap,
            ("transformMapEntry", 3 | 4) => Form::TransformMapEntry,
            ("optMap" | "optFlatMap", 2) => {
                let body = args.pop();
                let var = args.pop().map(|a| simple(&a)).transpose()?;
                let (Some(body), Some(var)) = (body, var) else {
                    return Err(Issue::new(
                        open,
                        "argument must be a simple name".to_owned(),
                    ));
                };
                return Ok(Expr::new(
                    open,
                    Kind::OptMap {
                        of: Box::new(target),
                        var,
                        body: Box::new(body),
                        flat: function == "optFlatMap",
                    },
                ));
            }
            _ => {
                return Ok(Expr::new(
                    open,
                    Kind::Call {
                        function,
                        target: Some(Box::new(target)),
                        args,
                    },
                ));
            }
        };
        let names = match &*function {
            "map" | "filter" => 1,
            "all" | "exists" | "existsOne" | "exists_one" => args.len() - 1,
            _ => 2,
        };
        let mut rest = args.split_off(names);
        let vars: Vec<String> = args.iter().map(simple).collect::<Result<_, _>>()?;
        if vars.first() == vars.get(1) {
            let at = args.get(1).map_or(open, |a| a.at);
            let what = format!("duplicate variable name: {}", vars.concat());
            return Err(Issue::new(at, what));
        }
        let Some(body) = rest.pop() else {
            return Err(Issue::new(
                open,
                "argument must be a simple name".to_owned(),
            ));
        };
        Ok(Expr::new(
            open,
            Kind::Loop(Box::new(Loop {
                form,
                range: target,
                vars,
                filter: rest.pop(),
                body,
            })),
        ))
    }
}

fn simple(arg: &Expr) -> Result<String, Issue> {
    match &arg.kind {
        Kind::Name(name) => Ok(name.clone()),
        _ => Err(Issue::new(
            arg.at,
            "argument must be a simple name".to_owned(),
        )),
    }
}

fn integer(at: usize, digits: &str, sign: &str) -> Result<Expr, Issue> {
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16),
        None => format!("{sign}{digits}").parse(),
    };
    match value {
        Ok(value) => Ok(Expr::new(at, Kind::Literal(Literal::Int(value)))),
        Err(_) => Err(Issue::new(at, "invalid int literal".to_owned())),
    }
}

fn balanced(
    terms: &mut dyn Iterator<Item = Expr>,
    places: &[usize],
    function: &str,
) -> Option<Expr> {
    if places.is_empty() {
        return terms.next();
    }
    let middle = places.len() / 2;
    let left = balanced(terms, places.get(..middle)?, function)?;
    let right = balanced(terms, places.get(middle + 1..)?, function)?;
    Some(Expr::call(
        *places.get(middle)?,
        function,
        vec![left, right],
    ))
}
