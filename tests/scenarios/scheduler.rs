//! The scheduler as a user of the API sees it: where pods go, and what is said when they do not.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::scheduler::Verdict;
use kubarium::sim::{Time, millis, secs};
use serde_json::{Value, json};

use crate::common::{bare, created, get, json_of};

/// A cluster whose only nodes are those that a test creates; nobody runs the pods, and nobody
/// keeps the nodes' leases: after a minute they are taken for dead.
fn empty() -> Cluster {
    Cluster::new(Config::bare(1, 0))
}

fn node(cluster: &mut Cluster, name: &str, cpu: &str, labels: &str) {
    created(
        cluster,
        &format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}, {labels}}}}}, status: {{conditions: [{{type: Ready, status: 'True'}}], allocatable: {{cpu: {cpu}, memory: 8Gi, pods: '110'}}}}}}"
        ),
    );
}

fn pod(cluster: &mut Cluster, name: &str, spec: &str) -> Value {
    created(
        cluster,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: nginx, resources: {{requests: {{cpu: 1, memory: 64Mi}}}}}}], {spec}}}}}"
        ),
    )
}

fn priority_class(cluster: &mut Cluster, name: &str, value: i32, policy: &str) {
    created(
        cluster,
        &format!(
            "{{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: {name}}}, value: {value}, preemptionPolicy: {policy}}}"
        ),
    );
}

fn read(cluster: &mut Cluster, name: &str) -> Value {
    get(cluster, &format!("/api/v1/namespaces/default/pods/{name}"))
}

fn node_of(cluster: &mut Cluster, name: &str) -> String {
    let pod = read(cluster, name);
    pod["spec"]["nodeName"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The condition PodScheduled.
fn scheduled(cluster: &mut Cluster, name: &str) -> Value {
    let pod = read(cluster, name);
    let conditions = pod["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let found = conditions.into_iter().find(|c| c["type"] == "PodScheduled");
    found.unwrap_or_default()
}

/// Events of a reason, oldest first.
fn events(cluster: &mut Cluster, reason: &str) -> Vec<Value> {
    let list = get(cluster, "/api/v1/namespaces/default/events");
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let mut events: Vec<Value> = items
        .into_iter()
        .filter(|e| e["reason"] == reason)
        .collect();
    events.sort_by_key(|e| e["eventTime"].as_str().unwrap_or_default().to_owned());
    events
}

fn merge(cluster: &mut Cluster, path: &str, patch: Value) {
    let mut object = get(cluster, path);
    fn apply(into: &mut Value, patch: &Value) {
        match patch {
            Value::Object(fields) => {
                for (name, value) in fields {
                    apply(&mut into[name], value);
                }
            }
            other => *into = other.clone(),
        }
    }
    apply(&mut object, &patch);
    let request = Request::new(Method::Put, path).with_body(object);
    let response = cluster.request(&request);
    assert!(response.is_success(), "{:?}", response.body);
}

fn uid(pod: &Value) -> String {
    pod["metadata"]["uid"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_pod_is_bound_within_milliseconds_and_an_event_says_so() {
    let mut cluster = empty();
    node(&mut cluster, "a", "4", "");
    cluster.run_for(secs(1));
    let pod = pod(&mut cluster, "p", "");
    cluster.run_for(millis(20));
    assert_eq!(node_of(&mut cluster, "p"), "a");
    assert_eq!(scheduled(&mut cluster, "p")["status"], "True");
    let events = events(&mut cluster, "Scheduled");
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event["message"], "Successfully assigned default/p to a");
    assert_eq!(event["action"], "Binding");
    assert_eq!(event["type"], "Normal");
    assert_eq!(event["reportingComponent"], "default-scheduler");
    assert_eq!(event["involvedObject"]["uid"], pod["metadata"]["uid"]);
    assert!(event["eventTime"].is_string(), "{event}");
}

#[test]
fn without_nodes_pods_wait_for_one() {
    let mut cluster = empty();
    pod(&mut cluster, "p", "");
    cluster.run_for(secs(1));
    let condition = scheduled(&mut cluster, "p");
    assert_eq!(condition["status"], "False");
    assert_eq!(condition["reason"], "Unschedulable");
    assert_eq!(condition["message"], "no nodes available to schedule pods");
    node(&mut cluster, "a", "4", "");
    cluster.run_for(secs(1));
    assert_eq!(node_of(&mut cluster, "p"), "a");
}

#[test]
fn a_pod_that_matches_no_node_says_why_in_the_real_words() {
    let mut cluster = bare(10);
    cluster.run_for(secs(1));
    pod(&mut cluster, "p", "nodeSelector: {no: where}");
    cluster.run_for(secs(1));
    let words = "0/10 nodes are available: 10 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/10 nodes are available: 10 Preemption is not helpful for scheduling.";
    let condition = scheduled(&mut cluster, "p");
    assert_eq!(condition["reason"], "Unschedulable");
    assert_eq!(condition["message"], words);
    let events = events(&mut cluster, "FailedScheduling");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["message"], words);
    assert_eq!(events[0]["type"], "Warning");
    assert_eq!(events[0]["action"], "Scheduling");
}

#[test]
fn every_reason_is_counted() {
    let mut cluster = empty();
    node(&mut cluster, "small", "500m", "");
    node(&mut cluster, "full", "1", "");
    node(&mut cluster, "cordoned", "4", "");
    node(&mut cluster, "tainted", "4", "");
    merge(
        &mut cluster,
        "/api/v1/nodes/cordoned",
        json!({"spec": {"unschedulable": true}}),
    );
    let taints = json!([{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]);
    merge(
        &mut cluster,
        "/api/v1/nodes/tainted",
        json!({"spec": {"taints": taints}}),
    );
    cluster.run_for(secs(1));
    pod(&mut cluster, "first", "");
    cluster.run_for(secs(1));
    assert_eq!(node_of(&mut cluster, "first"), "full");
    pod(&mut cluster, "p", "");
    cluster.run_for(secs(1));
    assert_eq!(
        scheduled(&mut cluster, "p")["message"],
        "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu. no new claims to deallocate, preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling."
    );
    // Room appears: the pod goes there without waiting for a back-off.
    let delete = Request::new(Method::Delete, "/api/v1/namespaces/default/pods/first")
        .with_query("gracePeriodSeconds", "0");
    assert!(cluster.request(&delete).is_success());
    cluster.run_for(millis(100));
    assert_eq!(node_of(&mut cluster, "p"), "full");
}

#[test]
fn uncordoning_lets_waiting_pods_in() {
    let mut cluster = empty();
    node(&mut cluster, "a", "4", "");
    merge(
        &mut cluster,
        "/api/v1/nodes/a",
        json!({"spec": {"unschedulable": true}}),
    );
    cluster.run_for(secs(1));
    pod(&mut cluster, "p", "");
    cluster.run_for(secs(30));
    assert_eq!(node_of(&mut cluster, "p"), "");
    // Nothing that could help happened: it was tried once.
    assert_eq!(events(&mut cluster, "FailedScheduling").len(), 1);
    merge(
        &mut cluster,
        "/api/v1/nodes/a",
        json!({"spec": {"unschedulable": false}}),
    );
    cluster.run_for(millis(100));
    assert_eq!(node_of(&mut cluster, "p"), "a");
}

#[test]
fn after_five_minutes_a_pod_is_tried_again_and_the_events_become_a_series() {
    let mut cluster = bare(1);
    cluster.run_for(secs(1));
    pod(&mut cluster, "p", "nodeSelector: {no: where}");
    cluster.run_for(secs(299));
    assert_eq!(events(&mut cluster, "FailedScheduling").len(), 1);
    cluster.run_for(secs(10));
    // The first failure changed the pod's status, so the second is about another version of it.
    assert_eq!(events(&mut cluster, "FailedScheduling").len(), 2);
    cluster.run_for(secs(310));
    let events = events(&mut cluster, "FailedScheduling");
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["series"]["count"], 2);
}

#[test]
fn gated_pods_wait_for_their_gates() {
    let mut cluster = empty();
    node(&mut cluster, "a", "4", "");
    pod(
        &mut cluster,
        "p",
        "schedulingGates: [{name: example.com/wait}]",
    );
    cluster.run_for(secs(30));
    assert_eq!(node_of(&mut cluster, "p"), "");
    assert!(events(&mut cluster, "FailedScheduling").is_empty());
    merge(
        &mut cluster,
        "/api/v1/namespaces/default/pods/p",
        json!({"spec": {"schedulingGates": null}}),
    );
    cluster.run_for(millis(100));
    assert_eq!(node_of(&mut cluster, "p"), "a");
}

#[test]
fn pods_of_a_service_are_spread_over_nodes_and_zones() {
    let mut cluster = empty();
    for (name, zone) in [("a", 1), ("b", 1), ("c", 2), ("d", 2)] {
        node(
            &mut cluster,
            name,
            "16",
            &format!("topology.kubernetes.io/zone: z{zone}"),
        );
    }
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}",
    );
    cluster.run_for(secs(1));
    let mut on = std::collections::BTreeMap::new();
    for i in 0..8 {
        pod(&mut cluster, &format!("p{i}"), "");
        cluster.run_for(millis(50));
        *on.entry(node_of(&mut cluster, &format!("p{i}")))
            .or_insert(0) += 1;
    }
    assert_eq!(on.into_values().collect::<Vec<_>>(), [2, 2, 2, 2]);
}

#[test]
fn pods_get_the_zone_and_the_region_of_their_node() {
    let mut cluster = empty();
    let (zone, region) = (
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
    );
    let labels = format!("{zone}: here, {region}: north, disk: fast");
    node(&mut cluster, "a", "4", &labels);
    pod(&mut cluster, "bound", "nodeSelector: {disk: fast}");
    cluster.run_for(secs(1));
    let placed = pod(&mut cluster, "placed", "nodeName: a");
    let bound = read(&mut cluster, "bound");
    for pod in [bound, placed] {
        let labels = json!({"app": "web", zone: "here", region: "north"});
        assert_eq!(pod["metadata"]["labels"], labels);
    }
    // A pod that waits has none, and one on a node without them neither.
    node(&mut cluster, "b", "4", "disk: slow");
    pod(&mut cluster, "slow", "nodeSelector: {disk: slow}");
    pod(&mut cluster, "waits", "nodeSelector: {disk: none}");
    cluster.run_for(secs(1));
    for name in ["slow", "waits"] {
        let labels = &read(&mut cluster, name)["metadata"]["labels"];
        assert_eq!(*labels, json!({"app": "web"}), "{name}");
    }
}

#[test]
fn constraints_that_cannot_hold_leave_pods_pending() {
    let mut cluster = empty();
    for name in ["a", "b", "c"] {
        node(&mut cluster, name, "16", "");
    }
    let away = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}";
    cluster.run_for(secs(1));
    for i in 0..4 {
        pod(&mut cluster, &format!("p{i}"), away);
    }
    cluster.run_for(secs(1));
    let mut nodes: Vec<String> = (0..3)
        .map(|i| node_of(&mut cluster, &format!("p{i}")))
        .collect();
    nodes.sort();
    assert_eq!(nodes, ["a", "b", "c"]);
    assert_eq!(
        scheduled(&mut cluster, "p3")["message"],
        "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
    );
}

#[test]
fn pods_of_higher_priority_take_the_place_of_others() {
    let mut cluster = empty();
    priority_class(&mut cluster, "five", 5, "PreemptLowerPriority");
    priority_class(&mut cluster, "ten", 10, "PreemptLowerPriority");
    node(&mut cluster, "a", "2", "");
    cluster.run_for(secs(1));
    pod(&mut cluster, "low-1", "terminationGracePeriodSeconds: 0");
    pod(
        &mut cluster,
        "low-2",
        "priorityClassName: five, terminationGracePeriodSeconds: 0",
    );
    cluster.run_for(secs(1));
    let pod = pod(&mut cluster, "high", "priorityClassName: ten");
    cluster.run_for(secs(1));
    assert_eq!(node_of(&mut cluster, "high"), "a");
    // The least important went, the other stayed.
    assert_eq!(read(&mut cluster, "low-1")["code"], 404);
    assert_eq!(node_of(&mut cluster, "low-2"), "a");
    let preempted = events(&mut cluster, "Preempted");
    assert_eq!(preempted.len(), 1);
    let message = format!("Preempted by pod {} on node a", uid(&pod));
    assert_eq!(preempted[0]["message"], message);
    let failed = events(&mut cluster, "FailedScheduling");
    assert_eq!(
        failed[0]["message"],
        "0/1 nodes are available: 1 Insufficient cpu."
    );
    assert!(read(&mut cluster, "high")["status"]["nominatedNodeName"].is_null());
}

#[test]
fn a_pod_that_may_not_preempt_says_so() {
    let mut cluster = empty();
    priority_class(&mut cluster, "polite", 10, "Never");
    node(&mut cluster, "a", "1", "");
    cluster.run_for(secs(1));
    pod(&mut cluster, "low", "");
    cluster.run_for(secs(1));
    pod(&mut cluster, "high", "priorityClassName: polite");
    cluster.run_for(secs(1));
    assert_eq!(
        scheduled(&mut cluster, "high")["message"],
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
    );
    assert_eq!(node_of(&mut cluster, "low"), "a");
}

#[test]
fn assumed_pods_count_at_once() {
    let mut cluster = empty();
    node(&mut cluster, "a", "3", "");
    node(&mut cluster, "b", "3", "");
    cluster.run_for(secs(1));
    for i in 0..7 {
        pod(&mut cluster, &format!("p{i}"), "");
    }
    cluster.run_for(secs(1));
    let placed: Vec<String> = (0..7)
        .map(|i| node_of(&mut cluster, &format!("p{i}")))
        .collect();
    for name in ["a", "b"] {
        assert_eq!(
            placed.iter().filter(|n| *n == name).count(),
            3,
            "{placed:?}"
        );
    }
}

#[test]
fn pods_go_where_the_images_of_their_volumes_are() {
    let mut cluster = empty();
    node(&mut cluster, "a", "16", "");
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Node, metadata: {name: b, labels: {kubernetes.io/hostname: b}}, status: {\
         conditions: [{type: Ready, status: 'True'}], allocatable: {cpu: 16, memory: 8Gi, pods: '110'}, \
         images: [{names: ['models:latest'], sizeBytes: 900000000}]}}",
    );
    cluster.run_for(millis(100));
    for name in ["one", "two", "three"] {
        pod(
            &mut cluster,
            name,
            "volumes: [{name: v, image: {reference: models}}]",
        );
        cluster.run_for(millis(100));
        assert_eq!(node_of(&mut cluster, name), "b");
    }
}

#[test]
fn decisions_are_explained_until_the_pod_goes() {
    let mut cluster = empty();
    node(&mut cluster, "a", "4", "");
    node(&mut cluster, "b", "8", "");
    node(&mut cluster, "tiny", "500m", "");
    cluster.run_for(secs(1));
    let pod = pod(&mut cluster, "p", "");
    cluster.run_for(secs(1));
    let uid = uid(&pod);
    let explanation = cluster
        .scheduler()
        .explanation(&uid)
        .expect("an explanation");
    assert_eq!(explanation.attempt, 1);
    assert_eq!(explanation.chosen.as_deref(), Some("b"));
    let verdict = |name: &str| {
        let found = explanation.nodes.iter().find(|n| &*n.node == name);
        found.expect("a verdict").verdict.clone()
    };
    let Verdict::Refused { plugin, reason } = verdict("tiny") else {
        panic!("tiny took the pod");
    };
    assert_eq!((plugin, &*reason), ("NodeResourcesFit", "Insufficient cpu"));
    let total = |verdict| match verdict {
        Verdict::Feasible { total, scores } => {
            let fit = scores.iter().find(|s| s.plugin == "NodeResourcesFit");
            assert!(fit.is_some_and(|s| s.raw == s.normalized && s.weight == 1));
            let taints = scores.iter().find(|s| s.plugin == "TaintToleration");
            assert!(taints.is_some_and(|s| s.raw == 0 && s.normalized == 100 && s.weight == 3));
            total
        }
        Verdict::Refused { .. } => panic!("refused"),
    };
    assert!(total(verdict("b")) > total(verdict("a")));
    let delete = Request::new(Method::Delete, "/api/v1/namespaces/default/pods/p")
        .with_query("gracePeriodSeconds", "0");
    json_of(cluster.request(&delete));
    cluster.run_for(secs(1));
    assert!(cluster.scheduler().explanation(&uid).is_none());
}

#[test]
fn the_decision_stands_in_the_chain_of_causes() {
    let mut cluster = empty();
    node(&mut cluster, "a", "4", "");
    cluster.run_for(secs(1));
    pod(&mut cluster, "p", "");
    cluster.run_for(secs(1));
    let causes = &cluster.kernel().causes;
    let last = (1..=u64::MAX)
        .map(kubarium::sim::CauseId)
        .take_while(|id| causes.get(*id).is_some())
        .find(|id| causes.get(*id).is_some_and(|c| c.verb == "schedule"));
    let id = last.expect("a decision");
    let cause = causes.get(id).expect("found above");
    assert_eq!(&*cause.subject, "/registry/pods/default/p");
    assert_eq!(&*cause.note, "a: 1 of 1 nodes are feasible");
    let chain: Vec<&str> = causes.chain(id).map(|(_, c)| c.verb).collect();
    assert_eq!(chain, ["schedule", "create", "request"]);
}

#[test]
fn the_same_seed_gives_the_same_placement() {
    let run = || {
        let mut cluster = bare(5);
        for i in 0..20 {
            pod(&mut cluster, &format!("p{i}"), "");
        }
        cluster.run_until(Time::EPOCH + secs(10));
        let nodes: Vec<String> = (0..20)
            .map(|i| node_of(&mut cluster, &format!("p{i}")))
            .collect();
        (nodes, cluster.kernel().trace.hash())
    };
    assert_eq!(run(), run());
}
