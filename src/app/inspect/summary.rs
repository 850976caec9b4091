//! What an object is, in words, facts, conditions and the company it keeps.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use serde_json::Value;

use super::conditions::{Condition, conditions};
use super::containers::{Container, containers};
use super::json::{list, pairs, text};
use super::related::Group;
use super::{Link, nodes, pods, services, workloads};
use crate::api::{Kind, Object, time};
use crate::app::Mirror;
use crate::app::{Text, say};
use crate::cluster::{Cluster, Timeline};

/// One line of the list of facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub term: Text,
    pub value: Text,
    pub link: Option<Link>,
}

impl Fact {
    pub fn new(term: Text, value: impl Into<Text>) -> Fact {
        Fact {
            term,
            value: value.into(),
            link: None,
        }
    }

    pub fn linked(term: Text, link: Link) -> Fact {
        Fact {
            term,
            value: (&link.key.name).into(),
            link: Some(link),
        }
    }
}

/// An object, told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Its present state in a sentence or two.
    pub words: Text,
    /// Whether that is trouble.
    pub bad: bool,
    pub facts: Vec<Fact>,
    pub labels: Vec<(String, String)>,
    pub containers: Vec<Container>,
    pub conditions: Vec<Condition>,
    pub groups: Vec<Group>,
}

/// What is read to tell of an object.
pub struct Sources<'s> {
    pub cluster: &'s Cluster,
    pub mirror: &'s Mirror,
}

impl<'s> Sources<'s> {
    pub fn of(timeline: &'s Timeline, mirror: &'s Mirror) -> Sources<'s> {
        Sources {
            cluster: timeline.cluster(),
            mirror,
        }
    }

    pub fn link(&self, kind: Kind, namespace: &str, name: &str) -> Link {
        Link::to(self.cluster, kind, namespace, name)
    }
}

pub fn summary(cluster: &Cluster, mirror: &Mirror, object: &Object) -> Summary {
    let sources = Sources { cluster, mirror };
    let value = object.to_value();
    let mut summary = Summary {
        labels: pairs(&value, "/metadata/labels"),
        conditions: conditions(&value),
        facts: common_facts(&sources, object, &value),
        ..Summary::default()
    };
    if let Some(pod) = object.get::<Pod>() {
        summary.containers = containers(&value);
        pods::tell(&sources, pod, &value, &mut summary);
    } else if let Some(node) = object.get::<Node>() {
        nodes::tell(&sources, node, &value, &mut summary);
    } else if let Some(deployment) = object.get::<Deployment>() {
        workloads::tell_deployment(&sources, deployment, &value, &mut summary);
    } else if let Some(set) = object.get::<ReplicaSet>() {
        workloads::tell_replica_set(&sources, set, &value, &mut summary);
    } else if let Some(service) = object.get::<Service>() {
        services::tell(&sources, service, &value, &mut summary);
    }
    if object.is_deleting() && summary.words.is_empty() {
        summary.words = say!("object.deleting");
    }
    summary
}

/// What every object has.
fn common_facts(sources: &Sources<'_>, object: &Object, value: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    if object.info().namespaced {
        facts.push(Fact::new(say!("fact.namespace"), object.namespace()));
    }
    for owner in list(value, "/metadata/ownerReferences") {
        let (version, kind) = (text(owner, "/apiVersion"), text(owner, "/kind"));
        let term = match owner["controller"] == Value::Bool(true) {
            true => say!("fact.controller"),
            false => say!("fact.owner"),
        };
        match sources.cluster.server().kind_by_gvk(version, kind) {
            Some(kind) => {
                let namespace = match kind.info().namespaced {
                    true => object.namespace(),
                    false => "",
                };
                let link = sources.link(kind, namespace, text(owner, "/name"));
                let value = link.title().into();
                facts.push(Fact {
                    term,
                    value,
                    link: Some(link),
                });
            }
            None => facts.push(Fact::new(term, format!("{kind} {}", text(owner, "/name")))),
        }
    }
    facts.push(Fact::new(
        say!("fact.age"),
        time::age(object.meta(), sources.cluster.now()),
    ));
    facts
}
