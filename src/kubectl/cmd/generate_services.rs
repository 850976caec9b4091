//! `kubectl create service`: of each type.

use serde_json::json;

use super::generate::{COMMON, MANAGER, known, make, number_or_text, only_name};
use super::{Command, OUTPUT};
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;

pub const CLUSTER_IP: Command = Command {
    path: "create service clusterip",
    short: "Create a ClusterIP service",
    help: r#"NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]
# Port 80 of the service is port 8080 of its pods
kubectl create service clusterip web --tcp=80:8080

# Without an address of its own
kubectl create service clusterip db --clusterip="None""#,
    flags: &[OUTPUT, COMMON, "clusterip='' tcp=[]"],
    run: |kube| Box::pin(service(kube, "ClusterIP")),
};

pub const NODE_PORT: Command = Command {
    path: "create service nodeport",
    short: "Create a NodePort service",
    help: "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]
# A port of every node
kubectl create service nodeport web --tcp=80:8080 --node-port=30080",
    flags: &[OUTPUT, COMMON, "node-port=0 tcp=[]"],
    run: |kube| Box::pin(service(kube, "NodePort")),
};

pub const LOAD_BALANCER: Command = Command {
    path: "create service loadbalancer",
    short: "Create a LoadBalancer service",
    help: "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]
# An address from outside
kubectl create service loadbalancer web --tcp=80:8080",
    flags: &[OUTPUT, COMMON, "tcp=[]"],
    run: |kube| Box::pin(service(kube, "LoadBalancer")),
};

pub const EXTERNAL_NAME: Command = Command {
    path: "create service externalname",
    short: "Create an ExternalName service",
    help: "NAME --external-name external.name [--dry-run=server|client|none]
A name in the cluster for a host that is not in it.

# db leads to db.example.com
kubectl create service externalname db --external-name db.example.com",
    flags: &[OUTPUT, COMMON, "external-name='' tcp=[]"],
    run: |kube| Box::pin(service(kube, "ExternalName")),
};

async fn service(kube: &Kube, type_: &str) -> Result<()> {
    let name = only_name(kube)?;
    let mut ports = Vec::new();
    for pair in kube.flags.list("tcp") {
        let mut parts = pair.split(':');
        let first = parts.next().unwrap_or_default();
        let target = parts.next().unwrap_or(first);
        let Ok(port) = first.parse::<u16>() else {
            let reason = match !first.is_empty() && first.chars().all(|c| c.is_ascii_digit()) {
                true => "value out of range",
                false => "invalid syntax",
            };
            return plain(format!("strconv.ParseUint: parsing \"{first}\": {reason}"));
        };
        if pair.contains(':') {
            let wrong = match target.parse::<i64>() {
                Ok(number) => crate::api::names::is_valid_port_num(number),
                Err(_) => crate::api::names::is_valid_port_name(target),
            };
            if !wrong.is_empty() {
                return plain(wrong.join(","));
            }
        }
        let mut entry = json!({
            "name": pair.replace(':', "-"),
            "port": port,
            "protocol": "TCP",
            "targetPort": number_or_text(target),
        });
        if let Some(node_port) = kube.flags.int("node-port") {
            entry["nodePort"] = node_port.into();
        }
        ports.push(entry);
    }
    let headless = kube.flags.text("clusterip") == "None";
    if ports.is_empty() && !headless && type_ != "ExternalName" {
        return plain("at least one tcp port specifier must be provided");
    }
    let mut spec = json!({"type": type_, "selector": {"app": name}, "ports": ports});
    if ports.is_empty()
        && let Some(spec) = spec.as_object_mut()
    {
        spec.remove("ports");
    }
    if type_ == "ExternalName" {
        let host = kube.flags.text("external-name");
        if !crate::api::names::is_dns1123_subdomain(host).is_empty() {
            return plain(format!("invalid service external name {host}"));
        }
        spec["externalName"] = host.into();
    }
    if !kube.flags.text("clusterip").is_empty() {
        spec["clusterIP"] = kube.flags.text("clusterip").into();
    }
    let object = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": spec,
    });
    let lead = format!("failed to create {type_} service:");
    make(
        kube,
        known("v1", "Service")?,
        object,
        MANAGER,
        &lead,
        "created",
    )
    .await
}
