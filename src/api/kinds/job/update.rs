//! What of a Job may change (ValidateJobSpecUpdate, and which changes the strategy allows:
//! `pkg/registry/batch/job/strategy.go` validationOptionsForJob).

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Affinity, PodSpec, PodTemplateSpec};

use super::{has_condition, policies, validation};
use crate::api::field::{Errors, Path};
use crate::api::kinds::pod::go_spec;
use crate::api::kinds::workload::immutable;
use crate::api::validation::IMMUTABLE;

pub(super) fn validate(new: &Job, old: &Job) -> Errors {
    let mut errors = Errors::default();
    let none = JobSpec::default();
    let spec = new.spec.as_ref().unwrap_or(&none);
    let before = old.spec.as_ref().unwrap_or(&none);
    validation::job_spec(spec, &mut errors);
    let path = Path::new("spec");
    completions(spec, before, &path.child("completions"), &mut errors);
    immutable(
        &spec.selector,
        &before.selector,
        &path.child("selector"),
        &mut errors,
    );
    template(spec, before, old, &path.child("template"), &mut errors);
    let mode = path.child("completionMode");
    immutable(
        &spec.completion_mode,
        &before.completion_mode,
        &mode,
        &mut errors,
    );
    if spec.pod_failure_policy != before.pod_failure_policy {
        let value = policies::shown_failure(spec.pod_failure_policy.as_ref());
        errors.invalid_raw(&path.child("podFailurePolicy"), &value, IMMUTABLE);
    }
    let limit = path.child("backoffLimitPerIndex");
    immutable(
        &spec.backoff_limit_per_index,
        &before.backoff_limit_per_index,
        &limit,
        &mut errors,
    );
    immutable(
        &spec.managed_by,
        &before.managed_by,
        &path.child("managedBy"),
        &mut errors,
    );
    if spec.success_policy != before.success_policy {
        let value = policies::shown_success(spec.success_policy.as_ref());
        errors.invalid_raw(&path.child("successPolicy"), &value, IMMUTABLE);
    }
    errors
}

/// Indexed jobs may grow and shrink, together with their parallelism.
fn completions(new: &JobSpec, old: &JobSpec, path: &Path<'_>, errors: &mut Errors) {
    if new.completion_mode.as_deref() != Some("Indexed") {
        immutable(&new.completions, &old.completions, path, errors);
        return;
    }
    if new.completions == old.completions {
        return;
    }
    if let Some(completions) = new.completions
        && Some(completions) != new.parallelism
    {
        let detail = "can only be modified in tandem with spec.parallelism";
        errors.invalid(path, completions, detail);
    }
}

fn template(new: &JobSpec, old: &JobSpec, job: &Job, path: &Path<'_>, errors: &mut Errors) {
    let mut allowed = old.template.clone();
    if is_at_rest(job, old) {
        allow_scheduling(&new.template, &mut allowed);
        allow_resources(&new.template, &mut allowed);
    }
    let none = PodSpec::default();
    let spec = new.template.spec.as_deref().unwrap_or(&none);
    if spec != allowed.spec.as_deref().unwrap_or(&none) {
        errors.invalid_raw(&path.child("spec"), &go_spec::pod_spec(spec), IMMUTABLE);
    }
    immutable(
        &new.template.metadata,
        &allowed.metadata,
        &path.child("metadata"),
        errors,
    );
}

/// Suspended, and no pod is left: what its pods ask for may still be changed.
fn is_at_rest(job: &Job, spec: &JobSpec) -> bool {
    let Some(status) = &job.status else {
        return spec.suspend == Some(true);
    };
    let at_rest = has_condition(status, "Suspended") && status.active.unwrap_or_default() == 0;
    spec.suspend == Some(true) && (status.start_time.is_none() || at_rest)
}

/// Node affinity, node selector, tolerations, gates, labels and annotations.
fn allow_scheduling(new: &PodTemplateSpec, old: &mut PodTemplateSpec) {
    let node = |spec: &PodSpec| spec.affinity.as_ref().and_then(|a| a.node_affinity.clone());
    let none = PodSpec::default();
    let spec = new.spec.as_deref().unwrap_or(&none);
    let before: &mut PodSpec = old.spec.get_or_insert_default();
    match (&spec.affinity, &mut before.affinity) {
        (Some(_), Some(affinity)) => affinity.node_affinity = node(spec),
        (Some(_), affinity) => {
            let only = Affinity {
                node_affinity: node(spec),
                ..Affinity::default()
            };
            *affinity = Some(only.into());
        }
        (None, affinity) => {
            if let Some(before) = affinity {
                before.node_affinity = None;
            }
            affinity.take_if(|a| **a == Affinity::default());
        }
    }
    before.node_selector.clone_from(&spec.node_selector);
    before.tolerations.clone_from(&spec.tolerations);
    before.scheduling_gates.clone_from(&spec.scheduling_gates);
    let (labels, annotations) = match &new.metadata {
        Some(meta) => (meta.labels.clone(), meta.annotations.clone()),
        None => (None, None),
    };
    let meta = old.metadata.get_or_insert_default();
    meta.labels = labels;
    meta.annotations = annotations;
}

/// What the containers ask for (MutablePodResourcesForSuspendedJobs).
fn allow_resources(new: &PodTemplateSpec, old: &mut PodTemplateSpec) {
    let Some(spec) = &new.spec else { return };
    let before: &mut PodSpec = old.spec.get_or_insert_default();
    let init = spec.init_containers.iter().flatten();
    let known = before.init_containers.iter_mut().flatten();
    let pairs = init.chain(&spec.containers);
    for (container, before) in pairs.zip(known.chain(&mut before.containers)) {
        if container.name == before.name {
            before.resources.clone_from(&container.resources);
        }
    }
}
