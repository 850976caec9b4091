//! The kubelet, seen through the API: pods that name their node need no scheduler.

mod ends;
mod exec;
mod files;
mod logs;
mod pressure;
mod probes;
mod resize;
mod starts;
mod volumes;

use kubarium::cluster::{Cluster, Config};
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
        cluster.run_for(millis(100));
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
    assert_eq!(reasons(&mut cluster, "p2"), [] as [&str; 0]);
}

#[test]
fn fake_pods_of_jobs_complete_after_a_second() {
    let mut cluster = bare(1);
    created(
        &mut cluster,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {spec: \
         {nodeName: node-0, restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}",
    );
    let mut the_pod = || {
        cluster.run_for(millis(500));
        let pods = get(&mut cluster, "/api/v1/namespaces/default/pods");
        pods["items"][0].clone()
    };
    assert_eq!(the_pod()["status"]["phase"], "Running");
    the_pod();
    let done = the_pod();
    assert_eq!(done["status"]["phase"], "Succeeded");
    assert_eq!(condition(&done, "Ready")["reason"], "PodCompleted");
    let state = &done["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(state["reason"], "Completed");
}

/// A cluster with one simulated worker, which has become ready.
fn simulated() -> Cluster {
    let mut cluster = Cluster::new(Config::playground(1, 1));
    cluster.run_for(secs(5));
    cluster
}

/// Creates a pod on `worker-1` with this spec (without `nodeName`).
fn run(cluster: &mut Cluster, name: &str, spec: &str) -> Value {
    let yaml = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{nodeName: worker-1, {spec}}}}}"
    );
    created(cluster, &yaml)
}

/// Reason and message of the events about a pod, oldest first.
fn events(cluster: &mut Cluster, name: &str) -> Vec<(String, String)> {
    let list = get(cluster, "/api/v1/namespaces/default/events");
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let mut all: Vec<(u64, (String, String))> = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|e| e["involvedObject"]["name"] == name)
        .map(|e| {
            let made = e["metadata"]["resourceVersion"].as_str();
            let made = made.and_then(|r| r.parse().ok()).unwrap_or_default();
            (made, (text(&e["reason"]), text(&e["message"])))
        })
        .collect();
    all.sort();
    all.into_iter().map(|(_, event)| event).collect()
}

fn reasons(cluster: &mut Cluster, name: &str) -> Vec<String> {
    let all = events(cluster, name).into_iter();
    all.map(|(reason, _)| reason).collect()
}

fn message(cluster: &mut Cluster, name: &str, reason: &str) -> String {
    let all = events(cluster, name).into_iter();
    let mut found = all.filter(|(r, _)| r == reason);
    found.next().map(|(_, m)| m).unwrap_or_default()
}

fn container(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

#[test]
fn a_pod_is_pulled_for_started_and_ready() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "web",
        "containers: [{name: web, image: 'acme/web:1', imagePullPolicy: IfNotPresent, ports: [{containerPort: 80}]}]",
    );
    cluster.run_for(millis(100));
    let early = pod(&mut cluster, "web");
    assert_eq!(early["status"]["phase"], "Pending");
    assert_eq!(
        container(&early)["state"]["waiting"]["reason"],
        "ContainerCreating"
    );
    assert_eq!(condition(&early, "Ready")["reason"], "ContainersNotReady");
    assert_eq!(
        condition(&early, "Ready")["message"],
        "containers with unready status: [web]"
    );
    cluster.run_for(secs(10));
    let late = pod(&mut cluster, "web");
    assert_eq!(late["status"]["phase"], "Running");
    let address = late["status"]["podIP"].as_str().unwrap_or_default();
    assert!(address.starts_with("10.244.1."), "{address}");
    assert_eq!(late["status"]["hostIP"], "172.18.0.3");
    assert_eq!(condition(&late, "Ready")["status"], "True");
    assert_eq!(
        condition(&late, "PodReadyToStartContainers")["status"],
        "True"
    );
    let status = container(&late);
    assert_eq!(status["image"], "docker.io/acme/web:1");
    assert_eq!(status["ready"], true);
    assert_eq!(status["started"], true);
    assert!(
        status["containerID"]
            .as_str()
            .is_some_and(|id| id.starts_with("containerd://"))
    );
    assert_eq!(
        reasons(&mut cluster, "web"),
        ["Pulling", "Pulled", "Created", "Started"]
    );
    let pulled = message(&mut cluster, "web", "Pulled");
    assert!(
        pulled.starts_with("Successfully pulled image \"acme/web:1\" in "),
        "{pulled}"
    );
    assert!(
        pulled.ends_with(" including waiting). Image size: 50000000 bytes."),
        "{pulled}"
    );

    // The image stays on the node.
    run(
        &mut cluster,
        "again",
        "containers: [{name: web, image: 'acme/web:1', imagePullPolicy: IfNotPresent}]",
    );
    cluster.run_for(secs(1));
    assert_eq!(
        reasons(&mut cluster, "again"),
        ["Pulled", "Created", "Started"]
    );
    assert_eq!(
        message(&mut cluster, "again", "Pulled"),
        "Container image \"acme/web:1\" already present on machine and can be accessed by the pod"
    );
    cluster.run_for(secs(20));
    let node = get(&mut cluster, "/api/v1/nodes/worker-1");
    let images = node["status"]["images"].to_string();
    assert!(images.contains("docker.io/acme/web:1"), "{images}");
}

#[test]
fn a_missing_image_backs_off() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "bad",
        "containers: [{name: c, image: 'acme/web:does-not-exist'}]",
    );
    // It is said that the pull failed, and at the next sync that it is not tried again yet.
    let mut failed = false;
    for _ in 0..25 {
        cluster.run_for(millis(100));
        let bad = pod(&mut cluster, "bad");
        failed |= container(&bad)["state"]["waiting"]["reason"] == "ErrImagePull";
    }
    assert!(failed);
    cluster.run_for(secs(2));
    let waits = pod(&mut cluster, "bad");
    assert_eq!(waits["status"]["phase"], "Pending");
    let waiting = &container(&waits)["state"]["waiting"];
    assert_eq!(waiting["reason"], "ImagePullBackOff");
    assert_eq!(
        waiting["message"],
        "Back-off pulling image \"acme/web:does-not-exist\": ErrImagePull: rpc error: code = NotFound desc = \
         failed to pull and unpack image \"docker.io/acme/web:does-not-exist\": failed to resolve reference \
         \"docker.io/acme/web:does-not-exist\": docker.io/acme/web:does-not-exist: not found"
    );
    let all = events(&mut cluster, "bad");
    let has = |reason: &str, message: &str| {
        assert!(
            all.iter().any(|(r, m)| r == reason && m == message),
            "{message}: {all:?}"
        );
    };
    has("Pulling", "Pulling image \"acme/web:does-not-exist\"");
    has("Failed", "Error: ErrImagePull");
    has(
        "BackOff",
        "Back-off pulling image \"acme/web:does-not-exist\"",
    );
    has("Failed", "Error: ImagePullBackOff");
    // 10, 20, 40, 80, 160, 300 s: seven pulls in eleven minutes.
    cluster.run_for(secs(640));
    let list = get(&mut cluster, "/api/v1/namespaces/default/events");
    let pulls = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|e| e["reason"] == "Pulling")
        .and_then(|e| e["count"].as_i64());
    assert_eq!(pulls, Some(7));
}

#[test]
fn a_crashing_container_loops() {
    let mut cluster = simulated();
    run(
        &mut cluster,
        "crash",
        "containers: [{name: c, image: 'acme/web:1', command: [sh, -c, 'echo going down; sleep 1; exit 3']}]",
    );
    cluster.run_for(secs(12));
    let looping = pod(&mut cluster, "crash");
    let status = container(&looping);
    assert_eq!(looping["status"]["phase"], "Running");
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
    let uid = looping["metadata"]["uid"].as_str().unwrap_or_default();
    assert_eq!(
        status["state"]["waiting"]["message"],
        format!("back-off 10s restarting failed container=c pod=crash_default({uid})")
    );
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 3);
    assert_eq!(status["lastState"]["terminated"]["reason"], "Error");
    assert_eq!(status["restartCount"], 1);
    assert_eq!(
        message(&mut cluster, "crash", "BackOff"),
        format!("Back-off restarting failed container c in pod crash_default({uid})")
    );
    // The delays double up to five minutes.
    cluster.run_for(secs(600));
    let restarts = container(&pod(&mut cluster, "crash"))["restartCount"].as_i64();
    assert!(
        restarts.is_some_and(|n| (6..=7).contains(&n)),
        "{restarts:?}"
    );
}

#[test]
fn the_cluster_runs_its_own_pods() {
    let mut cluster = Cluster::new(Config::playground(1, 2));
    cluster.run_for(secs(60));
    let pods = get(&mut cluster, "/api/v1/namespaces/kube-system/pods");
    let ready: Vec<String> = pods["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|p| condition(p, "Ready")["status"] == "True")
        .filter_map(|p| p["metadata"]["name"].as_str())
        .map(|n| n.split("-control-plane").next().unwrap_or(n).to_owned())
        .collect();
    let has = |name: &str| assert!(ready.iter().any(|n| n == name), "{name}: {ready:?}");
    for name in [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ] {
        has(name);
    }
    let count = |name: &str| ready.iter().filter(|n| n.starts_with(name)).count();
    assert_eq!(count("coredns-"), 2, "{ready:?}");
    assert_eq!(count("kube-proxy-"), 3, "{ready:?}");
    let mirror = get(
        &mut cluster,
        "/api/v1/namespaces/kube-system/pods/etcd-control-plane",
    );
    let annotations = &mirror["metadata"]["annotations"];
    assert_eq!(annotations["kubernetes.io/config.source"], "file");
    assert_eq!(
        annotations["kubernetes.io/config.mirror"],
        annotations["kubernetes.io/config.hash"]
    );
    assert_eq!(mirror["metadata"]["ownerReferences"][0]["kind"], "Node");
    let service = get(
        &mut cluster,
        "/api/v1/namespaces/default/services/kubernetes",
    );
    assert_eq!(service["spec"]["clusterIP"], "10.96.0.1");
    let dns = get(
        &mut cluster,
        "/api/v1/namespaces/kube-system/services/kube-dns",
    );
    assert_eq!(dns["spec"]["clusterIP"], "10.96.0.10");
}
