//! Which nodes a pod may be on: node selectors, required node affinity, taints and tolerations.
//!
//! Whoever places pods or asks whether they may stay reads the same rules here.
//! Models `k8s.io/component-helpers/scheduling/corev1`.

use std::collections::BTreeMap;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{
    NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration,
};

/// The field of a node that terms may name.
pub const NODE_NAME_FIELD: &str = "metadata.name";

/// Whether one of the tolerations tolerates the taint.
pub fn tolerated(tolerations: &[Shared<Toleration>], taint: &Taint) -> bool {
    tolerations.iter().any(|t| tolerates(t, taint))
}

pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    fn text(field: &Option<String>) -> &str {
        field.as_deref().unwrap_or_default()
    }
    let effect = text(&toleration.effect);
    if !effect.is_empty() && effect != taint.effect {
        return false;
    }
    let key = text(&toleration.key);
    if !key.is_empty() && key != taint.key {
        return false;
    }
    let (wanted, has) = (text(&toleration.value), text(&taint.value));
    let numbers = || Some((wanted.parse::<i64>().ok()?, has.parse::<i64>().ok()?));
    match text(&toleration.operator) {
        "" | "Equal" => wanted == has,
        "Exists" => true,
        "Lt" => numbers().is_some_and(|(bound, value)| value < bound),
        "Gt" => numbers().is_some_and(|(bound, value)| value > bound),
        _ => false,
    }
}

/// Whether a taint keeps new pods away, rather than only making the node less liked.
pub fn keeps_away(taint: &Taint) -> bool {
    taint.effect == "NoSchedule" || taint.effect == "NoExecute"
}

/// The alternatives of a pod's required node affinity; `None` when it has none.
pub fn required_terms(spec: &PodSpec) -> Option<&Vec<NodeSelectorTerm>> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity
        .required_during_scheduling_ignored_during_execution
        .as_ref()?;
    Some(&required.node_selector_terms)
}

/// Whether the node called `name` has what the pod's nodeSelector and required affinity ask for
/// (`nodeaffinity` RequiredNodeAffinity).
pub fn required_affinity_matches(
    spec: &PodSpec,
    labels: &BTreeMap<String, String>,
    name: &str,
) -> bool {
    let selector = spec.node_selector.as_ref();
    let selected = selector
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    selected
        && required_terms(spec)
            .is_none_or(|terms| terms.iter().any(|t| term_matches(t, labels, name)))
}

/// Terms are alternatives; within a term everything has to hold. A term without any condition
/// matches nothing.
pub fn term_matches(
    term: &NodeSelectorTerm,
    labels: &BTreeMap<String, String>,
    name: &str,
) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let labelled = |r: &NodeSelectorRequirement| holds(r, labels.get(&r.key).map(String::as_str));
    let named = |r: &NodeSelectorRequirement| r.key == NODE_NAME_FIELD && holds(r, Some(name));
    expressions.iter().all(labelled) && fields.iter().all(named)
}

fn holds(requirement: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let among = |value: &str| values.iter().any(|v| v == value);
    let numbers = || {
        let bound = values.first()?.parse::<i64>().ok()?;
        Some((value?.parse::<i64>().ok()?, bound))
    };
    match requirement.operator.as_str() {
        "In" => value.is_some_and(among),
        "NotIn" => !value.is_some_and(among),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => numbers().is_some_and(|(n, bound)| n > bound),
        "Lt" => numbers().is_some_and(|(n, bound)| n < bound),
        _ => false,
    }
}
