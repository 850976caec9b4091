//! An append-only log whose copies share what they have in common.

use std::collections::VecDeque;
use std::rc::Rc;

/// Records per chunk: what the first append after a copy has to copy again, and what is freed at once.
const CHUNK: usize = 64;

/// A bounded log. Cloning costs one pointer per 64 records, because snapshots are taken often
/// and nearly all of a log never changes again.
#[derive(Clone, Debug)]
pub struct Log<T> {
    /// The position of the first record that is kept.
    first: u64,
    /// All but the last one are full; the first one may have lost its beginning.
    chunks: VecDeque<Rc<Vec<T>>>,
    /// How many records of the first chunk are forgotten.
    skip: usize,
    len: usize,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Log {
            first: 0,
            chunks: VecDeque::new(),
            skip: 0,
            len: 0,
        }
    }
}

impl<T: Clone> Log<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The position of the oldest record kept. Positions count from the first record ever.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Appends a record; returns its position.
    pub fn push(&mut self, record: T) -> u64 {
        match self.chunks.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => Rc::make_mut(chunk).push(record),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(record);
                self.chunks.push_back(Rc::new(chunk));
            }
        }
        self.len += 1;
        self.first + self.len as u64 - 1
    }

    /// The record at a position, unless it is forgotten.
    pub fn get(&self, position: u64) -> Option<&T> {
        let offset = usize::try_from(position.checked_sub(self.first)?).ok()? + self.skip;
        self.chunks.get(offset / CHUNK)?.get(offset % CHUNK)
    }

    pub fn last(&self) -> Option<&T> {
        self.chunks.back()?.last()
    }

    /// Forgets the `count` oldest records.
    pub fn forget(&mut self, count: usize) {
        let count = count.min(self.len);
        self.first += count as u64;
        self.len -= count;
        self.skip += count;
        while self.skip >= CHUNK {
            self.chunks.pop_front();
            self.skip -= CHUNK;
        }
        if self.len == 0 {
            self.chunks.clear();
            self.skip = 0;
        }
    }

    /// The first position whose record does not satisfy `before`, which holds up to some record
    /// and not after it.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> u64 {
        let (mut low, mut high) = (self.first, self.first + self.len as u64);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(&before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The records from a position on, oldest first.
    pub fn iter_from(&self, position: u64) -> impl Iterator<Item = &T> {
        let offset = position.saturating_sub(self.first) as usize + self.skip;
        let (chunk, within) = (offset / CHUNK, offset % CHUNK);
        let head = self
            .chunks
            .get(chunk)
            .map(|c| c.get(within..).unwrap_or_default());
        let tail = self.chunks.iter().skip(chunk + 1).flat_map(|c| c.iter());
        head.unwrap_or_default().iter().chain(tail)
    }

    /// All records that are kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.iter_from(self.first)
    }

    /// All records that are kept, newest first.
    pub fn iter_back(&self) -> impl Iterator<Item = &T> {
        (self.first..self.first + self.len as u64)
            .rev()
            .filter_map(|p| self.get(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_stay_when_the_oldest_are_forgotten() {
        let mut log = Log::default();
        for i in 0..2000u64 {
            assert_eq!(log.push(i), i);
        }
        log.forget(1234);
        assert_eq!((log.first(), log.len()), (1234, 766));
        assert_eq!(log.get(1233), None);
        assert_eq!(log.get(1234), Some(&1234));
        assert_eq!(log.get(1999), Some(&1999));
        assert_eq!(log.get(2000), None);
        assert_eq!(
            log.iter().copied().collect::<Vec<_>>(),
            (1234..2000).collect::<Vec<_>>()
        );
        assert_eq!(
            log.iter_from(1990).copied().collect::<Vec<_>>(),
            (1990..2000).collect::<Vec<_>>()
        );
        assert_eq!(log.iter_back().next(), Some(&1999));
        assert_eq!(log.partition_point(|v| *v < 1500), 1500);
        assert_eq!(log.partition_point(|_| true), 2000);
        log.forget(10_000);
        assert!(log.is_empty());
        assert_eq!(log.push(7), 2000);
        assert_eq!(log.iter().copied().collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn copies_go_their_own_way() {
        let mut a = Log::default();
        (0..600).for_each(|i| {
            a.push(i);
        });
        let mut b = a.clone();
        a.push(1);
        b.push(2);
        assert_eq!((a.last(), b.last()), (Some(&1), Some(&2)));
        assert_eq!(a.len(), b.len());
    }
}
