//! What the page knows of the cluster: caches that follow it by list and watch.

mod events;

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Event, Node, PersistentVolumeClaim, Pod, ReplicationController, Service,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;

use crate::api::play::Traffic;
use crate::api::{Kind, Object, Resource};
use crate::apiserver::{Cursor, EventType, WatchEvent};
use crate::client::Cache;
use crate::cluster::Cluster;
use crate::sim::CauseId;
use crate::sim::ordered::Map as BTreeMap;

use events::Events;
pub use events::Seen;

/// The kinds that the page draws. Leases are left out: they change for ever and mean little.
fn followed() -> [Kind; 15] {
    [
        Node::KIND,
        Pod::KIND,
        Deployment::KIND,
        ReplicaSet::KIND,
        Service::KIND,
        EndpointSlice::KIND,
        Ingress::KIND,
        Event::KIND,
        Traffic::KIND,
        StatefulSet::KIND,
        DaemonSet::KIND,
        Job::KIND,
        CronJob::KIND,
        ReplicationController::KIND,
        PersistentVolumeClaim::KIND,
    ]
}

#[derive(Clone, Default)]
pub struct Mirror {
    pub nodes: Cache<Node>,
    pub pods: Cache<Pod>,
    pub deployments: Cache<Deployment>,
    pub replica_sets: Cache<ReplicaSet>,
    pub services: Cache<Service>,
    pub endpoint_slices: Cache<EndpointSlice>,
    pub ingresses: Cache<Ingress>,
    pub events: Events,
    pub traffics: Cache<Traffic>,
    /// Other makers of pods, and claims, by uid: only who belongs to whom is drawn of them.
    pub workloads: BTreeMap<Rc<str>, Object>,
    /// The revision up to which the caches are current.
    revision: u64,
    /// Whether the next look has to list: the caches are of another time.
    stale: bool,
    /// How often the pods have changed.
    pod_changes: u64,
    /// The revisions that ReplicaSets came with, by uid.
    born: BTreeMap<Rc<str>, u64>,
    /// How often ReplicaSets have come, and the caches were filled anew.
    arrivals: u64,
}

/// What a look at the cluster brought.
pub enum Pulled {
    Nothing,
    /// Everything since the last look, in order; and whether any of it is to be seen.
    Changes(Vec<WatchEvent>, bool),
    /// The caches were filled anew.
    Relisted,
}

impl Mirror {
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// A number that grows whenever the pods change: whoever looked at them at this number has
    /// seen them.
    pub fn pod_changes(&self) -> u64 {
        self.pod_changes
    }

    /// A number that grows whenever ReplicaSets have come, or the caches were filled anew.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// The revision that a ReplicaSet came with: of those that were made in one second it tells which was first, or, in a
    /// real cluster, of which the page heard first.
    pub fn born(&self, set: &ReplicaSet) -> u64 {
        self.born.get(set.uid()).copied().unwrap_or_default()
    }

    /// Forgets the place in the stream of changes; what did not change keeps its identity, as the
    /// cluster shares it with its past.
    pub fn jump(&mut self) {
        self.stale = true;
    }

    /// Catches up with the cluster.
    pub fn pull(&mut self, cluster: &Cluster) -> Pulled {
        let server = cluster.server();
        if self.stale || server.revision() < self.revision || self.revision == 0 {
            self.relist(cluster);
            return Pulled::Relisted;
        }
        if server.revision() == self.revision {
            return Pulled::Nothing;
        }
        let mut changes = Vec::new();
        for kind in followed() {
            let mut cursor = Cursor {
                kind,
                namespace: None,
                revision: self.revision,
            };
            match cluster.pull(&mut cursor) {
                Ok(events) => changes.extend(events),
                Err(_) => {
                    self.relist(cluster);
                    return Pulled::Relisted;
                }
            }
        }
        self.revision = server.revision();
        if changes.is_empty() {
            return Pulled::Nothing;
        }
        changes.sort_by_key(|event| event.revision);
        let mut visible = false;
        for event in &changes {
            visible |= self.apply(event);
        }
        Pulled::Changes(changes, visible)
    }

    fn relist(&mut self, cluster: &Cluster) {
        let server = cluster.server();
        *self = Mirror {
            revision: server.revision(),
            pod_changes: self.pod_changes + 1,
            arrivals: self.arrivals + 1,
            ..Mirror::default()
        };
        for kind in followed() {
            for object in server.list_objects(kind, None) {
                self.apply(&WatchEvent {
                    event: EventType::Added,
                    revision: object.revision(),
                    object,
                    cause: CauseId::NONE,
                });
            }
        }
        for set in self.replica_sets.iter() {
            if let Some(born) = server.born(ReplicaSet::KIND, &set.key()) {
                self.born.insert(set.uid().into(), born);
            }
        }
    }

    /// Takes in a change; tells whether it is one to be seen.
    fn apply(&mut self, event: &WatchEvent) -> bool {
        if self.pods.apply(event).is_some() {
            self.pod_changes += 1;
            return true;
        }
        if let Some(delta) = self.nodes.apply(event) {
            return match (&delta.old, &delta.new) {
                (Some(old), Some(new)) => !is_heartbeat(old, new),
                _ => true,
            };
        }
        self.events.apply(event)
            || self.endpoint_slices.apply(event).is_some()
            || self.apply_set(event)
            || self.deployments.apply(event).is_some()
            || self.services.apply(event).is_some()
            || self.ingresses.apply(event).is_some()
            || self.traffics.apply(event).is_some()
            || self.apply_workload(event)
    }

    fn apply_set(&mut self, event: &WatchEvent) -> bool {
        let Some(delta) = self.replica_sets.apply(event) else {
            return false;
        };
        match (&delta.old, &delta.new) {
            (None, Some(new)) => {
                self.born.insert(new.uid().into(), event.revision);
                self.arrivals += 1;
            }
            (Some(old), None) => {
                self.born.remove(old.uid());
            }
            _ => {}
        }
        true
    }

    fn apply_workload(&mut self, event: &WatchEvent) -> bool {
        let uid: Rc<str> = event.object.uid().into();
        match event.event {
            EventType::Deleted => self.workloads.remove(&uid).is_some(),
            _ => {
                self.workloads.insert(uid, event.object.clone());
                true
            }
        }
    }

    /// The ReplicaSet that controls a pod.
    pub fn replica_set_of(&self, pod: &Pod) -> Option<&Rc<ReplicaSet>> {
        let owner = crate::api::controller_of(&pod.metadata)?;
        if owner.kind != "ReplicaSet" {
            return None;
        }
        let key = crate::api::Key::new(pod.namespace(), &owner.name);
        self.replica_sets
            .get(&key)
            .filter(|rs| rs.uid() == owner.uid)
    }
}

/// Whether nothing is new but that the kubelet is still there.
fn is_heartbeat(old: &Node, new: &Node) -> bool {
    let mut then = new.clone();
    then.metadata.resource_version = old.metadata.resource_version.clone();
    let known = old.status.as_ref().and_then(|s| s.conditions.as_ref());
    let conditions = then.status.as_mut().and_then(|s| s.conditions.as_mut());
    for (condition, known) in conditions
        .into_iter()
        .flatten()
        .zip(known.into_iter().flatten())
    {
        condition.last_heartbeat_time = known.last_heartbeat_time.clone();
    }
    then == *old
}
