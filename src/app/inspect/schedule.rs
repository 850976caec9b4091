//! Where a pod could have gone: each node with what the scheduler thought of it.

use std::rc::Rc;

use crate::cluster::Cluster;
use crate::scheduler::{Explanation, Verdict};
use crate::sim::Time;

/// The scheduler's last decision about a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub at: Time,
    /// The how-manieth attempt it was.
    pub attempt: u32,
    pub chosen: Option<Rc<str>>,
    /// What `FailedScheduling` says; empty after a success.
    pub message: Rc<str>,
    /// What came of looking for pods to take away; empty when that was not tried.
    pub preemption: Rc<str>,
    /// The names of the plugins that scored, with their weights.
    pub plugins: Vec<(&'static str, i64)>,
    /// The best first.
    pub candidates: Vec<Candidate>,
    /// Nodes that were refused, by the plugin and its reason, the largest group first.
    pub refused: Vec<Refusal>,
    /// How many candidates are not listed.
    pub more: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub node: Rc<str>,
    pub chosen: bool,
    pub total: i64,
    /// Normalised scores, 0 to 100, in the order of the plugins.
    pub scores: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub plugin: &'static str,
    pub reason: Rc<str>,
    pub nodes: Vec<Rc<str>>,
}

/// Longer lists are not read.
const MOST_CANDIDATES: usize = 20;

/// The decision about the pod with this uid, as long as the scheduler remembers it.
pub fn decision(cluster: &Cluster, uid: &str) -> Option<Decision> {
    cluster.scheduler().explanation(uid).map(|e| told(&e))
}

fn told(explanation: &Explanation) -> Decision {
    let mut candidates = Vec::new();
    let mut plugins: Vec<(&'static str, i64)> = Vec::new();
    let mut refused: Vec<Refusal> = Vec::new();
    for verdict in &explanation.nodes {
        match &verdict.verdict {
            Verdict::Feasible { scores, total } => {
                if plugins.is_empty() {
                    plugins = scores.iter().map(|s| (s.plugin, s.weight)).collect();
                }
                candidates.push(Candidate {
                    node: verdict.node.clone(),
                    chosen: explanation.chosen.as_ref() == Some(&verdict.node),
                    total: *total,
                    scores: scores.iter().map(|s| s.normalized).collect(),
                });
            }
            Verdict::Refused { plugin, reason } => {
                let known = refused
                    .iter_mut()
                    .find(|r| r.plugin == *plugin && r.reason == *reason);
                match known {
                    Some(group) => group.nodes.push(verdict.node.clone()),
                    None => refused.push(Refusal {
                        plugin,
                        reason: reason.clone(),
                        nodes: vec![verdict.node.clone()],
                    }),
                }
            }
        }
    }
    candidates.sort_by(|a, b| (b.chosen, b.total, &a.node).cmp(&(a.chosen, a.total, &b.node)));
    refused.sort_by_key(|group| std::cmp::Reverse(group.nodes.len()));
    let more = candidates.len().saturating_sub(MOST_CANDIDATES);
    candidates.truncate(MOST_CANDIDATES);
    Decision {
        at: explanation.at,
        attempt: explanation.attempt,
        chosen: explanation.chosen.clone(),
        message: explanation.message.clone(),
        preemption: explanation.preemption.clone(),
        plugins,
        candidates,
        refused,
        more,
    }
}
