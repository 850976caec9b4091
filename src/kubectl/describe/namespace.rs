//! Namespaces.

use serde_json::Value;

use super::limits;
use super::page::Page;
use crate::kubectl::json::{list, name, text};
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, object: &Value, page: &mut Page) {
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
    limits::quotas_of(kube, name(object), page).await;
    limits::limit_ranges_of(kube, name(object), page).await;
}
