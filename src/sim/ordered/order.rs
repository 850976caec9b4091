use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::{Bound, RangeBounds};

use super::index::{Index, Place, Walk};

/// Keys in slots, and their order: what a map and a set have in common.
#[derive(Clone)]
pub struct Order<K> {
    pub index: Index,
    pub keys: Vec<Option<K>>,
}

impl<K> Order<K> {
    pub const fn new() -> Self {
        Order {
            index: Index::new(),
            keys: Vec::new(),
        }
    }

    pub fn key(&self, slot: usize) -> Option<&K> {
        self.keys.get(slot)?.as_ref()
    }

    pub fn walk(&self) -> Walk<'_> {
        Walk::all(&self.index)
    }

    /// Empties the slot at `place`, and says which it was.
    pub fn take(&mut self, place: Place) -> Option<(usize, K)> {
        let slot = self.index.remove(place)?;
        Some((slot, self.keys.get_mut(slot)?.take()?))
    }

    /// Fills a slot that belongs at `place`.
    pub fn put(&mut self, place: Place, key: K) -> usize {
        let slot = self.index.insert(place);
        fill(&mut self.keys, slot, key);
        slot
    }
}

impl<K: Ord> Order<K> {
    pub fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        self.index.find(&mut |slot| match self.key(slot) {
            Some(found) => found.borrow().cmp(key),
            None => Ordering::Less,
        })
    }

    pub fn slot<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.index.at(self.find(key).ok()?)
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(usize, K)>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        self.take(place)
    }

    /// The slot of this key, and whether it is new.
    pub fn claim(&mut self, key: K) -> (usize, bool) {
        match self.find(&key) {
            Ok(place) => (self.index.at(place).unwrap_or_default(), false),
            Err(place) => (self.put(place, key), true),
        }
    }

    pub fn range<Q: Ord + ?Sized>(&self, range: &impl RangeBounds<Q>) -> Walk<'_>
    where
        K: Borrow<Q>,
    {
        self.between(range.start_bound(), range.end_bound())
    }

    fn between<Q: Ord + ?Sized>(&self, start: Bound<&Q>, end: Bound<&Q>) -> Walk<'_>
    where
        K: Borrow<Q>,
    {
        let front = match start {
            Bound::Unbounded => Index::start(),
            Bound::Included(key) => self.bound(key, false),
            Bound::Excluded(key) => self.bound(key, true),
        };
        let back = match end {
            Bound::Unbounded => self.index.end(),
            Bound::Included(key) => self.bound(key, true),
            Bound::Excluded(key) => self.bound(key, false),
        };
        Walk::between(&self.index, front, back)
    }

    /// The first place whose key is not less than this one, or is greater if it is to be `behind`.
    fn bound<Q: Ord + ?Sized>(&self, key: &Q, behind: bool) -> Place
    where
        K: Borrow<Q>,
    {
        match self.find(key) {
            Ok(mut place) => {
                if behind {
                    self.index.next(&mut place, self.index.end());
                }
                place
            }
            Err(place) => place,
        }
    }
}

/// Puts into a slot what it is to hold; returns what it held.
pub fn fill<T>(slots: &mut Vec<Option<T>>, slot: usize, content: T) -> Option<T> {
    if slot >= slots.len() {
        if slots.len() == slots.capacity() {
            slots.reserve_exact(room(slot));
        }
        slots.push(Some(content));
        return None;
    }
    slots[slot].replace(content)
}

/// For how many more a list of so many makes room: many hold one thing for ever, and a list that doubles, as it does
/// by itself, leaves a third of the memory of a large cluster's maps empty.
pub const fn room(len: usize) -> usize {
    match len {
        0 => 1,
        1..16 => 3,
        _ => len / 4,
    }
}
