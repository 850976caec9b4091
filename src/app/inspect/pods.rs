//! A pod, told: where it is on its way, and what it waits for.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Pod, Service, ServiceAccount};
use serde_json::Value;

use super::conditions::condition;
use super::containers::State;
use super::json::{int, text, time};
use super::related::{Group, item};
use super::summary::{Fact, Sources, Summary};
use crate::api::selector::Selector;
use crate::api::{Resource, rfc3339};
use crate::app::view::Phase;
use crate::app::view::pod::phase;
use crate::app::{Text, say};

pub fn tell(sources: &Sources<'_>, pod: &Rc<Pod>, value: &Value, out: &mut Summary) {
    let services: Vec<&Rc<Service>> = services_of(sources, pod);
    let phase = phase(pod);
    out.words = words(phase, value, out, &services);
    out.bad = phase == Phase::Failing;
    let mut facts = Vec::new();
    match text(value, "/spec/nodeName") {
        "" => facts.push(Fact::new(say!("fact.node"), say!("fact.node.none"))),
        node => facts.push(Fact::linked(
            say!("fact.node"),
            sources.link(Node::KIND, "", node),
        )),
    }
    let mut add = |term, value: &str| {
        if !value.is_empty() {
            facts.push(Fact::new(term, value));
        }
    };
    add(say!("fact.phase"), text(value, "/status/phase"));
    add(say!("fact.pod-ip"), text(value, "/status/podIP"));
    add(
        say!("fact.restart-policy"),
        text(value, "/spec/restartPolicy"),
    );
    add(say!("fact.qos"), text(value, "/status/qosClass"));
    let account = text(value, "/spec/serviceAccountName");
    if !account.is_empty() {
        let link = sources.link(ServiceAccount::KIND, pod.namespace(), account);
        facts.push(Fact::linked(say!("fact.account"), link));
    }
    out.facts.splice(1..1, facts);
    out.groups.push(Group::new(
        say!("group.services"),
        say!("group.services.none"),
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

fn words(phase: Phase, value: &Value, out: &Summary, services: &[&Rc<Service>]) -> Text {
    let node = text(value, "/spec/nodeName");
    let trouble = || {
        out.containers.iter().find(|c| c.bad).map(|c| {
            let (name, state) = (&c.name, c.state.inside());
            match c.detail.is_empty() {
                true => say!("pod.container", name = name, state = state),
                false => say!(
                    "pod.container.detail",
                    name = name,
                    state = state,
                    detail = sentence(&c.detail)
                ),
            }
        })
    };
    match phase {
        Phase::Pending => match condition(value, "PodScheduled", "False") {
            Some(refused) => say!("pod.waits", message = sentence(text(refused, "/message"))),
            None => say!("pod.waits.scheduler"),
        },
        Phase::Starting => {
            let waiting = out.containers.iter().find(|c| c.state != State::Runs);
            match waiting {
                Some(c) => say!(
                    "pod.starting.container",
                    node = node,
                    name = &c.name,
                    state = c.state.inside()
                ),
                None => say!("pod.starting", node = node),
            }
        }
        Phase::Running => {
            let not_ready: Vec<Text> = out
                .containers
                .iter()
                .filter(|c| !c.ready && c.state == State::Runs)
                .map(|c| Text::from(&c.name))
                .collect();
            match not_ready.len() {
                0 => say!("pod.running", node = node),
                n => say!(
                    "pod.running.containers",
                    n = n,
                    node = node,
                    names = Text::list(not_ready)
                ),
            }
        }
        Phase::Ready => match services {
            [] => say!("pod.ready", node = node),
            some => {
                let names = Text::list(some.iter().map(|s| s.name().into()));
                say!(
                    "pod.ready.services",
                    n = some.len(),
                    node = node,
                    names = names
                )
            }
        },
        Phase::Terminating => {
            let grace = int(value, "/metadata/deletionGracePeriodSeconds");
            match time(value, "/metadata/deletionTimestamp") {
                Some(at) => {
                    let at = rfc3339::format_time(i64::try_from(at.0).unwrap_or(i64::MAX));
                    say!("pod.ending.at", at = at, grace = grace)
                }
                None => say!("pod.ending", grace = grace),
            }
        }
        Phase::Failing => {
            let (reason, message) = (
                text(value, "/status/reason"),
                text(value, "/status/message"),
            );
            match (trouble(), reason) {
                (Some(words), _) => words,
                (None, "") => say!("pod.failed"),
                (None, reason) if message.is_empty() => say!("pod.failed.reason", reason = reason),
                (None, reason) => say!(
                    "pod.failed.message",
                    reason = reason,
                    message = sentence(message)
                ),
            }
        }
        Phase::Succeeded => say!("pod.succeeded"),
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
