//! Times and durations in the words of Kubernetes and Go, from integers alone.
//!
//! An instant is nanoseconds since the Unix epoch, in UTC. Models `metav1.Time`, `metav1.MicroTime`,
//! `k8s.io/apimachinery/pkg/util/duration` and Go's `time.Duration`.

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date and a time of day in UTC, in the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub nanosecond: u32,
    /// 0 is Sunday.
    pub weekday: u8,
}

/// Splits an instant into its calendar parts.
pub fn civil(nanos: i64) -> Civil {
    Civil {
        nanosecond: nanos.rem_euclid(SECOND) as u32,
        ..civil_of(nanos.div_euclid(SECOND))
    }
}

/// As [`civil`], of an instant in seconds since the epoch: any year fits.
pub fn civil_of(seconds: i64) -> Civil {
    let days = seconds.div_euclid(86_400);
    let second_of_day = seconds.rem_euclid(86_400);
    let (year, month, day) = civil_from_days(days);
    Civil {
        year,
        month,
        day,
        hour: (second_of_day / 3600) as u8,
        minute: (second_of_day / 60 % 60) as u8,
        second: (second_of_day % 60) as u8,
        nanosecond: 0,
        weekday: (days + 4).rem_euclid(7) as u8,
    }
}

/// The instant of calendar parts; `None` when it does not fit (years 1678 to 2262 do).
pub fn instant(c: &Civil) -> Option<i64> {
    seconds_of(c)
        .checked_mul(SECOND)?
        .checked_add(i64::from(c.nanosecond))
}

/// The instant of calendar parts, in seconds since the epoch.
pub fn seconds_of(c: &Civil) -> i64 {
    let days = days_from_civil(c.year, c.month, c.day);
    days * 86_400 + i64::from(c.hour) * 3600 + i64::from(c.minute) * 60 + i64::from(c.second)
}

/// The first instant of a month, in seconds since the epoch.
pub fn month_begins(year: i64, month: u8) -> i64 {
    days_from_civil(year, month, 1) * 86_400
}

/// The day of the year; the first of January is 0.
pub fn day_of_year(c: &Civil) -> i64 {
    (seconds_of(c) - month_begins(c.year, 1)).div_euclid(86_400)
}

/// `2026-11-20T17:43:29Z`, as `metav1.Time` is written: whole seconds.
pub fn format_time(nanos: i64) -> String {
    let c = civil(nanos);
    format!("{}Z", date_and_clock(&c))
}

/// `2026-11-20T17:43:29.469187Z`, as `metav1.MicroTime` is written: always six digits.
pub fn format_micro_time(nanos: i64) -> String {
    let c = civil(nanos);
    format!("{}.{:06}Z", date_and_clock(&c), c.nanosecond / 1000)
}

/// `Fri, 20 Nov 2026 17:43:29 +0000`, as `kubectl describe` prints times.
pub fn format_rfc1123(nanos: i64) -> String {
    let c = civil(nanos);
    let weekday = WEEKDAYS.get(usize::from(c.weekday)).copied().unwrap_or("");
    let month = MONTHS.get(usize::from(c.month) - 1).copied().unwrap_or("");
    format!(
        "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} +0000",
        c.day, c.year, c.hour, c.minute, c.second
    )
}

/// Reads an RFC 3339 time with any offset and up to nine digits of a second's fraction; more
/// digits are dropped. `None` when it is none.
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 {
        return None;
    }
    let separator = |at: usize, b: u8| bytes.get(at) == Some(&b);
    if !(separator(4, b'-')
        && separator(7, b'-')
        && (separator(10, b'T') || separator(10, b't'))
        && separator(13, b':')
        && separator(16, b':'))
    {
        return None;
    }
    let number = |from: usize, to: usize| digits(text.get(from..to)?);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month)
        || day < 1
        || day > i64::from(days_in_month(year, month as u8))
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanosecond = 0u32;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction
            .bytes()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(fraction.len());
        if end == 0 {
            return None;
        }
        let kept = fraction.get(..end.min(9))?;
        nanosecond = digits(kept)? as u32 * 10u32.pow(9 - kept.len() as u32);
        rest = fraction.get(end..)?;
    }
    let offset_seconds = match rest.as_bytes().first()? {
        b'Z' | b'z' if rest.len() == 1 => 0,
        sign @ (b'+' | b'-') if rest.len() == 6 && rest.as_bytes().get(3) == Some(&b':') => {
            let (hours, minutes) = (digits(rest.get(1..3)?)?, digits(rest.get(4..6)?)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let local = instant(&Civil {
        year,
        month: month as u8,
        day: day as u8,
        hour: hour as u8,
        minute: minute as u8,
        second: second as u8,
        nanosecond,
        weekday: 0,
    })?;
    local.checked_sub(offset_seconds * SECOND)
}

/// The number of days of a month.
pub fn days_in_month(year: i64, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// An age as `kubectl get` prints it: at most two units, fewer the longer it is.
/// Models `duration.HumanDuration`.
pub fn human_duration(nanos: i64) -> String {
    let seconds = nanos / SECOND;
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    if seconds < 0 {
        return "0s".to_owned();
    }
    if seconds < 60 * 2 {
        return format!("{seconds}s");
    }
    let minutes = seconds / 60;
    if minutes < 10 {
        return two_units(minutes, "m", seconds % 60, "s");
    }
    if minutes < 60 * 3 {
        return format!("{minutes}m");
    }
    let hours = minutes / 60;
    if hours < 8 {
        return two_units(hours, "h", minutes % 60, "m");
    }
    if hours < 48 {
        return format!("{hours}h");
    }
    if hours < 24 * 8 {
        return two_units(hours / 24, "d", hours % 24, "h");
    }
    if hours < 24 * 365 * 2 {
        return format!("{}d", hours / 24);
    }
    if hours < 24 * 365 * 8 {
        return two_units(hours / 24 / 365, "y", hours / 24 % 365, "d");
    }
    format!("{}y", hours / 24 / 365)
}

/// A duration as Go prints it: `1m30s`, `1.5s`, `250ms`, `0s`. Models `time.Duration.String`.
pub fn go_duration(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    let second = SECOND as u64;
    if total < second {
        let (unit, scale) = match total {
            0..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{unit}", decimal(total, scale));
    }
    let minutes = total / (60 * second);
    let seconds = decimal(total % (60 * second), second);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, m) => format!("{sign}{m}m{seconds}s"),
        (h, m) => format!("{sign}{h}h{m}m{seconds}s"),
    }
}

/// Reads a Go duration: numbers with units, such as `1h30m`, `1.5s` or `-2ms`.
/// Models `time.ParseDuration`, errors included.
pub fn parse_go_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", go_quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit_end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", go_quote(text)));
        }
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => i128::from(SECOND),
            "m" => i128::from(MINUTE),
            "h" => i128::from(HOUR),
            _ => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    go_quote(unit),
                    go_quote(text)
                ));
            }
        };
        if whole.len() > 19 {
            return Err(invalid());
        }
        let value: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| invalid())?
        };
        total += value * scale;
        // Digits past the 18th cannot reach a nanosecond.
        let kept = fraction.get(..fraction.len().min(18)).unwrap_or_default();
        if !kept.is_empty() {
            let numerator: i128 = kept.parse().map_err(|_| invalid())?;
            total += numerator * scale / 10i128.pow(kept.len() as u32);
        }
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return Err(invalid());
        }
        rest = after;
    }
    let signed = if negative { -total } else { total };
    i64::try_from(signed).map_err(|_| invalid())
}

/// A string in Go's double quotes (`%q`), control characters escaped.
pub fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn date_and_clock(c: &Civil) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}

fn two_units(first: i64, first_unit: &str, second: i64, second_unit: &str) -> String {
    if second == 0 {
        format!("{first}{first_unit}")
    } else {
        format!("{first}{first_unit}{second}{second_unit}")
    }
}

/// `value / scale` with all its decimals and no trailing zeros; `scale` is a power of ten.
fn decimal(value: u64, scale: u64) -> String {
    let fraction = value % scale;
    if fraction == 0 {
        return (value / scale).to_string();
    }
    let digits = scale.ilog10() as usize;
    let text = format!("{}.{fraction:0digits$}", value / scale);
    text.trim_end_matches('0').to_owned()
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Days since 1970-01-01. The year is taken to start in March, so that the leap day is its last.
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let month = i64::from(month);
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    } as u8;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T17:43:29Z
    const NOW: i64 = 1_795_196_609 * SECOND;

    #[test]
    fn the_forms_of_an_instant() {
        assert_eq!(format_time(NOW), "2026-11-20T17:43:29Z");
        assert_eq!(
            format_micro_time(NOW + 469_187_999),
            "2026-11-20T17:43:29.469187Z"
        );
        assert_eq!(format_micro_time(NOW), "2026-11-20T17:43:29.000000Z");
        assert_eq!(format_rfc1123(NOW), "Fri, 20 Nov 2026 17:43:29 +0000");
        assert_eq!(format_time(0), "1970-01-01T00:00:00Z");
        assert_eq!(format_time(-1), "1969-12-31T23:59:59Z");
        assert_eq!(
            format_rfc1123(951_782_400 * SECOND),
            "Tue, 29 Feb 2000 00:00:00 +0000"
        );
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let mut previous = civil(-1);
        for day in 0..(400 * 366) {
            let nanos = day * 86_400 * SECOND;
            if nanos / SECOND > 9_000_000_000 {
                break;
            }
            let c = civil(nanos);
            assert_eq!(instant(&c), Some(nanos));
            assert!(
                c > previous
                    || (c.year, c.month, c.day) > (previous.year, previous.month, previous.day)
            );
            assert!(c.day >= 1 && c.day <= days_in_month(c.year, c.month));
            assert_eq!((previous.weekday + 1) % 7, c.weekday);
            previous = c;
        }
    }

    #[test]
    fn reading_an_instant() {
        let rows: &[(&str, Option<i64>)] = &[
            ("2026-11-20T17:43:29Z", Some(NOW)),
            ("2026-11-20t17:43:29z", Some(NOW)),
            ("2026-11-20T18:43:29+01:00", Some(NOW)),
            ("2026-11-20T11:13:29-06:30", Some(NOW)),
            ("2026-11-20T17:43:29.5Z", Some(NOW + SECOND / 2)),
            ("2026-11-20T17:43:29.1234567899Z", Some(NOW + 123_456_789)),
            ("2026-11-20T17:43:29.Z", None),
            ("2026-02-29T00:00:00Z", None),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800 * SECOND)),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-20T24:00:00Z", None),
            ("2026-11-20 17:43:29Z", None),
            ("2026-11-20T17:43:29", None),
            ("2026-11-20T17:43:29+0100", None),
            ("9999-11-20T17:43:29Z", None),
            ("", None),
            ("2026-11-20T17:43:2é", None),
        ];
        for (text, want) in rows {
            assert_eq!(parse_time(text), *want, "{text}");
        }
    }

    #[test]
    fn ages() {
        let m = 60;
        let h = 60 * m;
        let d = 24 * h;
        let rows: &[(i64, &str)] = &[
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (5, "5s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (10 * m + 5, "10m"),
            (179 * m, "179m"),
            (3 * h + 5 * m, "3h5m"),
            (8 * h + 5 * m, "8h"),
            (47 * h, "47h"),
            (48 * h, "2d"),
            (7 * d + 4 * h, "7d4h"),
            (8 * d + 4 * h, "8d"),
            (729 * d, "729d"),
            (740 * d, "2y10d"),
            (730 * d, "2y"),
            (8 * 365 * d + d, "8y"),
        ];
        for (seconds, want) in rows {
            assert_eq!(human_duration(seconds * SECOND), *want, "{seconds}");
        }
        assert_eq!(human_duration(-SECOND / 2), "0s");
    }

    #[test]
    fn go_durations_there_and_back() {
        let rows: &[(i64, &str)] = &[
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (250_000_000, "250ms"),
            (1_500_000_000, "1.5s"),
            (90 * SECOND, "1m30s"),
            (HOUR, "1h0m0s"),
            (HOUR + MINUTE / 2, "1h0m30s"),
            (-2 * SECOND, "-2s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (nanos, text) in rows {
            assert_eq!(go_duration(*nanos), *text);
            assert_eq!(parse_go_duration(text), Ok(*nanos), "{text}");
        }
        assert_eq!(parse_go_duration("1.5h"), Ok(90 * MINUTE));
        assert_eq!(parse_go_duration("+.5s"), Ok(SECOND / 2));
        assert_eq!(parse_go_duration("0"), Ok(0));
    }

    #[test]
    fn bad_go_durations() {
        let rows: &[(&str, &str)] = &[
            ("", "time: invalid duration \"\""),
            ("3", "time: missing unit in duration \"3\""),
            ("-", "time: invalid duration \"-\""),
            ("s", "time: invalid duration \"s\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("1m 2s", "time: unknown unit \"m \" in duration \"1m 2s\""),
            (
                "9223372036854775808ns",
                "time: invalid duration \"9223372036854775808ns\"",
            ),
            (
                "99999999999999999999h",
                "time: invalid duration \"99999999999999999999h\"",
            ),
        ];
        for (text, want) in rows {
            assert_eq!(parse_go_duration(text), Err((*want).to_owned()), "{text}");
        }
    }
}
