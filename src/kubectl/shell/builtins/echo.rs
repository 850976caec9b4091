//! `echo`, `printf`, `test`, `export`.

use super::super::run::{Io, Shell};
use super::fail;

pub fn echo(io: &Io, arguments: &[String]) -> i32 {
    let mut newline = true;
    let mut escapes = false;
    let mut rest = arguments;
    while let Some((first, tail)) = rest.split_first() {
        match first.as_str() {
            "-n" => newline = false,
            "-e" => escapes = true,
            "-ne" | "-en" => {
                newline = false;
                escapes = true;
            }
            _ => break,
        }
        rest = tail;
    }
    let text = rest.join(" ");
    io.out.write(&if escapes { unescape(&text) } else { text });
    if newline {
        io.out.write("\n");
    }
    0
}

pub fn printf(io: &Io, arguments: &[String]) -> i32 {
    let Some((format, values)) = arguments.split_first() else {
        return fail(io, "printf: usage: printf format [arguments]", 2);
    };
    let format = unescape(format);
    let mut values = values.iter();
    loop {
        let mut used = false;
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') => out.push('%'),
                Some('s' | 'd') => {
                    used = true;
                    out.push_str(values.next().map_or("", String::as_str));
                }
                Some(other) => {
                    out.push('%');
                    out.push(other);
                }
                None => out.push('%'),
            }
        }
        io.out.write(&out);
        if !used || values.len() == 0 {
            return 0;
        }
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('\\') | None => out.push('\\'),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}

pub fn test(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let holds = match words.as_slice() {
        [] => Some(false),
        ["!", rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|s| (*s).to_owned()).collect();
            return i32::from(test(shell, io, &rest) == 0);
        }
        [word] => Some(!word.is_empty()),
        ["-n", word] => Some(!word.is_empty()),
        ["-z", word] => Some(word.is_empty()),
        ["-f" | "-e", name] => Some(shell.world.host.read_file(name).is_some()),
        [a, "=" | "==", b] => Some(a == b),
        [a, "!=", b] => Some(a != b),
        [a, operator, b] => match (a.parse::<i64>(), b.parse::<i64>()) {
            (Ok(a), Ok(b)) => match *operator {
                "-eq" => Some(a == b),
                "-ne" => Some(a != b),
                "-lt" => Some(a < b),
                "-le" => Some(a <= b),
                "-gt" => Some(a > b),
                "-ge" => Some(a >= b),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    match holds {
        Some(holds) => i32::from(!holds),
        None => fail(io, "test: expression expected", 2),
    }
}

pub fn export(shell: &Shell, arguments: &[String]) -> i32 {
    for argument in arguments {
        if let Some((name, value)) = argument.split_once('=') {
            let mut state = shell.state.borrow_mut();
            state.variables.insert(name.to_owned(), value.to_owned());
        }
    }
    0
}
