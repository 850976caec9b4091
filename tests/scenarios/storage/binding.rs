//! Claims and volumes find each other, and pods their data.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{bare, created, get, json_of};

fn playground() -> Cluster {
    let mut cluster = Cluster::new(Config::playground(3, 2));
    cluster.run_for(secs(60));
    cluster
}

fn claim(name: &str, more: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}{more}}}}}"
    )
}

fn volume(name: &str, size: &str, more: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: {name}}}, spec: {{accessModes: [ReadWriteOnce], capacity: {{storage: {size}}}, hostPath: {{path: /mnt/{name}}}{more}}}}}"
    )
}

fn pod(name: &str, claim: &str, command: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{volumes: [{{name: data, persistentVolumeClaim: {{claimName: {claim}}}}}], containers: [{{name: c, image: busybox, command: [sh, -c, '{command}'], volumeMounts: [{{name: data, mountPath: /data}}]}}]}}}}"
    )
}

fn claim_of(cluster: &mut Cluster, name: &str) -> Value {
    get(
        cluster,
        &format!("/api/v1/namespaces/default/persistentvolumeclaims/{name}"),
    )
}

fn volume_of(cluster: &mut Cluster, name: &str) -> Value {
    get(cluster, &format!("/api/v1/persistentvolumes/{name}"))
}

fn delete(cluster: &mut Cluster, path: &str) {
    let response = cluster.request(&Request::new(Method::Delete, path));
    assert!(response.is_success(), "{:?}", response.body);
}

/// `reason: message` of the events about an object, in order.
fn events(cluster: &mut Cluster, name: &str) -> Vec<String> {
    let list = get(cluster, "/api/v1/namespaces/default/events");
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let mut found: Vec<(String, String)> = items
        .iter()
        .filter(|e| e["involvedObject"]["name"] == name)
        .map(|e| {
            let text = |f: &str| e[f].as_str().unwrap_or_default().to_owned();
            let at = text("firstTimestamp") + &text("eventTime");
            (at, format!("{}: {}", text("reason"), text("message")))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn the_smallest_volume_that_suits_is_bound() {
    let mut cluster = bare(1);
    for (name, size) in [("small", "500Mi"), ("large", "5Gi"), ("right", "2Gi")] {
        created(&mut cluster, &volume(name, size, ""));
    }
    cluster.run_for(secs(1));
    assert_eq!(
        volume_of(&mut cluster, "right")["status"]["phase"],
        "Available"
    );
    created(&mut cluster, &claim("c", ""));
    cluster.run_for(secs(1));
    let claim = claim_of(&mut cluster, "c");
    assert_eq!(claim["spec"]["volumeName"], "right");
    assert_eq!(
        claim["status"],
        json!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}})
    );
    let annotations = &claim["metadata"]["annotations"];
    assert_eq!(annotations["pv.kubernetes.io/bind-completed"], "yes");
    assert_eq!(annotations["pv.kubernetes.io/bound-by-controller"], "yes");
    let volume = volume_of(&mut cluster, "right");
    assert_eq!(volume["status"]["phase"], "Bound");
    assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
    // A bound volume is held, and becomes Released with its claim gone; it keeps its claim's name.
    delete(&mut cluster, "/api/v1/persistentvolumes/right");
    cluster.run_for(secs(1));
    assert_eq!(volume_of(&mut cluster, "right")["status"]["phase"], "Bound");
    delete(
        &mut cluster,
        "/api/v1/namespaces/default/persistentvolumeclaims/c",
    );
    cluster.run_for(secs(1));
    assert_eq!(volume_of(&mut cluster, "right")["code"], 404);
}

#[test]
fn a_volume_kept_for_a_claim_waits_for_it_and_a_retained_one_is_not_given_again() {
    let mut cluster = bare(1);
    let kept = volume("v", "1Gi", ", claimRef: {namespace: default, name: c}");
    created(&mut cluster, &kept);
    created(&mut cluster, &claim("other", ""));
    cluster.run_for(secs(1));
    let other = claim_of(&mut cluster, "other");
    assert_eq!(other["status"]["phase"], "Pending");
    assert_eq!(
        events(&mut cluster, "other"),
        [
            "FailedBinding: no persistent volumes available for this claim and no storage class is set"
        ]
    );
    created(&mut cluster, &claim("c", ""));
    cluster.run_for(secs(1));
    assert_eq!(claim_of(&mut cluster, "c")["status"]["phase"], "Bound");
    let annotations = volume_of(&mut cluster, "v")["metadata"]["annotations"].clone();
    assert_eq!(annotations, Value::Null);
    delete(
        &mut cluster,
        "/api/v1/namespaces/default/persistentvolumeclaims/c",
    );
    cluster.run_for(secs(40));
    assert_eq!(volume_of(&mut cluster, "v")["status"]["phase"], "Released");
    assert_eq!(
        claim_of(&mut cluster, "other")["status"]["phase"],
        "Pending"
    );
}

#[test]
fn a_claim_that_names_an_unfit_volume_says_why() {
    let mut cluster = bare(1);
    created(&mut cluster, &volume("v", "500Mi", ""));
    created(&mut cluster, &claim("c", ", volumeName: v"));
    cluster.run_for(secs(1));
    assert_eq!(
        events(&mut cluster, "c"),
        ["VolumeMismatch: Cannot bind to requested volume \"v\": requested PV is too small"]
    );
    created(&mut cluster, &claim("d", ", storageClassName: nope"));
    cluster.run_for(secs(1));
    assert_eq!(
        events(&mut cluster, "d"),
        ["ProvisioningFailed: storageclass.storage.k8s.io \"nope\" not found"]
    );
}

#[test]
fn a_volume_that_cannot_be_deleted_has_failed() {
    let mut cluster = bare(1);
    let policy = ", persistentVolumeReclaimPolicy: Delete";
    created(&mut cluster, &volume("v", "1Gi", policy));
    created(&mut cluster, &claim("c", ""));
    cluster.run_for(secs(1));
    delete(
        &mut cluster,
        "/api/v1/namespaces/default/persistentvolumeclaims/c",
    );
    cluster.run_for(secs(2));
    assert_eq!(
        volume_of(&mut cluster, "v")["status"]["message"],
        "host_path deleter only supports /tmp/.+ but received provided /mnt/v"
    );
}

#[test]
fn a_claim_lost_its_volume() {
    let mut cluster = bare(1);
    created(&mut cluster, &volume("v", "1Gi", ""));
    created(&mut cluster, &claim("c", ""));
    cluster.run_for(secs(1));
    let mut volume = volume_of(&mut cluster, "v");
    volume["metadata"]["finalizers"] = json!([]);
    let path = "/api/v1/persistentvolumes/v";
    cluster.request(&Request::new(Method::Put, path).with_body(volume));
    delete(&mut cluster, path);
    cluster.run_for(secs(1));
    if volume_of(&mut cluster, "v")["code"] != 404 {
        // The protection had put its finalizer back before.
        let mut volume = volume_of(&mut cluster, "v");
        volume["metadata"]["finalizers"] = json!([]);
        cluster.request(&Request::new(Method::Put, path).with_body(volume));
        cluster.run_for(secs(1));
    }
    assert_eq!(claim_of(&mut cluster, "c")["status"]["phase"], "Lost");
    assert!(
        events(&mut cluster, "c").contains(
            &"ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"
                .to_owned()
        )
    );
}

#[test]
fn a_volume_is_made_for_the_first_pod_and_data_outlives_it() {
    let mut cluster = playground();
    created(&mut cluster, &claim("data", ""));
    cluster.run_for(secs(5));
    assert_eq!(
        events(&mut cluster, "data"),
        ["WaitForFirstConsumer: waiting for first consumer to be created before binding"]
    );
    let command = "date >> /data/log; wc -l < /data/log; sleep 3600";
    created(&mut cluster, &pod("one", "data", command));
    cluster.run_for(secs(20));
    let one = get(&mut cluster, "/api/v1/namespaces/default/pods/one");
    assert_eq!(one["status"]["phase"], "Running");
    let claim = claim_of(&mut cluster, "data");
    assert_eq!(claim["status"]["phase"], "Bound");
    let name = claim["spec"]["volumeName"].as_str().unwrap_or_default();
    let made = volume_of(&mut cluster, name);
    assert_eq!(made["spec"]["persistentVolumeReclaimPolicy"], "Delete");
    let term = &made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0];
    assert_eq!(
        term["matchExpressions"][0]["values"],
        json!([one["spec"]["nodeName"]])
    );
    let told = events(&mut cluster, "data");
    let reasons: Vec<&str> = told.iter().filter_map(|e| e.split(':').next()).collect();
    assert_eq!(
        reasons,
        [
            "WaitForFirstConsumer",
            "ExternalProvisioning",
            "Provisioning",
            "ProvisioningSucceeded"
        ],
        "{told:?}"
    );
    // In use, the claim stays.
    let path = "/api/v1/namespaces/default/pods/one";
    delete(&mut cluster, path);
    cluster.run_for(secs(60));
    created(&mut cluster, &pod("two", "data", command));
    cluster.run_for(secs(20));
    let two = get(&mut cluster, "/api/v1/namespaces/default/pods/two");
    assert_eq!(two["spec"]["nodeName"], one["spec"]["nodeName"]);
    let log = get(&mut cluster, "/api/v1/namespaces/default/pods/two/log");
    assert_eq!(log, "2\n");
    delete(
        &mut cluster,
        "/api/v1/namespaces/default/persistentvolumeclaims/data",
    );
    cluster.run_for(secs(10));
    assert!(claim_of(&mut cluster, "data")["metadata"]["deletionTimestamp"].is_string());
    delete(&mut cluster, "/api/v1/namespaces/default/pods/two");
    cluster.run_for(secs(60));
    assert_eq!(claim_of(&mut cluster, "data")["code"], 404);
    assert_eq!(volume_of(&mut cluster, name)["code"], 404);
}

#[test]
fn pods_wait_for_claims_in_the_words_of_the_scheduler() {
    let mut cluster = playground();
    created(&mut cluster, &pod("lost", "nothing", "sleep 1"));
    created(&mut cluster, &claim("none", ", storageClassName: ''"));
    created(&mut cluster, &pod("unbound", "none", "sleep 1"));
    cluster.run_for(secs(5));
    assert_eq!(
        events(&mut cluster, "lost"),
        [
            "FailedScheduling: 0/3 nodes are available: persistentvolumeclaim \"nothing\" not found. not found"
        ]
    );
    assert_eq!(
        events(&mut cluster, "unbound"),
        [
            "FailedScheduling: 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
        ]
    );
    // A volume that is on a node nobody has.
    let affinity = ", storageClassName: '', nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [gone]}]}]}}";
    created(&mut cluster, &volume("v", "1Gi", affinity));
    cluster.run_for(secs(40));
    assert_eq!(claim_of(&mut cluster, "none")["status"]["phase"], "Bound");
    let pod = get(&mut cluster, "/api/v1/namespaces/default/pods/unbound");
    assert_eq!(
        pod["status"]["conditions"][0]["message"],
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match PersistentVolume's node affinity. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    );
}

#[test]
fn a_claim_grows_when_its_class_allows_it() {
    let mut cluster = playground();
    created(
        &mut cluster,
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: disks}, provisioner: hostpath.csi.k8s.io, allowVolumeExpansion: true}",
    );
    created(&mut cluster, &claim("c", ", storageClassName: disks"));
    cluster.run_for(secs(10));
    assert_eq!(claim_of(&mut cluster, "c")["status"]["phase"], "Bound");
    let path = "/api/v1/namespaces/default/persistentvolumeclaims/c";
    let resize = |cluster: &mut Cluster, size: &str| {
        let mut claim = get(cluster, path);
        claim["spec"]["resources"]["requests"]["storage"] = json!(size);
        json_of(cluster.request(&Request::new(Method::Put, path).with_body(claim)))
    };
    let shrunk = resize(&mut cluster, "500Mi");
    assert_eq!(
        shrunk["message"],
        "PersistentVolumeClaim \"c\" is invalid: spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    );
    resize(&mut cluster, "3Gi");
    cluster.run_for(secs(10));
    let claim = claim_of(&mut cluster, "c");
    assert_eq!(claim["status"]["capacity"]["storage"], "1Gi");
    assert_eq!(
        claim["status"]["conditions"][0]["type"],
        "FileSystemResizePending"
    );
    created(&mut cluster, &pod("p", "c", "sleep 3600"));
    cluster.run_for(secs(20));
    let claim = claim_of(&mut cluster, "c");
    assert_eq!(claim["status"]["capacity"]["storage"], "3Gi");
    assert_eq!(claim["status"]["conditions"], Value::Null);
}

#[test]
fn an_ephemeral_volume_has_a_claim_of_its_own() {
    let mut cluster = playground();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {terminationGracePeriodSeconds: 1, volumes: [{name: scratch, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}], containers: [{name: c, image: nginx, volumeMounts: [{name: scratch, mountPath: /s}]}]}}",
    );
    cluster.run_for(secs(30));
    let claim = claim_of(&mut cluster, "p-scratch");
    assert_eq!(claim["status"]["phase"], "Bound");
    assert_eq!(claim["metadata"]["labels"], json!({"a": "b"}));
    delete(&mut cluster, "/api/v1/namespaces/default/pods/p");
    cluster.run_for(secs(60));
    assert_eq!(claim_of(&mut cluster, "p-scratch")["code"], 404);
}

#[test]
fn a_node_takes_no_more_volumes_of_a_driver_than_it_says() {
    let mut cluster = Cluster::new(Config::bare(1, 2));
    cluster.run_for(secs(5));
    let node = |name: &str, count: u32| {
        format!(
            "{{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {{name: {name}}}, spec: {{drivers: [{{name: disks.example.com, nodeID: {name}, allocatable: {{count: {count}}}}}]}}}}"
        )
    };
    created(&mut cluster, &node("node-0", 1));
    created(&mut cluster, &node("node-1", 2));
    for i in 0..4 {
        created(
            &mut cluster,
            &format!(
                "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: v{i}}}, spec: {{capacity: {{storage: 1Gi}}, accessModes: [ReadWriteMany], \
                 storageClassName: '', csi: {{driver: disks.example.com, volumeHandle: h{i}}}, claimRef: {{namespace: default, name: c{i}}}}}}}"
            ),
        );
        created(
            &mut cluster,
            &format!(
                "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: c{i}}}, spec: {{storageClassName: '', volumeName: v{i}, \
                 accessModes: [ReadWriteMany], resources: {{requests: {{storage: 1Gi}}}}}}}}"
            ),
        );
    }
    cluster.run_for(secs(5));
    let user = |name: &str, claim: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 0, volumes: [{{name: v, persistentVolumeClaim: {{claimName: {claim}}}}}], containers: [{{name: c, image: nginx}}]}}}}"
        )
    };
    for i in 0..4 {
        created(&mut cluster, &user(&format!("p{i}"), &format!("c{i}")));
        cluster.run_for(secs(2));
    }
    let place = |cluster: &mut Cluster, name: &str| {
        let pod = get(cluster, &format!("/api/v1/namespaces/default/pods/{name}"));
        let conditions = pod["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let why = conditions.iter().find(|c| c["reason"] == "Unschedulable");
        let why = why.and_then(|c| c["message"].as_str()).unwrap_or_default();
        match pod["spec"]["nodeName"].as_str() {
            Some(node) => node.to_owned(),
            None => why.to_owned(),
        }
    };
    let mut nodes: Vec<String> = (0..3)
        .map(|i| place(&mut cluster, &format!("p{i}")))
        .collect();
    nodes.sort();
    assert_eq!(nodes, ["node-0", "node-1", "node-1"]);
    let why = place(&mut cluster, "p3");
    assert!(
        why.starts_with("0/2 nodes are available: 2 node(s) exceed max volume count."),
        "{why}"
    );
    // A volume that is there already takes no more room; another driver has no limit here.
    created(&mut cluster, &user("same", "c0"));
    cluster.run_for(secs(2));
    assert_eq!(place(&mut cluster, "same"), place(&mut cluster, "p0"));
    // The limit grows, and the pod that waits is looked at again.
    let path = "/apis/storage.k8s.io/v1/csinodes/node-0";
    let mut said = get(&mut cluster, path);
    said["spec"]["drivers"][0]["allocatable"]["count"] = 2.into();
    let put = Request::new(Method::Put, path).with_body(said);
    assert!(cluster.request(&put).is_success());
    cluster.run_for(secs(30));
    assert_eq!(place(&mut cluster, "p3"), "node-0");
}
