//! The words of a CEL expression.

use super::ast::Literal;
use super::report::Issue;

#[derive(Clone, Debug)]
pub enum Token {
    Name(String),
    Literal(Literal),
    /// An integer without its sign, for the least of them has no positive counterpart.
    Int(String),
    Punctuation(&'static str),
    End,
}

#[derive(Debug)]
pub struct Word {
    pub token: Token,
    pub at: usize,
    pub end: usize,
}

/// The longest come first.
const PUNCTUATION: [&str; 27] = [
    "&&", "||", "==", "!=", "<=", ">=", "[?", "{?", ".?", "(", ")", "[", "]", "{", "}", ".", ",",
    "-", "!", "?", ":", "+", "*", "/", "%", "<", ">",
];

/// Splits a text into words; the last is the end.
pub fn words(chars: &[char]) -> Result<Vec<Word>, Issue> {
    let mut lexer = Lexer { chars, at: 0 };
    let mut words = Vec::new();
    loop {
        lexer.blank();
        let at = lexer.at;
        let token = lexer.token()?;
        let done = matches!(token, Token::End);
        words.push(Word {
            token,
            at,
            end: lexer.at,
        });
        if done {
            return Ok(words);
        }
    }
}

struct Lexer<'t> {
    chars: &'t [char],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn starts(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    fn blank(&mut self) {
        loop {
            if self.starts("//") {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.at += 1;
                }
            }
            match self.peek(0) {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.at += 1,
                _ => return,
            }
        }
    }

    fn token(&mut self) -> Result<Token, Issue> {
        if self.at >= self.chars.len() {
            return Ok(Token::End);
        }
        if let Some(literal) = self.text()? {
            return Ok(Token::Literal(literal));
        }
        let c = self.peek(0);
        if c.is_ascii_digit() || c == '.' && self.peek(1).is_ascii_digit() {
            return self.number();
        }
        if c.is_ascii_alphabetic() || c == '_' {
            let begin = self.at;
            while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == '_' {
                self.at += 1;
            }
            return Ok(match &*self.slice(begin) {
                "true" => Token::Literal(Literal::Bool(true)),
                "false" => Token::Literal(Literal::Bool(false)),
                "null" => Token::Literal(Literal::Null),
                "in" => Token::Punctuation("in"),
                name => Token::Name(name.to_owned()),
            });
        }
        for sign in PUNCTUATION {
            if self.starts(sign) {
                // `c ?[1]: x` and `{?k: v}` differ by what stands before; `a ? .b : c` does not occur.
                self.at += sign.len();
                return Ok(Token::Punctuation(sign));
            }
        }
        let shown = if c == '\'' || c == '"' {
            self.chars
                .get(self.at..)
                .unwrap_or_default()
                .iter()
                .collect()
        } else {
            c.to_string()
        };
        Err(Issue::new(
            self.at,
            format!("Syntax error: token recognition error at: '{shown}'"),
        ))
    }

    fn slice(&self, begin: usize) -> String {
        self.chars
            .get(begin..self.at)
            .unwrap_or_default()
            .iter()
            .collect()
    }

    fn number(&mut self) -> Result<Token, Issue> {
        let begin = self.at;
        if self.peek(0) == '0' && matches!(self.peek(1), 'x') && self.peek(2).is_ascii_hexdigit() {
            self.at += 2;
            while self.peek(0).is_ascii_hexdigit() {
                self.at += 1;
            }
        } else {
            self.digits();
            let mut float = false;
            if self.peek(0) == '.' && self.peek(1).is_ascii_digit() {
                float = true;
                self.at += 1;
                self.digits();
            }
            let sign = usize::from(matches!(self.peek(1), '+' | '-'));
            if matches!(self.peek(0), 'e' | 'E') && self.peek(1 + sign).is_ascii_digit() {
                float = true;
                self.at += 1 + sign;
                self.digits();
            }
            if float {
                return match self.slice(begin).parse::<f64>() {
                    Ok(value) => Ok(Token::Literal(Literal::Double(value))),
                    Err(_) => Err(Issue::new(begin, "invalid double literal".to_owned())),
                };
            }
        }
        let text = self.slice(begin);
        if matches!(self.peek(0), 'u' | 'U') {
            self.at += 1;
            let value = match text.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16),
                None => text.parse(),
            };
            return match value {
                Ok(value) => Ok(Token::Literal(Literal::Uint(value))),
                Err(_) => Err(Issue::new(begin, "invalid uint literal".to_owned())),
            };
        }
        Ok(Token::Int(text))
    }

    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    /// A string or bytes, with the letters that may stand before it.
    fn text(&mut self) -> Result<Option<Literal>, Issue> {
        let begin = self.at;
        let (mut raw, mut bytes, mut ahead) = (false, false, 0);
        loop {
            match self.peek(ahead) {
                'r' | 'R' if !raw => raw = true,
                'b' | 'B' if !bytes => bytes = true,
                '\'' | '"' => break,
                _ => return Ok(None),
            }
            ahead += 1;
        }
        let quote = self.peek(ahead);
        let long = self.peek(ahead + 1) == quote && self.peek(ahead + 2) == quote;
        self.at += ahead + if long { 3 } else { 1 };
        let mut out = Out {
            text: String::new(),
            bytes: Vec::new(),
            is_bytes: bytes,
        };
        let unclosed = |lexer: &Lexer<'_>| {
            let rest: String = lexer
                .chars
                .get(begin..)
                .unwrap_or_default()
                .iter()
                .collect();
            Err(Issue::new(
                begin,
                format!("Syntax error: token recognition error at: '{rest}'"),
            ))
        };
        loop {
            let Some(&c) = self.chars.get(self.at) else {
                return unclosed(self);
            };
            if c == quote && (!long || self.peek(1) == quote && self.peek(2) == quote) {
                self.at += if long { 3 } else { 1 };
                break;
            }
            if !long && matches!(c, '\n' | '\r') {
                return unclosed(self);
            }
            self.at += 1;
            if c != '\\' || raw {
                out.char(c);
                continue;
            }
            self.escape(&mut out).ok_or_else(|| {
                Issue::new(
                    begin,
                    "invalid string literal: unable to unescape string".to_owned(),
                )
            })?;
        }
        Ok(Some(match bytes {
            true => Literal::Bytes(out.bytes),
            false => Literal::Text(out.text),
        }))
    }

    fn escape(&mut self, out: &mut Out) -> Option<()> {
        let c = *self.chars.get(self.at)?;
        self.at += 1;
        let (digits, radix) = match c {
            'a' => return out.done('\u{7}'),
            'b' => return out.done('\u{8}'),
            'f' => return out.done('\u{c}'),
            'n' => return out.done('\n'),
            'r' => return out.done('\r'),
            't' => return out.done('\t'),
            'v' => return out.done('\u{b}'),
            '\\' | '\'' | '"' | '`' | '?' => return out.done(c),
            'x' | 'X' => (2, 16),
            'u' if !out.is_bytes => (4, 16),
            'U' if !out.is_bytes => (8, 16),
            '0'..='3' => {
                self.at -= 1;
                (3, 8)
            }
            _ => return None,
        };
        let text: String = self.chars.get(self.at..self.at + digits)?.iter().collect();
        self.at += digits;
        let value = u32::from_str_radix(&text, radix).ok()?;
        if out.is_bytes {
            out.bytes.push(u8::try_from(value).ok()?);
            return Some(());
        }
        out.done(char::from_u32(value)?)
    }
}

struct Out {
    text: String,
    bytes: Vec<u8>,
    is_bytes: bool,
}

impl Out {
    fn char(&mut self, c: char) {
        if self.is_bytes {
            let mut buffer = [0; 4];
            self.bytes
                .extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        } else {
            self.text.push(c);
        }
    }

    fn done(&mut self, c: char) -> Option<()> {
        self.char(c);
        Some(())
    }
}
