//! What the commands of a script read.
//!
//! Input that is typed comes late, so a command that would read it before its end is known is held
//! back, wherever in the script it stands; all others run.
//!
//! Divergence: a real one reads what there is while more is typed; here it starts when all has come.

use std::rc::Rc;

use super::base;
use super::run::{Frame, Shell};
use crate::sim::Time;

/// Where a command reads from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Input {
    #[default]
    Nothing,
    Text(Rc<str>),
    /// It has not come to its end.
    Open,
}

impl Input {
    pub(super) fn text(&self) -> &str {
        match self {
            Input::Text(text) => text,
            Input::Nothing | Input::Open => "",
        }
    }

    fn close(&mut self, text: &Rc<str>) {
        if *self == Input::Open {
            *self = Input::Text(text.clone());
        }
    }
}

impl Shell {
    /// The input has come to its end: what waited for it goes on.
    pub fn close_input(&mut self, text: &Rc<str>, now: Time) {
        self.input.close(text);
        for frame in &mut self.frames {
            if let Frame::Restore(_, input) = frame {
                input.close(text);
            }
        }
        let child = self.calls.child.as_deref_mut();
        for inner in child.into_iter().chain(&mut self.jobs) {
            inner.close_input(text, now);
        }
        if std::mem::take(&mut self.calls.reads) || self.calls.child.is_some() {
            self.wake = now;
        }
    }
}

/// Whether a command reads its input, which it does if it names no file to read instead.
pub(super) fn reads(fields: &[Rc<str>]) -> bool {
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
            assert_eq!(reads(&fields), expected, "{line}");
        }
    }
}
