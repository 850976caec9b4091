//! Confidential data for pods.

use k8s_openapi::api::core::v1::Secret as Kind;

use super::KindInfo;
use crate::api::strategy::{KindStrategy, Typed};

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "secrets",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;
}
