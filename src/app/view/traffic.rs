//! Clients, services and endpoints: who may talk to whom.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Service;

use crate::api::play::Traffic;
use crate::api::{Key, Resource};
use crate::app::{Mirror, Shared};
use crate::sim::ordered::Map;

use super::pod::Tile;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficView {
    pub clients: Vec<Source>,
    pub services: Vec<Hub>,
}

/// A simulated client.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub uid: Rc<str>,
    pub key: Key,
    pub url: Rc<str>,
    /// Requests per second of virtual time.
    pub rate: u32,
    pub clients: u32,
    pub paused: bool,
    /// The service that the URL names, if there is one.
    pub service: Option<Rc<str>>,
}

/// A service and the endpoints behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hub {
    pub uid: Rc<str>,
    pub key: Key,
    pub cluster_ip: Rc<str>,
    /// Where clients outside the cluster reach it: addresses of its load balancer, external ones, and
    /// hosts of the Ingresses that lead to it.
    pub outside: Vec<Rc<str>>,
    /// "80/TCP".
    pub ports: Rc<str>,
    pub endpoints: Vec<End>,
}

impl Hub {
    pub fn ready(&self) -> usize {
        self.endpoints.iter().filter(|e| e.ready).count()
    }
}

/// One address behind a service.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub address: Rc<str>,
    pub ready: bool,
    pub tile: Option<Shared<Tile>>,
}

impl TrafficView {
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub fn build(mirror: &Mirror, tiles: &[Shared<Tile>]) -> TrafficView {
        let by_uid: Map<&str, &Shared<Tile>> = tiles.iter().map(|t| (&*t.uid, t)).collect();
        let mut services: Vec<Hub> = mirror
            .services
            .iter()
            .filter(|s| s.namespace() != "kube-system" && s.name() != "kubernetes")
            .map(|service| hub_of(service, mirror, &by_uid))
            .collect();
        let clients: Vec<Source> = mirror
            .traffics
            .iter()
            .map(|traffic| source_of(traffic, &services))
            .collect();
        // What is asked stands next to who asks.
        services.sort_by_key(|hub| !clients.iter().any(|c| c.service.as_ref() == Some(&hub.uid)));
        TrafficView { clients, services }
    }
}

fn hub_of(service: &Service, mirror: &Mirror, tiles: &Map<&str, &Shared<Tile>>) -> Hub {
    let spec = service.spec.as_ref();
    let ports: Vec<String> = spec
        .and_then(|s| s.ports.as_deref())
        .unwrap_or_default()
        .iter()
        .map(|p| format!("{}/{}", p.port, p.protocol.as_deref().unwrap_or("TCP")))
        .collect();
    let mut endpoints = Vec::new();
    for slice in mirror.endpoint_slices.in_namespace(service.namespace()) {
        let of = slice
            .metadata
            .labels
            .as_ref()
            .and_then(|l| l.get("kubernetes.io/service-name"));
        if of.map(String::as_str) != Some(service.name()) {
            continue;
        }
        for endpoint in slice.endpoints.iter().flatten() {
            let Some(address) = endpoint.addresses.first() else {
                continue;
            };
            let uid = endpoint.target_ref.as_ref().and_then(|t| t.uid.as_deref());
            endpoints.push(End {
                address: address.as_str().into(),
                ready: endpoint.conditions.as_ref().and_then(|c| c.ready) != Some(false),
                tile: uid.and_then(|uid| tiles.get(uid).copied().cloned()),
            });
        }
    }
    endpoints.sort_by(|a, b| order(a).cmp(&order(b)));
    Hub {
        uid: service.uid().into(),
        key: service.key(),
        cluster_ip: spec
            .and_then(|s| s.cluster_ip.as_deref())
            .unwrap_or_default()
            .into(),
        outside: outside(service, mirror),
        ports: ports.join(", ").into(),
        endpoints,
    }
}

/// The addresses and hosts by which a service is reached from outside the cluster.
fn outside(service: &Service, mirror: &Mirror) -> Vec<Rc<str>> {
    let status = service.status.as_ref();
    let balancer = status.and_then(|s| s.load_balancer.as_ref()?.ingress.as_ref());
    let addresses = balancer
        .into_iter()
        .flatten()
        .filter_map(|i| i.ip.as_deref());
    let mut found: Vec<Rc<str>> = addresses.map(Rc::from).collect();
    let external = service.spec.as_ref().and_then(|s| s.external_ips.as_ref());
    found.extend(external.into_iter().flatten().map(|a| Rc::from(a.as_str())));
    for ingress in mirror.ingresses.in_namespace(service.namespace()) {
        let rules = ingress.spec.as_ref().and_then(|s| s.rules.as_ref());
        for rule in rules.into_iter().flatten() {
            let mut paths = rule.http.iter().flat_map(|h| &h.paths);
            let leads = paths.any(|p| {
                let backend = p.backend.service.as_ref();
                backend.is_some_and(|b| b.name == service.name())
            });
            found.extend(rule.host.as_deref().filter(|_| leads).map(Rc::from));
        }
    }
    found
}

/// By revision, then by name: neighbours belong together.
fn order(end: &End) -> (Option<u8>, &str) {
    match &end.tile {
        Some(tile) => (tile.revision.map(|r| r.0), &tile.key.name),
        None => (None, &end.address),
    }
}

fn source_of(traffic: &Traffic, services: &[Hub]) -> Source {
    let spec = &traffic.spec;
    let host = host_of(&spec.url);
    let mut labels = host.split('.');
    let name = labels.next().unwrap_or_default();
    let namespace = labels.next().unwrap_or(traffic.namespace());
    let service = services.iter().find(|s| {
        *s.cluster_ip == *host
            || s.outside.iter().any(|address| **address == *host)
            || *s.key.name == *name && *s.key.namespace == *namespace
    });
    Source {
        uid: traffic.uid().into(),
        key: traffic.key(),
        url: spec.url.as_str().into(),
        rate: spec.rate,
        clients: spec.clients.max(1),
        paused: spec.paused,
        service: service.map(|s| s.uid.clone()),
    }
}

/// The host of a URL, without its port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_urls() {
        assert_eq!(host_of("http://web/"), "web");
        assert_eq!(host_of("http://web.shop.svc:8080/cart?x"), "web.shop.svc");
        assert_eq!(host_of("web"), "web");
        assert_eq!(host_of(""), "");
    }
}
