//! `ls`, `cat`, `tee`: the files are those of the editor, in one folder.

use super::super::run::{Io, Shell};
use super::{Lines, fail, read_all};
use crate::kubectl::host::Edited;

pub fn ls(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let long = arguments
        .iter()
        .any(|a| a.starts_with('-') && a.contains('l'));
    let wanted: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let mut code = 0;
    let files = shell.world.host.files();
    let show = |name: &str| match long {
        true => {
            let size = shell.world.host.read_file(name).map_or(0, |t| t.len());
            io.out.line(&format!("-rw-r--r-- {size:>8} {name}"));
        }
        false => io.out.line(name),
    };
    if wanted.is_empty() || wanted == [&".".to_owned()] {
        files.iter().for_each(|name| show(name));
    }
    for name in wanted.iter().filter(|n| n.as_str() != ".") {
        if files.contains(name) {
            show(name);
        } else {
            let message = format!("ls: cannot access '{name}': No such file or directory");
            code = fail(io, &message, 2);
        }
    }
    code
}

pub async fn cat(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if names.is_empty() {
        if let Ok(lines) = Lines::open(shell, io, "cat", &[]) {
            while let Some(line) = lines.next().await {
                io.out.write(&line);
            }
        }
        return 0;
    }
    let mut code = 0;
    for name in names {
        match read_all(shell, io, "cat", &[name]).await {
            Ok(text) => io.out.write(&text),
            Err(message) => code = fail(io, &message, 1),
        }
    }
    code
}

pub async fn tee(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let text = match &io.input {
        Some(pipe) => pipe.rest().await,
        None => String::new(),
    };
    io.out.write(&text);
    for name in arguments.iter().filter(|a| !a.starts_with('-')) {
        shell.world.host.write_file(name, &text);
    }
    0
}

/// `vi FILE` and its like: opens the file in the page's editor.
pub async fn edit(shell: &Shell, io: &Io, who: &str, arguments: &[String]) -> i32 {
    let names: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let [name] = names.as_slice() else {
        return fail(io, &format!("{who}: name one file to edit"), 1);
    };
    let host = &shell.world.host;
    let before = host.read_file(name);
    if before.is_none() {
        host.write_file(name, "");
    }
    let edited = host.edit(name).await;
    if edited != Edited::Saved {
        match &before {
            Some(text) => host.write_file(name, text),
            None => host.remove_file(name),
        }
    }
    match edited {
        Edited::NoEditor => fail(
            io,
            &format!("{who}: there is no editor here; sed -i changes files, too"),
            1,
        ),
        _ => 0,
    }
}

/// `rm [-rf] FILE...`; a folder goes with all that is in it.
pub fn rm(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let has = |letter: char| {
        let flags = arguments.iter().filter(|a| a.starts_with('-'));
        flags.into_iter().any(|a| a.contains(letter))
    };
    let (force, recursive) = (has('f'), has('r') || has('R'));
    let host = &shell.world.host;
    let mut code = 0;
    for name in arguments.iter().filter(|a| !a.starts_with('-')) {
        if host.read_file(name).is_some() {
            host.remove_file(name);
            continue;
        }
        let folder = format!("{}/", name.trim_start_matches("./").trim_end_matches('/'));
        let inside: Vec<String> = host
            .files()
            .into_iter()
            .filter(|f| f.starts_with(&folder))
            .collect();
        if !inside.is_empty() && recursive {
            inside.iter().for_each(|f| host.remove_file(f));
        } else if !inside.is_empty() {
            code = fail(
                io,
                &format!("rm: cannot remove '{name}': Is a directory"),
                1,
            );
        } else if !force {
            let message = format!("rm: cannot remove '{name}': No such file or directory");
            code = fail(io, &message, 1);
        }
    }
    code
}
