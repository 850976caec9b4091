//! One sync of a Deployment (`k8s.io/kubernetes/pkg/controller/deployment/sync.go`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet};

use super::{DeploymentController, status, util};
use crate::api::selector::Selector;
use crate::api::{Key, Resource, Result};
use crate::client::{EventRecorder, Involved};
use crate::controllers::claim::claim;
use crate::controllers::controller::{Next, Outcome, Scope};
use crate::controllers::own_writes::OwnWrites;

/// A Deployment while it is synced: `d` is as it was last written by this sync.
pub struct Rollout<'s, 'a, 'c> {
    pub scope: &'s mut Scope<'a, 'c>,
    pub recorder: &'s mut EventRecorder,
    own: &'s mut OwnWrites,
    pub d: Rc<Deployment>,
}

/// The ReplicaSets of a Deployment, told apart.
pub struct Sets {
    pub new: Option<Rc<ReplicaSet>>,
    pub old: Vec<Rc<ReplicaSet>>,
}

impl Sets {
    /// The old ones, then the new one.
    pub fn all(&self) -> Vec<Rc<ReplicaSet>> {
        self.old.iter().chain(&self.new).cloned().collect()
    }
}

pub fn sync(
    controller: &mut DeploymentController,
    scope: &mut Scope<'_, '_>,
    key: &Key,
) -> Outcome {
    let caches = scope.caches;
    let Some(d) = caches.deployments.get(key).cloned() else {
        return Ok(Next::Change);
    };
    let Some(spec) = d.spec.clone() else {
        return Ok(Next::Change);
    };
    let mut rollout = Rollout {
        scope,
        recorder: &mut controller.recorder,
        own: &mut controller.own,
        d,
    };
    let Ok(selector) = Selector::from_api(Some(&spec.selector)) else {
        return Ok(Next::Change);
    };
    if selector.is_everything() {
        return rollout.refuse_to_select_all();
    }
    let candidates: Vec<Rc<ReplicaSet>> = caches
        .replica_sets
        .owned_by(rollout.d.uid())
        .chain(caches.orphan_sets(&key.namespace))
        .cloned()
        .collect();
    rollout.scope.look(candidates.len());
    let owner = rollout.d.clone();
    let sets = claim(rollout.scope, &*owner, &selector, candidates)?;
    if rollout.d.metadata.deletion_timestamp.is_some() {
        let sets = rollout.tell_apart(&sets, false)?;
        return rollout.sync_status(&sets);
    }
    rollout.check_paused()?;
    if spec.paused.unwrap_or_default() || rollout.is_scaling(&sets)? {
        return rollout.sync_size(&sets);
    }
    if util::is_recreate(&rollout.d) {
        rollout.recreate(&sets)
    } else {
        rollout.roll(&sets)
    }
}

impl Rollout<'_, '_, '_> {
    /// An empty selector selects every pod, which nobody can have meant.
    fn refuse_to_select_all(&mut self) -> Outcome {
        self.recorder.warning(
            self.scope.ctx,
            &Involved::of(&*self.d),
            "SelectingAll",
            "This deployment is selecting all pods. A non-empty selector is required.",
        );
        let mut status = self.status();
        if status.observed_generation < self.d.metadata.generation {
            status.observed_generation = self.d.metadata.generation;
            self.write_status(status)?;
        }
        Ok(Next::Change)
    }

    /// Whether the number of replicas was changed: the ReplicaSets still carry the old one.
    fn is_scaling(&mut self, sets: &[Rc<ReplicaSet>]) -> Result<bool> {
        let sets = self.tell_apart(sets, false)?;
        let desired = util::desired(&self.d);
        Ok(util::active(&sets.all()).iter().any(|rs| {
            util::number_annotation(rs, util::DESIRED_REPLICAS).is_some_and(|n| n != desired)
        }))
    }

    /// Takes over a new size without moving from one template to the next.
    fn sync_size(&mut self, sets: &[Rc<ReplicaSet>]) -> Outcome {
        let sets = self.tell_apart(sets, false)?;
        self.scale(&sets)?;
        if util::is_paused(&self.d) {
            self.clean_up(&sets.old)?;
        }
        self.sync_status(&sets)
    }

    /// Writes the counts, and leaves what the conditions say of the progress.
    fn sync_status(&mut self, sets: &Sets) -> Outcome {
        let now = self.scope.now();
        let status = status::calculate(&self.d, &sets.all(), sets.new.as_ref(), now);
        if self.d.status.as_ref() != Some(&status) {
            self.write_status(status)?;
        }
        Ok(Next::Change)
    }

    pub fn status(&self) -> DeploymentStatus {
        self.d.status.clone().unwrap_or_default()
    }

    pub fn write_status(&mut self, status: DeploymentStatus) -> Result<()> {
        let mut d = (*self.d).clone();
        d.status = Some(status);
        self.write(d)
    }

    /// Writes through the status subresource, which takes annotations as well.
    pub fn write(&mut self, d: Deployment) -> Result<()> {
        let written = self.scope.ctx.update_status(d)?;
        self.own.wrote(&written.key(), Some(&*self.d), &*written);
        self.d = written;
        Ok(())
    }

    /// Writes a ReplicaSet that was made from `before`.
    pub fn write_set(
        &mut self,
        before: &Rc<ReplicaSet>,
        changed: ReplicaSet,
    ) -> Result<Rc<ReplicaSet>> {
        let written = self.scope.ctx.update(changed)?;
        self.own.wrote(&self.d.key(), Some(&**before), &*written);
        Ok(written)
    }

    pub fn create_set(&mut self, rs: ReplicaSet) -> Result<Rc<ReplicaSet>> {
        let written = self.scope.ctx.create(rs)?;
        self.own.wrote(&self.d.key(), None, &*written);
        Ok(written)
    }

    pub fn decide(&mut self, note: &str) {
        let key = self.d.key();
        self.scope.decide("Deployment", &key, note);
    }
}
