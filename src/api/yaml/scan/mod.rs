//! From text to YAML tokens.
//!
//! Follows the rules of libyaml and its Go port, which kubectl reads manifests with: what they
//! accept is accepted here, and what they refuse is refused with their words at their place.
//! Block structure comes from indentation alone: a key that turns out to be one ("simple key") gets
//! its token put in front of it afterwards.

mod names;
mod text;

use super::MAX_DEPTH;

/// A place in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Bytes from the start of the document.
    pub offset: usize,
    /// Lines from 0.
    pub line: usize,
    /// Characters from 0.
    pub column: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    StreamEnd,
    VersionDirective,
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: String },
    Scalar { text: String, plain: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub start: Mark,
    pub end: Mark,
}

/// What is wrong, and where. `scanner` tells apart who found it, because the Go port counts lines
/// differently for the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub problem: String,
    pub mark: Mark,
    pub context: Option<Mark>,
    pub scanner: bool,
}

type Scan<T> = Result<T, SyntaxError>;

/// All tokens up to the end of the text, or up to the first error.
pub fn scan(text: &str) -> (Vec<Token>, Option<SyntaxError>) {
    let mut scanner = Scanner {
        text,
        at: Mark::default(),
        tokens: Vec::new(),
        flow_level: 0,
        indent: -1,
        indents: Vec::new(),
        simple_key_allowed: true,
        simple_keys: vec![SimpleKey::default()],
    };
    if text.starts_with('\u{feff}') {
        scanner.at.offset = '\u{feff}'.len_utf8();
    }
    let error = loop {
        match scanner.fetch_next() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
    };
    if error.is_some() {
        // What may yet be a key is not handed out before it is known, and now it never will be.
        let keys = scanner.simple_keys.iter().filter(|key| key.possible);
        if let Some(first) = keys.map(|key| key.token).min() {
            scanner.tokens.truncate(first);
        }
    }
    (scanner.tokens, error)
}

/// A place where a key may have begun, not known before its `:` is seen.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// It has to be one, because it stands where only a key may stand.
    required: bool,
    /// Where its token has to be put.
    token: usize,
    mark: Mark,
}

struct Scanner<'a> {
    text: &'a str,
    at: Mark,
    tokens: Vec<Token>,
    flow_level: usize,
    indent: isize,
    indents: Vec<isize>,
    simple_key_allowed: bool,
    /// One for each flow level.
    simple_keys: Vec<SimpleKey>,
}

impl Scanner<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.offset + ahead).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at.offset..).unwrap_or_default()
    }

    fn at_end(&self) -> bool {
        self.at.offset >= self.text.len()
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), Some(b' ' | b'\t'))
    }

    /// Bytes of the line break here, 0 when there is none.
    fn break_len(&self, ahead: usize) -> usize {
        match (self.byte(ahead), self.byte(ahead + 1), self.byte(ahead + 2)) {
            (Some(b'\r'), Some(b'\n'), _) => 2,
            (Some(b'\r' | b'\n'), ..) => 1,
            (Some(0xc2), Some(0x85), _) => 2,
            (Some(0xe2), Some(0x80), Some(0xa8 | 0xa9)) => 3,
            _ => 0,
        }
    }

    fn is_break(&self) -> bool {
        self.break_len(0) > 0
    }

    /// A blank, a line break or the end.
    fn is_blankz(&self, ahead: usize) -> bool {
        self.at.offset + ahead >= self.text.len()
            || self.is_blank(ahead)
            || self.break_len(ahead) > 0
    }

    fn skip(&mut self) {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        self.at.offset += length;
        self.at.column += 1;
    }

    fn skip_line(&mut self) {
        self.at.offset += self.break_len(0);
        self.at.column = 0;
        self.at.line += 1;
    }

    fn read(&mut self, out: &mut String) {
        if let Some(c) = self.rest().chars().next() {
            out.push(c);
            self.skip();
        }
    }

    /// Reads a line break, in its normal form.
    fn read_line(&mut self, out: &mut String) {
        match self.break_len(0) {
            0 => return,
            3 => out.extend(self.rest().chars().next()),
            _ => out.push('\n'),
        }
        self.skip_line();
    }

    fn error<T>(&self, context: Mark, problem: &str) -> Scan<T> {
        Err(SyntaxError {
            problem: problem.to_owned(),
            mark: self.at,
            context: Some(context),
            scanner: true,
        })
    }

    fn push(&mut self, kind: TokenKind, start: Mark) {
        let end = self.at;
        self.tokens.push(Token { kind, start, end });
    }

    /// Takes one indicator of some characters.
    fn push_indicator(&mut self, kind: TokenKind, length: usize) {
        let start = self.at;
        for _ in 0..length {
            self.skip();
        }
        self.push(kind, start);
    }

    fn at_document_indicator(&self) -> bool {
        self.at.column == 0
            && matches!(self.rest().get(..3), Some("---" | "..."))
            && self.is_blankz(3)
    }

    /// Adds the next tokens; false when there are no more.
    fn fetch_next(&mut self) -> Scan<bool> {
        self.skip_to_token();
        self.check_stale_keys()?;
        self.unroll_indent(self.at.column as isize);
        if self.at_end() {
            if self.at.column != 0 {
                self.at.column = 0;
                self.at.line += 1;
            }
            self.unroll_indent(-1);
            self.remove_simple_key()?;
            self.push(TokenKind::StreamEnd, self.at);
            return Ok(false);
        }
        let first = self.byte(0).unwrap_or_default();
        if self.at.column == 0 && first == b'%' {
            self.unroll_indent(-1);
            self.remove_simple_key()?;
            self.simple_key_allowed = false;
            self.directive()?;
            return Ok(true);
        }
        if self.at_document_indicator() {
            self.unroll_indent(-1);
            self.remove_simple_key()?;
            self.simple_key_allowed = false;
            let kind = if first == b'-' {
                TokenKind::DocumentStart
            } else {
                TokenKind::DocumentEnd
            };
            self.push_indicator(kind, 3);
            return Ok(true);
        }
        let in_flow = self.flow_level > 0;
        match first {
            b'[' => self.flow_start(TokenKind::FlowSequenceStart)?,
            b'{' => self.flow_start(TokenKind::FlowMappingStart)?,
            b']' => self.flow_end(TokenKind::FlowSequenceEnd)?,
            b'}' => self.flow_end(TokenKind::FlowMappingEnd)?,
            b',' => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.push_indicator(TokenKind::FlowEntry, 1);
            }
            b'-' if self.is_blankz(1) => self.block_entry()?,
            b'?' if in_flow || self.is_blankz(1) => self.key()?,
            b':' if in_flow || self.is_blankz(1) => self.value()?,
            b'*' | b'&' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.anchor(first == b'*')?;
            }
            b'!' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.tag()?;
            }
            b'|' | b'>' if !in_flow => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.block_scalar(first == b'|')?;
            }
            b'\'' | b'"' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.quoted_scalar(first)?;
            }
            _ if self.starts_plain(first) => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.plain_scalar()?;
            }
            _ => {
                return self.error(self.at, "found character that cannot start any token");
            }
        }
        Ok(true)
    }

    fn starts_plain(&self, first: u8) -> bool {
        match first {
            b'-' => !self.is_blank(1),
            b'?' | b':' => self.flow_level == 0 && !self.is_blankz(1),
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' => false,
            _ => !self.is_blankz(0),
        }
    }

    /// Skips blanks, comments and line breaks. A tab is no indentation.
    fn skip_to_token(&mut self) {
        loop {
            while self.byte(0) == Some(b' ')
                || (self.byte(0) == Some(b'\t')
                    && (self.flow_level > 0 || !self.simple_key_allowed))
            {
                self.skip();
            }
            if self.byte(0) == Some(b'#') {
                while !self.at_end() && !self.is_break() {
                    self.skip();
                }
            }
            if !self.is_break() {
                return;
            }
            self.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// A key must end on its line, and within 1024 characters.
    fn check_stale_keys(&mut self) -> Scan<()> {
        let at = self.at;
        for key in &mut self.simple_keys {
            let stale = key.mark.line < at.line || key.mark.offset + 1024 < at.offset;
            if key.possible && stale {
                if key.required {
                    return Err(missing_colon(key.mark, at));
                }
                key.possible = false;
            }
        }
        Ok(())
    }

    fn save_simple_key(&mut self) -> Scan<()> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        self.remove_simple_key()?;
        let key = SimpleKey {
            possible: true,
            required: self.flow_level == 0 && self.indent == self.at.column as isize,
            token: self.tokens.len(),
            mark: self.at,
        };
        if let Some(top) = self.simple_keys.last_mut() {
            *top = key;
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Scan<()> {
        let at = self.at;
        if let Some(top) = self.simple_keys.last_mut() {
            if top.possible && top.required {
                return Err(missing_colon(top.mark, at));
            }
            top.possible = false;
        }
        Ok(())
    }

    /// Opens a block collection when the column is deeper than before.
    fn roll_indent(
        &mut self,
        column: usize,
        place: Option<usize>,
        kind: TokenKind,
        mark: Mark,
    ) -> Scan<()> {
        if self.flow_level > 0 || self.indent >= column as isize {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column as isize;
        if self.indents.len() > MAX_DEPTH {
            return self.error(mark, &format!("exceeded max depth of {MAX_DEPTH}"));
        }
        let token = Token {
            kind,
            start: mark,
            end: mark,
        };
        let place = place.unwrap_or(self.tokens.len()).min(self.tokens.len());
        self.tokens.insert(place, token);
        Ok(())
    }

    /// Closes the block collections that are deeper than the column.
    fn unroll_indent(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.at);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn flow_start(&mut self, kind: TokenKind) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey::default());
        self.flow_level += 1;
        if self.flow_level > MAX_DEPTH {
            return self.error(self.at, &format!("exceeded max depth of {MAX_DEPTH}"));
        }
        self.simple_key_allowed = true;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn flow_end(&mut self, kind: TokenKind) -> Scan<()> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn block_entry(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.error(
                    self.at,
                    "block sequence entries are not allowed in this context",
                );
            }
            self.roll_indent(self.at.column, None, TokenKind::BlockSequenceStart, self.at)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn key(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.error(self.at, "mapping keys are not allowed in this context");
            }
            self.roll_indent(self.at.column, None, TokenKind::BlockMappingStart, self.at)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key, 1);
        Ok(())
    }

    fn value(&mut self) -> Scan<()> {
        let key = self.simple_keys.last().copied().unwrap_or_default();
        if key.possible {
            let token = Token {
                kind: TokenKind::Key,
                start: key.mark,
                end: key.mark,
            };
            self.tokens.insert(key.token.min(self.tokens.len()), token);
            self.roll_indent(
                key.mark.column,
                Some(key.token),
                TokenKind::BlockMappingStart,
                key.mark,
            )?;
            if let Some(top) = self.simple_keys.last_mut() {
                top.possible = false;
            }
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return self.error(self.at, "mapping values are not allowed in this context");
                }
                self.roll_indent(self.at.column, None, TokenKind::BlockMappingStart, self.at)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value, 1);
        Ok(())
    }
}

fn missing_colon(key: Mark, at: Mark) -> SyntaxError {
    SyntaxError {
        problem: "could not find expected ':'".to_owned(),
        mark: at,
        context: Some(key),
        scanner: true,
    }
}
