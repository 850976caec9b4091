//! The status of a ReplicaSet (`k8s.io/kubernetes/pkg/controller/replicaset/replica_set_utils.go`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};

use super::manage::wanted_replicas;
use super::tally::Counts;
use crate::api::time::api_time;
use crate::api::{Resource, Result, Status};
use crate::controllers::controller::Scope;
use crate::sim::Time;

const REPLICA_FAILURE: &str = "ReplicaFailure";

/// Counters are absent when zero, as Go's `omitempty` writes them.
pub fn count(n: usize) -> Option<i32> {
    i32::try_from(n).ok().filter(|n| *n > 0)
}

pub fn calculate(
    rs: &ReplicaSet,
    counts: Counts,
    failure: Option<&Status>,
    now: Time,
) -> ReplicaSetStatus {
    let mut conditions = rs
        .status
        .as_ref()
        .and_then(|s| s.conditions.clone())
        .unwrap_or_default();
    match failure {
        Some(status) if !conditions.iter().any(|c| c.type_ == REPLICA_FAILURE) => {
            let reason = if counts.active < wanted_replicas(rs) {
                "FailedCreate"
            } else {
                "FailedDelete"
            };
            conditions.push(ReplicaSetCondition {
                type_: REPLICA_FAILURE.to_owned(),
                status: "True".to_owned(),
                last_transition_time: Some(api_time(now)),
                reason: Some(reason.to_owned()),
                message: Some(status.message.clone()),
            });
        }
        Some(_) => {}
        None => conditions.retain(|c| c.type_ != REPLICA_FAILURE),
    }
    ReplicaSetStatus {
        replicas: count(counts.active).unwrap_or_default(),
        fully_labeled_replicas: count(counts.fully_labeled),
        ready_replicas: count(counts.ready),
        available_replicas: count(counts.available),
        terminating_replicas: i32::try_from(counts.terminating).ok(),
        conditions: (!conditions.is_empty()).then_some(conditions),
        observed_generation: rs.metadata.generation,
    }
}

/// Writes the status if it is new. A conflict is tried once more on the newest version, as the
/// counts do not depend on what somebody else may have written.
pub fn write(
    scope: &mut Scope<'_, '_>,
    rs: &Rc<ReplicaSet>,
    status: ReplicaSetStatus,
) -> Result<()> {
    if rs.status.as_ref() == Some(&status) {
        return Ok(());
    }
    let mut changed = (**rs).clone();
    changed.status = Some(status.clone());
    match scope.ctx.update_status(changed) {
        Err(conflict) if conflict.is_conflict() => {
            let Some(newest) = scope.ctx.get::<ReplicaSet>(&rs.key()) else {
                return Ok(());
            };
            if newest.uid() != rs.uid() {
                return Ok(());
            }
            let mut changed = (*newest).clone();
            changed.status = Some(status);
            scope.ctx.update_status(changed).map(|_| ())
        }
        // It was deleted meanwhile: nothing to tell.
        Err(missing) if missing.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}
