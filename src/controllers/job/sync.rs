//! What a sync does, in which order, and whether the job is over (`job_controller.go` syncJob).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;

use super::backoff::{Record, absolute_failures, failures, finished_at};
use super::indexes::{Indexes, index_of, indexes_of};
use super::policy::{Verdict, enough, is_failed, judge};
use super::{FINALIZER, JobController, condition, finished, holds_finalizer, is_foreign};
use crate::api::selector::Selector;
use crate::api::time::{api_time, from_api};
use crate::api::{Key, Resource, Result, controller_of};
use crate::apiserver::WriteOptions;
use crate::client::Involved;
use crate::controllers::claim::claim;
use crate::controllers::controller::{Next, Outcome, Scope};
use crate::controllers::pods;
use crate::sim::Time;

/// One sync of one job. The status of `job` is worked on; the rest is as the cache shows it.
pub struct Sync<'s, 'a, 'c> {
    pub controller: &'s mut JobController,
    pub scope: &'s mut Scope<'a, 'c>,
    pub key: Key,
    pub job: Job,
    pub spec: JobSpec,
    pub pods: Vec<Rc<Pod>>,
    pub active: Vec<Rc<Pod>>,
    pub ready: i32,
    pub terminating: i32,
    /// With those that the status does not count yet.
    pub succeeded: i64,
    pub failed: i64,
    /// The indexes that the status knows, and those that have succeeded since.
    pub known_indexes: Indexes,
    pub succeeded_indexes: Indexes,
    pub failed_indexes: Option<Indexes>,
    /// By index, the failed pod whose successor is to learn how often it failed.
    pub replaced: BTreeMap<i64, Rc<Pod>>,
    pub record: Record,
    /// The condition by which the job is over.
    pub over: Option<JobCondition>,
}

pub fn new_condition(type_: &str, reason: &str, message: &str, now: Time) -> JobCondition {
    JobCondition {
        type_: type_.to_owned(),
        status: "True".to_owned(),
        last_probe_time: Some(api_time(now)),
        last_transition_time: Some(api_time(now)),
        reason: Some(reason.to_owned()).filter(|r| !r.is_empty()),
        message: Some(message.to_owned()).filter(|m| !m.is_empty()),
    }
}

pub fn sync(controller: &mut JobController, scope: &mut Scope<'_, '_>, key: &Key) -> Outcome {
    let caches = scope.caches;
    let Some(job) = caches.jobs.get(key).cloned() else {
        controller.forget(key);
        return Ok(Next::Change);
    };
    let Some(spec) = job.spec.clone() else {
        return Ok(Next::Change);
    };
    if is_foreign(&job) {
        return Ok(Next::Change);
    }
    if finished(&job).is_some() {
        controller.failures.remove(key);
        return Ok(Next::Change);
    }
    let Ok(selector) = Selector::from_api(spec.selector.as_ref()) else {
        return Ok(Next::Change);
    };
    let pods = pods_of(scope, &job, &selector)?;
    let active: Vec<Rc<Pod>> = pods
        .iter()
        .filter(|p| pods::is_active(p))
        .cloned()
        .collect();
    let count = |keep: &dyn Fn(&Pod) -> bool, pods: &[Rc<Pod>]| {
        pods.iter().filter(|p| keep(p)).count() as i32
    };
    let completions = i64::from(spec.completions.unwrap_or_default());
    let status = job.status.clone().unwrap_or_default();
    let known = status.completed_indexes.clone().unwrap_or_default();
    let known_indexes = Indexes::parse(&known, completions);
    let now = scope.now();
    let mut job = (*job).clone();
    let own_status = job.status.get_or_insert_default();
    own_status.uncounted_terminated_pods.get_or_insert_default();
    if own_status.start_time.is_none() && spec.suspend != Some(true) {
        own_status.start_time = Some(api_time(now));
    }
    Sync {
        ready: count(&pods::is_ready, &active),
        terminating: count(&pods::is_terminating, &pods),
        controller,
        scope,
        key: key.clone(),
        job,
        spec,
        pods,
        active,
        succeeded: i64::from(status.succeeded.unwrap_or_default()),
        failed: i64::from(status.failed.unwrap_or_default()),
        succeeded_indexes: known_indexes.clone(),
        known_indexes,
        failed_indexes: None,
        replaced: BTreeMap::new(),
        record: Record::default(),
        over: None,
    }
    .run(&status)
}

/// The pods of the job; those that it adopts are to be counted too.
fn pods_of(scope: &mut Scope<'_, '_>, job: &Rc<Job>, selector: &Selector) -> Result<Vec<Rc<Pod>>> {
    let caches = scope.caches;
    let candidates: Vec<Rc<Pod>> = caches
        .pods
        .owned_by(job.uid())
        .chain(caches.orphans(job.namespace()))
        .cloned()
        .collect();
    scope.look(candidates.len());
    let adopted: BTreeSet<Key> = candidates
        .iter()
        .filter(|p| controller_of(&p.metadata).is_none())
        .map(|p| p.key())
        .collect();
    let mut pods = claim(scope, &**job, selector, candidates)?;
    for pod in &mut pods {
        if adopted.contains(&pod.key()) && !holds_finalizer(pod) {
            let options = WriteOptions::default();
            let held = scope.ctx.patch::<Pod>(&pod.key(), &options, |pod| {
                let finalizers = pod.metadata.finalizers.get_or_insert_default();
                finalizers.push(FINALIZER.to_owned());
            })?;
            if let Some(held) = held {
                *pod = held;
            }
        }
    }
    Ok(pods)
}

impl Sync<'_, '_, '_> {
    pub fn is_indexed(&self) -> bool {
        self.spec.completion_mode.as_deref() == Some("Indexed")
    }

    pub fn completions(&self) -> i64 {
        i64::from(self.spec.completions.unwrap_or_default())
    }

    pub fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }

    pub fn status(&mut self) -> &mut JobStatus {
        self.job.status.get_or_insert_default()
    }

    pub fn decide(&mut self, note: &str) {
        self.scope.decide("Job", &self.key, note);
    }

    pub fn is_let_go(&self, pod: &Pod) -> bool {
        let uids = self.controller.let_go.get(&self.key);
        uids.is_some_and(|uids| uids.contains(pod.uid()))
    }

    /// The pods that have ended and are counted nowhere yet.
    fn newly(&self, ended: &dyn Fn(&Pod) -> bool, counted: &[String]) -> Vec<Rc<Pod>> {
        let valid = |pod: &&Rc<Pod>| {
            let index = index_of(pod);
            holds_finalizer(pod)
                && !counted.iter().any(|uid| uid == pod.uid())
                && !self.is_let_go(pod)
                && (!self.is_indexed() || index.is_some_and(|i| i < self.completions()))
                && ended(pod)
        };
        self.pods.iter().filter(valid).cloned().collect()
    }

    fn run(mut self, before: &JobStatus) -> Outcome {
        let satisfied = self
            .controller
            .expectations
            .satisfied(&self.key, self.scope.now());
        let uncounted = before.uncounted_terminated_pods.clone().unwrap_or_default();
        let (ok, bad) = (
            uncounted.succeeded.unwrap_or_default(),
            uncounted.failed.unwrap_or_default(),
        );
        let succeeded = self.newly(&|p| pods::phase(p) == "Succeeded", &ok);
        let failed = self.newly(&|p| is_failed(p, &self.spec), &bad);
        let counting = failed
            .iter()
            .filter(|p| judge(&self.spec, p).counts())
            .count();
        self.succeeded += (succeeded.len() + ok.len()) as i64;
        self.failed += (counting + bad.len()) as i64;
        let record = self.controller.failures.get(&self.key);
        self.record = record
            .copied()
            .unwrap_or_default()
            .with(&succeeded, &failed);
        self.over = self.judge_job();
        if self.is_indexed() {
            self.judge_indexes();
        }
        let outcome = self.act(satisfied);
        self.track(before)?;
        outcome?;
        Ok(Next::Change)
    }

    fn failure(&self, reason: &str, message: &str) -> JobCondition {
        new_condition("FailureTarget", reason, message, self.scope.now())
    }

    /// Whether the job is over by what was decided before, or by its limits.
    fn judge_job(&mut self) -> Option<JobCondition> {
        let now = self.scope.now();
        if let Some(met) = condition(&self.job, "SuccessCriteriaMet") {
            return Some(met.clone());
        }
        if let Some(target) = condition(&self.job, "FailureTarget") {
            let (reason, message) = (target.reason.clone(), target.message.clone());
            return Some(new_condition(
                "Failed",
                &reason.unwrap_or_default(),
                &message.unwrap_or_default(),
                now,
            ));
        }
        let failed = self.pods.iter().filter(|p| is_failed(p, &self.spec));
        for pod in failed {
            if let Verdict::FailJob(why) = judge(&self.spec, pod) {
                return Some(self.failure("PodFailurePolicy", &why));
            }
        }
        let limit = i64::from(self.spec.backoff_limit.unwrap_or(6));
        if self.failed > limit || self.restarted_too_often(limit) {
            let message = "Job has reached the specified backoff limit";
            return Some(self.failure("BackoffLimitExceeded", message));
        }
        let start = self
            .job
            .status
            .as_ref()
            .and_then(|s| s.start_time.as_ref())
            .map(from_api);
        if let (Some(seconds), Some(start), false) = (
            self.spec.active_deadline_seconds,
            start,
            self.is_suspended(),
        ) {
            let deadline = start + Duration::from_secs(seconds.unsigned_abs());
            if now >= deadline {
                let message = "Job was active longer than specified deadline";
                return Some(self.failure("DeadlineExceeded", message));
            }
            let key = self.key.clone();
            let reason = "activeDeadlineSeconds have passed";
            self.scope
                .triggers
                .add_after(key, deadline.since(now), reason);
        }
        None
    }

    /// Pods that are restarted in place count by their restarts.
    fn restarted_too_often(&self, limit: i64) -> bool {
        let pod = self.spec.template.spec.as_ref();
        if pod.and_then(|s| s.restart_policy.as_deref()) != Some("OnFailure") {
            return false;
        }
        let live = self
            .pods
            .iter()
            .filter(|p| matches!(pods::phase(p), "Running" | "Pending"));
        let restarts: i64 = live
            .filter_map(|p| p.status.as_ref())
            .flat_map(|s| {
                let init = s.init_container_statuses.iter().flatten();
                init.chain(s.container_statuses.iter().flatten())
            })
            .map(|c| i64::from(c.restart_count))
            .sum();
        match limit {
            0 => restarts > 0,
            limit => restarts >= limit,
        }
    }

    /// Which indexes have succeeded and failed, and what that means.
    fn judge_indexes(&mut self) {
        let completions = self.completions();
        let valid =
            |pod: &&Rc<Pod>| holds_finalizer(pod) && index_of(pod).is_some_and(|i| i < completions);
        let ended = |p: &&Rc<Pod>| valid(p) && pods::phase(p) == "Succeeded";
        let new = indexes_of(self.pods.iter().filter(ended));
        self.succeeded_indexes = self.known_indexes.with(new);
        self.succeeded = self.succeeded_indexes.total();
        if let Some(limit) = self.spec.backoff_limit_per_index {
            let limit = i64::from(limit);
            let status = self.job.status.as_ref();
            let known = status
                .and_then(|s| s.failed_indexes.clone())
                .unwrap_or_default();
            let gone = |p: &&Rc<Pod>| valid(p) && self.index_failed(p, limit);
            let new = indexes_of(self.pods.iter().filter(gone));
            let failed = Indexes::parse(&known, completions).with(new);
            if self.over.is_none() {
                self.over = self.too_many_failed(&failed);
            }
            self.failed_indexes = Some(failed);
            self.find_replaced();
        }
        if self.over.is_none() {
            let policy = self.spec.success_policy.as_ref();
            let met = enough(policy, completions, &self.succeeded_indexes);
            self.over = met.map(|why| {
                new_condition(
                    "SuccessCriteriaMet",
                    "SuccessPolicy",
                    &why,
                    self.scope.now(),
                )
            });
        }
    }

    fn index_failed(&self, pod: &Pod, limit: i64) -> bool {
        if !is_failed(pod, &self.spec) {
            return false;
        }
        match judge(&self.spec, pod) {
            Verdict::FailIndex => true,
            verdict => verdict.counts() && failures(pod) >= limit,
        }
    }

    fn too_many_failed(&self, failed: &Indexes) -> Option<JobCondition> {
        let most = self.spec.max_failed_indexes.map(i64::from);
        if most.is_some_and(|most| failed.total() > most) {
            let message = "Job has exceeded the specified maximal number of failed indexes";
            return Some(self.failure("MaxFailedIndexesExceeded", message));
        }
        let all = failed.total() + self.succeeded_indexes.total() >= self.completions();
        (failed.total() > 0 && all).then(|| self.failure("FailedIndexes", "Job has failed indexes"))
    }

    fn find_replaced(&mut self) {
        let active = indexes_of(self.active.iter());
        let mut replaced: BTreeMap<i64, Rc<Pod>> = BTreeMap::new();
        for pod in self.newly(&|p| is_failed(p, &self.spec), &[]) {
            let Some(index) = index_of(&pod) else {
                continue;
            };
            let failed = self.failed_indexes.as_ref().is_some_and(|f| f.has(index));
            if self.succeeded_indexes.has(index) || failed || active.contains(&index) {
                continue;
            }
            let later = replaced.get(&index).is_none_or(|last| {
                absolute_failures(last) <= absolute_failures(&pod)
                    && finished_at(&pod) >= finished_at(last)
            });
            if later {
                replaced.insert(index, pod);
            }
        }
        self.replaced = replaced;
    }

    /// Makes and deletes pods; or, when the job is over, deletes what still runs.
    fn act(&mut self, satisfied: bool) -> Result<()> {
        if self.over.is_some() {
            let (all, mut deleted) = (self.active.clone(), 0);
            let mut failure = None;
            for pod in &all {
                match self.delete_pod(pod) {
                    Ok(()) => deleted += 1,
                    Err(status) => failure = failure.or(Some(status)),
                }
            }
            if deleted != all.len() || !satisfied {
                // Pods may be left that the cache does not show.
                self.over = None;
            }
            self.gone(&all, deleted);
            self.note_active(all.len() - deleted);
            return failure.map_or(Ok(()), Err);
        }
        let mut active = self.active.len();
        let mut managed = Ok(());
        let manages = satisfied && self.job.metadata.deletion_timestamp.is_none();
        if manages {
            (active, managed) = self.manage();
        }
        let complete = match self.spec.completions {
            None => self.succeeded > 0 && active == 0,
            Some(_) => self.succeeded >= self.completions() && active == 0,
        };
        if complete {
            let message = "Reached expected number of succeeded pods";
            let now = self.scope.now();
            self.over = Some(new_condition(
                "SuccessCriteriaMet",
                "CompletionsReached",
                message,
                now,
            ));
        } else if manages {
            self.note_suspension();
        }
        self.note_active(active);
        managed
    }

    fn note_active(&mut self, active: usize) {
        let (ready, terminating) = (self.ready, self.terminating);
        let status = self.status();
        status.active = Some(active as i32).filter(|n| *n > 0);
        status.ready = Some(ready);
        status.terminating = Some(terminating);
    }

    /// Pods that were deleted just now are on their way out.
    pub fn gone(&mut self, pods: &[Rc<Pod>], deleted: usize) {
        let ready = pods
            .iter()
            .take(deleted)
            .filter(|p| pods::is_ready(p))
            .count();
        self.ready -= ready as i32;
        self.terminating += deleted as i32;
    }

    fn note_suspension(&mut self) {
        let suspended = self.is_suspended();
        let now = self.scope.now();
        let conditions = self.status().conditions.get_or_insert_default();
        let known = conditions.iter_mut().find(|c| c.type_ == "Suspended");
        let (status, reason, message) = match suspended {
            true => ("True", "JobSuspended", "Job suspended"),
            false => ("False", "JobResumed", "Job resumed"),
        };
        let mut wanted = new_condition("Suspended", reason, message, now);
        wanted.status = status.to_owned();
        let changed = match known {
            Some(known) if known.status == status => false,
            Some(known) => {
                *known = wanted;
                true
            }
            None if suspended => {
                conditions.push(wanted);
                true
            }
            None => false,
        };
        if conditions.is_empty() {
            self.status().conditions = None;
        }
        if !changed {
            return;
        }
        if !suspended {
            // A resumed job begins anew.
            self.status().start_time = Some(api_time(now));
        }
        let event = if suspended { "Suspended" } else { "Resumed" };
        let about = Involved::of(&self.job);
        let recorder = &mut self.controller.recorder;
        recorder.normal(self.scope.ctx, &about, event, message);
    }
}
