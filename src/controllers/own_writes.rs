//! What a controller has written and its cache does not show yet. A sync that counted on the old
//! state would decide twice: two scale-downs where one was allowed (KEP-5647, stale controllers).
//!
//! Divergence: in v1.36 the Deployment controller acts on what its cache shows, and such double
//! decisions are rare but possible.

use std::rc::Rc;

use crate::api::{Key, Object, Resource};
use crate::sim::ordered::Map as BTreeMap;

/// By uid of what was written: for which key, and its revision.
#[derive(Clone, Default)]
pub struct OwnWrites {
    written: BTreeMap<Rc<str>, (Key, u64)>,
    pending: BTreeMap<Key, usize>,
}

fn revision<T: Resource>(object: &T) -> u64 {
    let version = object.meta().resource_version.as_deref();
    version.and_then(|v| v.parse().ok()).unwrap_or_default()
}

impl OwnWrites {
    /// Notes that the sync of `key` wrote an object; `before` is what it was made from.
    pub fn wrote<T: Resource>(&mut self, key: &Key, before: Option<&T>, after: &T) {
        let new = revision(after);
        if before.is_some_and(|b| revision(b) >= new) {
            // Nothing was different: no watch event will come.
            return;
        }
        let entry = (key.clone(), new);
        if self.written.insert(after.uid().into(), entry).is_none() {
            *self.pending.entry(key.clone()).or_default() += 1;
        }
    }

    /// Takes in what the cache shows now.
    pub fn observe(&mut self, object: &Object, deleted: bool) {
        let uid = object.uid();
        let shown = self
            .written
            .get(uid)
            .is_some_and(|(_, revision)| deleted || object.revision() >= *revision);
        if shown && let Some((key, _)) = self.written.remove(uid) {
            match self.pending.get_mut(&key) {
                Some(count) if *count > 1 => *count -= 1,
                _ => {
                    self.pending.remove(&key);
                }
            }
        }
    }

    /// Whether the cache is behind what the syncs of `key` wrote.
    pub fn is_behind(&self, key: &Key) -> bool {
        self.pending.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;

    fn map(uid: &str, revision: u64) -> ConfigMap {
        let mut map = ConfigMap::default();
        map.metadata.uid = Some(uid.to_owned());
        map.metadata.resource_version = Some(revision.to_string());
        map
    }

    #[test]
    fn a_cache_is_behind_until_it_shows_every_write() {
        let mut own = OwnWrites::default();
        let key = Key::new("default", "web");
        own.wrote(&key, Some(&map("a", 4)), &map("a", 4));
        assert!(!own.is_behind(&key), "nothing was written");
        own.wrote(&key, Some(&map("a", 4)), &map("a", 7));
        own.wrote(&key, None, &map("b", 8));
        let seen = |own: &mut OwnWrites, uid, revision, deleted| {
            own.observe(
                &ConfigMap::into_object(Rc::new(map(uid, revision))),
                deleted,
            );
        };
        seen(&mut own, "a", 6, false);
        seen(&mut own, "b", 8, false);
        assert!(own.is_behind(&key), "an older version of a");
        seen(&mut own, "a", 9, false);
        assert!(!own.is_behind(&key));
        own.wrote(&key, None, &map("c", 10));
        seen(&mut own, "c", 0, true);
        assert!(!own.is_behind(&key), "gone");
    }
}
