//! A pod's row: what people read as "the status of the pod".
//!
//! Models `k8s.io/kubernetes/pkg/printers/internalversion/printers.go` `printPod`.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as ApiTime;

use crate::api::strategy::{Column, column, wide};
use crate::api::time::{age, age_since};
use crate::sim::Time;

pub(super) const COLUMNS: &[Column] = &[
    column("Name"),
    column("Ready"),
    column("Status"),
    column("Restarts"),
    column("Age"),
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

const NONE: &str = "<none>";

/// What a pod's row says of its containers.
#[derive(Default)]
struct Summary {
    ready: usize,
    total: usize,
    reason: String,
    restarts: i32,
    last_restart: Option<ApiTime>,
}

impl Summary {
    fn count(&mut self, status: &ContainerStatus) {
        self.restarts += status.restart_count;
        if let Some(finished) = last_finished(status)
            && self.last_restart.as_ref().is_none_or(|t| t.0 < finished.0)
        {
            self.last_restart = Some(finished.clone());
        }
    }
}

pub(super) fn row(pod: &Pod, now: Time) -> Vec<String> {
    let (no_spec, no_status) = Default::default();
    let spec = pod.spec.as_ref().unwrap_or(&no_spec);
    let status = pod.status.as_ref().unwrap_or(&no_status);
    let summary = summarize(pod, spec, status);
    let restarts = match &summary.last_restart {
        Some(at) if summary.restarts != 0 => {
            format!("{} ({} ago)", summary.restarts, age_since(Some(at), now))
        }
        _ => summary.restarts.to_string(),
    };
    let or_none = |text: Option<&str>| match text {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => NONE.to_owned(),
    };
    let address = status.pod_ips.iter().flatten().next();
    vec![
        pod.metadata.name.clone().unwrap_or_default(),
        format!("{}/{}", summary.ready, summary.total),
        summary.reason,
        restarts,
        age(&pod.metadata, now),
        or_none(address.map(|a| a.ip.as_str())),
        or_none(spec.node_name.as_deref()),
        or_none(status.nominated_node_name.as_deref()),
        readiness_gates(spec, status),
    ]
}

fn summarize(pod: &Pod, spec: &PodSpec, status: &PodStatus) -> Summary {
    let phase = status.phase.clone().unwrap_or_default();
    let own_reason = status.reason.clone().unwrap_or_default();
    let gated = status
        .conditions
        .iter()
        .flatten()
        .any(|c| c.type_ == "PodScheduled" && c.reason.as_deref() == Some("SchedulingGated"));
    let init: Vec<&Container> = spec.init_containers.iter().flatten().collect();
    let sidecar = |name: &str| {
        init.iter()
            .any(|c| c.name == name && c.restart_policy.as_deref() == Some("Always"))
    };
    let sidecars = init.iter().filter(|c| sidecar(&c.name)).count();
    let mut summary = Summary {
        total: spec.containers.len() + sidecars,
        reason: match (gated, own_reason.is_empty()) {
            (true, _) => "SchedulingGated".to_owned(),
            (false, false) => own_reason.clone(),
            (false, true) => phase.clone(),
        },
        ..Summary::default()
    };
    let mut of_sidecars = Summary::default();
    let mut initializing = false;
    for (i, container) in status.init_container_statuses.iter().flatten().enumerate() {
        let is_sidecar = sidecar(&container.name);
        summary.count(container);
        if is_sidecar {
            of_sidecars.count(container);
        }
        let state = container.state.as_ref();
        let terminated = state.and_then(|s| s.terminated.as_ref());
        let waiting = state
            .and_then(|s| s.waiting.as_ref())
            .and_then(|w| w.reason.as_deref())
            .unwrap_or_default();
        if terminated.is_some_and(|t| t.exit_code == 0) {
            continue;
        }
        if is_sidecar && container.started == Some(true) {
            summary.ready += usize::from(container.ready);
            continue;
        }
        initializing = true;
        summary.reason = if terminated.is_some() {
            format!("Init:{}", ended(container))
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format!("Init:{waiting}")
        } else {
            format!("Init:{i}/{}", init.len())
        };
        break;
    }
    if !initializing || has_condition(status, "Initialized") {
        summary.restarts = of_sidecars.restarts;
        summary.last_restart = of_sidecars.last_restart;
        containers(&mut summary, status);
    }
    if pod.metadata.deletion_timestamp.is_some() {
        if own_reason == "NodeLost" {
            "Unknown".clone_into(&mut summary.reason);
        } else if !matches!(phase.as_str(), "Failed" | "Succeeded") {
            "Terminating".clone_into(&mut summary.reason);
        }
    }
    summary
}

/// The containers proper, last one first: the first one has the last word.
fn containers(summary: &mut Summary, status: &PodStatus) {
    let mut any_running = false;
    for container in status.container_statuses.iter().flatten().rev() {
        summary.count(container);
        let state = container.state.as_ref();
        let waiting = state
            .and_then(|s| s.waiting.as_ref())
            .and_then(|w| w.reason.clone())
            .filter(|r| !r.is_empty());
        if let Some(reason) = waiting {
            summary.reason = reason;
        } else if state.is_some_and(|s| s.terminated.is_some()) {
            summary.reason = ended(container);
        } else if container.ready && state.is_some_and(|s| s.running.is_some()) {
            any_running = true;
            summary.ready += 1;
        }
    }
    if summary.reason == "Completed" && any_running {
        let ready = has_condition(status, "Ready");
        if ready { "Running" } else { "NotReady" }.clone_into(&mut summary.reason);
    }
}

/// Why a terminated container ended.
fn ended(container: &ContainerStatus) -> String {
    let terminated = container.state.as_ref().and_then(|s| s.terminated.as_ref());
    let Some(terminated) = terminated else {
        return String::new();
    };
    match (terminated.reason.as_deref(), terminated.signal) {
        (Some(reason), _) if !reason.is_empty() => reason.to_owned(),
        (_, Some(signal)) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{}", terminated.exit_code),
    }
}

fn last_finished(status: &ContainerStatus) -> Option<&ApiTime> {
    let last = status.last_state.as_ref()?;
    last.terminated.as_ref()?.finished_at.as_ref()
}

fn has_condition(status: &PodStatus, type_: &str) -> bool {
    status
        .conditions
        .iter()
        .flatten()
        .any(|c| c.type_ == type_ && c.status == "True")
}

fn readiness_gates(spec: &PodSpec, status: &PodStatus) -> String {
    let gates = spec.readiness_gates.as_deref().unwrap_or_default();
    if gates.is_empty() {
        return NONE.to_owned();
    }
    let open = gates
        .iter()
        .filter(|g| has_condition(status, &g.condition_type))
        .count();
    format!("{open}/{}", gates.len())
}
