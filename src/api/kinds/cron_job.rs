//! Jobs that are made by the clock.
//!
//! Models `k8s.io/kubernetes/pkg/registry/batch/cronjob/strategy.go` and
//! `pkg/apis/batch/validation` ValidateCronJobCreate.

use k8s_openapi::api::batch::v1::{CronJob as Kind, CronJobSpec, JobSpec};

use super::job;
use super::pod::defaults::text;
use super::pod::warnings;
use super::workload::{begun, count_generation};
use super::{KindInfo, cells};
use crate::api::cron::Schedule;
use crate::api::field::{Errors, Path};
use crate::api::selector::format_label_selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::{age, age_since};
use crate::api::time_zone::TimeZone;
use crate::api::validation::{not_negative, one_of};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "batch",
    version: "v1",
    kind: "CronJob",
    plural: "cronjobs",
    singular: "cronjob",
    short_names: &["cj"],
    namespaced: true,
    categories: &["all"],
    subresources: &["status"],
    prefix: "cronjobs",
    strategy: &Typed(Rules),
};

/// Names of jobs are this one and eleven characters more.
const LONGEST_NAME: usize = 52;

struct Rules;

fn validate(cron_job: &Kind, old: Option<&Kind>) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let spec = &cron_job.spec;
    let before = old.map(|o| &o.spec);
    let schedule = path.child("schedule");
    if spec.schedule.is_empty() {
        errors.required(&schedule, "");
    } else {
        let had_zone = before.is_some_and(|s| s.schedule.contains("TZ"));
        self::schedule(spec, had_zone, &schedule, &mut errors);
    }
    let deadline = spec.starting_deadline_seconds.unwrap_or_default();
    not_negative(
        deadline,
        &path.child("startingDeadlineSeconds"),
        &mut errors,
    );
    if let Some(zone) = &spec.time_zone
        && before.is_none_or(|b| b.time_zone != spec.time_zone)
    {
        time_zone(zone, &path.child("timeZone"), &mut errors);
    }
    one_of(
        spec.concurrency_policy.as_deref(),
        &["Allow", "Forbid", "Replace"],
        &path.child("concurrencyPolicy"),
        &mut errors,
    );
    let template = path.child("jobTemplate");
    let empty = JobSpec::default();
    let of_job = spec.job_template.spec.as_ref().unwrap_or(&empty);
    job_template(of_job, &template.child("spec"), &mut errors);
    for (field, limit) in [
        (
            "successfulJobsHistoryLimit",
            spec.successful_jobs_history_limit,
        ),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        not_negative(limit.unwrap_or_default(), &path.child(field), &mut errors);
    }
    errors
}

fn job_template(spec: &JobSpec, path: &Path<'_>, errors: &mut Errors) {
    job::validation::common(spec, path, errors);
    if let Some(selector) = &spec.selector {
        let detail = "`selector` will be auto-generated";
        errors.invalid_json(&path.child("selector"), selector, detail);
    }
    if spec.manual_selector == Some(true) {
        let path = path.child("manualSelector");
        errors.not_supported_raw(&path, "true", &["nil", "false"]);
    }
}

fn schedule(spec: &CronJobSpec, may_have_zone: bool, path: &Path<'_>, errors: &mut Errors) {
    let text = &spec.schedule;
    if let Err(why) = Schedule::parse(text) {
        errors.invalid(path, text, why);
    }
    if !text.contains("TZ") {
        return;
    }
    if !may_have_zone {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.invalid(path, text, detail);
    } else if spec.time_zone.is_some() {
        let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        errors.invalid(path, text, detail);
    }
}

fn time_zone(zone: &str, path: &Path<'_>, errors: &mut Errors) {
    if zone.is_empty() {
        errors.invalid(path, zone, "timeZone must be nil or non-empty string");
        return;
    }
    let unknown = format!("unknown time zone {zone}");
    let fits = |part: &str| {
        let letters = part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_+".contains(c));
        letters && (1..=14).contains(&part.len()) && !part.starts_with('-')
    };
    if zone.split('/').any(|p| matches!(p, "." | "..") || !fits(p)) {
        errors.invalid(path, zone, unknown);
        return;
    }
    if zone.eq_ignore_ascii_case("Local") {
        let detail =
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.invalid(path, zone, detail);
    }
    if zone != "Local" && TimeZone::find(zone).is_none() {
        errors.invalid(path, zone, unknown);
    }
}

impl KindStrategy for Rules {
    type Kind = Kind;

    /// `k8s.io/kubernetes/pkg/apis/batch/v1/defaults.go` `SetDefaults_CronJob`.
    fn default(&self, cron_job: &mut Kind) {
        cron_job.status.get_or_insert_default();
        let spec = &mut cron_job.spec;
        text(&mut spec.concurrency_policy, "Allow");
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit.get_or_insert(3);
        spec.failed_jobs_history_limit.get_or_insert(1);
        spec.job_template.metadata.get_or_insert_default();
        job::default_spec(spec.job_template.spec.get_or_insert_default());
    }

    fn prepare_for_create(&self, cron_job: &mut Kind) {
        begun(&mut cron_job.metadata, &mut cron_job.status);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        count_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, cron_job: &Kind) -> Errors {
        let mut errors = validate(cron_job, None);
        let name = cron_job.metadata.name.as_deref().unwrap_or_default();
        if name.len() > LONGEST_NAME {
            let path = Path::new("metadata");
            let detail = "must be no more than 52 characters";
            errors.invalid(&path.child("name"), name, detail);
        }
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        validate(new, Some(old))
    }

    fn warnings(&self, cron_job: &Kind) -> Vec<String> {
        let mut found = warnings::of_owner_name(&cron_job.metadata);
        let spec = &cron_job.spec;
        let path = Path::new("spec");
        let template = path.child("jobTemplate");
        if let Some(of_job) = &spec.job_template.spec {
            job::spec_warnings(of_job, &template.child("spec"), &mut found);
        }
        if spec.schedule.contains("TZ") {
            let path = path.child("schedule");
            found.push(format!(
                "{path}: CRON_TZ or TZ used in {path} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
            ));
        }
        found
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Schedule"),
            column("Timezone"),
            column("Suspend"),
            column("Active"),
            column("Last Schedule"),
            column("Age"),
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ];
        COLUMNS
    }

    fn row(&self, cron_job: &Kind, now: Time) -> Vec<String> {
        let no_status = Default::default();
        let spec = &cron_job.spec;
        let status = cron_job.status.as_ref().unwrap_or(&no_status);
        let of_job = spec.job_template.spec.as_ref();
        let (containers, images) = cells::containers(of_job.map(|s| &s.template));
        let last = status.last_schedule_time.as_ref();
        let suspended = match spec.suspend {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        };
        vec![
            cron_job.metadata.name.clone().unwrap_or_default(),
            spec.schedule.clone(),
            spec.time_zone
                .clone()
                .unwrap_or_else(|| cells::NONE.to_owned()),
            suspended.to_owned(),
            status.active.as_ref().map_or(0, Vec::len).to_string(),
            last.map_or_else(|| cells::NONE.to_owned(), |t| age_since(Some(t), now)),
            age(&cron_job.metadata, now),
            containers,
            images,
            format_label_selector(of_job.and_then(|s| s.selector.as_ref())),
        ]
    }
}
