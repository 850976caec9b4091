//! What was written and is not in the cache yet: a sync that worked on older slices would write
//! the same addresses twice (`k8s.io/endpointslice/util` EndpointSliceTracker).

use std::rc::Rc;

use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::api::{Key, Resource};
use crate::sim::ordered::Map as BTreeMap;

#[derive(Clone, Default)]
pub struct Tracker {
    services: BTreeMap<Key, Pending>,
}

#[derive(Clone, Default)]
struct Pending {
    /// By uid: the revision that was written, or `u64::MAX` for a deletion.
    slices: BTreeMap<Rc<str>, u64>,
    /// A sync found the cache behind and left.
    waited: bool,
}

const DELETED: u64 = u64::MAX;

fn revision(slice: &EndpointSlice) -> u64 {
    let version = slice.metadata.resource_version.as_deref();
    version.and_then(|v| v.parse().ok()).unwrap_or_default()
}

impl Tracker {
    pub fn forget(&mut self, service: &Key) {
        self.services.remove(service);
    }

    pub fn wrote(&mut self, service: &Key, slice: &EndpointSlice) {
        let pending = self.services.entry(service.clone()).or_default();
        pending.slices.insert(slice.uid().into(), revision(slice));
    }

    pub fn deleted(&mut self, service: &Key, slice: &EndpointSlice) {
        let pending = self.services.entry(service.clone()).or_default();
        pending.slices.insert(slice.uid().into(), DELETED);
    }

    /// Whether the cache is behind what was written for the service.
    pub fn must_wait(&mut self, service: &Key) -> bool {
        let Some(pending) = self.services.get_mut(service) else {
            return false;
        };
        pending.waited = !pending.slices.is_empty();
        pending.waited
    }

    /// Takes in a slice from the cache. Tells whether the service has to be synced: somebody
    /// else changed the slice, or a sync has waited for this.
    pub fn observe(&mut self, service: &Key, slice: &EndpointSlice, gone: bool) -> bool {
        let seen = if gone { DELETED } else { revision(slice) };
        let Some(pending) = self.services.get_mut(service) else {
            return true;
        };
        let uid = slice.uid();
        let expected = pending.slices.get(uid).copied();
        if expected.is_some_and(|e| seen < e) {
            // An older version on its way through the cache.
            return false;
        }
        pending.slices.remove(uid);
        let foreign = expected != Some(seen);
        if pending.slices.is_empty() {
            let waited = pending.waited;
            self.services.remove(service);
            return waited || foreign;
        }
        foreign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(uid: &str, revision: u64) -> EndpointSlice {
        let mut slice = EndpointSlice::default();
        slice.metadata.uid = Some(uid.to_owned());
        slice.metadata.resource_version = Some(revision.to_string());
        slice
    }

    #[test]
    fn own_writes_ask_for_a_sync_only_if_one_waited() {
        let mut tracker = Tracker::default();
        let key = Key::new("default", "web");
        assert!(tracker.observe(&key, &slice("a", 1), false), "foreign");
        tracker.wrote(&key, &slice("a", 5));
        assert!(!tracker.observe(&key, &slice("a", 3), false), "older");
        assert!(!tracker.observe(&key, &slice("a", 5), false), "own");
        tracker.wrote(&key, &slice("a", 7));
        assert!(tracker.must_wait(&key));
        assert!(tracker.observe(&key, &slice("a", 7), false), "awaited");
        assert!(!tracker.must_wait(&key));
        tracker.deleted(&key, &slice("a", 7));
        assert!(tracker.must_wait(&key));
        assert!(tracker.observe(&key, &slice("a", 9), true));
    }
}
