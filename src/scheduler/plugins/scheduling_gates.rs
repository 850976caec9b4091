//! Pods with scheduling gates stay out of the queue until the last gate is lifted.

use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{ClusterEvent, Plugin, Refusal};
use crate::scheduler::podinfo::PodInfo;

pub struct SchedulingGates;

fn gates(pod: &PodInfo) -> Vec<&str> {
    let gates = pod.spec().and_then(|s| s.scheduling_gates.as_ref());
    gates
        .into_iter()
        .flatten()
        .map(|g| g.name.as_str())
        .collect()
}

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        "SchedulingGates"
    }

    fn pre_enqueue(&self, pod: &PodInfo) -> Result<(), Refusal> {
        let gates = gates(pod);
        if gates.is_empty() {
            return Ok(());
        }
        let words = format!("waiting for scheduling gates: [{}]", gates.join(" "));
        Err(Refusal::unresolvable(words))
    }

    fn hint(&self, _pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        matches!(event, ClusterEvent::Own { new, .. } if gates(new).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::pod;

    #[test]
    fn gates_are_named() {
        let open = pod("{metadata: {name: a}, spec: {containers: []}}");
        assert!(SchedulingGates.pre_enqueue(&open).is_ok());
        let gated = pod("{metadata: {name: a}, spec: {schedulingGates: [{name: a/x}, {name: y}]}}");
        let refusal = SchedulingGates.pre_enqueue(&gated).unwrap_err();
        assert_eq!(refusal.reasons, ["waiting for scheduling gates: [a/x y]"]);
    }
}
