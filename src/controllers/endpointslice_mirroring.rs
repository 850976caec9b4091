//! Mirrors Endpoints that somebody writes by hand into EndpointSlices, where kube-proxy and DNS
//! look (`k8s.io/kubernetes/pkg/controller/endpointslicemirroring`).
//!
//! Those of a Service with a selector have slices anyway; others are mirrored unless a label
//! forbids it. A subset becomes a slice for each family of addresses; of a subset at most 1,000
//! addresses are taken.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointSubset, Endpoints, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::endpointslice::{MANAGED_BY, SERVICE_NAME};
use super::replicaset::is_namespace_terminating;
use crate::api::names::{Ip, parse_ip_sloppy};
use crate::api::{Key, Resource, controller_ref};
use crate::apiserver::DeleteOptions;
use crate::client::{EventRecorder, Involved};

pub const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// `--mirroring-max-endpoints-per-subset`
const MOST: usize = 1000;

#[derive(Clone)]
pub struct MirroringController {
    recorder: EventRecorder,
}

impl Default for MirroringController {
    fn default() -> Self {
        MirroringController {
            recorder: EventRecorder::new("endpoint-slice-mirroring-controller", ""),
        }
    }
}

fn is_mirrored(endpoints: &Endpoints) -> bool {
    let meta = &endpoints.metadata;
    let skips = meta.labels.as_ref().and_then(|l| l.get(SKIP));
    let leads = meta.annotations.as_ref().and_then(|a| a.get(LEADER));
    skips.is_none_or(|s| s != "true") && leads.is_none()
}

/// The Service of a slice that mirrors.
fn service_of(slice: &EndpointSlice) -> Option<Key> {
    let labels = slice.metadata.labels.as_ref()?;
    let ours = labels.get(MANAGED_BY).is_some_and(|m| m == MANAGER);
    ours.then(|| labels.get(SERVICE_NAME))?
        .map(|name| Key::new(slice.namespace(), name))
}

impl Controller for MirroringController {
    fn name(&self) -> &'static str {
        "endpoint-slice-mirroring-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<Endpoints>() {
            let both = [old, new].into_iter().flatten();
            let ours = |e: &&Rc<Endpoints>| is_mirrored(e);
            let key = change.object.key();
            let service = caches.services.get(&key);
            if both.into_iter().any(|e| ours(&e)) && service.is_none_or(|s| is_by_hand(s)) {
                triggers.add(key);
            }
        } else if let Some((old, new)) = change.of::<Service>() {
            let selects = |s: Option<&Rc<Service>>| s.map(|s| is_by_hand(s));
            if selects(old) != selects(new) {
                triggers.add(change.object.key());
            }
        } else if let Some((old, new)) = change.of::<EndpointSlice>() {
            let keys = [old, new]
                .into_iter()
                .flatten()
                .filter_map(|s| service_of(s));
            keys.for_each(|key| triggers.add(key));
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        // Read past the cache: a slice that was written just now would be written twice.
        let existing: Vec<Rc<EndpointSlice>> = scope
            .ctx
            .list::<EndpointSlice>(Some(&key.namespace))
            .into_iter()
            .filter(|s| service_of(s).as_ref() == Some(key))
            .collect();
        let endpoints = scope.caches.endpoints.get(key).cloned();
        let endpoints = endpoints.filter(|e| is_mirrored(e));
        let service = scope.caches.services.get(key).filter(|s| is_by_hand(s));
        let mirrored = endpoints.filter(|_| service.is_some());
        match existing.is_empty() && mirrored.is_none() {
            true => Ok(Next::Change),
            false => self.mirror(mirrored.as_deref(), existing, scope),
        }
    }

    fn max_retries(&self) -> Option<u32> {
        Some(15)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

fn is_by_hand(service: &Service) -> bool {
    let selector = service.spec.as_ref().and_then(|s| s.selector.as_ref());
    selector.is_none_or(BTreeMap::is_empty)
}

impl MirroringController {
    /// Makes the slices those of the Endpoints.
    #[inline(never)] // it waits in the second file of the wasm until there is something to mirror
    fn mirror(
        &mut self,
        endpoints: Option<&Endpoints>,
        mut left: Vec<Rc<EndpointSlice>>,
        scope: &mut Scope<'_, '_>,
    ) -> Outcome {
        let wanted = endpoints.map(|endpoints| self.slices(endpoints, scope));
        let wanted = wanted.unwrap_or_default();
        for slice in wanted {
            let same_place = |s: &Rc<EndpointSlice>| {
                s.address_type == slice.address_type && s.ports == slice.ports
            };
            let Some(at) = left.iter().position(same_place) else {
                match scope.ctx.create(slice) {
                    Err(status) if is_namespace_terminating(&status) => return Ok(Next::Change),
                    other => other?,
                };
                continue;
            };
            let old = left.swap_remove(at);
            let same = old.endpoints == slice.endpoints
                && old.metadata.labels == slice.metadata.labels
                && old.metadata.annotations == slice.metadata.annotations;
            if !same {
                let mut new = (*old).clone();
                new.endpoints = slice.endpoints;
                new.metadata.labels = slice.metadata.labels;
                new.metadata.annotations = slice.metadata.annotations;
                scope.ctx.update(new)?;
            }
        }
        for slice in left {
            let options = DeleteOptions::default();
            match scope.ctx.delete::<EndpointSlice>(&slice.key(), &options) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(Next::Change)
    }

    /// The slices that Endpoints come to.
    fn slices(&mut self, endpoints: &Endpoints, scope: &mut Scope<'_, '_>) -> Vec<EndpointSlice> {
        let mut slices = Vec::new();
        let (mut invalid, mut beyond) = (0, 0);
        for subset in endpoints.subsets.iter().flatten() {
            let mut taken = 0;
            for family in ["IPv4", "IPv6"] {
                let mut list = Vec::new();
                for (address, ready) in all(subset) {
                    match family_of(&address.ip) {
                        None => invalid += usize::from(family == "IPv4"),
                        Some(f) if f != family => {}
                        Some(_) if taken >= MOST => beyond += 1,
                        Some(_) => {
                            taken += 1;
                            list.push(endpoint(address, ready));
                        }
                    }
                }
                if !list.is_empty() {
                    slices.push(slice(endpoints, subset, family, list));
                }
            }
        }
        let about = Involved::of(endpoints);
        if invalid > 0 {
            let message =
                format!("Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
            self.recorder
                .warning(scope.ctx, &about, "InvalidIPAddress", &message);
        }
        if beyond > 0 {
            let message = format!(
                "A max of {MOST} addresses can be mirrored to EndpointSlices per Endpoints subset. {beyond} addresses were skipped"
            );
            self.recorder
                .warning(scope.ctx, &about, "TooManyAddressesToMirror", &message);
        }
        slices
    }
}

/// The addresses of a subset: those that are ready first.
fn all(subset: &EndpointSubset) -> impl Iterator<Item = (&EndpointAddress, bool)> {
    let ready = subset.addresses.iter().flatten().map(|a| (&**a, true));
    ready.chain(
        subset
            .not_ready_addresses
            .iter()
            .flatten()
            .map(|a| (&**a, false)),
    )
}

fn family_of(address: &str) -> Option<&'static str> {
    parse_ip_sloppy(address).map(|ip| match ip {
        Ip::V4(..) => "IPv4",
        Ip::V6(..) => "IPv6",
    })
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            ..EndpointConditions::default()
        }),
        hostname: address.hostname.clone().filter(|h| !h.is_empty()),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    }
}

fn slice(
    endpoints: &Endpoints,
    subset: &EndpointSubset,
    family: &str,
    list: Vec<Endpoint>,
) -> EndpointSlice {
    let meta = &endpoints.metadata;
    let mut labels = meta.labels.clone().unwrap_or_default();
    labels.insert(SERVICE_NAME.to_owned(), endpoints.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    let mut annotations = meta.annotations.clone().unwrap_or_default();
    annotations.remove(LAST_APPLIED);
    let ports = subset.ports.iter().flatten().map(|p| EndpointPort {
        name: Some(p.name.clone().unwrap_or_default()),
        port: Some(p.port),
        protocol: Some(p.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
        app_protocol: p.app_protocol.clone(),
    });
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", endpoints.name())),
            namespace: meta.namespace.clone(),
            labels: Some(labels),
            annotations: (!annotations.is_empty()).then_some(annotations),
            owner_references: Some(vec![controller_ref(endpoints)]),
            ..ObjectMeta::default()
        },
        address_type: family.to_owned(),
        endpoints: Some(list.into_iter().map(Into::into).collect()),
        ports: Some(ports.collect()),
    }
}
