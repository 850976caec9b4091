//! A request for storage, answered by a volume.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim/strategy.go`.

pub(in crate::api) mod validation;

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim as Kind, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
    TypedLocalObjectReference, TypedObjectReference,
};

use super::pod::defaults::{drop_empty, text};
use super::{KindInfo, cells};
use crate::api::field::{Errors, quote};
use crate::api::quantity::QuantityExt;
use crate::api::storage::{BETA_CLASS, annotation, claim_class, modes_text};
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    prefix: "persistentvolumeclaims",
    strategy: &Typed(Rules),
};

const UNSET: &str = "<unset>";

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, claim: &mut Kind) {
        text(&mut claim.status.get_or_insert_default().phase, "Pending");
        let spec = claim.spec.get_or_insert_default();
        spec_defaults(spec);
    }

    fn prepare_for_create(&self, claim: &mut Kind) {
        claim.status = Some(PersistentVolumeClaimStatus {
            phase: Some("Pending".to_owned()),
            ..PersistentVolumeClaimStatus::default()
        });
        if let Some(spec) = &mut claim.spec {
            same_source(spec);
        }
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if let Some(spec) = &mut new.spec {
            same_source(spec);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, claim: &Kind) -> Errors {
        validation::validate(claim)
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::validate_update(new, old)
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        validation::validate_status(new)
    }

    fn warnings(&self, claim: &Kind) -> Vec<String> {
        let mut warnings = Vec::new();
        if annotation(&claim.metadata, BETA_CLASS).is_some() {
            warnings.push(format!(
                "metadata.annotations[{BETA_CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        if let Some(spec) = &claim.spec {
            fractions(spec, "spec", &mut warnings);
        }
        warnings
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Status"),
            column("Volume"),
            column("Capacity"),
            column("Access Modes"),
            column("StorageClass"),
            column("VolumeAttributesClass"),
            column("Age"),
            wide("VolumeMode"),
        ];
        COLUMNS
    }

    fn row(&self, claim: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec = claim.spec.as_ref().unwrap_or(&no_spec);
        let status = claim.status.as_ref().unwrap_or(&no_status);
        let phase = match &claim.metadata.deletion_timestamp {
            Some(_) => "Terminating".to_owned(),
            None => status.phase.clone().unwrap_or_default(),
        };
        let volume = spec.volume_name.clone().unwrap_or_default();
        let (mut capacity, mut modes) = (String::new(), String::new());
        if !volume.is_empty() {
            let size = status.capacity.as_ref().and_then(|c| c.get("storage"));
            capacity = size
                .map(QuantityExt::amount)
                .unwrap_or_default()
                .to_string();
            modes = modes_text(status.access_modes.as_deref().unwrap_or_default());
        }
        vec![
            claim.metadata.name.clone().unwrap_or_default(),
            phase,
            volume,
            capacity,
            modes,
            claim_class(claim).to_owned(),
            cells::or(&spec.volume_attributes_class_name, UNSET),
            age(&claim.metadata, now),
            cells::or(&spec.volume_mode, UNSET),
        ]
    }
}

/// What a claim, or a template of claims, is filled up with.
pub(in crate::api::kinds) fn spec_defaults(spec: &mut PersistentVolumeClaimSpec) {
    text(&mut spec.volume_mode, "Filesystem");
    let resources = spec.resources.get_or_insert_default();
    for amount in resources.requests.iter_mut().flatten() {
        amount.1.canonicalize();
    }
    for amount in resources.limits.iter_mut().flatten() {
        amount.1.canonicalize();
    }
    drop_empty(&mut spec.volume_name);
}

/// The two ways to say where the data comes from mean the same.
fn same_source(spec: &mut PersistentVolumeClaimSpec) {
    match (&spec.data_source, &spec.data_source_ref) {
        (Some(source), None) => {
            spec.data_source_ref = Some(TypedObjectReference {
                api_group: source.api_group.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
                namespace: None,
            });
        }
        (None, Some(source)) if source.namespace.as_deref().unwrap_or_default().is_empty() => {
            spec.data_source = Some(TypedLocalObjectReference {
                api_group: source.api_group.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
            });
        }
        _ => {}
    }
}

/// Warns of sizes that are no whole number of bytes.
pub(in crate::api::kinds) fn fractions(
    spec: &PersistentVolumeClaimSpec,
    path: &str,
    warnings: &mut Vec<String>,
) {
    let Some(resources) = &spec.resources else {
        return;
    };
    for (field, list) in [
        ("requests", &resources.requests),
        ("limits", &resources.limits),
    ] {
        let amount = list.as_ref().and_then(|l| l.get("storage"));
        if let Some(amount) = amount.filter(|a| !a.amount().is_integer()) {
            warnings.push(format!(
                "{path}.resources.{field}[storage]: fractional byte value {} is invalid, must be an integer",
                quote(&amount.0)
            ));
        }
    }
}
