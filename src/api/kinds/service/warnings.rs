//! What a client is told about a service that is allowed, but hardly meant.
//!
//! Models `k8s.io/kubernetes/pkg/api/service/warnings.go`.

use k8s_openapi::api::core::v1::Service;

use crate::api::names::{cidr_warning, ip_warning};

pub(super) const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
pub(super) const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";

pub(super) fn of(service: &Service) -> Vec<String> {
    let mut found = Vec::new();
    let annotations = service.metadata.annotations.as_ref();
    if annotations.is_some_and(|a| a.contains_key(TOPOLOGY_HINTS)) {
        found.push(format!(
            "annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
        ));
    }
    let Some(spec) = &service.spec else {
        return found;
    };
    let type_ = spec.type_.as_deref().unwrap_or_default();
    let headless = type_ == "ClusterIP" && spec.cluster_ip.as_deref() == Some("None");
    let own = spec.external_ips.as_deref().unwrap_or_default();
    let balancer = spec.load_balancer_ip.as_deref().unwrap_or_default();
    let ips = |field: &str, list: &[String], found: &mut Vec<String>| {
        for (i, ip) in list.iter().enumerate() {
            found.extend(ip_warning(ip, format_args!("spec.{field}[{i}]")));
        }
    };
    let cluster = spec.cluster_ips.as_deref().unwrap_or_default();
    ips("clusterIPs", cluster, &mut found);
    if headless {
        let affinity = spec.session_affinity.as_deref().unwrap_or_default();
        for (given, field) in [
            (!balancer.is_empty(), "loadBalancerIP"),
            (!own.is_empty(), "externalIPs"),
            (affinity != "None", "SessionAffinity"),
        ] {
            if given {
                found.push(format!("spec.{field} is ignored for headless services"));
            }
        }
    }
    ips("externalIPs", own, &mut found);
    if !own.is_empty() && !headless && type_ != "ExternalName" {
        found.push("spec.externalIPs is deprecated".to_owned());
    }
    found.extend(ip_warning(balancer, "spec.loadBalancerIP"));
    let ranges = spec.load_balancer_source_ranges.iter().flatten();
    for (i, range) in ranges.enumerate() {
        let path = format_args!("spec.loadBalancerSourceRanges[{i}]").to_string();
        found.extend(cidr_warning(range, path));
    }
    if type_ == "ExternalName" && !own.is_empty() {
        found.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    }
    if type_ != "ExternalName" && spec.external_name.is_some() {
        let text = "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        found.push(text.to_owned());
    }
    if spec.traffic_distribution.as_deref() == Some("PreferClose") {
        let text =
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        found.push(text.to_owned());
    }
    found
}
