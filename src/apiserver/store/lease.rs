use std::num::NonZeroU64;
use std::rc::Rc;

use super::place::Place;
use crate::sim::Time;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// Names a lease. Its order is the order of granting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseId(NonZeroU64);

/// What etcd's clients see of the first lease: an id is the member's, with a counter.
const FIRST: u64 = 0x3269_5410_dcc0_c900;

impl LeaseId {
    /// As clients of etcd name it.
    pub fn number(self) -> u64 {
        FIRST + self.0.get()
    }

    pub fn of_number(number: u64) -> Option<LeaseId> {
        number
            .checked_sub(FIRST)
            .and_then(NonZeroU64::new)
            .map(LeaseId)
    }
}

/// A lease that runs.
#[derive(Clone)]
pub struct Lease {
    pub granted: Time,
    pub ends: Time,
    /// The object that is bound to it: the server grants one for each event.
    pub place: Option<Place>,
    /// The keys that hold no objects and are bound to it: an event's lease has none.
    #[expect(clippy::box_collection, reason = "a word where there is none")]
    keys: Option<Box<Vec<Rc<str>>>>,
}

impl Lease {
    /// The keys that hold no objects and are bound to it.
    pub fn keys(&self) -> &[Rc<str>] {
        self.keys.as_ref().map_or(&[], |keys| keys.as_slice())
    }
}

/// Leases and the keys that are bound to them.
#[derive(Clone, Default)]
pub(super) struct Leases {
    last: u64,
    by_id: BTreeMap<LeaseId, Lease>,
    by_end: BTreeSet<(Time, LeaseId)>,
}

impl Leases {
    pub fn grant(&mut self, granted: Time, ends: Time) -> LeaseId {
        self.last += 1;
        let id = LeaseId(NonZeroU64::MIN.saturating_add(self.last - 1));
        let lease = Lease {
            granted,
            ends,
            place: None,
            keys: None,
        };
        self.by_id.insert(id, lease);
        self.by_end.insert((ends, id));
        id
    }

    /// Lets a lease run for its whole span again.
    pub fn keep_alive(&mut self, id: LeaseId, now: Time) -> bool {
        let Some(lease) = self.by_id.get_mut(&id) else {
            return false;
        };
        let ends = now + lease.ends.since(lease.granted);
        self.by_end.remove(&(lease.ends, id));
        self.by_end.insert((ends, id));
        (lease.granted, lease.ends) = (now, ends);
        true
    }

    pub fn get(&self, id: LeaseId) -> Option<&Lease> {
        self.by_id.get(&id)
    }

    pub fn all(&self) -> impl Iterator<Item = (LeaseId, &Lease)> {
        self.by_id.iter().map(|(id, lease)| (*id, lease))
    }

    /// Binds the object to a lease that was granted for it.
    pub fn attach(&mut self, id: LeaseId, key: Place) {
        if let Some(lease) = self.by_id.get_mut(&id) {
            lease.place = Some(key);
        }
    }

    pub fn detach(&mut self, id: LeaseId, key: &Place) {
        if let Some(lease) = self.by_id.get_mut(&id) {
            lease.place.take_if(|place| place == key);
        }
    }

    pub fn attach_key(&mut self, id: LeaseId, key: &Rc<str>) {
        if let Some(lease) = self.by_id.get_mut(&id)
            && !lease.keys().contains(key)
        {
            lease.keys.get_or_insert_default().push(key.clone());
        }
    }

    pub fn detach_key(&mut self, id: LeaseId, key: &str) {
        let keys = self.by_id.get_mut(&id).and_then(|l| l.keys.as_mut());
        if let Some(keys) = keys {
            keys.retain(|k| **k != *key);
        }
    }

    /// Ends a lease before its time; what was bound to it.
    pub fn revoke(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.by_id.remove(&id)?;
        self.by_end.remove(&(lease.ends, id));
        Some(lease)
    }

    pub fn next_expiry(&self) -> Option<Time> {
        self.by_end.first().map(|(at, _)| *at)
    }

    /// Takes the leases that have ended; the objects and keys bound to them.
    pub fn expire(&mut self, now: Time) -> (Vec<Place>, Vec<Rc<str>>) {
        let (mut places, mut keys) = (Vec::new(), Vec::new());
        while let Some(&(at, id)) = self.by_end.first() {
            if at > now {
                break;
            }
            self.by_end.remove(&(at, id));
            if let Some(lease) = self.by_id.remove(&id) {
                places.extend(lease.place);
                let mut bound = lease.keys.unwrap_or_default();
                bound.sort_unstable();
                keys.append(&mut bound);
            }
        }
        (places, keys)
    }
}
