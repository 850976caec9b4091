//! The network as its users see it: names, Services, nodes' ports, and simulated clients.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config, Timeline};
use kubarium::network::{HttpCall, HttpResult, Origin, Outcome};
use kubarium::sim::{millis, secs};
use serde_json::json;

use crate::common::{bare, create, created, get, json_of};

/// A Deployment of `replicas` pods and a Service in front of them.
fn web(cluster: &mut Cluster, replicas: usize, service: &str) {
    created(
        cluster,
        &format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: nginx, ports: [{{containerPort: 80}}]}}]}}}}}}}}"
        ),
    );
    created(
        cluster,
        &format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 80}}], {service}}}}}"
        ),
    );
    cluster.run_for(secs(5));
}

fn call(url: &str) -> HttpCall {
    HttpCall {
        origin: Origin::Client,
        namespace: "default".to_owned(),
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        timeout_millis: Some(20_000),
    }
}

fn curl(cluster: &mut Cluster, url: &str) -> HttpResult {
    send(cluster, &call(url))
}

fn send(cluster: &mut Cluster, call: &HttpCall) -> HttpResult {
    let number = cluster.http(call).expect("a URL");
    let limit = cluster.now() + secs(200);
    let done = cluster.run_while_not(limit, |c| c.http_result(number).is_some());
    assert!(done, "no result");
    cluster.http_result(number).expect("a result").clone()
}

fn scale(cluster: &mut Cluster, replicas: usize) {
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let mut object = get(cluster, path);
    object["spec"]["replicas"] = json!(replicas);
    let response = cluster.request(&Request::new(Method::Put, path).with_body(object));
    assert!(response.is_success(), "{:?}", response.body);
}

fn delete(cluster: &mut Cluster, path: &str) {
    json_of(cluster.request(&Request::new(Method::Delete, path)));
}

fn cluster_ip(cluster: &mut Cluster) -> String {
    let service = get(cluster, "/api/v1/namespaces/default/services/web");
    service["spec"]["clusterIP"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn pod_addresses(cluster: &mut Cluster) -> Vec<String> {
    let pods = get(cluster, "/api/v1/namespaces/default/pods");
    let items = pods["items"].as_array().cloned().unwrap_or_default();
    let address = |p: &serde_json::Value| p["status"]["podIP"].as_str().map(str::to_owned);
    items.iter().filter_map(address).collect()
}

#[test]
fn a_service_answers_by_every_form_of_its_name_and_by_address() {
    let mut cluster = bare(3);
    web(&mut cluster, 2, "");
    let address = cluster_ip(&mut cluster);
    for url in [
        "http://web",
        "http://web.default",
        "http://web.default.svc/",
        "http://web.default.svc.cluster.local/index.html",
        &format!("http://{address}:80/"),
    ] {
        let result = curl(&mut cluster, url);
        assert_eq!(result.outcome, Outcome::Answered(200), "{url}");
        assert_eq!(result.address.as_deref(), Some(&*address), "{url}");
        assert!(result.body.starts_with("web-"), "{url}: {}", result.body);
        let took = result.finished.since(result.started);
        assert!(took < millis(10), "{url}: {took:?}");
    }
}

#[test]
fn requests_are_spread_over_the_pods() {
    let mut cluster = bare(3);
    web(&mut cluster, 3, "");
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..60 {
        let result = curl(&mut cluster, "http://web");
        *seen.entry(result.body).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 3);
    assert!(seen.values().all(|n| *n >= 8), "{seen:?}");
}

#[test]
fn session_affinity_keeps_a_client_with_one_pod() {
    let mut cluster = bare(3);
    web(&mut cluster, 3, "sessionAffinity: ClientIP");
    let first = curl(&mut cluster, "http://web").body;
    for _ in 0..20 {
        assert_eq!(curl(&mut cluster, "http://web").body, first);
    }
}

#[test]
fn failures_are_told_apart() {
    let mut cluster = bare(2);
    web(&mut cluster, 0, "");
    let address = cluster_ip(&mut cluster);
    let cases = [
        ("http://nothing", Outcome::NameNotFound),
        ("http://web.other", Outcome::NameNotFound),
        ("http://example.com", Outcome::NameNotFound),
        // A Service without endpoints rejects.
        ("http://web", Outcome::Refused),
        // A port that the Service does not have, and an address that no Service has.
        (&format!("http://{address}:81"), Outcome::Timeout),
        ("http://10.111.222.33", Outcome::Timeout),
        ("http://10.244.0.250", Outcome::Unreachable),
        ("http://localhost", Outcome::Refused),
    ];
    for (url, outcome) in cases {
        assert_eq!(curl(&mut cluster, url).outcome, outcome, "{url}");
    }
    assert!(cluster.http(&call("https://web")).is_err());
}

#[test]
fn a_node_port_answers_on_every_node() {
    let mut cluster = bare(3);
    web(&mut cluster, 1, "type: NodePort");
    let service = get(&mut cluster, "/api/v1/namespaces/default/services/web");
    let port = service["spec"]["ports"][0]["nodePort"]
        .as_i64()
        .expect("a node port");
    let nodes = get(&mut cluster, "/api/v1/nodes");
    let mut asked = 0;
    for node in nodes["items"].as_array().expect("nodes") {
        let addresses = node["status"]["addresses"].as_array().expect("addresses");
        let internal = addresses.iter().find(|a| a["type"] == "InternalIP");
        let Some(address) = internal.and_then(|a| a["address"].as_str()) else {
            continue;
        };
        asked += 1;
        let result = curl(&mut cluster, &format!("http://{address}:{port}/"));
        assert_eq!(result.outcome, Outcome::Answered(200), "{address}");
    }
    assert_eq!(asked, 3);
}

#[test]
fn headless_names_lead_to_the_pods_themselves() {
    let mut cluster = bare(3);
    web(&mut cluster, 3, "clusterIP: None");
    let pods = pod_addresses(&mut cluster);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..30 {
        let result = curl(&mut cluster, "http://web");
        assert_eq!(result.outcome, Outcome::Answered(200));
        let address = result.address.expect("an address").to_string();
        assert!(pods.contains(&address), "{address} is none of {pods:?}");
        seen.insert(address);
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn rules_follow_endpoints_after_the_proxys_own_delay() {
    let mut cluster = bare(2);
    web(&mut cluster, 1, "");
    cluster.run_for(secs(5));
    scale(&mut cluster, 0);
    // The pod is gone within milliseconds; the rules still lead to it.
    let gone = |c: &Cluster| {
        let pods = c
            .server()
            .list::<k8s_openapi::api::core::v1::Pod>(Some("default"));
        pods.is_empty()
    };
    let limit = cluster.now() + secs(5);
    assert!(cluster.run_while_not(limit, gone));
    let stale = curl(&mut cluster, "http://web");
    assert_eq!(stale.outcome, Outcome::Unreachable);
    cluster.run_for(secs(3));
    assert_eq!(curl(&mut cluster, "http://web").outcome, Outcome::Refused);
}

fn traffic(cluster: &mut Cluster, spec: &str) {
    created(
        cluster,
        &format!(
            "{{apiVersion: play.kubarium.dev/v1alpha1, kind: Traffic, metadata: {{name: users}}, spec: {{url: 'http://web/', {spec}}}}}"
        ),
    );
}

const TRAFFIC: &str = "/apis/play.kubarium.dev/v1alpha1/namespaces/default/traffics/users";

#[test]
fn traffic_flows_while_its_object_exists() {
    let mut cluster = bare(3);
    web(&mut cluster, 2, "");
    traffic(&mut cluster, "rate: 20, clients: 3");
    let first = cluster.network().next_flow();
    cluster.run_for(secs(10));
    let now = cluster.now();
    let stats = cluster.network().stats("default", "web", 10, now);
    assert!((170..230).contains(&stats.requests), "{stats:?}");
    assert_eq!(stats.success_per_mille(), Some(1000));
    assert_eq!(
        cluster.network().traffic_stats("default", "users", 10, now),
        stats
    );
    let mut from = std::collections::BTreeSet::new();
    let mut pods = std::collections::BTreeSet::new();
    for flow in cluster.network().flows_since(first) {
        assert_eq!(flow.host, "web".into());
        from.insert(flow.from.clone());
        if let Some(endpoint) = &flow.endpoint {
            pods.insert(endpoint.pod.clone());
            let arrives = flow.arrives.expect("it has a way");
            assert!(flow.started <= flow.resolved && flow.resolved < arrives);
        }
    }
    assert_eq!((from.len(), pods.len()), (3, 2));

    let mut paused = get(&mut cluster, TRAFFIC);
    paused["spec"]["paused"] = json!(true);
    cluster.request(&Request::new(Method::Put, TRAFFIC).with_body(paused));
    cluster.run_for(secs(1));
    let quiet = cluster.network().next_flow();
    cluster.run_for(secs(10));
    assert_eq!(cluster.network().next_flow(), quiet);

    let mut faster = get(&mut cluster, TRAFFIC);
    faster["spec"]["paused"] = json!(false);
    faster["spec"]["rate"] = json!(100);
    cluster.request(&Request::new(Method::Put, TRAFFIC).with_body(faster));
    cluster.run_for(secs(10));
    let sent = cluster.network().next_flow() - quiet;
    assert!((900..1100).contains(&sent), "{sent}");

    delete(&mut cluster, TRAFFIC);
    cluster.run_for(secs(1));
    let end = cluster.network().next_flow();
    cluster.run_for(secs(10));
    assert_eq!(cluster.network().next_flow(), end);
}

#[test]
fn traffic_to_nothing_fails_and_is_counted_by_kind() {
    let mut cluster = bare(2);
    traffic(&mut cluster, "");
    cluster.run_for(secs(10));
    let now = cluster.now();
    let stats = cluster.network().traffic_stats("default", "users", 9, now);
    assert!(
        stats.requests > 60 && stats.names == stats.requests,
        "{stats:?}"
    );
    web(&mut cluster, 0, "");
    cluster.run_for(secs(10));
    let now = cluster.now();
    let stats = cluster.network().stats("default", "web", 5, now);
    assert!(
        stats.requests > 30 && stats.refused == stats.requests,
        "{stats:?}"
    );
}

#[test]
fn traffic_has_defaults_and_limits() {
    let mut cluster = bare(1);
    traffic(&mut cluster, "");
    let spec = get(&mut cluster, TRAFFIC)["spec"].clone();
    assert_eq!(
        (&spec["rate"], &spec["clients"], &spec["timeoutMillis"]),
        (&json!(10), &json!(1), &json!(1000))
    );
    for spec in [
        "{}",
        "{url: 'https://web'}",
        "{url: 'http://web', rate: 5000}",
    ] {
        let yaml = format!(
            "{{apiVersion: play.kubarium.dev/v1alpha1, kind: Traffic, metadata: {{name: bad}}, spec: {spec}}}"
        );
        assert_eq!(create(&mut cluster, &yaml).code, 422, "{spec}");
    }
}

#[test]
fn single_requests_are_part_of_the_history() {
    let mut timeline = Timeline::new(Config::bare(3, 2));
    timeline.run_until(timeline.now() + secs(1), usize::MAX);
    let number = timeline.http(&call("http://nothing")).expect("a URL");
    timeline.run_until(timeline.now() + secs(9), usize::MAX);
    let hash = timeline.cluster().kernel().trace.hash();
    let result = timeline.cluster().http_result(number).cloned();
    let end = timeline.now();
    timeline.seek(timeline.start());
    assert!(timeline.cluster().http_result(number).is_none());
    timeline.seek(end);
    assert_eq!(timeline.cluster().http_result(number), result.as_ref());
    assert_eq!(timeline.cluster().kernel().trace.hash(), hash);
}

/// The cluster that the page opens on, with a web server of `replicas` pods that says when it is
/// ready, and users.
fn playground(replicas: usize, container: &str) -> Cluster {
    let mut cluster = Cluster::new(Config::playground(1, 3));
    cluster.run_for(secs(60));
    created(
        &mut cluster,
        &format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: 'nginx:1.27', readinessProbe: {{httpGet: {{port: 80}}, periodSeconds: 1}}, {container}}}]}}}}}}}}"
        ),
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}",
    );
    cluster.run_for(secs(60));
    traffic(&mut cluster, "rate: 200, clients: 3");
    cluster.run_for(secs(10));
    cluster
}

/// Rolls to another image; returns how requests fared meanwhile.
fn roll(cluster: &mut Cluster) -> kubarium::network::Stats {
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let mut object = get(cluster, path);
    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.28");
    let response = cluster.request(&Request::new(Method::Put, path).with_body(object));
    assert!(response.is_success(), "{:?}", response.body);
    cluster.run_for(secs(60));
    let status = get(cluster, path)["status"].clone();
    assert_eq!(
        status["updatedReplicas"], status["availableReplicas"],
        "{status}"
    );
    let now = cluster.now();
    cluster.network().stats("default", "web", 60, now)
}

#[test]
fn real_pods_answer_through_their_service() {
    let mut cluster = playground(3, "");
    let now = cluster.now();
    let stats = cluster.network().stats("default", "web", 5, now);
    assert!(stats.requests > 200, "{stats:?}");
    assert_eq!(stats.success_per_mille(), Some(1000), "{stats:?}");
    let result = curl(&mut cluster, "http://web");
    assert_eq!(result.outcome, Outcome::Answered(200));
    assert!(!result.body.is_empty());
}

#[test]
fn pods_that_stop_at_once_hurt_a_few_and_pods_that_wait_hurt_nobody() {
    let mut cluster = playground(3, "");
    let hasty = roll(&mut cluster);
    assert!(hasty.requests > 2000, "{hasty:?}");
    // The rules lag behind the pods that stop serving.
    assert!(hasty.failures() > 0 && hasty.failures() < 200, "{hasty:?}");
    let wait = "lifecycle: {preStop: {sleep: {seconds: 5}}}";
    let mut cluster = playground(3, wait);
    let patient = roll(&mut cluster);
    assert_eq!(patient.failures(), 0, "{patient:?}");
}
