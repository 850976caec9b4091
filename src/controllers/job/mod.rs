//! The Job controller: pods that run to their end, as often as asked for
//! (`k8s.io/kubernetes/pkg/controller/job`).
//!
//! | file         | decides                                                              |
//! |--------------|----------------------------------------------------------------------|
//! | `sync.rs`    | what a sync does, in which order; whether the job is over            |
//! | `manage.rs`  | how many pods are missing, or too many                               |
//! | `track.rs`   | counts each pod once: finalizers, uncounted pods, conditions         |
//! | `indexes.rs` | which indexes have succeeded, failed, or are still to be run         |
//! | `policy.rs`  | what a failed pod means, and which indexes are enough                |
//! | `backoff.rs` | how long failures are to be waited out                               |
//! | `orphans.rs` | lets go of pods whose job is gone                                    |
//!
//! What pods do is looked at once a second; what users ask for, at once.

mod backoff;
mod indexes;
mod manage;
pub mod orphans;
mod policy;
mod sync;
mod track;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::api::core::v1::Pod;

use super::caches::Caches;
use super::claim::matches;
use super::controller::{Change, Controller, Outcome, Scope, Triggers};
use super::owner::owned_changed;
use super::pods;
use crate::api::selector::Selector;
use crate::api::{Key, Resource};
use crate::client::{EventRecorder, Expectations};
use crate::sim::secs;

use backoff::Record;

/// What happens to pods is collected for so long.
const BATCH: Duration = secs(1);
/// Held by pods until they are counted.
pub const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
/// The controller that jobs are for unless `managedBy` says otherwise.
const OWN_NAME: &str = "kubernetes.io/job-controller";

#[derive(Clone)]
pub struct JobController {
    expectations: Expectations,
    recorder: EventRecorder,
    /// Failures since the last success, by job.
    failures: BTreeMap<Key, Record>,
    /// Uids of pods whose finalizer was removed, and the cache does not show it yet.
    let_go: BTreeMap<Key, BTreeSet<Rc<str>>>,
}

impl Default for JobController {
    fn default() -> Self {
        JobController {
            expectations: Expectations::default(),
            recorder: EventRecorder::new("job-controller", ""),
            failures: BTreeMap::new(),
            let_go: BTreeMap::new(),
        }
    }
}

impl JobController {
    fn forget(&mut self, key: &Key) {
        self.expectations.forget(key);
        self.failures.remove(key);
        self.let_go.remove(key);
    }

    fn seen_let_go(&mut self, key: &Key, uid: &str) {
        if let Some(uids) = self.let_go.get_mut(key) {
            uids.remove(uid);
            if uids.is_empty() {
                self.let_go.remove(key);
            }
        }
    }
}

impl Controller for JobController {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<Job>() {
            let generation = |j: &Rc<Job>| (j.uid().to_owned(), j.metadata.generation);
            match (old, new) {
                (Some(old), Some(new)) if generation(old) == generation(new) => {
                    triggers.add_after(new.key(), BATCH, "the job's status has changed");
                }
                (old, new) => {
                    if let Some(job) = new.or(old) {
                        if old.is_some_and(|o| new.is_none_or(|n| n.uid() != o.uid())) {
                            self.forget(&job.key());
                        }
                        triggers.add(job.key());
                    }
                }
            }
        } else if let Some((old, new)) = change.of::<Pod>() {
            self.pod_changed(old, new, caches, triggers);
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        sync::sync(self, scope, key)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl JobController {
    fn pod_changed(
        &mut self,
        old: Option<&Rc<Pod>>,
        new: Option<&Rc<Pod>>,
        caches: &Caches,
        triggers: &mut Triggers,
    ) {
        let Some(pod) = new.or(old) else { return };
        let selects = |job: &Job| {
            let selector = job.spec.as_ref().and_then(|s| s.selector.as_ref());
            selector.is_some() && Selector::from_api(selector).is_ok_and(|s| matches(&s, &**pod))
        };
        let (before, now) = (
            old.map(|p| p.metadata.clone()),
            new.map(|p| p.metadata.clone()),
        );
        let mut found = Triggers::new(triggers.now);
        let owner = owned_changed(
            before.as_ref(),
            now.as_ref(),
            &caches.jobs,
            &mut found,
            &selects,
        );
        for key in found.keys.into_iter().chain(owner.clone()) {
            triggers.add_after(key, BATCH, "a pod has changed");
        }
        let Some(key) = owner else { return };
        if new.is_none() || !holds_finalizer(pod) {
            self.seen_let_go(&key, pod.uid());
        }
        if new.is_none() || pods::is_deleting(pod) {
            self.expectations.deletion_observed(&key, pod.uid());
        } else if old.is_none() {
            self.expectations.creation_observed(&key);
        }
    }
}

/// Whether the pod is still to be counted.
pub fn holds_finalizer(pod: &Pod) -> bool {
    let finalizers = pod.metadata.finalizers.as_ref();
    finalizers.is_some_and(|f| f.iter().any(|f| f == FINALIZER))
}

pub fn condition<'j>(job: &'j Job, type_: &str) -> Option<&'j JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions
        .iter()
        .find(|c| c.type_ == type_ && c.status == "True")
}

/// How a job ended, if it has.
pub fn finished(job: &Job) -> Option<&JobCondition> {
    condition(job, "Complete").or_else(|| condition(job, "Failed"))
}

/// Whether another controller looks after the job.
pub fn is_foreign(job: &Job) -> bool {
    let manager = job.spec.as_ref().and_then(|s| s.managed_by.as_deref());
    manager.is_some_and(|m| m != OWN_NAME)
}
