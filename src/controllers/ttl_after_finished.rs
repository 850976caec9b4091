//! Deletes finished Jobs after `ttlSecondsAfterFinished`
//! (`k8s.io/kubernetes/pkg/controller/ttlafterfinished`).

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::job::finished;
use crate::api::time::from_api;
use crate::api::{Key, Resource};
use crate::apiserver::{DeleteOptions, Propagation};
use crate::sim::Time;

#[derive(Clone)]
pub struct TtlAfterFinished;

const REASON: &str = "ttlSecondsAfterFinished have passed";

/// When a job is to be deleted, if it has come to its end.
fn expires(job: &Job) -> Option<Time> {
    let ttl = job.spec.as_ref()?.ttl_seconds_after_finished?;
    if job.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let end = from_api(finished(job)?.last_transition_time.as_ref()?);
    Some(end + Duration::from_secs(u64::from(ttl.unsigned_abs())))
}

impl Controller for TtlAfterFinished {
    fn name(&self) -> &'static str {
        "ttl-after-finished-controller"
    }

    fn changed(&mut self, change: &Change, _: &Caches, triggers: &mut Triggers) {
        if let Some((_, Some(job))) = change.of::<Job>()
            && let Some(at) = expires(job)
        {
            let wait = at.since(triggers.now);
            triggers.add_after(job.key(), wait, REASON);
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        // The newest version decides: the TTL may have been changed.
        let Some(job) = scope.ctx.get::<Job>(key) else {
            return Ok(Next::Change);
        };
        let Some(at) = expires(&job) else {
            return Ok(Next::Change);
        };
        let now = scope.now();
        if at > now {
            return Ok(Next::After(at.since(now), REASON));
        }
        scope.decide("Job", key, "it ended long enough ago");
        let options = DeleteOptions {
            propagation: Some(Propagation::Foreground),
            uid: job.metadata.uid.clone(),
            ..DeleteOptions::default()
        };
        match scope.ctx.delete::<Job>(key, &options) {
            Err(status) if !status.is_not_found() && !status.is_conflict() => Err(status),
            _ => Ok(Next::Change),
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
