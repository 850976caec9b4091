//! Which pods are made, replaced and deleted in this step (`stateful_set_control.go`
//! updateStatefulSet).
//!
//! In order, one thing happens at a time, and only while everything before it is ready; in parallel,
//! pods are made and deleted at once, and only updates go one by one.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSetStatus};
use k8s_openapi::api::core::v1::Pod;

use super::identity::{is_right, ordinal_of, put_right};
use super::status;
use super::sync::{Sync, is_of};
use crate::api::{Resource, Result};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::controllers::pods;
use crate::controllers::replicaset::is_namespace_terminating;
use crate::sim::Time;

/// The place of an ordinal: the pod that is there, or the one to be made.
pub enum Replica {
    There(Rc<Pod>),
    Missing(Box<Pod>),
}

/// Whether the step is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Over,
    On,
}

fn is_running_and_ready(pod: &Pod) -> bool {
    pods::phase(pod) == "Running" && pods::is_ready(pod)
}

fn is_unavailable(pod: &Pod, min_ready: i32, now: Time) -> bool {
    pods::is_deleting(pod) || !pods::is_available(pod, min_ready, now)
}

impl Sync<'_, '_, '_> {
    /// Takes the next steps; returns the counts, and what went wrong.
    pub fn update(
        &mut self,
        current: &Rc<ControllerRevision>,
        update: &Rc<ControllerRevision>,
        collisions: i32,
    ) -> (StatefulSetStatus, Result<()>) {
        let now = self.scope.now();
        let mut counts = status::begin(self, current, update, collisions);
        status::count(
            &mut counts,
            &self.pods,
            self.min_ready_seconds(),
            current,
            update,
            now,
        );
        if self.set.metadata.deletion_timestamp.is_some() {
            return (counts, Ok(()));
        }
        let (start, end) = (self.start(), self.start() + self.replicas());
        let mut replicas: Vec<Replica> = (start..end)
            .map(|n| {
                let there = self.pods.iter().find(|p| ordinal_of(p.name()) == Some(n));
                match there {
                    Some(pod) => Replica::There(pod.clone()),
                    None => Replica::Missing(Box::new(self.new_pod(n, current, update))),
                }
            })
            .collect();
        let mut condemned: Vec<Rc<Pod>> = self
            .pods
            .iter()
            .filter(|p| ordinal_of(p.name()).is_some() && !self.in_range(p))
            .cloned()
            .collect();
        condemned.sort_by_key(|p| std::cmp::Reverse(ordinal_of(p.name())));
        let outcome = self.steps(&mut replicas, &condemned, update, &mut counts);
        (counts, outcome)
    }

    fn steps(
        &mut self,
        replicas: &mut [Replica],
        condemned: &[Rc<Pod>],
        update: &ControllerRevision,
        counts: &mut StatefulSetStatus,
    ) -> Result<()> {
        let ordered = !self.is_parallel();
        let mut failure = None;
        for replica in replicas.iter_mut() {
            match self.process_replica(replica, ordered) {
                Ok(Step::Over) if ordered => return Ok(()),
                Ok(_) => {}
                Err(status) if ordered => return Err(status),
                Err(status) => failure = failure.or(Some(status)),
            }
        }
        if let Some(status) = failure {
            return Err(status);
        }
        for pod in condemned {
            self.own_claims(pod)?;
        }
        let first_unavailable = self.first_unavailable(replicas, condemned);
        for pod in condemned {
            match self.process_condemned(pod, first_unavailable.as_deref(), ordered)? {
                Step::Over if ordered => return Ok(()),
                _ => {}
            }
        }
        if self.is_on_delete() {
            return Ok(());
        }
        self.roll(replicas, update, counts)
    }

    /// The uid of the first pod, in the order of making, that is not available.
    fn first_unavailable(&self, replicas: &[Replica], condemned: &[Rc<Pod>]) -> Option<String> {
        let (min_ready, now) = (self.min_ready_seconds(), self.scope.now());
        for replica in replicas {
            match replica {
                Replica::Missing(_) => return Some(String::new()),
                Replica::There(pod) if is_unavailable(pod, min_ready, now) => {
                    return Some(pod.uid().to_owned());
                }
                Replica::There(_) => {}
            }
        }
        let last = condemned.iter().rev();
        let mut last = last.filter(|p| is_unavailable(p, min_ready, now));
        last.next().map(|p| p.uid().to_owned())
    }

    fn process_replica(&mut self, replica: &mut Replica, ordered: bool) -> Result<Step> {
        let pod = match replica {
            Replica::Missing(pod) => {
                if self.has_stale_claim(pod) {
                    return Ok(Step::Over);
                }
                self.create(pod)?;
                return Ok(if ordered { Step::Over } else { Step::On });
            }
            Replica::There(pod) => pod.clone(),
        };
        if pods::is_terminal(&pod) {
            // Whatever it ended with, another one takes its name when it is gone.
            if !pods::is_deleting(&pod) {
                self.delete(&pod, "it has ended")?;
            }
            return Ok(Step::Over);
        }
        if pods::phase(&pod) == "Pending" {
            self.create_claims(&pod)?;
            self.own_claims(&pod)?;
        }
        if ordered {
            let (min_ready, now) = (self.min_ready_seconds(), self.scope.now());
            let waits = pods::is_deleting(&pod)
                || !is_running_and_ready(&pod)
                || !pods::is_available(&pod, min_ready, now);
            if waits {
                return Ok(Step::Over);
            }
        }
        if !is_right(&self.set, &pod) {
            self.repair(&pod)?;
        }
        self.own_claims(&pod)?;
        Ok(Step::On)
    }

    fn process_condemned(
        &mut self,
        pod: &Rc<Pod>,
        first_unavailable: Option<&str>,
        ordered: bool,
    ) -> Result<Step> {
        if pods::is_deleting(pod) {
            return Ok(if ordered { Step::Over } else { Step::On });
        }
        let (min_ready, now) = (self.min_ready_seconds(), self.scope.now());
        let healthy = is_running_and_ready(pod) && pods::is_available(pod, min_ready, now);
        if ordered && !healthy && first_unavailable != Some(pod.uid()) {
            return Ok(Step::Over);
        }
        let wanted = self.replicas();
        self.delete(pod, &format!("scale down to {wanted}"))?;
        Ok(Step::Over)
    }

    /// Deletes the highest pod of another revision, unless one above it is still on its way.
    fn roll(
        &mut self,
        replicas: &[Replica],
        update: &ControllerRevision,
        counts: &mut StatefulSetStatus,
    ) -> Result<()> {
        let (min_ready, now) = (self.min_ready_seconds(), self.scope.now());
        let lowest = usize::try_from(self.partition()).unwrap_or_default();
        for replica in replicas.iter().skip(lowest).rev() {
            let Replica::There(pod) = replica else {
                return Ok(());
            };
            if !is_of(pod, update) && !pods::is_deleting(pod) {
                self.delete(pod, &format!("update to {}", update.name()))?;
                let left = counts.current_replicas.unwrap_or_default() - 1;
                counts.current_replicas = Some(left).filter(|n| *n > 0);
                return Ok(());
            }
            if is_unavailable(pod, min_ready, now) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn create(&mut self, pod: &Pod) -> Result<()> {
        let name = pod.name().to_owned();
        let key = self.set.key();
        self.decide(&format!("create {name}"));
        if let Err(status) = self.create_claims(pod) {
            let failed = Err(status);
            self.tell("create", &name, &failed);
            return failed;
        }
        let now = self.scope.now();
        self.controller.expectations.expect_creations(&key, 1, now);
        let created = self.scope.ctx.create(pod.clone()).map(|_| ());
        if let Err(status) = &created {
            self.controller.expectations.creation_observed(&key);
            if is_namespace_terminating(status) {
                return Ok(());
            }
            if status.is_already_exists() {
                return created;
            }
        }
        self.tell("create", &name, &created);
        created
    }

    fn delete(&mut self, pod: &Rc<Pod>, why: &str) -> Result<()> {
        let key = self.set.key();
        self.decide(&format!("delete {}: {why}", pod.name()));
        let now = self.scope.now();
        let expectations = &mut self.controller.expectations;
        expectations.expect_deletions(&key, [pod.uid()], now);
        let options = DeleteOptions::default();
        let deleted = self.scope.ctx.delete::<Pod>(&pod.key(), &options);
        if deleted.is_err() {
            let expectations = &mut self.controller.expectations;
            expectations.deletion_observed(&key, pod.uid());
        }
        if deleted.as_ref().is_err_and(|s| s.is_not_found()) {
            return Ok(());
        }
        self.tell("delete", pod.name(), &deleted);
        deleted
    }

    fn repair(&mut self, pod: &Rc<Pod>) -> Result<()> {
        self.decide(&format!("put {} right", pod.name()));
        let set = self.set.clone();
        let options = WriteOptions::default();
        let written = self
            .scope
            .ctx
            .patch::<Pod>(&pod.key(), &options, |pod| put_right(&set, pod))
            .map(|_| ());
        self.tell("update", pod.name(), &written);
        written
    }
}
