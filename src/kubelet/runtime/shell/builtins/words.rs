//! What prints words that need no file.

use std::rc::Rc;

use crate::kubelet::runtime::standard;
use crate::tools::print::unescape;

pub(super) fn echo(args: &[Rc<str>]) -> String {
    let (mut newline, mut escapes, mut words) = (true, false, args);
    while let Some((first, rest)) = words.split_first() {
        match &**first {
            "-n" => newline = false,
            "-e" => escapes = true,
            "-ne" | "-en" => (newline, escapes) = (false, true),
            "-E" => escapes = false,
            _ => break,
        }
        words = rest;
    }
    let mut text = words.join(" ");
    if escapes {
        text = unescape(&text, true).0;
    }
    if newline {
        text.push('\n');
    }
    text
}

pub(super) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

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
