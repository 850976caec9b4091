//! What the scheduler learns from its watches, and whom the news concerns.
//!
//! Models `pkg/scheduler/eventhandlers.go`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod};

use super::framework::ClusterEvent;
use super::nodeinfo::NodeInfo;
use super::podinfo::{PodInfo, is_resizing};
use super::{NAME, Scheduler};
use crate::api::{Name, Object, Resource};
use crate::apiserver::{EventType, WatchEvent};
use crate::sim::{CauseId, Time};

/// What says how many volumes a node takes: version and kind.
pub(super) const CSI_NODE: (&str, &str) = ("storage.k8s.io/v1", "CSINode");

impl Scheduler {
    pub(super) fn take_in(&mut self, event: &WatchEvent, cause: CauseId, now: Time) {
        let gone = event.event == EventType::Deleted;
        match &event.object {
            Object::Pod(pod) if gone => self.pod_gone(pod, true, cause, now),
            Object::Pod(pod) if has_ended(pod) => self.pod_gone(pod, false, cause, now),
            Object::Pod(pod) => self.pod_seen(pod, cause, now),
            Object::Node(node) if gone => {
                self.cache.remove_node(node.name());
                let event = ClusterEvent::NodeDeleted;
                self.queue.changed(&event, &self.cache, now, cause);
            }
            Object::Node(node) => self.node_seen(node, cause, now),
            Object::PersistentVolumeClaim(_) => {
                self.cache.claims.apply(event);
                self.storage_seen(event, cause, now);
            }
            Object::PersistentVolume(volume) => {
                self.cache.taken.remove(volume.name());
                self.cache.volumes.apply(event);
                self.storage_seen(event, cause, now);
            }
            Object::StorageClass(_) => {
                self.cache.classes.apply(event);
                self.storage_seen(event, cause, now);
            }
            Object::Service(_) => {
                self.cache.services.apply(event);
            }
            Object::ReplicaSet(_) => {
                self.cache.replica_sets.apply(event);
            }
            Object::PodDisruptionBudget(_) => {
                self.cache.disruption_budgets.apply(event);
            }
            Object::StatefulSet(_) => {
                self.cache.stateful_sets.apply(event);
            }
            Object::ReplicationController(_) => {
                self.cache.replication_controllers.apply(event);
            }
            Object::Namespace(_) => {
                let delta = self.cache.namespaces.apply(event);
                let labels = |n: &Rc<Namespace>| n.metadata.labels.clone();
                if delta.is_some_and(|d| d.old.as_ref().map(labels) != d.new.as_ref().map(labels)) {
                    let event = ClusterEvent::NamespaceLabels;
                    self.queue.changed(&event, &self.cache, now, cause);
                }
            }
            Object::Custom(object) if object.kind.info.kind == CSI_NODE.1 => {
                let said = (!gone).then_some(&**object);
                let node = object.metadata.name.as_deref().unwrap_or_default();
                self.cache.set_volume_limits(node, said);
                let event = ClusterEvent::Storage(&event.object);
                self.queue.changed(&event, &self.cache, now, cause);
            }
            _ => {}
        }
    }

    fn storage_seen(&mut self, event: &WatchEvent, cause: CauseId, now: Time) {
        if event.event != EventType::Deleted {
            let event = ClusterEvent::Storage(&event.object);
            self.queue.changed(&event, &self.cache, now, cause);
        }
    }

    fn node_seen(&mut self, node: &Rc<Node>, cause: CauseId, now: Time) {
        let old = self.cache.set_node(node);
        let Some(new) = self.cache.node(node.name()) else {
            return;
        };
        let event = match &old {
            None => ClusterEvent::NodeAdded(new),
            Some(old) if matters(old, new) => ClusterEvent::NodeUpdated { old, new },
            Some(_) => return,
        };
        self.queue.changed(&event, &self.cache, now, cause);
    }

    /// A pod that exists and has not ended.
    fn pod_seen(&mut self, pod: &Rc<Pod>, cause: CauseId, now: Time) {
        let spec = pod.spec.as_ref();
        let node = spec.and_then(|s| s.node_name.clone()).unwrap_or_default();
        if !node.is_empty() {
            self.pod_assigned(pod, &node, cause, now);
            return;
        }
        let scheduler = spec.and_then(|s| s.scheduler_name.as_deref());
        if scheduler.unwrap_or(NAME) != NAME {
            return;
        }
        let uid = &Name::new(pod.uid());
        if self.cache.is_assumed(uid) {
            // Its binding is on the way; nothing that can still change matters.
            return;
        }
        let info = PodInfo::new(pod);
        let promised = pod.status.as_ref();
        let promised = promised.and_then(|s| s.nominated_node_name.as_deref());
        match promised.filter(|n| !n.is_empty()) {
            Some(node) => self.nominated.set(&info, node),
            None => self.nominated.remove(uid),
        }
        if let Some(queued) = &mut self.in_flight
            && queued.pod.uid == *uid
        {
            queued.pod = info;
            return;
        }
        if !self.queue.update(&info, &self.cache, now, cause) {
            self.queue.add(&info, now, cause);
        }
    }

    fn pod_assigned(&mut self, pod: &Rc<Pod>, node: &str, cause: CauseId, now: Time) {
        let uid = &Name::new(pod.uid());
        self.queue.remove(uid);
        self.nominated.remove(uid);
        self.drop_in_flight(uid);
        let was_assumed = self.cache.is_assumed(uid);
        let old = self.cache.placed(uid).map(|(_, info)| info.clone());
        let new = match &old {
            Some(old)
                if old.pod.spec == pod.spec
                    && old.pod.metadata.labels == pod.metadata.labels
                    && !is_resizing(&old.pod)
                    && !is_resizing(pod) =>
            {
                old.renewed(pod)
            }
            _ => PodInfo::new(pod),
        };
        self.cache.add_pod(&new, node, false);
        let event = match &old {
            // It takes less than before: room for others, as when a pod goes.
            Some(old) if !was_assumed && old.requests != new.requests => {
                ClusterEvent::PodDeleted(old)
            }
            Some(old) if !was_assumed => {
                if old.labels() == new.labels() && old.is_terminating() == new.is_terminating() {
                    return;
                }
                ClusterEvent::PodUpdated { old, new: &new }
            }
            _ => ClusterEvent::PodAssigned(&new),
        };
        self.queue.changed(&event, &self.cache, now, cause);
    }

    /// The pod was deleted, or has ended: either way it needs its node no more.
    fn pod_gone(&mut self, pod: &Rc<Pod>, deleted: bool, cause: CauseId, now: Time) {
        let uid = &Name::new(pod.uid());
        if deleted {
            self.records.remove(uid);
        }
        self.queue.remove(uid);
        self.nominated.remove(uid);
        self.bindings.remove(uid);
        self.drop_in_flight(uid);
        if let Some(info) = self.cache.remove_pod(uid) {
            let event = ClusterEvent::PodDeleted(&info);
            self.queue.changed(&event, &self.cache, now, cause);
        }
    }

    fn drop_in_flight(&mut self, uid: &Name) {
        if self.in_flight.as_ref().is_some_and(|q| q.pod.uid == *uid) {
            self.in_flight = None;
        }
    }
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Whether a change of a node could make it take a pod that it refused.
fn matters(old: &NodeInfo, new: &NodeInfo) -> bool {
    let conditions = |info: &NodeInfo| {
        let status = info.node.as_ref().and_then(|n| n.status.as_ref());
        let list = status.and_then(|s| s.conditions.as_ref());
        let pairs = list.into_iter().flatten();
        pairs
            .map(|c| (c.type_.clone(), c.status.clone()))
            .collect::<Vec<_>>()
    };
    old.is_unschedulable != new.is_unschedulable
        || old.allocatable != new.allocatable
        || old.labels() != new.labels()
        || old.taints() != new.taints()
        || conditions(old) != conditions(new)
}
