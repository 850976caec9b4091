//! Which taints the conditions of a node ask for.

use k8s_openapi::api::core::v1::{Node, Taint};

use super::health::{Readiness, condition};
use super::zones::Verdict;
use crate::api::time::api_time;
use crate::controllers::taints::{NO_EXECUTE, NO_SCHEDULE, NOT_READY, UNREACHABLE, of};
use crate::sim::Time;

/// Conditions that, when true, keep new pods away.
const PRESSURES: [(&str, &str); 4] = [
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    (
        "NetworkUnavailable",
        "node.kubernetes.io/network-unavailable",
    ),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
];
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

fn key(readiness: Readiness) -> Option<&'static str> {
    match readiness {
        Readiness::True => None,
        Readiness::False => Some(NOT_READY),
        Readiness::Unknown => Some(UNREACHABLE),
    }
}

fn is_ours(taint: &Taint) -> bool {
    let keys = PRESSURES.iter().map(|(_, key)| *key);
    let mut keys = keys.chain([UNSCHEDULABLE, NOT_READY, UNREACHABLE]);
    match taint.effect.as_str() {
        NO_SCHEDULE => keys.any(|k| k == taint.key),
        NO_EXECUTE => [NOT_READY, UNREACHABLE].contains(&taint.key.as_str()),
        _ => false,
    }
}

/// Whether the node has a taint already that makes its pods leave because of its readiness.
pub fn has_no_execute(node: &Node, readiness: Readiness) -> bool {
    key(readiness).is_some()
        && of(node)
            .iter()
            .any(|t| t.effect == NO_EXECUTE && is_ours(t))
}

/// The taints the node should have. Those of others stay as they are.
pub fn wanted(node: &Node, readiness: Readiness, evict: Verdict, now: Time) -> Vec<Taint> {
    let mut keys: Vec<(&str, &str)> = Vec::new();
    keys.extend(key(readiness).map(|k| (k, NO_SCHEDULE)));
    for (type_, key) in PRESSURES {
        if condition(node, type_).is_some_and(|c| c.status == "True") {
            keys.push((key, NO_SCHEDULE));
        }
    }
    let spec = node.spec.as_ref();
    if spec.and_then(|s| s.unschedulable).unwrap_or_default() {
        keys.push((UNSCHEDULABLE, NO_SCHEDULE));
    }
    // One taint of readiness may become the other at any time; the rate is for new ones.
    let swaps = has_no_execute(node, readiness) && evict != Verdict::Never;
    if evict == Verdict::Now || swaps {
        keys.extend(key(readiness).map(|k| (k, NO_EXECUTE)));
    }
    let is = |t: &Taint, (key, effect): (&str, &str)| t.key == key && t.effect == effect;
    let mut taints: Vec<Taint> = of(node)
        .iter()
        .filter(|t| !is_ours(t) || keys.iter().any(|k| is(t, *k)))
        .cloned()
        .collect();
    for (key, effect) in keys {
        if !taints.iter().any(|t| is(t, (key, effect))) {
            taints.push(Taint {
                key: key.to_owned(),
                effect: effect.to_owned(),
                value: None,
                time_added: Some(api_time(now)),
            });
        }
    }
    taints
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{NodeCondition, NodeSpec, NodeStatus};

    #[test]
    fn taints_follow_conditions() {
        let node = |pressure: &str, cordoned: bool, foreign: &str| Node {
            spec: Some(NodeSpec {
                unschedulable: Some(cordoned),
                taints: Some(vec![Taint {
                    key: foreign.to_owned(),
                    effect: NO_EXECUTE.to_owned(),
                    ..Taint::default()
                }]),
                ..NodeSpec::default()
            }),
            status: Some(NodeStatus {
                conditions: Some(vec![NodeCondition {
                    type_: pressure.to_owned(),
                    status: "True".to_owned(),
                    ..NodeCondition::default()
                }]),
                ..NodeStatus::default()
            }),
            ..Node::default()
        };
        let check = |node: &Node, readiness, evict, expected: &[&str]| {
            let taints = wanted(node, readiness, evict, Time::EPOCH);
            let keys: Vec<String> = taints
                .iter()
                .map(|t| format!("{}:{}", t.key.rsplit('/').next().unwrap_or(""), t.effect))
                .collect();
            assert_eq!(keys, expected);
        };
        use Readiness::{False, True, Unknown};
        let plain = node("None", false, "mine");
        check(&plain, True, Verdict::Now, &["mine:NoExecute"]);
        check(
            &plain,
            Unknown,
            Verdict::Now,
            &[
                "mine:NoExecute",
                "unreachable:NoSchedule",
                "unreachable:NoExecute",
            ],
        );
        check(
            &plain,
            False,
            Verdict::Never,
            &["mine:NoExecute", "not-ready:NoSchedule"],
        );
        check(
            &node("MemoryPressure", true, UNREACHABLE),
            True,
            Verdict::Now,
            &["memory-pressure:NoSchedule", "unschedulable:NoSchedule"],
        );
        let wait = Verdict::After(std::time::Duration::ZERO);
        check(
            &node("None", false, UNREACHABLE),
            False,
            wait,
            &["not-ready:NoSchedule", "not-ready:NoExecute"],
        );
    }
}
