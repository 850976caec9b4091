//! Faults, as objects that are applied and deleted, and what they do to the cluster.

use kubarium::api::play::{CONTROLLERS, FAULT_TYPES};
use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::controllers::Controllers;
use kubarium::network::{HttpCall, Origin, Outcome};
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use crate::common::{create, created, get, json_of};

const FAULTS: &str = "/apis/play.kubarium.dev/v1alpha1/faults";
const PODS: &str = "/api/v1/namespaces/default/pods";

/// Two workers that have become ready.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new(Config::playground(1, 2));
    cluster.run_for(secs(20));
    cluster
}

fn fault(cluster: &mut Cluster, name: &str, spec: &str) {
    let yaml = format!(
        "{{apiVersion: play.kubarium.dev/v1alpha1, kind: Fault, metadata: {{name: {name}}}, spec: {{{spec}}}}}"
    );
    created(cluster, &yaml);
    cluster.run_for(millis(20));
}

fn heal(cluster: &mut Cluster, name: &str) {
    let path = format!("{FAULTS}/{name}");
    let response = cluster.request(&Request::new(Method::Delete, path));
    assert!(response.is_success(), "{:?}", response.body);
    cluster.run_for(millis(20));
}

fn pod_on(cluster: &mut Cluster, name: &str, node: &str, more: &str) {
    let yaml = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, \
         spec: {{nodeName: {node}, containers: [{{name: c, image: nginx, ports: [{{containerPort: 80}}]}}]{more}}}}}"
    );
    created(cluster, &yaml);
}

fn pod(cluster: &mut Cluster, name: &str) -> Value {
    get(cluster, &format!("{PODS}/{name}"))
}

fn condition(object: &Value, type_: &str) -> Value {
    let all = object["status"]["conditions"].as_array();
    let found = all.and_then(|all| all.iter().find(|c| c["type"] == type_));
    found.map(|c| c["status"].clone()).unwrap_or_default()
}

fn node(cluster: &mut Cluster, name: &str) -> Value {
    get(cluster, &format!("/api/v1/nodes/{name}"))
}

fn messages(cluster: &mut Cluster, about: &str, reason: &str) -> Vec<String> {
    let list = get(cluster, "/api/v1/events");
    let all = list["items"].as_array().into_iter().flatten();
    all.filter(|e| e["involvedObject"]["name"] == about && e["reason"] == reason)
        .map(|e| e["message"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// How a request from the terminal to a pod ends.
fn ask(cluster: &mut Cluster, name: &str) -> (Outcome, u64) {
    let address = pod(cluster, name)["status"]["podIP"].clone();
    let url = format!("http://{}/", address.as_str().unwrap_or("none"));
    let call = HttpCall {
        origin: Origin::Client,
        namespace: "default".into(),
        method: "GET".into(),
        url,
        headers: Vec::new(),
        timeout_millis: Some(5_000),
    };
    let number = cluster.http(&call).expect("a URL");
    cluster.run_for(secs(6));
    let result = cluster.network().http_result(number).expect("a result");
    let took = result.finished.since(result.started);
    (result.outcome, took.as_millis() as u64)
}

#[test]
fn the_fields_of_a_fault_are_checked() {
    let mut cluster = Cluster::new(Config::bare(1, 1));
    for (spec, expected) in [
        ("{}", "spec.type: Required value"),
        ("{type: Rain}", "spec.type: Unsupported value: \"Rain\""),
        ("{type: NodeCrash}", "spec.nodes: Required value"),
        (
            "{type: NodeCrash, nodes: [a], images: [x]}",
            "spec.images: Forbidden: may not be specified when `type` is NodeCrash",
        ),
        (
            "{type: NodeCrash, nodes: [a], duration: soon}",
            "spec.duration: Invalid value: \"soon\": must be a span of time",
        ),
        (
            "{type: NodeCrash, nodes: [A_b]}",
            "spec.nodes[0]: Invalid value: \"A_b\"",
        ),
        (
            "{type: Pause, components: [deployment]}",
            "spec.components[0]: Unsupported value: \"deployment\"",
        ),
        (
            "{type: StuckWatch, components: [deployment-controller]}",
            "spec.components[0]: Unsupported value",
        ),
        (
            "{type: SlowNetwork, nodes: [a]}",
            "spec.latencyMillis: Required value: `latencyMillis` or `lossPerMille` is needed",
        ),
        (
            "{type: SlowNetwork, nodes: [a], lossPerMille: 1001}",
            "spec.lossPerMille: Invalid value: 1001",
        ),
        (
            "{type: RegistryOutage, images: ['*'], failure: Fire}",
            "spec.failure: Unsupported value: \"Fire\"",
        ),
        (
            "{type: ContainerCrash, pods: {selector: {matchLabels: {a: b}}}, exitCode: 256}",
            "spec.exitCode: Invalid value: 256",
        ),
        (
            "{type: NetworkCut, nodes: [a], to: {}}",
            "spec.to.nodes: Required value: `nodes` or `pods` is needed",
        ),
    ] {
        let yaml = format!(
            "{{apiVersion: play.kubarium.dev/v1alpha1, kind: Fault, metadata: {{name: f}}, spec: {spec}}}"
        );
        let answer = json_of(create(&mut cluster, &yaml));
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains(expected), "{spec}: {message}");
    }
}

#[test]
fn controllers_can_be_named_as_their_flag_names_them() {
    let controllers = Controllers::new(false);
    // Provisioners are pods of their own in a real cluster.
    let mut names: Vec<&str> = controllers.flag_names().collect();
    names.retain(|name| name.ends_with("-controller"));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, CONTROLLERS);
    assert_eq!(FAULT_TYPES.len(), 9);
}

#[test]
fn a_node_that_crashes_loses_its_pods_and_comes_back() {
    let mut cluster = cluster();
    created(
        &mut cluster,
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, \
         selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: \
         {topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, \
         labelSelector: {matchLabels: {app: web}}}], tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, \
         effect: NoExecute, tolerationSeconds: 60}], containers: [{name: c, image: nginx}]}}}}",
    );
    pod_on(
        &mut cluster,
        "lone",
        "worker-1",
        ", volumes: [{name: v, emptyDir: {}}], \
         tolerations: [{operator: Exists}]",
    );
    cluster.run_for(secs(30));
    let before = pod(&mut cluster, "lone");
    assert_eq!(condition(&before, "Ready"), "True");
    fault(&mut cluster, "power", "type: NodeCrash, nodes: [worker-1]");
    let status = get(&mut cluster, &format!("{FAULTS}/power"))["status"].clone();
    assert_eq!(status["phase"], "Active");
    assert_eq!(status["affects"], json!(["node/worker-1"]));
    assert!(status["since"].is_string());
    // Nobody answers, though nobody knows yet.
    assert_eq!(ask(&mut cluster, "lone").0, Outcome::Timeout);
    assert_eq!(condition(&node(&mut cluster, "worker-1"), "Ready"), "True");
    let log = cluster.request(&Request::get(format!("{PODS}/lone/log")));
    let message = json_of(log)["message"].to_string();
    assert!(
        message.contains("10250: connect: no route to host"),
        "{message}"
    );
    cluster.run_for(secs(60));
    let lost = node(&mut cluster, "worker-1");
    assert_eq!(condition(&lost, "Ready"), "Unknown");
    let taints = lost["spec"]["taints"].to_string();
    assert!(
        taints.contains("node.kubernetes.io/unreachable"),
        "{taints}"
    );
    assert_eq!(condition(&pod(&mut cluster, "lone"), "Ready"), "False");
    // After the toleration the Deployment's pod is deleted, and another one runs elsewhere.
    cluster.run_for(secs(120));
    let web = |cluster: &mut Cluster| -> Vec<(String, bool)> {
        let request = Request::get(PODS).with_query("labelSelector", "app=web");
        let list = json_of(cluster.request(&request))["items"].clone();
        let state = |p: &Value| {
            let node = p["spec"]["nodeName"].as_str().unwrap_or_default();
            let going = !p["metadata"]["deletionTimestamp"].is_null();
            (node.to_owned(), going)
        };
        list.as_array().into_iter().flatten().map(state).collect()
    };
    let pods = web(&mut cluster);
    assert!(pods.contains(&("worker-1".to_owned(), true)), "{pods:?}");
    let elsewhere = pods
        .iter()
        .filter(|p| **p == ("worker-2".to_owned(), false));
    assert_eq!(elsewhere.count(), 2, "{pods:?}");
    // Power comes back.
    heal(&mut cluster, "power");
    cluster.run_for(secs(40));
    let back = node(&mut cluster, "worker-1");
    assert_eq!(condition(&back, "Ready"), "True");
    assert_eq!(back["spec"]["taints"], Value::Null);
    assert_eq!(messages(&mut cluster, "worker-1", "Rebooted").len(), 1);
    assert!(web(&mut cluster).iter().all(|(node, _)| node == "worker-2"));
    let after = pod(&mut cluster, "lone");
    assert_eq!(condition(&after, "Ready"), "True");
    let container = &after["status"]["containerStatuses"][0];
    assert_eq!(container["restartCount"], 1);
    let last = &container["lastState"]["terminated"];
    assert_eq!(
        (&last["reason"], &last["exitCode"]),
        (&json!("Unknown"), &json!(255))
    );
    assert_eq!(messages(&mut cluster, "lone", "SandboxChanged").len(), 1);
    assert_eq!(ask(&mut cluster, "lone").0, Outcome::Answered(200));
}

#[test]
fn a_node_without_network_goes_on_and_catches_up() {
    let mut cluster = cluster();
    pod_on(
        &mut cluster,
        "near",
        "worker-1",
        ", tolerations: [{operator: Exists}]",
    );
    pod_on(
        &mut cluster,
        "gone",
        "worker-1",
        ", terminationGracePeriodSeconds: 1, tolerations: [{operator: Exists}]",
    );
    cluster.run_for(secs(20));
    fault(&mut cluster, "cut", "type: NetworkCut, nodes: [worker-1]");
    cluster.run_for(secs(70));
    assert_eq!(
        condition(&node(&mut cluster, "worker-1"), "Ready"),
        "Unknown"
    );
    assert_eq!(ask(&mut cluster, "near").0, Outcome::Timeout);
    // What is deleted meanwhile hangs until the node hears of it.
    cluster.request(&Request::new(Method::Delete, format!("{PODS}/gone")));
    cluster.run_for(secs(60));
    assert_eq!(pod(&mut cluster, "gone")["metadata"]["name"], "gone");
    heal(&mut cluster, "cut");
    cluster.run_for(secs(10));
    assert_eq!(condition(&node(&mut cluster, "worker-1"), "Ready"), "True");
    let near = pod(&mut cluster, "near");
    assert_eq!(near["status"]["containerStatuses"][0]["restartCount"], 0);
    assert_eq!(condition(&near, "Ready"), "True");
    assert_eq!(pod(&mut cluster, "gone")["reason"], "NotFound");
    assert_eq!(ask(&mut cluster, "near").0, Outcome::Answered(200));
}

#[test]
fn pods_of_a_node_that_is_out_of_service_are_let_go() {
    let mut cluster = cluster();
    pod_on(
        &mut cluster,
        "p",
        "worker-1",
        ", tolerations: [{operator: Exists}]",
    );
    cluster.run_for(secs(20));
    fault(&mut cluster, "power", "type: NodeCrash, nodes: [worker-1]");
    cluster.run_for(secs(70));
    cluster.request(&Request::new(Method::Delete, format!("{PODS}/p")));
    cluster.run_for(secs(120));
    assert_eq!(
        pod(&mut cluster, "p")["metadata"]["name"],
        "p",
        "nobody ends it"
    );
    let path = "/api/v1/nodes/worker-1";
    let mut lost = get(&mut cluster, path);
    let taints = lost["spec"]["taints"].as_array_mut().expect("taints");
    taints.push(
        json!({"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown",
        "effect": "NoExecute"}),
    );
    assert!(
        cluster
            .request(&Request::new(Method::Put, path).with_body(lost))
            .is_success()
    );
    cluster.run_for(secs(25));
    assert_eq!(pod(&mut cluster, "p")["reason"], "NotFound");
}

#[test]
fn networks_are_slow_and_lose_packets() {
    let mut cluster = cluster();
    pod_on(&mut cluster, "a", "worker-1", "");
    pod_on(&mut cluster, "b", "worker-2", "");
    cluster.run_for(secs(20));
    let (_, quick) = ask(&mut cluster, "a");
    assert!(quick < 100, "{quick} ms");
    let to_a = "pods: {selector: {matchLabels: {app: a}}}";
    fault(
        &mut cluster,
        "slow",
        &format!("type: SlowNetwork, latencyMillis: 700, {to_a}"),
    );
    let (outcome, slow) = ask(&mut cluster, "a");
    assert_eq!(outcome, Outcome::Answered(200));
    assert!((700..900).contains(&slow), "{slow} ms");
    assert!(ask(&mut cluster, "b").1 < 100);
    heal(&mut cluster, "slow");
    fault(
        &mut cluster,
        "lossy",
        &format!("type: SlowNetwork, lossPerMille: 1000, {to_a}"),
    );
    assert_eq!(ask(&mut cluster, "a").0, Outcome::Timeout);
    heal(&mut cluster, "lossy");
    fault(
        &mut cluster,
        "cut",
        &format!("type: NetworkCut, {to_a}, to: {{nodes: [worker-2]}}"),
    );
    assert_eq!(ask(&mut cluster, "a").0, Outcome::Answered(200));
    heal(&mut cluster, "cut");
    assert!(ask(&mut cluster, "a").1 < 100);
}

#[test]
fn images_cannot_be_pulled_while_their_registry_is_out() {
    let mut cluster = cluster();
    fault(
        &mut cluster,
        "hub",
        "type: RegistryOutage, images: ['docker.io/*'], failure: TooManyRequests",
    );
    pod_on(&mut cluster, "p", "worker-1", "");
    cluster.run_for(secs(3));
    let told = messages(&mut cluster, "p", "Failed").join("\n");
    let expected = "failed to resolve reference \"docker.io/library/nginx:latest\": unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/latest: 429 Too Many Requests";
    assert!(told.contains(expected), "{told}");
    cluster.run_for(secs(20));
    let waiting = &pod(&mut cluster, "p")["status"]["containerStatuses"][0]["state"]["waiting"];
    assert_eq!(waiting["reason"], "ImagePullBackOff");
    heal(&mut cluster, "hub");
    cluster.run_for(secs(60));
    assert_eq!(condition(&pod(&mut cluster, "p"), "Ready"), "True");
}

#[test]
fn containers_crash_on_schedule_and_run_out_of_memory() {
    let mut cluster = cluster();
    pod_on(&mut cluster, "p", "worker-1", "");
    cluster.run_for(secs(20));
    let select = "pods: {selector: {matchLabels: {app: p}}}";
    fault(
        &mut cluster,
        "crash",
        &format!(
            "type: ContainerCrash, {select}, exitCode: 3, every: 120s, startAfter: 5s, duration: 200s"
        ),
    );
    let status = |cluster: &mut Cluster| get(cluster, &format!("{FAULTS}/crash"))["status"].clone();
    assert_eq!(status(&mut cluster)["phase"], "Waiting");
    cluster.run_for(secs(10));
    let now = pod(&mut cluster, "p");
    let container = &now["status"]["containerStatuses"][0];
    assert_eq!(container["restartCount"], 1);
    assert_eq!(container["lastState"]["terminated"]["exitCode"], 3);
    cluster.run_for(secs(300));
    let container = &pod(&mut cluster, "p")["status"]["containerStatuses"][0];
    assert_eq!(container["restartCount"], 2, "it was over after 200 s");
    assert_eq!(status(&mut cluster)["phase"], "Over");
    assert_eq!(status(&mut cluster)["strikes"], 2);
    fault(
        &mut cluster,
        "oom",
        &format!("type: ContainerOOM, {select}"),
    );
    cluster.run_for(secs(2));
    let now = pod(&mut cluster, "p");
    let container = now["status"]["containerStatuses"][0].to_string();
    assert!(container.contains("OOMKilled"), "{container}");
}

#[test]
fn a_paused_controller_catches_up() {
    let mut cluster = cluster();
    fault(
        &mut cluster,
        "pause",
        "type: Pause, components: [replicaset-controller]",
    );
    created(
        &mut cluster,
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, \
         selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: \
         {containers: [{name: c, image: nginx}]}}}}",
    );
    cluster.run_for(secs(60));
    let sets = get(&mut cluster, "/apis/apps/v1/namespaces/default/replicasets");
    assert_eq!(sets["items"].as_array().map(Vec::len), Some(1));
    let count = |cluster: &mut Cluster| get(cluster, PODS)["items"].as_array().map(Vec::len);
    assert_eq!(count(&mut cluster), Some(0));
    heal(&mut cluster, "pause");
    cluster.run_for(secs(1));
    assert_eq!(count(&mut cluster), Some(2));
    // The scheduler.
    fault(
        &mut cluster,
        "pause",
        "type: Pause, components: [kube-scheduler]",
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: nginx}]}}",
    );
    cluster.run_for(secs(30));
    assert_eq!(pod(&mut cluster, "p")["spec"]["nodeName"], Value::Null);
    heal(&mut cluster, "pause");
    cluster.run_for(secs(10));
    assert_eq!(condition(&pod(&mut cluster, "p"), "Ready"), "True");
}

#[test]
fn a_paused_kubelet_falls_silent_while_its_containers_serve() {
    let mut cluster = cluster();
    pod_on(
        &mut cluster,
        "p",
        "worker-1",
        ", tolerations: [{operator: Exists}]",
    );
    cluster.run_for(secs(20));
    fault(
        &mut cluster,
        "stop",
        "type: Pause, components: [kubelet], nodes: [worker-1]",
    );
    cluster.run_for(secs(70));
    assert_eq!(
        condition(&node(&mut cluster, "worker-1"), "Ready"),
        "Unknown"
    );
    assert_eq!(condition(&node(&mut cluster, "worker-2"), "Ready"), "True");
    assert_eq!(ask(&mut cluster, "p").0, Outcome::Answered(200));
    heal(&mut cluster, "stop");
    cluster.run_for(secs(10));
    assert_eq!(condition(&node(&mut cluster, "worker-1"), "Ready"), "True");
    let now = pod(&mut cluster, "p");
    assert_eq!(condition(&now, "Ready"), "True");
    assert_eq!(now["status"]["containerStatuses"][0]["restartCount"], 0);
}

#[test]
fn stuck_watches_leave_components_behind() {
    let mut cluster = cluster();
    fault(
        &mut cluster,
        "stuck",
        "type: StuckWatch, components: [kube-scheduler], resources: [pods]",
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: nginx}]}}",
    );
    cluster.run_for(secs(30));
    assert_eq!(pod(&mut cluster, "p")["spec"]["nodeName"], Value::Null);
    heal(&mut cluster, "stuck");
    cluster.run_for(secs(1));
    assert_ne!(pod(&mut cluster, "p")["spec"]["nodeName"], Value::Null);
    // Late events come, in their order.
    fault(
        &mut cluster,
        "late",
        "type: StuckWatch, components: [kube-scheduler], latencyMillis: 5000",
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {containers: [{name: c, image: nginx}]}}",
    );
    cluster.run_for(secs(4));
    assert_eq!(pod(&mut cluster, "q")["spec"]["nodeName"], Value::Null);
    cluster.run_for(secs(2));
    assert_ne!(pod(&mut cluster, "q")["spec"]["nodeName"], Value::Null);
}

#[test]
fn a_slow_api_server_slows_a_controller() {
    let time = |spec: Option<&str>| {
        let mut cluster = Cluster::new(Config::bare(1, 3));
        cluster.run_for(secs(5));
        if let Some(spec) = spec {
            fault(&mut cluster, "slow", spec);
        }
        created(
            &mut cluster,
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, \
             selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: \
             {containers: [{name: c, image: nginx}]}}}}",
        );
        let start = cluster.now();
        let ready = |c: &Cluster| {
            let key = kubarium::api::Key::new("default", "web");
            let found = c
                .server()
                .get::<k8s_openapi::api::apps::v1::Deployment>(&key);
            let status = found.and_then(|d| d.status.clone());
            status.and_then(|s| s.ready_replicas) == Some(3)
        };
        let limit = start + secs(600);
        assert!(cluster.run_while_not(limit, ready));
        cluster.now().since(start).as_millis()
    };
    let usual = time(None);
    let slow = time(Some(
        "type: SlowAPI, components: [replicaset-controller], latencyMillis: 2000",
    ));
    assert!(slow > usual + 2_000, "{usual} ms, then {slow} ms");
    let slow = time(Some(
        "type: SlowAPI, components: [kube-scheduler], latencyMillis: 2000",
    ));
    assert!(slow > usual + 3_000, "{usual} ms, then {slow} ms");
}
