//! `grep`.

use super::super::state::{Io, Shell};
use super::filters::options;
use super::{Lines, fail};
use crate::api::pattern::Pattern;

pub async fn grep(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, mut rest) = options(arguments, "eABCm");
    let has = |letter: char| flags.iter().any(|(l, _)| *l == letter);
    let number = |letter: char| -> usize {
        let of = |wanted: char| flags.iter().find(|(l, _)| *l == wanted);
        let found = of(letter).or(of('C').filter(|_| letter != 'm'));
        found.and_then(|(_, v)| v.parse().ok()).unwrap_or(0)
    };
    let mut expressions: Vec<&str> = flags
        .iter()
        .filter(|(l, _)| *l == 'e')
        .map(|(_, v)| *v)
        .collect();
    if expressions.is_empty() {
        if rest.is_empty() {
            return fail(io, "usage: grep [-EFivcnoq] [-e] PATTERN [FILE...]", 2);
        }
        expressions.push(rest.remove(0));
    }
    let mut patterns = Vec::new();
    for expression in expressions {
        if has('F') {
            patterns.push(Pattern::literal(expression, has('i')));
            continue;
        }
        let text = match has('w') {
            true => format!("(^|[^a-zA-Z0-9_]){expression}([^a-zA-Z0-9_]|$)"),
            false => expression.to_owned(),
        };
        match Pattern::compile(&text, has('E') || has('w'), has('i')) {
            Ok(pattern) => patterns.push(pattern),
            Err(message) => return fail(io, &format!("grep: {message}"), 2),
        }
    }
    let lines = match Lines::open(shell, io, "grep", &rest) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 2),
    };
    let (before, after, most) = (number('B'), number('A'), number('m'));
    let mut earlier: Vec<(usize, String)> = Vec::new();
    let (mut found, mut at, mut following) = (0usize, 0usize, 0usize);
    let show = |at: usize, line: &str, mark: char| match has('n') {
        true => io.out.line(&format!("{at}{mark}{line}")),
        false => io.out.line(line),
    };
    while let Some(line) = lines.next().await {
        at += 1;
        let line = line.trim_end_matches('\n');
        let hit = patterns.iter().any(|p| p.is_match(line));
        if hit != has('v') {
            found += 1;
            if has('q') {
                return 0;
            }
            if !has('c') {
                if has('o') {
                    only_matches(&patterns, line, io);
                } else {
                    for (at, line) in earlier.drain(..) {
                        show(at, &line, '-');
                    }
                    show(at, line, ':');
                }
            }
            following = after;
            if most > 0 && found >= most {
                break;
            }
        } else if following > 0 {
            following -= 1;
            show(at, line, '-');
        } else if before > 0 {
            earlier.push((at, line.to_owned()));
            if earlier.len() > before {
                earlier.remove(0);
            }
        }
    }
    if has('c') {
        io.out.line(&found.to_string());
    }
    i32::from(found == 0)
}

fn only_matches(patterns: &[Pattern], line: &str, io: &Io) {
    let chars: Vec<char> = line.chars().collect();
    for pattern in patterns {
        let mut from = 0;
        while let Some(Some((start, end))) =
            pattern.find(&chars, from).and_then(|c| c.first().copied())
        {
            if end > start {
                let text: String = chars.iter().skip(start).take(end - start).collect();
                io.out.line(&text);
            }
            from = end.max(start + 1);
        }
    }
}
