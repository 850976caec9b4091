//! The replication manager: keeps as many pods as a ReplicationController asks for
//! (`k8s.io/kubernetes/pkg/controller/replication`, which is the ReplicaSet controller by another
//! name).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{
    Pod, ReplicationController, ReplicationControllerCondition, ReplicationControllerStatus,
};

use super::caches::Caches;
use super::claim::{claim, matches};
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::owner::owned_changed;
use super::pods;
use super::replicaset::{
    create_pod, delete_pod, is_namespace_terminating, pod_from_template, slow_start, to_delete,
};
use crate::api::selector::Selector;
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result, Status};
use crate::client::{EventRecorder, Expectations};

const BURST: usize = 500;
const REPLICA_FAILURE: &str = "ReplicaFailure";

#[derive(Clone)]
pub struct ReplicationManager {
    expectations: Expectations,
    recorder: EventRecorder,
}

impl Default for ReplicationManager {
    fn default() -> Self {
        ReplicationManager {
            expectations: Expectations::default(),
            recorder: EventRecorder::new("replication-controller", ""),
        }
    }
}

fn selector_of(rc: &ReplicationController) -> Selector {
    let labels = rc.spec.as_ref().and_then(|s| s.selector.as_ref());
    labels.map_or_else(Selector::nothing, Selector::from_labels)
}

fn wanted(rc: &ReplicationController) -> usize {
    let replicas = rc.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
    usize::try_from(replicas).unwrap_or_default()
}

fn min_ready(rc: &ReplicationController) -> i32 {
    let spec = rc.spec.as_ref();
    spec.and_then(|s| s.min_ready_seconds).unwrap_or_default()
}

impl Controller for ReplicationManager {
    fn name(&self) -> &'static str {
        "replication-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<ReplicationController>() {
            let replaced = old.zip(new).is_some_and(|(o, n)| o.uid() != n.uid());
            if let Some(rc) = new.or(old) {
                if new.is_none() || replaced {
                    self.expectations.forget(&rc.key());
                }
                triggers.add(rc.key());
            }
        } else if let Some((old, new)) = change.of::<Pod>()
            && let Some(pod) = new.or(old)
        {
            let (before, now) = (
                old.map(|p| p.metadata.clone()),
                new.map(|p| p.metadata.clone()),
            );
            let selects = |rc: &ReplicationController| matches(&selector_of(rc), &**pod);
            let owner = owned_changed(
                before.as_ref(),
                now.as_ref(),
                &caches.replication_controllers,
                triggers,
                &selects,
            );
            let Some(key) = owner else { return };
            if new.is_none() || pods::is_deleting(pod) {
                self.expectations.deletion_observed(&key, pod.uid());
            } else if old.is_none() {
                self.expectations.creation_observed(&key);
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let caches = scope.caches;
        let Some(rc) = caches.replication_controllers.get(key).cloned() else {
            self.expectations.forget(key);
            return Ok(Next::Change);
        };
        let may_act = self.expectations.satisfied(key, scope.now())
            && rc.metadata.deletion_timestamp.is_none();
        let candidates: Vec<Rc<Pod>> = caches
            .pods
            .owned_by(rc.uid())
            .chain(caches.orphans(rc.namespace()))
            .filter(|p| pods::is_active(p))
            .cloned()
            .collect();
        scope.look(candidates.len());
        let active = claim(scope, &*rc, &selector_of(&rc), candidates)?;
        let managed = match may_act {
            true => self.manage(scope, &rc, &active),
            false => Ok(()),
        };
        let failure = managed.as_ref().err().map(|s| &**s);
        write_status(scope, &rc, &active, failure)?;
        managed?;
        let now = scope.now();
        let waits = pods::next_availability(active.iter().map(|p| &**p), min_ready(&rc), now);
        Ok(match waits {
            Some(wait) => Next::After(wait, "minReadySeconds have passed"),
            None => Next::Change,
        })
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl ReplicationManager {
    fn manage(
        &mut self,
        scope: &mut Scope<'_, '_>,
        rc: &Rc<ReplicationController>,
        active: &[Rc<Pod>],
    ) -> Result<()> {
        let (key, have, wanted) = (rc.key(), active.len(), wanted(rc));
        let now = scope.now();
        if have < wanted {
            let count = (wanted - have).min(BURST);
            let note = format!("create {count} more: {have} pods of {wanted}");
            scope.decide("ReplicationController", &key, &note);
            self.expectations.expect_creations(&key, count, now);
            let template = rc.spec.as_ref().and_then(|s| s.template.as_ref());
            let (created, outcome) = slow_start(count, || {
                let pod = pod_from_template(&**rc, template);
                create_pod(scope, &mut self.recorder, &**rc, pod)
            });
            for _ in created..count {
                self.expectations.creation_observed(&key);
            }
            return match outcome {
                Err(status) if is_namespace_terminating(&status) => Ok(()),
                outcome => outcome,
            };
        }
        let count = (have - wanted).min(BURST);
        if count == 0 {
            return Ok(());
        }
        let note = format!("delete {count}: {have} pods of {wanted}");
        scope.decide("ReplicationController", &key, &note);
        let victims = to_delete(active, active, count, now);
        let uids = victims.iter().map(|p| p.uid());
        self.expectations.expect_deletions(&key, uids, now);
        let mut failure = None;
        for pod in victims {
            if let Err(status) = delete_pod(scope, &mut self.recorder, &**rc, &pod) {
                self.expectations.deletion_observed(&key, pod.uid());
                if !status.is_not_found() {
                    failure = failure.or(Some(status));
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

fn write_status(
    scope: &mut Scope<'_, '_>,
    rc: &Rc<ReplicationController>,
    active: &[Rc<Pod>],
    failure: Option<&Status>,
) -> Result<()> {
    let now = scope.now();
    let template = rc.spec.as_ref().and_then(|s| s.template.as_ref());
    let labels = template.and_then(|t| t.metadata.as_ref()?.labels.clone());
    let full = Selector::from_labels(&labels.unwrap_or_default());
    let number = |keep: &dyn Fn(&Pod) -> bool| {
        let count = active.iter().filter(|p| keep(p)).count();
        i32::try_from(count).ok().filter(|n| *n > 0)
    };
    let before = rc.status.as_ref();
    let mut conditions = before
        .and_then(|s| s.conditions.clone())
        .unwrap_or_default();
    match failure {
        None => conditions.retain(|c| c.type_ != REPLICA_FAILURE),
        Some(_) if conditions.iter().any(|c| c.type_ == REPLICA_FAILURE) => {}
        Some(status) => {
            let reason = match active.len() < wanted(rc) {
                true => "FailedCreate",
                false => "FailedDelete",
            };
            conditions.push(ReplicationControllerCondition {
                type_: REPLICA_FAILURE.to_owned(),
                status: "True".to_owned(),
                last_transition_time: Some(api_time(now)),
                reason: Some(reason.to_owned()),
                message: Some(status.message.clone()),
            });
        }
    }
    let status = ReplicationControllerStatus {
        replicas: active.len() as i32,
        fully_labeled_replicas: number(&|p| matches(&full, p)),
        ready_replicas: number(&pods::is_ready),
        available_replicas: number(&|p| pods::is_available(p, min_ready(rc), now)),
        conditions: (!conditions.is_empty()).then_some(conditions),
        observed_generation: rc.metadata.generation,
    };
    if before == Some(&status) {
        return Ok(());
    }
    let mut newest = (**rc).clone();
    newest.status = Some(status);
    match scope.ctx.update_status(newest) {
        Err(missing) if missing.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}
