//! A shell and what is typed into it: the process of a container with `stdin`, or a command beside it.

use std::rc::Rc;

use super::machine::Surroundings;
use super::shell::{self, Input, Pause, Shell};
use super::typed::{Line, Typed};
use crate::client::wire::Ending;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Time, millis};

/// How many lines a shell takes at one instant.
const MOST_LINES: usize = 200;
/// How many shells stand in each other.
const MOST_SHELLS: usize = 16;

/// Where a process writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
    /// The container's log, whoever is attached.
    Log,
}

#[derive(Clone)]
pub struct Dialog {
    shell: Shell,
    /// The shells that the first one has been left in.
    outer: Vec<(Shell, Rc<str>)>,
    /// What it was started as.
    name: Rc<str>,
    typed: Typed,
    tty: bool,
    /// Lines are read and run one by one.
    interactive: bool,
    /// A command whose end is missing.
    begun: String,
    prompted: bool,
}

/// The name of a shell that reads its commands; it is told nothing to run.
fn reading_shell(words: &[Rc<str>]) -> Option<&str> {
    let (first, flags) = words.split_first()?;
    let name = shell::base(first);
    let is_shell = matches!(name, "sh" | "bash" | "ash");
    let reads = |w: &Rc<str>| w.starts_with('-') && !w.ends_with('c');
    (is_shell && flags.iter().all(reads)).then_some(name)
}

impl Dialog {
    /// A command in words, about to read what is typed.
    pub fn new(
        words: &[Rc<str>],
        variables: BTreeMap<Rc<str>, Rc<str>>,
        folder: &str,
        (typed, tty): (Typed, bool),
        now: Time,
    ) -> Dialog {
        let name = reading_shell(words);
        let script = Shell::new("", words.to_vec(), variables.clone(), folder, now);
        let mut shell = match (name, script) {
            (Some(_), Ok(shell)) => shell,
            _ => Shell::of_words(words, variables, folder, now),
        };
        shell.lead_to_streams(Input::Typed);
        if name.is_some() {
            shell.set_goes_on();
        }
        Dialog {
            shell,
            outer: Vec::new(),
            name: name.unwrap_or_default().into(),
            typed,
            tty,
            interactive: name.is_some(),
            begun: String::new(),
            prompted: false,
        }
    }

    /// It is no process of the container itself.
    pub fn set_beside(&mut self) {
        self.shell.set_beside();
    }

    pub fn shell(&self) -> &Shell {
        &self.shell
    }

    pub fn shell_mut(&mut self) -> &mut Shell {
        &mut self.shell
    }

    /// Somebody types, and whether that is the end of it.
    pub fn give(&mut self, text: &str, ends: bool, now: Time) {
        self.typed.push(text);
        match (ends, self.tty) {
            (true, true) => self.typed.push_end(),
            (true, false) => self.typed.close(),
            (false, _) => {}
        }
        self.shell.wake_reader(now);
    }

    /// Whoever typed is gone.
    pub fn hang_up(&mut self, now: Time) {
        self.typed.close();
        self.shell.wake_reader(now);
    }

    pub fn deliver(&mut self, id: u64, ending: &Ending, now: Time) -> bool {
        self.shell.deliver(id, ending, now)
    }

    /// Lets it do what is due, and tells how it goes on.
    #[inline(never)] // it waits in the second file of the wasm until somebody types
    pub fn resume(
        &mut self,
        s: &mut Surroundings<'_>,
        write: &mut dyn FnMut(Stream, &str),
    ) -> Pause {
        for _ in 0..MOST_LINES {
            std::mem::swap(&mut s.typed, &mut self.typed);
            let pause = self.shell.resume(s);
            std::mem::swap(&mut s.typed, &mut self.typed);
            for (fd, text) in self.shell.take_streams() {
                let stream = match fd {
                    // A terminal has one stream.
                    2 if !self.tty => Stream::Err,
                    _ => Stream::Out,
                };
                write(stream, &text);
            }
            for line in self.shell.take_lines() {
                write(Stream::Log, &format!("{line}\n"));
            }
            if !self.interactive || !matches!(pause, Pause::Exit(_)) {
                return pause;
            }
            if self.shell.is_exiting() {
                match self.leave(s.now, write) {
                    true => continue,
                    false => return pause,
                }
            }
            if self.tty && !self.prompted {
                write(Stream::Out, &self.prompt(s));
                self.prompted = true;
            }
            match self.typed.line() {
                Line::Text(line) => self.take(&line, s.now),
                Line::Later => return Pause::Forever,
                Line::End => self.shell.end(s.now),
            }
        }
        Pause::Until(s.now + millis(100))
    }

    /// Understands a line of commands.
    fn take(&mut self, line: &str, now: Time) {
        self.prompted = false;
        self.begun.push_str(line);
        if self.typed.is_open() && shell::wants_more(&self.begun) {
            return;
        }
        let whole = std::mem::take(&mut self.begun);
        let whole = whole.trim_end_matches(['\n', '\r']);
        let words: Vec<Rc<str>> = whole.split_whitespace().map(Rc::from).collect();
        match reading_shell(&words) {
            Some(name) if self.outer.len() < MOST_SHELLS => {
                let inner = self.shell.nested();
                let outer = std::mem::replace(&mut self.shell, inner);
                let name = std::mem::replace(&mut self.name, name.into());
                self.outer.push((outer, name));
            }
            _ => self.shell.feed(whole, now),
        }
    }

    /// Leaves the innermost shell; tells whether there is another one.
    fn leave(&mut self, now: Time, write: &mut dyn FnMut(Stream, &str)) -> bool {
        if self.tty && &*self.name == "bash" {
            write(Stream::Out, "exit\n");
        }
        let Some((mut outer, name)) = self.outer.pop() else {
            return false;
        };
        outer.set_status(self.shell.status());
        outer.wake_reader(now);
        (self.shell, self.name, self.prompted) = (outer, name, false);
        true
    }

    /// The prompts of bash in Debian's images, of busybox, and of dash.
    fn prompt(&self, s: &Surroundings<'_>) -> String {
        if !self.begun.is_empty() {
            return "> ".to_owned();
        }
        let root = s.identity.user == 0;
        let mark = if root { '#' } else { '$' };
        let folder = self.shell.folder();
        let home = self.shell.home().filter(|home| home.len() > 1);
        let rest = home.and_then(|home| folder.strip_prefix(home));
        let folder = match rest {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
            _ => folder.to_owned(),
        };
        if &*self.name == "bash" {
            let who = if root { "root" } else { "I have no name!" };
            return format!("{who}@{}:{folder}{mark} ", s.hostname);
        }
        match s.content.declared && !shell::Machine::is_small(s) {
            true => format!("{mark} "),
            false => format!("{folder} {mark} "),
        }
    }
}
