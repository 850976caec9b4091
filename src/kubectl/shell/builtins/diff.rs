//! `diff`: what differs between two files, plainly, or as `diff -u` prints it.

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::kubectl::diff::{plain, unified};

pub async fn diff(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| *a == "-" || !a.starts_with('-'))
        .collect();
    let [old, new] = names.as_slice() else {
        return fail(io, "diff: two files are needed", 2);
    };
    let flag = |letter: char, long: &str| {
        let short = |a: &&String| !a.starts_with("--") && a.starts_with('-') && a.contains(letter);
        arguments.iter().any(|a| a == long) || arguments.iter().any(|a| short(&a))
    };
    let mut texts = Vec::new();
    for name in [old, new] {
        match read_all(shell, io, "diff", &[name]).await {
            Ok(text) => texts.push(text),
            Err(message) => return fail(io, &message, 2),
        }
    }
    let [old_text, new_text] = texts.as_slice() else {
        return 2;
    };
    // Blanks that do not count are taken out first.
    let squeezed = |text: &String| -> String {
        let line = |line: &str| match (
            flag('w', "--ignore-all-space"),
            flag('b', "--ignore-space-change"),
        ) {
            (true, _) => line.split_whitespace().collect::<String>(),
            (_, true) => line.split_whitespace().collect::<Vec<_>>().join(" "),
            _ => line.to_owned(),
        };
        text.lines().map(|l| line(l) + "\n").collect()
    };
    let squeezes = flag('w', "--ignore-all-space") || flag('b', "--ignore-space-change");
    if squeezes && squeezed(old_text) == squeezed(new_text) {
        return 0;
    }
    if old_text == new_text {
        if flag('s', "--report-identical-files") {
            io.out.line(&format!("Files {old} and {new} are identical"));
        }
        return 0;
    }
    if flag('q', "--brief") {
        io.out.line(&format!("Files {old} and {new} differ"));
        return 1;
    }
    io.out.write(&match flag('u', "--unified") {
        true => unified(old, new, old_text, new_text),
        false => plain(old_text, new_text),
    });
    1
}
