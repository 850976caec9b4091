//! `grep`.

use super::super::state::{Io, Shell};
use super::{Lines, fail};
use crate::tools::Grep;

pub async fn grep(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (mut grep, names) = match Grep::parse(arguments) {
        Ok(parsed) => parsed,
        Err(message) => return fail(io, &message, 2),
    };
    let lines = match Lines::open(shell, io, "grep", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 2),
    };
    while let Some(line) = lines.next().await {
        let mut out = String::new();
        let more = grep.line(line.trim_end_matches('\n'), &mut out);
        io.out.write(&out);
        if !more {
            break;
        }
    }
    if grep.counts {
        io.out.line(&grep.found.to_string());
    }
    i32::from(grep.found == 0)
}
