//! Instants by a pattern, as `date`, `strftime` and `strptime` know them; all of them in UTC, in English.

use crate::api::rfc3339::{Civil, civil_of, day_of_year, days_in_month, seconds_of};

pub const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
pub const MONTHS: [&str; 12] = [
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

/// The year and the number of the week by ISO 8601.
fn iso_week(at: &Civil) -> (i64, i64) {
    // The Thursday of a week says to which year it belongs.
    let monday = (i64::from(at.weekday) + 6) % 7;
    let thursday = civil_of(seconds_of(at) + (3 - monday) * 86_400);
    (thursday.year, day_of_year(&thursday) / 7 + 1)
}

fn name(names: &[&'static str], at: usize) -> &'static str {
    names.get(at).copied().unwrap_or_default()
}

/// An instant by a pattern. What is no conversion stands as it is.
pub fn format(pattern: &str, at: &Civil) -> String {
    let day = name(&DAYS, usize::from(at.weekday));
    let month = name(&MONTHS, usize::from(at.month).saturating_sub(1));
    let short = |text: &'static str| text.get(..3).unwrap_or(text);
    let hour12 = (at.hour + 11) % 12 + 1;
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let begin = chars.clone();
        let flag = chars.next_if(|c| "-_0^#".contains(*c));
        // Colons and widths are of GNU's: `%:z`, `%3N`.
        let colons = std::iter::from_fn(|| chars.next_if_eq(&':')).count();
        let mut width = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            width.push(digit);
        }
        if matches!(chars.peek(), Some('E' | 'O')) {
            chars.next();
        }
        let padded = |number: i64, usual: usize, fill: char| match (flag, fill) {
            (Some('-'), _) => number.to_string(),
            (Some('_'), _) | (None, ' ') => format!("{number:usual$}"),
            _ => format!("{number:0usual$}"),
        };
        let text = match chars.next() {
            Some('Y') => padded(at.year, 1, '0'),
            Some('C') => padded(at.year.div_euclid(100), 2, '0'),
            Some('y') => padded(at.year.rem_euclid(100), 2, '0'),
            Some('m') => padded(i64::from(at.month), 2, '0'),
            Some('d') => padded(i64::from(at.day), 2, '0'),
            Some('e') => padded(i64::from(at.day), 2, ' '),
            Some('H') => padded(i64::from(at.hour), 2, '0'),
            Some('k') => padded(i64::from(at.hour), 2, ' '),
            Some('I') => padded(i64::from(hour12), 2, '0'),
            Some('l') => padded(i64::from(hour12), 2, ' '),
            Some('M') => padded(i64::from(at.minute), 2, '0'),
            Some('S') => padded(i64::from(at.second), 2, '0'),
            Some('j') => padded(day_of_year(at) + 1, 3, '0'),
            Some('p') => (if at.hour < 12 { "AM" } else { "PM" }).to_owned(),
            Some('P') => (if at.hour < 12 { "am" } else { "pm" }).to_owned(),
            Some('N') => {
                let digits = width.parse::<usize>().unwrap_or(9).clamp(1, 9);
                let all = format!("{:09}", at.nanosecond);
                all.get(..digits).unwrap_or(&all).to_owned()
            }
            Some('s') => seconds_of(at).to_string(),
            Some('D' | 'x') => format("%m/%d/%y", at),
            Some('F') => format("%Y-%m-%d", at),
            Some('T' | 'X') => format("%H:%M:%S", at),
            Some('R') => format("%H:%M", at),
            Some('r') => format("%I:%M:%S %p", at),
            Some('c') => format("%a %b %e %H:%M:%S %Y", at),
            Some('h' | 'b') => short(month).to_owned(),
            Some('B') => month.to_owned(),
            Some('a') => short(day).to_owned(),
            Some('A') => day.to_owned(),
            Some('u') => ((at.weekday + 6) % 7 + 1).to_string(),
            Some('w') => at.weekday.to_string(),
            Some('q') => (at.month.saturating_sub(1) / 3 + 1).to_string(),
            Some('U') => padded((day_of_year(at) + 7 - i64::from(at.weekday)) / 7, 2, '0'),
            Some('W') => {
                let weekday = (i64::from(at.weekday) + 6) % 7;
                padded((day_of_year(at) + 7 - weekday) / 7, 2, '0')
            }
            Some('V') => padded(iso_week(at).1, 2, '0'),
            Some('G') => iso_week(at).0.to_string(),
            Some('g') => padded(iso_week(at).0.rem_euclid(100), 2, '0'),
            Some('Z') => "UTC".to_owned(),
            Some('z') => match colons {
                0 => "+0000".to_owned(),
                1 => "+00:00".to_owned(),
                _ => "+00:00:00".to_owned(),
            },
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('%') => "%".to_owned(),
            Some(_) | None => {
                // No conversion: the percent sign is one.
                chars = begin;
                "%".to_owned()
            }
        };
        match flag {
            Some('^') => out.push_str(&text.to_uppercase()),
            Some('#') => out.push_str(&text.to_lowercase()),
            _ => out.push_str(&text),
        }
    }
    out
}

/// Reads an instant by a pattern; all of the text has to fit.
pub fn parse(pattern: &str, text: &str) -> Option<Civil> {
    let mut reading = Reading {
        rest: text,
        found: Civil {
            year: 1900,
            month: 1,
            day: 0,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            weekday: 0,
        },
        afternoon: None,
        offset: 0,
        day_of_year: None,
        instant: None,
    };
    reading.pattern(pattern, 0)?;
    if !reading.rest.is_empty() {
        return None;
    }
    reading.settled()
}

struct Reading<'t> {
    rest: &'t str,
    found: Civil,
    afternoon: Option<bool>,
    /// Seconds east of UTC.
    offset: i64,
    day_of_year: Option<i64>,
    instant: Option<i64>,
}

impl Reading<'_> {
    fn number(&mut self, most: usize) -> Option<i64> {
        let text = self.rest.trim_start_matches(' ');
        let digits = text
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let number = text.get(..digits)?.parse().ok()?;
        self.rest = text.get(digits..)?;
        Some(number)
    }

    fn part(&mut self, most: usize, from: i64, to: i64) -> Option<u8> {
        let number = self.number(most)?;
        (from..=to).contains(&number).then_some(number as u8)
    }

    fn name(&mut self, names: &[&str]) -> Option<usize> {
        for (at, name) in names.iter().enumerate() {
            for name in [name, name.get(..3)?] {
                let lead = self.rest.get(..name.len());
                if lead.is_some_and(|l| l.eq_ignore_ascii_case(name)) {
                    self.rest = self.rest.get(name.len()..)?;
                    return Some(at);
                }
            }
        }
        None
    }

    fn pattern(&mut self, pattern: &str, depth: usize) -> Option<()> {
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                self.rest = self.rest.trim_start();
                continue;
            }
            if c != '%' {
                self.rest = self.rest.strip_prefix(c)?;
                continue;
            }
            match chars.next()? {
                'Y' => self.found.year = self.number(4)?,
                'y' => {
                    let year = self.number(2)?;
                    self.found.year = year + if year < 69 { 2000 } else { 1900 };
                }
                'm' => self.found.month = self.part(2, 1, 12)?,
                'd' | 'e' => self.found.day = self.part(2, 1, 31)?,
                'H' | 'k' => self.found.hour = self.part(2, 0, 23)?,
                'I' | 'l' => self.found.hour = self.part(2, 1, 12)? % 12,
                'M' => self.found.minute = self.part(2, 0, 59)?,
                'S' => self.found.second = self.part(2, 0, 60)?,
                'j' => self.day_of_year = Some(self.number(3)?),
                'p' | 'P' => match self.name(&["AM ", "PM "]) {
                    Some(at) => self.afternoon = Some(at == 1),
                    None => {
                        let lead = self.rest.get(..2)?;
                        self.afternoon = Some(lead.eq_ignore_ascii_case("PM"));
                        self.rest = self.rest.get(2..)?;
                    }
                },
                'a' | 'A' => {
                    self.name(&DAYS)?;
                }
                'b' | 'B' | 'h' => self.found.month = self.name(&MONTHS)? as u8 + 1,
                'T' => self.nested("%H:%M:%S", depth)?,
                'R' => self.nested("%H:%M", depth)?,
                'F' => self.nested("%Y-%m-%d", depth)?,
                'D' => self.nested("%m/%d/%y", depth)?,
                'c' => self.nested("%a %b %e %H:%M:%S %Y", depth)?,
                's' => self.instant = Some(self.number(12)?),
                'z' => self.zone()?,
                'Z' => {
                    let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic);
                    let letters = letters.count();
                    self.rest = self.rest.get(letters..)?;
                }
                'n' | 't' => self.rest = self.rest.trim_start(),
                '%' => self.rest = self.rest.strip_prefix('%')?,
                _ => return None,
            }
        }
        Some(())
    }

    fn nested(&mut self, pattern: &str, depth: usize) -> Option<()> {
        match depth > 3 {
            true => None,
            false => self.pattern(pattern, depth + 1),
        }
    }

    fn zone(&mut self) -> Option<()> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some(());
        }
        let east = match self.rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        self.rest = self.rest.get(1..)?;
        let hours = self.number(2)?;
        self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
        let minutes = self.number(2).unwrap_or(0);
        self.offset = east * (hours * 3600 + minutes * 60);
        Some(())
    }

    fn settled(mut self) -> Option<Civil> {
        if let Some(seconds) = self.instant {
            return Some(civil_of(seconds));
        }
        if self.afternoon == Some(true) {
            self.found.hour += 12;
        }
        if let Some(day) = self.day_of_year {
            self.found.month = 1;
            self.found.day = 1;
            return Some(civil_of(seconds_of(&self.found) + (day - 1) * 86_400));
        }
        if self.found.day > days_in_month(self.found.year, self.found.month) {
            return None;
        }
        // Without a day it is the one before the first, as in C.
        Some(civil_of(seconds_of(&self.found) - self.offset))
    }
}

#[cfg(test)]
mod tests {
    use super::{format, parse};
    use crate::api::rfc3339::{civil_of, seconds_of};

    #[test]
    fn instants_by_pattern() {
        let at = civil_of(1_425_599_621);
        for (pattern, expected) in [
            ("%Y-%m-%dT%H:%M:%SZ", "2015-03-05T23:53:41Z"),
            ("%A, %B %d, %Y", "Thursday, March 05, 2015"),
            ("%a %b %e %l:%M %p", "Thu Mar  5 11:53 PM"),
            ("%j %u %w %V %U %W", "064 4 4 10 09 09"),
            ("%-d/%-m/%y %s", "5/3/15 1425599621"),
            ("%F %T %z %:z %Z", "2015-03-05 23:53:41 +0000 +00:00 UTC"),
            ("100%% %Q %", "100% %Q %"),
        ] {
            assert_eq!(format(pattern, &at), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for (pattern, text, expected) in [
            (
                "%Y-%m-%dT%H:%M:%SZ",
                "2015-03-05T23:51:47Z",
                Some(1_425_599_507),
            ),
            ("%d %b %Y", "5 Mar 2015", Some(1_425_513_600)),
            (
                "%Y-%m-%d %I:%M %p",
                "2015-03-05 11:51 PM",
                Some(1_425_599_460),
            ),
            (
                "%Y-%m-%dT%H:%M:%S%z",
                "2015-03-05T23:51:47+01:00",
                Some(1_425_595_907),
            ),
            ("%Y-%m-%d", "2015-02-30", None),
            ("%Y-%m-%d", "2015-02-03x", None),
            ("%Y", "x", None),
        ] {
            let found = parse(pattern, text).map(|c| seconds_of(&c));
            assert_eq!(found, expected, "{pattern} {text}");
        }
    }
}
