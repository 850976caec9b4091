//! Applies a manifest: the very command that the terminal would run.

use std::cell::RefCell;
use std::rc::Rc;

use super::editing::{applied, apply_command};
use super::terminal::{PageHost, Shelf};
use super::{File, Files, LocalClient, Shared};
use crate::kubectl::{Session, Span, Stream};

/// How an answer is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warning,
    Bad,
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub tone: Tone,
    pub text: Rc<str>,
}

/// The answers to one act of applying.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    pub file: Rc<str>,
    pub lines: Vec<Line>,
}

impl Applied {
    pub fn failed(&self) -> bool {
        self.lines.iter().any(|line| line.tone == Tone::Bad)
    }
}

/// How often the command is polled: the simulated server answers at once.
const TURNS: usize = 10_000;

/// Applies a file as `kubectl apply -f FILE` does.
pub fn apply(file: &Rc<str>, text: &Rc<str>, client: LocalClient, namespace: &str) -> Applied {
    let files = Files {
        list: vec![File {
            name: file.clone(),
            text: text.clone(),
        }],
        open: 0,
    };
    let shelf = Shelf {
        files: Shared::new(files),
        ..Shelf::default()
    };
    let host = PageHost::new(client, Rc::new(RefCell::new(shelf)));
    let mut session = Session::new(Rc::new(host), namespace);
    let mut job = session.start(&apply_command(file));
    let mut output: Vec<Span> = Vec::new();
    for _ in 0..TURNS {
        let progress = job.poll();
        output.extend(progress.output);
        if progress.exit_code.is_some() {
            break;
        }
    }
    let told = output
        .iter()
        .map(|span| (span.stream == Stream::Err, span.text.as_str()));
    applied(file, told)
}
