//! Which pods go first when there are too many
//! (`k8s.io/kubernetes/pkg/controller/controller_utils.go` ActivePodsWithRanks).
//!
//! Divergence: between pods whose ready times fall into the same logarithmic bucket, upstream
//! picks by uid before it looks at restarts and age. That comparison is not transitive; here
//! restarts and age come first, and the uid decides last.

use std::cmp::Reverse;
use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use crate::api::Resource;
use crate::api::time::from_api;
use crate::controllers::pods;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// The annotation by which a user says what a pod is worth.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Less is deleted first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    assigned: bool,
    phase: u8,
    ready: bool,
    cost: i32,
    /// Pods on the same node, of the same Deployment: more of them go first.
    doubled: Reverse<usize>,
    /// How long it has been ready, as a power of two.
    ready_for: u32,
    restarts: Reverse<i32>,
    age: u32,
    uid: String,
}

/// `count` of `active`, those to be deleted first.
pub fn to_delete(active: &[Rc<Pod>], related: &[Rc<Pod>], count: usize, now: Time) -> Vec<Rc<Pod>> {
    if count >= active.len() {
        return active.to_vec();
    }
    let mut on_node: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in related.iter().filter(|p| pods::is_active(p)) {
        *on_node.entry(pods::node_name(pod)).or_default() += 1;
    }
    let mut ranked: Vec<&Rc<Pod>> = active.iter().collect();
    ranked.sort_by_cached_key(|pod| {
        let doubled = on_node.get(pods::node_name(pod)).copied();
        rank(pod, doubled.unwrap_or_default(), now)
    });
    ranked.into_iter().take(count).cloned().collect()
}

fn rank(pod: &Pod, doubled: usize, now: Time) -> Rank {
    let ready = pods::is_ready(pod);
    Rank {
        assigned: !pods::node_name(pod).is_empty(),
        phase: match pods::phase(pod) {
            "Pending" | "" => 0,
            "Unknown" => 1,
            _ => 2,
        },
        ready,
        cost: deletion_cost(pod),
        doubled: Reverse(doubled),
        ready_for: pods::ready_since(pod).map_or(0, |since| bucket(since, now)),
        restarts: Reverse(restarts(pod)),
        age: pod
            .metadata
            .creation_timestamp
            .as_ref()
            .map_or(0, |t| bucket(from_api(t), now)),
        uid: pod.uid().to_owned(),
    }
}

/// Zero for the future, and one more for each doubling of the time since.
fn bucket(since: Time, now: Time) -> u32 {
    let nanos = u64::try_from(now.since(since).as_nanos()).unwrap_or(u64::MAX);
    nanos.checked_ilog2().map_or(0, |log| log + 1)
}

/// An annotation that is no number counts as none, as does a sign or zeros that a number would
/// not be written with.
fn deletion_cost(pod: &Pod) -> i32 {
    let value = pod
        .metadata
        .annotations
        .as_ref()
        .and_then(|a| a.get(DELETION_COST));
    value
        .filter(|v| !v.starts_with('+') && (*v == "0" || !v.starts_with('0')))
        .and_then(|v| v.parse().ok())
        .unwrap_or_default()
}

fn restarts(pod: &Pod) -> i32 {
    let statuses = pod
        .status
        .as_ref()
        .and_then(|s| s.container_statuses.as_ref());
    let counts = statuses.into_iter().flatten().map(|c| c.restart_count);
    counts.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::api_time;
    use crate::sim::secs;
    use k8s_openapi::api::core::v1::{ContainerStatus, PodCondition, PodSpec, PodStatus};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    const NOW: Time = Time(Time::EPOCH.0 + 3600 * 1_000_000_000);

    /// A running pod on `node`, ready since `ready` seconds (negative: not ready).
    fn pod(name: &str, node: &str, ready: i64) -> Pod {
        let condition = PodCondition {
            type_: "Ready".into(),
            status: if ready >= 0 { "True" } else { "False" }.into(),
            last_transition_time: Some(api_time(NOW - secs(ready.unsigned_abs()))),
            ..PodCondition::default()
        };
        let spec = PodSpec {
            node_name: (!node.is_empty()).then(|| node.to_owned()),
            ..PodSpec::default()
        };
        let phase = if node.is_empty() {
            "Pending"
        } else {
            "Running"
        };
        let status = PodStatus {
            phase: Some(phase.into()),
            conditions: Some(vec![condition.into()]),
            ..PodStatus::default()
        };
        Pod {
            metadata: ObjectMeta {
                name: Some(name.into()),
                uid: Some(name.into()),
                ..ObjectMeta::default()
            },
            spec: Some(spec.into()),
            status: Some(status.into()),
        }
    }

    fn with_cost(mut pod: Pod, cost: &str) -> Pod {
        pod.metadata
            .annotations
            .get_or_insert_default()
            .insert(DELETION_COST.into(), cost.into());
        pod
    }

    fn with_restarts(mut pod: Pod, restart_count: i32) -> Pod {
        pod.status.get_or_insert_default().container_statuses = Some(vec![ContainerStatus {
            restart_count,
            ..ContainerStatus::default()
        }]);
        pod
    }

    #[test]
    fn the_first_rule_that_tells_pods_apart_decides() {
        let goes_first = |first: Pod, second: Pod, why: &str| {
            for pair in [[first.clone(), second.clone()], [second, first.clone()]] {
                let pods: Vec<Rc<Pod>> = pair.into_iter().map(Rc::new).collect();
                let victims = to_delete(&pods, &pods, 1, NOW);
                assert_eq!(victims[0].name(), first.name(), "{why}");
            }
        };
        goes_first(pod("b", "", -1), pod("a", "n", 9), "unassigned");
        goes_first(pod("b", "n", -1), pod("a", "m", 9), "not ready");
        goes_first(
            with_cost(pod("b", "n", 900), "-5"),
            with_cost(pod("a", "m", 1), "3"),
            "cheaper",
        );
        goes_first(
            with_cost(pod("b", "n", 1), "+9"),
            with_cost(pod("a", "m", 1), "3"),
            "a cost that is no number",
        );
        goes_first(
            pod("b", "n", 4),
            pod("a", "m", 900),
            "younger by a power of two",
        );
        goes_first(
            with_restarts(pod("b", "n", 900), 3),
            pod("a", "m", 900),
            "more restarts",
        );
        goes_first(
            pod("a", "n", 900),
            pod("b", "m", 901),
            "uid within a bucket",
        );
    }

    #[test]
    fn doubled_up_nodes_lose_a_pod_first() {
        let pods: Vec<Rc<Pod>> = [pod("a", "n", 900), pod("b", "m", 9), pod("c", "n", 900)]
            .into_iter()
            .map(Rc::new)
            .collect();
        assert_eq!(to_delete(&pods, &pods, 1, NOW)[0].name(), "a");
        assert_eq!(to_delete(&pods, &pods, 3, NOW).len(), 3);
    }
}
