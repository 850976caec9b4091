//! The commands beside `kubectl`: a file each, with the options that tutorials use.

mod awk;
mod curl;
mod echo;
mod files;
mod filters;
mod grep;
mod sed;
mod text;

pub use curl::reason;

use std::rc::Rc;
use std::time::Duration;

use super::run::{Io, Shell};
use crate::client::LocalFuture;
use crate::kubectl::io::Stream;
use crate::kubectl::io::{Pipe, Sink};

/// Every command that can be typed, in order; for completion and `help`.
pub const NAMES: [&str; 26] = [
    ":", "[", "awk", "base64", "cat", "clear", "curl", "cut", "date", "echo", "export", "false",
    "grep", "head", "help", "history", "k", "kubectl", "ls", "printf", "sed", "sleep", "sort",
    "tail", "test", "true",
];
pub const MORE_NAMES: [&str; 11] = [
    "nano", "rm", "seq", "tee", "tr", "uniq", "vi", "vim", "watch", "wc", "xargs",
];

/// Every command that can be typed.
pub fn all_names() -> Vec<String> {
    let names = NAMES.iter().chain(&MORE_NAMES);
    names.map(|n| (*n).to_owned()).collect()
}

/// Runs a command by name.
pub fn run<'a>(
    shell: &'a Rc<Shell>,
    io: Io,
    name: &'a str,
    arguments: &'a [String],
) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        match name {
            "kubectl" | "k" => crate::kubectl::cmd::main(shell, io, arguments).await,
            ":" | "true" => 0,
            "false" => 1,
            "echo" => echo::echo(&io, arguments),
            "printf" => echo::printf(&io, arguments),
            "test" => echo::test(shell, &io, arguments),
            "[" => match arguments.split_last() {
                Some((last, rest)) if last == "]" => echo::test(shell, &io, rest),
                _ => fail(&io, "[: missing `]'", 2),
            },
            "clear" => {
                match &io.out {
                    Sink::Screen(screen, _) => screen.push(Stream::Clear, ""),
                    other => other.write("\u{1b}[H\u{1b}[2J"),
                }
                0
            }
            "sleep" => sleep(shell, &io, arguments).await,
            "date" => {
                let now = shell.world.now();
                io.out
                    .line(&crate::api::rfc3339::format_rfc1123(now.0 as i64));
                0
            }
            "history" => {
                for (i, line) in shell.state.borrow().history.iter().enumerate() {
                    io.out.line(&format!("{:5}  {line}", i + 1));
                }
                0
            }
            "export" => echo::export(shell, arguments),
            "help" => {
                io.out.line(&all_names().join(" "));
                0
            }
            "curl" => curl::curl(shell, &io, arguments).await,
            "vi" | "vim" | "nano" | "edit" | "emacs" | "code" => {
                files::edit(shell, &io, name, arguments).await
            }
            "rm" => files::rm(shell, &io, arguments),
            "ls" => files::ls(shell, &io, arguments),
            "cat" => files::cat(shell, &io, arguments).await,
            "tee" => files::tee(shell, &io, arguments).await,
            "head" => filters::head(shell, &io, arguments).await,
            "tail" => filters::tail(shell, &io, arguments).await,
            "sort" => filters::sort(shell, &io, arguments).await,
            "uniq" => filters::uniq(shell, &io, arguments).await,
            "wc" => filters::wc(shell, &io, arguments).await,
            "cut" => filters::cut(shell, &io, arguments).await,
            "tr" => filters::tr(&io, arguments).await,
            "grep" => grep::grep(shell, &io, arguments).await,
            "sed" => sed::sed(shell, &io, arguments).await,
            "awk" => awk::awk(shell, &io, arguments).await,
            "base64" => text::base64(shell, &io, arguments).await,
            "seq" => text::seq(&io, arguments),
            "xargs" => text::xargs(shell, &io, arguments).await,
            "watch" => watch(shell, &io, arguments).await,
            name => fail(&io, &format!("sh: {name}: command not found"), 127),
        }
    })
}

fn fail(io: &Io, message: &str, code: i32) -> i32 {
    io.err.line(message);
    code
}

async fn sleep(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut total = Duration::ZERO;
    for argument in arguments {
        let text = match argument.ends_with(|c: char| c.is_ascii_digit()) {
            true => format!("{argument}s"),
            false => argument.clone(),
        };
        match crate::api::rfc3339::parse_go_duration(&text) {
            Ok(nanos) if nanos >= 0 => total += Duration::from_nanos(nanos as u64),
            _ => return fail(io, &format!("sleep: invalid time interval '{argument}'"), 1),
        }
    }
    if arguments.is_empty() {
        return fail(io, "sleep: missing operand", 1);
    }
    shell.world.sleep(total).await;
    0
}

/// `watch [-n SECONDS] command`: shows a command's output again and again.
async fn watch(shell: &Rc<Shell>, io: &Io, arguments: &[String]) -> i32 {
    let mut every = Duration::from_secs(2);
    let mut rest = arguments;
    while let Some((first, tail)) = rest.split_first() {
        let seconds = match first.strip_prefix("-n") {
            Some("") => match tail.split_first() {
                Some((value, tail)) => {
                    rest = tail;
                    value.as_str()
                }
                None => return fail(io, "watch: option requires an argument -- 'n'", 1),
            },
            Some(value) => {
                rest = tail;
                value
            }
            None if first.starts_with('-') => {
                return fail(io, &format!("watch: invalid option '{first}'"), 1);
            }
            None => break,
        };
        match crate::api::rfc3339::parse_go_duration(&format!("{seconds}s")) {
            Ok(nanos) => every = Duration::from_nanos(nanos.max(100_000_000) as u64),
            Err(_) => {
                return fail(
                    io,
                    &format!("watch: failed to parse argument: '{seconds}'"),
                    1,
                );
            }
        }
    }
    if rest.is_empty() {
        return fail(io, "watch: no command given", 1);
    }
    let source = rest.join(" ");
    loop {
        let text = super::run::run_source(shell, io, &source).await;
        if let Sink::Screen(screen, _) = &io.out {
            screen.push(Stream::Clear, "");
        }
        io.out.line(&format!(
            "Every {}: {source}\n",
            crate::api::rfc3339::go_duration(every.as_nanos() as i64)
        ));
        io.out.write(&text);
        shell.world.sleep(every).await;
    }
}

/// The text of the named files, or of the input.
async fn read_all(shell: &Shell, io: &Io, who: &str, names: &[&str]) -> Result<String, String> {
    if names.is_empty() {
        return Ok(match &io.input {
            Some(pipe) => pipe.rest().await,
            None => String::new(),
        });
    }
    let mut text = String::new();
    for name in names {
        if *name == "-" {
            if let Some(pipe) = &io.input {
                text.push_str(&pipe.rest().await);
            }
            continue;
        }
        match shell.world.host.read_file(name) {
            Some(file) => text.push_str(&file),
            None => return Err(format!("{who}: {name}: No such file or directory")),
        }
    }
    Ok(text)
}

/// The lines of the named files, or of the input as they come.
struct Lines {
    pipe: Option<Rc<Pipe>>,
}

impl Lines {
    /// The lines of a text.
    fn of(text: &str) -> Lines {
        Lines {
            pipe: Some(Pipe::of(text)),
        }
    }

    fn open(shell: &Shell, io: &Io, who: &str, names: &[&str]) -> Result<Lines, String> {
        if names.is_empty() || names == ["-"] {
            return Ok(Lines {
                pipe: io.input.clone(),
            });
        }
        let mut text = String::new();
        for name in names {
            match shell.world.host.read_file(name) {
                Some(file) => text.push_str(&file),
                None => return Err(format!("{who}: {name}: No such file or directory")),
            }
        }
        Ok(Lines {
            pipe: Some(Pipe::of(&text)),
        })
    }

    /// The next line, with its newline if it has one.
    async fn next(&self) -> Option<String> {
        match &self.pipe {
            Some(pipe) => pipe.line().await,
            None => None,
        }
    }
}
