//! Addresses and ports belong to one at a time, and are free again when their owner is gone.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, Service};
use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::{Rng, millis, secs};
use serde_json::{Value, json};

use crate::common::json_of;

const SERVICES: &str = "/api/v1/namespaces/default/services";
const PODS: &str = "/api/v1/namespaces/default/pods";
const RUNS: u64 = 3;

/// No address or port has two owners.
fn unique(cluster: &Cluster) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut claim = |what: String| match seen.insert(what.clone()) {
        true => Ok(()),
        false => Err(format!("{what} has two owners")),
    };
    for service in &cluster.server().list::<Service>(None) {
        let Some(spec) = &service.spec else { continue };
        for ip in spec.cluster_ips.iter().flatten().filter(|ip| *ip != "None") {
            claim(format!("service IP {ip}"))?;
        }
        for port in spec.ports.iter().flatten() {
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            if let Some(node_port) = port.node_port {
                claim(format!("node port {node_port}/{protocol}"))?;
            }
        }
        let balancers = service.status.iter().flat_map(|s| &s.load_balancer);
        for ingress in balancers.flat_map(|b| b.ingress.iter().flatten()) {
            claim(format!("load balancer {:?}", ingress.ip))?;
        }
    }
    for pod in &cluster.server().list::<Pod>(None) {
        let status = pod.status.as_ref();
        let phase = status.and_then(|s| s.phase.as_deref());
        let on_host = pod.spec.as_ref().and_then(|s| s.host_network) == Some(true);
        // The sandbox of a pod that has ended is gone, and its address with it.
        if on_host || matches!(phase, Some("Failed" | "Succeeded")) {
            continue;
        }
        if let Some(ip) = status.and_then(|s| s.pod_ip.as_deref()) {
            claim(format!("pod IP {ip}"))?;
        }
    }
    Ok(())
}

fn names(cluster: &mut Cluster, path: &str) -> Vec<String> {
    let list = json_of(cluster.request(&Request::get(path)));
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let names = items.iter().filter_map(|i| i["metadata"]["name"].as_str());
    names
        .filter(|n| *n != "kubernetes")
        .map(str::to_owned)
        .collect()
}

fn service(rng: &mut Rng, name: &str) -> Value {
    let kinds = ["ClusterIP", "ClusterIP", "NodePort", "LoadBalancer"];
    let mut spec = json!({
        "type": kinds[rng.below(4) as usize], "selector": {"app": "web"},
        "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 53, "protocol": "UDP"}],
    });
    match rng.below(6) {
        0 if spec["type"] == "ClusterIP" => spec["clusterIP"] = json!("None"),
        1 => spec["clusterIP"] = json!(format!("10.96.0.{}", rng.between(20, 30))),
        2 if spec["type"] != "ClusterIP" => {
            spec["ports"][0]["nodePort"] = json!(rng.between(30_000, 30_004))
        }
        _ => {}
    }
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
}

fn pod(rng: &mut Rng, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": rng.below(3), "hostNetwork": rng.chance(50),
            "containers": [{"name": "c", "image": "nginx"}]}})
}

/// One random act; some are refused, as they would be.
fn act(cluster: &mut Cluster, rng: &mut Rng, turn: u64, ips: &mut BTreeSet<String>) {
    let (path, make): (_, fn(&mut Rng, &str) -> Value) = match rng.chance(600) {
        true => (SERVICES, service),
        false => (PODS, pod),
    };
    match rng.below(5) {
        0..3 => {
            let body = make(rng, &format!("x-{turn}"));
            let made = cluster.request(&Request::new(Method::Post, path).with_body(body));
            let made = json_of(made);
            if let Some(ip) = made["spec"]["clusterIP"]
                .as_str()
                .filter(|ip| *ip != "None")
            {
                ips.insert(ip.to_owned());
            }
        }
        3 => {
            if let Some(name) = rng.pick(&names(cluster, path)) {
                cluster.request(&Request::new(Method::Delete, format!("{path}/{name}")));
            }
        }
        _ => {
            // From one type to another, as far as that goes.
            if let Some(name) = rng.pick(&names(cluster, SERVICES)) {
                let at = format!("{SERVICES}/{name}");
                let mut now = json_of(cluster.request(&Request::get(at.clone())));
                let kinds = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
                let kind = kinds[rng.below(4) as usize];
                now["spec"]["type"] = json!(kind);
                if kind == "ExternalName" {
                    now["spec"]["externalName"] = json!("example.com");
                }
                cluster.request(&Request::new(Method::Put, at).with_body(now));
            }
        }
    }
}

fn run(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut cluster = Cluster::new(Config::bare(seed, 3));
    cluster.run_for(secs(20));
    let (mut ips, mut told) = (BTreeSet::new(), 0);
    for turn in 0..40 {
        act(&mut cluster, &mut rng, turn, &mut ips);
        unique(&cluster)?;
        let until = cluster.now() + millis(rng.below(1_500));
        while cluster.step(until) {
            let revision = cluster.server().revision();
            if revision != told {
                told = revision;
                unique(&cluster)?;
            }
        }
        cluster.run_until(until);
    }
    for path in [SERVICES, PODS] {
        for name in names(&mut cluster, path) {
            cluster.request(&Request::new(Method::Delete, format!("{path}/{name}")));
        }
    }
    cluster.run_for(secs(90));
    // Whoever names an address that was somebody's gets it.
    for (i, ip) in ips.iter().enumerate() {
        let again = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("again-{i}")},
            "spec": {"clusterIP": ip, "ports": [{"port": 80}]}});
        let made = cluster.request(&Request::new(Method::Post, SERVICES).with_body(again));
        if !made.is_success() {
            return Err(format!("{ip} is not free again: {}", json_of(made)));
        }
    }
    unique(&cluster)
}

#[test]
fn addresses_have_one_owner_at_a_time_and_none_is_lost() {
    for seed in super::seeds().into_iter().take(RUNS as usize) {
        if let Err(why) = run(seed) {
            panic!("KUBARIUM_SEED={seed}: {why}");
        }
    }
}

#[test]
fn a_node_has_addresses_for_more_pods_than_its_range_as_long_as_they_come_and_go() {
    let mut cluster = Cluster::new(Config::bare(1, 1));
    cluster.run_for(secs(20));
    let mut rng = Rng::new(1);
    for round in 0..6 {
        for i in 0..60 {
            let mut pod = pod(&mut rng, &format!("x-{round}-{i}"));
            pod["spec"]["hostNetwork"] = json!(false);
            let made = cluster.request(&Request::new(Method::Post, PODS).with_body(pod));
            assert!(made.is_success(), "{:?}", made.body);
        }
        cluster.run_for(secs(20));
        let pods = cluster.server().list::<Pod>(Some("default"));
        let with_ip = |p: &&std::rc::Rc<Pod>| p.status.as_ref().is_some_and(|s| s.pod_ip.is_some());
        assert_eq!(pods.iter().filter(with_ip).count(), 60, "round {round}");
        cluster.request(&Request::new(Method::Delete, PODS));
        cluster.run_for(secs(20));
        assert!(cluster.server().list::<Pod>(Some("default")).is_empty());
    }
}
