//! A number of equal pods.
//!
//! Models `k8s.io/kubernetes/pkg/registry/apps/replicaset/strategy.go`.

use k8s_openapi::api::apps::v1::ReplicaSet as Kind;

use super::pod::defaults::{drop_zero, pod_template};
use super::{KindInfo, cells};
use crate::api::selector::format_label_selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "apps",
    version: "v1",
    kind: "ReplicaSet",
    plural: "replicasets",
    singular: "replicaset",
    short_names: &["rs"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    prefix: "replicasets",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, set: &mut Kind) {
        set.status.get_or_insert_default();
        let spec = set.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        drop_zero(&mut spec.min_ready_seconds);
        pod_template(spec.template.get_or_insert_default());
    }

    fn prepare_for_create(&self, set: &mut Kind) {
        set.status = Some(Default::default());
        set.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Desired"),
            column("Current"),
            column("Ready"),
            column("Age"),
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ];
        COLUMNS
    }

    fn row(&self, set: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec = set.spec.as_ref().unwrap_or(&no_spec);
        let status = set.status.as_ref().unwrap_or(&no_status);
        let (containers, images) = cells::containers(spec.template.as_ref());
        vec![
            set.metadata.name.clone().unwrap_or_default(),
            spec.replicas.unwrap_or_default().to_string(),
            status.replicas.to_string(),
            status.ready_replicas.unwrap_or_default().to_string(),
            age(&set.metadata, now),
            containers,
            images,
            format_label_selector(Some(&spec.selector)),
        ]
    }
}
