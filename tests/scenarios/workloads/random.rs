//! Random StatefulSets and Jobs under random changes: the order of ordinals is never broken, and each
//! success is counted once.
//!
//! A failure prints its seed.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kubarium::api::Resource;
use kubarium::cluster::Cluster;
use kubarium::sim::{Rng, millis, secs};
use serde_json::json;

use super::jobs::job;
use super::stateful::set;
use crate::common::{bare, created};
use crate::controllers::{PODS, delete, edit};

const RUNS: u64 = 25;
const SET: &str = "/apis/apps/v1/namespaces/default/statefulsets/db";

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|c| c.type_ == "Ready" && c.status == "True")
}

fn ordinal(pod: &Pod) -> u64 {
    let number = pod.name().rsplit('-').next().and_then(|n| n.parse().ok());
    number.expect("an ordinal")
}

fn live(cluster: &Cluster) -> Vec<(u64, bool)> {
    let pods = cluster.server().list::<Pod>(Some("default"));
    let mut all: Vec<(u64, bool)> = pods
        .iter()
        .map(|p| {
            (
                ordinal(p),
                is_ready(p) && p.metadata.deletion_timestamp.is_none(),
            )
        })
        .collect();
    all.sort_unstable();
    all
}

/// How far the controller's cache may be behind.
const STALE: usize = 12;

/// A pod that appears has only ready ones before it, as far as the controller could see.
/// `seen` is what was there at each moment before, over all changes.
fn check_order(cluster: &mut Cluster, seen: &mut Vec<Vec<(u64, bool)>>, steps: u64, seed: u64) {
    seen.push(live(cluster));
    for _ in 0..steps {
        cluster.run_for(millis(1));
        let now = live(cluster);
        let last = seen.last().cloned().unwrap_or_default();
        for (n, _) in now
            .iter()
            .filter(|(n, _)| !last.iter().any(|(b, _)| b == n))
        {
            let recent = || seen.iter().rev().take(STALE).chain([&now]);
            let was_ready = |m: &u64| recent().any(|all| all.contains(&(*m, true)));
            let gaps: Vec<u64> = (0..*n).filter(|m| !was_ready(m)).collect();
            assert!(gaps.is_empty(), "seed {seed}: {n} before {gaps:?}");
        }
        seen.push(now);
    }
}

#[test]
fn the_order_of_ordinals_is_never_broken() {
    for seed in 0..RUNS {
        let mut rng = Rng::new(seed);
        let mut cluster = bare(3);
        let mut wanted = rng.below(5) as u32;
        created(&mut cluster, &set(wanted, ""));
        let mut seen = Vec::new();
        for change in 0..6 {
            check_order(&mut cluster, &mut seen, 20 + rng.below(200), seed);
            match rng.below(3) {
                0 => {
                    wanted = rng.below(6) as u32;
                    edit(&mut cluster, SET, |s| s["spec"]["replicas"] = json!(wanted));
                }
                1 => {
                    let image = format!("postgres:{change}");
                    edit(&mut cluster, SET, |s| {
                        s["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
                    });
                }
                _ => {
                    let all = live(&cluster);
                    if let Some((n, _)) = all.get(rng.below(all.len().max(1) as u64) as usize) {
                        delete(&mut cluster, &format!("{PODS}/db-{n}"));
                    }
                }
            }
        }
        cluster.run_for(secs(20));
        let rest: Vec<(u64, bool)> = (0..u64::from(wanted)).map(|n| (n, true)).collect();
        assert_eq!(live(&cluster), rest, "seed {seed}");
    }
}

#[test]
fn each_success_is_counted_once() {
    for seed in 0..RUNS {
        let mut rng = Rng::new(seed);
        let mut cluster = bare(3);
        let (completions, parallelism) = (1 + rng.below(9), 1 + rng.below(4));
        let mode = if rng.below(2) == 0 {
            "Indexed"
        } else {
            "NonIndexed"
        };
        let extra = format!(
            "completions: {completions}, parallelism: {parallelism}, completionMode: {mode}, backoffLimit: 100,"
        );
        created(&mut cluster, &job(&extra, "Never", "true"));
        for _ in 0..4 {
            cluster.run_for(millis(200 + rng.below(1500)));
            let pods = cluster.server().list::<Pod>(Some("default"));
            let active: Vec<_> = pods
                .iter()
                .filter(|p| p.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Running"))
                .filter(|p| p.metadata.deletion_timestamp.is_none())
                .collect();
            assert!(
                active.len() as u64 <= parallelism,
                "seed {seed}: {} run",
                active.len()
            );
            if let Some(pod) = active.get(rng.below(8) as usize) {
                delete(&mut cluster, &format!("{PODS}/{}", pod.name()));
            }
        }
        cluster.run_for(secs(4000));
        let job = cluster.server().list::<Job>(Some("default")).remove(0);
        let status = job.status.clone().unwrap_or_default();
        assert_eq!(
            status.succeeded,
            Some(completions as i32),
            "seed {seed}: {status:?}"
        );
        let conditions = status.conditions.unwrap_or_default();
        assert!(
            conditions.iter().any(|c| c.type_ == "Complete"),
            "seed {seed}"
        );
        assert_eq!(status.active, None, "seed {seed}");
    }
}
