//! What ingress-nginx writes into the API, wherever somebody has installed it: an event for each
//! Ingress that it takes on, and in the status the address where it is to be found
//! (`internal/ingress/controller/store`, `internal/ingress/status` of that project).
//!
//! The controller is there while a pod of its image is ready; which requests it sends where is
//! `network/ingress.rs`. Its replicas speak with one voice here: the events are not repeated.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::networking::v1::{
    Ingress, IngressClass, IngressLoadBalancerIngress, IngressLoadBalancerStatus,
};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::pods;
use crate::api::{Key, Resource};
use crate::apiserver::WriteOptions;
use crate::client::{EventRecorder, Involved};
use crate::sim::ordered::{Map, Set};
use crate::sim::{Time, secs};

const CONTROLLER: &str = "k8s.io/ingress-nginx";
const OLD_CLASS: &str = "kubernetes.io/ingress.class";
const IMAGE: &str = "ingress-nginx/controller";
/// How often addresses are written (`UpdateInterval`).
const STATUS_SECS: u64 = 60;

#[derive(Clone)]
pub struct IngressController {
    recorder: EventRecorder,
    /// The controller's pods that are ready.
    pods: Set<Key>,
    /// Ingresses that were taken on, by uid and generation.
    known: Map<Key, (Rc<str>, i64)>,
}

impl Default for IngressController {
    fn default() -> Self {
        IngressController {
            recorder: EventRecorder::new("nginx-ingress-controller", ""),
            pods: Set::new(),
            known: Map::new(),
        }
    }
}

fn is_controller(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|s| &s.containers);
    containers
        .filter_map(|c| c.image.as_deref())
        .map(|image| image.split(['@', ':']).next().unwrap_or_default())
        .any(|name| name.ends_with(IMAGE))
}

fn is_ours(ingress: &Ingress, caches: &Caches) -> bool {
    match ingress
        .spec
        .as_ref()
        .and_then(|s| s.ingress_class_name.as_deref())
    {
        Some(class) => {
            let class = caches.ingress_classes.get(&Key::new("", class));
            let controller = class.and_then(|c| c.spec.as_ref()?.controller.as_deref());
            controller == Some(CONTROLLER)
        }
        None => {
            let annotations = ingress.metadata.annotations.as_ref();
            annotations
                .and_then(|a| a.get(OLD_CLASS))
                .map(String::as_str)
                == Some("nginx")
        }
    }
}

/// How long it is until addresses are written next.
fn next_status(now: Time) -> Duration {
    let past = now.unix_secs().rem_euclid(STATUS_SECS as i64);
    secs(STATUS_SECS - past.unsigned_abs())
}

impl Controller for IngressController {
    fn name(&self) -> &'static str {
        "nginx-ingress-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, new)) = change.of::<Ingress>() {
            let key = change.object.key();
            if new.is_none() {
                self.known.remove(&key);
            } else if !self.pods.is_empty() {
                triggers.add(key);
            }
            return;
        }
        // What may change who is served, or the controller's own addresses: all are looked at.
        let (concerns, at_once) = if let Some((_, new)) = change.of::<Pod>() {
            let key = change.object.key();
            let ready = new.is_some_and(|p| is_controller(p) && pods::is_ready(p));
            let changed = match ready {
                true => self.pods.insert(key),
                false => self.pods.remove(&key),
            };
            (changed, true)
        } else if let Some((old, new)) = change.of::<Service>() {
            let addresses = |s: Option<&Rc<Service>>| s.map(|s| addresses_of(s));
            let differs = addresses(old) != addresses(new);
            (!self.pods.is_empty() && differs, false)
        } else {
            (
                change.of::<IngressClass>().is_some() && !self.pods.is_empty(),
                true,
            )
        };
        if concerns {
            for ingress in caches.ingresses.iter() {
                if at_once {
                    triggers.add(ingress.key());
                }
                let wait = next_status(triggers.now);
                triggers.add_after(ingress.key(), wait, "addresses are written once a minute");
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(ingress) = scope.caches.ingresses.get(key).cloned() else {
            self.known.remove(key);
            return Ok(Next::Change);
        };
        if self.pods.is_empty() || !is_ours(&ingress, scope.caches) {
            return Ok(Next::Change);
        }
        let generation = ingress.metadata.generation.unwrap_or_default();
        let version = (Rc::from(ingress.uid()), generation);
        if self.known.get(key) != Some(&version) {
            self.known.insert(key.clone(), version);
            let about = Involved::of(&*ingress);
            self.recorder
                .normal(scope.ctx, &about, "Sync", "Scheduled for sync");
        }
        let wanted = self.addresses(scope.caches);
        let status = ingress.status.as_ref();
        let balancer = status.and_then(|s| s.load_balancer.as_ref());
        let has = balancer.and_then(|b| b.ingress.as_ref());
        let has: Vec<&str> = has
            .into_iter()
            .flatten()
            .filter_map(|i| i.ip.as_deref())
            .collect();
        if has == wanted {
            return Ok(Next::Change);
        }
        let now = scope.now();
        // Only at the full minute.
        if now.0 % (STATUS_SECS * 1_000_000_000) >= 1_000_000_000 {
            let wait = next_status(now);
            return Ok(Next::After(wait, "addresses are written once a minute"));
        }
        scope.decide("Ingress", key, "the controller's address");
        let addresses = wanted.into_iter().map(|ip| IngressLoadBalancerIngress {
            ip: Some(ip),
            ..IngressLoadBalancerIngress::default()
        });
        let addresses: Vec<_> = addresses.collect();
        scope
            .ctx
            .patch::<Ingress>(key, &WriteOptions::STATUS, |ingress| {
                let status = ingress.status.get_or_insert_default();
                status.load_balancer = Some(IngressLoadBalancerStatus {
                    ingress: (!addresses.is_empty()).then_some(addresses),
                });
            })?;
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl IngressController {
    /// Where the controller is to be found: at its Service, or else at the nodes of its pods.
    fn addresses(&self, caches: &Caches) -> Vec<String> {
        let ready = self.pods.iter().filter_map(|key| caches.pods.get(key));
        let mut found: Vec<String> = Vec::new();
        let mut published = false;
        for pod in ready.clone() {
            let empty = std::collections::BTreeMap::new();
            let labels = pod.metadata.labels.as_ref().unwrap_or(&empty);
            for service in caches.services.in_namespace(pod.namespace()) {
                let spec = service.spec.as_ref();
                let selector = spec.and_then(|s| s.selector.as_ref());
                let selects = selector.is_some_and(|s| {
                    !s.is_empty() && s.iter().all(|(k, v)| labels.get(k) == Some(v))
                });
                let opens = spec.is_some_and(|s| {
                    let ports = s.ports.as_deref().unwrap_or_default();
                    ports.iter().any(|p| p.port == 80)
                });
                if selects && opens {
                    published = true;
                    found.extend(addresses_of(service));
                }
            }
        }
        if !published {
            for pod in ready {
                let node = caches.nodes.get(&Key::new("", pods::node_name(pod)));
                found.extend(node.and_then(|n| internal(n)));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// The addresses of a Service as an Ingress publishes them (`statusAddressFromService`).
fn addresses_of(service: &Service) -> Vec<String> {
    let Some(spec) = &service.spec else {
        return Vec::new();
    };
    let outside = || spec.external_ips.iter().flatten().cloned();
    match spec.type_.as_deref() {
        Some("LoadBalancer") => {
            let status = service.status.as_ref();
            let balancer = status.and_then(|s| s.load_balancer.as_ref());
            let given = balancer.and_then(|b| b.ingress.as_ref());
            let given = given.into_iter().flatten().filter_map(|i| i.ip.clone());
            given.chain(outside()).collect()
        }
        Some("NodePort") if spec.external_ips.is_some() => outside().collect(),
        _ => spec.cluster_ip.iter().cloned().collect(),
    }
}

fn internal(node: &Node) -> Option<String> {
    let addresses = node.status.as_ref()?.addresses.as_ref()?;
    let found = addresses.iter().find(|a| a.type_ == "InternalIP")?;
    Some(found.address.clone())
}
