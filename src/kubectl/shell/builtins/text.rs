//! `seq`, `base64`, `sha256sum`, `xargs`, `tac`, `rev`, `paste`.

use std::rc::Rc;

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::client::LocalFuture;
use crate::tools::options;

/// No sequence is longer.
const MOST_NUMBERS: usize = 100_000;

/// `seq LAST`, `seq FIRST LAST`, `seq FIRST STEP LAST`, in whole numbers.
pub fn seq(io: &Io, arguments: &[String]) -> i32 {
    let mut numbers = Vec::new();
    let (mut between, mut wide) = ("\n", false);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(argument) = words.next() {
        if argument == "-w" || argument == "--equal-width" {
            wide = true;
            continue;
        }
        if let Some(text) = argument.strip_prefix("-s") {
            between = match text {
                "" => words.next().unwrap_or_default(),
                text => text,
            };
            continue;
        }
        match argument.parse::<i64>() {
            Ok(number) => numbers.push(number),
            Err(_) => {
                return fail(
                    io,
                    &format!("seq: invalid integer argument: '{argument}'"),
                    1,
                );
            }
        }
    }
    let (from, step, to) = match numbers.as_slice() {
        [to] => (1, 1, *to),
        [from, to] => (*from, 1, *to),
        [_, 0, _] => return fail(io, "seq: invalid Zero increment value: '0'", 1),
        [from, step, to] => (*from, *step, *to),
        [] => return fail(io, "seq: missing operand", 1),
        _ => return fail(io, "seq: extra operand", 1),
    };
    let width = match wide {
        true => from.to_string().len().max(to.to_string().len()),
        false => 0,
    };
    let mut at = from;
    let mut texts = Vec::new();
    for _ in 0..MOST_NUMBERS {
        if (step > 0 && at > to) || (step < 0 && at < to) {
            break;
        }
        texts.push(format!("{at:0width$}"));
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    if !texts.is_empty() {
        io.out.line(&texts.join(between));
    }
    0
}

/// `base64 [-d] [-w COLUMNS] [FILE]`.
pub async fn base64(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let short: Vec<String> = arguments
        .iter()
        .map(|word| match word.as_str() {
            "--decode" => "-d".to_owned(),
            word => match word.strip_prefix("--wrap=") {
                Some(columns) => format!("-w{columns}"),
                None => word.to_owned(),
            },
        })
        .collect();
    let (flags, names) = options(&short, "w");
    let text = match read_all(shell, io, "base64", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 1),
    };
    if flags.iter().any(|(letter, _)| matches!(letter, 'd' | 'D')) {
        let (bytes, whole) = decode(&text);
        io.out.write(&String::from_utf8_lossy(&bytes));
        return match whole {
            true => 0,
            false => fail(io, "base64: invalid input", 1),
        };
    }
    let columns = flags
        .iter()
        .find(|(letter, _)| *letter == 'w')
        .map_or(76, |(_, value)| value.parse().unwrap_or(76));
    let encoded = crate::api::base64::encode(text.as_bytes());
    if columns == 0 {
        io.out.write(&encoded);
        return 0;
    }
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(columns.min(rest.len()));
        io.out.line(line);
        rest = tail;
    }
    0
}

/// The bytes, and whether the text was whole; blanks are skipped.
pub fn decode(text: &str) -> (Vec<u8>, bool) {
    crate::api::base64::decode_part(text.bytes().filter(|b| !b.is_ascii_whitespace()))
}

/// `xargs [-n MOST] [-I TEXT] [COMMAND [WORDS]]`: the words of the input as arguments.
pub fn xargs<'a>(
    shell: &'a Rc<Shell>,
    io: &'a Io,
    arguments: &'a [String],
) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let mut most = usize::MAX;
        let mut place = None;
        let mut empty = true;
        let mut rest = arguments;
        while let Some((first, tail)) = rest.split_first() {
            let Some(letters) = first.strip_prefix('-').filter(|l| !l.is_empty()) else {
                break;
            };
            rest = tail;
            if letters == "r" || letters == "-no-run-if-empty" {
                empty = false;
                continue;
            }
            let Some((letter, inline)) = letters.split_at_checked(1) else {
                return fail(io, &format!("xargs: invalid option: {first}"), 1);
            };
            let value = match (inline, rest.split_first()) {
                ("", Some((value, tail))) => {
                    rest = tail;
                    value.as_str()
                }
                (inline, _) => inline,
            };
            match (letter, value.parse::<usize>()) {
                ("n" | "L", Ok(number)) if number > 0 => most = number,
                ("I", _) if !value.is_empty() => place = Some(value),
                ("P", Ok(_)) => {}
                _ => return fail(io, &format!("xargs: invalid option: {first}"), 1),
            }
        }
        let text = match &io.input {
            Some(pipe) => pipe.rest().await,
            None => String::new(),
        };
        let echo = ["echo".to_owned()];
        let command = if rest.is_empty() { &echo[..] } else { rest };
        let words: Vec<String> = match place {
            Some(_) => text
                .lines()
                .map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect(),
            None => text.split_whitespace().map(str::to_owned).collect(),
        };
        if words.is_empty() && (!empty || place.is_some()) {
            return 0;
        }
        let mut code = 0;
        let size = match place {
            Some(_) => 1,
            None => most.min(words.len().max(1)),
        };
        let groups: Vec<&[String]> = match words.is_empty() {
            true => vec![&[]],
            false => words.chunks(size).collect(),
        };
        for group in groups {
            let mut line: Vec<String> = command.to_vec();
            match (place, group) {
                (Some(place), [word]) => {
                    line = line.iter().map(|part| part.replace(place, word)).collect();
                }
                _ => line.extend_from_slice(group),
            }
            let Some((name, arguments)) = line.split_first() else {
                break;
            };
            let inner = Io {
                input: None,
                ..io.clone()
            };
            let ended = super::super::run::run_named(shell, inner, name, arguments, false).await;
            match ended.code {
                0 => {}
                127 => return 127,
                _ => code = 123,
            }
            shell.world.breathe().await;
        }
        code
    })
}

/// `sha256sum [FILE...]`
pub async fn sha256sum(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| *a == "-" || !a.starts_with('-'))
        .collect();
    if names.is_empty() {
        names.push("-");
    }
    let mut code = 0;
    for name in names {
        match read_all(shell, io, "sha256sum", &[name]).await {
            Ok(text) => {
                let hash = crate::kubectl::sha256::hex(text.as_bytes());
                io.out.line(&format!("{hash}  {name}"));
            }
            Err(message) => code = fail(io, &message, 1),
        }
    }
    code
}

/// `tac [FILE...]`
pub async fn tac(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match read_all(shell, io, "tac", &names).await {
        Ok(text) => {
            text.lines().rev().for_each(|line| io.out.line(line));
            0
        }
        Err(message) => fail(io, &message, 1),
    }
}

/// `rev [FILE...]`
pub async fn rev(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match read_all(shell, io, "rev", &names).await {
        Ok(text) => {
            for line in text.lines() {
                io.out.line(&line.chars().rev().collect::<String>());
            }
            0
        }
        Err(message) => fail(io, &message, 1),
    }
}

/// `paste -s [-d SEP] [FILE...]`
pub async fn paste(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, names) = options(arguments, "d");
    let between = flags
        .iter()
        .find(|(l, _)| *l == 'd')
        .map_or("\t", |(_, v)| *v);
    let serial = flags.iter().any(|(l, _)| *l == 's');
    if names.len() > 1 && !serial {
        // Lines side by side.
        let mut columns: Vec<Vec<String>> = Vec::new();
        for name in &names {
            match read_all(shell, io, "paste", &[*name]).await {
                Ok(text) => columns.push(text.lines().map(str::to_owned).collect()),
                Err(message) => return fail(io, &message, 1),
            }
        }
        let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..longest {
            let cells = columns.iter().map(|c| c.get(at).map_or("", String::as_str));
            io.out.line(&cells.collect::<Vec<_>>().join(between));
        }
        return 0;
    }
    match read_all(shell, io, "paste", &names).await {
        Ok(text) if flags.iter().any(|(l, _)| *l == 's') => {
            let lines: Vec<&str> = text.lines().collect();
            io.out.line(&lines.join(between));
            0
        }
        Ok(text) => {
            io.out.write(&text);
            0
        }
        Err(message) => fail(io, &message, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_reads_what_it_writes() {
        for text in ["", "a", "ab", "abc", "Grüße\n"] {
            let encoded = crate::api::base64::encode(text.as_bytes());
            assert_eq!(decode(&encoded), (text.as_bytes().to_vec(), true), "{text}");
        }
        assert_eq!(decode("YQ").0, b"a");
        assert!(!decode("Y!==").1);
        assert!(!decode("YQ==YQ==").1);
    }
}
