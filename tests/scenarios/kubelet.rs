//! The kubelet, seen through the API: pods that name their node need no scheduler.

use kubarium::cluster::Cluster;
use kubarium::sim::{millis, secs};
use serde_json::Value;

use crate::common::{bare, created, get};

fn pod(cluster: &mut Cluster, name: &str) -> Value {
    get(cluster, &format!("/api/v1/namespaces/default/pods/{name}"))
}

fn condition<'v>(object: &'v Value, type_: &str) -> &'v Value {
    object["status"]["conditions"]
        .as_array()
        .and_then(|all| all.iter().find(|c| c["type"] == type_))
        .unwrap_or(&Value::Null)
}

#[test]
fn fake_nodes_look_as_recorded() {
    let mut cluster = bare(3);
    let node = get(&mut cluster, "/api/v1/nodes/node-2");
    assert_eq!(node["metadata"]["labels"]["fake"], "true");
    assert_eq!(
        node["metadata"]["labels"]["kubernetes.io/hostname"],
        "node-2"
    );
    assert_eq!(node["status"]["addresses"][0]["address"], "10.200.0.2");
    assert_eq!(node["status"]["capacity"]["cpu"], "32");
    assert_eq!(node["status"]["allocatable"]["memory"], "256Gi");
    assert_eq!(node["status"]["nodeInfo"]["osImage"], "Fake Linux");
    assert_eq!(condition(&node, "Ready")["reason"], "KubeletReady");
    assert_eq!(condition(&node, "DiskPressure")["status"], "False");
}

#[test]
fn a_lease_is_renewed_every_ten_seconds() {
    let mut cluster = bare(1);
    let path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-0";
    let lease = get(&mut cluster, path);
    assert_eq!(lease["spec"]["holderIdentity"], "node-0");
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 40);
    assert_eq!(lease["metadata"]["ownerReferences"][0]["kind"], "Node");
    let mut renewals = Vec::new();
    for _ in 0..6 {
        cluster.run_for(millis(10_400));
        renewals.push(get(&mut cluster, path)["spec"]["renewTime"].clone());
    }
    renewals.dedup();
    assert_eq!(renewals.len(), 6);
}

#[test]
fn fake_pods_run_at_once_and_count_their_addresses() {
    let mut cluster = bare(2);
    for i in 0..3 {
        created(
            &mut cluster,
            &format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p{i}}}, spec: {{nodeName: node-{}, \
                 containers: [{{name: c, image: 'nginx:1.25'}}]}}}}",
                i % 2
            ),
        );
        cluster.run_for(millis(20));
    }
    let pod = pod(&mut cluster, "p2");
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(pod["status"]["podIP"], "10.64.0.3");
    assert_eq!(pod["status"]["hostIP"], "10.200.0.0");
    let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(status["containerID"], format!("fake://{uid}/c"));
    assert_eq!(status["imageID"], "fake://nginx:1.25");
    let conditions: Vec<&str> = pod["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|c| c["status"] == "True")
        .filter_map(|c| c["type"].as_str())
        .collect();
    assert_eq!(
        conditions,
        [
            "PodReadyToStartContainers",
            "Initialized",
            "Ready",
            "ContainersReady",
            "PodScheduled"
        ]
    );
    let events = get(&mut cluster, "/api/v1/namespaces/default/events");
    assert_eq!(events["items"].as_array().map(Vec::len), Some(0));
}

#[test]
fn fake_pods_of_jobs_complete_after_a_second() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: j, ownerReferences: [{apiVersion: batch/v1, \
         kind: Job, name: batch, uid: u, controller: true}]}, spec: {nodeName: node-0, \
         restartPolicy: Never, containers: [{name: c, image: busybox}]}}",
    );
    cluster.run_for(millis(500));
    assert_eq!(pod(&mut cluster, "j")["status"]["phase"], "Running");
    cluster.run_for(secs(1));
    let done = pod(&mut cluster, "j");
    assert_eq!(done["status"]["phase"], "Succeeded");
    assert_eq!(condition(&done, "Ready")["reason"], "PodCompleted");
    let state = &done["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(state["reason"], "Completed");
}
