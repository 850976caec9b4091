//! Names of the cluster: what CoreDNS would answer.
//!
//! `svc`, `svc.ns`, `svc.ns.svc` and the full name, by the search list of a pod; records of pods
//! behind headless Services; addresses written with dashes below `pod.cluster.local`; SRV records
//! of named ports; the names of addresses; and the nodes' names, which the machines' own resolver
//! knows. Of the world outside, only the hosts of Ingresses that have an address are known, as if
//! somebody had registered them. A pod's `dnsPolicy` and `dnsConfig` say whom it asks, and how.
//!
//! Answers are as fresh as the watches (the real CoreDNS lets them be cached for seconds). When
//! the cluster has a Service `kube-dns`, names are answered only while it has a ready endpoint;
//! a cluster without one (a bare one) has its names resolved by nobody in particular.

use std::rc::Rc;

use k8s_openapi::api::discovery::v1::Endpoint;

use crate::api::names::{Ip, parse_ip_sloppy};
use crate::api::{Key, Resource};

use super::objects::Objects;

const DOMAIN: &str = "cluster.local";
/// How many aliases are followed.
const MOST_ALIASES: usize = 8;

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was an address already.
    Literal(Rc<str>),
    /// At least one.
    Addresses(Vec<Rc<str>>),
    /// NXDOMAIN, or a name without addresses.
    NotFound,
    /// No resolver answers.
    Silence,
}

/// Whom a client asks for names, and how it completes them: its `/etc/resolv.conf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// The cluster's DNS, or only that of the machines.
    pub cluster: bool,
    pub searches: Vec<String>,
    /// Names with so many dots are tried as they are first.
    pub ndots: usize,
}

impl Resolver {
    /// That of a pod of the namespace that says nothing about it.
    pub fn of_namespace(namespace: &str) -> Resolver {
        Resolver {
            cluster: true,
            searches: vec![
                format!("{namespace}.svc.{DOMAIN}"),
                format!("svc.{DOMAIN}"),
                DOMAIN.to_owned(),
            ],
            ndots: 5,
        }
    }

    /// That of a client: of the pod at its address, if there is one
    /// (`pkg/kubelet/network/dns`).
    pub fn of(objects: &Objects, from: &str, namespace: &str) -> Resolver {
        let mut resolver = Resolver::of_namespace(namespace);
        let spec = objects.pod_at(from).and_then(|p| p.spec.as_ref());
        let Some(spec) = spec else {
            return resolver;
        };
        let config = spec.dns_config.as_ref();
        match spec.dns_policy.as_deref() {
            Some("Default") => {
                resolver.cluster = false;
                resolver.searches.clear();
                resolver.ndots = 1;
            }
            Some("None") => {
                let service = objects.services.get(&Key::new("kube-system", "kube-dns"));
                let address = service.and_then(|s| s.spec.as_ref()?.cluster_ip.as_ref());
                let servers = config.and_then(|c| c.nameservers.as_ref());
                let mut servers = servers.into_iter().flatten();
                resolver.cluster = servers.any(|server| Some(server) == address);
                resolver.searches.clear();
                resolver.ndots = 1;
            }
            _ => {}
        }
        if let Some(config) = config {
            resolver
                .searches
                .extend(config.searches.iter().flatten().cloned());
            let mut options = config.options.iter().flatten();
            let ndots = options.find(|o| o.name.as_deref() == Some("ndots"));
            let ndots = ndots.and_then(|o| o.value.as_ref()?.parse().ok());
            resolver.ndots = ndots.unwrap_or(resolver.ndots);
        }
        resolver
    }

    /// The names that are tried for one, in order.
    fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_suffix('.') {
            return vec![absolute.to_owned()];
        }
        let mut names: Vec<String> = Vec::new();
        names.extend(
            self.searches
                .iter()
                .map(|search| format!("{name}.{search}")),
        );
        let as_it_is = match name.matches('.').count() >= self.ndots {
            true => 0,
            false => names.len(),
        };
        names.insert(as_it_is, name.to_owned());
        names
    }
}

/// What a client is told about `host`.
pub fn resolve(objects: &Objects, host: &str, resolver: &Resolver) -> Answer {
    if is_address(host) {
        return Answer::Literal(host.into());
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Answer::Literal("127.0.0.1".into());
    }
    let kube_dns = Key::new("kube-system", "kube-dns");
    let is_down = objects.services.get(&kube_dns).is_some() && !objects.is_served(&kube_dns);
    if resolver.cluster && is_down {
        return Answer::Silence;
    }
    let mut name = host.to_ascii_lowercase();
    for _ in 0..MOST_ALIASES {
        match lookup(objects, &name, resolver) {
            Found::Addresses(list) if list.is_empty() => return Answer::NotFound,
            Found::Addresses(list) => return Answer::Addresses(list),
            Found::Alias(other) => name = other,
            Found::Nothing => return Answer::NotFound,
        }
    }
    Answer::NotFound
}

/// The addresses of the cluster's resolvers that are ready.
pub fn resolvers(objects: &Objects) -> Vec<Rc<str>> {
    let key = Key::new("kube-system", "kube-dns");
    endpoint_addresses(objects, &key, false, |_| true)
}

pub fn is_address(host: &str) -> bool {
    matches!(parse_ip_sloppy(host), Some(Ip::V4(..) | Ip::V6(..)))
}

enum Found {
    Addresses(Vec<Rc<str>>),
    Alias(String),
    Nothing,
}

/// Tries the name with the ends of the search list, and as it is.
fn lookup(objects: &Objects, name: &str, resolver: &Resolver) -> Found {
    if resolver.cluster {
        for candidate in resolver.candidates(name) {
            match record(objects, &candidate) {
                Found::Nothing => {}
                found => return found,
            }
        }
    }
    let plain = name.trim_end_matches('.');
    match objects.address_of_node(plain) {
        Some(address) => Found::Addresses(vec![address.clone()]),
        None => in_the_world(objects, plain),
    }
}

/// The addresses of an Ingress that serves a host.
fn in_the_world(objects: &Objects, host: &str) -> Found {
    let wildcard = host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
    let mut found: Vec<Rc<str>> = Vec::new();
    for ingress in objects.ingresses.iter() {
        let rules = ingress.spec.as_ref().and_then(|s| s.rules.as_ref());
        let mut hosts = rules.into_iter().flatten().filter_map(|r| r.host.as_ref());
        if !hosts.any(|h| h == host || Some(h) == wildcard.as_ref()) {
            continue;
        }
        let status = ingress.status.as_ref();
        let balancer = status.and_then(|s| s.load_balancer.as_ref()?.ingress.as_ref());
        let addresses = balancer.into_iter().flatten().filter_map(|i| i.ip.as_ref());
        found.extend(addresses.map(|a| Rc::from(a.as_str())));
    }
    found.sort();
    found.dedup();
    match found.is_empty() {
        true => Found::Nothing,
        false => Found::Addresses(found),
    }
}

/// The name under which `host` is found, with the end of the search list that leads to it.
pub fn full_name(objects: &Objects, host: &str, resolver: &Resolver) -> String {
    let host = host.to_ascii_lowercase();
    let is_there = |name: &String| !matches!(record(objects, name), Found::Nothing);
    let found = resolver.candidates(&host).into_iter().find(is_there);
    found.unwrap_or_else(|| host.trim_end_matches('.').to_owned())
}

/// Records of another type than addresses, as `nslookup` prints them; empty when there are none.
/// Understands `SRV`, `CNAME` and `PTR`.
pub fn records(objects: &Objects, host: &str, type_: &str, resolver: &Resolver) -> Vec<String> {
    if type_ == "PTR" {
        return reverse(objects, host);
    }
    if !resolver.cluster {
        return Vec::new();
    }
    for name in resolver.candidates(&host.to_ascii_lowercase()) {
        let Some(rest) = name.strip_suffix(DOMAIN).and_then(|r| r.strip_suffix('.')) else {
            continue;
        };
        let labels: Vec<&str> = rest.split('.').collect();
        let lines = match (type_, labels.as_slice()) {
            ("SRV", [port, protocol, service, namespace, "svc"]) => {
                let port = port.strip_prefix('_').unwrap_or_default();
                let protocol = protocol.strip_prefix('_').unwrap_or_default();
                services(objects, port, protocol, &Key::new(namespace, service))
            }
            ("CNAME", [service, namespace, "svc"]) => {
                match service_record(objects, &Key::new(namespace, service)) {
                    Found::Alias(alias) => vec![format!("canonical name = {alias}")],
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        if !lines.is_empty() {
            return lines.iter().map(|line| format!("{name}\t{line}")).collect();
        }
    }
    Vec::new()
}

/// Who answers at a named port: the Service, or each pod behind a headless one.
fn services(objects: &Objects, port: &str, protocol: &str, key: &Key) -> Vec<String> {
    let Some(spec) = objects.services.get(key).and_then(|s| s.spec.as_ref()) else {
        return Vec::new();
    };
    let base = format!("{}.{}.svc.{DOMAIN}", key.name, key.namespace);
    let is_protocol = |p: Option<&String>| {
        p.map_or("TCP", String::as_str)
            .eq_ignore_ascii_case(protocol)
    };
    if spec.cluster_ip.as_deref() != Some("None") {
        let mut ports = spec.ports.iter().flatten();
        let found =
            ports.find(|p| p.name.as_deref() == Some(port) && is_protocol(p.protocol.as_ref()));
        let line = found.map(|p| format!("service = 0 100 {} {base}.", p.port));
        return line.into_iter().collect();
    }
    let all = spec.publish_not_ready_addresses == Some(true);
    let mut found: Vec<(String, i32)> = Vec::new();
    for slice in objects.slices_of(key) {
        let mut ports = slice.ports.iter().flatten();
        let number =
            ports.find(|p| p.name.as_deref() == Some(port) && is_protocol(p.protocol.as_ref()));
        let Some(number) = number.and_then(|p| p.port) else {
            continue;
        };
        for endpoint in slice.endpoints.iter().flatten() {
            let ready = endpoint.conditions.as_ref().and_then(|c| c.ready);
            if all || ready.unwrap_or(true) {
                found.push((format!("{}.{base}.", label_of(endpoint)), number));
            }
        }
    }
    found.sort();
    let weight = 100 / found.len().max(1);
    let lines = found.iter();
    lines
        .map(|(target, port)| format!("service = 0 {weight} {port} {target}"))
        .collect()
}

/// The first label of an endpoint's own name: its hostname, or its address with dashes.
fn label_of(endpoint: &Endpoint) -> String {
    match endpoint.hostname.as_deref() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => {
            let address = endpoint.addresses.first();
            address
                .map(|a| a.replace(['.', ':'], "-"))
                .unwrap_or_default()
        }
    }
}

/// The names of an address: of a Service, or of pods behind headless ones.
fn reverse(objects: &Objects, address: &str) -> Vec<String> {
    let mut parts: Vec<&str> = address.split('.').collect();
    parts.reverse();
    let question = format!("{}.in-addr.arpa", parts.join("."));
    let mut names = Vec::new();
    for service in objects.services.iter() {
        let key = service.key();
        let base = format!("{}.{}.svc.{DOMAIN}.", key.name, key.namespace);
        let cluster_ip = service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref());
        if cluster_ip == Some(address) {
            names.push(base);
        } else if cluster_ip == Some("None") {
            let endpoints = objects
                .slices_of(&key)
                .flat_map(|s| s.endpoints.iter().flatten());
            let mine = endpoints.filter(|e| e.addresses.iter().any(|a| a == address));
            names.extend(mine.map(|e| format!("{}.{base}", label_of(e))));
        }
    }
    names.sort();
    let lines = names.iter();
    lines
        .map(|name| format!("{question}\tname = {name}"))
        .collect()
}

/// What stands under a full name.
fn record(objects: &Objects, name: &str) -> Found {
    let Some(rest) = name.strip_suffix(DOMAIN).and_then(|r| r.strip_suffix('.')) else {
        return Found::Nothing;
    };
    let labels: Vec<&str> = rest.split('.').collect();
    match labels.as_slice() {
        [service, namespace, "svc"] => service_record(objects, &Key::new(namespace, service)),
        [host, service, namespace, "svc"] => {
            host_record(objects, host, &Key::new(namespace, service))
        }
        [dashed, _, "pod"] => {
            let address = dashed.replace('-', ".");
            match is_address(&address) {
                true => Found::Addresses(vec![address.into()]),
                false => Found::Nothing,
            }
        }
        _ => Found::Nothing,
    }
}

fn service_record(objects: &Objects, key: &Key) -> Found {
    let Some(spec) = objects.services.get(key).and_then(|s| s.spec.as_ref()) else {
        return Found::Nothing;
    };
    if spec.type_.as_deref() == Some("ExternalName") {
        let alias = spec.external_name.as_deref().unwrap_or_default();
        return Found::Alias(format!("{}.", alias.trim_end_matches('.')));
    }
    match spec.cluster_ip.as_deref().unwrap_or_default() {
        "" => Found::Nothing,
        "None" => {
            let all = spec.publish_not_ready_addresses == Some(true);
            Found::Addresses(endpoint_addresses(objects, key, all, |_| true))
        }
        address => Found::Addresses(vec![address.into()]),
    }
}

/// A pod behind a headless Service, by its hostname.
fn host_record(objects: &Objects, host: &str, key: &Key) -> Found {
    let Some(spec) = objects.services.get(key).and_then(|s| s.spec.as_ref()) else {
        return Found::Nothing;
    };
    if spec.cluster_ip.as_deref() != Some("None") {
        return Found::Nothing;
    }
    let all = spec.publish_not_ready_addresses == Some(true);
    let list = endpoint_addresses(objects, key, all, |endpoint| label_of(endpoint) == host);
    if list.is_empty() {
        Found::Nothing
    } else {
        Found::Addresses(list)
    }
}

fn endpoint_addresses(
    objects: &Objects,
    key: &Key,
    all: bool,
    wanted: impl Fn(&Endpoint) -> bool,
) -> Vec<Rc<str>> {
    let mut list: Vec<Rc<str>> = objects
        .slices_of(key)
        .flat_map(|s| s.endpoints.iter().flatten())
        .filter(|e| {
            all || e
                .conditions
                .as_ref()
                .is_none_or(|c| c.ready.unwrap_or(true))
        })
        .filter(|e| wanted(e))
        .filter_map(|e| e.addresses.first())
        .map(|a| a.as_str().into())
        .collect();
    list.sort();
    list.dedup();
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;
    use crate::apiserver::{EventType, WatchEvent};
    use crate::network::testing::{object, service, slice};
    use crate::sim::CauseId;

    fn add(objects: &mut Objects, object: Object) {
        objects.apply(&WatchEvent {
            event: EventType::Added,
            object,
            revision: 1,
            cause: CauseId::NONE,
        });
    }

    fn cluster() -> Objects {
        let mut objects = Objects::default();
        for yaml in [
            "{metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.7}}",
            "{metadata: {name: db, namespace: shop}, spec: {clusterIP: None}}",
            "{metadata: {name: far, namespace: shop}, spec: {type: ExternalName, externalName: web.shop.svc.cluster.local}}",
            "{metadata: {name: out, namespace: shop}, spec: {type: ExternalName, externalName: example.com}}",
            "{metadata: {name: loop, namespace: shop}, spec: {type: ExternalName, externalName: loop.shop.svc.cluster.local}}",
        ] {
            let service = service(yaml);
            add(&mut objects, Resource::into_object(service));
        }
        let slice = slice(
            "{metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}, addressType: IPv4, endpoints: [{addresses: [10.1.0.2], hostname: db-0}, {addresses: [10.1.0.1], conditions: {ready: true}}, {addresses: [10.1.0.3], conditions: {ready: false}}]}",
        );
        add(&mut objects, Resource::into_object(slice));
        let node = object::<k8s_openapi::api::core::v1::Node>(
            "{metadata: {name: worker-1}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}",
        );
        add(&mut objects, Resource::into_object(node));
        objects
    }

    #[test]
    fn names_lead_to_addresses() {
        let objects = cluster();
        let cases: [(&str, &str, &[&str]); 16] = [
            ("web", "shop", &["10.96.0.7"]),
            ("WEB", "shop", &["10.96.0.7"]),
            ("web", "default", &[]),
            ("web.shop", "default", &["10.96.0.7"]),
            ("web.shop.svc", "default", &["10.96.0.7"]),
            ("web.shop.svc.cluster.local", "default", &["10.96.0.7"]),
            ("web.shop.svc.cluster.local.", "default", &["10.96.0.7"]),
            ("web.shop.", "default", &[]),
            ("db", "shop", &["10.1.0.1", "10.1.0.2"]),
            ("db-0.db", "shop", &["10.1.0.2"]),
            ("10-1-0-1.db.shop", "default", &["10.1.0.1"]),
            ("far", "shop", &["10.96.0.7"]),
            ("out", "shop", &[]),
            ("loop", "shop", &[]),
            ("worker-1", "default", &["172.18.0.2"]),
            ("example.com", "default", &[]),
        ];
        for (host, namespace, expected) in cases {
            let list: Vec<Rc<str>> =
                match resolve(&objects, host, &Resolver::of_namespace(namespace)) {
                    Answer::Addresses(list) => list,
                    Answer::NotFound => Vec::new(),
                    other => panic!("{host}: {other:?}"),
                };
            let list: Vec<&str> = list.iter().map(|a| &**a).collect();
            assert_eq!(list, expected, "{host} in {namespace}");
        }
        let literal = resolve(&objects, "10.96.0.7", &Resolver::of_namespace("x"));
        assert_eq!(literal, Answer::Literal("10.96.0.7".into()));
    }

    #[test]
    fn with_a_resolver_that_has_no_pods_names_go_unanswered() {
        let mut objects = cluster();
        let dns = service(
            "{metadata: {name: kube-dns, namespace: kube-system}, spec: {clusterIP: 10.96.0.2}}",
        );
        add(&mut objects, Resource::into_object(dns));
        let shop = Resolver::of_namespace("shop");
        assert_eq!(resolve(&objects, "web", &shop), Answer::Silence);
        let slice = slice(
            "{metadata: {name: kube-dns-1, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}, addressType: IPv4, endpoints: [{addresses: [10.1.9.9], conditions: {ready: true}}]}",
        );
        add(&mut objects, Resource::into_object(slice));
        assert!(matches!(
            resolve(&objects, "web", &shop),
            Answer::Addresses(_)
        ));
    }

    #[test]
    fn dots_decide_what_is_tried_first() {
        let mut resolver = Resolver::of_namespace("shop");
        assert_eq!(resolver.candidates("web")[0], "web.shop.svc.cluster.local");
        assert_eq!(resolver.candidates("a.b.c.d.e.f")[0], "a.b.c.d.e.f");
        assert_eq!(resolver.candidates("web.").len(), 1);
        resolver.ndots = 1;
        assert_eq!(resolver.candidates("web.shop")[0], "web.shop");
    }

    #[test]
    fn other_records_are_told_as_nslookup_prints_them() {
        let mut objects = cluster();
        for yaml in [
            "{metadata: {name: api, namespace: shop}, spec: {clusterIP: 10.96.0.9, ports: [{name: http, port: 80, protocol: TCP}]}}",
            "{metadata: {name: dbs, namespace: shop}, spec: {clusterIP: None, ports: [{name: sql, port: 5432}]}}",
        ] {
            add(&mut objects, Resource::into_object(service(yaml)));
        }
        let slice = slice(
            "{metadata: {name: dbs-1, namespace: shop, labels: {kubernetes.io/service-name: dbs}}, addressType: IPv4, ports: [{name: sql, port: 5432, protocol: TCP}], endpoints: [{addresses: [10.1.0.8], hostname: dbs-0}, {addresses: [10.1.0.9]}]}",
        );
        add(&mut objects, Resource::into_object(slice));
        let shop = Resolver::of_namespace("shop");
        let cases: [(&str, &str, &[&str]); 6] = [
            (
                "_http._tcp.api",
                "SRV",
                &[
                    "_http._tcp.api.shop.svc.cluster.local\tservice = 0 100 80 api.shop.svc.cluster.local.",
                ],
            ),
            ("_https._tcp.api", "SRV", &[]),
            (
                "_sql._tcp.dbs",
                "SRV",
                &[
                    "_sql._tcp.dbs.shop.svc.cluster.local\tservice = 0 50 5432 10-1-0-9.dbs.shop.svc.cluster.local.",
                    "_sql._tcp.dbs.shop.svc.cluster.local\tservice = 0 50 5432 dbs-0.dbs.shop.svc.cluster.local.",
                ],
            ),
            (
                "out",
                "CNAME",
                &["out.shop.svc.cluster.local\tcanonical name = example.com."],
            ),
            (
                "10.96.0.9",
                "PTR",
                &["9.0.96.10.in-addr.arpa\tname = api.shop.svc.cluster.local."],
            ),
            (
                "10.1.0.8",
                "PTR",
                &["8.0.1.10.in-addr.arpa\tname = dbs-0.dbs.shop.svc.cluster.local."],
            ),
        ];
        for (host, type_, expected) in cases {
            let found = records(&objects, host, type_, &shop);
            assert_eq!(found, expected, "{type_} {host}");
        }
    }
}
