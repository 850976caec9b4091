//! Whoever is deleted as `Orphan` leaves its dependents alone, and without an owner.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::{Rng, millis, secs};
use serde_json::{Value, json};

use crate::common::{collection, get, json_of};

const RUNS: u64 = 5;

/// An owner, and where its dependents are.
fn owners(rng: &mut Rng) -> Vec<(Value, &'static str)> {
    const PODS: &str = "/api/v1/namespaces/default/pods";
    let replicas = rng.between(1, 4);
    let owner = |version: &str, kind: &str, spec: Value| {
        let name = kind.to_lowercase();
        let mut spec = spec;
        spec["template"] = json!({"metadata": {"labels": {"app": name}}, "spec": {
            "terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "nginx"}]}});
        if kind == "Job" {
            // The selector of a Job is made for it.
            spec["template"]["spec"]["restartPolicy"] = json!("Never");
        } else if kind == "ReplicationController" {
            spec["selector"] = json!({"app": name});
        } else {
            spec["selector"] = json!({"matchLabels": {"app": name}});
        }
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
    };
    vec![
        (
            owner("apps/v1", "Deployment", json!({"replicas": replicas})),
            "/apis/apps/v1/namespaces/default/replicasets",
        ),
        (
            owner("apps/v1", "ReplicaSet", json!({"replicas": replicas})),
            PODS,
        ),
        (
            owner(
                "apps/v1",
                "StatefulSet",
                json!({"replicas": replicas, "serviceName": "x"}),
            ),
            PODS,
        ),
        (owner("apps/v1", "DaemonSet", json!({})), PODS),
        (
            owner("v1", "ReplicationController", json!({"replicas": replicas})),
            PODS,
        ),
        (
            owner(
                "batch/v1",
                "Job",
                json!({"parallelism": replicas, "completions": 9}),
            ),
            PODS,
        ),
    ]
}

fn owned_by<'l>(list: &'l Value, uid: &Value) -> Vec<&'l str> {
    let items = list["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let owned = items.iter().filter(|item| {
        let owners = item["metadata"]["ownerReferences"].as_array();
        owners.into_iter().flatten().any(|o| o["uid"] == *uid)
    });
    owned
        .filter_map(|item| item["metadata"]["uid"].as_str())
        .collect()
}

fn run(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut cluster = Cluster::new(Config::bare(seed, 3));
    cluster.run_for(secs(20));
    let mut owners = owners(&mut rng);
    rng.shuffle(&mut owners);
    for (owner, dependents) in owners {
        let at = collection(&owner, "default");
        let kind = owner["kind"].clone();
        let path = format!("{at}/{}", owner["metadata"]["name"].as_str().unwrap_or("?"));
        let made = json_of(cluster.request(&Request::new(Method::Post, at).with_body(owner)));
        let uid = made["metadata"]["uid"].clone();
        // In the middle of things, or when they have come to rest.
        let quick = rng.chance(500);
        cluster.run_for(if quick {
            millis(rng.between(100, 900))
        } else {
            secs(10)
        });
        let before = get(&mut cluster, dependents);
        let had = owned_by(&before, &uid);
        let orphan =
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan"});
        let gone = cluster.request(&Request::new(Method::Delete, path.clone()).with_body(orphan));
        if !gone.is_success() {
            return Err(format!("{path}: {}", json_of(gone)));
        }
        cluster.run_for(secs(15));
        if cluster.request(&Request::get(path)).is_success() {
            return Err(format!("the {kind} is still there"));
        }
        let after = get(&mut cluster, dependents);
        let left = owned_by(&after, &uid);
        if !left.is_empty() {
            return Err(format!("{} dependents still name the {kind}", left.len()));
        }
        let items = after["items"].as_array().cloned().unwrap_or_default();
        for uid in had {
            let Some(left) = items.iter().find(|i| i["metadata"]["uid"] == uid) else {
                return Err(format!("a dependent of the {kind} went with it"));
            };
            if !left["metadata"]["deletionTimestamp"].is_null() {
                return Err(format!("a dependent of the {kind} is being deleted"));
            }
        }
    }
    Ok(())
}

#[test]
fn orphans_stay_and_have_no_owner() {
    for seed in super::seeds().into_iter().take(RUNS as usize) {
        if let Err(why) = run(seed) {
            panic!("KUBARIUM_SEED={seed}: {why}");
        }
    }
}
