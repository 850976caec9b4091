//! The PersistentVolumeClaims of a pod, and who owns them (`stateful_pod_control.go`
//! createPersistentVolumeClaims, `stateful_set_utils.go` updateClaimOwnerRefForSetAndPod).
//!
//! Claims outlive their pods. Only what the retention policy says deletes them: then the set owns the
//! claims of its replicas, and a pod that is scaled down owns its own, for the garbage collector.

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::identity::{claim_name, ordinal_of};
use super::sync::Sync;
use crate::api::{Key, Resource, Result, Status, controller_ref};
use crate::client::Involved;

/// What an owner reference means, without its uid.
fn means<T: Resource>(reference: &OwnerReference, object: &T) -> bool {
    let info = T::KIND.info();
    reference.kind == info.kind
        && reference.api_version == info.api_version()
        && reference.name == object.name()
}

/// A reference to an object of that name that is not this one: it was made anew meanwhile.
fn is_stale<T: Resource>(claim: &PersistentVolumeClaim, object: &T) -> bool {
    let mut owners = claim.metadata.owner_references.iter().flatten();
    owners.any(|r| means(r, object) && r.uid != object.uid())
}

impl Sync<'_, '_, '_> {
    /// The claims of an ordinal, as the templates describe them.
    fn claims(&self, ordinal: i64) -> Vec<PersistentVolumeClaim> {
        let templates = self.spec.volume_claim_templates.clone();
        templates
            .unwrap_or_default()
            .into_iter()
            .map(|template| {
                let name = template.metadata.name.unwrap_or_default();
                let mut labels = template.metadata.labels.unwrap_or_default();
                labels.extend(self.spec.selector.match_labels.clone().unwrap_or_default());
                PersistentVolumeClaim {
                    metadata: ObjectMeta {
                        name: Some(claim_name(&name, self.set.name(), ordinal)),
                        namespace: Some(self.set.namespace().to_owned()),
                        labels: Some(labels),
                        annotations: template.metadata.annotations,
                        ..ObjectMeta::default()
                    },
                    spec: template.spec,
                    status: None,
                }
            })
            .collect()
    }

    fn policy(&self) -> (bool, bool) {
        let policy = self.spec.persistent_volume_claim_retention_policy.as_ref();
        let deletes = |field: Option<&String>| field.is_some_and(|f| f == "Delete");
        (
            deletes(policy.and_then(|p| p.when_scaled.as_ref())),
            deletes(policy.and_then(|p| p.when_deleted.as_ref())),
        )
    }

    /// Whether a claim still belongs to an earlier pod of this name: it has to go first.
    pub fn has_stale_claim(&self, pod: &Pod) -> bool {
        let (on_scale, _) = self.policy();
        let ordinal = ordinal_of(pod.name()).unwrap_or_default();
        on_scale
            && self.claims(ordinal).iter().any(|claim| {
                let there = self.scope.ctx.get::<PersistentVolumeClaim>(&claim.key());
                there.is_some_and(|c| is_stale(&c, pod))
            })
    }

    /// Makes the claims of a pod that are missing.
    pub fn create_claims(&mut self, pod: &Pod) -> Result<()> {
        let ordinal = ordinal_of(pod.name()).unwrap_or_default();
        let mut failure = None;
        for claim in self.claims(ordinal) {
            let key = claim.key();
            match self.scope.ctx.get::<PersistentVolumeClaim>(&key) {
                Some(there) if there.metadata.deletion_timestamp.is_some() => {
                    let why = format!("pvc {} is being deleted", key.name);
                    failure = failure.or(Some(Status::internal(why)));
                }
                Some(_) => {}
                None => {
                    let made = self.scope.ctx.create(claim).map(|_| ());
                    self.tell_claim(&key, pod.name(), &made);
                    if let Err(status) = made {
                        let why = format!("failed to create PVC {}: {}", key.name, status.message);
                        failure = failure.or(Some(Status::internal(why)));
                    }
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    fn tell_claim(&mut self, claim: &Key, pod: &str, result: &Result<()>) {
        let about = Involved::of(&*self.set);
        let set = self.set.name();
        let (ctx, recorder) = (&mut *self.scope.ctx, &mut self.controller.recorder);
        match result {
            Ok(()) => {
                let words = format!(
                    "create Claim {} Pod {pod} in StatefulSet {set} success",
                    claim.name
                );
                recorder.normal(ctx, &about, "SuccessfulCreate", &words);
            }
            Err(status) => {
                let words = format!(
                    "create Claim {} for Pod {pod} in StatefulSet {set} failed error: {}",
                    claim.name, status.message
                );
                recorder.warning(ctx, &about, "FailedCreate", &words);
            }
        }
    }

    /// Gives the claims of a pod the owners that the retention policy asks for.
    pub fn own_claims(&mut self, pod: &Rc<Pod>) -> Result<()> {
        let Some(ordinal) = ordinal_of(pod.name()) else {
            return Ok(());
        };
        for claim in self.claims(ordinal) {
            let key = claim.key();
            let Some(claim) = self.scope.ctx.get::<PersistentVolumeClaim>(&key) else {
                continue;
            };
            let owners = self.wanted_owners(&claim, pod);
            if claim.metadata.owner_references.clone().unwrap_or_default() == owners {
                continue;
            }
            self.decide(&format!(
                "let the retention policy decide who owns claim {}",
                key.name
            ));
            let mut changed = (*claim).clone();
            changed.metadata.owner_references = Some(owners);
            self.scope.ctx.update(changed)?;
        }
        Ok(())
    }

    fn wanted_owners(
        &self,
        claim: &PersistentVolumeClaim,
        pod: &Pod,
    ) -> Vec<Shared<OwnerReference>> {
        let owners = claim.metadata.owner_references.clone().unwrap_or_default();
        if is_stale(claim, &*self.set) || is_stale(claim, pod) {
            return owners;
        }
        let (on_scale, on_delete) = self.policy();
        let mut others = owners;
        others.retain(|r| !means(r, &*self.set) && !means(r, pod));
        let foreign = others.iter().any(|r| r.controller == Some(true));
        if foreign && (on_scale || on_delete) {
            return others;
        }
        let condemned = !self.in_range(pod);
        if on_scale && condemned {
            others.push(controller_ref(pod));
        } else if on_delete {
            others.push(controller_ref(&*self.set));
        }
        others
    }
}
