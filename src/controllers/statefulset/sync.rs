//! What a sync does, in which order (`stateful_set.go` sync, `stateful_set_control.go`
//! UpdateStatefulSet).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::Pod;

use super::StatefulSetController;
use super::identity::{ordinal_of, parent_of};
use super::status;
use crate::api::selector::Selector;
use crate::api::{Key, Resource, Result};
use crate::client::Involved;
use crate::controllers::claim::claim;
use crate::controllers::controller::{Next, Outcome, Scope};
use crate::controllers::pods;

/// One sync of one set.
pub struct Sync<'s, 'a, 'c> {
    pub controller: &'s mut StatefulSetController,
    pub scope: &'s mut Scope<'a, 'c>,
    pub set: Rc<StatefulSet>,
    pub spec: StatefulSetSpec,
    pub selector: Selector,
    pub pods: Vec<Rc<Pod>>,
}

pub fn sync(
    controller: &mut StatefulSetController,
    scope: &mut Scope<'_, '_>,
    key: &Key,
) -> Outcome {
    let caches = scope.caches;
    let Some(set) = caches.stateful_sets.get(key).cloned() else {
        controller.expectations.forget(key);
        return Ok(Next::Change);
    };
    let Some(spec) = set.spec.clone() else {
        return Ok(Next::Change);
    };
    let Ok(selector) = Selector::from_api(Some(&spec.selector)) else {
        // Validation refuses such selectors; nothing will change until the object does.
        return Ok(Next::Change);
    };
    if !controller.expectations.satisfied(key, scope.now()) {
        return Ok(Next::Change);
    }
    let orphans = caches.orphans(set.namespace());
    let candidates: Vec<Rc<Pod>> = caches
        .pods
        .owned_by(set.uid())
        .chain(orphans.filter(|p| parent_of(p.name()) == set.name()))
        .cloned()
        .collect();
    scope.look(candidates.len());
    let pods = claim(scope, &*set, &selector, candidates)?;
    Sync {
        controller,
        scope,
        spec,
        selector,
        pods,
        set,
    }
    .run()
}

impl Sync<'_, '_, '_> {
    fn run(mut self) -> Outcome {
        let mut revisions = self.revisions()?;
        revisions.sort_by(|a, b| (a.revision, a.name()).cmp(&(b.revision, b.name())));
        let (current, update, collisions) = self.current_and_update(&revisions)?;
        let (status, outcome) = self.update(&current, &update, collisions);
        let written = status::write(&mut self, status.clone());
        self.truncate_history(&revisions, &current, &update)?;
        outcome?;
        written?;
        let min_ready = self.min_ready_seconds();
        let now = self.scope.now();
        let waits = pods::next_availability(self.pods.iter().map(|p| &**p), min_ready, now);
        Ok(match waits {
            Some(wait) => Next::After(wait, "minReadySeconds have passed"),
            None => Next::Change,
        })
    }

    pub fn decide(&mut self, note: &str) {
        self.scope.decide("StatefulSet", &self.set.key(), note);
    }

    pub fn min_ready_seconds(&self) -> i32 {
        self.spec.min_ready_seconds.unwrap_or_default()
    }

    pub fn replicas(&self) -> i64 {
        i64::from(self.spec.replicas.unwrap_or(1))
    }

    /// The first ordinal.
    pub fn start(&self) -> i64 {
        let ordinals = self.spec.ordinals.as_ref();
        i64::from(ordinals.and_then(|o| o.start).unwrap_or_default())
    }

    pub fn partition(&self) -> i64 {
        let strategy = self.spec.update_strategy.as_ref();
        let rolling = strategy.and_then(|s| s.rolling_update.as_ref());
        i64::from(rolling.and_then(|r| r.partition).unwrap_or_default())
    }

    pub fn is_parallel(&self) -> bool {
        self.spec.pod_management_policy.as_deref() == Some("Parallel")
    }

    pub fn is_on_delete(&self) -> bool {
        let strategy = self.spec.update_strategy.as_ref();
        strategy.and_then(|s| s.type_.as_deref()) == Some("OnDelete")
    }

    pub fn in_range(&self, pod: &Pod) -> bool {
        let start = self.start();
        ordinal_of(pod.name()).is_some_and(|n| n >= start && n < start + self.replicas())
    }

    /// Tells of a step about a pod, or of its failure.
    pub fn tell(&mut self, verb: &str, pod: &str, result: &Result<()>) {
        let set = self.set.name().to_owned();
        let title = match verb {
            "create" => "Create",
            "update" => "Update",
            _ => "Delete",
        };
        let about = Involved::of(&*self.set);
        let recorder = &mut self.controller.recorder;
        match result {
            Ok(()) => recorder.normal(
                self.scope.ctx,
                &about,
                &format!("Successful{title}"),
                &format!("{verb} Pod {pod} in StatefulSet {set} successful"),
            ),
            Err(status) => recorder.warning(
                self.scope.ctx,
                &about,
                &format!("Failed{title}"),
                &format!(
                    "{verb} Pod {pod} in StatefulSet {set} failed error: {}",
                    status.message
                ),
            ),
        }
    }
}

/// The revision by which a pod is labelled.
pub fn is_of(pod: &Pod, revision: &ControllerRevision) -> bool {
    let labels = pod.metadata.labels.as_ref();
    let label = labels.and_then(|l| l.get(super::identity::REVISION_LABEL));
    label.is_some_and(|l| l == revision.name())
}
