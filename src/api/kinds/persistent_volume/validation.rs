//! The rules of volumes.
//!
//! Models `ValidatePersistentVolume` in `k8s.io/kubernetes/pkg/apis/core/validation/validation.go`.
//! The order of errors is upstream's.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity};
use serde_json::Value;

use super::sources;
use crate::api::codec::encode;
use crate::api::difference;
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::persistent_volume_claim::validation::{access_modes, volume_mode};
use crate::api::kinds::pod::go_spec::{node_terms, volume_source};
use crate::api::kinds::pod::scheduling::node_selector;
use crate::api::names::is_dns1123_subdomain;
use crate::api::quantity::QuantityExt;
use crate::api::validation::IMMUTABLE;

pub(super) fn validate(volume: &PersistentVolume) -> Errors {
    let mut errors = Errors::default();
    let empty = PersistentVolumeSpec::default();
    let spec = volume.spec.as_ref().unwrap_or(&empty);
    let path = Path::new("spec");
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    if modes.is_empty() {
        errors.required(&path.child("accessModes"), "");
    }
    access_modes(modes, &path.child("accessModes"), &mut errors);
    capacity(spec, &path.child("capacity"), &mut errors);
    let policy = spec.persistent_volume_reclaim_policy.as_deref();
    let policy = policy.unwrap_or_default();
    const POLICIES: [&str; 3] = ["Delete", "Recycle", "Retain"];
    let path_of_policy = path.child("persistentVolumeReclaimPolicy");
    if !policy.is_empty() && !POLICIES.contains(&policy) {
        errors.not_supported(&path_of_policy, policy, &POLICIES);
    }
    if let Some(affinity) = &spec.node_affinity {
        node_affinity(affinity, &path.child("nodeAffinity"), &mut errors);
    }
    let has_affinity = spec.node_affinity.is_some();
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    sources::validate(spec, has_affinity, name, &path, &mut errors);
    let is_root = |p: &str| p.split('/').all(|part| part.is_empty() || part == ".");
    if policy == "Recycle" && spec.host_path.as_ref().is_some_and(|h| is_root(&h.path)) {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        errors.forbidden(&path_of_policy, detail);
    }
    let class = spec.storage_class_name.as_deref().unwrap_or_default();
    if !class.is_empty() {
        let messages = is_dns1123_subdomain(class);
        errors.invalid_each(&path.child("storageClassName"), class, messages);
    }
    volume_mode(
        spec.volume_mode.as_deref(),
        &path.child("volumeMode"),
        &mut errors,
    );
    if let Some(class) = &spec.volume_attributes_class_name {
        let path_of_class = path.child("volumeAttributesClassName");
        if class.is_empty() {
            errors.required(&path_of_class, "an empty string is disallowed");
        } else {
            errors.invalid_each(&path_of_class, class, is_dns1123_subdomain(class));
        }
        if spec.csi.is_none() {
            let detail = "has to be specified when using volumeAttributesClassName";
            errors.required(&path.child("csi"), detail);
        }
    }
    errors
}

pub(super) fn validate_update(new: &PersistentVolume, old: &PersistentVolume) -> Errors {
    let mut errors = validate(new);
    let (Some(spec), Some(before)) = (&new.spec, &old.spec) else {
        return errors;
    };
    let (mut now, then) = (source(spec), source(before));
    // A driver that could not grow volumes may learn it.
    if then["csi"].is_object()
        && then["csi"]["controllerExpandSecretRef"].is_null()
        && let Some(csi) = now["csi"].as_object_mut()
    {
        csi.remove("controllerExpandSecretRef");
    }
    if now != then {
        let detail = format!(
            "spec.persistentvolumesource is immutable after creation\n{}",
            difference::of_json(&volume_source(&then), &volume_source(&now))
        );
        errors.forbidden(&Path::new("spec").child("persistentvolumesource"), detail);
    }
    if spec.volume_mode != before.volume_mode {
        let mode = spec.volume_mode.as_deref().unwrap_or_default();
        errors.invalid(&Path::new("volumeMode"), mode, IMMUTABLE);
    }
    if before.node_affinity.is_some() && spec.node_affinity != before.node_affinity {
        let shown = match spec.node_affinity.as_ref().map(|a| &a.required) {
            None => "null".to_owned(),
            Some(None) => "{\"Required\":null}".to_owned(),
            Some(Some(required)) => {
                let terms = node_terms(&required.node_selector_terms);
                format!("{{\"Required\":{{\"NodeSelectorTerms\":{terms}}}}}")
            }
        };
        let detail = format!("{IMMUTABLE}, except for updating from beta label to GA");
        errors.invalid_raw(&Path::new("nodeAffinity"), &shown, detail);
    }
    let class = &before.volume_attributes_class_name;
    if class.is_some() && spec.volume_attributes_class_name.is_none() {
        let path = Path::new("spec");
        let detail = "update from non-nil value to nil is forbidden";
        errors.forbidden(&path.child("volumeAttributesClassName"), detail);
    }
    errors
}

/// The part of a volume that says where the data is.
fn source(spec: &PersistentVolumeSpec) -> Value {
    const OTHERS: [&str; 9] = [
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    ];
    let mut value = encode(spec);
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !OTHERS.contains(&key.as_str()));
    }
    value
}

fn capacity(spec: &PersistentVolumeSpec, path: &Path<'_>, errors: &mut Errors) {
    let none = Default::default();
    let capacity = spec.capacity.as_ref().unwrap_or(&none);
    if capacity.is_empty() {
        errors.required(path, "");
    }
    if !capacity.contains_key("storage") || capacity.len() > 1 {
        let shown = match &spec.capacity {
            Some(capacity) => encode(capacity).to_string(),
            None => "null".to_owned(),
        };
        errors.not_supported_raw(path, &shown, &["storage"]);
    }
    for (name, amount) in capacity {
        let path = path.key(name);
        let parsed = amount.amount();
        if parsed.sign() < 0 {
            let detail = "must be a valid resource quantity";
            errors.invalid(&path, parsed.value(), detail);
        }
        if parsed.sign() <= 0 {
            let shown = quote(&parsed.to_string());
            errors.invalid_raw(&path, &shown, "must be greater than zero");
        }
    }
}

fn node_affinity(affinity: &VolumeNodeAffinity, path: &Path<'_>, errors: &mut Errors) {
    let path = path.child("required");
    match &affinity.required {
        Some(required) => node_selector(required, &path, errors),
        None => errors.required(&path, "must specify required node constraints"),
    }
}
