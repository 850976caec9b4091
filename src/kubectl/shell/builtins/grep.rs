//! `grep`.

use super::super::state::{Io, Shell};
use super::{Lines, fail, read_all};
use crate::kubectl::host::plain;
use crate::tools::Grep;

pub async fn grep(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (mut grep, names) = match Grep::parse(arguments) {
        Ok(parsed) => parsed,
        Err(message) => return fail(io, &message, 2),
    };
    if !names.is_empty() && names != ["-"] || grep.recursive {
        return files(shell, io, &mut grep, &names).await;
    }
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
        io.out.write(&grep.count());
    }
    i32::from(grep.found == 0)
}

/// Files, and with `-r` those in folders.
async fn files(shell: &Shell, io: &Io, grep: &mut Grep, names: &[&str]) -> i32 {
    let all = shell.world.host.files();
    let (mut texts, mut failed) = (Vec::new(), false);
    let mut say = |message: String| {
        failed = true;
        if !grep.silent {
            io.err.line(&format!("grep: {message}"));
        }
    };
    let here = [""];
    let names = if names.is_empty() { &here } else { names };
    for name in names {
        if *name == "-" {
            let text = read_all(shell, io, "grep", &["-"])
                .await
                .unwrap_or_default();
            texts.push(("(standard input)".to_owned(), text));
            continue;
        }
        if !name.is_empty()
            && let Some(text) = shell.read_file(name)
        {
            texts.push(((*name).to_owned(), text));
            continue;
        }
        let folder = plain(name).trim_end_matches('/');
        let lead = match folder {
            "" | "." | "/root" => String::new(),
            folder => format!("{folder}/"),
        };
        let own = |f: &&String| f.starts_with(&lead) && (!lead.is_empty() || !f.starts_with('/'));
        let inside: Vec<&String> = all.iter().filter(own).collect();
        if inside.is_empty() && !lead.is_empty() {
            say(format!("{name}: No such file or directory"));
        } else if !grep.recursive {
            say(format!("{name}: Is a directory"));
        } else {
            for file in inside.into_iter().filter(|f| grep.takes(f)) {
                let rest = file.strip_prefix(&lead).unwrap_or(file);
                let shown = match name.trim_end_matches('/') {
                    "" => rest.to_owned(),
                    folder => format!("{folder}/{rest}"),
                };
                texts.push((shown, shell.read_file(file).unwrap_or_default()));
            }
        }
    }
    let many = names.len() > 1 || grep.recursive;
    let (out, found) = grep.files(&texts, many);
    io.out.write(&out);
    match (found, failed) {
        (true, _) if grep.quiet => 0,
        (_, true) => 2,
        (found, false) => i32::from(!found),
    }
}
