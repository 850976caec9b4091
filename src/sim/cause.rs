//! Cause records: why something happened, as a chain back to what a user did.

use std::rc::Rc;

use super::{Log, Time};

/// Names a record of the [`CauseLog`]. `NONE` is the beginning of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseId(pub u64);

impl CauseId {
    pub const NONE: CauseId = CauseId(0);
}

/// One link: at `at`, `actor` did `verb` to `subject`, because of `parent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub at: Time,
    pub parent: CauseId,
    /// Who acted: a component ("deployment-controller", "kubelet worker-1") or a user.
    pub actor: Rc<str>,
    /// What was done, as one word for a program to match ("create", "patch", "timer", "watch").
    pub verb: &'static str,
    /// What it was done to; for writes, the key in the store.
    pub subject: Rc<str>,
    /// The revision that a write made; zero when nothing was written.
    pub revision: u64,
    /// A few words for people: the name of a timer, the reason of a decision. May be empty.
    pub note: Rc<str>,
}

/// An append-only log of causes, bounded: the oldest records are forgotten first.
#[derive(Clone, Debug)]
pub struct CauseLog {
    /// Position 0 is `CauseId(1)`.
    records: Log<Cause>,
    capacity: usize,
}

impl CauseLog {
    pub fn new(capacity: usize) -> Self {
        CauseLog {
            records: Log::default(),
            capacity: capacity.max(1),
        }
    }

    pub fn record(&mut self, cause: Cause) -> CauseId {
        if self.records.len() >= self.capacity {
            self.records.forget(1);
        }
        CauseId(self.records.push(cause) + 1)
    }

    /// The record, unless it was forgotten.
    pub fn get(&self, id: CauseId) -> Option<&Cause> {
        self.records.get(id.0.checked_sub(1)?)
    }

    /// From `id` back to the beginning, nearest first. Parents are older than their children, so
    /// the walk ends.
    pub fn chain(&self, id: CauseId) -> impl Iterator<Item = (CauseId, &Cause)> {
        let mut next = id;
        std::iter::from_fn(move || {
            let current = next;
            let cause = self.get(current)?;
            next = if cause.parent < current {
                cause.parent
            } else {
                CauseId::NONE
            };
            Some((current, cause))
        })
    }

    /// All records that are kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (CauseId, &Cause)> {
        (self.records.first() + 1..)
            .map(CauseId)
            .zip(self.records.iter())
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(parent: CauseId, verb: &'static str) -> Cause {
        Cause {
            at: Time::EPOCH,
            parent,
            actor: "test".into(),
            verb,
            subject: "thing".into(),
            revision: 0,
            note: "".into(),
        }
    }

    #[test]
    fn chains_lead_back_and_forget_the_oldest() {
        let mut log = CauseLog::new(2);
        let a = log.record(cause(CauseId::NONE, "a"));
        let b = log.record(cause(a, "b"));
        assert_eq!(
            log.chain(b).map(|(_, c)| c.verb).collect::<Vec<_>>(),
            ["b", "a"]
        );
        let c = log.record(cause(b, "c"));
        assert_eq!(
            log.chain(c).map(|(_, c)| c.verb).collect::<Vec<_>>(),
            ["c", "b"]
        );
        assert!(log.get(a).is_none());
    }
}
