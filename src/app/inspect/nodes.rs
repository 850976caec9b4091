//! A node, told: whether it works, how full it is, what runs on it.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::Value;

use super::conditions::condition;
use super::json::{flag, list, pairs, text};
use super::pods::sentence;
use super::related::Group;
use super::summary::{Fact, Sources, Summary};
use crate::api::Resource;
use crate::app::words;

pub fn tell(sources: &Sources<'_>, node: &Rc<Node>, value: &Value, out: &mut Summary) {
    let on_it = |pod: &&Rc<Pod>| {
        let name = pod.spec.as_ref().and_then(|s| s.node_name.as_deref());
        name == Some(node.name())
    };
    let count = sources.mirror.pods.iter().filter(on_it).count();
    let cordoned = flag(value, "/spec/unschedulable");
    let ready = condition(value, "Ready", "True").is_some();
    let mut told = match (ready, out.conditions.iter().find(|c| &*c.name == "Ready")) {
        (true, _) => format!("Ready; {} on it.", words::count(count, "pod")),
        (false, Some(c)) if &*c.status == "Unknown" => {
            format!("Not heard of: {}", sentence(&c.message))
        }
        (false, Some(c)) => format!("Not ready: {}", sentence(&c.message)),
        (false, None) => "Has not reported whether it is ready.".to_owned(),
    };
    if cordoned {
        told += " Cordoned: no new pods are put on it.";
    }
    out.words = told.into();
    out.bad = !ready;
    let mut facts = Vec::new();
    let addresses: Vec<String> = list(value, "/status/addresses")
        .iter()
        .map(|a| text(a, "/address").to_owned())
        .collect();
    facts.push(Fact::new("Addresses", addresses.join(", ")));
    for taint in list(value, "/spec/taints") {
        let key = text(taint, "/key");
        let words = match text(taint, "/value") {
            "" => format!("{key}:{}", text(taint, "/effect")),
            given => format!("{key}={given}:{}", text(taint, "/effect")),
        };
        facts.push(Fact::new("Taint", words));
    }
    let allocatable: Vec<String> = pairs(value, "/status/allocatable")
        .into_iter()
        .filter(|(name, _)| ["cpu", "memory", "pods", "ephemeral-storage"].contains(&name.as_str()))
        .map(|(name, amount)| format!("{name} {amount}"))
        .collect();
    facts.push(Fact::new("Allocatable", allocatable.join(", ")));
    facts.push(Fact::new(
        "Kubelet",
        text(value, "/status/nodeInfo/kubeletVersion"),
    ));
    out.facts
        .extend(facts.into_iter().filter(|f| !f.value.is_empty()));
    out.groups.push(Group::pods(
        "Pods on it",
        "No pods on this node.",
        sources.mirror.pods.iter().filter(on_it),
    ));
}
