//! Some of the addresses behind a service.
//!
//! Models `k8s.io/kubernetes/pkg/registry/discovery/endpointslice/strategy.go`.

use k8s_openapi::api::discovery::v1::{
    Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice as Kind,
};

use super::pod::defaults::text;
use super::service::validation::not_special;
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::names::{
    is_dns1123_label, is_dns1123_subdomain, is_label_value, is_qualified_name, is_valid_ip,
};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{IMMUTABLE, labels, one_of};
use crate::sim::Time;
use crate::sim::ordered::Set as BTreeSet;

pub const INFO: KindInfo = KindInfo {
    group: "discovery.k8s.io",
    version: "v1",
    kind: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "endpointslices",
    strategy: &Typed(Rules),
};

const ENDPOINTS_MAX: usize = 1000;
const ADDRESSES_MAX: usize = 100;
const PORTS_MAX: usize = 20_000;
const TOPOLOGY_MAX: usize = 16;
const HINTS_MAX: usize = 8;
/// The longest part of a domain between two dots.
const LABEL_MAX: usize = 63;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, slice: &mut Kind) {
        for port in slice.ports.iter_mut().flatten() {
            port.name.get_or_insert_default();
            text(&mut port.protocol, "TCP");
        }
        for endpoint in slice.endpoints.iter_mut().flatten() {
            // To change one that has its conditions would copy it.
            if endpoint.conditions.is_none() {
                endpoint.conditions = Some(EndpointConditions::default());
            }
        }
    }

    fn prepare_for_create(&self, slice: &mut Kind) {
        slice.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        let same = new.metadata.labels == old.metadata.labels
            && new.address_type == old.address_type
            && new.endpoints == old.endpoints
            && new.ports == old.ports;
        if !same {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn validate(&self, slice: &Kind) -> Errors {
        let mut errors = Errors::default();
        one_of(
            Some(&slice.address_type),
            &["FQDN", "IPv4", "IPv6"],
            &Path::new("addressType"),
            &mut errors,
        );
        let path = Path::new("endpoints");
        let endpoints = slice.endpoints.as_deref().unwrap_or_default();
        if endpoints.len() > ENDPOINTS_MAX {
            errors.too_many(&path, endpoints.len(), ENDPOINTS_MAX);
            return errors;
        }
        for (i, endpoint) in endpoints.iter().enumerate() {
            self::endpoint(endpoint, &slice.address_type, &path.index(i), &mut errors);
        }
        ports(slice.ports.as_deref().unwrap_or_default(), &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        if new.address_type != old.address_type {
            let path = Path::new("addressType");
            errors.invalid(&path, &new.address_type, IMMUTABLE);
        }
        if new.endpoints != old.endpoints || new.ports != old.ports {
            errors.append(self.validate(new));
        }
        errors
    }

    fn always_written(&self) -> &'static [&'static str] {
        &["endpoints", "ports"]
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("AddressType"),
            column("Ports"),
            column("Endpoints"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, slice: &Kind, now: Time) -> Vec<String> {
        let ports = slice.ports.iter().flatten().map(port);
        let endpoints = slice.endpoints.iter().flatten();
        let addresses = endpoints.flat_map(|e| e.addresses.iter().cloned());
        vec![
            slice.metadata.name.clone().unwrap_or_default(),
            slice.address_type.clone(),
            or_unset(cells::Shortened::new(ports)),
            or_unset(cells::Shortened::new(addresses)),
            age(&slice.metadata, now),
        ]
    }
}

/// `validateEndpoints`.
fn endpoint(endpoint: &Endpoint, type_: &str, path: &Path<'_>, errors: &mut Errors) {
    let of_list = path.child("addresses");
    let count = endpoint.addresses.len();
    if count == 0 {
        errors.required(&of_list, "must contain at least 1 address");
    } else if count > ADDRESSES_MAX {
        errors.too_many(&of_list, count, ADDRESSES_MAX);
    }
    for (i, address) in endpoint.addresses.iter().enumerate() {
        let path = of_list.index(i);
        if !matches!(type_, "IPv4" | "IPv6") {
            if type_ == "FQDN" {
                domain(address, &path, errors);
            }
            continue;
        }
        let messages = is_valid_ip(address);
        if !messages.is_empty() {
            errors.invalid_each(&path, address, messages);
            continue;
        }
        if address.contains(':') != (type_ == "IPv6") {
            errors.invalid(&of_list, address, format!("must be an {type_} address"));
        }
        not_special(address, &path, errors);
    }
    if let Some(node) = &endpoint.node_name {
        errors.invalid_each(&path.child("nodeName"), node, is_dns1123_subdomain(node));
    }
    let topology = endpoint.deprecated_topology.as_ref();
    let of_topology = path.child("deprecatedTopology");
    let count = topology.map_or(0, |t| t.len());
    if count > TOPOLOGY_MAX {
        errors.too_many(&of_topology, count, TOPOLOGY_MAX);
    }
    labels(topology, &of_topology, errors);
    if let Some(host) = &endpoint.hostname {
        errors.invalid_each(&path.child("hostname"), host, is_dns1123_label(host));
    }
    if let Some(hints) = &endpoint.hints {
        self::hints(hints, &path.child("hints"), errors);
    }
}

fn hints(hints: &EndpointHints, path: &Path<'_>, errors: &mut Errors) {
    let zones = hints.for_zones.iter().flatten().map(|z| z.name.as_str());
    let nodes = hints.for_nodes.iter().flatten().map(|n| n.name.as_str());
    for (field, names, check) in [
        (
            "forZones",
            zones.collect::<Vec<&str>>(),
            is_label_value as fn(&str) -> Vec<String>,
        ),
        ("forNodes", nodes.collect(), is_dns1123_subdomain),
    ] {
        let path = path.child(field);
        if names.len() > HINTS_MAX {
            errors.too_many(&path, names.len(), HINTS_MAX);
            continue;
        }
        for (i, name) in names.iter().enumerate() {
            let path = path.index(i);
            let path = path.child("name");
            if names.iter().take(i).any(|n| n == name) {
                errors.duplicate(&path, *name);
            }
            errors.invalid_each(&path, name, check(name));
        }
    }
}

/// `IsFullyQualifiedDomainName`.
fn domain(name: &str, path: &Path<'_>, errors: &mut Errors) {
    if name.is_empty() {
        errors.required(path, "");
        return;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let messages = is_dns1123_subdomain(name);
    if !messages.is_empty() {
        errors.invalid_each(path, name, messages);
        return;
    }
    if !name.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.invalid(path, name, detail);
        return;
    }
    for part in name.split('.').filter(|part| part.len() > LABEL_MAX) {
        errors.invalid_each(path, part, is_dns1123_label(part));
    }
}

fn ports(ports: &[EndpointPort], errors: &mut Errors) {
    let path = Path::new("ports");
    if ports.len() > PORTS_MAX {
        errors.too_many(&path, ports.len(), PORTS_MAX);
        return;
    }
    let mut names = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = port.name.as_deref().unwrap_or_default();
        if !name.is_empty() {
            errors.invalid_each(&path.child("name"), name, is_dns1123_label(name));
        }
        if !names.insert(name) {
            errors.duplicate(&path.child("name"), name);
        }
        one_of(
            port.protocol.as_deref(),
            &["SCTP", "TCP", "UDP"],
            &path.child("protocol"),
            errors,
        );
        if let Some(protocol) = &port.app_protocol {
            let messages = is_qualified_name(protocol);
            errors.invalid_each(&path.child("appProtocol"), protocol, messages);
        }
    }
}

fn port(port: &EndpointPort) -> String {
    match (port.port, &port.name) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) if !name.is_empty() => name.clone(),
        _ => "*".to_owned(),
    }
}

fn or_unset(list: cells::Shortened) -> String {
    match list.text() {
        text if text.is_empty() => "<unset>".to_owned(),
        text => text,
    }
}
