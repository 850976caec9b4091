//! What the commands of a script read.
//!
//! Input that is typed comes late, so a command that would read it before it is there is held back, wherever in
//! the script it stands; all others run. `read` takes its line, `cat` shows what has come while more is typed.
//!
//! Divergence: other filters start when all has come; real ones show what they know of the beginning.

use std::rc::Rc;

use super::run::{Frame, Outcome, Pause, Shell};
use super::{Machine, base};
use crate::kubelet::runtime::typed::Line;
use crate::sim::Time;

/// Where a command reads from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Input {
    #[default]
    Nothing,
    Text(Rc<str>),
    /// What is typed at the process ([`Machine::typed`]).
    Typed,
}

impl Input {
    pub(super) fn text(&self) -> &str {
        match self {
            Input::Text(text) => text,
            Input::Nothing | Input::Typed => "",
        }
    }
}

/// How much of its input a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Line,
    /// Whatever has come, again and again.
    Pieces,
    All,
}

impl Shell {
    /// There is more input, or its end: a command that waits for it looks again.
    pub fn wake_reader(&mut self, now: Time) {
        let child = self.calls.child.as_deref_mut();
        for inner in child.into_iter().chain(&mut self.jobs) {
            inner.wake_reader(now);
        }
        if std::mem::take(&mut self.calls.reads) || self.calls.child.is_some() {
            self.wake = now;
        }
    }

    /// Runs a command that reads what is typed, as far as that is there.
    pub(super) fn read_typed(
        &mut self,
        wants: Wants,
        fields: Rc<[Rc<str>]>,
        m: &mut dyn Machine,
    ) -> Option<Pause> {
        let text = match wants {
            Wants::Line => match m.typed().line() {
                Line::Text(line) => Some(line),
                Line::End => Some(String::new()),
                Line::Later => None,
            },
            Wants::All => m.typed().all(),
            Wants::Pieces => {
                let (text, ends) = m.typed().piece();
                self.print(1, &text, m);
                if ends {
                    return self.finish(Outcome::Status(0), m);
                }
                None
            }
        };
        let Some(text) = text else {
            self.calls.reads = true;
            self.frames.push(Frame::Words(fields));
            return Some(Pause::Forever);
        };
        self.input = Input::Text(text.into());
        let outcome = self.command(&fields, m);
        self.input = Input::Typed;
        self.finish(outcome, m)
    }
}

/// What a command reads of its input, if it does, which it does if it names no file to read instead.
pub(super) fn wants(fields: &[Rc<str>]) -> Option<Wants> {
    match fields {
        [first, ..] if &**first == "read" => Some(Wants::Line),
        [first] if base(first) == "cat" => Some(Wants::Pieces),
        [first, dash] if base(first) == "cat" && &**dash == "-" => Some(Wants::Pieces),
        [exec, rest @ ..] if &**exec == "exec" && !rest.is_empty() => wants(rest),
        _ => reads(fields).then_some(Wants::All),
    }
}

fn reads(fields: &[Rc<str>]) -> bool {
    let Some((first, args)) = fields.split_first() else {
        return false;
    };
    let (flags, operands) = Shell::flags(args);
    let files = match base(first) {
        "read" | "tee" | "cut" | "tr" | "xargs" => return true,
        "sh" | "bash" | "ash" => {
            return operands.is_empty() && !flags.contains('c');
        }
        "exec" | "command" | "env" | "nohup" => {
            let begin = args
                .iter()
                .position(|a| !a.starts_with('-') && !a.contains('='));
            return begin.is_some_and(|at| reads(args.get(at..).unwrap_or_default()));
        }
        "timeout" => return reads(args.get(1..).unwrap_or_default()),
        "grep" => operands.get(1..).unwrap_or_default(),
        // The number of `-n 3` is no file.
        "head" | "tail" => match args.first().map(|a| &**a) {
            Some("-n" | "-c") => operands.get(1..).unwrap_or_default(),
            _ => &operands[..],
        },
        "cat" | "rev" | "sort" | "tac" | "uniq" | "wc" => &operands[..],
        _ => return false,
    };
    files.is_empty() || files.contains(&"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_name_no_file_read_their_input() {
        for (line, expected) in [
            ("cat", true),
            ("cat -", true),
            ("cat /etc/issue", false),
            ("ls -l", false),
            ("grep -v x", true),
            ("grep x /etc/passwd", false),
            ("head -n 3", true),
            ("head -n 3 /etc/passwd", false),
            ("head -3 /etc/passwd", false),
            ("sh", true),
            ("sh -c ls", false),
            ("/bin/sh -i", true),
            ("env A=b cat", true),
            ("env", false),
            ("timeout 3 wc -l", true),
        ] {
            let fields: Vec<Rc<str>> = line.split(' ').map(Rc::from).collect();
            assert_eq!(wants(&fields).is_some(), expected, "{line}");
        }
        let wants = |line: &str| wants(&line.split(' ').map(Rc::from).collect::<Vec<_>>());
        assert_eq!(wants("read x"), Some(Wants::Line));
        assert_eq!(wants("exec /bin/cat -"), Some(Wants::Pieces));
        assert_eq!(wants("exec sort"), Some(Wants::All));
    }
}
