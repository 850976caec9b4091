//! `yq`: filters over YAML, in the language of `jq`; what comes out is YAML.

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::api::yaml::{self, Order, Span, SpanMap};
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
    let mut documents: Vec<Value> = documents
        .map(|d| ordered(&d.value, &d.spans, &text))
        .collect();
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
        value => yaml::to_yaml_in_order(&value.to_json(), &order(value)),
    }
}

/// Words that were truth values before YAML 1.2, and are texts for `yq`.
fn is_old_truth(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["y", "yes", "n", "no", "on", "off"].contains(&word.as_str())
}

/// A value with its fields in the order in which they stand in the text.
fn ordered(value: &serde_json::Value, spans: &SpanMap, text: &str) -> Value {
    use serde_json::Value as Json;
    let written = |span: &Span| text.get(span.start..span.end).unwrap_or_default();
    match value {
        Json::Object(map) => {
            let place = |name: &str| spans.children.get(name).and_then(|s| s.key.as_ref());
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_by_key(|name| place(name).map_or(usize::MAX, |span| span.start));
            let mut object = Object::default();
            for name in names {
                let key = place(name).map(written).filter(|key| is_old_truth(key));
                let Some(value) = map.get(name) else { continue };
                let value = match spans.children.get(name) {
                    Some(spans) => ordered(value, spans, text),
                    None => Value::from(value),
                };
                object.set(key.unwrap_or(name).into(), value);
            }
            Value::object(object)
        }
        Json::Array(items) => {
            let items = items.iter().enumerate();
            let item = |(i, item): (usize, &Json)| match spans.children.get(&i.to_string()) {
                Some(spans) => ordered(item, spans, text),
                None => Value::from(item),
            };
            Value::array(items.map(item).collect())
        }
        Json::Bool(_) if is_old_truth(written(&spans.value)) => Value::text(written(&spans.value)),
        value => Value::from(value),
    }
}

/// The order of the fields in a value.
fn order(value: &Value) -> Order {
    match value {
        Value::Object(object) => Order {
            names: object.iter().map(|(name, _)| name.to_string()).collect(),
            inside: object.iter().map(|(_, value)| order(value)).collect(),
        },
        Value::Array(array) => Order {
            names: Vec::new(),
            inside: array.items.iter().map(order).collect(),
        },
        _ => Order::default(),
    }
}
