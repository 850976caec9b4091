//! What becomes of a volume (`pv_controller.go` syncVolume).

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use super::PersistentVolumeController;
use super::bind::set_phase;
use super::claim::by_controller;
use crate::api::storage::{
    BOUND_BY_CONTROLLER, PROVISIONED_BY, annotation, claim_key, phase_of_volume, volume_of_claim,
};
use crate::api::{Key, Resource, Result};
use crate::apiserver::WriteOptions;
use crate::controllers::controller::{Next, Outcome, Scope};

impl PersistentVolumeController {
    pub(super) fn sync_volume(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(volume) = scope.ctx.get::<PersistentVolume>(key) else {
            return Ok(Next::Change);
        };
        let reference = volume.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
        let Some(reference) = reference else {
            set_phase(&volume, "Available", "", scope)?;
            return Ok(Next::Change);
        };
        let uid = reference.uid.as_deref().unwrap_or_default();
        if uid.is_empty() {
            // Kept for a claim that is not there, or not bound.
            set_phase(&volume, "Available", "", scope)?;
            return Ok(Next::Change);
        }
        let claim_key = claim_key(reference);
        let claim = scope.ctx.get::<PersistentVolumeClaim>(&claim_key);
        let claim = claim.filter(|c| c.uid() == uid);
        let Some(claim) = claim else {
            return self.release(&volume, scope);
        };
        match volume_of_claim(&claim) {
            "" => scope.trigger(claim_key),
            name if name == volume.name() => set_phase(&volume, "Bound", "", scope)?,
            // The claim is bound to another one.
            _ if annotation(&volume.metadata, PROVISIONED_BY).is_some() => {
                return self.release(&volume, scope);
            }
            _ => unbind(&volume, scope)?,
        }
        Ok(Next::Change)
    }

    /// Nobody claims the volume any longer.
    fn release(&mut self, volume: &PersistentVolume, scope: &mut Scope<'_, '_>) -> Outcome {
        if !matches!(phase_of_volume(volume), "Released" | "Failed") {
            set_phase(volume, "Released", "", scope)?;
        }
        self.reclaim(volume, scope)
    }
}

/// Takes a volume back from a claim that is bound elsewhere; one that was kept for the claim by
/// hand stays so.
pub(super) fn unbind(volume: &PersistentVolume, scope: &mut Scope<'_, '_>) -> Result<()> {
    let own = by_controller(volume);
    scope
        .ctx
        .patch::<PersistentVolume>(&volume.key(), &WriteOptions::default(), |volume| {
            if let Some(annotations) = &mut volume.metadata.annotations {
                annotations.remove(BOUND_BY_CONTROLLER);
            }
            let Some(spec) = &mut volume.spec else {
                return;
            };
            match &mut spec.claim_ref {
                _ if own => spec.claim_ref = None,
                Some(reference) => reference.uid = None,
                None => {}
            }
        })?;
    set_phase(volume, "Available", "", scope)
}
