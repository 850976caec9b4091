//! The counts of a StatefulSet (`stateful_set_control.go` computeReplicaStatus).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::Pod;

use super::sync::{Sync, is_of};
use crate::api::{Resource, Result};
use crate::controllers::pods;
use crate::sim::Time;

/// A status without counts.
pub fn begin(
    sync: &Sync<'_, '_, '_>,
    current: &ControllerRevision,
    update: &ControllerRevision,
    collisions: i32,
) -> StatefulSetStatus {
    let before = sync.set.status.as_ref();
    StatefulSetStatus {
        observed_generation: sync.set.metadata.generation,
        current_revision: Some(current.name().to_owned()),
        update_revision: Some(update.name().to_owned()),
        collision_count: Some(collisions),
        conditions: before.and_then(|s| s.conditions.clone()),
        ..StatefulSetStatus::default()
    }
}

pub fn count(
    status: &mut StatefulSetStatus,
    all: &[Rc<Pod>],
    min_ready: i32,
    current: &ControllerRevision,
    update: &ControllerRevision,
    now: Time,
) {
    let number = |keep: &dyn Fn(&Pod) -> bool| all.iter().filter(|p| keep(p)).count() as i32;
    let ready = |pod: &Pod| pods::phase(pod) == "Running" && pods::is_ready(pod);
    let stays = |pod: &Pod| !pods::is_deleting(pod);
    status.replicas = all.len() as i32;
    status.ready_replicas = some(number(&ready));
    status.available_replicas = Some(number(&|p| {
        ready(p) && pods::is_available(p, min_ready, now)
    }));
    status.current_replicas = some(number(&|p| stays(p) && is_of(p, current)));
    status.updated_replicas = some(number(&|p| stays(p) && is_of(p, update)));
}

/// Go omits these counts when they are zero.
fn some(count: i32) -> Option<i32> {
    Some(count).filter(|n| *n != 0)
}

/// When all pods are of the new revision and ready, it is the current one.
fn complete_rolling_update(sync: &Sync<'_, '_, '_>, status: &mut StatefulSetStatus) {
    let wanted = sync.replicas() as i32;
    let all = |n: Option<i32>| n.unwrap_or_default() == wanted;
    if !sync.is_on_delete()
        && all(status.updated_replicas)
        && all(status.ready_replicas)
        && status.replicas == wanted
    {
        status.current_replicas = status.updated_replicas;
        status.current_revision.clone_from(&status.update_revision);
    }
}

/// Writes the status if it is new.
pub fn write(sync: &mut Sync<'_, '_, '_>, mut status: StatefulSetStatus) -> Result<()> {
    complete_rolling_update(sync, &mut status);
    if sync.set.status.as_ref() == Some(&status) {
        return Ok(());
    }
    let changed = |set: &StatefulSet| StatefulSet {
        status: Some(status.clone()),
        ..set.clone()
    };
    match sync.scope.ctx.update_status(changed(&sync.set)) {
        Err(conflict) if conflict.is_conflict() => {
            let newest = sync.scope.ctx.get::<StatefulSet>(&sync.set.key());
            match newest.filter(|n| n.uid() == sync.set.uid()) {
                Some(newest) => sync.scope.ctx.update_status(changed(&newest)).map(|_| ()),
                None => Ok(()),
            }
        }
        // It was deleted meanwhile: nothing to tell.
        Err(missing) if missing.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}
