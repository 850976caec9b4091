//! A pod, told: where it is on its way, and what it waits for.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Pod, Service, ServiceAccount};
use serde_json::Value;

use super::conditions::condition;
use super::json::{int, text, time};
use super::related::{Group, item};
use super::summary::{Fact, Sources, Summary};
use crate::api::selector::Selector;
use crate::api::{Resource, rfc3339};
use crate::app::view::Phase;
use crate::app::view::pod::phase;

pub fn tell(sources: &Sources<'_>, pod: &Rc<Pod>, value: &Value, out: &mut Summary) {
    let services: Vec<&Rc<Service>> = services_of(sources, pod);
    let phase = phase(pod);
    out.words = words(phase, value, out, &services).into();
    out.bad = phase == Phase::Failing;
    let mut facts = Vec::new();
    match text(value, "/spec/nodeName") {
        "" => facts.push(Fact::new("Node", "not on a node yet")),
        node => facts.push(Fact::linked("Node", sources.link(Node::KIND, "", node))),
    }
    let mut add = |term, value: &str| {
        if !value.is_empty() {
            facts.push(Fact::new(term, value));
        }
    };
    add("Phase", text(value, "/status/phase"));
    add("Pod IP", text(value, "/status/podIP"));
    add("Restart policy", text(value, "/spec/restartPolicy"));
    add("QoS class", text(value, "/status/qosClass"));
    let account = text(value, "/spec/serviceAccountName");
    if !account.is_empty() {
        let link = sources.link(ServiceAccount::KIND, pod.namespace(), account);
        facts.push(Fact::linked("Service account", link));
    }
    out.facts.splice(1..1, facts);
    out.groups.push(Group::new(
        "Services that choose it",
        "No Service chooses this pod.",
        services.iter().map(|service| {
            let ip = service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref());
            let object = Service::into_object((*service).clone());
            item(&object, ip.unwrap_or_default())
        }),
    ));
}

/// The Services whose selector the pod's labels satisfy.
fn services_of<'s>(sources: &Sources<'s>, pod: &Pod) -> Vec<&'s Rc<Service>> {
    let labels = pod.metadata.labels.clone().unwrap_or_default();
    sources
        .mirror
        .services
        .in_namespace(pod.namespace())
        .filter(|service| {
            let selector = service.spec.as_ref().and_then(|s| s.selector.as_ref());
            selector.is_some_and(|s| !s.is_empty() && Selector::from_labels(s).matches(&labels))
        })
        .collect()
}

fn words(phase: Phase, value: &Value, out: &Summary, services: &[&Rc<Service>]) -> String {
    let node = text(value, "/spec/nodeName");
    let trouble = || {
        out.containers.iter().find(|c| c.bad).map(|c| {
            let mut words = format!("Container {}: {}.", c.name, lower(&c.state));
            if !c.detail.is_empty() {
                words += &format!(" {}", sentence(&c.detail));
            }
            words
        })
    };
    match phase {
        Phase::Pending => match condition(value, "PodScheduled", "False") {
            Some(refused) => format!("Waits for a node: {}", sentence(text(refused, "/message"))),
            None => "Waits for the scheduler to find it a node.".to_owned(),
        },
        Phase::Starting => {
            let waiting = out.containers.iter().find(|c| &*c.state != "Runs");
            match waiting {
                Some(c) => format!(
                    "On {node}, starting. Container {}: {}.",
                    c.name,
                    lower(&c.state)
                ),
                None => format!("On {node}, starting."),
            }
        }
        Phase::Running => {
            let not_ready: Vec<&str> = out
                .containers
                .iter()
                .filter(|c| !c.ready && &*c.state == "Runs")
                .map(|c| &*c.name)
                .collect();
            match not_ready.as_slice() {
                [] => format!("Runs on {node}, but is not ready: it takes no traffic."),
                names => format!(
                    "Runs on {node}, but {} not ready yet: it takes no traffic.",
                    match names {
                        [one] => format!("{one} is"),
                        many => format!("{} are", many.join(", ")),
                    }
                ),
            }
        }
        Phase::Ready => match services {
            [] => format!("Runs on {node} and is ready."),
            [one] => format!(
                "Runs on {node} and is ready: it takes traffic of Service {}.",
                one.name()
            ),
            many => {
                let names: Vec<&str> = many.iter().map(|s| s.name()).collect();
                format!(
                    "Runs on {node} and is ready: it takes traffic of the Services {}.",
                    names.join(", ")
                )
            }
        },
        Phase::Terminating => {
            let grace = int(value, "/metadata/deletionGracePeriodSeconds");
            let mut words = "Is being deleted: it takes no new traffic".to_owned();
            if let Some(at) = time(value, "/metadata/deletionTimestamp") {
                let at = rfc3339::format_time(i64::try_from(at.0).unwrap_or(i64::MAX));
                words += &format!(", and is killed at {at} if it has not ended by then");
            }
            format!("{words} (grace period {grace} s).")
        }
        Phase::Failing => {
            let (reason, message) = (
                text(value, "/status/reason"),
                text(value, "/status/message"),
            );
            match (trouble(), reason) {
                (Some(words), _) => words,
                (None, "") => "Failed.".to_owned(),
                (None, reason) if message.is_empty() => format!("Failed: {reason}."),
                (None, reason) => format!("Failed: {reason}. {}", sentence(message)),
            }
        }
        Phase::Succeeded => "All its containers ended well.".to_owned(),
    }
}

/// With a small letter, to go on in a sentence.
pub fn lower(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// With a full stop.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    match text.ends_with(['.', '!', '?']) || text.is_empty() {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}
