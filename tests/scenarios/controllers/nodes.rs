use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::secs;
use serde_json::{Value, json};

use super::{PODS, delete, edit, list};
use crate::common::{bare, created, get, json_of};

const NODES: &str = "/api/v1/nodes";
const GHOST: &str = "/api/v1/nodes/ghost";

/// A node without a kubelet that was ready once, and its pod, ready as well.
fn ghost(cluster: &mut Cluster, tolerations: &str) {
    created(
        cluster,
        "{apiVersion: v1, kind: Node, metadata: {name: ghost}, spec: {}}",
    );
    report(cluster, "True");
    created(
        cluster,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{nodeName: ghost, \
             tolerations: [{tolerations}], containers: [{{name: c, image: nginx}}]}}}}"
        ),
    );
    put_status(cluster, &format!("{PODS}/p"), |pod| {
        pod["status"]["phase"] = json!("Running");
        pod["status"]["conditions"] = json!([{"type": "Ready", "status": "True",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
    });
}

fn put_status(cluster: &mut Cluster, path: &str, change: impl FnOnce(&mut Value)) {
    let mut object = get(cluster, path);
    change(&mut object);
    let put = Request::new(Method::Put, format!("{path}/status")).with_body(object);
    let response = cluster.request(&put);
    assert!(response.is_success(), "{:?}", json_of(response));
}

/// What the node's kubelet would report.
fn report(cluster: &mut Cluster, ready: &str) {
    let heartbeat = kubarium::api::rfc3339::format_time(cluster.now().0 as i64);
    put_status(cluster, GHOST, |node| {
        node["status"]["conditions"] = json!([{"type": "Ready", "status": ready,
            "reason": "KubeletReady", "lastHeartbeatTime": heartbeat,
            "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
    });
}

fn taints(cluster: &mut Cluster, path: &str) -> Vec<String> {
    let node = get(cluster, path);
    let taints = node["spec"]["taints"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    taints
        .iter()
        .map(|t| {
            format!(
                "{}:{}",
                t["key"].as_str().unwrap_or("?"),
                t["effect"].as_str().unwrap_or("?")
            )
        })
        .collect()
}

fn node_events(cluster: &mut Cluster) -> Vec<String> {
    let mut events: Vec<String> = super::events(cluster, "Node");
    events.retain(|e| e.contains("ghost"));
    events
}

#[test]
fn nodes_are_registered_and_annotated() {
    let mut cluster = bare(2);
    cluster.run_for(secs(2));
    let node = get(&mut cluster, &format!("{NODES}/node-0"));
    assert_eq!(
        node["metadata"]["annotations"]["node.alpha.kubernetes.io/ttl"],
        "0"
    );
    assert_eq!(
        taints(&mut cluster, &format!("{NODES}/node-0")),
        Vec::<String>::new()
    );
    let registered = super::events(&mut cluster, "Node");
    assert!(registered.contains(
        &"RegisteredNode Node node-1 event: Registered Node node-1 in Controller".to_owned()
    ));
    cluster.run_for(secs(300));
    let node = get(&mut cluster, &format!("{NODES}/node-0"));
    let conditions = node["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(
        conditions.iter().all(|c| c["status"] != "Unknown"),
        "leases keep it alive"
    );
}

#[test]
fn a_silent_node_is_tainted_and_its_pods_leave() {
    let mut cluster = bare(3);
    cluster.run_for(secs(1));
    ghost(
        &mut cluster,
        "{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30}",
    );
    // A finalizer keeps what is left of the pod to be looked at.
    edit(&mut cluster, &format!("{PODS}/p"), |p| {
        p["metadata"]["finalizers"] = json!(["example.com/keep"]);
    });
    cluster.run_for(secs(48));
    assert_eq!(taints(&mut cluster, GHOST), Vec::<String>::new());
    cluster.run_for(secs(14));
    assert_eq!(
        taints(&mut cluster, GHOST),
        [
            "node.kubernetes.io/unreachable:NoSchedule",
            "node.kubernetes.io/unreachable:NoExecute"
        ]
    );
    let node = get(&mut cluster, GHOST);
    assert_eq!(
        super::condition(&node, "Ready"),
        "Unknown NodeStatusUnknown: Kubelet stopped posting node status."
    );
    assert_eq!(
        super::condition(&node, "DiskPressure"),
        "Unknown NodeStatusNeverUpdated: Kubelet never posted node status."
    );
    let pod = get(&mut cluster, &format!("{PODS}/p"));
    assert!(super::condition(&pod, "Ready").starts_with("False"));
    assert_eq!(
        node_events(&mut cluster),
        [
            "RegisteredNode Node ghost event: Registered Node ghost in Controller",
            "NodeNotReady Node ghost status is now: NodeNotReady"
        ]
    );
    assert_eq!(pod["metadata"]["deletionTimestamp"], json!(null));
    cluster.run_for(secs(30));
    let pod = get(&mut cluster, &format!("{PODS}/p"));
    assert_ne!(pod["metadata"]["deletionTimestamp"], json!(null));
    assert!(super::condition(&pod, "DisruptionTarget").starts_with("True DeletionByTaintManager"),);
    let told = super::events(&mut cluster, "Pod");
    assert!(
        told.contains(&"NodeNotReady Node is not ready".to_owned()),
        "{told:?}"
    );
    let marked = "TaintManagerEviction Marking for deletion Pod default/p".to_owned();
    assert!(told.contains(&marked), "{told:?}");
}

#[test]
fn a_node_that_comes_back_keeps_its_pods() {
    let mut cluster = bare(3);
    cluster.run_for(secs(1));
    ghost(
        &mut cluster,
        "{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30}",
    );
    cluster.run_for(secs(60));
    assert_eq!(taints(&mut cluster, GHOST).len(), 2);
    report(&mut cluster, "True");
    cluster.run_for(secs(1));
    assert_eq!(taints(&mut cluster, GHOST), Vec::<String>::new());
    let told = super::events(&mut cluster, "Pod");
    let cancelled = "TaintManagerEviction Cancelling deletion of Pod default/p".to_owned();
    assert!(told.contains(&cancelled), "{told:?}");
    cluster.run_for(secs(40));
    let pod = get(&mut cluster, &format!("{PODS}/p"));
    assert_eq!(pod["metadata"]["deletionTimestamp"], json!(null));
}

#[test]
fn a_cordoned_node_is_tainted() {
    let mut cluster = bare(1);
    cluster.run_for(secs(1));
    let path = format!("{NODES}/node-0");
    edit(&mut cluster, &path, |n| {
        n["spec"]["unschedulable"] = json!(true)
    });
    cluster.run_for(secs(1));
    assert_eq!(
        taints(&mut cluster, &path),
        ["node.kubernetes.io/unschedulable:NoSchedule"]
    );
    edit(&mut cluster, &path, |n| {
        n["spec"]["unschedulable"] = json!(null)
    });
    cluster.run_for(secs(1));
    assert_eq!(taints(&mut cluster, &path), Vec::<String>::new());
}

#[test]
fn pods_of_a_deleted_node_are_collected() {
    let mut cluster = bare(1);
    cluster.run_for(secs(1));
    ghost(&mut cluster, "{operator: Exists}");
    cluster.run_for(secs(1));
    delete(&mut cluster, GHOST);
    cluster.run_for(secs(39));
    assert_eq!(list(&mut cluster, PODS).len(), 1);
    cluster.run_for(secs(25));
    assert_eq!(list(&mut cluster, PODS), Vec::<Value>::new());
    let removed = "RemovingNode Node ghost event: Removing Node ghost from Controller".to_owned();
    assert!(node_events(&mut cluster).contains(&removed));
}

#[test]
fn a_new_node_is_tainted_until_it_is_ready() {
    let mut cluster = bare(1);
    cluster.run_for(secs(2));
    let made = created(
        &mut cluster,
        "{apiVersion: v1, kind: Node, metadata: {name: ghost}, spec: {}}",
    );
    assert_eq!(
        made["spec"]["taints"],
        json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}])
    );
    report(&mut cluster, "True");
    cluster.run_for(secs(1));
    assert_eq!(taints(&mut cluster, GHOST), Vec::<String>::new());
}

#[test]
fn whoever_acts_as_a_node_leaves_other_nodes_alone() {
    let mut cluster = bare(2);
    cluster.run_for(secs(2));
    for (i, node) in ["node-0", "node-1"].iter().enumerate() {
        created(
            &mut cluster,
            &format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p{i}}}, spec: {{nodeName: {node}, \
                 containers: [{{name: c, image: nginx}}]}}}}"
            ),
        );
    }
    let mut ask = |method: Method, path: String, body: Option<Value>| -> String {
        let mut request = Request::new(method, path);
        request.impersonate = "system:node:node-0".into();
        request.impersonate_also.groups = vec!["system:nodes".into()];
        if let Some(body) = body {
            request = request.with_body(body);
            request.content_type = kubarium::apiserver::request::MERGE_PATCH;
        }
        let response = cluster.request(&request);
        match response.is_success() {
            true => "ok".to_owned(),
            false => json_of(response)["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        }
    };
    let label = |key: &str| Some(json!({"metadata": {"labels": {key: "x"}}}));
    let refused = ask(Method::Delete, format!("{PODS}/p1"), None);
    let expected = "pods \"p1\" is forbidden: node \"node-0\" can only delete pods with spec.nodeName set to itself";
    assert_eq!(refused, expected);
    assert_eq!(ask(Method::Delete, format!("{PODS}/p0"), None), "ok");
    let refused = ask(Method::Patch, format!("{NODES}/node-1"), label("a"));
    let expected =
        "nodes \"node-1\" is forbidden: node \"node-0\" is not allowed to modify node \"node-1\"";
    assert_eq!(refused, expected);
    assert_eq!(
        ask(Method::Patch, format!("{NODES}/node-0"), label("a")),
        "ok"
    );
    let key = "node-restriction.kubernetes.io/a";
    let refused = ask(Method::Patch, format!("{NODES}/node-0"), label(key));
    assert_eq!(
        refused,
        format!("nodes \"node-0\" is forbidden: is not allowed to modify labels: {key}")
    );
    let cordon = Some(json!({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}));
    let refused = ask(Method::Patch, format!("{NODES}/node-0"), cordon);
    assert!(
        refused.ends_with("node \"node-0\" is not allowed to modify taints"),
        "{refused}"
    );
}
