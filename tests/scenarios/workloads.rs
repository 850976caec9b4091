//! StatefulSets, Jobs, CronJobs and ReplicationControllers, seen through the API.

mod cron_jobs;
mod jobs;
mod random;
mod replication;
mod stateful;

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::Value;

use crate::common::json_of;
use crate::controllers::{PODS, list};

/// A cluster whose nodes run containers: a worker with 4 CPUs beside the control plane.
fn simulated() -> Cluster {
    let mut cluster = Cluster::new(Config::playground(1, 2));
    cluster.run_for(secs(30));
    cluster
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

fn name(object: &Value) -> String {
    text(object, "/metadata/name").to_owned()
}

/// The names of the pods that are not going, sorted.
fn pods(cluster: &mut Cluster) -> Vec<String> {
    let all = list(cluster, PODS);
    let stays = |p: &&Value| p["metadata"]["deletionTimestamp"].is_null();
    all.iter().filter(stays).map(name).collect()
}

/// What the API says to a write that it refuses.
fn refused(cluster: &mut Cluster, method: Method, path: &str, body: Value) -> String {
    let response = cluster.request(&Request::new(method, path).with_body(body));
    assert!(!response.is_success(), "it was accepted");
    text(&json_of(response), "/message").to_owned()
}
