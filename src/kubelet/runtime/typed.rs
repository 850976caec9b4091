//! What is typed at a process and has not been read yet.
//!
//! At a terminal, the end of the input (Ctrl-D) is one among what is typed: whoever reads sees it once, and what
//! is typed afterwards goes to the next reader (`termios(3)`, VEOF).

/// Ctrl-D, as it stands in what is typed at a terminal.
const END: char = '\u{4}';
/// How much is kept, in bytes; a pipe holds no more for long, either.
const MOST: usize = 1 << 20;

/// The input of a process, in the order of its typing.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    text: String,
    open: bool,
}

/// A line that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// With its end, unless the input ended before it.
    Text(String),
    End,
    /// It has not come yet.
    Later,
}

impl Typed {
    /// Input that has begun with `text`, and may go on.
    pub fn new(text: &str, open: bool) -> Typed {
        let mut typed = Typed {
            text: String::new(),
            open: true,
        };
        typed.push(text);
        typed.open = open;
        typed
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    /// More of it. What nobody could read any more is dropped.
    pub fn push(&mut self, text: &str) {
        if self.open && self.text.len() + text.len() <= MOST {
            self.text.push_str(text);
        }
    }

    /// The end of the input that a reader at a terminal sees once.
    pub fn push_end(&mut self) {
        self.push(END.encode_utf8(&mut [0; 4]));
    }

    /// Nothing will come any more.
    pub fn close(&mut self) {
        self.open = false;
    }

    pub fn line(&mut self) -> Line {
        let end = self.text.find(['\n', END]);
        let Some(end) = end else {
            return match (self.open, self.text.is_empty()) {
                (true, _) => Line::Later,
                (false, true) => Line::End,
                (false, false) => Line::Text(std::mem::take(&mut self.text)),
            };
        };
        let rest = self.text.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.text, rest);
        match line.pop() {
            Some('\n') => {
                line.push('\n');
                Line::Text(line)
            }
            _ if line.is_empty() => Line::End,
            // In the middle of a line it only hands over what there is.
            _ => Line::Text(line),
        }
    }

    /// What there is, and whether the input ends after it.
    pub fn piece(&mut self) -> (String, bool) {
        match self.text.find(END) {
            Some(end) => {
                let rest = self.text.split_off(end + 1);
                let mut piece = std::mem::replace(&mut self.text, rest);
                piece.pop();
                (piece, true)
            }
            None => (std::mem::take(&mut self.text), !self.open),
        }
    }

    /// All of it, once its end is there.
    pub fn all(&mut self) -> Option<String> {
        let known = !self.open || self.text.contains(END);
        known.then(|| self.piece().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_when_they_are_whole() {
        let mut typed = Typed::new("one\ntw", true);
        assert_eq!(typed.line(), Line::Text("one\n".to_owned()));
        assert_eq!(typed.line(), Line::Later);
        typed.push("o\nthree");
        assert_eq!(typed.line(), Line::Text("two\n".to_owned()));
        typed.close();
        typed.push("lost");
        assert_eq!(typed.line(), Line::Text("three".to_owned()));
        assert_eq!(typed.line(), Line::End);
    }

    #[test]
    fn the_end_at_a_terminal_is_seen_once() {
        let mut typed = Typed::new("a\n", true);
        assert_eq!(typed.all(), None);
        typed.push_end();
        typed.push("b\n");
        assert_eq!(typed.all().as_deref(), Some("a\n"));
        assert_eq!(typed.piece(), ("b\n".to_owned(), false));
        typed.push_end();
        assert_eq!(typed.line(), Line::End);
        assert_eq!(typed.line(), Line::Later);
    }
}
