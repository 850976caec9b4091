//! Times of the API and of the virtual clock, converted.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time as ApiTime};
use k8s_openapi::jiff::Timestamp;

use crate::sim::Time;

fn timestamp(time: Time) -> Timestamp {
    Timestamp::new(time.unix_secs(), time.subsec_nanos() as i32).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// As `metav1.Time`: whole seconds.
pub fn api_time(time: Time) -> ApiTime {
    ApiTime(timestamp(time.truncate_to_secs()))
}

/// As `metav1.MicroTime`.
pub fn micro_time(time: Time) -> MicroTime {
    MicroTime(timestamp(Time(time.0 - time.0 % 1000)))
}

/// The virtual time of an API time.
pub fn from_api(time: &ApiTime) -> Time {
    Time::from_unix(time.0.as_second(), time.0.subsec_nanosecond().max(0) as u32)
}

pub fn from_micro(time: &MicroTime) -> Time {
    Time::from_unix(time.0.as_second(), time.0.subsec_nanosecond().max(0) as u32)
}

/// How old an object is, as a table's AGE column shows it.
pub fn age(meta: &ObjectMeta, now: Time) -> String {
    age_since(meta.creation_timestamp.as_ref(), now)
}

/// The time since `then` as a table shows it; `<unknown>` when there is none.
pub fn age_since(then: Option<&ApiTime>, now: Time) -> String {
    match then {
        Some(then) => human_duration(now.since(from_api(then)).as_secs()),
        None => "<unknown>".to_owned(),
    }
}

/// `k8s.io/apimachinery/pkg/util/duration.HumanDuration`, for whole seconds.
pub fn human_duration(secs: u64) -> String {
    let (minutes, hours, days) = (secs / 60, secs / 3600, secs / 86400);
    let pair = |big: u64, unit: char, small: u64, small_unit: char| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{small_unit}")
        }
    };
    match () {
        () if secs < 120 => format!("{secs}s"),
        () if minutes < 10 => pair(minutes, 'm', secs % 60, 's'),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => pair(hours, 'h', minutes % 60, 'm'),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => pair(days, 'd', hours % 24, 'h'),
        () if days < 730 => format!("{days}d"),
        () if days < 2920 => pair(days / 365, 'y', days % 365, 'd'),
        () => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_for_people() {
        for (secs, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (600, "10m"),
            (10799, "179m"),
            (10800, "3h"),
            (11100, "3h5m"),
            (28800, "8h"),
            (172800, "2d"),
            (691200, "8d"),
            (63072000, "2y"),
        ] {
            assert_eq!(human_duration(secs), text, "{secs}");
        }
    }
}
