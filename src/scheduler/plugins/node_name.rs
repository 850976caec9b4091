//! A pod that names its node goes there or nowhere.

use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{ClusterEvent, CycleState, Plugin, Points, Refusal};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

pub struct NodeName;

fn fits(pod: &PodInfo, node: &NodeInfo) -> bool {
    pod.node_name().is_empty() || pod.node_name() == &*node.name
}

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn points(&self) -> Points {
        Points::FILTER
    }

    fn filter(&self, _state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        if fits(pod, node) {
            return Ok(());
        }
        Err(Refusal::unresolvable(
            "node(s) didn't match the requested node name",
        ))
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        matches!(event, ClusterEvent::NodeAdded(node) if fits(pod, node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node, pod};

    #[test]
    fn only_the_named_node_fits() {
        let node = node("{metadata: {name: a}}");
        for (spec, ok) in [
            ("{}", true),
            ("{nodeName: a}", true),
            ("{nodeName: b}", false),
        ] {
            let pod = pod(&format!("{{metadata: {{name: p}}, spec: {spec}}}"));
            let result = NodeName.filter(&CycleState::default(), &pod, &node);
            assert_eq!(result.is_ok(), ok, "{spec}");
        }
    }
}
