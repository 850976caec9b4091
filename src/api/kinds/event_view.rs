//! Events as the group `events.k8s.io` shows them: the same objects under other names of fields
//! (`k8s.io/kubernetes/pkg/apis/events/v1`), and what that group asks of them
//! (`ValidateEventCreate` and `ValidateEventUpdate` in `pkg/apis/core/validation/events.go`).

use serde_json::{Map, Value};

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

use super::{KindInfo, View, event};
use crate::api::field::{Errors, Path};
use crate::api::rfc3339::format_time;
use crate::api::validation::IMMUTABLE;
use crate::api::{Object, Resource, names, time};

pub const VIEW: View = View {
    info: &KindInfo {
        group: "events.k8s.io",
        ..event::INFO
    },
    of: Event::KIND,
    shown: |stored| renamed(stored, |(there, here)| (there, here), "events.k8s.io/v1"),
    stored: |shown| renamed(shown, |(there, here)| (here, there), "v1"),
    rules: |object, old| match (object.get::<Event>(), old.and_then(Object::get::<Event>)) {
        (Some(new), None) => of_new(new),
        (Some(new), Some(old)) => of_changed(new, old),
        (None, _) => Errors::default(),
    },
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

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

fn of_new(event: &Event) -> Errors {
    let mut errors = Errors::default();
    let name = text(&event.metadata.name);
    let path = Path::new("metadata");
    errors.invalid_each(&path.child("name"), name, names::is_dns1123_subdomain(name));
    of_series(event, &mut errors);
    if event.event_time.is_none() {
        errors.required(&Path::new("eventTime"), "");
    }
    let type_ = text(&event.type_);
    if !matches!(type_, "Normal" | "Warning") {
        let detail = format!("has invalid value: {type_}");
        errors.invalid(&Path::new("type"), "", detail);
    }
    let source = event.source.as_ref();
    let source =
        source.is_some_and(|s| !text(&s.component).is_empty() || !text(&s.host).is_empty());
    for (field, is_set) in [
        ("firstTimestamp", event.first_timestamp.is_some()),
        ("lastTimestamp", event.last_timestamp.is_some()),
        ("count", event.count.is_some_and(|count| count != 0)),
        ("source", source),
    ] {
        if is_set {
            errors.invalid(&Path::new(field), "", "needs to be unset");
        }
    }
    errors
}

fn of_series(event: &Event, errors: &mut Errors) {
    let Some(series) = &event.series else {
        return;
    };
    if series.count.unwrap_or_default() < 2 {
        errors.invalid(&Path::new("series.count"), "", "should be at least 2");
    }
    if series.last_observed_time.is_none() {
        errors.required(&Path::new("series.lastObservedTime"), "");
    }
}

fn of_changed(event: &Event, old: &Event) -> Errors {
    let mut errors = Errors::default();
    if event.series != old.series {
        of_series(event, &mut errors);
    }
    let mut fixed = |field, value: Option<String>| {
        if let Some(value) = value {
            errors.invalid_raw(&Path::new(field), &value, IMMUTABLE);
        }
    };
    let quoted = |new: &Option<String>, old: &Option<String>| {
        (text(new) != text(old)).then(|| Value::from(text(new)).to_string())
    };
    let reason = || quoted(&event.reason, &old.reason);
    let (about, was_about) = (&event.involved_object, &old.involved_object);
    fixed(
        "involvedObject",
        (about != was_about).then(|| reference(Some(about))),
    );
    fixed("reason", reason());
    fixed("message", quoted(&event.message, &old.message));
    let source = event.source.clone().unwrap_or_default();
    let shown = || {
        let (component, host) = (text(&source.component), text(&source.host));
        format!(
            "{{\"Component\":{},\"Host\":{}}}",
            Value::from(component),
            Value::from(host)
        )
    };
    let was = old.source.clone().unwrap_or_default();
    fixed("source", (source != was).then(shown));
    let (first, last) = (&event.first_timestamp, &event.last_timestamp);
    let moved = |new: &Option<Time>, old: &Option<Time>| (new != old).then(|| instant(new));
    fixed("firstTimestamp", moved(first, &old.first_timestamp));
    fixed("lastTimestamp", moved(last, &old.last_timestamp));
    let (count, counted) = (event.count.unwrap_or(0), old.count.unwrap_or(0));
    fixed("count", (count != counted).then(|| count.to_string()));
    // Asked for twice, and told twice.
    fixed("reason", reason());
    fixed("type", quoted(&event.type_, &old.type_));
    let (new, was) = (&event.event_time, &old.event_time);
    fixed("eventTime", (new != was).then(|| micro_instant(new)));
    fixed("action", quoted(&event.action, &old.action));
    let related = event.related.as_deref();
    fixed(
        "related",
        (event.related != old.related).then(|| reference(related)),
    );
    let by = quoted(&event.reporting_component, &old.reporting_component);
    fixed("reportingController", by);
    let instance = quoted(&event.reporting_instance, &old.reporting_instance);
    fixed("reportingInstance", instance);
    errors
}

/// A reference as JSON of the server's own type.
fn reference(of: Option<&k8s_openapi::api::core::v1::ObjectReference>) -> String {
    let Some(of) = of else {
        return "null".to_owned();
    };
    let fields = [
        ("Kind", &of.kind),
        ("Namespace", &of.namespace),
        ("Name", &of.name),
        ("UID", &of.uid),
        ("APIVersion", &of.api_version),
        ("ResourceVersion", &of.resource_version),
        ("FieldPath", &of.field_path),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\":{}", Value::from(text(value))));
    format!("{{{}}}", fields.join(","))
}

/// An instant as Go's `Time` says it.
fn go_time(at: crate::sim::Time, fraction: u32) -> String {
    let text = format_time(at.0 as i64);
    let text = text.trim_end_matches('Z').replace('T', " ");
    let fraction = match fraction {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    format!("{text}{fraction} +0000 UTC")
}

fn instant(at: &Option<Time>) -> String {
    match at {
        Some(at) => go_time(time::from_api(at), 0),
        None => ZERO.to_owned(),
    }
}

fn micro_instant(at: &Option<MicroTime>) -> String {
    match at.as_ref().map(time::from_micro) {
        Some(at) => go_time(at, at.subsec_nanos()),
        None => ZERO.to_owned(),
    }
}

const ZERO: &str = "0001-01-01 00:00:00 +0000 UTC";
