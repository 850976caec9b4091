//! Waiting for the endings of requests that a script has made, wherever in it they were made.
//!
//! A stage of a pipeline runs in a shell of its own, as a child; its parent goes on when the child
//! has ended. What stands in `$(...)` is run while a word is expanded: when it has to wait, the
//! expansion is given up, and done again once the output is known. Outputs that were known before
//! are remembered for that.

use std::rc::Rc;

use super::Machine;
use super::run::{Pause, Shell};
use crate::client::wire::Ending;
use crate::sim::Time;

/// What waits, and what is known.
#[derive(Clone, Default)]
pub struct Calls {
    /// The number of the request that is under way.
    pub(super) awaits: Option<u64>,
    pub(super) ending: Option<Ending>,
    /// A command waits for its input.
    pub(super) reads: bool,
    /// A part of the script that has to end first.
    pub(super) child: Option<Box<Shell>>,
    /// The child is a stage of a pipeline, and no substitution.
    pub(super) is_stage: bool,
    /// What the last stage has printed.
    pub(super) staged: Option<String>,
    /// Outputs of the substitutions of the command that is being expanded, with their status.
    known: Vec<(Rc<str>, i32)>,
    /// How many of them the expansion has used.
    used: usize,
    /// The expansion was given up.
    pub(super) blocked: bool,
}

impl Shell {
    /// Hands the ending of a request to whoever waits for it; tells whether somebody does.
    pub fn deliver(&mut self, id: u64, ending: &Ending, now: Time) -> bool {
        if self.calls.awaits == Some(id) {
            self.calls.awaits = None;
            self.calls.ending = Some(ending.clone());
            self.wake = now;
            return true;
        }
        if let Some(child) = &mut self.calls.child
            && child.deliver(id, ending, now)
        {
            self.wake = now;
            return true;
        }
        self.jobs.iter_mut().any(|job| job.deliver(id, ending, now))
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.calls.awaits.is_some() || self.calls.reads || self.calls.child.is_some()
    }

    /// Lets the child go on; tells whether it is still there.
    pub(super) fn is_held(&mut self, m: &mut dyn Machine) -> bool {
        let Some(mut child) = self.calls.child.take() else {
            return self.calls.awaits.is_some() || self.calls.reads;
        };
        child.budget = self.budget;
        let pause = child.run(m);
        self.take_text(&mut child);
        if child.is_waiting() {
            self.calls.child = Some(child);
            return true;
        }
        let status = match pause {
            Pause::Exit(code) => code,
            _ => 0,
        };
        self.slept += child.slept;
        let output = std::mem::take(&mut child.captured);
        match self.calls.is_stage {
            true => self.calls.staged = Some(output),
            false => self.calls.known.push((output.into(), status)),
        }
        false
    }

    /// Begins the expansion of a command.
    pub(super) fn begin_expansion(&mut self) {
        self.calls.used = 0;
    }

    /// The expansion is over. Tells whether it has to be done again.
    pub(super) fn has_to_wait(&mut self) -> bool {
        if std::mem::take(&mut self.calls.blocked) {
            return true;
        }
        self.calls.known.clear();
        false
    }

    /// Whether there was a substitution in the expansion.
    pub(super) fn has_substituted(&self) -> bool {
        self.calls.used > 0
    }

    /// The output of the next substitution, when it is known.
    pub(super) fn known(&mut self) -> Option<(Rc<str>, i32)> {
        let known = self.calls.known.get(self.calls.used).cloned();
        self.calls.used += usize::from(known.is_some());
        known
    }

    pub(super) fn learn(&mut self, output: &str, status: i32) {
        if !self.calls.blocked {
            self.calls.known.push((output.into(), status));
            self.calls.used += 1;
        }
    }
}
