//! What volumes, claims and classes mean, for all who deal with them.
//!
//! Models `k8s.io/component-helpers/storage/volume` and `k8s.io/kubectl/pkg/util/storage`.

use k8s_openapi::api::core::v1::{
    NodeSelectorTerm, ObjectReference, PersistentVolume, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PersistentVolumeSpec, Pod, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Key;
use super::object::Resource;
use super::quantity::{Quantity, QuantityExt};

pub const PVC_PROTECTION: &str = "kubernetes.io/pvc-protection";
pub const PV_PROTECTION: &str = "kubernetes.io/pv-protection";
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
pub const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub const BETA_STORAGE_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
pub const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
const BETA_DEFAULT_CLASS: &str = "storageclass.beta.kubernetes.io/is-default-class";

/// The provisioner of classes whose volumes somebody makes by hand.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

pub fn annotation<'m>(meta: &'m ObjectMeta, key: &str) -> Option<&'m str> {
    meta.annotations.as_ref()?.get(key).map(String::as_str)
}

/// Whether claims that name no class get this one.
pub fn is_default_class(meta: &ObjectMeta) -> bool {
    [DEFAULT_CLASS, BETA_DEFAULT_CLASS]
        .iter()
        .any(|key| annotation(meta, key) == Some("true"))
}

/// The class of a claim; empty for none.
pub fn claim_class(claim: &PersistentVolumeClaim) -> &str {
    annotation(&claim.metadata, BETA_CLASS)
        .or_else(|| claim.spec.as_ref()?.storage_class_name.as_deref())
        .unwrap_or_default()
}

/// Whether a claim says anything of its class, be it that it wants none.
pub fn claim_has_class(claim: &PersistentVolumeClaim) -> bool {
    annotation(&claim.metadata, BETA_CLASS).is_some()
        || claim
            .spec
            .as_ref()
            .is_some_and(|s| s.storage_class_name.is_some())
}

/// The class of a volume; empty for none.
pub fn volume_class(volume: &PersistentVolume) -> &str {
    annotation(&volume.metadata, BETA_CLASS)
        .or_else(|| volume.spec.as_ref()?.storage_class_name.as_deref())
        .unwrap_or_default()
}

pub fn phase_of_claim(claim: &PersistentVolumeClaim) -> &str {
    claim
        .status
        .as_ref()
        .and_then(|s| s.phase.as_deref())
        .unwrap_or_default()
}

pub fn phase_of_volume(volume: &PersistentVolume) -> &str {
    volume
        .status
        .as_ref()
        .and_then(|s| s.phase.as_deref())
        .unwrap_or_default()
}

/// The name of the volume that a claim is, or is to be, bound to.
pub fn volume_of_claim(claim: &PersistentVolumeClaim) -> &str {
    claim
        .spec
        .as_ref()
        .and_then(|s| s.volume_name.as_deref())
        .unwrap_or_default()
}

/// What a claim asks for.
pub fn requested(claim: &PersistentVolumeClaim) -> Quantity {
    claim.spec.as_ref().map(requested_by).unwrap_or_default()
}

pub fn requested_by(spec: &PersistentVolumeClaimSpec) -> Quantity {
    let requests = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
    requests
        .and_then(|r| r.get("storage"))
        .map(QuantityExt::amount)
        .unwrap_or_default()
}

/// How large a volume is.
pub fn capacity(volume: &PersistentVolume) -> Quantity {
    let capacity = volume.spec.as_ref().and_then(|s| s.capacity.as_ref());
    capacity
        .and_then(|c| c.get("storage"))
        .map(QuantityExt::amount)
        .unwrap_or_default()
}

/// `RWO,ROX`: access modes as people write them.
pub fn modes_text(modes: &[String]) -> String {
    const MODES: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let texts: Vec<&str> = MODES
        .iter()
        .filter(|(mode, _)| modes.iter().any(|m| m == mode))
        .map(|(_, text)| *text)
        .collect();
    texts.join(",")
}

/// Whether a volume is meant for this claim, be it that the claim's uid is not known yet.
pub fn is_claimed_by(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let Some(reference) = volume.spec.as_ref().and_then(|s| s.claim_ref.as_ref()) else {
        return false;
    };
    if reference.name.as_deref() != Some(claim.name())
        || reference.namespace.as_deref() != Some(claim.namespace())
    {
        return false;
    }
    match reference.uid.as_deref().unwrap_or_default() {
        "" => true,
        uid => uid == claim.uid(),
    }
}

/// Whom a volume is claimed by.
pub fn claim_key(reference: &ObjectReference) -> Key {
    Key::new(
        reference.namespace.as_deref().unwrap_or_default(),
        reference.name.as_deref().unwrap_or_default(),
    )
}

/// The terms of which a node has to match one for the volume to be reached from it.
pub fn node_terms(volume: &PersistentVolume) -> Option<&Vec<NodeSelectorTerm>> {
    let affinity = volume.spec.as_ref()?.node_affinity.as_ref()?;
    Some(&affinity.required.as_ref()?.node_selector_terms)
}

/// The name of the claim behind a pod's volume: its own, or one made for the pod.
pub fn claim_name(pod: &Pod, volume: &Volume) -> Option<String> {
    if let Some(source) = &volume.persistent_volume_claim {
        return Some(source.claim_name.clone());
    }
    volume
        .ephemeral
        .is_some()
        .then(|| format!("{}-{}", pod.name(), volume.name))
}

/// The claims that a pod's volumes name.
pub fn claims_of_pod(pod: &Pod) -> impl Iterator<Item = (&Volume, String)> {
    let volumes = pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
    volumes
        .unwrap_or_default()
        .iter()
        .filter_map(|volume| Some((volume, claim_name(pod, volume)?)))
}

/// Whether a claim that was made for a pod's ephemeral volume is this pod's.
pub fn is_for_pod(pod: &Pod, claim: &PersistentVolumeClaim) -> bool {
    super::object::controller_of(&claim.metadata).is_some_and(|o| o.uid == pod.uid())
}

/// The driver, and where the data is: what tells two volumes apart.
pub fn is_local(spec: &PersistentVolumeSpec) -> bool {
    spec.local.is_some() || spec.host_path.is_some()
}
