//! `ls`, `cat`, `tee`: the files are those of the editor, in one folder.

use super::super::run::{Io, Shell};
use super::{Lines, fail, read_all};

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
