//! `jq`: filters over JSON. The language is in `kubectl/jq`.

use std::collections::VecDeque;

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::kubectl::io::Sink;
use crate::kubectl::jq::json::{self, Reader, Style};
use crate::kubectl::jq::{self, Object, Program, Stop, Value};

/// What the options say.
struct Options {
    style: Style,
    raw: bool,
    join: bool,
    ends_with_nul: bool,
    exit_status: bool,
    no_input: bool,
    slurp: bool,
    raw_input: bool,
    colors: bool,
    /// `--stream`: paths and values, one after the other.
    stream: bool,
    /// `--seq`: each text begins with a mark.
    marked: bool,
    from_file: bool,
    plain: Vec<String>,
    named: Object,
    positional: Vec<Value>,
    variables: Vec<(String, Value)>,
}

const HINT: &str = "Use jq --help for help with command-line options,\n\
                    or see the jq manpage, or online docs  at https://jqlang.github.io/jq";

const USAGE: &str = "Usage:\tjq [options] <jq filter> [file...]\n\
                     \tjq [options] --args <jq filter> [strings...]\n\
                     \tjq [options] --jsonargs <jq filter> [JSON_TEXTS...]\n";

fn wrong(io: &Io, message: &str) -> i32 {
    fail(io, &format!("jq: error: {message}\n{HINT}"), 2)
}

/// Reads the options; an error is the exit code, and said.
fn options(shell: &Shell, io: &Io, arguments: &[String]) -> Result<Options, i32> {
    let mut options = Options {
        style: Style {
            indent: 2,
            ..Style::default()
        },
        raw: false,
        join: false,
        ends_with_nul: false,
        exit_status: false,
        no_input: false,
        slurp: false,
        raw_input: false,
        colors: false,
        stream: false,
        marked: false,
        from_file: false,
        plain: Vec::new(),
        named: Object::default(),
        positional: Vec::new(),
        variables: Vec::new(),
    };
    // What stands behind the filter: files, texts, or JSON.
    let mut rest = "files";
    let mut only_plain = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if only_plain || !word.starts_with('-') || word == "-" {
            let filter = options.plain.is_empty() && !options.from_file;
            match rest {
                _ if filter => options.plain.push(word.clone()),
                "files" => options.plain.push(word.clone()),
                "args" => options.positional.push(Value::text(word)),
                _ => match json::parse(word) {
                    Ok(value) => options.positional.push(value),
                    Err(_) => {
                        let message = format!("Invalid JSON text passed to --jsonargs: {word}");
                        return Err(wrong(io, &message));
                    }
                },
            }
            continue;
        }
        let letters = match word.as_str() {
            "--" => {
                only_plain = true;
                continue;
            }
            "--raw-output" => "r",
            "--compact-output" => "c",
            "--exit-status" => "e",
            "--null-input" => "n",
            "--slurp" => "s",
            "--raw-input" => "R",
            "--join-output" => "j",
            "--ascii-output" => "a",
            "--sort-keys" => "S",
            "--color-output" => "C",
            "--monochrome-output" => "M",
            "--unbuffered" => "",
            "--from-file" => "f",
            "--version" => "V",
            "--help" => "h",
            "--raw-output0" => {
                options.raw = true;
                options.ends_with_nul = true;
                continue;
            }
            "--stream" => {
                options.stream = true;
                continue;
            }
            "--seq" => {
                options.marked = true;
                continue;
            }
            "--tab" => {
                options.style.tab = true;
                continue;
            }
            "--args" | "--jsonargs" => {
                rest = word.trim_start_matches('-');
                continue;
            }
            "--indent" => {
                let number = words.next().and_then(|n| n.parse::<i64>().ok());
                match number {
                    Some(number @ 0..=7) => options.style.indent = number as usize,
                    Some(-1) => options.style.tab = true,
                    Some(8..) => return Err(wrong(io, "Cannot indent more than 7 characters")),
                    Some(_) => return Err(wrong(io, "Cannot indent less than -1 characters")),
                    None => return Err(wrong(io, "--indent takes one parameter")),
                }
                continue;
            }
            "--arg" | "--argjson" | "--slurpfile" | "--rawfile" => {
                named(shell, io, &mut options, word, &mut words)?;
                continue;
            }
            word if word.starts_with("--") => {
                return Err(wrong(io, &format!("Unknown option: {word}")));
            }
            word => word.get(1..).unwrap_or_default(),
        };
        for letter in letters.chars() {
            match letter {
                'r' => options.raw = true,
                'j' => {
                    options.raw = true;
                    options.join = true;
                }
                'c' => options.style.indent = 0,
                'a' => options.style.ascii = true,
                'S' => options.style.sorted = true,
                'e' => options.exit_status = true,
                'n' => options.no_input = true,
                's' => options.slurp = true,
                'R' => options.raw_input = true,
                'f' => options.from_file = true,
                'C' => options.colors = true,
                'M' => options.colors = false,
                'V' => {
                    io.out.line("jq-1.7.1");
                    return Err(0);
                }
                'h' => {
                    io.out.write(USAGE);
                    return Err(0);
                }
                _ => return Err(wrong(io, &format!("Unknown option: {word}"))),
            }
        }
    }
    Ok(options)
}

/// A variable of the command line.
fn named<'w>(
    shell: &Shell,
    io: &Io,
    options: &mut Options,
    option: &str,
    words: &mut impl Iterator<Item = &'w String>,
) -> Result<(), i32> {
    let (Some(name), Some(text)) = (words.next(), words.next()) else {
        let example = match option {
            "--arg" => "varname value",
            "--argjson" => "varname text",
            _ => "varname filename",
        };
        let message = format!("{option} takes two parameters (e.g. {option} {example})");
        return Err(wrong(io, &message));
    };
    let value = match option {
        "--arg" => Value::text(text),
        "--argjson" => match json::parse(text) {
            Ok(value) => value,
            Err(_) => {
                let message = format!("Invalid JSON text passed to {option}");
                return Err(wrong(io, &message));
            }
        },
        _ => {
            let Some(content) = shell.read_file(text) else {
                let why = format!("Could not open {text}: No such file or directory");
                let message = format!("jq: error: Bad JSON in {option} {name} {text}: {why}");
                return Err(fail(io, &message, 2));
            };
            match option {
                "--rawfile" => Value::text(&content),
                _ => {
                    let mut values = Vec::new();
                    let mut reader = Reader::new(&content);
                    while let Some(value) = reader.read() {
                        match value {
                            Ok(value) => values.push(value),
                            Err(why) => {
                                let message =
                                    format!("jq: error: Bad JSON in {option} {name} {text}: {why}");
                                return Err(fail(io, &message, 2));
                            }
                        }
                    }
                    Value::array(values)
                }
            }
        }
    };
    // The first of a name counts.
    if options.named.get(name).is_none() {
        options.named.set(name.as_str().into(), value.clone());
        options.variables.push((name.clone(), value));
    }
    Ok(())
}

/// What is read, and what else a filter may ask for.
struct Around<'t> {
    now: f64,
    environment: Value,
    /// Names and texts of the files; standard input has no name.
    texts: Vec<(Option<String>, &'t str)>,
    at: usize,
    reader: Option<Reader<'t>>,
    lines: usize,
    raw: bool,
    slurp: bool,
    slurped: bool,
    /// With `--stream`, what a value that was read is still to be told as.
    stream: Option<VecDeque<Value>>,
    /// What is wrong with the text.
    broken: Option<String>,
    err: Sink,
}

impl<'t> Around<'t> {
    fn text(&self) -> Option<&'t str> {
        self.texts.get(self.at).map(|(_, text)| *text)
    }

    /// The next value of the files, one behind the other; or the next piece of one.
    fn value(&mut self) -> Option<Result<Value, String>> {
        if let Some(piece) = self.stream.as_mut().and_then(VecDeque::pop_front) {
            return Some(Ok(piece));
        }
        let value = self.whole()?;
        let (Some(pieces), Ok(whole)) = (&mut self.stream, &value) else {
            return Some(value);
        };
        stream(whole, &mut Vec::new(), pieces);
        pieces.pop_front().map(Ok)
    }

    fn whole(&mut self) -> Option<Result<Value, String>> {
        loop {
            let text = self.text()?;
            let reader = self.reader.get_or_insert_with(|| Reader::new(text));
            match reader.read() {
                Some(value) => {
                    self.lines = reader.lines();
                    return Some(value);
                }
                None => {
                    self.lines = text.matches('\n').count();
                    self.reader = None;
                    self.at += 1;
                }
            }
        }
    }

    fn line_of_text(&mut self) -> Option<Value> {
        loop {
            let text = self.text()?;
            match text.split_once('\n') {
                Some((line, rest)) => {
                    self.lines += 1;
                    if let Some((_, text)) = self.texts.get_mut(self.at) {
                        *text = rest;
                    }
                    return Some(Value::text(line.trim_end_matches('\r')));
                }
                None => {
                    self.at += 1;
                    if !text.is_empty() {
                        return Some(Value::text(text));
                    }
                }
            }
        }
    }

    fn everything(&mut self) -> Result<Value, String> {
        self.slurped = true;
        if self.raw {
            let all: String = self.texts.iter().map(|(_, text)| *text).collect();
            return Ok(Value::text(&all));
        }
        let mut values = Vec::new();
        while let Some(value) = self.value() {
            values.push(value?);
        }
        Ok(Value::array(values))
    }
}

/// A value as paths with what is at them; behind the last of a list or an object, the path alone.
fn stream(value: &Value, path: &mut Vec<Value>, out: &mut VecDeque<Value>) {
    let at = |path: &[Value]| Value::array(path.to_vec());
    let children: Vec<(Value, &Value)> = match value {
        Value::Array(array) => {
            let items = array.items.iter().enumerate();
            items
                .map(|(i, item)| (Value::from(&serde_json::json!(i)), item))
                .collect()
        }
        Value::Object(object) => object.iter().map(|(k, v)| (Value::text(k), v)).collect(),
        _ => Vec::new(),
    };
    if children.is_empty() {
        out.push_back(Value::array(vec![at(path), value.clone()]));
        return;
    }
    let mut last = Value::Null;
    for (key, child) in children {
        path.push(key.clone());
        stream(child, path, out);
        path.pop();
        last = key;
    }
    path.push(last);
    out.push_back(Value::array(vec![at(path)]));
    path.pop();
}

impl jq::World for Around<'_> {
    fn now(&self) -> f64 {
        self.now
    }

    fn environment(&self) -> Value {
        self.environment.clone()
    }

    fn input(&mut self) -> Option<Result<Value, String>> {
        if self.broken.is_some() {
            return None;
        }
        let value = match (self.slurp, self.raw) {
            (true, _) if self.slurped => None,
            (true, _) => Some(self.everything()),
            (false, true) => self.line_of_text().map(Ok),
            (false, false) => self.value(),
        };
        if let Some(Err(message)) = &value {
            self.broken = Some(message.clone());
        }
        value
    }

    fn file(&self) -> Option<String> {
        self.texts.get(self.at).and_then(|(name, _)| name.clone())
    }

    fn line(&self) -> usize {
        self.lines
    }

    fn say(&mut self, text: &str) {
        self.err.write(text);
    }
}

/// What each text begins with under `--seq`.
const MARK: char = '\u{1e}';

pub async fn jq(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut options = match options(shell, io, arguments) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let Some((filter, names)) = options.plain.split_first() else {
        io.err.write(USAGE);
        return 2;
    };
    let filter = match options.from_file {
        false => filter.clone(),
        true => match shell.read_file(filter) {
            Some(text) => text,
            None => {
                let why = format!("Could not open {filter}: No such file or directory");
                return fail(io, &format!("jq: error: {why}"), 2);
            }
        },
    };
    let program = {
        let mut variables = std::mem::take(&mut options.variables);
        let positional = Value::array(std::mem::take(&mut options.positional));
        let named = Value::object(std::mem::take(&mut options.named));
        let all = Value::record([("positional", positional), ("named", named)]);
        variables.push(("ARGS".to_owned(), all));
        match Program::parse(&filter, &variables) {
            Ok(program) => program,
            Err(message) => return fail(io, &message, 3),
        }
    };
    let mut files: Vec<(Option<String>, String)> = Vec::new();
    let mut missing = false;
    for name in names {
        match shell.read_file(name) {
            Some(text) => files.push((Some(name.clone()), text)),
            None => {
                missing = true;
                io.err.line(&format!(
                    "jq: error: Could not open {name}: No such file or directory"
                ));
            }
        }
    }
    // What is typed is read only if it is asked for.
    let asks = !options.no_input || filter.contains("input");
    if names.is_empty() && asks {
        match read_all(shell, io, "jq", &[]).await {
            Ok(text) => files.push((None, text)),
            Err(message) => return fail(io, &format!("jq: error: {message}"), 2),
        }
    }
    if options.marked && !options.raw_input {
        for (_, text) in &mut files {
            *text = match text.split_once(MARK) {
                Some((_, marked)) => marked.replace(MARK, " "),
                None if text.trim().is_empty() => String::new(),
                None => {
                    let lines = text.matches('\n').count() + 1;
                    io.err.line(&format!(
                        "jq: ignoring parse error: Unfinished abandoned text at EOF at line {lines}, column 0"
                    ));
                    String::new()
                }
            };
        }
    }
    let mut around = Around {
        now: shell.world.now().0 as f64 / 1e9,
        environment: environment(io),
        texts: files.iter().map(|(n, t)| (n.clone(), t.as_str())).collect(),
        at: 0,
        reader: None,
        lines: 0,
        raw: options.raw_input,
        slurp: options.slurp,
        slurped: false,
        stream: options.stream.then(VecDeque::new),
        broken: None,
        err: io.err.clone(),
    };
    let code = run(io, &options, &program, &mut around);
    if missing && code == 0 { 2 } else { code }
}

/// What the shell hands on.
fn environment(io: &Io) -> Value {
    let scope = io.scope.borrow();
    let mut exported = Object::default();
    let all = scope.variables.iter();
    for (name, value) in all.chain(io.env.iter().map(|(n, v)| (n, v))) {
        exported.set(name.as_str().into(), Value::text(value));
    }
    Value::object(exported)
}

fn run(io: &Io, options: &Options, program: &Program, around: &mut Around<'_>) -> i32 {
    use jq::World as _;
    let mut code = 0;
    let mut last = None;
    let mut first = true;
    loop {
        let input = match options.no_input {
            true if !std::mem::take(&mut first) => break,
            true => Value::Null,
            false => match around.input() {
                None => break,
                Some(Ok(value)) => value,
                Some(Err(_)) => break,
            },
        };
        let result = program.run(input, around, &mut |value, _| {
            print(io, options, &value);
            last = Some(value);
        });
        let place = match (options.no_input, around.file()) {
            _ if around.texts.is_empty() || options.no_input && around.lines == 0 => {
                "<unknown>".to_owned()
            }
            (_, Some(name)) => format!("{name}:{}", around.lines),
            (_, None) => format!("<stdin>:{}", around.lines),
        };
        match result {
            Ok(()) => code = 0,
            Err(Stop::Error(error)) => {
                if let Some(words) = jq::words(&error) {
                    code = fail(io, &format!("jq: error (at {place}){words}"), 5);
                }
            }
            Err(Stop::Spent(why)) => {
                code = fail(io, &format!("jq: error (at {place}): {why}"), 5);
            }
            Err(Stop::Halt(code, said)) => {
                match said {
                    None | Some(Value::Null) => {}
                    Some(Value::Text(text)) => io.err.write(&text),
                    Some(other) => io.err.line(&json::compact(&other)),
                }
                return code.rem_euclid(256);
            }
        }
    }
    if let Some(message) = &around.broken {
        return fail(io, &format!("jq: parse error: {message}"), 5);
    }
    match (options.exit_status && code == 0, &last) {
        (false, _) => code,
        (true, None) => 4,
        (true, Some(Value::Null | Value::Bool(false))) => 1,
        (true, Some(_)) => 0,
    }
}

fn print(io: &Io, options: &Options, value: &Value) {
    let text = match value {
        Value::Text(text) if options.raw => text.to_string(),
        value => {
            let mut text = String::new();
            match options.colors {
                true => json::write_colored(value, options.style, 0, &mut text),
                false => json::write(value, options.style, 0, &mut text),
            }
            text
        }
    };
    let text = match options.marked {
        true => format!("{MARK}{text}"),
        false => text,
    };
    match (options.join, options.ends_with_nul) {
        (true, _) => io.out.write(&text),
        (false, true) => io.out.write(&(text + "\0")),
        (false, false) => io.out.line(&text),
    }
}
