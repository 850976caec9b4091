//! Words of a filter.

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name, a keyword, `a::b`.
    Name(String),
    /// `.name` and `."name"` begin with a dot of their own.
    Field(String),
    /// `$name`
    Variable(String),
    /// `@base64`
    Format(String),
    Number(f64, String),
    Text(Vec<Part>),
    Operator(&'static str),
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

pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    if text.len() > MOST_BYTES {
        return Err("the filter is too long".to_owned());
    }
    let mut lexer = Lexer { rest: text };
    let tokens = lexer.run(None, 0)?;
    Ok(tokens)
}

struct Lexer<'t> {
    rest: &'t str,
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

impl<'t> Lexer<'t> {
    /// Tokens up to the end, or up to the parenthesis that closes an interpolation.
    fn run(&mut self, end: Option<char>, depth: usize) -> Result<Vec<Token>, String> {
        if depth > DEEPEST {
            return Err("strings nest too deeply".to_owned());
        }
        let mut out = Vec::new();
        let mut open = 0usize;
        loop {
            self.rest = self.rest.trim_start();
            let Some(c) = self.rest.chars().next() else {
                return match end {
                    None => Ok(out),
                    Some(_) => Err("syntax error, unexpected end of file".to_owned()),
                };
            };
            if c == '#' {
                let line = self.rest.find('\n').unwrap_or(self.rest.len());
                self.skip(line);
                continue;
            }
            if Some(c) == end && open == 0 {
                self.skip(1);
                return Ok(out);
            }
            match c {
                '(' => open += 1,
                ')' => open = open.saturating_sub(1),
                _ => {}
            }
            out.push(self.token(c, depth)?);
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn name(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let name = self.rest.get(..end).unwrap_or_default().to_owned();
        self.skip(end);
        name
    }

    fn token(&mut self, c: char, depth: usize) -> Result<Token, String> {
        let next = self.rest.chars().nth(1);
        if begins_name(c) {
            let mut name = self.name();
            while self.rest.starts_with("::") {
                self.skip(2);
                name = format!("{name}::{}", self.name());
            }
            return Ok(Token::Name(name));
        }
        match (c, next) {
            ('.', Some(n)) if begins_name(n) => {
                self.skip(1);
                return Ok(Token::Field(self.name()));
            }
            ('$', Some(n)) if begins_name(n) => {
                self.skip(1);
                return Ok(Token::Variable(self.name()));
            }
            ('@', Some(n)) if begins_name(n) => {
                self.skip(1);
                return Ok(Token::Format(self.name()));
            }
            ('"', _) => {
                self.skip(1);
                return self.text(depth).map(Token::Text);
            }
            _ => {}
        }
        if c.is_ascii_digit() || (c == '.' && next.is_some_and(|n| n.is_ascii_digit())) {
            return self.number();
        }
        let found = OPERATORS.iter().find(|o| self.rest.starts_with(**o));
        match found {
            Some(operator) => {
                self.skip(operator.len());
                Ok(Token::Operator(operator))
            }
            None => Err(format!("syntax error, unexpected INVALID_CHARACTER '{c}'")),
        }
    }

    fn number(&mut self) -> Result<Token, String> {
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        while digit(end) {
            end += 1;
        }
        if bytes.get(end) == Some(&b'.') && digit(end + 1) {
            end += 1;
            while digit(end) {
                end += 1;
            }
        } else if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
            end += 1;
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
        let text = self.rest.get(..end).unwrap_or_default().to_owned();
        self.skip(end);
        match text.parse() {
            Ok(number) => Ok(Token::Number(number, text)),
            Err(_) => Err(format!("syntax error, '{text}' is no number")),
        }
    }

    fn text(&mut self, depth: usize) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            let mut chars = self.rest.chars();
            let c = chars.next().ok_or("syntax error, unterminated string")?;
            self.rest = chars.as_str();
            match c {
                '"' => {
                    parts.push(Part::Text(text));
                    return Ok(parts);
                }
                '\\' => {
                    let c = chars.next().ok_or("syntax error, unterminated string")?;
                    self.rest = chars.as_str();
                    match c {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        'r' => text.push('\r'),
                        'b' => text.push('\u{8}'),
                        'f' => text.push('\u{c}'),
                        'u' => {
                            let digits = self.rest.get(..4).unwrap_or_default();
                            let code = u32::from_str_radix(digits, 16)
                                .map_err(|_| "invalid \\u escape".to_owned())?;
                            text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                            self.skip(4);
                        }
                        '(' => {
                            parts.push(Part::Text(std::mem::take(&mut text)));
                            parts.push(Part::Tokens(self.run(Some(')'), depth + 1)?));
                        }
                        '"' | '\\' | '/' => text.push(c),
                        other => return Err(format!("invalid escape \\{other}")),
                    }
                }
                c => text.push(c),
            }
        }
    }
}
