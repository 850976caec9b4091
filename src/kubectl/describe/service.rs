//! Services.

use serde_json::Value;

use super::events;
use super::page::{Page, flat_labels, or_none};
use crate::api::Kind;
use crate::kubectl::json::{int, list, name, namespace, scalar, text};
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, service: &Value, page: &mut Page) {
    let spec = &service["spec"];
    let joined = |field: &str| -> String {
        let values: Vec<&str> = list(spec, field).iter().filter_map(Value::as_str).collect();
        values.join(",")
    };
    page.name_and_namespace(service);
    page.labels_and_annotations(service);
    page.pair("Selector", &flat_labels(&spec["selector"]));
    page.pair("Type", text(spec, "type"));
    page.pair_if("IP Family Policy", text(spec, "ipFamilyPolicy"));
    page.pair("IP Families", or_none(&joined("ipFamilies")));
    page.pair("IP", text(spec, "clusterIP"));
    page.pair("IPs", or_none(&joined("clusterIPs")));
    page.pair_if("External IPs", &joined("externalIPs"));
    page.pair_if("Desired LoadBalancer IP", text(spec, "loadBalancerIP"));
    page.pair_if("External Name", text(spec, "externalName"));
    let ingress: Vec<String> = list(service, "status.loadBalancer.ingress")
        .iter()
        .map(|ingress| match text(ingress, "ip") {
            "" => text(ingress, "hostname").to_owned(),
            ip => match text(ingress, "ipMode") {
                "" => ip.to_owned(),
                mode => format!("{ip} ({mode})"),
            },
        })
        .collect();
    page.pair_if("LoadBalancer Ingress", &ingress.join(", "));
    let slices = slices(kube, service).await;
    for port in list(spec, "ports") {
        let name = match text(port, "name") {
            "" => "<unset>",
            name => name,
        };
        let protocol = text(port, "protocol");
        page.pair(
            "Port",
            &format!("{name}\t{}/{protocol}", int(port, "port").unwrap_or(0)),
        );
        page.pair(
            "TargetPort",
            &format!("{}/{protocol}", scalar(&port["targetPort"])),
        );
        page.pair_if("AppProtocol", text(port, "appProtocol"));
        if let Some(node_port) = int(port, "nodePort").filter(|p| *p != 0) {
            page.pair("NodePort", &format!("{name}\t{node_port}/{protocol}"));
        }
        page.pair("Endpoints", &endpoints(&slices, text(port, "name")));
    }
    page.pair("Session Affinity", text(spec, "sessionAffinity"));
    page.pair_if(
        "External Traffic Policy",
        text(spec, "externalTrafficPolicy"),
    );
    page.pair_if(
        "Internal Traffic Policy",
        text(spec, "internalTrafficPolicy"),
    );
    page.pair_if("TrafficDistribution", text(spec, "trafficDistribution"));
    if let Some(port) = int(spec, "healthCheckNodePort").filter(|p| *p != 0) {
        page.pair("HealthCheck NodePort", &port.to_string());
    }
    page.pair_if(
        "LoadBalancer Source Ranges",
        &joined("loadBalancerSourceRanges"),
    );
    events::write(kube, service, page).await;
}

pub(super) async fn slices(kube: &Kube, service: &Value) -> Vec<Value> {
    let Some(kind) = Kind::by_gvk("discovery.k8s.io/v1", "EndpointSlice") else {
        return Vec::new();
    };
    let selector = format!("kubernetes.io/service-name={}", name(service));
    let query = [("labelSelector", selector)];
    kube.list(kind.info(), namespace(service), &query)
        .await
        .unwrap_or_default()
}

/// Ready addresses behind a port: three of them, and how many more there are.
pub(super) fn endpoints(slices: &[Value], port_name: &str) -> String {
    let mut shown = Vec::new();
    let mut count = 0;
    for slice in slices {
        let ready = list(slice, "endpoints")
            .iter()
            .filter(|e| e["conditions"]["ready"].as_bool() != Some(false));
        let addresses: Vec<&str> = ready
            .filter_map(|e| list(e, "addresses").first().and_then(Value::as_str))
            .collect();
        let ports = list(slice, "ports");
        for port in ports.iter().filter(|p| text(p, "name") == port_name) {
            for address in &addresses {
                count += 1;
                if shown.len() < 3 {
                    let number = int(port, "port").unwrap_or(0);
                    shown.push(match address.contains(':') {
                        true => format!("[{address}]:{number}"),
                        false => format!("{address}:{number}"),
                    });
                }
            }
        }
        if ports.is_empty() {
            for address in addresses {
                count += 1;
                if shown.len() < 3 {
                    shown.push(address.to_owned());
                }
            }
        }
    }
    match shown.len() {
        // Nothing is ready, which shows as nothing at all once there are slices.
        0 => match slices.is_empty() {
            true => "<none>".to_owned(),
            false => String::new(),
        },
        n if count > n => format!("{} + {} more...", shown.join(","), count - n),
        _ => shown.join(","),
    }
}
