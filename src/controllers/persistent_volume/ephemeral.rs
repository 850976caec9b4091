//! Makes the claims of pods' ephemeral volumes
//! (`k8s.io/kubernetes/pkg/controller/volume/ephemeral`).

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::caches::Caches;
use super::super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::super::pods;
use crate::api::storage::{claim_name, is_for_pod};
use crate::api::{Key, Resource, controller_ref};
use crate::client::{EventRecorder, Involved};

#[derive(Clone)]
pub struct EphemeralVolumeController {
    recorder: EventRecorder,
}

impl Default for EphemeralVolumeController {
    fn default() -> Self {
        EphemeralVolumeController {
            recorder: EventRecorder::new("ephemeral_volume", ""),
        }
    }
}

fn has_ephemeral(pod: &Pod) -> bool {
    let volumes = pod.spec.as_ref().and_then(|s| s.volumes.as_ref());
    volumes.is_some_and(|v| v.iter().any(|v| v.ephemeral.is_some()))
}

impl Controller for EphemeralVolumeController {
    fn name(&self) -> &'static str {
        "ephemeral-volume-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((None, Some(pod))) = change.of::<Pod>() {
            if has_ephemeral(pod) {
                triggers.add(pod.key());
            }
        } else if let Some((Some(claim), None)) = change.of::<PersistentVolumeClaim>()
            && let Some(owner) = crate::api::controller_of(&claim.metadata)
            && owner.kind == "Pod"
        {
            let key = Key::new(claim.namespace(), &owner.name);
            if caches.pods.get(&key).is_some_and(|p| has_ephemeral(p)) {
                triggers.add(key);
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(pod) = scope.ctx.get::<Pod>(key) else {
            return Ok(Next::Change);
        };
        if pods::is_deleting(&pod) {
            return Ok(Next::Change);
        }
        let volumes = pod.spec.as_ref().and_then(|s| s.volumes.as_deref());
        for volume in volumes.unwrap_or_default() {
            let source = volume.ephemeral.as_ref();
            let template = source.and_then(|e| e.volume_claim_template.as_ref());
            let (Some(template), Some(name)) = (template, claim_name(&pod, volume)) else {
                continue;
            };
            let claim_key = Key::new(&key.namespace, &name);
            if let Some(claim) = scope.ctx.get::<PersistentVolumeClaim>(&claim_key) {
                if !is_for_pod(&pod, &claim) {
                    let message =
                        format!("PVC {claim_key} was not created for pod {key} (pod is not owner)");
                    let about = Involved::of(&*pod);
                    self.recorder
                        .warning(scope.ctx, &about, "FailedBinding", &message);
                }
                continue;
            }
            let meta = template.metadata.clone().unwrap_or_default();
            let written = scope.ctx.create(PersistentVolumeClaim {
                metadata: ObjectMeta {
                    name: Some(name),
                    namespace: Some(key.namespace.to_string()),
                    labels: meta.labels,
                    annotations: meta.annotations,
                    owner_references: Some(vec![controller_ref(&*pod)]),
                    ..ObjectMeta::default()
                },
                spec: Some(template.spec.clone()),
                ..PersistentVolumeClaim::default()
            });
            if let Err(status) = written
                && !status.is_already_exists()
            {
                return Err(status);
            }
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
