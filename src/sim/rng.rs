//! Named random streams. Each component draws from a stream of its own name, so that adding a
//! draw in one place does not change what another place sees.

use std::rc::Rc;

use super::hash_bytes;
use crate::sim::ordered::Map as BTreeMap;

/// A small, fast generator (SplitMix64): one word of state, the same on every target.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Rng(seed)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True in `per_mille` of a thousand draws.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// One of `items`, or `None` when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Reorders `items` (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

/// A keyed hash of some bytes, drawn out to as many words as asked for.
///
/// It keeps honest clients apart, and nobody else: whoever reads this can forge it.
pub fn seal(key: [u64; 2], bytes: &[u8], words: usize) -> Vec<u8> {
    // FNV-1a in two lanes that begin with the key.
    let mut lanes = key;
    for byte in bytes {
        for (i, lane) in lanes.iter_mut().enumerate() {
            *lane ^= u64::from(*byte) + i as u64;
            *lane = lane
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(7 * i as u32);
        }
    }
    let [first, second] = lanes;
    let mut rng = Rng::new(first ^ second.rotate_left(32) ^ key[0].rotate_left(17));
    let mut out = Vec::with_capacity(words * 8);
    for i in 0..words {
        let word = rng.next_u64() ^ lanes.get(i % 2).copied().unwrap_or_default();
        out.extend(word.to_be_bytes());
    }
    out
}

/// The streams of one simulation, made when first named.
#[derive(Clone, Debug)]
pub struct Streams {
    seed: u64,
    /// Where each stands, so that it is looked up once.
    places: BTreeMap<Rc<str>, usize>,
    streams: Vec<Rng>,
}

impl Streams {
    pub fn new(seed: u64) -> Self {
        Streams {
            seed,
            places: BTreeMap::new(),
            streams: Vec::new(),
        }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream called `name`; its start depends on the seed and the name alone.
    #[expect(
        clippy::indexing_slicing,
        reason = "a place is that of a stream, and none is taken away"
    )]
    pub fn get(&mut self, name: &str) -> &mut Rng {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                let start = hash_bytes(self.seed ^ 0x6b75_6261_7269_756d, name.as_bytes());
                self.streams.push(Rng::new(start));
                let place = self.streams.len() - 1;
                self.places.insert(name.into(), place);
                place
            }
        };
        &mut self.streams[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_do_not_disturb_each_other() {
        let mut a = Streams::new(7);
        let mut b = Streams::new(7);
        a.get("noise").next_u64();
        assert_eq!(a.get("x").next_u64(), b.get("x").next_u64());
        assert_ne!(a.get("x").next_u64(), a.get("y").next_u64());
    }

    #[test]
    fn bounds_hold() {
        let mut rng = Rng::new(1);
        for _ in 0..1000 {
            assert!(rng.below(3) < 3);
            assert!((5..=6).contains(&rng.between(5, 6)));
        }
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.pick::<u8>(&[]), None);
    }
}
