//! `awk`: patterns and `print`, as people use it for columns.
//!
//! Knows `-F`, `-v`, `BEGIN` and `END`, `$N`, `$NF`, `NR`, `NF`, texts, numbers, comparisons, `~`,
//! `&&` and `||`, sums into variables; no loops, functions or arrays.

use std::collections::BTreeMap;

use super::super::state::{Io, Shell};
use super::{Lines, fail};
use crate::api::pattern::Pattern;

enum Expr {
    Text(String),
    Number(f64),
    Variable(String),
    Field(Box<Expr>),
    Match(Pattern),
    Not(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
}

enum Action {
    Print(Vec<Expr>),
    /// `name = value`, `name += value`, `name++`.
    Set(String, Expr),
}

enum When {
    Begin,
    End,
    Always,
    If(Expr),
}

struct Rule {
    when: When,
    actions: Vec<Action>,
}

/// Expressions nest no deeper.
const DEEPEST: usize = 40;

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self, lines: bool) {
        while self
            .peek()
            .is_some_and(|c| c == ' ' || c == '\t' || (lines && (c == '\n' || c == ';')))
        {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &str) -> bool {
        self.blanks(false);
        let chars: Vec<char> = word.chars().collect();
        let found = self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(&chars));
        if found {
            self.at += chars.len();
        }
        found
    }

    fn word(&mut self) -> String {
        self.blanks(false);
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
            self.at += 1;
        }
        word
    }

    fn rules(&mut self) -> Result<Vec<Rule>, String> {
        let mut rules = Vec::new();
        loop {
            self.blanks(true);
            let Some(next) = self.peek() else {
                return Ok(rules);
            };
            let begin = self.at;
            let when = match next {
                '{' => When::Always,
                _ => match self.word().as_str() {
                    "BEGIN" => When::Begin,
                    "END" => When::End,
                    _ => {
                        self.at = begin;
                        When::If(self.either()?)
                    }
                },
            };
            let actions = match self.take("{") {
                true => self.actions()?,
                false => vec![Action::Print(Vec::new())],
            };
            rules.push(Rule { when, actions });
        }
    }

    fn actions(&mut self) -> Result<Vec<Action>, String> {
        let mut actions = Vec::new();
        loop {
            self.blanks(true);
            if self.take("}") {
                return Ok(actions);
            }
            let name = self.word();
            if name == "print" {
                let mut items = Vec::new();
                loop {
                    self.blanks(false);
                    if matches!(self.peek(), None | Some('}' | ';' | '\n')) {
                        break;
                    }
                    items.push(self.joined()?);
                    if !self.take(",") {
                        break;
                    }
                }
                actions.push(Action::Print(items));
            } else if name.is_empty() {
                return Err(self.complaint());
            } else if self.take("++") {
                let sum = sum(&name, Expr::Number(1.0));
                actions.push(Action::Set(name, sum));
            } else if self.take("+=") {
                let sum = sum(&name, self.joined()?);
                actions.push(Action::Set(name, sum));
            } else if self.take("=") {
                let value = self.joined()?;
                actions.push(Action::Set(name, value));
            } else {
                return Err(self.complaint());
            }
            self.blanks(false);
            if !matches!(self.peek(), Some('}' | ';' | '\n')) {
                return Err(self.complaint());
            }
        }
    }

    fn complaint(&self) -> String {
        let near: String = self.text.iter().skip(self.at).take(12).collect();
        format!("awk: syntax error near \"{near}\"")
    }

    fn either(&mut self) -> Result<Expr, String> {
        let mut left = self.both()?;
        while self.take("||") {
            left = Expr::Binary("||", Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expr, String> {
        let mut left = self.compared()?;
        while self.take("&&") {
            left = Expr::Binary("&&", Box::new(left), Box::new(self.compared()?));
        }
        Ok(left)
    }

    fn compared(&mut self) -> Result<Expr, String> {
        let left = self.joined()?;
        for operator in ["==", "!=", "<=", ">=", "<", ">", "!~", "~"] {
            if self.take(operator) {
                let right = self.joined()?;
                return Ok(Expr::Binary(operator, Box::new(left), Box::new(right)));
            }
        }
        Ok(left)
    }

    /// Values that stand beside each other are one text.
    fn joined(&mut self) -> Result<Expr, String> {
        let mut left = self.added()?;
        loop {
            self.blanks(false);
            match self.peek() {
                Some(c) if c == '$' || c == '"' || c == '(' || c == '_' || c.is_alphanumeric() => {
                    left = Expr::Binary(" ", Box::new(left), Box::new(self.added()?));
                }
                _ => return Ok(left),
            }
        }
    }

    fn added(&mut self) -> Result<Expr, String> {
        let mut left = self.value()?;
        loop {
            self.blanks(false);
            let operator = match self.peek() {
                Some('+') => "+",
                Some('-') => "-",
                Some('*') => "*",
                Some('/') => "/",
                Some('%') => "%",
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Binary(operator, Box::new(left), Box::new(self.value()?));
        }
    }

    fn value(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("awk: the program nests too deeply".to_owned());
        }
        self.blanks(false);
        let value = match self.peek() {
            Some('$') => {
                self.at += 1;
                Expr::Field(Box::new(self.value()?))
            }
            Some('!') => {
                self.at += 1;
                Expr::Not(Box::new(self.value()?))
            }
            Some('(') => {
                self.at += 1;
                let inner = self.either()?;
                if !self.take(")") {
                    return Err(self.complaint());
                }
                inner
            }
            Some('"') => Expr::Text(self.quoted('"')?),
            Some('/') => {
                let source = self.quoted('/')?;
                Expr::Match(Pattern::compile(&source, true, false)?)
            }
            Some(c) if c.is_ascii_digit() => {
                let mut digits = String::new();
                while let Some(c) = self.peek().filter(|c| c.is_ascii_digit() || *c == '.') {
                    digits.push(c);
                    self.at += 1;
                }
                Expr::Number(digits.parse().unwrap_or(0.0))
            }
            Some(c) if c.is_alphabetic() || c == '_' => Expr::Variable(self.word()),
            _ => return Err(self.complaint()),
        };
        self.depth -= 1;
        Ok(value)
    }

    /// A text up to its end mark, with the escapes of awk.
    fn quoted(&mut self, end: char) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                c if c == end => return Ok(out),
                '\\' => {
                    let next = self.peek().unwrap_or('\\');
                    self.at += 1;
                    match (next, end) {
                        ('n', '"') => out.push('\n'),
                        ('t', '"') => out.push('\t'),
                        (next, _) if next == end => out.push(next),
                        ('\\', '"') => out.push('\\'),
                        (next, _) => out.extend(['\\', next]),
                    }
                }
                c => out.push(c),
            }
        }
        Err("awk: a text has no end".to_owned())
    }
}

fn sum(name: &str, by: Expr) -> Expr {
    Expr::Binary("+", Box::new(Expr::Variable(name.to_owned())), Box::new(by))
}

/// What the program sees of a line.
#[derive(Default)]
struct Machine {
    line: String,
    fields: Vec<String>,
    variables: BTreeMap<String, String>,
}

fn number_text(number: f64) -> String {
    match number.fract() == 0.0 && number.abs() < 1e15 {
        true => format!("{}", number as i64),
        false => {
            let text = format!("{number:.6}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// The number that a text begins with, as awk takes it.
fn number(text: &str) -> f64 {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && matches!(c, '-' | '+'))))
        .map_or(text.len(), |(i, _)| i);
    text.get(..end).unwrap_or_default().parse().unwrap_or(0.0)
}

impl Machine {
    fn split(&mut self, line: &str, separator: &str) {
        self.line = line.to_owned();
        let one = separator
            .chars()
            .next()
            .filter(|_| separator.chars().count() == 1);
        self.fields = match one {
            None if separator.is_empty() => line.split_whitespace().map(str::to_owned).collect(),
            Some(' ') => line.split_whitespace().map(str::to_owned).collect(),
            Some(c) => line.split(c).map(str::to_owned).collect(),
            None => match Pattern::compile(separator, true, false) {
                Ok(pattern) => by_pattern(line, &pattern),
                Err(_) => vec![line.to_owned()],
            },
        };
    }

    fn text(&self, expr: &Expr) -> String {
        match expr {
            Expr::Text(text) => text.clone(),
            Expr::Number(number) => number_text(*number),
            Expr::Variable(name) if name == "NF" => self.fields.len().to_string(),
            Expr::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Expr::Field(index) => match number(&self.text(index)) as usize {
                0 => self.line.clone(),
                n => self.fields.get(n - 1).cloned().unwrap_or_default(),
            },
            Expr::Match(_) | Expr::Not(_) => u8::from(self.holds(expr)).to_string(),
            Expr::Binary(operator, left, right) => match *operator {
                " " => self.text(left) + &self.text(right),
                "+" | "-" | "*" | "/" | "%" => {
                    let (a, b) = (number(&self.text(left)), number(&self.text(right)));
                    number_text(match *operator {
                        "+" => a + b,
                        "-" => a - b,
                        "*" => a * b,
                        "/" if b != 0.0 => a / b,
                        "%" if b != 0.0 => a % b,
                        _ => 0.0,
                    })
                }
                _ => u8::from(self.holds(expr)).to_string(),
            },
        }
    }

    fn holds(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Match(pattern) => pattern.is_match(&self.line),
            Expr::Not(inner) => !self.holds(inner),
            Expr::Binary("&&", left, right) => self.holds(left) && self.holds(right),
            Expr::Binary("||", left, right) => self.holds(left) || self.holds(right),
            Expr::Binary(operator @ ("~" | "!~"), left, right) => {
                let text = self.text(left);
                let found = match &**right {
                    Expr::Match(pattern) => pattern.is_match(&text),
                    other => Pattern::compile(&self.text(other), true, false)
                        .is_ok_and(|pattern| pattern.is_match(&text)),
                };
                found == (*operator == "~")
            }
            Expr::Binary(operator @ ("==" | "!=" | "<" | "<=" | ">" | ">="), left, right) => {
                let (a, b) = (self.text(left), self.text(right));
                let numeric = |t: &str| t.trim().parse::<f64>().is_ok();
                let literal = matches!(**left, Expr::Text(_)) || matches!(**right, Expr::Text(_));
                let order = match !literal && numeric(&a) && numeric(&b) {
                    true => number(&a).total_cmp(&number(&b)),
                    false => a.cmp(&b),
                };
                match *operator {
                    "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    ">" => order.is_gt(),
                    _ => order.is_ge(),
                }
            }
            other => {
                let text = self.text(other);
                match text.trim().parse::<f64>() {
                    Ok(number) => number != 0.0,
                    Err(_) => !text.is_empty(),
                }
            }
        }
    }

    fn run(&mut self, io: &Io, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Print(items) if items.is_empty() => io.out.line(&self.line),
                Action::Print(items) => {
                    let texts: Vec<String> = items.iter().map(|i| self.text(i)).collect();
                    let between = self.variables.get("OFS").map_or(" ", String::as_str);
                    io.out.line(&texts.join(between));
                }
                Action::Set(name, value) => {
                    let value = self.text(value);
                    self.variables.insert(name.clone(), value);
                }
            }
        }
    }
}

fn by_pattern(line: &str, pattern: &Pattern) -> Vec<String> {
    let mut out = vec![String::new()];
    for (i, piece) in line
        .split_inclusive(|c: char| pattern.is_match(&c.to_string()))
        .enumerate()
    {
        let mut piece = piece.to_owned();
        let cut = piece
            .chars()
            .last()
            .is_some_and(|c| pattern.is_match(&c.to_string()));
        if cut {
            piece.pop();
        }
        if i > 0 {
            out.push(String::new());
        }
        if let Some(last) = out.last_mut() {
            last.push_str(&piece);
        }
    }
    out
}

pub async fn awk(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut machine = Machine::default();
    let mut program = None;
    let mut names: Vec<&str> = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if program.is_none()
            && let Some(value) = word.strip_prefix("-F")
        {
            let value = match value {
                "" => words.next().map_or("", String::as_str),
                value => value,
            };
            machine
                .variables
                .insert("FS".to_owned(), value.replace("\\t", "\t"));
        } else if program.is_none() && word == "-v" {
            let pair = words.next().map_or("", String::as_str);
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            machine.variables.insert(name.to_owned(), value.to_owned());
        } else if program.is_none() {
            program = Some(word.as_str());
        } else {
            names.push(word);
        }
    }
    let Some(program) = program else {
        return fail(io, "usage: awk [-F fs][-v var=value] 'prog' [file ...]", 2);
    };
    let mut reader = Reader {
        text: program.chars().collect(),
        at: 0,
        depth: 0,
    };
    let rules = match reader.rules() {
        Ok(rules) => rules,
        Err(message) => return fail(io, &message, 2),
    };
    let lines = match Lines::open(shell, io, "awk", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 2),
    };
    for rule in rules.iter().filter(|r| matches!(r.when, When::Begin)) {
        machine.run(io, &rule.actions);
    }
    let mut count = 0u64;
    while let Some(line) = lines.next().await {
        count += 1;
        machine.variables.insert("NR".to_owned(), count.to_string());
        let separator = machine.variables.get("FS").cloned().unwrap_or_default();
        machine.split(line.trim_end_matches('\n'), &separator);
        for rule in &rules {
            let runs = match &rule.when {
                When::Begin | When::End => false,
                When::Always => true,
                When::If(expr) => machine.holds(expr),
            };
            if runs {
                machine.run(io, &rule.actions);
            }
        }
    }
    for rule in rules.iter().filter(|r| matches!(r.when, When::End)) {
        machine.run(io, &rule.actions);
    }
    0
}
