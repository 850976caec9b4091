//! The scheduling framework: the points of a scheduling cycle at which plugins take part.
//!
//! A plugin implements the points it cares about and names them in [`Plugin::points`]; the
//! others have defaults that change nothing. Models `k8s.io/kube-scheduler/framework`.

mod event;
mod state;

use std::borrow::Cow;
use std::rc::Rc;

pub use event::ClusterEvent;
pub use state::CycleState;

use super::Event;
use super::cache::SchedulerCache;
use super::nodeinfo::NodeInfo;
use super::podinfo::PodInfo;
use crate::api::Status;
use crate::client::Ctx;
use crate::sim::ordered::Set as BTreeSet;

/// The best score of a node, after normalising.
pub const MAX_NODE_SCORE: i64 = 100;

/// Why a node, or the whole cluster, does not take a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// True when taking other pods away would not help.
    pub unresolvable: bool,
    pub reasons: Vec<Cow<'static, str>>,
}

impl Refusal {
    /// Removing pods might help.
    pub fn unschedulable(reason: impl Into<Cow<'static, str>>) -> Self {
        Refusal {
            unresolvable: false,
            reasons: vec![reason.into()],
        }
    }

    pub fn unresolvable(reason: impl Into<Cow<'static, str>>) -> Self {
        Refusal {
            unresolvable: true,
            reasons: vec![reason.into()],
        }
    }
}

/// What a plugin finds before any node is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreFilter {
    /// The plugin has nothing to say about this pod: its filter is left out.
    Skip,
    AllNodes,
    /// Only these nodes come into question.
    Nodes(BTreeSet<Rc<str>>),
    Refuse(Refusal),
}

/// Whether a plugin takes part in scoring this pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreScore {
    Score,
    Skip,
}

/// Points at which a plugin takes part, as bits. Points that are called on every plugin (their
/// default is to do nothing) have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points(u8);

impl Points {
    pub const NONE: Points = Points(0);
    pub const FILTER: Points = Points(1);
    pub const SCORE: Points = Points(2);
    pub const BOTH: Points = Points(3);

    pub fn contains(self, other: Points) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A score and what it became by normalising; kept for every node.
pub type Scores = Vec<i64>;

/// A plugin of the scheduler. Plugins have no state of their own: what a cycle computes goes
/// into its [`CycleState`], and what is known of the cluster is in the [`SchedulerCache`].
pub trait Plugin: Sync {
    fn name(&self) -> &'static str;

    fn points(&self) -> Points {
        Points::NONE
    }

    /// What its scores are multiplied with.
    fn weight(&self) -> i64 {
        1
    }

    /// Whether the pod may enter the queue at all.
    fn pre_enqueue(&self, _pod: &PodInfo) -> Result<(), Refusal> {
        Ok(())
    }

    fn pre_filter(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        _pod: &PodInfo,
    ) -> PreFilter {
        PreFilter::AllNodes
    }

    /// What-if: `added` stands on `node` too. Adjusts what `pre_filter` computed.
    fn add_pod(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        _pod: &PodInfo,
        _added: &PodInfo,
        _node: &NodeInfo,
    ) {
    }

    /// What-if: `removed` is gone from `node`.
    fn remove_pod(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        _pod: &PodInfo,
        _removed: &PodInfo,
        _node: &NodeInfo,
    ) {
    }

    fn filter(&self, _state: &CycleState, _pod: &PodInfo, _node: &NodeInfo) -> Result<(), Refusal> {
        Ok(())
    }

    fn pre_score(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        _pod: &PodInfo,
        _nodes: &[&NodeInfo],
    ) -> PreScore {
        PreScore::Score
    }

    fn score(
        &self,
        _state: &CycleState,
        _cache: &SchedulerCache,
        _pod: &PodInfo,
        _node: &NodeInfo,
    ) -> i64 {
        0
    }

    /// Brings the scores of all nodes (in the order of `nodes`) into 0 to [`MAX_NODE_SCORE`].
    fn normalize(&self, _state: &CycleState, _nodes: &[&NodeInfo], _scores: &mut Scores) {}

    /// The pod has been promised to the node.
    fn reserve(&self, _pod: &PodInfo, _node: &str) -> Result<(), Refusal> {
        Ok(())
    }

    /// The last word before the pod is bound. (Upstream's plugins may also ask to wait; none of
    /// the default ones does.)
    fn permit(&self, _pod: &PodInfo, _node: &str) -> Result<(), Refusal> {
        Ok(())
    }

    /// Last preparations on the way to the node.
    fn pre_bind(&self, _pod: &PodInfo, _node: &str) -> Result<(), Refusal> {
        Ok(())
    }

    /// Writes the binding; `None` leaves it to the next plugin.
    fn bind(
        &self,
        _ctx: &mut Ctx<'_, Event>,
        _pod: &PodInfo,
        _node: &str,
    ) -> Option<Result<(), Box<Status>>> {
        None
    }

    fn post_bind(&self, _pod: &PodInfo, _node: &str) {}

    /// Whether `event` may let a pod pass that this plugin refused: a queueing hint.
    fn hint(&self, _pod: &PodInfo, _event: &ClusterEvent<'_>, _cache: &SchedulerCache) -> bool {
        true
    }
}

/// Scales scores so that the highest becomes 100; with `reverse`, so that the lowest is best.
/// Models `plugins/helper/normalize_score.go`.
pub fn default_normalize(scores: &mut Scores, reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or_default().max(0);
    for score in scores.iter_mut() {
        if highest == 0 {
            *score = if reverse { MAX_NODE_SCORE } else { *score };
            continue;
        }
        let scaled = MAX_NODE_SCORE.saturating_mul(*score) / highest;
        *score = if reverse {
            MAX_NODE_SCORE - scaled
        } else {
            scaled
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalising_scales_to_a_hundred() {
        let cases: [(&[i64], bool, &[i64]); 4] = [
            (&[0, 2, 4], false, &[0, 50, 100]),
            (&[0, 2, 4], true, &[100, 50, 0]),
            (&[0, 0], false, &[0, 0]),
            (&[0, 0], true, &[100, 100]),
        ];
        for (input, reverse, output) in cases {
            let mut scores = input.to_vec();
            default_normalize(&mut scores, reverse);
            assert_eq!(scores, output, "{input:?} reverse={reverse}");
        }
    }
}
