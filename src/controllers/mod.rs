//! The controller manager: loops that compare what is asked for with what is, and act.
//!
//! All controllers share one set of informers ([`Caches`]); each has a work queue and one worker.
//! A controller is one file or folder, and one line in [`all`].
//!
//! A sync happens at one instant and then keeps its worker busy for a while, so that further
//! triggers of the same key merge, as they do in a real controller:
//!
//! | part of a sync                    | virtual time |
//! |-----------------------------------|--------------|
//! | looking up the object             | 1 ms         |
//! | each object looked at             | 10 µs        |
//! | each write that the sync makes    | 100 µs       |
//!
//! Invariant: handling a watch event costs the same however many objects there are. Work that
//! grows with the number of objects is done in syncs only, whose rate the busy worker bounds.

mod autoscaling;
mod backends;
mod caches;
mod certificates;
mod claim;
mod cluster_role_aggregation;
mod controller;
mod cronjob;
mod custom_resources;
mod daemonset;
mod deployment;
mod disruption;
mod endpoints;
mod endpointslice;
mod endpointslice_mirroring;
mod garbage_collector;
mod hash;
mod ingress;
mod job;
mod namespace;
mod node_lifecycle;
mod operator;
mod own_writes;
mod owner;
mod persistent_volume;
mod pod_gc;
mod pods;
mod replicaset;
mod replication_controller;
mod resource_quota;
mod revisions;
mod root_ca;
mod service_account;
mod service_lb;
mod statefulset;
mod taint_eviction;
mod taints;
mod tokens;
mod ttl;
mod ttl_after_finished;
mod worker;

use crate::apiserver::WatchEvent;
use crate::client::{Component, Ctx};

use caches::Caches;
use controller::{Controller, Triggers};
use worker::Worker;

pub use worker::Event;

/// The controllers, in the order in which they are told of a change.
fn all() -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(deployment::DeploymentController::default()),
        Box::new(replicaset::ReplicaSetController::default()),
        Box::new(daemonset::DaemonSetController::default()),
        Box::new(statefulset::StatefulSetController::default()),
        Box::new(job::JobController::default()),
        Box::new(job::orphans::JobPodCleaner),
        Box::new(cronjob::CronJobController::default()),
        Box::new(replication_controller::ReplicationManager::default()),
        Box::new(ttl_after_finished::TtlAfterFinished),
        Box::new(endpoints::EndpointsController::default()),
        Box::new(endpointslice::EndpointSliceController::default()),
        Box::new(endpointslice_mirroring::MirroringController::default()),
        Box::new(node_lifecycle::NodeLifecycleController::default()),
        Box::new(taint_eviction::TaintEvictionController::default()),
        Box::new(pod_gc::PodGarbageCollector::default()),
        Box::new(ttl::TtlController::default()),
        Box::new(custom_resources::CustomResourceController),
        Box::new(persistent_volume::PersistentVolumeController::default()),
        Box::new(persistent_volume::provisioner::Provisioner::local_path()),
        Box::new(persistent_volume::provisioner::Provisioner::csi()),
        Box::new(persistent_volume::expand::ExpandController::default()),
        Box::new(persistent_volume::ephemeral::EphemeralVolumeController::default()),
        Box::new(persistent_volume::protection::ClaimProtection),
        Box::new(persistent_volume::protection::VolumeProtection),
        Box::new(garbage_collector::GarbageCollector::default()),
        Box::new(namespace::NamespaceController),
        Box::new(service_account::ServiceAccountController),
        Box::new(root_ca::RootCaPublisher),
        Box::new(autoscaling::AutoscalerController::default()),
        Box::new(disruption::DisruptionController::default()),
        Box::new(resource_quota::ResourceQuotaController),
        Box::new(cluster_role_aggregation::ClusterRoleAggregationController::default()),
        Box::new(tokens::TokenController::default()),
        Box::new(certificates::Approver),
        Box::new(certificates::Signer),
        Box::new(certificates::Cleaner),
        Box::new(operator::OperatorController::default()),
    ]
}

/// Those that come with a cloud, or are installed by somebody; a bare cluster has none.
fn others() -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(service_lb::LoadBalancerController::default()),
        Box::new(ingress::IngressController::default()),
    ]
}

/// The controller manager.
#[derive(Clone)]
pub struct Controllers {
    caches: Caches,
    workers: Vec<Worker>,
}

impl Controllers {
    /// The controllers of a cluster, which is bare or not.
    pub fn new(bare: bool) -> Self {
        let mut controllers = all();
        if !bare {
            controllers.extend(others());
        }
        Controllers {
            caches: Caches::default(),
            workers: controllers.into_iter().map(Worker::new).collect(),
        }
    }

    /// The names of the controllers, as events and causes show them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.workers.iter().map(Worker::name)
    }

    /// The same, as the flag `--controllers` names them.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        self.names().map(worker::flag_name)
    }

    /// Lets controllers work whose queues have filled while they could not.
    pub fn wake(&mut self, ctx: &mut Ctx<'_, Event>) {
        for (i, worker) in self.workers.iter_mut().enumerate() {
            worker.wake(i, ctx);
        }
    }
}

impl Component for Controllers {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event>) {
        caches::start(ctx);
    }

    fn watched(&mut self, event: WatchEvent, ctx: &mut Ctx<'_, Event>) {
        self.caches.watch_customs(&event, ctx);
        let change = self.caches.apply(&event);
        for (i, worker) in self.workers.iter_mut().enumerate() {
            let mut triggers = Triggers::new(ctx.now());
            worker
                .controller
                .changed(&change, &self.caches, &mut triggers);
            worker.trigger(i, triggers, ctx);
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event>) {
        let i = event.worker();
        if let Some(worker) = self.workers.get_mut(i) {
            worker.handle(i, event, &self.caches, ctx);
        }
    }

    fn label(event: &Event) -> &'static str {
        event.label()
    }
}
