//! Times of the API and of the virtual clock, converted.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time as ApiTime};
use k8s_openapi::jiff::Timestamp;

use super::rfc3339::human_duration;
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
        Some(then) => human_duration(now.since(from_api(then)).as_nanos() as i64),
        None => "<unknown>".to_owned(),
    }
}
