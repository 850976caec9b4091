//! `yq`: filters over YAML, in the language of `jq`; what comes out is YAML.

use serde_json::Value;

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::api::yaml;
use crate::kubectl::jq::Program;

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
    let program = match Program::parse(filter) {
        Ok(program) => program,
        Err(message) => return fail(io, &format!("Error: {message}"), 1),
    };
    let text = match (no_input, read_all(shell, io, "Error: open", names).await) {
        (true, _) => "null".to_owned(),
        (false, Ok(text)) => text,
        (false, Err(message)) => return fail(io, &message, 1),
    };
    let parsed = yaml::parse(&text);
    let mut documents: Vec<Value> = parsed.documents.into_iter().map(|d| d.value).collect();
    if no_input {
        documents = vec![Value::Null];
    }
    let mut printed = String::new();
    let count = documents.len();
    for (i, document) in documents.iter().enumerate() {
        let result = program.run(document, &[], &mut |value| {
            printed.push_str(&shown(&value, json));
            Ok(())
        });
        if let Err(message) = result {
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

fn shown(value: &Value, json: bool) -> String {
    if json {
        let mut text = String::new();
        super::jq::pretty(value, 0, "  ", &mut text);
        return text + "\n";
    }
    match value {
        Value::String(text) => format!("{text}\n"),
        value => yaml::to_yaml(value),
    }
}
