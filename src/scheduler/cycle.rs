//! One scheduling cycle: from a pod and the cluster as the scheduler sees it to a node, or to
//! the reasons why there is none. Decides, and changes nothing.
//!
//! Models `pkg/scheduler/schedule_one.go` schedulePod.

use std::rc::Rc;

use super::cache::SchedulerCache;
use super::explanation::Recorder;
use super::fit_error::FitError;
use super::framework::{CycleState, Plugin, Points, PreFilter, PreScore, Refusal};
use super::nodeinfo::{NodeInfo, Slot};
use super::nominated::Nominated;
use super::plugins::PLUGINS;
use super::podinfo::PodInfo;
use crate::sim::Rng;
use crate::sim::ordered::Set as BTreeSet;

/// Up to this many feasible nodes are always looked for.
const MIN_FEASIBLE: usize = 100;
/// Of larger clusters at least this share, in per cent, is looked through.
const MIN_PERCENTAGE: usize = 5;

/// What a cycle found.
pub struct Outcome {
    pub result: Result<Slot, Failure>,
    pub recorder: Recorder,
    /// How many nodes were looked at: where the next cycle begins.
    pub evaluated: usize,
}

/// Why there is no node.
pub struct Failure {
    pub error: FitError,
    /// By place in the list: whose refusals it was.
    pub refused_by: Vec<usize>,
    /// The nodes that might do if pods were taken away.
    pub candidates: Vec<Slot>,
    /// What the plugins computed, to go on from.
    pub state: CycleState,
}

/// How many feasible nodes are enough, of `nodes`: all of them up to a hundred, then a share
/// that falls from 50 % to 5 % (`numFeasibleNodesToFind` with no percentage configured).
pub fn enough_feasible(nodes: usize) -> usize {
    if nodes < MIN_FEASIBLE {
        return nodes;
    }
    let percentage = 50usize.saturating_sub(nodes / 125).max(MIN_PERCENTAGE);
    (nodes * percentage / 100).max(MIN_FEASIBLE)
}

/// Looks for a node for `pod`, beginning at place `start` of the order of nodes.
pub fn schedule(
    cache: &SchedulerCache,
    nominated: &Nominated,
    pod: &Rc<PodInfo>,
    start: usize,
    rng: &mut Rng,
) -> Outcome {
    let mut recorder = Recorder::default();
    let mut state = CycleState::default();
    let (names, by_plugins) = match pre_filter(&mut state, cache, pod) {
        Ok(allowed) => allowed,
        Err((plugins, refusal)) => {
            for node in cache.nodes() {
                let plugin = plugins.first().copied().unwrap_or_default();
                recorder.refused(node.slot, plugin, &refusal.reasons);
            }
            let error = FitError {
                nodes: cache.node_count(),
                pre_filter: refusal.reasons.join(", "),
                ..FitError::default()
            };
            let failure = Failure {
                error,
                refused_by: plugins,
                candidates: Vec::new(),
                state,
            };
            return Outcome {
                result: Err(failure),
                recorder,
                evaluated: 0,
            };
        }
    };
    let search = Search {
        cache,
        nominated,
        pod,
        state: &state,
    };
    // A node that preemption has promised is enough, if it will do.
    let promised = nominated
        .node_of(&pod.uid)
        .filter(|name| names.as_ref().is_none_or(|names| names.contains(*name)));
    let promised = promised
        .and_then(|name| cache.node(name))
        .filter(|node| node.node.is_some() && search.check(node).is_ok());
    let found = match promised {
        Some(node) => Found::only(node),
        None => search.filter(names.as_ref(), start, &mut recorder),
    };
    recorder.feasible(found.feasible.iter().map(|n| n.slot));
    if found.feasible.is_empty() {
        let mut error = found.error;
        let mut refused_by = found.refused_by;
        if names.is_some() {
            // The nodes that were never looked at.
            let absent = cache.node_count() - found.evaluated;
            let plugins: Vec<&str> = by_plugins.iter().map(|i| PLUGINS[*i].name()).collect();
            let reason = format!("node(s) didn't satisfy plugin(s) [{}]", plugins.join(" "));
            error.count(reason, absent);
            refused_by.extend(by_plugins);
            refused_by.sort_unstable();
            refused_by.dedup();
        }
        let failure = Failure {
            error,
            refused_by,
            candidates: found.resolvable,
            state,
        };
        return Outcome {
            result: Err(failure),
            recorder,
            evaluated: found.evaluated,
        };
    }
    let chosen = match found.feasible.as_slice() {
        // One node needs no scores.
        [only] => Some(*only),
        nodes => {
            let totals = score(&mut state, cache, pod, nodes, &mut recorder);
            select_host(&totals, rng).and_then(|i| nodes.get(i).copied())
        }
    };
    Outcome {
        result: Ok(chosen.map_or(0, |n| n.slot)),
        recorder,
        evaluated: found.evaluated,
    }
}

type Allowed = (Option<BTreeSet<Rc<str>>>, Vec<usize>);

/// Asks the plugins before any node is looked at: which nodes come into question (`None`: all),
/// and which plugins restricted them.
fn pre_filter(
    state: &mut CycleState,
    cache: &SchedulerCache,
    pod: &PodInfo,
) -> Result<Allowed, (Vec<usize>, Refusal)> {
    let mut names: Option<BTreeSet<Rc<str>>> = None;
    let mut restricting = Vec::new();
    for (i, plugin) in PLUGINS.iter().enumerate() {
        match plugin.pre_filter(state, cache, pod) {
            PreFilter::Skip => state.skip_filter.push(i),
            PreFilter::AllNodes => {}
            PreFilter::Refuse(refusal) => return Err((vec![i], refusal)),
            PreFilter::Nodes(more) => {
                restricting.push(i);
                let both = match names {
                    Some(names) => names.intersection(&more).cloned().collect(),
                    None => more,
                };
                if both.is_empty() {
                    let list: Vec<&str> = restricting.iter().map(|i| PLUGINS[*i].name()).collect();
                    let words = match list.as_slice() {
                        [one] => format!("node(s) didn't satisfy plugin {one}"),
                        many => format!(
                            "node(s) didn't satisfy plugin(s) [{}] simultaneously",
                            many.join(" ")
                        ),
                    };
                    return Err((restricting, Refusal::unresolvable(words)));
                }
                names = Some(both);
            }
        }
    }
    Ok((names, restricting))
}

struct Found<'a> {
    feasible: Vec<&'a NodeInfo>,
    error: FitError,
    refused_by: Vec<usize>,
    resolvable: Vec<Slot>,
    evaluated: usize,
}

impl<'a> Found<'a> {
    fn only(node: &'a NodeInfo) -> Self {
        Found {
            feasible: vec![node],
            error: FitError::default(),
            refused_by: Vec::new(),
            resolvable: Vec::new(),
            evaluated: 1,
        }
    }
}

/// What a search for feasible nodes needs to know.
struct Search<'a, 's> {
    cache: &'a SchedulerCache,
    nominated: &'a Nominated,
    pod: &'a Rc<PodInfo>,
    state: &'s CycleState,
}

impl<'a> Search<'a, '_> {
    fn filter(
        &self,
        names: Option<&BTreeSet<Rc<str>>>,
        start: usize,
        recorder: &mut Recorder,
    ) -> Found<'a> {
        let cache = self.cache;
        let total = cache.node_count();
        let mut found = Found {
            feasible: Vec::new(),
            error: FitError {
                nodes: total,
                ..FitError::default()
            },
            refused_by: Vec::new(),
            resolvable: Vec::new(),
            evaluated: 0,
        };
        let all = |i: usize| cache.nth((start + i) % total.max(1));
        let nodes: Box<dyn Iterator<Item = &NodeInfo>> = match names {
            Some(names) => Box::new(
                names
                    .iter()
                    .filter_map(|n| cache.node(n))
                    .filter(|n| n.node.is_some()),
            ),
            None => Box::new((0..total).filter_map(all)),
        };
        let enough = enough_feasible(total);
        for node in nodes {
            if found.feasible.len() >= enough {
                break;
            }
            found.evaluated += 1;
            match self.check(node) {
                Ok(()) => found.feasible.push(node),
                Err((plugin, refusal)) => {
                    recorder.refused(node.slot, plugin, &refusal.reasons);
                    for reason in &refusal.reasons {
                        found.error.count(reason.clone(), 1);
                    }
                    if !found.refused_by.contains(&plugin) {
                        found.refused_by.push(plugin);
                    }
                    if !refusal.unresolvable {
                        found.resolvable.push(node.slot);
                    }
                }
            }
        }
        found.refused_by.sort_unstable();
        found
    }

    /// Whether the node takes the pod. Pods of at least its priority that preemption has promised
    /// to this node count as placed, and the pod has to fit without them as well, for they may not
    /// come.
    fn check(&self, node: &NodeInfo) -> Result<(), (usize, Refusal)> {
        let Search {
            cache,
            nominated,
            pod,
            state,
        } = *self;
        let promised = nominated.on(&node.name, pod);
        if !promised.is_empty() {
            let mut node = node.clone();
            let mut state = state.clone();
            for other in promised {
                node.add_pod(&other);
                for plugin in PLUGINS {
                    plugin.add_pod(&mut state, cache, pod, &other, &node);
                }
            }
            run_filters(&state, pod, &node)?;
        }
        run_filters(state, pod, node)
    }
}

/// Asks the filters in order; the first refusal stands.
pub fn run_filters(
    state: &CycleState,
    pod: &PodInfo,
    node: &NodeInfo,
) -> Result<(), (usize, Refusal)> {
    for (i, plugin) in PLUGINS.iter().enumerate() {
        if plugin.points().contains(Points::FILTER) && !state.skip_filter.contains(&i) {
            plugin
                .filter(state, pod, node)
                .map_err(|refusal| (i, refusal))?;
        }
    }
    Ok(())
}

/// The weighted sum of every node's scores.
fn score(
    state: &mut CycleState,
    cache: &SchedulerCache,
    pod: &PodInfo,
    nodes: &[&NodeInfo],
    recorder: &mut Recorder,
) -> Vec<i64> {
    let mut totals = vec![0i64; nodes.len()];
    let scoring = |p: &&'static dyn Plugin| p.points().contains(Points::SCORE);
    let plugins = PLUGINS.iter().enumerate().filter(|(_, p)| scoring(p));
    for (i, plugin) in plugins {
        if plugin.pre_score(state, cache, pod, nodes) == PreScore::Skip {
            state.skip_score.push(i);
            continue;
        }
        let score = |n: &&NodeInfo| plugin.score(state, cache, pod, n);
        let raw: Vec<i64> = nodes.iter().map(score).collect();
        let mut normalized = raw.clone();
        plugin.normalize(state, nodes, &mut normalized);
        recorder.scores(i, &raw, &normalized);
        for (total, score) in totals.iter_mut().zip(&normalized) {
            *total = total.saturating_add(score.saturating_mul(plugin.weight()));
        }
    }
    totals
}

/// One of the best, each with the same chance: reservoir sampling, as upstream.
fn select_host(totals: &[i64], rng: &mut Rng) -> Option<usize> {
    let best = *totals.iter().max()?;
    let mut chosen = None;
    let mut seen = 0;
    for (i, total) in totals.iter().enumerate() {
        if *total == best {
            seen += 1;
            if seen == 1 || rng.below(seen) == 0 {
                chosen = Some(i);
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_clusters_are_sampled() {
        let cases = [
            (1, 1),
            (99, 99),
            (100, 100),
            (150, 100),
            (1000, 420),
            (6000, 300),
            (10_000, 500),
        ];
        for (nodes, enough) in cases {
            assert_eq!(enough_feasible(nodes), enough, "{nodes} nodes");
        }
    }

    #[test]
    fn ties_are_broken_by_chance_and_fairly() {
        let mut rng = Rng::new(3);
        let mut wins = [0; 4];
        for _ in 0..3000 {
            wins[select_host(&[5, 9, 9, 9], &mut rng).unwrap()] += 1;
        }
        assert_eq!(wins[0], 0);
        assert!(
            wins[1..].iter().all(|n| (900..1100).contains(n)),
            "{wins:?}"
        );
        assert_eq!(select_host(&[], &mut rng), None);
    }
}
