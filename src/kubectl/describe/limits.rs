//! Quotas, limit ranges and priority classes.

use serde_json::Value;

use super::events;
use super::page::{Page, flat_labels};
use crate::api::Kind;
use crate::api::quantity::Quantity;
use crate::kubectl::json::{entries, flag, int, list, name, namespace, text};
use crate::kubectl::kube::Kube;
use crate::sim::ordered::Set as BTreeSet;

/// What a scope means, for people.
fn scope_words(scope: &str) -> &'static str {
    match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service."
        }
        _ => "",
    }
}

fn scopes(quota: &Value, level: usize, bullet: &str, page: &mut Page) {
    let mut scopes: Vec<&str> = list(quota, "spec.scopes")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if scopes.is_empty() {
        return;
    }
    scopes.sort_unstable();
    page.line(level, &format!("Scopes:\t{}", scopes.join(", ")));
    for scope in scopes {
        let words = scope_words(scope);
        if !words.is_empty() {
            page.line(level, &format!("{bullet}{words}"));
        }
    }
}

pub fn quota(quota: &Value, page: &mut Page) {
    page.name_and_namespace(quota);
    scopes(quota, 0, " * ", page);
    page.line(0, "Resource\tUsed\tHard");
    page.line(0, "--------\t----\t----");
    for (resource, hard) in entries(quota, "status.hard") {
        let read = |value: &Value| Quantity::from_json(value).unwrap_or_default();
        let hard = read(hard);
        let mut used = read(&quota["status"]["used"][resource]);
        if used.format() != hard.format() {
            used = Quantity::new(used.value(), hard.format());
        }
        page.line(0, &format!("{resource}\t{used}\t{hard}"));
    }
}

/// The quotas of a namespace, in its own description.
pub async fn quotas_of(kube: &Kube, namespace: &str, page: &mut Page) {
    let Some(kind) = Kind::by_gvk("v1", "ResourceQuota") else {
        return;
    };
    let Ok(quotas) = kube.list(kind.info(), namespace, &[]).await else {
        return;
    };
    page.line(0, "");
    if quotas.is_empty() {
        page.line(0, "No resource quota.");
        return;
    }
    page.line(0, "Resource Quotas");
    for quota in &quotas {
        page.line(1, &format!("Name:\t{}", name(quota)));
        scopes(quota, 1, "* ", page);
        page.line(1, "Resource\tUsed\tHard");
        page.line(1, "--------\t---\t---");
        for (resource, hard) in entries(quota, "status.hard") {
            let used = quota["status"]["used"][resource].as_str().unwrap_or("0");
            let hard = hard.as_str().unwrap_or_default();
            page.line(1, &format!("{resource}\t{used}\t{hard}"));
        }
    }
}

const LIMITS: &str =
    "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio";
const RULES: &str =
    "----\t--------\t---\t---\t---------------\t-------------\t-----------------------";

pub fn limit_range(range: &Value, page: &mut Page) {
    page.name_and_namespace(range);
    page.line(0, LIMITS);
    page.line(0, RULES);
    limits(range, "", page);
}

/// The limit ranges of a namespace, in its own description.
pub async fn limit_ranges_of(kube: &Kube, namespace: &str, page: &mut Page) {
    let Some(kind) = Kind::by_gvk("v1", "LimitRange") else {
        return;
    };
    let Ok(ranges) = kube.list(kind.info(), namespace, &[]).await else {
        return;
    };
    page.line(0, "");
    if ranges.is_empty() {
        page.line(0, "No LimitRange resource.");
        return;
    }
    page.line(0, "Resource Limits");
    page.line(0, &format!(" {LIMITS}"));
    page.line(0, &format!(" {RULES}"));
    for range in &ranges {
        limits(range, " ", page);
    }
}

fn limits(range: &Value, lead: &str, page: &mut Page) {
    const LISTS: [&str; 5] = [
        "min",
        "max",
        "defaultRequest",
        "default",
        "maxLimitRequestRatio",
    ];
    for item in list(range, "spec.limits") {
        let resources: BTreeSet<&str> = LISTS
            .iter()
            .flat_map(|list| entries(item, list).map(|(name, _)| name))
            .collect();
        for resource in resources {
            let cells = LISTS.map(|list| item[list][resource].as_str().unwrap_or("-"));
            let cells = cells.join("\t");
            page.line(
                0,
                &format!("{lead}{}\t{resource}\t{cells}", text(item, "type")),
            );
        }
    }
}

pub async fn priority_class(kube: &Kube, class: &Value, page: &mut Page) {
    page.pair("Name", name(class));
    page.pair("Value", &int(class, "value").unwrap_or(0).to_string());
    page.pair("GlobalDefault", &flag(class, "globalDefault").to_string());
    page.pair("PreemptionPolicy", text(class, "preemptionPolicy"));
    page.pair("Description", text(class, "description"));
    page.pair(
        "Annotations",
        &flat_labels(&class["metadata"]["annotations"]),
    );
    events::write(kube, class, page).await;
}

pub async fn disruption_budget(kube: &Kube, budget: &Value, page: &mut Page) {
    let number = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    page.pair("Name", name(budget));
    page.pair("Namespace", namespace(budget));
    let spec = &budget["spec"];
    if !spec["minAvailable"].is_null() {
        page.pair("Min available", &number(&spec["minAvailable"]));
    } else if !spec["maxUnavailable"].is_null() {
        page.pair("Max unavailable", &number(&spec["maxUnavailable"]));
    }
    match spec["selector"].is_object() {
        true => page.pair("Selector", &super::page::selector(&spec["selector"])),
        false => page.pair("Selector", "<unset>"),
    }
    page.line(0, "Status:");
    for (title, field) in [
        ("Allowed disruptions", "status.disruptionsAllowed"),
        ("Current", "status.currentHealthy"),
        ("Desired", "status.desiredHealthy"),
        ("Total", "status.expectedPods"),
    ] {
        let count = int(budget, field).unwrap_or(0);
        page.line(2, &format!("{title}:\t{count}"));
    }
    events::write(kube, budget, page).await;
}
