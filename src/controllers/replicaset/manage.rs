//! Creating and deleting pods until there are as many as asked for.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{ReplicaSetController, ranking};
use crate::api::names::is_dns1123_subdomain;
use crate::api::{Resource, Result, Status, controller_of, controller_ref};
use crate::apiserver::DeleteOptions;
use crate::client::{EventRecorder, Involved};
use crate::controllers::controller::Scope;

/// How many pods one sync creates or deletes at most.
const BURST: usize = 500;

impl ReplicaSetController {
    pub(super) fn manage(
        &mut self,
        scope: &mut Scope<'_, '_>,
        rs: &Rc<ReplicaSet>,
        active: &[Rc<Pod>],
    ) -> Result<()> {
        let wanted = wanted_replicas(rs);
        if active.len() < wanted {
            self.create_pods(scope, rs, active.len(), wanted)
        } else if active.len() > wanted {
            self.delete_pods(scope, rs, active, wanted)
        } else {
            Ok(())
        }
    }

    fn create_pods(
        &mut self,
        scope: &mut Scope<'_, '_>,
        rs: &Rc<ReplicaSet>,
        have: usize,
        wanted: usize,
    ) -> Result<()> {
        let count = (wanted - have).min(BURST);
        let key = rs.key();
        scope.decide(
            "ReplicaSet",
            &key,
            &format!("create {count} more: {have} pods of {wanted}"),
        );
        self.expectations.expect_creations(&key, count, scope.now());
        let template = rs.spec.as_ref().and_then(|s| s.template.as_ref());
        let (created, outcome) = slow_start(count, || {
            let pod = pod_from_template(&**rs, template);
            create_pod(scope, &mut self.recorder, &**rs, pod)
        });
        // What was not created will not be seen.
        for _ in created..count {
            self.expectations.creation_observed(&key);
        }
        match outcome {
            Err(status) if is_namespace_terminating(&status) => Ok(()),
            outcome => outcome,
        }
    }

    fn delete_pods(
        &mut self,
        scope: &mut Scope<'_, '_>,
        rs: &Rc<ReplicaSet>,
        active: &[Rc<Pod>],
        wanted: usize,
    ) -> Result<()> {
        let count = (active.len() - wanted).min(BURST);
        let key = rs.key();
        let related = related_pods(scope, rs);
        let now = scope.now();
        let victims = ranking::to_delete(active, &related, count, now);
        scope.decide(
            "ReplicaSet",
            &key,
            &format!("delete {count}: {} pods of {wanted}", active.len()),
        );
        self.expectations
            .expect_deletions(&key, victims.iter().map(|p| p.uid()), now);
        let mut failure = None;
        for pod in victims {
            if let Err(status) = delete_pod(scope, &mut self.recorder, &**rs, &pod) {
                self.expectations.deletion_observed(&key, pod.uid());
                if !status.is_not_found() {
                    failure = failure.or(Some(status));
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

pub fn wanted_replicas(rs: &ReplicaSet) -> usize {
    let replicas = rs.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
    usize::try_from(replicas).unwrap_or_default()
}

/// Calls `one` up to `count` times in batches of 1, 2, 4, ...; stops after a batch with a failure.
/// A quota that refuses the first pod is so not asked five hundred times.
pub fn slow_start(count: usize, mut one: impl FnMut() -> Result<()>) -> (usize, Result<()>) {
    let mut done = 0;
    let mut batch = 1;
    while done < count {
        let mut failure = None;
        let size = batch.min(count - done);
        let mut succeeded = 0;
        for _ in 0..size {
            match one() {
                Ok(()) => succeeded += 1,
                Err(status) => failure = failure.or(Some(status)),
            }
        }
        done += succeeded;
        if let Some(status) = failure {
            return (done, Err(status));
        }
        batch *= 2;
    }
    (done, Ok(()))
}

/// The pod that a template describes, owned by `owner` (GetPodFromTemplate).
pub fn pod_from_template<T: Resource>(owner: &T, template: Option<&PodTemplateSpec>) -> Pod {
    let meta = template.and_then(|t| t.metadata.as_ref());
    let with_dash = format!("{}-", owner.name());
    let prefix = if is_dns1123_subdomain(owner.name()).is_empty() {
        with_dash
    } else {
        owner.name().to_owned()
    };
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(prefix),
            namespace: Some(owner.namespace().to_owned()),
            labels: meta.and_then(|m| m.labels.clone()),
            annotations: meta.and_then(|m| m.annotations.clone()),
            finalizers: meta.and_then(|m| m.finalizers.clone()),
            owner_references: Some(vec![controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.and_then(|t| t.spec.clone()),
        status: None,
    }
}

/// Creates a pod, and tells so in an event about its owner.
pub fn create_pod<T: Resource>(
    scope: &mut Scope<'_, '_>,
    recorder: &mut EventRecorder,
    owner: &T,
    pod: Pod,
) -> Result<()> {
    match scope.ctx.create(pod) {
        Ok(pod) => {
            let message = format!("Created pod: {}", pod.name());
            recorder.normal(
                scope.ctx,
                &Involved::of(owner),
                "SuccessfulCreate",
                &message,
            );
            Ok(())
        }
        Err(status) => {
            if !is_namespace_terminating(&status) {
                let message = format!("Error creating: {}", status.message);
                recorder.warning(scope.ctx, &Involved::of(owner), "FailedCreate", &message);
            }
            Err(status)
        }
    }
}

/// Deletes a pod, and tells so in an event about its owner.
pub fn delete_pod<T: Resource>(
    scope: &mut Scope<'_, '_>,
    recorder: &mut EventRecorder,
    owner: &T,
    pod: &Pod,
) -> Result<()> {
    let options = DeleteOptions::default();
    let deleted = scope.ctx.delete::<Pod>(&pod.key(), &options);
    let about = Involved::of(owner);
    match &deleted {
        Ok(()) => {
            let message = format!("Deleted pod: {}", pod.name());
            recorder.normal(scope.ctx, &about, "SuccessfulDelete", &message);
        }
        Err(status) if status.is_not_found() => {}
        Err(status) => {
            let message = format!("Error deleting: {}", status.message);
            recorder.warning(scope.ctx, &about, "FailedDelete", &message);
        }
    }
    deleted
}

/// Whether a creation was refused because the namespace is going: no use to try again.
pub fn is_namespace_terminating(status: &Status) -> bool {
    status
        .causes
        .iter()
        .any(|c| c.reason == "NamespaceTerminating")
        || status.reason == "Forbidden"
            && status.message.ends_with("because it is being terminated")
}

/// The pods of all ReplicaSets that have the same owner as `rs`: doubled-up nodes are judged by
/// them, so that a rolling update spreads what remains.
fn related_pods(scope: &mut Scope<'_, '_>, rs: &ReplicaSet) -> Vec<Rc<Pod>> {
    let caches = scope.caches;
    let Some(owner) = controller_of(&rs.metadata) else {
        return Vec::new();
    };
    let related: Vec<Rc<Pod>> = caches
        .replica_sets
        .owned_by(&owner.uid)
        .flat_map(|sibling| caches.pods.owned_by(sibling.uid()))
        .cloned()
        .collect();
    scope.look(related.len());
    related
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_double_and_stop_at_a_failure() {
        // (how many to create, which call fails, calls made, created)
        for (count, fails, calls, created) in [
            (0, None, 0, 0),
            (1, None, 1, 1),
            (10, None, 10, 10),
            (10, Some(0), 1, 0),
            (10, Some(1), 3, 2),
            (10, Some(3), 7, 6),
            (500, Some(499), 500, 499),
        ] {
            let mut made = 0;
            let (done, outcome) = slow_start(count, || {
                made += 1;
                if fails == Some(made - 1) {
                    Err(Status::internal("quota"))
                } else {
                    Ok(())
                }
            });
            assert_eq!((made, done), (calls, created), "{count} {fails:?}");
            assert_eq!(outcome.is_err(), fails.is_some());
        }
    }
}
