//! The trace hash: one number that two runs share only if they had the same history.

use super::{Ticket, Time};

/// FNV-1a over `bytes`, finished with a mixing step; the same on every target.
pub fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

/// Folds every event and write into one hash as they happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    hash: u64,
    length: u64,
}

impl Trace {
    pub fn event(&mut self, ticket: Ticket, label: &str) {
        self.fold(ticket.at.0, u64::from(ticket.class.0), label.as_bytes());
    }

    pub fn write(&mut self, at: Time, revision: u64, key: &str) {
        self.fold(at.0, revision, key.as_bytes());
    }

    fn fold(&mut self, a: u64, b: u64, bytes: &[u8]) {
        let mixed = self.hash.rotate_left(5) ^ a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b;
        self.hash = hash_bytes(mixed, bytes);
        self.length += 1;
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many things happened.
    pub fn length(&self) -> u64 {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_matters() {
        let (mut a, mut b) = (Trace::default(), Trace::default());
        a.write(Time(1), 1, "x");
        a.write(Time(1), 2, "y");
        b.write(Time(1), 2, "y");
        b.write(Time(1), 1, "x");
        assert_ne!(a.hash(), b.hash());
        assert_eq!(a.length(), 2);
    }
}
