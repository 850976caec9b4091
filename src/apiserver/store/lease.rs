use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::sim::Time;

/// Names a lease. Its order is the order of granting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseId(u64);

/// Leases and the keys that are bound to them.
#[derive(Clone, Default)]
pub(super) struct Leases {
    last: u64,
    by_id: BTreeMap<LeaseId, (Time, BTreeSet<Rc<str>>)>,
    by_end: BTreeSet<(Time, LeaseId)>,
}

impl Leases {
    pub fn grant(&mut self, ends: Time) -> LeaseId {
        self.last += 1;
        let id = LeaseId(self.last);
        self.by_id.insert(id, (ends, BTreeSet::new()));
        self.by_end.insert((ends, id));
        id
    }

    pub fn keep_alive(&mut self, id: LeaseId, ends: Time) -> bool {
        match self.by_id.get_mut(&id) {
            Some((old, _)) => {
                self.by_end.remove(&(*old, id));
                self.by_end.insert((ends, id));
                *old = ends;
                true
            }
            None => false,
        }
    }

    pub fn attach(&mut self, id: LeaseId, key: Rc<str>) {
        if let Some((_, keys)) = self.by_id.get_mut(&id) {
            keys.insert(key);
        }
    }

    pub fn detach(&mut self, id: LeaseId, key: &str) {
        if let Some((_, keys)) = self.by_id.get_mut(&id) {
            keys.remove(key);
        }
    }

    pub fn next_expiry(&self) -> Option<Time> {
        self.by_end.first().map(|(at, _)| *at)
    }

    pub fn expire(&mut self, now: Time) -> Vec<Rc<str>> {
        let mut gone = Vec::new();
        while let Some(&(at, id)) = self.by_end.first() {
            if at > now {
                break;
            }
            self.by_end.remove(&(at, id));
            if let Some((_, keys)) = self.by_id.remove(&id) {
                gone.extend(keys);
            }
        }
        gone
    }
}
