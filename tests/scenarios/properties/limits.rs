//! What a namespace may have: quotas are never exceeded, by whoever makes things, and every container is
//! within its limit range.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Pod, ResourceQuota, Service};
use kubarium::api::quantity::Quantity;
use kubarium::api::{Key, Resource};
use kubarium::apiserver::request::MERGE_PATCH;
use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::{Rng, millis, secs};
use serde_json::{Value, json};

use crate::common::{collection, created, get};

const RUNS: u64 = 6;
const TURNS: u64 = 40;
const QUOTA: &str = "/api/v1/namespaces/default/resourcequotas/q";
const RANGE: &str = "{apiVersion: v1, kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Container, \
     min: {cpu: 50m, memory: 16Mi}, max: {cpu: 800m, memory: 512Mi}, default: {cpu: 400m, memory: 128Mi}, \
     defaultRequest: {cpu: 100m, memory: 64Mi}, maxLimitRequestRatio: {cpu: 8}}, {type: Pod, max: {cpu: '1'}}]}}";

type Amounts = BTreeMap<&'static str, i64>;

/// Thousandths of an amount; zero where there is none.
fn milli(
    amounts: Option<&BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>,
    name: &str,
) -> i64 {
    let amount = amounts.and_then(|a| a.get(name));
    amount.map_or(0, |q| Quantity::parse(&q.0).map_or(0, |q| q.milli_value()))
}

/// What there is, counted from the objects.
fn used(cluster: &Cluster) -> Amounts {
    let server = cluster.server();
    let mut sum = Amounts::new();
    let mut add = |name, amount: i64| *sum.entry(name).or_default() += amount;
    for pod in server.list::<Pod>(Some("default")) {
        let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
        if matches!(phase, Some("Failed" | "Succeeded")) {
            continue;
        }
        add("pods", 1000);
        for container in pod.spec.iter().flat_map(|s| &s.containers) {
            let resources = container.resources.as_ref();
            let requests = resources.and_then(|r| r.requests.as_ref());
            let limits = resources.and_then(|r| r.limits.as_ref());
            add("requests.cpu", milli(requests, "cpu"));
            add("limits.memory", milli(limits, "memory"));
        }
    }
    // Everybody has `kube-root-ca.crt`.
    add(
        "configmaps",
        server.list::<ConfigMap>(Some("default")).len() as i64 * 1000,
    );
    for service in server.list::<Service>(Some("default")) {
        add("services", 1000);
        let spec = service.spec.as_ref();
        let ports = spec.and_then(|s| s.ports.as_ref()).map_or(0, Vec::len) as i64;
        if matches!(
            spec.and_then(|s| s.type_.as_deref()),
            Some("NodePort" | "LoadBalancer")
        ) {
            add("services.nodeports", ports * 1000);
        }
    }
    sum
}

fn quota(cluster: &Cluster) -> std::rc::Rc<ResourceQuota> {
    let quota = cluster
        .server()
        .get::<ResourceQuota>(&Key::new("default", "q"));
    quota.expect("nobody deletes it")
}

/// Nothing has grown beyond what is allowed. A quota may be made smaller than what there is.
fn check(cluster: &Cluster, before: &mut Amounts) -> Result<(), String> {
    let now = used(cluster);
    let quota = quota(cluster);
    let hard = quota.spec.as_ref().and_then(|s| s.hard.as_ref());
    for (name, amount) in &now {
        let most = milli(hard, name);
        let is_bounded = hard.is_some_and(|h| h.contains_key(*name));
        if is_bounded && *amount > most && *amount > before.get(name).copied().unwrap_or_default() {
            return Err(format!("{name} grew to {amount}m, {most}m are allowed"));
        }
    }
    *before = now;
    for pod in cluster.server().list::<Pod>(Some("default")) {
        let mut whole = 0;
        for container in pod.spec.iter().flat_map(|s| &s.containers) {
            let resources = container.resources.as_ref();
            let requests = resources.and_then(|r| r.requests.as_ref());
            let limits = resources.and_then(|r| r.limits.as_ref());
            let (asked, most) = (milli(requests, "cpu"), milli(limits, "cpu"));
            whole += most;
            let memory = (milli(requests, "memory"), milli(limits, "memory"));
            let mebi = 1000 << 20;
            let fits = asked >= 50
                && most <= 800
                && most <= asked * 8
                && memory.0 >= 16 * mebi
                && memory.1 <= 512 * mebi
                && asked <= most;
            if !fits {
                return Err(format!(
                    "{} asks for {asked}m of {most}m CPU, {memory:?}",
                    pod.name()
                ));
            }
        }
        if whole > 1000 {
            return Err(format!("{} may use {whole}m of CPU", pod.name()));
        }
    }
    Ok(())
}

/// Amounts as somebody may ask for them, or none.
fn resources(rng: &mut Rng) -> Value {
    let mut out = json!({});
    let cpus = ["20m", "100m", "300m", "0.6", "1"];
    let memories = ["8Mi", "64Mi", "200Mi", "1Gi"];
    for part in ["requests", "limits"] {
        if rng.chance(600) {
            out[part]["cpu"] = json!(rng.pick(&cpus));
        }
        if rng.chance(600) {
            out[part]["memory"] = json!(rng.pick(&memories));
        }
    }
    out
}

fn template(rng: &mut Rng) -> Value {
    let containers: Vec<Value> = (0..rng.between(1, 2))
        .map(|i| json!({"name": format!("c{i}"), "image": "nginx", "resources": resources(rng)}))
        .collect();
    json!({"terminationGracePeriodSeconds": 1, "containers": containers})
}

fn hard(rng: &mut Rng) -> Value {
    json!({
        "pods": rng.between(2, 12).to_string(), "requests.cpu": format!("{}m", rng.between(3, 30) * 100),
        "limits.memory": format!("{}Mi", rng.between(2, 20) * 100), "configmaps": rng.between(2, 6).to_string(),
        "services": rng.between(1, 5).to_string(), "services.nodeports": rng.below(4).to_string(),
    })
}

/// One random act; many are refused.
fn act(cluster: &mut Cluster, rng: &mut Rng, turn: u64) {
    let name = format!("x-{turn}");
    let labels = json!({"app": name});
    let object = match rng.below(9) {
        0 | 1 => {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template(rng)})
        }
        2 | 3 => {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
            "replicas": rng.below(8), "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template(rng)}}})
        }
        4 => json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}),
        5 => {
            let kinds = ["ClusterIP", "NodePort", "LoadBalancer"];
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {
                "type": rng.pick(&kinds), "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}})
        }
        6 => {
            let mut request =
                Request::new(Method::Patch, QUOTA).with_body(json!({"spec": {"hard": hard(rng)}}));
            request.content_type = MERGE_PATCH;
            let answer = cluster.request(&request);
            assert!(answer.is_success(), "{:?}", answer.body);
            return;
        }
        which => {
            let of = ["pods", "services", "configmaps"];
            let at = match which {
                7 => "/apis/apps/v1/namespaces/default/deployments".to_owned(),
                _ => format!(
                    "/api/v1/namespaces/default/{}",
                    rng.pick(&of).unwrap_or(&"pods")
                ),
            };
            let list = get(cluster, &at)["items"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let some = rng.pick(&list).and_then(|o| o["metadata"]["name"].as_str());
            if let Some(name) = some.filter(|name| name.starts_with('x')) {
                let path = format!("{at}/{name}");
                match rng.chance(500) && which == 7 {
                    true => {
                        let body = json!({"spec": {"replicas": rng.below(10)}});
                        let mut request = Request::new(Method::Patch, path).with_body(body);
                        request.content_type = MERGE_PATCH;
                        cluster.request(&request);
                    }
                    false => drop(cluster.request(&Request::new(Method::Delete, path))),
                }
            }
            return;
        }
    };
    let at = collection(&object, "default");
    let answer = cluster.request(&Request::new(Method::Post, at).with_body(object));
    assert!(
        matches!(answer.code, 201 | 403 | 422),
        "{}: {:?}",
        answer.code,
        answer.body
    );
}

fn run(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut cluster = Cluster::new(Config::bare(seed, 3));
    cluster.run_for(secs(20));
    created(&mut cluster, RANGE);
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard(&mut rng)}});
    created(&mut cluster, &quota.to_string());
    let (mut before, mut told) = (used(&cluster), 0);
    for turn in 0..TURNS {
        act(&mut cluster, &mut rng, turn);
        check(&cluster, &mut before)?;
        let wait = if rng.chance(700) { 400 } else { 8_000 };
        let until = cluster.now() + millis(rng.below(wait));
        while cluster.step(until) {
            let revision = cluster.server().revision();
            if revision != told {
                told = revision;
                check(&cluster, &mut before)?;
            }
        }
        cluster.run_until(until);
    }
    // What the quota says is what there is, once everybody has looked.
    cluster.run_for(secs(30));
    let quota = self::quota(&cluster);
    let said = quota.status.as_ref().and_then(|s| s.used.as_ref());
    for (name, amount) in used(&cluster) {
        if milli(said, name) != amount {
            return Err(format!(
                "there are {amount}m {name}, the quota says {}m",
                milli(said, name)
            ));
        }
    }
    Ok(())
}

#[test]
fn quotas_and_limit_ranges_hold_whatever_is_asked_for() {
    for seed in super::seeds().into_iter().take(RUNS as usize) {
        if let Err(why) = run(seed) {
            panic!("KUBARIUM_SEED={seed}: {why}");
        }
    }
}
