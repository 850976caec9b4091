//! What Go says of a text that is no time (`time.Parse`).

/// The layout of `metav1.Time`.
pub const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
/// The layout of `metav1.MicroTime`.
pub const MICROSECONDS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// An element of a layout: what stands before it, how it is written, its bounds, and its name.
type Element = (&'static str, &'static str, u32, u32, &'static str);

const ELEMENTS: [Element; 6] = [
    ("", "2006", 0, 9999, "year"),
    ("-", "01", 1, 12, "month"),
    ("-", "02", 1, 31, "day"),
    ("T", "15", 0, 23, "hour"),
    (":", "04", 0, 59, "minute"),
    (":", "05", 0, 59, "second"),
];

/// Why `text` is no time of a layout; `None` if it is one.
pub fn time_error(text: &str, layout: &str) -> Option<String> {
    let cannot = |rest: &str, element: &str| {
        Some(format!(
            "parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {element:?}"
        ))
    };
    let out_of_range = |what: &str| Some(format!("parsing time {text:?}: {what} out of range"));
    let digits = |rest: &str, count: usize| {
        let number = rest.get(..count)?;
        let all = number.bytes().all(|b| b.is_ascii_digit());
        all.then(|| number.parse::<u32>().ok()).flatten()
    };
    let mut rest = text;
    let mut read = [0; ELEMENTS.len()];
    for (i, (before, element, low, high, name)) in ELEMENTS.into_iter().enumerate() {
        let Some(behind) = rest.strip_prefix(before) else {
            return cannot(rest, before);
        };
        let Some(number) = digits(behind, element.len()) else {
            return cannot(behind, element);
        };
        rest = behind.get(element.len()..).unwrap_or_default();
        // Whether a month has that day is asked when all is read.
        if name != "day" && !(low..=high).contains(&number) {
            return out_of_range(name);
        }
        if let Some(place) = read.get_mut(i) {
            *place = number;
        }
    }
    let fraction = rest.strip_prefix(['.', ',']).map(|behind| {
        let end = behind.find(|c: char| !c.is_ascii_digit());
        behind.split_at(end.unwrap_or(behind.len()))
    });
    match (layout == MICROSECONDS, fraction) {
        (true, Some((six, behind))) if six.len() >= 6 => {
            rest = six
                .get(6..)
                .filter(|more| !more.is_empty())
                .map_or(behind, |_| rest.get(7..).unwrap_or_default());
        }
        (true, _) => return cannot(rest, ".000000"),
        (false, Some((some, behind))) if !some.is_empty() => rest = behind,
        (false, _) => {}
    }
    if let Some(behind) = rest.strip_prefix('Z') {
        rest = behind;
    } else {
        let zone = rest.get(..6).filter(|zone| {
            zone.starts_with(['+', '-'])
                && zone.get(3..4) == Some(":")
                && digits(zone.get(1..).unwrap_or_default(), 2).is_some()
                && digits(zone.get(4..).unwrap_or_default(), 2).is_some()
        });
        match zone {
            Some(_) => rest = rest.get(6..).unwrap_or_default(),
            None => return cannot(rest, "Z07:00"),
        }
    }
    if !rest.is_empty() {
        return Some(format!("parsing time {text:?}: extra text: {rest:?}"));
    }
    let [year, month, day, ..] = read;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    match (1..=days).contains(&day) {
        true => None,
        false => out_of_range("day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_that_does_not_fit_is_named() {
        let rows = [
            ("yesterday", Some("cannot parse \"yesterday\" as \"2006\"")),
            ("2020-01-01", Some("cannot parse \"\" as \"T\"")),
            (
                "2020-01-01 10:00:00",
                Some("cannot parse \" 10:00:00\" as \"T\""),
            ),
            (
                "2020-1-01T00:00:00Z",
                Some("cannot parse \"1-01T00:00:00Z\" as \"01\""),
            ),
            (
                "2020-01-01T00:00:00",
                Some("cannot parse \"\" as \"Z07:00\""),
            ),
            ("2020-01-01T00:00:00Z", None),
            ("2020-01-01T00:00:00.5+01:00", None),
        ];
        for (text, said) in rows {
            let expected = said.map(|said| format!("parsing time {text:?} as {SECONDS:?}: {said}"));
            assert_eq!(time_error(text, SECONDS), expected, "{text}");
        }
        for (text, said) in [
            ("2020-13-01T00:00:00Z", "month out of range"),
            ("2020-02-30T00:00:00Z", "day out of range"),
            ("2020-02-20T25:00:00Z", "hour out of range"),
            ("2020-02-20T20:00:00Zx", "extra text: \"x\""),
        ] {
            let expected = format!("parsing time {text:?}: {said}");
            assert_eq!(time_error(text, SECONDS), Some(expected));
        }
        assert_eq!(
            time_error("2020-01-01T00:00:00.123456Z", MICROSECONDS),
            None
        );
        assert_eq!(
            time_error("2020-01-01T00:00:00Z", MICROSECONDS),
            Some(format!(
                "parsing time \"2020-01-01T00:00:00Z\" as {MICROSECONDS:?}: cannot parse \"Z\" as \".000000\""
            ))
        );
    }
}
