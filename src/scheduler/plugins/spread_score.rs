//! The score of PodTopologySpread: domains with fewer matching pods are better.
//!
//! Pods without constraints of their own get the cluster's: spread over hosts with a skew of 3
//! and over zones with a skew of 5, counting the pods that their Services and their owner
//! select (`plugins/podtopologyspread/scoring.go`, `plugins/helper/spread.go`).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::spread::{Constraint, has_all_keys, own_constraints};
use crate::api::Key;
use crate::api::controller_of;
use crate::api::selector::Selector;
use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{CycleState, MAX_NODE_SCORE, PreScore, Scores};
use crate::scheduler::nodeinfo::{HOSTNAME, NodeInfo, Slot, ZONE};
use crate::scheduler::podinfo::{PodInfo, selector_of};
use crate::sim::ordered::Map;

/// Scores are summed in millionths before they are rounded.
const MICROS: i64 = 1_000_000;

#[derive(Clone)]
enum Matches {
    /// The domain is the node itself.
    Nodes(Rc<Vec<u32>>),
    Zones(Map<String, i64>),
    /// The domain is the value of a label.
    Values(Map<String, i64>),
}

#[derive(Clone)]
struct ScoreState {
    constraints: Vec<Constraint>,
    matches: Vec<Matches>,
    /// In millionths: the more domains there are, the more a pod in one of them weighs.
    weights: Vec<i64>,
    /// Nodes without one of the labels.
    ignored: Vec<Slot>,
}

/// What the cluster spreads by when the pod does not say.
fn default_constraints(cache: &SchedulerCache, pod: &PodInfo) -> Vec<Constraint> {
    let selector = default_selector(cache, pod);
    if selector.is_everything() {
        return Vec::new();
    }
    let constraint = |max_skew, key: &str| Constraint {
        max_skew,
        topology_key: key.to_owned(),
        selector: selector.clone(),
        min_domains: 1,
        honor_affinity: true,
        honor_taints: false,
    };
    vec![constraint(3, HOSTNAME), constraint(5, ZONE)]
}

/// Pods like this one: those of its Services, and of the controller that owns it.
fn default_selector(cache: &SchedulerCache, pod: &PodInfo) -> Selector {
    let mut labels = BTreeMap::new();
    for service in cache.services.in_namespace(&pod.key.namespace) {
        let selector = service.spec.as_ref().and_then(|s| s.selector.as_ref());
        if let Some(selector) = selector
            && !selector.is_empty()
            && selector.iter().all(|(k, v)| pod.labels().get(k) == Some(v))
        {
            labels.extend(selector.clone());
        }
    }
    let Some(owner) = controller_of(&pod.pod.metadata) else {
        return Selector::from_labels(&labels);
    };
    let key = Key::new(&pod.key.namespace, &owner.name);
    let owned = match (owner.api_version.as_str(), owner.kind.as_str()) {
        ("v1", "ReplicationController") => {
            let rc = cache.replication_controllers.get(&key);
            let chosen = rc.and_then(|rc| rc.spec.as_ref()?.selector.clone());
            labels.extend(chosen.unwrap_or_default());
            None
        }
        ("apps/v1", "ReplicaSet") => {
            let spec = cache.replica_sets.get(&key).and_then(|s| s.spec.as_ref());
            spec.map(|s| &s.selector)
        }
        ("apps/v1", "StatefulSet") => {
            let spec = cache.stateful_sets.get(&key).and_then(|s| s.spec.as_ref());
            spec.map(|s| &s.selector)
        }
        _ => None,
    };
    let mut selector = Selector::from_labels(&labels);
    if owned.is_some() {
        for requirement in selector_of(owned).requirements() {
            if !selector.requirements().contains(requirement) {
                selector.add(requirement.clone());
            }
        }
    }
    selector
}

pub fn prepare(
    state: &mut CycleState,
    cache: &SchedulerCache,
    pod: &PodInfo,
    nodes: &[&NodeInfo],
) -> PreScore {
    let own = pod
        .spec()
        .and_then(|s| s.topology_spread_constraints.as_ref())
        .is_some_and(|c| !c.is_empty());
    let constraints = if own {
        own_constraints(pod, "ScheduleAnyway")
    } else {
        default_constraints(cache, pod)
    };
    if constraints.is_empty() {
        return PreScore::Skip;
    }
    let ignored: Vec<Slot> = nodes
        .iter()
        .filter(|n| own && !has_all_keys(n, &constraints))
        .map(|n| n.slot)
        .collect();
    let mut matches = Vec::with_capacity(constraints.len());
    let mut weights = Vec::with_capacity(constraints.len());
    for constraint in &constraints {
        let counts = cache.matching(&pod.key.namespace, &constraint.selector, false);
        if constraint.topology_key == HOSTNAME {
            weights.push(ln_micros((nodes.len() - ignored.len()) as u64 + 2));
            matches.push(Matches::Nodes(counts));
            continue;
        }
        let topology = Topology::of(&constraint.topology_key);
        let mut by_value: Map<&str, i64> = Map::new();
        let mut last = None;
        for node in nodes.iter().filter(|n| !ignored.contains(&n.slot)) {
            // Often the domain of the node before.
            let domain = topology.of_node(node).unwrap_or_default();
            if last != Some(domain) {
                last = Some(domain);
                by_value.entry(domain).or_default();
            }
        }
        for node in cache.nodes() {
            if (own && !has_all_keys(node, &constraints)) || !constraint.includes(pod, node) {
                continue;
            }
            let domain = topology.of_node(node).unwrap_or_default();
            if let Some(sum) = by_value.get_mut(domain) {
                let count = counts.get(node.slot as usize).copied().unwrap_or_default();
                *sum += i64::from(count);
            }
        }
        weights.push(ln_micros(by_value.len() as u64 + 2));
        let owned = by_value.into_iter().map(|(v, sum)| (v.to_owned(), sum));
        matches.push(match topology {
            Topology::Zones => Matches::Zones(owned.collect()),
            _ => Matches::Values(owned.collect()),
        });
    }
    state.write(ScoreState {
        constraints,
        matches,
        weights,
        ignored,
    });
    PreScore::Score
}

/// What a constraint spreads over.
#[derive(Clone, Copy)]
enum Topology<'k> {
    Hosts,
    Zones,
    Label(&'k str),
}

impl<'k> Topology<'k> {
    fn of(key: &'k str) -> Self {
        match key {
            HOSTNAME => Topology::Hosts,
            ZONE => Topology::Zones,
            key => Topology::Label(key),
        }
    }

    /// The domain that a node is in: the value of its label.
    fn of_node(self, node: &NodeInfo) -> Option<&str> {
        match self {
            Topology::Hosts => node.hostname.as_deref(),
            Topology::Zones => node.zone.as_deref(),
            Topology::Label(key) => node.labels().get(key).map(String::as_str),
        }
    }
}

pub fn score(state: &CycleState, node: &NodeInfo) -> i64 {
    let Some(state) = state.read::<ScoreState>() else {
        return 0;
    };
    if state.ignored.contains(&node.slot) {
        return 0;
    }
    let mut sum: i64 = 0;
    for (i, constraint) in state.constraints.iter().enumerate() {
        let count = match &state.matches[i] {
            Matches::Nodes(_) if node.hostname.is_none() => continue,
            Matches::Nodes(counts) => {
                i64::from(counts.get(node.slot as usize).copied().unwrap_or_default())
            }
            Matches::Zones(counts) => match node.zone.as_deref() {
                Some(zone) => counts.get(zone).copied().unwrap_or_default(),
                None => continue,
            },
            Matches::Values(counts) => match node.labels().get(&constraint.topology_key) {
                Some(value) => counts.get(value).copied().unwrap_or_default(),
                None => continue,
            },
        };
        sum = sum
            .saturating_add(count.saturating_mul(state.weights[i]))
            .saturating_add((constraint.max_skew - 1).saturating_mul(MICROS));
    }
    (sum + MICROS / 2) / MICROS
}

/// The fewer pods the better: the least becomes 100.
pub fn normalize(state: &CycleState, nodes: &[&NodeInfo], scores: &mut Scores) {
    let Some(state) = state.read::<ScoreState>() else {
        return;
    };
    let ignored: Vec<bool> = nodes
        .iter()
        .map(|n| state.ignored.contains(&n.slot))
        .collect();
    let counted = || {
        let pairs = scores.iter().zip(&ignored);
        pairs.filter(|(_, ignored)| !**ignored).map(|(s, _)| *s)
    };
    let (least, most) = (
        counted().min().unwrap_or_default(),
        counted().max().unwrap_or_default(),
    );
    for (score, ignored) in scores.iter_mut().zip(ignored) {
        *score = match (ignored, most) {
            (true, _) => 0,
            (false, 0) => MAX_NODE_SCORE,
            (false, most) => MAX_NODE_SCORE.saturating_mul(most + least - *score) / most,
        };
    }
}

/// The natural logarithm in millionths, by squaring: the same on every machine.
fn ln_micros(n: u64) -> i64 {
    /// ln 2, times 10^12.
    const LN_2: u128 = 693_147_180_560;
    let n = n.max(1);
    let whole = n.ilog2();
    let mut x = (u128::from(n) << 63) >> whole;
    let mut log2 = u128::from(whole) << 32;
    for bit in (0..32).rev() {
        x = (x * x) >> 63;
        if x >= 1 << 64 {
            x >>= 1;
            log2 |= 1 << bit;
        }
    }
    (((log2 * LN_2) >> 32) / 1_000_000) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::framework::Plugin;
    use crate::scheduler::plugins::spread::PodTopologySpread;
    use crate::scheduler::testing::{cache, pod, service};

    #[test]
    fn logarithms_are_right_to_a_millionth() {
        for (n, ln) in [
            (1, 0),
            (2, 693_147),
            (3, 1_098_612),
            (10, 2_302_585),
            (102, 4_624_972),
        ] {
            assert!((ln_micros(n) - ln).abs() <= 1, "ln {n} = {}", ln_micros(n));
        }
    }

    fn scores(own: &str, placed: &[&str]) -> Option<Vec<i64>> {
        let mut cache = cache(&[
            "{metadata: {name: a, labels: {kubernetes.io/hostname: a, topology.kubernetes.io/zone: '1'}}}",
            "{metadata: {name: b, labels: {kubernetes.io/hostname: b, topology.kubernetes.io/zone: '1'}}}",
            "{metadata: {name: c, labels: {kubernetes.io/hostname: c, topology.kubernetes.io/zone: '2'}}}",
        ]);
        service(
            &mut cache,
            "{metadata: {name: web, namespace: default}, spec: {selector: {app: web}}}",
        );
        for (i, node) in placed.iter().enumerate() {
            let info = pod(&format!(
                "{{metadata: {{name: x{i}, labels: {{app: web}}}}}}"
            ));
            cache.add_pod(&info, node, false);
        }
        let pod = pod(&format!(
            "{{metadata: {{name: p, labels: {{app: web}}}}, spec: {own}}}"
        ));
        let mut state = CycleState::default();
        let mut nodes: Vec<&NodeInfo> = cache.nodes().collect();
        nodes.sort_by_key(|n| n.name.clone());
        if prepare(&mut state, &cache, &pod, &nodes) == PreScore::Skip {
            return None;
        }
        let mut scores: Scores = nodes.iter().map(|n| score(&state, n)).collect();
        PodTopologySpread.normalize(&state, &nodes, &mut scores);
        Some(scores)
    }

    #[test]
    fn the_cluster_spreads_pods_of_a_service() {
        // No pods: both skews alone, the same everywhere.
        assert_eq!(scores("{}", &[]), Some(vec![100, 100, 100]));
        // a: 1 x ln 5 + 2 + 1 x ln 4 + 4 = 9, b: 2 + ln 4 + 4 = 7, c: 6.
        assert_eq!(scores("{}", &["a"]), Some(vec![66, 88, 100]));
    }

    #[test]
    fn own_constraints_replace_the_defaults() {
        let hard = "{topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]}";
        assert_eq!(scores(hard, &["a"]), None);
        let soft = "{topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]}";
        // One pod x ln 4 = 1.39, rounded 1, in zone 1; none in zone 2.
        assert_eq!(scores(soft, &["a"]), Some(vec![0, 0, 100]));
        let missing = "{topologySpreadConstraints: [{maxSkew: 1, topologyKey: rack, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]}";
        assert_eq!(scores(missing, &["a"]), Some(vec![0, 0, 0]));
    }
}
