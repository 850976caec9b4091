//! What a container image does when it runs.

use crate::api::play::Image as Kind;

use super::KindInfo;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

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

    fn prepare_for_create(&self, image: &mut Kind) {
        image.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Repository"), column("Size"), column("Age")];
        COLUMNS
    }

    fn row(&self, image: &Kind, now: Time) -> Vec<String> {
        vec![
            image.metadata.name.clone().unwrap_or_default(),
            image.spec.repository.clone(),
            image.spec.size.as_ref().map(|s| s.0.clone()).unwrap_or_default(),
            age(&image.metadata, now),
        ]
    }
}
