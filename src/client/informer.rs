//! A cache of one kind, fed by a watch: what a component believes, which may be stale.

use std::rc::Rc;

use crate::api::{Key, Resource, controller_of};
use crate::apiserver::{EventType, WatchEvent};
use crate::sim::ordered::{Map as BTreeMap, Part};

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
    /// Not their keys: another version of an object changes nothing here, and controllers walk these lists.
    by_owner: BTreeMap<Rc<str>, Part>,
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
        let is_gone = event.event == EventType::Deleted;
        let (slot, old) = match is_gone {
            true => {
                let slot = self.objects.slot(&key);
                (slot, self.objects.get(&key).cloned())
            }
            false => {
                let (slot, old) = self.objects.put(key.clone(), object.clone());
                (Some(slot), old)
            }
        };
        let new = (!is_gone).then(|| object.clone());
        let owner = |o: &Rc<T>| controller_of(o.meta()).map(|r| r.uid.clone());
        let (was, is) = (old.as_ref().and_then(owner), new.as_ref().and_then(owner));
        if was != is
            && let Some(slot) = slot
        {
            self.owner_changed(slot, was, is);
        }
        if is_gone {
            self.objects.remove(&key);
        }
        // What the event says was deleted is what a handler sees, even if the cache missed it.
        let old = match event.event {
            EventType::Deleted => Some(object.clone()),
            _ => old,
        };
        Some(Delta { old, new })
    }

    fn owner_changed(&mut self, slot: usize, was: Option<String>, is: Option<String>) {
        let Cache {
            objects, by_owner, ..
        } = self;
        if let Some(uid) = was
            && let Some(owned) = by_owner.get_mut(&*uid)
        {
            owned.remove(objects, slot);
            if owned.is_empty() {
                by_owner.remove(&*uid);
            }
        }
        if let Some(uid) = is {
            match by_owner.get_mut(&*uid) {
                Some(owned) => owned.insert(objects, slot),
                None => by_owner
                    .entry(uid.into())
                    .or_default()
                    .insert(objects, slot),
            }
        }
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
        let owned = self.by_owner.get(uid).into_iter();
        owned.flat_map(|owned| owned.values(&self.objects))
    }

    pub fn owned_count(&self, uid: &str) -> usize {
        self.by_owner.get(uid).map_or(0, Part::len)
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
