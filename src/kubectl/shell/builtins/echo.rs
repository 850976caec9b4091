//! `echo`.

use super::super::state::Io;
use crate::tools::print::unescape;

pub fn echo(io: &Io, arguments: &[String]) -> i32 {
    let mut newline = true;
    let mut escapes = false;
    let mut rest = arguments;
    while let Some((first, tail)) = rest.split_first() {
        let letters = match first.strip_prefix('-') {
            Some(letters) if !letters.is_empty() && letters.chars().all(|c| "neE".contains(c)) => {
                letters
            }
            _ => break,
        };
        for letter in letters.chars() {
            match letter {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        rest = tail;
    }
    let mut text = rest.join(" ");
    let mut ended = false;
    if escapes {
        (text, ended) = unescape(&text, true);
    }
    io.out.write(&text);
    if newline && !ended {
        io.out.write("\n");
    }
    0
}
