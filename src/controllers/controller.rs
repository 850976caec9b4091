//! What a controller is, and what it is given.

use std::rc::Rc;
use std::time::Duration;

use super::caches::Caches;
use super::worker::Event;
use crate::api::{Key, Object, Resource, Status};
use crate::apiserver::EventType;
use crate::client::Ctx;
use crate::sim::Time;

/// A control loop over one kind of object.
pub trait Controller {
    /// Its name in causes and events: "deployment-controller".
    fn name(&self) -> &'static str;

    /// A cache has changed: asks for the keys to be synced that this may matter to. Has to be
    /// cheap: no work that grows with the number of objects.
    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers);

    /// Brings what `key` names nearer to what is asked for.
    ///
    /// # Errors
    /// The sync is tried again, later each time.
    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome;

    /// How often a failing sync is tried again; `None` for ever.
    fn max_retries(&self) -> Option<u32> {
        None
    }

    fn boxed(&self) -> Box<dyn Controller>;
}

/// What a sync came to.
pub type Outcome = Result<Next, Box<Status>>;

/// When a key that was synced is to be synced again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// When something changes.
    Change,
    /// After a while, whatever happens; the reason is kept as the cause.
    After(Duration, &'static str),
    /// It is not over: `sync` is called again when what it did has taken its time. The worker does
    /// nothing else meanwhile.
    Resume,
}

/// An object before and after a change.
pub type BeforeAfter<'c, T> = (Option<&'c Rc<T>>, Option<&'c Rc<T>>);

/// One change of the shared caches.
pub struct Change {
    pub event: EventType,
    /// The object now, or as it was last.
    pub object: Object,
    /// What the cache held before.
    pub old: Option<Object>,
}

impl Change {
    /// The object before and after, if it is a `T`.
    pub fn of<T: Resource>(&self) -> Option<BeforeAfter<'_, T>> {
        let object = self.object.get::<T>()?;
        let old = self.old.as_ref().and_then(|o| o.get::<T>());
        Some(match self.event {
            EventType::Deleted => (Some(object), None),
            EventType::Added | EventType::Modified => (old, Some(object)),
        })
    }

    /// The key of the object, if it is a `T`.
    pub fn key_of<T: Resource>(&self) -> Option<Key> {
        self.object.get::<T>().map(|o| o.key())
    }
}

/// The keys that a change asks to be synced.
pub struct Triggers {
    pub now: Time,
    pub(super) keys: Vec<Key>,
    pub(super) later: Vec<(Key, Duration, &'static str)>,
}

impl Triggers {
    pub(super) fn new(now: Time) -> Self {
        Triggers {
            now,
            keys: Vec::new(),
            later: Vec::new(),
        }
    }

    pub fn add(&mut self, key: Key) {
        self.keys.push(key);
    }

    /// Asks for a sync after `delay`, because of `reason`. An earlier request stays.
    pub fn add_after(&mut self, key: Key, delay: Duration, reason: &'static str) {
        self.later.push((key, delay, reason));
    }
}

/// What a sync works with.
pub struct Scope<'a, 'c> {
    pub ctx: &'a mut Ctx<'c, Event>,
    pub caches: &'a Caches,
    pub(super) actor: &'a Rc<str>,
    pub(super) looked_at: usize,
    pub(super) waited: Duration,
    pub(super) triggers: Triggers,
}

impl Scope<'_, '_> {
    pub fn now(&self) -> Time {
        self.ctx.now()
    }

    /// Counts objects that the sync looks at: what makes it take longer.
    pub fn look(&mut self, objects: usize) {
        self.looked_at += objects;
    }

    /// Keeps the worker busy for so much longer at least: it waits for something.
    pub fn wait(&mut self, span: Duration) {
        self.waited = self.waited.max(span);
    }

    /// Records a decision in words; what the sync writes from now on is caused by it.
    pub fn decide(&mut self, kind: &str, key: &Key, note: &str) {
        let subject: Rc<str> = format!("{kind} {key}").into();
        self.ctx.kernel.cause = self.ctx.kernel.record(self.actor, "sync", subject, 0, note);
    }

    /// Asks for another key of this controller to be synced.
    pub fn trigger(&mut self, key: Key) {
        self.triggers.add(key);
    }
}
