//! Containers that run together on one node.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/pod/strategy.go`.

mod annotations;
mod containers;
pub(super) mod defaults;
pub(super) mod disks;
mod dns;
mod env;
pub(in crate::api) mod ephemeral;
pub(super) mod go_spec;
mod mounts;
mod overlaps;
pub(super) mod probes;
pub(in crate::api) mod qos;
mod resize;
pub(in crate::api) mod resources;
pub(super) mod scheduling;
mod security;
mod status;
mod table;
mod update;
pub(super) mod validation;
pub(super) mod volumes;
pub(super) mod warnings;
mod windows;

use k8s_openapi::api::core::v1::{Pod as Kind, PodCondition, PodSpec};

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::strategy::{Column, KindStrategy, Typed};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    namespaced: true,
    categories: &["all"],
    subresources: &[
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "resize",
        "status",
    ],
    prefix: "pods",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, pod: &mut Kind) {
        defaults::pod(pod);
    }

    fn default_over(&self, new: &mut Kind, old: &Kind) {
        let stored = new.spec.as_ref().zip(old.spec.as_ref());
        if !(new.status.is_some() && stored.is_some_and(|(new, old)| new.same(old))) {
            self.default(new);
        }
    }

    fn prepare_for_create(&self, pod: &mut Kind) {
        pod.metadata.generation = Some(1);
        scheduling::merge_label_keys(pod);
        let qos_class = qos::class(pod).to_owned();
        let gated = pod.spec.as_deref().is_some_and(is_gated);
        let status = pod.status.insert(Default::default());
        status.phase = Some("Pending".to_owned());
        status.qos_class = Some(qos_class);
        if gated {
            status.conditions = Some(vec![
                PodCondition {
                    type_: "PodScheduled".to_owned(),
                    status: "False".to_owned(),
                    reason: Some("SchedulingGated".to_owned()),
                    message: Some(
                        "Scheduling is blocked due to non-empty scheduling gates".to_owned(),
                    ),
                    ..PodCondition::default()
                }
                .into(),
            ]);
        }
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        match new.spec == old.spec {
            true => new.spec.clone_from(&old.spec),
            false => {
                new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
            }
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        if new.metadata.owner_references != old.metadata.owner_references {
            new.metadata
                .owner_references
                .clone_from(&old.metadata.owner_references);
        }
        let status = new.status.get_or_insert_default();
        if status.qos_class.is_none() {
            status.qos_class = old.status.as_ref().and_then(|s| s.qos_class.clone());
        }
        status::align_addresses(status);
    }

    fn validate_status_update(&self, new: &Kind, old: &Kind) -> Errors {
        status::validate(new, old)
    }

    fn prepare_for_part_update(&self, part: &str, new: &mut Kind, old: &Kind) {
        match part {
            "resize" => resize::prepare(new, old),
            _ => ephemeral::prepare(new, old),
        }
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn validate_part_update(&self, part: &str, new: &Kind, old: &Kind) -> Errors {
        match part {
            "resize" => resize::validate(new, old),
            _ => ephemeral::validate(new, old),
        }
    }

    fn validate(&self, pod: &Kind) -> Errors {
        validation::pod(pod)
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        update::validate(new, old)
    }

    fn warnings(&self, pod: &Kind) -> Vec<String> {
        let mut found = warnings::of_name(&pod.metadata);
        if let Some(spec) = &pod.spec {
            let (path, of_meta) = (Path::new("spec"), Path::new("metadata"));
            warnings::of_spec(spec, Some(&pod.metadata), &path, &of_meta, &mut found);
        }
        found
    }

    /// People hardly change pods: this is not worth its price.
    fn warnings_on_update(&self, _new: &Kind, _old: &Kind) -> Vec<String> {
        Vec::new()
    }

    fn grace_period(&self, pod: &Kind, requested: Option<i64>) -> Option<i64> {
        let spec = pod.spec.as_ref();
        let unbound = spec.is_none_or(|s| s.node_name.as_deref().unwrap_or_default().is_empty());
        let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
        if unbound || matches!(phase, Some("Failed" | "Succeeded")) {
            return Some(0);
        }
        let own = spec.and_then(|s| s.termination_grace_period_seconds);
        match requested.or(own).unwrap_or_default() {
            negative if negative < 0 => Some(1),
            period => Some(period),
        }
    }

    fn selectable(&self) -> &'static [&'static str] {
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ]
    }

    fn field(&self, pod: &Kind, path: &str) -> Option<String> {
        let (spec, status) = (pod.spec.as_ref(), pod.status.as_ref());
        let value = match path {
            "spec.nodeName" => spec.and_then(|s| s.node_name.clone()),
            "spec.restartPolicy" => spec.and_then(|s| s.restart_policy.clone()),
            "spec.schedulerName" => spec.and_then(|s| s.scheduler_name.clone()),
            "spec.serviceAccountName" => spec.and_then(|s| s.service_account_name.clone()),
            "spec.hostNetwork" => {
                let host = spec.and_then(|s| s.host_network).unwrap_or_default();
                Some(host.to_string())
            }
            "status.phase" => status.and_then(|s| s.phase.clone()),
            "status.podIP" => status
                .and_then(|s| s.pod_ips.as_ref()?.first())
                .map(|a| a.ip.clone()),
            "status.podIPs" => status.and_then(|s| s.pod_ips.as_ref()).map(|all| {
                all.iter()
                    .map(|a| a.ip.as_str())
                    .collect::<Vec<_>>()
                    .join(",")
            }),
            "status.nominatedNodeName" => status.and_then(|s| s.nominated_node_name.clone()),
            _ => return None,
        };
        Some(value.unwrap_or_default())
    }

    fn columns(&self) -> &'static [Column] {
        table::COLUMNS
    }

    fn row(&self, pod: &Kind, now: Time) -> Vec<String> {
        table::row(pod, now)
    }
}

fn is_gated(spec: &PodSpec) -> bool {
    spec.scheduling_gates
        .as_ref()
        .is_some_and(|g| !g.is_empty())
}
