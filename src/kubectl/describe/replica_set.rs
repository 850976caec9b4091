//! ReplicaSets.

use serde_json::Value;

use super::events;
use super::page::{Page, controller, selector};
use super::template::pod_template;
use crate::api::Kind;
use crate::kubectl::json::{int, list, namespace, text};
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, set: &Value, page: &mut Page) {
    let spec = &set["spec"];
    page.name_and_namespace(set);
    page.pair("Selector", &selector(&spec["selector"]));
    page.labels_and_annotations(set);
    if let Some(owner) = controller(set) {
        page.pair("Controlled By", &owner);
    }
    page.pair(
        "Replicas",
        &format!(
            "{} current / {} desired",
            int(set, "status.replicas").unwrap_or(0),
            int(spec, "replicas").unwrap_or(0)
        ),
    );
    page.pair("Pods Status", &pods_status(kube, set).await);
    pod_template(&spec["template"], page);
    page.conditions(
        set,
        &[("type", "Type"), ("status", "Status"), ("reason", "Reason")],
    );
    events::write(kube, set, page).await;
}

/// How many pods of a controller are in which phase.
pub async fn pods_status(kube: &Kube, set: &Value) -> String {
    pods_status_of(kube, set, selector(&set["spec"]["selector"])).await
}

/// As [`pods_status`], with a selector as text.
pub async fn pods_status_of(kube: &Kube, set: &Value, selector: String) -> String {
    let Some(pods) = Kind::by_gvk("v1", "Pod") else {
        return String::new();
    };
    let query = [("labelSelector", selector)];
    let pods = match kube.list(pods.info(), namespace(set), &query).await {
        Ok(pods) => pods,
        Err(_) => return "error in fetching pods".to_owned(),
    };
    let uid = text(set, "metadata.uid");
    let own = |pod: &&Value| {
        list(pod, "metadata.ownerReferences")
            .iter()
            .any(|o| o["controller"].as_bool() == Some(true) && text(o, "uid") == uid)
    };
    let count = |phase: &str| {
        pods.iter()
            .filter(own)
            .filter(|pod| text(pod, "status.phase") == phase)
            .count()
    };
    format!(
        "{} Running / {} Waiting / {} Succeeded / {} Failed",
        count("Running"),
        count("Pending"),
        count("Succeeded"),
        count("Failed")
    )
}
