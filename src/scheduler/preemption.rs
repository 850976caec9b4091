//! DefaultPreemption: when a pod fits nowhere, find a node where it would fit if pods of lower
//! priority went.
//!
//! Models `pkg/scheduler/framework/preemption` and `plugins/defaultpreemption`. There are no
//! PodDisruptionBudgets yet, so none is violated.

use std::cmp::Reverse;
use std::rc::Rc;

use super::cache::SchedulerCache;
use super::cycle::run_filters;
use super::fit_error::FitError;
use super::framework::{CycleState, Refusal};
use super::nodeinfo::{NodeInfo, Slot};
use super::nominated::Nominated;
use super::plugins::PLUGINS;
use super::podinfo::PodInfo;
use crate::sim::Rng;

/// What DynamicResources says after every failure of a pod without resource claims.
const NO_CLAIMS: &str = "no new claims to deallocate";
const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

/// At least this share of the candidate nodes is tried, in per cent, and at least so many.
const MIN_CANDIDATE_PERCENTAGE: usize = 10;
const MIN_CANDIDATES: usize = 100;

/// What came of it.
pub enum Preemption {
    /// Nobody can make room; the words of the attempt.
    None(String),
    /// These pods have to go from this node.
    Victims(Candidate),
}

pub struct Candidate {
    pub node: Rc<str>,
    /// The most important first.
    pub victims: Vec<Rc<PodInfo>>,
}

/// Looks for pods to take away. `candidates` are the nodes that refused for reasons which that
/// could change.
pub fn post_filter(
    cache: &SchedulerCache,
    nominated: &Nominated,
    pod: &Rc<PodInfo>,
    state: &CycleState,
    candidates: &[Slot],
    rng: &mut Rng,
) -> Preemption {
    let words = |text: &str| Preemption::None(format!("{NO_CLAIMS}, preemption: {text}"));
    if let Err(why) = eligible(cache, nominated, pod, candidates) {
        return words(why);
    }
    let mut error = FitError {
        nodes: cache.node_count(),
        ..FitError::default()
    };
    let most = (cache.node_count() * MIN_CANDIDATE_PERCENTAGE / 100).max(MIN_CANDIDATES);
    let offset = rng.below(candidates.len() as u64) as usize;
    let mut found: Vec<Candidate> = Vec::new();
    let mut looked_at = 0;
    for i in 0..candidates.len() {
        if found.len() >= most {
            break;
        }
        let slot = candidates[(offset + i) % candidates.len()];
        let Some(node) = cache.node_at(slot) else {
            continue;
        };
        looked_at += 1;
        match victims_on(cache, nominated, pod, state, node) {
            Ok(victims) => found.push(Candidate {
                node: node.name.clone(),
                victims,
            }),
            Err(refusal) => refusal
                .reasons
                .iter()
                .for_each(|r| error.count(r.clone(), 1)),
        }
    }
    let best = found.into_iter().min_by_key(|c| {
        // Lowest of the highest priorities, least sum of them, fewest, then the youngest.
        let highest = c.victims.first().map_or(i32::MIN, |v| v.priority);
        let sum: i64 = c
            .victims
            .iter()
            .map(|v| i64::from(v.priority) + i64::from(i32::MAX) + 1)
            .sum();
        let earliest = c
            .victims
            .iter()
            .filter(|v| v.priority == highest)
            .map(|v| started(v))
            .min();
        (highest, sum, c.victims.len(), Reverse(earliest))
    });
    match best {
        Some(candidate) => Preemption::Victims(candidate),
        None => {
            error.count(NOT_HELPFUL, cache.node_count() - looked_at);
            words(&error.message())
        }
    }
}

/// Whether the pod may take others' places now.
fn eligible(
    cache: &SchedulerCache,
    nominated: &Nominated,
    pod: &PodInfo,
    candidates: &[Slot],
) -> Result<(), &'static str> {
    let policy = pod.spec().and_then(|s| s.preemption_policy.as_deref());
    if policy == Some("Never") {
        return Err("not eligible due to preemptionPolicy=Never.");
    }
    // Pods are going from the node that was promised already: wait for them.
    if let Some(node) = nominated.node_of(&pod.uid).and_then(|n| cache.node(n))
        && candidates.contains(&node.slot)
        && node
            .pods
            .values()
            .any(|p| p.priority < pod.priority && p.is_terminating() && is_victim(p))
    {
        return Err("not eligible due to a terminating pod on the nominated node.");
    }
    Ok(())
}

fn is_victim(pod: &PodInfo) -> bool {
    let conditions = pod.pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    conditions.into_iter().flatten().any(|c| {
        c.type_ == "DisruptionTarget"
            && c.status == "True"
            && c.reason.as_deref() == Some("PreemptionByScheduler")
    })
}

/// When the pod began to run; one that does not yet is the youngest.
fn started(pod: &PodInfo) -> i64 {
    let time = pod.pod.status.as_ref().and_then(|s| s.start_time.as_ref());
    time.map_or(i64::MAX, |t| t.0.as_second())
}

/// Takes away all pods of lower priority, then gives back as many as possible, the most
/// important first.
fn victims_on(
    cache: &SchedulerCache,
    nominated: &Nominated,
    pod: &Rc<PodInfo>,
    state: &CycleState,
    node: &NodeInfo,
) -> Result<Vec<Rc<PodInfo>>, Refusal> {
    let mut lower: Vec<Rc<PodInfo>> = node
        .pods
        .values()
        .filter(|p| p.priority < pod.priority)
        .cloned()
        .collect();
    if lower.is_empty() {
        return Err(Refusal::unresolvable(NO_VICTIMS));
    }
    lower.sort_by_key(|p| (Reverse(p.priority), started(p)));
    let mut node = node.clone();
    let mut state = state.clone();
    for other in nominated.on(&node.name, pod) {
        node.add_pod(&other);
        for plugin in PLUGINS {
            plugin.add_pod(&mut state, cache, pod, &other, &node);
        }
    }
    for victim in &lower {
        node.remove_pod(&victim.uid);
        for plugin in PLUGINS {
            plugin.remove_pod(&mut state, cache, pod, victim, &node);
        }
    }
    run_filters(&state, pod, &node).map_err(|(_, refusal)| refusal)?;
    let mut victims = Vec::new();
    for candidate in lower {
        node.add_pod(&candidate);
        for plugin in PLUGINS {
            plugin.add_pod(&mut state, cache, pod, &candidate, &node);
        }
        if run_filters(&state, pod, &node).is_err() {
            node.remove_pod(&candidate.uid);
            for plugin in PLUGINS {
                plugin.remove_pod(&mut state, cache, pod, &candidate, &node);
            }
            victims.push(candidate);
        }
    }
    Ok(victims)
}
