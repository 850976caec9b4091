//! From text to YAML tokens.
//!
//! Follows the rules of libyaml and its Go port, which kubectl reads manifests with: what they
//! accept is accepted here, and what they refuse is refused with their words at their place.
//! Block structure comes from indentation alone: a key that turns out to be one ("simple key") gets
//! its token put in front of it afterwards.

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

    fn directive(&mut self) -> Scan<()> {
        let start = self.at;
        self.skip();
        let name = self.word(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if name.is_empty() {
            return self.error(start, "could not find expected directive name");
        }
        if !self.is_blankz(0) {
            return self.error(start, "found unexpected non-alphabetical character");
        }
        self.skip_blanks();
        let kind = match name.as_str() {
            "YAML" => {
                let major = self.word(|b| b.is_ascii_digit());
                if major.is_empty() {
                    return self.error(start, "did not find expected version number");
                }
                if self.byte(0) != Some(b'.') {
                    return self.error(start, "did not find expected digit or '.' character");
                }
                self.skip();
                let minor = self.word(|b| b.is_ascii_digit());
                if minor.is_empty() {
                    return self.error(start, "did not find expected version number");
                }
                if major != "1" || minor != "1" {
                    return Err(SyntaxError {
                        problem: "found incompatible YAML document".to_owned(),
                        mark: start,
                        context: None,
                        scanner: false,
                    });
                }
                TokenKind::VersionDirective
            }
            "TAG" => {
                let handle = self.word(|b| !b.is_ascii_whitespace());
                self.skip_blanks();
                let prefix = self.word(|b| !b.is_ascii_whitespace());
                if !handle.starts_with('!') {
                    return self.error(start, "did not find expected '!'");
                }
                if prefix.is_empty() {
                    return self.error(start, "did not find expected tag URI");
                }
                TokenKind::TagDirective { handle, prefix }
            }
            _ => return self.error(start, "found unknown directive name"),
        };
        self.push(kind, start);
        self.skip_blanks();
        if self.byte(0) == Some(b'#') {
            while !self.at_end() && !self.is_break() {
                self.skip();
            }
        }
        if !self.at_end() && !self.is_break() {
            return self.error(start, "did not find expected comment or line break");
        }
        Ok(())
    }

    fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    /// The characters from here that are accepted; only ASCII is asked about.
    fn word(&mut self, accept: impl Fn(u8) -> bool) -> String {
        let mut word = String::new();
        while let Some(b) = self.byte(0).filter(|b| accept(*b)) {
            if b.is_ascii() {
                word.push(char::from(b));
                self.skip();
            } else {
                self.read(&mut word);
            }
        }
        word
    }

    fn anchor(&mut self, alias: bool) -> Scan<()> {
        let start = self.at;
        self.skip();
        let name = self.word(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let ends = self.is_blankz(0)
            || matches!(
                self.byte(0),
                Some(b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`')
            );
        if name.is_empty() || !ends {
            return self.error(
                start,
                "did not find expected alphabetic or numeric character",
            );
        }
        let kind = if alias {
            TokenKind::Alias(name)
        } else {
            TokenKind::Anchor(name)
        };
        self.push(kind, start);
        Ok(())
    }

    fn tag(&mut self) -> Scan<()> {
        let start = self.at;
        let is_uri = |b: u8| b.is_ascii_alphanumeric() || b"-_;/?:@&=+$,.!~*'()[]%".contains(&b);
        let (handle, suffix) = if self.byte(1) == Some(b'<') {
            self.skip();
            self.skip();
            let suffix = self.word(is_uri);
            if suffix.is_empty() {
                return self.error(start, "did not find expected tag URI");
            }
            if self.byte(0) != Some(b'>') {
                return self.error(start, "did not find the expected '>'");
            }
            self.skip();
            (String::new(), suffix)
        } else {
            self.skip();
            let name = self.word(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            if self.byte(0) == Some(b'!') {
                self.skip();
                let suffix = self.word(is_uri);
                if suffix.is_empty() {
                    return self.error(start, "did not find expected tag URI");
                }
                (format!("!{name}!"), suffix)
            } else {
                let suffix = name + &self.word(is_uri);
                if suffix.is_empty() {
                    (String::new(), "!".to_owned())
                } else {
                    ("!".to_owned(), suffix)
                }
            }
        };
        if !self.is_blankz(0) {
            return self.error(start, "did not find expected whitespace or line break");
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    fn block_scalar(&mut self, literal: bool) -> Scan<()> {
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

    fn quoted_scalar(&mut self, quote: u8) -> Scan<()> {
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

    fn plain_scalar(&mut self) -> Scan<()> {
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

fn missing_colon(key: Mark, at: Mark) -> SyntaxError {
    SyntaxError {
        problem: "could not find expected ':'".to_owned(),
        mark: at,
        context: Some(key),
        scanner: true,
    }
}
