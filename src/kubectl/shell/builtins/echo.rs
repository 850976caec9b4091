//! `echo` and `printf`.

use super::super::state::Io;
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

/// No number of blanks is longer.
const WIDEST: usize = 10_000;

pub fn printf(io: &Io, arguments: &[String]) -> i32 {
    let Some((format, values)) = arguments.split_first() else {
        return fail(io, "printf: usage: printf format [arguments]", 2);
    };
    let format = unescape(format);
    let mut values = values.iter();
    let mut code = 0;
    loop {
        let mut used = false;
        let mut out = String::new();
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let mut flags = String::new();
            while let Some(flag) = chars.next_if(|c| "-+ 0#".contains(*c)) {
                flags.push(flag);
            }
            let count = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
                let mut digits = String::new();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                digits.parse::<usize>().ok().map(|n| n.min(WIDEST))
            };
            let width = count(&mut chars).unwrap_or(0);
            let precision = chars
                .next_if_eq(&'.')
                .map(|_| count(&mut chars).unwrap_or(0));
            let letter = chars.next();
            let mut value = || {
                used = true;
                values.next().map_or("", String::as_str)
            };
            let text = match letter {
                Some('%') | None => "%".to_owned(),
                Some('s') => {
                    let text = value();
                    match precision {
                        Some(most) => text.chars().take(most).collect(),
                        None => text.to_owned(),
                    }
                }
                Some('b') => unescape(value()),
                Some('q') => super::super::special::quoted(value()),
                Some('c') => value().chars().take(1).collect(),
                Some(letter @ ('d' | 'i' | 'u' | 'x' | 'X' | 'o')) => {
                    let text = value();
                    let number = match text.trim() {
                        "" => 0,
                        text => text.parse::<i64>().unwrap_or_else(|_| {
                            code = fail(io, &format!("printf: {text}: invalid number"), 1);
                            0
                        }),
                    };
                    match letter {
                        'x' => format!("{number:x}"),
                        'X' => format!("{number:X}"),
                        'o' => format!("{number:o}"),
                        _ if flags.contains('+') => format!("{number:+}"),
                        _ => number.to_string(),
                    }
                }
                Some('f') => {
                    let number = value().trim().parse::<f64>().unwrap_or(0.0);
                    format!("{number:.*}", precision.unwrap_or(6).min(100))
                }
                Some(other) => format!("%{other}"),
            };
            let blanks = width.saturating_sub(text.chars().count());
            if flags.contains('-') {
                out.push_str(&text);
                out.extend(std::iter::repeat_n(' ', blanks));
            } else if flags.contains('0') && letter != Some('s') {
                let (sign, digits) = match text.strip_prefix('-') {
                    Some(digits) => ("-", digits),
                    None => ("", text.as_str()),
                };
                out.push_str(sign);
                out.extend(std::iter::repeat_n('0', blanks));
                out.push_str(digits);
            } else {
                out.extend(std::iter::repeat_n(' ', blanks));
                out.push_str(&text);
            }
        }
        io.out.write(&out);
        if !used || values.len() == 0 {
            return code;
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
            Some('r') => out.push('\r'),
            Some('\\') | None => out.push('\\'),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}
