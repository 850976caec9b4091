//! `awk`, as POSIX has it: patterns, fields, arrays, loops, functions, `printf`. Left out are `getline`, pipes
//! and `system`, which run other programs.

mod format;
mod functions;
mod lex;
mod parse;
mod run;
mod value;

use std::rc::Rc;

use parse::When;
use run::{Machine, Stop};
use value::Value;

use super::call::{Call, Output};

/// A value of the command line, its escapes read.
fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

/// A program with its settings, and the words behind it.
pub struct Awk {
    program: parse::Program,
    settings: Vec<(String, String)>,
    pub operands: Vec<Operand>,
}

/// What stands behind a program.
#[derive(Clone, Debug)]
pub enum Operand {
    Setting(String, String),
    /// A file, or the input.
    File(Option<String>),
}

impl Awk {
    /// Reads the words of a command line.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(
        arguments: &[&str],
        file: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Result<Awk, String> {
        let mut settings: Vec<(String, String)> = Vec::new();
        let mut source: Option<String> = None;
        let mut words = arguments.iter().copied();
        let mut rest: Vec<&str> = Vec::new();
        let mut options = true;
        while let Some(word) = words.next() {
            let flag = word.get(..2).filter(|_| options);
            let mut value = || match word.get(2..) {
                Some("") | None => words.next().unwrap_or_default(),
                Some(value) => value,
            };
            match flag {
                Some("--") if word == "--" => options = false,
                Some("-F") => {
                    let separator = match value() {
                        "t" => "\t".to_owned(),
                        other => unescaped(other),
                    };
                    settings.push(("FS".to_owned(), separator));
                }
                Some("-v") => match value().split_once('=') {
                    Some((name, text)) => settings.push((name.to_owned(), unescaped(text))),
                    None => return Err("awk: -v needs NAME=VALUE".to_owned()),
                },
                Some("-f") => {
                    let name = value();
                    source = Some(file(name).ok_or_else(|| {
                        format!("awk: cannot open {name} (No such file or directory)")
                    })?);
                }
                _ if source.is_none() => {
                    source = Some(word.to_owned());
                    options = false;
                }
                _ => rest.push(word),
            }
        }
        let Some(source) = source else {
            return Err("usage: awk [-F fs][-v var=value] 'prog' [file ...]".to_owned());
        };
        let program = parse::parse(&source).map_err(|why| format!("awk: line 1: {why}"))?;
        let named = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let operand = |word: &&str| match word.split_once('=') {
            Some((name, text)) if named(name) => Operand::Setting(name.to_owned(), unescaped(text)),
            _ => Operand::File(Some((*word).to_owned())),
        };
        let mut operands: Vec<Operand> = rest.iter().map(operand).collect();
        if !operands.iter().any(|o| matches!(o, Operand::File(_))) {
            operands.push(Operand::File(None));
        }
        Ok(Awk {
            program,
            settings,
            operands,
        })
    }

    /// Begins a run.
    pub fn run(&self) -> Running<'_> {
        let mut machine = Machine::new(&self.program);
        for (name, text) in &self.settings {
            machine.set_name(name, Value::Input(text.as_str().into()));
        }
        Running {
            program: &self.program,
            machine,
            inside: self.program.rules.iter().map(|_| false).collect(),
            count: 0.0,
            own: 0.0,
            wrong: None,
        }
    }
}

/// A program that runs: it begins, is given records, and ends.
pub struct Running<'p> {
    program: &'p parse::Program,
    machine: Machine<'p>,
    inside: Vec<bool>,
    count: f64,
    own: f64,
    /// Why it cannot go on.
    wrong: Option<String>,
}

impl Running<'_> {
    /// What comes before all records; whether any are to be read.
    pub fn begin(&mut self) -> bool {
        let rules = self.program.rules.iter();
        for (_, body) in rules.filter(|(when, _)| matches!(when, When::Begin)) {
            let result = self.machine.run(body);
            if self.stops(result) {
                return false;
            }
        }
        let mut rules = self.program.rules.iter();
        rules.any(|(when, _)| !matches!(when, When::Begin))
    }

    /// Whether a run is over with this: `exit`, or what is wrong.
    fn stops(&mut self, result: Result<(), Stop>) -> bool {
        match result {
            Ok(()) => false,
            Err(Stop::Exit) => true,
            Err(Stop::Error(message)) => {
                self.wrong = Some(message);
                true
            }
            Err(_) => {
                self.wrong = Some("next, break or return used in a wrong place".to_owned());
                true
            }
        }
    }

    pub fn set(&mut self, name: &str, text: &str) {
        self.machine.set_name(name, Value::Input(text.into()));
    }

    /// A file begins.
    pub fn open(&mut self, name: &str) {
        self.machine.set_name("FILENAME", Value::text(name));
        self.own = 0.0;
    }

    /// A file that is not there.
    pub fn cannot_open(&mut self, name: &str) {
        self.wrong = Some(format!("cannot open {name} (No such file or directory)"));
    }

    /// What separates records; lines, mostly.
    pub fn separator(&self) -> Rc<str> {
        self.machine.variable("RS").string()
    }

    /// The next record; whether it was the last that is wanted.
    pub fn record(&mut self, record: &str) -> bool {
        self.count += 1.0;
        self.own += 1.0;
        self.machine.set_name("NR", Value::Number(self.count));
        self.machine.set_name("FNR", Value::Number(self.own));
        self.machine.read(record);
        match line(self.program, &mut self.machine, &mut self.inside) {
            Err(Stop::Next) => false,
            result => self.stops(result),
        }
    }

    /// What was printed since it was last asked: on the output, and beside it.
    pub fn printed(&mut self) -> (String, String) {
        let out = std::mem::take(&mut self.machine.out);
        (out, std::mem::take(&mut self.machine.err))
    }

    /// What comes behind all records; the files that were written, what is wrong, and the exit code.
    pub fn end(&mut self) -> (Vec<(String, String)>, Option<String>, i32) {
        // `exit` skips the lines, and not what stands at the end.
        if self.wrong.is_none() {
            let rules = self.program.rules.iter();
            for (_, body) in rules.filter(|(when, _)| matches!(when, When::End)) {
                let result = self.machine.run(body);
                if self.stops(result) {
                    break;
                }
            }
        }
        let wrong = self.wrong.as_ref().map(|why| format!("awk: {why}"));
        let code = if wrong.is_some() {
            2
        } else {
            self.machine.code
        };
        (std::mem::take(&mut self.machine.files), wrong, code)
    }
}

/// The records of a text.
pub fn records<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    match separator {
        "\n" => text.lines().collect(),
        "" => {
            let parts = text.trim_end_matches('\n').split("\n\n");
            parts.map(|p| p.trim_matches('\n')).collect()
        }
        other => text.trim_end_matches('\n').split(other).collect(),
    }
}

/// The whole of a run, of texts that are there; the files that it wrote come with what it printed.
pub fn awk(call: &mut Call<'_>) -> (Output, Vec<(String, String)>) {
    let words = call.words.clone();
    let parsed = Awk::parse(&words, &mut |name| (call.file)(name).ok());
    let awk = match parsed {
        Ok(awk) => awk,
        Err(message) => return (Output::failed(&message, 2), Vec::new()),
    };
    let mut running = awk.run();
    if running.begin() {
        'files: for operand in &awk.operands {
            let name = match operand {
                Operand::Setting(name, text) => {
                    running.set(name, text);
                    continue;
                }
                Operand::File(name) => name.as_deref(),
            };
            let Ok(text) = call.text(name.unwrap_or("-")) else {
                running.cannot_open(name.unwrap_or_default());
                break;
            };
            running.open(name.unwrap_or_default());
            for record in records(&text, &running.separator()) {
                if running.record(record) {
                    break 'files;
                }
            }
        }
    }
    let (files, wrong, code) = running.end();
    let (out, mut err) = running.printed();
    if let Some(wrong) = wrong {
        err.push_str(&(wrong + "\n"));
    }
    (Output { out, err, code }, files)
}

/// Runs the rules that are for a line; `inside` says which ranges have begun.
fn line(
    program: &parse::Program,
    machine: &mut Machine<'_>,
    inside: &mut [bool],
) -> Result<(), Stop> {
    for ((when, body), inside) in program.rules.iter().zip(inside) {
        let runs = match when {
            When::Begin | When::End => false,
            When::Always => true,
            When::If(condition) => machine.eval(condition)?.holds(),
            When::Range(from, to) => {
                let begun = *inside || machine.eval(from)?.holds();
                *inside = begun && !machine.eval(to)?.holds();
                begun
            }
        };
        if runs {
            machine.run(body)?;
        }
    }
    Ok(())
}
