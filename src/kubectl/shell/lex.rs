//! Words and operators of a command line.

use super::SyntaxError;

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text; quoted text is neither split nor matched against files.
    Text { text: String, quoted: bool },
    /// `$NAME`, `${NAME}`, `${NAME:-default}`, `$?`.
    Variable {
        name: String,
        default: Option<String>,
        quoted: bool,
    },
    /// `$(...)` or backquotes: the source of the inner script.
    Command { source: String, quoted: bool },
}

pub type Word = Vec<Part>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Word(Word),
    /// `;`, `&`, `&&`, `||`, `|`, `(`, `)`, newline as `"\n"`.
    Operator(&'static str),
    /// `2>`, `>>`, `<`, `2>&1`, `&>`: the descriptor (if written) and the operator; its target is the next word.
    Redirect {
        descriptor: Option<u8>,
        operator: &'static str,
    },
    /// The text of a here-document or here-string.
    Here(Word),
}

/// The most bytes of a script.
const MOST_BYTES: usize = 1 << 20;

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
    /// Here-documents whose text begins after the next newline.
    waiting: Vec<HereDocument>,
}

struct HereDocument {
    token: usize,
    end: String,
    quoted: bool,
    strip_tabs: bool,
}

/// Splits a script into tokens.
pub fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    if text.len() > MOST_BYTES {
        return Err(SyntaxError::Wrong("the script is too long".to_owned()));
    }
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        waiting: Vec::new(),
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

const OPERATORS: [&str; 9] = ["&&", "||", ";;", ";", "|", "(", ")", "\n", "&"];
const REDIRECTS: [&str; 8] = ["<<<", "<<-", "<<", ">>", ">&", "&>", ">", "<"];

fn incomplete(what: &str) -> SyntaxError {
    SyntaxError::Incomplete(format!("unexpected end of input while looking for {what}"))
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn run(&mut self) -> Result<(), SyntaxError> {
        while let Some(c) = self.peek() {
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
                    if !self.redirect()? && !self.operator()? {
                        let word = self.word()?;
                        self.tokens.push(Token::Word(word));
                    }
                }
            }
        }
        if let Some(document) = self.waiting.first() {
            return Err(incomplete(&format!("`{}'", document.end)));
        }
        Ok(())
    }

    fn operator(&mut self) -> Result<bool, SyntaxError> {
        let rest = self.rest();
        let Some(operator) = OPERATORS.iter().find(|o| rest.starts_with(**o)) else {
            return Ok(false);
        };
        self.at += operator.len();
        self.tokens.push(Token::Operator(operator));
        if *operator == "\n" {
            for document in std::mem::take(&mut self.waiting) {
                let text = self.document(&document)?;
                let word = match document.quoted {
                    true => vec![Part::Text { text, quoted: true }],
                    false => here_word(&text)?,
                };
                if let Some(token) = self.tokens.get_mut(document.token) {
                    *token = Token::Here(word);
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
        if digits > 1 {
            return Ok(false);
        }
        let Some(operator) = REDIRECTS.iter().find(|r| after.starts_with(**r)) else {
            return Ok(false);
        };
        let descriptor = rest.get(..digits).and_then(|d| d.parse().ok());
        self.at += digits + operator.len();
        match *operator {
            "<<" | "<<-" => {
                self.skip_blanks();
                let from = self.at;
                let word = self.word()?;
                let source = self.text.get(from..self.at).unwrap_or_default();
                let end = word.iter().map(literal).collect::<String>();
                self.waiting.push(HereDocument {
                    token: self.tokens.len(),
                    end,
                    quoted: source.contains(['\'', '"', '\\']),
                    strip_tabs: *operator == "<<-",
                });
                self.tokens.push(Token::Here(Vec::new()));
            }
            "<<<" => {
                self.skip_blanks();
                let mut word = self.word()?;
                word.push(Part::Text {
                    text: "\n".to_owned(),
                    quoted: true,
                });
                self.tokens.push(Token::Here(word));
            }
            operator => self.tokens.push(Token::Redirect {
                descriptor,
                operator,
            }),
        }
        Ok(true)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump();
        }
    }

    fn word(&mut self) -> Result<Word, SyntaxError> {
        let mut word = Word::new();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => {
                    self.bump();
                    let rest = self.rest();
                    let end = rest.find('\'').ok_or_else(|| incomplete("matching `''"))?;
                    push_text(&mut word, rest.get(..end).unwrap_or_default(), true);
                    self.at += end + 1;
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

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        push_text(word, "", true);
        loop {
            match self.peek() {
                None => return Err(incomplete("matching `\"'")),
                Some('"') => {
                    self.bump();
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

    /// A `$` or a backquote, and what it starts.
    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), SyntaxError> {
        if self.bump() == Some('`') {
            let rest = self.rest();
            let end = rest.find('`').ok_or_else(|| incomplete("matching ``'"))?;
            let source = rest.get(..end).unwrap_or_default().to_owned();
            self.at += end + 1;
            word.push(Part::Command { source, quoted });
            return Ok(());
        }
        match self.peek() {
            Some('(') => {
                self.bump();
                let length = closing(self.rest()).ok_or_else(|| incomplete("matching `)'"))?;
                let source = self.rest().get(..length).unwrap_or_default().to_owned();
                self.at += length + 1;
                word.push(Part::Command { source, quoted });
            }
            Some('{') => {
                self.bump();
                let rest = self.rest();
                let end = rest.find('}').ok_or_else(|| incomplete("matching `}'"))?;
                let inside = rest.get(..end).unwrap_or_default();
                self.at += end + 1;
                let (name, default) = match inside.split_once(":-") {
                    Some((name, default)) => (name, Some(default.to_owned())),
                    None => (inside, None),
                };
                if !is_name(name) && name != "?" {
                    return Err(SyntaxError::Wrong(format!(
                        "${{{inside}}}: bad substitution"
                    )));
                }
                word.push(Part::Variable {
                    name: name.to_owned(),
                    default,
                    quoted,
                });
            }
            Some('?') => {
                self.bump();
                word.push(Part::Variable {
                    name: "?".to_owned(),
                    default: None,
                    quoted,
                });
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let rest = self.rest();
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                self.at += end;
                word.push(Part::Variable {
                    name: rest.get(..end).unwrap_or_default().to_owned(),
                    default: None,
                    quoted,
                });
            }
            _ => push_text(word, "$", quoted),
        }
        Ok(())
    }
}

/// The text of an unquoted here-document: variables and commands in it are expanded.
fn here_word(text: &str) -> Result<Word, SyntaxError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        waiting: Vec::new(),
    };
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

/// Where the parenthesis that is open at the start of `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

fn push_text(word: &mut Word, text: &str, quoted: bool) {
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

fn literal(part: &Part) -> &str {
    match part {
        Part::Text { text, .. } => text,
        Part::Variable { name, .. } => name,
        Part::Command { source, .. } => source,
    }
}

/// Whether a text can name a variable.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
