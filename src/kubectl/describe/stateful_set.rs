//! StatefulSets.

use serde_json::Value;

use super::events;
use super::page::{Page, selector, time};
use super::replica_set::pods_status;
use super::template::pod_template;
use crate::kubectl::json::{annotation, int, list, name, scalar, text};
use crate::kubectl::kube::Kube;

const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

pub async fn describe(kube: &Kube, set: &Value, page: &mut Page) {
    let spec = &set["spec"];
    page.name_and_namespace(set);
    page.pair(
        "CreationTimestamp",
        &time(text(set, "metadata.creationTimestamp")),
    );
    page.pair("Selector", &selector(&spec["selector"]));
    page.labels_and_annotations(set);
    page.pair(
        "Replicas",
        &format!(
            "{} desired | {} total",
            int(spec, "replicas").unwrap_or(0),
            int(set, "status.replicas").unwrap_or(0)
        ),
    );
    page.pair("Update Strategy", text(spec, "updateStrategy.type"));
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    if let Some(partition) = int(rolling, "partition") {
        page.line(1, &format!("Partition:\t{partition}"));
        if !rolling["maxUnavailable"].is_null() {
            let bound = scalar(&rolling["maxUnavailable"]);
            page.line(1, &format!("MaxUnavailable:\t{bound}"));
        }
    }
    page.pair("Pods Status", &pods_status(kube, set).await);
    pod_template(&spec["template"], page);
    claims(list(spec, "volumeClaimTemplates"), page);
    events::write(kube, set, page).await;
}

fn claims(templates: &[Value], page: &mut Page) {
    if templates.is_empty() {
        page.pair("Volume Claims", "<none>");
        return;
    }
    page.line(0, "Volume Claims:");
    for claim in templates {
        page.line(1, &format!("Name:\t{}", name(claim)));
        let class = annotation(claim, BETA_CLASS);
        let class = class.unwrap_or_else(|| text(claim, "spec.storageClassName"));
        page.line(1, &format!("StorageClass:\t{class}"));
        for (title, field) in [("Labels", "labels"), ("Annotations", "annotations")] {
            let map = &claim["metadata"][field];
            page.map(&format!("  {title}"), map);
        }
        let amount = &claim["spec"]["resources"]["requests"]["storage"];
        let capacity = match amount {
            Value::Null => "<default>".to_owned(),
            amount => scalar(amount),
        };
        page.line(1, &format!("Capacity:\t{capacity}"));
        let modes: Vec<&str> = list(claim, "spec.accessModes")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        page.line(1, &format!("Access Modes:\t[{}]", modes.join(" ")));
    }
}
