use std::cell::Cell;
use std::cmp::Ordering;

/// Numbers that one chunk holds at most: moving half of them costs less than following a pointer or two.
pub const CHUNK: usize = 128;

/// Numbers of slots, in the order of what lies in them. The order itself is the caller's.
#[derive(Clone, Debug)]
pub struct Index {
    /// None of them is empty.
    chunks: Vec<Vec<u32>>,
    /// What most do without: a word where there is none.
    more: Option<Box<More>>,
    len: u32,
}

#[derive(Clone, Debug, Default)]
struct More {
    /// Slots that were used and are not any more.
    free: Vec<u32>,
    /// The last slot of each chunk, if there are several: a search does not have to follow a pointer to each.
    lasts: Vec<u32>,
    /// Where the last search ended: the next is often for the same key, to write what was read, or to put in what was
    /// not there.
    near: Cell<Place>,
}

/// A position in an [`Index`]: of a slot, or behind the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    chunk: u32,
    offset: u32,
}

impl Place {
    const fn new(chunk: usize, offset: usize) -> Place {
        Place {
            chunk: chunk as u32,
            offset: offset as u32,
        }
    }
}

impl Index {
    pub const fn new() -> Self {
        Index {
            chunks: Vec::new(),
            more: None,
            len: 0,
        }
    }

    pub const fn len(&self) -> usize {
        self.len as usize
    }

    pub const fn start() -> Place {
        Place::new(0, 0)
    }

    pub const fn end(&self) -> Place {
        Place::new(self.chunks.len(), 0)
    }

    pub fn walk(&self) -> Walk<'_> {
        Walk::all(self)
    }

    /// The place of the slot that `compare` calls equal, else where it would stand.
    pub fn find(&self, compare: &mut dyn FnMut(usize) -> Ordering) -> Result<Place, Place> {
        let more = match &self.more {
            Some(more) if self.chunks.len() > 1 => more,
            _ => return self.find_within(0, compare),
        };
        if let Some(found) = self.find_near(more.near.get(), compare) {
            return found;
        }
        let lasts = &more.lasts;
        let found = match search(lasts.len(), &mut |chunk| compare(lasts[chunk] as usize)) {
            (chunk, Some(Found)) => Ok(Place::new(chunk, self.chunks[chunk].len() - 1)),
            (chunk, None) => self.find_within(chunk, compare),
        };
        more.near.set(found.unwrap_or_else(|place| place));
        found
    }

    /// The same, if it is at this place or would stand there. Whatever has happened since that place was found: what lies
    /// there now is asked.
    fn find_near(
        &self,
        place: Place,
        compare: &mut dyn FnMut(usize) -> Ordering,
    ) -> Option<Result<Place, Place>> {
        match self.at(place).map(&mut *compare) {
            Some(Ordering::Equal) => return Some(Ok(place)),
            Some(Ordering::Less) => return None,
            Some(Ordering::Greater) => {}
            None if place == self.end() => {}
            None => return None,
        }
        let mut before = place;
        match self.next_back(Index::start(), &mut before).map(compare) {
            Some(Ordering::Equal) => Some(Ok(before)),
            Some(Ordering::Greater) => None,
            Some(Ordering::Less) | None => Some(Err(place)),
        }
    }

    fn find_within(
        &self,
        chunk: usize,
        compare: &mut dyn FnMut(usize) -> Ordering,
    ) -> Result<Place, Place> {
        let Some(slots) = self.chunks.get(chunk) else {
            return Err(self.end());
        };
        match search(slots.len(), &mut |offset| compare(slots[offset] as usize)) {
            (offset, Some(Found)) => Ok(Place::new(chunk, offset)),
            (offset, None) if offset == slots.len() => Err(self.end()),
            (offset, None) => Err(Place::new(chunk, offset)),
        }
    }

    pub fn at(&self, place: Place) -> Option<usize> {
        let chunk = self.chunks.get(place.chunk as usize)?;
        chunk.get(place.offset as usize).map(|slot| *slot as usize)
    }

    /// The slot at `front`, which moves on, unless that is at `back`.
    pub fn next(&self, front: &mut Place, back: Place) -> Option<usize> {
        if *front >= back {
            return None;
        }
        let chunk = self.chunks.get(front.chunk as usize)?;
        let slot = chunk.get(front.offset as usize).map(|slot| *slot as usize);
        front.offset += 1;
        if front.offset as usize >= chunk.len() {
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
                let chunk = self.chunks.get(back.chunk as usize)?;
                back.offset = chunk.len().checked_sub(1)? as u32;
            }
        }
        self.at(*back)
    }

    /// Takes a slot for what belongs at `place`, which [`Index::find`] has told: a free one, else the one
    /// behind all others.
    pub fn insert(&mut self, place: Place) -> usize {
        let free = self.more.as_mut().and_then(|more| more.free.pop());
        let slot = free.unwrap_or(self.len);
        self.len += 1;
        let (mut chunk, mut offset) = (place.chunk as usize, place.offset as usize);
        if chunk >= self.chunks.len() {
            // Behind the last: whatever grows at its end fills its chunks.
            match self.chunks.last_mut() {
                Some(last) if last.len() < CHUNK => last.push(slot),
                last => {
                    if last.is_none() {
                        // Most never have a second.
                        self.chunks.reserve_exact(1);
                    }
                    self.chunks.push(vec![slot]);
                }
            }
            chunk = self.chunks.len() - 1;
            offset = self.chunks[chunk].len() - 1;
        } else {
            if self.chunks[chunk].len() >= CHUNK {
                let tail = self.chunks[chunk].split_off(CHUNK / 2);
                self.chunks.insert(chunk + 1, tail);
                self.note_last(chunk);
                if offset > CHUNK / 2 {
                    chunk += 1;
                    offset -= CHUNK / 2;
                }
            }
            self.chunks[chunk].insert(offset, slot);
        }
        self.note_last(chunk);
        if let Some(more) = &self.more {
            more.near.set(Place::new(chunk, offset));
        }
        slot as usize
    }

    /// Frees the slot at `place`.
    pub fn remove(&mut self, place: Place) -> Option<usize> {
        self.at(place)?;
        let chunk = place.chunk as usize;
        let slot = self.chunks[chunk].remove(place.offset as usize);
        self.more.get_or_insert_default().free.push(slot);
        self.len -= 1;
        let left = self.chunks[chunk].len();
        if left == 0 {
            self.chunks.remove(chunk);
        } else if self
            .chunks
            .get(chunk + 1)
            .is_some_and(|next| left + next.len() <= CHUNK / 2)
        {
            let next = self.chunks.remove(chunk + 1);
            self.chunks[chunk].extend(next);
        }
        self.note_last(chunk);
        Some(slot as usize)
    }

    /// A chunk has another last slot, or there are others than there were.
    fn note_last(&mut self, chunk: usize) {
        let count = self.chunks.len();
        let slots = self.chunks.get(chunk).and_then(|chunk| chunk.last());
        match (&mut self.more, slots) {
            (Some(more), Some(slot)) if count > 1 && more.lasts.len() == count => {
                more.lasts[chunk] = *slot;
            }
            _ => self.note_lasts(),
        }
    }

    fn note_lasts(&mut self) {
        let count = self.chunks.len();
        if count > 1
            || self
                .more
                .as_ref()
                .is_some_and(|more| !more.lasts.is_empty())
        {
            let lasts = &mut self.more.get_or_insert_default().lasts;
            lasts.clear();
            if count > 1 {
                lasts.extend(self.chunks.iter().filter_map(|chunk| chunk.last()));
            }
        }
    }

    /// Frees the slots that `keep` says no to, which it is asked in order.
    pub fn retain(&mut self, keep: &mut dyn FnMut(usize) -> bool) {
        let Index { chunks, more, len } = self;
        chunks.retain_mut(|chunk| {
            chunk.retain(|slot| {
                let stays = keep(*slot as usize);
                if !stays {
                    more.get_or_insert_default().free.push(*slot);
                    *len -= 1;
                }
                stays
            });
            !chunk.is_empty()
        });
        self.note_lasts();
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
