//! nodeSelector and node affinity, required and preferred.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{NodeAffinity as Affinity, NodeSelectorTerm};

use crate::api::scheduling::{self, required_affinity_matches, term_matches};
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{
    ClusterEvent, CycleState, Plugin, Points, PreFilter, PreScore, Refusal, Scores,
    default_normalize,
};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;
use crate::sim::ordered::Set as BTreeSet;

pub struct NodeAffinity;

fn affinity(pod: &PodInfo) -> Option<&Affinity> {
    pod.spec()?.affinity.as_ref()?.node_affinity.as_ref()
}

fn required_terms(pod: &PodInfo) -> Option<&Vec<NodeSelectorTerm>> {
    scheduling::required_terms(pod.spec()?)
}

/// Whether the node has what the pod's nodeSelector and required affinity ask for.
pub fn required_matches(pod: &PodInfo, node: &NodeInfo) -> bool {
    pod.spec()
        .is_none_or(|spec| required_affinity_matches(spec, node.labels(), &node.name))
}

/// The names to which a term's fields restrict it; `None` when they do not.
fn names_of(term: &NodeSelectorTerm) -> Option<BTreeSet<Rc<str>>> {
    let mut names: Option<BTreeSet<Rc<str>>> = None;
    for field in term.match_fields.iter().flatten() {
        if field.key != scheduling::NODE_NAME_FIELD || field.operator != "In" {
            continue;
        }
        let values: BTreeSet<Rc<str>> = field
            .values
            .iter()
            .flatten()
            .map(|v| v.as_str().into())
            .collect();
        names = Some(match names {
            Some(names) => names.intersection(&values).cloned().collect(),
            None => values,
        });
    }
    names
}

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn points(&self) -> Points {
        Points::BOTH
    }

    fn weight(&self) -> i64 {
        2
    }

    fn pre_filter(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
    ) -> PreFilter {
        let terms = required_terms(pod);
        let selector = pod.spec().and_then(|s| s.node_selector.as_ref());
        let Some(terms) = terms.filter(|t| !t.is_empty()) else {
            return match selector {
                None if terms.is_none() => PreFilter::Skip,
                _ => PreFilter::AllNodes,
            };
        };
        // DaemonSet pods name their node: the others need not be looked at.
        let mut names = BTreeSet::new();
        for term in terms {
            match names_of(term) {
                Some(more) => names.extend(more),
                None => return PreFilter::AllNodes,
            }
        }
        if names.is_empty() {
            return PreFilter::Refuse(Refusal::unresolvable("pod affinity terms conflict"));
        }
        PreFilter::Nodes(names)
    }

    fn filter(&self, _state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        if required_matches(pod, node) {
            return Ok(());
        }
        Err(Refusal::unresolvable(
            "node(s) didn't match Pod's node affinity/selector",
        ))
    }

    fn pre_score(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        _nodes: &[&NodeInfo],
    ) -> PreScore {
        let preferred = affinity(pod).and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        });
        match preferred {
            Some(terms) if !terms.is_empty() => PreScore::Score,
            _ => PreScore::Skip,
        }
    }

    /// The sum of the weights of the preferred terms that match.
    fn score(
        &self,
        _state: &CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        node: &NodeInfo,
    ) -> i64 {
        let preferred = affinity(pod).and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        });
        let matching = preferred
            .into_iter()
            .flatten()
            .filter(|t| t.weight != 0 && term_matches(&t.preference, node.labels(), &node.name));
        matching.map(|t| i64::from(t.weight)).sum()
    }

    fn normalize(&self, _state: &CycleState, _nodes: &[&NodeInfo], scores: &mut Scores) {
        default_normalize(scores, false);
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        match event {
            ClusterEvent::NodeAdded(node) => required_matches(pod, node),
            ClusterEvent::NodeUpdated { old, new } => {
                !required_matches(pod, old) && required_matches(pod, new)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node, pod};

    #[test]
    fn selectors_and_terms_match() {
        let required = |terms: &str| {
            format!(
                "{{affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: {terms}}}}}}}}}"
            )
        };
        let cases = [
            ("{}".to_owned(), true),
            ("{nodeSelector: {zone: a}}".to_owned(), true),
            ("{nodeSelector: {zone: b}}".to_owned(), false),
            (
                required("[{matchExpressions: [{key: zone, operator: In, values: [a, b]}]}]"),
                true,
            ),
            (
                required("[{matchExpressions: [{key: zone, operator: NotIn, values: [a]}]}]"),
                false,
            ),
            (
                required("[{matchExpressions: [{key: none, operator: NotIn, values: [a]}]}]"),
                true,
            ),
            (
                required("[{matchExpressions: [{key: zone, operator: Exists}]}]"),
                true,
            ),
            (
                required("[{matchExpressions: [{key: zone, operator: DoesNotExist}]}]"),
                false,
            ),
            (
                required("[{matchExpressions: [{key: size, operator: Gt, values: ['4']}]}]"),
                true,
            ),
            (
                required("[{matchExpressions: [{key: size, operator: Lt, values: ['4']}]}]"),
                false,
            ),
            (
                required("[{matchExpressions: [{key: zone, operator: Gt, values: ['4']}]}]"),
                false,
            ),
            (
                required("[{matchFields: [{key: metadata.name, operator: In, values: [n]}]}]"),
                true,
            ),
            (
                required("[{matchFields: [{key: metadata.name, operator: NotIn, values: [n]}]}]"),
                false,
            ),
            (required("[{}]"), false),
            (
                required("[{}, {matchExpressions: [{key: zone, operator: Exists}]}]"),
                true,
            ),
        ];
        let node = node("{metadata: {name: n, labels: {zone: a, size: '5'}}}");
        for (spec, ok) in cases {
            let pod = pod(&format!("{{metadata: {{name: p}}, spec: {spec}}}"));
            assert_eq!(required_matches(&pod, &node), ok, "{spec}");
        }
    }

    #[test]
    fn named_nodes_are_the_only_ones_looked_at() {
        let terms = |names: &str| {
            pod(&format!(
                "{{metadata: {{name: p}}, spec: {{affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{{matchFields: {names}}}]}}}}}}}}}}"
            ))
        };
        let ask = |pod: &PodInfo| {
            NodeAffinity.pre_filter(&mut CycleState::default(), &SchedulerCache::default(), pod)
        };
        let one = terms("[{key: metadata.name, operator: In, values: [a]}]");
        assert_eq!(ask(&one), PreFilter::Nodes(BTreeSet::from(["a".into()])));
        let none = terms(
            "[{key: metadata.name, operator: In, values: [a]}, {key: metadata.name, operator: In, values: [b]}]",
        );
        assert!(matches!(ask(&none), PreFilter::Refuse(_)));
        assert_eq!(
            ask(&pod("{metadata: {name: p}, spec: {}}")),
            PreFilter::Skip
        );
    }

    #[test]
    fn preferred_terms_add_their_weights() {
        let pod = pod(
            "{metadata: {name: p}, spec: {affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 5, preference: {matchExpressions: [{key: zone, operator: Exists}]}}, {weight: 7, preference: {matchExpressions: [{key: zone, operator: In, values: [b]}]}}]}}}}",
        );
        let score = |labels: &str| {
            let node = node(&format!("{{metadata: {{name: n, labels: {labels}}}}}"));
            NodeAffinity.score(
                &CycleState::default(),
                &SchedulerCache::default(),
                &pod,
                &node,
            )
        };
        assert_eq!(score("{zone: a}"), 5);
        assert_eq!(score("{zone: b}"), 12);
        assert_eq!(score("{}"), 0);
    }
}
