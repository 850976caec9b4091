//! A number of equal pods, as before there were ReplicaSets.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/replicationcontroller/strategy.go` and
//! `pkg/apis/core/validation` ValidateReplicationControllerSpec.

use k8s_openapi::api::core::v1::{ReplicationController as Kind, ReplicationControllerSpec};

use super::pod::defaults::{drop_zero, pod_template};
use super::pod::validation;
use super::pod::warnings;
use super::workload::{
    always_restarted, begun, count_generation, selected, status_counts, template_warnings,
};
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::selector::Selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::api::validation::not_negative;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    singular: "replicationcontroller",
    short_names: &["rc"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    prefix: "controllers",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    /// The template's labels stand for the selector and for the labels that were left out.
    fn default(&self, rc: &mut Kind) {
        rc.status.get_or_insert_default();
        let spec = rc.spec.get_or_insert_default();
        if let Some(template) = &mut spec.template {
            pod_template(template);
            let labels = template.metadata.as_ref().and_then(|m| m.labels.clone());
            if let Some(labels) = labels.filter(|l| !l.is_empty()) {
                let selector = spec.selector.get_or_insert_default();
                if selector.is_empty() {
                    selector.clone_from(&labels);
                }
                let own = rc.metadata.labels.get_or_insert_default();
                if own.is_empty() {
                    own.clone_from(&labels);
                }
            }
        }
        spec.replicas.get_or_insert(1);
        drop_zero(&mut spec.min_ready_seconds);
    }

    fn prepare_for_create(&self, rc: &mut Kind) {
        begun(&mut rc.metadata, &mut rc.status);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        count_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, rc: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        let empty = ReplicationControllerSpec::default();
        let spec = rc.spec.as_ref().unwrap_or(&empty);
        let number = |n: Option<i32>| n.unwrap_or_default();
        let min_ready = number(spec.min_ready_seconds);
        not_negative(min_ready, &path.child("minReadySeconds"), &mut errors);
        let labels = spec.selector.clone().unwrap_or_default();
        if labels.is_empty() {
            errors.required(&path.child("selector"), "");
        }
        not_negative(number(spec.replicas), &path.child("replicas"), &mut errors);
        let path = path.child("template");
        match &spec.template {
            None => errors.required(&path, ""),
            Some(template) => {
                if !labels.is_empty() {
                    selected(
                        template,
                        &Selector::from_labels(&labels),
                        &path,
                        &mut errors,
                    );
                }
                validation::pod_template(template, &path, &mut errors);
                always_restarted(template, "ReplicationController", &path, &mut errors);
            }
        }
        errors
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let Some(status) = &new.status else {
            return errors;
        };
        let count = |n: Option<i32>| n.unwrap_or_default();
        let (ready, available) = (
            count(status.ready_replicas),
            count(status.available_replicas),
        );
        let counts = [
            ("fullyLabeledReplicas", count(status.fully_labeled_replicas)),
            ("readyReplicas", ready),
            ("availableReplicas", available),
        ];
        let generation = status.observed_generation.unwrap_or_default();
        let others = [("observedGeneration", generation)];
        status_counts(&counts, status.replicas, &others, &mut errors);
        let path = Path::new("status");
        if available > ready {
            let detail = "cannot be greater than readyReplicas";
            errors.invalid(&path.child("availableReplicas"), available, detail);
        }
        errors
    }

    fn warnings(&self, rc: &Kind) -> Vec<String> {
        let mut found = warnings::of_owner_name(&rc.metadata);
        let template = rc.spec.as_ref().and_then(|s| s.template.as_ref());
        template_warnings(template, &Path::new("spec").child("template"), &mut found);
        found
    }

    fn field(&self, rc: &Kind, path: &str) -> Option<String> {
        let replicas = rc.status.as_ref().map(|s| s.replicas);
        (path == "status.replicas").then(|| replicas.unwrap_or_default().to_string())
    }

    fn selectable(&self) -> &'static [&'static str] {
        &["status.replicas"]
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

    fn row(&self, rc: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec = rc.spec.as_ref().unwrap_or(&no_spec);
        let status = rc.status.as_ref().unwrap_or(&no_status);
        let (containers, images) = cells::containers(spec.template.as_ref());
        vec![
            rc.metadata.name.clone().unwrap_or_default(),
            spec.replicas.unwrap_or_default().to_string(),
            status.replicas.to_string(),
            status.ready_replicas.unwrap_or_default().to_string(),
            age(&rc.metadata, now),
            containers,
            images,
            cells::labels(spec.selector.as_ref()),
        ]
    }
}
