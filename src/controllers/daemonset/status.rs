//! The counts of a set (`daemon_controller.go` updateDaemonSetStatus, storeDaemonSetStatus).

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};

use super::placement::seniority;
use super::sync::Sync;
use super::template;
use crate::api::{Resource, Result};
use crate::controllers::pods;
use crate::sim::Time;

/// Nodes, by what they should have and have. Of a node's pods the senior one counts.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    desired: i32,
    current: i32,
    misscheduled: i32,
    ready: i32,
    updated: i32,
    available: i32,
}

pub fn count(sync: &Sync<'_, '_, '_>, now: Time) -> Counts {
    let mut counts = Counts::default();
    let min_ready = sync.min_ready_seconds();
    for (node, verdict) in &sync.verdicts {
        let pods = sync.by_node.get(node);
        let senior = pods.and_then(|pods| pods.iter().min_by(|a, b| seniority(a, b)));
        if !verdict.should_run() {
            counts.misscheduled += i32::from(senior.is_some());
            continue;
        }
        counts.desired += 1;
        let Some(pod) = senior else {
            continue;
        };
        counts.current += 1;
        counts.ready += i32::from(pods::is_ready(pod));
        counts.available += i32::from(pods::is_available(pod, min_ready, now));
        counts.updated += i32::from(template::is_updated(pod, &sync.set, &sync.hash));
    }
    counts
}

/// Writes the counts if they are new. A conflict is tried once more on the newest version, as
/// the counts do not depend on what somebody else may have written.
pub fn write(sync: &mut Sync<'_, '_, '_>, counts: &Counts, generation_seen: bool) -> Result<()> {
    let set = &sync.set;
    let status = set.status.clone().unwrap_or_default();
    let seen = status.observed_generation.unwrap_or_default();
    let generation = set.metadata.generation.unwrap_or_default();
    if with(&status, counts) == status && seen >= generation {
        return Ok(());
    }
    let changed = |newest: &DaemonSet| {
        let mut changed = newest.clone();
        let mut status = with(&changed.status.unwrap_or_default(), counts);
        if generation_seen {
            status.observed_generation = Some(generation);
        }
        changed.status = Some(status);
        changed
    };
    match sync.scope.ctx.update_status(changed(set)) {
        Err(conflict) if conflict.is_conflict() => {
            let newest = sync.scope.ctx.get::<DaemonSet>(&set.key());
            match newest.filter(|n| n.uid() == set.uid()) {
                Some(newest) => sync.scope.ctx.update_status(changed(&newest)).map(|_| ()),
                None => Ok(()),
            }
        }
        // It was deleted meanwhile: nothing to tell.
        Err(missing) if missing.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// The status with other counts. Those that Go omits when they are zero are absent then.
fn with(status: &DaemonSetStatus, counts: &Counts) -> DaemonSetStatus {
    let some = |n: i32| Some(n).filter(|n| *n != 0);
    DaemonSetStatus {
        desired_number_scheduled: counts.desired,
        current_number_scheduled: counts.current,
        number_misscheduled: counts.misscheduled,
        number_ready: counts.ready,
        updated_number_scheduled: some(counts.updated),
        number_available: some(counts.available),
        number_unavailable: some(counts.desired - counts.available),
        ..status.clone()
    }
}
