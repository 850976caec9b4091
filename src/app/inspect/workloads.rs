//! Deployments and ReplicaSets, told: how far they are from what was asked for.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use serde_json::Value;

use super::conditions::condition;
use super::json::{flag, int, list, pairs, plain, text};
use super::pods::sentence;
use super::related::{Group, item};
use super::summary::{Fact, Sources, Summary};
use crate::api::Resource;
use crate::app::{Text, say};

/// The annotation that counts a Deployment's revisions.
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

pub fn tell_deployment(
    sources: &Sources<'_>,
    deployment: &Rc<Deployment>,
    value: &Value,
    out: &mut Summary,
) {
    let desired = int(value, "/spec/replicas");
    let status = |field: &str| int(value, &format!("/status/{field}"));
    let (updated, available) = (status("updatedReplicas"), status("availableReplicas"));
    let total = status("replicas");
    let told = if int(value, "/metadata/generation") > status("observedGeneration") {
        say!("deployment.unseen")
    } else if let Some(stuck) = condition(value, "Progressing", "False") {
        say!(
            "deployment.stuck",
            message = sentence(text(stuck, "/message"))
        )
    } else if let Some(failed) = condition(value, "ReplicaFailure", "True") {
        say!("pods.refused", message = sentence(text(failed, "/message")))
    } else if updated == desired && total == desired && available == desired {
        say!("deployment.done", n = desired)
    } else {
        say!(
            "deployment.rolling",
            updated = updated,
            desired = desired,
            available = available,
            old = (total - updated).max(0)
        )
    };
    out.words = match flag(value, "/spec/paused") {
        true => say!("deployment.paused", words = told),
        false => told,
    };
    out.bad = condition(value, "Progressing", "False").is_some()
        || condition(value, "ReplicaFailure", "True").is_some();
    let mut facts = vec![
        Fact::new(
            say!("fact.replicas"),
            say!(
                "fact.replicas.available",
                desired = desired,
                total = total,
                available = available
            ),
        ),
        Fact::new(say!("fact.strategy"), strategy(value)),
        Fact::new(
            say!("fact.selector"),
            selector(value, "/spec/selector/matchLabels"),
        ),
        Fact::new(say!("fact.images"), images(value)),
        Fact::new(say!("fact.revision"), text(value, REVISION)),
    ];
    facts.retain(|f| !f.value.is_empty());
    out.facts.extend(facts);
    let mut sets: Vec<&Rc<ReplicaSet>> = sources
        .mirror
        .replica_sets
        .owned_by(deployment.uid())
        .collect();
    let revision = |set: &ReplicaSet| -> u64 {
        let annotations = set.metadata.annotations.as_ref();
        let text = annotations.and_then(|a| a.get("deployment.kubernetes.io/revision"));
        text.and_then(|t| t.parse().ok()).unwrap_or_default()
    };
    sets.sort_by_key(|set| std::cmp::Reverse(revision(set)));
    out.groups.push(Group::new(
        say!("group.sets"),
        say!("group.sets.none"),
        sets.iter().map(|set| {
            let have = set.status.as_ref().map_or(0, |s| s.replicas);
            let want = set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
            let words = say!(
                "group.set",
                revision = revision(set),
                have = have,
                want = want
            );
            item(&ReplicaSet::into_object((*set).clone()), words)
        }),
    ));
    out.groups.push(Group::pods(
        say!("group.pods"),
        say!("group.pods.none"),
        sets.iter()
            .flat_map(|set| sources.mirror.pods.owned_by(set.uid())),
    ));
}

pub fn tell_replica_set(
    sources: &Sources<'_>,
    set: &Rc<ReplicaSet>,
    value: &Value,
    out: &mut Summary,
) {
    let desired = int(value, "/spec/replicas");
    let have = int(value, "/status/replicas");
    let ready = int(value, "/status/readyReplicas");
    out.words = if let Some(failed) = condition(value, "ReplicaFailure", "True") {
        out.bad = true;
        say!("pods.refused", message = sentence(text(failed, "/message")))
    } else if desired == 0 && have == 0 {
        say!("set.zero")
    } else if have == desired {
        say!("set.done", n = desired, ready = ready)
    } else {
        say!("set.short", n = have, desired = desired, ready = ready)
    };
    let mut facts = vec![
        Fact::new(
            say!("fact.replicas"),
            say!(
                "fact.replicas.ready",
                desired = desired,
                have = have,
                ready = ready
            ),
        ),
        Fact::new(
            say!("fact.selector"),
            selector(value, "/spec/selector/matchLabels"),
        ),
        Fact::new(say!("fact.images"), images(value)),
        Fact::new(say!("fact.revision"), text(value, REVISION)),
    ];
    facts.retain(|f| !f.value.is_empty());
    out.facts.extend(facts);
    out.groups.push(Group::pods(
        say!("group.pods"),
        say!("group.pods.none"),
        sources.mirror.pods.owned_by(set.uid()),
    ));
}

fn strategy(value: &Value) -> Text {
    let rolling = &value["spec"]["strategy"]["rollingUpdate"];
    match text(value, "/spec/strategy/type") {
        "RollingUpdate" if rolling.is_object() => say!(
            "fact.strategy.rolling",
            surge = plain(&rolling["maxSurge"]),
            unavailable = plain(&rolling["maxUnavailable"])
        ),
        other => other.into(),
    }
}

pub fn selector(value: &Value, pointer: &str) -> String {
    let list: Vec<String> = pairs(value, pointer)
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    list.join(", ")
}

fn images(value: &Value) -> String {
    let list: Vec<&str> = list(value, "/spec/template/spec/containers")
        .iter()
        .map(|c| text(c, "/image"))
        .collect();
    list.join(", ")
}
