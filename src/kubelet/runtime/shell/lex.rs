//! From text to words and operators.

use std::rc::Rc;

/// A piece of a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text; not split further.
    Text(Rc<str>),
    /// `$name` or `${name...}`; split into words where it is not quoted.
    Variable { expression: Rc<str>, quoted: bool },
    /// `$(...)` or backquotes, as text.
    Command { script: Rc<str>, quoted: bool },
    /// `$((...))`.
    Arithmetic(Rc<str>),
}

/// A word, before expansion. `quoted` words are never reserved words, and never vanish.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Word {
    pub parts: Vec<Part>,
    pub quoted: bool,
}

impl Word {
    /// The word's text, when it is plain.
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.quoted => Some(text),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Word(Word),
    /// `;`, `&&`, `||`, `|`, `&`, `(`, `)`, `;;`, a line's end as `\n`.
    Operator(&'static str),
    /// A redirection: the descriptor, the operator. The target is the next word.
    Redirect(u8, &'static str),
    /// A here-document's text, and whether its variables are expanded.
    HereDocument(Rc<str>, bool),
}

const OPERATORS: [&str; 9] = [";;", "&&", "||", ";", "|", "&", "(", ")", "\n"];
const REDIRECTS: [&str; 6] = ["<<<", ">>", ">&", "<<", "<", ">"];

/// Splits a script into tokens.
///
/// # Errors
/// Says which quote or bracket has no end.
pub fn lex(script: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer::new(script);
    lexer.run()?;
    Ok(lexer.tokens)
}

/// Whether the mark of a here-document, or what comes after a backslash, is missing.
pub fn is_unended(script: &str) -> bool {
    let mut lexer = Lexer::new(script);
    let lexed = lexer.run();
    lexed.is_ok() && (lexer.unended || script.ends_with("\\\n"))
}

struct Lexer<'s> {
    rest: &'s str,
    tokens: Vec<Token>,
    /// Here-documents whose text begins on the next line: place in `tokens`, end mark, expand.
    heredocs: Vec<(usize, String, bool)>,
    /// The end mark of one of them is missing.
    unended: bool,
}

impl<'s> Lexer<'s> {
    fn new(script: &'s str) -> Lexer<'s> {
        Lexer {
            rest: script,
            tokens: Vec::new(),
            heredocs: Vec::new(),
            unended: false,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            if let Some(after) = self.rest.strip_prefix("\\\n") {
                self.rest = after;
                continue;
            }
            if self.rest.is_empty() {
                return Ok(());
            }
            if self.rest.starts_with('#') {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.skip(end);
                continue;
            }
            if self.redirect()? {
                continue;
            }
            if let Some(op) = OPERATORS.iter().find(|op| self.rest.starts_with(**op)) {
                self.skip(op.len());
                self.tokens.push(Token::Operator(op));
                if *op == "\n" {
                    self.read_heredocs();
                }
                continue;
            }
            let word = self.word()?;
            self.tokens.push(Token::Word(word));
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn redirect(&mut self) -> Result<bool, String> {
        let (fd, after) = match self.rest.as_bytes() {
            [d @ b'0'..=b'9', b'<' | b'>', ..] => (Some(d - b'0'), self.rest.get(1..)),
            [b'&', b'>', ..] => (Some(b'&'), self.rest.get(1..)),
            _ => (None, Some(self.rest)),
        };
        let after = after.unwrap_or_default();
        let Some(op) = REDIRECTS.iter().find(|op| after.starts_with(**op)) else {
            return Ok(false);
        };
        self.rest = after.get(op.len()..).unwrap_or_default();
        let fd = fd.unwrap_or(u8::from(op.starts_with('>')));
        if *op != "<<" {
            self.tokens.push(Token::Redirect(fd, op));
            return Ok(true);
        }
        self.rest = self.rest.trim_start_matches(['-', ' ', '\t']);
        let mark = self.word()?;
        let text: String = mark
            .parts
            .iter()
            .map(|p| match p {
                Part::Text(t) => &**t,
                _ => "",
            })
            .collect();
        self.heredocs.push((self.tokens.len(), text, !mark.quoted));
        self.tokens
            .push(Token::HereDocument("".into(), !mark.quoted));
        Ok(true)
    }

    fn read_heredocs(&mut self) {
        for (at, mark, expand) in std::mem::take(&mut self.heredocs) {
            let mut text = String::new();
            let mut ended = false;
            while !self.rest.is_empty() {
                let end = self.rest.find('\n').map_or(self.rest.len(), |i| i + 1);
                let line = self.rest.get(..end).unwrap_or_default();
                self.skip(end);
                if line.trim_end_matches('\n').trim_start_matches('\t') == mark {
                    ended = true;
                    break;
                }
                text.push_str(line);
            }
            self.unended |= !ended;
            if let Some(token) = self.tokens.get_mut(at) {
                *token = Token::HereDocument(text.into(), expand);
            }
        }
    }

    fn word(&mut self) -> Result<Word, String> {
        let mut word = Word::default();
        let mut text = String::new();
        while let Some(c) = self.rest.chars().next() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    self.skip(1);
                    let end = self.rest.find('\'').ok_or("unterminated quoted string")?;
                    text.push_str(self.rest.get(..end).unwrap_or_default());
                    self.skip(end + 1);
                    word.quoted = true;
                }
                '"' => {
                    self.skip(1);
                    word.quoted = true;
                    self.double_quoted(&mut word, &mut text)?;
                }
                '\\' => {
                    self.skip(1);
                    if let Some(c) = self.rest.chars().next() {
                        if c != '\n' {
                            text.push(c);
                            word.quoted = true;
                        }
                        self.skip(c.len_utf8());
                    }
                }
                '$' | '`' => self.expansion(&mut word, &mut text, false)?,
                c => {
                    text.push(c);
                    self.skip(c.len_utf8());
                }
            }
        }
        flush(&mut word, &mut text);
        Ok(word)
    }

    fn double_quoted(&mut self, word: &mut Word, text: &mut String) -> Result<(), String> {
        loop {
            let c = self.rest.chars().next();
            match c.ok_or("unterminated quoted string")? {
                '"' => {
                    self.skip(1);
                    return Ok(());
                }
                '\\' => {
                    self.skip(1);
                    match self.rest.chars().next() {
                        Some(c @ ('"' | '\\' | '$' | '`')) => {
                            text.push(c);
                            self.skip(1);
                        }
                        Some('\n') => self.skip(1),
                        _ => text.push('\\'),
                    }
                }
                '$' | '`' => self.expansion(word, text, true)?,
                c => {
                    text.push(c);
                    self.skip(c.len_utf8());
                }
            }
        }
    }

    /// At `$` or a backquote.
    fn expansion(
        &mut self,
        word: &mut Word,
        text: &mut String,
        quoted: bool,
    ) -> Result<(), String> {
        let part = if self.rest.starts_with('`') {
            self.skip(1);
            let end = self.rest.find('`').ok_or("unterminated backquote")?;
            let script = self.rest.get(..end).unwrap_or_default().into();
            self.skip(end + 1);
            Part::Command { script, quoted }
        } else if self.rest.starts_with("$((") {
            self.skip(3);
            let inner = self.until_close('(', ')')?;
            // The second bracket of `))`.
            self.skip(1);
            Part::Arithmetic(inner.into())
        } else if self.rest.starts_with("$(") {
            self.skip(2);
            let script = self.until_close('(', ')')?.into();
            Part::Command { script, quoted }
        } else if self.rest.starts_with("${") {
            self.skip(2);
            let expression = self.until_close('{', '}')?.into();
            Part::Variable { expression, quoted }
        } else {
            let after = self.rest.get(1..).unwrap_or_default();
            let name = variable_name(after);
            if name.is_empty() {
                text.push('$');
                self.skip(1);
                return Ok(());
            }
            let expression = name.into();
            self.skip(1 + name.len());
            Part::Variable { expression, quoted }
        };
        flush(word, text);
        word.parts.push(part);
        Ok(())
    }

    /// The text up to the bracket that closes the one before; quotes hide brackets.
    fn until_close(&mut self, open: char, close: char) -> Result<&'s str, String> {
        let (mut depth, mut quote, mut escaped) = (0usize, None, false);
        for (i, c) in self.rest.char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match (quote, c) {
                (_, '\\') if quote != Some('\'') => escaped = true,
                (Some(q), c) if c == q => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, c) if c == open => depth += 1,
                (None, c) if c == close => {
                    if depth == 0 {
                        let inner = self.rest.get(..i).unwrap_or_default();
                        self.skip(i + c.len_utf8());
                        return Ok(inner);
                    }
                    depth -= 1;
                }
                (None, _) => {}
            }
        }
        Err(format!("missing '{close}'"))
    }
}

fn flush(word: &mut Word, text: &mut String) {
    if !text.is_empty() || (word.quoted && word.parts.is_empty()) {
        word.parts.push(Part::Text(std::mem::take(text).into()));
    }
}

/// The name of a variable at the beginning of `text`: a word, a digit, or a special character.
fn variable_name(text: &str) -> &str {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() || matches!(first, '?' | '$' | '#' | '@' | '*' | '!' | '-') {
        return text.get(..1).unwrap_or_default();
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(script: &str) -> Vec<String> {
        lex(script)
            .unwrap()
            .iter()
            .map(|t| match t {
                Token::Word(w) => w.plain().unwrap_or("?").to_owned(),
                Token::Operator(op) => (*op).to_owned(),
                Token::Redirect(fd, op) => format!("{fd}{op}"),
                Token::HereDocument(text, _) => text.to_string(),
            })
            .collect()
    }

    #[test]
    fn words_and_operators_part() {
        assert_eq!(
            words("a;b&&c||d|e # no"),
            ["a", ";", "b", "&&", "c", "||", "d", "|", "e"]
        );
        assert_eq!(
            words("a >f 2>&1 >>g"),
            ["a", "1>", "f", "2>&", "1", "1>>", "g"]
        );
        assert_eq!(words("cat <<E\nx\nE\nb"), ["cat", "x\n", "\n", "b"]);
    }

    #[test]
    fn open_quotes_are_errors() {
        for script in ["'a", "\"a", "$(a", "${a", "`a", "$((1"] {
            assert!(lex(script).is_err(), "{script}");
        }
    }
}
