//! Disruption budgets and evictions, as a user of the API meets them.

use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::Cluster;
use kubarium::sim::{Rng, millis, secs};
use serde_json::{Value, json};

use crate::common::{bare, create, created, get, json_of};

const PDB: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/p";

fn web(cluster: &mut Cluster, replicas: u64) {
    created(
        cluster,
        &format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: nginx}}]}}}}}}}}"
        ),
    );
    cluster.run_for(secs(10));
}

fn budget(cluster: &mut Cluster, name: &str, spec: &str) {
    created(
        cluster,
        &format!(
            "{{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: {name}}}, spec: {{selector: {{matchLabels: {{app: web}}}}, {spec}}}}}"
        ),
    );
    cluster.run_for(secs(1));
}

fn pods(cluster: &mut Cluster) -> Vec<Value> {
    let list = get(cluster, "/api/v1/namespaces/default/pods");
    list["items"].as_array().cloned().unwrap_or_default()
}

fn name(pod: &Value) -> String {
    pod["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn evict(cluster: &mut Cluster, name: &str) -> Response {
    let path = format!("/api/v1/namespaces/default/pods/{name}/eviction");
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
    cluster.request(&Request::new(Method::Post, path).with_body(body))
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    pod["metadata"]["deletionTimestamp"].is_null()
        && conditions
            .iter()
            .any(|c| c["type"] == "Ready" && c["status"] == "True")
}

#[test]
fn budgets_count_what_they_can_spare() {
    for (spec, desired, allowed) in [
        ("minAvailable: 2", 2, 3),
        ("minAvailable: 50%", 3, 2),
        ("maxUnavailable: 1", 4, 1),
        ("maxUnavailable: 30%", 3, 2),
        ("minAvailable: 100%", 5, 0),
        ("minAvailable: 9", 9, 0),
    ] {
        let mut cluster = bare(3);
        cluster.run_for(secs(5));
        web(&mut cluster, 5);
        budget(&mut cluster, "p", spec);
        let status = get(&mut cluster, PDB)["status"].clone();
        let got = (&status["desiredHealthy"], &status["disruptionsAllowed"]);
        assert_eq!(got, (&json!(desired), &json!(allowed)), "{spec}");
        assert_eq!(
            (&status["expectedPods"], &status["currentHealthy"]),
            (&json!(5), &json!(5))
        );
        let reason = if allowed > 0 {
            "SufficientPods"
        } else {
            "InsufficientPods"
        };
        assert_eq!(status["conditions"][0]["reason"], reason);
    }
}

#[test]
fn an_eviction_beyond_the_budget_is_told_to_come_again() {
    let mut cluster = bare(3);
    cluster.run_for(secs(5));
    web(&mut cluster, 3);
    budget(&mut cluster, "p", "minAvailable: 2");
    let all = pods(&mut cluster);
    assert_eq!(evict(&mut cluster, &name(&all[0])).code, 201);
    let noted = get(&mut cluster, PDB)["status"].clone();
    assert_eq!(noted["disruptionsAllowed"], 0);
    assert!(noted["disruptedPods"][name(&all[0])].is_string());
    let refused = evict(&mut cluster, &name(&all[1]));
    assert_eq!(refused.code, 429);
    let status = json_of(refused);
    assert_eq!(
        status["message"],
        "Cannot evict pod as it would violate the pod's disruption budget."
    );
    assert_eq!(
        status["details"]["causes"],
        json!([{
            "reason": "DisruptionBudget",
            "message": "The disruption budget p does not allow evicting pods currently",
        }])
    );
    cluster.run_for(secs(1));
    let status = json_of(evict(&mut cluster, &name(&all[1])));
    if status["code"] == 429 {
        assert_eq!(
            status["details"]["causes"][0]["message"],
            "The disruption budget p needs 2 healthy pods and has 2 currently"
        );
    }
    cluster.run_for(secs(60));
    let one = name(&pods(&mut cluster)[0]);
    assert_eq!(
        evict(&mut cluster, &one).code,
        201,
        "there is a third pod again"
    );
    cluster.run_for(secs(60));
    budget(&mut cluster, "second", "minAvailable: 1");
    let one = name(&pods(&mut cluster)[0]);
    let refused = evict(&mut cluster, &one);
    assert_eq!(refused.code, 500);
    assert_eq!(
        json_of(refused)["message"],
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    );
}

#[test]
fn what_cannot_be_scaled_has_no_share() {
    let mut cluster = bare(2);
    cluster.run_for(secs(5));
    created(
        &mut cluster,
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}}}",
    );
    cluster.run_for(secs(10));
    budget(&mut cluster, "p", "maxUnavailable: 1");
    let status = get(&mut cluster, PDB)["status"].clone();
    assert_eq!(status["conditions"][0]["reason"], "SyncFailed");
    let why = "daemonsets.apps does not implement the scale subresource";
    assert_eq!(status["conditions"][0]["message"], why);
    let events = get(&mut cluster, "/api/v1/namespaces/default/events");
    let words = format!("Failed to calculate the number of expected pods: {why}");
    let mut events = events["items"].as_array().into_iter().flatten();
    assert!(
        events.any(|e| e["message"] == words && e["reason"] == "CalculateExpectedPodCountFailed")
    );
    let one = name(&pods(&mut cluster)[0]);
    let causes = json_of(evict(&mut cluster, &one))["details"]["causes"].clone();
    let told = causes[0]["message"].as_str().unwrap_or_default().to_owned();
    assert!(told.contains("being processed by the server"), "{told}");
}

#[test]
fn budgets_are_refused_in_upstreams_words() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    for (spec, message) in [
        (
            "{minAvailable: 1, maxUnavailable: 1}",
            "spec: Invalid value: {\"MinAvailable\":1,\"Selector\":null,\"MaxUnavailable\":1,\"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both set",
        ),
        (
            "{minAvailable: 120%}",
            "spec.minAvailable: Invalid value: \"120%\": must not be greater than 100%",
        ),
        (
            "{maxUnavailable: -1}",
            "spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "{minAvailable: 1, unhealthyPodEvictionPolicy: Never}",
            "spec.unhealthyPodEvictionPolicy: Unsupported value: \"Never\": supported values: \"AlwaysAllow\", \"IfHealthyBudget\"",
        ),
    ] {
        let yaml = format!(
            "{{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: x}}, spec: {spec}}}"
        );
        let status = json_of(create(&mut cluster, &yaml));
        assert_eq!(
            status["message"],
            format!("PodDisruptionBudget.policy \"x\" is invalid: {message}")
        );
    }
}

/// Whatever is evicted and however the Deployment is scaled: an eviction that is let in leaves as many
/// pods ready as the budget asks for.
#[test]
fn evictions_never_break_a_budget() {
    for seed in 1..=20u64 {
        let mut rng = Rng::new(seed);
        let mut cluster = bare(4);
        cluster.run_for(secs(5));
        web(&mut cluster, 3 + rng.below(6));
        let spec = match rng.below(3) {
            0 => format!("minAvailable: {}", 1 + rng.below(5)),
            1 => format!("minAvailable: {}%", 10 * (1 + rng.below(9))),
            _ => format!("maxUnavailable: {}", rng.below(3)),
        };
        budget(&mut cluster, "p", &spec);
        let mut evicted = 0;
        for _ in 0..60 {
            cluster.run_for(millis(rng.below(1500)));
            if rng.below(8) == 0 {
                let path = "/apis/apps/v1/namespaces/default/deployments/web/scale";
                let mut scale = get(&mut cluster, path);
                scale["spec"]["replicas"] = (3 + rng.below(6)).into();
                cluster.request(&Request::new(Method::Put, path).with_body(scale));
                // What is scaled away is nobody's eviction.
                cluster.run_for(secs(3));
            }
            let all = pods(&mut cluster);
            let Some(one) = rng.pick(&all).cloned() else {
                continue;
            };
            let harmless = !is_ready(&one);
            if evict(&mut cluster, &name(&one)).code == 201 && !harmless {
                evicted += 1;
                let ready = pods(&mut cluster).iter().filter(|p| is_ready(p)).count() as i64;
                let desired = get(&mut cluster, PDB)["status"]["desiredHealthy"]
                    .as_i64()
                    .unwrap_or(0);
                assert!(
                    ready >= desired,
                    "seed {seed}, {spec}: {ready} ready, {desired} wanted"
                );
            }
        }
        assert!(
            evicted > 0 || !spec.starts_with("minAvailable: 1"),
            "seed {seed}: {spec} let nothing go"
        );
    }
}
