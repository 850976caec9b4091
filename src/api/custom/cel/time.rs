//! Instants and durations of CEL. An instant is nanoseconds since the Unix epoch, of the years 1 to 9999.

use crate::api::rfc3339::{Civil, SECOND, civil_of, parse_go_duration, parse_time};
use crate::api::time_zone::TimeZone;

/// How often the Gregorian calendar repeats itself.
const CYCLE_YEARS: i64 = 400;
const CYCLE_SECONDS: i128 = 146_097 * 86_400;

const FIRST: i128 = -62_135_596_800;
const LAST: i128 = 253_402_300_799;

/// Reads an RFC 3339 time.
pub fn parse(text: &str) -> Option<i128> {
    let year: i64 = text.get(..4)?.parse().ok()?;
    // The shared reader knows the years that fit 64 bits of nanoseconds.
    let near = 1700 + (year - 1700).rem_euclid(CYCLE_YEARS);
    let cycles = (year - 1700).div_euclid(CYCLE_YEARS);
    let nanos = parse_time(&format!("{near:04}{}", text.get(4..)?))?;
    in_range(i128::from(nanos) + i128::from(cycles) * CYCLE_SECONDS * i128::from(SECOND))
}

/// The instant, if its year is one of 1 to 9999.
pub fn in_range(nanos: i128) -> Option<i128> {
    let seconds = nanos.div_euclid(i128::from(SECOND));
    (FIRST..=LAST).contains(&seconds).then_some(nanos)
}

/// Reads a duration as Go writes it.
pub fn duration(text: &str) -> Option<i64> {
    parse_go_duration(text).ok()
}

/// Its calendar parts in a zone, which is a name or an offset like `+02:00`.
pub fn parts(nanos: i128, zone: &str) -> Option<Civil> {
    let seconds = i64::try_from(nanos.div_euclid(i128::from(SECOND))).ok()?;
    let offset = match TimeZone::find(zone) {
        Some(zone) => zone.offset(seconds),
        None => {
            let (hours, minutes) = zone.split_once(':')?;
            let negative = hours.starts_with('-');
            let hours: i64 = hours.parse().ok()?;
            let minutes: i64 = minutes.parse().ok()?;
            if hours.abs() > 23 || !(0..60).contains(&minutes) {
                return None;
            }
            hours * 3600 + if negative { -minutes } else { minutes } * 60
        }
    };
    Some(Civil {
        nanosecond: nanos.rem_euclid(i128::from(SECOND)) as u32,
        ..civil_of(seconds + offset)
    })
}

/// As `time.RFC3339Nano` prints it.
pub fn text(nanos: i128) -> String {
    let Some(c) = parts(nanos, "") else {
        return String::new();
    };
    let fraction = match c.nanosecond {
        0 => String::new(),
        n => format!(".{n:09}").trim_end_matches('0').to_owned(),
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}Z",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}

/// A duration in seconds, as CEL prints it.
pub fn seconds(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let all = nanos.unsigned_abs();
    let (whole, rest) = (all / SECOND as u64, all % SECOND as u64);
    match rest {
        0 => format!("{sign}{whole}s"),
        rest => {
            let fraction = format!("{rest:09}");
            format!("{sign}{whole}.{}s", fraction.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_of_all_years_are_read_and_printed() {
        for (given, printed) in [
            ("2026-11-30T12:00:00Z", "2026-11-30T12:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.5Z", "9999-12-31T23:59:59.5Z"),
            ("2024-02-29T01:00:00+02:00", "2024-02-28T23:00:00Z"),
        ] {
            assert_eq!(parse(given).map(text).as_deref(), Some(printed), "{given}");
        }
        for wrong in [
            "",
            "2026",
            "2023-02-29T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "x026-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(seconds(90_500_000_000), "90.5s");
        let zone = |zone: &str| {
            parts(parse("2026-07-01T22:30:00Z").unwrap(), zone).map(|c| (c.day, c.hour, c.minute))
        };
        assert_eq!(zone("+05:30"), Some((2, 4, 0)));
        assert_eq!(zone("-03:00"), Some((1, 19, 30)));
        assert_eq!(zone("Europe/Berlin"), Some((2, 0, 30)));
        assert_eq!(zone("Nowhere"), None);
    }
}
