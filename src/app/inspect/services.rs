//! A Service, told: where it is reached, and who answers.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::Value;

use super::json::{int, list, plain, text};
use super::related::Group;
use super::summary::{Fact, Sources, Summary};
use super::workloads::selector;
use crate::api::selector::Selector;
use crate::api::{Key, Resource};
use crate::app::{Text, say};

pub fn tell(sources: &Sources<'_>, service: &Rc<Service>, value: &Value, out: &mut Summary) {
    let chosen = service
        .spec
        .as_ref()
        .and_then(|s| s.selector.clone())
        .unwrap_or_default();
    let matcher = Selector::from_labels(&chosen);
    let pods: Vec<&Rc<Pod>> = sources
        .mirror
        .pods
        .in_namespace(service.namespace())
        .filter(|pod| {
            let labels = pod.metadata.labels.clone().unwrap_or_default();
            !chosen.is_empty() && matcher.matches(&labels)
        })
        .collect();
    let ready = ready_endpoints(sources, service);
    out.bad = ready == 0 && !chosen.is_empty();
    out.words = match (chosen.is_empty(), ready, pods.len()) {
        (true, 0, _) => say!("service.bare"),
        (true, ready, _) => say!("service.endpoints", n = ready),
        (false, 0, 0) => say!("service.none"),
        (false, 0, pods) => say!("service.unready", n = pods),
        (false, ready, _) => say!("service.pods", n = ready),
    };
    let ports: Vec<Text> = list(value, "/spec/ports")
        .iter()
        .map(|port| {
            let mut words = Text::from(format!(
                "{}/{}",
                int(port, "/port"),
                text(port, "/protocol")
            ));
            let target = plain(&port["targetPort"]);
            if target != int(port, "/port").to_string() && target != "null" {
                words = say!("fact.port.target", port = words, target = target);
            }
            match int(port, "/nodePort") {
                0 => words,
                node => say!("fact.port.node", port = words, node = node.to_string()),
            }
        })
        .collect();
    let mut facts = vec![
        Fact::new(say!("fact.type"), text(value, "/spec/type")),
        Fact::new(say!("fact.cluster-ip"), text(value, "/spec/clusterIP")),
        Fact::new(
            say!("fact.ports"),
            Text::row(ports, &say!("list.semicolon")),
        ),
        Fact::new(say!("fact.selector"), selector(value, "/spec/selector")),
        Fact::new(say!("fact.affinity"), text(value, "/spec/sessionAffinity")),
    ];
    facts.retain(|f| !f.value.is_empty());
    out.facts.extend(facts);
    out.groups.push(Group::pods(
        say!("group.pods.service"),
        say!("group.pods.service.none"),
        pods.into_iter(),
    ));
}

/// How many endpoints of the Service take traffic.
fn ready_endpoints(sources: &Sources<'_>, service: &Service) -> usize {
    let owner = Key::new(service.namespace(), service.name());
    sources
        .mirror
        .endpoint_slices
        .in_namespace(&owner.namespace)
        .filter(|slice| {
            let labels = slice.metadata.labels.as_ref();
            labels
                .and_then(|l| l.get("kubernetes.io/service-name"))
                .map(String::as_str)
                == Some(&*owner.name)
        })
        .flat_map(|slice| slice.endpoints.iter().flatten())
        .filter(|e| e.conditions.as_ref().and_then(|c| c.ready) != Some(false))
        .count()
}
