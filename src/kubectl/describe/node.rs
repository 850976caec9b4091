//! Nodes, with the pods that run there and what they have reserved.

use serde_json::Value;

use super::events;
use super::page::{Page, time};
use crate::api::Kind;
use crate::api::quantity::Quantity;
use crate::kubectl::json::{entries, flag, list, name, namespace, scalar, text};
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, node: &Value, page: &mut Page) {
    let status = &node["status"];
    page.pair("Name", name(node));
    page.pair("Roles", &roles(node));
    page.labels_and_annotations(node);
    page.pair(
        "CreationTimestamp",
        &time(text(node, "metadata.creationTimestamp")),
    );
    taints(node, page);
    page.pair(
        "Unschedulable",
        &flag(node, "spec.unschedulable").to_string(),
    );
    lease(kube, node, page).await;
    page.conditions(
        node,
        &[
            ("type", "Type"),
            ("status", "Status"),
            ("lastHeartbeatTime", "LastHeartbeatTime"),
            ("lastTransitionTime", "LastTransitionTime"),
            ("reason", "Reason"),
            ("message", "Message"),
        ],
    );
    page.line(0, "Addresses:");
    for address in list(status, "addresses") {
        page.line(
            1,
            &format!("{}:\t{}", text(address, "type"), text(address, "address")),
        );
    }
    for (title, field) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        if status[field].as_object().is_some_and(|m| !m.is_empty()) {
            page.line(0, &format!("{title}:"));
        }
        for (resource, quantity) in entries(status, field) {
            page.line(1, &format!("{resource}:\t{}", scalar(quantity)));
        }
    }
    page.line(0, "System Info:");
    for (title, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        page.line(
            1,
            &format!("{title}:\t{}", text(&status["nodeInfo"], field)),
        );
    }
    page.pair_if("PodCIDR", text(node, "spec.podCIDR"));
    let ranges: Vec<&str> = list(node, "spec.podCIDRs")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    page.pair_if("PodCIDRs", &ranges.join(","));
    page.pair_if("ProviderID", text(node, "spec.providerID"));
    pods(kube, node, page).await;
    if page.events {
        let mut found = events::about(kube, node, text(node, "metadata.uid")).await;
        // Kubelets name a node by its name where others use its uid.
        found.extend(events::about(kube, node, name(node)).await);
        events::table(kube, found, page);
    }
}

fn roles(node: &Value) -> String {
    let mut roles: Vec<&str> = Vec::new();
    for (key, value) in entries(node, "metadata.labels") {
        if let Some(role) = key
            .strip_prefix("node-role.kubernetes.io/")
            .filter(|r| !r.is_empty())
        {
            roles.push(role);
        } else if key == "kubernetes.io/role" {
            roles.extend(value.as_str().filter(|r| !r.is_empty()));
        }
    }
    roles.sort_unstable();
    match roles.is_empty() {
        true => "<none>".to_owned(),
        false => roles.join(","),
    }
}

fn taints(node: &Value, page: &mut Page) {
    let mut taints: Vec<&Value> = list(node, "spec.taints").iter().collect();
    taints.sort_by_key(|t| (text(t, "effect"), text(t, "key")));
    page.start(0, "Taints:\t");
    if taints.is_empty() {
        page.line(0, "<none>");
    }
    for (i, taint) in taints.into_iter().enumerate() {
        let lead = if i == 0 { "" } else { "\t" };
        let value = match text(taint, "value") {
            "" => String::new(),
            value => format!("={value}"),
        };
        page.line(
            0,
            &format!(
                "{lead}{}{value}:{}",
                text(taint, "key"),
                text(taint, "effect")
            ),
        );
    }
}

async fn lease(kube: &Kube, node: &Value, page: &mut Page) {
    let Some(kind) = Kind::by_gvk("coordination.k8s.io/v1", "Lease") else {
        return;
    };
    let lease = kube.get(kind.info(), "kube-node-lease", name(node)).await;
    let lease = match lease {
        Ok(lease) => lease,
        Err(failure) => {
            page.line(
                0,
                &format!("Lease:\tFailed to get lease: {}", failure.message()),
            );
            return;
        }
    };
    page.line(0, "Lease:");
    let holder = match text(&lease, "spec.holderIdentity") {
        "" => "<unset>",
        holder => holder,
    };
    page.line(1, &format!("HolderIdentity:\t{holder}"));
    page.line(
        1,
        &format!("AcquireTime:\t{}", time(text(&lease, "spec.acquireTime"))),
    );
    page.line(
        1,
        &format!("RenewTime:\t{}", time(text(&lease, "spec.renewTime"))),
    );
}

/// What the containers of a pod reserve of a resource: the larger of the sum of the containers
/// and the largest init container; sidecars count with the containers.
fn reserved(pod: &Value, which: &str, resource: &str) -> Quantity {
    let amount = |container: &Value| {
        Quantity::from_json(&container["resources"][which][resource]).unwrap_or(Quantity::ZERO)
    };
    let mut total = Quantity::ZERO;
    for container in list(pod, "spec.containers") {
        total = total.add(&amount(container));
    }
    let mut sidecars = Quantity::ZERO;
    let mut largest = Quantity::ZERO;
    for container in list(pod, "spec.initContainers") {
        let mut needed = amount(container);
        if text(container, "restartPolicy") == "Always" {
            sidecars = sidecars.add(&needed);
            total = total.add(&needed);
            needed = sidecars;
        } else {
            needed = needed.add(&sidecars);
        }
        largest = largest.max(needed);
    }
    total = total.max(largest);
    // What a pod says of itself as a whole goes before what its containers say.
    if matches!(resource, "cpu" | "memory") || resource.starts_with("hugepages-") {
        let whole = &pod["spec"]["resources"][which][resource];
        if !whole.is_null() {
            total = Quantity::from_json(whole).unwrap_or(total);
        }
    }
    let overhead =
        Quantity::from_json(&pod["spec"]["overhead"][resource]).unwrap_or(Quantity::ZERO);
    match total.is_zero() && which == "limits" {
        true => total,
        false => total.add(&overhead),
    }
}

async fn pods(kube: &Kube, node: &Value, page: &mut Page) {
    let Some(kind) = Kind::by_gvk("v1", "Pod") else {
        return;
    };
    let fields = format!(
        "spec.nodeName={},status.phase!=Failed,status.phase!=Succeeded",
        name(node)
    );
    let pods = kube
        .list(kind.info(), "", &[("fieldSelector", fields)])
        .await
        .unwrap_or_default();
    let allocatable = match node["status"]["allocatable"].is_object() {
        true => &node["status"]["allocatable"],
        false => &node["status"]["capacity"],
    };
    let of_node =
        |resource: &str| Quantity::from_json(&allocatable[resource]).unwrap_or(Quantity::ZERO);
    let share = |amount: &Quantity, resource: &str| {
        let total = of_node(resource);
        match total.is_zero() {
            true => 0,
            false => amount.percent_of(&total, resource == "cpu"),
        }
    };
    page.line(
        0,
        &format!("Non-terminated Pods:\t({} in total)", pods.len()),
    );
    page.line(
        1,
        "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge",
    );
    page.line(
        1,
        "---------\t----\t\t------------\t----------\t---------------\t-------------\t---",
    );
    for pod in &pods {
        let cells: Vec<String> = [
            ("cpu", "requests"),
            ("cpu", "limits"),
            ("memory", "requests"),
            ("memory", "limits"),
        ]
        .iter()
        .map(|(resource, which)| {
            let amount = reserved(pod, which, resource);
            format!("{amount} ({}%)", share(&amount, resource))
        })
        .collect();
        page.line(
            1,
            &format!(
                "{}\t{}\t\t{}\t{}",
                namespace(pod),
                name(pod),
                cells.join("\t"),
                kube.age(text(pod, "metadata.creationTimestamp"))
            ),
        );
    }
    page.line(0, "Allocated resources:");
    page.line(
        1,
        "(Total limits may be over 100 percent, i.e., overcommitted.)",
    );
    page.line(1, "Resource\tRequests\tLimits");
    page.line(1, "--------\t--------\t------");
    let mut resources = vec!["cpu", "memory", "ephemeral-storage"];
    let extended: Vec<&str> = allocatable
        .as_object()
        .into_iter()
        .flatten()
        .map(|(n, _)| n.as_str())
        .filter(|n| n.contains('/') || n.starts_with("hugepages-"))
        .collect();
    resources.extend(extended);
    for resource in resources {
        let sum = |which: &str| {
            pods.iter().fold(Quantity::ZERO, |sum, pod| {
                sum.add(&reserved(pod, which, resource))
            })
        };
        let (requests, limits) = (sum("requests"), sum("limits"));
        match resource.contains('/') {
            true => page.line(1, &format!("{resource}\t{requests}\t{limits}")),
            false => page.line(
                1,
                &format!(
                    "{resource}\t{requests} ({}%)\t{limits} ({}%)",
                    share(&requests, resource),
                    share(&limits, resource)
                ),
            ),
        }
    }
}
