//! Namespaces.

use serde_json::Value;

use super::page::Page;
use crate::kubectl::json::{list, name, text};
use crate::kubectl::kube::Kube;

pub async fn describe(_kube: &Kube, object: &Value, page: &mut Page) {
    page.pair("Name", name(object));
    page.labels_and_annotations(object);
    page.pair("Status", text(object, "status.phase"));
    if !list(object, "status.conditions").is_empty() {
        page.conditions(
            object,
            &[
                ("type", "Type"),
                ("status", "Status"),
                ("lastTransitionTime", "LastTransitionTime"),
                ("reason", "Reason"),
                ("message", "Message"),
            ],
        );
    }
    // Quotas and limit ranges are not served, so there can be none.
    page.line(0, "");
    page.line(0, "No resource quota.");
    page.line(0, "");
    page.line(0, "No LimitRange resource.");
}
