use std::cmp::Ordering;

/// Numbers that one chunk holds at most: moving half of them costs less than following a pointer or two.
pub const CHUNK: usize = 128;

/// Numbers of slots, in the order of what lies in them. The order itself is the caller's.
#[derive(Clone, Debug)]
pub struct Index {
    /// None of them is empty.
    chunks: Vec<Vec<usize>>,
    len: usize,
    /// Slots that were used and are not any more.
    free: Vec<usize>,
}

/// A position in an [`Index`]: of a slot, or behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    chunk: usize,
    offset: usize,
}

impl Index {
    pub const fn new() -> Self {
        Index {
            chunks: Vec::new(),
            len: 0,
            free: Vec::new(),
        }
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether a search has to look into more than one chunk.
    pub const fn is_large(&self) -> bool {
        self.chunks.len() > 1
    }

    pub const fn start() -> Place {
        Place {
            chunk: 0,
            offset: 0,
        }
    }

    pub const fn end(&self) -> Place {
        Place {
            chunk: self.chunks.len(),
            offset: 0,
        }
    }

    /// The place of the slot that `compare` calls equal, else where it would stand.
    pub fn find(&self, compare: &mut dyn FnMut(usize) -> Ordering) -> Result<Place, Place> {
        let chunks = &self.chunks;
        let (chunk, in_sight) = match chunks.len() {
            0 | 1 => (0, None),
            count => search(count, &mut |chunk| match chunks[chunk].last() {
                Some(slot) => compare(*slot),
                None => Ordering::Less,
            }),
        };
        let Some(slots) = chunks.get(chunk) else {
            return Err(self.end());
        };
        if in_sight.is_some() {
            let offset = slots.len() - 1;
            return Ok(Place { chunk, offset });
        }
        match search(slots.len(), &mut |offset| compare(slots[offset])) {
            (offset, Some(Found)) => Ok(Place { chunk, offset }),
            (offset, None) if offset == slots.len() => Err(self.end()),
            (offset, None) => Err(Place { chunk, offset }),
        }
    }

    pub fn at(&self, place: Place) -> Option<usize> {
        self.chunks.get(place.chunk)?.get(place.offset).copied()
    }

    /// The slot at `front`, which moves on, unless that is at `back`.
    pub fn next(&self, front: &mut Place, back: Place) -> Option<usize> {
        if *front >= back {
            return None;
        }
        let chunk = self.chunks.get(front.chunk)?;
        let slot = chunk.get(front.offset).copied();
        front.offset += 1;
        if front.offset >= chunk.len() {
            *front = Place {
                chunk: front.chunk + 1,
                offset: 0,
            };
        }
        slot
    }

    /// The slot before `back`, which moves there, unless that is at `front`.
    pub fn next_back(&self, front: Place, back: &mut Place) -> Option<usize> {
        if front >= *back {
            return None;
        }
        match back.offset.checked_sub(1) {
            Some(offset) => back.offset = offset,
            None => {
                back.chunk = back.chunk.checked_sub(1)?;
                back.offset = self.chunks.get(back.chunk)?.len().checked_sub(1)?;
            }
        }
        self.at(*back)
    }

    /// Takes a slot for what belongs at `place`, which [`Index::find`] has told: a free one, else the one
    /// behind all others.
    pub fn insert(&mut self, mut place: Place) -> usize {
        let slot = self.free.pop().unwrap_or(self.len);
        self.len += 1;
        let chunks = self.chunks.len();
        if place.chunk >= chunks {
            // Behind the last: whatever grows at its end fills its chunks.
            match self.chunks.last_mut() {
                Some(last) if last.len() < CHUNK => last.push(slot),
                _ => self.chunks.push(vec![slot]),
            }
            return slot;
        }
        if self.chunks[place.chunk].len() >= CHUNK {
            let tail = self.chunks[place.chunk].split_off(CHUNK / 2);
            self.chunks.insert(place.chunk + 1, tail);
            if place.offset > CHUNK / 2 {
                place.chunk += 1;
                place.offset -= CHUNK / 2;
            }
        }
        self.chunks[place.chunk].insert(place.offset, slot);
        slot
    }

    /// Frees the slot at `place`.
    pub fn remove(&mut self, place: Place) -> Option<usize> {
        self.at(place)?;
        let slot = self.chunks[place.chunk].remove(place.offset);
        self.free.push(slot);
        self.len -= 1;
        let left = self.chunks[place.chunk].len();
        if left == 0 {
            self.chunks.remove(place.chunk);
        } else if self
            .chunks
            .get(place.chunk + 1)
            .is_some_and(|next| left + next.len() <= CHUNK / 2)
        {
            let next = self.chunks.remove(place.chunk + 1);
            self.chunks[place.chunk].extend(next);
        }
        Some(slot)
    }

    /// Frees the slots that `keep` says no to, which it is asked in order.
    pub fn retain(&mut self, keep: &mut dyn FnMut(usize) -> bool) {
        let Index { chunks, len, free } = self;
        chunks.retain_mut(|chunk| {
            chunk.retain(|slot| {
                let stays = keep(*slot);
                if !stays {
                    free.push(*slot);
                    *len -= 1;
                }
                stays
            });
            !chunk.is_empty()
        });
    }
}

/// The search met what it was for.
struct Found;

/// Steps that a search takes at most before it looks closer.
const STRIDES: usize = 8;

/// The first of `len` ordered things that is not less than what is sought.
///
/// It walks in strides and then in shorter ones. That compares more often than halving does, but in a
/// direction that the processor can guess: for keys that are texts it takes half the time.
fn search(len: usize, compare: &mut dyn FnMut(usize) -> Ordering) -> (usize, Option<Found>) {
    let (mut start, mut end) = (0, len);
    while start < end {
        let stride = (end - start).div_ceil(STRIDES);
        let mut at = start + stride - 1;
        while at < end {
            match compare(at) {
                Ordering::Less => {
                    start = at + 1;
                    at += stride;
                }
                Ordering::Equal => return (at, Some(Found)),
                Ordering::Greater => end = at,
            }
        }
    }
    (end, None)
}

/// Walks over an [`Index`], from both ends.
#[derive(Clone)]
pub struct Walk<'a> {
    index: &'a Index,
    front: Place,
    back: Place,
    /// At least so many are left.
    left: usize,
}

impl<'a> Walk<'a> {
    pub fn all(index: &'a Index) -> Self {
        Walk {
            index,
            front: Index::start(),
            back: index.end(),
            left: index.len(),
        }
    }

    pub fn between(index: &'a Index, front: Place, back: Place) -> Self {
        Walk {
            index,
            front,
            back,
            left: 0,
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.saturating_sub(1);
        self.index.next(&mut self.front, self.back)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, None)
    }
}

impl DoubleEndedIterator for Walk<'_> {
    fn next_back(&mut self) -> Option<usize> {
        self.left = self.left.saturating_sub(1);
        self.index.next_back(self.front, &mut self.back)
    }
}
