//! `v1` ComponentStatus: whether the parts of the control plane answer. Nothing is stored; each request asks.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/componentstatus/rest.go`.
//!
//! Divergence: instead of a request to its port, a component is as healthy as its static pod is; where there are
//! no such pods (a bare cluster), it is there.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::{not_allowed, table};
use crate::api::selector::Selector;
use crate::api::{Result, Status};
use crate::apiserver::ApiServer;
use crate::apiserver::request::{Method, Request, Response};

const WARNING: &str = "v1 ComponentStatus is deprecated in v1.19+";

/// A component as it is listed, the value of its pods' label `component`, and its port.
const COMPONENTS: [(&str, &str, u16); 3] = [
    ("controller-manager", "kube-controller-manager", 10257),
    ("etcd-0", "etcd", 2379),
    ("scheduler", "kube-scheduler", 10259),
];

impl ApiServer {
    /// Answers for component statuses; `None` when the path is not theirs.
    pub(super) fn component_statuses(
        &self,
        parts: &[&str],
        request: &Request,
    ) -> Option<Result<Response>> {
        let ["api", "v1", "componentstatuses", rest @ ..] = parts else {
            return None;
        };
        if request.method != Method::Get {
            return Some(Err(not_allowed()));
        }
        Some(self.statuses(rest, request).map(|value| {
            let mut response = Response::json(200, value);
            response.warnings.push(WARNING.to_owned());
            response
        }))
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn statuses(&self, rest: &[&str], request: &Request) -> Result<Value> {
        let text = request.query("labelSelector").unwrap_or_default();
        let selector = Selector::parse(text).map_err(Status::bad_request)?;
        let all: Vec<Value> = COMPONENTS.map(|c| self.component_status(c)).into();
        match rest {
            [] => {
                let mut items = all;
                items.retain(|_| selector.matches(&Default::default()));
                if table::is_wanted(request) {
                    return Ok(rows(&items));
                }
                Ok(json!({
                    "kind": "ComponentStatusList", "apiVersion": "v1", "metadata": {}, "items": items,
                }))
            }
            [name] => {
                let found = all.into_iter().find(|s| s["metadata"]["name"] == *name);
                let found = found.ok_or_else(|| missing(name))?;
                match table::is_wanted(request) {
                    true => Ok(rows(&[found])),
                    false => Ok(found),
                }
            }
            _ => Err(Status::no_such_resource()),
        }
    }

    fn component_status(&self, (name, component, port): (&str, &str, u16)) -> Value {
        let pods = self.list::<Pod>(Some("kube-system"));
        let mut pods = pods.iter().filter(|pod| {
            let labels = pod.metadata.labels.as_ref();
            labels.and_then(|l| l.get("component")).map(String::as_str) == Some(component)
        });
        let answers = |pod: &std::rc::Rc<Pod>| {
            let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
            phase == Some("Running") && pod.metadata.deletion_timestamp.is_none()
        };
        let any = pods.clone().next().is_some();
        let mut condition = json!({"type": "Healthy", "status": "True", "message": "ok"});
        if any && !pods.any(answers) {
            condition = json!({
                "type": "Healthy", "status": "False",
                "message": format!(
                    "Get \"https://127.0.0.1:{port}/healthz\": dial tcp 127.0.0.1:{port}: connect: connection refused"
                ),
            });
        }
        json!({
            "kind": "ComponentStatus", "apiVersion": "v1",
            "metadata": {"name": name, "creationTimestamp": null}, "conditions": [condition],
        })
    }
}

fn missing(name: &str) -> Box<Status> {
    let mut status = Status::new(
        404,
        "NotFound",
        format!("componentstatuses \"{name}\" not found"),
    );
    status.name = name.to_owned();
    status.kind = "componentstatuses".to_owned();
    status
}

fn rows(items: &[Value]) -> Value {
    let columns = ["Name", "Status", "Message", "Error"].map(|name| {
        let format = if name == "Name" { "name" } else { "" };
        json!({"name": name, "type": "string", "format": format, "description": "", "priority": 0})
    });
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            let condition = &item["conditions"][0];
            let status = match condition["status"] == "True" {
                true => "Healthy",
                false => "Unhealthy",
            };
            json!({
                "cells": [item["metadata"]["name"], status, condition["message"], condition["error"].as_str().unwrap_or_default()],
                "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": item["metadata"],
                },
            })
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": columns, "rows": rows,
    })
}
