//! What a script writes, and where it goes.

use super::run::{Shell, Sink};
use super::{MOST_STEPS, Machine};

/// How much one substitution or pipeline stage can print.
const MOST_OUTPUT: usize = 64 << 10;

impl Shell {
    /// Writes to a descriptor: 1 or 2.
    pub(super) fn print(&mut self, fd: usize, text: &str, m: &mut dyn Machine) {
        let sink = self.sinks.get(fd.saturating_sub(1)).cloned();
        match sink {
            Some(Sink::Capture) if self.captured.len() < MOST_OUTPUT => {
                self.captured.push_str(text)
            }
            Some(Sink::File(path)) => {
                if let Err(error) = m.write(&path, text, true) {
                    self.log(&format!("write error: {}\n", error.text()));
                }
            }
            Some(Sink::Log) => self.log(text),
            Some(Sink::Stream(fd)) => self.stream(fd, text),
            _ => {}
        }
    }

    pub(super) fn stream(&mut self, fd: u8, text: &str) {
        let held: usize = self.streams.iter().map(|(_, text)| text.len()).sum();
        if held > 16 * MOST_OUTPUT {
            return;
        }
        match self.streams.last_mut() {
            Some((last, held)) if *last == fd => held.push_str(text),
            _ => self.streams.push((fd, text.to_owned())),
        }
    }

    pub(super) fn log(&mut self, text: &str) {
        let mut rest = text;
        while let Some((line, after)) = rest.split_once('\n') {
            self.line.push_str(line);
            self.end_line();
            rest = after;
        }
        self.line.push_str(rest);
        if self.line.len() > MOST_OUTPUT {
            self.end_line();
        }
    }

    pub(super) fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if self.lines.len() < MOST_STEPS {
            self.lines.push(line);
        }
    }

    /// An error message of the shell itself.
    pub(super) fn complain(&mut self, message: &str) {
        let text = format!("sh: {message}\n");
        if let Sink::Stream(fd) = self.sinks[1] {
            self.stream(fd, &text);
        } else if self.sinks[1] == Sink::Log {
            self.log(&text);
        }
    }
}
