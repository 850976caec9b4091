//! `awk`, as POSIX has it: patterns, fields, arrays, loops, functions, `printf`. Left out are `getline`, pipes
//! and `system`, which run other programs.

mod format;
mod functions;
mod lex;
mod parse;
mod run;
mod value;

use super::super::state::{Io, Shell};
use super::{Lines, fail};
use parse::When;
use run::{Machine, Stop};
use value::Value;

/// A value of the command line, its escapes read.
fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

pub async fn awk(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut source: Option<String> = None;
    let mut operands: Vec<&str> = Vec::new();
    let mut words = arguments.iter().map(String::as_str);
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
                None => return fail(io, "awk: -v needs NAME=VALUE", 2),
            },
            Some("-f") => {
                let name = value();
                match shell.read_file(name) {
                    Some(text) => source = Some(text),
                    None => {
                        return fail(
                            io,
                            &format!("awk: cannot open {name} (No such file or directory)"),
                            2,
                        );
                    }
                }
            }
            _ if source.is_none() => {
                source = Some(word.to_owned());
                options = false;
            }
            _ => operands.push(word),
        }
    }
    let Some(source) = source else {
        return fail(io, "usage: awk [-F fs][-v var=value] 'prog' [file ...]", 2);
    };
    let program = match parse::parse(&source) {
        Ok(program) => program,
        Err(message) => return fail(io, &format!("awk: line 1: {message}"), 2),
    };
    let mut machine = Machine::new(&program, io.out.clone(), io.err.clone());
    for (name, text) in &settings {
        machine.set_name(name, Value::Input(text.as_str().into()));
    }
    let ended = everything(shell, io, &program, &mut machine, &operands).await;
    for (name, text) in &machine.files {
        shell.world.host.write_file(name, text);
    }
    match ended {
        Err(Stop::Error(message)) => fail(io, &format!("awk: {message}"), 2),
        Err(Stop::Next | Stop::Break | Stop::Continue | Stop::Return(_)) => {
            fail(io, "awk: next, break or return used in a wrong place", 2)
        }
        _ => machine.code,
    }
}

async fn everything(
    shell: &Shell,
    io: &Io,
    program: &parse::Program,
    machine: &mut Machine<'_>,
    operands: &[&str],
) -> Result<(), Stop> {
    let of = |wanted: fn(&When) -> bool| program.rules.iter().filter(move |(when, _)| wanted(when));
    let mut exited = false;
    for (_, body) in of(|when| matches!(when, When::Begin)) {
        match machine.run(body) {
            Err(Stop::Exit) => exited = true,
            other => other?,
        }
        if exited {
            break;
        }
    }
    let reads = program
        .rules
        .iter()
        .any(|(when, _)| !matches!(when, When::Begin));
    if reads && !exited {
        let is_setting = |word: &str| {
            word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            })
        };
        let mut inside: Vec<bool> = program.rules.iter().map(|_| false).collect();
        let mut count = 0.0;
        let mut names: Vec<Option<&str>> = operands.iter().map(|o| Some(*o)).collect();
        if operands.iter().all(|o| is_setting(o)) {
            names.push(None);
        }
        'files: for name in names {
            if let Some(word) = name.filter(|word| is_setting(word)) {
                let (name, text) = word.split_once('=').unwrap_or((word, ""));
                machine.set_name(name, Value::Input(unescaped(text).into()));
                continue;
            }
            let files: Vec<&str> = name.into_iter().collect();
            let Ok(lines) = Lines::open(shell, io, "awk", &files) else {
                let name = name.unwrap_or_default();
                return Err(Stop::Error(format!(
                    "cannot open {name} (No such file or directory)"
                )));
            };
            machine.set_name("FILENAME", Value::text(name.unwrap_or_default()));
            let mut own = 0.0;
            let separator = machine.variable("RS").string();
            let mut whole: Vec<String> = Vec::new();
            if &*separator != "\n" {
                let mut text = String::new();
                while let Some(line) = lines.next().await {
                    text.push_str(&line);
                }
                let text = text.trim_end_matches('\n');
                let parts: Vec<String> = match separator.is_empty() {
                    true => text
                        .split("\n\n")
                        .map(|p| p.trim_matches('\n').to_owned())
                        .collect(),
                    false => text.split(&*separator).map(str::to_owned).collect(),
                };
                whole = parts.into_iter().rev().collect();
            }
            loop {
                let record = match &*separator {
                    "\n" => lines
                        .next()
                        .await
                        .map(|line| match line.strip_suffix('\n') {
                            Some(line) => line.to_owned(),
                            None => line,
                        }),
                    _ => whole.pop(),
                };
                let Some(record) = record else {
                    break;
                };
                count += 1.0;
                own += 1.0;
                machine.set_name("NR", Value::Number(count));
                machine.set_name("FNR", Value::Number(own));
                machine.read(&record);
                match line(program, machine, &mut inside) {
                    Ok(()) | Err(Stop::Next) => {}
                    Err(Stop::Exit) => {
                        exited = true;
                        break 'files;
                    }
                    Err(stop) => return Err(stop),
                }
            }
        }
    }
    // `exit` skips the lines, and not what stands at the end.
    for (_, body) in of(|when| matches!(when, When::End)) {
        match machine.run(body) {
            Err(Stop::Exit) => break,
            other => other?,
        }
    }
    let _ = exited;
    Ok(())
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
