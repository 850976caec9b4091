//! The Deployment controller: moves ReplicaSets from one template to the next
//! (`k8s.io/kubernetes/pkg/controller/deployment`).
//!
//! | file           | decides                                                           |
//! |----------------|-------------------------------------------------------------------|
//! | `sync.rs`      | what a sync does, in which order                                  |
//! | `history.rs`   | which ReplicaSet is the new one, revisions, which old ones go     |
//! | `rolling.rs`   | RollingUpdate: how far up and down in this step                   |
//! | `recreate.rs`  | Recreate: all down, then up                                       |
//! | `scale.rs`     | how a new size is shared between ReplicaSets                      |
//! | `progress.rs`  | conditions: progressing, complete, timed out, paused              |
//! | `status.rs`    | the counts                                                        |
//! | `util.rs`      | bounds and lists                                                  |

mod history;
mod progress;
mod recreate;
mod rolling;
mod scale;
mod status;
mod sync;
mod util;

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::caches::Caches;
use super::claim::matches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::own_writes::OwnWrites;
use crate::api::selector::Selector;
use crate::api::{Key, Resource, controller_of};
use crate::apiserver::EventType;
use crate::client::EventRecorder;

pub use util::scaled;

#[derive(Clone)]
pub struct DeploymentController {
    recorder: EventRecorder,
    own: OwnWrites,
}

impl Default for DeploymentController {
    fn default() -> Self {
        DeploymentController {
            recorder: EventRecorder::new("deployment-controller", ""),
            own: OwnWrites::default(),
        }
    }
}

impl Controller for DeploymentController {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        self.own
            .observe(&change.object, change.event == EventType::Deleted);
        if let Some(key) = change.key_of::<Deployment>() {
            triggers.add(key);
        } else if let Some((old, new)) = change.of::<ReplicaSet>() {
            replica_set_changed(old, new, caches, triggers);
        } else if let Some((Some(pod), None)) = change.of::<Pod>() {
            pod_deleted(pod, caches, triggers);
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if self.own.is_behind(key) {
            // The event that shows the last write syncs again.
            return Ok(Next::Change);
        }
        sync::sync(self, scope, key)
    }

    /// The queue gives up after so many failures; the next change starts anew.
    fn max_retries(&self) -> Option<u32> {
        Some(15)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

fn replica_set_changed(
    old: Option<&Rc<ReplicaSet>>,
    new: Option<&Rc<ReplicaSet>>,
    caches: &Caches,
    triggers: &mut Triggers,
) {
    let owner = |rs: &Rc<ReplicaSet>| owner_of(&rs.metadata, caches);
    let (before, now) = (old.and_then(owner), new.and_then(owner));
    if before != now
        && let Some(before) = before
    {
        triggers.add(before);
    }
    if let Some(now) = now {
        triggers.add(now);
        return;
    }
    let Some(rs) = new else {
        return;
    };
    let labels_changed = old.is_none_or(|o| o.metadata.labels != rs.metadata.labels);
    let lost_owner = old.is_some_and(|o| controller_of(&o.metadata).is_some());
    if controller_of(&rs.metadata).is_none() && (labels_changed || lost_owner) {
        // An orphan: whoever selects it may adopt it.
        for d in caches.deployments.in_namespace(rs.namespace()) {
            let selector = d.spec.as_ref().map(|s| &s.selector);
            if Selector::from_api(selector).is_ok_and(|s| matches(&s, &**rs)) {
                triggers.add(d.key());
            }
        }
    }
}

/// Recreate waits for the last old pod to go.
fn pod_deleted(pod: &Rc<Pod>, caches: &Caches, triggers: &mut Triggers) {
    let Some(owner) = controller_of(&pod.metadata).filter(|o| o.kind == "ReplicaSet") else {
        return;
    };
    let rs_key = Key::new(pod.namespace(), &owner.name);
    let rs = caches.replica_sets.get(&rs_key);
    if let Some(rs) = rs.filter(|rs| rs.uid() == owner.uid)
        && let Some(key) = owner_of(&rs.metadata, caches)
        && let Some(d) = caches.deployments.get(&key)
        && util::is_recreate(d)
    {
        triggers.add(key);
    }
}

/// The Deployment that controls an object, if it exists.
fn owner_of(meta: &ObjectMeta, caches: &Caches) -> Option<Key> {
    let owner = controller_of(meta).filter(|o| o.kind == "Deployment")?;
    let key = Key::new(meta.namespace.as_deref().unwrap_or_default(), &owner.name);
    let d = caches.deployments.get(&key)?;
    (d.uid() == owner.uid).then_some(key)
}
