//! Reading templates.

use serde_json::Value;

use super::{DEEPEST, Node, Step};

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// The innermost range has met its `{end}`.
    pub(super) ended: bool,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
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

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    pub(super) fn nodes(&mut self, inside_range: bool) -> Result<Vec<Node>, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the template nests too deeply".to_owned());
        }
        let mut nodes = Vec::new();
        loop {
            let end = self.rest().find('{').unwrap_or(self.rest().len());
            if end > 0 {
                nodes.push(Node::Text(
                    self.rest().get(..end).unwrap_or_default().to_owned(),
                ));
                self.at += end;
            }
            if self.bump().is_none() {
                break;
            }
            self.blanks();
            if self.keyword("range") {
                let steps = self.action(0)?;
                self.ended = false;
                let body = self.nodes(true)?;
                // A range that nothing ends goes to the end of the template; then what stands in it
                // is printed once more, as the real one does.
                let again = match self.ended {
                    true => Vec::new(),
                    false => body.clone(),
                };
                nodes.push(Node::Range(steps, body));
                nodes.extend(again);
                self.ended = false;
            } else if self.keyword("end") {
                self.action(0)?;
                if !inside_range {
                    nodes.push(Node::Wrong("not in range, nothing to end".to_owned()));
                    continue;
                }
                self.ended = true;
                break;
            } else {
                let steps = self.action(0)?;
                nodes.push(Node::Path(steps));
            }
        }
        self.depth -= 1;
        Ok(nodes)
    }

    /// What stands before a closing brace. All of it is one path, blanks or not: each part is looked for in what
    /// the one before has found, and a text takes the place of that.
    fn action(&mut self, depth: usize) -> Result<Vec<Step>, String> {
        if depth > DEEPEST {
            return Err("the expression nests too deeply".to_owned());
        }
        let mut steps = Vec::new();
        loop {
            match self.bump() {
                None | Some('\n' | '\r') => return Err("unclosed action".to_owned()),
                Some('}') => return Ok(steps),
                // The object at hand is meant anyway.
                Some(' ' | '@' | '$') => {}
                Some('.') if self.take(".") => {
                    if matches!(steps.last(), Some(Step::Deep)) {
                        return Err("invalid multiple recursive descent".to_owned());
                    }
                    steps.push(Step::Deep);
                    if self.peek().is_some_and(is_word) {
                        steps.push(self.field());
                    }
                }
                Some('.') => steps.push(self.field()),
                Some('[') => self.brackets(depth, &mut steps)?,
                Some(quote @ ('"' | '\'')) => {
                    let text = self.quoted(quote)?;
                    steps.push(Step::Literal(Value::String(text)));
                }
                Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+') => {
                    let other = |c: char| !c.is_ascii_digit() && c != '.';
                    let end = self.rest().find(other).unwrap_or(self.rest().len());
                    let digits = self.rest().get(..end).unwrap_or_default();
                    let written = format!("{c}{digits}");
                    let value = match (written.parse::<i64>(), written.parse::<f64>()) {
                        (Ok(whole), _) => Value::from(whole),
                        (_, Ok(number)) => Value::from(number),
                        _ => return Err(format!("cannot parse number {written}")),
                    };
                    self.at += end;
                    steps.push(Step::Literal(value));
                }
                Some(c) if is_word(c) => {
                    let end = self.rest().find(ends_word).unwrap_or(self.rest().len());
                    let word = format!("{c}{}", self.rest().get(..end).unwrap_or_default());
                    self.at += end;
                    steps.push(match word.as_str() {
                        "true" | "false" => Step::Literal(Value::Bool(word == "true")),
                        _ => Step::Wrong(format!("unrecognized identifier {word}")),
                    });
                }
                Some(c) => {
                    return Err(format!(
                        "unrecognized character in action: U+{:04X} '{c}'",
                        u32::from(c)
                    ));
                }
            }
        }
    }

    fn blanks(&mut self) {
        while self.peek() == Some(' ') {
            self.bump();
        }
    }

    fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let found = rest.starts_with(word)
            && !rest
                .get(word.len()..)
                .unwrap_or_default()
                .starts_with(|c: char| !ends_word(c));
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// A field's name behind its dot; a backslash takes the next character as it is.
    fn field(&mut self) -> Step {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| !ends_word(*c)) {
            self.bump();
            match c {
                '\\' => name.extend(self.bump()),
                c => name.push(c),
            }
        }
        match name.as_str() {
            "*" => Step::All,
            _ => Step::Field(name),
        }
    }

    /// A text in quotes, with Go's escapes (`UnquoteExtend`).
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let from = self.at - 1;
        let mut text = String::new();
        loop {
            let escaped = match self.bump() {
                None => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => self.bump(),
                Some(c) => {
                    text.push(c);
                    continue;
                }
            };
            let Some(escaped) = escaped else {
                return Err("unterminated quoted string".to_owned());
            };
            let digits = match escaped {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ => 0,
            };
            let meant = match escaped {
                'n' => Some('\n'),
                't' => Some('\t'),
                'r' => Some('\r'),
                'a' => Some('\x07'),
                'b' => Some('\x08'),
                'f' => Some('\x0c'),
                'v' => Some('\x0b'),
                '\\' | '"' | '\'' => Some(escaped),
                _ if digits > 0 => {
                    let code = self.rest().get(..digits).unwrap_or_default().to_owned();
                    let meant = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                    self.at += if meant.is_some() { digits } else { 0 };
                    meant
                }
                _ => None,
            };
            match meant {
                Some(c) => text.push(c),
                None => {
                    let length = self.rest().find(quote).map_or(self.rest().len(), |n| n + 1);
                    let raw = self.text.get(from..self.at + length).unwrap_or_default();
                    return Err(format!("unquote string {raw} error invalid syntax"));
                }
            }
        }
    }

    /// What stands between `?(` and `)]`: quotes are paired once, and hide parentheses.
    fn filter(&mut self) -> Result<String, String> {
        let from = self.at;
        let (mut begun, mut ended, mut before) = (None, false, ' ');
        let to = loop {
            let at = self.at;
            match self.bump() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(c @ ('"' | '\'')) => {
                    match begun {
                        None => begun = Some(c),
                        Some(quote) if quote == c && before != '\\' => ended = true,
                        Some(_) => {}
                    }
                    before = c;
                }
                Some(')') if begun.is_some() == ended => break at,
                Some(c) => before = c,
            }
        };
        match self.bump() {
            Some(']') => Ok(self.text.get(from..to).unwrap_or_default().to_owned()),
            _ => Err("unclosed array expect ]".to_owned()),
        }
    }

    /// What stands in brackets; the opening one has been read.
    fn brackets(&mut self, depth: usize, steps: &mut Vec<Step>) -> Result<(), String> {
        if self.take("?(") {
            let text = self.filter()?;
            let sign = |c: char| matches!(c, '!' | '<' | '>' | '=');
            let start = text.find(sign).unwrap_or(text.len());
            let (left, rest) = text.split_at(start);
            let end = rest.find(|c| !sign(c)).unwrap_or(rest.len());
            let (mut operator, mut right) = rest.split_at(end);
            // What has no two sides has to exist.
            let mut left = left;
            if left.is_empty() || operator.is_empty() || right.is_empty() {
                (left, operator, right) = (text.as_str(), "", "");
            }
            steps.push(Step::Filter {
                left: inner(left, depth)?,
                operator: operator.to_owned(),
                right: match operator {
                    "" => None,
                    _ => Some(inner(right, depth)?),
                },
            });
            return Ok(());
        }
        let end = self.rest().find([']', '\n']);
        let inside = end.and_then(|end| self.rest().get(..=end).map(str::to_owned));
        let Some(inside) = inside.as_deref().and_then(|text| text.strip_suffix(']')) else {
            return Err("unterminated array".to_owned());
        };
        self.at += inside.len() + 1;
        let parts: Vec<&str> = inside.split(',').collect();
        if parts.len() > 1 {
            let parts = parts
                .iter()
                .map(|part| inner(&format!("[{}]", part.trim_matches(' ')), depth));
            steps.push(Step::Union(parts.collect::<Result<_, _>>()?));
            return Ok(());
        }
        // A name is read as a path once more: dots part it.
        let name = inside
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''));
        if let Some(name) = name.filter(|name| !name.contains('\'')) {
            steps.extend(inner(&format!(".{name}"), depth)?);
            return Ok(());
        }
        steps.push(chosen(inside).ok_or_else(|| format!("invalid array index {inside}"))?);
        Ok(())
    }
}

/// `*`, `1`, `-1`, `1:3`, `1:3:2`; nothing at all is the first.
fn chosen(inside: &str) -> Option<Step> {
    let number = |text: &str| match text {
        "" => Some(None),
        text if text.starts_with('+') => None,
        text => text.parse::<i64>().ok().map(Some),
    };
    let parts: Vec<&str> = inside.split(':').collect();
    Some(match *parts.as_slice() {
        ["*"] => Step::All,
        [index] => Step::Index(number(index)?.unwrap_or(0)),
        [from, to] => Step::Slice {
            from: number(from)?,
            to: number(to)?,
            step: 1,
        },
        [from, to, step] => Step::Slice {
            from: number(from)?,
            to: number(to)?,
            step: number(step)?.unwrap_or(1),
        },
        _ => return None,
    })
}

/// A path within another one: a side of a filter, a part of a union.
fn inner(text: &str, depth: usize) -> Result<Vec<Step>, String> {
    let source = format!("{text}}}");
    let mut parser = Parser {
        text: &source,
        at: 0,
        depth: 0,
        ended: false,
    };
    parser.action(depth + 1)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What a name does not go beyond.
fn ends_word(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\n' | '\r' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}'
    )
}
