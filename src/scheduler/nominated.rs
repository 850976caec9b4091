//! Pods that preemption has promised a node, and that wait for room there.

use std::rc::Rc;

use super::podinfo::PodInfo;
use crate::api::Name;
use crate::sim::ordered::Map as BTreeMap;

/// Models `pkg/scheduler/backend/queue/nominator.go`.
#[derive(Clone, Default)]
pub struct Nominated {
    by_pod: BTreeMap<Name, (Rc<str>, Rc<PodInfo>)>,
}

impl Nominated {
    pub fn set(&mut self, pod: &Rc<PodInfo>, node: &str) {
        self.by_pod
            .insert(pod.uid.clone(), (node.into(), pod.clone()));
    }

    pub fn remove(&mut self, uid: &Name) {
        self.by_pod.remove(uid);
    }

    /// The node that was promised to a pod.
    pub fn node_of(&self, uid: &Name) -> Option<&Rc<str>> {
        self.by_pod.get(uid).map(|(node, _)| node)
    }

    /// The pods promised to `node` that `pod` has to make room for: others of at least its
    /// priority.
    pub fn on(&self, node: &str, pod: &PodInfo) -> Vec<Rc<PodInfo>> {
        let others = self.by_pod.values().filter(|(promised, other)| {
            **promised == *node && other.uid != pod.uid && other.priority >= pod.priority
        });
        others.map(|(_, other)| other.clone()).collect()
    }

    /// The pods of lower priority that were promised this node: their promise has lapsed.
    pub fn lower_on(&self, node: &str, priority: i32) -> Vec<Rc<PodInfo>> {
        let others = self
            .by_pod
            .values()
            .filter(|(promised, other)| **promised == *node && other.priority < priority);
        others.map(|(_, other)| other.clone()).collect()
    }
}
