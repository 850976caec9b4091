//! DefaultPreemption: when a pod fits nowhere, find a node where it would fit if pods of lower
//! priority went.
//!
//! Models `pkg/scheduler/framework/preemption` and `plugins/defaultpreemption`. Pods whose
//! disruption budgets have nothing left are spared where others will do.

use std::cmp::Reverse;
use std::rc::Rc;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::cache::SchedulerCache;
use super::cycle::run_filters;
use super::fit_error::FitError;
use super::framework::{CycleState, Refusal};
use super::nodeinfo::{NodeInfo, Slot};
use super::nominated::Nominated;
use super::plugins::PLUGINS;
use super::podinfo::PodInfo;
use crate::api::{Resource, disruption};
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
    /// How many of them their disruption budgets cannot spare.
    pub violations: usize,
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
            Ok((victims, violations)) => found.push(Candidate {
                node: node.name.clone(),
                victims,
                violations,
            }),
            Err(refusal) => refusal
                .reasons
                .iter()
                .for_each(|r| error.count(r.clone(), 1)),
        }
    }
    let best = found.into_iter().min_by_key(|c| {
        // Fewest budgets broken, lowest of the highest priorities, least sum of them, fewest, then the youngest.
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
        (
            c.violations,
            highest,
            sum,
            c.victims.len(),
            Reverse(earliest),
        )
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
) -> Result<(Vec<Rc<PodInfo>>, usize), Refusal> {
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
    let mut violations = 0;
    // Those whose budgets have nothing left are given back first.
    let (violating, others) = by_budgets(cache, lower);
    let spared = violating.len();
    for (i, candidate) in violating.into_iter().chain(others).enumerate() {
        node.add_pod(&candidate);
        for plugin in PLUGINS {
            plugin.add_pod(&mut state, cache, pod, &candidate, &node);
        }
        if run_filters(&state, pod, &node).is_err() {
            node.remove_pod(&candidate.uid);
            for plugin in PLUGINS {
                plugin.remove_pod(&mut state, cache, pod, &candidate, &node);
            }
            violations += usize::from(i < spared);
            victims.push(candidate);
        }
    }
    victims.sort_by_key(|p| (Reverse(p.priority), started(p)));
    Ok((victims, violations))
}

/// The pods whose going would break a disruption budget, and the others; in order.
fn by_budgets(
    cache: &SchedulerCache,
    pods: Vec<Rc<PodInfo>>,
) -> (Vec<Rc<PodInfo>>, Vec<Rc<PodInfo>>) {
    if cache.disruption_budgets.is_empty() {
        return (Vec::new(), pods);
    }
    let budgets: Vec<_> = cache.disruption_budgets.iter().collect();
    let allowed = |b: &PodDisruptionBudget| {
        let status = b.status.as_ref();
        status
            .and_then(|s| s.disruptions_allowed)
            .unwrap_or_default()
    };
    let mut left: Vec<i32> = budgets.iter().map(|b| allowed(b)).collect();
    pods.into_iter().partition(|info| {
        let labels = info.pod.metadata.labels.as_ref();
        if labels.is_none_or(|l| l.is_empty()) {
            return false;
        }
        let mut broken = false;
        for (budget, left) in budgets.iter().zip(&mut left) {
            let selector = budget.spec.as_ref().and_then(|s| s.selector.as_ref());
            let noted = budget
                .status
                .as_ref()
                .and_then(|s| s.disrupted_pods.as_ref());
            let counted = noted.is_some_and(|n| n.contains_key(info.pod.name()));
            // The scheduler takes an empty selector for one of no pods.
            if selector.is_none_or(|s| *s == LabelSelector::default())
                || counted
                || !disruption::covers(budget, &info.pod)
            {
                continue;
            }
            *left -= 1;
            broken |= *left < 0;
        }
        broken
    })
}
