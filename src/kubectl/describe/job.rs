//! Jobs and CronJobs.

use serde_json::Value;

use super::events;
use super::page::{Page, capital, controller, selector, time};
use super::template::pod_template;
use crate::api::rfc3339::{human_duration, parse_time};
use crate::kubectl::json::{int, list, text};
use crate::kubectl::kube::Kube;

const UNSET: &str = "<unset>";
/// A longer list of indexes is cut at the next comma.
const LONGEST_INDEXES: usize = 50;

fn number(value: &Value, field: &str) -> String {
    int(value, field).map_or_else(|| UNSET.to_owned(), |n| n.to_string())
}

pub async fn job(kube: &Kube, job: &Value, page: &mut Page) {
    let (spec, status) = (&job["spec"], &job["status"]);
    page.name_and_namespace(job);
    page.pair("Selector", &selector(&spec["selector"]));
    page.labels_and_annotations(job);
    if let Some(owner) = controller(job) {
        page.pair("Controlled By", &owner);
    }
    if int(spec, "parallelism").is_some() {
        page.pair("Parallelism", &number(spec, "parallelism"));
    }
    page.pair("Completions", &number(spec, "completions"));
    page.pair_if("Completion Mode", text(spec, "completionMode"));
    if let Some(suspended) = spec["suspend"].as_bool() {
        page.pair("Suspend", if suspended { "true" } else { "false" });
    }
    for (title, field) in [
        ("Backoff Limit", "backoffLimit"),
        ("TTL Seconds After Finished", "ttlSecondsAfterFinished"),
    ] {
        if let Some(number) = int(spec, field) {
            page.pair(title, &number.to_string());
        }
    }
    let (start, end) = (text(status, "startTime"), text(status, "completionTime"));
    if !start.is_empty() {
        page.pair("Start Time", &time(start));
    }
    if !end.is_empty() {
        page.pair("Completed At", &time(end));
    }
    if let (Some(start), Some(end)) = (parse_time(start), parse_time(end)) {
        page.pair("Duration", &human_duration(end - start));
    }
    if let Some(seconds) = int(spec, "activeDeadlineSeconds") {
        page.pair("Active Deadline Seconds", &format!("{seconds}s"));
    }
    let count = |field: &str| int(status, field).unwrap_or(0);
    let ready = match int(status, "ready") {
        Some(ready) => format!(" ({ready} Ready)"),
        None => String::new(),
    };
    page.pair(
        "Pods Statuses",
        &format!(
            "{} Active{ready} / {} Succeeded / {} Failed",
            count("active"),
            count("succeeded"),
            count("failed")
        ),
    );
    if text(spec, "completionMode") == "Indexed" {
        page.pair(
            "Completed Indexes",
            &capped(text(status, "completedIndexes")),
        );
    }
    pod_template(&spec["template"], page);
    events::write(kube, job, page).await;
}

fn capped(indexes: &str) -> String {
    if indexes.is_empty() {
        return "<none>".to_owned();
    }
    let rest = indexes.get(LONGEST_INDEXES..).unwrap_or_default();
    match rest.find(',') {
        Some(comma) => {
            let kept = indexes.get(..LONGEST_INDEXES + comma + 1);
            format!("{}...", kept.unwrap_or(indexes))
        }
        None => indexes.to_owned(),
    }
}

pub async fn cron_job(kube: &Kube, cron_job: &Value, page: &mut Page) {
    let (spec, status) = (&cron_job["spec"], &cron_job["status"]);
    page.name_and_namespace(cron_job);
    page.labels_and_annotations(cron_job);
    page.pair("Schedule", text(spec, "schedule"));
    page.pair("Concurrency Policy", text(spec, "concurrencyPolicy"));
    let suspended = spec["suspend"].as_bool();
    page.pair("Suspend", suspended.map_or(UNSET, capital));
    let zone = match text(spec, "timeZone") {
        "" => UNSET,
        zone => zone,
    };
    page.pair("Time Zone", zone);
    for (title, field) in [
        ("Successful Job History Limit", "successfulJobsHistoryLimit"),
        ("Failed Job History Limit", "failedJobsHistoryLimit"),
    ] {
        page.pair(title, &number(spec, field));
    }
    let deadline = int(spec, "startingDeadlineSeconds");
    let deadline = deadline.map_or_else(|| UNSET.to_owned(), |s| format!("{s}s"));
    page.pair("Starting Deadline Seconds", &deadline);
    let of_job = &spec["jobTemplate"]["spec"];
    let selected = match of_job["selector"].is_object() {
        true => selector(&of_job["selector"]),
        false => UNSET.to_owned(),
    };
    page.pair("Selector", &selected);
    page.pair("Parallelism", &number(of_job, "parallelism"));
    page.pair("Completions", &number(of_job, "completions"));
    if let Some(seconds) = int(of_job, "activeDeadlineSeconds") {
        page.pair("Active Deadline Seconds", &format!("{seconds}s"));
    }
    pod_template(&of_job["template"], page);
    let last = match text(status, "lastScheduleTime") {
        "" => UNSET.to_owned(),
        last => time(last),
    };
    page.pair("Last Schedule Time", &last);
    let active: Vec<&str> = list(status, "active")
        .iter()
        .map(|reference| reference["name"].as_str().unwrap_or_default())
        .collect();
    match active.is_empty() {
        true => page.pair("Active Jobs", "<none>"),
        false => page.pair("Active Jobs", &active.join(", ")),
    }
    events::write(kube, cron_job, page).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_indexes_are_cut() {
        assert_eq!(capped(""), "<none>");
        assert_eq!(capped("0-4"), "0-4");
        let long: Vec<String> = (0..40).map(|n| (n * 2).to_string()).collect();
        let cut = capped(&long.join(","));
        assert!(cut.len() < 60 && cut.ends_with(",..."), "{cut}");
    }
}
