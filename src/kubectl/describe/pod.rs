//! Pods.

use serde_json::Value;

use super::container::{containers, resources};
use super::events;
use super::page::{Page, controller, time};
use super::template::{spreading, tolerations};
use super::volume::volumes;
use crate::kubectl::json::{int, list, text};
use crate::kubectl::kube::Kube;

pub async fn describe(kube: &Kube, pod: &Value, page: &mut Page) {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    page.name_and_namespace(pod);
    if let Some(priority) = int(spec, "priority") {
        page.pair("Priority", &priority.to_string());
        page.pair_if("Priority Class Name", text(spec, "priorityClassName"));
    }
    page.pair_if("Runtime Class Name", text(spec, "runtimeClassName"));
    page.pair_if("Service Account", text(spec, "serviceAccountName"));
    match text(spec, "nodeName") {
        "" => page.pair("Node", "<none>"),
        node => page.pair("Node", &format!("{node}/{}", text(status, "hostIP"))),
    }
    let started = text(status, "startTime");
    if !started.is_empty() {
        page.pair("Start Time", &time(started));
    }
    page.labels_and_annotations(pod);
    match text(pod, "metadata.deletionTimestamp") {
        stamp if !stamp.is_empty() && text(status, "reason") != "NodeLost" => {
            page.pair(
                "Status",
                &format!("Terminating (lasts {})", kube.age(stamp)),
            );
            let grace = int(pod, "metadata.deletionGracePeriodSeconds").unwrap_or(0);
            page.pair("Termination Grace Period", &format!("{grace}s"));
        }
        _ => page.pair("Status", text(status, "phase")),
    }
    page.pair_if("Reason", text(status, "reason"));
    page.pair_if("Message", text(status, "message"));
    let profile = &spec["securityContext"]["seccompProfile"];
    if profile.is_object() {
        page.pair("SeccompProfile", text(profile, "type"));
        if text(profile, "type") == "Localhost" {
            page.pair("LocalhostProfile", text(profile, "localhostProfile"));
        }
    }
    page.pair("IP", text(status, "podIP"));
    let addresses = list(status, "podIPs");
    match addresses.is_empty() {
        true => page.pair("IPs", "<none>"),
        false => page.line(0, "IPs:"),
    }
    for address in addresses {
        page.line(1, &format!("IP:\t{}", text(address, "ip")));
    }
    if let Some(owner) = controller(pod) {
        page.pair("Controlled By", &owner);
    }
    page.pair_if("NominatedNodeName", text(status, "nominatedNodeName"));
    if spec["resources"].is_object() {
        page.line(0, "Resources:");
        resources(&spec["resources"], 1, page);
    }
    for (title, field, statuses) in [
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        (
            "Ephemeral Containers",
            "ephemeralContainers",
            "ephemeralContainerStatuses",
        ),
    ] {
        let these = list(spec, field);
        if !these.is_empty() || field == "containers" {
            containers(title, these, list(status, statuses), Some(pod), "", page);
        }
    }
    let gates = list(spec, "readinessGates");
    if !gates.is_empty() {
        page.line(0, "Readiness Gates:");
        page.line(1, "Type\tStatus");
        for gate in gates {
            let type_ = text(gate, "conditionType");
            let condition = list(status, "conditions")
                .iter()
                .find(|c| text(c, "type") == type_);
            let value = condition.map_or("<none>", |c| text(c, "status"));
            page.line(1, &format!("{type_} \t{value} "));
        }
    }
    page.conditions(pod, &[("type", "Type"), ("status", "Status")]);
    volumes(list(spec, "volumes"), "", page);
    page.pair("QoS Class", text(status, "qosClass"));
    page.map("Node-Selectors", &spec["nodeSelector"]);
    tolerations("Tolerations", list(spec, "tolerations"), page);
    spreading(spec, "", page);
    events::write(kube, pod, page).await;
}
