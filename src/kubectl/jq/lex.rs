//! Words of a filter.

use super::ast::Fault;

#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// A name, a keyword, `a::b`.
    Name(String),
    /// `.name`; the dot is part of it.
    Field(String),
    /// `$name`
    Variable(String),
    /// `@base64`
    Format(String),
    Number(String),
    Text(Vec<Part>),
    Operator(&'static str),
}

/// A word, and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub word: Word,
    pub at: usize,
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    Tokens(Vec<Token>),
}

const OPERATORS: [&str; 34] = [
    "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "|", "+",
    "-", "*", "/", "%", "=", "<", ">", ".", "[", "]", "{", "}", "(", ")", ",", ":", ";", "?",
];

const DEEPEST: usize = 32;
const MOST_BYTES: usize = 1 << 16;

pub fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    if text.len() > MOST_BYTES {
        return Fault::new("the filter is too long", 0);
    }
    let mut lexer = Lexer { text, at: 0 };
    lexer.run(false, 0)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Tokens up to the end, or up to the parenthesis that closes an interpolation.
    fn run(&mut self, inside: bool, depth: usize) -> Result<Vec<Token>, Fault> {
        if depth > DEEPEST {
            return Fault::new("strings nest too deeply", self.at);
        }
        let mut out: Vec<Token> = Vec::new();
        let mut open: Vec<char> = Vec::new();
        loop {
            let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches(blank).len();
            let at = self.at;
            let Some(c) = self.rest().chars().next() else {
                return match inside {
                    false => Ok(out),
                    true => {
                        let at = out.last().map_or(at, |t| t.at);
                        Fault::new("syntax error, unexpected end of file", at)
                    }
                };
            };
            if c == '#' {
                let rest = self.rest();
                self.at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            match c {
                '(' => open.push(')'),
                '[' => open.push(']'),
                '{' => open.push('}'),
                ')' if inside && open.is_empty() => {
                    self.at += 1;
                    return Ok(out);
                }
                ')' | ']' | '}' if open.pop() != Some(c) => {
                    let more = if complete(&out) {
                        ", expecting end of file"
                    } else {
                        ""
                    };
                    let message = format!("syntax error, unexpected INVALID_CHARACTER{more}");
                    return Fault::new(message, at);
                }
                _ => {}
            }
            let word = self.word(c, depth, complete(&out))?;
            out.push(Token { word, at });
        }
    }

    fn name(&mut self) -> String {
        let rest = self.rest();
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = rest.get(..rest.find(|c| !part(c)).unwrap_or(rest.len()));
        let name = name.unwrap_or_default().to_owned();
        self.at += name.len();
        name
    }

    fn path(&mut self) -> String {
        let mut name = self.name();
        while self.rest().starts_with("::") {
            self.at += 2;
            name = format!("{name}::{}", self.name());
        }
        name
    }

    fn word(&mut self, c: char, depth: usize, complete: bool) -> Result<Word, Fault> {
        let at = self.at;
        let next = self.rest().chars().nth(1);
        if begins_name(c) {
            return Ok(Word::Name(self.path()));
        }
        match (c, next) {
            ('.', Some(n)) if begins_name(n) => {
                self.at += 1;
                return Ok(Word::Field(self.name()));
            }
            ('$', Some(n)) if begins_name(n) => {
                self.at += 1;
                return Ok(Word::Variable(self.path()));
            }
            ('@', Some(n)) if n.is_ascii_alphanumeric() => {
                self.at += 1;
                return Ok(Word::Format(self.name()));
            }
            ('"', _) => {
                self.at += 1;
                return self.string(at, depth).map(Word::Text);
            }
            _ => {}
        }
        if c.is_ascii_digit() || (c == '.' && next.is_some_and(|n| n.is_ascii_digit())) {
            return Ok(self.number());
        }
        match OPERATORS.iter().find(|o| self.rest().starts_with(**o)) {
            Some(operator) => {
                self.at += operator.len();
                Ok(Word::Operator(operator))
            }
            None => {
                let (what, more) = match c {
                    '$' => ("'$'", ""),
                    _ if complete => ("INVALID_CHARACTER", ", expecting end of file"),
                    _ => ("INVALID_CHARACTER", ""),
                };
                Fault::new(format!("syntax error, unexpected {what}{more}"), at)
            }
        }
    }

    fn number(&mut self) -> Word {
        let bytes = self.rest().as_bytes();
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        let mut end = 0;
        while digit(end) {
            end += 1;
        }
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
            end += 1;
            while digit(end) {
                end += 1;
            }
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            if digit(end + 1 + sign) {
                end += 1 + sign;
                while digit(end) {
                    end += 1;
                }
            }
        }
        let text = self.rest().get(..end).unwrap_or_default().to_owned();
        self.at += end;
        Word::Number(text)
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
        plain
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    }

    fn string(&mut self, begin: usize, depth: usize) -> Result<Vec<Part>, Fault> {
        let unfinished = |at: usize| {
            let message = "syntax error, unexpected end of file, expecting QQSTRING_TEXT or \
                           QQSTRING_INTERP_START or QQSTRING_END";
            Fault::new(message, at)
        };
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut last = begin;
        loop {
            let Some(c) = self.rest().chars().next() else {
                return unfinished(last);
            };
            if text.is_empty() {
                last = self.at;
            }
            self.at += c.len_utf8();
            match c {
                '"' => {
                    parts.push(Part::Text(text));
                    return Ok(parts);
                }
                '\\' => {
                    let at = self.at - 1;
                    let Some(c) = self.rest().chars().next() else {
                        return unfinished(last);
                    };
                    self.at += c.len_utf8();
                    match c {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        'r' => text.push('\r'),
                        'b' => text.push('\u{8}'),
                        'f' => text.push('\u{c}'),
                        'u' => {
                            let Some(mut code) = self.hex(self.at) else {
                                let message = "Invalid \\uXXXX escape (while parsing the string)";
                                return Fault::new(message, at);
                            };
                            self.at += 4;
                            let low = match self.rest().starts_with("\\u") {
                                true => self.hex(self.at + 2),
                                false => None,
                            };
                            if let Some(low) = low.filter(|l| (0xdc00..0xe000).contains(l))
                                && (0xd800..0xdc00).contains(&code)
                            {
                                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                                self.at += 6;
                            }
                            text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                        }
                        '(' => {
                            parts.push(Part::Text(std::mem::take(&mut text)));
                            parts.push(Part::Tokens(self.run(true, depth + 1)?));
                        }
                        '"' | '\\' | '/' => text.push(c),
                        other => {
                            let message = format!(
                                "Invalid escape at line 1, column 4 (while parsing '\"\\{other}\"')"
                            );
                            return Fault::new(message, at);
                        }
                    }
                }
                c => text.push(c),
            }
        }
    }
}

/// Whether a filter could end here.
fn complete(tokens: &[Token]) -> bool {
    match tokens.last().map(|t| &t.word) {
        None => true,
        Some(Word::Operator(o)) => matches!(*o, "." | ".." | "]" | "}" | ")" | "?"),
        Some(Word::Name(name)) => !super::parse::KEYWORDS.contains(&name.as_str()) || name == "end",
        Some(_) => true,
    }
}
