use std::ops::Bound;
use std::rc::Rc;

use super::free::Free;
use super::lease::{Lease, LeaseId, Leases};
use super::place::{Place, Range};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{CauseId, Log, Time};

/// One committed change of one key.
#[derive(Clone, Debug)]
pub struct Change<V> {
    pub revision: u64,
    pub place: Place,
    /// `None` when the key was deleted.
    pub value: Option<V>,
    /// What stood there before; `None` when the key was created.
    pub previous: Option<V>,
    /// When what stood there was created, and how often it had been written.
    pub before: (u64, u64),
    /// And when it was last modified.
    pub previous_revision: u64,
    pub cause: CauseId,
}

impl<V> Change<V> {
    /// When the value that was written was created, and its version: none of one that is gone.
    pub fn version(&self) -> (u64, u64) {
        match (&self.value, &self.previous) {
            (None, _) => (0, 0),
            (Some(_), None) => (self.revision, 1),
            (Some(_), Some(_)) => (self.before.0, self.before.1 + 1),
        }
    }
}

/// How much memory a value takes, beside others: one for an object of usual size.
pub trait Weigh {
    fn weight(&self) -> usize;
}

impl<V: Weigh> Change<V> {
    /// What the change keeps alive once other values have taken its place.
    fn weight(&self) -> usize {
        let kept = self.value.as_ref().or(self.previous.as_ref());
        kept.map_or(1, Weigh::weight)
    }
}

/// A key with its value as it is or was, for clients of the store itself.
#[derive(Clone)]
pub struct Version<V> {
    pub value: V,
    pub created: u64,
    pub modified: u64,
    pub version: u64,
    pub lease: Option<LeaseId>,
}

/// The revision asked for is older than the oldest one kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The oldest revision that can still be read.
    pub oldest: u64,
}

/// A multi-version store of keys.
#[derive(Clone)]
pub struct Store<V> {
    revision: u64,
    /// Revisions up to this one are gone; later ones can be read and watched.
    compacted: u64,
    current: BTreeMap<Place, Version<V>>,
    history: Log<Change<V>>,
    /// The weight of all changes that are kept.
    history_weight: usize,
    pub(super) leases: Leases,
    /// The keys that hold no objects.
    pub(super) free: Free,
}

/// What a key must look like for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The key must not exist.
    Absent,
    /// The key must have been modified last at this revision.
    Revision(u64),
    Anything,
}

impl Expect {
    /// Whether a key is as expected that was last modified then; `None` when it does not exist.
    fn holds(self, modified: Option<u64>) -> bool {
        match self {
            Expect::Anything => true,
            Expect::Absent => modified.is_none(),
            Expect::Revision(r) => modified == Some(r),
        }
    }
}

impl<V: Clone + Weigh> Default for Store<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Clone + Weigh> Store<V> {
    /// An empty store. Its first write is revision 2, as in a new etcd.
    pub fn new() -> Self {
        Store {
            revision: 1,
            compacted: 0,
            current: BTreeMap::new(),
            history: Log::default(),
            history_weight: 0,
            leases: Leases::default(),
            free: Free::default(),
        }
    }

    /// The revision of the last change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Up to which revision the history is gone.
    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    pub fn len(&self) -> usize {
        self.current.len()
    }

    pub fn get(&self, key: &Place) -> Option<&V> {
        self.current.get(key).map(|entry| &entry.value)
    }

    /// The value of a key, with when it was created and changed.
    pub fn version(&self, key: &Place) -> Option<&Version<V>> {
        self.current.get(key)
    }

    /// Every key of an object.
    pub fn versions(&self) -> impl Iterator<Item = (&Place, &Version<V>)> {
        self.current.iter()
    }

    /// Every key of an object as it was at `revision`.
    pub fn versions_at(&self, revision: u64) -> Result<Vec<(Place, Version<V>)>, Compacted> {
        self.check(revision)?;
        let mut view = self.current.clone();
        for change in self
            .history
            .iter_back()
            .take_while(|c| c.revision > revision)
        {
            match &change.previous {
                Some(value) => {
                    let modified = change.previous_revision.max(change.before.0);
                    let old = Version {
                        value: value.clone(),
                        created: change.before.0,
                        modified,
                        version: change.before.1,
                        lease: None,
                    };
                    view.insert(change.place.clone(), old);
                }
                None => drop(view.remove(&change.place)),
            }
        }
        Ok(view.into_iter().collect())
    }

    pub(super) fn check(&self, revision: u64) -> Result<(), Compacted> {
        match revision < self.compacted {
            true => Err(Compacted {
                oldest: self.compacted,
            }),
            false => Ok(()),
        }
    }

    pub(super) fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }

    /// The keys of a range, in order.
    pub fn range<'s>(&'s self, range: &'s Range) -> impl Iterator<Item = (&'s Place, &'s V)> {
        self.range_after(range, None)
    }

    /// The keys of a range that come after another one.
    pub fn range_after<'s>(
        &'s self,
        range: &'s Range,
        after: Option<Place>,
    ) -> impl Iterator<Item = (&'s Place, &'s V)> {
        let start = match after {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(range.start()),
        };
        self.current
            .range((start, Bound::Unbounded))
            .take_while(|(key, _)| range.contains(key))
            .map(|(key, entry)| (key, &entry.value))
    }

    /// What `range` showed at `revision`.
    pub fn range_at(&self, range: &Range, revision: u64) -> Result<Vec<(Place, V)>, Compacted> {
        if revision < self.compacted {
            return Err(Compacted {
                oldest: self.compacted,
            });
        }
        let mut view: BTreeMap<Place, V> = self
            .range(range)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        for change in self
            .history
            .iter_back()
            .take_while(|c| c.revision > revision)
        {
            if range.contains(&change.place) {
                match &change.previous {
                    Some(value) => view.insert(change.place.clone(), value.clone()),
                    None => view.remove(&change.place),
                };
            }
        }
        Ok(view.into_iter().collect())
    }

    /// The revision that the next change will have: objects carry it inside.
    pub fn next_revision(&self) -> u64 {
        self.revision + 1
    }

    /// Writes `key` if `expect` holds; returns the new revision, or `None` if it does not hold.
    pub fn put(
        &mut self,
        key: &Place,
        value: V,
        expect: Expect,
        lease: Option<LeaseId>,
        cause: CauseId,
    ) -> Option<u64> {
        let entry = self.current.get_mut(key);
        if !expect.holds(entry.as_ref().map(|entry| entry.modified)) {
            return None;
        }
        self.revision += 1;
        let revision = self.revision;
        let (before, previous_revision) = match &entry {
            Some(entry) => ((entry.created, entry.version), entry.modified),
            None => ((0, 0), 0),
        };
        let previous = match entry {
            Some(entry) => {
                entry.modified = revision;
                entry.version += 1;
                if entry.lease != lease {
                    if let Some(old) = entry.lease {
                        self.leases.detach(old, key);
                    }
                    entry.lease = lease;
                }
                Some(std::mem::replace(&mut entry.value, value.clone()))
            }
            None => {
                let entry = Version {
                    value: value.clone(),
                    created: revision,
                    modified: revision,
                    version: 1,
                    lease,
                };
                self.current.insert(key.clone(), entry);
                None
            }
        };
        if let Some(lease) = lease {
            self.leases.attach(lease, key.clone());
        }
        self.keep(Change {
            revision,
            place: key.clone(),
            value: Some(value),
            previous,
            before,
            previous_revision,
            cause,
        });
        Some(revision)
    }

    /// Deletes `key` if it exists and `expect` holds; returns the new revision.
    pub fn delete(&mut self, key: &Place, expect: Expect, cause: CauseId) -> Option<u64> {
        let modified = self.current.get(key).map(|entry| entry.modified);
        if !expect.holds(modified) {
            return None;
        }
        let (place, entry) = self.current.remove_entry(key)?;
        if let Some(lease) = entry.lease {
            self.leases.detach(lease, &place);
        }
        self.revision += 1;
        self.keep(Change {
            revision: self.revision,
            place,
            value: None,
            previous: Some(entry.value),
            before: (entry.created, entry.version),
            previous_revision: entry.modified,
            cause,
        });
        Some(self.revision)
    }

    fn keep(&mut self, change: Change<V>) {
        self.history_weight += change.weight();
        self.history.push(change);
    }

    /// The changes after `revision`, oldest first.
    pub fn since(&self, revision: u64) -> Result<impl Iterator<Item = &Change<V>>, Compacted> {
        if revision < self.compacted {
            return Err(Compacted {
                oldest: self.compacted,
            });
        }
        let start = self.history.partition_point(|c| c.revision <= revision);
        Ok(self.history.iter_from(start))
    }

    /// The last change, if it is still kept.
    pub fn last(&self) -> Option<&Change<V>> {
        self.history.last()
    }

    /// Forgets the history up to and including `revision`; current values stay.
    pub fn compact(&mut self, revision: u64) {
        let revision = revision.min(self.revision);
        if revision > self.compacted {
            self.compacted = revision;
            let kept = self.history.partition_point(|c| c.revision <= revision);
            let gone = (kept - self.history.first()) as usize;
            let weights = self.history.iter().take(gone).map(Change::weight);
            self.history_weight -= weights.sum::<usize>();
            self.history.forget(gone);
            self.free.compact(revision);
        }
    }

    /// Forgets the oldest changes, so many of them.
    pub fn compact_oldest(&mut self, count: usize) {
        let last = self.history.iter().take(count).last();
        if let Some(revision) = last.map(|change| change.revision) {
            self.compact(revision);
        }
    }

    /// How many changes the history holds.
    pub fn history_len(&self) -> usize {
        self.history.len()
    }

    /// How much they weigh together.
    pub fn history_weight(&self) -> usize {
        self.history_weight
    }

    /// Grants a lease: keys bound to it are deleted when it ends.
    pub fn grant(&mut self, now: Time, ends: Time) -> LeaseId {
        self.leases.grant(now, ends)
    }

    /// Lets a lease run for its whole span again.
    pub fn keep_alive(&mut self, lease: LeaseId, now: Time) -> bool {
        self.leases.keep_alive(lease, now)
    }

    pub fn lease(&self, id: LeaseId) -> Option<&Lease> {
        self.leases.get(id)
    }

    pub fn leases(&self) -> impl Iterator<Item = (LeaseId, &Lease)> {
        self.leases.all()
    }

    /// Ends a lease; the caller deletes what was bound to it.
    pub fn revoke(&mut self, id: LeaseId) -> Option<Lease> {
        self.leases.revoke(id)
    }

    /// When the next lease ends.
    pub fn next_expiry(&self) -> Option<Time> {
        self.leases.next_expiry()
    }

    /// Takes the leases that have ended by `now`; returns the objects and other keys bound to them,
    /// which the caller deletes.
    pub fn expire(&mut self, now: Time) -> (Vec<Place>, Vec<Rc<str>>) {
        self.leases.expire(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;
    use crate::sim::secs;

    impl Weigh for u32 {
        fn weight(&self) -> usize {
            *self as usize
        }
    }

    fn nth(n: usize) -> Kind {
        Kind::all().nth(n).unwrap()
    }

    fn key(name: &str) -> Place {
        let (kind, name) = name.split_once('/').unwrap_or(("", name));
        Place::new(nth(kind.len()), "", name)
    }

    fn put(store: &mut Store<u32>, name: &str, value: u32) -> u64 {
        let revision = store.put(&key(name), value, Expect::Anything, None, CauseId::NONE);
        revision.expect("nothing was expected")
    }

    fn versions(store: &Store<u32>, name: &str) -> Option<(u64, u64, u64)> {
        let mut all = store.versions();
        let (_, v) = all.find(|(place, _)| **place == key(name))?;
        Some((v.created, v.modified, v.version))
    }

    #[test]
    fn revisions_count_every_change() {
        let mut store = Store::new();
        assert_eq!(put(&mut store, "a", 1), 2);
        assert_eq!(put(&mut store, "a", 2), 3);
        assert_eq!(versions(&store, "a"), Some((2, 3, 2)));
        assert_eq!(
            store.delete(&key("a"), Expect::Anything, CauseId::NONE),
            Some(4)
        );
        assert_eq!(
            store.delete(&key("a"), Expect::Anything, CauseId::NONE),
            None
        );
        assert_eq!(put(&mut store, "a", 3), 5);
        assert_eq!(versions(&store, "a"), Some((5, 5, 1)));
    }

    #[test]
    fn writes_are_optimistic() {
        let mut store = Store::new();
        let first = put(&mut store, "a", 1);
        put(&mut store, "a", 2);
        let stale = store.put(&key("a"), 9, Expect::Revision(first), None, CauseId::NONE);
        assert_eq!(stale, None);
        assert_eq!(
            store.put(&key("a"), 9, Expect::Absent, None, CauseId::NONE),
            None
        );
        assert_eq!(store.get(&key("a")), Some(&2));
        assert_eq!(store.revision(), 3);
    }

    #[test]
    fn the_past_can_be_read_until_it_is_compacted() {
        let mut store = Store::new();
        let r1 = put(&mut store, "p/a", 1);
        let r2 = put(&mut store, "p/b", 2);
        let r3 = store
            .delete(&key("p/a"), Expect::Anything, CauseId::NONE)
            .expect("exists");
        let names = |store: &Store<u32>, r| {
            store
                .range_at(&Range::new(nth(1), None), r)
                .map(|v| v.iter().map(|(_, v)| *v).collect::<Vec<_>>())
        };
        assert_eq!(names(&store, r1), Ok(vec![1]));
        assert_eq!(names(&store, r2), Ok(vec![1, 2]));
        assert_eq!(names(&store, r3), Ok(vec![2]));
        store.compact(r2);
        assert_eq!(names(&store, r1), Err(Compacted { oldest: r2 }));
        assert_eq!(names(&store, r2), Ok(vec![1, 2]));
        assert!(store.since(r1).is_err());
        let after: Vec<u64> = store.since(r2).expect("kept").map(|c| c.revision).collect();
        assert_eq!(after, [r3]);
    }

    #[test]
    fn what_is_kept_is_weighed() {
        let mut store = Store::new();
        put(&mut store, "a", 5);
        let second = put(&mut store, "b", 7);
        put(&mut store, "a", 1);
        store.delete(&key("b"), Expect::Anything, CauseId::NONE);
        assert_eq!(
            store.history_weight(),
            5 + 7 + 1 + 7,
            "a deletion keeps what there was"
        );
        store.compact_oldest(2);
        assert_eq!(store.compacted(), second);
        assert_eq!((store.history_len(), store.history_weight()), (2, 1 + 7));
        store.compact_oldest(9);
        assert_eq!((store.history_len(), store.history_weight()), (0, 0));
    }

    #[test]
    fn ranges_stay_within_their_kind_and_namespace() {
        let mut store = Store::new();
        for (kind, folder, name) in [(0, "b", "1"), (1, "a", "1"), (1, "b-b", "1"), (1, "b", "1")] {
            let place = Place::new(nth(kind), folder, name);
            store.put(&place, 0, Expect::Anything, None, CauseId::NONE);
        }
        let folders = |namespace| {
            let range = Range::new(nth(1), namespace);
            let found: Vec<String> = store.range(&range).map(|(k, _)| k.path()).collect();
            found
        };
        assert_eq!(folders(Some("b")), ["b/1"]);
        // As a real etcd orders them: by the text of the whole key.
        assert_eq!(folders(None), ["a/1", "b-b/1", "b/1"]);
    }

    #[test]
    fn the_versions_of_the_past_are_those_of_then() {
        let mut store = Store::new();
        put(&mut store, "a", 1);
        let second = put(&mut store, "a", 2);
        put(&mut store, "a", 3);
        store.delete(&key("a"), Expect::Anything, CauseId::NONE);
        let then = store.versions_at(second).expect("kept");
        let [(_, v)] = then.as_slice() else {
            panic!("one key");
        };
        let seen = (v.value, v.created, v.modified, v.version);
        assert_eq!(seen, (2, 2, second, 2));
    }

    #[test]
    fn keys_that_hold_no_objects_count_along() {
        let mut store: Store<u32> = Store::new();
        let lease = store.grant(Time::EPOCH, Time::EPOCH + secs(10));
        let revision = store.next_revision();
        store.put_free(revision, "/demo/a", "1", None);
        store.put_free(revision, "/demo/b", "2", Some(lease));
        assert_eq!(put(&mut store, "a", 1), revision + 1);
        store.put_free(revision + 2, "/demo/a", "3", None);
        let (_, keys) = store.expire(Time::EPOCH + secs(10));
        assert_eq!(keys, ["/demo/b".into()]);
        assert!(store.delete_free(revision + 3, "/demo/b"));
        assert!(!store.delete_free(revision + 4, "/demo/b"));
        assert_eq!(store.revision(), revision + 3);
        let past = store.free_at(revision).expect("kept");
        let past: Vec<&str> = past.iter().map(|(_, v)| &*v.value).collect();
        assert_eq!(past, ["1", "2"]);
    }

    #[test]
    fn keys_end_with_their_lease() {
        let mut store = Store::new();
        let end = Time::EPOCH + secs(10);
        let lease = store.grant(Time::EPOCH, end);
        store.put(&key("a"), 1, Expect::Anything, Some(lease), CauseId::NONE);
        assert_eq!(store.next_expiry(), Some(end));
        assert!(store.keep_alive(lease, Time::EPOCH + secs(5)));
        assert!(store.expire(end).0.is_empty());
        assert_eq!(store.expire(end + secs(5)).0, [key("a")]);
        assert_eq!(store.next_expiry(), None);
    }
}
