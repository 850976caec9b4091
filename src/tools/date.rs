//! `date`, of virtual time, in UTC.

use super::call::{Call, Output};
use super::strftime::{self, MONTHS};
use crate::api::rfc3339::{Civil, civil, civil_of, days_in_month, parse_time, seconds_of};

const SECOND: i64 = 1_000_000_000;

/// `date [-u] [-d TEXT] [-I[FMT]] [-R] [--rfc-3339=FMT] [+FORMAT]`
pub fn date(call: &mut Call<'_>) -> Output {
    let mut at = call.now;
    let mut format = None;
    let mut words = call.words.iter().copied();
    while let Some(word) = words.next() {
        if let Some(pattern) = word.strip_prefix('+') {
            format = Some(pattern);
            continue;
        }
        let iso = |precision: &str| match precision {
            "" | "date" => Some("%Y-%m-%d"),
            "hours" => Some("%Y-%m-%dT%H%:z"),
            "minutes" => Some("%Y-%m-%dT%H:%M%:z"),
            "s" | "seconds" => Some("%Y-%m-%dT%H:%M:%S%:z"),
            "ns" => Some("%Y-%m-%dT%H:%M:%S,%N%:z"),
            _ => None,
        };
        let text = match word {
            "-u" | "--utc" | "--universal" => continue,
            "-R" | "--rfc-email" => {
                format = Some("%a, %d %b %Y %H:%M:%S %z");
                continue;
            }
            "-d" | "--date" => words.next().unwrap_or_default(),
            word => {
                if let Some(precision) = word.strip_prefix("-I").or(word.strip_prefix("--iso-8601"))
                    && let Some(found) = iso(precision.trim_start_matches('='))
                {
                    format = Some(found);
                    continue;
                }
                if let Some(precision) = word.strip_prefix("--rfc-3339=") {
                    format = Some(match precision {
                        "date" => "%Y-%m-%d",
                        "ns" => "%Y-%m-%d %H:%M:%S.%N%:z",
                        _ => "%Y-%m-%d %H:%M:%S%:z",
                    });
                    continue;
                }
                match word.strip_prefix("--date=").or(word.strip_prefix("-d")) {
                    Some(text) => text,
                    None if word.starts_with('-') => {
                        return Output::failed(&format!("date: invalid option '{word}'"), 1);
                    }
                    None => return Output::failed(&format!("date: invalid date '{word}'"), 1),
                }
            }
        };
        match instant(text, call.now) {
            Some(found) => at = found,
            None => return Output::failed(&format!("date: invalid date '{text}'"), 1),
        }
    }
    let format = format.unwrap_or("%a %b %e %H:%M:%S %Z %Y");
    Output::of(strftime::format(format, &civil(at)) + "\n")
}

/// The instant that words say: a date, a time, and how far from there.
pub fn instant(text: &str, now: i64) -> Option<i64> {
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        let nanos: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
        return whole
            .parse::<i64>()
            .ok()?
            .checked_mul(SECOND)?
            .checked_add(nanos);
    }
    if let Some(nanos) = parse_time(text) {
        return Some(nanos);
    }
    let mut found = civil(now);
    let mut offset = 0i64;
    let mut dated = false;
    let mut timed = false;
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    let mut at = 0;
    while let Some(word) = words.get(at).copied() {
        at += 1;
        let next = words.get(at).copied();
        match word {
            "now" | "utc" | "z" | "gmt" | "of" | "at" => {}
            "ago" => offset = offset.checked_neg()?,
            "today" => dated = true,
            "midnight" => {
                timed = true;
                clear(&mut found);
            }
            "tomorrow" => offset = offset.checked_add(86_400)?,
            "yesterday" => offset = offset.checked_sub(86_400)?,
            "next" | "last" | "this" => {
                let sign = match word {
                    "next" => 1,
                    "last" => -1,
                    _ => 0,
                };
                shift(&mut found, &mut offset, sign, next?)?;
                at += 1;
            }
            word => {
                if let Some(date) = calendar(word) {
                    (found.year, found.month, found.day) = date;
                    dated = true;
                } else if let Some((hour, minute, second)) = clock(word) {
                    (found.hour, found.minute, found.second) = (hour, minute, second);
                    found.nanosecond = 0;
                    timed = true;
                } else if let Some((date, time)) = word.split_once('t')
                    && let (Some(date), Some(time)) =
                        (calendar(date), clock(time.trim_end_matches('z')))
                {
                    (found.year, found.month, found.day) = date;
                    (found.hour, found.minute, found.second) = time;
                    found.nanosecond = 0;
                    (dated, timed) = (true, true);
                } else if let Some(month) = month_of(word) {
                    let day = words.get(at)?.parse::<u8>().ok()?;
                    at += 1;
                    (found.month, found.day, dated) = (month, day, true);
                    if let Some(year) = words.get(at).and_then(|w| w.parse::<i64>().ok()) {
                        found.year = year;
                        at += 1;
                    }
                } else if let Some(month) = next.and_then(month_of) {
                    at += 1;
                    (found.month, found.day, dated) = (month, word.parse().ok()?, true);
                    if let Some(year) = words.get(at).and_then(|w| w.parse::<i64>().ok()) {
                        found.year = year;
                        at += 1;
                    }
                } else {
                    // `+3 days`, `2days`
                    let digits = word.trim_start_matches(['+', '-']);
                    let end = digits
                        .find(|c: char| !c.is_ascii_digit())
                        .unwrap_or(digits.len());
                    let (number, unit) = digits.split_at(end);
                    let count: i64 = match number {
                        "" => 1,
                        number => number.parse().ok()?,
                    };
                    let count = if word.starts_with('-') { -count } else { count };
                    let unit = match unit {
                        "" => {
                            at += 1;
                            next?
                        }
                        unit => unit,
                    };
                    shift(&mut found, &mut offset, count, unit)?;
                }
            }
        }
    }
    if words.is_empty() || dated && !timed {
        clear(&mut found);
    }
    if found.day == 0 || found.day > days_in_month(found.year, found.month) {
        return None;
    }
    let seconds = seconds_of(&found).checked_add(offset)?;
    seconds
        .checked_mul(SECOND)?
        .checked_add(i64::from(found.nanosecond))
}

fn clear(at: &mut Civil) {
    (at.hour, at.minute, at.second, at.nanosecond) = (0, 0, 0, 0);
}

/// Goes so many units on.
fn shift(at: &mut Civil, offset: &mut i64, count: i64, unit: &str) -> Option<()> {
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    let seconds = match unit {
        "sec" | "second" => 1,
        "min" | "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        "fortnight" => 14 * 86_400,
        "month" | "year" => {
            let months = if unit == "year" {
                count.checked_mul(12)?
            } else {
                count
            };
            let all = at
                .year
                .checked_mul(12)?
                .checked_add(i64::from(at.month) - 1)?;
            let all = all.checked_add(months)?;
            (at.year, at.month) = (all.div_euclid(12), all.rem_euclid(12) as u8 + 1);
            // The thirty-first of a shorter month is early in the next.
            let over = at.day.saturating_sub(days_in_month(at.year, at.month));
            if over > 0 {
                at.day -= over;
                *at = Civil {
                    nanosecond: at.nanosecond,
                    ..civil_of(seconds_of(at) + i64::from(over) * 86_400)
                };
            }
            return (-100_000..100_000).contains(&at.year).then_some(());
        }
        _ => return None,
    };
    *offset = offset.checked_add(count.checked_mul(seconds)?)?;
    Some(())
}

/// `2024-01-02`, `2024/01/02`, `20240102`, `1/2/2024`.
fn calendar(word: &str) -> Option<(i64, u8, u8)> {
    let parts: Vec<&str> = word.split(['-', '/']).collect();
    let plain = |t: &str| !t.is_empty() && t.len() <= 4 && t.bytes().all(|b| b.is_ascii_digit());
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (*year, *month, *day),
        [month, day, year] if word.contains('/') && year.len() == 4 => (*year, *month, *day),
        [all] if all.len() == 8 => (all.get(..4)?, all.get(4..6)?, all.get(6..)?),
        _ => return None,
    };
    if !plain(year) || !plain(month) || !plain(day) {
        return None;
    }
    let month = month.parse().ok().filter(|m| (1..=12).contains(m))?;
    Some((year.parse().ok()?, month, day.parse().ok()?))
}

/// `03:04`, `03:04:05`.
fn clock(word: &str) -> Option<(u8, u8, u8)> {
    let mut parts = word.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let second = match parts.next() {
        Some(second) => second.split('.').next()?.parse().ok()?,
        None => 0,
    };
    let fits = hour < 24 && minute < 60 && second < 61 && parts.next().is_none();
    fits.then_some((hour, minute, second))
}

fn month_of(word: &str) -> Option<u8> {
    let at = MONTHS.iter().position(|month| {
        let month = month.to_lowercase();
        word == month || month.get(..3) == Some(word)
    })?;
    Some(at as u8 + 1)
}
