//! Some of the addresses behind a service.
//!
//! Models `k8s.io/kubernetes/pkg/registry/discovery/endpointslice/strategy.go`.

use k8s_openapi::api::discovery::v1::{EndpointPort, EndpointSlice as Kind};

use super::pod::defaults::text;
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain, is_valid_ipv4, is_valid_ipv6};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{IMMUTABLE, one_of};
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

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, slice: &mut Kind) {
        for port in slice.ports.iter_mut().flatten() {
            port.name.get_or_insert_default();
            text(&mut port.protocol, "TCP");
        }
        for endpoint in slice.endpoints.iter_mut().flatten() {
            endpoint.conditions.get_or_insert_default();
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
            let path = path.index(i);
            let path = path.child("addresses");
            if endpoint.addresses.is_empty() {
                errors.required(&path, "must contain at least 1 address");
            }
            for (i, address) in endpoint.addresses.iter().enumerate() {
                let messages = match slice.address_type.as_str() {
                    "IPv4" => is_valid_ipv4(address),
                    "IPv6" => is_valid_ipv6(address),
                    _ => is_dns1123_subdomain(address),
                };
                errors.invalid_each(&path.index(i), address, messages);
            }
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

fn ports(ports: &[EndpointPort], errors: &mut Errors) {
    let path = Path::new("ports");
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
