//! Names of the cluster: what CoreDNS would answer.
//!
//! `svc`, `svc.ns`, `svc.ns.svc` and the full name, by the search list of a pod; records of pods
//! behind headless Services; addresses written with dashes below `pod.cluster.local`; and the
//! nodes' names, which the machines' own resolver knows. Nothing outside the cluster has a name.
//!
//! Answers are as fresh as the watches (the real CoreDNS lets them be cached for seconds). When
//! the cluster has a Service `kube-dns`, names are answered only while it has a ready endpoint;
//! a cluster without one (a bare one) has its names resolved by nobody in particular.

use std::rc::Rc;

use crate::api::Key;
use crate::api::names::{Ip, parse_ip_sloppy};

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

/// What a client in `namespace` is told about `host`.
pub fn resolve(objects: &Objects, host: &str, namespace: &str) -> Answer {
    if is_address(host) {
        return Answer::Literal(host.into());
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Answer::Literal("127.0.0.1".into());
    }
    let resolver = Key::new("kube-system", "kube-dns");
    if objects.services.get(&resolver).is_some() && !objects.is_served(&resolver) {
        return Answer::Silence;
    }
    let mut name = host.to_ascii_lowercase();
    for _ in 0..MOST_ALIASES {
        match lookup(objects, &name, namespace) {
            Found::Addresses(list) if list.is_empty() => return Answer::NotFound,
            Found::Addresses(list) => return Answer::Addresses(list),
            Found::Alias(other) => name = other,
            Found::Nothing => return Answer::NotFound,
        }
    }
    Answer::NotFound
}

pub fn is_address(host: &str) -> bool {
    matches!(parse_ip_sloppy(host), Some(Ip::V4(..) | Ip::V6(..)))
}

enum Found {
    Addresses(Vec<Rc<str>>),
    Alias(String),
    Nothing,
}

/// Tries the name with the ends of the search list, then as it is.
fn lookup(objects: &Objects, name: &str, namespace: &str) -> Found {
    let absolute = name.strip_suffix('.');
    let searched = match absolute {
        Some(_) => Vec::new(),
        None => vec![
            format!("{name}.{namespace}.svc.{DOMAIN}"),
            format!("{name}.svc.{DOMAIN}"),
            format!("{name}.{DOMAIN}"),
        ],
    };
    let plain = absolute.unwrap_or(name).to_owned();
    for candidate in searched.iter().chain([&plain]) {
        match record(objects, candidate) {
            Found::Nothing => {}
            found => return found,
        }
    }
    match objects.address_of_node(&plain) {
        Some(address) => Found::Addresses(vec![address.clone()]),
        None => Found::Nothing,
    }
}

/// The name under which `host` is found, with the end of the search list that leads to it.
pub fn full_name(objects: &Objects, host: &str, namespace: &str) -> String {
    let plain = host.trim_end_matches('.').to_ascii_lowercase();
    let searched = [
        format!("{plain}.{namespace}.svc.{DOMAIN}"),
        format!("{plain}.svc.{DOMAIN}"),
        format!("{plain}.{DOMAIN}"),
    ];
    let is_there = |name: &&String| !matches!(record(objects, name), Found::Nothing);
    searched.iter().find(is_there).cloned().unwrap_or(plain)
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
    let dashed = |address: &str| address.replace(['.', ':'], "-") == host;
    let list = endpoint_addresses(objects, key, all, |endpoint| {
        match endpoint.hostname.as_deref() {
            Some(name) if !name.is_empty() => name == host,
            _ => endpoint.addresses.first().is_some_and(|a| dashed(a)),
        }
    });
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
    wanted: impl Fn(&k8s_openapi::api::discovery::v1::Endpoint) -> bool,
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
    use crate::api::{Object, Resource};
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
            let list: Vec<Rc<str>> = match resolve(&objects, host, namespace) {
                Answer::Addresses(list) => list,
                Answer::NotFound => Vec::new(),
                other => panic!("{host}: {other:?}"),
            };
            let list: Vec<&str> = list.iter().map(|a| &**a).collect();
            assert_eq!(list, expected, "{host} in {namespace}");
        }
        let literal = resolve(&objects, "10.96.0.7", "x");
        assert_eq!(literal, Answer::Literal("10.96.0.7".into()));
    }

    #[test]
    fn with_a_resolver_that_has_no_pods_names_go_unanswered() {
        let mut objects = cluster();
        let dns = service(
            "{metadata: {name: kube-dns, namespace: kube-system}, spec: {clusterIP: 10.96.0.2}}",
        );
        add(&mut objects, Resource::into_object(dns));
        assert_eq!(resolve(&objects, "web", "shop"), Answer::Silence);
        let slice = slice(
            "{metadata: {name: kube-dns-1, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}, addressType: IPv4, endpoints: [{addresses: [10.1.9.9], conditions: {ready: true}}]}",
        );
        add(&mut objects, Resource::into_object(slice));
        assert!(matches!(
            resolve(&objects, "web", "shop"),
            Answer::Addresses(_)
        ));
    }
}
