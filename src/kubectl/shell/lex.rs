//! Words and operators of a command line.

use super::SyntaxError;
use super::dollar::{Variable, closing};

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text; quoted text is neither split nor matched against files.
    Text { text: String, quoted: bool },
    /// `$NAME`, `${NAME:-default}`, `$?` and their like.
    Variable(Box<Variable>),
    /// `$(...)` or backquotes: the source of the inner script.
    Command { source: String, quoted: bool },
    /// `$((...))`.
    Arithmetic { source: Word, quoted: bool },
    /// `(...)` behind `NAME=`: the elements of an array.
    List(Vec<Word>),
    /// `<(...)`: a file that says what the inner script prints.
    Process { source: String },
}

pub type Word = Vec<Part>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Word(Word),
    /// `;`, `&`, `&&`, `||`, `|`, `(`, `)`, newline as `"\n"`.
    Operator(&'static str),
    /// `2>`, `>>`, `<`, `2>&1`, `&>`: the descriptor (if written) and the operator; its target is the
    /// next word.
    Redirect {
        descriptor: Option<u8>,
        operator: &'static str,
    },
    /// The text of a here-document or here-string.
    Here(Word),
    /// `((...))` where a command may stand.
    Arithmetic(String),
}

/// A token and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub token: Token,
    pub start: usize,
    pub end: usize,
}

/// The most bytes of a script.
const MOST_BYTES: usize = 1 << 20;

/// Quotes and substitutions nest no deeper.
const DEEPEST: usize = 24;

pub(super) struct Lexer<'t> {
    pub text: &'t str,
    pub at: usize,
    tokens: Vec<Placed>,
    /// Here-documents whose text begins after the next newline.
    waiting: Vec<HereDocument>,
    depth: usize,
}

struct HereDocument {
    token: usize,
    end: String,
    quoted: bool,
    strip_tabs: bool,
}

/// Splits a script into tokens.
pub fn tokens(text: &str) -> Result<Vec<Placed>, SyntaxError> {
    if text.len() > MOST_BYTES {
        return Err(SyntaxError::Wrong("the script is too long".to_owned()));
    }
    let mut lexer = Lexer::of(text, 0);
    lexer.run()?;
    Ok(lexer.tokens)
}

/// A text in which only `$` and backquotes mean something: a here-document, an arithmetic expression.
pub fn here_word(text: &str, depth: usize) -> Result<Word, SyntaxError> {
    let mut lexer = Lexer::of(text, depth + 1);
    lexer.deeper()?;
    let mut word = Word::new();
    while let Some(c) = lexer.peek() {
        match c {
            '$' | '`' => lexer.dollar(&mut word, true)?,
            '\\' => {
                lexer.bump();
                match lexer.peek() {
                    Some('\n') => {
                        lexer.bump();
                    }
                    Some(c @ ('$' | '`' | '\\')) => {
                        lexer.bump();
                        push_text(&mut word, c.encode_utf8(&mut [0; 4]), true);
                    }
                    _ => push_text(&mut word, "\\", true),
                }
            }
            c => {
                lexer.bump();
                push_text(&mut word, c.encode_utf8(&mut [0; 4]), true);
            }
        }
    }
    Ok(word)
}

const OPERATORS: [&str; 11] = ["&&", "||", ";;&", ";;", ";&", ";", "|", "(", ")", "\n", "&"];
const REDIRECTS: [&str; 11] = [
    "<<<", "<<-", "&>>", "<<", ">>", ">&", "&>", ">|", "<&", ">", "<",
];

pub(super) fn incomplete(what: &str) -> SyntaxError {
    SyntaxError::Incomplete(format!("unexpected end of input while looking for {what}"))
}

impl<'t> Lexer<'t> {
    fn of(text: &'t str, depth: usize) -> Lexer<'t> {
        Lexer {
            text,
            at: 0,
            tokens: Vec::new(),
            waiting: Vec::new(),
            depth,
        }
    }

    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    pub fn deeper(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        match self.depth > DEEPEST {
            true => Err(SyntaxError::Wrong("quotes nest too deeply".to_owned())),
            false => Ok(()),
        }
    }

    pub fn higher(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn push(&mut self, token: Token, start: usize) {
        let end = self.at;
        self.tokens.push(Placed { token, start, end });
    }

    fn run(&mut self) -> Result<(), SyntaxError> {
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                ' ' | '\t' | '\r' => {
                    self.bump();
                }
                '\\' if self.rest().starts_with("\\\n") => self.at += 2,
                '#' => {
                    let end = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at += end;
                }
                _ => {
                    if self.arithmetic()? || self.redirect()? || self.operator()? {
                        continue;
                    }
                    let regex = self.tokens.last().is_some_and(|t| is_plain(&t.token, "=~"));
                    let word = self.word(regex)?;
                    self.push(Token::Word(word), start);
                }
            }
        }
        if let Some(document) = self.waiting.first() {
            return Err(incomplete(&format!("`{}'", document.end)));
        }
        Ok(())
    }

    /// `((...))` where a command may stand, or behind `for`.
    fn arithmetic(&mut self) -> Result<bool, SyntaxError> {
        let begins = match self.tokens.last().map(|t| &t.token) {
            None => true,
            Some(Token::Operator(o)) => *o != ")",
            Some(word) => [
                "for", "if", "while", "until", "then", "do", "else", "elif", "!", "{",
            ]
            .iter()
            .any(|k| is_plain(word, k)),
        };
        let Some(rest) = self.rest().strip_prefix("((").filter(|_| begins) else {
            return Ok(false);
        };
        let Some(length) = closing(rest) else {
            return Err(incomplete("matching `))'"));
        };
        // `((a); (b))` is a group of groups.
        if !rest.get(length + 1..).unwrap_or_default().starts_with(')') {
            return Ok(false);
        }
        let start = self.at;
        let source = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length + 4;
        self.push(Token::Arithmetic(source), start);
        Ok(true)
    }

    fn operator(&mut self) -> Result<bool, SyntaxError> {
        let rest = self.rest();
        let Some(operator) = OPERATORS.iter().find(|o| rest.starts_with(**o)) else {
            return Ok(false);
        };
        let start = self.at;
        self.at += operator.len();
        self.push(Token::Operator(operator), start);
        if *operator == "\n" {
            for document in std::mem::take(&mut self.waiting) {
                let text = self.document(&document)?;
                let word = match document.quoted {
                    true => vec![Part::Text { text, quoted: true }],
                    false => here_word(&text, self.depth)?,
                };
                if let Some(placed) = self.tokens.get_mut(document.token) {
                    placed.token = Token::Here(word);
                }
            }
        }
        Ok(true)
    }

    fn document(&mut self, document: &HereDocument) -> Result<String, SyntaxError> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return Err(incomplete(&format!("`{}'", document.end)));
            }
            let end = rest.find('\n').map_or(rest.len(), |i| i + 1);
            let line = rest.get(..end).unwrap_or_default();
            self.at += end;
            let line = match document.strip_tabs {
                true => line.trim_start_matches('\t'),
                false => line,
            };
            if line.trim_end_matches(['\n', '\r']) == document.end {
                return Ok(text);
            }
            text.push_str(line);
        }
    }

    fn redirect(&mut self) -> Result<bool, SyntaxError> {
        let rest = self.rest();
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        let after = rest.get(digits..).unwrap_or_default();
        if digits > 1 || (digits == 0 && after.starts_with("<(")) {
            return Ok(false);
        }
        let Some(operator) = REDIRECTS.iter().find(|r| after.starts_with(**r)) else {
            return Ok(false);
        };
        let start = self.at;
        let descriptor = rest.get(..digits).and_then(|d| d.parse().ok());
        self.at += digits + operator.len();
        match *operator {
            "<<" | "<<-" => {
                self.skip_blanks();
                let from = self.at;
                let word = self.word(false)?;
                let source = self.text.get(from..self.at).unwrap_or_default();
                let end = word.iter().map(literal).collect::<String>();
                self.waiting.push(HereDocument {
                    token: self.tokens.len(),
                    end,
                    quoted: source.contains(['\'', '"', '\\']),
                    strip_tabs: *operator == "<<-",
                });
                self.push(Token::Here(Vec::new()), start);
            }
            "<<<" => {
                self.skip_blanks();
                let mut word = self.word(false)?;
                // The word of a here-string is not split.
                word.iter_mut().for_each(quote);
                push_text(&mut word, "\n", true);
                self.push(Token::Here(word), start);
            }
            operator => self.push(
                Token::Redirect {
                    descriptor,
                    operator,
                },
                start,
            ),
        }
        Ok(true)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump();
        }
    }

    /// A word; in a regular expression parentheses and bars are letters.
    fn word(&mut self, regex: bool) -> Result<Word, SyntaxError> {
        let mut word = Word::new();
        while let Some(c) = self.peek() {
            match c {
                '<' if self.rest().starts_with("<(") => {
                    self.at += 2;
                    let length = closing(self.rest()).ok_or_else(|| incomplete("matching `)'"))?;
                    let source = self.rest().get(..length).unwrap_or_default().to_owned();
                    self.at += length + 1;
                    word.push(Part::Process { source });
                }
                ' ' | '\t' | '\r' | '\n' => break,
                '(' if !regex && begins_list(&word) => self.list(&mut word)?,
                ';' | '&' | '|' | '<' | '>' | '(' | ')' if !regex => break,
                '\'' => {
                    self.bump();
                    self.single_quoted(&mut word)?;
                }
                '"' => {
                    self.bump();
                    self.double_quoted(&mut word)?;
                }
                '\\' => {
                    self.bump();
                    match self.bump() {
                        Some('\n') => {}
                        Some(c) => push_text(&mut word, c.encode_utf8(&mut [0; 4]), true),
                        None => return Err(incomplete("a character after `\\'")),
                    }
                }
                '$' | '`' => self.dollar(&mut word, false)?,
                c => {
                    self.bump();
                    push_text(&mut word, c.encode_utf8(&mut [0; 4]), false);
                }
            }
        }
        if word.is_empty()
            && let Some(c) = self.peek()
            && !matches!(c, ' ' | '\t' | '\n')
        {
            return Err(SyntaxError::Wrong(format!(
                "syntax error near unexpected token `{c}'"
            )));
        }
        Ok(word)
    }

    /// The elements of an array, with their parentheses.
    fn list(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        self.bump();
        self.deeper()?;
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None => return Err(incomplete("matching `)'")),
                Some(')') => break,
                Some(' ' | '\t' | '\r' | '\n') => {
                    self.bump();
                }
                Some('#') => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                Some(_) => items.push(self.word(false)?),
            }
        }
        self.bump();
        self.higher();
        word.push(Part::List(items));
        Ok(())
    }

    pub fn single_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        let rest = self.rest();
        let end = rest.find('\'').ok_or_else(|| incomplete("matching `''"))?;
        push_text(word, rest.get(..end).unwrap_or_default(), true);
        self.at += end + 1;
        Ok(())
    }

    pub fn double_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        self.deeper()?;
        push_text(word, "", true);
        loop {
            match self.peek() {
                None => return Err(incomplete("matching `\"'")),
                Some('"') => {
                    self.bump();
                    self.higher();
                    return Ok(());
                }
                Some('\\') => {
                    self.bump();
                    match self.bump() {
                        Some('\n') => {}
                        Some(c @ ('"' | '\\' | '$' | '`')) => {
                            push_text(word, c.encode_utf8(&mut [0; 4]), true);
                        }
                        Some(c) => {
                            push_text(word, "\\", true);
                            push_text(word, c.encode_utf8(&mut [0; 4]), true);
                        }
                        None => return Err(incomplete("matching `\"'")),
                    }
                }
                Some('$' | '`') => self.dollar(word, true)?,
                Some(c) => {
                    self.bump();
                    push_text(word, c.encode_utf8(&mut [0; 4]), true);
                }
            }
        }
    }
}

/// Whether what was read is `NAME=`, so that a parenthesis begins the elements of an array.
fn begins_list(word: &Word) -> bool {
    let Some(text) = plain(word) else {
        return false;
    };
    let Some(name) = text.strip_suffix("+=").or(text.strip_suffix('=')) else {
        return false;
    };
    is_name(name)
}

/// Whether a token is this word, without quotes.
pub fn is_plain(token: &Token, wanted: &str) -> bool {
    match token {
        Token::Word(word) => plain(word) == Some(wanted),
        _ => false,
    }
}

/// The text of a word without quotes and expansions.
pub fn plain(word: &Word) -> Option<&str> {
    match word.as_slice() {
        [
            Part::Text {
                text,
                quoted: false,
            },
        ] => Some(text),
        _ => None,
    }
}

pub fn push_text(word: &mut Word, text: &str, quoted: bool) {
    if let Some(Part::Text {
        text: before,
        quoted: same,
    }) = word.last_mut()
        && *same == quoted
    {
        before.push_str(text);
        return;
    }
    word.push(Part::Text {
        text: text.to_owned(),
        quoted,
    });
}

fn quote(part: &mut Part) {
    match part {
        Part::Text { quoted, .. }
        | Part::Command { quoted, .. }
        | Part::Arithmetic { quoted, .. } => *quoted = true,
        Part::Variable(variable) => variable.quoted = true,
        Part::Process { .. } | Part::List(_) => {}
    }
}

fn literal(part: &Part) -> &str {
    match part {
        Part::Text { text, .. } => text,
        Part::Variable(variable) => &variable.name,
        Part::Command { source, .. } | Part::Process { source } => source,
        Part::Arithmetic { .. } | Part::List(_) => "",
    }
}

/// Whether a text can name a variable.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
