//! What a `$` begins: variables with their operations, commands, arithmetic.

use super::SyntaxError;
use super::lex::{Lexer, Part, Word, here_word, incomplete, is_name, push_text};

/// `$NAME` or `${NAME...}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// `${NAME[...]}`
    pub index: Option<Index>,
    /// `${!NAME}`: the variable that this one names, or the subscripts of an array.
    pub indirect: bool,
    pub operation: Option<Operation>,
    pub quoted: bool,
}

/// Which elements of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Index {
    /// `@`, and `*` when true: as one word.
    All(bool),
    One(Word),
}

/// What is made of a variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `${#v}`.
    Length,
    /// `-`, `=`, `?`, `+`; with a colon an empty value counts as none.
    Default { sign: char, colon: bool, word: Word },
    /// `#` and `%`, once or twice.
    Trim {
        end: bool,
        longest: bool,
        pattern: Word,
    },
    /// `/`, `//`, `/#`, `/%`.
    Replace {
        which: char,
        pattern: Word,
        with: Word,
    },
    /// `:OFFSET` and `:OFFSET:LENGTH`.
    Slice { from: Word, length: Option<Word> },
    /// `^`, `^^`, `,`, `,,`.
    Case { upper: bool, all: bool },
}

impl Lexer<'_> {
    /// A `$` or a backquote, and what it starts.
    pub fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), SyntaxError> {
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
                let source = self.rest().get(..length).unwrap_or_default();
                self.at += length + 1;
                let sum = source.strip_prefix('(').and_then(|s| s.strip_suffix(')'));
                match sum.filter(|s| closing(&format!("{s})")) == Some(s.len())) {
                    Some(sum) => word.push(Part::Arithmetic {
                        source: here_word(sum, self.depth())?,
                        quoted,
                    }),
                    None => word.push(Part::Command {
                        source: source.to_owned(),
                        quoted,
                    }),
                }
            }
            Some('{') => {
                self.bump();
                self.deeper()?;
                let variable = self.braced(quoted)?;
                self.higher();
                word.push(Part::Variable(Box::new(variable)));
            }
            Some('\'') if !quoted => {
                self.bump();
                self.c_string(word)?;
            }
            Some(c @ ('?' | '#' | '@' | '*' | '$' | '!' | '0'..='9')) => {
                self.bump();
                word.push(simple(c.to_string(), quoted));
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let rest = self.rest();
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                self.at += end;
                word.push(simple(
                    rest.get(..end).unwrap_or_default().to_owned(),
                    quoted,
                ));
            }
            _ => push_text(word, "$", quoted),
        }
        Ok(())
    }

    /// `$'...'`.
    fn c_string(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        push_text(word, "", true);
        loop {
            let c = match self.bump() {
                None => return Err(incomplete("matching `''")),
                Some('\'') => return Ok(()),
                Some('\\') => match self.bump() {
                    None => return Err(incomplete("matching `''")),
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('e' | 'E') => '\u{1b}',
                    Some('a') => '\u{7}',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('v') => '\u{b}',
                    Some('x') => self.coded(16, 2),
                    Some('u') => self.coded(16, 4),
                    Some('U') => self.coded(16, 8),
                    Some(digit @ '0'..='7') => {
                        self.at -= digit.len_utf8();
                        self.coded(8, 3)
                    }
                    Some(other @ ('\\' | '\'' | '"' | '?')) => other,
                    Some(other) => {
                        push_text(word, "\\", true);
                        other
                    }
                },
                Some(c) => c,
            };
            push_text(word, c.encode_utf8(&mut [0; 4]), true);
        }
    }

    /// A character by its number, of so many digits at most.
    fn coded(&mut self, base: u32, most: usize) -> char {
        let rest = self.rest();
        let digits = rest.chars().take(most).take_while(|c| c.is_digit(base));
        let digits: String = digits.collect();
        self.at += digits.len();
        let code = u32::from_str_radix(&digits, base).unwrap_or(0);
        char::from_u32(code).unwrap_or('\u{fffd}')
    }

    /// What stands between `${` and `}`.
    fn braced(&mut self, quoted: bool) -> Result<Variable, SyntaxError> {
        let start = self.at;
        let mut variable = Variable {
            name: String::new(),
            index: None,
            indirect: false,
            operation: None,
            quoted,
        };
        let next = self.rest().chars().nth(1);
        match self.peek() {
            Some('#') if next.is_some_and(|c| c.is_ascii_alphanumeric() || "_@*".contains(c)) => {
                self.bump();
                variable.operation = Some(Operation::Length);
            }
            Some('!') if next.is_some_and(|c| c.is_ascii_alphabetic() || c == '_') => {
                self.bump();
                variable.indirect = true;
            }
            _ => {}
        }
        let rest = self.rest();
        let named = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let length = match (named, rest.chars().next()) {
            (0, Some('?' | '#' | '@' | '*' | '$' | '!')) => 1,
            (named, _) => named,
        };
        variable.name = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        let number = variable.name.bytes().all(|b| b.is_ascii_digit());
        if variable.name.is_empty() || (named > 0 && !number && !is_name(&variable.name)) {
            return Err(self.bad(start));
        }
        if self.peek() == Some('[') && named > 0 && !number {
            self.bump();
            let all = ["@]", "*]"].iter().position(|t| self.rest().starts_with(t));
            variable.index = Some(match all {
                Some(star) => {
                    self.at += 1;
                    Index::All(star == 1)
                }
                None => Index::One(self.inner(&[']'], true)?),
            });
            if self.bump() != Some(']') {
                return Err(self.bad(start));
            }
        } else if variable.indirect && matches!(self.rest().as_bytes(), [b'*' | b'@', b'}', ..]) {
            // `${!PRE*}`: the names that begin so.
            self.bump();
            variable.index = Some(Index::All(true));
            variable.name.push('*');
        }
        match self.bump() {
            Some('}') => return Ok(variable),
            None => return Err(incomplete("matching `}'")),
            Some(_) if variable.operation.is_some() => return Err(self.bad(start)),
            Some(':') => match self.peek() {
                Some(sign @ ('-' | '=' | '?' | '+')) => {
                    self.bump();
                    let word = self.inner(&['}'], quoted)?;
                    variable.operation = Some(Operation::Default {
                        sign,
                        colon: true,
                        word,
                    });
                }
                _ => {
                    let from = self.inner(&[':', '}'], quoted)?;
                    let length = match self.peek() {
                        Some(':') => {
                            self.bump();
                            Some(self.inner(&['}'], quoted)?)
                        }
                        _ => None,
                    };
                    variable.operation = Some(Operation::Slice { from, length });
                }
            },
            Some(sign @ ('-' | '=' | '?' | '+')) => {
                let word = self.inner(&['}'], quoted)?;
                variable.operation = Some(Operation::Default {
                    sign,
                    colon: false,
                    word,
                });
            }
            Some(sign @ ('#' | '%')) => {
                let longest = self.peek() == Some(sign);
                if longest {
                    self.bump();
                }
                variable.operation = Some(Operation::Trim {
                    end: sign == '%',
                    longest,
                    pattern: self.inner(&['}'], false)?,
                });
            }
            Some('/') => {
                let which = match self.peek() {
                    Some(c @ ('/' | '#' | '%')) => {
                        self.bump();
                        c
                    }
                    _ => ' ',
                };
                let pattern = self.inner(&['/', '}'], false)?;
                let with = match self.peek() {
                    Some('/') => {
                        self.bump();
                        self.inner(&['}'], quoted)?
                    }
                    _ => Word::new(),
                };
                variable.operation = Some(Operation::Replace {
                    which,
                    pattern,
                    with,
                });
            }
            Some(sign @ ('^' | ',')) => {
                let all = self.peek() == Some(sign);
                if all {
                    self.bump();
                }
                variable.operation = Some(Operation::Case {
                    upper: sign == '^',
                    all,
                });
            }
            Some(_) => return Err(self.bad(start)),
        }
        match self.bump() {
            Some('}') => Ok(variable),
            None => Err(incomplete("matching `}'")),
            Some(_) => Err(self.bad(start)),
        }
    }

    fn bad(&self, start: usize) -> SyntaxError {
        let rest = self.text.get(start..).unwrap_or_default();
        match rest.find('}') {
            Some(end) => SyntaxError::Wrong(format!(
                "${{{}}}: bad substitution",
                rest.get(..end).unwrap_or_default()
            )),
            None => incomplete("matching `}'"),
        }
    }

    /// A word up to a character that is not quoted.
    fn inner(&mut self, stops: &[char], quoted: bool) -> Result<Word, SyntaxError> {
        let mut word = Word::new();
        loop {
            match self.peek() {
                None => return Err(incomplete("matching `}'")),
                Some(c) if stops.contains(&c) => return Ok(word),
                Some('\'') if !quoted => {
                    self.bump();
                    self.single_quoted(&mut word)?;
                }
                Some('"') => {
                    self.bump();
                    self.double_quoted(&mut word)?;
                }
                Some('\\') => {
                    self.bump();
                    if let Some(c) = self.bump() {
                        push_text(&mut word, c.encode_utf8(&mut [0; 4]), true);
                    }
                }
                Some('$' | '`') => self.dollar(&mut word, quoted)?,
                Some(c) => {
                    self.bump();
                    push_text(&mut word, c.encode_utf8(&mut [0; 4]), quoted);
                }
            }
        }
    }
}

fn simple(name: String, quoted: bool) -> Part {
    Part::Variable(Box::new(Variable {
        name,
        index: None,
        indirect: false,
        operation: None,
        quoted,
    }))
}

/// Where the parenthesis that is open at the start of `text` closes.
pub fn closing(text: &str) -> Option<usize> {
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
