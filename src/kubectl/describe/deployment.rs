//! Deployments.

use serde_json::Value;

use super::events;
use super::page::{Page, selector, time};
use super::template::pod_template;
use crate::kubectl::cmd::rollout::revisions;
use crate::kubectl::json::{int, name, scalar, text};
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, deployment: &Value, page: &mut Page) {
    let (spec, status) = (&deployment["spec"], &deployment["status"]);
    let count = |field: &str| int(status, field).unwrap_or(0);
    page.name_and_namespace(deployment);
    page.pair(
        "CreationTimestamp",
        &time(text(deployment, "metadata.creationTimestamp")),
    );
    page.labels_and_annotations(deployment);
    page.pair("Selector", &selector(&spec["selector"]));
    page.pair(
        "Replicas",
        &format!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            int(spec, "replicas").unwrap_or(1),
            count("updatedReplicas"),
            count("replicas"),
            count("availableReplicas"),
            count("unavailableReplicas")
        ),
    );
    page.pair("StrategyType", text(spec, "strategy.type"));
    page.pair(
        "MinReadySeconds",
        &int(spec, "minReadySeconds").unwrap_or(0).to_string(),
    );
    let rolling = &spec["strategy"]["rollingUpdate"];
    if rolling.is_object() {
        page.pair(
            "RollingUpdateStrategy",
            &format!(
                "{} max unavailable, {} max surge",
                scalar(&rolling["maxUnavailable"]),
                scalar(&rolling["maxSurge"])
            ),
        );
    }
    pod_template(&spec["template"], page);
    page.conditions(
        deployment,
        &[("type", "Type"), ("status", "Status"), ("reason", "Reason")],
    );
    let (new, old) = revisions::new_and_old(kube, deployment).await;
    if new.is_some() || !old.is_empty() {
        page.pair("OldReplicaSets", &sets(&old));
        page.pair("NewReplicaSet", &sets(new.as_slice()));
    }
    events::write(kube, deployment, page).await;
}

fn sets(sets: &[Value]) -> String {
    let texts: Vec<String> = sets
        .iter()
        .map(|set| {
            format!(
                "{} ({}/{} replicas created)",
                name(set),
                int(set, "status.replicas").unwrap_or(0),
                int(set, "spec.replicas").unwrap_or(0)
            )
        })
        .collect();
    match texts.is_empty() {
        true => "<none>".to_owned(),
        false => texts.join(", "),
    }
}
