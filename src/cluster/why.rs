//! Why an object is as it is: its own changes, and the chain of causes that led to the first.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::{ContainerStatus, Node, Pod, ReplicationController};

use super::Cluster;
use crate::api::{Kind, Object};
use crate::apiserver::storage_key;
use crate::sim::{Cause, CauseId, Time};

/// One step of the explanation, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Time,
    /// The component or the client program that acted.
    pub actor: Rc<str>,
    /// "request", "create", "update", "update status", "delete", "sync", "schedule", ...
    pub verb: &'static str,
    /// The key in the store, or what else was acted on.
    pub subject: Rc<str>,
    /// The revision that was written; zero when nothing was.
    pub revision: u64,
    /// What it meant, in words; may be empty.
    pub words: String,
    /// Whether the step is about the object itself, and not about what led to it.
    pub own: bool,
}

/// At most so many own changes are told: the first ones and the last ones.
const MOST_STEPS: usize = 40;

impl Cluster {
    /// The story of an object: from the request that began it to its present state.
    ///
    /// Empty when nothing is known any more (the log of causes is bounded).
    pub fn why(&self, kind: Kind, namespace: &str, name: &str) -> Vec<Step> {
        let key = storage_key(kind, namespace, name);
        let own: Vec<(CauseId, &Cause)> = self
            .kernel
            .causes
            .iter()
            .filter(|(_, cause)| cause.subject == key)
            .collect();
        // An object of the same name may have lived before: begin with the last creation.
        let first = own
            .iter()
            .rposition(|(_, cause)| cause.verb == "create")
            .unwrap_or_default();
        let own = own.get(first..).unwrap_or_default();
        let Some((id, _)) = own.first() else {
            return Vec::new();
        };
        let mut steps: Vec<Step> = self
            .kernel
            .causes
            .chain(*id)
            .skip(1)
            .map(|(_, cause)| self.tell(cause, false))
            .collect();
        steps.reverse();
        let skipped = own.len().saturating_sub(MOST_STEPS);
        for (i, (_, cause)) in own.iter().enumerate() {
            if i >= MOST_STEPS / 2 && i < MOST_STEPS / 2 + skipped {
                continue;
            }
            steps.push(self.tell(cause, true));
        }
        steps
    }

    /// The chain that led to one revision, oldest first.
    pub fn why_revision(&self, revision: u64) -> Vec<Step> {
        let Some((id, _)) = self
            .kernel
            .causes
            .iter()
            .find(|(_, c)| c.revision == revision)
        else {
            return Vec::new();
        };
        let mut steps: Vec<Step> = self
            .kernel
            .causes
            .chain(id)
            .map(|(_, cause)| self.tell(cause, false))
            .collect();
        steps.reverse();
        steps
    }

    fn tell(&self, cause: &Cause, own: bool) -> Step {
        let words = if cause.note.is_empty() && cause.revision > 0 {
            self.server
                .change(cause.revision)
                .map(|(before, after)| difference(before.as_ref(), after.as_ref()))
                .unwrap_or_default()
        } else {
            cause.note.to_string()
        };
        Step {
            at: cause.at,
            actor: cause.actor.clone(),
            verb: cause.verb,
            subject: cause.subject.clone(),
            revision: cause.revision,
            words,
            own,
        }
    }
}

/// What a change meant, for the kinds whose changes people ask about.
fn difference(before: Option<&Object>, after: Option<&Object>) -> String {
    let (Some(before), Some(after)) = (before, after) else {
        return String::new();
    };
    let mut facts = Vec::new();
    if !before.is_deleting() && after.is_deleting() {
        let grace = after
            .meta()
            .deletion_grace_period_seconds
            .unwrap_or_default();
        facts.push(format!("marked for deletion, grace period {grace} s"));
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
                "replicas",
                old.map(|s| replicas(s)),
                replicas(set),
                &mut facts,
            );
            counted("ready", old.map(|s| ready(s)), ready(set), &mut facts);
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
                facts.push(format!("image {was} became {is}"));
            }
            counted(
                "replicas",
                old.map(|d| replicas(d)),
                replicas(deployment),
                &mut facts,
            );
            counted(
                "available",
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
        counted("replicas", was, wanted(rc).unwrap_or(1), &mut facts);
        counted("ready", old.map(|rc| ready(rc)), ready(rc), &mut facts);
    }
    if let Some(node) = after.get::<Node>() {
        let cordoned = |n: &Node| n.spec.as_ref().and_then(|s| s.unschedulable) == Some(true);
        match (
            before.get::<Node>().is_some_and(|n| cordoned(n)),
            cordoned(node),
        ) {
            (false, true) => facts.push("cordoned".to_owned()),
            (true, false) => facts.push("uncordoned".to_owned()),
            _ => {}
        }
    }
    facts.join("; ")
}

fn stateful_set_facts(old: Option<&Rc<StatefulSet>>, set: &StatefulSet, facts: &mut Vec<String>) {
    let wanted = |s: &StatefulSet| s.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
    let status = |s: &StatefulSet| s.status.clone().unwrap_or_default();
    let (was, is) = (old.map(|s| status(s)), status(set));
    counted("replicas", old.map(|s| wanted(s)), wanted(set), facts);
    let count = |n: Option<i32>| n.unwrap_or_default();
    let ready = was.as_ref().map(|s| count(s.ready_replicas));
    counted("ready", ready, count(is.ready_replicas), facts);
    let updated = was.as_ref().map(|s| count(s.updated_replicas));
    counted(
        "of the new revision",
        updated,
        count(is.updated_replicas),
        facts,
    );
    if let (Some(was), Some(now)) = (was.and_then(|s| s.current_revision), is.current_revision)
        && was != now
    {
        facts.push(format!("revision {now} is the current one"));
    }
}

fn job_facts(old: Option<&Rc<Job>>, job: &Job, facts: &mut Vec<String>) {
    let status = |j: &Job| j.status.clone().unwrap_or_default();
    let (was, is) = (old.map(|j| status(j)).unwrap_or_default(), status(job));
    let count = |n: Option<i32>| n.unwrap_or_default();
    for (what, before, after) in [
        ("active", was.active, is.active),
        ("succeeded", was.succeeded, is.succeeded),
        ("failed", was.failed, is.failed),
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
            let reason = condition.reason.as_deref().unwrap_or_default();
            facts.push(format!("{type_} is {value}: {reason}"));
        }
    }
}

fn counted(what: &str, before: Option<i32>, after: i32, facts: &mut Vec<String>) {
    if let Some(before) = before.filter(|before| *before != after) {
        facts.push(format!("{what} {before} → {after}"));
    }
}

fn pod_facts(before: Option<&Rc<Pod>>, pod: &Pod, facts: &mut Vec<String>) {
    let node = |p: &Pod| p.spec.as_ref().and_then(|s| s.node_name.clone());
    let was_node = before.and_then(|p| node(p));
    if let Some(node) = node(pod).filter(|n| Some(n) != was_node.as_ref()) {
        facts.push(format!("bound to {node}"));
    }
    let status = pod.status.as_ref();
    let was_status = before.and_then(|p| p.status.as_ref());
    let phase = status.and_then(|s| s.phase.as_deref()).unwrap_or_default();
    if was_status
        .and_then(|s| s.phase.as_deref())
        .unwrap_or_default()
        != phase
    {
        facts.push(format!("phase {phase}"));
    }
    let ip = status.and_then(|s| s.pod_ip.as_deref());
    if let Some(ip) = ip
        && was_status.and_then(|s| s.pod_ip.as_deref()) != Some(ip)
    {
        facts.push(format!("address {ip}"));
    }
    let states = |s: Option<&k8s_openapi::api::core::v1::PodStatus>| -> Vec<(String, String)> {
        let Some(s) = s else { return Vec::new() };
        let init = s.init_container_statuses.iter().flatten();
        init.chain(s.container_statuses.iter().flatten())
            .map(|c| (c.name.clone(), state_words(c)))
            .collect()
    };
    let was = states(was_status);
    for (name, state) in states(status) {
        let same = was.iter().any(|(n, s)| *n == name && *s == state);
        if !state.is_empty() && !same {
            facts.push(format!("container {name} {state}"));
        }
    }
    let ready = |s: Option<&k8s_openapi::api::core::v1::PodStatus>| {
        s.and_then(|s| s.conditions.as_ref())
            .is_some_and(|c| c.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
    };
    match (ready(was_status), ready(status)) {
        (false, true) => facts.push("ready: takes traffic".to_owned()),
        (true, false) => facts.push("no longer ready: takes no new traffic".to_owned()),
        _ => {}
    }
}

fn state_words(container: &ContainerStatus) -> String {
    let Some(state) = &container.state else {
        return String::new();
    };
    if let Some(waiting) = &state.waiting {
        return format!("waits: {}", waiting.reason.as_deref().unwrap_or("unknown"));
    }
    if let Some(terminated) = &state.terminated {
        let reason = terminated.reason.as_deref().unwrap_or("ended");
        return format!("ended: {reason}, exit code {}", terminated.exit_code);
    }
    if state.running.is_some() {
        let restarts = container.restart_count;
        return if restarts > 0 {
            format!("runs again, restart {restarts}")
        } else {
            "runs".to_owned()
        };
    }
    String::new()
}

/// The kind, namespace and name that a key in the store stands for.
pub fn object_of_key(key: &str) -> Option<(Kind, String, String)> {
    let rest = key.strip_prefix("/registry/")?;
    let kind = Kind::all().find(|kind| {
        let prefix = kind.info().prefix;
        rest.strip_prefix(prefix)
            .is_some_and(|tail| tail.starts_with('/'))
    })?;
    let tail = rest.get(kind.info().prefix.len() + 1..)?;
    match tail.split_once('/') {
        Some((namespace, name)) => Some((kind, namespace.to_owned(), name.to_owned())),
        None => Some((kind, String::new(), tail.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;

    #[test]
    fn keys_name_objects() {
        let (kind, namespace, name) =
            object_of_key("/registry/services/specs/shop/web").expect("a service");
        assert_eq!(
            (kind.info().kind, &*namespace, &*name),
            ("Service", "shop", "web")
        );
        let (kind, namespace, name) = object_of_key("/registry/minions/worker-1").expect("a node");
        assert_eq!(
            (kind.info().kind, &*namespace, &*name),
            ("Node", "", "worker-1")
        );
        assert!(object_of_key("/registry/nothing/x").is_none());
        assert_eq!(
            storage_key(Pod::KIND, "a", "b").as_ref(),
            "/registry/pods/a/b"
        );
    }
}
