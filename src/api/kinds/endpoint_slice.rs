//! Some of the addresses behind a service.

use k8s_openapi::api::discovery::v1::EndpointSlice as Kind;

use super::KindInfo;
use crate::api::strategy::{KindStrategy, Typed};

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
}
