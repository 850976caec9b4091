//! A stable address in front of pods that come and go.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/service/strategy.go`.

mod allocated;
mod status;
pub(in crate::api) mod validation;
mod warnings;

use k8s_openapi::api::core::v1::{Service as Kind, ServicePort, ServiceSpec, ServiceStatus};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::defaults::{drop_empty, drop_false, drop_zero, text};
use super::{KindInfo, cells};
use crate::api::field::Errors;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Service",
    plural: "services",
    singular: "service",
    short_names: &["svc"],
    namespaced: true,
    categories: &["all"],
    subresources: &["proxy", "status"],
    prefix: "services/specs",
    strategy: &Typed(Rules),
};

/// How long a client stays with its endpoint: 3 hours.
const AFFINITY_SECONDS: i32 = 10_800;

/// How much of a load balancer's addresses fits a row.
const LOAD_BALANCER_WIDTH: usize = 16;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn put_creates(&self) -> bool {
        true
    }

    /// `k8s.io/kubernetes/pkg/apis/core/v1/defaults.go` `SetDefaults_Service`.
    fn default(&self, service: &mut Kind) {
        let status = service.status.get_or_insert_default();
        status.load_balancer.get_or_insert_default();
        let spec = service.spec.get_or_insert_default();
        text(&mut spec.session_affinity, "None");
        match spec.session_affinity.as_deref() {
            Some("None") => spec.session_affinity_config = None,
            Some("ClientIP") => {
                let config = spec.session_affinity_config.get_or_insert_default();
                let client = config.client_ip.get_or_insert_default();
                client.timeout_seconds.get_or_insert(AFFINITY_SECONDS);
            }
            _ => {}
        }
        text(&mut spec.type_, "ClusterIP");
        let type_ = spec.type_.as_deref().unwrap_or_default();
        if matches!(type_, "NodePort" | "LoadBalancer" | "ClusterIP") {
            spec.internal_traffic_policy
                .get_or_insert_with(|| "Cluster".to_owned());
        }
        let is_balancer = type_ == "LoadBalancer";
        if allocated::is_external(spec) {
            text(&mut spec.external_traffic_policy, "Cluster");
        }
        if is_balancer {
            spec.allocate_load_balancer_node_ports.get_or_insert(true);
        }
        for port in spec.ports.iter_mut().flatten() {
            port_defaults(port);
        }
        drop_false(&mut spec.publish_not_ready_addresses);
        drop_zero(&mut spec.health_check_node_port);
        drop_empty(&mut spec.cluster_ip);
        drop_empty(&mut spec.external_name);
        drop_empty(&mut spec.external_traffic_policy);
    }

    fn name_errors(&self, name: &str) -> Vec<String> {
        crate::api::names::is_dns1123_label(name)
    }

    fn prepare_for_create(&self, service: &mut Kind) {
        service.status = Some(ServiceStatus {
            load_balancer: Some(Default::default()),
            ..ServiceStatus::default()
        });
        if let Some(spec) = &mut service.spec {
            allocated::normalize(spec, None);
        }
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if let (Some(new), Some(old)) = (&mut new.spec, &old.spec) {
            allocated::drop_unused(new, old);
            allocated::normalize(new, Some(old));
            allocated::keep(new, old);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        status::default_modes(new);
    }

    fn validate_status_update(&self, new: &Kind, old: &Kind) -> Errors {
        status::validate(new, old)
    }

    fn validate(&self, service: &Kind) -> Errors {
        validation::validate(service)
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::validate_update(new, old)
    }

    fn warnings(&self, service: &Kind) -> Vec<String> {
        warnings::of(service)
    }

    fn selectable(&self) -> &'static [&'static str] {
        &["spec.clusterIP", "spec.type"]
    }

    fn field(&self, service: &Kind, path: &str) -> Option<String> {
        let spec = service.spec.as_ref();
        let value = match path {
            "spec.clusterIP" => spec.and_then(|s| s.cluster_ip.clone()),
            "spec.type" => spec.and_then(|s| s.type_.clone()),
            _ => return None,
        };
        Some(value.unwrap_or_default())
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Type"),
            column("Cluster-IP"),
            column("External-IP"),
            column("Port(s)"),
            column("Age"),
            wide("Selector"),
        ];
        COLUMNS
    }

    fn row(&self, service: &Kind, now: Time) -> Vec<String> {
        let (no_spec, no_status) = Default::default();
        let spec = service.spec.as_ref().unwrap_or(&no_spec);
        let status = service.status.as_ref().unwrap_or(&no_status);
        let address = spec.cluster_ips.as_ref().and_then(|ips| ips.first());
        vec![
            service.metadata.name.clone().unwrap_or_default(),
            spec.type_.clone().unwrap_or_default(),
            cells::or_none(address.cloned().unwrap_or_default()),
            external_addresses(spec, status),
            cells::or_none(ports(spec)),
            age(&service.metadata, now),
            cells::labels(spec.selector.as_ref()),
        ]
    }
}

fn port_defaults(port: &mut ServicePort) {
    text(&mut port.protocol, "TCP");
    drop_empty(&mut port.name);
    drop_zero(&mut port.node_port);
    let unset = match &port.target_port {
        None | Some(IntOrString::Int(0)) => true,
        Some(IntOrString::String(name)) => name.is_empty(),
        Some(IntOrString::Int(_)) => false,
    };
    if unset {
        port.target_port = Some(IntOrString::Int(port.port));
    }
}

fn external_addresses(spec: &ServiceSpec, status: &ServiceStatus) -> String {
    let own = spec.external_ips.as_deref().unwrap_or_default().join(",");
    match spec.type_.as_deref() {
        Some("ClusterIP" | "NodePort") => cells::or_none(own),
        Some("LoadBalancer") => {
            let balancer = load_balancer(status);
            match (balancer.is_empty(), own.is_empty()) {
                (false, true) => balancer,
                (false, false) => format!("{balancer},{own}"),
                (true, false) => own,
                (true, true) => "<pending>".to_owned(),
            }
        }
        Some("ExternalName") => spec.external_name.clone().unwrap_or_default(),
        _ => "<unknown>".to_owned(),
    }
}

fn load_balancer(status: &ServiceStatus) -> String {
    let ingress = status
        .load_balancer
        .as_ref()
        .and_then(|l| l.ingress.as_ref());
    let mut addresses: Vec<&str> = ingress
        .into_iter()
        .flatten()
        .filter_map(|i| i.ip.as_deref().or(i.hostname.as_deref()))
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    cells::cut(addresses.join(","), LOAD_BALANCER_WIDTH)
}

fn ports(spec: &ServiceSpec) -> String {
    let ports = spec.ports.iter().flatten().map(|p| {
        let protocol = p.protocol.as_deref().unwrap_or("TCP");
        match p.node_port {
            Some(node_port) if node_port > 0 => format!("{}:{node_port}/{protocol}", p.port),
            _ => format!("{}/{protocol}", p.port),
        }
    });
    ports.collect::<Vec<_>>().join(",")
}
