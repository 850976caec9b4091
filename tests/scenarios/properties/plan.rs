//! What happens to a random Deployment, decided before it starts.

use std::time::Duration;

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{Rng, millis};
use serde_json::{Value, json};

use super::invariants::Invariants;
use crate::common::{collection, get, json_of};

const WEB: &str = "/apis/apps/v1/namespaces/default/deployments/web";
const PODS: &str = "/api/v1/namespaces/default/pods";

#[derive(Debug)]
pub struct Plan {
    /// Whether pods have containers that are pulled, started and probed.
    pub simulated: bool,
    pub replicas: u64,
    pub recreate: bool,
    pub surge: Value,
    pub unavailable: Value,
    pub min_ready_seconds: u64,
    pub probe: bool,
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct Step {
    pub after: Duration,
    pub change: Change,
}

#[derive(Debug)]
pub enum Change {
    Create,
    /// To this version of the image.
    Image(u64),
    /// To a template whose pods cannot run.
    Break(Breakage),
    Scale(u64),
    DeletePod,
    Pause,
    Resume,
}

#[derive(Debug)]
pub enum Breakage {
    NoNode,
    NoImage,
}

/// A number, or a percentage.
fn bound(rng: &mut Rng) -> Value {
    if rng.chance(500) {
        json!(rng.below(5))
    } else {
        json!(format!("{}%", rng.below(11) * 10))
    }
}

fn is_nothing(value: &Value) -> bool {
    *value == json!(0) || *value == json!("0%")
}

impl Plan {
    pub fn random(rng: &mut Rng) -> Plan {
        let surge = bound(rng);
        let mut unavailable = bound(rng);
        if is_nothing(&surge) && is_nothing(&unavailable) {
            unavailable = json!(1);
        }
        let simulated = rng.chance(350);
        let mut plan = Plan {
            simulated,
            replicas: rng.below(13),
            recreate: rng.chance(100),
            surge,
            unavailable,
            min_ready_seconds: if rng.chance(300) { rng.below(4) } else { 0 },
            probe: rng.chance(500),
            steps: vec![Step {
                after: Duration::ZERO,
                change: Change::Create,
            }],
        };
        for _ in 0..rng.between(1, 6) {
            let change = match rng.below(10) {
                0..4 => Change::Image(rng.below(4)),
                4 => Change::Break(Breakage::NoNode),
                5 => Change::Break(Breakage::NoImage),
                6 => Change::Scale(rng.below(13)),
                7 => Change::DeletePod,
                8 => Change::Pause,
                _ => Change::Resume,
            };
            // In the middle of things, or when they have come to rest.
            let after = match (rng.chance(600), simulated) {
                (true, false) => millis(rng.below(80)),
                (true, true) => millis(rng.below(4_000)),
                (false, false) => millis(rng.between(1_000, 20_000)),
                (false, true) => millis(rng.between(10_000, 60_000)),
            };
            plan.steps.push(Step { after, change });
        }
        plan
    }
}

impl Change {
    pub fn apply(&self, cluster: &mut Cluster, invariants: &mut Invariants, rng: &mut Rng) {
        match self {
            Change::Create => create(cluster, invariants.plan()),
            Change::Image(version) => {
                let image = format!("nginx:1.2{version}");
                edit(cluster, |d| {
                    d["spec"]["template"]["spec"]["nodeSelector"] = json!(null);
                    d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
                });
            }
            Change::Break(Breakage::NoNode) => edit(cluster, |d| {
                d["spec"]["template"]["spec"]["nodeSelector"] = json!({"no": "where"});
            }),
            Change::Break(Breakage::NoImage) => edit(cluster, |d| {
                d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("no/such:image");
            }),
            Change::Scale(replicas) => {
                invariants.disturb();
                edit(cluster, |d| d["spec"]["replicas"] = json!(replicas));
            }
            Change::DeletePod => {
                let pods = get(cluster, PODS)["items"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                if let Some(pod) = rng.pick(&pods) {
                    invariants.disturb();
                    let name = pod["metadata"]["name"].as_str().unwrap_or("?");
                    cluster.request(&Request::new(Method::Delete, format!("{PODS}/{name}")));
                }
            }
            Change::Pause => edit(cluster, |d| d["spec"]["paused"] = json!(true)),
            Change::Resume => edit(cluster, |d| d["spec"]["paused"] = json!(false)),
        }
    }
}

pub fn create(cluster: &mut Cluster, plan: &Plan) {
    let labels = json!({"app": "web"});
    let strategy = if plan.recreate {
        json!({"type": "Recreate"})
    } else {
        json!({"type": "RollingUpdate", "rollingUpdate": {
            "maxSurge": plan.surge, "maxUnavailable": plan.unavailable}})
    };
    let mut container = json!({"name": "c", "image": "nginx:1.20",
        "resources": {"requests": {"cpu": "500m"}}});
    if plan.probe {
        container["readinessProbe"] =
            json!({"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1});
    }
    let manifest = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": plan.replicas, "minReadySeconds": plan.min_ready_seconds,
            "selector": {"matchLabels": labels}, "strategy": strategy,
            "template": {"metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]}},
        },
    });
    let path = collection(&manifest, "default");
    let response = cluster.request(&Request::new(Method::Post, path).with_body(manifest));
    assert!(response.is_success(), "{:?}", json_of(response));
}

fn edit(cluster: &mut Cluster, change: impl FnOnce(&mut Value)) {
    let mut deployment = get(cluster, WEB);
    change(&mut deployment);
    let response = cluster.request(&Request::new(Method::Put, WEB).with_body(deployment));
    assert!(response.is_success(), "{:?}", json_of(response));
}

/// A template that runs, and nobody pauses: from here on everything has to come to rest.
pub fn heal(cluster: &mut Cluster, invariants: &mut Invariants) {
    invariants.disturb();
    edit(cluster, |d| {
        d["spec"]["paused"] = json!(false);
        d["spec"]["template"]["spec"]["nodeSelector"] = json!(null);
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.29");
    });
}

pub fn delete(cluster: &mut Cluster) {
    let response = cluster.request(&Request::new(Method::Delete, WEB));
    assert!(response.is_success(), "{:?}", json_of(response));
}
