//! JSON as Go reads it: where a value ends, and what is said of a text that is none
//! (`encoding/json` scanner.go).

use crate::api::rfc3339::go_quote;

/// Deeper values are refused (`maxNestingDepth`).
const MAX_DEPTH: usize = 10_000;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanError {
    /// It ends within a value.
    End,
    /// The byte at `offset`, which counts from 0, cannot stand there.
    Syntax { offset: usize, message: String },
}

impl ScanError {
    /// What `json.Unmarshal` says.
    pub fn message(&self) -> String {
        match self {
            ScanError::End => "unexpected end of JSON input".to_owned(),
            ScanError::Syntax { message, .. } => message.clone(),
        }
    }
}

/// What a value is within, and what may follow it there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Key,
    Field,
    List,
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

/// The end of the value that begins in `text` behind blanks at `from`; `None` where there are only
/// blanks.
pub fn value_end(text: &[u8], from: usize) -> Result<Option<usize>, ScanError> {
    let mut scanner = Scanner { text, at: from };
    scanner.blanks();
    if scanner.peek().is_none() {
        return Ok(None);
    }
    scanner.value()?;
    Ok(Some(scanner.at))
}

/// What Go says of a text that has to be one value and nothing else; `None` if it is.
pub fn check(text: &[u8]) -> Option<ScanError> {
    match value_end(text, 0) {
        Err(error) => Some(error),
        Ok(None) => Some(ScanError::End),
        Ok(Some(end)) => {
            let mut scanner = Scanner { text, at: end };
            scanner.blanks();
            scanner.peek()?;
            Some(scanner.wrong("after top-level value"))
        }
    }
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The byte here cannot stand here, or there is none.
    fn wrong(&self, context: &str) -> ScanError {
        let found = match self.peek() {
            None => return ScanError::End,
            Some(b'\'') => "'\\''".to_owned(),
            Some(b'"') => "'\"'".to_owned(),
            Some(byte) => {
                let quoted = go_quote(&char::from(byte).to_string());
                format!("'{}'", quoted.trim_matches('"'))
            }
        };
        ScanError::Syntax {
            offset: self.at,
            message: format!("invalid character {found} {context}"),
        }
    }

    /// A value with all that is in it.
    fn value(&mut self) -> Result<(), ScanError> {
        let mut open: Vec<Within> = Vec::new();
        loop {
            // A value begins here.
            self.blanks();
            let opened = match self.peek() {
                Some(b'{') => Some(Within::Key),
                Some(b'[') => Some(Within::List),
                _ => None,
            };
            if let Some(within) = opened {
                if open.len() >= MAX_DEPTH {
                    return Err(ScanError::Syntax {
                        offset: self.at,
                        message: "exceeded max depth".to_owned(),
                    });
                }
                self.at += 1;
                self.blanks();
                let close = if within == Within::Key { b'}' } else { b']' };
                if self.peek() != Some(close) {
                    open.push(within);
                    if within == Within::Key {
                        self.key()?;
                    }
                    continue;
                }
                self.at += 1;
            } else {
                self.scalar()?;
            }
            // A value has ended.
            loop {
                let Some(within) = open.last().copied() else {
                    return Ok(());
                };
                self.blanks();
                match (within, self.peek()) {
                    (Within::Key, Some(b':')) => {
                        self.at += 1;
                        if let Some(last) = open.last_mut() {
                            *last = Within::Field;
                        }
                        break;
                    }
                    (Within::Key, _) => return Err(self.wrong("after object key")),
                    (Within::Field, Some(b',')) => {
                        self.at += 1;
                        if let Some(last) = open.last_mut() {
                            *last = Within::Key;
                        }
                        self.blanks();
                        self.key()?;
                        break;
                    }
                    (Within::List, Some(b',')) => {
                        self.at += 1;
                        break;
                    }
                    (Within::Field, Some(b'}')) | (Within::List, Some(b']')) => {
                        self.at += 1;
                        open.pop();
                    }
                    (Within::Field, _) => return Err(self.wrong("after object key:value pair")),
                    (Within::List, _) => return Err(self.wrong("after array element")),
                }
            }
        }
    }

    /// Here a key has to begin. It is read as the string that it is.
    fn key(&self) -> Result<(), ScanError> {
        match self.peek() {
            Some(b'"') => Ok(()),
            _ => Err(self.wrong("looking for beginning of object key string")),
        }
    }

    fn scalar(&mut self) -> Result<(), ScanError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => Err(self.wrong("looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), ScanError> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                let expected = char::from(expected);
                return Err(self.wrong(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), ScanError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => {
                            self.at += 1;
                        }
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                                    return Err(self.wrong("in \\u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.wrong("in string escape code")),
                    }
                }
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => return Err(self.wrong("in string literal")),
            }
        }
    }

    fn number(&mut self) -> Result<(), ScanError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.wrong("in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn some_digits(&mut self, context: &str) -> Result<(), ScanError> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.wrong(context));
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_are_told_in_gos_words() {
        let rows = [
            ("a", "invalid character 'a' looking for beginning of value"),
            ("", "unexpected end of JSON input"),
            ("{\"a\"", "unexpected end of JSON input"),
            ("[1,", "unexpected end of JSON input"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 2}",
                "invalid character '2' after object key:value pair",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            (
                "{a:1}",
                "invalid character 'a' looking for beginning of object key string",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            (
                "{'a':1}",
                "invalid character '\\'' looking for beginning of object key string",
            ),
            ("{} x", "invalid character 'x' after top-level value"),
            (
                "foo",
                "invalid character 'o' in literal false (expecting 'a')",
            ),
            ("-x", "invalid character 'x' in numeric literal"),
            ("01", "invalid character '1' after top-level value"),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            ("1e", "unexpected end of JSON input"),
            (
                "1ex",
                "invalid character 'x' in exponent of numeric literal",
            ),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            (
                "\"\\u00x\"",
                "invalid character 'x' in \\u hexadecimal character escape",
            ),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            (
                "\u{e9}",
                "invalid character '\u{c3}' looking for beginning of value",
            ),
        ];
        for (text, expected) in rows {
            let error = check(text.as_bytes()).map(|e| e.message());
            assert_eq!(error.as_deref(), Some(expected), "{text}");
        }
        for text in [
            "{}",
            " [] ",
            "{\"a\":[1,-0.5e+3,{\"b\":null}],\"c\":\"\\u00e9\"}\n",
        ] {
            assert_eq!(check(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn values_end_where_the_next_may_begin() {
        assert_eq!(value_end(b"{} {}", 0), Ok(Some(2)));
        assert_eq!(value_end(b"{} {}", 2), Ok(Some(5)));
        assert_eq!(value_end(b"{} \n", 2), Ok(None));
        let deep = "[".repeat(20_000);
        assert!(matches!(
            value_end(deep.as_bytes(), 0),
            Err(ScanError::Syntax { .. })
        ));
    }
}
