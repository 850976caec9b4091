//! Pods that run to their end, as often as asked for.
//!
//! Models `k8s.io/kubernetes/pkg/registry/batch/job/strategy.go`.

pub(super) mod policies;
mod status;
mod update;
pub(super) mod validation;

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job as Kind, JobSpec, JobStatus};

use super::pod::defaults::{pod_template, text};
use super::pod::warnings;
use super::workload::{begun, count_generation, template_warnings};
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::rfc3339::human_duration;
use crate::api::selector::format_label_selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::{age, from_api};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "batch",
    version: "v1",
    kind: "Job",
    plural: "jobs",
    singular: "job",
    short_names: &[],
    namespaced: true,
    categories: &["all"],
    subresources: &["status"],
    prefix: "jobs",
    strategy: &Typed(Rules),
};

const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
const JOB_NAME: &str = "batch.kubernetes.io/job-name";
const OLD_CONTROLLER_UID: &str = "controller-uid";
const OLD_JOB_NAME: &str = "job-name";

struct Rules;

/// `k8s.io/kubernetes/pkg/apis/batch/v1/defaults.go` `SetDefaults_Job`, for a job and for the template of
/// one.
pub(super) fn default_spec(spec: &mut JobSpec) {
    pod_template(&mut spec.template);
}

/// What is filled in for a job, and not for the template of one.
fn default_job(spec: &mut JobSpec) {
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let limit = match spec.backoff_limit_per_index {
        Some(_) => i32::MAX,
        None => 6,
    };
    spec.backoff_limit.get_or_insert(limit);
    text(&mut spec.completion_mode, "NonIndexed");
    spec.suspend.get_or_insert(false);
    spec.manual_selector.get_or_insert(false);
    let mut replaced = "TerminatingOrFailed";
    if let Some(policy) = &mut spec.pod_failure_policy {
        replaced = "Failed";
        for rule in &mut policy.rules {
            for pattern in rule.on_pod_conditions.iter_mut().flatten() {
                text(&mut pattern.status, "True");
            }
        }
    }
    spec.pod_replacement_policy
        .get_or_insert_with(|| replaced.to_owned());
}

/// Labels and a selector that no other job has.
fn generate_selector(job: &mut Kind) {
    let uid = job.metadata.uid.clone().unwrap_or_default();
    let name = job.metadata.name.clone().unwrap_or_default();
    let spec = job.spec.get_or_insert_default();
    let meta = spec.template.metadata.get_or_insert_default();
    let labels = meta.labels.get_or_insert_default();
    for (key, value) in [
        (OLD_JOB_NAME, &name),
        (JOB_NAME, &name),
        (OLD_CONTROLLER_UID, &uid),
        (CONTROLLER_UID, &uid),
    ] {
        // What does not agree is refused by validation.
        labels.entry(key.to_owned()).or_insert(value.clone());
    }
    let selector = spec.selector.get_or_insert_default();
    let wanted = selector.match_labels.get_or_insert_default();
    wanted.entry(CONTROLLER_UID.to_owned()).or_insert(uid);
}

fn no_labels(job: &Kind) -> bool {
    job.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty)
}

fn template_labels(job: &Kind) -> Option<BTreeMap<String, String>> {
    let meta = job.spec.as_ref()?.template.metadata.as_ref()?;
    meta.labels.clone().filter(|l| !l.is_empty())
}

pub(super) fn has_condition(status: &JobStatus, type_: &str) -> bool {
    let mut conditions = status.conditions.iter().flatten();
    conditions.any(|c| c.type_ == type_ && c.status == "True")
}

/// `Complete`, `Failed`, `Suspended`, ... in one word.
fn state(job: &Kind, status: &JobStatus) -> &'static str {
    if has_condition(status, "Complete") {
        "Complete"
    } else if has_condition(status, "Failed") {
        "Failed"
    } else if job.metadata.deletion_timestamp.is_some() {
        "Terminating"
    } else if has_condition(status, "Suspended") {
        "Suspended"
    } else if has_condition(status, "FailureTarget") {
        "FailureTarget"
    } else if has_condition(status, "SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, job: &mut Kind) {
        job.status.get_or_insert_default();
        let spec = job.spec.get_or_insert_default();
        default_spec(spec);
        default_job(spec);
    }

    fn prepare_for_create(&self, job: &mut Kind) {
        begun(&mut job.metadata, &mut job.status);
        let shared = no_labels(job) && template_labels(job).is_some();
        if job.spec.as_ref().and_then(|s| s.manual_selector) != Some(true) {
            generate_selector(job);
        }
        // A job without labels has those of its template. The two are one map, so what is generated is in both.
        if shared {
            job.metadata.labels = template_labels(job);
        }
    }

    fn read_back(&self, job: &mut Kind) {
        if no_labels(job) {
            job.metadata.labels = template_labels(job);
        }
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if no_labels(new) {
            new.metadata.labels = template_labels(new);
        }
        count_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, job: &Kind) -> Errors {
        validation::job(job)
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        update::validate(new, old)
    }

    fn validate_status_update(&self, new: &Kind, old: &Kind) -> Errors {
        status::validate(new, old)
    }

    fn warnings(&self, job: &Kind) -> Vec<String> {
        let mut found = warnings::of_owner_name(&job.metadata);
        if let Some(spec) = &job.spec {
            spec_warnings(spec, &Path::new("spec"), &mut found);
        }
        found
    }

    fn field(&self, job: &Kind, path: &str) -> Option<String> {
        let succeeded = job.status.as_ref().and_then(|s| s.succeeded);
        (path == "status.successful").then(|| succeeded.unwrap_or_default().to_string())
    }

    fn selectable(&self) -> &'static [&'static str] {
        &["status.successful"]
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Status"),
            column("Completions"),
            column("Duration"),
            column("Age"),
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ];
        COLUMNS
    }

    fn row(&self, job: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec: &JobSpec = job.spec.as_ref().unwrap_or(&no_spec);
        let status: &JobStatus = job.status.as_ref().unwrap_or(&no_status);
        let succeeded = status.succeeded.unwrap_or_default();
        let parallelism = spec.parallelism.unwrap_or_default();
        let completions = match spec.completions {
            Some(completions) => format!("{succeeded}/{completions}"),
            None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
            None => format!("{succeeded}/1"),
        };
        let duration = status.start_time.as_ref().map(|start| {
            let end = status.completion_time.as_ref().map_or(now, from_api);
            human_duration(end.since(from_api(start)).as_nanos() as i64)
        });
        let (containers, images) = cells::containers(Some(&spec.template));
        vec![
            job.metadata.name.clone().unwrap_or_default(),
            state(job, status).to_owned(),
            completions,
            duration.unwrap_or_default(),
            age(&job.metadata, now),
            containers,
            images,
            format_label_selector(spec.selector.as_ref()),
        ]
    }
}

/// `k8s.io/kubernetes/pkg/api/job/warnings.go`.
pub(super) fn spec_warnings(spec: &JobSpec, path: &Path<'_>, found: &mut Vec<String>) {
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let (completions, parallelism) = (
        spec.completions.unwrap_or_default(),
        spec.parallelism.unwrap_or_default(),
    );
    if indexed && completions > 100_000 && parallelism > 10_000 {
        found.push(format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        ));
    }
    template_warnings(Some(&spec.template), &path.child("template"), found);
}
