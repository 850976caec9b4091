//! Commands that change the shell that runs them.

use std::rc::Rc;

use super::cond;
use super::expand::compute;
use super::jobs;
use super::lex::is_name;
use super::run::{Ended, Flow, ended_of, run_named};
use super::state::{Io, Shell};
use crate::client::LocalFuture;
use crate::kubectl::io::Pipe;
use crate::sim::secs;

/// Their names, in order.
pub const NAMES: [&str; 33] = [
    ".", ":", "alias", "bash", "bg", "break", "builtin", "command", "continue", "declare", "eval",
    "exec", "exit", "export", "fg", "jobs", "kill", "let", "local", "read", "readonly", "return",
    "set", "sh", "shift", "source", "trap", "type", "typeset", "unalias", "unset", "wait", "which",
];

/// Runs one of them; `None` when the name is none of theirs.
pub async fn run(shell: &Rc<Shell>, io: &Io, name: &str, arguments: &[String]) -> Option<Ended> {
    let first = arguments.first().map(String::as_str);
    let number = |default: i32| match first {
        None => Ok(default),
        Some(word) => word.parse::<i32>().map_err(|_| word.to_owned()),
    };
    let flow = |code: i32, flow: Flow| Some(Ended { code, flow });
    let code = match name {
        ":" => 0,
        "break" | "continue" => {
            let levels = u32::try_from(number(1).unwrap_or(1).max(1)).unwrap_or(1);
            return flow(
                0,
                match name {
                    "break" => Flow::Break(levels),
                    _ => Flow::Continue(levels),
                },
            );
        }
        "return" | "exit" => {
            let out = if name == "exit" {
                Flow::Exit
            } else {
                Flow::Return
            };
            let last = io.scope.borrow().last_exit;
            return match number(last) {
                Ok(code) => flow(code & 0xff, out),
                Err(word) => {
                    let message = format!("{name}: {word}: numeric argument required");
                    flow(fail(io, &message, 2), out)
                }
            };
        }
        "eval" => return Some(ended_of(shell, io, &arguments.join(" ")).await),
        "." | "source" => {
            let Some((file, rest)) = arguments.split_first() else {
                let message = format!("{name}: filename argument required");
                return Some(Ended::with(fail(io, &message, 2)));
            };
            let Some(text) = shell.read_file(file) else {
                let message = format!("{file}: No such file or directory");
                return Some(Ended::with(fail(io, &message, 1)));
            };
            let before = (!rest.is_empty()).then(|| {
                let mut scope = io.scope.borrow_mut();
                std::mem::replace(&mut scope.arguments, rest.to_vec())
            });
            let mut ended = ended_of(shell, io, &text).await;
            if let Some(before) = before {
                io.scope.borrow_mut().arguments = before;
            }
            if ended.flow == Flow::Return {
                ended.flow = Flow::GoOn;
            }
            return Some(ended);
        }
        "sh" | "bash" => another(shell, io, arguments).await,
        "exec" | "builtin" => match arguments.split_first() {
            Some((name, rest)) => {
                return Some(run_named(shell, io.clone(), name, rest, false).await);
            }
            None => 0,
        },
        "command" => match first {
            Some("-v" | "-V") => types(io, arguments.get(1..).unwrap_or_default(), "command"),
            _ => {
                let rest: Vec<String> = arguments.iter().filter(|a| *a != "-p").cloned().collect();
                return match rest.split_first() {
                    Some((name, rest)) => {
                        Some(run_named(shell, io.clone(), name, rest, false).await)
                    }
                    None => Some(Ended::with(0)),
                };
            }
        },
        "type" | "which" => types(io, arguments, name),
        "export" | "declare" | "typeset" | "readonly" | "local" => declare(io, name, arguments),
        "unset" => {
            let mut scope = io.scope.borrow_mut();
            let functions = first == Some("-f");
            for word in arguments.iter().filter(|a| !a.starts_with('-')) {
                if scope.variables.remove(word).is_none() || functions {
                    scope.functions.remove(word);
                }
                scope.exported.retain(|n| n != word);
            }
            0
        }
        "set" => set(io, arguments),
        "shift" => {
            let mut scope = io.scope.borrow_mut();
            let count = usize::try_from(number(1).unwrap_or(1)).unwrap_or(0);
            if count > scope.arguments.len() {
                1
            } else {
                scope.arguments.drain(..count);
                0
            }
        }
        "alias" => alias(io, arguments),
        "unalias" => {
            let mut code = 0;
            let mut scope = io.scope.borrow_mut();
            for word in arguments {
                if word == "-a" {
                    scope.aliases.clear();
                } else if scope.aliases.remove(word).is_none() {
                    code = fail(io, &format!("unalias: {word}: not found"), 1);
                }
            }
            code
        }
        "let" => {
            let mut last = 0;
            for word in arguments {
                match compute(shell, io, word) {
                    Ok(value) => last = value,
                    Err(message) => {
                        return Some(Ended::with(fail(io, &format!("let: {message}"), 1)));
                    }
                }
            }
            i32::from(last == 0)
        }
        "read" => read(shell, io, arguments).await,
        "test" => test(shell, io, "test", arguments),
        "[" => match arguments.split_last() {
            Some((last, rest)) if last == "]" => test(shell, io, "[", rest),
            _ => fail(io, "[: missing `]'", 2),
        },
        "trap" => match arguments.len() {
            0 => 0,
            _ => fail(io, "trap: this shell gets no signals", 1),
        },
        "jobs" => jobs::jobs(shell, io, arguments),
        "wait" => jobs::wait(shell, io, arguments).await,
        "fg" => jobs::fg(shell, io, arguments).await,
        "bg" => jobs::bg(shell, io, arguments),
        "kill" => jobs::kill(shell, io, arguments),
        _ => return None,
    };
    Some(Ended::with(code))
}

fn fail(io: &Io, message: &str, code: i32) -> i32 {
    io.err.line(&format!("sh: {message}"));
    code
}

fn test(shell: &Shell, io: &Io, who: &str, arguments: &[String]) -> i32 {
    match cond::holds(shell, io, &cond::words_of(arguments), false) {
        Ok(holds) => i32::from(!holds),
        Err(message) => fail(io, &format!("{who}: {message}"), 2),
    }
}

/// `sh -c TEXT [NAME ARGUMENT...]` and `sh FILE [ARGUMENT...]`: a shell of its own.
fn another<'a>(shell: &'a Rc<Shell>, io: &'a Io, arguments: &'a [String]) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let inner = io.subshell();
        let mut rest = arguments;
        let mut command = false;
        while let Some((first, tail)) = rest.split_first() {
            let Some(letters) = first.strip_prefix('-').filter(|l| !l.is_empty()) else {
                break;
            };
            rest = tail;
            command |= letters.contains('c');
            let options = &mut inner.scope.borrow_mut().options;
            options.errexit |= letters.contains('e');
            options.xtrace |= letters.contains('x');
            options.nounset |= letters.contains('u');
        }
        inner.scope.borrow_mut().arguments.clear();
        let text = match (rest.split_first(), command) {
            (Some((text, tail)), true) => {
                let arguments = tail.get(1..).unwrap_or_default();
                inner.scope.borrow_mut().arguments = arguments.to_vec();
                text.clone()
            }
            (Some((file, tail)), false) => {
                inner.scope.borrow_mut().arguments = tail.to_vec();
                match shell.read_file(file) {
                    Some(text) => text,
                    None => return fail(io, &format!("{file}: No such file or directory"), 127),
                }
            }
            (None, true) => return fail(io, "-c: option requires an argument", 2),
            (None, false) => match &io.input {
                Some(pipe) => pipe.rest().await,
                None => return 0,
            },
        };
        ended_of(shell, &inner, &text).await.code
    })
}

/// What names stand for: `type`, `which`, `command -v`.
fn types(io: &Io, names: &[String], who: &str) -> i32 {
    let mut code = 0;
    for name in names.iter().filter(|a| !a.starts_with('-')) {
        let scope = io.scope.borrow();
        let special = NAMES.contains(&name.as_str()) || matches!(name.as_str(), "test" | "[");
        let program = super::builtins::find(name).is_some();
        let line = if let Some(text) = scope.aliases.get(name) {
            match who {
                "type" => format!("{name} is aliased to `{text}'"),
                _ => format!("alias {name}='{text}'"),
            }
        } else if scope.functions.contains_key(name) {
            match who {
                "type" => format!("{name} is a function"),
                _ => name.clone(),
            }
        } else if special {
            match who {
                "type" => format!("{name} is a shell builtin"),
                _ => name.clone(),
            }
        } else if program {
            match who {
                "type" => format!("{name} is /usr/bin/{name}"),
                _ => format!("/usr/bin/{name}"),
            }
        } else {
            code = 1;
            if who == "type" {
                fail(io, &format!("type: {name}: not found"), 1);
            }
            continue;
        };
        io.out.line(&line);
    }
    code
}

/// `export`, `local` and their like.
fn declare(io: &Io, who: &str, arguments: &[String]) -> i32 {
    let mut code = 0;
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    if words.is_empty() {
        let scope = io.scope.borrow();
        for (name, value) in &scope.variables {
            if who != "export" || scope.exported.contains(name) {
                io.out.line(&format!("declare -x {name}=\"{value}\""));
            }
        }
        return 0;
    }
    for word in words {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        if !is_name(name.strip_suffix('+').unwrap_or(name)) {
            code = fail(io, &format!("{who}: `{word}': not a valid identifier"), 1);
            continue;
        }
        if who == "local" {
            let mut scope = io.scope.borrow_mut();
            let before = scope.variables.get(name).cloned();
            let Some(frame) = scope.frames.last_mut() else {
                drop(scope);
                return fail(io, "local: can only be used in a function", 1);
            };
            frame.push((name.to_owned(), before));
            if value.is_none() {
                scope.variables.remove(name);
            }
        }
        if who == "export" {
            let mut scope = io.scope.borrow_mut();
            if !scope.exported.iter().any(|n| n == name) {
                scope.exported.push(name.to_owned());
            }
        }
        if let Some(value) = value {
            io.set(name.to_owned(), value.to_owned());
        }
    }
    code
}

fn set(io: &Io, arguments: &[String]) -> i32 {
    if arguments.is_empty() {
        for (name, value) in &io.scope.borrow().variables {
            io.out.line(&format!("{name}={}", quoted(value)));
        }
        return 0;
    }
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let on = word.starts_with('-');
        if word == "--" || !(on || word.starts_with('+')) || word.len() == 1 {
            let mut rest: Vec<String> = words.cloned().collect();
            if word != "--" {
                rest.insert(0, word.clone());
            }
            io.scope.borrow_mut().arguments = rest;
            return 0;
        }
        for letter in word.chars().skip(1) {
            let options = &mut io.scope.borrow_mut().options;
            match letter {
                'e' => options.errexit = on,
                'u' => options.nounset = on,
                'x' => options.xtrace = on,
                'o' => match words.next().map(String::as_str) {
                    Some("pipefail") => options.pipefail = on,
                    Some("errexit") => options.errexit = on,
                    Some("nounset") => options.nounset = on,
                    Some("xtrace") => options.xtrace = on,
                    Some(other) => {
                        return fail(io, &format!("set: {other}: invalid option name"), 2);
                    }
                    None => return 0,
                },
                // Editing modes, globs, job control: nothing here depends on them.
                'v' | 'f' | 'm' | 'b' | 'h' | 'a' | 'E' => {}
                other => return fail(io, &format!("set: -{other}: invalid option"), 2),
            }
        }
    }
    0
}

fn alias(io: &Io, arguments: &[String]) -> i32 {
    let mut code = 0;
    let mut scope = io.scope.borrow_mut();
    if arguments.is_empty() {
        for (name, text) in &scope.aliases {
            io.out.line(&format!("alias {name}='{text}'"));
        }
    }
    for word in arguments {
        match word.split_once('=') {
            Some((name, text)) if !name.is_empty() => {
                if scope.aliases.len() < 1000 {
                    scope.aliases.insert(name.to_owned(), text.to_owned());
                }
            }
            _ => match scope.aliases.get(word) {
                Some(text) => io.out.line(&format!("alias {word}='{text}'")),
                None => code = fail(io, &format!("alias: {word}: not found"), 1),
            },
        }
    }
    code
}

/// `read [-r] [-p PROMPT] [-t SECONDS] [NAME...]`
async fn read(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut names = Vec::new();
    let mut raw = false;
    let mut words = arguments.iter();
    let mut wait = secs(3600 * 24);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-p" => io.err.write(words.next().map_or("", String::as_str)),
            "-t" => {
                let seconds = words.next().and_then(|w| w.parse().ok()).unwrap_or(1);
                wait = secs(seconds);
            }
            "-d" | "-n" => {
                words.next();
            }
            "-r" | "-rs" | "-sr" => raw = true,
            word if word.starts_with('-') => {}
            word => names.push(word.to_owned()),
        }
    }
    let line = match &io.input {
        Some(pipe) => line_of(pipe).await,
        None => shell.world.typed_line(wait).await,
    };
    let Some(mut line) = line else {
        for name in names {
            io.set(name, String::new());
        }
        return 1;
    };
    if !raw {
        line = line.replace('\\', "");
    }
    if names.is_empty() {
        names.push("REPLY".to_owned());
    }
    let separators = io.variable(shell, "IFS");
    let breaks = |c: char| match &separators {
        Some(own) => own.contains(c),
        None => c.is_whitespace(),
    };
    let only_blanks = separators.as_ref().is_none_or(|s| s.trim().is_empty());
    let mut rest = match only_blanks {
        true => line.trim_matches(breaks),
        false => line.as_str(),
    };
    let last = names.len() - 1;
    for (i, name) in names.into_iter().enumerate() {
        if i == last {
            io.set(name, rest.to_owned());
            break;
        }
        let (word, tail) = match rest.find(breaks) {
            Some(at) => {
                let (word, tail) = rest.split_at(at);
                let width = tail.chars().next().map_or(0, char::len_utf8);
                (word, tail.get(width..).unwrap_or_default())
            }
            None => (rest, ""),
        };
        io.set(name, word.to_owned());
        rest = if only_blanks {
            tail.trim_start_matches(breaks)
        } else {
            tail
        };
    }
    0
}

async fn line_of(pipe: &Pipe) -> Option<String> {
    let line = pipe.line().await?;
    Some(line.strip_suffix('\n').unwrap_or(&line).to_owned())
}

/// A word as it would have to be written.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
