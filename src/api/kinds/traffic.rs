//! A simulated client of a service.

use crate::api::play::Traffic as Kind;

use super::KindInfo;
use crate::api::strategy::{KindStrategy, Typed};

pub const INFO: KindInfo = KindInfo {
    group: "play.kubarium.dev",
    version: "v1alpha1",
    kind: "Traffic",
    plural: "traffics",
    singular: "traffic",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    prefix: "play.kubarium.dev/traffics",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;
}
