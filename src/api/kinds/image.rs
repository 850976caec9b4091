//! What a container image does when it runs.

use crate::api::play::Image as Kind;

use super::KindInfo;
use crate::api::strategy::{KindStrategy, Typed};

pub const INFO: KindInfo = KindInfo {
    group: "play.kubarium.dev",
    version: "v1alpha1",
    kind: "Image",
    plural: "images",
    singular: "image",
    short_names: &["img"],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "play.kubarium.dev/images",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;
}
