//! The EndpointSlice controller: the addresses behind a service, at most a hundred in a slice
//! (`k8s.io/kubernetes/pkg/controller/endpointslice`, `k8s.io/endpointslice`).

mod describe;
mod reconcile;
mod tracker;

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use super::backends::{self, Members, Throttle, TriggerTimes};
use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::replicaset::is_namespace_terminating;
use crate::api::{Key, Resource, Result, Status};
use crate::apiserver::DeleteOptions;
use crate::sim::Time;

use describe::Backend;
use reconcile::{Plan, Request};
use tracker::Tracker;

pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
pub const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
pub const MANAGER: &str = "endpointslice-controller.k8s.io";

#[derive(Clone, Default)]
pub struct EndpointSliceController {
    triggers: TriggerTimes,
    tracker: Tracker,
    /// What each pod is in the slices of each address type.
    members: Members<Rc<[(&'static str, Backend)]>>,
    throttle: Throttle,
    /// What the sync that is under way has to write yet: there is one worker.
    under_way: Option<UnderWay>,
}

/// The writes of a sync, one request after another.
#[derive(Clone)]
struct UnderWay {
    plan: Plan,
    trigger: Option<Time>,
}

impl Controller for EndpointSliceController {
    fn name(&self) -> &'static str {
        "endpoint-slice-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<EndpointSlice>() {
            for slice in [old, new].into_iter().flatten() {
                if let Some(service) = service_of(slice)
                    && self.tracker.observe(&service, slice, new.is_none())
                {
                    triggers.add(service);
                }
            }
        } else if let Some((None, Some(node))) = change.of::<Node>() {
            // Pods may have waited for their node to be known.
            for pod in caches.pods_on(node.name()) {
                let services = caches.services.in_namespace(pod.namespace());
                let served =
                    services.filter(|s| backends::selector(s).is_some_and(|s| s.matches(pod)));
                for service in served {
                    self.members.service_changed(&service.key());
                    triggers.add(service.key());
                }
            }
        } else {
            backends::changed(change, caches, &mut self.members, triggers);
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if let Some(under_way) = self.under_way.take() {
            return self.go_on(under_way, key, scope);
        }
        let caches = scope.caches;
        let Some(service) = caches.services.get(key).cloned() else {
            // The garbage collector takes the slices.
            self.triggers.forget(key);
            self.tracker.forget(key);
            self.members.forget(key);
            return Ok(Next::Change);
        };
        if backends::selector(&service).is_none() {
            self.members.forget(key);
            return Ok(Next::Change);
        }
        let slices: Vec<Rc<EndpointSlice>> = caches
            .endpoint_slices
            .owned_by(service.uid())
            .filter(|s| service_of(s).as_ref() == Some(key))
            .filter(|s| s.metadata.deletion_timestamp.is_none())
            .cloned()
            .collect();
        if self.tracker.must_wait(key) {
            // The cache does not show yet what was written last; its event syncs again.
            return Ok(Next::Change);
        }
        let served = families(&service);
        let describe = |pod: &Rc<Pod>| describe(&service, pod, caches, &served);
        let changed = self.members.refresh(&service, caches, describe);
        scope.look(changed.pods.len() + slices.len());
        let trigger = self.triggers.next(&service, &changed);
        let mut plan = Plan::default();
        for family in &served {
            let made = self.members.of(key).flat_map(|made| made.iter());
            let backends = made.filter(|(f, _)| f == family).map(|(_, b)| b);
            let own = slices.iter().filter(|s| s.address_type == *family);
            plan.reconcile(&service, family, own.cloned().collect(), backends.collect());
        }
        let strays = slices
            .iter()
            .filter(|s| !served.contains(&&*s.address_type));
        plan.delete.extend(strays.cloned());
        if plan.is_empty() {
            return Ok(Next::Change);
        }
        scope.decide(
            "Service",
            key,
            &format!(
                "slices: {} to create, {} to update, {} to delete",
                plan.create.len(),
                plan.update.len(),
                plan.delete.len()
            ),
        );
        self.go_on(UnderWay { plan, trigger }, key, scope)
    }

    fn max_retries(&self) -> Option<u32> {
        Some(15)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl EndpointSliceController {
    /// Makes the next request of a sync, and comes back for the others: to write many slices takes a moment, in
    /// which others act.
    fn go_on(&mut self, mut under_way: UnderWay, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        match under_way.plan.next() {
            Some(Request::Delete(slice)) => self.delete(key, &slice, scope)?,
            Some(Request::Create(mut slice)) => {
                self.throttle(scope);
                backends::annotate_trigger(&mut slice.metadata, under_way.trigger);
                match scope.ctx.create(slice) {
                    Ok(written) => self.tracker.wrote(key, &written),
                    Err(status) if is_namespace_terminating(&status) => return Ok(Next::Change),
                    Err(status) => return Err(status),
                }
            }
            Some(Request::Update(mut slice)) => {
                self.throttle(scope);
                backends::annotate_trigger(&mut slice.metadata, under_way.trigger);
                let written = scope.ctx.update(slice)?;
                self.tracker.wrote(key, &written);
            }
            None => {}
        }
        if under_way.plan.is_empty() {
            return Ok(Next::Change);
        }
        self.under_way = Some(under_way);
        Ok(Next::Resume)
    }

    fn throttle(&mut self, scope: &mut Scope<'_, '_>) {
        let wait = self.throttle.take(scope.now());
        scope.wait(wait);
    }

    fn delete(
        &mut self,
        key: &Key,
        slice: &EndpointSlice,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        let options = DeleteOptions {
            uid: slice.metadata.uid.clone(),
            ..DeleteOptions::default()
        };
        match scope.ctx.delete::<EndpointSlice>(&slice.key(), &options) {
            Ok(()) => self.tracker.deleted(key, slice),
            Err(status) => gone(status)?,
        }
        Ok(())
    }
}

/// What a pod is in the slices of the address types that the service has.
fn describe(
    service: &Service,
    pod: &Rc<Pod>,
    caches: &Caches,
    families: &[&'static str],
) -> Option<Rc<[(&'static str, Backend)]>> {
    if !backends::belongs(pod, true) {
        return None;
    }
    let node = caches.nodes.get(&Key::new("", super::pods::node_name(pod)));
    if node.is_none() && !backends::publishes_not_ready(service) {
        return None;
    }
    let node = node.map(|n| &**n);
    let made = families.iter().filter_map(|family| {
        let backend = Backend::of(service, pod, node, family)?;
        Some((*family, backend))
    });
    Some(made.collect())
}

fn gone(status: Box<Status>) -> Result<()> {
    if status.is_not_found() {
        Ok(())
    } else {
        Err(status)
    }
}

/// The service that a slice of ours belongs to.
fn service_of(slice: &EndpointSlice) -> Option<Key> {
    let labels = slice.metadata.labels.as_ref()?;
    if labels.get(MANAGED_BY).is_none_or(|m| m != MANAGER) {
        return None;
    }
    Some(Key::new(slice.namespace(), labels.get(SERVICE_NAME)?))
}

/// The address types that a service has.
fn families(service: &Service) -> Vec<&'static str> {
    let families = service.spec.as_ref().and_then(|s| s.ip_families.as_ref());
    let named: Vec<&'static str> = families
        .into_iter()
        .flatten()
        .map(|f| if f == "IPv6" { "IPv6" } else { "IPv4" })
        .collect();
    if named.is_empty() {
        vec!["IPv4"]
    } else {
        named
    }
}
