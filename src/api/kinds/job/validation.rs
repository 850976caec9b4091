//! What a Job may not be (`k8s.io/kubernetes/pkg/apis/batch/validation/validation.go`).

use k8s_openapi::api::batch::v1::{Job, JobSpec};

use super::{CONTROLLER_UID, JOB_NAME, OLD_CONTROLLER_UID, OLD_JOB_NAME, policies};
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::pod::validation::pod_template;
use crate::api::kinds::workload::selected;
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain, regex_error};
use crate::api::selector::Selector;
use crate::api::validation::{label_selector, not_negative};

const MOST_PARALLEL: i32 = 100_000;
const MOST_FAILED_INDEXES: i32 = 100_000;
/// From this many completions on, failures by index are bounded more tightly.
const MANY_COMPLETIONS: i32 = 100_000;
const MOST_PARALLEL_OF_MANY: i32 = 10_000;
const MOST_FAILED_OF_MANY: i32 = 10_000;
const LONGEST_MANAGED_BY: usize = 63;

/// ValidateJob, without the metadata.
pub(super) fn job(job: &Job) -> Errors {
    let mut errors = Errors::default();
    let empty = JobSpec::default();
    let spec = job.spec.as_ref().unwrap_or(&empty);
    generated_selector(job, spec, &mut errors);
    job_spec(spec, &mut errors);
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    if let Some(completions) = spec.completions.filter(|n| indexed && *n > 0) {
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let longest = format!("{name}-{}", completions - 1);
        if !is_dns1123_label(&longest).is_empty() {
            let detail = format!("will not able to create pod with invalid DNS label: {longest}");
            errors.invalid(&Path::new("metadata").child("name"), name, detail);
        }
    }
    errors
}

/// ValidateJobSpec.
pub(super) fn job_spec(spec: &JobSpec, errors: &mut Errors) {
    let path = Path::new("spec");
    common(spec, &path, errors);
    let path_of_selector = path.child("selector");
    match &spec.selector {
        None => errors.required(&path_of_selector, ""),
        selector => label_selector(selector.as_ref(), &path_of_selector, errors),
    }
    if let Ok(wanted) = Selector::from_api(spec.selector.as_ref()) {
        selected(&spec.template, &wanted, &path.child("template"), errors);
    }
}

/// validateGeneratedSelector: the labels that only this job has.
fn generated_selector(job: &Job, spec: &JobSpec, errors: &mut Errors) {
    let Some(selector) = spec.selector.as_ref() else {
        return;
    };
    if spec.manual_selector == Some(true) {
        return;
    }
    let (uid, name) = (
        job.metadata.uid.clone().unwrap_or_default(),
        job.metadata.name.clone().unwrap_or_default(),
    );
    let none = Default::default();
    let meta = spec.template.metadata.as_ref();
    let labels = meta.and_then(|m| m.labels.as_ref()).unwrap_or(&none);
    let path = Path::new("spec");
    let path = path.child("template");
    let path = path.child("metadata");
    let path_of_labels = path.child("labels");
    let mut expected = std::collections::BTreeMap::new();
    for (key, value) in [
        (OLD_CONTROLLER_UID, &uid),
        (OLD_JOB_NAME, &name),
        (CONTROLLER_UID, &uid),
        (JOB_NAME, &name),
    ] {
        let path = path_of_labels.key(key);
        let detail = format!("must be '{value}'");
        match labels.get(key) {
            None => errors.required(&path, detail),
            Some(actual) if actual != value => errors.invalid_json(&path, labels, &detail),
            Some(_) => {}
        }
        expected.insert(key.to_owned(), value.clone());
    }
    if let Ok(wanted) = Selector::from_api(Some(selector))
        && !wanted.matches(&expected)
    {
        let path = Path::new("spec");
        let detail = "`selector` not auto-generated";
        errors.invalid_json(&path.child("selector"), selector, detail);
    }
}

/// What holds for jobs and for the templates of jobs (validateJobSpec).
pub(in crate::api::kinds) fn common(spec: &JobSpec, path: &Path<'_>, errors: &mut Errors) {
    for (field, number) in [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        (
            "ttlSecondsAfterFinished",
            spec.ttl_seconds_after_finished.map(i64::from),
        ),
        (
            "backoffLimitPerIndex",
            spec.backoff_limit_per_index.map(i64::from),
        ),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ] {
        not_negative(number.unwrap_or_default(), &path.child(field), errors);
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        let path = path.child("backoffLimitPerIndex");
        errors.required(&path, "when maxFailedIndexes is specified");
    }
    if let Some(manager) = &spec.managed_by {
        managed_by(manager, &path.child("managedBy"), errors);
    }
    completion_mode(spec, path, errors);
    if let Some(policy) = &spec.pod_failure_policy {
        policies::failure(spec, policy, &path.child("podFailurePolicy"), errors);
    }
    if let Some(policy) = &spec.success_policy {
        policies::success(spec, policy, &path.child("successPolicy"), errors);
    }
    if let Some(policy) = spec.pod_replacement_policy.as_deref() {
        let path = path.child("podReplacementPolicy");
        let supported: &[&str] = match spec.pod_failure_policy {
            Some(_) => &["Failed"],
            None => &["Failed", "TerminatingOrFailed"],
        };
        if !supported.contains(&policy) {
            errors.not_supported_raw(&path, &quote(policy), supported);
        }
    }
    let template = path.child("template");
    pod_template(&spec.template, &template, errors);
    restart_policy(spec, &template, errors);
}

fn restart_policy(spec: &JobSpec, template: &Path<'_>, errors: &mut Errors) {
    let path = template.child("spec");
    let path = path.child("restartPolicy");
    let pod = spec.template.spec.as_ref();
    let policy = pod.and_then(|s| s.restart_policy.as_deref());
    match policy.unwrap_or_default() {
        "" | "Always" => errors.required(&path, "valid values: \"OnFailure\", \"Never\""),
        "Never" => {}
        "OnFailure" if spec.pod_failure_policy.is_none() => {}
        "OnFailure" => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.invalid(&path, "OnFailure", detail);
        }
        other => errors.not_supported_raw(&path, &quote(other), &["OnFailure", "Never"]),
    }
}

/// IsDomainPrefixedPath.
fn managed_by(value: &str, path: &Path<'_>, errors: &mut Errors) {
    const FORMAT: &str = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
    match value.split_once('/') {
        _ if value.is_empty() => errors.required(path, ""),
        Some((host, rest)) if !host.is_empty() && !rest.is_empty() => {
            errors.invalid_each(path, host, is_dns1123_subdomain(host));
            let fits = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c);
            if !rest.chars().all(fits) {
                errors.invalid(path, rest, regex_error("Invalid path", FORMAT, &[]));
            }
        }
        _ => {
            let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.invalid(path, value, detail);
        }
    }
    if value.len() > LONGEST_MANAGED_BY {
        errors.too_long(path, LONGEST_MANAGED_BY);
    }
}

fn completion_mode(spec: &JobSpec, path: &Path<'_>, errors: &mut Errors) {
    match spec.completion_mode.as_deref() {
        Some("Indexed") => indexed(spec, path, errors),
        None | Some("NonIndexed") => {
            let detail = "requires indexed completion mode";
            for (field, number) in [
                ("backoffLimitPerIndex", spec.backoff_limit_per_index),
                ("maxFailedIndexes", spec.max_failed_indexes),
            ] {
                if let Some(number) = number {
                    errors.invalid(&path.child(field), number, detail);
                }
            }
        }
        Some(other) => {
            let supported = &["NonIndexed", "Indexed"];
            errors.not_supported_raw(&path.child("completionMode"), &quote(other), supported);
        }
    }
}

fn indexed(spec: &JobSpec, path: &Path<'_>, errors: &mut Errors) {
    let at_most = |field: &str, number: Option<i32>, most: i32, rest: &str, errors: &mut Errors| {
        if let Some(number) = number.filter(|n| *n > most) {
            let detail = format!("must be less than or equal to {most}{rest}");
            errors.invalid(&path.child(field), number, detail);
        }
    };
    if spec.completions.is_none() {
        let path = path.child("completions");
        errors.required(&path, "when completion mode is Indexed");
    }
    let rest = " when completion mode is Indexed";
    at_most("parallelism", spec.parallelism, MOST_PARALLEL, rest, errors);
    let failed = spec.max_failed_indexes;
    if let (Some(completions), Some(failed)) = (spec.completions, failed)
        && failed > completions
    {
        let detail = "must be less than or equal to completions";
        errors.invalid(&path.child("maxFailedIndexes"), failed, detail);
    }
    at_most("maxFailedIndexes", failed, MOST_FAILED_INDEXES, "", errors);
    if spec.completions.is_some_and(|n| n > MANY_COMPLETIONS)
        && spec.backoff_limit_per_index.is_some()
    {
        if failed.is_none() {
            let detail = format!("must be specified when completions is above {MANY_COMPLETIONS}");
            errors.required(&path.child("maxFailedIndexes"), detail);
        }
        let rest = format!(
            " when completions are above {MANY_COMPLETIONS} and used with backoff limit per index"
        );
        let most = MOST_PARALLEL_OF_MANY;
        at_most("parallelism", spec.parallelism, most, &rest, errors);
        at_most(
            "maxFailedIndexes",
            failed,
            MOST_FAILED_OF_MANY,
            &rest,
            errors,
        );
    }
}
