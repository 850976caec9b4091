//! PodTopologySpread: pods of a kind are spread over zones, nodes or other domains.
//!
//! Constraints that must hold are a filter, the others (and the defaults of the cluster) a
//! score, in `spread_score.rs`. Models `plugins/podtopologyspread`.

use super::node_affinity::required_matches;
use super::{spread_score, taint_toleration};
use crate::api::selector::{Operator, Selector};
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{
    ClusterEvent, CycleState, Plugin, Points, PreFilter, PreScore, Refusal, Scores,
};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::{PodInfo, add_label_keys, selector_of};
use crate::sim::ordered::Map as BTreeMap;

pub struct PodTopologySpread;

const REFUSED: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str =
    "node(s) didn't match pod topology spread constraints (missing required label)";

/// A constraint, ready to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    pub max_skew: i64,
    pub topology_key: String,
    pub selector: Selector,
    /// With fewer domains than this, the emptiest counts as empty.
    pub min_domains: i64,
    /// Whether only nodes count that the pod's affinity admits.
    pub honor_affinity: bool,
    /// Whether only nodes count whose taints the pod tolerates.
    pub honor_taints: bool,
}

impl Constraint {
    /// Whether a node's pods count for the pod.
    pub fn includes(&self, pod: &PodInfo, node: &NodeInfo) -> bool {
        (!self.honor_affinity || required_matches(pod, node))
            && (!self.honor_taints || taint_toleration::accepts(pod, node))
    }
}

/// The pod's own constraints of one action: "DoNotSchedule" or "ScheduleAnyway".
pub fn own_constraints(pod: &PodInfo, action: &str) -> Vec<Constraint> {
    let constraints = pod
        .spec()
        .and_then(|s| s.topology_spread_constraints.as_ref());
    let wanted = constraints
        .into_iter()
        .flatten()
        .filter(|c| c.when_unsatisfiable == action);
    wanted
        .map(|c| {
            let mut selector = selector_of(c.label_selector.as_ref());
            let keys = c.match_label_keys.as_ref();
            add_label_keys(&mut selector, &pod.pod, keys, Operator::In);
            Constraint {
                max_skew: i64::from(c.max_skew),
                topology_key: c.topology_key.clone(),
                selector,
                min_domains: i64::from(c.min_domains.unwrap_or(1)),
                honor_affinity: c.node_affinity_policy.as_deref() != Some("Ignore"),
                honor_taints: c.node_taints_policy.as_deref() == Some("Honor"),
            }
        })
        .collect()
}

pub fn has_all_keys(node: &NodeInfo, constraints: &[Constraint]) -> bool {
    constraints
        .iter()
        .all(|c| node.labels().contains_key(&c.topology_key))
}

/// Matching pods per domain, for each constraint that must hold.
#[derive(Clone)]
struct FilterState {
    constraints: Vec<Constraint>,
    matches: Vec<BTreeMap<String, i64>>,
    least: Vec<i64>,
}

impl FilterState {
    fn compute(cache: &SchedulerCache, pod: &PodInfo) -> Option<Self> {
        let constraints = own_constraints(pod, "DoNotSchedule");
        if constraints.is_empty() {
            return None;
        }
        let mut matches = vec![BTreeMap::new(); constraints.len()];
        for (constraint, matches) in constraints.iter().zip(&mut matches) {
            let counts = cache.matching(&pod.key.namespace, &constraint.selector, false);
            for node in cache.nodes() {
                if !has_all_keys(node, &constraints) || !constraint.includes(pod, node) {
                    continue;
                }
                let Some(value) = node.labels().get(&constraint.topology_key) else {
                    continue;
                };
                let count = counts.get(node.slot as usize).copied().unwrap_or_default();
                *matches.entry(value.clone()).or_default() += i64::from(count);
            }
        }
        let mut state = FilterState {
            least: vec![0; constraints.len()],
            constraints,
            matches,
        };
        state.find_least();
        Some(state)
    }

    fn find_least(&mut self) {
        for (i, constraint) in self.constraints.iter().enumerate() {
            let domains = &self.matches[i];
            self.least[i] = if (domains.len() as i64) < constraint.min_domains {
                0
            } else {
                domains.values().copied().min().unwrap_or_default()
            };
        }
    }

    fn change(&mut self, pod: &PodInfo, other: &PodInfo, node: &NodeInfo, by: i64) {
        if other.key.namespace != pod.key.namespace || !has_all_keys(node, &self.constraints) {
            return;
        }
        for (constraint, matches) in self.constraints.iter().zip(&mut self.matches) {
            if constraint.selector.matches(other.labels())
                && constraint.includes(pod, node)
                && let Some(value) = node.labels().get(&constraint.topology_key)
            {
                *matches.entry(value.clone()).or_default() += by;
            }
        }
        self.find_least();
    }

    fn check(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        for (i, constraint) in self.constraints.iter().enumerate() {
            let Some(value) = node.labels().get(&constraint.topology_key) else {
                return Err(Refusal::unresolvable(NO_LABEL));
            };
            let itself = i64::from(constraint.selector.matches(pod.labels()));
            let here = self.matches[i].get(value).copied().unwrap_or_default();
            if here + itself - self.least[i] > constraint.max_skew {
                return Err(Refusal::unschedulable(REFUSED));
            }
        }
        Ok(())
    }
}

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn points(&self) -> Points {
        Points::BOTH
    }

    fn weight(&self) -> i64 {
        2
    }

    fn pre_filter(
        &self,
        state: &mut CycleState,
        cache: &SchedulerCache,
        pod: &PodInfo,
    ) -> PreFilter {
        match FilterState::compute(cache, pod) {
            Some(computed) => {
                state.write(computed);
                PreFilter::AllNodes
            }
            None => PreFilter::Skip,
        }
    }

    fn add_pod(
        &self,
        state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        added: &PodInfo,
        node: &NodeInfo,
    ) {
        if let Some(state) = state.read_mut::<FilterState>() {
            state.change(pod, added, node, 1);
        }
    }

    fn remove_pod(
        &self,
        state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        removed: &PodInfo,
        node: &NodeInfo,
    ) {
        // A pod that is going already was not counted.
        if !removed.is_terminating()
            && let Some(state) = state.read_mut::<FilterState>()
        {
            state.change(pod, removed, node, -1);
        }
    }

    fn filter(&self, state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        state
            .read::<FilterState>()
            .map_or(Ok(()), |state| state.check(pod, node))
    }

    fn pre_score(
        &self,
        state: &mut CycleState,
        cache: &SchedulerCache,
        pod: &PodInfo,
        nodes: &[&NodeInfo],
    ) -> PreScore {
        spread_score::prepare(state, cache, pod, nodes)
    }

    fn score(
        &self,
        state: &CycleState,
        _cache: &SchedulerCache,
        _pod: &PodInfo,
        node: &NodeInfo,
    ) -> i64 {
        spread_score::score(state, node)
    }

    fn normalize(&self, state: &CycleState, nodes: &[&NodeInfo], scores: &mut Scores) {
        spread_score::normalize(state, nodes, scores);
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        let constraints = own_constraints(pod, "DoNotSchedule");
        let selected = |other: &PodInfo| {
            other.key.namespace == pod.key.namespace
                && constraints
                    .iter()
                    .any(|c| c.selector.matches(other.labels()))
        };
        match event {
            ClusterEvent::PodAssigned(other) | ClusterEvent::PodDeleted(other) => selected(other),
            ClusterEvent::PodUpdated { old, new } => {
                selected(old) != selected(new)
                    || old.is_terminating() != new.is_terminating() && selected(new)
            }
            ClusterEvent::NodeAdded(node) => has_all_keys(node, &constraints),
            ClusterEvent::NodeUpdated { old, new } => {
                let values = |node: &NodeInfo| {
                    let of = |c: &Constraint| node.labels().get(&c.topology_key).cloned();
                    constraints.iter().map(of).collect::<Vec<_>>()
                };
                old.taints() != new.taints() || values(old) != values(new)
            }
            ClusterEvent::NodeDeleted => true,
            ClusterEvent::Own { old, new } => old.labels() != new.labels(),
            ClusterEvent::NamespaceLabels | ClusterEvent::Storage(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{cache, pod};

    /// Which of the nodes a, b (zone 1), c (zone 2) and d (no zone) take the pod, and why not.
    fn verdicts(placed: &[(&str, &str)], constraint: &str) -> Vec<&'static str> {
        let mut cache = cache(&[
            "{metadata: {name: a, labels: {zone: '1', host: a}}}",
            "{metadata: {name: b, labels: {zone: '1', host: b}}}",
            "{metadata: {name: c, labels: {zone: '2', host: c}}}",
            "{metadata: {name: d, labels: {host: d}}}",
        ]);
        for (name, node) in placed {
            let info = pod(&format!(
                "{{metadata: {{name: {name}, labels: {{app: web}}}}}}"
            ));
            cache.add_pod(&info, node, false);
        }
        let pod = pod(&format!(
            "{{metadata: {{name: p, labels: {{app: web, rev: x}}}}, spec: {{topologySpreadConstraints: [{constraint}]}}}}"
        ));
        let mut state = CycleState::default();
        assert_eq!(
            PodTopologySpread.pre_filter(&mut state, &cache, &pod),
            PreFilter::AllNodes
        );
        ["a", "b", "c", "d"]
            .iter()
            .map(|name| {
                let node = cache.node(name).unwrap();
                match PodTopologySpread.filter(&state, &pod, node) {
                    Ok(()) => "yes",
                    Err(refusal) if refusal.unresolvable => "label",
                    Err(_) => "skew",
                }
            })
            .collect()
    }

    #[test]
    fn constraints_that_must_hold() {
        let zone = "{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}";
        assert_eq!(verdicts(&[], zone), ["yes", "yes", "yes", "label"]);
        assert_eq!(
            verdicts(&[("x", "a")], zone),
            ["skew", "skew", "yes", "label"]
        );
        let even = [("x", "a"), ("y", "c")];
        assert_eq!(verdicts(&even, zone), ["yes", "yes", "yes", "label"]);
        let wide = "{maxSkew: 2, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}";
        assert_eq!(
            verdicts(&[("x", "a")], wide),
            ["yes", "yes", "yes", "label"]
        );
        let min = "{maxSkew: 1, minDomains: 3, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}";
        assert_eq!(verdicts(&even, min), ["skew", "skew", "skew", "label"]);
        // The revision's own label narrows what is counted: the others have none.
        let keyed = "{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}, matchLabelKeys: [rev]}";
        assert_eq!(
            verdicts(&[("x", "a")], keyed),
            ["yes", "yes", "yes", "label"]
        );
    }

    #[test]
    fn what_if_counts_pods_in_and_out() {
        let mut cache = cache(&[
            "{metadata: {name: a, labels: {zone: '1'}}}",
            "{metadata: {name: b, labels: {zone: '2'}}}",
        ]);
        let placed = pod("{metadata: {name: x, labels: {app: web}}}");
        cache.add_pod(&placed, "a", false);
        let pod = pod(
            "{metadata: {name: p, labels: {app: web}}, spec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]}}",
        );
        let mut state = CycleState::default();
        PodTopologySpread.pre_filter(&mut state, &cache, &pod);
        let a = cache.node("a").unwrap();
        assert!(PodTopologySpread.filter(&state, &pod, a).is_err());
        PodTopologySpread.remove_pod(&mut state, &cache, &pod, &placed, a);
        assert!(PodTopologySpread.filter(&state, &pod, a).is_ok());
        PodTopologySpread.add_pod(&mut state, &cache, &pod, &placed, a);
        assert!(PodTopologySpread.filter(&state, &pod, a).is_err());
    }
}
