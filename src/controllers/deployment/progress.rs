//! Conditions of a Deployment: progressing, complete, timed out, paused, failing
//! (`k8s.io/kubernetes/pkg/controller/deployment/progress.go`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};

use super::sync::Rollout;
use super::{status, util};
use crate::api::time::{api_time, from_api};
use crate::api::{Resource, Result};
use crate::controllers::controller::Next;
use crate::sim::{Time, millis, secs};

pub const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";

pub const NEW_AVAILABLE: &str = "NewReplicaSetAvailable";
pub const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";
const RESUMED: &str = "DeploymentResumed";

pub fn condition(
    type_: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: Time,
) -> DeploymentCondition {
    DeploymentCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_update_time: Some(api_time(now)),
        last_transition_time: Some(api_time(now)),
    }
}

pub fn find<'s>(
    status: Option<&'s DeploymentStatus>,
    type_: &str,
) -> Option<&'s DeploymentCondition> {
    let conditions = status?.conditions.as_ref()?;
    conditions.iter().find(|c| c.type_ == type_)
}

fn remove(status: &mut DeploymentStatus, type_: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|c| c.type_ != type_);
        if conditions.is_empty() {
            status.conditions = None;
        }
    }
}

/// Sets a condition. One that says the same for the same reason stays as it is; one that only
/// changes its reason keeps its transition time.
pub fn set_condition(status: &mut DeploymentStatus, mut new: DeploymentCondition) {
    if let Some(current) = find(Some(status), &new.type_) {
        if current.status == new.status && current.reason == new.reason {
            return;
        }
        if current.status == new.status {
            new.last_transition_time
                .clone_from(&current.last_transition_time);
        }
    }
    remove(status, &new.type_);
    status.conditions.get_or_insert_default().push(new);
}

fn count(n: Option<i32>) -> i32 {
    n.unwrap_or_default()
}

/// Whether every pod is of the new template, available, and no old one is left.
pub fn is_complete(d: &Deployment, status: &DeploymentStatus) -> bool {
    let desired = util::desired(d);
    count(status.updated_replicas) == desired
        && count(status.replicas) == desired
        && count(status.available_replicas) == desired
        && status.observed_generation >= d.metadata.generation
}

/// Whether the rollout has moved since the status was last written.
fn is_progressing(d: &Deployment, new: &DeploymentStatus) -> bool {
    let none = DeploymentStatus::default();
    let was = d.status.as_ref().unwrap_or(&none);
    let old_pods = |s: &DeploymentStatus| count(s.replicas) - count(s.updated_replicas);
    count(new.updated_replicas) > count(was.updated_replicas)
        || old_pods(new) < old_pods(was)
        || count(new.ready_replicas) > count(was.ready_replicas)
        || count(new.available_replicas) > count(was.available_replicas)
}

fn reason(condition: &DeploymentCondition) -> &str {
    condition.reason.as_deref().unwrap_or_default()
}

/// Whether the rollout has not moved for longer than it may.
fn is_timed_out(d: &Deployment, status: &DeploymentStatus, now: Time) -> bool {
    let Some(deadline) = util::progress_deadline(d) else {
        return false;
    };
    let Some(progressing) = find(Some(status), PROGRESSING) else {
        return false;
    };
    match reason(progressing) {
        NEW_AVAILABLE => false,
        TIMED_OUT => true,
        _ => progressing
            .last_update_time
            .as_ref()
            .is_some_and(|t| from_api(t) + secs(deadline) < now),
    }
}

impl Rollout<'_, '_, '_> {
    /// Says in the conditions that the Deployment was paused or resumed. A rollout that has
    /// timed out stays so.
    pub fn check_paused(&mut self) -> Result<()> {
        if util::progress_deadline(&self.d).is_none() {
            return Ok(());
        }
        let current = find(self.d.status.as_ref(), PROGRESSING).map(reason);
        if current == Some(TIMED_OUT) {
            return Ok(());
        }
        let now = self.scope.now();
        let said = current == Some(PAUSED);
        let new = match (util::is_paused(&self.d), said) {
            (true, false) => condition(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", now),
            (false, true) => condition(
                PROGRESSING,
                "Unknown",
                RESUMED,
                "Deployment is resumed",
                now,
            ),
            _ => return Ok(()),
        };
        let mut status = self.status();
        set_condition(&mut status, new);
        self.write_status(status)
    }

    /// The status of a running rollout: counts, and what the Progressing condition says of it.
    pub fn sync_rollout_status(
        &mut self,
        all: &[Rc<ReplicaSet>],
        new: Option<&Rc<ReplicaSet>>,
    ) -> Result<Next> {
        let now = self.scope.now();
        let mut status = status::calculate(&self.d, all, new, now);
        let has_deadline = util::progress_deadline(&self.d).is_some();
        if !has_deadline {
            remove(&mut status, PROGRESSING);
        }
        let current = find(self.d.status.as_ref(), PROGRESSING).cloned();
        let was_complete = status.replicas == status.updated_replicas
            && current.as_ref().is_some_and(|c| reason(c) == NEW_AVAILABLE);
        if has_deadline && !was_complete {
            let subject = match new {
                Some(rs) => format!("ReplicaSet \"{}\"", rs.name()),
                None => format!("Deployment \"{}\"", self.d.name()),
            };
            if is_complete(&self.d, &status) {
                let message = format!("{subject} has successfully progressed.");
                let done = condition(PROGRESSING, "True", NEW_AVAILABLE, &message, now);
                set_condition(&mut status, done);
            } else if is_progressing(&self.d, &status) {
                let message = format!("{subject} is progressing.");
                let mut moved = condition(PROGRESSING, "True", "ReplicaSetUpdated", &message, now);
                if let Some(current) = current.filter(|c| c.status == "True") {
                    moved.last_transition_time = current.last_transition_time;
                }
                // Set anew even when the reason stays: the update time starts the deadline again.
                remove(&mut status, PROGRESSING);
                set_condition(&mut status, moved);
            } else if is_timed_out(&self.d, &status, now) {
                let message = format!("{subject} has timed out progressing.");
                let late = condition(PROGRESSING, "False", TIMED_OUT, &message, now);
                set_condition(&mut status, late);
            }
        }
        match replica_failure(all, new) {
            Some(failure) => set_condition(&mut status, failure),
            None => remove(&mut status, REPLICA_FAILURE),
        }
        if self.d.status.as_ref() == Some(&status) {
            return Ok(self.wait_for_deadline(&status));
        }
        self.write_status(status)?;
        Ok(Next::Change)
    }

    /// When to look again, should nothing change until then: at the progress deadline.
    fn wait_for_deadline(&self, status: &DeploymentStatus) -> Next {
        let current = find(self.d.status.as_ref(), PROGRESSING);
        let (Some(deadline), Some(current)) = (util::progress_deadline(&self.d), current) else {
            return Next::Change;
        };
        // A complete rollout has no deadline, even when its pods fail later.
        let settled = matches!(reason(current), TIMED_OUT | NEW_AVAILABLE);
        if is_complete(&self.d, status) || settled {
            return Next::Change;
        }
        let Some(updated) = current.last_update_time.as_ref() else {
            return Next::Change;
        };
        let after = (from_api(updated) + secs(deadline)).since(self.scope.now());
        // A second more, because the times in conditions have no fractions.
        let wait = after + if after < secs(1) { millis(5) } else { secs(1) };
        Next::After(wait, "the progress deadline")
    }
}

/// The failure to create or delete pods of the new ReplicaSet, or of any.
fn replica_failure(
    all: &[Rc<ReplicaSet>],
    new: Option<&Rc<ReplicaSet>>,
) -> Option<DeploymentCondition> {
    let failure = |rs: &Rc<ReplicaSet>| {
        let conditions = rs.status.as_ref()?.conditions.as_ref()?;
        let c = conditions.iter().find(|c| c.type_ == REPLICA_FAILURE)?;
        Some(DeploymentCondition {
            type_: c.type_.clone(),
            status: c.status.clone(),
            reason: c.reason.clone(),
            message: c.message.clone(),
            last_transition_time: c.last_transition_time.clone(),
            last_update_time: c.last_transition_time.clone(),
        })
    };
    new.and_then(failure)
        .or_else(|| all.iter().find_map(failure))
}
