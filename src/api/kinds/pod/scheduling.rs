//! The rules of where a pod may run: affinity, tolerations, spreading, gates.

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{
    Affinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodAffinity,
    PodAffinityTerm, PodAntiAffinity, PodSpec, Toleration, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::api::field::{Errors, Path};
use crate::api::names::{
    is_dns1123_label, is_dns1123_subdomain, is_label_value, is_qualified_name,
};
use crate::api::validation::{label_key, label_selector, one_of};
use crate::sim::ordered::Set as BTreeSet;

pub(super) const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
pub(super) const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const NOT_POSITIVE: &str = "must be greater than zero";
pub(in crate::api::kinds) const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn affinity(affinity: Option<&Affinity>, path: &Path<'_>, errors: &mut Errors) {
    let Some(affinity) = affinity else { return };
    if let Some(node) = &affinity.node_affinity {
        let path = path.child("nodeAffinity");
        if let Some(required) = &node.required_during_scheduling_ignored_during_execution {
            node_selector(required, &path.child(REQUIRED), errors);
        }
        let preferred = &node.preferred_during_scheduling_ignored_during_execution;
        let path = path.child(PREFERRED);
        for (i, term) in preferred.iter().flatten().enumerate() {
            let path = path.index(i);
            weight(term.weight, &path, errors);
            node_term(&term.preference, false, &path.child("preference"), errors);
        }
    }
    let none = Default::default();
    let PodAffinity {
        required_during_scheduling_ignored_during_execution: required,
        preferred_during_scheduling_ignored_during_execution: preferred,
    } = affinity.pod_affinity.as_ref().unwrap_or(&none);
    let of_pods = path.child("podAffinity");
    pod_terms(required.as_deref(), &of_pods.child(REQUIRED), errors);
    for (i, term) in preferred.iter().flatten().enumerate() {
        let path = of_pods.child(PREFERRED);
        let path = path.index(i);
        weight(term.weight, &path, errors);
        pod_term(
            &term.pod_affinity_term,
            &path.child("podAffinityTerm"),
            errors,
        );
    }
    let none = Default::default();
    let PodAntiAffinity {
        required_during_scheduling_ignored_during_execution: required,
        preferred_during_scheduling_ignored_during_execution: preferred,
    } = affinity.pod_anti_affinity.as_ref().unwrap_or(&none);
    let against_pods = path.child("podAntiAffinity");
    pod_terms(required.as_deref(), &against_pods.child(REQUIRED), errors);
    for (i, term) in preferred.iter().flatten().enumerate() {
        let path = against_pods.child(PREFERRED);
        let path = path.index(i);
        weight(term.weight, &path, errors);
        pod_term(
            &term.pod_affinity_term,
            &path.child("podAffinityTerm"),
            errors,
        );
    }
}

/// Terms of which a node has to match one.
pub(in crate::api::kinds) fn node_selector(
    selector: &NodeSelector,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let path = path.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        errors.required(&path, "must have at least one node selector term");
    }
    for (i, term) in selector.node_selector_terms.iter().enumerate() {
        node_term(term, true, &path.index(i), errors);
    }
}

fn weight(weight: i32, path: &Path<'_>, errors: &mut Errors) {
    if !(1..=100).contains(&weight) {
        let detail = "must be in the range 1-100";
        errors.invalid(&path.child("weight"), weight, detail);
    }
}

/// `strict` tells whether the values have to be such that a node can have them.
fn node_term(term: &NodeSelectorTerm, strict: bool, path: &Path<'_>, errors: &mut Errors) {
    let expressions = path.child("matchExpressions");
    for (i, requirement) in term.match_expressions.iter().flatten().enumerate() {
        node_requirement(requirement, strict, &expressions.index(i), errors);
    }
    let fields = path.child("matchFields");
    for (i, requirement) in term.match_fields.iter().flatten().enumerate() {
        field_requirement(requirement, &fields.index(i), errors);
    }
}

fn node_requirement(
    rule: &NodeSelectorRequirement,
    strict: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let values = rule.values.as_deref().unwrap_or_default();
    let path_of_values = path.child("values");
    match rule.operator.as_str() {
        "In" | "NotIn" => {
            if values.is_empty() {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.required(&path_of_values, detail);
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&path_of_values, detail);
            }
        }
        "Gt" | "Lt" => {
            if values.len() != 1 {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.required(&path_of_values, detail);
            }
        }
        other => errors.invalid(
            &path.child("operator"),
            other,
            "not a valid selector operator",
        ),
    }
    label_key(&rule.key, &path.child("key"), errors);
    for (i, value) in values.iter().enumerate().filter(|_| strict) {
        errors.invalid_each(&path_of_values.index(i), value, is_label_value(value));
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn field_requirement(rule: &NodeSelectorRequirement, path: &Path<'_>, errors: &mut Errors) {
    let values = rule.values.as_deref().unwrap_or_default();
    let path_of_values = path.child("values");
    match rule.operator.as_str() {
        "In" | "NotIn" => {
            if values.len() != 1 {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.required(&path_of_values, detail);
            }
        }
        other => errors.invalid(
            &path.child("operator"),
            other,
            "not a valid selector operator",
        ),
    }
    if rule.key == "metadata.name" {
        for (i, value) in values.iter().enumerate() {
            errors.invalid_each(&path_of_values.index(i), value, is_dns1123_subdomain(value));
        }
    } else {
        let detail = "not a valid field selector key";
        errors.invalid(&path.child("key"), &rule.key, detail);
    }
}

fn pod_terms(terms: Option<&[PodAffinityTerm]>, path: &Path<'_>, errors: &mut Errors) {
    for (i, term) in terms.into_iter().flatten().enumerate() {
        pod_term(term, &path.index(i), errors);
    }
}

fn pod_term(term: &PodAffinityTerm, path: &Path<'_>, errors: &mut Errors) {
    label_selector(
        term.label_selector.as_ref(),
        &path.child("labelSelector"),
        errors,
    );
    label_selector(
        term.namespace_selector.as_ref(),
        &path.child("namespaceSelector"),
        errors,
    );
    for name in term.namespaces.iter().flatten() {
        errors.invalid_each(&path.child("namespace"), name, is_dns1123_label(name));
    }
    label_keys(term, path, errors);
    let path = path.child("topologyKey");
    if term.topology_key.is_empty() {
        errors.required(&path, "can not be empty");
    }
    label_key(&term.topology_key, &path, errors);
}

/// Keys of labels become expressions when a pod is made (`mutatePodAffinity` and
/// `mutateTopologySpreadConstraints` in `pkg/registry/core/pod/strategy.go`).
pub(super) fn merge_label_keys(pod: &mut Pod) {
    let Some(spec) = &mut pod.spec else { return };
    let labels = pod.metadata.labels.as_ref();
    let add = |selector: &mut Option<LabelSelector>, keys: &Option<Vec<String>>, operator: &str| {
        let Some(selector) = selector else { return };
        for key in keys.iter().flatten() {
            if let Some(value) = labels.and_then(|l| l.get(key)) {
                let expressions = selector.match_expressions.get_or_insert_default();
                expressions.push(LabelSelectorRequirement {
                    key: key.clone(),
                    operator: operator.to_owned(),
                    values: Some(vec![value.clone()]),
                });
            }
        }
    };
    if let Some(affinity) = spec.affinity.as_deref_mut() {
        let near = affinity.pod_affinity.as_mut().map(|near| {
            (
                &mut near.required_during_scheduling_ignored_during_execution,
                &mut near.preferred_during_scheduling_ignored_during_execution,
            )
        });
        let far = affinity.pod_anti_affinity.as_mut().map(|far| {
            (
                &mut far.required_during_scheduling_ignored_during_execution,
                &mut far.preferred_during_scheduling_ignored_during_execution,
            )
        });
        for (required, preferred) in [near, far].into_iter().flatten() {
            let preferred = preferred.iter_mut().flatten();
            let preferred = preferred.map(|t| &mut t.pod_affinity_term);
            for term in required.iter_mut().flatten().chain(preferred) {
                add(&mut term.label_selector, &term.match_label_keys, "In");
                add(&mut term.label_selector, &term.mismatch_label_keys, "NotIn");
            }
        }
    }
    for constraint in spec.topology_spread_constraints.iter_mut().flatten() {
        add(
            &mut constraint.label_selector,
            &constraint.match_label_keys,
            "In",
        );
    }
}

/// `validateMatchLabelKeysAndMismatchLabelKeys`.
#[inline(never)] // rare: it waits in the second file of the wasm
fn label_keys(term: &PodAffinityTerm, path: &Path<'_>, errors: &mut Errors) {
    let (same, other) = (
        term.match_label_keys.as_deref().unwrap_or_default(),
        term.mismatch_label_keys.as_deref().unwrap_or_default(),
    );
    for (field, keys) in [("matchLabelKeys", same), ("mismatchLabelKeys", other)] {
        let path = path.child(field);
        if keys.is_empty() {
            continue;
        }
        if term.label_selector.is_none() {
            errors.forbidden(&path, "must not be specified when labelSelector is not set");
            continue;
        }
        for (i, key) in keys.iter().enumerate() {
            label_key(key, &path.index(i), errors);
        }
    }
    // The keys have already become expressions: one beside it was given.
    if let Some(selector) = &term.label_selector {
        let labels = selector.match_labels.iter().flatten();
        let mut seen: BTreeSet<&str> = labels.map(|(key, _)| key.as_str()).collect();
        for expression in selector.match_expressions.iter().flatten() {
            let place = same.iter().rposition(|key| *key == expression.key);
            if !seen.insert(&expression.key)
                && let Some(i) = place
            {
                let detail = "exists in both matchLabelKeys and labelSelector";
                errors.invalid(&path.index(i), &expression.key, detail);
            }
        }
    }
    let path = path.child("matchLabelKeys");
    for (i, key) in same.iter().enumerate().filter(|(_, k)| other.contains(k)) {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        errors.invalid(&path.index(i), key, detail);
    }
}

/// Keys of labels by whose values constraints tell pods apart (`validateMatchLabelKeysInTopologySpread`).
/// Those of a pod have already become expressions.
fn spread_keys(
    constraint: &TopologySpreadConstraint,
    of_pod: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let keys = constraint.match_label_keys.as_deref().unwrap_or_default();
    if keys.is_empty() {
        return;
    }
    let selector = constraint.label_selector.as_ref();
    if selector.is_none() {
        errors.forbidden(path, "must not be specified when labelSelector is not set");
    }
    let labels = selector.and_then(|s| s.match_labels.as_ref());
    let expressions = selector.and_then(|s| s.match_expressions.as_ref());
    for (i, key) in keys.iter().enumerate() {
        let path = path.index(i);
        label_key(key, &path, errors);
        let expressions = expressions.into_iter().flatten();
        let listed = expressions.filter(|e| e.key == *key).count();
        if labels.is_some_and(|l| l.contains_key(key)) || listed > usize::from(of_pod) {
            errors.invalid(
                &path,
                key,
                "exists in both matchLabelKeys and labelSelector",
            );
        }
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
pub(super) fn gates(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let path = path.index(i);
        errors.invalid_each(&path, &gate.name, is_qualified_name(&gate.name));
        if !seen.insert(gate.name.as_str()) {
            errors.duplicate(&path, &gate.name);
        }
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
pub(super) fn spread(
    constraints: &[TopologySpreadConstraint],
    of_pod: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    for (i, constraint) in constraints.iter().enumerate() {
        let path = path.index(i);
        let (key, action) = (&constraint.topology_key, &constraint.when_unsatisfiable);
        if constraint.max_skew <= 0 {
            errors.invalid(&path.child("maxSkew"), constraint.max_skew, NOT_POSITIVE);
        }
        if key.is_empty() {
            errors.required(&path.child("topologyKey"), "can not be empty");
        }
        if !matches!(action.as_str(), "DoNotSchedule" | "ScheduleAnyway") {
            let known = ["DoNotSchedule", "ScheduleAnyway"];
            errors.not_supported(&path.child("whenUnsatisfiable"), action, &known);
        }
        let later = constraints.iter().skip(i + 1);
        if later
            .into_iter()
            .any(|c| c.topology_key == *key && c.when_unsatisfiable == *action)
        {
            let value = format!("{{{key}, {action}}}");
            errors.duplicate(&path.child("{topologyKey, whenUnsatisfiable}"), &value);
        }
        if let Some(domains) = constraint.min_domains {
            let path = path.child("minDomains");
            if domains <= 0 {
                errors.invalid(&path, domains, NOT_POSITIVE);
            }
            if action != "DoNotSchedule" {
                let detail = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                );
                errors.invalid(&path, domains, detail);
            }
        }
        for (field, policy) in [
            ("nodeAffinityPolicy", &constraint.node_affinity_policy),
            ("nodeTaintsPolicy", &constraint.node_taints_policy),
        ] {
            if let Some(policy) = policy
                && !matches!(policy.as_str(), "Honor" | "Ignore")
            {
                errors.not_supported(&path.child(field), policy, &["Honor", "Ignore"]);
            }
        }
        spread_keys(constraint, of_pod, &path.child("matchLabelKeys"), errors);
        label_selector(
            constraint.label_selector.as_ref(),
            &path.child("labelSelector"),
            errors,
        );
    }
}

pub(in crate::api::kinds) fn tolerations(
    tolerations: &[Shared<Toleration>],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    for (i, toleration) in tolerations.iter().enumerate() {
        let path = path.index(i);
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let (key, operator) = (text(&toleration.key), text(&toleration.operator));
        let (value, effect) = (text(&toleration.value), text(&toleration.effect));
        if !key.is_empty() {
            label_key(&key, &path.child("key"), errors);
        }
        let path_of_operator = path.child("operator");
        if key.is_empty() && operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.invalid(&path_of_operator, &operator, detail);
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&path.child("effect"), &effect, detail);
        }
        match operator.as_str() {
            "Equal" | "" => {
                let messages = is_label_value(&value);
                if !messages.is_empty() {
                    errors.invalid(&path_of_operator, &value, messages.join(";"));
                }
            }
            "Exists" => {
                if !value.is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    errors.invalid(&path_of_operator, &value, detail);
                }
            }
            other => errors.not_supported(&path_of_operator, other, &["Equal", "Exists"]),
        }
        if !effect.is_empty() && !EFFECTS.contains(&effect.as_str()) {
            one_of(Some(&effect), EFFECTS, &path.child("effect"), errors);
        }
    }
}
