//! What prints words that need no file.

use std::rc::Rc;

use crate::api::rfc3339;
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::standard;

pub(super) fn echo(args: &[Rc<str>]) -> String {
    let (mut newline, mut escapes, mut words) = (true, false, args);
    while let Some((first, rest)) = words.split_first() {
        match &**first {
            "-n" => newline = false,
            "-e" => escapes = true,
            "-ne" | "-en" => (newline, escapes) = (false, true),
            _ => break,
        }
        words = rest;
    }
    let mut text = words.join(" ");
    if escapes {
        text = unescape(&text);
    }
    if newline {
        text.push('\n');
    }
    text
}

pub(super) fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('\\') => out.push('\\'),
                Some('r') => out.push('\r'),
                Some(c) => {
                    out.push('\\');
                    out.push(c);
                }
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

/// `%s`, `%d` and `%%`; the format is used again while there are arguments.
pub(super) fn printf(args: &[Rc<str>]) -> String {
    let Some((format, args)) = args.split_first() else {
        return String::new();
    };
    let format = unescape(format);
    let mut words = args.iter();
    let mut out = String::new();
    loop {
        let mut chars = format.chars();
        let mut used = false;
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') | None => out.push('%'),
                Some(_) => {
                    used = true;
                    out.push_str(words.next().map_or("", |w| &**w));
                }
            }
        }
        if !used || words.len() == 0 {
            return out;
        }
    }
}

pub(super) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub(super) fn date(args: &[Rc<str>], m: &dyn Machine) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let now = m.now();
    let c = rfc3339::civil(now.0 as i64);
    let day = DAYS.get(usize::from(c.weekday)).copied().unwrap_or("");
    let month = MONTHS
        .get(usize::from(c.month.saturating_sub(1)))
        .copied()
        .unwrap_or("");
    let Some(format) = args.iter().find_map(|a| a.strip_prefix('+')) else {
        return format!(
            "{day} {month} {:2} {:02}:{:02}:{:02} UTC {}\n",
            c.day, c.hour, c.minute, c.second, c.year
        );
    };
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(letter) = chars.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        match chars.next() {
            Some('Y') => out.push_str(&c.year.to_string()),
            Some('m') => out.push_str(&format!("{:02}", c.month)),
            Some('d') => out.push_str(&format!("{:02}", c.day)),
            Some('H') => out.push_str(&format!("{:02}", c.hour)),
            Some('M') => out.push_str(&format!("{:02}", c.minute)),
            Some('S') => out.push_str(&format!("{:02}", c.second)),
            Some('s') => out.push_str(&now.unix_secs().to_string()),
            Some('F') => out.push_str(&format!("{}-{:02}-{:02}", c.year, c.month, c.day)),
            Some('T') => out.push_str(&format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.push('\n');
    out
}

/// At most as many numbers as a container would ever count up to here.
pub(super) const MOST_NUMBERS: i64 = 2000;

pub(super) fn seq(operands: &[&str]) -> String {
    let number = |s: &&str| s.parse::<i64>().unwrap_or(1);
    let (first, step, last) = match operands {
        [last] => (1, 1, number(last)),
        [first, last] => (number(first), 1, number(last)),
        [first, step, last] => (number(first), number(step), number(last)),
        _ => return String::new(),
    };
    let mut out = String::new();
    for i in 0..MOST_NUMBERS {
        let Some(n) = step.checked_mul(i).and_then(|d| first.checked_add(d)) else {
            break;
        };
        if step == 0 || (step > 0 && n > last) || (step < 0 && n < last) {
            break;
        }
        out.push_str(&format!("{n}\n"));
    }
    out
}

pub(super) fn expr(operands: &[&str]) -> String {
    let number = |s: &str| s.parse::<i64>().unwrap_or_default();
    let value = match operands {
        [a, "+", b] => number(a).wrapping_add(number(b)),
        [a, "-", b] => number(a).wrapping_sub(number(b)),
        [a, "*", b] => number(a).wrapping_mul(number(b)),
        [a, "/", b] => number(a).checked_div(number(b)).unwrap_or_default(),
        [a, "%", b] => number(a).checked_rem(number(b)).unwrap_or_default(),
        [one] => return format!("{one}\n"),
        _ => return "\n".to_owned(),
    };
    format!("{value}\n")
}

/// A command line, as `ps` shows it.
pub(super) fn fields_of(name: &str, args: &[Rc<str>]) -> String {
    let mut text = name.to_owned();
    for arg in args {
        text.push(' ');
        text.push_str(arg);
    }
    text
}

/// The name of a user or group, or its number.
pub(super) fn user_of(user: i64) -> String {
    match standard::user_name(user) {
        Some(name) => name.to_owned(),
        None => user.to_string(),
    }
}
