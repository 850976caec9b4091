//! `head`, `tail`, `sort`, `uniq`, `wc`, `cut`, `tr`.

use std::collections::VecDeque;

use super::super::state::{Io, Shell};
use super::{Lines, fail, read_all};
use crate::tools::{Cut, Sort, Tr, Uniq, Wc, options};

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
    // All but the last ones.
    let (but, count) = match count.strip_prefix('-') {
        Some(count) => (true, count),
        None => (false, count),
    };
    let Ok(count) = count.parse::<usize>() else {
        return fail(io, &format!("head: invalid number of lines: '{count}'"), 1);
    };
    let lines = match Lines::open(shell, io, "head", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 1),
    };
    if but {
        let mut kept = VecDeque::new();
        while let Some(line) = lines.next().await {
            kept.push_back(line);
            if kept.len() > count
                && let Some(line) = kept.pop_front()
            {
                io.out.write(&line);
            }
        }
        return 0;
    }
    for _ in 0..count {
        match lines.next().await {
            Some(line) => io.out.write(&line),
            None => break,
        }
    }
    0
}

pub async fn tail(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (count, flags, names) = line_count(arguments, "10");
    if let Some(bytes) = value(&flags, 'c') {
        let text = match read_all(shell, io, "tail", &names).await {
            Ok(text) => text,
            Err(message) => return fail(io, &message, 1),
        };
        let Ok(number) = bytes.trim_start_matches(['+', '-']).parse::<usize>() else {
            return fail(io, &format!("tail: invalid number of bytes: '{bytes}'"), 1);
        };
        let from = match bytes.starts_with('+') {
            true => number.saturating_sub(1).min(text.len()),
            false => text.len().saturating_sub(number),
        };
        let tail = text.as_bytes().get(from..).unwrap_or_default();
        io.out.write(&String::from_utf8_lossy(tail));
        return 0;
    }
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
    let (sort, names) = Sort::parse(arguments);
    let text = match read_all(shell, io, "sort", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 2),
    };
    sort.run(&text).iter().for_each(|line| io.out.line(line));
    0
}

pub async fn uniq(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (uniq, names) = Uniq::parse(arguments);
    let text = match read_all(shell, io, "uniq", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 1),
    };
    io.out.write(&uniq.run(&text));
    0
}

pub async fn wc(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (wc, names) = Wc::parse(arguments);
    let text = match read_all(shell, io, "wc", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 1),
    };
    io.out.write(&wc.run(&text, &names.join(" ")));
    0
}

pub async fn cut(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (cut, names) = match Cut::parse(arguments) {
        Ok(parsed) => parsed,
        Err(message) => return fail(io, &message, 1),
    };
    let lines = match Lines::open(shell, io, "cut", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 1),
    };
    while let Some(line) = lines.next().await {
        if let Some(line) = cut.line(line.trim_end_matches('\n')) {
            io.out.line(&line);
        }
    }
    0
}

pub async fn tr(io: &Io, arguments: &[String]) -> i32 {
    let text = match &io.input {
        Some(pipe) => pipe.rest().await,
        None => String::new(),
    };
    io.out.write(&Tr::parse(arguments).run(&text));
    0
}
