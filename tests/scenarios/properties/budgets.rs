//! Disruption budgets: whoever evicts, and however many do at once, as many pods as promised stay
//! healthy; and a drain that the budget allows comes to its end.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use kubarium::apiserver::request::MERGE_PATCH;
use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::kubelet::Runtime;
use kubarium::sim::{Rng, millis, secs};
use serde_json::{Value, json};

use crate::common::created;

const RUNS: u64 = 6;
const PODS: &str = "/api/v1/namespaces/default/pods";

/// A budget, and how many of `replicas` pods it keeps healthy.
fn budget(rng: &mut Rng, replicas: u64) -> (Value, u64) {
    let percent = rng.below(11) * 10;
    // Percentages are rounded up, both ways.
    let scaled = (replicas * percent).div_ceil(100);
    let number = rng.below(replicas + 1);
    match rng.below(4) {
        0 => (json!({"minAvailable": number}), number),
        1 => (json!({"minAvailable": format!("{percent}%")}), scaled),
        2 => (json!({"maxUnavailable": number}), replicas - number),
        _ => (
            json!({"maxUnavailable": format!("{percent}%")}),
            replicas.saturating_sub(scaled),
        ),
    }
}

fn pods(cluster: &Cluster) -> Vec<Rc<Pod>> {
    cluster.server().list(Some("default"))
}

fn is_healthy(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    let mut all = conditions.into_iter().flatten();
    pod.metadata.deletion_timestamp.is_none()
        && all.any(|c| c.type_ == "Ready" && c.status == "True")
}

fn healthy(cluster: &Cluster) -> u64 {
    pods(cluster).iter().filter(|p| is_healthy(p)).count() as u64
}

fn evict(cluster: &mut Cluster, name: &str, rng: &mut Rng) -> u16 {
    let mut body =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
    if rng.chance(300) {
        body["deleteOptions"] = json!({"gracePeriodSeconds": rng.below(3)});
    }
    let path = format!("{PODS}/{name}/eviction");
    let answer = cluster.request(&Request::new(Method::Post, path).with_body(body));
    assert!(
        matches!(answer.code, 201 | 404 | 429),
        "{}: {:?}",
        answer.code,
        answer.body
    );
    answer.code
}

fn cordon(cluster: &mut Cluster, node: &str, on: bool) {
    let path = format!("/api/v1/nodes/{node}");
    let body = json!({"spec": {"unschedulable": on}});
    let mut request = Request::new(Method::Patch, path).with_body(body);
    request.content_type = MERGE_PATCH;
    assert!(cluster.request(&request).is_success());
}

/// The names of the pods of a node.
fn on(cluster: &Cluster, node: &str) -> Vec<String> {
    let of = |p: &&Rc<Pod>| p.spec.as_ref().and_then(|s| s.node_name.as_deref()) == Some(node);
    let all = pods(cluster);
    let names = all
        .iter()
        .filter(of)
        .filter_map(|p| p.metadata.name.clone());
    names.collect()
}

fn run(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut config = Config::bare(seed, 4);
    if rng.chance(500) {
        for node in &mut config.nodes {
            node.runtime = Runtime::Simulated;
        }
    }
    let mut cluster = Cluster::new(config);
    cluster.run_for(secs(20));
    let replicas = rng.between(2, 9);
    let labels = json!({"app": "web"});
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 1,
            "containers": [{"name": "c", "image": "nginx"}]}}}});
    created(&mut cluster, &web.to_string());
    let (mut spec, least) = budget(&mut rng, replicas);
    let plan = format!("{replicas} replicas, {spec}");
    spec["selector"] = json!({"matchLabels": labels});
    let pdb = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": spec});
    created(&mut cluster, &pdb.to_string());
    cluster.run_for(secs(120));
    if healthy(&cluster) != replicas {
        return Err(format!("{plan}: {} are healthy", healthy(&cluster)));
    }
    let check = |cluster: &Cluster| match healthy(cluster) {
        few if few < least => Err(format!("{plan}: {few} are healthy, {least} have to be")),
        _ => Ok(()),
    };
    for _ in 0..rng.between(3, 8) {
        // Some are evicted at random, several at one instant, or a node is drained.
        let node = format!("node-{}", rng.below(4));
        let drains = rng.chance(500);
        if drains {
            cordon(&mut cluster, &node, true);
        }
        let mut rounds = 0;
        loop {
            let names = match drains {
                true => on(&cluster, &node),
                false => pods(&cluster)
                    .iter()
                    .filter_map(|p| p.metadata.name.clone())
                    .collect(),
            };
            for name in &names {
                if drains || rng.chance(500) {
                    evict(&mut cluster, name, &mut rng);
                    check(&cluster)?;
                }
            }
            let until = cluster.now() + millis(rng.between(200, 6_000));
            while cluster.step(until) {
                check(&cluster)?;
            }
            cluster.run_until(until);
            rounds += 1;
            if !drains || on(&cluster, &node).is_empty() {
                break;
            }
            if rounds > 60 && least < replicas {
                return Err(format!(
                    "{plan}: {node} is not drained: {:?}",
                    on(&cluster, &node)
                ));
            }
            if rounds > 60 {
                break;
            }
        }
        if drains {
            cordon(&mut cluster, &node, false);
        }
    }
    Ok(())
}

#[test]
fn evictions_never_break_a_budget_and_drains_end() {
    for seed in super::seeds().into_iter().take(RUNS as usize) {
        if let Err(why) = run(seed) {
            panic!("KUBARIUM_SEED={seed}: {why}");
        }
    }
}
