//! Pods that no job counts any more are let go (`job_controller.go` syncOrphanPod).

use std::rc::Rc;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

use super::{FINALIZER, finished, holds_finalizer, is_foreign};
use crate::api::{Key, Resource, Result, controller_of};
use crate::apiserver::WriteOptions;
use crate::controllers::caches::Caches;
use crate::controllers::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::controllers::owner::owner_of;

/// Takes the finalizer of jobs off pods whose job is over or gone.
#[derive(Clone)]
pub struct JobPodCleaner;

/// Takes the finalizer off one pod.
pub fn let_go(scope: &mut Scope<'_, '_>, key: &Key) -> Result<()> {
    let options = WriteOptions::default();
    let written = scope.ctx.patch::<Pod>(key, &options, |pod| {
        if let Some(finalizers) = &mut pod.metadata.finalizers {
            finalizers.retain(|f| f != FINALIZER);
        }
    });
    match written {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// Whether nobody will count the pod.
fn is_orphan(pod: &Pod, caches: &Caches) -> bool {
    let Some(owner) = controller_of(&pod.metadata) else {
        return true;
    };
    if owner.kind != "Job" || owner.api_version != "batch/v1" {
        return false;
    }
    owner_of(&pod.metadata, &caches.jobs)
        .is_none_or(|job| finished(job).is_some() && !is_foreign(job))
}

impl Controller for JobPodCleaner {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(pod))) = change.of::<Pod>() {
            if holds_finalizer(pod) && is_orphan(pod, caches) {
                triggers.add(pod.key());
            }
        } else if let Some((old, new)) = change.of::<Job>()
            && new.is_none_or(|job| finished(job).is_some())
            && let Some(job) = new.or(old)
        {
            let pods: Vec<Rc<Pod>> = caches.pods.owned_by(job.uid()).cloned().collect();
            for pod in pods.iter().filter(|p| holds_finalizer(p)) {
                triggers.add(pod.key());
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let pod = scope.caches.pods.get(key).cloned();
        if let Some(pod) = pod.filter(|p| holds_finalizer(p) && is_orphan(p, scope.caches)) {
            scope.decide("Pod", &pod.key(), "no job counts it any more");
            let_go(scope, key)?;
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
