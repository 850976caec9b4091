//! Endpoints and EndpointSlices.

use serde_json::Value;

use super::events;
use super::page::Page;
use crate::kubectl::json::{int, list, text};
use crate::kubectl::kube::Kube;

pub async fn endpoints(kube: &Kube, object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    page.line(0, "Subsets:");
    for subset in list(object, "subsets") {
        for (title, field) in [
            ("Addresses", "addresses"),
            ("NotReadyAddresses", "notReadyAddresses"),
        ] {
            let addresses: Vec<&str> = list(subset, field).iter().map(|a| text(a, "ip")).collect();
            let addresses = match addresses.is_empty() {
                true => "<none>".to_owned(),
                false => addresses.join(","),
            };
            page.line(1, &format!("{title}:\t{addresses}"));
        }
        let ports = list(subset, "ports");
        if !ports.is_empty() {
            page.line(1, "Ports:");
            page.line(2, "Name\tPort\tProtocol");
            page.line(2, "----\t----\t--------");
        }
        for port in ports {
            page.line(2, &port_row(port));
        }
        page.line(0, "");
    }
    events::write(kube, object, page).await;
}

fn port_row(port: &Value) -> String {
    let name = match text(port, "name") {
        "" => "<unset>",
        name => name,
    };
    let number = int(port, "port").map_or("<unset>".to_owned(), |p| p.to_string());
    format!("{name}\t{number}\t{}", text(port, "protocol"))
}

pub async fn endpoint_slice(kube: &Kube, object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    page.pair("AddressType", text(object, "addressType"));
    let ports = list(object, "ports");
    match ports.is_empty() {
        true => page.pair("Ports", "<unset>"),
        false => {
            page.line(0, "Ports:");
            page.line(1, "Name\tPort\tProtocol");
            page.line(1, "----\t----\t--------");
        }
    }
    for port in ports {
        page.line(1, &port_row(port));
    }
    let endpoints = list(object, "endpoints");
    match endpoints.is_empty() {
        true => page.line(0, "Endpoints: <none>"),
        false => page.line(0, "Endpoints:"),
    }
    for endpoint in endpoints {
        let addresses: Vec<&str> = list(endpoint, "addresses")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        page.line(1, &format!("- Addresses:\t{}", addresses.join(",")));
        page.line(2, "Conditions:");
        let ready = &endpoint["conditions"]["ready"];
        page.line(
            3,
            &format!(
                "Ready:\t{}",
                ready
                    .as_bool()
                    .map_or("<unset>".to_owned(), |r| r.to_string())
            ),
        );
        for (title, value) in [
            ("Hostname", text(endpoint, "hostname")),
            ("NodeName", text(endpoint, "nodeName")),
            ("Zone", text(endpoint, "zone")),
        ] {
            let value = if value.is_empty() { "<unset>" } else { value };
            if title == "NodeName" && endpoint["targetRef"].is_object() {
                page.line(
                    2,
                    &format!(
                        "TargetRef:\t{}/{}",
                        text(endpoint, "targetRef.kind"),
                        text(endpoint, "targetRef.name")
                    ),
                );
            }
            page.line(2, &format!("{title}:\t{value}"));
        }
    }
    events::write(kube, object, page).await;
}
