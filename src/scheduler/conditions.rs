//! Conditions of a pod, as the scheduler writes them (`pkg/api/v1/pod` UpdatePodCondition).

use k8s_openapi::api::core::v1::{Pod, PodCondition};

use crate::api::time::api_time;
use crate::sim::Time;

/// Sets a condition; the time of the transition moves only with its status. Tells whether
/// anything changed.
pub fn set_condition(
    pod: &mut Pod,
    now: Time,
    type_: &str,
    status: &str,
    reason: Option<&str>,
    message: Option<&str>,
) -> bool {
    let observed_generation = pod.metadata.generation;
    let conditions = &mut pod.status.get_or_insert_default().conditions;
    let conditions = conditions.get_or_insert_default();
    let mut condition = PodCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
        message: message.map(str::to_owned),
        last_transition_time: Some(api_time(now)),
        last_probe_time: None,
        observed_generation,
    };
    match conditions.iter_mut().find(|c| c.type_ == type_) {
        Some(old) => {
            if old.status == condition.status {
                condition.last_transition_time = old.last_transition_time.clone();
            }
            if **old == condition {
                return false;
            }
            *old = condition.into();
        }
        None => conditions.push(condition.into()),
    }
    true
}
