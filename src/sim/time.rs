//! The virtual clock: unsigned nanoseconds since the Unix epoch, never read from the host.

use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

/// An instant of virtual time, in nanoseconds since 1970-01-01T00:00:00Z.
///
/// 64 bits reach to the year 2554; arithmetic saturates instead of wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// The first instant of the default cluster's life: 2026-01-01T00:00:00Z.
    pub const EPOCH: Time = Time(1_767_225_600_000_000_000);
    /// Later than every event.
    pub const MAX: Time = Time(u64::MAX);

    /// Whole seconds since the Unix epoch, rounded down.
    pub fn unix_secs(self) -> i64 {
        (self.0 / 1_000_000_000) as i64
    }

    /// Nanoseconds within the current second.
    pub fn subsec_nanos(self) -> u32 {
        (self.0 % 1_000_000_000) as u32
    }

    /// The span from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This instant without its fraction of a second, as `metav1.Time` stores it.
    pub fn truncate_to_secs(self) -> Time {
        Time(self.0 - self.0 % 1_000_000_000)
    }

    pub fn from_unix(secs: i64, nanos: u32) -> Time {
        Time(
            (secs.max(0) as u64)
                .saturating_mul(1_000_000_000)
                .saturating_add(u64::from(nanos)),
        )
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, span: Duration) -> Time {
        Time(
            self.0
                .saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, span: Duration) -> Time {
        Time(
            self.0
                .saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

/// Shorthand for a span of whole seconds.
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Shorthand for a span of whole milliseconds.
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Time::MAX + secs(1), Time::MAX);
        assert_eq!(Time(5) - secs(1), Time(0));
        assert_eq!(Time(5).since(Time(9)), Duration::ZERO);
        assert_eq!(
            (Time::EPOCH + millis(1500)).truncate_to_secs(),
            Time::EPOCH + secs(1)
        );
    }
}
