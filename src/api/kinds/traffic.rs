//! A simulated client of a service.

use crate::api::play::Traffic as Kind;

use super::KindInfo;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

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

    fn prepare_for_create(&self, traffic: &mut Kind) {
        traffic.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("URL"), column("Rate"), column("Clients"), column("Age")];
        COLUMNS
    }

    fn row(&self, traffic: &Kind, now: Time) -> Vec<String> {
        vec![
            traffic.metadata.name.clone().unwrap_or_default(),
            traffic.spec.url.clone(),
            format!("{}/s", traffic.spec.rate),
            traffic.spec.clients.to_string(),
            age(&traffic.metadata, now),
        ]
    }
}
