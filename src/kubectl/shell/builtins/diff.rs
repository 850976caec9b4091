//! `diff`: what differs between two files, as `diff -u` prints it.

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::kubectl::diff::unified;

pub async fn diff(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| *a == "-" || !a.starts_with('-'))
        .collect();
    let [old, new] = names.as_slice() else {
        return fail(io, "diff: two files are needed", 2);
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
    if arguments.iter().any(|a| a == "-q") {
        return match old_text == new_text {
            true => 0,
            false => {
                io.out.line(&format!("Files {old} and {new} differ"));
                1
            }
        };
    }
    let text = unified(old, new, old_text, new_text);
    io.out.write(&text);
    i32::from(!text.is_empty())
}
