//! Some of the addresses behind a service.
//!
//! Models `k8s.io/kubernetes/pkg/registry/discovery/endpointslice/strategy.go`.

use k8s_openapi::api::discovery::v1::{EndpointPort, EndpointSlice as Kind};

use super::pod::defaults::text;
use super::{KindInfo, cells};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

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
