//! QueueSort: higher priority first, then who has waited longer.

use std::cmp::Reverse;

use crate::sim::Time;

/// The order of the active queue; the number keeps it total.
pub type SortKey = (Reverse<i32>, Time, u64);

pub fn key(priority: i32, queued: Time, number: u64) -> SortKey {
    (Reverse(priority), queued, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_goes_before_age() {
        let mut keys = [key(0, Time(1), 1), key(5, Time(9), 2), key(0, Time(0), 3)];
        keys.sort();
        assert_eq!(keys.map(|k| k.2), [2, 3, 1]);
    }
}
