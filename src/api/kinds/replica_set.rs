//! A number of equal pods.
//!
//! Models `k8s.io/kubernetes/pkg/registry/apps/replicaset/strategy.go`.

use k8s_openapi::api::apps::v1::{ReplicaSet as Kind, ReplicaSetSpec};

use super::pod::defaults::{drop_zero, pod_template};
use super::pod::warnings;
use super::workload::{
    begun, count_generation, immutable, selector_and_template, status_counts, template_warnings,
};
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::selector::format_label_selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::api::validation::not_negative;
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
        begun(&mut set.metadata, &mut set.status);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        count_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, set: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        let empty = ReplicaSetSpec::default();
        let spec = set.spec.as_ref().unwrap_or(&empty);
        for (field, number) in [
            ("replicas", spec.replicas),
            ("minReadySeconds", spec.min_ready_seconds),
        ] {
            not_negative(number.unwrap_or_default(), &path.child(field), &mut errors);
        }
        selector_and_template(&spec.selector, spec.template.as_ref(), &path, &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        if new.spec == old.spec {
            return Errors::default();
        }
        let mut errors = self.validate(new);
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            let path = Path::new("spec");
            immutable(
                &new.selector,
                &old.selector,
                &path.child("selector"),
                &mut errors,
            );
        }
        errors
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        let mut errors = Errors::default();
        if let Some(status) = &new.status {
            let counts = [
                (
                    "fullyLabeledReplicas",
                    status.fully_labeled_replicas.unwrap_or_default(),
                ),
                ("readyReplicas", status.ready_replicas.unwrap_or_default()),
                (
                    "availableReplicas",
                    status.available_replicas.unwrap_or_default(),
                ),
            ];
            let path = Path::new("status");
            let ending = i64::from(status.terminating_replicas.unwrap_or_default());
            let others = [
                ("terminatingReplicas", ending),
                (
                    "observedGeneration",
                    status.observed_generation.unwrap_or_default(),
                ),
            ];
            status_counts(&counts, status.replicas, &others, &mut errors);
            let [_, (_, ready), (_, available)] = counts;
            if available > ready {
                let detail = "cannot be greater than readyReplicas";
                errors.invalid(&path.child("availableReplicas"), available, detail);
            }
        }
        errors
    }

    fn warnings(&self, set: &Kind) -> Vec<String> {
        let mut found = warnings::of_owner_name(&set.metadata);
        let template = set.spec.as_ref().and_then(|s| s.template.as_ref());
        template_warnings(template, &Path::new("spec").child("template"), &mut found);
        found
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
