//! The counts of a Deployment's status (`k8s.io/kubernetes/pkg/controller/deployment/sync.go`
//! calculateStatus).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet};

use super::progress::{condition, set_condition};
use super::util;
use crate::sim::Time;

pub const AVAILABLE: &str = "Available";

/// Counters are absent when zero, as Go's `omitempty` writes them.
fn count(n: i32) -> Option<i32> {
    (n != 0).then_some(n)
}

pub fn calculate(
    d: &Deployment,
    all: &[Rc<ReplicaSet>],
    new: Option<&Rc<ReplicaSet>>,
    now: Time,
) -> DeploymentStatus {
    let old = d.status.as_ref();
    let available = util::sum(all, util::available);
    let wanted = util::sum(all, util::replicas);
    let terminating = all.iter().try_fold(0, |total, rs| {
        let terminating = rs.status.as_ref()?.terminating_replicas?;
        Some(total + terminating)
    });
    let mut status = DeploymentStatus {
        observed_generation: d.metadata.generation,
        replicas: count(util::sum(all, util::actual)),
        updated_replicas: count(util::sum(new, util::actual)),
        ready_replicas: count(util::sum(all, util::ready)),
        available_replicas: count(available),
        unavailable_replicas: count((wanted - available).max(0)),
        terminating_replicas: terminating,
        collision_count: old.and_then(|s| s.collision_count),
        conditions: old.and_then(|s| s.conditions.clone()),
    };
    let minimum = if available >= util::desired(d) - util::max_unavailable(d) {
        condition(
            AVAILABLE,
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            now,
        )
    } else {
        condition(
            AVAILABLE,
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            now,
        )
    };
    set_condition(&mut status, minimum);
    status
}
