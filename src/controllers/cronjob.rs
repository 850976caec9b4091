//! The CronJob controller: makes Jobs by the clock
//! (`k8s.io/kubernetes/pkg/controller/cronjob/cronjob_controllerv2.go`).

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::job::{condition, finished};
use super::owner::owner_of;
use super::replicaset::is_namespace_terminating;
use crate::api::cron::Schedule;
use crate::api::rfc3339::{SECOND, format_rfc1123, format_time, go_quote};
use crate::api::time::{api_time, from_api};
use crate::api::time_zone::TimeZone;
use crate::api::{Key, Resource, Result, controller_of, controller_ref};
use crate::apiserver::{DeleteOptions, Propagation};
use crate::client::{EventRecorder, Involved};
use crate::sim::Time;

/// A run begins so much later than its time: clocks may differ.
const DELTA: Duration = Duration::from_millis(100);
const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// Beyond so many missed runs something is wrong.
const MANY: i64 = 100;

#[derive(Clone)]
pub struct CronJobController {
    recorder: EventRecorder,
}

impl Default for CronJobController {
    fn default() -> Self {
        CronJobController {
            recorder: EventRecorder::new("cronjob-controller", ""),
        }
    }
}

impl Controller for CronJobController {
    fn name(&self) -> &'static str {
        "cronjob-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some(key) = change.key_of::<CronJob>() {
            triggers.add(key);
        } else if let Some((old, new)) = change.of::<Job>() {
            for job in [old, new].into_iter().flatten() {
                if let Some(owner) = owner_of(&job.metadata, &caches.cron_jobs) {
                    triggers.add(owner.key());
                }
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let caches = scope.caches;
        let Some(cron_job) = caches.cron_jobs.get(key).cloned() else {
            return Ok(Next::Change);
        };
        let owned = |job: &&Rc<Job>| {
            controller_of(&job.metadata).is_some_and(|o| o.name == cron_job.name())
        };
        let jobs = caches.jobs.in_namespace(cron_job.namespace());
        let jobs: Vec<Rc<Job>> = jobs.filter(owned).cloned().collect();
        scope.look(jobs.len());
        let before = cron_job.status.clone().unwrap_or_default();
        let mut sync = Sync {
            recorder: &mut self.recorder,
            scope,
            status: before.clone(),
            cron_job,
        };
        sync.clean_up(&jobs);
        let next = sync.run(&jobs);
        if sync.status != before {
            let mut changed = (*sync.cron_job).clone();
            changed.status = Some(sync.status.clone());
            match sync.scope.ctx.update_status(changed) {
                Err(missing) if missing.is_not_found() => {}
                Err(status) => return Err(status),
                Ok(_) => {}
            }
        }
        next
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

struct Sync<'s, 'a, 'c> {
    recorder: &'s mut EventRecorder,
    scope: &'s mut Scope<'a, 'c>,
    cron_job: Rc<CronJob>,
    status: CronJobStatus,
}

/// Runs that were due before now.
struct Due {
    /// From when on runs were looked for.
    earliest: i64,
    latest: Option<i64>,
    missed: i64,
}

impl Sync<'_, '_, '_> {
    fn normal(&mut self, reason: &str, message: &str) {
        let about = Involved::of(&*self.cron_job);
        self.recorder
            .normal(self.scope.ctx, &about, reason, message);
    }

    fn warn(&mut self, reason: &str, message: &str) {
        let about = Involved::of(&*self.cron_job);
        self.recorder
            .warning(self.scope.ctx, &about, reason, message);
    }

    fn is_active(&self, uid: &str) -> bool {
        let mut active = self.status.active.iter().flatten();
        active.any(|r| r.uid.as_deref() == Some(uid))
    }

    fn forget(&mut self, uid: &str) {
        if let Some(active) = &mut self.status.active {
            active.retain(|r| r.uid.as_deref() != Some(uid));
        }
        self.status.active.take_if(|a| a.is_empty());
    }

    /// Deletes the oldest finished jobs beyond the limits.
    fn clean_up(&mut self, jobs: &[Rc<Job>]) {
        let spec = &self.cron_job.spec;
        let limits = [
            ("Complete", spec.successful_jobs_history_limit),
            ("Failed", spec.failed_jobs_history_limit),
        ];
        for (end, limit) in limits {
            let Some(limit) = limit.and_then(|n| usize::try_from(n).ok()) else {
                continue;
            };
            let ended = |job: &&Rc<Job>| finished(job).is_some_and(|c| c.type_ == end);
            let mut ended: Vec<Rc<Job>> = jobs.iter().filter(ended).cloned().collect();
            ended.sort_by_key(|job| {
                let start = job.status.as_ref().and_then(|s| s.start_time.as_ref());
                (start.is_none(), start.map(from_api), job.name().to_owned())
            });
            let excess = ended.len().saturating_sub(limit);
            for job in ended.iter().take(excess) {
                self.delete(job);
            }
        }
    }

    fn delete(&mut self, job: &Rc<Job>) -> bool {
        if job.metadata.deletion_timestamp.is_some() {
            return true;
        }
        let options = DeleteOptions {
            propagation: Some(Propagation::Background),
            ..DeleteOptions::default()
        };
        match self.scope.ctx.delete::<Job>(&job.key(), &options) {
            Err(status) if !status.is_not_found() => {
                self.warn("FailedDelete", &format!("Deleted job: {}", status.message));
                false
            }
            Err(_) => true,
            Ok(()) => {
                self.forget(job.uid());
                self.normal("SuccessfulDelete", &format!("Deleted job {}", job.name()));
                true
            }
        }
    }

    /// Takes in how the jobs fare.
    fn look_at(&mut self, jobs: &[Rc<Job>]) {
        for job in jobs {
            let known = self.is_active(job.uid());
            let end = finished(job).map(|c| c.type_.clone());
            match (known, end) {
                (false, None) => {
                    // The cache may be behind our own write.
                    let newest = self.scope.ctx.get::<CronJob>(&self.cron_job.key());
                    let status = newest.and_then(|n| n.status.clone());
                    let mut active = status.iter().flat_map(|s| s.active.iter().flatten());
                    if active.any(|r| r.uid.as_deref() == Some(job.uid())) {
                        self.status = status.unwrap_or_default();
                        continue;
                    }
                    let message = format!(
                        "Saw a job that the controller did not create or forgot: {}",
                        job.name()
                    );
                    self.warn("UnexpectedJob", &message);
                }
                (true, Some(end)) => {
                    self.forget(job.uid());
                    let message = format!("Saw completed job: {}, condition: {end}", job.name());
                    self.normal("SawCompletedJob", &message);
                }
                (false, Some(_)) if condition(job, "Complete").is_some() => {
                    let end = job.status.as_ref().and_then(|s| s.completion_time.clone());
                    let last = self.status.last_successful_time.as_ref();
                    if last.is_none_or(|last| end.as_ref().is_some_and(|e| e.0 > last.0)) {
                        self.status.last_successful_time = end;
                    }
                }
                _ => {}
            }
        }
    }

    /// Forgets active jobs that are gone. Whether all is known for that.
    fn look_for_missing(&mut self, jobs: &[Rc<Job>]) -> bool {
        for reference in self.status.active.clone().unwrap_or_default() {
            let uid = reference.uid.unwrap_or_default();
            if jobs.iter().any(|j| j.uid() == uid) {
                continue;
            }
            let name = reference.name.unwrap_or_default();
            let key = Key::new(self.cron_job.namespace(), &name);
            if self.scope.ctx.get::<Job>(&key).is_none() {
                // Perhaps this controller deleted it itself, and its cache does not show that yet.
                let newest = self.scope.ctx.get::<CronJob>(&self.cron_job.key());
                let version = |c: &CronJob| c.metadata.resource_version.clone();
                if newest.is_some_and(|n| version(&n) != version(&self.cron_job)) {
                    self.status = self.cron_job.status.clone().unwrap_or_default();
                    return false;
                }
                self.normal("MissingJob", &format!("Active job went missing: {name}"));
                self.forget(&uid);
            }
        }
        true
    }

    fn run(&mut self, jobs: &[Rc<Job>]) -> Outcome {
        self.look_at(jobs);
        if !self.look_for_missing(jobs) {
            // What is newer is on its way.
            return Ok(Next::Change);
        }
        let spec = self.cron_job.spec.clone();
        if self.cron_job.metadata.deletion_timestamp.is_some() {
            return Ok(Next::Change);
        }
        let name = spec.time_zone.clone().unwrap_or_default();
        let Some(zone) = TimeZone::find(&name) else {
            let message = format!(
                "invalid timeZone: {}: unknown time zone {name}",
                go_quote(&name)
            );
            self.warn("UnknownTimeZone", &message);
            return Ok(Next::Change);
        };
        if spec.suspend == Some(true) {
            return Ok(Next::Change);
        }
        let schedule = match Schedule::parse(&spec.schedule) {
            Ok(schedule) => schedule,
            Err(why) => {
                let message = format!("unparseable schedule: {} : {why}", go_quote(&spec.schedule));
                self.warn("UnparseableSchedule", &message);
                return Ok(Next::Change);
            }
        };
        let due = self.due(&schedule, &zone, true);
        let Some(due) = due else {
            // There is no such day: nothing will ever be due.
            return Ok(Next::Change);
        };
        let next = self.next(&schedule, &zone);
        let Some(at) = due.latest else {
            return Ok(next);
        };
        if due.missed > MANY {
            let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            self.warn("TooManyMissedTimes", message);
        }
        let scheduled = Time::from_unix(at, 0);
        let deadline = spec.starting_deadline_seconds.map(|s| at + s);
        let now = self.scope.now();
        if deadline.is_some_and(|d| Time::from_unix(d, 0) < now) {
            let message = format!(
                "Missed scheduled time to start a job: {}",
                format_rfc1123(at * SECOND)
            );
            self.warn("MissSchedule", &message);
            return Ok(next);
        }
        let job_name = format!("{}-{}", self.cron_job.name(), at.div_euclid(60));
        let mut active = self.status.active.iter().flatten();
        let known = active.any(|r| r.name.as_deref() == Some(&job_name));
        let last = self.status.last_schedule_time.as_ref().map(from_api);
        if known || last == Some(scheduled) {
            return Ok(next);
        }
        let busy = self.status.active.as_ref().is_some_and(|a| !a.is_empty());
        match spec.concurrency_policy.as_deref() {
            Some("Forbid") if busy => {
                let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.normal("JobAlreadyActive", message);
                return Ok(next);
            }
            Some("Replace") => self.replace_active()?,
            _ => {}
        }
        self.start(&job_name, at, &zone)?;
        Ok(self.next(&schedule, &zone))
    }

    fn replace_active(&mut self) -> Result<()> {
        for reference in self.status.active.clone().unwrap_or_default() {
            let key = Key::new(
                self.cron_job.namespace(),
                &reference.name.unwrap_or_default(),
            );
            let Some(job) = self.scope.ctx.get::<Job>(&key) else {
                let info = Job::KIND.info();
                let missing = crate::api::Status::not_found(info, &key.name);
                self.warn("FailedGet", &format!("Get job: {}", missing.message));
                return Err(missing);
            };
            if !self.delete(&job) {
                let why = format!("could not replace job {key}");
                return Err(crate::api::Status::internal(why));
            }
            self.forget(job.uid());
        }
        Ok(())
    }

    fn start(&mut self, name: &str, at: i64, zone: &TimeZone) -> Result<()> {
        let template = &self.cron_job.spec.job_template;
        let meta = template.metadata.clone().unwrap_or_default();
        let mut annotations = meta.annotations.unwrap_or_default();
        annotations.insert(SCHEDULED_AT.to_owned(), local_time(at, zone));
        let job = Job {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: self.cron_job.metadata.namespace.clone(),
                labels: meta.labels,
                annotations: Some(annotations),
                owner_references: Some(vec![controller_ref(&*self.cron_job)]),
                ..ObjectMeta::default()
            },
            spec: template.spec.clone(),
            status: None,
        };
        let key = self.cron_job.key();
        self.scope
            .decide("CronJob", &key, &format!("it is time for {name}"));
        let job = match self.scope.ctx.create(job) {
            Ok(job) => {
                self.normal("SuccessfulCreate", &format!("Created job {}", job.name()));
                job
            }
            Err(status) if status.is_already_exists() => {
                let key = Key::new(self.cron_job.namespace(), name);
                let Some(job) = self.scope.ctx.get::<Job>(&key) else {
                    return Ok(());
                };
                let ours = controller_of(&job.metadata);
                if ours.is_none_or(|o| o.uid != self.cron_job.uid()) {
                    return Ok(());
                }
                job
            }
            Err(status) => {
                if !is_namespace_terminating(&status) {
                    let message = format!("Error creating job: {}", status.message);
                    self.warn("FailedCreate", &message);
                }
                return Err(status);
            }
        };
        if !self.is_active(job.uid()) {
            let info = Job::KIND.info();
            self.status
                .active
                .get_or_insert_default()
                .push(ObjectReference {
                    api_version: Some(info.api_version()),
                    kind: Some(info.kind.to_owned()),
                    name: job.metadata.name.clone(),
                    namespace: job.metadata.namespace.clone(),
                    resource_version: job.metadata.resource_version.clone(),
                    uid: job.metadata.uid.clone(),
                    field_path: None,
                });
        }
        self.status.last_schedule_time = Some(api_time(Time::from_unix(at, 0)));
        Ok(())
    }

    /// The latest run that was due, and how many were missed (mostRecentScheduleTime). `None` when
    /// the schedule has no instant.
    fn due(&self, schedule: &Schedule, zone: &TimeZone, within_deadline: bool) -> Option<Due> {
        let now = self.scope.now().unix_secs();
        let meta = &self.cron_job.metadata;
        let last = self.status.last_schedule_time.as_ref();
        let from = last.or(meta.creation_timestamp.as_ref()).map(from_api);
        let mut earliest = from.map_or(now, |t| t.unix_secs());
        if within_deadline && let Some(seconds) = self.cron_job.spec.starting_deadline_seconds {
            earliest = earliest.max(now - seconds);
        }
        let none = |missed| Due {
            earliest,
            latest: None,
            missed,
        };
        let first = schedule.next(earliest, zone)?;
        if now < first {
            return Some(none(0));
        }
        let second = schedule.next(first, zone)?;
        if now < second {
            return Some(Due {
                latest: Some(first),
                ..none(0)
            });
        }
        let between = (second - first).max(1);
        let missed = (now - first) / between + 1;
        // One step back, for schedules whose steps differ.
        let mut at = first + (missed - 2) * between;
        let mut latest = None;
        while let Some(next) = schedule.next(at, zone).filter(|n| *n <= now) {
            latest = Some(next);
            at = next;
        }
        Some(Due {
            latest,
            ..none(missed)
        })
    }

    /// When to look again.
    fn next(&self, schedule: &Schedule, zone: &TimeZone) -> Next {
        let now = self.scope.now();
        let Some(due) = self.due(schedule, zone, false) else {
            return Next::Change;
        };
        let from = match due.latest {
            Some(latest) => latest,
            None if due.missed == 0 => due.earliest,
            None => now.unix_secs(),
        };
        match schedule.next(from, zone) {
            Some(at) => {
                let at = Time::from_unix(at, 0) + DELTA;
                Next::After(at.since(now), "the next run is due")
            }
            None => Next::Change,
        }
    }
}

/// An instant as clocks of a zone show it: `2026-11-21T10:00:00+01:00`.
fn local_time(at: i64, zone: &TimeZone) -> String {
    let offset = zone.offset(at);
    let text = format_time((at + offset) * SECOND);
    if offset == 0 {
        return text;
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    format!(
        "{}{sign}{:02}:{:02}",
        text.trim_end_matches('Z'),
        minutes / 60,
        minutes % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_tell_their_offset() {
        let zone = |name| TimeZone::find(name).expect("a zone");
        assert_eq!(local_time(0, &TimeZone::UTC), "1970-01-01T00:00:00Z");
        assert_eq!(
            local_time(0, &zone("Asia/Kolkata")),
            "1970-01-01T05:30:00+05:30"
        );
        assert_eq!(
            local_time(0, &zone("Etc/GMT+5")),
            "1969-12-31T19:00:00-05:00"
        );
    }
}
