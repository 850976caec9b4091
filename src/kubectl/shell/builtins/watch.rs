//! `watch`, `timeout`, `yes`: commands that go on until they are ended.

use std::rc::Rc;
use std::time::Duration;

use super::super::run::{run_line, run_source};
use super::super::state::{Io, Shell};
use super::{fail, seconds};
use crate::client::LocalFuture;
use crate::kubectl::io::{Sink, Stream};

/// `watch [-n SECONDS] command`: shows a command's output again and again.
pub fn watch<'a>(
    shell: &'a Rc<Shell>,
    io: &'a Io,
    arguments: &'a [String],
) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let mut every = Duration::from_secs(2);
        let mut title = true;
        let mut rest = arguments;
        while let Some((first, tail)) = rest.split_first() {
            let long = first.strip_prefix("--interval=");
            let value = match first.strip_prefix("-n").or(long) {
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
                None if matches!(first.as_str(), "-t" | "--no-title") => {
                    title = false;
                    rest = tail;
                    continue;
                }
                None if matches!(first.as_str(), "-d" | "--differences" | "-c" | "--color") => {
                    rest = tail;
                    continue;
                }
                None if first.starts_with('-') => {
                    return fail(io, &format!("watch: invalid option '{first}'"), 1);
                }
                None => break,
            };
            match seconds(value) {
                Some(span) => every = span.max(Duration::from_millis(100)),
                None => {
                    let message = format!("watch: failed to parse argument: '{value}'");
                    return fail(io, &message, 1);
                }
            }
        }
        if rest.is_empty() {
            return fail(io, "watch: no command given", 1);
        }
        let source = rest.join(" ");
        loop {
            let text = run_source(shell, io, &source).await;
            if let Sink::Screen(screen, _) = &io.out {
                screen.push(Stream::Clear, "");
            }
            if title {
                let tenths = every.as_millis() / 100;
                let shown = format!("{}.{}", tenths / 10, tenths % 10);
                io.out.line(&format!("Every {shown}s: {source}\n"));
            }
            io.out.write(&text);
            shell.world.sleep(every).await;
        }
    })
}

/// `timeout SECONDS COMMAND...`
pub fn timeout<'a>(
    shell: &'a Rc<Shell>,
    io: &'a Io,
    arguments: &'a [String],
) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let words: Vec<&String> = arguments
            .iter()
            .skip_while(|a| a.starts_with('-'))
            .collect();
        let Some((span, command)) = words.split_first() else {
            return fail(io, "timeout: missing operand", 125);
        };
        let Some(span) = seconds(span) else {
            return fail(io, &format!("timeout: invalid time interval '{span}'"), 125);
        };
        let line: Vec<String> = command
            .iter()
            .map(|word| super::super::special::quoted(word))
            .collect();
        let deadline = Some(shell.world.now() + span);
        let ran = shell
            .world
            .before(deadline, run_line(shell, io, &line.join(" ")))
            .await;
        ran.unwrap_or(124)
    })
}

/// `yes [WORD]`
pub async fn yes(shell: &Rc<Shell>, io: &Io, arguments: &[String]) -> i32 {
    let word = match arguments {
        [] => "y".to_owned(),
        words => words.join(" "),
    };
    loop {
        io.out.line(&word);
        shell.world.breathe().await;
    }
}
