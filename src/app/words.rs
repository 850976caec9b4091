//! Times, shares and counts as the page says them.

use std::time::Duration;

use super::text::{Text, say};
use crate::sim::Time;

/// "2:07", "1:02:07": how far into the cluster's life.
pub fn clock(since_start: Duration) -> String {
    let secs = since_start.as_secs();
    let (hours, minutes, seconds) = (secs / 3600, secs / 60 % 60, secs % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// As [`clock`], with tenths of a second: for slow motion.
pub fn fine_clock(since_start: Duration) -> String {
    format!(
        "{}.{}",
        clock(since_start),
        since_start.subsec_millis() / 100
    )
}

/// "4 s", "3 min 20 s", "2 h 5 min": a span in a sentence.
pub fn span(duration: Duration) -> Text {
    let secs = duration.as_secs();
    match secs {
        0 => say!("time.ms", n = duration.subsec_millis()),
        1..60 => say!("time.s", n = secs),
        60..3600 if secs.is_multiple_of(60) => say!("time.min", n = secs / 60),
        60..3600 => say!("time.min.s", min = secs / 60, s = secs % 60),
        _ if (secs / 60).is_multiple_of(60) => say!("time.h", n = secs / 3600),
        _ => say!("time.h.min", h = secs / 3600, min = secs / 60 % 60),
    }
}

/// "12 s ago", "now".
pub fn ago(then: Time, now: Time) -> Text {
    let since = now.since(then);
    if since < Duration::from_secs(1) {
        say!("time.now")
    } else {
        say!("time.ago", span = span(since))
    }
}

/// The length of a scale that holds `span`: round, and with room to grow, so that marks on it stand
/// still while time goes on.
pub fn scale(span: Duration) -> Duration {
    const MINUTES: [u64; 14] = [
        2, 4, 8, 12, 20, 40, 60, 120, 240, 480, 960, 1440, 2880, 10_080,
    ];
    let secs = span.as_secs();
    let minutes = MINUTES
        .into_iter()
        .find(|m| secs < m * 60)
        .unwrap_or_else(|| (secs / 60 / 10_080 + 1) * 10_080);
    Duration::from_secs(minutes * 60)
}

/// CPUs: "0.25", "4".
pub fn cpus(milli: i64) -> Text {
    Text::fraction(milli, 3)
}

/// Bytes in binary units: "128 MiB", "7.8 GiB".
pub fn bytes(bytes: i64) -> Text {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = bytes.max(0).saturating_mul(10);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    let number = if tenths >= 1000 {
        Text::fraction(tenths / 10, 0)
    } else {
        Text::fraction(tenths, 1)
    };
    Text::Row([number, " ".into(), name.into()].into())
}

/// A share in per cent, never rounded up to all or down to nothing: "99.9 %".
pub fn percent(part: u64, whole: u64) -> Text {
    if whole == 0 {
        return "–".into();
    }
    let tenths = part.saturating_mul(1000) / whole;
    let tenths = if part > 0 { tenths.max(1) } else { tenths };
    let tenths = i64::try_from(tenths.min(1000)).unwrap_or(1000);
    say!("percent", n = Text::fraction(tenths, 1))
}

/// The last part of a generated name, which tells siblings apart; the whole name when it is not
/// generated, or short and only numbered. A name that grew too long was cut to make room for its last five letters.
pub fn short_name<'n>(name: &'n str, owner: &str) -> &'n str {
    match name.strip_prefix(owner).and_then(|r| r.strip_prefix('-')) {
        Some(rest) if rest.bytes().all(|b| b.is_ascii_digit()) && name.len() <= NUMBERED => name,
        Some(rest) if !owner.is_empty() && !rest.is_empty() => rest,
        _ => match name.split_at_checked(GENERATED_FROM) {
            Some((cut, rest)) if rest.len() == 5 && format!("{owner}-").starts_with(cut) => rest,
            _ => name,
        },
    }
}

/// How long a name can be that stands on a tile as it is, if a number is all that it has of its own: `db-0`.
const NUMBERED: usize = 10;

/// What the API server leaves of `generateName`, so that a name is a label too.
const GENERATED_FROM: usize = 58;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{millis, secs};

    #[test]
    fn clocks_and_spans() {
        assert_eq!(clock(secs(127)), "2:07");
        assert_eq!(clock(secs(3727)), "1:02:07");
        assert_eq!(fine_clock(millis(61_250)), "1:01.2");
        assert_eq!(span(millis(250)).english(), "250 ms");
        assert_eq!(span(secs(200)).english(), "3 min 20 s");
        assert_eq!(span(secs(7200)).english(), "2 h");
        assert_eq!(ago(Time(0), Time(0) + secs(61)).english(), "1 min 1 s ago");
    }

    #[test]
    fn a_scale_always_has_room() {
        for secs_lived in [0, 119, 120, 86_399, 700_000, 10_000_000] {
            let whole = scale(secs(secs_lived));
            assert!(whole > secs(secs_lived), "{secs_lived}");
        }
        assert_eq!(scale(secs(100)), secs(120));
    }

    #[test]
    fn amounts_carry_units() {
        assert_eq!(cpus(250).english(), "0.25");
        assert_eq!(cpus(4000).english(), "4");
        assert_eq!(bytes(128 << 20).english(), "128 MiB");
        assert_eq!(bytes((8 << 30) - (200 << 20)).english(), "7.8 GiB");
        assert_eq!(bytes(0).english(), "0 B");
    }

    #[test]
    fn a_single_failure_is_not_rounded_away() {
        assert_eq!(percent(9999, 10_000).english(), "99.9 %");
        assert_eq!(percent(10, 10).english(), "100 %");
        assert_eq!(percent(1, 10_000).english(), "0.1 %");
        assert_eq!(percent(0, 0).english(), "–");
    }

    #[test]
    fn generated_names_are_shortened_to_what_differs() {
        assert_eq!(short_name("web-5d8f-abcde", "web-5d8f"), "abcde");
        assert_eq!(short_name("web", "other"), "web");
        assert_eq!(short_name("db-0", "db"), "db-0");
        assert_eq!(short_name("a-long-database-12", "a-long-database"), "12");
        assert_eq!(short_name("web", ""), "web");
        let owner = format!("{}-5d8f", "a".repeat(63));
        let pod = format!("{}x2bcd", "a".repeat(58));
        assert_eq!(short_name(&pod, &owner), "x2bcd");
        assert_eq!(short_name(&pod, "other"), pod);
    }
}
