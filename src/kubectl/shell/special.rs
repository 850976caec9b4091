//! Commands that change the shell that runs them.

use std::rc::Rc;
use std::time::Duration;

use super::arrays::{Array, Assigned, Assignment, assign, assignment, subscript};
use super::cond;
use super::expand::{compute, split};
use super::jobs;
use super::lex::{Part, is_name};
use super::run::{Ended, Flow, ended_of, leave, run_named};
use super::state::{Hidden, Io, Reference, Shell};
use crate::client::LocalFuture;
use crate::kubectl::io::Pipe;

/// Their names, in order.
pub const NAMES: [&str; 35] = [
    ".",
    ":",
    "alias",
    "bash",
    "bg",
    "break",
    "builtin",
    "command",
    "continue",
    "declare",
    "eval",
    "exec",
    "exit",
    "export",
    "fg",
    "jobs",
    "kill",
    "let",
    "local",
    "mapfile",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "sh",
    "shift",
    "source",
    "trap",
    "type",
    "typeset",
    "unalias",
    "unset",
    "wait",
    "which",
];

/// What bash does itself, though it is a program here.
const BUILT_IN: [&str; 11] = [
    "[", "cd", "echo", "false", "help", "history", "kill", "printf", "pwd", "test", "true",
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
        // Words that came of an expansion: what they assign is text.
        "export" | "declare" | "typeset" | "readonly" | "local" => {
            let mut names = Vec::new();
            let mut assignments = Vec::new();
            for word in arguments {
                let part = Part::Text {
                    text: word.clone(),
                    quoted: false,
                };
                match assignment(&vec![part]) {
                    Some(assignment) => {
                        names.push(assignment.name.clone());
                        assignments.push(assignment);
                    }
                    None => names.push(word.clone()),
                }
            }
            match declare(shell, io, name, &names, &assignments).await {
                Ok(code) => code,
                Err(message) => fail(io, &message, 1),
            }
        }
        "unset" => {
            let functions = first == Some("-f");
            if first == Some("-n") {
                let mut scope = io.scope.borrow_mut();
                scope.references.retain(|r| !arguments.contains(&r.name));
                return Some(Ended::with(0));
            }
            for word in arguments.iter().filter(|a| !a.starts_with('-')) {
                if let Some((array, index)) = word.strip_suffix(']').and_then(|w| w.split_once('['))
                {
                    match subscript(shell, io, array, index) {
                        Ok(at) => io.change_array(array, |array| array.remove(&at)),
                        Err(message) => return Some(Ended::with(fail(io, &message, 1))),
                    }
                    continue;
                }
                if io.scope.borrow().readonly.contains(word) {
                    let message = format!("unset: {word}: cannot unset: readonly variable");
                    return Some(Ended::with(fail(io, &message, 1)));
                }
                let mut scope = io.scope.borrow_mut();
                let arrays = scope.arrays.len();
                scope.arrays.retain(|(n, _)| n != word);
                if arrays > scope.arrays.len() {
                    continue;
                }
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
        "trap" => trap(io, arguments),
        "mapfile" | "readarray" => mapfile(io, arguments).await,
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
        let code = ended_of(shell, &inner, &text).await.code;
        leave(shell, &inner, code).await
    })
}

/// What names stand for: `type`, `which`, `command -v`.
fn types(io: &Io, names: &[String], who: &str) -> i32 {
    let mut code = 0;
    for name in names.iter().filter(|a| !a.starts_with('-')) {
        let scope = io.scope.borrow();
        let special = NAMES.contains(&name.as_str()) || BUILT_IN.contains(&name.as_str());
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
        } else if special && (who != "which" || !program) {
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

/// `export`, `local` and their like: names with what is assigned to them.
///
/// # Errors
/// What is wrong with a word that is assigned.
pub async fn declare(
    shell: &Rc<Shell>,
    io: &Io,
    who: &str,
    arguments: &[String],
    assignments: &[Assignment],
) -> Result<i32, String> {
    let (flags, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|a| a.starts_with(['-', '+']));
    let flag = |letter: char| {
        flags
            .iter()
            .any(|f| f.starts_with('-') && f.contains(letter))
    };
    let mut code = 0;
    if names.is_empty() || flag('p') {
        return Ok(shown(io, who, &names, flag('x')));
    }
    for name in &names {
        if !is_name(name) {
            code = fail(io, &format!("{who}: `{name}': not a valid identifier"), 1);
            continue;
        }
        let assigned = assignments.iter().any(|a| a.name == **name);
        if flag('n') {
            refer(shell, io, name, assignments).await?;
            continue;
        }
        let mut scope = io.scope.borrow_mut();
        let local = who == "local" || who != "export" && who != "readonly" && !flag('g');
        if local && (who == "local" || !scope.frames.is_empty()) {
            let plain = scope.variables.get(*name).cloned();
            let mut arrays = scope.arrays.iter();
            let array = arrays.find(|(n, _)| n == *name).map(|(_, a)| a.clone());
            let hidden = match (plain, array) {
                (_, Some(array)) => Hidden::Array(array),
                (Some(value), None) => Hidden::Plain(value),
                (None, None) => Hidden::Nothing,
            };
            let Some(frame) = scope.frames.last_mut() else {
                drop(scope);
                return Ok(fail(io, "local: can only be used in a function", 1));
            };
            if !frame.iter().any(|(n, _)| n == *name) {
                frame.push(((*name).clone(), hidden));
                scope.variables.remove(*name);
                scope.arrays.retain(|(n, _)| n != *name);
            }
        }
        if (who == "export" || flag('x')) && !scope.exported.contains(name) {
            scope.exported.push((*name).clone());
        }
        if flag('i') && !scope.integers.contains(name) {
            scope.integers.push((*name).clone());
        }
        drop(scope);
        if flag('A') || flag('a') && !assigned {
            let mut array = io.array(name).unwrap_or_default();
            array.named = flag('A');
            io.set_array(name, array);
        }
    }
    for assignment in assignments.iter().filter(|_| !flag('n')) {
        let integer = io.scope.borrow().integers.contains(&assignment.name);
        assign(shell, io, assignment, integer).await?;
    }
    if who == "readonly" || flag('r') {
        let mut scope = io.scope.borrow_mut();
        for name in names {
            if !scope.readonly.contains(name) && scope.readonly.len() < 1000 {
                scope.readonly.push(name.clone());
            }
        }
    }
    Ok(code)
}

/// `declare -n NAME=VARIABLE`: a name that stands for another variable.
async fn refer(
    shell: &Rc<Shell>,
    io: &Io,
    name: &str,
    assignments: &[Assignment],
) -> Result<(), String> {
    let mut target = String::new();
    let own = assignments.iter().find(|a| a.name == name);
    if let Some(Assigned::Text(word)) = own.map(|a| &a.value) {
        target = super::expand::joined(shell, io, word).await?;
    }
    let bare = target.split('[').next().unwrap_or_default();
    if !target.is_empty() && !is_name(bare) {
        return Err(format!(
            "declare: `{target}': invalid variable name for name reference"
        ));
    }
    if target == name {
        return Err(format!(
            "declare: {name}: nameref variable self references not allowed"
        ));
    }
    let mut scope = io.scope.borrow_mut();
    let depth = scope.frames.len();
    scope
        .references
        .retain(|r| r.name != name || r.depth != depth);
    if scope.references.len() < 200 {
        scope.references.push(Reference {
            name: name.to_owned(),
            target,
            depth,
        });
    }
    Ok(())
}

/// `declare -p`: how variables could be declared.
fn shown(io: &Io, who: &str, names: &[&String], exported: bool) -> i32 {
    let scope = io.scope.borrow();
    let mut all: Vec<(&String, String)> = Vec::new();
    let letters = |name: &String, kind: &str| {
        let mut letters = kind.to_owned();
        for (list, letter) in [
            (&scope.integers, 'i'),
            (&scope.readonly, 'r'),
            (&scope.exported, 'x'),
        ] {
            if list.contains(name) {
                letters.push(letter);
            }
        }
        if letters.is_empty() {
            "-".to_owned()
        } else {
            letters
        }
    };
    for (name, value) in &scope.variables {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        all.push((
            name,
            format!("declare -{} {name}=\"{value}\"", letters(name, "")),
        ));
    }
    for (name, array) in &scope.arrays {
        let letters = letters(name, if array.named { "A" } else { "a" });
        all.push((
            name,
            format!("declare -{letters} {name}={}", array.written()),
        ));
    }
    all.sort();
    let mut code = 0;
    if names.is_empty() {
        let only = |list: &Vec<String>, name: &String| list.contains(name);
        for (name, line) in &all {
            let fits = match who {
                "export" => only(&scope.exported, name),
                "readonly" => only(&scope.readonly, name),
                _ => !exported || only(&scope.exported, name),
            };
            if fits {
                io.out.line(line);
            }
        }
    }
    for name in names {
        match all.iter().find(|(n, _)| n == name) {
            Some((_, line)) => io.out.line(line),
            None => code = fail(io, &format!("{who}: {name}: not found"), 1),
        }
    }
    code
}

/// Signals by the names that `trap` takes.
const SIGNALS: [(&str, u8); 19] = [
    ("EXIT", 0),
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("ERR", 65),
    ("DEBUG", 66),
    ("RETURN", 67),
];

/// `trap [COMMAND] SIGNAL...`: what is done as the shell ends (`EXIT`), and when a command fails (`ERR`).
/// No other signal comes; what is set for them is kept.
fn trap(io: &Io, arguments: &[String]) -> i32 {
    let named = |word: &str| {
        let plain = word.to_uppercase();
        let plain = plain.strip_prefix("SIG").unwrap_or(&plain).to_owned();
        let found = SIGNALS.iter().find(|(name, number)| {
            *name == plain || word.parse::<u8>().is_ok_and(|n| n == *number)
        });
        found.map(|(name, _)| *name)
    };
    let written = |signal: &str| match signal {
        "EXIT" | "ERR" | "DEBUG" | "RETURN" => signal.to_owned(),
        signal => format!("SIG{signal}"),
    };
    let arguments = match arguments.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => arguments,
    };
    let first = arguments.first().map(String::as_str);
    if matches!(first, None | Some("-p")) {
        let scope = io.scope.borrow();
        let mut traps: Vec<_> = scope.traps.iter().collect();
        traps.sort_by_key(|(signal, _)| SIGNALS.iter().position(|(name, _)| name == signal));
        for (signal, command) in traps {
            let command = command.replace('\'', "'\\''");
            io.out
                .line(&format!("trap -- '{command}' {}", written(signal)));
        }
        return 0;
    }
    if first == Some("-l") {
        for row in SIGNALS.get(1..16).unwrap_or_default().chunks(5) {
            let cells: Vec<String> = row.iter().map(|(n, i)| format!("{i:2}) SIG{n}")).collect();
            io.out.line(&cells.join("\t"));
        }
        return 0;
    }
    // A signal alone, or with a dash before it, is what it was.
    let (command, signals) = match arguments {
        [only] => (None, std::slice::from_ref(only)),
        [dash, rest @ ..] if dash == "-" => (None, rest),
        [command, rest @ ..] => (Some(command), rest),
        [] => (None, arguments),
    };
    let mut code = 0;
    for signal in signals {
        let Some(name) = named(signal) else {
            let message = format!("trap: {signal}: invalid signal specification");
            code = fail(io, &message, 1);
            continue;
        };
        let mut scope = io.scope.borrow_mut();
        scope.traps.retain(|(own, _)| own != name);
        if let Some(command) = command {
            scope.traps.push((name.to_owned(), command.clone()));
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

/// `read [-r] [-a ARRAY] [-d END] [-n LETTERS] [-p PROMPT] [-t SECONDS] [NAME...]`
async fn read(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut names = Vec::new();
    let mut raw = false;
    let mut array = None;
    let mut end = '\n';
    let mut most = usize::MAX;
    let mut wait = LONG;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else {
            names.push(word.to_owned());
            continue;
        };
        for (at, letter) in letters.char_indices() {
            if !"apdntNiu".contains(letter) {
                raw |= letter == 'r';
                continue;
            }
            let rest = letters.get(at + 1..).unwrap_or_default();
            let value = match rest {
                "" => words.next().map_or("", String::as_str),
                rest => rest,
            };
            match letter {
                'a' => array = Some(value.to_owned()),
                'd' => end = value.chars().next().unwrap_or('\0'),
                'n' | 'N' => most = value.parse().unwrap_or(most),
                't' => wait = wait_of(value),
                // A prompt is for who types.
                'p' if io.input.is_none() => io.err.write(value),
                _ => {}
            }
            break;
        }
    }
    let mut ended = true;
    let line = match &io.input {
        Some(pipe) => {
            let line = piece_of(pipe, end, most).await;
            ended = line.as_ref().is_some_and(|(_, ended)| *ended);
            line.map(|(line, _)| line)
        }
        None => shell.world.typed_line(wait).await,
    };
    let code = match line.is_none() && io.input.is_none() && wait < LONG {
        // As if an alarm had ended it.
        true => 142,
        false => i32::from(line.is_none() || !ended),
    };
    let mut line = line.unwrap_or_default();
    if !raw {
        line = line.replace('\\', "");
    }
    let separators = io
        .variable(shell, "IFS")
        .unwrap_or_else(|| " \t\n".to_owned());
    if let Some(name) = array {
        let (_, fields, _) = split(&line, &separators);
        io.set_array(
            &name,
            Array::of(fields.into_iter().map(str::to_owned).collect()),
        );
        return code;
    }
    if names.is_empty() {
        io.set("REPLY".to_owned(), line);
        return code;
    }
    let blank = |c: char| c.is_whitespace() && separators.contains(c);
    let mut rest = line.trim_matches(blank);
    let last = names.len() - 1;
    for (i, name) in names.into_iter().enumerate() {
        if i == last {
            // A separator that ends the line is no part of the last word if nothing follows it.
            let text = match rest.char_indices().next_back() {
                Some((at, c)) if separators.contains(c) => {
                    let head = rest.get(..at).unwrap_or_default();
                    if head.contains(|c| separators.contains(c)) {
                        rest
                    } else {
                        head
                    }
                }
                _ => rest,
            };
            io.set(name, text.to_owned());
            break;
        }
        let at = rest.find(|c| separators.contains(c));
        let (word, tail) = match at {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let tail = tail.trim_start_matches(blank);
        let tail = match tail.chars().next() {
            Some(c) if separators.contains(c) => tail.get(c.len_utf8()..).unwrap_or_default(),
            _ => tail,
        };
        io.set(name, word.to_owned());
        rest = tail.trim_start_matches(blank);
    }
    code
}

/// For ever, as a prompt waits.
const LONG: Duration = Duration::from_secs(3600 * 24);

/// The span of `read -t`, which may have a fraction.
fn wait_of(text: &str) -> Duration {
    let nanos = crate::api::rfc3339::parse_go_duration(&format!("{text}s")).unwrap_or(1);
    Duration::from_nanos(nanos.max(0).unsigned_abs())
}

/// A line of the input, or one that is typed.
pub async fn line(shell: &Shell, io: &Io) -> Option<String> {
    match &io.input {
        Some(pipe) => {
            let line = pipe.line().await?;
            Some(line.strip_suffix('\n').unwrap_or(&line).to_owned())
        }
        None => shell.world.typed_line(LONG).await,
    }
}

/// Text up to a character, and whether that came; no more than so many letters.
async fn piece_of(pipe: &Pipe, end: char, most: usize) -> Option<(String, bool)> {
    if end == '\n' && most == usize::MAX {
        let line = pipe.line().await?;
        return Some(match line.strip_suffix('\n') {
            Some(line) => (line.to_owned(), true),
            None => (line, false),
        });
    }
    let mut text = String::new();
    let mut count = 0;
    while count < most {
        let Some(line) = pipe.line().await else {
            return (!text.is_empty()).then_some((text, false));
        };
        for (at, c) in line.char_indices() {
            let behind = line.get(at + c.len_utf8()..).unwrap_or_default();
            if c == end {
                pipe.give_back(behind);
                return Some((text, true));
            }
            text.push(c);
            count += 1;
            if count == most {
                pipe.give_back(behind);
                break;
            }
        }
    }
    Some((text, true))
}

/// `mapfile [-t] [-n MOST] [ARRAY]`
async fn mapfile(io: &Io, arguments: &[String]) -> i32 {
    let mut name = "MAPFILE";
    let (mut bare, mut most) = (false, usize::MAX);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-t" => bare = true,
            "-n" => most = words.next().and_then(|w| w.parse().ok()).unwrap_or(most),
            word if word.starts_with('-') => {}
            word => name = word,
        }
    }
    let mut lines = Vec::new();
    if let Some(pipe) = &io.input {
        while lines.len() < most.min(20_000) {
            let Some(line) = pipe.line().await else { break };
            lines.push(match bare {
                true => line.strip_suffix('\n').unwrap_or(&line).to_owned(),
                false => line,
            });
        }
    }
    io.set_array(name, Array::of(lines));
    0
}

/// A word as it would have to be written.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
