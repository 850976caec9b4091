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
use crate::app::words;

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
        (true, 0, _) => "Chooses no pods by label; nobody has given it endpoints.".to_owned(),
        (true, ready, _) => format!("Sends traffic to {}.", words::count(ready, "endpoint")),
        (false, 0, 0) => {
            "No pods have the labels it chooses by: connections are refused.".to_owned()
        }
        (false, 0, pods) => format!(
            "None of its {} is ready: connections are refused.",
            words::count(pods, "pod")
        ),
        (false, ready, _) => format!("Sends traffic to {}.", words::count(ready, "ready pod")),
    }
    .into();
    let ports: Vec<String> = list(value, "/spec/ports")
        .iter()
        .map(|port| {
            let mut words = format!("{}/{}", int(port, "/port"), text(port, "/protocol"));
            let target = plain(&port["targetPort"]);
            if target != int(port, "/port").to_string() && target != "null" {
                words += &format!(" to {target}");
            }
            match int(port, "/nodePort") {
                0 => words,
                node => format!("{words}, {node} on every node"),
            }
        })
        .collect();
    let mut facts = vec![
        Fact::new("Type", text(value, "/spec/type")),
        Fact::new("Cluster IP", text(value, "/spec/clusterIP")),
        Fact::new("Ports", ports.join("; ")),
        Fact::new("Selector", selector(value, "/spec/selector")),
        Fact::new("Session affinity", text(value, "/spec/sessionAffinity")),
    ];
    facts.retain(|f| !f.value.is_empty());
    out.facts.extend(facts);
    out.groups.push(Group::pods(
        "Pods it chooses",
        "No pods have these labels.",
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
