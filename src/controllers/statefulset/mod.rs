//! The StatefulSet controller: pods with names of their own, made one after the other
//! (`k8s.io/kubernetes/pkg/controller/statefulset`).
//!
//! | file          | decides                                                             |
//! |---------------|---------------------------------------------------------------------|
//! | `sync.rs`     | what a sync does, in which order                                    |
//! | `replicas.rs` | which pods are made, replaced and deleted in this step              |
//! | `identity.rs` | names, labels and volumes of a pod                                  |
//! | `claims.rs`   | the PersistentVolumeClaims of a pod, and who owns them              |
//! | `history.rs`  | the ControllerRevisions                                             |
//! | `status.rs`   | the counts                                                          |
//!
//! Divergence: upstream may act on a cache that does not show its own last step, and then finds the
//! name taken; here a set waits until its cache shows what it created and deleted.

mod claims;
mod history;
mod identity;
mod replicas;
mod status;
mod sync;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;

use super::caches::Caches;
use super::claim::matches;
use super::controller::{Change, Controller, Outcome, Scope, Triggers};
use super::owner::owned_changed;
use super::pods;
use crate::api::selector::Selector;
use crate::api::{Key, Resource};
use crate::client::{EventRecorder, Expectations};

#[derive(Clone)]
pub struct StatefulSetController {
    expectations: Expectations,
    recorder: EventRecorder,
}

impl Default for StatefulSetController {
    fn default() -> Self {
        StatefulSetController {
            expectations: Expectations::default(),
            recorder: EventRecorder::new("statefulset-controller", ""),
        }
    }
}

impl Controller for StatefulSetController {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<StatefulSet>() {
            let replaced = old.zip(new).is_some_and(|(o, n)| o.uid() != n.uid());
            if let Some(set) = new.or(old) {
                if new.is_none() || replaced {
                    self.expectations.forget(&set.key());
                }
                triggers.add(set.key());
            }
        } else if let Some((old, new)) = change.of::<Pod>() {
            let meta = |pod: &std::rc::Rc<Pod>| pod.metadata.clone();
            let selects = |set: &StatefulSet| {
                let selector = set.spec.as_ref().map(|s| &s.selector);
                let pod = new.or(old);
                pod.is_some_and(|p| Selector::from_api(selector).is_ok_and(|s| matches(&s, &**p)))
            };
            let owner = owned_changed(
                old.map(meta).as_ref(),
                new.map(meta).as_ref(),
                &caches.stateful_sets,
                triggers,
                &selects,
            );
            let (Some(key), Some(pod)) = (owner, new.or(old)) else {
                return;
            };
            if new.is_none() || pods::is_deleting(pod) {
                self.expectations.deletion_observed(&key, pod.uid());
            } else if old.is_none() {
                self.expectations.creation_observed(&key);
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        sync::sync(self, scope, key)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
