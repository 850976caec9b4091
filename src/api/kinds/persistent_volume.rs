//! A piece of storage, which outlives the pods that use it.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/persistentvolume/strategy.go`.

mod sources;
mod validation;

use k8s_openapi::api::core::v1::{PersistentVolume as Kind, PersistentVolumeStatus};

use super::pod::defaults::{drop_empty, text};
use super::pod::warnings::old_node_label;
use super::{KindInfo, cells};
use crate::api::field::Errors;
use crate::api::quantity::QuantityExt;
use crate::api::storage::{BETA_CLASS, annotation, capacity, modes_text, volume_class};
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short_names: &["pv"],
    namespaced: false,
    categories: &[],
    subresources: &["status"],
    prefix: "persistentvolumes",
    strategy: &Typed(Rules),
};

const UNSET: &str = "<unset>";

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, volume: &mut Kind) {
        text(&mut volume.status.get_or_insert_default().phase, "Pending");
        let spec = volume.spec.get_or_insert_default();
        text(&mut spec.persistent_volume_reclaim_policy, "Retain");
        spec.volume_mode
            .get_or_insert_with(|| "Filesystem".to_owned());
        drop_empty(&mut spec.storage_class_name);
        for amount in spec.capacity.iter_mut().flatten() {
            amount.1.canonicalize();
        }
        sources::defaults(spec);
    }

    fn prepare_for_create(&self, volume: &mut Kind) {
        volume.status = Some(PersistentVolumeStatus {
            phase: Some("Pending".to_owned()),
            last_phase_transition_time: volume.metadata.creation_timestamp.clone(),
            ..PersistentVolumeStatus::default()
        });
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, volume: &Kind) -> Errors {
        validation::validate(volume)
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::validate_update(new, old)
    }

    fn warnings(&self, volume: &Kind) -> Vec<String> {
        let mut warnings = Vec::new();
        if annotation(&volume.metadata, BETA_CLASS).is_some() {
            warnings.push(format!(
                "metadata.annotations[{BETA_CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        const OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";
        if annotation(&volume.metadata, OPTIONS).is_some() {
            warnings.push(format!(
                "metadata.annotations[{OPTIONS}]: deprecated since v1.31; use \"mountOptions\" attribute instead"
            ));
        }
        let Some(spec) = &volume.spec else {
            return warnings;
        };
        if spec.persistent_volume_reclaim_policy.as_deref() == Some("Recycle") {
            warnings.push("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.".to_owned());
        }
        let terms = spec
            .node_affinity
            .as_ref()
            .and_then(|a| a.required.as_ref());
        let terms = terms.map(|r| r.node_selector_terms.as_slice());
        for (i, term) in terms.unwrap_or_default().iter().enumerate() {
            for (j, rule) in term.match_expressions.iter().flatten().enumerate() {
                let path = format!(
                    "spec.nodeAffinity.required.nodeSelectorTerms[{i}].matchExpressions[{j}].key"
                );
                warnings.extend(old_node_label(&rule.key, &path));
            }
        }
        sources::warnings(spec, &mut warnings);
        warnings
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Capacity"),
            column("Access Modes"),
            column("Reclaim Policy"),
            column("Status"),
            column("Claim"),
            column("StorageClass"),
            column("VolumeAttributesClass"),
            column("Reason"),
            column("Age"),
            wide("VolumeMode"),
        ];
        COLUMNS
    }

    fn row(&self, volume: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec = volume.spec.as_ref().unwrap_or(&no_spec);
        let status = volume.status.as_ref().unwrap_or(&no_status);
        let phase = match &volume.metadata.deletion_timestamp {
            Some(_) => "Terminating".to_owned(),
            None => status.phase.clone().unwrap_or_default(),
        };
        let claim = spec
            .claim_ref
            .as_ref()
            .map(crate::api::storage::claim_key)
            .map(|key| format!("{}/{}", key.namespace, key.name));
        let or_unset = |text: &Option<String>| cells::or(text, UNSET);
        vec![
            volume.metadata.name.clone().unwrap_or_default(),
            capacity(volume).to_string(),
            modes_text(spec.access_modes.as_deref().unwrap_or_default()),
            spec.persistent_volume_reclaim_policy
                .clone()
                .unwrap_or_default(),
            phase,
            claim.unwrap_or_default(),
            volume_class(volume).to_owned(),
            or_unset(&spec.volume_attributes_class_name),
            status.reason.clone().unwrap_or_default(),
            age(&volume.metadata, now),
            or_unset(&spec.volume_mode),
        ]
    }
}
