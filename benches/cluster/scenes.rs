//! What is measured.

use k8s_openapi::api::core::v1::Pod;
use kubarium::api::Resource;
use kubarium::apiserver::request::{ACCEPT_TABLE, MERGE_PATCH};
use kubarium::apiserver::{Body, Cursor, Method, Request};
use kubarium::cluster::{Cluster, Config, NodeConfig};
use kubarium::kubectl::headless::{Terminal, World};
use kubarium::sim::secs;
use serde_json::{Value, json};

const NODES: u8 = 100;
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const PODS: &str = "/api/v1/namespaces/default/pods";
const CRON_JOBS: &str = "/apis/batch/v1/namespaces/default/cronjobs";
/// How many pods the command lines are about.
const LISTED: u32 = 1_000;
/// How many clients follow the pods in the scene of the same name.
const CLIENTS: u32 = 1_000;
/// How many nodes the scheduler has to choose from.
const WIDE: u32 = 1_000;

/// What is done to a cluster, and how much of it.
pub struct Scene {
    pub what: &'static str,
    /// How many pods (or whatever the costs are divided by) there are.
    pub units: u32,
    pub unit: &'static str,
    /// How many clusters are measured together: a short run would be all noise.
    pub times: u32,
    pub prepare: fn(u32) -> Cluster,
    pub run: fn(&mut Cluster, u32),
}

pub fn all() -> Vec<Scene> {
    let serve = |units, times| Scene {
        what: "create with a Service",
        units,
        unit: "pods",
        times,
        prepare: |_| served(),
        run: create,
    };
    let create = |units, times| Scene {
        what: "create",
        units,
        unit: "pods",
        times,
        prepare: |_| started(),
        run: create,
    };
    vec![
        create(100, 20),
        create(1_000, 3),
        create(10_000, 1),
        serve(100, 20),
        serve(1_000, 3),
        Scene {
            what: "roll",
            units: 1_000,
            unit: "pods",
            times: 1,
            prepare: created,
            run: roll,
        },
        Scene {
            what: "idle hour",
            units: 10_000,
            unit: "pods",
            times: 1,
            prepare: created,
            run: |cluster, _| cluster.run_for(secs(3600)),
        },
        Scene {
            what: "checkpoint",
            units: 1_000,
            unit: "pods",
            times: 1,
            prepare: created,
            run: |cluster, _| drop(std::hint::black_box(cluster.clone())),
        },
        Scene {
            what: "schedule on 1,000 nodes",
            units: 10_000,
            unit: "pods",
            times: 1,
            prepare: unscheduled,
            run: schedule,
        },
        Scene {
            what: "tell 1,000 clients",
            units: 100 * CLIENTS,
            unit: "events",
            times: 1,
            prepare: |_| created(100),
            run: tell,
        },
        Scene {
            what: "kubectl get pods, 1,000 of them",
            units: 20,
            unit: "lines",
            times: 1,
            prepare: |_| created(LISTED),
            run: |cluster, lines| type_lines(cluster, "kubectl get pods", lines),
        },
        Scene {
            what: "kubectl get pods -o yaml, 1,000 of them",
            units: 5,
            unit: "lines",
            times: 1,
            prepare: |_| created(LISTED),
            run: |cluster, lines| type_lines(cluster, "kubectl get pods -o yaml", lines),
        },
        Scene {
            what: "list 1,000 pods as a table",
            units: 20,
            unit: "lists",
            times: 1,
            prepare: |_| created(LISTED),
            run: list,
        },
        Scene {
            what: "day with CronJobs, each every 10 minutes",
            units: 50,
            unit: "CronJobs",
            times: 1,
            prepare: timed,
            run: |cluster, _| cluster.run_for(secs(24 * 3600)),
        },
    ]
}

/// 100 nodes that are ready.
fn started() -> Cluster {
    let mut config = Config::playground(1, NODES);
    config.nodes = (1..=NODES)
        .map(|i| NodeConfig::worker(&format!("worker-{i}"), i))
        .collect();
    let mut cluster = Cluster::new(config);
    cluster.run_for(secs(30));
    cluster
}

/// The same with a Service whose endpoints the pods will be.
pub fn served() -> Cluster {
    let mut cluster = started();
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    });
    send(&mut cluster, Method::Post, SERVICES, service);
    cluster
}

fn created(pods: u32) -> Cluster {
    let mut cluster = started();
    create(&mut cluster, pods);
    cluster
}

/// Creates a Deployment of `pods` replicas, and waits until all are available.
fn create(cluster: &mut Cluster, pods: u32) {
    post(cluster, pods);
    wait(cluster, |cluster| {
        current(cluster)["status"]["availableReplicas"] == pods
    });
}

pub fn post(cluster: &mut Cluster, pods: u32) {
    let labels = json!({"app": "web"});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": pods, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]},
            },
        },
    });
    send(cluster, Method::Post, DEPLOYMENTS, deployment);
}

/// Changes the image, and waits until every pod is of the new revision.
fn roll(cluster: &mut Cluster, pods: u32) {
    image(cluster);
    wait(cluster, |cluster| {
        let d = current(cluster);
        d["status"]["updatedReplicas"] == pods
            && d["status"]["availableReplicas"] == pods
            && d["status"]["replicas"] == pods
            && d["status"]["observedGeneration"] == d["metadata"]["generation"]
    });
}

pub fn image(cluster: &mut Cluster) {
    let mut deployment = current(cluster);
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.28");
    send(
        cluster,
        Method::Put,
        &format!("{DEPLOYMENTS}/web"),
        deployment,
    );
}

/// A thousand nodes without kubelets, and pods that nobody has scheduled yet.
fn unscheduled(pods: u32) -> Cluster {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    cluster.run_for(secs(5));
    for i in 0..WIDE {
        let zone = format!("zone-{}", i % 3);
        let room = json!({"cpu": "32", "memory": "256Gi", "pods": "110"});
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {
                "name": format!("node-{i}"),
                "labels": {
                    "kubernetes.io/hostname": format!("node-{i}"),
                    "topology.kubernetes.io/zone": zone,
                },
            },
            "status": {
                "capacity": room, "allocatable": room,
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            },
        });
        send(&mut cluster, Method::Post, "/api/v1/nodes", node);
    }
    cluster.run_for(secs(5));
    for i in 0..pods {
        let requests = json!({"cpu": "100m", "memory": "64Mi"});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("pod-{i}"), "labels": {"app": "web"}},
            "spec": {"containers": [
                {"name": "web", "image": "nginx:1.27", "resources": {"requests": requests}},
            ]},
        });
        send(&mut cluster, Method::Post, PODS, pod);
    }
    cluster
}

/// Runs until every pod has a node.
fn schedule(cluster: &mut Cluster, _: u32) {
    wait(cluster, |cluster| {
        let pods = cluster.server().list::<Pod>(Some("default"));
        let placed = |pod: &Pod| pod.spec.as_ref().is_some_and(|s| s.node_name.is_some());
        pods.iter().all(|pod| placed(pod))
    });
}

/// Changes a pod a hundred times; each time a thousand clients that watch pods are told.
fn tell(cluster: &mut Cluster, events: u32) {
    let pod = cluster.server().list::<Pod>(Some("default"));
    let path = format!("{PODS}/{}", pod[0].name());
    let mut clients: Vec<Cursor> = (0..CLIENTS)
        .map(|_| Cursor {
            kind: Pod::KIND,
            namespace: Some("default".into()),
            revision: cluster.server().revision(),
        })
        .collect();
    for i in 0..events / CLIENTS {
        let label = json!({"metadata": {"labels": {"round": format!("r{i}")}}});
        let mut patch = Request::new(Method::Patch, path.as_str()).with_body(label);
        patch.content_type = MERGE_PATCH;
        let response = cluster.request(&patch);
        assert!(response.is_success(), "{:?}", response.body);
        for client in &mut clients {
            let told = cluster.pull(client).expect("nothing is compacted");
            assert_eq!(told.len(), 1);
        }
    }
}

/// Runs a command line over and over in a terminal beside the cluster.
fn type_lines(cluster: &mut Cluster, line: &str, times: u32) {
    let own = std::mem::replace(cluster, Cluster::new(Config::bare(1, 0)));
    let (world, desk) = World::new(own, Default::default(), kubarium::sim::millis(5));
    let mut terminal = Terminal::beside(world, desk, "default");
    for _ in 0..times {
        let outcome = terminal.run(line);
        assert!(outcome.text.lines().count() > LISTED as usize);
    }
    std::mem::swap(&mut *terminal.desk.borrow_mut(), cluster);
}

/// Asks for the pods as `kubectl get` does.
fn list(cluster: &mut Cluster, times: u32) {
    let mut request = Request::get(PODS);
    request.accept = ACCEPT_TABLE;
    for _ in 0..times {
        let response = cluster.request(&request);
        assert!(response.is_success(), "{:?}", response.body);
    }
}

/// Three nodes, and CronJobs whose jobs end at once.
fn timed(jobs: u32) -> Cluster {
    let mut cluster = Cluster::new(Config::playground(1, 3));
    cluster.run_for(secs(30));
    for i in 0..jobs {
        let job = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": format!("job-{i}")},
            "spec": {"schedule": "*/10 * * * *", "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "work", "image": "busybox:1.36", "command": ["true"]}],
            }}}}},
        });
        send(&mut cluster, Method::Post, CRON_JOBS, job);
    }
    cluster
}

fn send(cluster: &mut Cluster, method: Method, path: &str, body: Value) {
    let response = cluster.request(&Request::new(method, path).with_body(body));
    assert!(response.is_success(), "{:?}", response.body);
}

fn current(cluster: &mut Cluster) -> Value {
    let get = Request::get(format!("{DEPLOYMENTS}/web"));
    match cluster.request(&get).body {
        Body::Json(value) => value,
        _ => Value::Null,
    }
}

/// Runs until `done` holds, looking every second of virtual time.
fn wait(cluster: &mut Cluster, done: impl Fn(&mut Cluster) -> bool) {
    for _ in 0..7200 {
        if done(cluster) {
            return;
        }
        cluster.run_for(secs(1));
    }
    panic!("not done after two hours");
}
