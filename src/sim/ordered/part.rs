use super::index::{Index, Place};
use super::map::Map;

/// Some entries of a map, in its order, by the numbers of their slots: an entry keeps its slot, whatever becomes of its
/// value, until it is removed.
#[derive(Clone)]
pub struct Part {
    index: Index,
    /// By slot of the index: the slot in the map.
    slots: Vec<u32>,
}

impl Default for Part {
    fn default() -> Self {
        Part {
            index: Index::new(),
            slots: Vec::new(),
        }
    }
}

impl Part {
    pub const fn len(&self) -> usize {
        self.index.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in an entry that is in the map.
    pub fn insert<K: Ord, V>(&mut self, map: &Map<K, V>, slot: usize) {
        if let Err(place) = self.find(map, slot) {
            let at = self.index.insert(place);
            match self.slots.get_mut(at) {
                Some(room) => *room = slot as u32,
                None => self.slots.push(slot as u32),
            }
        }
    }

    /// Lets go of an entry that is still in the map.
    pub fn remove<K: Ord, V>(&mut self, map: &Map<K, V>, slot: usize) {
        if let Ok(place) = self.find(map, slot) {
            self.index.remove(place);
        }
    }

    fn find<K: Ord, V>(&self, map: &Map<K, V>, slot: usize) -> Result<Place, Place> {
        let key = map.key_at(slot);
        self.index.find(&mut |at| {
            self.slots
                .get(at)
                .and_then(|s| map.key_at(*s as usize))
                .cmp(&key)
        })
    }

    /// The values of its entries.
    pub fn values<'a, K, V>(&'a self, map: &'a Map<K, V>) -> impl Iterator<Item = &'a V> {
        self.index
            .walk()
            .filter_map(|at| map.value_at(*self.slots.get(at)? as usize))
    }
}
