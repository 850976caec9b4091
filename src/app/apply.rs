//! Applies a manifest: the very command that the terminal would run.

use std::cell::RefCell;
use std::rc::Rc;

use super::bring::{self, LeftOut};
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
    /// Documents that were not sent, for the cluster does not know their kinds.
    pub left_out: Vec<LeftOut>,
}

impl Applied {
    pub fn failed(&self) -> bool {
        self.lines.iter().any(|line| line.tone == Tone::Bad)
    }
}

/// How often the command is polled: the simulated server answers at once.
const TURNS: usize = 10_000;

/// Applies files as `kubectl apply -f FILE -f FILE` does. Unlike there, documents of kinds that the
/// cluster does not know do not keep it from the others: they are left out, and told.
pub fn apply(mut list: Vec<File>, client: LocalClient, namespace: &str) -> Applied {
    let mut left_out = Vec::new();
    for file in &mut list {
        let knows = |version: &str, kind: &str| client.knows(version, kind);
        let sorted = bring::sort(&file.name, &file.text, &knows);
        file.text = sorted.text;
        left_out.extend(sorted.left_out);
    }
    let names: Vec<Rc<str>> = list.iter().map(|f| f.name.clone()).collect();
    let shelf = Shelf {
        files: Shared::new(Files { list, open: 0 }),
        ..Shelf::default()
    };
    let host = PageHost::new(client, Rc::new(RefCell::new(shelf)));
    let mut session = Session::new(Rc::new(host), namespace);
    let mut job = session.start(&apply_command(&names));
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
    Applied {
        left_out,
        ..applied(&names.join(" -f "), told)
    }
}
