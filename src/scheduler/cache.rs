//! The scheduler's picture of the cluster: nodes, pods (those it has only assumed too), images,
//! and the objects that selectors are taken from.
//!
//! Models `pkg/scheduler/backend/cache`; there a snapshot is taken for each cycle, here a cycle
//! happens at one instant and needs none.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{
    Namespace, Node, PersistentVolume, PersistentVolumeClaim, ReplicationController, Service,
};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::StorageClass;

use super::counts::{SelectorCounts, counts};
use super::nodeinfo::{NodeInfo, Slot};
use super::podinfo::PodInfo;
use super::terms::TermCounts;
use serde_json::Value;

use crate::api::custom::CustomObject;
use crate::api::selector::Selector;
use crate::api::{Name, Resource};
use crate::client::Cache;
use crate::sim::ordered::Map;

/// Where a pod stands.
#[derive(Clone)]
struct Placed {
    slot: Slot,
    info: Rc<PodInfo>,
    /// Decided by the scheduler, not yet seen in a watch event.
    assumed: bool,
}

/// An image on the nodes.
#[derive(Clone, Debug, Default)]
struct ImageState {
    size: i64,
    /// On how many nodes it lies, by slot.
    slots: crate::sim::ordered::Set<Slot>,
}

/// By node: storage drivers, and how many of their volumes it takes.
pub type VolumeLimits = Map<Rc<str>, Vec<(Rc<str>, i64)>>;

#[derive(Clone, Default)]
pub struct SchedulerCache {
    slots: Vec<NodeInfo>,
    by_name: Map<Rc<str>, Slot>,
    /// The slots of existing nodes, zones taking turns.
    order: Rc<Vec<Slot>>,
    /// Names by slot, shared with explanations.
    names: Rc<Vec<Rc<str>>>,
    pods: Map<Name, Placed>,
    images: Map<Rc<str>, ImageState>,
    counts: RefCell<SelectorCounts>,
    pub terms: TermCounts,
    pub services: Cache<Service>,
    pub disruption_budgets: Cache<PodDisruptionBudget>,
    pub replica_sets: Cache<ReplicaSet>,
    pub replication_controllers: Cache<ReplicationController>,
    pub stateful_sets: Cache<StatefulSet>,
    pub namespaces: Cache<Namespace>,
    pub claims: Cache<PersistentVolumeClaim>,
    pub volumes: Cache<PersistentVolume>,
    pub classes: Cache<StorageClass>,
    /// How many volumes a node takes, by storage driver, where its CSINode says so.
    pub volume_limits: VolumeLimits,
    /// Volumes that were given away, and that the cache does not show so yet.
    pub taken: BTreeSet<Rc<str>>,
}

impl SchedulerCache {
    /// Takes in what a CSINode says, or that it is gone.
    pub fn set_volume_limits(&mut self, node: &str, said: Option<&CustomObject>) {
        let drivers = said
            .map_or(&Value::Null, |o| o.at("spec.drivers"))
            .as_array();
        let limits: Vec<(Rc<str>, i64)> = drivers
            .into_iter()
            .flatten()
            .filter_map(|driver| {
                let count = driver["allocatable"]["count"].as_i64()?;
                Some((driver["name"].as_str()?.into(), count))
            })
            .collect();
        match limits.is_empty() {
            true => drop(self.volume_limits.remove(node)),
            false => drop(self.volume_limits.insert(node.into(), limits)),
        }
    }

    /// The nodes in the order in which they are looked at.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeInfo> {
        self.order.iter().filter_map(|slot| self.node_at(*slot))
    }

    pub fn node_count(&self) -> usize {
        self.order.len()
    }

    /// The node at a place of the order.
    pub fn nth(&self, place: usize) -> Option<&NodeInfo> {
        self.node_at(*self.order.get(place)?)
    }

    pub fn node_at(&self, slot: Slot) -> Option<&NodeInfo> {
        self.slots.get(slot as usize)
    }

    pub fn node(&self, name: &str) -> Option<&NodeInfo> {
        self.node_at(*self.by_name.get(name)?)
    }

    pub fn names(&self) -> &Rc<Vec<Rc<str>>> {
        &self.names
    }

    /// The node of a pod and what is known of the pod.
    pub fn placed(&self, uid: &Name) -> Option<(&NodeInfo, &Rc<PodInfo>)> {
        let placed = self.pods.get(uid)?;
        Some((self.node_at(placed.slot)?, &placed.info))
    }

    pub fn is_assumed(&self, uid: &Name) -> bool {
        self.pods.get(uid).is_some_and(|p| p.assumed)
    }

    /// Takes in a node, new or changed; returns how it was, unless it is new.
    pub fn set_node(&mut self, node: &Rc<Node>) -> Option<NodeInfo> {
        let slot = self.slot_for(node.name());
        let info = self.slots.get_mut(slot as usize)?;
        let old = info.node.is_some().then(|| info.without_pods());
        let images_changed = old.as_ref().and_then(images_of) != images_in(node);
        let moved = old.as_ref().map(|o| zone(o.labels())) != Some(zone_of(node));
        info.set_node(Some(node.clone()));
        if images_changed {
            self.forget_images(slot);
            self.count_images(slot, node);
        }
        if moved {
            self.reorder();
        }
        old
    }

    /// The node object is gone; its pods stay known until they go too.
    pub fn remove_node(&mut self, name: &str) {
        let Some(slot) = self.by_name.get(name).copied() else {
            return;
        };
        self.forget_images(slot);
        if let Some(info) = self.slots.get_mut(slot as usize) {
            info.set_node(None);
        }
        self.reorder();
    }

    /// Puts a pod on a node, or renews what is known of it.
    pub fn add_pod(&mut self, info: &Rc<PodInfo>, node: &str, assumed: bool) {
        let known = self.pods.get(&info.uid);
        let stays = known.filter(|p| {
            self.node_at(p.slot).is_some_and(|n| *n.name == *node) && same_weight(&p.info, info)
        });
        if let Some(slot) = stays.map(|p| p.slot) {
            if let Some(node) = self.slots.get_mut(slot as usize) {
                node.replace_pod(info);
            }
            let placed = Placed {
                slot,
                info: info.clone(),
                assumed,
            };
            self.pods.insert(info.uid.clone(), placed);
            return;
        }
        self.remove_pod(&info.uid);
        let slot = self.slot_for(node);
        if let Some(node) = self.slots.get_mut(slot as usize) {
            node.add_pod(info);
        }
        self.counts.get_mut().add(info, slot);
        self.terms.add(info, slot);
        let placed = Placed {
            slot,
            info: info.clone(),
            assumed,
        };
        self.pods.insert(info.uid.clone(), placed);
    }

    pub fn remove_pod(&mut self, uid: &Name) -> Option<Rc<PodInfo>> {
        let placed = self.pods.remove(uid)?;
        if let Some(node) = self.slots.get_mut(placed.slot as usize) {
            node.remove_pod(uid);
        }
        self.counts.get_mut().remove(&placed.info, placed.slot);
        self.terms.remove(&placed.info, placed.slot);
        Some(placed.info)
    }

    /// How many pods of the namespace match the selector, by slot. Terminating pods count only
    /// when asked for. Slots beyond the end have none.
    pub fn matching(
        &self,
        namespace: &str,
        selector: &Selector,
        terminating: bool,
    ) -> Rc<Vec<u32>> {
        if let Some(known) = self
            .counts
            .borrow_mut()
            .get(namespace, selector, terminating)
        {
            return known;
        }
        let mut by_slot = vec![0; self.slots.len()];
        for placed in self.pods.values() {
            if *placed.info.key.namespace == *namespace
                && counts(&placed.info, selector, terminating)
                && let Some(count) = by_slot.get_mut(placed.slot as usize)
            {
                *count += 1;
            }
        }
        let by_slot = Rc::new(by_slot);
        self.counts
            .borrow_mut()
            .insert(namespace, selector, terminating, by_slot.clone());
        by_slot
    }

    /// The size of an image on a node and on how many nodes it lies, if it is there.
    pub fn image_on(&self, name: &str, slot: Slot) -> Option<(i64, usize)> {
        let image = self.images.get(name)?;
        image
            .slots
            .contains(&slot)
            .then_some((image.size, image.slots.len()))
    }

    fn slot_for(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.by_name.get(name) {
            return *slot;
        }
        // A slot whose node is gone with all its pods is used again.
        let free = self
            .slots
            .iter()
            .position(|n| n.node.is_none() && n.pods.is_empty());
        let slot = free.unwrap_or(self.slots.len()) as Slot;
        let info = NodeInfo::named(slot, name);
        let name = info.name.clone();
        match self.slots.get_mut(slot as usize) {
            Some(old) => {
                self.by_name.remove(&old.name);
                *old = info;
            }
            None => self.slots.push(info),
        }
        self.by_name.insert(name, slot);
        self.names = Rc::new(self.slots.iter().map(|n| n.name.clone()).collect());
        slot
    }

    /// Zones take turns (`pkg/scheduler/backend/cache/node_tree.go`); within a zone nodes stand
    /// in the order of their slots.
    fn reorder(&mut self) {
        let mut zones: Vec<(String, Vec<Slot>)> = Vec::new();
        for info in self.slots.iter().filter(|n| n.node.is_some()) {
            let zone = zone(info.labels());
            match zones.iter_mut().find(|(z, _)| *z == zone) {
                Some((_, slots)) => slots.push(info.slot),
                None => zones.push((zone, vec![info.slot])),
            }
        }
        let longest = zones.iter().map(|(_, s)| s.len()).max().unwrap_or_default();
        let turns = (0..longest).flat_map(|i| zones.iter().filter_map(move |(_, s)| s.get(i)));
        self.order = Rc::new(turns.copied().collect());
    }

    fn forget_images(&mut self, slot: Slot) {
        self.images.retain(|_, image| {
            image.slots.remove(&slot);
            !image.slots.is_empty()
        });
    }

    fn count_images(&mut self, slot: Slot, node: &Node) {
        for image in images_in(node).into_iter().flatten() {
            for name in image.names.iter().flatten() {
                let state = self.images.entry(name.as_str().into()).or_default();
                state.size = image.size_bytes.unwrap_or_default();
                state.slots.insert(slot);
            }
        }
    }
}

/// Whether two versions of a pod count alike everywhere.
fn same_weight(old: &PodInfo, new: &PodInfo) -> bool {
    Rc::ptr_eq(&old.pod, &new.pod)
        || (old.is_terminating() == new.is_terminating()
            && old.labels() == new.labels()
            && old.requests == new.requests
            && old.nonzero == new.nonzero
            && old.ports == new.ports
            && old.terms == new.terms)
}

type Images = Vec<k8s_openapi::api::core::v1::ContainerImage>;

fn images_in(node: &Node) -> Option<&Images> {
    node.status.as_ref()?.images.as_ref()
}

fn images_of(info: &NodeInfo) -> Option<&Images> {
    images_in(info.node.as_ref()?)
}

fn zone(labels: &BTreeMap<String, String>) -> String {
    let label = |name: &str| labels.get(name).map(String::as_str).unwrap_or_default();
    let region = label("topology.kubernetes.io/region");
    let zone = label("topology.kubernetes.io/zone");
    format!("{region}:{zone}")
}

fn zone_of(node: &Node) -> String {
    node.metadata
        .labels
        .as_ref()
        .map(zone)
        .unwrap_or_else(|| ":".to_owned())
}
