//! `awk`, record by record as they come.

use super::super::state::{Io, Shell};
use super::{Lines, fail};
use crate::tools::awk::{Awk, Operand, Running, records};

pub async fn awk(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let awk = match Awk::parse(&words, &mut |name| shell.read_file(name)) {
        Ok(awk) => awk,
        Err(message) => return fail(io, &message, 2),
    };
    let mut running = awk.run();
    if running.begin() {
        print(io, &mut running);
        'files: for operand in &awk.operands {
            let name = match operand {
                Operand::Setting(name, text) => {
                    running.set(name, text);
                    continue;
                }
                Operand::File(name) => name.as_deref(),
            };
            let files: Vec<&str> = name.into_iter().collect();
            let Ok(lines) = Lines::open(shell, io, "awk", &files) else {
                running.cannot_open(name.unwrap_or_default());
                break;
            };
            running.open(name.unwrap_or_default());
            let separator = running.separator();
            if &*separator != "\n" {
                let mut text = String::new();
                while let Some(line) = lines.next().await {
                    text.push_str(&line);
                }
                for record in records(&text, &separator) {
                    if running.record(record) {
                        break 'files;
                    }
                }
                continue;
            }
            while let Some(line) = lines.next().await {
                let ends = running.record(line.strip_suffix('\n').unwrap_or(&line));
                print(io, &mut running);
                if ends {
                    break 'files;
                }
            }
        }
    }
    let (files, wrong, code) = running.end();
    print(io, &mut running);
    for (name, text) in &files {
        shell.world.host.write_file(name, text);
    }
    match wrong {
        Some(message) => fail(io, &message, code),
        None => code,
    }
}

fn print(io: &Io, running: &mut Running<'_>) {
    let (out, err) = running.printed();
    if !out.is_empty() {
        io.out.write(&out);
    }
    if !err.is_empty() {
        io.err.write(&err);
    }
}
