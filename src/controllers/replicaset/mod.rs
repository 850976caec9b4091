//! The ReplicaSet controller: keeps as many pods as `spec.replicas` says
//! (`k8s.io/kubernetes/pkg/controller/replicaset`).

mod manage;
mod ranking;
mod status;
mod tally;

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::caches::Caches;
use super::claim::{claim, matches};
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::pods;
use crate::api::selector::Selector;
use crate::api::{Key, Resource, controller_of};
use crate::client::{EventRecorder, Expectations};

use manage::{Managing, wanted_replicas};
use tally::{Counts, Tallies};

pub use manage::{create_pod, delete_pod, is_namespace_terminating, pod_from_template, slow_start};
pub use ranking::to_delete;

#[derive(Clone)]
pub struct ReplicaSetController {
    expectations: Expectations,
    tallies: Tallies,
    recorder: EventRecorder,
    /// The sync that is under way: there is one worker.
    under_way: Option<UnderWay>,
}

/// A sync that has pods to create or delete yet.
#[derive(Clone)]
struct UnderWay {
    rs: Rc<ReplicaSet>,
    pods: Pods,
    managing: Option<Managing>,
}

/// The pods as they were when a sync began.
#[derive(Clone)]
enum Pods {
    /// Nobody has to look at them again.
    Counted(Counts),
    Claimed {
        active: Vec<Rc<Pod>>,
        terminating: usize,
    },
}

impl Default for ReplicaSetController {
    fn default() -> Self {
        ReplicaSetController {
            expectations: Expectations::default(),
            tallies: Tallies::default(),
            recorder: EventRecorder::new("replicaset-controller", ""),
            under_way: None,
        }
    }
}

impl Controller for ReplicaSetController {
    fn name(&self) -> &'static str {
        "replicaset-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<ReplicaSet>() {
            let replaced = old.zip(new).is_some_and(|(o, n)| o.uid() != n.uid());
            if let Some(rs) = new.or(old) {
                if new.is_none() || replaced {
                    self.expectations.forget(&rs.key());
                    self.tallies.forget(old.unwrap_or(rs).uid());
                }
                triggers.add(rs.key());
            }
        } else if let Some((old, new)) = change.of::<Pod>() {
            self.tallies.observe(change);
            self.pod_changed(old, new, caches, triggers);
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if let Some(under_way) = self.under_way.take() {
            return self.go_on(under_way, scope);
        }
        let caches = scope.caches;
        let Some(rs) = caches.replica_sets.get(key) else {
            self.expectations.forget(key);
            return Ok(Next::Change);
        };
        let Some(spec) = &rs.spec else {
            return Ok(Next::Change);
        };
        let Ok(selector) = Selector::from_api(Some(&spec.selector)) else {
            // Validation refuses such selectors; nothing will change until the object does.
            return Ok(Next::Change);
        };
        let may_act = self.expectations.satisfied(key, scope.now())
            && rs.metadata.deletion_timestamp.is_none();
        let min_ready = spec.min_ready_seconds.unwrap_or_default();
        let orphans = || caches.orphans(rs.namespace());
        scope.look(caches.pods.owned_count(rs.uid()) + orphans().count());
        if min_ready <= 0
            && let Some(counts) = self.tallies.of(rs, &selector, caches).counts()
            && !(may_act && counts.active > wanted_replicas(rs))
            && !orphans().any(|p| matches(&selector, &**p))
        {
            // There is nothing to adopt, release or delete.
            let rs = rs.clone();
            let managing = match may_act {
                true => Managing::create(self, scope, &rs, counts.active),
                false => None,
            };
            let pods = Pods::Counted(counts);
            return self.go_on(UnderWay { rs, pods, managing }, scope);
        }
        let candidates: Vec<Rc<Pod>> = caches
            .pods
            .owned_by(rs.uid())
            .chain(orphans())
            .cloned()
            .collect();
        let (active, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|p| pods::is_active(p));
        let active = claim(scope, &**rs, &selector, active)?;
        let terminating = others
            .iter()
            .filter(|p| pods::is_terminating(p) && matches(&selector, &***p))
            .filter(|p| controller_of(&p.metadata).is_some_and(|o| o.uid == rs.uid()))
            .count();

        let rs = rs.clone();
        let managing = match may_act {
            true => Managing::begin(self, scope, &rs, &active),
            false => None,
        };
        let pods = Pods::Claimed {
            active,
            terminating,
        };
        self.go_on(UnderWay { rs, pods, managing }, scope)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl ReplicaSetController {
    /// Creates or deletes some pods; writes the status when that is done.
    fn go_on(&mut self, mut under_way: UnderWay, scope: &mut Scope<'_, '_>) -> Outcome {
        if let Some(managing) = &mut under_way.managing
            && !managing.go_on(self, scope, &under_way.rs)
        {
            self.under_way = Some(under_way);
            return Ok(Next::Resume);
        }
        let UnderWay { rs, pods, managing } = under_way;
        let managed = managing.map_or(Ok(()), Managing::outcome);
        let now = scope.now();
        let failure = managed.as_ref().err().map(|s| &**s);
        let counts = match &pods {
            Pods::Counted(counts) => *counts,
            Pods::Claimed {
                active,
                terminating,
            } => Counts::of(&rs, active, *terminating, now),
        };
        let status = status::calculate(&rs, counts, failure, now);
        status::write(scope, &rs, status)?;
        managed?;

        let min_ready = rs.spec.as_ref().and_then(|s| s.min_ready_seconds);
        let min_ready = min_ready.unwrap_or_default();
        if let Pods::Claimed { active, .. } = &pods
            && min_ready > 0
            && counts.ready != counts.available
        {
            let next = pods::next_availability(active.iter().map(|p| &**p), min_ready, now);
            let wait = next.unwrap_or(Duration::from_secs(min_ready as u64));
            return Ok(Next::After(wait, "minReadySeconds have passed"));
        }
        Ok(Next::Change)
    }

    fn pod_changed(
        &mut self,
        old: Option<&Rc<Pod>>,
        new: Option<&Rc<Pod>>,
        caches: &Caches,
        triggers: &mut Triggers,
    ) {
        let owner = |pod: &Rc<Pod>| {
            let reference = controller_of(&pod.metadata)?;
            resolve(caches, pod.namespace(), reference)
        };
        let Some(pod) = new else {
            if let Some(old) = old
                && let Some(key) = owner(old)
            {
                self.expectations.deletion_observed(&key, old.uid());
                triggers.add(key);
            }
            return;
        };
        let owned_by = owner(pod);
        if old.is_none()
            && let Some(key) = &owned_by
            && !pods::is_deleting(pod)
        {
            self.expectations.creation_observed(key);
        }
        if pods::is_deleting(pod)
            && let Some(key) = &owned_by
        {
            // A pod that is going still exists for its grace period; what was asked for is done.
            self.expectations.deletion_observed(key, pod.uid());
        }
        let before = old.and_then(owner);
        if before != owned_by
            && let Some(before) = before
        {
            triggers.add(before);
        }
        let labels_changed = old.is_none_or(|o| o.metadata.labels != pod.metadata.labels);
        match owned_by {
            Some(key) => triggers.add(key),
            None if controller_of(&pod.metadata).is_none() && labels_changed
                || old.is_some_and(|o| controller_of(&o.metadata).is_some()) =>
            {
                // An orphan: whoever selects it may adopt it.
                for rs in caches.replica_sets.in_namespace(pod.namespace()) {
                    let selector = rs.spec.as_ref().map(|s| &s.selector);
                    if Selector::from_api(selector).is_ok_and(|s| matches(&s, &**pod)) {
                        triggers.add(rs.key());
                    }
                }
            }
            None => {}
        }
    }
}

/// The key of the ReplicaSet that a reference means, if it is the one of that uid.
fn resolve(caches: &Caches, namespace: &str, reference: &OwnerReference) -> Option<Key> {
    if reference.kind != "ReplicaSet" {
        return None;
    }
    let key = Key::new(namespace, &reference.name);
    let rs = caches.replica_sets.get(&key)?;
    (rs.uid() == reference.uid).then_some(key)
}
