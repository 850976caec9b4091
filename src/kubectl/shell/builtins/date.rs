//! `date`: virtual time.

use super::super::state::{Io, Shell};
use super::fail;
use crate::api::rfc3339::{civil, format_rfc1123, parse_time};

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub fn date(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut nanos = shell.world.now().0 as i64;
    let mut format = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if let Some(pattern) = word.strip_prefix('+') {
            format = Some(pattern);
            continue;
        }
        match word.as_str() {
            "-u" | "--utc" => {}
            "-I" => format = Some("%Y-%m-%d"),
            "-Is" | "--iso-8601=seconds" => format = Some("%Y-%m-%dT%H:%M:%S+00:00"),
            "-R" => format = Some("%a, %d %b %Y %H:%M:%S +0000"),
            "-d" | "--date" => {
                let text = words.next().map_or("", String::as_str);
                let seconds = text.strip_prefix('@').and_then(|s| s.parse::<i64>().ok());
                let found = match seconds {
                    Some(seconds) => seconds.checked_mul(1_000_000_000),
                    None if text == "now" => Some(nanos),
                    None => parse_time(text),
                };
                match found {
                    Some(found) => nanos = found,
                    None => return fail(io, &format!("date: invalid date '{text}'"), 1),
                }
            }
            other => return fail(io, &format!("date: invalid option '{other}'"), 1),
        }
    }
    io.out.line(&match format {
        None => format_rfc1123(nanos),
        Some(format) => formatted(format, nanos),
    });
    0
}

fn formatted(format: &str, nanos: i64) -> String {
    let at = civil(nanos);
    let days = nanos.div_euclid(86_400_000_000_000);
    // The first of January 1970 was a Thursday.
    let weekday = usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0);
    let day = DAYS.get(weekday).copied().unwrap_or_default();
    let month = MONTHS
        .get(usize::from(at.month).saturating_sub(1))
        .copied()
        .unwrap_or_default();
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('Y') => out.push_str(&at.year.to_string()),
            Some('y') => out.push_str(&format!("{:02}", at.year.rem_euclid(100))),
            Some('m') => out.push_str(&format!("{:02}", at.month)),
            Some('d') => out.push_str(&format!("{:02}", at.day)),
            Some('e') => out.push_str(&format!("{:2}", at.day)),
            Some('H') => out.push_str(&format!("{:02}", at.hour)),
            Some('I') => out.push_str(&format!("{:02}", (at.hour + 11) % 12 + 1)),
            Some('M') => out.push_str(&format!("{:02}", at.minute)),
            Some('S') => out.push_str(&format!("{:02}", at.second)),
            Some('p') => out.push_str(if at.hour < 12 { "AM" } else { "PM" }),
            Some('N') => out.push_str(&format!("{:09}", nanos.rem_euclid(1_000_000_000))),
            Some('s') => out.push_str(&nanos.div_euclid(1_000_000_000).to_string()),
            Some('F') => out.push_str(&formatted("%Y-%m-%d", nanos)),
            Some('T') => out.push_str(&formatted("%H:%M:%S", nanos)),
            Some('R') => out.push_str(&formatted("%H:%M", nanos)),
            Some('a') => out.push_str(day.get(..3).unwrap_or_default()),
            Some('A') => out.push_str(day),
            Some('b' | 'h') => out.push_str(month.get(..3).unwrap_or_default()),
            Some('B') => out.push_str(month),
            Some('u') => out.push_str(&((weekday + 6) % 7 + 1).to_string()),
            Some('Z') => out.push_str("UTC"),
            Some('z') => out.push_str("+0000"),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('%') => out.push('%'),
            Some(other) => {
                out.push('%');
                out.push(other);
            }
            None => out.push('%'),
        }
    }
    out
}
