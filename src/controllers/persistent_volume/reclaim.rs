//! What is done with a volume that nobody claims any longer (`pv_controller.go` reclaimVolume).

use std::time::Duration;

use k8s_openapi::api::core::v1::PersistentVolume;

use super::PersistentVolumeController;
use super::bind::set_phase;
use super::volume::unbind;
use crate::api::storage::{PROVISIONED_BY, annotation, phase_of_volume};
use crate::api::time::from_api;
use crate::api::{Resource, Result};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::client::Involved;
use crate::controllers::controller::{Next, Outcome, Scope};
use crate::sim::{Time, secs};

/// How long it takes to empty a volume: a pod starts, and removes the files.
const RECYCLE: Duration = secs(5);

impl PersistentVolumeController {
    pub(super) fn reclaim(
        &mut self,
        volume: &PersistentVolume,
        scope: &mut Scope<'_, '_>,
    ) -> Outcome {
        let spec = volume.spec.as_ref();
        let policy = spec.and_then(|s| s.persistent_volume_reclaim_policy.as_deref());
        match policy {
            Some("Delete") => self.delete(volume, scope)?,
            Some("Recycle") => return self.recycle(volume, scope),
            _ => {}
        }
        Ok(Next::Change)
    }

    /// The volumes of a provisioner are its own to delete; of the others, only folders below
    /// `/tmp` can be.
    fn delete(&mut self, volume: &PersistentVolume, scope: &mut Scope<'_, '_>) -> Result<()> {
        if annotation(&volume.metadata, PROVISIONED_BY).is_some()
            || volume.metadata.deletion_timestamp.is_some()
        {
            return Ok(());
        }
        let spec = volume.spec.as_ref();
        let path = spec
            .and_then(|s| s.host_path.as_ref())
            .map(|h| h.path.as_str());
        let why = match path {
            Some(path) if path.len() > 5 && path.starts_with("/tmp/") => {
                let options = DeleteOptions::default();
                return match scope
                    .ctx
                    .delete::<PersistentVolume>(&volume.key(), &options)
                {
                    Err(status) if !status.is_not_found() => Err(status),
                    _ => Ok(()),
                };
            }
            Some(path) => {
                format!("host_path deleter only supports /tmp/.+ but received provided {path}")
            }
            None => format!(
                "error getting deleter volume plugin for volume \"{}\": no deletable volume plugin matched",
                volume.name()
            ),
        };
        self.fail(volume, "VolumeFailedDelete", &why, scope)
    }

    fn fail(
        &mut self,
        volume: &PersistentVolume,
        reason: &str,
        why: &str,
        scope: &mut Scope<'_, '_>,
    ) -> Result<()> {
        if phase_of_volume(volume) == "Failed" {
            return Ok(());
        }
        set_phase(volume, "Failed", why, scope)?;
        let about = Involved::of(volume);
        self.recorder.warning(scope.ctx, &about, reason, why);
        Ok(())
    }

    fn recycle(&mut self, volume: &PersistentVolume, scope: &mut Scope<'_, '_>) -> Outcome {
        let none = Default::default();
        let spec = volume.spec.as_ref().unwrap_or(&none);
        if spec.host_path.is_none() && spec.nfs.is_none() {
            let why = "No recycler plugin found for the volume!";
            self.fail(volume, "VolumeFailedRecycle", why, scope)?;
            return Ok(Next::Change);
        }
        let newest = scope.ctx.get::<PersistentVolume>(&volume.key());
        let since = newest.as_ref().and_then(|v| v.status.as_ref());
        let since = since.and_then(|s| s.last_phase_transition_time.as_ref());
        let since = since.map_or(Time::EPOCH, from_api);
        let about = Involved::of(volume);
        let now = scope.now();
        if now < since + RECYCLE {
            let pod = format!("recycler-for-{}", volume.name());
            let message = format!("Recycler pod: Successfully assigned default/{pod}");
            self.recorder
                .normal(scope.ctx, &about, "RecyclerPod", &message);
            let left = (since + RECYCLE).since(now);
            return Ok(Next::After(left, "the volume is being emptied"));
        }
        if let Some(id) = crate::api::storage::disk(volume, "") {
            scope.ctx.kernel.disks.remove(id.as_str());
        }
        self.recorder
            .normal(scope.ctx, &about, "VolumeRecycled", "Volume recycled");
        scope
            .ctx
            .patch::<PersistentVolume>(&volume.key(), &WriteOptions::default(), |volume| {
                if let Some(spec) = &mut volume.spec {
                    spec.claim_ref = None;
                }
            })?;
        unbind(volume, scope)?;
        Ok(Next::Change)
    }
}
