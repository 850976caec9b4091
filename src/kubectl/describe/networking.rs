//! Ingresses, their classes, and network policies.

use serde_json::Value;

use super::events;
use super::page::{Page, selector};
use super::service::{endpoints, slices};
use crate::api::Kind;
use crate::api::rfc3339::parse_time;
use crate::kubectl::json::{int, list, name, namespace, scalar, text};
use crate::kubectl::kube::Kube;

pub async fn ingress(kube: &Kube, ingress: &Value, page: &mut Page) {
    page.pair("Name", name(ingress));
    page.map("Labels", &ingress["metadata"]["labels"]);
    page.pair("Namespace", namespace(ingress));
    let mut addresses: Vec<&str> = list(ingress, "status.loadBalancer.ingress")
        .iter()
        .map(|i| match text(i, "ip") {
            "" => text(i, "hostname"),
            ip => ip,
        })
        .filter(|a| !a.is_empty())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    page.pair("Address", &addresses.join(","));
    let class = ingress["spec"]["ingressClassName"].as_str();
    page.pair("Ingress Class", class.unwrap_or("<none>"));
    let default = &ingress["spec"]["defaultBackend"];
    let default = match default.is_object() {
        true => backend(kube, ingress, default).await,
        false => "<default>".to_owned(),
    };
    page.pair("Default backend", &default);
    let tls = list(ingress, "spec.tls");
    if !tls.is_empty() {
        page.line(0, "TLS:");
    }
    for one in tls {
        let hosts: Vec<&str> = list(one, "hosts")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let hosts = hosts.join(",");
        match text(one, "secretName") {
            "" => page.line(1, &format!("SNI routes {hosts}")),
            secret => page.line(1, &format!("{secret} terminates {hosts}")),
        }
    }
    page.line(0, "Rules:");
    page.line(1, "Host\tPath\tBackends");
    page.line(1, "----\t----\t--------");
    let mut count = 0;
    for rule in list(ingress, "spec.rules") {
        if !rule["http"].is_object() {
            continue;
        }
        count += 1;
        let host = match text(rule, "host") {
            "" => "*",
            host => host,
        };
        page.line(1, &format!("{host}\t"));
        for path in list(rule, "http.paths") {
            let backend = backend(kube, ingress, &path["backend"]).await;
            page.line(2, &format!("\t{} \t{backend}", text(path, "path")));
        }
    }
    if count == 0 {
        page.line(1, &format!("*\t*\t{default}"));
    }
    page.annotations("Annotations", &ingress["metadata"]["annotations"]);
    events::write(kube, ingress, page).await;
}

/// `service:port (endpoints)`.
async fn backend(kube: &Kube, ingress: &Value, backend: &Value) -> String {
    let resource = &backend["resource"];
    if resource.is_object() {
        let group = resource["apiGroup"].as_str().unwrap_or("<none>");
        return format!(
            "APIGroup: {group}, Kind: {}, Name: {}",
            text(resource, "kind"),
            text(resource, "name")
        );
    }
    let port = &backend["service"]["port"];
    let shown = match text(port, "name") {
        "" => int(port, "number").unwrap_or_default().to_string(),
        name => name.to_owned(),
    };
    let wanted = text(backend, "service.name");
    let label = format!("{wanted}:{shown}");
    let Some(kind) = Kind::by_gvk("v1", "Service") else {
        return label;
    };
    let service = kube.get(kind.info(), namespace(ingress), wanted).await;
    let service = match service {
        Ok(service) => service,
        Err(failure) => {
            let message = failure.message();
            // What the server said, without how the tool reports it.
            let message = message
                .strip_prefix("Error from server (NotFound): ")
                .unwrap_or(&message);
            return format!("{label} (<error: {message}>)");
        }
    };
    let ports = list(&service, "spec.ports").iter();
    let port_name = ports
        .filter(|p| match int(port, "number").unwrap_or_default() {
            0 => text(p, "name") == text(port, "name"),
            number => int(p, "port") == Some(number),
        })
        .map(|p| text(p, "name"))
        .next_back()
        .unwrap_or_default();
    let slices = slices(kube, &service).await;
    format!("{label} ({})", endpoints(&slices, port_name))
}

pub async fn ingress_class(kube: &Kube, class: &Value, page: &mut Page) {
    page.pair("Name", name(class));
    page.labels_and_annotations(class);
    page.pair("Controller", text(class, "spec.controller"));
    let parameters = &class["spec"]["parameters"];
    if parameters.is_object() {
        page.line(0, "Parameters:");
        if parameters["apiGroup"].is_string() {
            page.line(1, &format!("APIGroup:\t{}", text(parameters, "apiGroup")));
        }
        page.line(1, &format!("Kind:\t{}", text(parameters, "kind")));
        page.line(1, &format!("Name:\t{}", text(parameters, "name")));
    }
    events::write(kube, class, page).await;
}

pub fn policy(policy: &Value, page: &mut Page) {
    page.name_and_namespace(policy);
    let stamp = text(policy, "metadata.creationTimestamp");
    let created = match parse_time(stamp) {
        // Go prints a time with its offset and its zone.
        Some(_) => stamp.replace('T', " ").replace('Z', " +0000 UTC"),
        None => stamp.to_owned(),
    };
    page.pair("Created on", &created);
    page.labels_and_annotations(policy);
    let spec = &policy["spec"];
    page.line(0, "Spec:");
    let pods = match selector(&spec["podSelector"]) {
        text if text == "<none>" => {
            "<none> (Allowing the specific traffic to all pods in this namespace)".to_owned()
        }
        text => text,
    };
    page.line(1, &format!("PodSelector:     {pods}"));
    let types: Vec<&str> = list(spec, "policyTypes")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for (type_, field, peers, from) in [
        ("Ingress", "ingress", "from", "From"),
        ("Egress", "egress", "to", "To"),
    ] {
        if !types.contains(&type_) {
            page.line(1, &format!("Not affecting {field} traffic"));
            continue;
        }
        page.line(1, &format!("Allowing {field} traffic:"));
        let rules = list(spec, field);
        if rules.is_empty() {
            let none = format!("<none> (Selected pods are isolated for {field} connectivity)");
            page.line(2, &none);
        }
        for (i, rule) in rules.iter().enumerate() {
            if i > 0 {
                page.line(2, "----------");
            }
            rule_of_policy(rule, peers, from, page);
        }
    }
    page.line(1, &format!("Policy Types: {}", types.join(", ")));
}

fn rule_of_policy(rule: &Value, peers: &str, from: &str, page: &mut Page) {
    let ports = list(rule, "ports");
    if ports.is_empty() {
        page.line(2, "To Port: <any> (traffic allowed to all ports)");
    }
    for port in ports {
        let protocol = match text(port, "protocol") {
            "" => "TCP",
            protocol => protocol,
        };
        let number = match &port["port"] {
            Value::Null => "<nil>".to_owned(),
            number => scalar(number),
        };
        match int(port, "endPort") {
            None => page.line(2, &format!("To Port: {number}/{protocol}")),
            Some(end) => page.line(2, &format!("To Port Range: {number}-{end}/{protocol}")),
        }
    }
    let peers = list(rule, peers);
    if peers.is_empty() {
        let by = if from == "From" {
            "source"
        } else {
            "destination"
        };
        page.line(
            2,
            &format!("{from}: <any> (traffic not restricted by {by})"),
        );
    }
    for peer in peers {
        page.line(2, &format!("{from}:"));
        if peer["namespaceSelector"].is_object() {
            let words = selector(&peer["namespaceSelector"]);
            page.line(3, &format!("NamespaceSelector: {words}"));
        }
        if peer["podSelector"].is_object() {
            page.line(
                3,
                &format!("PodSelector: {}", selector(&peer["podSelector"])),
            );
        }
        let block = &peer["ipBlock"];
        if block.is_object() {
            let except: Vec<&str> = list(block, "except")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            page.line(3, "IPBlock:");
            page.line(4, &format!("CIDR: {}", text(block, "cidr")));
            page.line(4, &format!("Except: {}", except.join(", ")));
        }
    }
}

pub async fn ip_address(kube: &Kube, address: &Value, page: &mut Page) {
    page.pair("Name", text(address, "metadata.name"));
    page.labels_and_annotations(address);
    let parent = &address["spec"]["parentRef"];
    if parent.is_object() {
        page.line(0, "Parent Reference:");
        for (title, field) in [
            ("Group", "group"),
            ("Resource", "resource"),
            ("Namespace", "namespace"),
            ("Name", "name"),
        ] {
            page.line(1, &format!("{title}:\t{}", text(parent, field)));
        }
    }
    events::write(kube, address, page).await;
}

pub async fn service_cidr(kube: &Kube, range: &Value, page: &mut Page) {
    page.pair("Name", text(range, "metadata.name"));
    page.labels_and_annotations(range);
    let ranges: Vec<&str> = list(range, "spec.cidrs")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    page.pair("CIDRs", &ranges.join(", "));
    let conditions = list(range, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Status:");
        page.line(0, "Conditions:");
        page.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
        page.line(1, "----\t------\t------------------\t------\t-------");
        for condition in conditions {
            let cells = ["type", "status", "lastTransitionTime", "reason", "message"];
            let cells: Vec<&str> = cells.iter().map(|field| text(condition, field)).collect();
            page.line(1, &cells.join("\t"));
        }
    }
    events::write(kube, range, page).await;
}
