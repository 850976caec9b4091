//! What a DaemonSet may not be
//! (`k8s.io/kubernetes/pkg/apis/apps/validation/validation.go` ValidateDaemonSetSpec).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use crate::api::codec::encode;
use crate::api::field::{Errors, Path};
use crate::api::names::is_valid_percent;
use crate::api::selector::Selector;

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

pub(super) fn spec(spec: &DaemonSetSpec) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let template = path.child("template");
    selector(spec, &path, &mut errors);
    let pod = spec.template.spec.as_ref();
    let template_spec = template.child("spec");
    let policy = pod.and_then(|p| p.restart_policy.as_deref());
    let policy = policy.unwrap_or_default();
    if policy != "Always" {
        errors.not_supported(&template_spec.child("restartPolicy"), policy, &["Always"]);
    }
    if pod.is_some_and(|p| p.active_deadline_seconds.is_some()) {
        errors.forbidden(
            &template_spec.child("activeDeadlineSeconds"),
            "activeDeadlineSeconds in DaemonSet is not Supported",
        );
    }
    not_negative(spec.min_ready_seconds, &path.child("minReadySeconds"), &mut errors);
    if let Some(strategy) = &spec.update_strategy {
        update_strategy(strategy, &path.child("updateStrategy"), &mut errors);
    }
    let limit = path.child("revisionHistoryLimit");
    not_negative(spec.revision_history_limit, &limit, &mut errors);
    errors
}

pub(super) fn update(new: &DaemonSetSpec, old: &DaemonSetSpec) -> Errors {
    let mut errors = spec(new);
    if new.selector != old.selector {
        let path = Path::new("spec");
        errors.invalid_json(&path.child("selector"), &new.selector, "field is immutable");
    }
    errors
}

fn selector(spec: &DaemonSetSpec, path: &Path<'_>, errors: &mut Errors) {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    let template = path.child("template");
    let meta = spec.template.metadata.as_ref();
    let labels = meta.and_then(|m| m.labels.as_ref()).unwrap_or(&NONE);
    let selector = Selector::from_api(Some(&spec.selector));
    if selector.is_ok_and(|s| !s.matches(labels)) {
        let path = template.child("metadata");
        let detail = "`selector` does not match template `labels`";
        errors.invalid_json(&path.child("labels"), labels, detail);
    }
    let count = spec.selector.match_labels.as_ref().map_or(0, BTreeMap::len)
        + spec.selector.match_expressions.as_ref().map_or(0, Vec::len);
    if count == 0 {
        let detail = "empty selector is invalid for daemonset";
        errors.invalid_json(&path.child("selector"), &spec.selector, detail);
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
    let bounds = [
        ("maxUnavailable", &rolling.max_unavailable),
        ("maxSurge", &rolling.max_surge),
    ];
    for (name, value) in bounds {
        int_or_percent(value.as_ref(), &path.child(name), errors);
    }
    for (name, value) in bounds {
        if let Some(IntOrString::String(_)) = value
            && number(value.as_ref()) > 100
        {
            let detail = "must not be greater than 100%";
            errors.invalid_json(&path.child(name), value, detail);
        }
    }
    let unavailable = number(rolling.max_unavailable.as_ref()) != 0;
    let surge = number(rolling.max_surge.as_ref()) != 0;
    if unavailable && surge {
        let detail = "may not be set when maxUnavailable is non-zero";
        errors.invalid_json(&path.child("maxSurge"), &rolling.max_surge, detail);
    } else if !unavailable && !surge {
        let detail = "cannot be 0 when maxSurge is 0";
        errors.required(&path.child("maxUnavailable"), detail);
    }
}

fn int_or_percent(value: Option<&IntOrString>, path: &Path<'_>, errors: &mut Errors) {
    match value {
        Some(IntOrString::String(text)) => {
            for message in is_valid_percent(text) {
                errors.invalid(path, text, message);
            }
        }
        Some(IntOrString::Int(n)) => not_negative(Some(*n), path, errors),
        None => {}
    }
}

/// The number, or the number of per cent; zero for what is neither.
fn number(value: Option<&IntOrString>) -> i64 {
    match value {
        Some(IntOrString::Int(n)) => i64::from(*n),
        Some(IntOrString::String(text)) => text
            .strip_suffix('%')
            .and_then(|n| n.parse().ok())
            .unwrap_or_default(),
        None => 0,
    }
}

fn not_negative(value: Option<i32>, path: &Path<'_>, errors: &mut Errors) {
    if let Some(value) = value.filter(|v| *v < 0) {
        errors.invalid(path, value, NOT_NEGATIVE);
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
            (json!(0), json!("0%"), "u: Required value: cannot be 0 when maxSurge is 0"),
            (
                json!(1),
                json!(2),
                "s: Invalid value: 2: may not be set when maxUnavailable is non-zero",
            ),
            (json!("101%"), json!(0), "u: Invalid value: \"101%\": must not be greater than 100%"),
            (json!(-1), json!(0), "u: Invalid value: -1: must be greater than or equal to 0"),
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
            let shown = shown.replace("r.maxUnavailable", "u").replace("r.maxSurge", "s");
            assert_eq!(shown, expected, "{unavailable} {surge}");
        }
    }
}
