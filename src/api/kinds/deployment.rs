//! Pods of one template, replaced a few at a time when the template changes.
//!
//! Models `k8s.io/kubernetes/pkg/registry/apps/deployment/strategy.go`.

mod validation;

use k8s_openapi::api::apps::v1::{Deployment as Kind, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::defaults::{drop_false, drop_zero, pod_template, text};
use super::pod::warnings;
use super::{KindInfo, cells, workload};
use crate::api::field::{Errors, Path};
use crate::api::selector::format_label_selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    plural: "deployments",
    singular: "deployment",
    short_names: &["deploy"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    prefix: "deployments",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    /// `k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go` `SetDefaults_Deployment`.
    fn default(&self, deployment: &mut Kind) {
        deployment.status.get_or_insert_default();
        let spec = deployment.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(10);
        spec.progress_deadline_seconds.get_or_insert(600);
        drop_false(&mut spec.paused);
        drop_zero(&mut spec.min_ready_seconds);
        let strategy = spec.strategy.get_or_insert_default();
        text(&mut strategy.type_, "RollingUpdate");
        if strategy.type_.as_deref() == Some("RollingUpdate") {
            let quarter = || IntOrString::String("25%".to_owned());
            let rolling: &mut RollingUpdateDeployment =
                strategy.rolling_update.get_or_insert_default();
            rolling.max_unavailable.get_or_insert_with(quarter);
            rolling.max_surge.get_or_insert_with(quarter);
        }
        pod_template(&mut spec.template);
    }

    fn prepare_for_create(&self, deployment: &mut Kind) {
        workload::begun(&mut deployment.metadata, &mut deployment.status);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        // Annotations count as well: they may stand for fields of older versions.
        let changed = new.spec != old.spec || new.metadata.annotations != old.metadata.annotations;
        workload::count_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        new.metadata.labels.clone_from(&old.metadata.labels);
    }

    fn validate(&self, deployment: &Kind) -> Errors {
        validation::validate(deployment)
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::validate_update(new, old)
    }

    fn validate_status_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::validate_status(new, old)
    }

    fn warnings(&self, deployment: &Kind) -> Vec<String> {
        let mut found = warnings::of_owner_name(&deployment.metadata);
        let template = deployment.spec.as_ref().map(|s| &s.template);
        workload::template_warnings(template, &Path::new("spec").child("template"), &mut found);
        found
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Ready"),
            column("Up-to-date"),
            column("Available"),
            column("Age"),
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ];
        COLUMNS
    }

    fn row(&self, deployment: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec = deployment.spec.as_ref().unwrap_or(&no_spec);
        let status = deployment.status.as_ref().unwrap_or(&no_status);
        let count = |n: Option<i32>| n.unwrap_or_default();
        let (containers, images) = cells::containers(Some(&spec.template));
        vec![
            deployment.metadata.name.clone().unwrap_or_default(),
            format!("{}/{}", count(status.ready_replicas), count(spec.replicas)),
            count(status.updated_replicas).to_string(),
            count(status.available_replicas).to_string(),
            age(&deployment.metadata, now),
            containers,
            images,
            format_label_selector(Some(&spec.selector)),
        ]
    }
}
