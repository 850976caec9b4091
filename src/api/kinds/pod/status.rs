//! What may be written to the status of a pod.
//!
//! Models `ValidatePodStatusUpdate` of `k8s.io/kubernetes/pkg/apis/core/validation`, and the conversion of its
//! addresses (`pkg/apis/core/v1/conversion.go`).

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Pod, PodIP, PodStatus};

use crate::api::field::{Errors, Path};
use crate::api::names::{
    Ip, is_dns1123_subdomain, is_qualified_name, is_valid_ip, parse_ip_sloppy,
};
use crate::api::validation::IMMUTABLE;

/// The one address and the list of addresses say the same; where they differ, the one is right.
pub fn align_addresses(status: &mut Shared<PodStatus>) {
    let Some(ip) = status.pod_ip.clone().filter(|ip| !ip.is_empty()) else {
        return;
    };
    let first = status.pod_ips.as_ref().and_then(|ips| ips.first());
    if first.is_none_or(|first| first.ip != ip) {
        status.pod_ips = Some(vec![PodIP { ip }]);
    }
}

#[inline(never)]
pub fn validate(new: &Pod, old: &Pod) -> Errors {
    let mut errors = Errors::default();
    let none = PodStatus::default();
    let status = new.status.as_deref().unwrap_or(&none);
    let before = old.status.as_deref().unwrap_or(&none);
    let path = Path::new("metadata");
    let path = path.child("conditions");
    for (i, condition) in status.conditions.iter().flatten().enumerate() {
        let known = before.conditions.iter().flatten();
        if known.into_iter().any(|c| c.type_ == condition.type_) {
            continue;
        }
        let here = path.index(i);
        let messages = is_qualified_name(&condition.type_);
        errors.invalid_each(&here.child("Type"), &condition.type_, messages);
    }
    let path = Path::new("status");
    let nominated = status.nominated_node_name.as_deref().unwrap_or_default();
    if !nominated.is_empty() && status.nominated_node_name != before.nominated_node_name {
        let messages = is_dns1123_subdomain(nominated);
        errors.invalid_each(&path.child("nominatedNodeName"), nominated, messages);
    }
    if before.qos_class.is_some() && status.qos_class != before.qos_class {
        let class = status.qos_class.as_deref().unwrap_or_default();
        errors.invalid(&path.child("qosClass"), class, IMMUTABLE);
    }
    transitions(new, status, before, &path, &mut errors);
    if status.pod_ips != before.pod_ips {
        let ips = |status: &PodStatus| -> Vec<String> {
            let ips = status.pod_ips.iter().flatten();
            ips.map(|ip| ip.ip.clone()).collect()
        };
        addresses(
            &ips(status),
            &ips(before),
            &path.child("podIPs"),
            &mut errors,
        );
    }
    if status.host_ips != before.host_ips {
        let ips = |status: &PodStatus| -> Vec<String> {
            let ips = status.host_ips.iter().flatten();
            ips.map(|ip| ip.ip.clone()).collect()
        };
        let list = ips(status);
        let path = path.child("hostIPs");
        addresses(&list, &ips(before), &path, &mut errors);
        if let Some(first) = list.first()
            && status.host_ip.as_ref() != Some(first)
        {
            let detail = "must be equal to `hostIP`";
            errors.invalid(&path.index(0).child("ip"), first, detail);
        }
    }
    errors
}

/// A container that ended for good does not come back.
fn transitions(pod: &Pod, new: &PodStatus, old: &PodStatus, path: &Path<'_>, errors: &mut Errors) {
    let policy = pod.spec.as_ref().and_then(|s| s.restart_policy.as_deref());
    if !matches!(policy, Some("Never" | "OnFailure")) {
        return;
    }
    let path = path.child("containerStatuses");
    for (i, before) in old.container_statuses.iter().flatten().enumerate() {
        let ended = before.state.as_ref().and_then(|s| s.terminated.as_ref());
        let again = |code: i32| code != 0 && policy == Some("OnFailure");
        if ended.is_none_or(|ended| again(ended.exit_code)) {
            continue;
        }
        let own_rules = pod.spec.as_ref().is_some_and(|spec| {
            let container = spec.containers.iter().find(|c| c.name == before.name);
            container.is_some_and(|c| c.restart_policy.is_some())
        });
        let now = new
            .container_statuses
            .iter()
            .flatten()
            .find(|s| s.name == before.name);
        let leaves = now.is_some_and(|s| s.state.as_ref().is_none_or(|s| s.terminated.is_none()));
        if leaves && !own_rules {
            let here = path.index(i);
            let detail = "may not be transitioned to non-terminated state";
            errors.forbidden(&here.child("state"), detail);
        }
    }
}

/// One address of each family at the most; those that were there before may stay as they are.
fn addresses(ips: &[String], before: &[String], path: &Path<'_>, errors: &mut Errors) {
    for (i, ip) in ips.iter().enumerate() {
        if !before.contains(ip) {
            errors.invalid_each(&path.index(i), ip, is_valid_ip(ip));
        }
    }
    if ips.len() < 2 {
        return;
    }
    let families: Vec<bool> = ips
        .iter()
        .filter_map(|ip| parse_ip_sloppy(ip))
        .map(|ip| matches!(ip, Ip::V4(_)))
        .collect();
    if ips.len() > 2 || families.first() == families.get(1) {
        let shown: Vec<serde_json::Value> =
            ips.iter().map(|ip| serde_json::json!({"IP": ip})).collect();
        let detail = "may specify no more than one IP for each IP family";
        errors.invalid_raw(path, &serde_json::Value::from(shown).to_string(), detail);
    }
    for (i, ip) in ips.iter().enumerate() {
        if ips.iter().take(i).any(|other| other == ip) {
            errors.duplicate_raw(&path.index(i), &serde_json::json!({"IP": ip}).to_string());
        }
    }
}
