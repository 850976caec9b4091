//! How many pods are missing, or too many (`job_controller.go` manageJob).

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::FINALIZER;
use super::backoff::{FAILURES, IGNORED, next_counts, remaining_for_index};
use super::indexes::{give_index, index_of, indexes_of, name_prefix};
use super::orphans::let_go;
use super::policy::only_replaces_failed;
use super::sync::Sync;
use crate::api::{Resource, Result};
use crate::controllers::pods;
use crate::controllers::replicaset::{
    create_pod, delete_pod, is_namespace_terminating, pod_from_template, slow_start, to_delete,
};

/// How many pods one sync makes or deletes at most.
const BURST: usize = 500;

impl Sync<'_, '_, '_> {
    pub fn delete_pod(&mut self, pod: &Rc<Pod>) -> Result<()> {
        let recorder = &mut self.controller.recorder;
        match delete_pod(self.scope, recorder, &self.job, pod) {
            Err(status) if status.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// Makes or deletes pods; returns how many are active then.
    pub fn manage(&mut self) -> (usize, Result<()>) {
        let active = self.active.len();
        if self.is_suspended() {
            let all = self.active.clone();
            return self.remove(&all, "the job is suspended");
        }
        let parallelism = i64::from(self.spec.parallelism.unwrap_or(1));
        let wanted = match self.spec.completions {
            // One success is enough: what runs then runs on, and no more is begun.
            None if self.succeeded > 0 => active as i64,
            None => parallelism,
            Some(_) => (self.completions() - self.succeeded)
                .min(parallelism)
                .max(0),
        };
        let wanted = usize::try_from(wanted).unwrap_or_default();
        let too_many = self.too_many(active.saturating_sub(wanted));
        if !too_many.is_empty() {
            return self.remove(&too_many, &format!("{wanted} are wanted"));
        }
        let mut there = active;
        if only_replaces_failed(&self.spec) {
            there += usize::try_from(self.terminating).unwrap_or_default();
        }
        let missing = wanted.saturating_sub(there).min(BURST);
        if missing == 0 {
            return (active, Ok(()));
        }
        self.add(missing, wanted)
    }

    /// Pods of indexes that another pod has, or that do not exist; then as many as needed.
    fn too_many(&self, at_least: usize) -> Vec<Rc<Pod>> {
        let now = self.scope.now();
        let (mut remove, mut left) = (Vec::new(), self.active.clone());
        if self.is_indexed() {
            let mut by_index: BTreeMap<i64, Vec<Rc<Pod>>> = BTreeMap::new();
            for pod in &self.active {
                match index_of(pod).filter(|i| *i < self.completions()) {
                    Some(index) => by_index.entry(index).or_default().push(pod.clone()),
                    None => remove.push(pod.clone()),
                }
            }
            for pods in by_index.values() {
                remove.extend(to_delete(pods, &[], pods.len() - 1, now));
            }
            left.retain(|p| !remove.iter().any(|r| r.uid() == p.uid()));
        }
        if remove.len() < at_least {
            remove.extend(to_delete(&left, &[], at_least - remove.len(), now));
        }
        remove.truncate(BURST);
        remove
    }

    fn remove(&mut self, pods: &[Rc<Pod>], why: &str) -> (usize, Result<()>) {
        let active = self.active.len();
        if pods.is_empty() {
            return (active, Ok(()));
        }
        self.decide(&format!("delete {} of {active} pods: {why}", pods.len()));
        let now = self.scope.now();
        let uids = pods.iter().map(|p| p.uid());
        self.controller
            .expectations
            .expect_deletions(&self.key, uids, now);
        let (mut deleted, mut failure) = (0, None);
        for pod in pods {
            // These are not counted: the job has asked for their end.
            let removed = let_go(self.scope, &pod.key()).and_then(|()| self.delete_pod(pod));
            match removed {
                Ok(()) => deleted += 1,
                Err(status) => {
                    let expectations = &mut self.controller.expectations;
                    expectations.deletion_observed(&self.key, pod.uid());
                    failure = failure.or(Some(status));
                }
            }
        }
        self.gone(pods, deleted);
        (active - deleted, failure.map_or(Ok(()), Err))
    }

    fn later(&mut self, wait: Duration) {
        let wait = wait.max(super::BATCH);
        let reason = "the back-off of failed pods is over";
        self.scope
            .triggers
            .add_after(self.key.clone(), wait, reason);
    }

    fn add(&mut self, missing: usize, wanted: usize) -> (usize, Result<()>) {
        let active = self.active.len();
        let now = self.scope.now();
        let by_index = self.is_indexed() && self.spec.backoff_limit_per_index.is_some();
        if !by_index {
            let wait = self.record.remaining(now);
            if !wait.is_zero() {
                self.later(wait);
                return (active, Ok(()));
            }
        }
        let mut indexes: Vec<Option<i64>> = vec![None; missing];
        if self.is_indexed() {
            let (ready, wait) = self.pending(missing, by_index);
            if ready.is_empty() && !wait.is_zero() {
                self.later(wait);
                return (active, Ok(()));
            }
            indexes = ready.into_iter().map(Some).collect();
        }
        let count = indexes.len();
        if count == 0 {
            return (active, Ok(()));
        }
        self.decide(&format!("create {count} more: {active} pods of {wanted}"));
        self.controller
            .expectations
            .expect_creations(&self.key, count, now);
        let mut next = indexes.into_iter();
        let (created, outcome) = slow_start(count, || {
            let pod = self.new_pod(next.next().flatten());
            let recorder = &mut self.controller.recorder;
            create_pod(self.scope, recorder, &self.job, pod)
        });
        for _ in created..count {
            self.controller.expectations.creation_observed(&self.key);
        }
        let outcome = match outcome {
            Err(status) if is_namespace_terminating(&status) => Ok(()),
            outcome => outcome,
        };
        (active + created, outcome)
    }

    /// The indexes that can be begun now; or when the first of them can.
    fn pending(&self, missing: usize, by_index: bool) -> (Vec<i64>, Duration) {
        let mut taken = self.succeeded_indexes.with(indexes_of(self.active.iter()));
        if only_replaces_failed(&self.spec) {
            let ending = self.pods.iter().filter(|p| pods::is_terminating(p));
            taken = taken.with(indexes_of(ending));
        }
        if let Some(failed) = &self.failed_indexes {
            taken = taken.merged(failed);
        }
        let mut pending = taken.missing(missing, self.completions());
        let mut wait = Duration::ZERO;
        if by_index {
            let now = self.scope.now();
            let waits = |i: &i64| remaining_for_index(self.replaced.get(i), now);
            wait = pending.iter().map(waits).min().unwrap_or_default();
            pending.retain(|i| waits(i).is_zero());
        }
        (pending, wait)
    }

    fn new_pod(&self, index: Option<i64>) -> Pod {
        let mut template = self.spec.template.clone();
        let meta = template.metadata.get_or_insert_default();
        let finalizers = meta.finalizers.get_or_insert_default();
        if !finalizers.iter().any(|f| f == FINALIZER) {
            finalizers.push(FINALIZER.to_owned());
        }
        let Some(index) = index else {
            return pod_from_template(&self.job, Some(&template));
        };
        give_index(&mut template, self.job.name(), index);
        let mut pod = pod_from_template(&self.job, Some(&template));
        pod.metadata.generate_name = Some(name_prefix(self.job.name(), index));
        if self.spec.backoff_limit_per_index.is_some() {
            let (counted, ignored) = next_counts(&self.spec, self.replaced.get(&index));
            let annotations = pod.metadata.annotations.get_or_insert_default();
            annotations.insert(FAILURES.to_owned(), counted.to_string());
            if ignored > 0 {
                annotations.insert(IGNORED.to_owned(), ignored.to_string());
            }
        }
        pod
    }
}
