//! A goal as it is looked at: atoms, joined by all and any.

use crate::api::play::lesson::Goal;
use crate::api::{Kind, Object};
use crate::cluster::Cluster;

use super::objects::Objects;
use super::requests::Asked;
use super::words::Missing;

#[derive(Clone, Debug)]
pub enum Node {
    Objects(Box<Objects>),
    Requests(Box<Asked>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    /// `throughout`: what cannot be said yet counts as good.
    pub fn of(goal: &Goal, throughout: bool) -> Node {
        let all = |goals: &[Goal]| goals.iter().map(|g| Node::of(g, throughout)).collect();
        if let Some(requests) = &goal.requests {
            Node::Requests(Box::new(Asked::of(goal, requests, throughout)))
        } else if !goal.all_of.is_empty() {
            Node::All(all(&goal.all_of))
        } else if !goal.any_of.is_empty() {
            Node::Any(all(&goal.any_of))
        } else {
            Node::Objects(Box::new(Objects::of(goal)))
        }
    }

    pub fn holds(&self) -> bool {
        match self {
            Node::Objects(atom) => atom.holds(),
            Node::Requests(atom) => atom.holds(),
            Node::All(parts) => parts.iter().all(Node::holds),
            Node::Any(parts) => parts.iter().any(Node::holds),
        }
    }

    /// What is missing; `None` when it holds.
    pub fn missing(&self) -> Option<Missing> {
        match self {
            Node::Objects(atom) => atom.missing(),
            Node::Requests(atom) => atom.missing(),
            Node::All(parts) => parts.iter().find_map(Node::missing),
            // Of several ways, the first one is told.
            Node::Any(parts) => match self.holds() {
                true => None,
                false => parts.first().and_then(Node::missing),
            },
        }
    }

    pub fn each_objects(&mut self, act: &mut dyn FnMut(&mut Objects)) {
        match self {
            Node::Objects(atom) => act(atom),
            Node::Requests(_) => {}
            Node::All(parts) | Node::Any(parts) => {
                parts.iter_mut().for_each(|part| part.each_objects(act));
            }
        }
    }

    pub fn each_requests(&mut self, act: &mut dyn FnMut(&mut Asked)) {
        match self {
            Node::Objects(_) => {}
            Node::Requests(atom) => act(atom),
            Node::All(parts) | Node::Any(parts) => {
                parts.iter_mut().for_each(|part| part.each_requests(act));
            }
        }
    }
}

/// The kind that a word names, as kubectl takes it: "deploy", "deployments.apps", "Deployment".
pub fn kind_named(word: &str, cluster: &Cluster) -> Option<Kind> {
    cluster
        .server()
        .kinds()
        .find(|kind| kind.info().is_called(word))
}

/// The object that a text names: "deploy/web".
pub fn find_object(text: &str, namespace: &str, cluster: &Cluster) -> Option<Object> {
    let (word, name) = text.split_once('/')?;
    let kind = kind_named(word, cluster)?;
    let namespace = match kind.info().namespaced {
        true => namespace,
        false => "",
    };
    cluster.server().get_object(kind, namespace, name).ok()
}

/// An object that a text with stars is about: "pod/web-*". Of several, one in this namespace, and the youngest.
pub fn find_like(text: &str, namespace: &str, cluster: &Cluster) -> Option<Object> {
    let (word, name) = text.split_once('/')?;
    let kind = kind_named(word, cluster)?;
    let objects = cluster.server().list_objects(kind, None).into_iter();
    objects.filter(|o| is_like(o.name(), name)).max_by_key(|o| {
        let born = o.meta().creation_timestamp.as_ref().map(|t| t.0);
        (o.key().namespace == *namespace, born)
    })
}

/// Whether a text is like another one in which a star stands for any text.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}
