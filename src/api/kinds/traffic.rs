//! A simulated client of a service.

use crate::api::play::Traffic as Kind;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::names::inclusive_range_error;
use crate::api::play::{MOST_CLIENTS, MOST_RATE};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::url::Url;
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

    /// Ten requests a second from one client, each given up after a second.
    fn default(&self, traffic: &mut Kind) {
        let spec = &mut traffic.spec;
        for (number, default) in [(&mut spec.rate, 10), (&mut spec.clients, 1)] {
            if *number == 0 {
                *number = default;
            }
        }
        if spec.timeout_millis == 0 {
            spec.timeout_millis = 1000;
        }
    }

    fn validate(&self, traffic: &Kind) -> Errors {
        let mut errors = Errors::default();
        let root = Path::new("spec");
        let spec = &traffic.spec;
        if spec.url.is_empty() {
            errors.required(&root.child("url"), "");
        } else if let Err(why) = Url::parse(&spec.url) {
            errors.invalid(&root.child("url"), spec.url.as_str(), why.to_string());
        }
        for (name, number, most) in [
            ("rate", spec.rate, MOST_RATE),
            ("clients", spec.clients, MOST_CLIENTS),
        ] {
            if number > most {
                let why = inclusive_range_error(1, i64::from(most));
                errors.invalid(&root.child(name), i64::from(number), why);
            }
        }
        errors
    }

    fn prepare_for_create(&self, traffic: &mut Kind) {
        traffic.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("URL"),
            column("Rate"),
            column("Clients"),
            column("Age"),
        ];
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
