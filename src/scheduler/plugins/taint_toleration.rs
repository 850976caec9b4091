//! Taints keep pods away that do not tolerate them; soft taints cost points.
//!
//! Since v1.35 the words name no taint: its key and value are not for every tenant's eyes
//! (kubernetes/kubernetes#134740).

use crate::api::scheduling::{keeps_away, tolerated};
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{
    ClusterEvent, CycleState, Plugin, Points, Refusal, Scores, default_normalize,
};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

pub struct TaintToleration;

/// Whether the pod may be placed on the node, as far as taints go.
pub fn accepts(pod: &PodInfo, node: &NodeInfo) -> bool {
    node.taints()
        .iter()
        .all(|t| !keeps_away(t) || tolerated(pod.tolerations(), t))
}

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn points(&self) -> Points {
        Points::BOTH
    }

    fn weight(&self) -> i64 {
        3
    }

    fn filter(&self, _state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        if accepts(pod, node) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) had untolerated taint(s)"))
    }

    /// How many soft taints of the node the pod does not tolerate.
    fn score(
        &self,
        _state: &CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        node: &NodeInfo,
    ) -> i64 {
        let soft = node
            .taints()
            .iter()
            .filter(|t| t.effect == "PreferNoSchedule");
        soft.filter(|t| !tolerated(pod.tolerations(), t)).count() as i64
    }

    fn normalize(&self, _state: &CycleState, _nodes: &[&NodeInfo], scores: &mut Scores) {
        default_normalize(scores, true);
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        match event {
            ClusterEvent::NodeAdded(node) => accepts(pod, node),
            ClusterEvent::NodeUpdated { old, new } => !accepts(pod, old) && accepts(pod, new),
            ClusterEvent::Own { old, new } => old.tolerations() != new.tolerations(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node, pod};

    #[test]
    fn taints_and_tolerations_meet() {
        let cases = [
            ("[]", "[]", true),
            ("[{key: a, effect: NoSchedule}]", "[]", false),
            ("[{key: a, effect: NoExecute}]", "[]", false),
            ("[{key: a, effect: PreferNoSchedule}]", "[]", true),
            (
                "[{key: a, value: x, effect: NoSchedule}]",
                "[{key: a, value: x}]",
                true,
            ),
            (
                "[{key: a, value: x, effect: NoSchedule}]",
                "[{key: a, value: y}]",
                false,
            ),
            (
                "[{key: a, value: x, effect: NoSchedule}]",
                "[{key: a, operator: Exists}]",
                true,
            ),
            (
                "[{key: a, value: x, effect: NoSchedule}]",
                "[{operator: Exists}]",
                true,
            ),
            (
                "[{key: a, effect: NoExecute}]",
                "[{key: a, operator: Exists, effect: NoSchedule}]",
                false,
            ),
            (
                "[{key: a, value: '5', effect: NoSchedule}]",
                "[{key: a, operator: Lt, value: '9'}]",
                true,
            ),
            (
                "[{key: a, value: '5', effect: NoSchedule}]",
                "[{key: a, operator: Gt, value: '9'}]",
                false,
            ),
        ];
        for (taints, tolerations, ok) in cases {
            let pod = pod(&format!(
                "{{metadata: {{name: p}}, spec: {{tolerations: {tolerations}}}}}"
            ));
            let node = node(&format!(
                "{{metadata: {{name: n}}, spec: {{taints: {taints}}}}}"
            ));
            let result = TaintToleration.filter(&CycleState::default(), &pod, &node);
            assert_eq!(result.is_ok(), ok, "{tolerations} against {taints}");
        }
    }

    #[test]
    fn soft_taints_cost_points() {
        let pod = pod("{metadata: {name: p}, spec: {}}");
        let soft = node(
            "{metadata: {name: n}, spec: {taints: [{key: a, effect: PreferNoSchedule}, {key: b, effect: PreferNoSchedule}]}}",
        );
        let score = TaintToleration.score(
            &CycleState::default(),
            &SchedulerCache::default(),
            &pod,
            &soft,
        );
        assert_eq!(score, 2);
        let mut scores = vec![0, 1, 2];
        TaintToleration.normalize(&CycleState::default(), &[], &mut scores);
        assert_eq!(scores, [100, 50, 0]);
    }
}
