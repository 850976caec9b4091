//! DaemonSets.

use serde_json::Value;

use super::events;
use super::page::{Page, flat_labels, selector};
use super::replica_set::pods_status;
use super::template::pod_template;
use crate::kubectl::json::{at, int};
use crate::kubectl::kube::Kube;

/// The counts of a status, as lines without columns.
const COUNTS: [(&str, &str); 5] = [
    (
        "Desired Number of Nodes Scheduled",
        "desiredNumberScheduled",
    ),
    (
        "Current Number of Nodes Scheduled",
        "currentNumberScheduled",
    ),
    (
        "Number of Nodes Scheduled with Up-to-date Pods",
        "updatedNumberScheduled",
    ),
    (
        "Number of Nodes Scheduled with Available Pods",
        "numberAvailable",
    ),
    ("Number of Nodes Misscheduled", "numberMisscheduled"),
];

pub async fn describe(kube: &Kube, set: &Value, page: &mut Page) {
    let spec = &set["spec"];
    page.name_and_namespace(set);
    page.pair("Selector", &selector(&spec["selector"]));
    let nodes = at(spec, "template.spec.nodeSelector");
    page.pair("Node-Selector", &flat_labels(nodes));
    page.labels_and_annotations(set);
    for (title, field) in COUNTS {
        let count = int(&set["status"], field).unwrap_or(0);
        page.line(0, &format!("{title}: {count}"));
    }
    page.pair("Pods Status", &pods_status(kube, set).await);
    pod_template(&spec["template"], page);
    events::write(kube, set, page).await;
}
