//! What a failed pod means, and which successes are enough (`pod_failure_policy.go`,
//! `success_policy.go`).

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    SuccessPolicy,
};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::indexes::Indexes;
use crate::api::Resource;
use crate::controllers::pods;

/// What is done about a failed pod.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No rule, or the rule says so: it counts.
    Count,
    Ignore,
    FailIndex,
    /// The job is over: why.
    FailJob(String),
}

impl Verdict {
    pub fn counts(&self) -> bool {
        *self != Verdict::Ignore
    }
}

/// Whether pods are replaced only when they have ended, and not while they end.
pub fn only_replaces_failed(spec: &JobSpec) -> bool {
    spec.pod_failure_policy.is_some() || spec.pod_replacement_policy.as_deref() == Some("Failed")
}

/// A pod that is being deleted has failed as well, unless its end is waited for.
pub fn is_failed(pod: &Pod, spec: &JobSpec) -> bool {
    match pods::phase(pod) {
        "Failed" => true,
        "Succeeded" => false,
        _ => !only_replaces_failed(spec) && pods::is_deleting(pod),
    }
}

/// The first rule that a failed pod matches decides.
pub fn judge(spec: &JobSpec, pod: &Pod) -> Verdict {
    let rules = spec.pod_failure_policy.iter().flat_map(|p| &p.rules);
    for (i, rule) in rules.enumerate() {
        let why = if let Some(codes) = &rule.on_exit_codes {
            container_with(pod, codes).map(|(name, code)| {
                format!(
                    "Container {name} for pod {}/{} failed with exit code {code} matching {} rule at index {i}",
                    pod.namespace(),
                    pod.name(),
                    rule.action
                )
            })
        } else {
            let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
            condition_of(pod, patterns).map(|type_| {
                format!(
                    "Pod {}/{} has condition {type_} matching {} rule at index {i}",
                    pod.namespace(),
                    pod.name(),
                    rule.action
                )
            })
        };
        if let Some(why) = why {
            return match rule.action.as_str() {
                "Ignore" => Verdict::Ignore,
                "FailIndex" => Verdict::FailIndex,
                "FailJob" => Verdict::FailJob(why),
                _ => Verdict::Count,
            };
        }
    }
    Verdict::Count
}

fn container_with(
    pod: &Pod,
    codes: &PodFailurePolicyOnExitCodesRequirement,
) -> Option<(String, i32)> {
    let status = pod.status.as_ref()?;
    let own = status.container_statuses.iter().flatten();
    let all = own.chain(status.init_container_statuses.iter().flatten());
    let ended = |c: &ContainerStatus| {
        let state = c.state.as_ref()?.terminated.as_ref()?;
        Some((c.name.clone(), state.exit_code))
    };
    all.filter_map(ended).find(|(name, code)| {
        let named = codes.container_name.as_ref().is_none_or(|n| n == name);
        let listed = codes.values.contains(code);
        named && *code != 0 && listed == (codes.operator == "In")
    })
}

fn condition_of(pod: &Pod, patterns: &[PodFailurePolicyOnPodConditionsPattern]) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let matches = |type_: &str, status: &str| {
        patterns
            .iter()
            .any(|p| p.type_ == type_ && p.status.as_deref().unwrap_or("True") == status)
    };
    let found = conditions.iter().find(|c| matches(&c.type_, &c.status));
    found.map(|c| c.type_.clone())
}

/// The words for the first rule that the succeeded indexes fulfil.
pub fn enough(
    policy: Option<&SuccessPolicy>,
    completions: i64,
    succeeded: &Indexes,
) -> Option<String> {
    if succeeded.total() == 0 {
        return None;
    }
    let rules = policy.iter().flat_map(|p| &p.rules);
    for (i, rule) in rules.enumerate() {
        let count = rule.succeeded_count.map(i64::from);
        let met = match &rule.succeeded_indexes {
            Some(text) => {
                let wanted = Indexes::parse(text, completions);
                let shared = succeeded.shared(&wanted);
                wanted.total() > 0 && shared >= count.unwrap_or(wanted.total())
            }
            None => count.is_some_and(|n| succeeded.total() >= n),
        };
        if met {
            return Some(format!("Matched rules at index {i}"));
        }
    }
    None
}
