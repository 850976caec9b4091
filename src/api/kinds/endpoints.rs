//! The addresses behind a service, in the older form.

use k8s_openapi::api::core::v1::{EndpointSubset, Endpoints as Kind};

use super::pod::defaults::{drop_empty, text};
use super::{KindInfo, cells};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
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

    fn default(&self, endpoints: &mut Kind) {
        let subsets = endpoints.subsets.iter_mut().flatten();
        for port in subsets.filter_map(|s| s.ports.as_mut()).flatten() {
            text(&mut port.protocol, "TCP");
            drop_empty(&mut port.name);
        }
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
