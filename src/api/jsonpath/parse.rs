//! Reading templates.

use serde_json::Value;

use super::{DEEPEST, Node, Operand, Step};

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
                self.blanks();
                let steps = self.path(0)?;
                self.close()?;
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
                self.close()?;
                if !inside_range {
                    nodes.push(Node::Wrong("not in range, nothing to end".to_owned()));
                    continue;
                }
                self.ended = true;
                break;
            } else {
                self.action(&mut nodes)?;
            }
        }
        self.depth -= 1;
        Ok(nodes)
    }

    /// What stands between braces: texts and paths.
    fn action(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        loop {
            self.blanks();
            match self.peek() {
                None => return Err("unclosed action".to_owned()),
                Some('}') => {
                    self.bump();
                    return Ok(());
                }
                Some('"' | '\'') => {
                    let text = self.quoted()?;
                    nodes.push(Node::Text(text));
                }
                Some('.' | '[' | '@' | '$' | '*') => {
                    let steps = self.path(0)?;
                    nodes.push(Node::Path(steps));
                }
                Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+') => {
                    let end = self
                        .rest()
                        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '+' | '.'))
                        .unwrap_or(self.rest().len());
                    nodes.push(Node::Text(
                        self.rest().get(..end).unwrap_or_default().to_owned(),
                    ));
                    self.at += end.max(1);
                }
                Some(c) if c.is_alphabetic() || c == '_' => {
                    let end = self
                        .rest()
                        .find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(self.rest().len());
                    let word = self.rest().get(..end).unwrap_or_default();
                    nodes.push(match word {
                        "true" | "false" => Node::Text(word.to_owned()),
                        word => Node::Wrong(format!("unrecognized identifier {word}")),
                    });
                    self.at += end;
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
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.bump();
        }
    }

    fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let found = rest.starts_with(word)
            && !rest
                .get(word.len()..)
                .unwrap_or_default()
                .starts_with(|c: char| c.is_alphanumeric() || c == '_');
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn close(&mut self) -> Result<(), String> {
        self.blanks();
        match self.bump() {
            Some('}') => Ok(()),
            _ => Err("unclosed action".to_owned()),
        }
    }

    fn path(&mut self, depth: usize) -> Result<Vec<Step>, String> {
        if depth > DEEPEST {
            return Err("the expression nests too deeply".to_owned());
        }
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                Some('@') => {
                    self.bump();
                }
                Some('$') => {
                    self.bump();
                    steps.push(Step::Root);
                }
                Some('*') => {
                    self.bump();
                    steps.push(Step::All);
                }
                Some('.') => {
                    self.bump();
                    if self.take(".") {
                        steps.push(Step::Deep);
                        if matches!(self.peek(), Some('[' | '*')) {
                            continue;
                        }
                    }
                    match self.peek() {
                        Some('*') => {
                            self.bump();
                            steps.push(Step::All);
                        }
                        Some('[') | None | Some('}' | ' ' | ')' | ']' | ',') => {}
                        _ => {
                            let name = self.field();
                            steps.push(Step::Field(name));
                        }
                    }
                }
                Some('[') => {
                    self.bump();
                    let step = self.brackets(depth)?;
                    steps.push(step);
                }
                _ => return Ok(steps),
            }
        }
    }

    /// A field's name; a backslash takes the next character as it is.
    fn field(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' => {
                    self.bump();
                    name.extend(self.bump());
                    continue;
                }
                '.' | '[' | ']' | '}' | ' ' | '\t' | '\n' | '(' | ')' | ',' | '=' | '!' | '<'
                | '>' | '$' | '@' | '|' => break,
                c => name.push(c),
            }
            self.bump();
        }
        name
    }

    /// A text in quotes, with Go's escapes (`UnquoteExtend`).
    fn quoted(&mut self) -> Result<String, String> {
        let from = self.at;
        let quote = self.bump().unwrap_or('"');
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

    fn brackets(&mut self, depth: usize) -> Result<Step, String> {
        self.blanks();
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
            return Ok(Step::Filter {
                left: operand(left, depth)?,
                operator: operator.to_owned(),
                right: match operator {
                    "" => None,
                    _ => Some(operand(right, depth)?),
                },
            });
        }
        if self.take("*]") {
            return Ok(Step::All);
        }
        if matches!(self.peek(), Some('\'' | '"' | '.' | '@')) {
            let mut paths = Vec::new();
            loop {
                self.blanks();
                let path = match self.peek() {
                    // Between brackets, upstream takes names in single quotes alone.
                    Some('"') => return Err(format!("invalid array index {:?}", self.quoted()?)),
                    // A name is read as a path once more: dots part it.
                    Some('\'') => {
                        self.bump();
                        let end = self.rest().find('\'').ok_or("unterminated array")?;
                        let name = format!(".{}", self.rest().get(..end).unwrap_or_default());
                        self.at += end + 1;
                        let mut inner = Parser {
                            text: &name,
                            at: 0,
                            depth: 0,
                            ended: false,
                        };
                        inner.path(depth + 1)?
                    }
                    _ => self.path(depth + 1)?,
                };
                paths.push(path);
                self.blanks();
                match self.bump() {
                    Some(',') => {}
                    Some(']') => break,
                    _ => return Err("unterminated array".to_owned()),
                }
            }
            return Ok(Step::Union(paths));
        }
        let Some(end) = self.rest().find(']') else {
            return Err("unterminated array".to_owned());
        };
        let inside = self.rest().get(..end).unwrap_or_default().to_owned();
        self.at += end + 1;
        let bad = || format!("invalid array index {inside}");
        let number = |text: &str| -> Result<Option<i64>, String> {
            match text.trim() {
                "" => Ok(None),
                text => text.parse().map(Some).map_err(|_| bad()),
            }
        };
        if inside.contains(',') {
            let mut paths = Vec::new();
            for part in inside.split(',') {
                let index = number(part)?.ok_or_else(bad)?;
                paths.push(vec![Step::Index(index)]);
            }
            return Ok(Step::Union(paths));
        }
        let parts: Vec<&str> = inside.split(':').collect();
        match parts.as_slice() {
            [index] => Ok(Step::Index(number(index)?.ok_or_else(bad)?)),
            [from, to] => Ok(Step::Slice {
                from: number(from)?,
                to: number(to)?,
                step: 1,
            }),
            [from, to, step] => Ok(Step::Slice {
                from: number(from)?,
                to: number(to)?,
                step: number(step)?.unwrap_or(1),
            }),
            _ => Err(bad()),
        }
    }
}

/// A side of a filter: the first thing that stands in it. All of it has to be readable.
fn operand(text: &str, depth: usize) -> Result<Operand, String> {
    let source = format!("{text}}}");
    let mut inner = Parser {
        text: &source,
        at: 0,
        depth: 0,
        ended: false,
    };
    inner.blanks();
    let first = match inner.peek() {
        Some('\'' | '"') => Operand::Literal(Value::String(inner.quoted()?)),
        Some('@' | '.' | '$' | '[' | '*') => Operand::Path(inner.path(depth + 1)?),
        Some(c) if c.is_alphanumeric() || matches!(c, '_' | '-' | '+') => {
            let other = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '+' | '.');
            let end = inner.rest().find(other).unwrap_or(inner.rest().len());
            let word = inner.rest().get(..end).unwrap_or_default().to_owned();
            inner.at += end;
            match serde_json::from_str(&word) {
                Ok(value) => Operand::Literal(value),
                Err(_) => Operand::Wrong(format!("unrecognized identifier {word}")),
            }
        }
        _ => Operand::Path(Vec::new()),
    };
    inner.action(&mut Vec::new())?;
    Ok(first)
}
