//! HorizontalPodAutoscalers.

use serde_json::Value;

use super::events;
use super::page::{Page, time};
use crate::kubectl::json::{at, int, list, scalar, text};
use crate::kubectl::kube::Kube;

const UNKNOWN: &str = "<unknown>";

pub async fn describe(kube: &Kube, autoscaler: &Value, page: &mut Page) {
    page.name_and_namespace(autoscaler);
    page.labels_and_annotations(autoscaler);
    page.pair(
        "CreationTimestamp",
        &time(text(autoscaler, "metadata.creationTimestamp")),
    );
    let spec = &autoscaler["spec"];
    let target = &spec["scaleTargetRef"];
    page.pair(
        "Reference",
        &format!("{}/{}", text(target, "kind"), text(target, "name")),
    );
    page.pair("Metrics", "( current / target )");
    let current = list(autoscaler, "status.currentMetrics");
    for (i, metric) in list(spec, "metrics").iter().enumerate() {
        one(metric, current.get(i).unwrap_or(&Value::Null), page);
    }
    let least = int(spec, "minReplicas").map_or("<unset>".to_owned(), |n| n.to_string());
    page.pair("Min replicas", &least);
    page.pair(
        "Max replicas",
        &int(spec, "maxReplicas").unwrap_or(0).to_string(),
    );
    if spec["behavior"].is_object() {
        page.line(0, "Behavior:");
        direction("Scale Up", at(spec, "behavior.scaleUp"), page);
        direction("Scale Down", at(spec, "behavior.scaleDown"), page);
    }
    let count = |field: &str| int(autoscaler, field).unwrap_or(0);
    page.line(
        0,
        &format!(
            "{} pods:\t{} current / {} desired",
            text(target, "kind"),
            count("status.currentReplicas"),
            count("status.desiredReplicas")
        ),
    );
    let conditions = list(autoscaler, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.line(1, "Type\tStatus\tReason\tMessage");
        page.line(1, "----\t------\t------\t-------");
        for condition in conditions {
            let cells = ["type", "status", "reason", "message"].map(|f| text(condition, f));
            page.line(1, &cells.join("\t"));
        }
    }
    events::write(kube, autoscaler, page).await;
}

/// A value, or that it is not known.
fn known(value: &Value) -> String {
    match value {
        Value::Null => UNKNOWN.to_owned(),
        value => scalar(value),
    }
}

fn one(metric: &Value, current: &Value, page: &mut Page) {
    let type_ = text(metric, "type");
    let (field, container) = match type_ {
        "External" => ("external", ""),
        "Pods" => ("pods", ""),
        "Object" => ("object", ""),
        "Resource" => ("resource", ""),
        "ContainerResource" => (
            "containerResource",
            text(metric, "containerResource.container"),
        ),
        _ => {
            page.line(1, &format!("<unknown metric type \"{type_}\">"));
            return;
        }
    };
    let (own, now) = (&metric[field], &current[field]["current"]);
    let target = &own["target"];
    let name = text(own, "metric.name");
    let average = format!(
        "{} / {}",
        known(&now["averageValue"]),
        scalar(&target["averageValue"])
    );
    let value = format!("{} / {}", known(&now["value"]), scalar(&target["value"]));
    let has_average = !target["averageValue"].is_null();
    match type_ {
        "Pods" => page.line(1, &format!("\"{name}\" on pods:\t{average}")),
        "External" if has_average => {
            page.line(1, &format!("\"{name}\" (target average value):\t{average}"));
        }
        "External" => page.line(1, &format!("\"{name}\" (target value):\t{value}")),
        "Object" => {
            let described = &own["describedObject"];
            let place = format!("{}/{}", text(described, "kind"), text(described, "name"));
            let rest = match has_average {
                true => format!("(target average value):\t{average}"),
                false => format!("(target value):\t{value}"),
            };
            page.line(1, &format!("\"{name}\" on {place} {rest}"));
        }
        _ => {
            let mut line = format!("resource {}", text(own, "name"));
            if !container.is_empty() {
                line.push_str(&format!(" of container \"{container}\""));
            }
            line.push_str(" on pods");
            if has_average {
                page.line(1, &format!("{line}:\t{average}"));
                return;
            }
            let share = match int(now, "averageUtilization") {
                Some(percent) => format!("{percent}% ({})", known(&now["averageValue"])),
                None => UNKNOWN.to_owned(),
            };
            let wanted = int(target, "averageUtilization");
            let wanted = wanted.map_or("<auto>".to_owned(), |p| format!("{p}%"));
            page.line(
                1,
                &format!("{line}  (as a percentage of request):\t{share} / {wanted}"),
            );
        }
    }
}

fn direction(title: &str, rules: &Value, page: &mut Page) {
    if !rules.is_object() {
        return;
    }
    page.line(1, &format!("{title}:"));
    if let Some(seconds) = int(rules, "stabilizationWindowSeconds") {
        page.line(2, &format!("Stabilization Window: {seconds} seconds"));
    }
    let policies = list(rules, "policies");
    if policies.is_empty() {
        return;
    }
    let select = match text(rules, "selectPolicy") {
        "" => "Max",
        select => select,
    };
    page.line(2, &format!("Select Policy: {select}"));
    page.line(2, "Policies:");
    for policy in policies {
        page.line(
            3,
            &format!(
                "- Type: {}\tValue: {}\tPeriod: {} seconds",
                text(policy, "type"),
                int(policy, "value").unwrap_or(0),
                int(policy, "periodSeconds").unwrap_or(0)
            ),
        );
    }
}
