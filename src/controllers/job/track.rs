//! Counts each pod once, and writes the status (`job_controller.go`
//! trackJobStatusAndRemoveFinalizers).
//!
//! 1. Pods that have ended are noted in `uncountedTerminatedPods`, and written.
//! 2. Their finalizers are removed: they may go now.
//! 3. They move from the note into the counters; the job is finished when none is left.

use std::collections::BTreeSet;
use std::rc::Rc;

use k8s_openapi::api::batch::v1::{Job, JobCondition, JobStatus, UncountedTerminatedPods};
use k8s_openapi::api::core::v1::Pod;

use super::holds_finalizer;
use super::indexes::index_of;
use super::orphans::let_go;
use super::policy::{is_failed, judge};
use super::sync::{Sync, new_condition};
use crate::api::{Resource, Result};
use crate::client::Involved;
use crate::controllers::pods;

/// So many pods are counted in one sync at most.
const MOST_UNCOUNTED: usize = 500;

fn is(condition: Option<&JobCondition>, type_: &str) -> bool {
    condition.is_some_and(|c| c.type_ == type_)
}

impl Sync<'_, '_, '_> {
    pub fn track(&mut self, before: &JobStatus) -> Result<()> {
        let mut written = before.clone();
        let mut held: BTreeSet<String> = BTreeSet::new();
        for pod in &self.pods {
            if holds_finalizer(pod) && !self.is_let_go(pod) {
                held.insert(pod.uid().to_owned());
            }
        }
        self.move_counted(&held);
        let (ended, too_many) = self.note_ended();
        self.note_indexes();
        self.note_target();
        self.flush(&mut written)?;
        self.controller
            .failures
            .insert(self.key.clone(), self.record);
        let removed = self.remove_finalizers(&ended, &mut held);
        self.move_counted(&held);
        if removed.is_err() {
            self.flush(&mut written)?;
            return removed;
        }
        let finished = !too_many && self.finish();
        self.flush(&mut written)?;
        if finished {
            self.tell_finished();
        }
        Ok(())
    }

    /// Writes the status if it differs from what was written last.
    fn flush(&mut self, written: &mut JobStatus) -> Result<()> {
        let status = self.job.status.clone().unwrap_or_default();
        if status == *written {
            return Ok(());
        }
        match self.scope.ctx.update_status(self.job.clone()) {
            Ok(job) => self.job = (*job).clone(),
            Err(missing) if missing.is_not_found() => {}
            Err(status) => return Err(status),
        }
        *written = status;
        Ok(())
    }

    fn uncounted(&mut self) -> &mut UncountedTerminatedPods {
        self.status()
            .uncounted_terminated_pods
            .get_or_insert_default()
    }

    /// Pods whose finalizer is gone move from the note into the counters.
    fn move_counted(&mut self, held: &BTreeSet<String>) {
        let split = |uids: &mut Option<Vec<String>>| {
            let all = uids.take().unwrap_or_default();
            let before = all.len();
            let left: Vec<String> = all.into_iter().filter(|uid| held.contains(uid)).collect();
            let moved = before - left.len();
            *uids = (!left.is_empty()).then_some(left);
            moved as i32
        };
        let uncounted = self.uncounted();
        let (succeeded, failed) = (
            split(&mut uncounted.succeeded),
            split(&mut uncounted.failed),
        );
        let status = self.status();
        for (field, more) in [
            (&mut status.succeeded, succeeded),
            (&mut status.failed, failed),
        ] {
            let count = field.unwrap_or_default() + more;
            *field = Some(count).filter(|n| *n > 0);
        }
    }

    /// Notes the pods that have ended; returns those whose finalizer may go, and whether there were
    /// more of them than one sync takes.
    fn note_ended(&mut self) -> (Vec<Rc<Pod>>, bool) {
        let mut all = self.pods.clone();
        if self.is_indexed() {
            all.sort_by_key(|p| index_of(p));
        }
        let mut ended = Vec::new();
        let mut indexes = Vec::new();
        for pod in all {
            if !holds_finalizer(&pod) || self.is_let_go(&pod) || !self.may_go(&pod) {
                continue;
            }
            ended.push(pod.clone());
            let uid = pod.uid().to_owned();
            let index = index_of(&pod).filter(|i| *i < self.completions());
            let noted = self.uncounted().clone();
            let has = |uids: &Option<Vec<String>>| uids.iter().flatten().any(|u| *u == uid);
            let over = self.over.is_some() && !self.has_succeeded();
            if pods::phase(&pod) == "Succeeded" && !has(&noted.failed) {
                match index {
                    Some(index) if self.is_indexed() => {
                        if !self.known_indexes.has(index) {
                            indexes.push(index);
                        }
                    }
                    _ if self.is_indexed() => {}
                    _ if has(&noted.succeeded) => {}
                    _ => self.uncounted().succeeded.get_or_insert_default().push(uid),
                }
            } else if (is_failed(&pod, &self.spec) || over)
                && !has(&noted.failed)
                && (!self.is_indexed() || index.is_some())
                && judge(&self.spec, &pod).counts()
            {
                // When the job is over, what has not ended has failed.
                self.uncounted().failed.get_or_insert_default().push(uid);
            }
            if indexes.len() + self.uncounted_len() >= MOST_UNCOUNTED {
                self.succeeded_indexes = self.known_indexes.with(sorted(indexes));
                return (ended, true);
            }
        }
        if self.is_indexed() {
            self.succeeded_indexes = self.succeeded_indexes.with(sorted(indexes));
        }
        (ended, false)
    }

    fn uncounted_len(&mut self) -> usize {
        let uncounted = self.uncounted();
        let len = |uids: &Option<Vec<String>>| uids.as_ref().map_or(0, Vec::len);
        len(&uncounted.succeeded) + len(&uncounted.failed)
    }

    fn has_succeeded(&self) -> bool {
        let over = self.over.as_ref();
        is(over, "SuccessCriteriaMet") || is(over, "Complete")
    }

    /// Whether the pod need not be kept any longer (canRemoveFinalizer).
    fn may_go(&self, pod: &Rc<Pod>) -> bool {
        if self.job.metadata.deletion_timestamp.is_some()
            || self.over.is_some()
            || pods::phase(pod) == "Succeeded"
        {
            return true;
        }
        let waits = index_of(pod).and_then(|i| self.replaced.get(&i));
        is_failed(pod, &self.spec) && waits.is_none_or(|p| p.uid() != pod.uid())
    }

    fn note_indexes(&mut self) {
        if !self.is_indexed() {
            return;
        }
        let (total, text) = (
            self.succeeded_indexes.total(),
            self.succeeded_indexes.to_string(),
        );
        let failed = self.failed_indexes.as_ref().map(ToString::to_string);
        let status = self.status();
        status.succeeded = Some(total as i32).filter(|n| *n > 0);
        status.completed_indexes = Some(text).filter(|t| !t.is_empty());
        status.failed_indexes = failed;
    }

    /// The condition that says how the job will end is written before any pod may go.
    fn note_target(&mut self) {
        let Some(over) = self.over.clone() else {
            return;
        };
        let (target, last) = match over.type_.as_str() {
            "FailureTarget" => ("FailureTarget", "Failed"),
            "SuccessCriteriaMet" => ("SuccessCriteriaMet", "Complete"),
            _ => return,
        };
        let conditions = self.status().conditions.get_or_insert_default();
        if !conditions.iter().any(|c| c.type_ == target) {
            conditions.push(over.clone());
        }
        let now = self.scope.now();
        self.over = Some(new_condition(
            last,
            &over.reason.unwrap_or_default(),
            &over.message.unwrap_or_default(),
            now,
        ));
    }

    fn remove_finalizers(&mut self, pods: &[Rc<Pod>], held: &mut BTreeSet<String>) -> Result<()> {
        let mut failure = None;
        for pod in pods {
            match let_go(self.scope, &pod.key()) {
                Ok(()) => {
                    held.remove(pod.uid());
                    let key = self.key.clone();
                    let uids = self.controller.let_go.entry(key).or_default();
                    uids.insert(pod.uid().into());
                }
                Err(status) => failure = failure.or(Some(status)),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Marks the job as finished, when every pod is counted and gone (enactJobFinished).
    fn finish(&mut self) -> bool {
        let Some(over) = self.over.clone() else {
            return false;
        };
        if self.uncounted_len() > 0 || self.terminating > 0 {
            return false;
        }
        let conditions = self.status().conditions.get_or_insert_default();
        conditions.retain(|c| c.type_ != over.type_);
        conditions.push(over.clone());
        if over.type_ == "Complete" {
            self.status().completion_time = over.last_transition_time;
        }
        true
    }

    fn tell_finished(&mut self) {
        let Some(over) = self.over.clone() else {
            return;
        };
        let job: &Job = &self.job;
        let about = Involved::of(job);
        let succeeded = job
            .status
            .as_ref()
            .and_then(|s| s.succeeded)
            .unwrap_or_default();
        let too_many = self.spec.completions.is_some_and(|n| succeeded > n);
        let (ctx, recorder) = (&mut *self.scope.ctx, &mut self.controller.recorder);
        if over.type_ == "Failed" {
            let (reason, message) = (
                over.reason.unwrap_or_default(),
                over.message.unwrap_or_default(),
            );
            recorder.warning(ctx, &about, &reason, &message);
            return;
        }
        if too_many {
            let message = "Too many succeeded pods running after completion count reached";
            recorder.warning(ctx, &about, "TooManySucceededPods", message);
        }
        recorder.normal(ctx, &about, "Completed", "Job completed");
    }
}

fn sorted(mut indexes: Vec<i64>) -> Vec<i64> {
    indexes.sort_unstable();
    indexes
}
