//! What a write meant: the difference between two versions of an object, as people would tell it.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::{ContainerStatus, Node, Pod, ReplicationController};

use crate::api::Object;

/// One thing that is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Marked for deletion, with so many seconds of grace.
    Deletion {
        grace: i64,
    },
    Image {
        was: String,
        is: String,
    },
    Count {
        what: Counted,
        was: i32,
        is: i32,
    },
    Cordoned,
    Uncordoned,
    /// A StatefulSet has arrived at this revision.
    CurrentRevision(String),
    Condition {
        name: String,
        status: String,
        reason: String,
    },
    /// To a node.
    Bound(String),
    Phase(String),
    Address(String),
    Container {
        name: String,
        state: ContainerChange,
    },
    /// A pod takes traffic from now on.
    Ready,
    NotReady,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Replicas,
    Ready,
    Available,
    /// Of the new revision.
    Updated,
    Active,
    Succeeded,
    Failed,
}

/// Reasons may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerChange {
    Waits { reason: String },
    Ended { reason: String, code: i32 },
    Runs,
    RunsAgain { restarts: i32 },
}

/// What a change meant, for the kinds whose changes people ask about.
pub(super) fn difference(before: Option<&Object>, after: Option<&Object>) -> Vec<Change> {
    let (Some(before), Some(after)) = (before, after) else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    if !before.is_deleting() && after.is_deleting() {
        let grace = after
            .meta()
            .deletion_grace_period_seconds
            .unwrap_or_default();
        facts.push(Change::Deletion { grace });
    }
    match (
        after.get::<Pod>(),
        after.get::<ReplicaSet>(),
        after.get::<Deployment>(),
    ) {
        (Some(pod), _, _) => pod_facts(before.get(), pod, &mut facts),
        (_, Some(set), _) => {
            let old = before.get::<ReplicaSet>();
            let replicas = |s: &ReplicaSet| s.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
            let ready = |s: &ReplicaSet| {
                s.status
                    .as_ref()
                    .and_then(|s| s.ready_replicas)
                    .unwrap_or_default()
            };
            counted(
                Counted::Replicas,
                old.map(|s| replicas(s)),
                replicas(set),
                &mut facts,
            );
            counted(
                Counted::Ready,
                old.map(|s| ready(s)),
                ready(set),
                &mut facts,
            );
        }
        (_, _, Some(deployment)) => {
            let old = before.get::<Deployment>();
            let replicas = |d: &Deployment| d.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
            let available = |d: &Deployment| {
                d.status
                    .as_ref()
                    .and_then(|s| s.available_replicas)
                    .unwrap_or_default()
            };
            let image = |d: &Deployment| {
                let containers = d
                    .spec
                    .as_ref()?
                    .template
                    .spec
                    .as_ref()?
                    .containers
                    .first()?;
                containers.image.clone()
            };
            if let (Some(was), Some(is)) = (old.and_then(|d| image(d)), image(deployment))
                && was != is
            {
                facts.push(Change::Image { was, is });
            }
            counted(
                Counted::Replicas,
                old.map(|d| replicas(d)),
                replicas(deployment),
                &mut facts,
            );
            counted(
                Counted::Available,
                old.map(|d| available(d)),
                available(deployment),
                &mut facts,
            );
        }
        _ => {}
    }
    if let Some(set) = after.get::<StatefulSet>() {
        stateful_set_facts(before.get(), set, &mut facts);
    } else if let Some(job) = after.get::<Job>() {
        job_facts(before.get(), job, &mut facts);
    } else if let Some(rc) = after.get::<ReplicationController>() {
        let old = before.get::<ReplicationController>();
        let wanted = |rc: &ReplicationController| rc.spec.as_ref().and_then(|s| s.replicas);
        let ready = |rc: &ReplicationController| {
            let status = rc.status.as_ref();
            status.and_then(|s| s.ready_replicas).unwrap_or_default()
        };
        let was = old.and_then(|rc| wanted(rc));
        counted(Counted::Replicas, was, wanted(rc).unwrap_or(1), &mut facts);
        counted(
            Counted::Ready,
            old.map(|rc| ready(rc)),
            ready(rc),
            &mut facts,
        );
    }
    if let Some(node) = after.get::<Node>() {
        let cordoned = |n: &Node| n.spec.as_ref().and_then(|s| s.unschedulable) == Some(true);
        match (
            before.get::<Node>().is_some_and(|n| cordoned(n)),
            cordoned(node),
        ) {
            (false, true) => facts.push(Change::Cordoned),
            (true, false) => facts.push(Change::Uncordoned),
            _ => {}
        }
    }
    facts
}

fn stateful_set_facts(old: Option<&Rc<StatefulSet>>, set: &StatefulSet, facts: &mut Vec<Change>) {
    let wanted = |s: &StatefulSet| s.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
    let status = |s: &StatefulSet| s.status.clone().unwrap_or_default();
    let (was, is) = (old.map(|s| status(s)), status(set));
    counted(
        Counted::Replicas,
        old.map(|s| wanted(s)),
        wanted(set),
        facts,
    );
    let count = |n: Option<i32>| n.unwrap_or_default();
    let ready = was.as_ref().map(|s| count(s.ready_replicas));
    counted(Counted::Ready, ready, count(is.ready_replicas), facts);
    let updated = was.as_ref().map(|s| count(s.updated_replicas));
    counted(Counted::Updated, updated, count(is.updated_replicas), facts);
    if let (Some(was), Some(now)) = (was.and_then(|s| s.current_revision), is.current_revision)
        && was != now
    {
        facts.push(Change::CurrentRevision(now));
    }
}

fn job_facts(old: Option<&Rc<Job>>, job: &Job, facts: &mut Vec<Change>) {
    let status = |j: &Job| j.status.clone().unwrap_or_default();
    let (was, is) = (old.map(|j| status(j)).unwrap_or_default(), status(job));
    let count = |n: Option<i32>| n.unwrap_or_default();
    for (what, before, after) in [
        (Counted::Active, was.active, is.active),
        (Counted::Succeeded, was.succeeded, is.succeeded),
        (Counted::Failed, was.failed, is.failed),
    ] {
        counted(what, Some(count(before)), count(after), facts);
    }
    let has = |status: &JobStatus, type_: &str, value: &str| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|c| c.type_ == type_ && c.status == value)
    };
    for condition in is.conditions.iter().flatten() {
        let (type_, value) = (&condition.type_, &condition.status);
        if !has(&was, type_, value) {
            facts.push(Change::Condition {
                name: type_.clone(),
                status: value.clone(),
                reason: condition.reason.clone().unwrap_or_default(),
            });
        }
    }
}

fn counted(what: Counted, before: Option<i32>, after: i32, facts: &mut Vec<Change>) {
    if let Some(was) = before.filter(|before| *before != after) {
        facts.push(Change::Count {
            what,
            was,
            is: after,
        });
    }
}

fn pod_facts(before: Option<&Rc<Pod>>, pod: &Pod, facts: &mut Vec<Change>) {
    let node = |p: &Pod| p.spec.as_ref().and_then(|s| s.node_name.clone());
    let was_node = before.and_then(|p| node(p));
    if let Some(node) = node(pod).filter(|n| Some(n) != was_node.as_ref()) {
        facts.push(Change::Bound(node));
    }
    let status = pod.status.as_deref();
    let was_status = before.and_then(|p| p.status.as_deref());
    let phase = status.and_then(|s| s.phase.as_deref()).unwrap_or_default();
    if was_status
        .and_then(|s| s.phase.as_deref())
        .unwrap_or_default()
        != phase
    {
        facts.push(Change::Phase(phase.to_owned()));
    }
    let ip = status.and_then(|s| s.pod_ip.as_deref());
    if let Some(ip) = ip
        && was_status.and_then(|s| s.pod_ip.as_deref()) != Some(ip)
    {
        facts.push(Change::Address(ip.to_owned()));
    }
    let states =
        |s: Option<&k8s_openapi::api::core::v1::PodStatus>| -> Vec<(String, ContainerChange)> {
            let Some(s) = s else { return Vec::new() };
            let init = s.init_container_statuses.iter().flatten();
            init.chain(s.container_statuses.iter().flatten())
                .filter_map(|c| Some((c.name.clone(), state_of(c)?)))
                .collect()
        };
    let was = states(was_status);
    for (name, state) in states(status) {
        let same = was.iter().any(|(n, s)| *n == name && *s == state);
        if !same {
            facts.push(Change::Container { name, state });
        }
    }
    let ready = |s: Option<&k8s_openapi::api::core::v1::PodStatus>| {
        s.and_then(|s| s.conditions.as_ref())
            .is_some_and(|c| c.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
    };
    match (ready(was_status), ready(status)) {
        (false, true) => facts.push(Change::Ready),
        (true, false) => facts.push(Change::NotReady),
        _ => {}
    }
}

fn state_of(container: &ContainerStatus) -> Option<ContainerChange> {
    let state = container.state.as_ref()?;
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.clone().unwrap_or_default();
        return Some(ContainerChange::Waits { reason });
    }
    if let Some(terminated) = &state.terminated {
        return Some(ContainerChange::Ended {
            reason: terminated.reason.clone().unwrap_or_default(),
            code: terminated.exit_code,
        });
    }
    state.running.as_ref()?;
    Some(match container.restart_count {
        restarts if restarts > 0 => ContainerChange::RunsAgain { restarts },
        _ => ContainerChange::Runs,
    })
}
