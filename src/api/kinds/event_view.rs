//! Events as the group `events.k8s.io` shows them: the same objects under other names of fields
//! (`k8s.io/kubernetes/pkg/apis/events/v1`).

use serde_json::{Map, Value};

use super::{KindInfo, View, event};
use crate::api::Resource;

pub const VIEW: View = View {
    info: &KindInfo {
        group: "events.k8s.io",
        ..event::INFO
    },
    of: k8s_openapi::api::core::v1::Event::KIND,
    shown: |stored| renamed(stored, |(there, here)| (there, here), "events.k8s.io/v1"),
    stored: |shown| renamed(shown, |(there, here)| (here, there), "v1"),
};

/// (in the core group, in this one)
const FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

type Name = &'static str;

fn renamed(value: Value, names: fn((Name, Name)) -> (Name, Name), api_version: &str) -> Value {
    let Value::Object(map) = value else {
        return value;
    };
    let mut out = Map::new();
    for (name, value) in map {
        let other = FIELDS
            .into_iter()
            .map(names)
            .find(|(from, _)| *from == name);
        out.insert(other.map_or(name, |(_, to)| to.to_owned()), value);
    }
    if out.contains_key("apiVersion") {
        out.insert("apiVersion".to_owned(), Value::from(api_version));
    }
    Value::Object(out)
}
