//! Go templates as far as `-o go-template` needs them: fields, `range`, `if`, `with`, variables,
//! and the functions of `text/template` that make sense over JSON.

use std::cmp::Ordering;

use serde_json::Value;

/// A parsed template.
pub struct Template {
    source: String,
    nodes: Vec<Node>,
}

enum Node {
    Text(String),
    Print(Pipe),
    /// `{{$x := ...}}`
    Assign(String, Pipe),
    If(Pipe, Vec<Node>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    Range {
        key: Option<String>,
        value: Option<String>,
        over: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
}

/// Commands, each of which gets the result of the one before as its last argument.
type Pipe = Vec<Vec<Operand>>;

enum Operand {
    Literal(Value),
    /// `.a.b`, relative to the dot.
    Field(Vec<String>),
    /// `$`, `$x.a`.
    Variable(String, Vec<String>),
    Function(String),
    Group(Pipe, Vec<String>),
}

const DEEPEST: usize = 16;
const MOST_BYTES: usize = 8 << 20;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(Value),
    Symbol(&'static str),
    /// `.a.b`; empty for the dot itself.
    Field(Vec<String>),
    Variable(String, Vec<String>),
}

enum Piece {
    Text(String),
    Action(Vec<Token>),
}

impl Template {
    pub fn parse(source: &str) -> Result<Template, String> {
        let mut parser = Parser {
            pieces: pieces(source)?.into_iter(),
            depth: 0,
        };
        let (nodes, end) = parser.nodes()?;
        match end {
            None => Ok(Template {
                source: source.to_owned(),
                nodes,
            }),
            Some(word) => Err(format!("template: output:1: unexpected {{{{{}}}}}", word.0)),
        }
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn render(&self, root: &Value) -> Result<String, String> {
        let mut state = State {
            root,
            variables: Vec::new(),
            out: String::new(),
        };
        state.render(&self.nodes, root)?;
        Ok(state.out)
    }
}

/// Text, and the tokens between braces; `{{-` and `-}}` take the blanks beside them away.
fn pieces(source: &str) -> Result<Vec<Piece>, String> {
    let mut out = Vec::new();
    let mut rest = source;
    let mut trim = false;
    loop {
        let (text, after) = match rest.split_once("{{") {
            Some((text, after)) => (text, Some(after)),
            None => (rest, None),
        };
        let mut text = if trim { text.trim_start() } else { text };
        let Some(mut after) = after else {
            out.push(Piece::Text(text.to_owned()));
            return Ok(out);
        };
        if let Some(trimmed) = after.strip_prefix("- ") {
            text = text.trim_end();
            after = trimmed;
        }
        out.push(Piece::Text(text.to_owned()));
        if let Some(comment) = after.trim_start().strip_prefix("/*") {
            let Some((_, behind)) = comment.split_once("}}") else {
                return Err("template: output:1: unclosed comment".to_owned());
            };
            rest = behind;
            trim = false;
            continue;
        }
        let (tokens, behind) = action(after)?;
        out.push(Piece::Action(tokens));
        (rest, trim) = behind;
    }
}

/// The tokens of an action, what follows it, and whether blanks behind it go.
fn action(text: &str) -> Result<(Vec<Token>, (&str, bool)), String> {
    let unclosed = || "template: output:1: unclosed action".to_owned();
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        let before = rest;
        rest = rest.trim_start();
        if let Some(behind) = rest
            .strip_prefix("-}}")
            .filter(|_| before.len() > rest.len())
        {
            return Ok((tokens, (behind, true)));
        }
        if let Some(behind) = rest.strip_prefix("}}") {
            return Ok((tokens, (behind, false)));
        }
        let Some(first) = rest.chars().next() else {
            return Err(unclosed());
        };
        match first {
            '"' => {
                let mut literal = String::new();
                let mut chars = rest.char_indices().skip(1);
                let end = loop {
                    match chars.next() {
                        None => {
                            return Err("template: output:1: unterminated quoted string".to_owned());
                        }
                        Some((i, '"')) => break i + 1,
                        Some((_, '\\')) => match chars.next() {
                            Some((_, 'n')) => literal.push('\n'),
                            Some((_, 't')) => literal.push('\t'),
                            Some((_, c)) => literal.push(c),
                            None => return Err(unclosed()),
                        },
                        Some((_, c)) => literal.push(c),
                    }
                };
                tokens.push(Token::Text(literal));
                rest = rest.get(end..).unwrap_or_default();
            }
            '`' => {
                let inside = rest.get(1..).unwrap_or_default();
                let Some((literal, behind)) = inside.split_once('`') else {
                    return Err("template: output:1: unterminated raw quoted string".to_owned());
                };
                tokens.push(Token::Text(literal.to_owned()));
                rest = behind;
            }
            '.' => {
                let (path, behind) = path(rest);
                tokens.push(Token::Field(path));
                rest = behind;
            }
            '$' => {
                let after = rest.get(1..).unwrap_or_default();
                let end = after.find(|c: char| !is_letter(c)).unwrap_or(after.len());
                let (name, behind) = after.split_at(end);
                let (path, behind) = path(behind);
                tokens.push(Token::Variable(name.to_owned(), path));
                rest = behind;
            }
            c if c.is_ascii_digit() || c == '-' => {
                let end = rest
                    .find(|c: char| !c.is_ascii_digit() && c != '-' && c != '.')
                    .unwrap_or(rest.len());
                let (number, behind) = rest.split_at(end);
                let value = serde_json::from_str(number)
                    .map_err(|_| format!("template: output:1: bad number syntax: \"{number}\""))?;
                tokens.push(Token::Number(value));
                rest = behind;
            }
            c if is_letter(c) => {
                let end = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                tokens.push(Token::Word(word.to_owned()));
                rest = behind;
            }
            _ => {
                let symbol = [":=", "|", "(", ")", ",", "="]
                    .into_iter()
                    .find(|s| rest.starts_with(*s));
                let Some(symbol) = symbol else {
                    return Err(format!(
                        "template: output:1: unexpected {first:?} in command"
                    ));
                };
                tokens.push(Token::Symbol(symbol));
                rest = rest.get(symbol.len()..).unwrap_or_default();
                if symbol == ")" && rest.starts_with('.') {
                    // The path of a group follows it at once.
                    let (path, behind) = path(rest);
                    tokens.push(Token::Symbol("."));
                    tokens.push(Token::Field(path));
                    rest = behind;
                }
            }
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `.a.b` at the start of a text, and what follows.
fn path(text: &str) -> (Vec<String>, &str) {
    let mut path = Vec::new();
    let mut rest = text;
    while let Some(after) = rest.strip_prefix('.') {
        let end = after.find(|c: char| !is_letter(c)).unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        rest = behind;
        if name.is_empty() {
            break;
        }
        path.push(name.to_owned());
    }
    (path, rest)
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    depth: usize,
}

/// The word that ended a block, with what followed it.
type End = (String, Vec<Token>);

impl Parser {
    /// Nodes up to `end` or `else`.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<End>), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("template: output:1: blocks nest too deeply".to_owned());
        }
        let mut nodes = Vec::new();
        let mut end = None;
        while let Some(piece) = self.pieces.next() {
            let tokens = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(tokens) => tokens,
            };
            let (word, rest) = match tokens.split_first() {
                Some((Token::Word(word), rest)) => (word.as_str(), rest),
                _ => ("", tokens.as_slice()),
            };
            match word {
                "end" | "else" => {
                    end = Some((word.to_owned(), rest.to_vec()));
                    break;
                }
                "if" | "with" => {
                    let node = self.branch(word, rest)?;
                    nodes.push(node);
                }
                "range" => {
                    let (key, value, over) = range_head(rest)?;
                    let (body, otherwise) = self.block()?;
                    nodes.push(Node::Range {
                        key,
                        value,
                        over,
                        body,
                        otherwise,
                    });
                }
                _ => match tokens.as_slice() {
                    [
                        Token::Variable(name, path),
                        Token::Symbol(":=" | "="),
                        rest @ ..,
                    ] if path.is_empty() => {
                        nodes.push(Node::Assign(name.clone(), pipe(rest)?));
                    }
                    tokens => nodes.push(Node::Print(pipe(tokens)?)),
                },
            }
        }
        self.depth -= 1;
        Ok((nodes, end))
    }

    /// A body with its `else`, up to `end`.
    fn block(&mut self) -> Result<(Vec<Node>, Vec<Node>), String> {
        let (body, end) = self.nodes()?;
        match end {
            Some((word, rest)) if word == "else" => {
                if let Some((Token::Word(word), rest)) = rest.split_first()
                    && (word == "if" || word == "with")
                {
                    // `else if` closes with the same `end`.
                    let node = self.branch(word, rest)?;
                    return Ok((body, vec![node]));
                }
                let (otherwise, end) = self.nodes()?;
                match end {
                    Some((word, _)) if word == "end" => Ok((body, otherwise)),
                    _ => Err("template: output:1: unexpected EOF".to_owned()),
                }
            }
            Some(_) => Ok((body, Vec::new())),
            None => Err("template: output:1: unexpected EOF".to_owned()),
        }
    }

    fn branch(&mut self, word: &str, condition: &[Token]) -> Result<Node, String> {
        let condition = pipe(condition)?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("template: output:1: blocks nest too deeply".to_owned());
        }
        let (body, otherwise) = self.block()?;
        self.depth -= 1;
        Ok(match word {
            "with" => Node::With(condition, body, otherwise),
            _ => Node::If(condition, body, otherwise),
        })
    }
}

/// `$i, $x := pipe`, `$x := pipe`, `pipe`.
fn range_head(tokens: &[Token]) -> Result<(Option<String>, Option<String>, Pipe), String> {
    match tokens {
        [
            Token::Variable(key, _),
            Token::Symbol(","),
            Token::Variable(value, _),
            Token::Symbol(":="),
            rest @ ..,
        ] => Ok((Some(key.clone()), Some(value.clone()), pipe(rest)?)),
        [Token::Variable(value, _), Token::Symbol(":="), rest @ ..] => {
            Ok((None, Some(value.clone()), pipe(rest)?))
        }
        rest => Ok((None, None, pipe(rest)?)),
    }
}

fn pipe(tokens: &[Token]) -> Result<Pipe, String> {
    let mut rest = tokens;
    let pipe = commands(&mut rest, 0)?;
    match rest.is_empty() && pipe.iter().all(|c| !c.is_empty()) {
        true => Ok(pipe),
        false => Err("template: output:1: missing value for command".to_owned()),
    }
}

/// Commands up to a closing parenthesis.
fn commands(tokens: &mut &[Token], depth: usize) -> Result<Pipe, String> {
    if depth > DEEPEST {
        return Err("template: output:1: expressions nest too deeply".to_owned());
    }
    let mut pipe: Pipe = Vec::new();
    let mut command = Vec::new();
    while let Some((first, rest)) = tokens.split_first() {
        *tokens = rest;
        command.push(match first {
            Token::Symbol("|") => {
                pipe.push(std::mem::take(&mut command));
                continue;
            }
            Token::Symbol(")") if depth > 0 => {
                pipe.push(command);
                return Ok(pipe);
            }
            Token::Symbol("(") => {
                let inner = commands(tokens, depth + 1)?;
                let mut path = Vec::new();
                if let [Token::Symbol("."), Token::Field(own), rest @ ..] = *tokens {
                    path = own.clone();
                    *tokens = rest;
                }
                Operand::Group(inner, path)
            }
            Token::Symbol(symbol) => {
                return Err(format!(
                    "template: output:1: unexpected \"{symbol}\" in operand"
                ));
            }
            Token::Word(word) => match word.as_str() {
                "true" => Operand::Literal(Value::Bool(true)),
                "false" => Operand::Literal(Value::Bool(false)),
                "nil" => Operand::Literal(Value::Null),
                word if FUNCTIONS.contains(&word) => Operand::Function(word.to_owned()),
                word => {
                    return Err(format!(
                        "template: output:1: function \"{word}\" not defined"
                    ));
                }
            },
            Token::Text(text) => Operand::Literal(Value::String(text.clone())),
            Token::Number(number) => Operand::Literal(number.clone()),
            Token::Field(path) => Operand::Field(path.clone()),
            Token::Variable(name, path) => Operand::Variable(name.clone(), path.clone()),
        });
    }
    if depth > 0 {
        return Err("template: output:1: unclosed left paren".to_owned());
    }
    pipe.push(command);
    Ok(pipe)
}

const FUNCTIONS: [&str; 17] = [
    "and",
    "or",
    "not",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "index",
    "len",
    "print",
    "println",
    "printf",
    "exists",
    "base64decode",
    "html",
];

struct State<'v> {
    root: &'v Value,
    variables: Vec<(String, Value)>,
    out: String,
}

impl State<'_> {
    fn render(&mut self, nodes: &[Node], dot: &Value) -> Result<(), String> {
        if self.out.len() > MOST_BYTES {
            return Err("the output is too long".to_owned());
        }
        let before = self.variables.len();
        for node in nodes {
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Print(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    self.out.push_str(&printed(&value));
                }
                Node::Assign(name, pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    self.variables.push((name.clone(), value));
                }
                Node::If(condition, body, otherwise) => {
                    let holds = is_true(&self.pipe(condition, dot)?);
                    self.render(if holds { body } else { otherwise }, dot)?;
                }
                Node::With(condition, body, otherwise) => {
                    let value = self.pipe(condition, dot)?;
                    match is_true(&value) {
                        true => self.render(body, &value)?,
                        false => self.render(otherwise, dot)?,
                    }
                }
                Node::Range {
                    key,
                    value,
                    over,
                    body,
                    otherwise,
                } => {
                    let entries: Vec<(Value, Value)> = match self.pipe(over, dot)? {
                        Value::Array(items) => {
                            let numbered = items.into_iter().enumerate();
                            numbered.map(|(i, v)| (Value::from(i), v)).collect()
                        }
                        Value::Object(map) => map
                            .into_iter()
                            .map(|(k, v)| (Value::String(k), v))
                            .collect(),
                        Value::Null => Vec::new(),
                        other => {
                            return Err(format!("range can't iterate over {}", printed(&other)));
                        }
                    };
                    if entries.is_empty() {
                        self.render(otherwise, dot)?;
                    }
                    for (k, v) in entries {
                        let depth = self.variables.len();
                        if let Some(name) = key {
                            self.variables.push((name.clone(), k));
                        }
                        if let Some(name) = value {
                            self.variables.push((name.clone(), v.clone()));
                        }
                        self.render(body, &v)?;
                        self.variables.truncate(depth);
                    }
                }
            }
        }
        self.variables.truncate(before);
        Ok(())
    }

    fn pipe(&self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut last: Option<Value> = None;
        for command in pipe {
            let Some((first, rest)) = command.split_first() else {
                return Err("missing value for command".to_owned());
            };
            last = Some(match first {
                Operand::Function(name) => {
                    let mut arguments = Vec::new();
                    for operand in rest {
                        arguments.push(self.operand(operand, dot)?);
                    }
                    arguments.extend(last.take());
                    call(name, &arguments)?
                }
                operand => self.operand(operand, dot)?,
            });
        }
        Ok(last.unwrap_or(Value::Null))
    }

    fn operand(&self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        Ok(match operand {
            Operand::Literal(value) => value.clone(),
            Operand::Field(path) => follow(dot, path),
            Operand::Variable(name, path) if name.is_empty() => follow(self.root, path),
            Operand::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(n, _)| n == name);
                let Some((_, value)) = found else {
                    return Err(format!("undefined variable: ${name}"));
                };
                follow(value, path)
            }
            Operand::Function(name) => call(name, &[])?,
            Operand::Group(pipe, path) => follow(&self.pipe(pipe, dot)?, path),
        })
    }
}

fn follow(value: &Value, path: &[String]) -> Value {
    path.iter().fold(value, |value, name| &value[name]).clone()
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(s) => s.clone(),
        other => crate::api::json::go_display(other, 0),
    }
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let first = arguments.first().unwrap_or(&Value::Null);
    let second = arguments.get(1).unwrap_or(&Value::Null);
    let order = || match (first, second) {
        (Value::Number(a), Value::Number(b)) => a.as_i64().cmp(&b.as_i64()),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    Ok(match name {
        "not" => Value::Bool(!is_true(first)),
        "and" => arguments
            .iter()
            .find(|v| !is_true(v))
            .or(arguments.last())
            .cloned()
            .unwrap_or(Value::Null),
        "or" => arguments
            .iter()
            .find(|v| is_true(v))
            .or(arguments.last())
            .cloned()
            .unwrap_or(Value::Null),
        "eq" => Value::Bool(arguments.iter().skip(1).any(|v| v == first)),
        "ne" => Value::Bool(first != second),
        "lt" => Value::Bool(order().is_lt()),
        "le" => Value::Bool(order().is_le()),
        "gt" => Value::Bool(order().is_gt()),
        "ge" => Value::Bool(order().is_ge()),
        "len" => match first {
            Value::String(s) => s.len().into(),
            Value::Array(a) => a.len().into(),
            Value::Object(o) => o.len().into(),
            _ => return Err("error calling len: len of nil pointer".to_owned()),
        },
        "index" | "exists" => {
            let mut value = first.clone();
            for key in arguments.iter().skip(1) {
                value = match (&value, key) {
                    (Value::Array(items), Value::Number(n)) => {
                        let at = n.as_u64().and_then(|n| items.get(n as usize));
                        match at {
                            Some(item) => item.clone(),
                            None if name == "exists" => return Ok(Value::Bool(false)),
                            None => {
                                return Err(format!(
                                    "error calling index: index out of range: {n}"
                                ));
                            }
                        }
                    }
                    (value, Value::String(key)) => value[key].clone(),
                    _ => Value::Null,
                };
            }
            match name {
                "exists" => Value::Bool(!value.is_null()),
                _ => value,
            }
        }
        "base64decode" => {
            let text = first.as_str().unwrap_or_default();
            Value::String(
                decode_base64(text).ok_or("error calling base64decode: illegal base64 data")?,
            )
        }
        "printf" => Value::String(format_of(
            first.as_str().unwrap_or_default(),
            arguments.get(1..).unwrap_or_default(),
        )),
        "println" => {
            let words: Vec<String> = arguments.iter().map(printed).collect();
            Value::String(words.join(" ") + "\n")
        }
        "html" => {
            let text = printed(first).replace('&', "&amp;").replace('<', "&lt;");
            Value::String(text.replace('>', "&gt;"))
        }
        _ => Value::String(arguments.iter().map(printed).collect()),
    })
}

fn format_of(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut width = String::new();
        let verb = loop {
            match chars.next() {
                Some(c) if c.is_ascii_digit() || c == '-' => width.push(c),
                other => break other,
            }
        };
        let Some(verb) = verb else { break };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let value = arguments.next().map(printed).unwrap_or_default();
        let value = match verb {
            'q' => crate::api::rfc3339::go_quote(&value),
            _ => value,
        };
        let (left, width) = match width.strip_prefix('-') {
            Some(width) => (true, width),
            None => (false, width.as_str()),
        };
        let blanks = width
            .parse::<usize>()
            .unwrap_or(0)
            .min(200)
            .saturating_sub(value.chars().count());
        let pad: String = std::iter::repeat_n(' ', blanks).collect();
        match left {
            true => out.extend([value, pad]),
            false => out.extend([pad, value]),
        }
    }
    out
}

/// The text behind base64; `None` when it is malformed.
fn decode_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = 0u32;
    let mut bits = 0;
    for c in text
        .bytes()
        .filter(|c| !c.is_ascii_whitespace() && *c != b'=')
    {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6 | u32::from(value)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::Template;
    use serde_json::json;

    #[test]
    fn what_tutorials_write() {
        let object = json!({
            "items": [{"metadata": {"name": "a", "labels": {"x": "1"}}, "n": 1}, {"metadata": {"name": "b"}, "n": 2}],
            "data": {"p": "cQ=="},
        });
        for (template, expected) in [
            ("{{range .items}}{{.metadata.name}} {{end}}", "a b "),
            (
                "{{range $i, $p := .items}}{{$i}}={{$p.metadata.name}};{{end}}",
                "0=a;1=b;",
            ),
            ("{{.nope}}", "<no value>"),
            ("{{len .items}}{{\"\\n\"}}", "2\n"),
            ("{{index .items 0 \"metadata\" \"name\"}}", "a"),
            (
                "{{if eq .kind \"x\"}}yes{{else if .data}}data{{else}}no{{end}}",
                "data",
            ),
            ("{{with .data}}{{.p | base64decode}}{{end}}", "q"),
            ("{{(index .items 1).metadata.name}}", "b"),
            ("a {{- \"b\" -}} c", "abc"),
            ("{{printf \"%-3s|\" \"a\"}}", "a  |"),
            ("{{.data}}", "map[p:cQ==]"),
            ("{{$x := .data}}{{$x.p}}", "cQ=="),
        ] {
            let rendered = Template::parse(template).and_then(|t| t.render(&object));
            assert_eq!(rendered.as_deref(), Ok(expected), "{template}");
        }
        for template in ["{{", "{{range .a}}", "{{end}}", "{{foo}}", "{{(.a}}"] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
    }
}
