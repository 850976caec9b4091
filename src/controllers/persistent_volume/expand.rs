//! Lets bound claims grow (`k8s.io/kubernetes/pkg/controller/volume/expand`, and the resizer of the
//! CSI driver that `provisioner.rs` simulates).
//!
//! Divergence: the last step, which is the kubelet's, is done here as well; it waits for a pod that
//! uses the claim, as the kubelet's does.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimCondition, Pod,
};

use super::super::caches::Caches;
use super::super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::super::pods;
use super::provisioner::CSI_DRIVER;
use crate::api::quantity::{Quantity, QuantityExt};
use crate::api::storage::{capacity, claims_of_pod, phase_of_claim, requested, volume_of_claim};
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result};
use crate::apiserver::WriteOptions;
use crate::client::{EventRecorder, Involved};
use crate::sim::{Time, millis};

/// How long the driver takes.
const TAKES: (u64, u64) = (800, 2_000);

const IGNORED: &str = "Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC.";
const PENDING: &str =
    "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";

#[derive(Clone)]
pub struct ExpandController {
    recorder: EventRecorder,
    resizer: EventRecorder,
    kubelet: EventRecorder,
    begun: BTreeMap<Key, Time>,
}

impl Default for ExpandController {
    fn default() -> Self {
        ExpandController {
            recorder: EventRecorder::new("volume_expand", ""),
            resizer: EventRecorder::new(&format!("external-resizer {CSI_DRIVER}"), ""),
            kubelet: EventRecorder::new("kubelet", ""),
            begun: BTreeMap::new(),
        }
    }
}

fn size(claim: &PersistentVolumeClaim) -> Quantity {
    let status = claim.status.as_ref().and_then(|s| s.capacity.as_ref());
    status
        .and_then(|c| c.get("storage"))
        .map(QuantityExt::amount)
        .unwrap_or_default()
}

fn wants_more(claim: &PersistentVolumeClaim) -> bool {
    phase_of_claim(claim) == "Bound" && requested(claim) > size(claim)
}

impl Controller for ExpandController {
    fn name(&self) -> &'static str {
        "expand-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(claim))) = change.of::<PersistentVolumeClaim>() {
            if wants_more(claim) {
                triggers.add(claim.key());
            }
        } else if let Some((_, Some(pod))) = change.of::<Pod>()
            && pods::phase(pod) == "Running"
        {
            for (_, name) in claims_of_pod(pod) {
                let key = Key::new(pod.namespace(), &name);
                let claim = caches.persistent_volume_claims.get(&key);
                if claim.is_some_and(|c| wants_more(c)) {
                    triggers.add(key);
                }
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let claim = scope.ctx.get::<PersistentVolumeClaim>(key);
        let Some(claim) = claim.filter(|c| wants_more(c)) else {
            self.begun.remove(key);
            return Ok(Next::Change);
        };
        let about = Involved::of(&*claim);
        let name = volume_of_claim(&claim);
        let Some(volume) = scope.ctx.get::<PersistentVolume>(&Key::new("", name)) else {
            return Ok(Next::Change);
        };
        let driver = volume.spec.as_ref().and_then(|s| s.csi.as_ref());
        if driver.is_none_or(|c| c.driver != CSI_DRIVER) {
            self.recorder
                .warning(scope.ctx, &about, "ExternalExpanding", IGNORED);
            return Ok(Next::Change);
        }
        let wanted = requested(&claim);
        if capacity(&volume) < wanted {
            return self.grow(key, &claim, &volume, scope);
        }
        let user = super::users(scope.caches, key).find(|p| pods::phase(p) == "Running");
        let Some(user) = user.map(Involved::of) else {
            return Ok(Next::Change);
        };
        let status = &WriteOptions::STATUS;
        scope
            .ctx
            .patch::<PersistentVolumeClaim>(key, status, |claim| {
                let status = claim.status.get_or_insert_default();
                status
                    .capacity
                    .get_or_insert_default()
                    .insert("storage".to_owned(), wanted.into());
                status.conditions = None;
                status.allocated_resource_statuses = None;
            })?;
        let message = format!("MountVolume.NodeExpandVolume succeeded for volume \"{name}\"");
        for about in [user, about] {
            self.kubelet
                .normal(scope.ctx, &about, "FileSystemResizeSuccessful", &message);
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl ExpandController {
    /// The driver makes the disk larger; the file system on it comes after.
    fn grow(
        &mut self,
        key: &Key,
        claim: &PersistentVolumeClaim,
        volume: &PersistentVolume,
        scope: &mut Scope<'_, '_>,
    ) -> Outcome {
        let about = Involved::of(claim);
        let now = scope.now();
        let wanted = requested(claim);
        let Some(due) = self.begun.get(key).copied() else {
            let rng = scope.ctx.rng("resizer");
            let due = now + millis(rng.between(TAKES.0, TAKES.1));
            self.begun.insert(key.clone(), due);
            condition(
                scope,
                key,
                "Resizing",
                "",
                wanted,
                "ControllerResizeInProgress",
            )?;
            let message = format!("External resizer is resizing volume {}", volume.name());
            self.resizer.normal(scope.ctx, &about, "Resizing", &message);
            return Ok(Next::After(due.since(now), "the volume is being resized"));
        };
        if due > now {
            return Ok(Next::After(due.since(now), "the volume is being resized"));
        }
        self.begun.remove(key);
        scope
            .ctx
            .patch::<PersistentVolume>(&volume.key(), &WriteOptions::default(), |volume| {
                if let Some(spec) = &mut volume.spec {
                    spec.capacity
                        .get_or_insert_default()
                        .insert("storage".to_owned(), wanted.into());
                }
            })?;
        condition(
            scope,
            key,
            "FileSystemResizePending",
            PENDING,
            wanted,
            "NodeResizePending",
        )?;
        self.resizer.normal(
            scope.ctx,
            &about,
            "FileSystemResizeRequired",
            "Require file system resize of volume on node",
        );
        Ok(Next::After(millis(500), "the file system is being resized"))
    }
}

fn condition(
    scope: &mut Scope<'_, '_>,
    key: &Key,
    type_: &str,
    message: &str,
    wanted: Quantity,
    state: &str,
) -> Result<()> {
    let now = api_time(scope.now());
    let status = &WriteOptions::STATUS;
    scope
        .ctx
        .patch::<PersistentVolumeClaim>(key, status, |claim| {
            let status = claim.status.get_or_insert_default();
            status.conditions = Some(vec![PersistentVolumeClaimCondition {
                last_transition_time: Some(now),
                message: (!message.is_empty()).then(|| message.to_owned()),
                status: "True".to_owned(),
                type_: type_.to_owned(),
                ..PersistentVolumeClaimCondition::default()
            }]);
            status
                .allocated_resources
                .get_or_insert_default()
                .insert("storage".to_owned(), wanted.into());
            status
                .allocated_resource_statuses
                .get_or_insert_default()
                .insert("storage".to_owned(), state.to_owned());
        })?;
    Ok(())
}
