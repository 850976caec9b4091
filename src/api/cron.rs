//! Schedules of CronJobs: `*/5 * * * *`, `@hourly`, `@every 90s`.
//!
//! Models the standard parser and the schedules of `github.com/robfig/cron/v3`, and its words.

use super::rfc3339::{SECOND, civil_of, days_in_month, go_quote, parse_go_duration};
use super::time_zone::TimeZone;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// A schedule without an instant in so many years has none.
const YEARS: i64 = 5;

/// When something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At the instants whose local time has all of these parts.
    Parts(Parts),
    /// So many seconds after the last time.
    Every(i64),
}

/// Sets of bits: bit `n` for the value `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
    /// Whether the day of the month, or of the week, was left open.
    any_day: bool,
    any_weekday: bool,
}

struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds {
    min: 0,
    max: 59,
    names: &[],
};
const HOURS: Bounds = Bounds {
    min: 0,
    max: 23,
    names: &[],
};
const DAYS: Bounds = Bounds {
    min: 1,
    max: 31,
    names: &[],
};
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAYS: Bounds = Bounds {
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Schedule {
    /// Reads a schedule, without a time zone.
    ///
    /// # Errors
    /// What is wrong with it, in the words of upstream's parser.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        let mut text = text;
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            let (zone, rest) = text.split_once(' ').unwrap_or((text, ""));
            let zone = zone.split_once('=').map_or("", |(_, z)| z);
            if TimeZone::find(zone).is_none() {
                return Err(format!(
                    "provided bad location {zone}: unknown time zone {zone}"
                ));
            }
            text = rest.trim();
        }
        if text.starts_with('@') {
            return descriptor(text);
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "expected exactly 5 fields, found {}: [{}]",
                fields.len(),
                fields.join(" ")
            ));
        };
        let (minute, _) = field(minute, &MINUTES)?;
        let (hour, _) = field(hour, &HOURS)?;
        let (day, any_day) = field(day, &DAYS)?;
        let (month, _) = field(month, &MONTHS)?;
        let (weekday, any_weekday) = field(weekday, &WEEKDAYS)?;
        Ok(Schedule::Parts(Parts {
            minute,
            hour,
            day,
            month,
            weekday,
            any_day,
            any_weekday,
        }))
    }

    /// The first instant after `after`, in seconds since the epoch; `None` when there is none.
    pub fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        match self {
            Schedule::Every(seconds) => after.checked_add(*seconds),
            Schedule::Parts(parts) => parts.next(after, zone),
        }
    }
}

impl Parts {
    fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let has = |set: u64, value: u8| set & (1 << value) != 0;
        let mut at = after - after.rem_euclid(MINUTE) + MINUTE;
        let last = civil_of(at).year + YEARS;
        loop {
            let local = at + zone.offset(at);
            let parts = civil_of(local);
            if parts.year > last {
                return None;
            }
            let of_day = local.rem_euclid(DAY);
            if !has(self.month, parts.month) {
                let days = days_in_month(parts.year, parts.month) - parts.day + 1;
                at = to_midnight(at, i64::from(days) * DAY - of_day, zone);
            } else if !self.is_day(parts.day, parts.weekday) {
                at = to_midnight(at, DAY - of_day, zone);
            } else if !has(self.hour, parts.hour) {
                at += HOUR - of_day % HOUR;
            } else if !has(self.minute, parts.minute) {
                at += MINUTE;
            } else {
                return Some(at);
            }
        }
    }

    /// When both days are given, one of them is enough.
    fn is_day(&self, day: u8, weekday: u8) -> bool {
        let by_month = self.day & (1 << day) != 0;
        let by_week = self.weekday & (1 << weekday) != 0;
        match self.any_day || self.any_weekday {
            true => by_month && by_week,
            false => by_month || by_week,
        }
    }
}

/// `span` seconds on, to a local midnight even if the clock is changed in between.
fn to_midnight(at: i64, span: i64, zone: &TimeZone) -> i64 {
    let there = at + span;
    there + zone.offset(at) - zone.offset(there)
}

fn descriptor(text: &str) -> Result<Schedule, String> {
    let standard = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let Some(span) = text.strip_prefix("@every ") else {
                return Err(format!("unrecognized descriptor: {text}"));
            };
            let nanos = parse_go_duration(span)
                .map_err(|why| format!("failed to parse duration {text}: {why}"))?;
            return Ok(Schedule::Every((nanos / SECOND).max(1)));
        }
    };
    Schedule::parse(standard)
}

/// A list of ranges, and whether it leaves the value open.
fn field(text: &str, bounds: &Bounds) -> Result<(u64, bool), String> {
    let (mut bits, mut any) = (0, false);
    for range in text.split(',').filter(|r| !r.is_empty()) {
        let (some, open) = one_range(range, bounds)?;
        bits |= some;
        any |= open;
    }
    Ok((bits, any))
}

fn one_range(text: &str, bounds: &Bounds) -> Result<(u64, bool), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts.first().copied().unwrap_or("").split('-').collect();
    let mut open = false;
    let first = ends.first().copied().unwrap_or("");
    let (start, mut end) = if matches!(first, "*" | "?") {
        open = true;
        (bounds.min, bounds.max)
    } else {
        let start = number_or_name(first, bounds)?;
        match ends.as_slice() {
            [_] => (start, start),
            [_, end] => (start, number_or_name(end, bounds)?),
            _ => return Err(format!("too many hyphens: {text}")),
        }
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step)?;
            if ends.len() == 1 {
                end = bounds.max;
            }
            open &= step <= 1;
            step
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    let (min, max) = (bounds.min, bounds.max);
    if start < min {
        return Err(format!(
            "beginning of range ({start}) below minimum ({min}): {text}"
        ));
    }
    if end > max {
        return Err(format!(
            "end of range ({end}) above maximum ({max}): {text}"
        ));
    }
    if start > end {
        return Err(format!(
            "beginning of range ({start}) beyond end of range ({end}): {text}"
        ));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let mut bits = 0;
    let mut value = start;
    while value <= end {
        bits |= 1u64 << value;
        value = value.saturating_add(step);
    }
    Ok((bits, open))
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let lower = text.to_lowercase();
    match bounds.names.iter().position(|n| *n == lower) {
        Some(place) => Ok(place as u32 + bounds.min),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {}: invalid syntax",
            go_quote(text)
        ));
    }
    let Ok(number) = text.parse::<i64>() else {
        return Err(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {}: value out of range",
            go_quote(text)
        ));
    };
    if number < 0 {
        return Err(format!("negative number ({number}) not allowed: {text}"));
    }
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rfc3339::{Civil, format_time, parse_time, seconds_of};

    #[test]
    fn what_is_no_schedule_is_told_in_upstreams_words() {
        for (text, why) in [
            ("", "empty spec string"),
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            (
                "* * * * * *",
                "expected exactly 5 fields, found 6: [* * * * * *]",
            ),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("* * * * 7", "end of range (7) above maximum (6): 7"),
            (
                "5-3 * * * *",
                "beginning of range (5) beyond end of range (3): 5-3",
            ),
            (
                "*/0 * * * *",
                "step of range should be a positive number: */0",
            ),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            (
                "a * * * *",
                "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax",
            ),
            ("@often", "unrecognized descriptor: @often"),
            (
                "@every x",
                "failed to parse duration @every x: time: invalid duration \"x\"",
            ),
            (
                "TZ=Mars/Base * * * * *",
                "provided bad location Mars/Base: unknown time zone Mars/Base",
            ),
        ] {
            assert_eq!(Schedule::parse(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_next_instant_is_found() {
        let rows = [
            (
                "*/5 * * * *",
                "UTC",
                "2026-11-21T10:02:30Z",
                "2026-11-21T10:05:00Z",
            ),
            (
                "*/5 * * * *",
                "UTC",
                "2026-11-21T10:05:00Z",
                "2026-11-21T10:10:00Z",
            ),
            (
                "@hourly",
                "UTC",
                "2026-11-21T10:02:30Z",
                "2026-11-21T11:00:00Z",
            ),
            (
                "0 0 1 * *",
                "UTC",
                "2026-11-21T10:02:30Z",
                "2026-12-01T00:00:00Z",
            ),
            (
                "30 6 * * mon-fri",
                "UTC",
                "2026-11-20T07:00:00Z",
                "2026-11-23T06:30:00Z",
            ),
            // Either of two days is enough.
            (
                "0 0 13 * 5",
                "UTC",
                "2026-11-21T00:00:00Z",
                "2026-11-27T00:00:00Z",
            ),
            (
                "0 0 29 2 *",
                "UTC",
                "2026-11-21T00:00:00Z",
                "2028-02-29T00:00:00Z",
            ),
            (
                "0 9 * * *",
                "Europe/Berlin",
                "2026-07-01T00:00:00Z",
                "2026-07-01T07:00:00Z",
            ),
            (
                "0 9 * * *",
                "Europe/Berlin",
                "2026-12-01T00:00:00Z",
                "2026-12-01T08:00:00Z",
            ),
            // This time of day is left out when the clock goes forward.
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                "2026-03-30T00:30:00Z",
            ),
            (
                "0 0 * * *",
                "America/New_York",
                "2026-03-08T05:00:00Z",
                "2026-03-09T04:00:00Z",
            ),
            (
                "@every 90s",
                "UTC",
                "2026-11-21T10:00:00Z",
                "2026-11-21T10:01:30Z",
            ),
        ];
        for (text, zone, after, expected) in rows {
            let schedule = Schedule::parse(text).expect("a schedule");
            let zone = TimeZone::find(zone).expect("a zone");
            let after = parse_time(after).expect("a time") / SECOND;
            let next = schedule.next(after, &zone).map(|s| format_time(s * SECOND));
            assert_eq!(next.as_deref(), Some(expected), "{text}");
        }
        let never = Schedule::parse("0 0 31 2 *").expect("a schedule");
        assert_eq!(never.next(0, &TimeZone::UTC), None);
    }

    #[test]
    fn the_next_instant_is_found_where_nanoseconds_do_not_reach() {
        let of = |year| Civil {
            year,
            month: 2,
            day: 28,
            hour: 12,
            minute: 0,
            second: 0,
            nanosecond: 0,
            weekday: 0,
        };
        let berlin = TimeZone::find("Europe/Berlin").expect("a zone");
        for year in [2261, 2262, 2263, 2300, 9999] {
            for (text, zone, days, hour) in [
                ("0 9 1 3 *", &TimeZone::UTC, 1, 9),
                ("0 9 1 3 *", &berlin, 1, 8),
                ("@every 1h", &TimeZone::UTC, 0, 13),
            ] {
                let schedule = Schedule::parse(text).expect("a schedule");
                let after = seconds_of(&of(year));
                let next = schedule.next(after, zone).expect("there is one");
                let c = civil_of(next);
                let leap = days > 0 && civil_of(after + DAY).day == 29;
                let expected = after - 12 * HOUR + (days + i64::from(leap)) * DAY + hour * HOUR;
                assert_eq!((next, c.year), (expected, year), "{text} {year}");
            }
        }
        let every = Schedule::parse("@every 2540400h").expect("a schedule");
        assert_eq!(every.next(i64::MAX, &TimeZone::UTC), None);
    }
}
