//! The DaemonSet controller: one pod on each node that is chosen
//! (`k8s.io/kubernetes/pkg/controller/daemon`).
//!
//! | file           | decides                                                           |
//! |----------------|-------------------------------------------------------------------|
//! | `sync.rs`      | what a sync does, in which order                                  |
//! | `triggers.rs`  | which sets a change of a pod, a node or a revision matters to     |
//! | `placement.rs` | on which nodes a pod should run, or may stay                      |
//! | `template.rs`  | the pod for a node: tolerations, affinity, labels                 |
//! | `manage.rs`    | which nodes lack a pod, which pods are too many or ended          |
//! | `nodes.rs`     | creating and deleting, in bounds                                  |
//! | `rolling.rs`   | RollingUpdate: which old pods make way in this step               |
//! | `history.rs`   | the ControllerRevisions                                           |
//! | `status.rs`    | the counts                                                        |
//! | `backoff.rs`   | how long failed pods wait for their end                           |
//!
//! Divergence: where upstream takes nodes in the order of a Go map, here it is by name.

mod backoff;
mod history;
mod manage;
mod nodes;
mod placement;
mod rolling;
mod status;
mod sync;
mod template;
mod triggers;

use super::caches::Caches;
use super::controller::{Change, Controller, Outcome, Scope, Triggers};
use crate::api::Key;
use crate::client::{EventRecorder, Expectations};

use backoff::Backoff;

#[derive(Clone)]
pub struct DaemonSetController {
    expectations: Expectations,
    recorder: EventRecorder,
    /// Per set, generation and node.
    failed_pods: Backoff,
}

impl Default for DaemonSetController {
    fn default() -> Self {
        DaemonSetController {
            expectations: Expectations::default(),
            recorder: EventRecorder::new("daemonset-controller", ""),
            failed_pods: Backoff::default(),
        }
    }
}

impl Controller for DaemonSetController {
    fn name(&self) -> &'static str {
        "daemonset-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        self.triggered(change, caches, triggers);
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        sync::sync(self, scope, key)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
