//! Holds claims that pods use, and volumes that claims use, until they are not used any longer
//! (`k8s.io/kubernetes/pkg/controller/volume/pvcprotection`, `pvprotection`).

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};

use super::super::caches::Caches;
use super::super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::super::pods;
use crate::api::storage::{
    PV_PROTECTION, PVC_PROTECTION, claims_of_pod, is_for_pod, phase_of_volume,
};
use crate::api::{Key, Resource};
use crate::apiserver::WriteOptions;

/// Of claims.
#[derive(Clone, Default)]
pub struct ClaimProtection;

impl Controller for ClaimProtection {
    fn name(&self) -> &'static str {
        "pvc-protection-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(claim))) = change.of::<PersistentVolumeClaim>() {
            if wants(claim.meta(), PVC_PROTECTION) {
                triggers.add(claim.key());
            }
        } else if let Some((Some(old), new)) = change.of::<Pod>() {
            let gone = new.is_none_or(|n| n.uid() != old.uid());
            if !gone {
                return;
            }
            for (_, name) in claims_of_pod(old) {
                let key = Key::new(old.namespace(), &name);
                let claim = caches.persistent_volume_claims.get(&key);
                if claim.is_some_and(|c| c.metadata.deletion_timestamp.is_some()) {
                    triggers.add(key);
                }
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(claim) = scope.ctx.get::<PersistentVolumeClaim>(key) else {
            return Ok(Next::Change);
        };
        let uses = |pod: &Pod| {
            let mut all = claims_of_pod(pod);
            all.any(|(volume, name)| {
                name == *key.name && (volume.ephemeral.is_none() || is_for_pod(pod, &claim))
            })
        };
        // A pod without a node has not begun to use anything.
        let pods = scope.ctx.list::<Pod>(Some(&key.namespace));
        let used = pods
            .iter()
            .any(|pod| !pods::node_name(pod).is_empty() && uses(pod));
        scope.look(pods.len());
        settle::<PersistentVolumeClaim>(key, &*claim, PVC_PROTECTION, used, scope)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// Of volumes.
#[derive(Clone, Default)]
pub struct VolumeProtection;

impl Controller for VolumeProtection {
    fn name(&self) -> &'static str {
        "pv-protection-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(volume))) = change.of::<PersistentVolume>()
            && wants(volume.meta(), PV_PROTECTION)
        {
            triggers.add(volume.key());
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(volume) = scope.ctx.get::<PersistentVolume>(key) else {
            return Ok(Next::Change);
        };
        let used = phase_of_volume(&volume) == "Bound";
        settle::<PersistentVolume>(key, &*volume, PV_PROTECTION, used, scope)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

type Meta = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

fn has(meta: &Meta, finalizer: &str) -> bool {
    meta.finalizers.iter().flatten().any(|f| f == finalizer)
}

/// Whether the finalizer is missing, or may have to go.
fn wants(meta: &Meta, finalizer: &str) -> bool {
    has(meta, finalizer) == meta.deletion_timestamp.is_some()
}

fn settle<T: Resource>(
    key: &Key,
    object: &T,
    finalizer: &str,
    used: bool,
    scope: &mut Scope<'_, '_>,
) -> Outcome {
    let meta = object.meta();
    let deleting = meta.deletion_timestamp.is_some();
    if !wants(meta, finalizer) || (deleting && used) {
        return Ok(Next::Change);
    }
    scope
        .ctx
        .patch::<T>(key, &WriteOptions::default(), |object| {
            let finalizers = object.meta_mut().finalizers.get_or_insert_default();
            if deleting {
                finalizers.retain(|f| f != finalizer);
            } else {
                finalizers.push(finalizer.to_owned());
            }
        })?;
    Ok(Next::Change)
}
