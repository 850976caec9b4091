//! Instants in UTC: what `k8s-openapi` uses of the crate `jiff`, under its names.
//!
//! The types of the Kubernetes API hold a `jiff::Timestamp`. With the real crate come time zones,
//! calendars, formats and some hundred errors, none of which an API object can reach, but which are
//! linked all the same: a time is parsed and printed through them. That was 100 KB of the page's wasm.
//! `[patch.crates-io]` in the workspace's `Cargo.toml` puts this in its place.

mod civil;
pub mod fmt;

use std::fmt::{Debug, Display, Formatter, Result as Written};

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

/// Years -9999 to 9999, as the real one.
const FIRST: i64 = -377_705_116_800;
const LAST: i64 = 253_402_300_799;

/// Nanoseconds in a second.
const SECOND: i32 = 1_000_000_000;

/// An instant, to the nanosecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    second: i64,
    /// Never negative: it counts from the second before.
    nanosecond: i32,
}

/// Why an instant is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(&'static str);

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str(self.0)
    }
}

impl std::error::Error for Error {}

impl Timestamp {
    pub const UNIX_EPOCH: Timestamp = Timestamp {
        second: 0,
        nanosecond: 0,
    };

    /// Seconds since the epoch, and nanoseconds after (or, if negative, before) that.
    pub fn new(second: i64, nanosecond: i32) -> Result<Self, Error> {
        let whole = i64::from(nanosecond.div_euclid(SECOND));
        let second = second.saturating_add(whole);
        if !(FIRST..=LAST).contains(&second) {
            return Err(Error("the instant is not within the years -9999 to 9999"));
        }
        Ok(Timestamp {
            second,
            nanosecond: nanosecond.rem_euclid(SECOND),
        })
    }

    /// Whole seconds since the epoch, towards it.
    pub fn as_second(self) -> i64 {
        if self.second < 0 && self.nanosecond > 0 {
            self.second + 1
        } else {
            self.second
        }
    }

    /// What [`Timestamp::as_second`] leaves, with the same sign.
    pub fn subsec_nanosecond(self) -> i32 {
        if self.second < 0 && self.nanosecond > 0 {
            self.nanosecond - SECOND
        } else {
            self.nanosecond
        }
    }
}

impl Debug for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        Display::fmt(self, f)
    }
}

/// RFC 3339, with as many digits of the second as are needed.
impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let text = civil::write(*self, 9);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole}Z"),
            fraction => write!(f, "{whole}.{fraction}Z"),
        }
    }
}

impl std::str::FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        civil::read(text).ok_or(Error("not a time as RFC 3339 writes it"))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, f: &mut Formatter<'_>) -> Written {
                f.write_str("a time as RFC 3339 writes it")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(|Error(message)| E::custom(message))
            }
        }

        deserializer.deserialize_str(Text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (text, second, nanosecond) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2026-11-20T17:43:29Z", 1_795_196_609, 0),
            ("2024-02-29T23:59:59.5Z", 1_709_251_199, 500_000_000),
            ("1969-12-31T23:59:59.000000001Z", -1, 1),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("9999-12-31T23:59:59.999999999Z", LAST, 999_999_999),
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!((time.second, time.nanosecond), (second, nanosecond));
            assert_eq!(time.to_string(), text);
            assert_eq!(
                Timestamp::new(time.as_second(), time.subsec_nanosecond()).unwrap(),
                time
            );
        }
    }

    #[test]
    fn offsets_are_taken_off() {
        let utc: Timestamp = "2026-11-20T17:43:29Z".parse().unwrap();
        for text in [
            "2026-11-20T18:43:29+01:00",
            "2026-11-20T12:13:29.000-05:30",
            "2026-11-20t17:43:29z",
        ] {
            assert_eq!(text.parse(), Ok(utc), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T17:43:29",
            "2026-11-20 17:43:29Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T17:43:60Z",
            "2026-11-20T17:43:29.Z",
            "2026-11-20T17:43:29+1:00",
            "2026-11-20T17:43:29+01:00Z",
            "+026-11-20T17:43:29Z",
            "２０２６-11-20T17:43:29Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        assert!(Timestamp::new(LAST + 1, 0).is_err());
    }

    #[test]
    fn formats_are_those_of_the_api() {
        let time: Timestamp = "2026-11-20T17:43:29.469187999Z".parse().unwrap();
        let with = |format| fmt::strtime::format(format, time).unwrap();
        assert_eq!(with("%Y-%m-%dT%H:%M:%SZ"), "2026-11-20T17:43:29Z");
        assert_eq!(
            with("%Y-%m-%dT%H:%M:%S%.6fZ"),
            "2026-11-20T17:43:29.469187Z"
        );
        assert!(fmt::strtime::format("%A", time).is_err());
    }
}
