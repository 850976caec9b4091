//! The rules of deployments.
//!
//! Models `k8s.io/kubernetes/pkg/apis/apps/validation/validation.go` ValidateDeployment.

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::codec::encode;
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::workload::{
    amount, immutable, number_or_percent, percent, selector_and_template, status_counts,
};
use crate::api::validation::not_negative;

pub(super) fn validate(deployment: &Deployment) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let empty = DeploymentSpec::default();
    let spec = deployment.spec.as_ref().unwrap_or(&empty);
    not_negative(
        spec.replicas.unwrap_or_default(),
        &path.child("replicas"),
        &mut errors,
    );
    selector_and_template(&spec.selector, Some(&spec.template), &path, &mut errors);
    if let Some(strategy) = &spec.strategy {
        self::strategy(strategy, &path.child("strategy"), &mut errors);
    }
    let min_ready = spec.min_ready_seconds.unwrap_or_default();
    not_negative(min_ready, &path.child("minReadySeconds"), &mut errors);
    if let Some(limit) = spec.revision_history_limit {
        not_negative(limit, &path.child("revisionHistoryLimit"), &mut errors);
    }
    if let Some(deadline) = spec.progress_deadline_seconds {
        let path = path.child("progressDeadlineSeconds");
        not_negative(deadline, &path, &mut errors);
        if deadline <= min_ready {
            let detail = "must be greater than minReadySeconds";
            errors.invalid(&path, deadline, detail);
        }
    }
    errors
}

pub(super) fn validate_update(new: &Deployment, old: &Deployment) -> Errors {
    if new.spec == old.spec {
        return Errors::default();
    }
    let mut errors = validate(new);
    if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
        let path = Path::new("spec");
        immutable(
            &new.selector,
            &old.selector,
            &path.child("selector"),
            &mut errors,
        );
    }
    errors
}

pub(super) fn validate_status(new: &Deployment, old: &Deployment) -> Errors {
    let mut errors = Errors::default();
    let (empty_new, empty_old) = Default::default();
    let status = new.status.as_ref().unwrap_or(&empty_new);
    let before = old.status.as_ref().unwrap_or(&empty_old);
    let counts = [
        (
            "updatedReplicas",
            status.updated_replicas.unwrap_or_default(),
        ),
        ("readyReplicas", status.ready_replicas.unwrap_or_default()),
        (
            "availableReplicas",
            status.available_replicas.unwrap_or_default(),
        ),
    ];
    let path = Path::new("status");
    let generation = status.observed_generation.unwrap_or_default();
    not_negative(generation, &path.child("observedGeneration"), &mut errors);
    let others = [
        ("unavailableReplicas", status.unavailable_replicas),
        ("terminatingReplicas", status.terminating_replicas),
        ("collisionCount", status.collision_count),
    ];
    let others = others.map(|(field, count)| (field, i64::from(count.unwrap_or_default())));
    let all = status.replicas.unwrap_or_default();
    status_counts(&counts, all, &others, &mut errors);
    let [_, (_, ready), (_, available)] = counts;
    if available > ready {
        let detail = "cannot be greater than readyReplicas";
        errors.invalid(&path.child("availableReplicas"), available, detail);
    }
    if let Some(count) = status.collision_count
        && count < before.collision_count.unwrap_or_default()
    {
        let detail = "cannot be decremented";
        errors.invalid(&path.child("collisionCount"), count, detail);
    }
    errors
}

fn strategy(strategy: &DeploymentStrategy, path: &Path<'_>, errors: &mut Errors) {
    let rolling = strategy.rolling_update.as_ref();
    match strategy.type_.as_deref().unwrap_or_default() {
        "Recreate" => {
            if rolling.is_some() {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                errors.forbidden(&path.child("rollingUpdate"), detail);
            }
        }
        "RollingUpdate" => {
            let path = path.child("rollingUpdate");
            match rolling {
                Some(rolling) => rolling_update(rolling, &path, errors),
                None => errors.required(&path, "this should be defaulted and never be nil"),
            }
        }
        other => {
            let rolling = rolling.map_or("null".to_owned(), |r| {
                let number = |n: &Option<IntOrString>| {
                    n.as_ref().map_or("0".to_owned(), |n| encode(n).to_string())
                };
                format!(
                    "{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}",
                    number(&r.max_unavailable),
                    number(&r.max_surge)
                )
            });
            let value = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", quote(other));
            errors.not_supported_raw(path, &value, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn rolling_update(rolling: &RollingUpdateDeployment, path: &Path<'_>, errors: &mut Errors) {
    const ZERO: IntOrString = IntOrString::Int(0);
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&ZERO);
    let surge = rolling.max_surge.as_ref().unwrap_or(&ZERO);
    let path_of_unavailable = path.child("maxUnavailable");
    number_or_percent(unavailable, &path_of_unavailable, errors);
    number_or_percent(surge, &path.child("maxSurge"), errors);
    if amount(unavailable) == 0 && amount(surge) == 0 {
        let detail = "may not be 0 when `maxSurge` is 0";
        errors.invalid_json(&path_of_unavailable, unavailable, detail);
    }
    if percent(unavailable).is_some_and(|p| p > 100) {
        let detail = "must not be greater than 100%";
        errors.invalid_json(&path_of_unavailable, unavailable, detail);
    }
}
