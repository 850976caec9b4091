//! A pod as an endpoint, and a new slice (`k8s.io/endpointslice` utils.go).

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::{
    Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice, ForNode, ForZone,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

use super::{MANAGED_BY, MANAGER, SERVICE_NAME};
use crate::api::names::is_dns1123_subdomain;
use crate::api::{Resource, controller_ref};
use crate::controllers::backends;
use crate::controllers::pods;

const ZONE: &str = "topology.kubernetes.io/zone";

/// One endpoint, with the ports of its own: pods may give the same port name another number.
#[derive(Clone)]
pub struct Backend {
    pub endpoint: Shared<Endpoint>,
    pub ports: Vec<EndpointPort>,
}

impl Backend {
    /// `None` when the pod has no address of the family.
    pub fn of(
        service: &Service,
        pod: &Rc<Pod>,
        node: Option<&Node>,
        family: &str,
    ) -> Option<Backend> {
        let addresses: Vec<String> = backends::addresses(pod)
            .into_iter()
            .filter(|a| a.contains(':') == (family == "IPv6"))
            .map(str::to_owned)
            .collect();
        if addresses.is_empty() {
            return None;
        }
        let serving = pods::is_ready(pod);
        let terminating = pods::is_deleting(pod);
        // A pod that is going is never "ready", so that those who know no other word leave it.
        let ready = backends::publishes_not_ready(service) || serving && !terminating;
        let zone = node.and_then(|n| n.metadata.labels.as_ref()?.get(ZONE).cloned());
        let endpoint = Endpoint {
            addresses,
            conditions: Some(EndpointConditions {
                ready: Some(ready),
                serving: Some(serving),
                terminating: Some(terminating),
            }),
            hostname: backends::hostname(pod, service),
            node_name: Some(pods::node_name(pod).to_owned()).filter(|n| !n.is_empty()),
            target_ref: Some(backends::target(pod)),
            hints: hints(service, ready, zone.as_ref(), pods::node_name(pod)),
            zone,
            ..Endpoint::default()
        };
        Some(Backend {
            endpoint: endpoint.into(),
            ports: ports(service, pod),
        })
    }

    /// What tells endpoints apart: the pod.
    pub fn identity(endpoint: &Endpoint) -> &str {
        let target = endpoint.target_ref.as_ref();
        target.and_then(|t| t.uid.as_deref()).unwrap_or_default()
    }
}

/// For whom an endpoint is meant by the traffic distribution of its service
/// (`k8s.io/endpointslice/trafficdist`).
fn hints(
    service: &Service,
    ready: bool,
    zone: Option<&String>,
    node: &str,
) -> Option<EndpointHints> {
    let distribution = service.spec.as_ref()?.traffic_distribution.as_deref()?;
    if !ready {
        return None;
    }
    let for_zones = zone.map(|zone| vec![ForZone { name: zone.clone() }]);
    let for_nodes = (distribution == "PreferSameNode" && !node.is_empty()).then(|| {
        vec![ForNode {
            name: node.to_owned(),
        }]
    });
    (for_zones.is_some() || for_nodes.is_some()).then_some(EndpointHints {
        for_nodes,
        for_zones,
    })
}

fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    backends::ports(service)
        .iter()
        .filter_map(|port| {
            Some(EndpointPort {
                name: Some(port.name.clone().unwrap_or_default()),
                port: Some(backends::find_port(pod, port)?),
                protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
                app_protocol: port.app_protocol.clone(),
            })
        })
        .collect()
}

/// The labels of a service's slices: its own, and those that say whose they are.
pub fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    if service.spec.as_ref().is_some_and(backends::is_headless) {
        labels.insert(backends::HEADLESS.to_owned(), String::new());
    } else {
        labels.remove(backends::HEADLESS);
    }
    labels.insert(SERVICE_NAME.to_owned(), service.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    labels
}

/// A slice without endpoints.
pub fn new_slice(service: &Service, family: &str, ports: &[EndpointPort]) -> EndpointSlice {
    let prefix = if is_dns1123_subdomain(service.name()).is_empty() {
        format!("{}-", service.name())
    } else {
        service.name().to_owned()
    };
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(prefix),
            namespace: Some(service.namespace().to_owned()),
            labels: Some(labels(service)),
            owner_references: Some(vec![controller_ref(service)]),
            ..ObjectMeta::default()
        },
        address_type: family.to_owned(),
        endpoints: Some(Vec::new()),
        ports: Some(ports.to_vec()),
    }
}
