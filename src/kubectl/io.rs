//! Where a command's words come from and go to: the terminal, a pipe, a file, a variable.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// No buffer grows past this many bytes; what does not fit is lost, and the writer is told.
const MOST_BYTES: usize = 8 << 20;

/// What a span of output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
    /// The screen is to be cleared; the span has no text.
    Clear,
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub stream: Stream,
    pub text: String,
}

/// What a job has printed and the host has not yet taken.
#[derive(Default)]
pub struct Screen {
    spans: RefCell<Vec<Span>>,
    bytes: Cell<usize>,
}

impl Screen {
    pub fn push(&self, stream: Stream, text: &str) {
        let bytes = self.bytes.get() + text.len();
        if bytes > MOST_BYTES {
            return;
        }
        self.bytes.set(bytes);
        let mut spans = self.spans.borrow_mut();
        match spans.last_mut() {
            Some(last) if last.stream == stream => last.text.push_str(text),
            _ => spans.push(Span {
                stream,
                text: text.to_owned(),
            }),
        }
    }

    pub fn take(&self) -> Vec<Span> {
        self.bytes.set(0);
        self.spans.take()
    }
}

/// Text on its way from one command to the next.
#[derive(Default)]
pub struct Pipe {
    text: RefCell<VecDeque<u8>>,
    /// The writer has ended.
    closed: Cell<bool>,
    /// The reader has gone.
    abandoned: Cell<bool>,
    /// The writer wrote after the reader had gone.
    broken: Cell<bool>,
}

impl Pipe {
    pub fn of(text: &str) -> Rc<Pipe> {
        let pipe = Pipe::default();
        pipe.write(text);
        pipe.close();
        Rc::new(pipe)
    }

    fn write(&self, text: &str) {
        if self.abandoned.get() {
            self.broken.set(true);
            return;
        }
        let mut buffer = self.text.borrow_mut();
        if buffer.len() + text.len() <= MOST_BYTES {
            buffer.extend(text.as_bytes());
        }
    }

    pub fn close(&self) {
        self.closed.set(true);
    }

    pub fn abandon(&self) {
        self.abandoned.set(true);
    }

    pub fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// Everything that has come.
    pub fn take(&self) -> String {
        let bytes: Vec<u8> = self.text.borrow_mut().drain(..).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Puts back what was read and not wanted.
    pub fn give_back(&self, text: &str) {
        let mut buffer = self.text.borrow_mut();
        for byte in text.bytes().rev() {
            buffer.push_front(byte);
        }
    }

    /// The next line, with its newline if it has one; waits for it.
    pub async fn line(&self) -> Option<String> {
        poll_fn(|_| {
            let end = {
                let buffer = self.text.borrow();
                match buffer.iter().position(|b| *b == b'\n') {
                    Some(i) => i + 1,
                    None if !self.closed.get() => return Poll::Pending,
                    None if buffer.is_empty() => return Poll::Ready(None),
                    None => buffer.len(),
                }
            };
            let bytes: Vec<u8> = self.text.borrow_mut().drain(..end).collect();
            Poll::Ready(Some(String::from_utf8_lossy(&bytes).into_owned()))
        })
        .await
    }

    /// Everything until the writer ends.
    pub async fn rest(&self) -> String {
        poll_fn(|_| match self.closed.get() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        self.take()
    }
}

/// A file that is being written: its text so far.
pub type FileBuffer = Rc<RefCell<String>>;

/// Where output goes.
#[derive(Clone)]
pub enum Sink {
    Screen(Rc<Screen>, Stream),
    Pipe(Rc<Pipe>),
    File(FileBuffer),
    Nowhere,
}

impl Sink {
    pub fn write(&self, text: &str) {
        match self {
            Sink::Screen(screen, stream) => screen.push(*stream, text),
            Sink::Pipe(pipe) => pipe.write(text),
            Sink::File(file) => {
                let mut file = file.borrow_mut();
                if file.len() + text.len() <= MOST_BYTES {
                    file.push_str(text);
                }
            }
            Sink::Nowhere => {}
        }
    }

    pub fn line(&self, text: &str) {
        self.write(text);
        self.write("\n");
    }
}

/// Where input comes from; `None` is a terminal at which nobody types.
pub type Input = Option<Rc<Pipe>>;
