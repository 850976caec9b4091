//! Pods with names and volumes of their own, made and replaced in order.
//!
//! Models `k8s.io/kubernetes/pkg/registry/apps/statefulset/strategy.go`.

mod validation;

use k8s_openapi::api::apps::v1::{StatefulSet as Kind, StatefulSetStatus};

use super::persistent_volume_claim::{fractions, spec_defaults};
use super::pod::defaults::{drop_empty, drop_zero, pod_template, text};
use super::workload::{begun, count_generation, template_warnings};
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::names::is_dns1123_label;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "apps",
    version: "v1",
    kind: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short_names: &["sts"],
    namespaced: true,
    categories: &["all"],
    subresources: &["scale", "status"],
    prefix: "statefulsets",
    strategy: &Typed(Rules),
};

struct Rules;

/// The gate `MaxUnavailableStatefulSet` is off by default in v1.36: the field is not kept, unless it
/// was there before.
fn drop_disabled(new: &mut Kind, old: Option<&Kind>) {
    let given = |set: &Kind| {
        let strategy = set.spec.as_ref()?.update_strategy.as_ref()?;
        strategy.rolling_update.as_ref()?.max_unavailable.clone()
    };
    if old.and_then(given).is_some() {
        return;
    }
    if let Some(spec) = &mut new.spec
        && let Some(strategy) = &mut spec.update_strategy
        && let Some(rolling) = &mut strategy.rolling_update
    {
        rolling.max_unavailable = None;
    }
}

/// Counts that Go writes although they are zero.
fn written(status: &mut Option<StatefulSetStatus>) {
    let status = status.get_or_insert_default();
    status.available_replicas.get_or_insert(0);
}

impl KindStrategy for Rules {
    type Kind = Kind;

    /// `k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go` `SetDefaults_StatefulSet`.
    fn default(&self, set: &mut Kind) {
        written(&mut set.status);
        let spec = set.spec.get_or_insert_default();
        text(&mut spec.pod_management_policy, "OrderedReady");
        let strategy = spec.update_strategy.get_or_insert_default();
        if strategy.type_.as_deref().unwrap_or_default().is_empty() {
            strategy.type_ = Some("RollingUpdate".to_owned());
            strategy.rolling_update.get_or_insert_default();
        }
        if strategy.type_.as_deref() == Some("RollingUpdate")
            && let Some(rolling) = &mut strategy.rolling_update
        {
            rolling.partition.get_or_insert(0);
        }
        let retention = spec
            .persistent_volume_claim_retention_policy
            .get_or_insert_default();
        text(&mut retention.when_deleted, "Retain");
        text(&mut retention.when_scaled, "Retain");
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(10);
        drop_zero(&mut spec.min_ready_seconds);
        if let Some(ordinals) = &mut spec.ordinals {
            ordinals.start.get_or_insert(0);
        }
        pod_template(&mut spec.template);
        drop_empty(&mut spec.service_name);
        for claim in spec.volume_claim_templates.iter_mut().flatten() {
            spec_defaults(claim.spec.get_or_insert_default());
            let status = claim.status.get_or_insert_default();
            text(&mut status.phase, "Pending");
        }
    }

    fn prepare_for_create(&self, set: &mut Kind) {
        begun(&mut set.metadata, &mut set.status);
        written(&mut set.status);
        drop_disabled(set, None);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        drop_disabled(new, Some(old));
        count_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn name_errors(&self, name: &str) -> Vec<String> {
        is_dns1123_label(name)
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
        let path = Path::new("spec");
        let Some(spec) = &set.spec else {
            return found;
        };
        template_warnings(Some(&spec.template), &path.child("template"), &mut found);
        if spec.revision_history_limit.is_some_and(|n| n < 0) {
            found.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
                    .to_owned(),
            );
        }
        let path = path.child("volumeClaimTemplates");
        for (i, claim) in spec.volume_claim_templates.iter().flatten().enumerate() {
            if let Some(spec) = &claim.spec {
                let path = path.index(i);
                fractions(spec, &path.child("spec").to_string(), &mut found);
            }
        }
        found
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Ready"),
            column("Age"),
            wide("Containers"),
            wide("Images"),
        ];
        COLUMNS
    }

    fn row(&self, set: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec = set.spec.as_ref().unwrap_or(&no_spec);
        let status = set.status.as_ref().unwrap_or(&no_status);
        let (containers, images) = cells::containers(Some(&spec.template));
        vec![
            set.metadata.name.clone().unwrap_or_default(),
            format!(
                "{}/{}",
                status.ready_replicas.unwrap_or_default(),
                spec.replicas.unwrap_or_default()
            ),
            age(&set.metadata, now),
            containers,
            images,
        ]
    }
}
