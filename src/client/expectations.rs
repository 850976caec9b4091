//! Expectations: what a controller has asked for and not yet seen in its cache
//! (`k8s.io/kubernetes/pkg/controller/controller_utils.go` ControllerExpectations).

use std::rc::Rc;
use std::time::Duration;

use crate::api::Key;
use crate::sim::Time;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// After this long a controller stops waiting: something was lost.
const TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, Default)]
struct Expected {
    creations: i64,
    /// Deletions are counted by uid: one deletion may be seen more than once.
    deletions: BTreeSet<Rc<str>>,
    since: Time,
}

/// Per object of a controller: creations and deletions that are under way.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    by_key: BTreeMap<Key, Expected>,
}

impl Expectations {
    pub fn expect_creations(&mut self, key: &Key, count: usize, now: Time) {
        let expected = self.by_key.entry(key.clone()).or_default();
        expected.creations += count as i64;
        expected.since = now;
    }

    pub fn expect_deletions<'u>(
        &mut self,
        key: &Key,
        uids: impl IntoIterator<Item = &'u str>,
        now: Time,
    ) {
        let expected = self.by_key.entry(key.clone()).or_default();
        expected.deletions.extend(uids.into_iter().map(Rc::from));
        expected.since = now;
    }

    pub fn creation_observed(&mut self, key: &Key) {
        if let Some(expected) = self.by_key.get_mut(key) {
            expected.creations -= 1;
        }
    }

    pub fn deletion_observed(&mut self, key: &Key, uid: &str) {
        if let Some(expected) = self.by_key.get_mut(key) {
            expected.deletions.remove(uid);
        }
    }

    /// Whether the cache shows all that was asked for (or waiting has lasted too long).
    pub fn satisfied(&self, key: &Key, now: Time) -> bool {
        self.by_key.get(key).is_none_or(|expected| {
            (expected.creations <= 0 && expected.deletions.is_empty())
                || now.since(expected.since) >= TIMEOUT
        })
    }

    pub fn forget(&mut self, key: &Key) {
        self.by_key.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::secs;

    #[test]
    fn a_controller_waits_until_it_sees_what_it_did() {
        let mut e = Expectations::default();
        let key = Key::new("default", "web");
        let now = Time::EPOCH;
        assert!(e.satisfied(&key, now));
        e.expect_creations(&key, 2, now);
        e.creation_observed(&key);
        assert!(!e.satisfied(&key, now));
        e.creation_observed(&key);
        assert!(e.satisfied(&key, now));
        e.expect_deletions(&key, ["u1"], now);
        e.deletion_observed(&key, "u1");
        e.deletion_observed(&key, "u1");
        assert!(e.satisfied(&key, now));
        e.expect_deletions(&key, ["u2"], now);
        assert!(!e.satisfied(&key, now + secs(299)));
        assert!(e.satisfied(&key, now + secs(300)));
    }
}
