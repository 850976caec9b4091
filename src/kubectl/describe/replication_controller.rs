//! ReplicationControllers.

use serde_json::Value;

use super::events;
use super::page::{Page, flat_labels};
use super::replica_set::pods_status_of;
use super::template::pod_template;
use crate::kubectl::json::int;
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, rc: &Value, page: &mut Page) {
    let spec = &rc["spec"];
    let selector = flat_labels(&spec["selector"]);
    page.name_and_namespace(rc);
    page.pair("Selector", &selector);
    page.labels_and_annotations(rc);
    page.pair(
        "Replicas",
        &format!(
            "{} current / {} desired",
            int(rc, "status.replicas").unwrap_or(0),
            int(spec, "replicas").unwrap_or(0)
        ),
    );
    page.pair("Pods Status", &pods_status_of(kube, rc, selector).await);
    pod_template(&spec["template"], page);
    page.conditions(
        rc,
        &[("type", "Type"), ("status", "Status"), ("reason", "Reason")],
    );
    events::write(kube, rc, page).await;
}
