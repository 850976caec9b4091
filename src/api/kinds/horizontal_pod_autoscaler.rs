//! How many pods a workload should have, by how busy they are.
//!
//! Stored and preferred as `autoscaling/v2`; `autoscaling/v1` is another form of the same objects
//! (`horizontal_pod_autoscaler/v1.rs`). Models `k8s.io/kubernetes/pkg/apis/autoscaling`.

mod cells;
pub(in crate::api) mod v1;
mod validation;

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler as Kind, MetricSpec, MetricTarget,
    ResourceMetricSource,
};

use super::KindInfo;
use crate::api::field::Errors;
use crate::api::strategy::{Column, KindStrategy, OtherVersion, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "autoscaling",
    version: "v2",
    kind: "HorizontalPodAutoscaler",
    plural: "horizontalpodautoscalers",
    singular: "horizontalpodautoscaler",
    short_names: &["hpa"],
    namespaced: true,
    categories: &["all"],
    subresources: &["status"],
    prefix: "horizontalpodautoscalers",
    strategy: &Typed(Rules),
};

static OLD_INFO: KindInfo = KindInfo {
    version: "v1",
    ..INFO
};

/// The share of the requested CPU that is aimed at when nothing is said.
const DEFAULT_CPU_PERCENT: i32 = 80;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, autoscaler: &mut Kind) {
        autoscaler.status.get_or_insert_default();
        let spec = &mut autoscaler.spec;
        spec.min_replicas.get_or_insert(1);
        if spec.metrics.as_ref().is_none_or(Vec::is_empty) {
            spec.metrics = Some(vec![cpu(DEFAULT_CPU_PERCENT)]);
        }
        if let Some(behavior) = &mut spec.behavior {
            let policy = |type_: &str, value: i32| HPAScalingPolicy {
                type_: type_.to_owned(),
                value,
                period_seconds: 15,
            };
            let up = behavior.scale_up.get_or_insert_default();
            up.stabilization_window_seconds.get_or_insert(0);
            fill(up, vec![policy("Pods", 4), policy("Percent", 100)]);
            let down = behavior.scale_down.get_or_insert_default();
            fill(down, vec![policy("Percent", 100)]);
        }
    }

    fn prepare_for_create(&self, autoscaler: &mut Kind) {
        autoscaler.status = Some(Default::default());
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, autoscaler: &Kind) -> Errors {
        validation::validate(autoscaler)
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        validation::status(new)
    }

    fn other_versions(&self) -> &'static [OtherVersion] {
        static OTHERS: &[OtherVersion] = &[OtherVersion {
            info: &OLD_INFO,
            to: v1::from_v2,
            from: v1::to_v2,
        }];
        OTHERS
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Reference"),
            column("Targets"),
            column("MinPods"),
            column("MaxPods"),
            column("Replicas"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, autoscaler: &Kind, now: Time) -> Vec<String> {
        let no_status = Default::default();
        let spec = &autoscaler.spec;
        let status = autoscaler.status.as_ref().unwrap_or(&no_status);
        let target = &spec.scale_target_ref;
        let least = spec.min_replicas;
        vec![
            autoscaler.metadata.name.clone().unwrap_or_default(),
            format!("{}/{}", target.kind, target.name),
            cells::targets(spec, status),
            least.map_or("<unset>".to_owned(), |n| n.to_string()),
            spec.max_replicas.to_string(),
            status.current_replicas.unwrap_or_default().to_string(),
            age(&autoscaler.metadata, now),
        ]
    }
}

fn fill(rules: &mut HPAScalingRules, policies: Vec<HPAScalingPolicy>) {
    rules.select_policy.get_or_insert_with(|| "Max".to_owned());
    if rules.policies.is_none() {
        rules.policies = Some(policies);
    }
}

fn cpu(percent: i32) -> MetricSpec {
    MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource {
            name: "cpu".to_owned(),
            target: MetricTarget {
                type_: "Utilization".to_owned(),
                average_utilization: Some(percent),
                ..MetricTarget::default()
            },
        }),
        ..MetricSpec::default()
    }
}
