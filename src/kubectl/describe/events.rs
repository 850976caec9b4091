//! The events of an object, as the last part of its description.

use serde_json::Value;

use super::page::Page;
use crate::api::Kind;
use crate::kubectl::json::{int, name, namespace, text};
use crate::kubectl::kube::Kube;

/// Fetches the events that are about an object.
pub async fn about(kube: &Kube, object: &Value, uid: &str) -> Vec<Value> {
    let Some(events) = Kind::by_gvk("v1", "Event") else {
        return Vec::new();
    };
    let mut fields = vec![format!("involvedObject.name={}", name(object))];
    if !namespace(object).is_empty() {
        fields.push(format!("involvedObject.namespace={}", namespace(object)));
    }
    fields.push(format!("involvedObject.kind={}", text(object, "kind")));
    fields.push(format!("involvedObject.uid={uid}"));
    let query = [("fieldSelector", fields.join(","))];
    // A description without events is better than none.
    kube.list(events.info(), namespace(object), &query)
        .await
        .unwrap_or_default()
}

/// Fetches and writes an object's events.
pub async fn write(kube: &Kube, object: &Value, page: &mut Page) {
    if !page.events {
        return;
    }
    let events = about(kube, object, text(object, "metadata.uid")).await;
    table(kube, events, page);
}

/// Writes events, oldest first. What part of the object an event is about stands before its message
/// (<https://github.com/kubernetes/kubernetes/pull/133627>): `spec.containers{web}: Container created`.
pub fn table(kube: &Kube, mut events: Vec<Value>, page: &mut Page) {
    if events.is_empty() {
        page.line(0, "Events:\t<none>");
        return;
    }
    events.sort_by(|a, b| text(a, "lastTimestamp").cmp(text(b, "lastTimestamp")));
    page.line(0, "Events:");
    page.line(1, "Type\tReason\tAge\tFrom\tMessage");
    page.line(1, "----\t------\t----\t----\t-------");
    for event in &events {
        let source = match text(event, "source.component") {
            "" => text(event, "reportingComponent"),
            source => source,
        };
        let part = match text(event, "involvedObject.fieldPath") {
            "" => String::new(),
            path => format!("{path}: "),
        };
        page.line(
            1,
            &format!(
                "{}\t{}\t{}\t{source}\t{part}{}",
                text(event, "type"),
                text(event, "reason"),
                interval(kube, event),
                text(event, "message").trim()
            ),
        );
    }
}

/// When an event was seen: `5s`, or `5s (x3 over 2m)`.
pub fn interval(kube: &Kube, event: &Value) -> String {
    let first = match text(event, "eventTime") {
        "" => text(event, "firstTimestamp"),
        at => at,
    };
    let first = kube.age(first);
    if let Some(count) = int(event, "series.count") {
        let last = kube.age(text(event, "series.lastObservedTime"));
        return format!("{last} (x{count} over {first})");
    }
    match int(event, "count") {
        Some(count) if count > 1 => {
            let last = kube.age(text(event, "lastTimestamp"));
            format!("{last} (x{count} over {first})")
        }
        _ => first,
    }
}
