//! A host port can be given once per node, protocol and address.

use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{ClusterEvent, CycleState, Plugin, Points, PreFilter, Refusal};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

pub struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn points(&self) -> Points {
        Points::FILTER
    }

    fn pre_filter(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
    ) -> PreFilter {
        if pod.ports.is_empty() {
            PreFilter::Skip
        } else {
            PreFilter::AllNodes
        }
    }

    fn filter(&self, _state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        if node.port_conflict(&pod.ports) {
            return Err(Refusal::unschedulable(
                "node(s) didn't have free ports for the requested pod ports",
            ));
        }
        Ok(())
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        match event {
            ClusterEvent::PodDeleted(gone) => gone
                .ports
                .iter()
                .any(|held| pod.ports.iter().any(|wanted| held.overlaps(wanted))),
            ClusterEvent::NodeAdded(node) => !node.port_conflict(&pod.ports),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node, pod};

    #[test]
    fn a_host_port_is_given_once() {
        let with = |ports: &str| {
            pod(&format!(
                "{{metadata: {{name: p}}, spec: {{containers: [{{name: a, ports: {ports}}}]}}}}"
            ))
        };
        let mut node = node("{metadata: {name: n}}");
        node.add_pod(&with(
            "[{containerPort: 1, hostPort: 80, hostIP: 10.0.0.1}]",
        ));
        let cases = [
            ("[{containerPort: 80}]", true),
            ("[{containerPort: 80, hostPort: 81}]", true),
            ("[{containerPort: 80, hostPort: 80}]", false),
            ("[{containerPort: 80, hostPort: 80, protocol: UDP}]", true),
            (
                "[{containerPort: 80, hostPort: 80, hostIP: 10.0.0.2}]",
                true,
            ),
            (
                "[{containerPort: 80, hostPort: 80, hostIP: 0.0.0.0}]",
                false,
            ),
        ];
        for (ports, ok) in cases {
            let result = NodePorts.filter(&CycleState::default(), &with(ports), &node);
            assert_eq!(result.is_ok(), ok, "{ports}");
        }
    }
}
