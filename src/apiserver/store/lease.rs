use super::place::Place;
use crate::sim::Time;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// Names a lease. Its order is the order of granting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseId(u64);

/// Leases and the keys that are bound to them.
#[derive(Clone, Default)]
pub(super) struct Leases {
    last: u64,
    by_id: BTreeMap<LeaseId, (Time, Vec<Place>)>,
    by_end: BTreeSet<(Time, LeaseId)>,
}

impl Leases {
    pub fn grant(&mut self, ends: Time) -> LeaseId {
        self.last += 1;
        let id = LeaseId(self.last);
        self.by_id.insert(id, (ends, Vec::new()));
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

    pub fn attach(&mut self, id: LeaseId, key: Place) {
        if let Some((_, keys)) = self.by_id.get_mut(&id)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }

    pub fn detach(&mut self, id: LeaseId, key: &Place) {
        if let Some((_, keys)) = self.by_id.get_mut(&id) {
            keys.retain(|k| k != key);
        }
    }

    pub fn next_expiry(&self) -> Option<Time> {
        self.by_end.first().map(|(at, _)| *at)
    }

    pub fn expire(&mut self, now: Time) -> Vec<Place> {
        let mut gone = Vec::new();
        while let Some(&(at, id)) = self.by_end.first() {
            if at > now {
                break;
            }
            self.by_end.remove(&(at, id));
            if let Some((_, mut keys)) = self.by_id.remove(&id) {
                keys.sort_unstable();
                gone.append(&mut keys);
            }
        }
        gone
    }
}
