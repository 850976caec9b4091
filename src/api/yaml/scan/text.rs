//! Scalars: blocks, quoted ones, plain ones.

use super::{Mark, Scan, Scanner, Token, TokenKind};

impl Scanner<'_> {
    pub(super) fn block_scalar(&mut self, literal: bool) -> Scan<()> {
        let start = self.at;
        self.skip();
        let (mut keep, mut strip, mut increment) = (false, false, 0usize);
        for _ in 0..2 {
            match self.byte(0) {
                Some(b'+') if !keep && !strip => keep = true,
                Some(b'-') if !keep && !strip => strip = true,
                Some(b'0') if increment == 0 => {
                    return self.error(start, "found an indentation indicator equal to 0");
                }
                Some(digit @ b'1'..=b'9') if increment == 0 => {
                    increment = usize::from(digit - b'0');
                }
                _ => break,
            }
            self.skip();
        }
        self.skip_blanks();
        if self.byte(0) == Some(b'#') {
            while !self.at_end() && !self.is_break() {
                self.skip();
            }
        }
        if !self.at_end() && !self.is_break() {
            return self.error(start, "did not find expected comment or line break");
        }
        self.skip_line();
        let mut end = self.at;
        let mut indent = match increment {
            0 => 0,
            n => self.indent.max(0) as usize + n,
        };
        let mut text = String::new();
        let mut leading_break = String::new();
        let mut trailing_breaks = String::new();
        self.block_breaks(&mut indent, &mut trailing_breaks, start, &mut end)?;
        let mut leading_blank = false;
        while self.at.column == indent && !self.at_end() {
            let trailing_blank = self.is_blank(0);
            let folds =
                !literal && leading_break.starts_with('\n') && !leading_blank && !trailing_blank;
            if folds {
                if trailing_breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(&leading_break);
            }
            leading_break.clear();
            text.push_str(&trailing_breaks);
            trailing_breaks.clear();
            leading_blank = trailing_blank;
            while !self.at_end() && !self.is_break() {
                self.read(&mut text);
            }
            end = self.at;
            self.read_line(&mut leading_break);
            self.block_breaks(&mut indent, &mut trailing_breaks, start, &mut end)?;
        }
        if !strip {
            text.push_str(&leading_break);
        }
        if keep {
            text.push_str(&trailing_breaks);
        }
        self.tokens.push(Token {
            kind: TokenKind::Scalar { text, plain: false },
            start,
            end,
        });
        Ok(())
    }

    /// Skips the indentation and the empty lines of a block scalar, and finds out the indentation
    /// when it is not known yet.
    fn block_breaks(
        &mut self,
        indent: &mut usize,
        breaks: &mut String,
        start: Mark,
        end: &mut Mark,
    ) -> Scan<()> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.at.column < *indent) && self.byte(0) == Some(b' ') {
                self.skip();
            }
            deepest = deepest.max(self.at.column);
            if (*indent == 0 || self.at.column < *indent) && self.byte(0) == Some(b'\t') {
                return self.error(
                    start,
                    "found a tab character where an indentation space is expected",
                );
            }
            if !self.is_break() {
                break;
            }
            self.read_line(breaks);
            *end = self.at;
        }
        if *indent == 0 {
            *indent = deepest.max((self.indent + 1).max(1) as usize);
        }
        Ok(())
    }

    pub(super) fn quoted_scalar(&mut self, quote: u8) -> Scan<()> {
        let start = self.at;
        let single = quote == b'\'';
        self.skip();
        let mut text = String::new();
        loop {
            if self.at_document_indicator() {
                return self.error(start, "found unexpected document indicator");
            }
            if self.at_end() {
                return self.error(start, "found unexpected end of stream");
            }
            let mut folding = Folding::default();
            while !self.is_blankz(0) {
                let b = self.byte(0);
                if single && b == Some(b'\'') && self.byte(1) == Some(b'\'') {
                    text.push('\'');
                    self.skip();
                    self.skip();
                } else if b == Some(quote) {
                    break;
                } else if !single && b == Some(b'\\') && self.break_len(1) > 0 {
                    self.skip();
                    self.skip_line();
                    folding.leading_blanks = true;
                    break;
                } else if !single && b == Some(b'\\') {
                    self.escape(start, &mut text)?;
                } else {
                    self.read(&mut text);
                }
            }
            if self.byte(0) == Some(quote) {
                break;
            }
            while self.is_blank(0) || self.is_break() {
                self.fold(&mut folding);
            }
            folding.join(&mut text);
        }
        self.skip();
        self.push(TokenKind::Scalar { text, plain: false }, start);
        Ok(())
    }

    fn escape(&mut self, start: Mark, text: &mut String) -> Scan<()> {
        let mut length = 0;
        let c = match self.byte(1) {
            Some(b'0') => '\0',
            Some(b'a') => '\u{7}',
            Some(b'b') => '\u{8}',
            Some(b't' | b'\t') => '\t',
            Some(b'n') => '\n',
            Some(b'v') => '\u{b}',
            Some(b'f') => '\u{c}',
            Some(b'r') => '\r',
            Some(b'e') => '\u{1b}',
            Some(b' ') => ' ',
            Some(b'"') => '"',
            Some(b'\'') => '\'',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'N') => '\u{85}',
            Some(b'_') => '\u{a0}',
            Some(b'L') => '\u{2028}',
            Some(b'P') => '\u{2029}',
            Some(b'x') => {
                length = 2;
                ' '
            }
            Some(b'u') => {
                length = 4;
                ' '
            }
            Some(b'U') => {
                length = 8;
                ' '
            }
            _ => return self.error(start, "found unknown escape character"),
        };
        self.skip();
        self.skip();
        if length == 0 {
            text.push(c);
            return Ok(());
        }
        let hex = self.rest().get(..length).unwrap_or_default();
        if hex.len() != length || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return self.error(start, "did not find expected hexdecimal number");
        }
        let code = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
        let Some(c) = code else {
            return self.error(start, "found invalid Unicode character escape code");
        };
        text.push(c);
        for _ in 0..length {
            self.skip();
        }
        Ok(())
    }

    pub(super) fn plain_scalar(&mut self) -> Scan<()> {
        let start = self.at;
        let mut end = self.at;
        let mut text = String::new();
        let mut folding = Folding::default();
        let indent = self.indent + 1;
        loop {
            if self.at_document_indicator() || self.byte(0) == Some(b'#') {
                break;
            }
            while !self.is_blankz(0) {
                let b = self.byte(0);
                let in_flow = self.flow_level > 0
                    && matches!(b, Some(b',' | b'?' | b'[' | b']' | b'{' | b'}'));
                if in_flow || (b == Some(b':') && self.is_blankz(1)) {
                    break;
                }
                folding.join(&mut text);
                self.read(&mut text);
                end = self.at;
            }
            if !(self.is_blank(0) || self.is_break()) {
                break;
            }
            while self.is_blank(0) || self.is_break() {
                let abused_tab = folding.leading_blanks
                    && (self.at.column as isize) < indent
                    && self.byte(0) == Some(b'\t');
                if abused_tab {
                    return self.error(start, "found a tab character that violates indentation");
                }
                self.fold(&mut folding);
            }
            if self.flow_level == 0 && (self.at.column as isize) < indent {
                break;
            }
        }
        self.tokens.push(Token {
            kind: TokenKind::Scalar { text, plain: true },
            start,
            end,
        });
        if folding.leading_blanks {
            self.simple_key_allowed = true;
        }
        Ok(())
    }

    /// Takes one blank or line break between the words of a scalar.
    fn fold(&mut self, folding: &mut Folding) {
        if self.is_blank(0) {
            if folding.leading_blanks {
                self.skip();
            } else {
                self.read(&mut folding.blanks);
            }
        } else if folding.leading_blanks {
            self.read_line(&mut folding.trailing_breaks);
        } else {
            folding.blanks.clear();
            self.read_line(&mut folding.leading_break);
            folding.leading_blanks = true;
        }
    }
}

/// What stands between two words of a scalar.
#[derive(Default)]
struct Folding {
    blanks: String,
    leading_break: String,
    trailing_breaks: String,
    /// A line break was seen.
    leading_blanks: bool,
}

impl Folding {
    /// Writes it out: one line break becomes a space, more become one less.
    fn join(&mut self, text: &mut String) {
        if !self.leading_blanks {
            text.push_str(&self.blanks);
            self.blanks.clear();
            return;
        }
        if self.leading_break.starts_with('\n') {
            if self.trailing_breaks.is_empty() {
                text.push(' ');
            } else {
                text.push_str(&self.trailing_breaks);
            }
        } else {
            text.push_str(&self.leading_break);
            text.push_str(&self.trailing_breaks);
        }
        self.leading_break.clear();
        self.trailing_breaks.clear();
        self.blanks.clear();
        self.leading_blanks = false;
    }
}
