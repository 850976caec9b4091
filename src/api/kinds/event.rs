//! Something that happened to an object.

use k8s_openapi::api::core::v1::Event as Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::names::{is_path_segment, is_qualified_name};
use crate::api::rfc3339::human_duration;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::{age_since, from_micro};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Event",
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "events",
    strategy: &Typed(Rules),
};

/// What an event has to say that comes with its own time.
#[inline(never)]
fn reported(event: &Kind, errors: &mut Errors) {
    const SHORT: usize = 128;
    const LONG: usize = 1024;
    fn text(value: &Option<String>) -> &str {
        value.as_deref().unwrap_or_default()
    }
    let controller = text(&event.reporting_component);
    let path = Path::new("reportingController");
    if controller.is_empty() {
        errors.required(&path, "");
    }
    errors.invalid_each(&path, controller, is_qualified_name(controller));
    for (field, value) in [
        ("reportingInstance", text(&event.reporting_instance)),
        ("action", text(&event.action)),
        ("reason", text(&event.reason)),
    ] {
        if value.is_empty() {
            errors.required(&Path::new(field), "");
        }
        if value.len() > SHORT {
            let detail = format!("can have at most {SHORT} characters");
            errors.invalid(&Path::new(field), "", detail);
        }
    }
    if text(&event.message).len() > LONG {
        let detail = format!("can have at most {LONG} characters");
        errors.invalid(&Path::new("message"), "", detail);
    }
}

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    /// Clients of old named events as they liked.
    fn name_errors(&self, name: &str) -> Vec<String> {
        is_path_segment(name)
    }

    fn put_creates(&self) -> bool {
        true
    }

    fn default(&self, event: &mut Kind) {
        event.source.get_or_insert_default();
        event.reporting_component.get_or_insert_default();
        event.reporting_instance.get_or_insert_default();
    }

    fn always_written(&self) -> &'static [&'static str] {
        &["eventTime", "firstTimestamp", "lastTimestamp"]
    }

    fn validate(&self, event: &Kind) -> Errors {
        let mut errors = Errors::default();
        let namespace = event.metadata.namespace.as_deref().unwrap_or_default();
        let about = event
            .involved_object
            .namespace
            .as_deref()
            .unwrap_or_default();
        let new = event.event_time.is_some();
        // Events of objects without a namespace stand in the default one, or in that of the system.
        let fits = match (about, namespace) {
            ("", "default") => true,
            ("", "kube-system") => new,
            ("", _) => false,
            (about, namespace) => new || about == namespace,
        };
        if !fits {
            let path = Path::new("involvedObject");
            errors.invalid(
                &path.child("namespace"),
                about,
                "does not match event.namespace",
            );
        }
        if new {
            reported(event, &mut errors);
        }
        errors
    }

    fn selectable(&self) -> &'static [&'static str] {
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ]
    }

    fn field(&self, event: &Kind, path: &str) -> Option<String> {
        let about = &event.involved_object;
        let value = match path {
            "involvedObject.kind" => &about.kind,
            "involvedObject.namespace" => &about.namespace,
            "involvedObject.name" => &about.name,
            "involvedObject.uid" => &about.uid,
            "involvedObject.apiVersion" => &about.api_version,
            "involvedObject.resourceVersion" => &about.resource_version,
            "involvedObject.fieldPath" => &about.field_path,
            "reason" => &event.reason,
            "reportingComponent" => &event.reporting_component,
            "source" => return Some(source(event).0),
            "type" => &event.type_,
            _ => return None,
        };
        Some(value.clone().unwrap_or_default())
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Last Seen"),
            column("Type"),
            column("Reason"),
            column("Object"),
            wide("Subobject"),
            wide("Source"),
            column("Message"),
            wide("First Seen"),
            wide("Count"),
            wide("Name"),
        ];
        COLUMNS
    }

    fn row(&self, event: &Kind, now: Time) -> Vec<String> {
        let micro = |time: Option<&MicroTime>| match time {
            Some(time) => human_duration(now.since(from_micro(time)).as_nanos() as i64),
            None => "<unknown>".to_owned(),
        };
        let first = match &event.first_timestamp {
            Some(time) => age_since(Some(time), now),
            None => micro(event.event_time.as_ref()),
        };
        let (last, count) = match (&event.series, &event.last_timestamp) {
            (Some(series), _) => (micro(series.last_observed_time.as_ref()), series.count),
            (None, Some(time)) => (age_since(Some(time), now), event.count),
            (None, None) => (first.clone(), event.count),
        };
        let about = &event.involved_object;
        let kind = about.kind.as_deref().unwrap_or_default().to_lowercase();
        let target = match about.name.as_deref() {
            Some(name) if !name.is_empty() => format!("{kind}/{name}"),
            _ => kind,
        };
        let (component, host) = source(event);
        let from = if host.is_empty() {
            component
        } else {
            format!("{component}, {host}")
        };
        let message = event.message.as_deref().unwrap_or_default();
        vec![
            last,
            event.type_.clone().unwrap_or_default(),
            event.reason.clone().unwrap_or_default(),
            target,
            about.field_path.clone().unwrap_or_default(),
            from,
            message.trim().to_owned(),
            first,
            count.filter(|c| *c != 0).unwrap_or(1).to_string(),
            event.metadata.name.clone().unwrap_or_default(),
        ]
    }
}

/// Component and host that reported the event; newer events have their own fields for it.
fn source(event: &Kind) -> (String, String) {
    let source = event.source.as_ref();
    let component = source.and_then(|s| s.component.clone()).unwrap_or_default();
    if component.is_empty() {
        return (
            event.reporting_component.clone().unwrap_or_default(),
            event.reporting_instance.clone().unwrap_or_default(),
        );
    }
    let host = source.and_then(|s| s.host.clone()).unwrap_or_default();
    (component, host)
}
