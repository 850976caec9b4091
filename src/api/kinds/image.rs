//! What a container image does when it runs.

use crate::api::play::Image as Kind;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::names::is_valid_port_num;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::each;
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

    fn validate(&self, image: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        if image.spec.repository.is_empty() {
            errors.required(&path.child("repository"), "");
        }
        let path = path.child("program");
        let ports = path.child("ports");
        for (i, port) in image.spec.program.ports.iter().enumerate() {
            let messages = is_valid_port_num((*port).into());
            each(&ports.index(i), *port, messages, &mut errors);
        }
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Repository"),
            column("Size"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, image: &Kind, now: Time) -> Vec<String> {
        vec![
            image.metadata.name.clone().unwrap_or_default(),
            image.spec.repository.clone(),
            image
                .spec
                .size
                .as_ref()
                .map(|s| s.0.clone())
                .unwrap_or_default(),
            age(&image.metadata, now),
        ]
    }
}
