//! What stands behind Services: hints, hand-made Endpoints, and how many writes it takes.

use serde_json::Value;

use crate::common::get;

use super::{Terminal, answer, applied, asked_from, client, says, server, service, terminal, wait};

fn json(t: &mut Terminal, line: &str) -> Value {
    let text = says(t, line);
    serde_json::from_str(&text).expect("JSON")
}

fn slices(t: &mut Terminal, service: &str) -> Vec<Value> {
    let line =
        format!("kubectl get endpointslices -l kubernetes.io/service-name={service} -o json");
    json(t, &line)["items"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[test]
fn traffic_stays_near_if_a_service_prefers_that() {
    let mut t = terminal(2);
    for (node, zone) in [("worker-1", "east"), ("worker-2", "west")] {
        says(
            &mut t,
            &format!("kubectl label node {node} topology.kubernetes.io/zone={zone}"),
        );
    }
    applied(&mut t, &server("e", "app: web", "nodeName: worker-1,"));
    applied(&mut t, &server("w", "app: web", "nodeName: worker-2,"));
    let me = client("me", "a: b").replace("spec: {", "spec: {nodeName: worker-2, ");
    applied(&mut t, &me);
    applied(
        &mut t,
        &service("web", ", trafficDistribution: PreferClose"),
    );
    wait(&mut t, 40);
    let slice = slices(&mut t, "web");
    let hints: Vec<&Value> = slice[0]["endpoints"]
        .as_array()
        .expect("endpoints")
        .iter()
        .map(|e| &e["hints"]["forZones"][0]["name"])
        .collect();
    assert!(
        hints.iter().all(|h| **h == "east" || **h == "west"),
        "{hints:?}"
    );
    for _ in 0..6 {
        assert_eq!(asked_from(&mut t, "me", "http://web/hostname"), "w");
    }
    // When nobody is near, those far away are better than none.
    says(&mut t, "kubectl delete pod w");
    wait(&mut t, 40);
    assert_eq!(asked_from(&mut t, "me", "http://web/hostname"), "e");
    says(
        &mut t,
        "kubectl patch service web -p '{\"spec\": {\"trafficDistribution\": null}}'",
    );
    wait(&mut t, 3);
    assert!(slices(&mut t, "web")[0]["endpoints"][0]["hints"].is_null());
}

#[test]
fn hand_made_endpoints_are_mirrored() {
    let mut t = terminal(1);
    applied(&mut t, &server("db", "app: somewhere", ""));
    wait(&mut t, 40);
    let address = says(&mut t, "kubectl get pod db -o jsonpath={.status.podIP}");
    applied(
        &mut t,
        "{apiVersion: v1, kind: Service, metadata: {name: ext}, spec: {ports: [{port: 80}]}}",
    );
    let endpoints = |address: &str| {
        format!(
            "{{apiVersion: v1, kind: Endpoints, metadata: {{name: ext, labels: {{team: x}}}}, subsets: [{{addresses: [{{ip: {address}}}], ports: [{{port: 8080}}]}}]}}"
        )
    };
    applied(&mut t, &endpoints(&address));
    wait(&mut t, 3);
    let found = slices(&mut t, "ext");
    assert_eq!(found.len(), 1);
    let labels = &found[0]["metadata"]["labels"];
    assert_eq!(
        labels["endpointslice.kubernetes.io/managed-by"],
        "endpointslicemirroring-controller.k8s.io"
    );
    assert_eq!(labels["team"], "x");
    assert_eq!(
        found[0]["metadata"]["ownerReferences"][0]["kind"],
        "Endpoints"
    );
    assert_eq!(answer(&mut t, "http://ext/hostname"), "db");
    // It follows its original, and goes with it.
    applied(&mut t, &endpoints("10.244.77.77"));
    wait(&mut t, 3);
    let found = slices(&mut t, "ext");
    assert_eq!(found[0]["endpoints"][0]["addresses"][0], "10.244.77.77");
    says(
        &mut t,
        "kubectl label endpoints ext endpointslice.kubernetes.io/skip-mirror=true",
    );
    wait(&mut t, 3);
    assert!(slices(&mut t, "ext").is_empty());
}

#[test]
fn many_pods_share_the_writes_of_their_endpoints() {
    let mut t = terminal(3);
    applied(&mut t, &service("web", ""));
    const PATH: &str = "/api/v1/namespaces/default/endpoints/web";
    let version = |t: &mut Terminal| -> u64 {
        let endpoints = get(&mut t.desk.borrow_mut(), PATH);
        let version = endpoints["metadata"]["resourceVersion"].as_str();
        version.and_then(|v| v.parse().ok()).expect("a number")
    };
    wait(&mut t, 5);
    let before = version(&mut t);
    applied(
        &mut t,
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 150, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}}}",
    );
    wait(&mut t, 120);
    assert!(version(&mut t) > before);
    let endpoints = get(&mut t.desk.borrow_mut(), PATH);
    let addresses = endpoints["subsets"][0]["addresses"]
        .as_array()
        .expect("addresses");
    let ips: Vec<&str> = addresses.iter().filter_map(|a| a["ip"].as_str()).collect();
    assert_eq!(ips.len(), 150);
    assert!(ips.is_sorted(), "by address");
    let mut sizes: Vec<usize> = slices(&mut t, "web")
        .iter()
        .map(|s| s["endpoints"].as_array().map_or(0, Vec::len))
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes.iter().sum::<usize>(), 150);
    assert!(sizes.iter().all(|n| *n <= 100), "{sizes:?}");
    // One pod less is one address less, in one slice.
    says(&mut t, "kubectl scale deployment web --replicas=149");
    wait(&mut t, 40);
    let total: usize = slices(&mut t, "web")
        .iter()
        .map(|s| s["endpoints"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(total, 149);
}
