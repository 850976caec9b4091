//! The rules of autoscalers (`k8s.io/kubernetes/pkg/apis/autoscaling/validation/validation.go`).

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingRules, HorizontalPodAutoscaler, MetricIdentifier,
    MetricSpec, MetricTarget,
};

use crate::api::field::{Errors, Path};
use crate::api::quantity::QuantityExt;
use crate::api::validation::not_negative;

const LONGEST_WINDOW: i32 = 3600;
const LONGEST_PERIOD: i32 = 1800;
const SOURCES: [&str; 5] = [
    "ContainerResource",
    "External",
    "Object",
    "Pods",
    "Resource",
];

pub(super) fn validate(autoscaler: &HorizontalPodAutoscaler) -> Errors {
    let mut errors = Errors::default();
    let spec = &autoscaler.spec;
    let path = Path::new("spec");
    if let Some(least) = spec.min_replicas.filter(|n| *n < 1) {
        let detail = "must be greater than or equal to 1";
        errors.invalid(&path.child("minReplicas"), least, detail);
    }
    let most = spec.max_replicas;
    if most < 1 {
        errors.invalid(&path.child("maxReplicas"), most, "must be greater than 0");
    }
    if spec.min_replicas.is_some_and(|least| most < least) {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.invalid(&path.child("maxReplicas"), most, detail);
    }
    reference(
        &spec.scale_target_ref,
        &path.child("scaleTargetRef"),
        &mut errors,
    );
    let metrics_path = path.child("metrics");
    let metrics = spec.metrics.as_deref().unwrap_or_default();
    for (i, spec) in metrics.iter().enumerate() {
        metric(spec, &metrics_path.index(i), &mut errors);
    }
    let beyond = metrics
        .iter()
        .any(|m| m.object.is_some() || m.external.is_some());
    if spec.min_replicas == Some(0) && !beyond {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.forbidden(&metrics_path, detail);
    }
    if let Some(behavior) = &spec.behavior {
        let path = path.child("behavior");
        for (field, rules) in [
            ("scaleUp", &behavior.scale_up),
            ("scaleDown", &behavior.scale_down),
        ] {
            if let Some(rules) = rules {
                scaling_rules(rules, &path.child(field), &mut errors);
            }
        }
    }
    errors
}

pub(super) fn status(autoscaler: &HorizontalPodAutoscaler) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("status");
    if let Some(status) = &autoscaler.status {
        let current = status.current_replicas.unwrap_or_default();
        not_negative(current, &path.child("currentReplicas"), &mut errors);
        not_negative(
            status.desired_replicas,
            &path.child("desiredReplicas"),
            &mut errors,
        );
    }
    errors
}

/// What stands in a path of the API may not break it.
fn segment(text: &str, path: &Path<'_>, errors: &mut Errors) {
    if text == "." || text == ".." {
        errors.invalid(path, text, format!("may not be '{text}'"));
    }
    for letter in ["/", "%"] {
        if text.contains(letter) {
            errors.invalid(path, text, format!("may not contain '{letter}'"));
        }
    }
}

fn reference(given: &CrossVersionObjectReference, path: &Path<'_>, errors: &mut Errors) {
    for (field, text) in [("kind", &given.kind), ("name", &given.name)] {
        match text.is_empty() {
            true => errors.required(&path.child(field), ""),
            false => segment(text, &path.child(field), errors),
        }
    }
}

fn metric(spec: &MetricSpec, path: &Path<'_>, errors: &mut Errors) {
    let type_ = spec.type_.as_str();
    if type_.is_empty() {
        errors.required(&path.child("type"), "must specify a metric source type");
    }
    if !SOURCES.contains(&type_) {
        errors.not_supported(&path.child("type"), type_, &SOURCES);
    }
    let present: Vec<&str> = [
        ("object", spec.object.is_some()),
        ("external", spec.external.is_some()),
        ("pods", spec.pods.is_some()),
        ("resource", spec.resource.is_some()),
        ("containerResource", spec.container_resource.is_some()),
    ]
    .into_iter()
    .filter(|(_, is)| *is)
    .map(|(name, _)| name)
    .collect();
    // Of several sources, only the first is looked at.
    if let Some(first) = present.first() {
        source(spec, first, &path.child(first), errors);
    }
    let expected = match type_ {
        "Object" => "object",
        "External" => "external",
        "Pods" => "pods",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => "",
    };
    if !expected.is_empty() && !present.contains(&expected) {
        let detail = "must populate information for the given metric source";
        errors.required(&path.child(expected), detail);
    }
    if present.len() != 1 {
        for other in present.iter().filter(|p| **p != expected) {
            errors.forbidden(
                &path.child(other),
                "must populate the given metric source only",
            );
        }
    }
}

fn source(spec: &MetricSpec, which: &str, path: &Path<'_>, errors: &mut Errors) {
    if let (Some(object), "object") = (&spec.object, which) {
        reference(
            &object.described_object,
            &path.child("describedObject"),
            errors,
        );
        identifier(&object.metric, &path.child("metric"), errors);
        target(&object.target, &path.child("target"), errors);
        if object.target.value.is_none() && object.target.average_value.is_none() {
            let path = path.child("target");
            let detail = "must set either a target value or averageValue";
            errors.required(&path.child("averageValue"), detail);
        }
    } else if let (Some(external), "external") = (&spec.external, which) {
        identifier(&external.metric, &path.child("metric"), errors);
        target(&external.target, &path.child("target"), errors);
        let path = path.child("target");
        match (&external.target.value, &external.target.average_value) {
            (None, None) => {
                let detail = "must set either a target value for metric or a per-pod target";
                errors.required(&path.child("averageValue"), detail);
            }
            (Some(_), Some(_)) => {
                let detail = "may not set both a target value for metric and a per-pod target";
                errors.forbidden(&path.child("value"), detail);
            }
            _ => {}
        }
    } else if let (Some(pods), "pods") = (&spec.pods, which) {
        identifier(&pods.metric, &path.child("metric"), errors);
        target(&pods.target, &path.child("target"), errors);
        let value = pods.target.average_value.as_ref();
        if value.is_none_or(|v| v.amount().sign() != 1) {
            let path = path.child("target");
            let detail = "must specify a positive target averageValue";
            errors.required(&path.child("averageValue"), detail);
        }
    } else if let (Some(resource), "resource") = (&spec.resource, which) {
        of_resource(&resource.name, &resource.target, path, errors);
    } else if let (Some(resource), "containerResource") = (&spec.container_resource, which) {
        if resource.container.is_empty() {
            errors.required(&path.child("container"), "must specify a container");
        }
        of_resource(&resource.name, &resource.target, path, errors);
    }
}

fn of_resource(name: &str, wanted: &MetricTarget, path: &Path<'_>, errors: &mut Errors) {
    if name.is_empty() {
        errors.required(&path.child("name"), "must specify a resource name");
    }
    let path = path.child("target");
    target(wanted, &path, errors);
    match (wanted.average_utilization, &wanted.average_value) {
        (None, None) => {
            let detail = "must set either a target raw value or a target utilization";
            errors.required(&path.child("averageUtilization"), detail);
        }
        (Some(_), Some(_)) => {
            let detail = "may not set both a target raw value and a target utilization";
            errors.forbidden(&path.child("averageValue"), detail);
        }
        _ => {}
    }
}

fn identifier(metric: &MetricIdentifier, path: &Path<'_>, errors: &mut Errors) {
    match metric.name.is_empty() {
        true => errors.required(&path.child("name"), "must specify a metric name"),
        false => segment(&metric.name, &path.child("name"), errors),
    }
}

fn target(wanted: &MetricTarget, path: &Path<'_>, errors: &mut Errors) {
    let type_ = wanted.type_.as_str();
    if type_.is_empty() {
        errors.required(&path.child("type"), "must specify a metric target type");
    }
    if !matches!(type_, "Utilization" | "Value" | "AverageValue") {
        let detail = "must be either Utilization, Value, or AverageValue";
        errors.invalid(&path.child("type"), type_, detail);
    }
    for (field, value) in [
        ("value", &wanted.value),
        ("averageValue", &wanted.average_value),
    ] {
        if let Some(value) = value.as_ref().filter(|v| v.amount().sign() != 1) {
            errors.invalid(&path.child(field), &value.0, "must be positive");
        }
    }
    if let Some(percent) = wanted.average_utilization.filter(|p| *p < 1) {
        errors.invalid(
            &path.child("averageUtilization"),
            percent,
            "must be greater than 0",
        );
    }
}

fn scaling_rules(rules: &HPAScalingRules, path: &Path<'_>, errors: &mut Errors) {
    if let Some(window) = rules.stabilization_window_seconds {
        let path = path.child("stabilizationWindowSeconds");
        if window < 0 {
            errors.invalid(&path, window, "must be greater than or equal to zero");
        }
        if window > LONGEST_WINDOW {
            let detail = format!("must be less than or equal to {LONGEST_WINDOW}");
            errors.invalid(&path, window, detail);
        }
    }
    if let Some(policy) = rules.select_policy.as_deref() {
        let known = ["Disabled", "Max", "Min"];
        if !known.contains(&policy) {
            errors.not_supported(&path.child("selectPolicy"), policy, &known);
        }
    }
    if let Some(tolerance) = &rules.tolerance
        && tolerance.amount().sign() < 0
    {
        let detail = "must be greater than or equal to 0";
        errors.invalid(&path.child("tolerance"), &tolerance.0, detail);
    }
    let policies = rules.policies.as_deref().unwrap_or_default();
    let path = path.child("policies");
    if policies.is_empty() {
        errors.required(&path, "must specify at least one Policy");
    }
    for (i, policy) in policies.iter().enumerate() {
        let path = path.index(i);
        let known = ["Percent", "Pods"];
        if !known.contains(&policy.type_.as_str()) {
            errors.not_supported(&path.child("type"), policy.type_.as_str(), &known);
        }
        if policy.value <= 0 {
            errors.invalid(
                &path.child("value"),
                policy.value,
                "must be greater than zero",
            );
        }
        let seconds = policy.period_seconds;
        if seconds <= 0 {
            errors.invalid(
                &path.child("periodSeconds"),
                seconds,
                "must be greater than zero",
            );
        }
        if seconds > LONGEST_PERIOD {
            let detail = format!("must be less than or equal to {LONGEST_PERIOD}");
            errors.invalid(&path.child("periodSeconds"), seconds, detail);
        }
    }
}
