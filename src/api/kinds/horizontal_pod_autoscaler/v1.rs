//! Autoscalers as `autoscaling/v1` knows them: a percentage of CPU in a field, and everything else in
//! annotations (`k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go`).

use serde_json::{Map, Value, json};

/// Where the first version keeps what it has no fields for.
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";

fn take(map: &mut Value, field: &str) -> Value {
    match map.as_object_mut() {
        Some(map) => map.remove(field).unwrap_or_default(),
        None => Value::Null,
    }
}

fn is_cpu(metric: &Value, list: &str, field: &str) -> bool {
    metric["type"] == "Resource"
        && metric["resource"]["name"] == "cpu"
        && !metric["resource"][list][field].is_null()
}

fn annotate(object: &mut Value, key: &str, value: &Value) {
    let annotations = &mut object["metadata"]["annotations"];
    if !annotations.is_object() {
        *annotations = Value::Object(Map::new());
    }
    annotations[key] = Value::from(value.to_string());
}

fn annotation(object: &mut Value, key: &str) -> Option<Value> {
    let text = take(&mut object["metadata"]["annotations"], key);
    let text = text.as_str()?;
    serde_json::from_str(text).ok()
}

/// The first version's form of an object.
pub fn from_v2(mut object: Value) -> Value {
    object["apiVersion"] = Value::from("autoscaling/v1");
    if object["spec"].is_object() {
        let mut metrics = take(&mut object["spec"], "metrics");
        if let Some(list) = metrics.as_array_mut() {
            let first = list
                .iter()
                .position(|m| is_cpu(m, "target", "averageUtilization"));
            if let Some(i) = first {
                let cpu = list.remove(i);
                let percent = cpu["resource"]["target"]["averageUtilization"].clone();
                object["spec"]["targetCPUUtilizationPercentage"] = percent;
            }
            if !list.is_empty() {
                let old: Vec<Value> = list.iter().map(old_metric).collect();
                annotate(&mut object, METRICS, &Value::Array(old));
            }
        }
        let behavior = take(&mut object["spec"], "behavior");
        if behavior.is_object() {
            annotate(&mut object, BEHAVIOR, &old_behavior(behavior));
        }
    }
    if object["status"].is_object() {
        let status = &mut object["status"];
        status["currentReplicas"] = status.get("currentReplicas").cloned().unwrap_or(json!(0));
        let current = take(status, "currentMetrics");
        let conditions = take(status, "conditions");
        for metric in current.as_array().into_iter().flatten() {
            if is_cpu(metric, "current", "averageUtilization") {
                let percent = metric["resource"]["current"]["averageUtilization"].clone();
                status["currentCPUUtilizationPercentage"] = percent;
            }
        }
        if current.as_array().is_some_and(|l| !l.is_empty()) {
            let old: Vec<Value> = current
                .as_array()
                .into_iter()
                .flatten()
                .map(old_status)
                .collect();
            annotate(&mut object, CURRENT, &Value::Array(old));
        }
        if conditions.as_array().is_some_and(|l| !l.is_empty()) {
            annotate(&mut object, CONDITIONS, &conditions);
        }
    }
    object
}

/// The stored form of an object of the first version.
pub fn to_v2(mut object: Value) -> Value {
    object["apiVersion"] = Value::from("autoscaling/v2");
    let metrics = annotation(&mut object, METRICS);
    let behavior = annotation(&mut object, BEHAVIOR);
    let current = annotation(&mut object, CURRENT);
    let conditions = annotation(&mut object, CONDITIONS);
    let empty = object["metadata"]["annotations"]
        .as_object()
        .is_some_and(Map::is_empty);
    if empty {
        take(&mut object["metadata"], "annotations");
    }
    if object["metadata"].is_null() {
        take(&mut object, "metadata");
    }
    if object["spec"].is_object() {
        let mut list = Vec::new();
        let percent = take(&mut object["spec"], "targetCPUUtilizationPercentage");
        if !percent.is_null() {
            let target = json!({"type": "Utilization", "averageUtilization": percent});
            list.push(json!({"type": "Resource", "resource": {"name": "cpu", "target": target}}));
        }
        if let Some(Value::Array(more)) = metrics {
            list.extend(more.iter().map(new_metric));
        }
        if !list.is_empty() {
            object["spec"]["metrics"] = Value::Array(list);
        }
        if let Some(behavior) = behavior {
            object["spec"]["behavior"] = new_behavior(behavior);
        }
    }
    if object["status"].is_object() {
        take(&mut object["status"], "currentCPUUtilizationPercentage");
        if let Some(Value::Array(current)) = current {
            object["status"]["currentMetrics"] = current.iter().map(new_status).collect();
        }
        if let Some(conditions) = conditions {
            object["status"]["conditions"] = conditions;
        }
    }
    if object["spec"].is_null() {
        take(&mut object, "spec");
    }
    if object["status"].is_null() {
        take(&mut object, "status");
    }
    object
}

/// The field of a metric of a type: `Resource` has `resource`.
fn field_of(type_: &str) -> String {
    let mut letters = type_.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Old name, and where the new form has it.
type Names = &'static [(&'static str, &'static [&'static str])];

/// The fields of a target, by type of the metric.
fn targets(type_: &str) -> Names {
    match type_ {
        "Resource" | "ContainerResource" => &[
            (
                "targetAverageUtilization",
                &["target", "averageUtilization"],
            ),
            ("targetAverageValue", &["target", "averageValue"]),
        ],
        "Pods" => &[
            ("metricName", &["metric", "name"]),
            ("selector", &["metric", "selector"]),
            ("targetAverageValue", &["target", "averageValue"]),
        ],
        "Object" => &[
            ("target", &["describedObject"]),
            ("metricName", &["metric", "name"]),
            ("selector", &["metric", "selector"]),
            ("targetValue", &["target", "value"]),
            ("averageValue", &["target", "averageValue"]),
        ],
        _ => &[
            ("metricName", &["metric", "name"]),
            ("metricSelector", &["metric", "selector"]),
            ("targetValue", &["target", "value"]),
            ("targetAverageValue", &["target", "averageValue"]),
        ],
    }
}

/// The fields of a current value, by type of the metric.
fn currents(type_: &str) -> Names {
    match type_ {
        "Resource" | "ContainerResource" => &[
            (
                "currentAverageUtilization",
                &["current", "averageUtilization"],
            ),
            ("currentAverageValue", &["current", "averageValue"]),
        ],
        "Object" => &[
            ("target", &["describedObject"]),
            ("metricName", &["metric", "name"]),
            ("currentValue", &["current", "value"]),
            ("averageValue", &["current", "averageValue"]),
        ],
        _ => &[
            ("metricName", &["metric", "name"]),
            ("currentValue", &["current", "value"]),
            ("currentAverageValue", &["current", "averageValue"]),
        ],
    }
}

fn flatten(metric: &Value, names: fn(&str) -> Names) -> Value {
    let type_ = metric["type"].as_str().unwrap_or_default();
    let field = field_of(type_);
    let inner = &metric[&field];
    let mut flat = Map::new();
    for name in ["name", "container"] {
        if let Some(value) = inner.get(name) {
            flat.insert(name.to_owned(), value.clone());
        }
    }
    for (old, path) in names(type_) {
        let value = path.iter().fold(inner, |value, name| &value[*name]);
        if !value.is_null() {
            flat.insert((*old).to_owned(), value.clone());
        }
    }
    let mut out = json!({"type": type_});
    if !field.is_empty() {
        out[field] = Value::Object(flat);
    }
    out
}

fn unflatten(metric: &Value, names: fn(&str) -> Names) -> Value {
    let type_ = metric["type"].as_str().unwrap_or_default();
    let field = field_of(type_);
    let flat = &metric[&field];
    let mut inner = json!({});
    for name in ["name", "container"] {
        if let Some(value) = flat.get(name) {
            inner[name] = value.clone();
        }
    }
    for (old, path) in names(type_) {
        if let Some(value) = flat.get(*old) {
            *made(&mut inner, path) = value.clone();
        }
    }
    let mut out = json!({"type": type_});
    if !field.is_empty() {
        out[field] = inner;
    }
    out
}

fn made<'v>(value: &'v mut Value, path: &[&str]) -> &'v mut Value {
    path.iter().fold(value, |value, name| &mut value[*name])
}

fn old_metric(metric: &Value) -> Value {
    flatten(metric, targets)
}

fn old_status(metric: &Value) -> Value {
    flatten(metric, currents)
}

fn new_metric(metric: &Value) -> Value {
    let mut out = unflatten(metric, targets);
    let field = field_of(metric["type"].as_str().unwrap_or_default());
    if let Some(target) = out[field.as_str()].get_mut("target") {
        let type_ = match &*target {
            t if !t["averageUtilization"].is_null() => "Utilization",
            t if !t["averageValue"].is_null() => "AverageValue",
            _ => "Value",
        };
        target["type"] = Value::from(type_);
    }
    out
}

fn new_status(metric: &Value) -> Value {
    unflatten(metric, currents)
}

/// The annotation has upstream's own names, which begin with capitals.
fn old_behavior(behavior: Value) -> Value {
    renamed(behavior, |c| c.to_ascii_uppercase())
}

fn new_behavior(behavior: Value) -> Value {
    renamed(behavior, |c| c.to_ascii_lowercase())
}

fn renamed(value: Value, first: fn(char) -> char) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(key, value)| {
                let mut letters = key.chars();
                let head = letters.next().map(first);
                (
                    head.into_iter().chain(letters).collect::<String>(),
                    renamed(value, first),
                )
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(|item| renamed(item, first)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_version_has_no_field_for_comes_back() {
        let stored = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "h"},
            "spec": {
                "maxReplicas": 3, "minReplicas": 1,
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "metrics": [
                    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}},
                    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
                    {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "10"}}},
                ],
                "behavior": {"scaleUp": {"selectPolicy": "Max"}},
            },
            "status": {"currentReplicas": 2, "desiredReplicas": 2, "conditions": [{"type": "AbleToScale", "status": "True"}]},
        });
        let old = from_v2(stored.clone());
        assert_eq!(old["spec"]["targetCPUUtilizationPercentage"], 50);
        assert!(old["spec"].get("metrics").is_none());
        assert_eq!(
            old["metadata"]["annotations"][BEHAVIOR],
            "{\"ScaleUp\":{\"SelectPolicy\":\"Max\"}}"
        );
        assert_eq!(to_v2(old), stored);
    }
}
