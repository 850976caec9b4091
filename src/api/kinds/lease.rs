//! A claim that has to be renewed: heartbeats and leader election.

use k8s_openapi::api::coordination::v1::Lease as Kind;

use super::KindInfo;
use crate::api::strategy::{KindStrategy, Typed};

pub const INFO: KindInfo = KindInfo {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "leases",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;
}
