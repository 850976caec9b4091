use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::RangeBounds;

use super::index::{Index, Place, Walk};
use super::order::Order;

/// A set in its elements' order.
#[derive(Clone)]
pub struct Set<K> {
    order: Order<K>,
}

impl<K> Set<K> {
    pub const fn new() -> Self {
        Set {
            order: Order::new(),
        }
    }

    pub const fn len(&self) -> usize {
        self.order.index.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn clear(&mut self) {
        *self = Set::new();
    }

    pub fn iter(&self) -> Iter<'_, K> {
        Iter {
            walk: self.order.walk(),
            keys: &self.order.keys,
        }
    }

    pub fn first(&self) -> Option<&K> {
        self.iter().next()
    }

    pub fn last(&self) -> Option<&K> {
        self.iter().next_back()
    }

    pub fn pop_first(&mut self) -> Option<K> {
        self.order.take(Index::start()).map(|(_, key)| key)
    }

    pub fn pop_last(&mut self) -> Option<K> {
        let mut back = self.order.index.end();
        self.order.index.next_back(Index::start(), &mut back)?;
        self.order.take(back).map(|(_, key)| key)
    }

    /// Drops the elements that `keep` says no to.
    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        let Order { index, keys, .. } = &mut self.order;
        index.retain(&mut |slot| {
            let Some(key) = keys.get_mut(slot) else {
                return false;
            };
            let stays = key.as_ref().is_some_and(&mut keep);
            if !stays {
                *key = None;
            }
            stays
        });
    }
}

impl<K: Ord> Set<K> {
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.order.find(key).is_ok()
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&K>
    where
        K: Borrow<Q>,
    {
        self.order.key(self.order.slot(key)?)
    }

    /// Whether it was not there before.
    pub fn insert(&mut self, key: K) -> bool {
        self.order.claim(key).1
    }

    /// Whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.take(key).is_some()
    }

    pub fn take<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<K>
    where
        K: Borrow<Q>,
    {
        self.order.remove(key).map(|(_, key)| key)
    }

    pub fn range<Q: Ord + ?Sized, R: RangeBounds<Q>>(&self, range: R) -> Iter<'_, K>
    where
        K: Borrow<Q>,
    {
        Iter {
            walk: self.order.range(&range),
            keys: &self.order.keys,
        }
    }

    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|key| other.contains(key))
    }

    pub fn is_superset(&self, other: &Self) -> bool {
        other.is_subset(self)
    }

    pub fn is_disjoint(&self, other: &Self) -> bool {
        !self.iter().any(|key| other.contains(key))
    }

    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a K> {
        self.iter().filter(|key| !other.contains(*key))
    }

    pub fn intersection<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a K> {
        self.iter().filter(|key| other.contains(*key))
    }

    /// Moves everything of `other` into this one.
    pub fn append(&mut self, other: &mut Self) {
        self.extend(std::mem::take(other));
    }
}

pub struct Iter<'a, K> {
    walk: Walk<'a>,
    keys: &'a [Option<K>],
}

impl<K> Clone for Iter<'_, K> {
    fn clone(&self) -> Self {
        Iter {
            walk: self.walk.clone(),
            keys: self.keys,
        }
    }
}

impl<'a, K> Iterator for Iter<'a, K> {
    type Item = &'a K;

    fn next(&mut self) -> Option<&'a K> {
        let slot = self.walk.next()?;
        self.keys.get(slot)?.as_ref()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }
}

impl<K> DoubleEndedIterator for Iter<'_, K> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.walk.next_back()?;
        self.keys.get(slot)?.as_ref()
    }
}

pub struct IntoIter<K> {
    order: Order<K>,
    front: Place,
    back: Place,
}

impl<K> Iterator for IntoIter<K> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        let slot = self.order.index.next(&mut self.front, self.back)?;
        self.order.keys.get_mut(slot)?.take()
    }
}

impl<K> DoubleEndedIterator for IntoIter<K> {
    fn next_back(&mut self) -> Option<K> {
        let slot = self.order.index.next_back(self.front, &mut self.back)?;
        self.order.keys.get_mut(slot)?.take()
    }
}

impl<K> IntoIterator for Set<K> {
    type Item = K;
    type IntoIter = IntoIter<K>;

    fn into_iter(self) -> IntoIter<K> {
        IntoIter {
            front: Index::start(),
            back: self.order.index.end(),
            order: self.order,
        }
    }
}

impl<'a, K> IntoIterator for &'a Set<K> {
    type Item = &'a K;
    type IntoIter = Iter<'a, K>;

    fn into_iter(self) -> Iter<'a, K> {
        self.iter()
    }
}

impl<K: Ord> Extend<K> for Set<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        keys.into_iter().for_each(|key| {
            self.insert(key);
        });
    }
}

impl<'a, K: Ord + Copy + 'a> Extend<&'a K> for Set<K> {
    fn extend<I: IntoIterator<Item = &'a K>>(&mut self, keys: I) {
        self.extend(keys.into_iter().copied());
    }
}

impl<K: Ord> FromIterator<K> for Set<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Set::new();
        set.extend(keys);
        set
    }
}

impl<K: Ord, const N: usize> From<[K; N]> for Set<K> {
    fn from(keys: [K; N]) -> Self {
        keys.into_iter().collect()
    }
}

impl<K> Default for Set<K> {
    fn default() -> Self {
        Set::new()
    }
}

impl<K: PartialEq> PartialEq for Set<K> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<K: Eq> Eq for Set<K> {}

impl<K: PartialOrd> PartialOrd for Set<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other.iter())
    }
}

impl<K: Ord> Ord for Set<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl<K: Hash> Hash for Set<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        for key in self {
            key.hash(state);
        }
    }
}

impl<K: fmt::Debug> fmt::Debug for Set<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}
