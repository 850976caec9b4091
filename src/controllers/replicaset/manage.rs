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

/// Pods that a sync creates or deletes, one request after another.
#[derive(Clone)]
pub(super) enum Burst {
    Create { start: SlowStart, count: usize },
    Delete { victims: Vec<Rc<Pod>> },
}

/// A burst, and what came of it so far.
#[derive(Clone)]
pub(super) struct Managing {
    burst: Burst,
    failure: Option<Box<Status>>,
}

impl Managing {
    /// Begins what brings the pods of `rs` to the number that is asked for; nothing if they are.
    pub(super) fn begin(
        controller: &mut ReplicaSetController,
        scope: &mut Scope<'_, '_>,
        rs: &Rc<ReplicaSet>,
        active: &[Rc<Pod>],
    ) -> Option<Self> {
        let (have, wanted) = (active.len(), wanted_replicas(rs));
        if have <= wanted {
            return Managing::create(controller, scope, rs, have);
        }
        let (key, now) = (rs.key(), scope.now());
        let count = (have - wanted).min(BURST);
        let related = related_pods(scope, rs);
        let mut victims = ranking::to_delete(active, &related, count, now);
        let note = format!("delete {count}: {have} pods of {wanted}");
        scope.decide("ReplicaSet", &key, &note);
        let uids = victims.iter().map(|p| p.uid());
        controller.expectations.expect_deletions(&key, uids, now);
        victims.reverse();
        let (burst, failure) = (Burst::Delete { victims }, None);
        Some(Managing { burst, failure })
    }

    /// Begins to create what is missing to the number that is asked for, of which there are `have`. For that nobody
    /// has to look at the pods.
    pub(super) fn create(
        controller: &mut ReplicaSetController,
        scope: &mut Scope<'_, '_>,
        rs: &Rc<ReplicaSet>,
        have: usize,
    ) -> Option<Self> {
        let wanted = wanted_replicas(rs);
        let count = wanted.checked_sub(have).filter(|n| *n > 0)?.min(BURST);
        let key = rs.key();
        let note = format!("create {count} more: {have} pods of {wanted}");
        scope.decide("ReplicaSet", &key, &note);
        let now = scope.now();
        controller.expectations.expect_creations(&key, count, now);
        let start = SlowStart::new(count);
        let (burst, failure) = (Burst::Create { start, count }, None);
        Some(Managing { burst, failure })
    }

    /// Creates or deletes the next one; tells whether that was all. The others are events of their own: to make
    /// hundreds of requests takes a moment, in which others act.
    pub(super) fn go_on(
        &mut self,
        controller: &mut ReplicaSetController,
        scope: &mut Scope<'_, '_>,
        rs: &Rc<ReplicaSet>,
    ) -> bool {
        let key = rs.key();
        match &mut self.burst {
            Burst::Create { start, count } => {
                let template = rs.spec.as_ref().and_then(|s| s.template.as_ref());
                let over = start.go_on(1, &mut || {
                    let pod = pod_from_template(&**rs, template);
                    create_pod(scope, &mut controller.recorder, &**rs, pod)
                });
                if over {
                    // What was not created will not be seen.
                    for _ in start.done..*count {
                        controller.expectations.creation_observed(&key);
                    }
                    self.failure = start.failure.take();
                }
                over
            }
            Burst::Delete { victims } => {
                let Some(pod) = victims.pop() else {
                    return true;
                };
                if let Err(status) = delete_pod(scope, &mut controller.recorder, &**rs, &pod) {
                    controller.expectations.deletion_observed(&key, pod.uid());
                    if !status.is_not_found() {
                        self.failure.get_or_insert(status);
                    }
                }
                victims.is_empty()
            }
        }
    }

    pub(super) fn outcome(self) -> Result<()> {
        match self.failure {
            Some(status) if is_namespace_terminating(&status) => Ok(()),
            Some(status) => Err(status),
            None => Ok(()),
        }
    }
}

pub fn wanted_replicas(rs: &ReplicaSet) -> usize {
    let replicas = rs.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
    usize::try_from(replicas).unwrap_or_default()
}

/// Calls in batches of 1, 2, 4, ...; stops after a batch with a failure. A quota that refuses the
/// first pod is so not asked five hundred times.
#[derive(Clone, Debug)]
pub struct SlowStart {
    count: usize,
    /// How many calls have succeeded.
    done: usize,
    batch: usize,
    /// How many calls of the batch are left.
    left: usize,
    /// The first failure of the batch.
    failure: Option<Box<Status>>,
}

impl SlowStart {
    fn new(count: usize) -> Self {
        SlowStart {
            count,
            done: 0,
            batch: 1,
            left: count.min(1),
            failure: None,
        }
    }

    /// Calls `one` up to `most` times; tells whether it need not be called any more.
    fn go_on(&mut self, most: usize, one: &mut dyn FnMut() -> Result<()>) -> bool {
        for _ in 0..most {
            if self.left == 0 {
                return true;
            }
            match one() {
                Ok(()) => self.done += 1,
                Err(status) => {
                    self.failure.get_or_insert(status);
                }
            }
            self.left -= 1;
            if self.left == 0 && self.failure.is_none() {
                self.batch *= 2;
                self.left = self.batch.min(self.count - self.done);
            }
        }
        self.left == 0
    }
}

/// Calls `one` up to `count` times, as [`SlowStart`] does; returns how often it succeeded.
pub fn slow_start(count: usize, mut one: impl FnMut() -> Result<()>) -> (usize, Result<()>) {
    let mut start = SlowStart::new(count);
    start.go_on(usize::MAX, &mut one);
    (start.done, start.failure.map_or(Ok(()), Err))
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
