//! What the inspector and the dock's tables say, as plain data in words.
//!
//! Everything is read from what the API shows: objects as JSON, events, the log of causes and the
//! scheduler's explanation. A part that is not shown is not built.

mod change;
mod conditions;
mod containers;
mod events;
mod json;
mod logs;
mod nodes;
mod pods;
mod related;
mod schedule;
mod services;
mod summary;
mod why;
mod workloads;

pub use conditions::Condition;
pub use containers::{Container, ContainerKind, State, containers};
pub use events::{EventRow, events, events_of};
pub use logs::{LogRequest, Logs, PAGE_AGENT, log_sources, read_logs};
pub use related::{Group, Item};
pub use schedule::{Candidate, Decision, decision};
pub use summary::{Fact, Sources, Summary, summary};
pub use why::{Beat, BeatKind, Origin, SUBJECT, story};

use std::rc::Rc;

use crate::api::{Key, Kind, Object, Resource, yaml};
use crate::app::Selection;
use crate::app::{Text, say};
use crate::cluster::Cluster;
use k8s_openapi::api::core::v1::Pod;

/// A part of the inspector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    Summary,
    Why,
    Events,
    Logs,
    Yaml,
}

impl Part {
    /// Names the part in ids.
    pub fn name(self) -> &'static str {
        match self {
            Part::Summary => "summary",
            Part::Why => "why",
            Part::Events => "events",
            Part::Logs => "logs",
            Part::Yaml => "yaml",
        }
    }

    pub fn label(self) -> Text {
        match self {
            Part::Summary => say!("part.summary"),
            Part::Why => say!("part.why"),
            Part::Events => say!("part.events"),
            Part::Logs => say!("part.logs"),
            Part::Yaml => say!("part.yaml"),
        }
    }

    /// The parts that a kind has.
    pub fn of(kind: Kind) -> &'static [Part] {
        if kind == Pod::KIND {
            &[
                Part::Summary,
                Part::Why,
                Part::Events,
                Part::Logs,
                Part::Yaml,
            ]
        } else {
            &[Part::Summary, Part::Why, Part::Events, Part::Yaml]
        }
    }
}

/// An object that can be gone to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub kind: Kind,
    pub key: Key,
    /// Empty when the object is not there any more.
    pub uid: Rc<str>,
}

impl Link {
    pub fn to(cluster: &Cluster, kind: Kind, namespace: &str, name: &str) -> Link {
        let found = cluster.server().get_object(kind, namespace, name).ok();
        Link {
            kind,
            key: Key::new(namespace, name),
            uid: found.as_ref().map_or("", Object::uid).into(),
        }
    }

    pub fn of(object: &Object) -> Link {
        Link {
            kind: object.kind(),
            key: Key::new(object.namespace(), object.name()),
            uid: object.uid().into(),
        }
    }

    pub fn is_gone(&self) -> bool {
        self.uid.is_empty()
    }

    /// "Pod web-1".
    pub fn title(&self) -> String {
        format!("{} {}", self.kind.info().kind, self.key.name)
    }

    pub fn selection(&self) -> Selection {
        Selection {
            kind: self.kind,
            key: self.key.clone(),
            uid: self.uid.clone(),
        }
    }
}

/// What became of what was selected.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    Present(Object),
    Gone,
    /// Another object has the name now.
    Replaced(Object),
}

impl Found {
    pub fn present(&self) -> Option<&Object> {
        match self {
            Found::Present(object) => Some(object),
            Found::Gone | Found::Replaced(_) => None,
        }
    }
}

/// Looks a selection up.
pub fn find(cluster: &Cluster, selection: &Selection) -> Found {
    let key = &selection.key;
    match cluster
        .server()
        .get_object(selection.kind, &key.namespace, &key.name)
    {
        Ok(object) if selection.uid.is_empty() || *object.uid() == *selection.uid => {
            Found::Present(object)
        }
        Ok(object) => Found::Replaced(object),
        Err(_) => Found::Gone,
    }
}

/// The object as `kubectl get -o yaml` shows it: without the record of who manages which field.
pub fn yaml_of(object: &Object) -> String {
    let mut value = object.to_value();
    if let Some(meta) = value["metadata"].as_object_mut() {
        meta.remove("managedFields");
    }
    yaml::to_yaml(&value)
}
