//! One pod on every node that is chosen, replaced node by node when the template changes.
//!
//! Models `k8s.io/kubernetes/pkg/registry/apps/daemonset/strategy.go`.

mod validation;

use k8s_openapi::api::apps::v1::DaemonSet as Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::defaults::{drop_zero, pod_template, text};
use super::{KindInfo, cells, workload};
use crate::api::field::{Errors, Path};
use crate::api::selector::format_label_selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "apps",
    version: "v1",
    kind: "DaemonSet",
    plural: "daemonsets",
    singular: "daemonset",
    short_names: &["ds"],
    namespaced: true,
    categories: &["all"],
    subresources: &["status"],
    prefix: "daemonsets",
    strategy: &Typed(Rules),
};

/// Counts the changes of the template: a field before apps/v1, an annotation since.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn template_generation(meta: &ObjectMeta) -> i64 {
    let annotation = meta
        .annotations
        .as_ref()
        .and_then(|a| a.get(TEMPLATE_GENERATION));
    annotation.and_then(|v| v.parse().ok()).unwrap_or_default()
}

fn set_template_generation(meta: &mut ObjectMeta, generation: i64) {
    meta.annotations
        .get_or_insert_default()
        .insert(TEMPLATE_GENERATION.to_owned(), generation.to_string());
}

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    /// `k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go` `SetDefaults_DaemonSet`.
    fn default(&self, set: &mut Kind) {
        set.status.get_or_insert_default();
        let spec = set.spec.get_or_insert_default();
        spec.revision_history_limit.get_or_insert(10);
        drop_zero(&mut spec.min_ready_seconds);
        let strategy = spec.update_strategy.get_or_insert_default();
        text(&mut strategy.type_, "RollingUpdate");
        if strategy.type_.as_deref() == Some("RollingUpdate") {
            let rolling = strategy.rolling_update.get_or_insert_default();
            rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
            rolling.max_surge.get_or_insert(IntOrString::Int(0));
        }
        pod_template(&mut spec.template);
    }

    fn prepare_for_create(&self, set: &mut Kind) {
        workload::begun(&mut set.metadata, &mut set.status);
        let given = template_generation(&set.metadata);
        set_template_generation(&mut set.metadata, given.max(1));
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        let template = |set: &Kind| set.spec.as_ref().map(|s| s.template.clone());
        let changed = i64::from(template(new) != template(old));
        let generation = template_generation(&old.metadata).saturating_add(changed);
        set_template_generation(&mut new.metadata, generation);
        workload::count_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        set_template_generation(&mut new.metadata, template_generation(&old.metadata));
    }

    fn validate(&self, set: &Kind) -> Errors {
        validation::spec(set.spec.as_ref().unwrap_or(&Default::default()))
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let none = Default::default();
        let (new, old) = (new.spec.as_ref(), old.spec.as_ref());
        validation::update(new.unwrap_or(&none), old.unwrap_or(&none))
    }

    fn validate_status_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::status(new, old)
    }

    fn warnings(&self, set: &Kind) -> Vec<String> {
        let mut found = Vec::new();
        let template = set.spec.as_ref().map(|s| &s.template);
        workload::template_warnings(template, &Path::new("spec").child("template"), &mut found);
        found
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Desired"),
            column("Current"),
            column("Ready"),
            column("Up-to-date"),
            column("Available"),
            column("Node Selector"),
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
        let pod = spec.template.spec.as_ref();
        let (containers, images) = cells::containers(Some(&spec.template));
        vec![
            set.metadata.name.clone().unwrap_or_default(),
            status.desired_number_scheduled.to_string(),
            status.current_number_scheduled.to_string(),
            status.number_ready.to_string(),
            status
                .updated_number_scheduled
                .unwrap_or_default()
                .to_string(),
            status.number_available.unwrap_or_default().to_string(),
            cells::labels(pod.and_then(|p| p.node_selector.as_ref())),
            age(&set.metadata, now),
            containers,
            images,
            format_label_selector(Some(&spec.selector)),
        ]
    }
}
