//! Cordoned nodes take no pods but those that tolerate the taint of cordoned nodes.

use k8s_openapi::api::core::v1::Taint;

use crate::api::scheduling::tolerated;
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{ClusterEvent, CycleState, Plugin, Points, Refusal};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

pub struct NodeUnschedulable;

fn accepts(pod: &PodInfo, node: &NodeInfo) -> bool {
    if !node.is_unschedulable {
        return true;
    }
    let taint = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        effect: "NoSchedule".to_owned(),
        ..Taint::default()
    };
    tolerated(pod.tolerations(), &taint)
}

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn points(&self) -> Points {
        Points::FILTER
    }

    fn filter(&self, _state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        if accepts(pod, node) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) were unschedulable"))
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
    fn cordoned_nodes_refuse() {
        let cases = [
            ("{}", "{}", true),
            ("{}", "{unschedulable: true}", false),
            (
                "{tolerations: [{key: node.kubernetes.io/unschedulable, operator: Exists}]}",
                "{unschedulable: true}",
                true,
            ),
        ];
        for (pod_spec, node_spec, ok) in cases {
            let pod = pod(&format!("{{metadata: {{name: p}}, spec: {pod_spec}}}"));
            let node = node(&format!("{{metadata: {{name: n}}, spec: {node_spec}}}"));
            let result = NodeUnschedulable.filter(&CycleState::default(), &pod, &node);
            assert_eq!(result.is_ok(), ok, "{pod_spec} on {node_spec}");
        }
    }
}
