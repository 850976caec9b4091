//! Which volume suits a claim, and how the two are bound (`pv_controller.go` bind, `index.go`).

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{ObjectReference, PersistentVolume, PersistentVolumeClaim};

use super::PersistentVolumeController;
use crate::api::storage::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, annotation, capacity, claim_class, find_volume, has_modes,
    is_claimed_by, requested, same_mode, volume_class, volume_of_claim,
};
use crate::api::time::api_time;
use crate::api::{Resource, Result};
use crate::apiserver::WriteOptions;
use crate::controllers::controller::Scope;

/// The volume that suits best: of those with the fewest access modes that do, the smallest.
pub(super) fn find_match<'v>(
    volumes: &'v [Rc<PersistentVolume>],
    claim: &PersistentVolumeClaim,
    later: bool,
) -> Option<&'v Rc<PersistentVolume>> {
    let mut by_modes: BTreeMap<(usize, Vec<String>), Vec<&Rc<PersistentVolume>>> = BTreeMap::new();
    for volume in volumes.iter().filter(|v| has_modes(v, claim)) {
        let spec = volume.spec.as_ref();
        let mut modes = spec
            .and_then(|s| s.access_modes.clone())
            .unwrap_or_default();
        modes.sort();
        by_modes
            .entry((modes.len(), modes))
            .or_default()
            .push(volume);
    }
    by_modes
        .values()
        .find_map(|volumes| find_volume(volumes.iter().copied(), claim, None, later))
}

/// Why a volume that a claim names does not suit it (`checkVolumeSatisfyClaim`).
pub(super) fn mismatch(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<String> {
    if volume.metadata.deletion_timestamp.is_some() {
        let name = volume.name();
        return Some(format!("the volume is marked for deletion \"{name}\""));
    }
    let of = |s: Option<&String>| s.map(String::as_str).unwrap_or_default().to_owned();
    let attributes = volume.spec.as_ref();
    let attributes = of(attributes.and_then(|s| s.volume_attributes_class_name.as_ref()));
    let wanted = claim.spec.as_ref();
    let wanted = of(wanted.and_then(|s| s.volume_attributes_class_name.as_ref()));
    let why = if capacity(volume) < requested(claim) {
        "requested PV is too small"
    } else if volume_class(volume) != claim_class(claim) {
        "storageClassName does not match"
    } else if attributes != wanted {
        "volumeAttributesClassName does not match"
    } else if !same_mode(volume, claim) {
        "incompatible volumeMode"
    } else if !has_modes(volume, claim) {
        "incompatible accessMode"
    } else {
        return None;
    };
    Some(why.to_owned())
}

impl PersistentVolumeController {
    /// Binds a volume to a claim and the claim to the volume, as far as they are not.
    pub(super) fn bind(
        &mut self,
        volume: &PersistentVolume,
        claim: &PersistentVolumeClaim,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        let chosen = !is_claimed_by(volume, claim);
        let reference = reference_to(claim);
        scope
            .ctx
            .patch::<PersistentVolume>(&volume.key(), &WriteOptions::default(), |volume| {
                reserve(volume, &reference, chosen);
            })?;
        set_phase(volume, "Bound", "", scope)?;
        let name = volume.name().to_owned();
        scope.ctx.patch::<PersistentVolumeClaim>(
            &claim.key(),
            &WriteOptions::default(),
            |claim| {
                let chosen = volume_of_claim(claim) != name;
                let annotations = claim.metadata.annotations.get_or_insert_default();
                if chosen {
                    annotations.insert(BOUND_BY_CONTROLLER.to_owned(), "yes".to_owned());
                }
                annotations
                    .entry(BIND_COMPLETED.to_owned())
                    .or_insert_with(|| "yes".to_owned());
                if let Some(spec) = &mut claim.spec {
                    spec.volume_name = Some(name.clone());
                }
            },
        )?;
        let none = Default::default();
        let spec = volume.spec.as_ref().unwrap_or(&none);
        let status = &WriteOptions::STATUS;
        scope
            .ctx
            .patch::<PersistentVolumeClaim>(&claim.key(), status, |claim| {
                let status = claim.status.get_or_insert_default();
                let was_bound = status.phase.as_deref() == Some("Bound");
                status.phase = Some("Bound".to_owned());
                status.access_modes.clone_from(&spec.access_modes);
                // How large a bound claim is, its expansion says.
                if !was_bound || status.capacity.is_none() {
                    status.capacity.clone_from(&spec.capacity);
                }
                status
                    .current_volume_attributes_class_name
                    .clone_from(&spec.volume_attributes_class_name);
            })?;
        Ok(())
    }
}

/// What a volume says of its claim.
pub(super) fn reference_to(claim: &PersistentVolumeClaim) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("PersistentVolumeClaim".to_owned()),
        name: claim.metadata.name.clone(),
        namespace: claim.metadata.namespace.clone(),
        resource_version: claim.metadata.resource_version.clone(),
        uid: claim.metadata.uid.clone(),
        field_path: None,
    }
}

fn reserve(volume: &mut PersistentVolume, claim: &ObjectReference, chosen: bool) {
    if let Some(spec) = &mut volume.spec {
        let same = spec.claim_ref.as_ref().is_some_and(|r| {
            r.name == claim.name && r.namespace == claim.namespace && r.uid == claim.uid
        });
        if !same {
            spec.claim_ref = Some(claim.clone());
        }
    }
    if chosen && annotation(&volume.metadata, BOUND_BY_CONTROLLER).is_none() {
        let annotations = volume.metadata.annotations.get_or_insert_default();
        annotations.insert(BOUND_BY_CONTROLLER.to_owned(), "yes".to_owned());
    }
}

pub(super) fn set_phase(
    volume: &PersistentVolume,
    phase: &str,
    message: &str,
    scope: &mut Scope<'_, '_>,
) -> Result<()> {
    let now = api_time(scope.now());
    let status = &WriteOptions::STATUS;
    scope
        .ctx
        .patch::<PersistentVolume>(&volume.key(), status, |volume| {
            let status = volume.status.get_or_insert_default();
            if status.phase.as_deref() == Some(phase) {
                return;
            }
            status.phase = Some(phase.to_owned());
            status.message = (!message.is_empty()).then(|| message.to_owned());
            status.last_phase_transition_time = Some(now);
        })?;
    Ok(())
}
