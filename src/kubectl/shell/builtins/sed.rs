//! `sed`, line by line as they come.

use super::super::state::{Io, Shell};
use super::{Lines, fail};
use crate::tools::Sed;

pub async fn sed(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (mut sed, names) = match Sed::parse(&words, &mut |name| shell.read_file(name)) {
        Ok(parsed) => parsed,
        Err((message, code)) => return fail(io, &message, code),
    };
    if let Some(suffix) = sed.in_place.clone() {
        for name in names {
            let Some(text) = shell.read_file(name) else {
                let message = format!("sed: can't read {name}: No such file or directory");
                return fail(io, &message, 2);
            };
            let host = &shell.world.host;
            if !suffix.is_empty() {
                host.write_file(&format!("{name}{suffix}"), &text);
            }
            host.write_file(name, &sed.run(&text));
        }
        return 0;
    }
    let lines = match Lines::open(shell, io, "sed", &names) {
        Ok(lines) => lines,
        Err(message) => return fail(io, &message, 2),
    };
    let mut next = lines.next().await;
    while let Some(line) = next {
        // Whether this is the last line is known only with the next one.
        next = lines.next().await;
        let mut out = String::new();
        let ends = sed.line(line, next.is_none(), &mut out);
        io.out.write(&out);
        if ends {
            break;
        }
    }
    0
}
