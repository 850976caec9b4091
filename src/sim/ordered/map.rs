use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Index as Lookup, RangeBounds};

use super::index::{Index, Place, Walk};
use super::order::{Order, fill, room};

/// A map in the order of its keys.
#[derive(Clone)]
pub struct Map<K, V> {
    order: Order<K>,
    /// By slot. A slot whose key is gone holds none.
    values: Vec<Option<V>>,
}

impl<K, V> Map<K, V> {
    pub const fn new() -> Self {
        Map {
            order: Order::new(),
            values: Vec::new(),
        }
    }

    pub const fn len(&self) -> usize {
        self.order.index.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn clear(&mut self) {
        *self = Map::new();
    }

    pub fn iter(&self) -> Iter<'_, K, V> {
        self.along(self.order.walk())
    }

    fn along<'a>(&'a self, walk: Walk<'a>) -> Iter<'a, K, V> {
        Iter {
            walk,
            keys: &self.order.keys,
            values: &self.values,
        }
    }

    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut {
            walk: Walk::all(&self.order.index),
            keys: &self.order.keys,
            values: self.values.iter_mut().map(Option::as_mut).collect(),
        }
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.order.walk().filter_map(|slot| self.order.key(slot))
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.order.walk().filter_map(|slot| self.value(slot))
    }

    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.into_iter().map(|(key, _)| key)
    }

    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    pub fn pop_first(&mut self) -> Option<(K, V)> {
        self.take(Index::start())
    }

    pub fn pop_last(&mut self) -> Option<(K, V)> {
        let mut back = self.order.index.end();
        self.order.index.next_back(Index::start(), &mut back)?;
        self.take(back)
    }

    /// Drops the entries that `keep` says no to.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let Map { order, values } = self;
        let keys = &mut order.keys;
        order.index.retain(&mut |slot| {
            let (Some(key), Some(value)) = (keys.get_mut(slot), values.get_mut(slot)) else {
                return false;
            };
            let stays = match (&*key, &mut *value) {
                (Some(key), Some(value)) => keep(key, value),
                _ => false,
            };
            if !stays {
                *key = None;
                *value = None;
            }
            stays
        });
    }

    pub(super) fn key_at(&self, slot: usize) -> Option<&K> {
        self.order.key(slot)
    }

    pub(super) fn value_at(&self, slot: usize) -> Option<&V> {
        self.value(slot)
    }

    fn value(&self, slot: usize) -> Option<&V> {
        self.values.get(slot)?.as_ref()
    }

    fn take(&mut self, place: Place) -> Option<(K, V)> {
        let (slot, key) = self.order.take(place)?;
        Some((key, self.values.get_mut(slot)?.take()?))
    }
}

impl<K: Ord, V> Map<K, V> {
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.value(self.order.slot(key)?)
    }

    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let slot = self.order.slot(key)?;
        Some((self.order.key(slot)?, self.value(slot)?))
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let slot = self.order.slot(key)?;
        self.values.get_mut(slot)?.as_mut()
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.order.find(key).is_ok()
    }

    /// Sets the value of a key; returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.put(key, value).1
    }

    /// Sets the value of a key; returns its slot, for a [`Part`](super::Part), and the value it had.
    pub fn put(&mut self, key: K, value: V) -> (usize, Option<V>) {
        let (slot, _) = self.order.claim(key);
        (slot, fill(&mut self.values, slot, value))
    }

    /// The slot of a key, for a [`Part`](super::Part).
    pub fn slot<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.order.slot(key)
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (slot, _) = self.order.remove(key)?;
        self.values.get_mut(slot)?.take()
    }

    pub fn remove_entry<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let (slot, key) = self.order.remove(key)?;
        Some((key, self.values.get_mut(slot)?.take()?))
    }

    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        Entry { map: self, key }
    }

    pub fn range<Q: Ord + ?Sized, R: RangeBounds<Q>>(&self, range: R) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        self.along(self.order.range(&range))
    }

    /// Moves everything of `other` into this one.
    pub fn append(&mut self, other: &mut Self) {
        self.extend(std::mem::take(other));
    }

    /// Takes away all from `key` on.
    pub fn split_off<Q: Ord + ?Sized>(&mut self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let (before, from): (Vec<_>, Vec<_>) = std::mem::take(self)
            .into_iter()
            .partition(|(k, _)| k.borrow() < key);
        self.extend(before);
        from.into_iter().collect()
    }
}

/// The place of a key, whether or not it is there yet.
#[must_use]
pub struct Entry<'a, K, V> {
    map: &'a mut Map<K, V>,
    key: K,
}

impl<'a, K: Ord, V> Entry<'a, K, V> {
    /// The value's slot, empty if the key is new.
    fn slot(self) -> &'a mut Option<V> {
        let (slot, _) = self.map.order.claim(self.key);
        let values = &mut self.map.values;
        if slot == values.len() {
            if slot == values.capacity() {
                values.reserve_exact(room(slot));
            }
            values.push(None);
        }
        &mut values[slot]
    }

    pub fn or_insert(self, value: V) -> &'a mut V {
        self.slot().get_or_insert(value)
    }

    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        self.slot().get_or_insert_with(make)
    }

    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.slot().get_or_insert_with(V::default)
    }

    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Self {
        if let Some(value) = self.map.get_mut(&self.key) {
            change(value);
        }
        self
    }
}

pub struct Iter<'a, K, V> {
    walk: Walk<'a>,
    keys: &'a [Option<K>],
    values: &'a [Option<V>],
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Iter {
            walk: self.walk.clone(),
            ..*self
        }
    }
}

impl<'a, K, V> Iter<'a, K, V> {
    fn entry(&self, slot: usize) -> Option<(&'a K, &'a V)> {
        Some((
            self.keys.get(slot)?.as_ref()?,
            self.values.get(slot)?.as_ref()?,
        ))
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.walk.next()?;
        self.entry(slot)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.walk.next_back()?;
        self.entry(slot)
    }
}

pub struct IterMut<'a, K, V> {
    walk: Walk<'a>,
    keys: &'a [Option<K>],
    /// Each is given away once.
    values: Vec<Option<&'a mut V>>,
}

impl<'a, K, V> IterMut<'a, K, V> {
    fn entry(&mut self, slot: usize) -> Option<(&'a K, &'a mut V)> {
        Some((
            self.keys.get(slot)?.as_ref()?,
            self.values.get_mut(slot)?.take()?,
        ))
    }
}

impl<'a, K, V> Iterator for IterMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.walk.next()?;
        self.entry(slot)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for IterMut<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.walk.next_back()?;
        self.entry(slot)
    }
}

pub struct IntoIter<K, V> {
    map: Map<K, V>,
    front: Place,
    back: Place,
}

impl<K, V> IntoIter<K, V> {
    fn entry(&mut self, slot: usize) -> Option<(K, V)> {
        Some((
            self.map.order.keys.get_mut(slot)?.take()?,
            self.map.values.get_mut(slot)?.take()?,
        ))
    }
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let slot = self.map.order.index.next(&mut self.front, self.back)?;
        self.entry(slot)
    }
}

impl<K, V> DoubleEndedIterator for IntoIter<K, V> {
    fn next_back(&mut self) -> Option<(K, V)> {
        let slot = self.map.order.index.next_back(self.front, &mut self.back)?;
        self.entry(slot)
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter {
            front: Index::start(),
            back: self.order.index.end(),
            map: self,
        }
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut Map<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| {
            self.insert(key, value);
        });
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Map::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Map::new()
    }
}

impl<K: Borrow<Q> + Ord, V, Q: Ord + ?Sized> Lookup<&Q> for Map<K, V> {
    type Output = V;

    #[expect(clippy::expect_used, reason = "what `map[key]` means")]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry found for key")
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for Map<K, V> {}

impl<K: PartialOrd, V: PartialOrd> PartialOrd for Map<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other.iter())
    }
}

impl<K: Ord, V: Ord> Ord for Map<K, V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl<K: Hash, V: Hash> Hash for Map<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        for entry in self {
            entry.hash(state);
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}
