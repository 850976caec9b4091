//! A cache of one kind, fed by a watch: what a component believes, which may be stale.

use std::rc::Rc;

use crate::api::{Key, Resource, controller_of};
use crate::apiserver::{EventType, WatchEvent};
use crate::sim::ordered::Map as BTreeMap;

/// What a watch event changed in a cache.
#[derive(Clone, Debug)]
pub struct Delta<T> {
    pub old: Option<Rc<T>>,
    pub new: Option<Rc<T>>,
}

/// Objects of one kind by key, indexed by namespace order and by the uid of their controller.
#[derive(Clone)]
pub struct Cache<T> {
    objects: BTreeMap<Key, Rc<T>>,
    /// The objects themselves, not their keys: controllers walk these lists at every sync.
    by_owner: BTreeMap<Rc<str>, BTreeMap<Key, Rc<T>>>,
    /// The revision of the last event: how far behind the cache is.
    revision: u64,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Cache {
            objects: BTreeMap::new(),
            by_owner: BTreeMap::new(),
            revision: 0,
        }
    }
}

impl<T: Resource> Cache<T> {
    /// Takes in a watch event; `None` when it is about another kind.
    pub fn apply(&mut self, event: &WatchEvent) -> Option<Delta<T>> {
        let object = event.object.get::<T>()?;
        self.revision = self.revision.max(event.revision);
        let key = object.key();
        let old = match event.event {
            EventType::Deleted => self.objects.remove(&key),
            EventType::Added | EventType::Modified => {
                self.objects.insert(key.clone(), object.clone())
            }
        };
        let new = (event.event != EventType::Deleted).then(|| object.clone());
        let owner = |o: &Rc<T>| controller_of(o.meta()).map(|r| r.uid.clone());
        let (was, is) = (old.as_ref().and_then(owner), new.as_ref().and_then(owner));
        if was != is
            && let Some(uid) = was
            && let Some(owned) = self.by_owner.get_mut(&*uid)
        {
            owned.remove(&key);
            if owned.is_empty() {
                self.by_owner.remove(&*uid);
            }
        }
        if let (Some(uid), Some(object)) = (is, &new) {
            match self.by_owner.get_mut(&*uid) {
                Some(owned) => {
                    owned.insert(key, object.clone());
                }
                None => {
                    let owned = BTreeMap::from([(key, object.clone())]);
                    self.by_owner.insert(uid.into(), owned);
                }
            }
        }
        // What the event says was deleted is what a handler sees, even if the cache missed it.
        let old = match event.event {
            EventType::Deleted => Some(object.clone()),
            _ => old,
        };
        Some(Delta { old, new })
    }

    pub fn get(&self, key: &Key) -> Option<&Rc<T>> {
        self.objects.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rc<T>> {
        self.objects.values()
    }

    /// The objects of a namespace, by name.
    pub fn in_namespace<'c>(&'c self, namespace: &str) -> impl Iterator<Item = &'c Rc<T>> {
        let start = Key::new(namespace, "");
        let namespace = start.namespace.clone();
        self.objects
            .range(start..)
            .take_while(move |(key, _)| key.namespace == namespace)
            .map(|(_, object)| object)
    }

    /// The objects whose controller has this uid, by key.
    pub fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Rc<T>> {
        self.by_owner
            .get(uid)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    pub fn owned_count(&self, uid: &str) -> usize {
        self.by_owner.get(uid).map_or(0, BTreeMap::len)
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }
}
