//! JSONPath templates as kubectl reads them: text with `{...}` in it, `range` and `end`, filters.
//! Models `k8s.io/client-go/util/jsonpath`.

use serde_json::Value;

use super::json::go_json;

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    nodes: Vec<Node>,
    strict: bool,
}

/// Where paths begin, and whether what they do not find is an error.
#[derive(Clone, Copy)]
struct Look<'v> {
    root: &'v Value,
    strict: bool,
}

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    /// What the parser lets pass and the evaluation refuses.
    Wrong(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Node>),
}

#[derive(Clone, Debug)]
enum Step {
    Field(String),
    /// `*` and `[*]`.
    All,
    /// `..`: the value and everything below it.
    Deep,
    /// `[1]`, `[-1]`, `[1:3:2]`.
    Slice {
        from: Option<i64>,
        to: Option<i64>,
        step: i64,
    },
    Index(i64),
    Union(Vec<Vec<Step>>),
    Filter {
        left: Operand,
        operator: String,
        right: Option<Operand>,
    },
    /// `$`: back to the whole object.
    Root,
}

#[derive(Clone, Debug)]
enum Operand {
    Path(Vec<Step>),
    Literal(Value),
    Wrong(String),
}

/// Ranges and filters nest no deeper.
const DEEPEST: usize = 12;
/// No expression finds more values.
const MOST_VALUES: usize = 100_000;

impl Template {
    /// Reads a template; a bare path gets its braces.
    pub fn parse(source: &str) -> Result<Template, String> {
        let mut parser = Parser {
            text: source,
            at: 0,
            depth: 0,
            ended: false,
        };
        let nodes = parser.nodes(false)?;
        Ok(Template {
            source: source.to_owned(),
            nodes,
            strict: false,
        })
    }

    /// Reads what `--sort-by` and `custom-columns` take: `.a.b`, `a.b`, `{.a.b}`.
    pub fn relaxed(path: &str) -> Result<Template, String> {
        let inside = path
            .strip_prefix('{')
            .and_then(|p| p.strip_suffix('}'))
            .unwrap_or(path);
        if path.is_empty() {
            return Template::parse("");
        }
        if inside.trim_start_matches('.').is_empty() || inside.contains(['{', '}']) {
            return Err("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".to_owned());
        }
        let dot = match inside.starts_with(['.', '[', '$', '@']) {
            true => "",
            false => ".",
        };
        Template::parse(&format!("{{{dot}{inside}}}"))
    }

    /// Whether fields that are not there are errors.
    pub fn strict(mut self, strict: bool) -> Template {
        self.strict = strict;
        self
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn render(&self, root: &Value) -> Result<String, String> {
        let mut out = String::new();
        let look = Look {
            root,
            strict: self.strict,
        };
        render(&self.nodes, root, look, &mut out)?;
        Ok(out)
    }

    /// The values that the template's paths lead to.
    pub fn find<'v>(&self, root: &'v Value) -> Result<Vec<&'v Value>, String> {
        let mut out = Vec::new();
        for node in &self.nodes {
            let look = Look {
                root,
                strict: self.strict,
            };
            match node {
                Node::Path(steps) => out.extend(walk(steps, vec![root], look)?),
                Node::Wrong(what) => return Err(what.clone()),
                _ => {}
            }
        }
        Ok(out)
    }
}

fn render(nodes: &[Node], at: &Value, look: Look, out: &mut String) -> Result<(), String> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Wrong(what) => return Err(what.clone()),
            Node::Path(steps) => {
                let found = walk(steps, vec![at], look)?;
                let texts: Vec<String> = found.into_iter().map(printed).collect();
                out.push_str(&texts.join(" "));
            }
            Node::Range(steps, body) => {
                for value in walk(steps, vec![at], look)? {
                    render(body, value, look, out)?;
                    if out.len() > 8 << 20 {
                        return Err("the output is too long".to_owned());
                    }
                }
            }
        }
    }
    Ok(())
}

fn printed(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => go_json(other),
    }
}

fn walk<'v>(
    steps: &[Step],
    mut values: Vec<&'v Value>,
    look: Look<'v>,
) -> Result<Vec<&'v Value>, String> {
    let mut deep = false;
    for step in steps {
        let mut next = Vec::new();
        for value in values {
            if deep {
                descend(value, &mut |v| {
                    // What does not fit is not an error below `..`.
                    let calm = Look {
                        strict: false,
                        ..look
                    };
                    let _ = take(step, v, calm, &mut next);
                });
            } else {
                take(step, value, look, &mut next)?;
            }
            if next.len() > MOST_VALUES {
                return Err("too many values".to_owned());
            }
        }
        deep = matches!(step, Step::Deep);
        values = next;
    }
    Ok(values)
}

fn descend<'v>(value: &'v Value, visit: &mut dyn FnMut(&'v Value)) {
    visit(value);
    match value {
        Value::Object(map) => map.values().for_each(|v| descend(v, visit)),
        Value::Array(items) => items.iter().for_each(|v| descend(v, visit)),
        _ => {}
    }
}

fn take<'v>(
    step: &Step,
    value: &'v Value,
    look: Look<'v>,
    out: &mut Vec<&'v Value>,
) -> Result<(), String> {
    match step {
        Step::Root => out.push(look.root),
        Step::Deep => out.push(value),
        Step::Field(name) => match value {
            Value::Object(map) => match map.get(name) {
                Some(found) => out.push(found),
                None if look.strict => return Err(format!("{name} is not found")),
                None => {}
            },
            Value::Null => {}
            Value::Array(_) if name.is_empty() => out.push(value),
            _ => {}
        },
        Step::All => match value {
            Value::Object(map) => out.extend(map.values()),
            Value::Array(items) => out.extend(items),
            _ => {}
        },
        Step::Index(index) => {
            let Some(items) = array(value)? else {
                return Ok(());
            };
            let length = items.len() as i64;
            let at = if *index < 0 { index + length } else { *index };
            match usize::try_from(at).ok().and_then(|i| items.get(i)) {
                Some(item) => out.push(item),
                None => return Err(outside(at, length)),
            }
        }
        Step::Slice { from, to, step } => {
            let Some(items) = array(value)? else {
                return Ok(());
            };
            let length = items.len() as i64;
            let place = |i: i64| if i < 0 { i + length } else { i };
            let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(length)));
            if from == to {
                return Ok(());
            }
            if !(0..length).contains(&from) {
                return Err(outside(from, length));
            }
            if !(0..=length).contains(&to) {
                return Err(outside(to - 1, length));
            }
            if from > to {
                return Err(format!(
                    "starting index {from} is greater than ending index {to}"
                ));
            }
            if *step <= 0 {
                return Err("step must be > 0".to_owned());
            }
            let chosen = items.iter().take(to as usize).skip(from as usize);
            out.extend(chosen.step_by(*step as usize));
        }
        Step::Union(paths) => {
            for path in paths {
                out.extend(walk(path, vec![value], look)?);
            }
        }
        Step::Filter {
            left,
            operator,
            right,
        } => {
            let items: Vec<&Value> = match value {
                Value::Array(items) => items.iter().collect(),
                Value::Null => return Ok(()),
                other => {
                    return Err(format!(
                        "{} is not array or slice and cannot be filtered",
                        super::json::go_display(other, 0)
                    ));
                }
            };
            for item in items {
                if passes(left, operator, right.as_ref(), item, look)? {
                    out.push(item);
                }
            }
        }
    }
    Ok(())
}

fn outside(index: i64, length: i64) -> String {
    format!("array index out of bounds: index {index}, length {length}")
}

/// The items of a list; `None` for null, in which nothing is found.
fn array(value: &Value) -> Result<Option<&[Value]>, String> {
    let type_name = match value {
        Value::Array(items) => return Ok(Some(items)),
        Value::Null => return Ok(None),
        Value::Object(_) => "map[string]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
    };
    Err(format!("{type_name} is not array or slice"))
}

fn passes(
    left: &Operand,
    operator: &str,
    right: Option<&Operand>,
    item: &Value,
    look: Look,
) -> Result<bool, String> {
    // Items without the field do not pass; that is no error.
    let calm = Look {
        strict: false,
        ..look
    };
    let resolve = |operand: &Operand| -> Result<Option<Value>, String> {
        Ok(match operand {
            Operand::Literal(value) => Some(value.clone()),
            Operand::Wrong(what) => return Err(what.clone()),
            Operand::Path(steps) => match walk(steps, vec![item], calm)?.as_slice() {
                [] => None,
                [one] => Some((*one).clone()),
                _ => return Err("can only compare one element at a time".to_owned()),
            },
        })
    };
    let left = resolve(left)?;
    let Some(right) = right else {
        return Ok(left.is_some());
    };
    let (Some(left), Some(right)) = (left, resolve(right)?) else {
        return Ok(false);
    };
    let order = match (&left, &right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (a, b) => Some(printed(a).cmp(&printed(b))),
    };
    let Some(order) = order else { return Ok(false) };
    Ok(match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        other => return Err(format!("unrecognized filter operator {other}")),
    })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// The innermost range has met its `{end}`.
    ended: bool,
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

    fn nodes(&mut self, inside_range: bool) -> Result<Vec<Node>, String> {
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

#[cfg(test)]
mod tests {
    use super::Template;
    use serde_json::json;

    #[test]
    fn paths_ranges_filters() {
        let object = json!({
            "items": [
                {"metadata": {"name": "a", "labels": {"k8s.io/x": "1"}}, "n": 3, "ok": true},
                {"metadata": {"name": "b"}, "n": 5, "ok": false},
            ],
            "kind": "List",
        });
        for (template, expected) in [
            ("{.kind}", "List"),
            ("{.items[*].metadata.name}", "a b"),
            (
                "{.items[0].metadata.name} {.items[-1].metadata.name}{\"\\n\"}",
                "a b\n",
            ),
            (
                "{range .items[*]}{.metadata.name}{\"\\t\"}{.n}{\"\\n\"}{end}",
                "a\t3\nb\t5\n",
            ),
            ("{.items[?(@.n>3)].metadata.name}", "b"),
            ("{.items[?(@.metadata.name==\"a\")].n}", "3"),
            ("{.items[?(@.ok==true)].n}", "3"),
            ("{.items[0].metadata.labels.k8s\\.io/x}", "1"),
            ("{.items[0].metadata.labels['k8s\\.io/x']}", "1"),
            ("{..name}", "a b"),
            ("{.items[0:1].n}", "3"),
            ("{.items[0]['n','ok']}", "3 true"),
            ("{.nope}", ""),
            (
                "{.items[0].metadata}",
                "{\"labels\":{\"k8s.io/x\":\"1\"},\"name\":\"a\"}",
            ),
        ] {
            let rendered = Template::parse(template).unwrap().render(&object);
            assert_eq!(rendered.as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_fails_when_it_is_evaluated() {
        let object = json!({"a": [{"b": 1}, {"b": 2}], "m": {"k": "v"}});
        for (template, expected) in [
            ("{end}", "not in range, nothing to end"),
            ("{foo}", "unrecognized identifier foo"),
            ("{.a[?(@.b==x)]}", "unrecognized identifier x"),
            ("{.a[?(@.b=1)]}", "unrecognized filter operator ="),
            ("{.a[0:9]}", "array index out of bounds: index 8, length 2"),
            (
                "{.a[1:0]}",
                "starting index 1 is greater than ending index 0",
            ),
            ("{.a[0:2:0]}", "step must be > 0"),
            ("{.m[0]}", "map[string]interface {} is not array or slice"),
            (
                "{.m[?(@.k)]}",
                "map[k:v] is not array or slice and cannot be filtered",
            ),
        ] {
            let rendered = Template::parse(template).unwrap().render(&object);
            assert_eq!(rendered.err().as_deref(), Some(expected), "{template}");
        }
        let strict = Template::parse("{.nope}").unwrap().strict(true);
        assert_eq!(
            strict.render(&object).err().as_deref(),
            Some("nope is not found")
        );
    }

    #[test]
    fn errors() {
        for (template, expected) in [
            ("{.items[}", "unterminated array"),
            ("{.a", "unclosed action"),
            ("{.a[x]}", "invalid array index x"),
            ("{.a[?(@.b==1}", "unterminated filter"),
            ("{'a}", "unterminated quoted string"),
        ] {
            assert_eq!(
                Template::parse(template).err().as_deref(),
                Some(expected),
                "{template}"
            );
        }
    }
}
