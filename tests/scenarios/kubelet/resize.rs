//! Containers that come to a pod later, and containers that get other amounts.

use kubarium::apiserver::request::{MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::Cluster;
use kubarium::sim::secs;
use serde_json::{Value, json};

use super::{condition, events, pod, run, simulated};
use crate::common::json_of;

fn patch(cluster: &mut Cluster, part: &str, kind: &'static str, body: Value) -> Response {
    let path = format!("/api/v1/namespaces/default/pods/p/{part}");
    let mut request = Request::new(Method::Patch, path).with_body(body);
    request.content_type = kind;
    cluster.request(&request)
}

fn debug(cluster: &mut Cluster, container: Value) -> Response {
    let body = json!({"spec": {"ephemeralContainers": [container]}});
    patch(cluster, "ephemeralcontainers", STRATEGIC_MERGE_PATCH, body)
}

#[test]
fn an_ephemeral_container_joins_a_running_pod() {
    let mut cluster = simulated();
    run(&mut cluster, "p", "containers: [{name: c, image: nginx}]");
    cluster.run_for(secs(20));
    let debugger = json!({"name": "debugger", "image": "busybox", "stdin": true, "tty": true,
        "targetContainerName": "c"});
    let response = debug(&mut cluster, debugger.clone());
    assert!(response.is_success(), "{:?}", response.body);
    cluster.run_for(secs(20));
    let now = pod(&mut cluster, "p");
    let status = &now["status"]["ephemeralContainerStatuses"][0];
    assert_eq!(status["name"], "debugger");
    assert!(
        status["state"]["running"]["startedAt"].is_string(),
        "{status}"
    );
    assert_eq!(status["ready"], false);
    assert_eq!(now["status"]["containerStatuses"][0]["restartCount"], 0);
    assert_eq!(condition(&now, "Ready")["status"], "True");
    // A command runs in it.
    let exec = "/api/v1/namespaces/default/pods/p/exec";
    let call = Request::new(Method::Post, exec)
        .with_query("container", "debugger")
        .with_query("command", "hostname");
    let session = json_of(cluster.request(&call))["session"].to_string();
    cluster.run_for(secs(1));
    let read = Request::get(exec).with_query("session", session);
    assert_eq!(json_of(cluster.request(&read))["stdout"], "p\n");
    // It neither changes nor goes, and another one may come.
    let changed = json!({"name": "debugger", "image": "alpine"});
    let refused = json_of(debug(&mut cluster, changed));
    let message = refused["message"].as_str().unwrap_or_default();
    let expected = "existing ephemeral containers \"debugger\" may not be changed";
    assert!(message.contains(expected), "{message}");
    let second = json!({"name": "second", "image": "busybox", "command": ["false"]});
    assert!(debug(&mut cluster, second).is_success());
    cluster.run_for(secs(60));
    let now = pod(&mut cluster, "p");
    let ended = &now["status"]["ephemeralContainerStatuses"][1];
    assert_eq!(ended["state"]["terminated"]["exitCode"], 1, "{ended}");
    assert_eq!(ended["restartCount"], 0);
    assert_eq!(now["status"]["phase"], "Running");
}

#[test]
fn what_an_ephemeral_container_may_not_have() {
    let mut cluster = simulated();
    run(&mut cluster, "p", "containers: [{name: c, image: nginx}]");
    for (container, expected) in [
        (
            json!({"name": "c", "image": "busybox"}),
            "spec.ephemeralContainers[0].name: Duplicate value: \"c\"",
        ),
        (
            json!({"name": "d", "image": "busybox", "ports": [{"containerPort": 80}]}),
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        ),
        (
            json!({"name": "d", "image": "busybox", "targetContainerName": "x"}),
            "spec.ephemeralContainers[0].targetContainerName: Not found: \"x\"",
        ),
    ] {
        let refused = json_of(debug(&mut cluster, container));
        let message = refused["message"].as_str().unwrap_or_default();
        assert!(message.contains(expected), "{message}");
    }
}

fn resize(cluster: &mut Cluster, cpu: &str, memory: &str) -> Response {
    let amounts = json!({"cpu": cpu, "memory": memory});
    let body = json!({"spec": {"containers": [{"name": "c",
        "resources": {"requests": amounts, "limits": amounts}}]}});
    patch(cluster, "resize", STRATEGIC_MERGE_PATCH, body)
}

const RESIZABLE: &str = "containers: [{name: c, image: nginx, \
    resources: {requests: {cpu: 500m, memory: 100Mi}, limits: {cpu: 500m, memory: 100Mi}}, \
    resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, \
    {resourceName: memory, restartPolicy: RestartContainer}]}]";

#[test]
fn cpu_is_resized_in_place_and_memory_by_a_restart() {
    let mut cluster = simulated();
    run(&mut cluster, "p", RESIZABLE);
    cluster.run_for(secs(20));
    assert!(resize(&mut cluster, "1", "100Mi").is_success());
    cluster.run_for(kubarium::sim::millis(20));
    let now = pod(&mut cluster, "p");
    assert_eq!(condition(&now, "PodResizeInProgress")["status"], "True");
    cluster.run_for(secs(2));
    let now = pod(&mut cluster, "p");
    let status = &now["status"]["containerStatuses"][0];
    assert_eq!(status["resources"]["limits"]["cpu"], "1");
    assert_eq!(status["allocatedResources"]["cpu"], "1");
    assert_eq!(status["restartCount"], 0);
    assert_eq!(*condition(&now, "PodResizeInProgress"), Value::Null);
    assert_eq!(now["metadata"]["generation"], 2);
    assert!(resize(&mut cluster, "1", "200Mi").is_success());
    cluster.run_for(secs(10));
    let now = pod(&mut cluster, "p");
    let status = &now["status"]["containerStatuses"][0];
    assert_eq!(status["resources"]["limits"]["memory"], "200Mi");
    assert_eq!(status["restartCount"], 1);
    assert_eq!(*condition(&now, "PodResizeInProgress"), Value::Null);
    let told = events(&mut cluster, "p");
    assert!(
        told.iter()
            .any(|(_, m)| m == "Container c resize requires restart")
    );
}

#[test]
fn a_resize_waits_for_room_or_cannot_be() {
    let mut cluster = simulated();
    run(&mut cluster, "p", RESIZABLE);
    let other = "containers: [{name: c, image: nginx, resources: {requests: {cpu: 2}}}]";
    run(&mut cluster, "other", other);
    cluster.run_for(secs(20));
    assert!(resize(&mut cluster, "3", "100Mi").is_success());
    cluster.run_for(secs(2));
    let now = pod(&mut cluster, "p");
    assert_eq!(condition(&now, "PodResizePending")["reason"], "Deferred");
    let status = &now["status"]["containerStatuses"][0];
    assert_eq!(status["allocatedResources"]["cpu"], "500m");
    // With the other pod gone there is room.
    cluster.request(&Request::new(
        Method::Delete,
        "/api/v1/namespaces/default/pods/other",
    ));
    cluster.run_for(secs(40));
    let now = pod(&mut cluster, "p");
    assert_eq!(*condition(&now, "PodResizePending"), Value::Null);
    let status = &now["status"]["containerStatuses"][0];
    assert_eq!(status["resources"]["requests"]["cpu"], "3");
    // What the node will never have is refused.
    let refused = json_of(resize(&mut cluster, "100", "100Gi"));
    assert_eq!(
        refused["message"],
        "pods \"p\" is forbidden: Node didn't have enough allocatable resources: cpu, requested: 100000, \
         allocatable: 4000; memory, requested: 107374182400, allocatable: 8485076992"
    );
    assert_eq!(
        refused["details"]["causes"],
        json!([{"reason": "NodeCapacity"}])
    );
    let now = pod(&mut cluster, "p");
    assert_eq!(
        now["spec"]["containers"][0]["resources"]["requests"]["cpu"],
        "3"
    );
}

#[test]
fn only_amounts_are_resized_and_the_class_stays() {
    let mut cluster = simulated();
    run(&mut cluster, "p", RESIZABLE);
    cluster.run_for(secs(20));
    let body = json!({"spec": {"containers": [{"name": "c",
        "resources": {"requests": {"cpu": "100m"}}}]}});
    let refused = json_of(patch(&mut cluster, "resize", STRATEGIC_MERGE_PATCH, body));
    let message = refused["message"].as_str().unwrap_or_default();
    let expected = "Pod QOS Class may not change as a result of resizing";
    assert!(message.contains(expected), "{message}");
    // What is no resize is left as it was.
    let body = json!({"spec": {"activeDeadlineSeconds": 5}});
    assert!(patch(&mut cluster, "resize", MERGE_PATCH, body).is_success());
    let now = pod(&mut cluster, "p");
    assert_eq!(now["spec"]["activeDeadlineSeconds"], Value::Null);
    assert_eq!(now["metadata"]["generation"], 1);
}
