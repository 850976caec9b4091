//! What a DaemonSet may not be
//! (`k8s.io/kubernetes/pkg/apis/apps/validation/validation.go` ValidateDaemonSetSpec).

use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use crate::api::codec::encode;
use crate::api::field::{Errors, Path};
use crate::api::kinds::pod::validation::pod_template;
use crate::api::kinds::workload::{
    always_restarted, amount, immutable, number_or_percent, percent, selected,
};
use crate::api::selector::Selector;
use crate::api::validation::{label_selector, not_negative};

pub(super) fn spec(spec: &DaemonSetSpec) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let template = path.child("template");
    selector(spec, &path, &mut errors);
    pod_template(&spec.template, &template, &mut errors);
    always_restarted(&spec.template, "DaemonSet", &template, &mut errors);
    let min_ready = spec.min_ready_seconds.unwrap_or_default();
    not_negative(min_ready, &path.child("minReadySeconds"), &mut errors);
    if let Some(strategy) = &spec.update_strategy {
        update_strategy(strategy, &path.child("updateStrategy"), &mut errors);
    }
    let limit = spec.revision_history_limit.unwrap_or_default();
    not_negative(limit, &path.child("revisionHistoryLimit"), &mut errors);
    errors
}

pub(super) fn update(new: &DaemonSetSpec, old: &DaemonSetSpec) -> Errors {
    if new == old {
        return Errors::default();
    }
    let mut errors = spec(new);
    let path = Path::new("spec");
    immutable(
        &new.selector,
        &old.selector,
        &path.child("selector"),
        &mut errors,
    );
    errors
}

/// ValidateDaemonSetStatusUpdate.
pub(super) fn status(new: &DaemonSet, old: &DaemonSet) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("status");
    let (no_new, no_old) = Default::default();
    let status = new.status.as_ref().unwrap_or(&no_new);
    let before = old.status.as_ref().unwrap_or(&no_old);
    for (field, count) in [
        ("currentNumberScheduled", status.current_number_scheduled),
        ("numberMisscheduled", status.number_misscheduled),
        ("desiredNumberScheduled", status.desired_number_scheduled),
        ("numberReady", status.number_ready),
    ] {
        not_negative(count, &path.child(field), &mut errors);
    }
    let generation = status.observed_generation.unwrap_or_default();
    not_negative(generation, &path.child("observedGeneration"), &mut errors);
    for (field, count) in [
        ("updatedNumberScheduled", status.updated_number_scheduled),
        ("numberAvailable", status.number_available),
        ("numberUnavailable", status.number_unavailable),
        ("collisionCount", status.collision_count),
    ] {
        not_negative(count.unwrap_or_default(), &path.child(field), &mut errors);
    }
    if let Some(count) = status.collision_count
        && count < before.collision_count.unwrap_or_default()
    {
        errors.invalid(
            &path.child("collisionCount"),
            count,
            "cannot be decremented",
        );
    }
    errors
}

fn selector(spec: &DaemonSetSpec, path: &Path<'_>, errors: &mut Errors) {
    let path_of_selector = path.child("selector");
    // An empty selector and none at all are the same here.
    let given = spec.selector != LabelSelector::default();
    label_selector(Some(&spec.selector), &path_of_selector, errors);
    if let Ok(wanted) = Selector::from_api(given.then_some(&spec.selector)) {
        selected(&spec.template, &wanted, &path.child("template"), errors);
    }
    let labels = spec.selector.match_labels.as_ref().map_or(0, |l| l.len());
    let expressions = spec.selector.match_expressions.as_ref();
    if given && labels + expressions.map_or(0, Vec::len) == 0 {
        let detail = "empty selector is invalid for daemonset";
        errors.invalid_json(&path_of_selector, &spec.selector, detail);
    }
}

fn update_strategy(strategy: &DaemonSetUpdateStrategy, path: &Path<'_>, errors: &mut Errors) {
    let type_ = strategy.type_.as_deref().unwrap_or_default();
    match (type_, &strategy.rolling_update) {
        ("OnDelete", _) => {}
        ("RollingUpdate", None) => errors.required(&path.child("rollingUpdate"), ""),
        ("RollingUpdate", Some(rolling)) => {
            rolling_update(rolling, &path.child("rollingUpdate"), errors);
        }
        // The whole strategy is shown, under the names that it has inside the server.
        (type_, rolling) => {
            let bound = |value: &Option<IntOrString>| value.as_ref().map_or(json!(0), encode);
            let rolling = rolling.as_ref().map(|r| {
                format!(
                    "{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}",
                    bound(&r.max_unavailable),
                    bound(&r.max_surge)
                )
            });
            let rolling = rolling.as_deref().unwrap_or("null");
            let shown = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", json!(type_));
            errors.not_supported_raw(path, &shown, &["RollingUpdate", "OnDelete"]);
        }
    }
}

/// Exactly one of the two bounds may be set: a node has either a gap or a surge.
fn rolling_update(rolling: &RollingUpdateDaemonSet, path: &Path<'_>, errors: &mut Errors) {
    const ZERO: IntOrString = IntOrString::Int(0);
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&ZERO);
    let surge = rolling.max_surge.as_ref().unwrap_or(&ZERO);
    let path_of_unavailable = path.child("maxUnavailable");
    let path_of_surge = path.child("maxSurge");
    number_or_percent(unavailable, &path_of_unavailable, errors);
    number_or_percent(surge, &path_of_surge, errors);
    for (value, path) in [(unavailable, &path_of_unavailable), (surge, &path_of_surge)] {
        if percent(value).is_some_and(|p| p > 100) {
            errors.invalid_json(path, value, "must not be greater than 100%");
        }
    }
    match (amount(unavailable) != 0, amount(surge) != 0) {
        (true, true) => {
            let detail = "may not be set when maxUnavailable is non-zero";
            errors.invalid_json(&path_of_surge, surge, detail);
        }
        (false, false) => {
            errors.required(&path_of_unavailable, "cannot be 0 when maxSurge is 0");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_checked_in_the_words_of_kubernetes() {
        for (unavailable, surge, expected) in [
            (json!(1), json!(0), ""),
            (json!("0%"), json!("10%"), ""),
            (json!("100%"), json!(0), ""),
            (
                json!(0),
                json!("0%"),
                "u: Required value: cannot be 0 when maxSurge is 0",
            ),
            (
                json!(1),
                json!(2),
                "s: Invalid value: 2: may not be set when maxUnavailable is non-zero",
            ),
            (
                json!("101%"),
                json!(0),
                "u: Invalid value: \"101%\": must not be greater than 100%",
            ),
            (
                json!(-1),
                json!(0),
                "u: Invalid value: -1: must be greater than or equal to 0",
            ),
        ] {
            let value = |v: &serde_json::Value| serde_json::from_value(v.clone()).ok();
            let rolling = RollingUpdateDaemonSet {
                max_surge: value(&surge),
                max_unavailable: value(&unavailable),
            };
            let mut errors = Errors::default();
            rolling_update(&rolling, &Path::new("r"), &mut errors);
            let shown: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
            let shown = shown.join(", ");
            let shown = shown
                .replace("r.maxUnavailable", "u")
                .replace("r.maxSurge", "s");
            assert_eq!(shown, expected, "{unavailable} {surge}");
        }
    }
}
