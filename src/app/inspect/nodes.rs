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
use crate::app::say;

pub fn tell(sources: &Sources<'_>, node: &Rc<Node>, value: &Value, out: &mut Summary) {
    let on_it = |pod: &&Rc<Pod>| {
        let name = pod.spec.as_ref().and_then(|s| s.node_name.as_deref());
        name == Some(node.name())
    };
    let count = sources.mirror.pods.iter().filter(on_it).count();
    let cordoned = flag(value, "/spec/unschedulable");
    let ready = condition(value, "Ready", "True").is_some();
    let mut told = match (ready, out.conditions.iter().find(|c| &*c.name == "Ready")) {
        (true, _) => say!("node.ready", pods = say!("count.pods", n = count)),
        (false, Some(c)) if &*c.status == "Unknown" => {
            say!("node.unknown", message = sentence(&c.message))
        }
        (false, Some(c)) => say!("node.not-ready", message = sentence(&c.message)),
        (false, None) => say!("node.silent"),
    };
    if cordoned {
        told = say!("node.cordoned", words = told);
    }
    out.words = told;
    out.bad = !ready;
    let mut facts = Vec::new();
    let addresses: Vec<String> = list(value, "/status/addresses")
        .iter()
        .map(|a| text(a, "/address").to_owned())
        .collect();
    facts.push(Fact::new(say!("fact.addresses"), addresses.join(", ")));
    for taint in list(value, "/spec/taints") {
        let key = text(taint, "/key");
        let words = match text(taint, "/value") {
            "" => format!("{key}:{}", text(taint, "/effect")),
            given => format!("{key}={given}:{}", text(taint, "/effect")),
        };
        facts.push(Fact::new(say!("fact.taint"), words));
    }
    let allocatable: Vec<String> = pairs(value, "/status/allocatable")
        .into_iter()
        .filter(|(name, _)| ["cpu", "memory", "pods", "ephemeral-storage"].contains(&name.as_str()))
        .map(|(name, amount)| format!("{name} {amount}"))
        .collect();
    facts.push(Fact::new(say!("fact.allocatable"), allocatable.join(", ")));
    facts.push(Fact::new(
        say!("fact.kubelet"),
        text(value, "/status/nodeInfo/kubeletVersion"),
    ));
    out.facts
        .extend(facts.into_iter().filter(|f| !f.value.is_empty()));
    out.groups.push(Group::pods(
        say!("group.pods.node"),
        say!("group.pods.node.none"),
        sources.mirror.pods.iter().filter(on_it),
    ));
}
