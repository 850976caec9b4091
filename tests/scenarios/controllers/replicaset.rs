use kubarium::sim::{millis, secs};
use serde_json::json;

use super::{PODS, REPLICA_SETS, delete, edit, events, list};
use crate::common::{bare, created, get};

/// A ReplicaSet named `rs`; `extra` goes into its spec.
fn set(replicas: u32, extra: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: rs}}, \
          spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: rs}}}}, {extra} \
          template: {{metadata: {{labels: {{app: rs}}}}, spec: {{nodeName: node-0, \
          containers: [{{name: c, image: nginx}}]}}}}}}}}"
    )
}

fn path() -> String {
    format!("{REPLICA_SETS}/rs")
}

#[test]
fn a_deleted_pod_is_replaced() {
    let mut cluster = bare(1);
    created(&mut cluster, &set(3, ""));
    cluster.run_for(secs(1));
    let pods = list(&mut cluster, PODS);
    assert_eq!(pods.len(), 3);
    let name = pods[0]["metadata"]["name"].as_str().unwrap_or_default();
    assert!(name.starts_with("rs-"));
    let owner = &pods[0]["metadata"]["ownerReferences"][0];
    assert_eq!(owner["kind"], "ReplicaSet");
    assert_eq!(owner["controller"], true);
    assert_eq!(owner["blockOwnerDeletion"], true);
    delete(&mut cluster, &format!("{PODS}/{name}"));
    cluster.run_for(secs(1));
    let now = list(&mut cluster, PODS);
    assert_eq!(now.len(), 3);
    assert!(now.iter().all(|p| p["metadata"]["name"] != name));
}

#[test]
fn scaling_down_deletes_and_tells() {
    let mut cluster = bare(1);
    created(&mut cluster, &set(5, ""));
    cluster.run_for(secs(1));
    edit(&mut cluster, &path(), |rs| {
        rs["spec"]["replicas"] = json!(2)
    });
    cluster.run_for(secs(1));
    assert_eq!(list(&mut cluster, PODS).len(), 2);
    let deleted = events(&mut cluster, "ReplicaSet")
        .iter()
        .filter(|e| e.starts_with("SuccessfulDelete Deleted pod: rs-"))
        .count();
    assert_eq!(deleted, 3);
    let status = get(&mut cluster, &path())["status"].clone();
    assert_eq!(status["replicas"], 2);
    assert_eq!(status["availableReplicas"], 2);
    assert_eq!(status["observedGeneration"], 2);
}

/// Runs for a second; the most changes that one event of the simulation made.
fn most_changes_at_once(cluster: &mut kubarium::cluster::Cluster) -> u64 {
    let until = cluster.now() + secs(1);
    let mut most = 0;
    loop {
        let before = cluster.server().revision();
        if !cluster.step(until) {
            return most;
        }
        most = most.max(cluster.server().revision() - before);
    }
}

#[test]
fn many_pods_come_and_go_one_at_a_time() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    created(&mut cluster, &set(100, ""));
    // A pod, and an event about it; else what somebody writes about a few of them.
    let most = most_changes_at_once(&mut cluster);
    assert!((2..=5).contains(&most), "{most} changes at once");
    assert_eq!(list(&mut cluster, PODS).len(), 100);
    edit(&mut cluster, &path(), |rs| {
        rs["spec"]["replicas"] = json!(1)
    });
    let most = most_changes_at_once(&mut cluster);
    assert!((2..=5).contains(&most), "{most} changes at once");
    cluster.run_for(secs(1));
    assert_eq!(list(&mut cluster, PODS).len(), 1);
}

#[test]
fn a_set_that_goes_while_it_creates_pods_leaves_none() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    created(&mut cluster, &set(100, ""));
    let limit = cluster.now() + secs(1);
    let begun = |cluster: &kubarium::cluster::Cluster| {
        let pods = cluster
            .server()
            .list::<k8s_openapi::api::core::v1::Pod>(None);
        pods.len() >= 30
    };
    assert!(cluster.run_while_not(limit, begun));
    assert!(
        list(&mut cluster, PODS).len() < 100,
        "it is in the middle of it"
    );
    delete(&mut cluster, &path());
    cluster.run_for(secs(60));
    assert_eq!(list(&mut cluster, PODS).len(), 0);
}

#[test]
fn orphans_are_adopted_and_strangers_released() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: old, labels: {app: rs}}, \
         spec: {nodeName: node-0, containers: [{name: c, image: nginx}]}}",
    );
    cluster.run_for(secs(1));
    created(&mut cluster, &set(2, ""));
    cluster.run_for(secs(1));
    assert_eq!(list(&mut cluster, PODS).len(), 2);
    let old = get(&mut cluster, &format!("{PODS}/old"));
    assert_eq!(old["metadata"]["ownerReferences"][0]["name"], "rs");
    // Without its label it is nobody's, and a new one takes its place.
    edit(&mut cluster, &format!("{PODS}/old"), |p| {
        p["metadata"]["labels"] = json!({"app": "debug"});
    });
    cluster.run_for(secs(1));
    let old = get(&mut cluster, &format!("{PODS}/old"));
    assert_eq!(old["metadata"]["ownerReferences"], json!(null));
    assert_eq!(list(&mut cluster, PODS).len(), 3);
}

#[test]
fn min_ready_seconds_delay_availability() {
    let mut cluster = bare(1);
    created(&mut cluster, &set(2, "minReadySeconds: 10,"));
    cluster.run_for(secs(9));
    let status = get(&mut cluster, &path())["status"].clone();
    assert_eq!(status["readyReplicas"], 2);
    assert_eq!(status["availableReplicas"], json!(null));
    cluster.run_for(secs(2));
    let status = get(&mut cluster, &path())["status"].clone();
    assert_eq!(status["availableReplicas"], 2);
}

#[test]
fn an_idle_set_causes_no_work() {
    let mut cluster = bare(1);
    created(&mut cluster, &set(50, ""));
    cluster.run_for(secs(5));
    let writes = cluster.server().revision();
    cluster.run_for(millis(4000));
    // Nothing but the lease of the node may be renewed.
    assert!(cluster.server().revision() - writes <= 2);
}
