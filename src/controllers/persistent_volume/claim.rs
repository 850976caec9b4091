//! What becomes of a claim (`pv_controller.go` syncClaim).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;

use super::PersistentVolumeController;
use super::bind::{find_match, mismatch};
use crate::api::storage::{
    BETA_STORAGE_PROVISIONER, BIND_COMPLETED, BOUND_BY_CONTROLLER, SELECTED_NODE,
    STORAGE_PROVISIONER, annotation, claim_class, claim_has_class, is_claimed_by, is_default_class,
    phase_of_claim, volume_of_claim,
};
use crate::api::{Key, Resource, Result};
use crate::apiserver::WriteOptions;
use crate::client::Involved;
use crate::controllers::controller::{Next, Outcome, Scope};
use crate::controllers::pods;

const NO_VOLUME: &str =
    "no persistent volumes available for this claim and no storage class is set";

impl PersistentVolumeController {
    pub(super) fn sync_claim(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        // The newest state decides: a volume is never bound twice by a cache that is behind.
        let Some(claim) = scope.ctx.get::<PersistentVolumeClaim>(key) else {
            self.unbound.remove(key);
            return Ok(Next::Change);
        };
        let completed = annotation(&claim.metadata, BIND_COMPLETED).is_some();
        if completed {
            self.unbound.remove(key);
            self.sync_bound(&claim, scope)?;
            return Ok(Next::Change);
        }
        if claim.metadata.deletion_timestamp.is_some() && volume_of_claim(&claim).is_empty() {
            return Ok(Next::Change);
        }
        if self.sync_unbound(&claim, scope)? {
            self.unbound.remove(key);
            return Ok(Next::Change);
        }
        Ok(self.resync(key))
    }

    /// Tells whether the claim is bound now.
    fn sync_unbound(
        &mut self,
        claim: &Rc<PersistentVolumeClaim>,
        scope: &mut Scope<'_, '_>,
    ) -> Result<bool> {
        let about = Involved::of(&**claim);
        let name = volume_of_claim(claim);
        if name.is_empty() {
            return self.find(claim, scope);
        }
        let Some(volume) = scope.ctx.get::<PersistentVolume>(&Key::new("", name)) else {
            return pending(claim, scope);
        };
        let reference = volume.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
        if reference.is_none() {
            if let Some(why) = mismatch(&volume, claim) {
                let message = format!("Cannot bind to requested volume \"{name}\": {why}");
                self.recorder
                    .warning(scope.ctx, &about, "VolumeMismatch", &message);
                return pending(claim, scope);
            }
        } else if !is_claimed_by(&volume, claim) {
            let message = format!("volume \"{name}\" already bound to a different claim.");
            self.recorder
                .warning(scope.ctx, &about, "FailedBinding", &message);
            return pending(claim, scope);
        }
        self.bind(&volume, claim, scope)?;
        Ok(true)
    }

    fn find(
        &mut self,
        claim: &Rc<PersistentVolumeClaim>,
        scope: &mut Scope<'_, '_>,
    ) -> Result<bool> {
        let class = scope
            .ctx
            .get::<StorageClass>(&Key::new("", claim_class(claim)));
        let mode = class
            .as_ref()
            .and_then(|c| c.volume_binding_mode.as_deref());
        let later = mode == Some("WaitForFirstConsumer");
        let volumes = scope.ctx.list::<PersistentVolume>(None);
        scope.look(volumes.len());
        if let Some(volume) = find_match(&volumes, claim, later) {
            let volume = volume.clone();
            self.bind(&volume, claim, scope)?;
            return Ok(true);
        }
        if !claim_has_class(claim) && self.give_default_class(claim, scope)? {
            return Ok(false);
        }
        let about = Involved::of(&**claim);
        let chosen = annotation(&claim.metadata, SELECTED_NODE).is_some();
        if later && !chosen {
            let (reason, message) = waiting_for(&claim.key(), scope);
            self.recorder.normal(scope.ctx, &about, reason, &message);
        } else if !claim_class(claim).is_empty() {
            return self.provision(claim, class.as_deref(), scope);
        } else {
            self.recorder
                .normal(scope.ctx, &about, "FailedBinding", NO_VOLUME);
        }
        pending(claim, scope)
    }

    /// A claim that came before there was a default class gets it afterwards.
    fn give_default_class(
        &mut self,
        claim: &PersistentVolumeClaim,
        scope: &mut Scope<'_, '_>,
    ) -> Result<bool> {
        let classes = scope.ctx.list::<StorageClass>(None);
        let newest = classes
            .iter()
            .filter(|c| is_default_class(&c.metadata))
            .max_by_key(|c| c.metadata.creation_timestamp.as_ref().map(|t| t.0));
        let Some(class) = newest else {
            return Ok(false);
        };
        let name = class.name().to_owned();
        scope.ctx.patch::<PersistentVolumeClaim>(
            &claim.key(),
            &WriteOptions::default(),
            |claim| {
                if let Some(spec) = &mut claim.spec {
                    spec.storage_class_name = Some(name);
                }
            },
        )?;
        Ok(true)
    }

    /// Asks the provisioner of the claim's class, which is not part of the control plane.
    fn provision(
        &mut self,
        claim: &PersistentVolumeClaim,
        class: Option<&StorageClass>,
        scope: &mut Scope<'_, '_>,
    ) -> Result<bool> {
        let about = Involved::of(claim);
        let Some(class) = class else {
            let message = format!(
                "storageclass.storage.k8s.io \"{}\" not found",
                claim_class(claim)
            );
            self.recorder
                .warning(scope.ctx, &about, "ProvisioningFailed", &message);
            return Ok(false);
        };
        let provisioner = class.provisioner.clone();
        if provisioner.starts_with("kubernetes.io/") {
            let message = format!("no volume plugin matched name: {provisioner}");
            self.recorder
                .warning(scope.ctx, &about, "ProvisioningFailed", &message);
            return Ok(false);
        }
        let key = claim.key();
        if annotation(&claim.metadata, STORAGE_PROVISIONER) != Some(&provisioner) {
            let name = provisioner.clone();
            scope
                .ctx
                .patch::<PersistentVolumeClaim>(&key, &WriteOptions::default(), |claim| {
                    let annotations = claim.metadata.annotations.get_or_insert_default();
                    for key in [BETA_STORAGE_PROVISIONER, STORAGE_PROVISIONER] {
                        annotations.insert(key.to_owned(), name.clone());
                    }
                })?;
        }
        let message = format!(
            "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
        );
        self.recorder
            .normal(scope.ctx, &about, "ExternalProvisioning", &message);
        Ok(false)
    }

    fn sync_bound(
        &mut self,
        claim: &Rc<PersistentVolumeClaim>,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        const LOST: &str = "ClaimLost";
        let name = volume_of_claim(claim);
        if name.is_empty() {
            let message =
                "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
            return self.lose(claim, LOST, message, scope);
        }
        let Some(volume) = scope.ctx.get::<PersistentVolume>(&Key::new("", name)) else {
            let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
            return self.lose(claim, LOST, message, scope);
        };
        let reference = volume.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
        let uid = reference.map(|r| r.uid.as_deref().unwrap_or_default());
        match uid {
            None => self.bind(&volume, claim, scope),
            Some(uid) if uid == claim.uid() => self.bind(&volume, claim, scope),
            Some(_) => {
                let message =
                    "Two claims are bound to the same volume, this one is bound incorrectly";
                self.lose(claim, "ClaimMisbound", message, scope)
            }
        }
    }

    fn lose(
        &mut self,
        claim: &PersistentVolumeClaim,
        reason: &str,
        message: &str,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        if phase_of_claim(claim) == "Lost" {
            return Ok(());
        }
        let status = &WriteOptions::STATUS;
        scope
            .ctx
            .patch::<PersistentVolumeClaim>(&claim.key(), status, |claim| {
                let status = claim.status.get_or_insert_default();
                status.phase = Some("Lost".to_owned());
                status.access_modes = None;
                status.capacity = None;
            })?;
        let about = Involved::of(claim);
        self.recorder.warning(scope.ctx, &about, reason, message);
        Ok(())
    }
}

/// A claim that nothing was found for.
fn pending(claim: &PersistentVolumeClaim, scope: &mut Scope<'_, '_>) -> Result<bool> {
    if phase_of_claim(claim) != "Pending" {
        let status = &WriteOptions::STATUS;
        scope
            .ctx
            .patch::<PersistentVolumeClaim>(&claim.key(), status, |claim| {
                claim.status.get_or_insert_default().phase = Some("Pending".to_owned());
            })?;
    }
    Ok(false)
}

/// Why a claim of a class that binds late is not bound.
fn waiting_for(claim: &Key, scope: &Scope<'_, '_>) -> (&'static str, String) {
    let waiting: Vec<&str> = super::users(scope.caches, claim)
        .filter(|p| pods::node_name(p).is_empty() && !pods::is_terminal(p))
        .map(Resource::name)
        .collect();
    match waiting.as_slice() {
        [] => (
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding".to_owned(),
        ),
        [one] => (
            "WaitForPodScheduled",
            format!("waiting for pod {one} to be scheduled"),
        ),
        many => (
            "WaitForPodScheduled",
            format!("waiting for pods {} to be scheduled", many.join(",")),
        ),
    }
}

/// Whether the controller, and no person, brought an object into a binding.
pub(super) fn by_controller(volume: &PersistentVolume) -> bool {
    annotation(&volume.metadata, BOUND_BY_CONTROLLER).is_some()
}
