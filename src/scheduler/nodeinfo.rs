//! What the scheduler knows of one node: its free room, its pods, its ports.
//!
//! Sums are kept as pods come and go, so that looking at a node never means looking at its pods.
//! Models `pkg/scheduler/framework/types.go` NodeInfo.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Taint};

use super::podinfo::{HostPort, PodInfo};
use super::resources::Resources;
use crate::api::Name;
use crate::sim::ordered::Map;

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

pub const HOSTNAME: &str = "kubernetes.io/hostname";
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// A node's slot in the scheduler's cache; stays the same while the node lives.
pub type Slot = u32;

#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    pub slot: Slot,
    pub name: Rc<str>,
    /// Absent while pods of a deleted (or not yet seen) node remain.
    pub node: Option<Rc<Node>>,
    /// Whether it is cordoned: asked of every node for every pod.
    pub is_unschedulable: bool,
    is_tainted: bool,
    pub allocatable: Resources,
    /// What the pods ask for.
    pub requested: Resources,
    /// CPU and memory as scores count them: containers that ask for nothing count as asking for
    /// a little (100m and 200Mi).
    pub nonzero: (i64, i64),
    pub pods: Map<Name, Rc<PodInfo>>,
    /// Host ports in use, with the number of pods that use them.
    ports: Map<HostPort, u32>,
    /// The labels that are asked for with every pod.
    pub hostname: Option<Rc<str>>,
    pub zone: Option<Rc<str>>,
}

impl NodeInfo {
    pub fn named(slot: Slot, name: &str) -> Self {
        NodeInfo {
            slot,
            name: name.into(),
            ..NodeInfo::default()
        }
    }

    pub fn set_node(&mut self, node: Option<Rc<Node>>) {
        self.allocatable = node
            .as_ref()
            .and_then(|n| n.status.as_ref()?.allocatable.as_ref())
            .map(Resources::from_list)
            .unwrap_or_default();
        let spec = node.as_ref().and_then(|n| n.spec.as_ref());
        self.is_unschedulable = spec.and_then(|s| s.unschedulable).unwrap_or_default();
        self.is_tainted = spec.is_some_and(|s| s.taints.is_some());
        self.node = node;
        let kept = |key: &str| self.labels().get(key).map(|value| value.as_str().into());
        let (hostname, zone) = (kept(HOSTNAME), kept(ZONE));
        (self.hostname, self.zone) = (hostname, zone);
    }

    /// The node itself, as it would be if nothing ran there.
    pub fn without_pods(&self) -> Self {
        NodeInfo {
            slot: self.slot,
            name: self.name.clone(),
            node: self.node.clone(),
            is_unschedulable: self.is_unschedulable,
            is_tainted: self.is_tainted,
            allocatable: self.allocatable.clone(),
            hostname: self.hostname.clone(),
            zone: self.zone.clone(),
            ..NodeInfo::default()
        }
    }

    pub fn labels(&self) -> &BTreeMap<String, String> {
        self.node
            .as_ref()
            .and_then(|n| n.metadata.labels.as_ref())
            .unwrap_or(&NO_LABELS)
    }

    pub fn taints(&self) -> &[Taint] {
        let node = self.node.as_ref().filter(|_| self.is_tainted);
        node.and_then(|n| n.spec.as_ref()?.taints.as_deref())
            .unwrap_or_default()
    }

    /// Counts a pod in; a pod that is there already is counted anew.
    pub fn add_pod(&mut self, pod: &Rc<PodInfo>) {
        self.remove_pod(&pod.uid);
        self.requested.add(&pod.requests);
        self.nonzero.0 = self.nonzero.0.saturating_add(pod.nonzero.0);
        self.nonzero.1 = self.nonzero.1.saturating_add(pod.nonzero.1);
        for port in &pod.ports {
            *self.ports.entry(port.clone()).or_default() += 1;
        }
        self.pods.insert(pod.uid.clone(), pod.clone());
    }

    pub fn remove_pod(&mut self, uid: &Name) -> Option<Rc<PodInfo>> {
        let pod = self.pods.remove(uid)?;
        self.requested.subtract(&pod.requests);
        self.nonzero.0 = self.nonzero.0.saturating_sub(pod.nonzero.0);
        self.nonzero.1 = self.nonzero.1.saturating_sub(pod.nonzero.1);
        for port in &pod.ports {
            if let Some(count) = self.ports.get_mut(port) {
                *count -= 1;
                if *count == 0 {
                    self.ports.remove(port);
                }
            }
        }
        Some(pod)
    }

    /// Replaces what is known of a pod whose sums are the same.
    pub fn replace_pod(&mut self, pod: &Rc<PodInfo>) {
        if let Some(known) = self.pods.get_mut(&pod.uid) {
            *known = pod.clone();
        }
    }

    /// Whether one of the ports is taken: same port and protocol, and addresses that overlap.
    pub fn port_conflict(&self, wanted: &[HostPort]) -> bool {
        wanted
            .iter()
            .any(|w| self.ports.keys().any(|used| used.overlaps(w)))
    }
}
