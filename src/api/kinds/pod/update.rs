//! What may change in a pod that exists: almost nothing.
//!
//! Models `ValidatePodUpdate` in `k8s.io/kubernetes/pkg/apis/core/validation/validation.go`.

use k8s_openapi::api::core::v1::{
    Affinity, Container, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, Toleration,
};

use super::{annotations, go_spec, validation};
use crate::api::difference;
use crate::api::field::{Errors, Path};
use crate::api::names::inclusive_range_error;

const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn validate(new: &Pod, old: &Pod) -> Errors {
    let (given, before) = (&new.metadata.annotations, &old.metadata.annotations);
    if new.spec == old.spec && given == before {
        return Errors::default();
    }
    let mut errors = validation::pod_in_general(new);
    let path = Path::new("metadata");
    annotations::kept(
        given.as_ref(),
        before.as_ref(),
        &path.child("annotations"),
        &mut errors,
    );
    if new.spec == old.spec {
        return errors;
    }
    let (Some(spec), Some(before)) = (&new.spec, &old.spec) else {
        return errors;
    };
    let path = Path::new("spec");
    let init = |spec: &PodSpec| spec.init_containers.clone().unwrap_or_default();
    let lists = [
        ("containers", spec.containers.len(), before.containers.len()),
        ("initContainers", init(spec).len(), init(before).len()),
    ];
    for (field, now, then) in lists {
        if now != then {
            let detail = "pod updates may not add or remove containers";
            errors.forbidden(&path.child(field), detail);
            return errors;
        }
    }
    if !deadline(spec, before, &path, &mut errors) {
        return errors;
    }
    tolerations(spec, before, &path, &mut errors);
    gates(spec, before, &path, &mut errors);
    let munged = munge(spec, before, &path, &mut errors);
    if munged != **before {
        let detail = format!(
            "pod updates may not change fields other than {UPDATABLE}\n{}",
            difference::of_json(&go_spec::pod_spec(before), &go_spec::pod_spec(&munged))
        );
        errors.forbidden(&path, detail);
    }
    errors
}

/// A deadline can be set, and brought nearer.
fn deadline(spec: &PodSpec, before: &PodSpec, path: &Path<'_>, errors: &mut Errors) -> bool {
    let path = path.child("activeDeadlineSeconds");
    match (spec.active_deadline_seconds, before.active_deadline_seconds) {
        (Some(now), then) => {
            let most = i64::from(i32::MAX);
            if !(0..=most).contains(&now) {
                errors.invalid(&path, now, inclusive_range_error(0, most));
                return false;
            }
            if then.is_some_and(|then| then < now) {
                let detail = "must be less than or equal to previous value";
                errors.invalid(&path, now, detail);
                return false;
            }
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            errors.invalid_raw(&path, "null", detail);
        }
        (None, None) => {}
    }
    true
}

fn tolerations(spec: &PodSpec, before: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let same = |a: &Toleration, b: &Toleration| {
        (&a.key, &a.operator, &a.value, &a.effect) == (&b.key, &b.operator, &b.value, &b.effect)
    };
    let now = spec.tolerations.as_deref().unwrap_or_default();
    for old in before.tolerations.iter().flatten() {
        if !now.iter().any(|t| same(t, old)) {
            errors.forbidden(
                &path.child("tolerations"),
                "existing toleration can not be modified except its tolerationSeconds",
            );
            return;
        }
    }
}

/// Gates open; none are added.
fn gates(spec: &PodSpec, before: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let then = before.scheduling_gates.as_deref().unwrap_or_default();
    let path = path.child("schedulingGates");
    for (i, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        if !then.contains(gate) {
            let detail = "only deletion is allowed, but found new scheduling gate";
            errors.forbidden(
                &path.index(i).child("name"),
                format!("{detail} '{}'", gate.name),
            );
        }
    }
}

/// The new spec with all that may change put back.
fn munge(spec: &PodSpec, before: &PodSpec, path: &Path<'_>, errors: &mut Errors) -> PodSpec {
    let mut munged = spec.clone();
    let images = |now: &mut [Container], then: &[Container]| {
        for (container, old) in now.iter_mut().zip(then) {
            container.image.clone_from(&old.image);
        }
    };
    images(&mut munged.containers, &before.containers);
    if let (Some(now), Some(then)) = (&mut munged.init_containers, &before.init_containers) {
        images(now, then);
    }
    munged.active_deadline_seconds = before.active_deadline_seconds;
    munged.tolerations.clone_from(&before.tolerations);
    munged.scheduling_gates.clone_from(&before.scheduling_gates);
    let was_negative = before
        .termination_grace_period_seconds
        .is_some_and(|s| s < 0);
    if was_negative && munged.termination_grace_period_seconds == Some(1) {
        munged.termination_grace_period_seconds = before.termination_grace_period_seconds;
    }
    // A pod that the scheduler has not looked at yet may still be told where to go, more closely.
    let gates = before.scheduling_gates.as_ref();
    if gates.is_some_and(|g| !g.is_empty()) {
        node_selector(spec, before, &path.child("nodeSelector"), errors);
        munged.node_selector.clone_from(&before.node_selector);
        let path = path.child("affinity");
        node_affinity(spec, before, &path.child("nodeAffinity"), errors);
        let then = before.affinity.as_ref();
        let affinity = munged.affinity.get_or_insert_default();
        affinity.node_affinity = then.and_then(|a| a.node_affinity.clone());
        if then.is_none() && **affinity == Affinity::default() {
            munged.affinity = None;
        }
    }
    munged
}

fn node_selector(spec: &PodSpec, before: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let now = spec.node_selector.as_ref();
    let mut then = before.node_selector.iter().flatten();
    if then.any(|(key, value)| now.and_then(|n| n.get(key)) != Some(value)) {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.invalid_json(path, &spec.node_selector, detail);
    }
}

fn node_affinity(spec: &PodSpec, before: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let terms = |spec: &PodSpec| {
        let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
        let required = affinity
            .required_during_scheduling_ignored_during_execution
            .as_ref()?;
        Some(required.node_selector_terms.clone())
    };
    let (now, then) = (
        terms(spec).unwrap_or_default(),
        terms(before).unwrap_or_default(),
    );
    let path = path.child("requiredDuringSchedulingIgnoredDuringExecution");
    let path = path.child("nodeSelectorTerms");
    if !then.is_empty() && then.len() != now.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.invalid_raw(&path, &go_spec::node_terms(&now), detail);
        return;
    }
    for (i, (now, then)) in now.iter().zip(&then).enumerate() {
        if !only_adds(now, then) {
            let detail = "only additions are allowed (no mutations or deletions)";
            errors.invalid_raw(&path.index(i), &go_spec::node_term(now), detail);
        }
    }
}

fn only_adds(now: &NodeSelectorTerm, then: &NodeSelectorTerm) -> bool {
    let list = |l: &Option<Vec<NodeSelectorRequirement>>| l.clone().unwrap_or_default();
    let pairs = [
        (list(&now.match_expressions), list(&then.match_expressions)),
        (list(&now.match_fields), list(&then.match_fields)),
    ];
    // A term without requirements matches nothing, and more would make it match something.
    let was_empty = pairs.iter().all(|(_, then)| then.is_empty());
    let is_empty = pairs.iter().all(|(now, _)| now.is_empty());
    (is_empty || !was_empty) && pairs.iter().all(|(now, then)| now.starts_with(then))
}
