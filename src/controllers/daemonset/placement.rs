//! On which nodes a set's pods should run (`daemon_controller.go` NodeShouldRunDaemonPod).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Node, Pod, PodSpec, Taint, Toleration};

use super::template::tolerations;
use crate::api::Resource;
use crate::api::scheduling::{
    NODE_NAME_FIELD, keeps_away, required_affinity_matches, required_terms, tolerated,
};
use crate::controllers::pods::node_name;

/// What a node is to a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A pod should run there.
    Run,
    /// No pod should start there, but one that is there may stay.
    Keep,
    /// No pod may be there.
    Leave,
}

impl Verdict {
    pub fn should_run(self) -> bool {
        self == Verdict::Run
    }

    pub fn may_stay(self) -> bool {
        self != Verdict::Leave
    }
}

/// What a set's template asks of nodes.
pub struct Placement<'d> {
    spec: Option<&'d PodSpec>,
    tolerations: Vec<Shared<Toleration>>,
}

impl<'d> Placement<'d> {
    pub fn of(set: &'d DaemonSet) -> Self {
        let spec = set.spec.as_ref().and_then(|s| s.template.spec.as_deref());
        Placement {
            spec,
            tolerations: spec.map(tolerations).unwrap_or_default(),
        }
    }

    pub fn verdict(&self, node: &Node) -> Verdict {
        static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();
        let Some(spec) = self.spec else {
            return Verdict::Leave;
        };
        let wanted = spec.node_name.as_deref().unwrap_or_default();
        if !wanted.is_empty() && wanted != node.name() {
            return Verdict::Leave;
        }
        let labels = node.metadata.labels.as_ref().unwrap_or(&NO_LABELS);
        if !required_affinity_matches(spec, labels, node.name()) {
            return Verdict::Leave;
        }
        let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref());
        let refused = |taint: &&Taint| !tolerated(&self.tolerations, taint);
        let refused: Vec<&Taint> = taints.unwrap_or_default().iter().filter(refused).collect();
        if refused.iter().any(|t| t.effect == "NoExecute") {
            Verdict::Leave
        } else if refused.iter().any(|t| keeps_away(t)) {
            Verdict::Keep
        } else {
            Verdict::Run
        }
    }
}

/// The node that a pod is bound to, or else the one that its affinity names
/// (`pkg/controller/daemon/util` GetTargetNodeName).
pub fn target_node(pod: &Pod) -> Option<&str> {
    let bound = node_name(pod);
    if !bound.is_empty() {
        return Some(bound);
    }
    let fields = required_terms(pod.spec.as_ref()?)?
        .iter()
        .flat_map(|term| term.match_fields.iter().flatten());
    let named = fields
        .into_iter()
        .find(|f| f.key == NODE_NAME_FIELD && f.operator == "In")?;
    match named.values.as_deref() {
        Some([name]) => Some(name),
        _ => None,
    }
}

/// Bound pods first, then the older, then by name: the first one counts
/// (podByCreationTimestampAndPhase).
pub fn seniority(a: &Rc<Pod>, b: &Rc<Pod>) -> Ordering {
    let created = |pod: &Rc<Pod>| pod.metadata.creation_timestamp.as_ref().map(|t| t.0);
    let unbound = |pod: &Rc<Pod>| node_name(pod).is_empty();
    unbound(a)
        .cmp(&unbound(b))
        .then_with(|| created(a).cmp(&created(b)))
        .then_with(|| a.name().cmp(b.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_chosen_by_name_labels_and_taints() {
        let cases = [
            ("{}", "{}", Verdict::Run),
            ("{nodeName: n}", "{}", Verdict::Run),
            ("{nodeName: other}", "{}", Verdict::Leave),
            ("{nodeSelector: {disk: ssd}}", "{}", Verdict::Run),
            ("{nodeSelector: {disk: hdd}}", "{}", Verdict::Leave),
            (
                "{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                 {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: DoesNotExist}]}]}}}}",
                "{}",
                Verdict::Leave,
            ),
            (
                "{}",
                "{taints: [{key: a, effect: PreferNoSchedule}]}",
                Verdict::Run,
            ),
            (
                "{}",
                "{taints: [{key: a, effect: NoSchedule}]}",
                Verdict::Keep,
            ),
            (
                "{}",
                "{taints: [{key: a, effect: NoExecute}]}",
                Verdict::Leave,
            ),
            (
                "{}",
                "{taints: [{key: a, effect: NoSchedule}, {key: b, effect: NoExecute}]}",
                Verdict::Leave,
            ),
            (
                "{tolerations: [{key: a, operator: Exists}]}",
                "{taints: [{key: a, effect: NoSchedule}]}",
                Verdict::Run,
            ),
            // What every daemon puts up with.
            (
                "{}",
                "{unschedulable: true, \
                 taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]}",
                Verdict::Run,
            ),
            (
                "{}",
                "{taints: [{key: node.kubernetes.io/not-ready, effect: NoSchedule}]}",
                Verdict::Keep,
            ),
            (
                "{}",
                "{taints: [{key: node.kubernetes.io/unreachable, effect: NoExecute}, \
                 {key: node.kubernetes.io/memory-pressure, effect: NoSchedule}]}",
                Verdict::Run,
            ),
            (
                "{}",
                "{taints: [{key: node.kubernetes.io/network-unavailable, effect: NoSchedule}]}",
                Verdict::Keep,
            ),
            (
                "{hostNetwork: true}",
                "{taints: [{key: node.kubernetes.io/network-unavailable, effect: NoSchedule}]}",
                Verdict::Run,
            ),
        ];
        for (pod, node_spec, expected) in cases {
            let mut pod: serde_json::Value = serde_yaml::from_str(pod).expect("a pod spec");
            pod["containers"] = serde_json::json!([]);
            let node_spec = serde_yaml::from_str(node_spec).expect("a node spec");
            let set = DaemonSet {
                spec: Some(k8s_openapi::api::apps::v1::DaemonSetSpec {
                    template: k8s_openapi::api::core::v1::PodTemplateSpec {
                        spec: Some(serde_json::from_value(pod.clone()).expect("a pod spec")),
                        ..Default::default()
                    },
                    ..Default::default()
                }),
                ..Default::default()
            };
            let mut node = Node {
                spec: Some(node_spec),
                ..Node::default()
            };
            node.metadata.name = Some("n".into());
            node.metadata.labels = Some([("disk".to_owned(), "ssd".to_owned())].into());
            let verdict = Placement::of(&set).verdict(&node);
            assert_eq!(verdict, expected, "{pod} on {:?}", node.spec);
        }
    }
}
