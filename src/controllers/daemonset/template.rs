//! The pod for a node: a copy of the template that only this node can take
//! (`k8s.io/kubernetes/pkg/controller/daemon/util/daemonset_util.go`).

use k8s_openapi::Shared;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{
    Affinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec,
    PodTemplateSpec, Toleration,
};

use crate::api::scheduling::NODE_NAME_FIELD;

/// The label that names the revision of a pod, and of a ControllerRevision.
pub const HASH_LABEL: &str = "controller-revision-hash";
/// The label that counts the template's changes; older than revisions.
const GENERATION_LABEL: &str = "pod-template-generation";
const GENERATION_ANNOTATION: &str = "deprecated.daemonset.template.generation";

/// Daemons stay on nodes in trouble, and start on cordoned ones.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// What brings the network up cannot wait for it.
const TOLERATED_ON_HOST_NETWORK: (&str, &str) =
    ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// The template's tolerations and those of every daemon (AddOrUpdateDaemonPodTolerations).
pub fn tolerations(spec: &PodSpec) -> Vec<Shared<Toleration>> {
    let mut all = spec.tolerations.clone().unwrap_or_default();
    let on_host = spec.host_network == Some(true);
    let added = TOLERATED
        .into_iter()
        .chain(on_host.then_some(TOLERATED_ON_HOST_NETWORK));
    for (key, effect) in added {
        let toleration = Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        // One that differs in its seconds only is replaced: daemons stay for good.
        match all
            .iter_mut()
            .find(|t| same_but_for_seconds(t, &toleration))
        {
            Some(own) => *own = toleration.into(),
            None => all.push(toleration.into()),
        }
    }
    all
}

fn same_but_for_seconds(a: &Toleration, b: &Toleration) -> bool {
    fn texts(t: &Toleration) -> [&str; 4] {
        [&t.key, &t.operator, &t.value, &t.effect].map(|f| f.as_deref().unwrap_or_default())
    }
    texts(a) == texts(b)
}

/// How often the template has changed; `None` when the annotation does not say.
pub fn generation(set: &DaemonSet) -> Option<i64> {
    let annotations = set.metadata.annotations.as_ref()?;
    annotations.get(GENERATION_ANNOTATION)?.parse().ok()
}

/// Whether a pod is of the set's present template (IsPodUpdated).
pub fn is_updated(pod: &Pod, set: &DaemonSet, hash: &str) -> bool {
    let label = |key: &str| pod.metadata.labels.as_ref().and_then(|l| l.get(key));
    let by_hash = !hash.is_empty() && label(HASH_LABEL).is_some_and(|v| v == hash);
    by_hash
        || generation(set)
            .is_some_and(|g| label(GENERATION_LABEL).is_some_and(|v| *v == g.to_string()))
}

/// The template as pods get it: with tolerations, and labelled with its revision
/// (CreatePodTemplate).
pub fn for_pods(set: &DaemonSet, hash: &str) -> PodTemplateSpec {
    let mut template = set
        .spec
        .as_ref()
        .map(|s| s.template.clone())
        .unwrap_or_default();
    let spec = template.spec.get_or_insert_default();
    spec.tolerations = Some(tolerations(spec));
    let labels = template.metadata.get_or_insert_default();
    let labels = labels.labels.get_or_insert_default();
    if let Some(generation) = generation(set) {
        labels.insert(GENERATION_LABEL.to_owned(), generation.to_string());
    }
    if !hash.is_empty() {
        labels.insert(HASH_LABEL.to_owned(), hash.to_owned());
    }
    template
}

/// Ties a pod to `node`, in place of what its affinity required before: the node was chosen by
/// that already (ReplaceDaemonSetPodNodeNameNodeAffinity).
pub fn tie_to(affinity: &mut Affinity, node: &str) {
    let by_name = NodeSelectorTerm {
        match_fields: Some(vec![NodeSelectorRequirement {
            key: NODE_NAME_FIELD.to_owned(),
            operator: "In".to_owned(),
            values: Some(vec![node.to_owned()]),
        }]),
        ..NodeSelectorTerm::default()
    };
    affinity
        .node_affinity
        .get_or_insert_default()
        .required_during_scheduling_ignored_during_execution = Some(NodeSelector {
        node_selector_terms: vec![by_name],
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_tolerations_stay_and_seconds_go() {
        let own = |key: &str, seconds: Option<i64>| {
            Shared::from(Toleration {
                key: Some(key.to_owned()),
                operator: Some("Exists".to_owned()),
                effect: Some("NoExecute".to_owned()),
                toleration_seconds: seconds,
                ..Toleration::default()
            })
        };
        let spec = PodSpec {
            tolerations: Some(vec![
                own("node.kubernetes.io/unreachable", Some(5)),
                own("mine", Some(5)),
            ]),
            host_network: Some(true),
            ..PodSpec::default()
        };
        let all = tolerations(&spec);
        let shown: Vec<(&str, Option<i64>)> = all
            .iter()
            .map(|t| (t.key.as_deref().unwrap_or_default(), t.toleration_seconds))
            .collect();
        assert_eq!(
            shown,
            [
                ("node.kubernetes.io/unreachable", None),
                ("mine", Some(5)),
                ("node.kubernetes.io/not-ready", None),
                ("node.kubernetes.io/disk-pressure", None),
                ("node.kubernetes.io/memory-pressure", None),
                ("node.kubernetes.io/pid-pressure", None),
                ("node.kubernetes.io/unschedulable", None),
                ("node.kubernetes.io/network-unavailable", None),
            ]
        );
    }

    #[test]
    fn a_pod_is_tied_to_its_node_and_keeps_its_other_affinity() {
        let mut affinity = Affinity {
            pod_affinity: Some(Default::default()),
            ..Affinity::default()
        };
        tie_to(&mut affinity, "node-3");
        let value = crate::api::codec::encode(&affinity);
        assert_eq!(
            value,
            serde_json::json!({
                "podAffinity": {},
                "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchFields": [
                        {"key": "metadata.name", "operator": "In", "values": ["node-3"]}
                    ]}]
                }}
            })
        );
    }
}
