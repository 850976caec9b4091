//! What pods cost: CPU time per pod must not depend on how many there are.
//!
//! `cargo xtask bench` runs this, prints the table and writes `target/bench.json`. The figures
//! that stand in `docs/performance.md` come from here.

#![allow(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::sync::OnceLock;
use std::time::Instant;

use kubarium::apiserver::{Body, Method, Request};
use kubarium::cluster::{Cluster, Config, NodeConfig};
use kubarium::sim::secs;
use serde_json::{Value, json};

const NODES: u8 = 100;
const PATH: &str = "/apis/apps/v1/namespaces/default/deployments";

/// One line of the table.
struct Row {
    what: &'static str,
    pods: i32,
    cpu_micros: u128,
    virtual_secs: u64,
    events: u64,
}

fn main() {
    // `cargo test` also runs benches, with `--test`: then there is nothing to measure.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    // Warm up: page in the code and the allocator.
    create(100);
    let mut rows = Vec::new();
    for pods in [100, 1_000, 10_000] {
        let (mut cluster, row) = create(pods);
        rows.push(row);
        if pods == 1_000 {
            rows.push(roll(&mut cluster, pods));
        }
        if pods == 10_000 {
            rows.push(idle(&mut cluster, pods));
        }
    }
    print(&rows);
    write(&rows);
}

/// Creates a Deployment of `pods` replicas on 100 nodes, and waits until all are available.
fn create(pods: i32) -> (Cluster, Row) {
    let mut config = Config::playground(1, NODES);
    config.nodes = (1..=NODES)
        .map(|i| NodeConfig::worker(&format!("worker-{i}"), i))
        .collect();
    let mut cluster = Cluster::new(config);
    cluster.run_for(secs(30));
    let row = measure("create", pods, &mut cluster, |cluster| {
        let post = Request::new(Method::Post, PATH).with_body(deployment(pods));
        let response = cluster.request(&post);
        assert!(response.is_success(), "{:?}", response.body);
        wait(cluster, |d| d["status"]["availableReplicas"] == pods);
    });
    (cluster, row)
}

/// Changes the image, and waits until every pod is of the new revision.
fn roll(cluster: &mut Cluster, pods: i32) -> Row {
    measure("roll", pods, cluster, |cluster| {
        let mut deployment = current(cluster);
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.28");
        let put = Request::new(Method::Put, format!("{PATH}/web")).with_body(deployment);
        let response = cluster.request(&put);
        assert!(response.is_success(), "{:?}", response.body);
        wait(cluster, |d| {
            d["status"]["updatedReplicas"] == pods
                && d["status"]["availableReplicas"] == pods
                && d["status"]["replicas"] == pods
                && d["status"]["observedGeneration"] == d["metadata"]["generation"]
        });
    })
}

/// An hour in which nobody does anything.
fn idle(cluster: &mut Cluster, pods: i32) -> Row {
    measure("idle hour", pods, cluster, |cluster| {
        cluster.run_for(secs(3600))
    })
}

fn measure(
    what: &'static str,
    pods: i32,
    cluster: &mut Cluster,
    run: impl FnOnce(&mut Cluster),
) -> Row {
    let (at, events, cpu) = (cluster.now(), cluster.steps(), cpu_nanos());
    run(cluster);
    Row {
        what,
        pods,
        cpu_micros: (cpu_nanos() - cpu) / 1000,
        virtual_secs: cluster.now().since(at).as_secs(),
        events: cluster.steps() - events,
    }
}

fn deployment(replicas: i32) -> Value {
    let labels = json!({"app": "web"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]},
            },
        },
    })
}

fn current(cluster: &mut Cluster) -> Value {
    match cluster.request(&Request::get(format!("{PATH}/web"))).body {
        Body::Json(value) => value,
        _ => Value::Null,
    }
}

/// Runs until `done` holds of the Deployment, looking every second of virtual time.
fn wait(cluster: &mut Cluster, done: impl Fn(&Value) -> bool) {
    for _ in 0..7200 {
        if done(&current(cluster)) {
            return;
        }
        cluster.run_for(secs(1));
    }
    panic!("not done after two hours: {}", current(cluster)["status"]);
}

/// CPU time of this thread, in nanoseconds; wall time where the system does not tell.
fn cpu_nanos() -> u128 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| start.elapsed().as_nanos())
}

fn print(rows: &[Row]) {
    println!("| what | pods | CPU | CPU per pod | virtual time | events |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for row in rows {
        println!(
            "| {} | {} | {:.1} ms | {:.1} µs | {} s | {} |",
            row.what,
            row.pods,
            row.cpu_micros as f64 / 1000.0,
            row.cpu_micros as f64 / f64::from(row.pods),
            row.virtual_secs,
            row.events
        );
    }
    let per_pod = |pods: i32| {
        let row = rows.iter().find(|r| r.what == "create" && r.pods == pods);
        row.map_or(0.0, |r| r.cpu_micros as f64 / f64::from(pods))
    };
    let ratio = per_pod(10_000) / per_pod(100).max(1e-9);
    println!("\ncreate: a pod among 10,000 costs {ratio:.2} times what it costs among 100");
}

fn write(rows: &[Row]) {
    let rows: Vec<Value> = rows
        .iter()
        .map(|r| {
            json!({
                "what": r.what, "pods": r.pods, "cpuMicros": r.cpu_micros as u64,
                "virtualSeconds": r.virtual_secs, "events": r.events,
            })
        })
        .collect();
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let path = format!("{target}/bench.json");
    if let Err(error) = std::fs::write(&path, Value::from(rows).to_string()) {
        eprintln!("{path} was not written: {error}");
    }
}
