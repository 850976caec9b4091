//! What a StatefulSet may not be
//! (`k8s.io/kubernetes/pkg/apis/apps/validation/validation.go` ValidateStatefulSetSpec).

use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, PodTemplateSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::json;

use crate::api::codec::encode;
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::persistent_volume_claim::validation::claim_spec;
use crate::api::kinds::pod::validation::pod_template;
use crate::api::kinds::workload::{
    always_restarted, amount, number_or_percent, percent, selected, status_counts,
};
use crate::api::names::is_dns1123_label;
use crate::api::selector::Selector;
use crate::api::validation::{label_selector, not_negative};

pub(super) fn spec(spec: &StatefulSetSpec) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    management_policy(spec, &path, &mut errors);
    let strategy = spec.update_strategy.clone().unwrap_or_default();
    update_strategy(&strategy, &path.child("updateStrategy"), &mut errors);
    if let Some(policy) = &spec.persistent_volume_claim_retention_policy {
        let path = path.child("persistentVolumeClaimRetentionPolicy");
        for (field, value) in [
            ("whenDeleted", &policy.when_deleted),
            ("whenScaled", &policy.when_scaled),
        ] {
            let value = value.as_deref().unwrap_or_default();
            if !matches!(value, "Retain" | "Delete") {
                let supported = &["Retain", "Delete"];
                errors.not_supported_raw(&path.child(field), &quote(value), supported);
            }
        }
    }
    for (field, number) in [
        ("replicas", spec.replicas),
        ("minReadySeconds", spec.min_ready_seconds),
        (
            "ordinals.start",
            spec.ordinals.as_ref().and_then(|o| o.start),
        ),
    ] {
        not_negative(number.unwrap_or_default(), &path.child(field), &mut errors);
    }
    selector(spec, &path, &mut errors);
    let template = path.child("template");
    pod_template(&with_claims(spec), &template, &mut errors);
    always_restarted(&spec.template, "StatefulSet", &template, &mut errors);
    for (i, claim) in spec.volume_claim_templates.iter().flatten().enumerate() {
        let path = path.child("volumeClaimTemplates");
        let path = path.index(i);
        if let Some(spec) = &claim.spec {
            claim_spec(spec, &path.child("spec"), &mut errors);
        }
    }
    if let Some(service) = spec.service_name.as_deref().filter(|s| !s.is_empty()) {
        let path = path.child("serviceName");
        errors.invalid_each(&path, service, is_dns1123_label(service));
    }
    errors
}

pub(super) fn update(new: &StatefulSetSpec, old: &StatefulSetSpec) -> Errors {
    let mut errors = spec(new);
    let fixed = StatefulSetSpec {
        replicas: old.replicas,
        template: old.template.clone(),
        update_strategy: old.update_strategy.clone(),
        min_ready_seconds: old.min_ready_seconds,
        ordinals: old.ordinals.clone(),
        revision_history_limit: old.revision_history_limit,
        persistent_volume_claim_retention_policy: old
            .persistent_volume_claim_retention_policy
            .clone(),
        ..new.clone()
    };
    if fixed != *old {
        errors.forbidden(
            &Path::new("spec"),
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        );
    }
    errors
}

/// ValidateStatefulSetStatusUpdate.
pub(super) fn status(new: &StatefulSet, old: &StatefulSet) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("status");
    let (no_new, no_old) = Default::default();
    let status = new.status.as_ref().unwrap_or(&no_new);
    let before = old.status.as_ref().unwrap_or(&no_old);
    let count = |n: Option<i32>| n.unwrap_or_default();
    let (ready, available) = (
        count(status.ready_replicas),
        count(status.available_replicas),
    );
    let counts = [
        ("readyReplicas", ready),
        ("currentReplicas", count(status.current_replicas)),
        ("updatedReplicas", count(status.updated_replicas)),
        ("availableReplicas", available),
    ];
    let collisions = count(status.collision_count);
    let others = [
        (
            "observedGeneration",
            status.observed_generation.unwrap_or_default(),
        ),
        ("collisionCount", i64::from(collisions)),
    ];
    status_counts(&counts, status.replicas, &others, &mut errors);
    if available > ready {
        let detail = "cannot be greater than status.readyReplicas";
        errors.invalid(&path.child("availableReplicas"), available, detail);
    }
    if collisions < count(before.collision_count) {
        let detail = "cannot be decremented";
        errors.invalid(&path.child("collisionCount"), collisions, detail);
    }
    errors
}

fn management_policy(spec: &StatefulSetSpec, path: &Path<'_>, errors: &mut Errors) {
    let path = path.child("podManagementPolicy");
    match spec.pod_management_policy.as_deref().unwrap_or_default() {
        "" => errors.required(&path, ""),
        "OrderedReady" | "Parallel" => {}
        other => errors.invalid(&path, other, "must be 'OrderedReady' or 'Parallel'"),
    }
}

/// A rolling update under the names that it has inside the server.
fn shown(rolling: Option<&RollingUpdateStatefulSetStrategy>) -> String {
    rolling.map_or("null".to_owned(), |r| {
        let bound = r.max_unavailable.as_ref().map_or(json!(null), encode);
        let partition = r.partition.unwrap_or_default();
        format!("{{\"Partition\":{partition},\"MaxUnavailable\":{bound}}}")
    })
}

fn update_strategy(strategy: &StatefulSetUpdateStrategy, path: &Path<'_>, errors: &mut Errors) {
    let rolling = strategy.rolling_update.as_ref();
    match (strategy.type_.as_deref().unwrap_or_default(), rolling) {
        ("", _) => errors.required(path, ""),
        ("OnDelete", None) | ("RollingUpdate", None) => {}
        ("OnDelete", Some(_)) => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            errors.invalid_raw(&path.child("rollingUpdate"), &shown(rolling), detail);
        }
        ("RollingUpdate", Some(rolling)) => {
            rolling_update(rolling, &path.child("rollingUpdate"), errors);
        }
        (other, rolling) => {
            let value = format!(
                "{{\"Type\":{},\"RollingUpdate\":{}}}",
                json!(other),
                shown(rolling)
            );
            errors.invalid_raw(path, &value, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

fn rolling_update(
    rolling: &RollingUpdateStatefulSetStrategy,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let partition = rolling.partition.unwrap_or_default();
    not_negative(partition, &path.child("partition"), errors);
    if let Some(bound) = &rolling.max_unavailable {
        let path = path.child("maxUnavailable");
        number_or_percent(bound, &path, errors);
        if amount(bound) == 0 {
            errors.invalid_json(&path, bound, "cannot be 0");
        }
        if percent(bound).is_some_and(|p| p > 100) {
            errors.invalid_json(&path, bound, "must not be greater than 100%");
        }
    }
}

fn selector(spec: &StatefulSetSpec, path: &Path<'_>, errors: &mut Errors) {
    let path_of_selector = path.child("selector");
    // An empty selector and none at all are the same here.
    let given = spec.selector != LabelSelector::default();
    if given {
        label_selector(Some(&spec.selector), &path_of_selector, errors);
        let labels = spec.selector.match_labels.as_ref().map_or(0, |l| l.len());
        let expressions = spec.selector.match_expressions.as_ref();
        if labels + expressions.map_or(0, Vec::len) == 0 {
            let detail = "empty selector is invalid for statefulset";
            errors.invalid_raw(&path_of_selector, "{}", detail);
        }
    } else {
        errors.required(&path_of_selector, "");
    }
    match Selector::from_api(given.then_some(&spec.selector)) {
        Ok(wanted) if wanted.is_everything() => {}
        Ok(wanted) => selected(&spec.template, &wanted, &path.child("template"), errors),
        Err(_) => errors.invalid_json(&path_of_selector, &spec.selector, ""),
    }
}

/// The template with the volumes that the claims will be: containers may mount them.
fn with_claims(spec: &StatefulSetSpec) -> PodTemplateSpec {
    let mut template = spec.template.clone();
    let pod = template.spec.get_or_insert_default();
    for claim in spec.volume_claim_templates.iter().flatten() {
        let name = claim.metadata.name.clone().unwrap_or_default();
        let volumes = pod.volumes.get_or_insert_default();
        if volumes.iter().any(|v| v.name == name) {
            continue;
        }
        volumes.push(Volume {
            persistent_volume_claim: Some(
                PersistentVolumeClaimVolumeSource {
                    claim_name: name.clone(),
                    ..Default::default()
                }
                .into(),
            ),
            name,
            ..Volume::default()
        });
    }
    template
}
