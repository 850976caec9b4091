//! The informers that all controllers share: one watch and one cache per kind.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{
    ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet,
};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Event as ApiEvent, Namespace, Node, PersistentVolumeClaim, Pod,
    ReplicationController, ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::ClusterRole;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use super::controller::Change;
use super::worker::Event;
use crate::api::{Key, Kind, Object, Resource};
use crate::apiserver::{EventType, WatchEvent, WatchRequest};
use crate::client::{Cache, Ctx};
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// What the controllers believe the cluster to be.
#[derive(Clone, Default)]
pub struct Caches {
    pub cluster_roles: Cache<ClusterRole>,
    pub config_maps: Cache<ConfigMap>,
    pub controller_revisions: Cache<ControllerRevision>,
    pub cron_jobs: Cache<CronJob>,
    pub daemon_sets: Cache<DaemonSet>,
    pub definitions: Cache<CustomResourceDefinition>,
    pub deployments: Cache<Deployment>,
    pub disruption_budgets: Cache<PodDisruptionBudget>,
    pub endpoint_slices: Cache<EndpointSlice>,
    pub endpoints: Cache<Endpoints>,
    pub ingress_classes: Cache<IngressClass>,
    pub ingresses: Cache<Ingress>,
    pub jobs: Cache<Job>,
    pub namespaces: Cache<Namespace>,
    pub nodes: Cache<Node>,
    pub persistent_volume_claims: Cache<PersistentVolumeClaim>,
    pub pods: Cache<Pod>,
    pub replica_sets: Cache<ReplicaSet>,
    pub resource_quotas: Cache<ResourceQuota>,
    pub secrets: Cache<Secret>,
    pub replication_controllers: Cache<ReplicationController>,
    pub service_accounts: Cache<ServiceAccount>,
    pub services: Cache<Service>,
    pub stateful_sets: Cache<StatefulSet>,
    /// The kinds of established definitions.
    pub custom_kinds: Vec<Kind>,
    pods_by_node: BTreeMap<Rc<str>, BTreeSet<Key>>,
    /// Pods, ReplicaSets and revisions that no controller owns: what others may adopt.
    orphans: BTreeSet<Key>,
    orphan_sets: BTreeSet<Key>,
    orphan_revisions: BTreeSet<Key>,
}

/// Watches every kind but events: nothing is controlled by what is written for people.
pub(super) fn start(ctx: &mut Ctx<'_, Event>) {
    for kind in Kind::all().filter(|k| *k != ApiEvent::KIND) {
        let request = WatchRequest {
            kind,
            node: None,
            subscriber: ctx.subscriber,
            latency: ctx.latency,
        };
        ctx.server.watch(ctx.kernel, request);
    }
}

impl Caches {
    /// Starts to watch the objects of a definition as soon as it is seen to be served.
    pub(super) fn watch_customs(&mut self, event: &WatchEvent, ctx: &mut Ctx<'_, Event>) {
        let Some(definition) = event.object.get::<CustomResourceDefinition>() else {
            return;
        };
        let Some(kind) = ctx.server.kind_of_definition(definition.name()) else {
            return;
        };
        if self.custom_kinds.contains(&kind) {
            // The same resource, perhaps under a newer definition.
            self.custom_kinds.retain(|k| *k != kind);
        } else {
            let request = WatchRequest {
                kind,
                node: None,
                subscriber: ctx.subscriber,
                latency: ctx.latency,
            };
            ctx.server.watch(ctx.kernel, request);
        }
        self.custom_kinds.push(kind);
    }

    /// Takes in a watch event, and says what it changed.
    pub(super) fn apply(&mut self, event: &WatchEvent) -> Change {
        let old = match &event.object {
            Object::Pod(_) => self.apply_pod(event),
            Object::ReplicaSet(_) => {
                note_orphan(&mut self.orphan_sets, event);
                take(&mut self.replica_sets, event)
            }
            Object::CustomResourceDefinition(_) => take(&mut self.definitions, event),
            Object::Deployment(_) => take(&mut self.deployments, event),
            Object::DaemonSet(_) => take(&mut self.daemon_sets, event),
            Object::StatefulSet(_) => take(&mut self.stateful_sets, event),
            Object::Ingress(_) => take(&mut self.ingresses, event),
            Object::IngressClass(_) => take(&mut self.ingress_classes, event),
            Object::Job(_) => take(&mut self.jobs, event),
            Object::CronJob(_) => take(&mut self.cron_jobs, event),
            Object::ReplicationController(_) => take(&mut self.replication_controllers, event),
            Object::ControllerRevision(_) => {
                note_orphan(&mut self.orphan_revisions, event);
                take(&mut self.controller_revisions, event)
            }
            Object::Service(_) => take(&mut self.services, event),
            Object::EndpointSlice(_) => take(&mut self.endpoint_slices, event),
            Object::Endpoints(_) => take(&mut self.endpoints, event),
            Object::Node(_) => take(&mut self.nodes, event),
            Object::Namespace(_) => take(&mut self.namespaces, event),
            Object::ServiceAccount(_) => take(&mut self.service_accounts, event),
            Object::PodDisruptionBudget(_) => take(&mut self.disruption_budgets, event),
            Object::ResourceQuota(_) => take(&mut self.resource_quotas, event),
            Object::PersistentVolumeClaim(_) => take(&mut self.persistent_volume_claims, event),
            Object::ConfigMap(_) => take(&mut self.config_maps, event),
            Object::ClusterRole(_) => take(&mut self.cluster_roles, event),
            Object::Secret(_) => take(&mut self.secrets, event),
            _ => None,
        };
        Change {
            event: event.event,
            object: event.object.clone(),
            old,
        }
    }

    fn apply_pod(&mut self, event: &WatchEvent) -> Option<Object> {
        let was = take(&mut self.pods, event);
        let is = match event.event {
            EventType::Deleted => None,
            EventType::Added | EventType::Modified => event.object.get::<Pod>(),
        };
        let (from, to) = (
            was.as_ref().and_then(|o| node_of(o.get::<Pod>()?)),
            is.and_then(|pod| node_of(pod)),
        );
        if from != to {
            let key = event.object.key();
            if let Some(from) = from
                && let Some(keys) = self.pods_by_node.get_mut(from)
            {
                keys.remove(&key);
                if keys.is_empty() {
                    self.pods_by_node.remove(from);
                }
            }
            if let Some(to) = to {
                self.pods_by_node.entry(to.into()).or_default().insert(key);
            }
        }
        note_orphan(&mut self.orphans, event);
        was
    }

    /// The pods bound to a node.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &Rc<Pod>> {
        self.pods_by_node
            .get(node)
            .into_iter()
            .flatten()
            .filter_map(|key| self.pods.get(key))
    }

    /// The pods of a namespace that no controller owns.
    pub fn orphans<'c>(&'c self, namespace: &str) -> impl Iterator<Item = &'c Rc<Pod>> {
        in_namespace(&self.orphans, namespace).filter_map(|key| self.pods.get(key))
    }

    /// The ReplicaSets of a namespace that no controller owns.
    pub fn orphan_sets<'c>(&'c self, namespace: &str) -> impl Iterator<Item = &'c Rc<ReplicaSet>> {
        in_namespace(&self.orphan_sets, namespace).filter_map(|key| self.replica_sets.get(key))
    }

    /// The ControllerRevisions of a namespace that no controller owns.
    pub fn orphan_revisions<'c>(
        &'c self,
        namespace: &str,
    ) -> impl Iterator<Item = &'c Rc<ControllerRevision>> {
        in_namespace(&self.orphan_revisions, namespace)
            .filter_map(|key| self.controller_revisions.get(key))
    }
}

fn in_namespace<'c>(keys: &'c BTreeSet<Key>, namespace: &str) -> impl Iterator<Item = &'c Key> {
    let start = Key::new(namespace, "");
    let namespace = start.namespace.clone();
    keys.range(start..)
        .take_while(move |key| key.namespace == namespace)
}

fn note_orphan(orphans: &mut BTreeSet<Key>, event: &WatchEvent) {
    let key = event.object.key();
    if event.event != EventType::Deleted && event.object.controller().is_none() {
        orphans.insert(key);
    } else {
        orphans.remove(&key);
    }
}

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec
        .as_ref()?
        .node_name
        .as_deref()
        .filter(|n| !n.is_empty())
}

/// Applies the event to its cache, and returns what was there before.
fn take<T: Resource>(cache: &mut Cache<T>, event: &WatchEvent) -> Option<Object> {
    let was = match event.event {
        EventType::Deleted => cache.get(&event.object.key()).cloned(),
        EventType::Added | EventType::Modified => None,
    };
    let delta = cache.apply(event)?;
    let old = if event.event == EventType::Deleted {
        was
    } else {
        delta.old
    };
    old.map(T::into_object)
}
