//! `yq`: filters over YAML, in the language of `jq`; what comes out is YAML.

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::api::yaml;
use crate::kubectl::jq::json::{self, Style};
use crate::kubectl::jq::{self, Object, Program, Stop, Value};

pub async fn yq(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut json = false;
    let mut in_place = false;
    let mut no_input = false;
    let mut plain: Vec<&str> = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-o" | "--output-format" => {
                json = matches!(words.next().map(String::as_str), Some("json" | "j"));
            }
            "-o=json" | "-ojson" | "-oj" | "--output-format=json" | "-j" | "-o=j" => json = true,
            "-i" | "--inplace" => in_place = true,
            "-n" | "--null-input" => no_input = true,
            "-r" | "--unwrapScalar" | "-P" | "--prettyPrint" | "-y" | "e" | "eval" | "-M"
            | "-C" | "-p=yaml" => {}
            word if word.starts_with('-') && word.len() > 1 => {
                return fail(io, &format!("Error: unknown flag: {word}"), 1);
            }
            word => plain.push(word),
        }
    }
    // Without a filter, a file is shown as it is.
    let (filter, names) = match plain.split_first() {
        Some((first, rest)) if !rest.is_empty() || shell.read_file(first).is_none() => {
            (*first, rest)
        }
        _ => (".", plain.as_slice()),
    };
    let program = match Program::parse(filter, &[]) {
        Ok(program) => program,
        Err(message) => return fail(io, &format!("Error: {message}"), 1),
    };
    let text = match (no_input, read_all(shell, io, "Error: open", names).await) {
        (true, _) => "null".to_owned(),
        (false, Ok(text)) => text,
        (false, Err(message)) => return fail(io, &message, 1),
    };
    let parsed = yaml::parse(&text);
    let documents = parsed.documents.iter();
    let mut documents: Vec<Value> = documents.map(|d| Value::from(&d.value)).collect();
    if no_input {
        documents = vec![Value::Null];
    }
    let mut printed = String::new();
    let count = documents.len();
    let mut around = Around(shell.world.now().0 as f64 / 1e9);
    for (i, document) in documents.into_iter().enumerate() {
        let result = program.run(document, &mut around, &mut |value, _| {
            printed.push_str(&shown(&value, json));
        });
        if let Err(stop) = result {
            let message = match stop {
                Stop::Error(error) => jq::words(&error).unwrap_or_default(),
                Stop::Spent(why) => why.to_owned(),
                Stop::Halt(code, _) => return code.rem_euclid(256),
            };
            let message = message.trim_start_matches(": ");
            io.out.write(&printed);
            return fail(io, &format!("Error: {message}"), 1);
        }
        if i + 1 < count && !json {
            printed.push_str("---\n");
        }
    }
    match (in_place, names) {
        (true, [name]) => shell.world.host.write_file(name, &printed),
        _ => io.out.write(&printed),
    }
    match parsed.error {
        Some(error) => fail(io, &format!("Error: bad file: {}", error.message), 1),
        None => 0,
    }
}

/// A filter of `yq` knows the time, and nothing else.
struct Around(f64);

impl jq::World for Around {
    fn now(&self) -> f64 {
        self.0
    }

    fn environment(&self) -> Value {
        Value::object(Object::default())
    }

    fn input(&mut self) -> Option<Result<Value, String>> {
        None
    }

    fn file(&self) -> Option<String> {
        None
    }

    fn line(&self) -> usize {
        0
    }

    fn say(&mut self, _: &str) {}
}

fn shown(value: &Value, json: bool) -> String {
    if json {
        let style = Style {
            indent: 2,
            ..Style::default()
        };
        let mut text = String::new();
        json::write(value, style, 0, &mut text);
        return text + "\n";
    }
    match value {
        Value::Text(text) => format!("{text}\n"),
        value => yaml::to_yaml(&value.to_json()),
    }
}
