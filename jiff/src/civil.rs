//! Instants as dates and clocks of the proleptic Gregorian calendar.

use crate::Timestamp;

const DAY: i64 = 86_400;

/// Date and clock, with so many digits of the second's fraction, without an offset.
pub fn write(time: Timestamp, digits: usize) -> String {
    let (days, clock) = (time.second.div_euclid(DAY), time.second.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let mut text = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    );
    if digits > 0 {
        let fraction = format!(".{:09}", time.nanosecond);
        text.push_str(fraction.get(..=digits).unwrap_or(&fraction));
    }
    text
}

/// Reads `2006-01-02T15:04:05.999999999+07:00`.
pub fn read(text: &str) -> Option<Timestamp> {
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    let month = after(&mut rest, "-")?;
    let day = after(&mut rest, "-")?;
    skip(&mut rest, &['T', 't'])?;
    let hour = number(&mut rest, 2)?;
    let minute = after(&mut rest, ":")?;
    let second = after(&mut rest, ":")?;
    if !(1..=12).contains(&month)
        || !(1..=days_in(year, month)).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let nanosecond = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let end = fraction
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(fraction.len());
            rest = fraction.get(end..)?;
            // More digits than nine are there, but not told apart.
            let digits = fraction.get(..end.min(9))?;
            digits.parse::<i32>().ok()? * 10i32.pow(9 - digits.len() as u32)
        }
        None => 0,
    };
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = match rest.chars().next()? {
                '+' => 1,
                '-' => -1,
                _ => return None,
            };
            rest = rest.get(1..)?;
            let hours = number(&mut rest, 2)?;
            let minutes = after(&mut rest, ":")?;
            if !rest.is_empty() || hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3600 + minutes * 60)
        }
    };
    let days = days_before(year, month, day);
    let clock = hour * 3600 + minute * 60 + second - offset;
    Timestamp::new(days * DAY + clock, nanosecond).ok()
}

/// A number of exactly so many digits.
fn number(rest: &mut &str, digits: usize) -> Option<i64> {
    let (text, after) = rest.split_at_checked(digits)?;
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    *rest = after;
    text.parse().ok()
}

/// Two digits after a separator.
fn after(rest: &mut &str, separator: &str) -> Option<i64> {
    *rest = rest.strip_prefix(separator)?;
    number(rest, 2)
}

fn skip(rest: &mut &str, any: &[char]) -> Option<()> {
    *rest = rest.strip_prefix(any)?;
    Some(())
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the epoch to a date. Years are counted from March, so that a leap day ends one.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// The date so many days after the epoch.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}
