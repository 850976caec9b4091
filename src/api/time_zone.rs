//! Time zones by name, for the schedules of CronJobs.
//!
//! Divergence: upstream has the whole tz database. Here are the zones in use today with their present
//! offsets and rules for summer time; how clocks were set in the past does not matter to a schedule.

use super::rfc3339::{civil_of, month_begins};

/// How far a place's clocks are from UTC, and when they are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone {
    minutes: i64,
    summer: Summer,
}

/// When clocks go forward by an hour, and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summer {
    Never,
    /// Everywhere at 01:00 UTC, the last Sundays of March and October.
    Europe,
    /// At 02:00, the second Sunday of March and the first of November.
    America,
    /// At 02:00, the first Sundays of October and April.
    Australia,
    /// At 02:00, the last Sunday of September and the first of April.
    NewZealand,
    /// At midnight, the Sundays after the 1st of September and of April.
    Chile,
}
use Summer::{America, Australia, Chile, Europe, Never, NewZealand};

const ZONES: &[(i64, Summer, &str)] = &[
    (
        0,
        Never,
        "UTC Etc/UTC GMT Etc/GMT Africa/Abidjan Africa/Accra Africa/Dakar Atlantic/Reykjavik",
    ),
    (
        0,
        Europe,
        "Europe/London Europe/Dublin Europe/Lisbon Europe/Belfast Atlantic/Canary Atlantic/Madeira GB WET",
    ),
    (
        60,
        Europe,
        "Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome Europe/Amsterdam Europe/Brussels Europe/Vienna Europe/Zurich Europe/Stockholm Europe/Oslo Europe/Copenhagen Europe/Prague Europe/Warsaw Europe/Budapest Europe/Belgrade Europe/Zagreb Europe/Ljubljana Europe/Bratislava Europe/Luxembourg Europe/Monaco Europe/Malta Europe/Tirane Europe/Skopje Europe/Sarajevo Europe/Andorra Europe/Vaduz CET MET",
    ),
    (
        60,
        Never,
        "Africa/Lagos Africa/Algiers Africa/Tunis Africa/Casablanca Africa/Kinshasa Africa/Luanda",
    ),
    (
        120,
        Europe,
        "Europe/Athens Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Bucharest Europe/Sofia Europe/Vilnius Europe/Riga Europe/Tallinn Asia/Nicosia EET",
    ),
    (
        120,
        Never,
        "Africa/Johannesburg Africa/Harare Africa/Maputo Africa/Tripoli Africa/Khartoum Europe/Kaliningrad",
    ),
    (
        180,
        Never,
        "Europe/Moscow Europe/Istanbul Europe/Minsk Asia/Istanbul Asia/Riyadh Asia/Baghdad Asia/Kuwait Asia/Qatar Asia/Amman Asia/Damascus Africa/Nairobi Africa/Addis_Ababa Turkey",
    ),
    (210, Never, "Asia/Tehran Iran"),
    (
        240,
        Never,
        "Asia/Dubai Asia/Baku Asia/Tbilisi Asia/Yerevan Europe/Samara Indian/Mauritius",
    ),
    (270, Never, "Asia/Kabul"),
    (
        300,
        Never,
        "Asia/Karachi Asia/Tashkent Asia/Almaty Asia/Yekaterinburg Indian/Maldives",
    ),
    (330, Never, "Asia/Kolkata Asia/Calcutta Asia/Colombo"),
    (345, Never, "Asia/Kathmandu Asia/Katmandu"),
    (360, Never, "Asia/Dhaka Asia/Omsk Asia/Bishkek Asia/Thimphu"),
    (390, Never, "Asia/Yangon Asia/Rangoon"),
    (
        420,
        Never,
        "Asia/Bangkok Asia/Jakarta Asia/Ho_Chi_Minh Asia/Saigon Asia/Novosibirsk Asia/Krasnoyarsk",
    ),
    (
        480,
        Never,
        "Asia/Shanghai Asia/Hong_Kong Asia/Singapore Asia/Taipei Asia/Manila Asia/Kuala_Lumpur Asia/Macau Asia/Chongqing Asia/Ulaanbaatar Asia/Irkutsk Australia/Perth PRC ROC Hongkong Singapore",
    ),
    (
        540,
        Never,
        "Asia/Tokyo Asia/Seoul Asia/Pyongyang Asia/Yakutsk Japan ROK",
    ),
    (570, Australia, "Australia/Adelaide Australia/Broken_Hill"),
    (570, Never, "Australia/Darwin"),
    (
        600,
        Australia,
        "Australia/Sydney Australia/Melbourne Australia/Hobart Australia/Canberra Australia/ACT Australia/NSW Australia/Victoria",
    ),
    (
        600,
        Never,
        "Australia/Brisbane Asia/Vladivostok Pacific/Guam Pacific/Port_Moresby",
    ),
    (
        660,
        Never,
        "Asia/Magadan Pacific/Noumea Pacific/Guadalcanal",
    ),
    (720, NewZealand, "Pacific/Auckland Antarctica/McMurdo NZ"),
    (720, Never, "Pacific/Fiji Asia/Kamchatka"),
    (780, Never, "Pacific/Tongatapu Pacific/Apia"),
    (-60, Europe, "Atlantic/Azores"),
    (-60, Never, "Atlantic/Cape_Verde"),
    (
        -180,
        Never,
        "America/Sao_Paulo America/Buenos_Aires America/Argentina/Buenos_Aires America/Montevideo America/Bahia America/Fortaleza America/Recife Brazil/East",
    ),
    (-210, America, "America/St_Johns Canada/Newfoundland"),
    (
        -240,
        America,
        "America/Halifax Atlantic/Bermuda Canada/Atlantic",
    ),
    (
        -240,
        Never,
        "America/Caracas America/La_Paz America/Manaus America/Puerto_Rico America/Santo_Domingo",
    ),
    (-240, Chile, "America/Santiago Chile/Continental"),
    (
        -300,
        America,
        "America/New_York America/Toronto America/Detroit America/Montreal America/Nassau America/Indiana/Indianapolis US/Eastern US/Michigan Canada/Eastern EST5EDT",
    ),
    (
        -300,
        Never,
        "America/Bogota America/Lima America/Panama America/Jamaica America/Guayaquil America/Cancun EST",
    ),
    (
        -360,
        America,
        "America/Chicago America/Winnipeg America/Menominee US/Central Canada/Central CST6CDT",
    ),
    (
        -360,
        Never,
        "America/Mexico_City America/Costa_Rica America/Guatemala America/El_Salvador America/Managua America/Tegucigalpa America/Regina America/Monterrey",
    ),
    (
        -420,
        America,
        "America/Denver America/Edmonton America/Boise US/Mountain Canada/Mountain MST7MDT",
    ),
    (
        -420,
        Never,
        "America/Phoenix America/Hermosillo US/Arizona MST",
    ),
    (
        -480,
        America,
        "America/Los_Angeles America/Vancouver America/Tijuana US/Pacific Canada/Pacific PST8PDT",
    ),
    (-540, America, "America/Anchorage America/Juneau US/Alaska"),
    (-600, Never, "Pacific/Honolulu US/Hawaii HST"),
    (-660, Never, "Pacific/Pago_Pago Pacific/Midway US/Samoa"),
];

impl TimeZone {
    pub const UTC: TimeZone = TimeZone {
        minutes: 0,
        summer: Never,
    };

    /// The zone of a name; the empty name is UTC.
    pub fn find(name: &str) -> Option<TimeZone> {
        if name.is_empty() {
            return Some(TimeZone::UTC);
        }
        if let Some(zone) = fixed(name) {
            return Some(zone);
        }
        let (minutes, summer, _) = ZONES
            .iter()
            .find(|(_, _, names)| names.split(' ').any(|n| n == name))?;
        Some(TimeZone {
            minutes: *minutes,
            summer: *summer,
        })
    }

    /// How many seconds the clocks are ahead of UTC at an instant.
    pub fn offset(&self, at: i64) -> i64 {
        let standard = self.minutes * 60;
        let year = civil_of(at + standard).year;
        // (month, which Sunday, second of the day in UTC) of the change to summer time, and back.
        let ((from_month, from_nth, from), (to_month, to_nth, to)) = match self.summer {
            Never => return standard,
            Europe => ((3, LAST, 3600), (10, LAST, 3600)),
            America => ((3, 2, 7200 - standard), (11, 1, 3600 - standard)),
            Australia => ((10, 1, 7200 - standard), (4, 1, 7200 - standard)),
            NewZealand => ((9, LAST, 7200 - standard), (4, 1, 7200 - standard)),
            Chile => (
                (9, AFTER_FIRST, -standard),
                (4, AFTER_FIRST, -3600 - standard),
            ),
        };
        let begins = sunday(year, from_month, from_nth) + from;
        let ends = sunday(year, to_month, to_nth) + to;
        let summer = match begins < ends {
            true => (begins..ends).contains(&at),
            false => at >= begins || at < ends,
        };
        standard + if summer { 3600 } else { 0 }
    }
}

const LAST: i64 = 0;
/// The Sunday on the 2nd to the 8th.
const AFTER_FIRST: i64 = -1;

/// `Etc/GMT+5` is five hours behind: the sign is POSIX's.
fn fixed(name: &str) -> Option<TimeZone> {
    let rest = name.strip_prefix("Etc/GMT")?;
    let hours: i64 = rest.parse().ok().filter(|h| (-14..=12).contains(h))?;
    rest.starts_with(['+', '-']).then_some(TimeZone {
        minutes: -hours * 60,
        summer: Never,
    })
}

/// Midnight, as UTC has it, of a Sunday of a month.
fn sunday(year: i64, month: u8, nth: i64) -> i64 {
    let weekday = |at: i64| i64::from(civil_of(at).weekday);
    const DAY: i64 = 86_400;
    if nth == LAST {
        let next = match month {
            12 => month_begins(year + 1, 1),
            month => month_begins(year, month + 1),
        };
        let last = next - DAY;
        return last - weekday(last) * DAY;
    }
    let start = month_begins(year, month) + if nth == AFTER_FIRST { DAY } else { 0 };
    let sunday = start + (7 - weekday(start)) % 7 * DAY;
    sunday + (nth.max(1) - 1) * 7 * DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rfc3339::{SECOND, parse_time};

    #[test]
    fn clocks_are_changed_when_they_should_be() {
        for (zone, at, hours) in [
            ("Europe/Berlin", "2026-03-29T00:59:59Z", 1),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", 2),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", 2),
            ("Europe/Berlin", "2026-10-25T01:00:00Z", 1),
            ("America/New_York", "2026-03-08T06:59:59Z", -5),
            ("America/New_York", "2026-03-08T07:00:00Z", -4),
            ("America/New_York", "2026-11-01T05:59:59Z", -4),
            ("America/New_York", "2026-11-01T06:00:00Z", -5),
            ("Australia/Sydney", "2026-01-01T00:00:00Z", 11),
            ("Australia/Sydney", "2026-04-04T15:59:59Z", 11),
            ("Australia/Sydney", "2026-04-04T16:00:00Z", 10),
            ("Asia/Tokyo", "2026-07-01T00:00:00Z", 9),
            ("Etc/GMT+5", "2026-07-01T00:00:00Z", -5),
        ] {
            let found = TimeZone::find(zone).expect("a zone");
            let at = parse_time(at).expect("a time") / SECOND;
            assert_eq!(found.offset(at), hours * 3600, "{zone} {at}");
        }
        assert_eq!(TimeZone::find("Mars/Base"), None);
        assert_eq!(TimeZone::find("Etc/GMTx"), None);
    }
}
