//! NodeResourcesFit: the node has room for what the pod asks for; emptier nodes score higher.

use std::borrow::Cow;

use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{
    ClusterEvent, CycleState, MAX_NODE_SCORE, Plugin, Points, Refusal,
};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

pub struct Fit;

/// What the node has too little of; empty when the pod fits.
pub fn insufficient(pod: &PodInfo, node: &NodeInfo) -> Option<Refusal> {
    let mut refusal = Refusal {
        unresolvable: false,
        reasons: Vec::new(),
    };
    let allowed = node.allocatable.pods;
    if node.pods.len() as i64 + 1 > allowed {
        refusal.reasons.push("Too many pods".into());
    }
    let wanted = &pod.requests;
    if !wanted.is_zero() {
        let (has, used) = (&node.allocatable, &node.requested);
        let mut check = |wanted: i64, has: i64, used: i64, reason: Cow<'static, str>| {
            if wanted > 0 && wanted > has.saturating_sub(used) {
                refusal.reasons.push(reason);
                // More than the whole node: taking other pods away does not help.
                refusal.unresolvable |= wanted > has;
            }
        };
        check(
            wanted.cpu_millis,
            has.cpu_millis,
            used.cpu_millis,
            "Insufficient cpu".into(),
        );
        check(
            wanted.memory,
            has.memory,
            used.memory,
            "Insufficient memory".into(),
        );
        check(
            wanted.ephemeral_storage,
            has.ephemeral_storage,
            used.ephemeral_storage,
            "Insufficient ephemeral-storage".into(),
        );
        for (name, amount) in &wanted.scalars {
            check(
                *amount,
                has.scalar(name),
                used.scalar(name),
                format!("Insufficient {name}").into(),
            );
        }
    }
    (!refusal.reasons.is_empty()).then_some(refusal)
}

/// The share of a resource that stays free, of 100.
fn least_requested(requested: i64, capacity: i64) -> i64 {
    if capacity == 0 || requested > capacity {
        return 0;
    }
    let free = i128::from(capacity - requested) * i128::from(MAX_NODE_SCORE);
    (free / i128::from(capacity)) as i64
}

impl Plugin for Fit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn points(&self) -> Points {
        Points::BOTH
    }

    fn filter(&self, _state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        match insufficient(pod, node) {
            None => Ok(()),
            Some(refusal) => Err(refusal),
        }
    }

    /// LeastAllocated over CPU and memory, each with weight 1.
    fn score(
        &self,
        _state: &CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        node: &NodeInfo,
    ) -> i64 {
        let resources = [
            (node.nonzero.0, pod.nonzero.0, node.allocatable.cpu_millis),
            (node.nonzero.1, pod.nonzero.1, node.allocatable.memory),
        ];
        let mut sum = 0;
        let mut weights = 0;
        for (used, wanted, capacity) in resources {
            if capacity > 0 {
                sum += least_requested(used.saturating_add(wanted), capacity);
                weights += 1;
            }
        }
        if weights == 0 { 0 } else { sum / weights }
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        match event {
            ClusterEvent::PodDeleted(gone) => {
                // A pod always frees its place; whether that helps is not known here.
                let (freed, wanted) = (&gone.requests, &pod.requests);
                wanted.is_zero()
                    || (freed.cpu_millis > 0 && wanted.cpu_millis > 0)
                    || (freed.memory > 0 && wanted.memory > 0)
                    || (freed.ephemeral_storage > 0 && wanted.ephemeral_storage > 0)
                    || wanted.scalars.keys().any(|name| freed.scalar(name) > 0)
                    || freed.is_zero()
            }
            ClusterEvent::NodeAdded(node) => insufficient(pod, node).is_none(),
            ClusterEvent::NodeUpdated { old, new } => {
                old.allocatable != new.allocatable && insufficient(pod, new).is_none()
            }
            ClusterEvent::Own { old, new } => old.requests != new.requests,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node, pod};

    fn asking(requests: &str) -> std::rc::Rc<PodInfo> {
        pod(&format!(
            "{{metadata: {{name: p}}, spec: {{containers: [{{name: a, resources: {{requests: {requests}}}}}]}}}}"
        ))
    }

    #[test]
    fn what_is_missing_is_named() {
        let allocatable = "{metadata: {name: n}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: '2', example.com/gpu: 1}}}";
        let cases: [(&str, &str, &[&str], bool); 7] = [
            ("{}", "{cpu: 1}", &[], false),
            ("{cpu: 1500m}", "{cpu: 1}", &["Insufficient cpu"], false),
            ("{cpu: 1500m}", "{cpu: 3}", &["Insufficient cpu"], true),
            (
                "{cpu: 2, memory: 4Gi}",
                "{cpu: 1, memory: 1Gi}",
                &["Insufficient cpu", "Insufficient memory"],
                false,
            ),
            ("{cpu: 2}", "{}", &[], false),
            (
                "{example.com/gpu: 1}",
                "{example.com/gpu: 1}",
                &["Insufficient example.com/gpu"],
                false,
            ),
            (
                "{}",
                "{ephemeral-storage: 1Gi}",
                &["Insufficient ephemeral-storage"],
                true,
            ),
        ];
        for (placed, wanted, reasons, unresolvable) in cases {
            let mut node = node(allocatable);
            node.add_pod(&asking(placed));
            let got = insufficient(&asking(wanted), &node);
            let what = format!("{wanted} beside {placed}");
            match got {
                None => assert!(reasons.is_empty(), "{what}"),
                Some(refusal) => {
                    assert_eq!(refusal.reasons, reasons, "{what}");
                    assert_eq!(refusal.unresolvable, unresolvable, "{what}");
                }
            }
        }
        let full = node("{metadata: {name: n}, status: {allocatable: {cpu: 2, pods: '0'}}}");
        let refusal = insufficient(&asking("{}"), &full).unwrap();
        assert_eq!(refusal.reasons, ["Too many pods"]);
    }

    #[test]
    fn emptier_nodes_score_higher() {
        let score = |placed: &str| {
            let mut node = node(
                "{metadata: {name: n}, status: {allocatable: {cpu: 4, memory: 10000Mi, pods: '10'}}}",
            );
            node.add_pod(&asking(placed));
            Fit.score(
                &CycleState::default(),
                &SchedulerCache::default(),
                &asking("{cpu: 1, memory: 1000Mi}"),
                &node,
            )
        };
        assert_eq!(score("{cpu: 1, memory: 4000Mi}"), 50);
        assert_eq!(score("{cpu: 3, memory: 9000Mi}"), 0);
        // A container that asks for nothing counts as 100m and 200Mi.
        assert_eq!(score("{}"), (72 + 88) / 2);
    }
}
