//! Expansion of words: variables, command substitution, arithmetic, splitting, file names.

use std::rc::Rc;

use super::lex::{Part, Word, lex};
use super::run::Shell;
use super::{Machine, lex::Token};

/// How long an expanded word can get.
const MOST_BYTES: usize = 64 << 10;
/// How deep arithmetic and defaults nest.
const MOST_DEPTH: usize = 30;

impl Shell {
    /// All fields of some words.
    pub(super) fn expand_all(&mut self, words: &[Word], m: &mut dyn Machine) -> Vec<Rc<str>> {
        let mut fields = Vec::new();
        for word in words {
            self.expand_fields(word, m, &mut fields);
        }
        fields
    }

    /// A word as one field: assignments, redirections, `case`.
    pub(super) fn expand_one(&mut self, word: &Word, m: &mut dyn Machine) -> String {
        let mut text = String::new();
        for part in &word.parts {
            let value = self.part(part, m);
            text.push_str(&value);
            truncate(&mut text);
        }
        text
    }

    fn expand_fields(&mut self, word: &Word, m: &mut dyn Machine, fields: &mut Vec<Rc<str>>) {
        // Quotes leave empty texts beside what they hold.
        let is_text = |part: &&Part| !matches!(part, Part::Text(text) if text.is_empty());
        let mut parts = word.parts.iter().filter(is_text);
        if let (Some(Part::Variable { expression, .. }), None) = (parts.next(), parts.next())
            && &**expression == "@"
        {
            fields.extend(self.args.iter().skip(1).cloned());
            return;
        }
        let mut current = String::new();
        let mut any = word.quoted;
        for part in &word.parts {
            let value = self.part(part, m);
            let split = matches!(
                part,
                Part::Variable { quoted: false, .. } | Part::Command { quoted: false, .. }
            );
            if !split {
                any = any || !value.is_empty();
                current.push_str(&value);
                truncate(&mut current);
                continue;
            }
            if value.starts_with(char::is_whitespace) && !current.is_empty() {
                fields.push(std::mem::take(&mut current).into());
            }
            let mut pieces = value.split_whitespace().peekable();
            while let Some(piece) = pieces.next() {
                any = true;
                current.push_str(piece);
                truncate(&mut current);
                if pieces.peek().is_some() || value.ends_with(char::is_whitespace) {
                    fields.push(std::mem::take(&mut current).into());
                }
            }
        }
        if current.is_empty() && !(any && word.quoted) {
            return;
        }
        if !word.quoted && current.contains('*') {
            let names = self.file_names(&current, m);
            if !names.is_empty() {
                fields.extend(names);
                return;
            }
        }
        fields.push(current.into());
    }

    /// The files that a pattern names: `*` in the last part of a path.
    fn file_names(&self, pattern: &str, m: &dyn Machine) -> Vec<Rc<str>> {
        let (folder, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        if folder.contains('*') {
            return Vec::new();
        }
        let path = super::super::files::absolute(
            &self.folder,
            if pattern.starts_with('/') && folder.is_empty() {
                "/"
            } else {
                folder
            },
        );
        let prefix = match pattern.contains('/') {
            true => format!("{folder}/"),
            false => String::new(),
        };
        let names = m.list(&path).unwrap_or_default().into_iter();
        names
            .filter(|name| !name.starts_with('.') && matches(last, name))
            .map(|name| format!("{prefix}{name}").into())
            .collect()
    }

    fn part(&mut self, part: &Part, m: &mut dyn Machine) -> String {
        match part {
            Part::Text(text) => text.to_string(),
            Part::Variable { expression, .. } => self.variable(expression, m, 0),
            Part::Command { script, .. } => {
                let output = self.substitute(script, m);
                output.trim_end_matches('\n').to_owned()
            }
            Part::Arithmetic(text) => self.arithmetic(text, m).to_string(),
        }
    }

    /// The value of a variable; `None` when it is not set.
    pub(super) fn value_of(&self, name: &str, m: &mut dyn Machine) -> Option<String> {
        let joined = |args: &[Rc<str>]| args.join(" ");
        Some(match name {
            "?" => self.status.to_string(),
            "$" if self.beside => super::kill::BESIDE.to_string(),
            "$" => m.own_pid().to_string(),
            "!" if self.forked == 0 => String::new(),
            "!" => self.forked.to_string(),
            "-" => String::new(),
            "#" => self.args.len().saturating_sub(1).to_string(),
            "@" | "*" => joined(self.args.get(1..).unwrap_or_default()),
            "RANDOM" => m.random(32768).to_string(),
            "SECONDS" => m.now().since(self.began).as_secs().to_string(),
            "PWD" => self.folder.clone(),
            name if name.starts_with(|c: char| c.is_ascii_digit()) => {
                let index: usize = name.parse().ok()?;
                self.args.get(index)?.to_string()
            }
            name => self.variables.get(name)?.to_string(),
        })
    }

    /// What stands between `${` and `}`.
    fn variable(&mut self, expression: &str, m: &mut dyn Machine, depth: usize) -> String {
        if let Some(name) = expression.strip_prefix('#').filter(|n| !n.is_empty()) {
            let value = self.value_of(name, m).unwrap_or_default();
            return value.chars().count().to_string();
        }
        let special = expression.starts_with(['?', '$', '!', '#', '@', '*', '-']);
        let end = match special {
            true => 1,
            false => expression
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(expression.len()),
        };
        let (name, operation) = expression.split_at(end);
        let value = self.value_of(name, m);
        if operation.is_empty() || depth > MOST_DEPTH {
            return value.unwrap_or_default();
        }
        let (colon, operation) = match operation.strip_prefix(':') {
            Some(operation) => (true, operation),
            None => (false, operation),
        };
        let present = value.as_ref().is_some_and(|v| !(colon && v.is_empty()));
        let mut chars = operation.chars();
        let operator = chars.next().unwrap_or(' ');
        let operand = chars.as_str();
        match operator {
            '-' if !present => self.operand(operand, m),
            '=' if !present => {
                let text = self.operand(operand, m);
                self.variables.insert(name.into(), text.as_str().into());
                text
            }
            '+' => match present {
                true => self.operand(operand, m),
                false => String::new(),
            },
            '?' if !present => {
                let text = self.operand(operand, m);
                self.complain(&format!("{name}: {text}"));
                self.abort = Some(2);
                String::new()
            }
            '%' | '#' => self.trim(&value.unwrap_or_default(), operator, operand, m),
            _ => value.unwrap_or_default(),
        }
    }

    /// A word after an operator in `${}`.
    fn operand(&mut self, text: &str, m: &mut dyn Machine) -> String {
        self.nesting += 1;
        let word = match lex(&format!(
            "\"{}\"",
            text.trim_matches('"').replace('"', "\\\"")
        )) {
            Ok(tokens) if self.nesting < MOST_DEPTH => tokens.into_iter().next(),
            _ => None,
        };
        let value = match word {
            Some(Token::Word(word)) => self.expand_one(&word, m),
            _ => text.to_owned(),
        };
        self.nesting -= 1;
        value
    }

    /// `${x%pattern}` and the like.
    fn trim(&mut self, value: &str, operator: char, operand: &str, m: &mut dyn Machine) -> String {
        let (longest, operand) = match operand.strip_prefix(operator) {
            Some(operand) => (true, operand),
            None => (false, operand),
        };
        let pattern = self.operand(operand, m);
        let mut cuts: Vec<usize> = value.char_indices().map(|(i, _)| i).collect();
        cuts.push(value.len());
        let from_front = operator == '#';
        // The shortest piece comes first: from the front small cuts, from the back large ones.
        if from_front == longest {
            cuts.reverse();
        }
        for cut in cuts {
            let (head, tail) = value.split_at(cut);
            let (piece, rest) = if from_front {
                (head, tail)
            } else {
                (tail, head)
            };
            if matches(&pattern, piece) {
                return rest.to_owned();
            }
        }
        value.to_owned()
    }

    /// Whole-number arithmetic; nonsense is 0.
    fn arithmetic(&mut self, text: &str, m: &mut dyn Machine) -> i64 {
        let mut plain = String::new();
        let mut rest = text;
        // `$x` and `$(...)` first, then names.
        self.nesting += 1;
        if text.contains('$')
            && self.nesting < MOST_DEPTH
            && let Ok(tokens) = lex(&format!("\"{text}\""))
            && let Some(Token::Word(word)) = tokens.into_iter().next()
        {
            plain = self.expand_one(&word, m);
            rest = &plain;
        }
        let mut parser = Arithmetic {
            rest,
            value_of: &|name| self.variables.get(name).and_then(|v| v.trim().parse().ok()),
            depth: 0,
        };
        let value = parser.expression(0);
        self.nesting -= 1;
        drop(plain);
        value
    }
}

fn truncate(text: &mut String) {
    if text.len() > MOST_BYTES {
        let mut end = MOST_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}

/// A shell pattern: `*` and `?`.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star, mut mark) = (0, 0, None, 0);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some(p);
                mark = t;
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some(s) => {
                    p = s + 1;
                    mark += 1;
                    t = mark;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

/// A parser of `$((...))` by precedence.
struct Arithmetic<'a> {
    rest: &'a str,
    value_of: &'a dyn Fn(&str) -> Option<i64>,
    depth: usize,
}

/// By rising precedence.
const LEVELS: [&[&str]; 6] = [
    &["||"],
    &["&&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Arithmetic<'_> {
    fn expression(&mut self, level: usize) -> i64 {
        self.depth += 1;
        let Some(operators) = LEVELS.get(level).filter(|_| self.depth < 200) else {
            let value = self.primary();
            self.depth -= 1;
            return value;
        };
        let mut left = self.expression(level + 1);
        loop {
            self.rest = self.rest.trim_start();
            let Some(op) = operators.iter().find(|op| self.rest.starts_with(**op)) else {
                self.depth -= 1;
                return left;
            };
            self.rest = self.rest.get(op.len()..).unwrap_or_default();
            let right = self.expression(level + 1);
            left = match *op {
                "||" => i64::from(left != 0 || right != 0),
                "&&" => i64::from(left != 0 && right != 0),
                "==" => i64::from(left == right),
                "!=" => i64::from(left != right),
                "<=" => i64::from(left <= right),
                ">=" => i64::from(left >= right),
                "<" => i64::from(left < right),
                ">" => i64::from(left > right),
                "+" => left.wrapping_add(right),
                "-" => left.wrapping_sub(right),
                "*" => left.wrapping_mul(right),
                "/" => left.checked_div(right).unwrap_or_default(),
                _ => left.checked_rem(right).unwrap_or_default(),
            };
        }
    }

    fn primary(&mut self) -> i64 {
        self.rest = self.rest.trim_start();
        if self.depth >= 200 {
            return 0;
        }
        let mut chars = self.rest.chars();
        match chars.next() {
            Some('(') => {
                self.rest = chars.as_str();
                let value = self.expression(0);
                self.rest = self
                    .rest
                    .trim_start()
                    .strip_prefix(')')
                    .unwrap_or(self.rest);
                value
            }
            Some(sign @ ('-' | '+' | '!')) => {
                self.rest = chars.as_str();
                self.depth += 1;
                let value = self.primary();
                self.depth -= 1;
                match sign {
                    '-' => value.wrapping_neg(),
                    '!' => i64::from(value == 0),
                    _ => value,
                }
            }
            _ => {
                let end = self
                    .rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                word.parse()
                    .ok()
                    .or_else(|| (self.value_of)(word))
                    .unwrap_or_default()
            }
        }
    }
}
