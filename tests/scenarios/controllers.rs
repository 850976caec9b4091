//! The controllers, seen through the API.

mod deployment;
mod endpoints;
mod garbage_collector;
mod namespace;
mod nodes;
mod replicaset;

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use serde_json::Value;

use crate::common::{get, json_of};

/// A Deployment named `web` whose pods are bound to a node from the start, so that they run
/// without a scheduler. `extra` goes into its spec.
pub fn web(replicas: u32, image: &str, extra: &str) -> String {
    let comma = if extra.is_empty() { "" } else { "," };
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, \
          spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: web}}}}, \
          template: {{metadata: {{labels: {{app: web}}}}, spec: {{nodeName: node-0, \
          containers: [{{name: c, image: '{image}'}}]}}}}{comma} {extra}}}}}"
    )
}

/// The items of a collection in the namespace `default`.
pub fn list(cluster: &mut Cluster, path: &str) -> Vec<Value> {
    get(cluster, path)["items"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

pub const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
pub const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/default/replicasets";
pub const PODS: &str = "/api/v1/namespaces/default/pods";
pub const EVENTS: &str = "/api/v1/namespaces/default/events";

/// Reads an object, changes it, and writes it back.
pub fn edit(cluster: &mut Cluster, path: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut object = get(cluster, path);
    change(&mut object);
    let response = cluster.request(&Request::new(Method::Put, path).with_body(object));
    assert!(response.is_success(), "{:?}", response.body);
    json_of(response)
}

pub fn delete(cluster: &mut Cluster, path: &str) {
    let response = cluster.request(&Request::new(Method::Delete, path));
    assert!(response.is_success(), "{:?}", response.body);
}

pub fn deployment(cluster: &mut Cluster, name: &str) -> Value {
    get(cluster, &format!("{DEPLOYMENTS}/{name}"))
}

/// A condition of an object's status as "status reason: message".
pub fn condition(object: &Value, type_: &str) -> String {
    object["status"]["conditions"]
        .as_array()
        .and_then(|all| all.iter().find(|c| c["type"] == type_))
        .map_or("none".to_owned(), |c| {
            let text = |field: &str| c[field].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", text("status"), text("reason"), text("message"))
        })
}

/// Reasons and messages of the events about objects of a kind, in the order of writing.
pub fn events(cluster: &mut Cluster, kind: &str) -> Vec<String> {
    let mut events = list(cluster, EVENTS);
    let revision = |e: &Value| -> u64 {
        let text = e["metadata"]["resourceVersion"].as_str();
        text.and_then(|t| t.parse().ok()).unwrap_or_default()
    };
    events.sort_by_key(revision);
    events
        .iter()
        .filter(|e| e["involvedObject"]["kind"] == kind)
        .map(|e| {
            let text = |field: &str| e[field].as_str().unwrap_or_default();
            format!("{} {}", text("reason"), text("message"))
        })
        .collect()
}

/// Replaces the generated part of ReplicaSets' names by the image that they run.
pub fn by_image(cluster: &mut Cluster, lines: Vec<String>) -> Vec<String> {
    let sets = list(cluster, REPLICA_SETS);
    let rename = |line: String| {
        sets.iter().fold(line, |line, rs| {
            let name = rs["metadata"]["name"].as_str().unwrap_or("?");
            let image = rs["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
            line.replace(name, image.unwrap_or("?"))
        })
    };
    lines.into_iter().map(rename).collect()
}
