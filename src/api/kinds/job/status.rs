//! What the status of a Job may not say (ValidateJobStatusUpdate).

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{has_condition, policies};
use crate::api::codec::encode;
use crate::api::field::{Errors, Path};
use crate::api::validation::not_negative;

fn shown(time: Option<&Time>) -> String {
    time.map_or("null".to_owned(), |t| encode(t).to_string())
}

pub(super) fn validate(new: &Job, old: &Job) -> Errors {
    let mut errors = Errors::default();
    let none = JobStatus::default();
    let status = new.status.as_ref().unwrap_or(&none);
    let before = old.status.as_ref().unwrap_or(&none);
    let path = Path::new("status");
    counts(status, &path, &mut errors);
    conditions(new, status, before, &path, &mut errors);
    times(new, status, before, &path, &mut errors);
    indexes(new, status, &path, &mut errors);
    let count = |n: Option<i32>| n.unwrap_or_default();
    if count(status.failed) < count(before.failed) {
        let detail = "cannot decrease the failed counter";
        errors.invalid(&path.child("failed"), count(status.failed), detail);
    }
    let indexed = mode(new) == "Indexed";
    if !indexed && count(status.succeeded) < count(before.succeeded) {
        let detail = "cannot decrease the succeeded counter";
        errors.invalid(&path.child("succeeded"), count(status.succeeded), detail);
    }
    errors
}

fn mode(job: &Job) -> &str {
    let spec = job.spec.as_ref();
    spec.and_then(|s| s.completion_mode.as_deref())
        .unwrap_or("NonIndexed")
}

fn counts(status: &JobStatus, path: &Path<'_>, errors: &mut Errors) {
    for (field, number) in [
        ("active", status.active),
        ("succeeded", status.succeeded),
        ("failed", status.failed),
        ("ready", status.ready),
        ("terminating", status.terminating),
    ] {
        not_negative(number.unwrap_or_default(), &path.child(field), errors);
    }
    let Some(uncounted) = &status.uncounted_terminated_pods else {
        return;
    };
    let path = path.child("uncountedTerminatedPods");
    let mut seen: Vec<&String> = Vec::new();
    for (field, uids) in [
        ("succeeded", &uncounted.succeeded),
        ("failed", &uncounted.failed),
    ] {
        let path = path.child(field);
        for (i, uid) in uids.iter().flatten().enumerate() {
            if uid.is_empty() {
                errors.invalid(&path.index(i), uid, "must not be empty");
            } else if seen.contains(&uid) {
                errors.duplicate(&path.index(i), uid);
            } else {
                seen.push(uid);
            }
        }
    }
}

fn conditions(
    job: &Job,
    status: &JobStatus,
    before: &JobStatus,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let is = |type_: &str| has_condition(status, type_);
    let was = |type_: &str| has_condition(before, type_);
    let (complete, failed) = (is("Complete"), is("Failed"));
    let path_of_conditions = path.child("conditions");
    let succeeded = job
        .spec
        .as_ref()
        .is_some_and(|s| s.success_policy.is_some());
    for (wrong, detail) in [
        (
            complete && failed,
            "cannot set Complete=True and Failed=true conditions",
        ),
        (
            complete && is("FailureTarget"),
            "cannot set Complete=True and FailureTarget=true conditions",
        ),
        (
            failed && !is("FailureTarget"),
            "cannot set Failed=True condition without the FailureTarget=true condition",
        ),
        (
            complete && !is("SuccessCriteriaMet"),
            "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
        ),
        (
            is("SuccessCriteriaMet") && failed,
            "cannot set SuccessCriteriaMet=True and Failed=true conditions",
        ),
        (
            is("SuccessCriteriaMet") && is("FailureTarget"),
            "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
        ),
        (
            succeeded && complete && !is("SuccessCriteriaMet"),
            "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True",
        ),
    ] {
        if wrong {
            errors.invalid_raw(&path_of_conditions, "", detail);
        }
    }
    let finished = complete || failed;
    let active = status.active.unwrap_or_default();
    if finished && active > 0 {
        let detail = "active>0 is invalid for finished job";
        errors.invalid(&path.child("active"), active, detail);
    }
    let terminating = status.terminating.unwrap_or_default();
    if finished && terminating > 0 {
        let detail = "terminating>0 is invalid for finished job";
        errors.invalid(&path.child("terminating"), terminating, detail);
    }
    let ready = status.ready.unwrap_or_default();
    if ready > active {
        let detail = "cannot set more ready pods than active";
        errors.invalid(&path.child("ready"), ready, detail);
    }
    let uncounted = status.uncounted_terminated_pods.as_ref();
    let waits = uncounted.is_some_and(|u| {
        let some = |uids: &Option<Vec<String>>| uids.as_ref().is_some_and(|u| !u.is_empty());
        some(&u.succeeded) || some(&u.failed)
    });
    if finished && waits {
        let detail = "uncountedTerminatedPods needs to be empty for finished job";
        errors.invalid_json(&path.child("uncountedTerminatedPods"), &uncounted, detail);
    }
    for type_ in ["Failed", "Complete", "FailureTarget"] {
        if was(type_) && !is(type_) {
            let detail = format!("cannot disable the terminal {type_}=True condition");
            errors.invalid_raw(&path_of_conditions, "", detail);
        }
    }
    if was("SuccessCriteriaMet") && !is("SuccessCriteriaMet") {
        let detail = "cannot disable the SuccessCriteriaMet=True condition";
        errors.invalid_raw(&path_of_conditions, "", detail);
    }
    if was("Complete") && !was("SuccessCriteriaMet") && is("SuccessCriteriaMet") {
        let detail =
            "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
        errors.invalid_raw(&path_of_conditions, "", detail);
    }
}

fn times(job: &Job, status: &JobStatus, before: &JobStatus, path: &Path<'_>, errors: &mut Errors) {
    let complete = has_condition(status, "Complete");
    let finished = complete || has_condition(status, "Failed");
    let (start, end) = (status.start_time.as_ref(), status.completion_time.as_ref());
    let path_of_end = path.child("completionTime");
    if end.is_some() && !complete {
        let detail = "cannot set completionTime when there is no Complete=True condition";
        errors.invalid_raw(&path_of_end, &shown(end), detail);
    }
    if end.is_none() && complete {
        errors.required(&path_of_end, "completionTime is required for Complete jobs");
    }
    if let (Some(start), Some(last)) = (start, end)
        && last.0 < start.0
    {
        let detail = "completionTime cannot be set before startTime";
        errors.invalid_raw(&path_of_end, &shown(end), detail);
    }
    if finished && start.is_none() {
        errors.required(
            &path.child("startTime"),
            "startTime is required for finished job",
        );
    }
    if let (Some(was), Some(is)) = (&before.completion_time, end)
        && was != is
    {
        let detail = "completionTime cannot be mutated";
        errors.invalid_raw(&path_of_end, &shown(end), detail);
    }
    let suspended = job.spec.as_ref().and_then(|s| s.suspend) == Some(true);
    if before.start_time.is_some() && before.start_time.as_ref() != start && !suspended {
        // Resumed jobs begin anew.
        let resumed = has_condition(before, "Suspended");
        if !resumed {
            // Told apart since v1.36 (kubernetes#136585).
            let path = path.child("startTime");
            match start {
                None => {
                    let detail = "startTime cannot be removed for unsuspended job";
                    errors.required(&path, detail);
                }
                Some(_) => {
                    let detail = "field is immutable for unsuspended job once set";
                    errors.invalid_raw(&path, &shown(start), detail);
                }
            }
        }
    }
}

fn indexes(job: &Job, status: &JobStatus, path: &Path<'_>, errors: &mut Errors) {
    let spec = job.spec.as_ref();
    let completions = spec.and_then(|s| s.completions);
    let limited = spec.is_some_and(|s| s.backoff_limit_per_index.is_some());
    let completed = status.completed_indexes.as_deref().unwrap_or_default();
    let path_of_completed = path.child("completedIndexes");
    if let Some(completions) = completions
        && let Err(why) = policies::count_indexes(completed, completions)
    {
        let detail = format!("error parsing completedIndexes: {why}");
        errors.invalid(&path_of_completed, completed, detail);
    }
    if !completed.is_empty() && mode(job) != "Indexed" {
        let detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.invalid(&path_of_completed, completed, detail);
    }
    let Some(failed) = &status.failed_indexes else {
        return;
    };
    let path = path.child("failedIndexes");
    if !limited {
        let detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        errors.invalid(&path, failed, detail);
    } else if let Err(why) = policies::count_indexes(failed, completions.unwrap_or_default()) {
        let detail = format!("error parsing failedIndexes: {why}");
        errors.invalid(&path, failed, detail);
    }
    if let Some(index) = overlap(completed, failed, completions.unwrap_or_default()) {
        let detail = format!("failedIndexes and completedIndexes overlap at index: {index}");
        errors.invalid(&path, failed, detail);
    }
}

fn overlap(completed: &str, failed: &str, completions: i32) -> Option<i32> {
    let list = |text: &str| -> Vec<(i32, i32)> {
        let parts = text.split(',').filter(|p| !p.is_empty());
        parts
            .filter_map(|p| policies::interval(p, completions).ok())
            .collect()
    };
    let failed = list(failed);
    list(completed).iter().find_map(|(a, b)| {
        let meets = failed.iter().find(|(x, y)| a <= y && x <= b);
        meets.map(|(x, _)| (*a).max(*x))
    })
}
