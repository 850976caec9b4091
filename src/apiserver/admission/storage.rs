//! Claims and volumes: protected from being deleted while they are in use, and of the default
//! class unless they say otherwise.
//!
//! Models `k8s.io/kubernetes/plugin/pkg/admission/storage`: `storageobjectinuseprotection`,
//! `storageclass/setdefault` and `persistentvolume/resize`.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;

use crate::api::storage::{
    PV_PROTECTION, PVC_PROTECTION, claim_class, claim_has_class, is_default_class, phase_of_claim,
    requested,
};
use crate::api::{Key, Object, Resource, Result, Status};
use crate::apiserver::ApiServer;

/// Objects of storage are held until nobody uses them.
pub(super) fn protect(object: &mut Object) {
    let finalizer = if object.kind() == PersistentVolumeClaim::KIND {
        PVC_PROTECTION
    } else if object.kind() == PersistentVolume::KIND {
        PV_PROTECTION
    } else {
        return;
    };
    let finalizers = object.meta_mut().finalizers.get_or_insert_default();
    if !finalizers.iter().any(|f| f == finalizer) {
        finalizers.push(finalizer.to_owned());
    }
}

impl ApiServer {
    /// A claim that names no class, not even the empty one, gets the default class.
    pub(super) fn admit_default_class(&self, object: &mut Object) {
        let Some(claim) = object.edit::<PersistentVolumeClaim>() else {
            return;
        };
        if claim_has_class(claim) {
            return;
        }
        let classes = self.list::<StorageClass>(None);
        // Of several defaults the newest, and of those made at once the first by name.
        let chosen = classes
            .iter()
            .filter(|c| is_default_class(&c.metadata))
            .min_by_key(|c| {
                let made = c.metadata.creation_timestamp.as_ref().map(|t| t.0);
                (std::cmp::Reverse(made), c.name())
            });
        if let (Some(class), Some(spec)) = (chosen, &mut claim.spec) {
            spec.storage_class_name = Some(class.name().to_owned());
        }
    }

    /// PersistentVolumeClaimResize: only claims of a class that allows it may grow.
    pub(super) fn admit_resize(&self, object: &Object, old: &Object) -> Result<()> {
        let (Some(new), Some(old)) = (
            object.get::<PersistentVolumeClaim>(),
            old.get::<PersistentVolumeClaim>(),
        ) else {
            return Ok(());
        };
        if requested(new) <= requested(old) {
            return Ok(());
        }
        let refuse = |detail: &str| {
            Err(Status::forbidden(
                PersistentVolumeClaim::KIND.info(),
                new.name(),
                detail,
            ))
        };
        if phase_of_claim(old) != "Bound" {
            return refuse("Only bound persistent volume claims can be expanded");
        }
        let class = self.get::<StorageClass>(&Key::new("", claim_class(new)));
        if class.is_none_or(|c| c.allow_volume_expansion != Some(true)) {
            return refuse(
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
            );
        }
        Ok(())
    }
}
