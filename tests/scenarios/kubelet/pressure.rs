//! What happens when a node runs out of memory.

use kubarium::cluster::Cluster;
use kubarium::sim::secs;
use serde_json::Value;

use super::{condition, message, pod, reasons, run, simulated};
use crate::common::{created, get};

/// An image that uses so much memory, and so much more each second.
fn image(cluster: &mut Cluster, name: &str, memory: &str, growth: &str) {
    created(
        cluster,
        &format!(
            "{{apiVersion: play.kubarium.dev/v1alpha1, kind: Image, metadata: {{name: {name}}}, spec: \
             {{repository: {name}, program: {{memory: {memory}, memoryGrowthPerSecond: {growth}}}}}}}"
        ),
    );
}

fn node(cluster: &mut Cluster) -> Value {
    get(cluster, "/api/v1/nodes/worker-1")
}

#[test]
fn the_pod_that_exceeds_what_it_asks_for_is_evicted() {
    let mut cluster = simulated();
    image(&mut cluster, "leaky", "1Gi", "100Mi");
    image(&mut cluster, "large", "4Gi", "0");
    run(
        &mut cluster,
        "good",
        "containers: [{name: c, image: large, resources: {requests: {memory: 5Gi}}}]",
    );
    run(
        &mut cluster,
        "bad",
        "containers: [{name: c, image: leaky, resources: {requests: {memory: 1Gi}}}]",
    );
    run(
        &mut cluster,
        "worse",
        "terminationGracePeriodSeconds: 300, containers: [{name: c, image: leaky}]",
    );
    cluster.run_for(secs(12));
    assert_eq!(pod(&mut cluster, "worse")["status"]["phase"], "Running");
    // 4 Gi and 2 Gi and 200 Mi a second: less than 100 Mi are left of 8 Gi after about 10 s.
    cluster.run_for(secs(20));
    let evicted = pod(&mut cluster, "worse");
    assert_eq!(evicted["status"]["phase"], "Failed");
    assert_eq!(evicted["status"]["reason"], "Evicted");
    let told = evicted["status"]["message"].as_str().unwrap_or_default();
    assert!(
        told.starts_with(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: "
        ),
        "{told}"
    );
    assert!(told.contains("Container c was using "), "{told}");
    assert!(
        told.contains("request is 0, has larger consumption of memory. "),
        "{told}"
    );
    assert_eq!(
        condition(&evicted, "DisruptionTarget")["reason"],
        "TerminationByKubelet"
    );
    assert!(reasons(&mut cluster, "worse").contains(&"Evicted".to_owned()));
    let now = node(&mut cluster);
    assert_eq!(condition(&now, "MemoryPressure")["status"], "True");
    assert_eq!(
        condition(&now, "MemoryPressure")["reason"],
        "KubeletHasInsufficientMemory"
    );
    let taints = now["spec"]["taints"].to_string();
    assert!(
        taints.contains("node.kubernetes.io/memory-pressure"),
        "{taints}"
    );
    // Meanwhile nobody is let in who asks for nothing.
    run(
        &mut cluster,
        "late",
        "containers: [{name: c, image: nginx}]",
    );
    cluster.run_for(secs(5));
    let late = pod(&mut cluster, "late");
    assert_eq!(late["status"]["reason"], "Evicted");
    let refused = "Pod was rejected: The node had condition: [MemoryPressure]. ";
    assert_eq!(late["status"]["message"], refused);
    // The other one leaks as well, and goes in its turn; who keeps to its request stays.
    cluster.run_for(secs(60));
    assert_eq!(pod(&mut cluster, "bad")["status"]["reason"], "Evicted");
    assert_eq!(pod(&mut cluster, "good")["status"]["phase"], "Running");
    // Five minutes later the condition goes, and the taint with it.
    cluster.run_for(secs(330));
    let now = node(&mut cluster);
    assert_eq!(condition(&now, "MemoryPressure")["status"], "False");
    assert_eq!(now["spec"]["taints"], Value::Null);
    let told = message(&mut cluster, "worker-1", "EvictionThresholdMet");
    assert_eq!(told, "Attempting to reclaim memory");
}

/// A pod that fills a file of a volume, or of its own, and goes on.
fn filler(cluster: &mut Cluster, name: &str, bytes: &str, file: &str, more: &str, volume: &str) {
    let script =
        format!("dd if=/dev/zero of={file} bs=1M count={bytes} && echo written; sleep 1000");
    run(
        cluster,
        name,
        &format!(
            "terminationGracePeriodSeconds: 300, volumes: [{{name: v, emptyDir: {{{volume}}}}}], \
             containers: [{{name: c, image: busybox, command: [sh, -c, '{script}'], \
             volumeMounts: [{{name: v, mountPath: /v}}]{more}}}]"
        ),
    );
}

#[test]
fn a_pod_that_writes_more_than_it_may_is_evicted() {
    let mut cluster = simulated();
    let limits = ", resources: {limits: {ephemeral-storage: 10Mi}}";
    filler(&mut cluster, "folder", "20", "/v/f", "", "sizeLimit: 10Mi");
    filler(&mut cluster, "layer", "20", "/tmp/f", limits, "");
    filler(&mut cluster, "whole", "20", "/v/f", limits, "");
    filler(
        &mut cluster,
        "fits",
        "10",
        "/v/f",
        limits,
        "sizeLimit: 10Mi",
    );
    filler(&mut cluster, "free", "2000", "/v/f", "", "");
    cluster.run_for(secs(30));
    for (name, expected) in [
        (
            "folder",
            "Usage of EmptyDir volume \"v\" exceeds the limit \"10Mi\". ",
        ),
        (
            "layer",
            "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ",
        ),
        (
            "whole",
            "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ",
        ),
    ] {
        let evicted = pod(&mut cluster, name);
        assert_eq!(evicted["status"]["phase"], "Failed", "{name}: {evicted}");
        assert_eq!(evicted["status"]["reason"], "Evicted");
        assert_eq!(evicted["status"]["message"], expected);
        assert!(reasons(&mut cluster, name).contains(&"Evicted".to_owned()));
    }
    for name in ["fits", "free"] {
        assert_eq!(
            pod(&mut cluster, name)["status"]["phase"],
            "Running",
            "{name}"
        );
    }
}

#[test]
fn a_folder_in_memory_has_no_more_room_than_its_limit() {
    let mut cluster = simulated();
    filler(
        &mut cluster,
        "p",
        "20",
        "/v/f",
        "",
        "medium: Memory, sizeLimit: 10Mi",
    );
    cluster.run_for(secs(30));
    assert_eq!(pod(&mut cluster, "p")["status"]["phase"], "Running");
    let log = get(&mut cluster, "/api/v1/namespaces/default/pods/p/log");
    assert_eq!(log, "dd: error writing '/v/f': No space left on device\n");
}

#[test]
fn a_full_disk_keeps_pods_away_and_the_greediest_goes() {
    let mut cluster = simulated();
    filler(&mut cluster, "small", "1000", "/v/f", "", "");
    filler(&mut cluster, "large", "56000", "/tmp/f", "", "");
    cluster.run_for(secs(25));
    let evicted = pod(&mut cluster, "large");
    assert_eq!(evicted["status"]["reason"], "Evicted", "{evicted}");
    let told = evicted["status"]["message"].as_str().unwrap_or_default();
    assert!(
        told.starts_with("The node was low on resource: ephemeral-storage. Threshold quantity: ")
            && told.ends_with("Container c was using 57344000Ki, request is 0, has larger consumption of ephemeral-storage. "),
        "{told}"
    );
    assert_eq!(pod(&mut cluster, "small")["status"]["phase"], "Running");
    let worker = node(&mut cluster);
    assert_eq!(condition(&worker, "DiskPressure")["status"], "True");
    let taints = worker["spec"]["taints"].to_string();
    assert!(
        taints.contains("node.kubernetes.io/disk-pressure"),
        "{taints}"
    );
    run(
        &mut cluster,
        "late",
        "containers: [{name: c, image: nginx}]",
    );
    cluster.run_for(secs(10));
    let refused = pod(&mut cluster, "late");
    assert_eq!(refused["status"]["reason"], "Evicted", "{refused}");
    let told = refused["status"]["message"].as_str().unwrap_or_default();
    assert!(
        told.contains("The node had condition: [DiskPressure]. "),
        "{told}"
    );
    // Five minutes later it is forgotten.
    cluster.run_for(secs(320));
    assert_eq!(
        condition(&node(&mut cluster), "DiskPressure")["status"],
        "False"
    );
    run(
        &mut cluster,
        "later",
        "containers: [{name: c, image: nginx}]",
    );
    cluster.run_for(secs(30));
    assert_eq!(pod(&mut cluster, "later")["status"]["phase"], "Running");
}
