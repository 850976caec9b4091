//! Events as rows of a table, newest first.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Event;

use super::Link;
use super::summary::Sources;
use crate::api::{Key, Kind, Resource};
use crate::app::mirror::Seen;
use crate::cluster::Cluster;
use crate::sim::Time;

#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub uid: Rc<str>,
    /// When it was last seen.
    pub at: Time,
    pub warning: bool,
    pub reason: Rc<str>,
    pub message: Rc<str>,
    /// How often it was seen.
    pub count: i32,
    /// Who reported it.
    pub source: Rc<str>,
    /// What it is about.
    pub about: Rc<str>,
    pub link: Option<Link>,
    revision: u64,
}

/// The latest events, newest first: at most `most` of them, and how many there are.
pub fn events(sources: &Sources<'_>, warnings_only: bool, most: usize) -> (Vec<EventRow>, usize) {
    let wanted = |e: &&Seen| !warnings_only || is_warning(e.packed.like());
    let wanted = sources.mirror.events.iter().filter(wanted);
    sorted(sources.cluster, wanted, most)
}

/// The events about an object.
pub fn events_of(sources: &Sources<'_>, kind: Kind, key: &Key, uid: &str) -> Vec<EventRow> {
    // Kubelets report about nodes under the node's name instead of its uid.
    let about = |e: &&Seen| {
        let involved = &e.packed.like().involved_object;
        involved.namespace.as_deref().unwrap_or_default() == &*key.namespace
            && involved.kind.as_deref().unwrap_or_default() == kind.info().kind
            && e.packed.about() == &*key.name
            && (uid.is_empty() || is_of(&e.packed.event(), uid, &key.name))
    };
    let found = sources.mirror.events.iter().filter(about);
    sorted(sources.cluster, found, 200).0
}

fn is_of(event: &Event, uid: &str, name: &str) -> bool {
    let of = event.involved_object.uid.as_deref().unwrap_or_default();
    of == uid || of == name
}

fn sorted<'e>(
    cluster: &Cluster,
    events: impl Iterator<Item = &'e Seen>,
    most: usize,
) -> (Vec<EventRow>, usize) {
    let mut all: Vec<&Seen> = events.collect();
    let count = all.len();
    all.sort_by_key(|event| std::cmp::Reverse((event.at, event.revision)));
    all.truncate(most);
    let rows = all
        .into_iter()
        .map(|seen| row(cluster, &seen.packed.event(), seen.at, seen.revision));
    (rows.collect(), count)
}

fn is_warning(event: &Event) -> bool {
    event.type_.as_deref() == Some("Warning")
}

fn row(cluster: &Cluster, event: &Event, at: Time, revision: u64) -> EventRow {
    let involved = &event.involved_object;
    let word = |text: &Option<String>| -> Rc<str> { text.as_deref().unwrap_or_default().into() };
    let (kind, name) = (word(&involved.kind), word(&involved.name));
    let about = match kind.is_empty() {
        true => name.clone(),
        false => format!("{kind} {name}").into(),
    };
    let version = involved.api_version.as_deref().unwrap_or("v1");
    let kind_of = cluster.server().kind_by_gvk(version, &kind);
    let link = kind_of.map(|kind| Link {
        kind,
        key: Key::new(
            match kind.info().namespaced {
                true => involved.namespace.as_deref().unwrap_or("default"),
                false => "",
            },
            &name,
        ),
        // The uid of an event about a node is its name.
        uid: match involved.uid.as_deref() {
            Some(uid) if uid != &*name => uid.into(),
            _ => "".into(),
        },
    });
    let source = event
        .reporting_component
        .as_deref()
        .filter(|c| !c.is_empty())
        .or(event.source.as_ref().and_then(|s| s.component.as_deref()))
        .unwrap_or_default();
    let host = event.source.as_ref().and_then(|s| s.host.as_deref());
    EventRow {
        uid: event.uid().into(),
        at,
        warning: is_warning(event),
        reason: word(&event.reason),
        message: word(&event.message),
        count: event
            .series
            .as_ref()
            .and_then(|s| s.count)
            .or(event.count)
            .unwrap_or(1)
            .max(1),
        source: match host {
            Some(host) if !host.is_empty() => format!("{source}, {host}").into(),
            _ => source.into(),
        },
        about,
        link,
        revision,
    }
}
