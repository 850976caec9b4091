//! The addresses behind a service, in the older form.

use k8s_openapi::api::core::v1::{EndpointSubset, Endpoints as Kind};

use super::pod::defaults::{drop_empty, text};
use super::service::validation::not_special;
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::names::{
    is_dns1123_label, is_dns1123_subdomain, is_qualified_name, is_valid_ip, is_valid_port_num,
};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{each, one_of};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "services/endpoints",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn put_creates(&self) -> bool {
        true
    }

    fn default(&self, endpoints: &mut Kind) {
        let subsets = endpoints.subsets.iter_mut().flatten();
        for port in subsets.filter_map(|s| s.ports.as_mut()).flatten() {
            text(&mut port.protocol, "TCP");
            drop_empty(&mut port.name);
        }
    }

    fn validate(&self, endpoints: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("subsets");
        for (i, subset) in endpoints.subsets.iter().flatten().enumerate() {
            self::subset(subset, &path.index(i), &mut errors);
        }
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        if new.subsets == old.subsets {
            return Errors::default();
        }
        self.validate(new)
    }

    fn deprecation(&self) -> &'static str {
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Endpoints"), column("Age")];
        COLUMNS
    }

    fn row(&self, endpoints: &Kind, now: Time) -> Vec<String> {
        let subsets = endpoints.subsets.as_deref().unwrap_or_default();
        let addresses = if subsets.is_empty() {
            cells::NONE.to_owned()
        } else {
            cells::Shortened::new(subsets.iter().flat_map(sockets)).text()
        };
        vec![
            endpoints.metadata.name.clone().unwrap_or_default(),
            addresses,
            age(&endpoints.metadata, now),
        ]
    }
}

fn subset(subset: &EndpointSubset, path: &Path<'_>, errors: &mut Errors) {
    let ready = subset.addresses.as_deref().unwrap_or_default();
    let waiting = subset.not_ready_addresses.as_deref().unwrap_or_default();
    if ready.is_empty() && waiting.is_empty() {
        errors.required(path, "must specify `addresses` or `notReadyAddresses`");
    }
    for (field, list) in [("addresses", ready), ("notReadyAddresses", waiting)] {
        let path = path.child(field);
        for (i, address) in list.iter().enumerate() {
            let path = path.index(i);
            let of_ip = path.child("ip");
            errors.invalid_each(&of_ip, &address.ip, is_valid_ip(&address.ip));
            if let Some(host) = address.hostname.as_deref().filter(|h| !h.is_empty()) {
                errors.invalid_each(&path.child("hostname"), host, is_dns1123_label(host));
            }
            if let Some(node) = &address.node_name {
                errors.invalid_each(&path.child("nodeName"), node, is_dns1123_subdomain(node));
            }
            not_special(&address.ip, &of_ip, errors);
        }
    }
    let ports = subset.ports.as_deref().unwrap_or_default();
    for (i, port) in ports.iter().enumerate() {
        let path = path.child("ports");
        let path = path.index(i);
        match port.name.as_deref().filter(|n| !n.is_empty()) {
            Some(name) => errors.invalid_each(&path.child("name"), name, is_dns1123_label(name)),
            None if ports.len() > 1 => errors.required(&path.child("name"), ""),
            None => {}
        }
        let messages = is_valid_port_num(port.port.into());
        each(&path.child("port"), port.port, messages, errors);
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

/// Address and port of every ready endpoint; the address alone for services without ports.
fn sockets(subset: &EndpointSubset) -> Vec<String> {
    let addresses = subset.addresses.as_deref().unwrap_or_default();
    let ports = subset.ports.as_deref().unwrap_or_default();
    if ports.is_empty() {
        return addresses.iter().map(|a| a.ip.clone()).collect();
    }
    let of_port = |port: i32| addresses.iter().map(move |a| format!("{}:{port}", a.ip));
    ports.iter().flat_map(|p| of_port(p.port)).collect()
}
