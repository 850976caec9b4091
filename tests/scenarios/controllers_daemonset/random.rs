//! Random DaemonSets under random changes of templates, nodes and pods: never too many pods on a
//! node, and when the changes stop, one pod of the present template on each node that is chosen.
//!
//! A failure prints its seed; `KUBARIUM_SEED=<seed> cargo test daemonset::random` runs that alone.

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Node, Pod};
use kubarium::api::Resource;
use kubarium::cluster::Cluster;
use kubarium::sim::{Rng, millis, secs};
use serde_json::json;

use super::{NODES, agent, by_image, path, revisions, rolling, set_image};
use crate::common::{bare, created};
use crate::controllers::{PODS, delete, edit, list};

const RUNS: u64 = 40;
const CHANGES: usize = 8;
/// How long a set may take to come to rest once nobody changes it.
const PATIENCE_SECS: u64 = 300;

const REPLACE: [&str; 3] = [
    "maxUnavailable: 1",
    "maxUnavailable: 2",
    "maxUnavailable: '50%'",
];
const SURGE: [&str; 3] = [
    "maxUnavailable: 0, maxSurge: 1",
    "maxUnavailable: 0, maxSurge: 3",
    "maxUnavailable: '0%', maxSurge: '40%'",
];

fn pick<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.below(all.len() as u64) as usize]
}

fn is_active(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Failed" | "Succeeded"))
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|c| c.type_ == "Ready" && c.status == "True")
}

fn node_of(pod: &Pod) -> &str {
    pod.spec
        .as_ref()
        .and_then(|s| s.node_name.as_deref())
        .unwrap_or_default()
}

fn pods(cluster: &Cluster) -> Vec<std::rc::Rc<Pod>> {
    cluster.server().list::<Pod>(Some("default"))
}

/// No node has more pods of the set than it may, whatever happens.
fn check(cluster: &Cluster, most: usize) -> Result<(), String> {
    let pods = pods(cluster);
    for node in cluster.server().list::<Node>(None) {
        let here = pods
            .iter()
            .filter(|p| is_active(p) && node_of(p) == node.name());
        let count = here.count();
        if count > most {
            return Err(format!(
                "{count} pods on {} at {:?}",
                node.name(),
                cluster.now()
            ));
        }
    }
    Ok(())
}

/// What keeps the set from rest, if anything does.
fn pending(cluster: &Cluster, image: &str) -> Option<String> {
    let pods = pods(cluster);
    if let Some(pod) = pods.iter().find(|p| !is_active(p)) {
        return Some(format!("{} has not gone", pod.name()));
    }
    let mut desired = 0;
    for node in cluster.server().list::<Node>(None) {
        let labels = node.metadata.labels.as_ref();
        let chosen = labels
            .and_then(|l| l.get("disk"))
            .is_some_and(|v| v == "ssd");
        let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref());
        let tainted = taints.unwrap_or_default().iter().any(|t| t.key == "team");
        let here: Vec<_> = pods.iter().filter(|p| node_of(p) == node.name()).collect();
        let current = here.iter().all(|p| by_image(p) == image && is_ready(p));
        let number_fits = match (chosen, tainted) {
            (false, _) => here.is_empty(),
            // One that was there before the taint may stay.
            (true, true) => here.len() <= 1,
            (true, false) => here.len() == 1,
        };
        if !number_fits || !current {
            return Some(format!(
                "{} has {} pods, current: {current}",
                node.name(),
                here.len()
            ));
        }
        desired += i32::from(chosen && !tainted);
    }
    let set = cluster.server().list::<DaemonSet>(Some("default")).pop()?;
    let status = set.status.clone().unwrap_or_default();
    let counts = [
        Some(status.desired_number_scheduled),
        Some(status.current_number_scheduled),
        Some(status.number_ready),
        Some(status.updated_number_scheduled.unwrap_or_default()),
        Some(status.number_available.unwrap_or_default()),
    ];
    if counts != [Some(desired); 5] || status.observed_generation != set.metadata.generation {
        return Some(format!(
            "{desired} nodes are chosen, and the status counts {counts:?}"
        ));
    }
    None
}

/// One random change; returns the image if it is a new one.
fn change(cluster: &mut Cluster, rng: &mut Rng, nodes: u64) -> Option<&'static str> {
    let node = format!("{NODES}/node-{}", rng.below(nodes));
    match rng.below(5) {
        0 => {
            let image = pick(rng, &["busybox:1", "busybox:2", "busybox:3"]);
            set_image(cluster, image);
            return Some(image);
        }
        1 => {
            let disk = pick(rng, &["ssd", "hdd"]);
            edit(cluster, &node, |n| {
                n["metadata"]["labels"]["disk"] = json!(disk)
            });
        }
        2 => {
            let taints = match rng.below(2) {
                0 => json!([]),
                _ => json!([{"key": "team", "effect": "NoSchedule"}]),
            };
            edit(cluster, &node, |n| n["spec"]["taints"] = taints);
        }
        kind => {
            let all = list(cluster, PODS);
            let pod = all.get(rng.below(all.len().max(1) as u64) as usize)?;
            let pod = format!(
                "{PODS}/{}",
                pod["metadata"]["name"].as_str().unwrap_or_default()
            );
            if kind == 3 {
                delete(cluster, &pod);
            } else {
                edit(cluster, &format!("{pod}/status"), |p| {
                    p["status"]["phase"] = json!("Failed")
                });
            }
        }
    }
    None
}

fn run(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let nodes = 1 + rng.below(6);
    let surges = rng.below(2) == 1;
    let bounds = pick(&mut rng, if surges { &SURGE } else { &REPLACE });
    let most = if surges { 2 } else { 1 };
    let min_ready = pick(&mut rng, &["", "minReadySeconds: 3,"]);
    let told = |text: String| format!("{text}; {nodes} nodes, {bounds}, {min_ready}");
    let mut cluster = bare(nodes as u8);
    cluster.run_for(secs(2));
    for i in 0..nodes {
        let disk = pick(&mut rng, &["ssd", "ssd", "hdd"]);
        edit(&mut cluster, &format!("{NODES}/node-{i}"), |n| {
            n["metadata"]["labels"]["disk"] = json!(disk);
        });
    }
    let spec = format!("{min_ready} {}", rolling(bounds));
    created(&mut cluster, &agent(&spec, "nodeSelector: {disk: ssd},"));
    let mut image = "busybox:1";
    for _ in 0..CHANGES {
        let until = cluster.now() + millis(1 + rng.below(4000));
        while cluster.step(until) {
            check(&cluster, most).map_err(told)?;
        }
        cluster.run_until(until);
        image = change(&mut cluster, &mut rng, nodes).unwrap_or(image);
    }
    let limit = cluster.now() + secs(PATIENCE_SECS);
    while let Some(why) = pending(&cluster, image) {
        if !cluster.step(limit) {
            return Err(told(format!("did not come to rest: {why}")));
        }
        check(&cluster, most).map_err(told)?;
    }
    let latest = revisions(&mut cluster).pop().map(|(_, image)| image);
    if latest.as_deref() != Some(image) {
        return Err(told(format!(
            "the latest revision is {latest:?}, not {image}"
        )));
    }
    delete(&mut cluster, &path());
    cluster.run_for(secs(60));
    let left = (
        list(&mut cluster, PODS).len(),
        revisions(&mut cluster).len(),
    );
    if left != (0, 0) {
        return Err(told(format!("{left:?} pods and revisions are left")));
    }
    Ok(())
}

#[test]
fn random_changes_keep_the_bounds_and_come_to_rest() {
    let seeds: Vec<u64> = match std::env::var("KUBARIUM_SEED").map(|s| s.parse()) {
        Ok(Ok(seed)) => vec![seed],
        _ => (1..=RUNS).collect(),
    };
    for seed in seeds {
        if let Err(why) = run(seed) {
            panic!("KUBARIUM_SEED={seed}: {why}");
        }
    }
}
