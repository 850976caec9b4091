//! Running programs.

use std::rc::Rc;

use super::format::format_values;
use super::parse::{Expr, Function, Program, Statement};
use super::value::Value;
use crate::api::pattern::Pattern;
use crate::sim::ordered::Map;

/// No program does more, and no text or field list is longer.
const MOST_STEPS: u64 = 5_000_000;
const LONGEST: usize = 4 << 20;
const MOST_FIELDS: usize = 100_000;
/// Functions call each other no deeper.
const DEEPEST: usize = 200;

/// Why statements end before their end.
pub enum Stop {
    Next,
    Exit,
    Break,
    Continue,
    Return(Value),
    Error(String),
}

type Done<T = ()> = Result<T, Stop>;

/// What a name stands for.
#[derive(Clone)]
enum Cell {
    Scalar(Value),
    /// A place in the list of arrays.
    Array(usize),
    /// An argument that was not used yet: it may become an array.
    Open(usize),
}

pub struct Machine<'p> {
    program: &'p Program,
    names: Map<Rc<str>, Cell>,
    frames: Vec<Map<Rc<str>, Cell>>,
    arrays: Vec<Map<Rc<str>, Value>>,
    patterns: Map<Rc<str>, Rc<Pattern>>,
    line: Rc<str>,
    fields: Vec<Value>,
    steps: u64,
    seed: u64,
    pub code: i32,
    /// What it printed and nobody took yet.
    pub out: String,
    pub err: String,
    /// Files that `print >` writes.
    pub files: Vec<(String, String)>,
}

fn error<T>(message: impl Into<String>) -> Done<T> {
    Err(Stop::Error(message.into()))
}

impl<'p> Machine<'p> {
    pub fn new(program: &'p Program) -> Machine<'p> {
        let mut machine = Machine {
            program,
            names: Map::default(),
            frames: Vec::new(),
            arrays: Vec::new(),
            patterns: Map::default(),
            line: "".into(),
            fields: Vec::new(),
            steps: 0,
            seed: 1,
            code: 0,
            out: String::new(),
            err: String::new(),
            files: Vec::new(),
        };
        for (name, text) in [
            ("FS", " "),
            ("OFS", " "),
            ("ORS", "\n"),
            ("RS", "\n"),
            ("SUBSEP", "\x1c"),
            ("OFMT", "%.6g"),
            ("CONVFMT", "%.6g"),
        ] {
            machine.set_name(name, Value::text(text));
        }
        machine
    }

    fn say(&mut self, text: &str) -> Done {
        if self.out.len() > LONGEST {
            return error("the output is too long");
        }
        self.out.push_str(text);
        Ok(())
    }

    pub fn set_name(&mut self, name: &str, value: Value) {
        self.names.insert(name.into(), Cell::Scalar(value));
    }

    pub fn variable(&self, name: &str) -> Value {
        match self.names.get(name) {
            Some(Cell::Scalar(value)) => value.clone(),
            _ => Value::Unset,
        }
    }

    fn step(&mut self) -> Done {
        self.steps += 1;
        match self.steps > MOST_STEPS {
            true => error("the program runs too long"),
            false => Ok(()),
        }
    }

    /// Takes a line in.
    pub fn read(&mut self, line: &str) {
        self.line = line.into();
        let separator = self.variable("FS").string();
        self.fields = self
            .split(line, &separator)
            .into_iter()
            .map(|field| Value::Input(field.into()))
            .collect();
        self.count();
    }

    fn count(&mut self) {
        self.set_name("NF", Value::Number(self.fields.len() as f64));
    }

    fn split(&mut self, text: &str, separator: &str) -> Vec<String> {
        let mut chars = separator.chars();
        match (chars.next(), chars.next()) {
            (None, _) => text.chars().map(String::from).collect(),
            (Some(' '), None) => text.split_whitespace().map(str::to_owned).collect(),
            _ if text.is_empty() => Vec::new(),
            // One letter stands for itself, whatever it means in a pattern.
            (Some(c), None) => text.split(c).map(str::to_owned).collect(),
            _ => match self.pattern(separator) {
                Ok(pattern) => by_pattern(text, &pattern),
                Err(_) => vec![text.to_owned()],
            },
        }
    }

    fn pattern(&mut self, source: &str) -> Done<Rc<Pattern>> {
        if let Some(found) = self.patterns.get(source) {
            return Ok(found.clone());
        }
        match Pattern::compile(source, true, false) {
            Ok(pattern) => {
                let pattern = Rc::new(pattern);
                if self.patterns.len() > 500 {
                    self.patterns.clear();
                }
                self.patterns.insert(source.into(), pattern.clone());
                Ok(pattern)
            }
            Err(message) => error(format!(
                "regular expression compile failed: {message}\n{source}"
            )),
        }
    }

    fn pattern_of(&mut self, expr: &Expr) -> Done<Rc<Pattern>> {
        match expr {
            Expr::Pattern(pattern) => Ok(pattern.clone()),
            other => {
                let source = self.eval(other)?.string();
                self.pattern(&source)
            }
        }
    }

    fn field(&self, index: usize) -> Value {
        match index.checked_sub(1) {
            None => Value::Input(self.line.clone()),
            Some(at) => self.fields.get(at).cloned().unwrap_or(Value::Unset),
        }
    }

    fn set_field(&mut self, index: usize, value: Value) -> Done {
        let Some(at) = index.checked_sub(1) else {
            let line = value.string();
            self.read(&line);
            return Ok(());
        };
        if at >= MOST_FIELDS {
            return error("there are too many fields");
        }
        if self.fields.len() <= at {
            self.fields.resize(at + 1, Value::Unset);
            self.count();
        }
        if let Some(field) = self.fields.get_mut(at) {
            *field = value;
        }
        self.rebuild();
        Ok(())
    }

    /// The line out of its fields.
    fn rebuild(&mut self) {
        let between = self.variable("OFS").string();
        let texts: Vec<Rc<str>> = self.fields.iter().map(Value::string).collect();
        self.line = texts.join(&*between).into();
    }

    fn cell(&self, name: &str) -> Option<&Cell> {
        let local = self.frames.last().and_then(|frame| frame.get(name));
        local.or_else(|| self.names.get(name))
    }

    fn set_cell(&mut self, name: &str, cell: Cell) {
        if let Some(local) = self.frames.last_mut().and_then(|frame| frame.get_mut(name)) {
            *local = cell;
            return;
        }
        self.names.insert(name.into(), cell);
    }

    /// The array of a name, which is one from then on.
    fn array(&mut self, name: &str) -> Done<usize> {
        let place = match self.cell(name) {
            Some(Cell::Array(place)) => return Ok(*place),
            Some(Cell::Open(place)) => *place,
            Some(Cell::Scalar(Value::Unset)) | None => {
                self.arrays.push(Map::default());
                self.arrays.len() - 1
            }
            Some(Cell::Scalar(_)) => {
                return error(format!("attempt to use scalar `{name}' as an array"));
            }
        };
        self.set_cell(name, Cell::Array(place));
        Ok(place)
    }

    fn key(&mut self, parts: &[Expr]) -> Done<Rc<str>> {
        let mut texts = Vec::new();
        for part in parts {
            texts.push(self.eval(part)?.string());
        }
        let between = self.variable("SUBSEP").string();
        Ok(texts.join(&*between).into())
    }

    fn value_at(&mut self, array: usize, key: &Rc<str>) -> Value {
        match self.arrays.get_mut(array) {
            Some(map) => map.entry(key.clone()).or_insert(Value::Unset).clone(),
            None => Value::Unset,
        }
    }

    fn assign(&mut self, target: &Expr, value: Value) -> Done<Value> {
        match target {
            Expr::Variable(name) => {
                if matches!(self.cell(name), Some(Cell::Array(_))) {
                    return error(format!("attempt to use array `{name}' as a scalar"));
                }
                self.set_cell(name, Cell::Scalar(value.clone()));
                if &**name == "NF" {
                    let count = (value.number().max(0.0) as usize).min(MOST_FIELDS);
                    self.fields.resize(count, Value::Unset);
                    self.rebuild();
                }
            }
            Expr::Element(name, parts) => {
                let key = self.key(parts)?;
                let array = self.array(name)?;
                if let Some(map) = self.arrays.get_mut(array) {
                    map.insert(key, value.clone());
                }
            }
            Expr::Field(index) => {
                let index = self.eval(index)?.number();
                if index < 0.0 {
                    return error("attempt to access field -1");
                }
                self.set_field(index as usize, value.clone())?;
            }
            _ => return error("that cannot be assigned to"),
        }
        Ok(value)
    }

    pub fn eval(&mut self, expr: &Expr) -> Done<Value> {
        self.step()?;
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Pattern(pattern) => Value::truth(pattern.is_match(&self.line)),
            Expr::Variable(name) => match self.cell(name) {
                Some(Cell::Scalar(value)) => value.clone(),
                Some(Cell::Array(_)) => {
                    return error(format!("attempt to use array `{name}' in a scalar context"));
                }
                Some(Cell::Open(_)) | None => Value::Unset,
            },
            Expr::Element(name, parts) => {
                let key = self.key(parts)?;
                let array = self.array(name)?;
                self.value_at(array, &key)
            }
            Expr::Field(index) => {
                let index = self.eval(index)?.number();
                if index < 0.0 {
                    return error(format!("attempt to access field {index}"));
                }
                self.field(index as usize)
            }
            Expr::Assign(operator, target, value) => {
                let value = self.eval(value)?;
                let value = match operator {
                    ' ' => value,
                    operator => {
                        let before = self.eval(target)?.number();
                        Value::Number(arithmetic(*operator, before, value.number())?)
                    }
                };
                self.assign(target, value)?
            }
            Expr::Choice(condition, yes, no) => match self.eval(condition)?.holds() {
                true => self.eval(yes)?,
                false => self.eval(no)?,
            },
            Expr::And(a, b) => Value::truth(self.eval(a)?.holds() && self.eval(b)?.holds()),
            Expr::Or(a, b) => Value::truth(self.eval(a)?.holds() || self.eval(b)?.holds()),
            Expr::Not(a) => Value::truth(!self.eval(a)?.holds()),
            Expr::Minus(a) => Value::Number(-self.eval(a)?.number()),
            Expr::Plus(a) => Value::Number(self.eval(a)?.number()),
            Expr::In(parts, name) => {
                let key = self.key(parts)?;
                let array = self.array(name)?;
                Value::truth(self.arrays.get(array).is_some_and(|m| m.contains_key(&key)))
            }
            Expr::Match(wanted, text, pattern) => {
                let text = self.eval(text)?.string();
                let pattern = self.pattern_of(pattern)?;
                Value::truth(pattern.is_match(&text) == *wanted)
            }
            Expr::Compare(sign, a, b) => {
                let order = self.eval(a)?.compare(&self.eval(b)?);
                Value::truth(match *sign {
                    "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    ">" => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            Expr::Sum(operator, a, b) => {
                let (a, b) = (self.eval(a)?.number(), self.eval(b)?.number());
                Value::Number(arithmetic(*operator, a, b)?)
            }
            Expr::Join(a, b) => {
                let (a, b) = (self.eval(a)?.string(), self.eval(b)?.string());
                if a.len() + b.len() > LONGEST {
                    return error("the text is too long");
                }
                Value::Text(format!("{a}{b}").into())
            }
            Expr::Step(new, by, target) => {
                let before = self.eval(target)?.number();
                self.assign(target, Value::Number(before + by))?;
                Value::Number(if *new { before + by } else { before })
            }
            Expr::Call(name, arguments) => return self.call(name, arguments),
            Expr::List(parts) => Value::Text(self.key(parts)?),
        })
    }

    fn call(&mut self, name: &Rc<str>, arguments: &[Expr]) -> Done<Value> {
        let program = self.program;
        let own = program.functions.iter().find(|(n, _)| n == name);
        if let Some((_, function)) = own {
            return self.call_own(function, arguments);
        }
        super::functions::call(self, name, arguments)
    }

    fn call_own(&mut self, function: &Rc<Function>, arguments: &[Expr]) -> Done<Value> {
        if self.frames.len() >= DEEPEST {
            return error("functions nest too deeply");
        }
        if arguments.len() > function.parameters.len() {
            return error("function called with more arguments than declared");
        }
        let mut frame = Map::default();
        for (i, parameter) in function.parameters.iter().enumerate() {
            let cell = match arguments.get(i) {
                Some(Expr::Variable(name)) => match self.cell(name) {
                    Some(cell @ (Cell::Array(_) | Cell::Open(_))) => cell.clone(),
                    Some(Cell::Scalar(value)) if !matches!(value, Value::Unset) => {
                        Cell::Scalar(value.clone())
                    }
                    _ => {
                        self.arrays.push(Map::default());
                        let place = self.arrays.len() - 1;
                        self.set_cell(name, Cell::Open(place));
                        Cell::Open(place)
                    }
                },
                Some(expr) => Cell::Scalar(self.eval(expr)?),
                None => Cell::Scalar(Value::Unset),
            };
            frame.insert(parameter.clone(), cell);
        }
        self.frames.push(frame);
        let ended = self.run(&function.body);
        self.frames.pop();
        match ended {
            Ok(()) => Ok(Value::Unset),
            Err(Stop::Return(value)) => Ok(value),
            Err(stop) => Err(stop),
        }
    }

    /// The array that an argument names.
    pub fn array_of(&mut self, expr: Option<&Expr>) -> Done<usize> {
        match expr {
            Some(Expr::Variable(name)) => self.array(name),
            _ => error("an array is needed"),
        }
    }

    pub fn array_length(&mut self, expr: &Expr) -> Option<usize> {
        match expr {
            Expr::Variable(name) => match self.cell(name) {
                Some(Cell::Array(place)) => self.arrays.get(*place).map(Map::len),
                _ => None,
            },
            _ => None,
        }
    }

    /// Fills an array with the parts of a text; how many there are.
    pub fn split_into(&mut self, array: usize, text: &str, by: Option<&Expr>) -> Done<usize> {
        let parts = match by {
            Some(Expr::Pattern(pattern)) => match text.is_empty() {
                true => Vec::new(),
                false => by_pattern(text, pattern),
            },
            Some(expr) => {
                let separator = self.eval(expr)?.string();
                self.split(text, &separator)
            }
            None => {
                let separator = self.variable("FS").string();
                self.split(text, &separator)
            }
        };
        let count = parts.len();
        if let Some(map) = self.arrays.get_mut(array) {
            map.clear();
            for (i, part) in parts.into_iter().enumerate() {
                map.insert((i + 1).to_string().into(), Value::Input(part.into()));
            }
        }
        Ok(count)
    }

    /// `sub` and `gsub`; how many there were.
    pub fn substitute(&mut self, arguments: &[Expr], all: bool) -> Done<Value> {
        let [pattern, with, rest @ ..] = arguments else {
            return error("sub needs a pattern and a text");
        };
        let line = Expr::Field(Box::new(Expr::Number(0.0)));
        let target = rest.first().unwrap_or(&line);
        let pattern = self.pattern_of(pattern)?;
        let with = self.eval(with)?.string();
        let text: Vec<char> = self.eval(target)?.string().chars().collect();
        let mut out = String::new();
        let (mut at, mut count) = (0, 0);
        while at <= text.len() {
            let found = pattern
                .find(&text, at)
                .and_then(|c| c.first().copied().flatten());
            let Some((start, end)) = found.filter(|_| all || count == 0) else {
                break;
            };
            count += 1;
            out.extend(text.iter().skip(at).take(start - at));
            let whole = || text.iter().skip(start).take(end - start);
            let mut chars = with.chars().peekable();
            while let Some(c) = chars.next() {
                match c {
                    '\\' if matches!(chars.peek(), Some('&' | '\\')) => out.extend(chars.next()),
                    '&' => out.extend(whole()),
                    c => out.push(c),
                }
            }
            if out.len() > LONGEST {
                return error("the text is too long");
            }
            at = end;
            if start == end {
                out.extend(text.get(end));
                at += 1;
            }
        }
        if count == 0 {
            return Ok(Value::Number(0.0));
        }
        out.extend(text.iter().skip(at));
        self.assign(target, Value::text(&out))?;
        Ok(Value::Number(f64::from(count)))
    }

    /// `match`: where, and how long.
    pub fn find(&mut self, text: &str, pattern: &Expr) -> Done<Value> {
        let pattern = self.pattern_of(pattern)?;
        let chars: Vec<char> = text.chars().collect();
        let found = pattern
            .find(&chars, 0)
            .and_then(|c| c.first().copied().flatten());
        let (start, length) = match found {
            Some((start, end)) => ((start + 1) as f64, (end - start) as f64),
            None => (0.0, -1.0),
        };
        self.set_name("RSTART", Value::Number(start));
        self.set_name("RLENGTH", Value::Number(length));
        Ok(Value::Number(start))
    }

    /// A number from 0 to 1, the same ones in each run.
    pub fn random(&mut self) -> f64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as f64 / f64::from(1u32 << 31)
    }

    pub fn set_seed(&mut self, seed: f64) {
        self.seed = seed.to_bits();
    }

    pub fn whole_line(&self) -> Rc<str> {
        self.line.clone()
    }

    /// A text from a format and values.
    pub fn formatted(&mut self, values: &[Expr]) -> Done<String> {
        let Some((format, rest)) = values.split_first() else {
            return Ok(String::new());
        };
        let format = self.eval(format)?.string();
        let mut arguments = Vec::new();
        for expr in rest {
            arguments.push(self.eval(expr)?);
        }
        Ok(format_values(&format, &arguments))
    }

    pub fn run(&mut self, statement: &Statement) -> Done {
        self.step()?;
        match statement {
            Statement::Expr(expr) => {
                self.eval(expr)?;
            }
            Statement::Print {
                formatted,
                values,
                to,
            } => {
                let text = match (formatted, values.is_empty()) {
                    (true, _) => self.formatted(values)?,
                    (false, true) => format!("{}{}", self.line, self.variable("ORS").string()),
                    (false, false) => {
                        let mut texts = Vec::new();
                        for value in values {
                            texts.push(self.eval(value)?.string());
                        }
                        let between = self.variable("OFS").string();
                        texts.join(&*between) + &self.variable("ORS").string()
                    }
                };
                let Some(to) = to else {
                    self.say(&text)?;
                    return Ok(());
                };
                let name = self.eval(to)?.string();
                match &*name {
                    "/dev/stderr" => self.err.push_str(&text),
                    "/dev/stdout" | "-" => self.say(&text)?,
                    "/dev/null" => {}
                    name => match self.files.iter_mut().find(|(n, _)| n == name) {
                        Some((_, file)) if file.len() < LONGEST => file.push_str(&text),
                        Some(_) => return error("the file is too long"),
                        None => self.files.push((name.to_owned(), text)),
                    },
                }
            }
            Statement::If(condition, then, otherwise) => {
                match (self.eval(condition)?.holds(), otherwise) {
                    (true, _) => self.run(then)?,
                    (false, Some(otherwise)) => self.run(otherwise)?,
                    (false, None) => {}
                }
            }
            Statement::While(body_first, condition, body) => {
                if *body_first && !self.once(body)? {
                    return Ok(());
                }
                while self.eval(condition)?.holds() {
                    if !self.once(body)? {
                        break;
                    }
                }
            }
            Statement::For(first, condition, step, body) => {
                if let Some(first) = first {
                    self.run(first)?;
                }
                loop {
                    if let Some(condition) = condition
                        && !self.eval(condition)?.holds()
                    {
                        break;
                    }
                    if !self.once(body)? {
                        break;
                    }
                    if let Some(step) = step {
                        self.run(step)?;
                    }
                }
            }
            Statement::Each(key, name, body) => {
                let array = self.array(name)?;
                let mut keys: Vec<Rc<str>> = match self.arrays.get(array) {
                    Some(map) => map.keys().cloned().collect(),
                    None => Vec::new(),
                };
                // Numbers in their order, as lists are filled.
                keys.sort_by(|a, b| match (a.parse::<i64>(), b.parse::<i64>()) {
                    (Ok(a), Ok(b)) => a.cmp(&b),
                    _ => a.cmp(b),
                });
                for found in keys {
                    self.set_cell(key, Cell::Scalar(Value::Input(found)));
                    if !self.once(body)? {
                        break;
                    }
                }
            }
            Statement::Block(body) => body.iter().try_for_each(|s| self.run(s))?,
            Statement::Next => return Err(Stop::Next),
            Statement::Exit(code) => {
                if let Some(code) = code {
                    self.code = self.eval(code)?.number() as i32 & 255;
                }
                return Err(Stop::Exit);
            }
            Statement::Return(value) => {
                let value = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Unset,
                };
                return Err(Stop::Return(value));
            }
            Statement::Break => return Err(Stop::Break),
            Statement::Continue => return Err(Stop::Continue),
            Statement::Delete(name, parts) => {
                let array = self.array(name)?;
                let key = self.key(parts)?;
                if let Some(map) = self.arrays.get_mut(array) {
                    match parts.is_empty() {
                        true => map.clear(),
                        false => {
                            map.remove(&key);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The body of a loop, once; whether it goes on.
    fn once(&mut self, body: &Statement) -> Done<bool> {
        match self.run(body) {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }
}

fn arithmetic(operator: char, a: f64, b: f64) -> Done<f64> {
    Ok(match operator {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '^' => libm::pow(a, b),
        '/' | '%' if b == 0.0 => return error("division by zero"),
        '/' => a / b,
        _ => a % b,
    })
}

/// The parts of a text between what a pattern finds.
fn by_pattern(text: &str, pattern: &Pattern) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at <= chars.len() && out.len() < MOST_FIELDS {
        let found = pattern
            .find(&chars, at)
            .and_then(|c| c.first().copied().flatten());
        match found {
            Some((start, end)) if end > start => {
                out.push(chars.iter().skip(from).take(start - from).collect());
                (from, at) = (end, end);
            }
            // What is empty parts nothing.
            Some((_, end)) => at = end + 1,
            None => break,
        }
    }
    out.push(chars.iter().skip(from).collect());
    out
}
