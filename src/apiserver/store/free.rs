//! Keys that hold no objects of the API: what people keep in an etcd beside a cluster.
//!
//! They count along with the objects, in one revision, and their values are text.

use std::rc::Rc;

use super::kv::{Compacted, Store, Version, Weigh};
use super::lease::LeaseId;
use crate::sim::Log;
use crate::sim::ordered::Map as BTreeMap;

/// So many changes are kept.
const KEPT: usize = 2_000;

/// A key with its value.
pub type FreeKey = (Rc<str>, Version<Rc<str>>);

/// One committed change of one key.
#[derive(Clone)]
pub struct FreeChange {
    pub revision: u64,
    pub key: Rc<str>,
    /// `None` when the key was deleted.
    pub value: Option<Version<Rc<str>>>,
    pub previous: Option<Version<Rc<str>>>,
}

#[derive(Clone, Default)]
pub(super) struct Free {
    current: BTreeMap<Rc<str>, Version<Rc<str>>>,
    history: Log<FreeChange>,
}

impl Free {
    pub fn compact(&mut self, revision: u64) {
        let kept = self.history.partition_point(|c| c.revision <= revision);
        let gone = kept.saturating_sub(self.history.first());
        self.history.forget(gone as usize);
    }
}

impl<V: Clone + Weigh> Store<V> {
    /// Every key that holds no object, in order.
    pub fn free(&self) -> impl Iterator<Item = (&Rc<str>, &Version<Rc<str>>)> {
        self.free.current.iter()
    }

    pub fn free_at(&self, revision: u64) -> Result<Vec<FreeKey>, Compacted> {
        self.check(revision)?;
        let mut view = self.free.current.clone();
        let changes = self.free.history.iter_back();
        for change in changes.take_while(|c| c.revision > revision) {
            match &change.previous {
                Some(old) => drop(view.insert(change.key.clone(), old.clone())),
                None => drop(view.remove(&change.key)),
            }
        }
        Ok(view.into_iter().collect())
    }

    /// Writes a key at `revision`, the next one or, within a transaction, the last.
    pub fn put_free(&mut self, revision: u64, key: &str, value: &str, lease: Option<LeaseId>) {
        let key: Rc<str> = key.into();
        let previous = self.free.current.get(&key).cloned();
        if let Some(old) = previous.as_ref().and_then(|p| p.lease) {
            self.leases.detach_key(old, &key);
        }
        if let Some(lease) = lease {
            self.leases.attach_key(lease, &key);
        }
        let version = Version {
            value: value.into(),
            created: previous.as_ref().map_or(revision, |p| p.created),
            modified: revision,
            version: previous.as_ref().map_or(1, |p| p.version + 1),
            lease,
        };
        self.free.current.insert(key.clone(), version.clone());
        self.note(FreeChange {
            revision,
            key,
            value: Some(version),
            previous,
        });
    }

    /// Deletes a key at `revision`; tells whether there was one.
    pub fn delete_free(&mut self, revision: u64, key: &str) -> bool {
        let Some((key, previous)) = self.free.current.remove_entry(key) else {
            return false;
        };
        if let Some(lease) = previous.lease {
            self.leases.detach_key(lease, &key);
        }
        self.note(FreeChange {
            revision,
            key,
            value: None,
            previous: Some(previous),
        });
        true
    }

    fn note(&mut self, change: FreeChange) {
        self.set_revision(change.revision);
        self.free.history.push(change);
        let much = self.free.history.len() > KEPT + KEPT / 5;
        let oldest = self.free.history.iter_back().nth(KEPT).map(|c| c.revision);
        if let Some(oldest) = oldest.filter(|_| much) {
            self.compact(oldest);
        }
    }

    /// The changes after `revision`, oldest first.
    pub fn free_since(&self, revision: u64) -> impl Iterator<Item = &FreeChange> {
        let history = &self.free.history;
        let start = history.partition_point(|c| c.revision <= revision);
        history.iter_from(start)
    }
}
