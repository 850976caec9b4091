//! Random work and random faults at once: what may never be, is not, after any event; and when the
//! faults stop, everything comes to rest.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use kubarium::api::{Key, Resource};
use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::kubelet::Runtime;
use kubarium::sim::{Rng, Time, millis, secs};
use serde_json::{Value, json};

use super::invariants::check_nodes;
use crate::common::{created, get, json_of};

const RUNS: u64 = 8;
const PATIENCE: Duration = secs(1500);
const FAULTS: &str = "/apis/play.kubarium.dev/v1alpha1/faults";
const PODS: &str = "/api/v1/namespaces/default/pods";
/// The quota of the namespace, and the most CPU that a container may have.
const MOST_PODS: usize = 14;
const COMPLETIONS: i32 = 4;

const OBJECTS: [&str; 6] = [
    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: 14}}}",
    "{apiVersion: v1, kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Container, max: {cpu: 1}, default: {cpu: 500m}, defaultRequest: {cpu: 200m}}]}}",
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, selector: {matchLabels: {app: web}}, \
      template: {metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 2, tolerations: [\
      {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 20}, \
      {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 20}], \
      containers: [{name: c, image: nginx}]}}}}",
    "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}}",
    "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 3, serviceName: db, selector: {matchLabels: {app: db}}, \
      template: {metadata: {labels: {app: db}}, spec: {terminationGracePeriodSeconds: 2, containers: [{name: c, image: nginx}]}}}}",
    "{apiVersion: batch/v1, kind: Job, metadata: {name: job}, spec: {completions: 4, parallelism: 2, backoffLimit: 60, \
      template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: busybox, command: [sleep, '15']}]}}}}",
];

/// What holds after every event.
#[derive(Default)]
struct Watch {
    revision: u64,
    /// When each pod of the set was last ready, and its uid.
    ready: BTreeMap<usize, Time>,
    uids: BTreeMap<usize, String>,
    /// Caches may be older than a moment.
    stale: bool,
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    let mut all = conditions.into_iter().flatten();
    all.any(|c| c.type_ == "Ready" && c.status == "True")
}

fn ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    matches!(phase, Some("Failed" | "Succeeded"))
}

impl Watch {
    fn check(&mut self, cluster: &Cluster) -> Result<(), String> {
        let server = cluster.server();
        if server.revision() == self.revision {
            return Ok(());
        }
        self.revision = server.revision();
        let pods = server.list::<Pod>(Some("default"));
        let living = pods.iter().filter(|p| !ended(p)).count();
        if living > MOST_PODS {
            return Err(format!("{living} pods, where the quota allows {MOST_PODS}"));
        }
        check_nodes(cluster, &pods)?;
        for pod in &pods {
            for container in pod.spec.iter().flat_map(|s| &s.containers) {
                let limits = container.resources.as_ref().and_then(|r| r.limits.as_ref());
                let cpu = limits.and_then(|l| l.get("cpu")).map(|q| q.0.as_str());
                if cpu != Some("500m") {
                    return Err(format!("{} has a limit of {cpu:?}", pod.name()));
                }
            }
        }
        self.check_set(cluster, &pods)?;
        let job = server.get::<Job>(&Key::new("default", "job"));
        let status = job.and_then(|j| j.status.clone()).unwrap_or_default();
        let succeeded = status.succeeded.unwrap_or_default();
        if succeeded > COMPLETIONS {
            return Err(format!("the job counts {succeeded} successes"));
        }
        Ok(())
    }

    /// A pod of the set is made only when those before it are ready, or were a moment ago.
    fn check_set(&mut self, cluster: &Cluster, pods: &[std::rc::Rc<Pod>]) -> Result<(), String> {
        let now = cluster.now();
        let mut fresh = Vec::new();
        for pod in pods {
            let Some(ordinal) = pod.name().strip_prefix("db-").and_then(|o| o.parse().ok()) else {
                continue;
            };
            if is_ready(pod) {
                self.ready.insert(ordinal, now);
            }
            let uid = pod.uid().to_owned();
            if self.uids.get(&ordinal) != Some(&uid) {
                self.uids.insert(ordinal, uid);
                fresh.push(ordinal);
            }
        }
        for ordinal in fresh {
            let early = (0..ordinal).find(|before| {
                let ready = self.ready.get(before).copied().unwrap_or(Time(0));
                now.since(ready) > secs(1)
            });
            if let Some(before) = early.filter(|_| !self.stale) {
                return Err(format!(
                    "db-{ordinal} was made while db-{before} was not ready"
                ));
            }
        }
        Ok(())
    }
}

fn cluster(seed: u64) -> Cluster {
    let mut config = Config::bare(seed, 4);
    for node in &mut config.nodes {
        node.cpu_millis = 4000;
        node.memory_bytes = 4 << 30;
        node.runtime = Runtime::Simulated;
    }
    Cluster::new(config)
}

fn random_fault(rng: &mut Rng) -> Value {
    let node = format!("node-{}", rng.below(4));
    let nodes = json!([node]);
    let pods =
        json!({"selector": {"matchLabels": {"app": if rng.chance(500) { "web" } else { "db" }}}});
    let controllers = [
        "replicaset-controller",
        "statefulset-controller",
        "job-controller",
        "node-lifecycle-controller",
        "kube-scheduler",
        "kube-controller-manager",
    ];
    let component = rng.pick(&controllers).copied().unwrap_or("kubelet");
    let mut spec = match rng.below(9) {
        0 | 1 => json!({"type": "NodeCrash", "nodes": nodes}),
        2 => json!({"type": "NetworkCut", "nodes": nodes}),
        3 => json!({"type": "RegistryOutage", "images": ["*"]}),
        4 => json!({"type": "ContainerCrash", "pods": pods, "exitCode": 2}),
        5 => json!({"type": "ContainerOOM", "pods": pods}),
        6 => json!({"type": "Pause", "components": [component]}),
        7 => json!({"type": "Pause", "components": ["kubelet"], "nodes": nodes}),
        _ => {
            json!({"type": "SlowAPI", "components": [component], "latencyMillis": rng.between(50, 800)})
        }
    };
    if rng.chance(400) {
        spec["duration"] = json!(format!("{}s", rng.between(5, 150)));
    }
    spec
}

/// One act of somebody; what it was.
fn act(cluster: &mut Cluster, watch: &mut Watch, faults: &mut u64, rng: &mut Rng) -> String {
    let random_pod = |cluster: &mut Cluster, rng: &mut Rng| -> Option<String> {
        let pods = get(cluster, PODS)["items"].as_array().cloned()?;
        let pod = rng.pick(&pods)?;
        pod["metadata"]["name"].as_str().map(str::to_owned)
    };
    match rng.below(10) {
        0..4 => {
            *faults += 1;
            let spec = random_fault(rng);
            let text = format!("fault f{faults}: {spec}");
            let body = json!({"apiVersion": "play.kubarium.dev/v1alpha1", "kind": "Fault",
                "metadata": {"name": format!("f{faults}")}, "spec": spec});
            let response = cluster.request(&Request::new(Method::Post, FAULTS).with_body(body));
            assert!(response.is_success(), "{:?}", response.body);
            // Awake again, it works on what it knew.
            watch.stale |= text.contains("kube-controller-manager");
            text
        }
        4 | 5 if *faults > 0 => {
            let n = rng.between(1, *faults);
            cluster.request(&Request::new(Method::Delete, format!("{FAULTS}/f{n}")));
            format!("heal f{n}")
        }
        6 => match random_pod(cluster, rng) {
            Some(name) => {
                let mut request = Request::new(Method::Delete, format!("{PODS}/{name}"));
                if rng.chance(200) {
                    request = request.with_query("gracePeriodSeconds", "0");
                }
                cluster.request(&request);
                format!("delete {name}")
            }
            None => "nothing".to_owned(),
        },
        7 => evict(cluster, rng),
        8 => {
            let replicas = rng.below(5);
            let path = "/apis/apps/v1/namespaces/default/deployments/web/scale";
            scale(cluster, path, replicas);
            format!("web to {replicas}")
        }
        _ => {
            let replicas = rng.between(1, 4);
            let path = "/apis/apps/v1/namespaces/default/statefulsets/db/scale";
            scale(cluster, path, replicas);
            format!("db to {replicas}")
        }
    }
}

fn scale(cluster: &mut Cluster, path: &str, replicas: u64) {
    let mut request =
        Request::new(Method::Patch, path).with_body(json!({"spec": {"replicas": replicas}}));
    request.content_type = kubarium::apiserver::request::MERGE_PATCH;
    let response = cluster.request(&request);
    assert!(response.is_success(), "{:?}", response.body);
}

/// The eviction API gives no more than the budget has.
fn evict(cluster: &mut Cluster, rng: &mut Rng) -> String {
    let list = json_of(cluster.request(&Request::get(PODS).with_query("labelSelector", "app=web")));
    let pods = list["items"].as_array().cloned().unwrap_or_default();
    let Some(pod) = rng.pick(&pods) else {
        return "nothing".to_owned();
    };
    let name = pod["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web";
    let before = get(cluster, budget)["status"]["disruptionsAllowed"].as_i64();
    let healthy = pod["status"]["conditions"]
        .to_string()
        .contains("\"type\":\"Ready\"");
    let going = !pod["metadata"]["deletionTimestamp"].is_null();
    let running = pod["status"]["phase"] == "Running";
    let ready = get(cluster, &format!("{PODS}/{name}"))["status"]["conditions"]
        .as_array()
        .is_some_and(|all| {
            all.iter()
                .any(|c| c["type"] == "Ready" && c["status"] == "True")
        });
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
    let path = format!("{PODS}/{name}/eviction");
    let done = cluster.request(&Request::new(Method::Post, path).with_body(body));
    let free = before.unwrap_or_default() > 0;
    assert!(
        !(done.is_success() && healthy && running && ready && !going) || free,
        "an eviction that the budget does not have"
    );
    format!("evict {name}: {}", done.code)
}

/// What has not come to rest; `None` when everything has.
fn pending(cluster: &Cluster) -> Option<String> {
    let server = cluster.server();
    for node in server.list::<Node>(None) {
        let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
        let ready = conditions
            .into_iter()
            .flatten()
            .any(|c| c.type_ == "Ready" && c.status == "True");
        let taints = node.spec.as_ref().and_then(|s| s.taints.as_ref());
        if !ready || taints.is_some_and(|t| !t.is_empty()) {
            return Some(format!("{} is not ready, or tainted", node.name()));
        }
    }
    for pod in server.list::<Pod>(Some("default")) {
        if pod.metadata.deletion_timestamp.is_some() {
            return Some(format!("{} is still going", pod.name()));
        }
    }
    let d = server.get::<Deployment>(&Key::new("default", "web"))?;
    let wanted = d.spec.as_ref().and_then(|s| s.replicas);
    let status = d.status.clone().unwrap_or_default();
    let counts = (status.replicas, status.available_replicas);
    if counts.0.unwrap_or(0) != wanted.unwrap_or(1) || counts.1.unwrap_or(0) != wanted.unwrap_or(1)
    {
        return Some(format!("web wants {wanted:?}, has {counts:?}"));
    }
    let set = server.get::<StatefulSet>(&Key::new("default", "db"))?;
    let wanted = set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
    let status = set.status.clone().unwrap_or_default();
    if status.ready_replicas.unwrap_or_default() != wanted || status.replicas != wanted {
        return Some(format!("db wants {wanted}, has {}", status.replicas));
    }
    let job = server.get::<Job>(&Key::new("default", "job"))?;
    let status = job.status.clone().unwrap_or_default();
    let done = (status.succeeded, status.active.unwrap_or_default());
    if done != (Some(COMPLETIONS), 0) || status.completion_time.is_none() {
        return Some(format!("the job has {done:?}"));
    }
    None
}

fn run(seed: u64) -> Result<u64, String> {
    let mut rng = Rng::new(seed);
    let mut cluster = cluster(seed);
    cluster.run_for(secs(20));
    for object in OBJECTS {
        created(&mut cluster, object);
    }
    let mut watch = Watch::default();
    let mut faults = 0;
    let mut story = Vec::new();
    for _ in 0..rng.between(4, 10) {
        let after = match rng.chance(500) {
            true => millis(rng.below(3_000)),
            false => secs(rng.between(5, 120)),
        };
        let until = cluster.now() + after;
        while cluster.step(until) {
            watch
                .check(&cluster)
                .map_err(|why| format!("{why}\n{story:#?}"))?;
        }
        cluster.run_until(until);
        let at = cluster.now().since(cluster.config().start).as_secs();
        let done = act(&mut cluster, &mut watch, &mut faults, &mut rng);
        story.push(format!("{at} s: {done}"));
        watch
            .check(&cluster)
            .map_err(|why| format!("{why}\n{story:#?}"))?;
    }
    for n in 1..=faults {
        cluster.request(&Request::new(Method::Delete, format!("{FAULTS}/f{n}")));
    }
    let limit = cluster.now() + PATIENCE;
    while let Some(why) = pending(&cluster) {
        // A look at a time is enough, once nobody acts.
        let next = cluster.now() + secs(1);
        while cluster.step(next) {
            watch
                .check(&cluster)
                .map_err(|why| format!("{why}\n{story:#?}"))?;
        }
        cluster.run_until(next);
        if cluster.now() >= limit {
            return Err(format!("did not come to rest: {why}\n{story:#?}"));
        }
    }
    if cluster.is_disturbed() {
        return Err("a fault outlives its object".to_owned());
    }
    leave_nothing(&mut cluster, &mut rng).map_err(|why| format!("{why}\n{story:#?}"))?;
    Ok(cluster.kernel().trace.hash())
}

/// Whichever way things are deleted, nothing is left of them.
fn leave_nothing(cluster: &mut Cluster, rng: &mut Rng) -> Result<(), String> {
    let mut addresses = Vec::new();
    for pod in cluster
        .server()
        .list::<Pod>(Some("default"))
        .iter()
        .filter(|p| !ended(p))
    {
        let address = pod.status.as_ref().and_then(|s| s.pod_ip.clone());
        let node = pod.spec.as_ref().and_then(|s| s.node_name.clone());
        if addresses.contains(&(address.clone(), node.clone())) {
            return Err(format!("two pods have the address {address:?}"));
        }
        addresses.push((address, node));
    }
    for path in [
        "/apis/apps/v1/namespaces/default/deployments/web",
        "/apis/apps/v1/namespaces/default/statefulsets/db",
        "/apis/batch/v1/namespaces/default/jobs/job",
    ] {
        let policies = ["Background", "Foreground"];
        let policy = rng.pick(&policies).copied().unwrap_or("Background");
        let request = Request::new(Method::Delete, path).with_query("propagationPolicy", policy);
        let response = cluster.request(&request);
        if !response.is_success() {
            return Err(format!("{path}: {:?}", response.body));
        }
    }
    cluster.run_for(secs(120));
    let left: Vec<String> = cluster
        .server()
        .list::<Pod>(Some("default"))
        .iter()
        .map(|p| p.name().to_owned())
        .collect();
    match left.is_empty() {
        true => Ok(()),
        false => Err(format!("these outlived their owners: {left:?}")),
    }
}

fn seeds() -> Vec<u64> {
    match std::env::var("KUBARIUM_SEED").map(|s| s.parse()) {
        Ok(Ok(seed)) => vec![seed],
        _ => (1..=RUNS).collect(),
    }
}

#[test]
fn random_faults_break_no_promise_and_everything_comes_to_rest() {
    for seed in seeds() {
        if let Err(why) = run(seed) {
            panic!("KUBARIUM_SEED={seed}: {why}");
        }
    }
}

#[test]
fn the_same_faults_are_the_same_history() {
    assert_eq!(run(2), run(2));
}
