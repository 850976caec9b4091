//! How many pods of an application may be away at a time, as far as people and tools decide it.
//!
//! Models `k8s.io/kubernetes/pkg/apis/policy/validation/validation.go` and
//! `pkg/registry/policy/poddisruptionbudget/strategy.go`.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget as Kind, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::KindInfo;
use super::workload::{number_or_percent, percent};
use crate::api::field::{Errors, Path, quote};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{label_selector, not_negative};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "policy",
    version: "v1",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short_names: &["pdb"],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    prefix: "poddisruptionbudgets",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn needs_revision(&self) -> bool {
        true
    }

    fn default(&self, budget: &mut Kind) {
        budget.spec.get_or_insert_default();
        // These are always written.
        let status = budget.status.get_or_insert_default();
        for count in [
            &mut status.current_healthy,
            &mut status.desired_healthy,
            &mut status.disruptions_allowed,
            &mut status.expected_pods,
        ] {
            count.get_or_insert(0);
        }
    }

    fn prepare_for_create(&self, budget: &mut Kind) {
        budget.status = None;
        self.default(budget);
        budget.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, budget: &Kind) -> Errors {
        let mut errors = Errors::default();
        let empty = PodDisruptionBudgetSpec::default();
        let spec = budget.spec.as_ref().unwrap_or(&empty);
        let path = Path::new("spec");
        if spec.min_available.is_some() && spec.max_unavailable.is_some() {
            let detail = "minAvailable and maxUnavailable cannot be both set";
            errors.invalid_raw(&path, &printed(spec), detail);
        }
        for (field, value) in [
            ("minAvailable", &spec.min_available),
            ("maxUnavailable", &spec.max_unavailable),
        ] {
            let Some(value) = value else { continue };
            let path = path.child(field);
            number_or_percent(value, &path, &mut errors);
            if percent(value).is_some_and(|p| p > 100) {
                errors.invalid_json(&path, value, "must not be greater than 100%");
            }
        }
        label_selector(spec.selector.as_ref(), &path.child("selector"), &mut errors);
        if let Some(policy) = spec.unhealthy_pod_eviction_policy.as_deref() {
            let known = ["AlwaysAllow", "IfHealthyBudget"];
            if !known.contains(&policy) {
                let path = path.child("unhealthyPodEvictionPolicy");
                errors.not_supported(&path, policy, &known);
            }
        }
        errors
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("status");
        if let Some(status) = &new.status {
            for (field, count) in [
                ("disruptionsAllowed", status.disruptions_allowed),
                ("currentHealthy", status.current_healthy),
                ("desiredHealthy", status.desired_healthy),
                ("expectedPods", status.expected_pods),
            ] {
                not_negative(count.unwrap_or_default(), &path.child(field), &mut errors);
            }
        }
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Min Available"),
            column("Max Unavailable"),
            column("Allowed Disruptions"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, budget: &Kind, now: Time) -> Vec<String> {
        let spec = budget.spec.as_ref();
        let shown = |value: Option<&IntOrString>| match value {
            Some(IntOrString::Int(number)) => number.to_string(),
            Some(IntOrString::String(text)) => text.clone(),
            None => "N/A".to_owned(),
        };
        let status = budget.status.as_ref();
        let allowed = status
            .and_then(|s| s.disruptions_allowed)
            .unwrap_or_default();
        vec![
            budget.metadata.name.clone().unwrap_or_default(),
            shown(spec.and_then(|s| s.min_available.as_ref())),
            shown(spec.and_then(|s| s.max_unavailable.as_ref())),
            allowed.to_string(),
            age(&budget.metadata, now),
        ]
    }
}

/// The spec as upstream's own type prints it.
fn printed(spec: &PodDisruptionBudgetSpec) -> String {
    let number = |value: &Option<IntOrString>| match value {
        None => "null".to_owned(),
        Some(IntOrString::Int(number)) => number.to_string(),
        Some(IntOrString::String(text)) => quote(text),
    };
    let selector = match &spec.selector {
        None => "null".to_owned(),
        Some(selector) => crate::api::codec::encode(selector).to_string(),
    };
    let policy = spec.unhealthy_pod_eviction_policy.as_deref();
    format!(
        "{{\"MinAvailable\":{},\"Selector\":{selector},\"MaxUnavailable\":{},\"UnhealthyPodEvictionPolicy\":{}}}",
        number(&spec.min_available),
        number(&spec.max_unavailable),
        policy.map_or("null".to_owned(), quote)
    )
}
