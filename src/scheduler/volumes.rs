//! Binds the claims of a pod that has got a node, and waits for them before the pod is bound
//! (`pkg/scheduler/framework/plugins/volumebinding/binder.go` AssumePodVolumes, BindPodVolumes).

use std::time::Duration;

use k8s_openapi::api::core::v1::{ObjectReference, PersistentVolume, PersistentVolumeClaim};

use super::cache::SchedulerCache;
use super::plugins::volume_binding::{Need, is_bound, needs};
use super::podinfo::PodInfo;
use super::{BIND_MICROS, Event, Scheduler, delay};
use crate::api::storage::{
    BOUND_BY_CONTROLLER, SELECTED_NODE, annotation, claims_of_pod, is_claimed_by,
};
use crate::api::{Key, Name, Object, Resource};
use crate::apiserver::WriteOptions;
use crate::client::Ctx;
use crate::sim::secs;

/// How long volumes may take (`bindTimeoutSeconds`).
pub const TIMEOUT: Duration = secs(600);

const CONFLICT: &str = "pod does not exist any more or its claims have changed";

/// Whether all claims of a pod are bound.
pub fn all_bound(cache: &SchedulerCache, pod: &PodInfo) -> bool {
    claims_of_pod(&pod.pod).all(|(_, name)| {
        let claim = cache.claims.get(&Key::new(&pod.key.namespace, &name));
        claim.is_some_and(|c| is_bound(c))
    })
}

impl Scheduler {
    /// Reserves volumes for the pod's claims, and asks for those that have to be made. Tells
    /// whether there is anything to wait for.
    pub(super) fn bind_volumes(
        &mut self,
        pod: &PodInfo,
        node: &str,
        ctx: &mut Ctx<'_, Event>,
    ) -> Result<bool, String> {
        if all_bound(&self.cache, pod) {
            return Ok(false);
        }
        let info = self.cache.node(node).and_then(|n| n.node.clone());
        let needs = info.and_then(|node| needs(&self.cache, pod, &node));
        let Some(needs) = needs else {
            return Err(CONFLICT.to_owned());
        };
        for (claim, need) in needs {
            let done = match need {
                Need::Volume(volume) => self.reserve(&volume, &claim, ctx),
                Need::Provision => select_node(&claim, node, ctx),
            };
            if !done {
                return Err(CONFLICT.to_owned());
            }
        }
        Ok(true)
    }

    fn reserve(
        &mut self,
        volume: &PersistentVolume,
        claim: &PersistentVolumeClaim,
        ctx: &mut Ctx<'_, Event>,
    ) -> bool {
        let mut done = false;
        let written =
            ctx.patch::<PersistentVolume>(&volume.key(), &WriteOptions::default(), |volume| {
                let free = volume.spec.as_ref().is_some_and(|s| s.claim_ref.is_none());
                let kept = is_claimed_by(volume, claim);
                let Some(spec) = volume.spec.as_mut().filter(|_| free || kept) else {
                    return;
                };
                done = true;
                spec.claim_ref = Some(ObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("PersistentVolumeClaim".to_owned()),
                    name: claim.metadata.name.clone(),
                    namespace: claim.metadata.namespace.clone(),
                    resource_version: claim.metadata.resource_version.clone(),
                    uid: claim.metadata.uid.clone(),
                    field_path: None,
                });
                if free {
                    let annotations = volume.metadata.annotations.get_or_insert_default();
                    annotations.insert(BOUND_BY_CONTROLLER.to_owned(), "yes".to_owned());
                }
            });
        if done && written.is_ok() {
            self.cache.taken.insert(volume.name().into());
        }
        done && written.is_ok()
    }

    /// Something of storage has changed: pods that wait for their volumes may go on.
    pub(super) fn volumes_changed(&mut self, object: &Object, ctx: &mut Ctx<'_, Event>) {
        let Object::PersistentVolumeClaim(claim) = object else {
            return;
        };
        let namespace = claim.namespace();
        let ready: Vec<Name> = self
            .bindings
            .iter()
            .filter(|(_, b)| {
                let pod = b.waiting_pod();
                pod.is_some_and(|p| *p.key.namespace == *namespace && all_bound(&self.cache, p))
            })
            .map(|(uid, _)| uid.clone())
            .collect();
        for uid in ready {
            if let Some(binding) = self.bindings.get_mut(&uid) {
                binding.go_on();
            }
            let delay = delay(ctx, BIND_MICROS);
            ctx.after(delay, Event::Bind(uid));
        }
    }
}

/// Tells the provisioner for which node the volume is.
fn select_node(claim: &PersistentVolumeClaim, node: &str, ctx: &mut Ctx<'_, Event>) -> bool {
    let mut done = false;
    let written =
        ctx.patch::<PersistentVolumeClaim>(&claim.key(), &WriteOptions::default(), |claim| {
            let selected = annotation(&claim.metadata, SELECTED_NODE);
            done = selected.is_none_or(|n| n == node);
            if done {
                let annotations = claim.metadata.annotations.get_or_insert_default();
                annotations.insert(SELECTED_NODE.to_owned(), node.to_owned());
            }
        });
    done && matches!(written, Ok(Some(_)))
}
