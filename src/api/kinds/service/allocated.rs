//! Values that a service was given: kept by an update that leaves them out, and dropped by one
//! that has no use for them.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/service/storage` `NormalizeClusterIPs`,
//! `patchAllocatedValues` and `dropTypeDependentFields`.

use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};

/// `clusterIP` is the first of `clusterIPs`; a client may write either.
pub(super) fn normalize(new: &mut ServiceSpec, old: Option<&ServiceSpec>) {
    let ip = new.cluster_ip.clone().unwrap_or_default();
    let Some(old) = old else {
        if !ip.is_empty() && new.cluster_ips.is_none() {
            new.cluster_ips = Some(vec![ip]);
        }
        return;
    };
    let before = old.cluster_ip.as_deref().unwrap_or_default();
    let same_list = new.cluster_ips == old.cluster_ips;
    if ip.is_empty() {
        if !before.is_empty() && same_list {
            new.cluster_ips = None;
        }
        return;
    }
    if ip == before {
        return;
    }
    match &mut new.cluster_ips {
        Some(list) if same_list => {
            if let Some(first) = list.first_mut() {
                *first = ip;
            }
        }
        Some(_) => {}
        none => *none = Some(vec![ip]),
    }
}

pub(super) fn keep(new: &mut ServiceSpec, old: &ServiceSpec) {
    if needs_address(old) && needs_address(new) {
        if new.cluster_ip.is_none() {
            new.cluster_ip.clone_from(&old.cluster_ip);
        }
        if new.cluster_ips.is_none() && new.cluster_ip == old.cluster_ip {
            new.cluster_ips.clone_from(&old.cluster_ips);
        }
        // The families follow the addresses.
        if new.cluster_ips == old.cluster_ips {
            if new.ip_families.is_none() {
                new.ip_families.clone_from(&old.ip_families);
            }
            if new.ip_family_policy.is_none() {
                new.ip_family_policy.clone_from(&old.ip_family_policy);
            }
        }
    }
    if needs_node_port(old) && needs_node_port(new) {
        keep_node_ports(new, old);
    }
    if needs_health_port(old) && needs_health_port(new) && new.health_check_node_port.is_none() {
        new.health_check_node_port = old.health_check_node_port;
    }
}

fn keep_node_ports(new: &mut ServiceSpec, old: &ServiceSpec) {
    let ports = |spec: &ServiceSpec| -> BTreeSet<i32> {
        let ports = spec.ports.iter().flatten();
        ports.filter_map(|p| p.node_port).collect()
    };
    let mut used: BTreeSet<i32> = ports(old).intersection(&ports(new)).copied().collect();
    let name = |p: &ServicePort| p.name.clone().unwrap_or_default();
    let by_name: BTreeMap<String, i32> = old
        .ports
        .iter()
        .flatten()
        .filter_map(|p| Some((name(p), p.node_port?)))
        .collect();
    for port in new.ports.iter_mut().flatten() {
        if port.node_port.is_none()
            && let Some(number) = by_name.get(&name(port))
            && used.insert(*number)
        {
            port.node_port = Some(*number);
        }
    }
}

pub(super) fn drop_unused(new: &mut ServiceSpec, old: &ServiceSpec) {
    if needs_address(old) && !needs_address(new) {
        if new.cluster_ip == old.cluster_ip && new.cluster_ips == old.cluster_ips {
            new.cluster_ip = None;
            new.cluster_ips = None;
        }
        if new.ip_families == old.ip_families {
            new.ip_families = None;
        }
        if new.ip_family_policy == old.ip_family_policy {
            new.ip_family_policy = None;
        }
    }
    if needs_node_port(old) && !needs_node_port(new) {
        let numbers = |spec: &ServiceSpec| -> Vec<Option<i32>> {
            spec.ports.iter().flatten().map(|p| p.node_port).collect()
        };
        if numbers(new) == numbers(old) {
            for port in new.ports.iter_mut().flatten() {
                port.node_port = None;
            }
        }
    }
    if needs_health_port(old)
        && !needs_health_port(new)
        && new.health_check_node_port == old.health_check_node_port
    {
        new.health_check_node_port = None;
    }
    if is_balancer(old) && !is_balancer(new) {
        if new.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports {
            new.allocate_load_balancer_node_ports = None;
        }
        if new.load_balancer_class == old.load_balancer_class {
            new.load_balancer_class = None;
        }
    }
    if is_external(old)
        && !is_external(new)
        && new.external_traffic_policy == old.external_traffic_policy
    {
        new.external_traffic_policy = None;
    }
}

pub(super) fn needs_address(spec: &ServiceSpec) -> bool {
    matches!(
        spec.type_.as_deref(),
        Some("ClusterIP" | "NodePort" | "LoadBalancer")
    )
}

pub(super) fn needs_node_port(spec: &ServiceSpec) -> bool {
    matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer"))
}

/// Whether requests from outside get to the service (`ExternallyAccessible`).
pub(super) fn is_external(spec: &ServiceSpec) -> bool {
    let own = spec
        .external_ips
        .as_ref()
        .is_some_and(|ips| !ips.is_empty());
    needs_node_port(spec) || (own && spec.type_.as_deref() == Some("ClusterIP"))
}

fn is_balancer(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() == Some("LoadBalancer")
}

pub(super) fn needs_health_port(spec: &ServiceSpec) -> bool {
    is_balancer(spec) && spec.external_traffic_policy.as_deref() == Some("Local")
}
