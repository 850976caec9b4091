//! `metrics.k8s.io/v1beta1`: what nodes and pods use, where there is a metrics server.

use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use crate::api::quantity::Quantity;
use crate::api::selector::Selector;
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result, Status, codec};
use crate::apiserver::request::{Method, Request, Response};
use crate::apiserver::{ApiServer, METRICS_WINDOW, PodUsage};
use crate::sim::Time;

/// What a node uses beside its pods.
const NODE_CPU_NANOS: u64 = 60_000_000;
const NODE_MEMORY: u64 = 400 << 20;

const VERSION: &str = "metrics.k8s.io/v1beta1";

impl ApiServer {
    /// Answers for the metrics server; `None` when the path is not its own.
    pub(super) fn usage(
        &self,
        now: Time,
        parts: &[&str],
        request: &Request,
    ) -> Option<Result<Response>> {
        let ["apis", "metrics.k8s.io", rest @ ..] = parts else {
            return None;
        };
        self.measured(now, rest, request)
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn measured(&self, now: Time, rest: &[&str], request: &Request) -> Option<Result<Response>> {
        if !self.serves_metrics() || request.method != Method::Get {
            return None;
        }
        let found = match rest {
            [] => Ok(json!({
                "kind": "APIGroup", "apiVersion": "v1", "name": "metrics.k8s.io",
                "versions": [{"groupVersion": VERSION, "version": "v1beta1"}],
                "preferredVersion": {"groupVersion": VERSION, "version": "v1beta1"},
            })),
            ["v1beta1"] => Ok(resources()),
            ["v1beta1", "nodes"] => self.nodes(now, request),
            ["v1beta1", "nodes", name] => self.node(now, name),
            ["v1beta1", "pods"] => self.pods(now, "", request),
            ["v1beta1", "namespaces", namespace, "pods"] => self.pods(now, namespace, request),
            ["v1beta1", "namespaces", namespace, "pods", name] => self.pod(now, namespace, name),
            _ => return None,
        };
        Some(found.map(|value| Response::json(200, value)))
    }

    fn pods(&self, now: Time, namespace: &str, request: &Request) -> Result<Value> {
        let selector = selector(request)?;
        let mut items = Vec::new();
        for usage in self.pod_metrics(now, namespace).unwrap_or_default() {
            if let Some(pod) = self.get::<Pod>(&Key::new(&usage.namespace, &usage.name))
                && selector.matches(pod.metadata.labels.as_ref().unwrap_or(&Default::default()))
            {
                items.push(of_pod(&pod, &usage, now));
            }
        }
        Ok(list("PodMetricsList", items))
    }

    fn pod(&self, now: Time, namespace: &str, name: &str) -> Result<Value> {
        let all = self.pod_metrics(now, namespace).unwrap_or_default();
        let usage = all.iter().find(|u| *u.name == *name);
        let pod = self.get::<Pod>(&Key::new(namespace, name));
        match (usage, pod) {
            (Some(usage), Some(pod)) => Ok(of_pod(&pod, usage, now)),
            _ => Err(missing(
                "podmetrics.metrics.k8s.io",
                &format!("{namespace}/{name}"),
            )),
        }
    }

    fn nodes(&self, now: Time, request: &Request) -> Result<Value> {
        let selector = selector(request)?;
        let all = self.pod_metrics(now, "").unwrap_or_default();
        let items = self
            .list::<Node>(None)
            .iter()
            .filter(|n| selector.matches(n.metadata.labels.as_ref().unwrap_or(&Default::default())))
            .map(|node| self.of_node(node, &all, now))
            .collect();
        Ok(list("NodeMetricsList", items))
    }

    fn node(&self, now: Time, name: &str) -> Result<Value> {
        let all = self.pod_metrics(now, "").unwrap_or_default();
        let node = self.get::<Node>(&Key::new("", name));
        node.map(|node| self.of_node(&node, &all, now))
            .ok_or_else(|| missing("nodemetrics.metrics.k8s.io", name))
    }

    /// Nanoseconds of CPU in each second and bytes of memory that a node uses, its pods included.
    pub fn node_usage(&self, name: &str, all: &[PodUsage]) -> (u64, u64) {
        let (mut cpu, mut memory) = (NODE_CPU_NANOS, NODE_MEMORY);
        for usage in all {
            let pod = self.get::<Pod>(&Key::new(&usage.namespace, &usage.name));
            let place = pod
                .as_ref()
                .and_then(|p| p.spec.as_ref()?.node_name.as_deref());
            if place == Some(name) {
                cpu += usage.containers.iter().map(|c| c.cpu_nanos).sum::<u64>();
                memory += usage.containers.iter().map(|c| c.memory).sum::<u64>();
            }
        }
        (cpu, memory)
    }

    fn of_node(&self, node: &Node, all: &[PodUsage], now: Time) -> Value {
        let (cpu, memory) = self.node_usage(node.name(), all);
        let step = METRICS_WINDOW.as_nanos() as u64;
        let end = Time(now.0 / step * step);
        let labels = codec::encode(&node.metadata.labels);
        json!({
            "kind": "NodeMetrics", "apiVersion": VERSION,
            "metadata": {"name": node.name(), "creationTimestamp": stamp(now), "labels": labels},
            "timestamp": stamp(end), "window": "15s", "usage": amounts(cpu, memory),
        })
    }
}

fn selector(request: &Request) -> Result<Selector> {
    let text = request.query("labelSelector").unwrap_or_default();
    Selector::parse(text).map_err(Status::bad_request)
}

fn missing(resource: &str, name: &str) -> Box<Status> {
    let mut status = Status::new(404, "NotFound", format!("{resource} \"{name}\" not found"));
    status.name = name.to_owned();
    status
}

fn list(kind: &str, items: Vec<Value>) -> Value {
    json!({"kind": kind, "apiVersion": VERSION, "metadata": {}, "items": items})
}

fn stamp(at: Time) -> Value {
    codec::encode(&api_time(at))
}

fn amounts(cpu_nanos: u64, memory: u64) -> Value {
    let cpu = Quantity::parse(&format!("{cpu_nanos}n")).unwrap_or_default();
    json!({"cpu": cpu.to_string(), "memory": format!("{}Ki", memory / 1024)})
}

fn of_pod(pod: &Pod, usage: &PodUsage, now: Time) -> Value {
    let containers: Vec<Value> = usage
        .containers
        .iter()
        .map(|c| json!({"name": &*c.name, "usage": amounts(c.cpu_nanos, c.memory)}))
        .collect();
    json!({
        "kind": "PodMetrics", "apiVersion": VERSION,
        "metadata": {
            "name": pod.name(), "namespace": pod.namespace(), "creationTimestamp": stamp(now),
            "labels": codec::encode(&pod.metadata.labels),
        },
        "timestamp": stamp(usage.at), "window": "15s", "containers": containers,
    })
}

pub(super) fn resources() -> Value {
    let one = |name: &str, kind: &str, namespaced: bool| {
        json!({
            "name": name, "singularName": "", "namespaced": namespaced, "kind": kind,
            "verbs": ["get", "list"],
        })
    };
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION,
        "resources": [one("nodes", "NodeMetrics", false), one("pods", "PodMetrics", true)],
    })
}
