//! How requests to a target fared of late: counts per second of virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use super::flow::Outcome;
use crate::sim::Time;

/// So many seconds are kept.
const KEPT_SECS: u64 = 120;

/// Finished requests, by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub requests: u64,
    /// Answers below 400.
    pub ok: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    /// The name was unknown, or nobody answered for it.
    pub names: u64,
    pub refused: u64,
    pub reset: u64,
    pub unreachable: u64,
    pub timeouts: u64,
    /// Of all these, those that a network policy dropped.
    pub denied: u64,
    /// From start to end, summed over the answered ones, in microseconds.
    pub answered_micros: u64,
}

impl Stats {
    pub fn failures(&self) -> u64 {
        self.requests - self.ok
    }

    /// Successes of a thousand requests; `None` without requests.
    pub fn success_per_mille(&self) -> Option<u64> {
        (self.ok * 1000).checked_div(self.requests)
    }

    /// The mean time to an answer, in microseconds; `None` without answers.
    pub fn mean_micros(&self) -> Option<u64> {
        let answered = self.ok + self.client_errors + self.server_errors;
        self.answered_micros.checked_div(answered)
    }

    fn count(&mut self, outcome: Outcome, denied: bool, took: Duration) {
        self.requests += 1;
        self.denied += u64::from(denied);
        let counter = match outcome {
            Outcome::Answered(status) => {
                self.answered_micros += took.as_micros() as u64;
                match status {
                    0..400 => &mut self.ok,
                    400..500 => &mut self.client_errors,
                    _ => &mut self.server_errors,
                }
            }
            Outcome::NameNotFound | Outcome::NameTimeout => &mut self.names,
            Outcome::Refused => &mut self.refused,
            Outcome::Reset => &mut self.reset,
            Outcome::Unreachable => &mut self.unreachable,
            Outcome::Timeout | Outcome::Pending => &mut self.timeouts,
        };
        *counter += 1;
    }

    fn add(&mut self, other: &Stats) {
        self.requests += other.requests;
        self.ok += other.ok;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.names += other.names;
        self.refused += other.refused;
        self.reset += other.reset;
        self.unreachable += other.unreachable;
        self.timeouts += other.timeouts;
        self.denied += other.denied;
        self.answered_micros += other.answered_micros;
    }
}

/// The last two minutes of one target.
#[derive(Clone, Debug, Default)]
pub struct Rolling {
    /// By second, rising; seconds without requests are missing.
    buckets: VecDeque<(u64, Stats)>,
}

fn second(at: Time) -> u64 {
    at.0 / 1_000_000_000
}

impl Rolling {
    pub fn count(&mut self, outcome: Outcome, denied: bool, started: Time, now: Time) {
        let this = second(now);
        if self.buckets.back().is_none_or(|(s, _)| *s != this) {
            self.buckets.push_back((this, Stats::default()));
        }
        while let Some((first, _)) = self.buckets.front()
            && first + KEPT_SECS <= this
        {
            self.buckets.pop_front();
        }
        if let Some((_, stats)) = self.buckets.back_mut() {
            stats.count(outcome, denied, now.since(started));
        }
    }

    /// What ended in the last `seconds`, the current one included.
    pub fn last(&self, seconds: u64, now: Time) -> Stats {
        let mut sum = Stats::default();
        for (s, stats) in self.buckets.iter().rev() {
            if s + seconds <= second(now) {
                break;
            }
            sum.add(stats);
        }
        sum
    }

    /// Each second of the last `seconds`, oldest first, quiet ones too.
    pub fn series(&self, seconds: u64, now: Time) -> Vec<Stats> {
        let now = second(now);
        let first = (now + 1).saturating_sub(seconds);
        let at = |s: u64| {
            let found = self.buckets.iter().find(|(second, _)| *second == s);
            found.map(|(_, stats)| *stats).unwrap_or_default()
        };
        (first..=now).map(at).collect()
    }

    pub fn is_idle(&self, now: Time) -> bool {
        self.buckets
            .back()
            .is_none_or(|(s, _)| s + KEPT_SECS <= second(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{millis, secs};

    #[test]
    fn old_seconds_fall_out() {
        let mut rolling = Rolling::default();
        let t = Time::EPOCH;
        rolling.count(Outcome::Answered(200), false, t, t + millis(3));
        rolling.count(Outcome::Answered(503), false, t, t + millis(900));
        rolling.count(Outcome::Refused, false, t, t + secs(5));
        let all = rolling.last(10, t + secs(5));
        assert_eq!(
            (all.requests, all.ok, all.server_errors, all.refused),
            (3, 1, 1, 1)
        );
        assert_eq!(all.success_per_mille(), Some(333));
        assert_eq!(all.mean_micros(), Some((3_000 + 900_000) / 2));
        assert_eq!(rolling.last(5, t + secs(5)).requests, 1);
        let series = rolling.series(6, t + secs(5));
        let counts: Vec<u64> = series.iter().map(|s| s.requests).collect();
        assert_eq!(counts, [2, 0, 0, 0, 0, 1]);
        rolling.count(Outcome::Timeout, true, t, t + secs(300));
        assert_eq!(rolling.last(u64::MAX / 2, t + secs(300)).requests, 1);
        assert_eq!(Stats::default().success_per_mille(), None);
    }
}
