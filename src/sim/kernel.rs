//! What every part of the simulation may use: the instant, the random streams, the causes.

use super::ordered::Map as BTreeMap;
use std::rc::Rc;

use super::{Cause, CauseId, CauseLog, Disk, Rng, Streams, Texts, Time, Trace};

/// How many cause records are kept before the oldest are forgotten.
const CAUSES_KEPT: usize = 200_000;

/// The shared services of one simulation, lent to whoever handles an event.
#[derive(Clone)]
pub struct Kernel {
    /// The current instant. Only the event loop moves it.
    pub now: Time,
    /// Why the code that runs now was called.
    pub cause: CauseId,
    pub causes: CauseLog,
    pub trace: Trace,
    pub streams: Streams,
    pub texts: Texts,
    /// A note that says nothing; most do.
    blank: Rc<str>,
    /// Disks by name: what outlives the machines and programs that use it.
    pub disks: BTreeMap<Rc<str>, Disk>,
}

impl Kernel {
    pub fn new(seed: u64, now: Time) -> Self {
        Kernel {
            now,
            cause: CauseId::NONE,
            causes: CauseLog::new(CAUSES_KEPT),
            trace: Trace::default(),
            streams: Streams::new(seed),
            texts: Texts::default(),
            blank: "".into(),
            disks: BTreeMap::new(),
        }
    }

    /// The random stream called `name`.
    pub fn rng(&mut self, name: &str) -> &mut Rng {
        self.streams.get(name)
    }

    /// Records that `actor` does `verb` to `subject` now, because of the current cause.
    pub fn record(
        &mut self,
        actor: &Rc<str>,
        verb: &'static str,
        subject: Rc<str>,
        revision: u64,
        note: &str,
    ) -> CauseId {
        self.causes.record(Cause {
            at: self.now,
            parent: self.cause,
            actor: actor.clone(),
            verb,
            subject,
            revision,
            note: match note {
                "" => self.blank.clone(),
                note => note.into(),
            },
        })
    }
}
