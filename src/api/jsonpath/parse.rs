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
                Some(c) if c.is_ascii_digit() || c == '-' => {
                    let end = self
                        .rest()
                        .find(|c: char| !c.is_ascii_digit() && c != '-' && c != '.')
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
                    nodes.push(Node::Wrong(format!("unrecognized identifier {word}")));
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

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self.bump().unwrap_or('"');
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => match self.bump() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(c) => text.push(c),
                    None => return Err("unterminated quoted string".to_owned()),
                },
                Some(c) => text.push(c),
            }
        }
    }

    fn brackets(&mut self, depth: usize) -> Result<Step, String> {
        self.blanks();
        if self.take("?(") {
            let left = self.operand(depth)?;
            self.blanks();
            let end = self
                .rest()
                .find(|c: char| !matches!(c, '!' | '<' | '>' | '='))
                .unwrap_or(0);
            let operator = self.rest().get(..end).unwrap_or_default().to_owned();
            let mut right = None;
            if !operator.is_empty() {
                self.at += operator.len();
                self.blanks();
                right = Some(self.operand(depth)?);
            }
            self.blanks();
            if !self.take(")]") {
                return Err("unterminated filter".to_owned());
            }
            return Ok(Step::Filter {
                left,
                operator,
                right,
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
                    Some('\'') => vec![Step::Field(self.quoted()?)],
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

    fn operand(&mut self, depth: usize) -> Result<Operand, String> {
        self.blanks();
        match self.peek() {
            Some('\'' | '"') => Ok(Operand::Literal(Value::String(self.quoted()?))),
            Some('@' | '.' | '$') => Ok(Operand::Path(self.path(depth + 1)?)),
            _ => {
                let end = self
                    .rest()
                    .find([')', ' ', '=', '!', '<', '>'])
                    .ok_or("unterminated filter")?;
                let word = self.rest().get(..end).unwrap_or_default().to_owned();
                self.at += end;
                Ok(match serde_json::from_str(&word) {
                    Ok(value) => Operand::Literal(value),
                    Err(_) => Operand::Wrong(format!("unrecognized identifier {word}")),
                })
            }
        }
    }
}
