//! The TTL controller: tells kubelets by an annotation how long they may keep secrets and config
//! maps before they look again; longer in larger clusters
//! (`k8s.io/kubernetes/pkg/controller/ttl`).

use k8s_openapi::api::core::v1::Node;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::{Key, Resource};
use crate::apiserver::WriteOptions;

const ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";

/// From how many nodes a step is left downwards, up to how many it holds, and its seconds. Steps
/// overlap, so that a cluster at the edge does not change with every node.
const STEPS: [(usize, usize, u32); 6] = [
    (0, 100, 0),
    (90, 500, 15),
    (450, 1000, 30),
    (900, 2000, 60),
    (1800, 10_000, 300),
    (9000, usize::MAX, 600),
];

#[derive(Clone, Default)]
pub struct TtlController {
    step: usize,
}

impl Controller for TtlController {
    fn name(&self) -> &'static str {
        "ttl-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        let Some((_, new)) = change.of::<Node>() else {
            return;
        };
        let nodes = caches.nodes.len();
        let (least, most) = STEPS.get(self.step).map_or((0, 0), |s| (s.0, s.1));
        if nodes > most {
            self.step = (self.step + 1).min(STEPS.len() - 1);
        } else if nodes < least {
            self.step = self.step.saturating_sub(1);
        }
        if let Some(node) = new {
            let annotations = node.metadata.annotations.as_ref();
            let has = annotations.and_then(|a| a.get(ANNOTATION));
            if has != Some(&self.seconds()) {
                triggers.add(node.key());
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let seconds = self.seconds();
        if scope.caches.nodes.get(key).is_some() {
            scope
                .ctx
                .patch::<Node>(key, &WriteOptions::default(), |node| {
                    let annotations = node.metadata.annotations.get_or_insert_default();
                    annotations.insert(ANNOTATION.to_owned(), seconds);
                })?;
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl TtlController {
    fn seconds(&self) -> String {
        STEPS.get(self.step).map_or(0, |s| s.2).to_string()
    }
}
