//! The TARGETS cell (`formatHPAMetrics` of `pkg/printers/internalversion/printers.go`).

use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus, MetricTarget, MetricValueStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

const UNKNOWN: &str = "<unknown>";
/// So many metrics are shown.
const MOST: usize = 2;

fn text(amount: Option<&Quantity>) -> String {
    amount.map_or_else(|| UNKNOWN.to_owned(), |q| q.0.clone())
}

fn percent(value: Option<i32>, otherwise: &str) -> String {
    value.map_or_else(|| otherwise.to_owned(), |n| format!("{n}%"))
}

/// `cpu: 12%/50%`, by the target's form.
fn resource(name: &str, target: &MetricTarget, current: Option<&MetricValueStatus>) -> String {
    if let Some(wanted) = &target.average_value {
        let current = text(current.and_then(|c| c.average_value.as_ref()));
        return format!("{name}: {current}/{}", wanted.0);
    }
    let current = percent(current.and_then(|c| c.average_utilization), UNKNOWN);
    format!(
        "{name}: {current}/{}",
        percent(target.average_utilization, "<auto>")
    )
}

/// `10/20`, or `10/20 (avg)`.
fn plain(target: &MetricTarget, current: Option<&MetricValueStatus>) -> String {
    match &target.average_value {
        Some(wanted) => {
            let current = text(current.and_then(|c| c.average_value.as_ref()));
            format!("{current}/{} (avg)", wanted.0)
        }
        None => {
            let current = text(current.and_then(|c| c.value.as_ref()));
            format!(
                "{current}/{}",
                target.value.as_ref().map_or("", |q| q.0.as_str())
            )
        }
    }
}

pub(super) fn targets(
    spec: &HorizontalPodAutoscalerSpec,
    status: &HorizontalPodAutoscalerStatus,
) -> String {
    let metrics = spec.metrics.as_deref().unwrap_or_default();
    if metrics.is_empty() {
        return super::super::cells::NONE.to_owned();
    }
    let current = status.current_metrics.as_deref().unwrap_or_default();
    let mut list = Vec::new();
    for (i, metric) in metrics.iter().enumerate() {
        let now = current.get(i);
        if let Some(r) = &metric.resource {
            let now = now.and_then(|s| s.resource.as_ref()).map(|s| &s.current);
            list.push(resource(&r.name, &r.target, now));
        } else if let Some(r) = &metric.container_resource {
            let now = now.and_then(|s| s.container_resource.as_ref());
            list.push(resource(&r.name, &r.target, now.map(|s| &s.current)));
        } else if let Some(p) = &metric.pods {
            let now = now.and_then(|s| s.pods.as_ref()).map(|s| &s.current);
            let now = text(now.and_then(|c| c.average_value.as_ref()));
            let wanted = p.target.average_value.as_ref();
            list.push(format!("{now}/{}", wanted.map_or("", |q| q.0.as_str())));
        } else if let Some(o) = &metric.object {
            let now = now.and_then(|s| s.object.as_ref()).map(|s| &s.current);
            list.push(plain(&o.target, now));
        } else if let Some(e) = &metric.external {
            let now = now.and_then(|s| s.external.as_ref()).map(|s| &s.current);
            list.push(plain(&e.target, now));
        } else {
            list.push("<unknown type>".to_owned());
        }
    }
    let more = list.len().saturating_sub(MOST);
    list.truncate(MOST);
    match more {
        0 => list.join(", "),
        more => format!("{} + {more} more...", list.join(", ")),
    }
}
