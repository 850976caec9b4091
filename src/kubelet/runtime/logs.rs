//! What a container wrote to its standard output and error.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::sim::Time;

/// Lines that are kept; a real kubelet rotates log files at 10 MiB.
const MOST_LINES: usize = 1000;
/// Longer lines are cut: a runtime splits them at 16 KiB.
const MOST_BYTES: usize = 16 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub at: Time,
    pub text: Rc<str>,
}

/// The newest lines of one container instance.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    lines: VecDeque<Line>,
}

impl Logs {
    pub fn push(&mut self, at: Time, text: &str) {
        let mut end = text.len().min(MOST_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(Line {
            at,
            text: text.get(..end).unwrap_or_default().into(),
        });
    }

    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.iter()
    }
}
