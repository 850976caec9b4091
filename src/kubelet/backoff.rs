//! Exponential back-off as the kubelet keeps it (`k8s.io/client-go/util/flowcontrol` Backoff).

use std::time::Duration;

use super::latency::{BACK_OFF_MOST, BACK_OFF_START};
use crate::sim::Time;

/// Failures in a row of one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackOff {
    /// Zero while there was no failure.
    delay: Duration,
    updated: Time,
}

impl BackOff {
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// When the last failure was counted.
    pub fn updated(&self) -> Time {
        self.updated
    }

    /// Until when to wait after something that happened at `since`; `None` when there is nothing
    /// to wait for.
    pub fn until(&self, since: Time) -> Option<Time> {
        if self.delay.is_zero() || self.is_forgotten(since) {
            return None;
        }
        Some(since + self.delay)
    }

    /// Counts one more failure, at `now`.
    pub fn next(&mut self, now: Time) {
        self.delay = if self.delay.is_zero() || self.is_forgotten(now) {
            BACK_OFF_START
        } else {
            (self.delay * 2).min(BACK_OFF_MOST)
        };
        self.updated = now;
    }

    /// Whether twice the longest delay has passed since the last failure.
    fn is_forgotten(&self, now: Time) -> bool {
        now.since(self.updated) > BACK_OFF_MOST * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::secs;

    #[test]
    fn delays_double_up_to_five_minutes_and_are_forgotten_after_ten() {
        let mut back_off = BackOff::default();
        let mut now = Time::EPOCH;
        assert_eq!(back_off.until(now), None);
        let mut delays = Vec::new();
        for _ in 0..7 {
            back_off.next(now);
            delays.push(back_off.delay().as_secs());
            now += secs(1);
        }
        assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
        now += secs(700);
        assert_eq!(back_off.until(now), None);
        back_off.next(now);
        assert_eq!(back_off.delay(), BACK_OFF_START);
    }
}
