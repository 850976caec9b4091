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
    if sed.in_place.is_some() && names.is_empty() {
        return fail(io, "sed: no input files", 4);
    }
    let code = match !names.is_empty() && (sed.in_place.is_some() || sed.separate) {
        true => by_file(shell, io, &mut sed, &names),
        false => lines(shell, io, &mut sed, &names).await,
    };
    for (name, text) in &sed.written {
        shell.world.host.write_file(name, text);
    }
    if let Some(why) = sed.wrong {
        io.err.line(why);
    }
    if sed.code != 0 { sed.code } else { code }
}

/// Each file by itself, with lines of its own.
fn by_file(shell: &Shell, io: &Io, sed: &mut Sed, names: &[&str]) -> i32 {
    let host = &shell.world.host;
    let mut code = 0;
    for name in names {
        let Some(text) = shell.read_file(name) else {
            let message = format!("sed: can't read {name}: No such file or directory");
            code = fail(io, &message, 2);
            continue;
        };
        let new = sed.run(&text);
        let Some(suffix) = &sed.in_place else {
            io.out.write(&new);
            continue;
        };
        if !suffix.is_empty() {
            host.write_file(&format!("{name}{suffix}"), &text);
        }
        host.write_file(name, &new);
    }
    code
}

async fn lines(shell: &Shell, io: &Io, sed: &mut Sed, names: &[&str]) -> i32 {
    let (mut there, mut code) = (Vec::new(), 0);
    for name in names {
        match *name == "-" || shell.read_file(name).is_some() {
            true => there.push(*name),
            false => {
                let message = format!("sed: can't read {name}: No such file or directory");
                code = fail(io, &message, 2);
            }
        }
    }
    if there.is_empty() && !names.is_empty() {
        return code;
    }
    let lines = match Lines::open(shell, io, "sed", &there) {
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
    code
}
