//! What is demanded of nodes, and of what kubelets send.
//!
//! Models `plugin/pkg/admission/nodetaint` (TaintNodesByCondition) and
//! `plugin/pkg/admission/noderestriction` (NodeRestriction).
//!
//! Divergence: the kubelets of the simulation carry their names and are not asked; whoever acts
//! as a node through the API is.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod, Taint};

use crate::api::{Object, Result, Status};
use crate::apiserver::Caller;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Labels of Kubernetes' own that a kubelet may set on its node
/// (`staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go`).
const KUBELET_LABELS: [&str; 11] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];

/// A node comes with a taint that keeps pods away until it is known to be ready.
pub(super) fn taint_new(object: &mut Object) {
    let Some(node) = object.edit::<Node>() else {
        return;
    };
    let taints = node.spec.get_or_insert_default();
    let taints = taints.taints.get_or_insert_default();
    let has = |t: &Taint| t.key == NOT_READY && t.effect == "NoSchedule";
    if !taints.iter().any(has) {
        taints.push(Taint {
            key: NOT_READY.to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        });
    }
}

/// What somebody who acts as a node does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apiserver) enum Act {
    Create,
    Update,
    UpdateStatus,
    Delete,
}

/// Kubelets change their own node, and the pods on it.
pub(in crate::apiserver) fn restrict(
    caller: &Caller,
    act: Act,
    object: &Object,
    old: Option<&Object>,
) -> Result<()> {
    let Some(own) = caller
        .node()
        .filter(|_| !caller.manager.starts_with("node:"))
    else {
        return Ok(());
    };
    let refusal = match object {
        Object::Pod(pod) => of_pod(
            own,
            act,
            pod,
            old.and_then(|o| o.get::<Pod>().map(|p| &**p)),
        ),
        Object::Node(node) => {
            let old = old.and_then(|o| o.get::<Node>().map(|n| &**n));
            of_node(own, act, node, old)
        }
        _ => None,
    };
    match refusal {
        Some(detail) => Err(Status::forbidden(object.info(), object.name(), &detail)),
        None => Ok(()),
    }
}

fn of_pod(own: &str, act: Act, pod: &Pod, old: Option<&Pod>) -> Option<String> {
    let node = |pod: &Pod| pod.spec.as_ref().and_then(|s| s.node_name.clone());
    let elsewhere = node(old.unwrap_or(pod)).as_deref() != Some(own);
    let annotations = pod.metadata.annotations.as_ref();
    let mirror = annotations.is_some_and(|a| a.contains_key(MIRROR));
    match act {
        Act::Create if !mirror => Some(format!(
            "pod does not have \"{MIRROR}\" annotation, node \"{own}\" can only create mirror pods"
        )),
        Act::Create if elsewhere => Some(format!(
            "node \"{own}\" can only create pods with spec.nodeName set to itself"
        )),
        Act::Delete if elsewhere => Some(format!(
            "node \"{own}\" can only delete pods with spec.nodeName set to itself"
        )),
        Act::UpdateStatus if elsewhere => Some(format!(
            "node \"{own}\" can only update pod status for pods with spec.nodeName set to itself"
        )),
        Act::UpdateStatus if old.is_some_and(|o| o.metadata.labels != pod.metadata.labels) => Some(
            format!("node \"{own}\" cannot update labels through pod status"),
        ),
        _ => None,
    }
}

fn of_node(own: &str, act: Act, node: &Node, old: Option<&Node>) -> Option<String> {
    let name = node.metadata.name.as_deref().unwrap_or_default();
    if name != own {
        return Some(format!(
            "node \"{own}\" is not allowed to modify node \"{name}\""
        ));
    }
    let empty = BTreeMap::new();
    let labels = |node: &Node| node.metadata.labels.clone().unwrap_or_default();
    let before = old.map_or(empty, labels);
    let now = labels(node);
    let mut changed: Vec<&str> = now
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value))
        .map(|(key, _)| key.as_str())
        .chain(
            before
                .keys()
                .filter(|k| !now.contains_key(*k))
                .map(String::as_str),
        )
        .filter(|key| !may_set(key))
        .collect();
    changed.sort_unstable();
    match act {
        Act::Create if !changed.is_empty() => Some(format!(
            "node \"{own}\" is not allowed to set the following labels: {}",
            changed.join(", ")
        )),
        Act::Update | Act::UpdateStatus if !changed.is_empty() => Some(format!(
            "is not allowed to modify labels: {}",
            changed.join(", ")
        )),
        Act::Update => {
            let taints = |n: &Node| n.spec.as_ref().and_then(|s| s.taints.clone());
            let moved = old.is_some_and(|o| taints(o) != taints(node));
            moved.then(|| format!("node \"{own}\" is not allowed to modify taints"))
        }
        _ => None,
    }
}

/// Whether a kubelet may set a label: any but those that Kubernetes keeps for itself.
fn may_set(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else {
        return true;
    };
    let below = |parent: &str| {
        domain == parent
            || domain
                .strip_suffix(parent)
                .is_some_and(|d| d.ends_with('.'))
    };
    if !below("kubernetes.io") && !below("k8s.io") {
        return true;
    }
    KUBELET_LABELS.contains(&key) || below("kubelet.kubernetes.io") || below("node.kubernetes.io")
}

#[cfg(test)]
mod tests {
    use super::may_set;

    #[test]
    fn kubelets_leave_labels_of_kubernetes_alone() {
        for (key, expected) in [
            ("app", true),
            ("example.com/rack", true),
            ("kubernetes.io/hostname", true),
            ("kubelet.kubernetes.io/x", true),
            ("a.node.kubernetes.io/x", true),
            ("node-restriction.kubernetes.io/x", false),
            ("node-role.kubernetes.io/control-plane", false),
            ("x.k8s.io/y", false),
            ("notk8s.io/y", true),
        ] {
            assert_eq!(may_set(key), expected, "{key}");
        }
    }
}
