//! What volumes, claims and classes mean, for all who deal with them.
//!
//! Models `k8s.io/component-helpers/storage/volume` and `k8s.io/kubectl/pkg/util/storage`.

use k8s_openapi::api::core::v1::{
    Node, NodeSelectorTerm, ObjectReference, PersistentVolume, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, Pod, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Key;
use super::object::Resource;
use super::quantity::{Quantity, QuantityExt};
use super::scheduling::term_matches;
use super::selector::Selector;

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

/// Whether a volume can be used in all the ways that a claim asks for.
pub fn has_modes(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let has = volume.spec.as_ref().and_then(|s| s.access_modes.as_deref());
    let has = has.unwrap_or_default();
    let wanted = claim.spec.as_ref().and_then(|s| s.access_modes.as_deref());
    wanted.unwrap_or_default().iter().all(|m| has.contains(m))
}

/// Whether both are file systems, or both are blocks.
pub fn same_mode(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let is_block = |mode: Option<&String>| mode.is_some_and(|m| m == "Block");
    is_block(volume.spec.as_ref().and_then(|s| s.volume_mode.as_ref()))
        == is_block(claim.spec.as_ref().and_then(|s| s.volume_mode.as_ref()))
}

/// The smallest volume that suits a claim, or the one that is kept for it (`FindMatchingVolume`).
///
/// `node` is the node from which it has to be reached, if that is known already; without one,
/// nothing is chosen for claims that bind `later`, but for what is kept for them.
pub fn find_volume<'v>(
    volumes: impl Iterator<Item = &'v std::rc::Rc<PersistentVolume>>,
    claim: &PersistentVolumeClaim,
    node: Option<&Node>,
    later: bool,
) -> Option<&'v std::rc::Rc<PersistentVolume>> {
    let wanted = requested(claim);
    let spec = claim.spec.as_ref()?;
    let selector = match &spec.selector {
        Some(selector) => Selector::from_api(Some(selector)).ok()?,
        None => Selector::everything(),
    };
    let none = Default::default();
    let mut best: Option<(Quantity, &std::rc::Rc<PersistentVolume>)> = None;
    for volume in volumes {
        let of_volume = volume.spec.as_ref()?;
        let kept = is_claimed_by(volume, claim);
        let size = capacity(volume);
        if (of_volume.claim_ref.is_some() && !kept)
            || size < wanted
            || !same_mode(volume, claim)
            || of_volume
                .volume_attributes_class_name
                .as_deref()
                .unwrap_or_default()
                != spec
                    .volume_attributes_class_name
                    .as_deref()
                    .unwrap_or_default()
            || volume.metadata.deletion_timestamp.is_some()
        {
            continue;
        }
        let reached = node.is_none_or(|node| is_reached_from(volume, node));
        if kept {
            return reached.then_some(volume);
        }
        let labels = volume.metadata.labels.as_ref().unwrap_or(&none);
        if (node.is_none() && later)
            || phase_of_volume(volume) != "Available"
            || !selector.matches(labels)
            || volume_class(volume) != claim_class(claim)
            || !reached
            || !has_modes(volume, claim)
        {
            continue;
        }
        if best.is_none_or(|(smallest, _)| size < smallest) {
            best = Some((size, volume));
        }
    }
    best.map(|(_, volume)| volume)
}

/// Whether a node can reach a volume.
pub fn is_reached_from(volume: &PersistentVolume, node: &Node) -> bool {
    let Some(terms) = node_terms(volume) else {
        return true;
    };
    let none = Default::default();
    let labels = node.metadata.labels.as_ref().unwrap_or(&none);
    terms
        .iter()
        .any(|term| term_matches(term, labels, node.name()))
}

/// The name of the simulated disk behind a volume: a folder of a node, or something that all nodes
/// reach. `node` is where it is used.
pub fn disk(volume: &PersistentVolume, node: &str) -> Option<String> {
    let spec = volume.spec.as_ref()?;
    Some(if let Some(local) = &spec.local {
        folder_of_node(node, &local.path)
    } else if let Some(folder) = &spec.host_path {
        folder_of_node(node, &folder.path)
    } else if let Some(nfs) = &spec.nfs {
        format!("nfs://{}{}", nfs.server, nfs.path)
    } else if let Some(csi) = &spec.csi {
        format!("csi://{}/{}", csi.driver, csi.volume_handle)
    } else {
        format!("volume://{}", volume.uid())
    })
}

/// The name of the simulated disk that a folder of a node is.
pub fn folder_of_node(node: &str, path: &str) -> String {
    format!("node://{node}{}", path.trim_end_matches('/'))
}
