//! InterPodAffinity: near pods of some kind, or away from them; and what pods that are already
//! placed ask of newcomers.
//!
//! Models `plugins/interpodaffinity`. Counting goes through the cache's counts per selector and
//! per term, so that no pod is looked at singly.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::api::Key;
use crate::api::selector::Selector;
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{
    ClusterEvent, CycleState, MAX_NODE_SCORE, Plugin, Points, PreFilter, PreScore, Refusal, Scores,
};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::{PodInfo, Term, TermKind};
use crate::sim::ordered::Map;

pub struct InterPodAffinity;

/// What a placed pod's required affinity counts for in scores (`hardPodAffinityWeight`).
const HARD_AFFINITY_WEIGHT: i64 = 1;

/// Sums by topology key and value.
#[derive(Clone, Debug, Default)]
struct Topology(Map<Rc<str>, Map<String, i64>>);

impl Topology {
    fn add(&mut self, key: &Rc<str>, node: &NodeInfo, by: i64) {
        if by == 0 {
            return;
        }
        let Some(value) = node.labels().get(&**key) else {
            return;
        };
        let sums = self.0.entry(key.clone()).or_default();
        let sum = sums.entry(value.clone()).or_default();
        *sum = sum.saturating_add(by);
        if *sum == 0 {
            sums.remove(value);
        }
    }

    fn at(&self, key: &str, node: &NodeInfo) -> i64 {
        let value = node.labels().get(key);
        value
            .and_then(|v| self.0.get(key)?.get(v))
            .copied()
            .unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.0.values().all(Map::is_empty)
    }
}

/// Whether the term speaks of this pod.
fn term_matches(term: &Term, pod: &PodInfo, cache: &SchedulerCache) -> bool {
    in_namespaces(term, &pod.key.namespace, cache) && term.selector.matches(pod.labels())
}

fn in_namespaces(term: &Term, namespace: &str, cache: &SchedulerCache) -> bool {
    if term.namespaces.iter().any(|n| **n == *namespace) {
        return true;
    }
    if term.namespace_selector.is_nothing() {
        return false;
    }
    let key = Key::new("", namespace);
    let labels = cache
        .namespaces
        .get(&key)
        .and_then(|n| n.metadata.labels.clone());
    term.namespace_selector.matches(&labels.unwrap_or_default())
}

/// The namespaces that a term speaks of.
fn namespaces_of(term: &Term, cache: &SchedulerCache) -> Vec<Rc<str>> {
    let mut names = term.namespaces.clone();
    if !term.namespace_selector.is_nothing() {
        let empty = BTreeMap::new();
        for namespace in cache.namespaces.iter() {
            let labels = namespace.metadata.labels.as_ref().unwrap_or(&empty);
            let name = namespace.metadata.name.as_deref().unwrap_or_default();
            if term.namespace_selector.matches(labels) && !names.iter().any(|n| **n == *name) {
                names.push(name.into());
            }
        }
    }
    names
}

/// Calls `f` with each node and how many pods on it the term selects.
fn each_match(term: &Term, cache: &SchedulerCache, mut f: impl FnMut(&NodeInfo, i64)) {
    for namespace in namespaces_of(term, cache) {
        let counts = cache.matching(&namespace, &term.selector, true);
        each_count(&counts, cache, &mut f);
    }
}

fn each_count(counts: &[u32], cache: &SchedulerCache, mut f: impl FnMut(&NodeInfo, i64)) {
    for (slot, count) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        if let Some(node) = cache.node_at(slot as u32).filter(|n| n.node.is_some()) {
            f(node, i64::from(*count));
        }
    }
}

fn terms(pod: &PodInfo, kind: TermKind) -> impl Iterator<Item = &Term> {
    pod.terms.iter().filter(move |t| t.kind == kind)
}

/// One term that selects what all the terms select together: a pod counts for affinity only
/// when it matches every term.
fn together(terms: &[&Term], cache: &SchedulerCache) -> Option<Term> {
    let (first, rest) = terms.split_first()?;
    let mut all = (*first).clone();
    if rest.is_empty() {
        return Some(all);
    }
    all.namespaces = namespaces_of(first, cache);
    all.namespace_selector = Selector::nothing();
    for term in rest {
        all.namespaces.retain(|n| in_namespaces(term, n, cache));
        if term.selector.is_nothing() {
            all.selector = Selector::nothing();
        }
        for requirement in term.selector.requirements() {
            if !all.selector.requirements().contains(requirement) {
                all.selector.add(requirement.clone());
            }
        }
    }
    Some(all)
}

#[derive(Clone, Default)]
struct FilterState {
    /// Anti-affinity terms of placed pods that speak of the pod.
    existing_anti: Topology,
    /// Placed pods that all of the pod's affinity terms select.
    affinity: Topology,
    /// Placed pods that each of the pod's anti-affinity terms selects.
    anti: Topology,
    /// Whether the pod matches its own affinity: the first of a group may go anywhere.
    matches_itself: bool,
}

impl FilterState {
    fn compute(cache: &SchedulerCache, pod: &PodInfo) -> Self {
        let mut state = FilterState::default();
        for placed in cache.terms.iter() {
            if placed.term.kind == TermKind::AntiAffinity && term_matches(&placed.term, pod, cache)
            {
                let key = &placed.term.topology_key;
                each_count(&placed.by_slot, cache, |node, n| {
                    state.existing_anti.add(key, node, n);
                });
            }
        }
        let near: Vec<&Term> = terms(pod, TermKind::Affinity).collect();
        if let Some(all) = together(&near, cache) {
            each_match(&all, cache, |node, n| {
                for term in &near {
                    state.affinity.add(&term.topology_key, node, n);
                }
            });
            state.matches_itself = near.iter().all(|t| term_matches(t, pod, cache));
        }
        for term in terms(pod, TermKind::AntiAffinity) {
            each_match(term, cache, |node, n| {
                state.anti.add(&term.topology_key, node, n);
            });
        }
        state
    }

    fn change(
        &mut self,
        cache: &SchedulerCache,
        pod: &PodInfo,
        other: &PodInfo,
        node: &NodeInfo,
        by: i64,
    ) {
        for term in terms(other, TermKind::AntiAffinity) {
            if term_matches(term, pod, cache) {
                self.existing_anti.add(&term.topology_key, node, by);
            }
        }
        let mut near = terms(pod, TermKind::Affinity).peekable();
        if near.peek().is_some()
            && terms(pod, TermKind::Affinity).all(|t| term_matches(t, other, cache))
        {
            for term in near {
                self.affinity.add(&term.topology_key, node, by);
            }
        }
        for term in terms(pod, TermKind::AntiAffinity) {
            if term_matches(term, other, cache) {
                self.anti.add(&term.topology_key, node, by);
            }
        }
    }

    fn check(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let mut near = true;
        for term in terms(pod, TermKind::Affinity) {
            if !node.labels().contains_key(&*term.topology_key) {
                near = false;
                break;
            }
            if self.affinity.at(&term.topology_key, node) <= 0
                && !(self.affinity.is_empty() && self.matches_itself)
            {
                near = false;
            }
        }
        if !near {
            return Err(Refusal::unresolvable(
                "node(s) didn't match pod affinity rules",
            ));
        }
        if terms(pod, TermKind::AntiAffinity).any(|t| self.anti.at(&t.topology_key, node) > 0) {
            return Err(Refusal::unschedulable(
                "node(s) didn't match pod anti-affinity rules",
            ));
        }
        if self
            .existing_anti
            .0
            .keys()
            .any(|key| self.existing_anti.at(key, node) > 0)
        {
            return Err(Refusal::unschedulable(
                "node(s) didn't satisfy existing pods anti-affinity rules",
            ));
        }
        Ok(())
    }
}

/// The sums from which nodes are scored.
#[derive(Clone)]
struct ScoreState(Topology);

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
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
        let computed = FilterState::compute(cache, pod);
        let own = pod
            .terms
            .iter()
            .any(|t| !matches!(t.kind, TermKind::Preferred(_)));
        if !own && computed.existing_anti.is_empty() {
            return PreFilter::Skip;
        }
        state.write(computed);
        PreFilter::AllNodes
    }

    fn add_pod(
        &self,
        state: &mut CycleState,
        cache: &SchedulerCache,
        pod: &PodInfo,
        added: &PodInfo,
        node: &NodeInfo,
    ) {
        if let Some(state) = state.read_mut::<FilterState>() {
            state.change(cache, pod, added, node, 1);
        }
    }

    fn remove_pod(
        &self,
        state: &mut CycleState,
        cache: &SchedulerCache,
        pod: &PodInfo,
        removed: &PodInfo,
        node: &NodeInfo,
    ) {
        if let Some(state) = state.read_mut::<FilterState>() {
            state.change(cache, pod, removed, node, -1);
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
        _nodes: &[&NodeInfo],
    ) -> PreScore {
        let mut sums = Topology::default();
        for term in pod.terms.iter() {
            if let TermKind::Preferred(weight) = term.kind {
                let weight = i64::from(weight);
                each_match(term, cache, |node, n| {
                    sums.add(&term.topology_key, node, n.saturating_mul(weight));
                });
            }
        }
        for placed in cache.terms.iter() {
            let weight = match placed.term.kind {
                TermKind::Affinity => HARD_AFFINITY_WEIGHT,
                TermKind::AntiAffinity => continue,
                TermKind::Preferred(weight) => i64::from(weight),
            };
            if term_matches(&placed.term, pod, cache) {
                each_count(&placed.by_slot, cache, |node, n| {
                    let key = &placed.term.topology_key;
                    sums.add(key, node, n.saturating_mul(weight));
                });
            }
        }
        if sums.is_empty() {
            return PreScore::Skip;
        }
        state.write(ScoreState(sums));
        PreScore::Score
    }

    fn score(
        &self,
        state: &CycleState,
        _cache: &SchedulerCache,
        _pod: &PodInfo,
        node: &NodeInfo,
    ) -> i64 {
        let Some(ScoreState(sums)) = state.read() else {
            return 0;
        };
        sums.0.keys().map(|key| sums.at(key, node)).sum()
    }

    /// The lowest sum becomes 0, the highest 100.
    fn normalize(&self, _state: &CycleState, _nodes: &[&NodeInfo], scores: &mut Scores) {
        let least = scores.iter().copied().min().unwrap_or_default();
        let most = scores.iter().copied().max().unwrap_or_default();
        let span = most - least;
        for score in scores.iter_mut() {
            *score = if span > 0 {
                MAX_NODE_SCORE.saturating_mul(*score - least) / span
            } else {
                0
            };
        }
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>, cache: &SchedulerCache) -> bool {
        let required = || {
            let kinds = [TermKind::Affinity, TermKind::AntiAffinity];
            pod.terms.iter().filter(move |t| kinds.contains(&t.kind))
        };
        let wanted =
            |other: &PodInfo| terms(pod, TermKind::Affinity).any(|t| term_matches(t, other, cache));
        let shunned = |other: &PodInfo| {
            terms(pod, TermKind::AntiAffinity).any(|t| term_matches(t, other, cache))
                || terms(other, TermKind::AntiAffinity).any(|t| term_matches(t, pod, cache))
        };
        match event {
            ClusterEvent::PodAssigned(other) => wanted(other),
            ClusterEvent::PodDeleted(other) => shunned(other) || wanted(other),
            ClusterEvent::PodUpdated { old, new } => {
                (!wanted(old) && wanted(new)) || (shunned(old) && !shunned(new))
            }
            ClusterEvent::NodeAdded(node) => {
                required().all(|t| node.labels().contains_key(&*t.topology_key))
            }
            ClusterEvent::NodeUpdated { old, new } => old.labels() != new.labels(),
            ClusterEvent::NodeDeleted | ClusterEvent::Storage(_) => false,
            ClusterEvent::Own { old, new } => old.labels() != new.labels(),
            ClusterEvent::NamespaceLabels => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{cache, pod};

    const NEAR: &str = "podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: {matchLabels: {app: web}}}]}";
    const AWAY: &str = "podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: host, labelSelector: {matchLabels: {app: web}}}]}";

    fn labelled(name: &str, app: &str, affinity: &str) -> Rc<PodInfo> {
        pod(&format!(
            "{{metadata: {{name: {name}, labels: {{app: {app}}}}}, spec: {{affinity: {{{affinity}}}}}}}"
        ))
    }

    fn nodes(placed: &[(&Rc<PodInfo>, &str)]) -> SchedulerCache {
        let mut cache = cache(&[
            "{metadata: {name: a, labels: {zone: '1', host: a}}}",
            "{metadata: {name: b, labels: {zone: '1', host: b}}}",
            "{metadata: {name: c, labels: {zone: '2', host: c}}}",
        ]);
        for (pod, node) in placed {
            cache.add_pod(pod, node, false);
        }
        cache
    }

    fn verdicts(cache: &SchedulerCache, pod: &PodInfo) -> Vec<String> {
        let mut state = CycleState::default();
        let skipped = InterPodAffinity.pre_filter(&mut state, cache, pod) == PreFilter::Skip;
        let verdict =
            |name: &&str| match InterPodAffinity.filter(&state, pod, cache.node(name).unwrap()) {
                Ok(()) if skipped => "skip".to_owned(),
                Ok(()) => "yes".to_owned(),
                Err(refusal) => refusal.reasons.join(", "),
            };
        ["a", "b", "c"].iter().map(verdict).collect()
    }

    #[test]
    fn required_terms_filter() {
        let web = labelled("w", "web", "");
        let near = labelled("p", "db", NEAR);
        let away = labelled("p", "web", AWAY);
        let no_affinity = "node(s) didn't match pod affinity rules";
        let no_anti = "node(s) didn't match pod anti-affinity rules";
        let existing = "node(s) didn't satisfy existing pods anti-affinity rules";
        assert_eq!(
            verdicts(&nodes(&[(&web, "a")]), &near),
            ["yes", "yes", no_affinity]
        );
        assert_eq!(verdicts(&nodes(&[]), &near), [no_affinity; 3]);
        // The first of a group that wants to be near its like may go anywhere.
        let first = labelled("p", "web", NEAR);
        assert_eq!(verdicts(&nodes(&[]), &first), ["yes"; 3]);
        assert_eq!(
            verdicts(&nodes(&[(&web, "a")]), &away),
            [no_anti, "yes", "yes"]
        );
        let hermit = labelled("h", "db", AWAY);
        assert_eq!(
            verdicts(&nodes(&[(&hermit, "a")]), &web),
            [existing, "yes", "yes"]
        );
        let other = labelled("o", "other", "");
        assert_eq!(verdicts(&nodes(&[(&hermit, "a")]), &other), ["skip"; 3]);
    }

    #[test]
    fn preferred_terms_score() {
        let web = labelled("w", "web", "");
        let likes = labelled(
            "p",
            "db",
            "podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 10, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {app: web}}}}]}",
        );
        let shuns = labelled(
            "p",
            "db",
            "podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 10, podAffinityTerm: {topologyKey: host, labelSelector: {matchLabels: {app: web}}}}]}",
        );
        let scores = |pod: &PodInfo, cache: &SchedulerCache| {
            let mut state = CycleState::default();
            if InterPodAffinity.pre_score(&mut state, cache, pod, &[]) == PreScore::Skip {
                return vec![];
            }
            let mut scores: Scores = ["a", "b", "c"]
                .iter()
                .map(|n| InterPodAffinity.score(&state, cache, pod, cache.node(n).unwrap()))
                .collect();
            InterPodAffinity.normalize(&state, &[], &mut scores);
            scores
        };
        let cache = nodes(&[(&web, "a")]);
        assert_eq!(scores(&likes, &cache), [100, 100, 0]);
        assert_eq!(scores(&shuns, &cache), [0, 100, 100]);
        assert!(scores(&web, &cache).is_empty());
        // What placed pods like counts too.
        let cache = nodes(&[(&likes, "c")]);
        assert_eq!(scores(&web, &cache), [0, 0, 100]);
    }
}
