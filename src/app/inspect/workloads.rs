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
use crate::app::words;

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
        "The deployment controller has not seen the latest change yet.".to_owned()
    } else if let Some(stuck) = condition(value, "Progressing", "False") {
        format!(
            "The rollout is stuck: {}",
            sentence(text(stuck, "/message"))
        )
    } else if let Some(failed) = condition(value, "ReplicaFailure", "True") {
        format!(
            "Pods cannot be created: {}",
            sentence(text(failed, "/message"))
        )
    } else if updated == desired && total == desired && available == desired {
        format!(
            "As asked for: {} available.",
            words::count(n(desired), "pod")
        )
    } else {
        format!(
            "Rolling out: {updated} of {desired} pods are of the new revision, {available} available, \
             {} of older revisions.",
            (total - updated).max(0)
        )
    };
    out.words = match flag(value, "/spec/paused") {
        true => format!("Paused. {told}").into(),
        false => told.into(),
    };
    out.bad = condition(value, "Progressing", "False").is_some()
        || condition(value, "ReplicaFailure", "True").is_some();
    let mut facts = vec![
        Fact::new(
            "Replicas",
            format!("{desired} desired, {total} there, {available} available"),
        ),
        Fact::new("Strategy", strategy(value)),
        Fact::new("Selector", selector(value, "/spec/selector/matchLabels")),
        Fact::new("Images", images(value)),
        Fact::new("Revision", text(value, REVISION)),
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
        "ReplicaSets",
        "No ReplicaSets yet.",
        sets.iter().map(|set| {
            let have = set.status.as_ref().map_or(0, |s| s.replicas);
            let want = set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
            let words = format!("revision {}, {have} of {want}", revision(set));
            item(&ReplicaSet::into_object((*set).clone()), words)
        }),
    ));
    out.groups.push(Group::pods(
        "Pods",
        "No pods.",
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
        format!(
            "Pods cannot be created: {}",
            sentence(text(failed, "/message"))
        )
        .into()
    } else if desired == 0 && have == 0 {
        "Scaled to zero: kept so that its revision can be gone back to.".into()
    } else if have == desired {
        format!(
            "Has the {} it should have, {ready} ready.",
            words::count(n(desired), "pod")
        )
        .into()
    } else {
        format!(
            "Has {} and should have {desired}; {ready} ready.",
            words::count(n(have), "pod")
        )
        .into()
    };
    let mut facts = vec![
        Fact::new(
            "Replicas",
            format!("{desired} desired, {have} there, {ready} ready"),
        ),
        Fact::new("Selector", selector(value, "/spec/selector/matchLabels")),
        Fact::new("Images", images(value)),
        Fact::new("Revision", text(value, REVISION)),
    ];
    facts.retain(|f| !f.value.is_empty());
    out.facts.extend(facts);
    out.groups.push(Group::pods(
        "Pods",
        "No pods.",
        sources.mirror.pods.owned_by(set.uid()),
    ));
}

fn n(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}

fn strategy(value: &Value) -> String {
    let rolling = &value["spec"]["strategy"]["rollingUpdate"];
    match text(value, "/spec/strategy/type") {
        "RollingUpdate" if rolling.is_object() => format!(
            "RollingUpdate: at most {} more and {} fewer than desired",
            plain(&rolling["maxSurge"]),
            plain(&rolling["maxUnavailable"])
        ),
        other => other.to_owned(),
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
