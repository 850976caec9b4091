//! `head`, `tail`, `sort`, `uniq`, `wc`, `cut`, `tr`.

use std::collections::VecDeque;

use super::super::state::{Io, Shell};
use super::{Lines, fail, read_all};

/// Options of one letter and the rest; `valued` names the letters that take a value.
pub fn options<'a>(arguments: &'a [String], valued: &str) -> (Vec<(char, &'a str)>, Vec<&'a str>) {
    let mut flags = Vec::new();
    let mut rest = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let letters = match word.strip_prefix('-') {
            Some(letters) if !letters.is_empty() && !letters.starts_with('-') => letters,
            _ if word == "--" => {
                rest.extend(words.by_ref().map(String::as_str));
                break;
            }
            _ => {
                rest.push(word.as_str());
                continue;
            }
        };
        for (i, letter) in letters.char_indices() {
            if !valued.contains(letter) {
                flags.push((letter, ""));
                continue;
            }
            let inline = letters.get(i + letter.len_utf8()..).unwrap_or_default();
            let value = match inline {
                "" => words.next().map_or("", String::as_str),
                inline => inline,
            };
            flags.push((letter, value));
            break;
        }
    }
    (flags, rest)
}

fn has(flags: &[(char, &str)], letter: char) -> bool {
    flags.iter().any(|(l, _)| *l == letter)
}

fn value<'a>(flags: &[(char, &'a str)], letter: char) -> Option<&'a str> {
    flags.iter().find(|(l, _)| *l == letter).map(|(_, v)| *v)
}

/// `-5` means `-n 5`.
fn line_count<'a>(
    arguments: &'a [String],
    default: &'a str,
) -> (&'a str, Vec<(char, &'a str)>, Vec<&'a str>) {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if let Some((first, rest)) = arguments.split_first()
        && let Some(count) = first.strip_prefix('-')
        && digits(count)
    {
        let (flags, rest) = options(rest, "nc");
        return (count, flags, rest);
    }
    let (flags, rest) = options(arguments, "nc");
    (value(&flags, 'n').unwrap_or(default), flags, rest)
}

pub async fn head(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (count, flags, names) = line_count(arguments, "10");
    if let Some(bytes) = value(&flags, 'c') {
        let text = match read_all(shell, io, "head", &names).await {
            Ok(text) => text,
            Err(message) => return fail(io, &message, 1),
        };
        let bytes = bytes.parse().unwrap_or(0).min(text.len());
        let head = String::from_utf8_lossy(text.as_bytes().get(..bytes).unwrap_or_default());
        io.out.write(&head);
        return 0;
    }
    let Ok(count) = count.parse::<usize>() else {
        return fail(io, &format!("head: invalid number of lines: '{count}'"), 1);
    };
    let lines = match Lines::open(shell, io, "head", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 1),
    };
    for _ in 0..count {
        match lines.next().await {
            Some(line) => io.out.write(&line),
            None => break,
        }
    }
    0
}

pub async fn tail(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (count, _, names) = line_count(arguments, "10");
    let number = count.trim_start_matches(['+', '-']);
    let Ok(number) = number.parse::<usize>() else {
        return fail(io, &format!("tail: invalid number of lines: '{count}'"), 1);
    };
    let lines = match Lines::open(shell, io, "tail", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 1),
    };
    if count.starts_with('+') {
        let mut skip = number.saturating_sub(1);
        while let Some(line) = lines.next().await {
            match skip {
                0 => io.out.write(&line),
                _ => skip -= 1,
            }
        }
        return 0;
    }
    let mut kept = VecDeque::new();
    while let Some(line) = lines.next().await {
        kept.push_back(line);
        if kept.len() > number {
            kept.pop_front();
        }
    }
    kept.iter().for_each(|line| io.out.write(line));
    0
}

pub async fn sort(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, names) = options(arguments, "kt");
    let text = match read_all(shell, io, "sort", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 2),
    };
    let mut lines: Vec<&str> = text.lines().collect();
    let column = value(&flags, 'k')
        .and_then(|k| {
            k.split(',')
                .next()?
                .trim_end_matches(char::is_alphabetic)
                .parse()
                .ok()
        })
        .unwrap_or(0usize);
    let separator = value(&flags, 't').and_then(|t| t.chars().next());
    let key = |line: &str| -> String {
        match (column, separator) {
            (0, _) => line.to_owned(),
            (n, None) => {
                let fields: Vec<&str> = line.split_whitespace().skip(n - 1).collect();
                fields.join(" ")
            }
            (n, Some(separator)) => {
                let fields: Vec<&str> = line.split(separator).skip(n - 1).collect();
                fields.join(&separator.to_string())
            }
        }
    };
    if has(&flags, 'n') || value(&flags, 'k').is_some_and(|k| k.contains('n')) {
        lines.sort_by_key(|line| leading_number(&key(line)));
    } else {
        lines.sort_by_key(|line| key(line));
    }
    if has(&flags, 'r') {
        lines.reverse();
    }
    if has(&flags, 'u') {
        lines.dedup();
    }
    lines.iter().for_each(|line| io.out.line(line));
    0
}

/// The number at the start of a text, in thousandths.
fn leading_number(text: &str) -> i64 {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '-')
        .unwrap_or(text.len());
    text.get(..end).and_then(|n| n.parse().ok()).unwrap_or(0)
}

pub async fn uniq(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, names) = options(arguments, "");
    let text = match read_all(shell, io, "uniq", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 1),
    };
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let mut count = 1;
        while lines.next_if_eq(&line).is_some() {
            count += 1;
        }
        match has(&flags, 'c') {
            true => io.out.line(&format!("{count:7} {line}")),
            false => io.out.line(line),
        }
    }
    0
}

pub async fn wc(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, names) = options(arguments, "");
    let text = match read_all(shell, io, "wc", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 1),
    };
    let counts = [
        ('l', text.matches('\n').count()),
        ('w', text.split_whitespace().count()),
        ('c', text.len()),
    ];
    let wanted: Vec<String> = counts
        .iter()
        .filter(|(letter, _)| flags.is_empty() || has(&flags, *letter))
        .map(|(_, n)| n.to_string())
        .collect();
    let line = match wanted.as_slice() {
        [one] => one.clone(),
        many => many
            .iter()
            .map(|n| format!("{n:>7}"))
            .collect::<Vec<_>>()
            .join(" "),
    };
    match names.as_slice() {
        [] => io.out.line(&line),
        names => io.out.line(&format!("{line} {}", names.join(" "))),
    }
    0
}

pub async fn cut(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, names) = options(arguments, "cdf");
    let list = value(&flags, 'c').or(value(&flags, 'f'));
    let Some(ranges) = list.and_then(ranges) else {
        return fail(
            io,
            "cut: you must specify a list of bytes, characters, or fields",
            1,
        );
    };
    let wanted = |n: usize| ranges.iter().any(|(a, b)| (*a..=*b).contains(&n));
    let separator = value(&flags, 'd')
        .and_then(|d| d.chars().next())
        .unwrap_or('\t');
    let lines = match Lines::open(shell, io, "cut", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 1),
    };
    while let Some(line) = lines.next().await {
        let line = line.trim_end_matches('\n');
        if has(&flags, 'c') {
            let chars = line.chars().enumerate();
            io.out.line(
                &chars
                    .filter(|(i, _)| wanted(i + 1))
                    .map(|(_, c)| c)
                    .collect::<String>(),
            );
        } else if line.contains(separator) {
            let fields = line.split(separator).enumerate();
            let fields: Vec<&str> = fields
                .filter(|(i, _)| wanted(i + 1))
                .map(|(_, f)| f)
                .collect();
            io.out.line(&fields.join(&separator.to_string()));
        } else {
            io.out.line(line);
        }
    }
    0
}

/// `1-20`, `3`, `2-`, `-4`, lists of them.
fn ranges(text: &str) -> Option<Vec<(usize, usize)>> {
    text.split(',')
        .map(|range| match range.split_once('-') {
            Some(("", to)) => Some((1, to.parse().ok()?)),
            Some((from, "")) => Some((from.parse().ok()?, usize::MAX)),
            Some((from, to)) => Some((from.parse().ok()?, to.parse().ok()?)),
            None => range.parse().ok().map(|n| (n, n)),
        })
        .collect()
}

pub async fn tr(io: &Io, arguments: &[String]) -> i32 {
    let (flags, sets) = options(arguments, "");
    let text = match &io.input {
        Some(pipe) => pipe.rest().await,
        None => String::new(),
    };
    let set = |text: &str| -> Vec<char> {
        let text = text.replace("\\n", "\n").replace("\\t", "\t");
        let chars: Vec<char> = text.chars().collect();
        let mut out = Vec::new();
        let mut rest = chars.as_slice();
        while let Some((first, tail)) = rest.split_first() {
            match tail {
                ['-', last, after @ ..] => {
                    out.extend(*first..=*last);
                    rest = after;
                }
                _ => {
                    out.push(*first);
                    rest = tail;
                }
            }
        }
        out
    };
    let from = sets.first().map(|s| set(s)).unwrap_or_default();
    let to = sets.get(1).map(|s| set(s)).unwrap_or_default();
    if has(&flags, 'd') {
        io.out.write(
            &text
                .chars()
                .filter(|c| !from.contains(c))
                .collect::<String>(),
        );
        return 0;
    }
    let map = |c: char| match from.iter().position(|f| *f == c) {
        Some(i) => to.get(i).or(to.last()).copied().unwrap_or(c),
        None => c,
    };
    io.out.write(&text.chars().map(map).collect::<String>());
    0
}
