//! `jq`: filters over JSON. The language is in `kubectl/jq`.

use serde_json::Value;

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::kubectl::jq::{Program, compact};

/// What the options say.
#[derive(Default)]
struct Options {
    raw: bool,
    join: bool,
    compact: bool,
    exit_status: bool,
    no_input: bool,
    slurp: bool,
    raw_input: bool,
    tab: bool,
}

pub async fn jq(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut options = Options::default();
    let mut variables: Vec<(String, Value)> = Vec::new();
    let mut plain: Vec<&str> = Vec::new();
    let mut from_file = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let letters = match word.as_str() {
            "--raw-output" => "r",
            "--compact-output" => "c",
            "--exit-status" => "e",
            "--null-input" => "n",
            "--slurp" => "s",
            "--raw-input" => "R",
            "--join-output" => "j",
            "--sort-keys" => "S",
            "--color-output" => "C",
            "--monochrome-output" => "M",
            "--tab" => {
                options.tab = true;
                continue;
            }
            "--indent" => {
                words.next();
                continue;
            }
            "--from-file" => "f",
            "--arg" | "--argjson" => {
                let (Some(name), Some(text)) = (words.next(), words.next()) else {
                    return fail(io, &format!("jq: error: {word} takes two parameters"), 2);
                };
                let value = match word.as_str() {
                    "--arg" => Value::from(text.as_str()),
                    _ => match serde_json::from_str(text) {
                        Ok(value) => value,
                        Err(_) => {
                            let message =
                                format!("jq: Invalid JSON text passed to --argjson: {text}");
                            return fail(io, &message, 2);
                        }
                    },
                };
                variables.push((name.clone(), value));
                continue;
            }
            word if word.starts_with("--") => {
                return fail(io, &format!("jq: Unknown option: {word}"), 2);
            }
            word => match word.strip_prefix('-').filter(|l| !l.is_empty()) {
                Some(letters) => letters,
                None => {
                    plain.push(word);
                    continue;
                }
            },
        };
        for letter in letters.chars() {
            match letter {
                'r' => options.raw = true,
                'j' => {
                    options.raw = true;
                    options.join = true;
                }
                'c' => options.compact = true,
                'e' => options.exit_status = true,
                'n' => options.no_input = true,
                's' => options.slurp = true,
                'R' => options.raw_input = true,
                'f' => from_file = true,
                'S' | 'C' | 'M' | 'a' => {}
                other => return fail(io, &format!("jq: Unknown option: -{other}"), 2),
            }
        }
    }
    let Some((filter, names)) = plain.split_first() else {
        return fail(io, "jq: error: no filter is given; try 'man jq'", 2);
    };
    let filter = match from_file {
        false => (*filter).to_owned(),
        true => match shell.read_file(filter) {
            Some(text) => text,
            None => {
                return fail(io, &format!("jq: error: Could not open {filter}"), 2);
            }
        },
    };
    let program = match Program::parse(&filter) {
        Ok(program) => program,
        Err(message) => {
            io.err
                .line(&format!("jq: error: {message} at <top-level>:"));
            io.err.line(&filter);
            return fail(io, "jq: 1 compile error", 3);
        }
    };
    let exported: serde_json::Map<String, Value> = {
        let scope = io.scope.borrow();
        scope
            .variables
            .iter()
            .chain(io.env.iter().map(|(n, v)| (n, v)))
            .map(|(n, v)| (n.clone(), Value::from(v.as_str())))
            .collect()
    };
    variables.push(("ENV".to_owned(), Value::Object(exported)));
    let named = variables.iter().filter(|(n, _)| n != "ENV");
    let named: serde_json::Map<String, Value> = named.cloned().collect();
    variables.push((
        "__prog_args".to_owned(),
        serde_json::json!({ "named": named }),
    ));
    let (inputs, broken) = match options.no_input {
        true => (vec![Value::Null], None),
        false => {
            let text = match read_all(shell, io, "jq", names).await {
                Ok(text) => text,
                Err(message) => return fail(io, &format!("jq: error: {message}"), 2),
            };
            inputs_of(&text, &options)
        }
    };
    let mut code = 0;
    let mut last = Value::Null;
    let mut any = false;
    for input in &inputs {
        let result = program.run(input, &variables, &mut |value| {
            print(io, &options, &value);
            last = value;
            any = true;
            Ok(())
        });
        if let Err(message) = result {
            code = fail(io, &format!("jq: error (at <stdin>:0): {message}"), 5);
        }
    }
    if let Some(message) = broken {
        return fail(io, &format!("jq: parse error: {message}"), 2);
    }
    if code == 0 && options.exit_status {
        code = match (any, &last) {
            (false, _) => 4,
            (true, Value::Null | Value::Bool(false)) => 1,
            _ => 0,
        };
    }
    code
}

/// The values of a text, and what is wrong behind them.
fn inputs_of(text: &str, options: &Options) -> (Vec<Value>, Option<String>) {
    if options.raw_input {
        return match options.slurp {
            true => (vec![Value::from(text)], None),
            false => (text.lines().map(Value::from).collect(), None),
        };
    }
    let mut values = Vec::new();
    let mut broken = None;
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(value) => values.push(value),
            Err(error) => {
                broken = Some(error.to_string());
                break;
            }
        }
    }
    match options.slurp {
        true => (vec![Value::Array(values)], broken),
        false => (values, broken),
    }
}

fn print(io: &Io, options: &Options, value: &Value) {
    let text = match value {
        Value::String(text) if options.raw => text.clone(),
        value if options.compact => compact(value),
        value => {
            let mut text = String::new();
            pretty(value, 0, if options.tab { "\t" } else { "  " }, &mut text);
            text
        }
    };
    match options.join {
        true => io.out.write(&text),
        false => io.out.line(&text),
    }
}

/// JSON over several lines.
pub fn pretty(value: &Value, depth: usize, indent: &str, out: &mut String) {
    let newline = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(indent, depth));
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                newline(out, depth + 1);
                out.push_str(&compact(&Value::from(key.as_str())));
                out.push_str(": ");
                pretty(value, depth + 1, indent, out);
            }
            newline(out, depth);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, value) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                newline(out, depth + 1);
                pretty(value, depth + 1, indent, out);
            }
            newline(out, depth);
            out.push(']');
        }
        scalar => out.push_str(&compact(scalar)),
    }
}
