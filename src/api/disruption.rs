//! What the API server, the scheduler and the disruption controller ask of disruption budgets
//! (`k8s.io/kubernetes/pkg/apis/policy`, `pkg/controller/disruption`).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time as ApiTime};

use super::selector::Selector;

pub const DISRUPTION_ALLOWED: &str = "DisruptionAllowed";
pub const SYNC_FAILED: &str = "SyncFailed";

/// Whether the budget is about the pod. An empty selector means every pod, none at all no pod.
pub fn covers(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    if budget.metadata.namespace != pod.metadata.namespace {
        return false;
    }
    let selector = budget.spec.as_ref().and_then(|s| s.selector.as_ref());
    selector.is_some()
        && Selector::from_api(selector)
            .is_ok_and(|s| s.matches(pod.metadata.labels.as_ref().unwrap_or(&NONE)))
}

/// Puts the condition that the numbers stand for; its time changes when its status does.
pub fn set_allowed_condition(budget: &mut PodDisruptionBudget, now: ApiTime) {
    let status = budget.status.get_or_insert_default();
    let allowed = status.disruptions_allowed.unwrap_or_default() > 0;
    let reason = match allowed {
        true => "SufficientPods",
        false => "InsufficientPods",
    };
    set_condition(budget, allowed, reason, "", now);
}

pub fn set_condition(
    budget: &mut PodDisruptionBudget,
    allowed: bool,
    reason: &str,
    message: &str,
    now: ApiTime,
) {
    let status = budget.status.get_or_insert_default();
    let word = if allowed { "True" } else { "False" };
    let observed = status.observed_generation;
    let conditions = status.conditions.get_or_insert_default();
    let old = conditions
        .iter_mut()
        .find(|c| c.type_ == DISRUPTION_ALLOWED);
    let since = match &old {
        Some(old) if old.status == word => old.last_transition_time.clone(),
        _ => now,
    };
    let new = Condition {
        type_: DISRUPTION_ALLOWED.to_owned(),
        status: word.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: since,
        observed_generation: observed,
    };
    match old {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

pub fn condition(budget: &PodDisruptionBudget) -> Option<&Condition> {
    let conditions = budget.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|c| c.type_ == DISRUPTION_ALLOWED)
}

pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|c| c.type_ == "Ready" && c.status == "True")
}

/// Says in the pod's status that it is to go, and why.
pub fn mark_target(pod: &mut Pod, reason: &str, message: &str, now: ApiTime) {
    let observed = pod.metadata.generation;
    let conditions = pod
        .status
        .get_or_insert_default()
        .conditions
        .get_or_insert_default();
    let condition = PodCondition {
        type_: "DisruptionTarget".to_owned(),
        status: "True".to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(now),
        observed_generation: observed,
        ..PodCondition::default()
    };
    match conditions.iter_mut().find(|c| c.type_ == condition.type_) {
        Some(old) => *old = condition.into(),
        None => conditions.push(condition.into()),
    }
}
