//! The events, as they are packed: there are four for each pod, and few of them are looked at.

use k8s_openapi::api::core::v1::Event;

use crate::api::Key;
use crate::api::packed::{Packed, Packer};
use crate::api::time::{from_api, from_micro};
use crate::apiserver::{EventType, WatchEvent};
use crate::sim::Time;
use crate::sim::ordered::Map;

#[derive(Clone, Default)]
pub struct Events {
    all: Map<Key, Seen>,
    packer: Packer,
}

/// An event, and what it is found by.
#[derive(Clone)]
pub struct Seen {
    pub packed: Packed,
    /// When it was last seen.
    pub at: Time,
    pub revision: u64,
}

impl Events {
    /// Takes in a change; tells whether it is one of an event.
    pub fn apply(&mut self, change: &WatchEvent) -> bool {
        let Some(event) = change.object.get::<Event>() else {
            return false;
        };
        let key = change.object.key();
        if change.event == EventType::Deleted {
            self.all.remove(&key);
            return true;
        }
        let seen = Seen {
            packed: self.packer.pack(event, ""),
            at: last_seen(event),
            revision: change.object.revision(),
        };
        self.all.insert(key, seen);
        true
    }

    pub fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.all.values()
    }
}

fn last_seen(event: &Event) -> Time {
    let series = event
        .series
        .as_ref()
        .and_then(|s| s.last_observed_time.as_ref());
    series
        .map(from_micro)
        .or_else(|| event.last_timestamp.as_ref().map(from_api))
        .or_else(|| event.event_time.as_ref().map(from_micro))
        .or_else(|| event.metadata.creation_timestamp.as_ref().map(from_api))
        .unwrap_or_default()
}
