//! NodeResourcesBalancedAllocation: CPU and memory of a node should fill up evenly.

use crate::scheduler::cache::SchedulerCache;
use crate::scheduler::framework::{CycleState, MAX_NODE_SCORE, Plugin, Points, PreScore};
use crate::scheduler::nodeinfo::NodeInfo;
use crate::scheduler::podinfo::PodInfo;

pub struct BalancedAllocation;

/// 100 x (1 - deviation), where the deviation of two shares is half their difference. Computed
/// in whole numbers: upstream uses floats and cuts them off.
fn balance(cpu: (i64, i64), memory: (i64, i64)) -> i64 {
    if cpu.1 <= 0 || memory.1 <= 0 {
        return MAX_NODE_SCORE;
    }
    // Amounts of which nobody has so many lose their last bits, lest the products overflow.
    let share = |(used, has): (i64, i64)| {
        let shift = 64u32.saturating_sub(has.leading_zeros() + 50);
        (i128::from(used.min(has) >> shift), i128::from(has >> shift))
    };
    let ((a, b), (c, d)) = (share(cpu), share(memory));
    let difference = (a * d - c * b).abs();
    let whole = b * d;
    let lost = (difference * i128::from(MAX_NODE_SCORE / 2) + whole - 1) / whole;
    MAX_NODE_SCORE - lost as i64
}

/// What counts since v1.36 is what the pod changes: about 75 where that is little, towards 100 where the node is more
/// even with it, towards 50 where it is less.
fn change(before: i64, after: i64) -> i64 {
    MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + after - before) / 2
}

impl Plugin for BalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn points(&self) -> Points {
        Points::SCORE
    }

    /// Pods that ask for neither are left out, lest they gather on one node.
    fn pre_score(
        &self,
        _state: &mut CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        _nodes: &[&NodeInfo],
    ) -> PreScore {
        if pod.requests.cpu_millis == 0 && pod.requests.memory == 0 {
            PreScore::Skip
        } else {
            PreScore::Score
        }
    }

    fn score(
        &self,
        _state: &CycleState,
        _cache: &SchedulerCache,
        pod: &PodInfo,
        node: &NodeInfo,
    ) -> i64 {
        let (used, wanted, has) = (&node.requested, &pod.requests, &node.allocatable);
        let before = balance((used.cpu_millis, has.cpu_millis), (used.memory, has.memory));
        let after = balance(
            (
                used.cpu_millis.saturating_add(wanted.cpu_millis),
                has.cpu_millis,
            ),
            (used.memory.saturating_add(wanted.memory), has.memory),
        );
        change(before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_shares_score_highest() {
        let cases = [
            ((1, 2), (2, 4), 100),
            ((0, 4), (4, 4), 50),
            ((3, 10), (5, 10), 90),
            // 1 - |1/3 - 0| / 2 = 0.8333
            ((1, 3), (0, 3), 83),
            // More than there is counts as all of it.
            ((9, 3), (3, 3), 100),
            ((1, 0), (1, 2), 100),
            ((i64::MAX, i64::MAX), (0, i64::MAX), 50),
        ];
        for (cpu, memory, score) in cases {
            assert_eq!(balance(cpu, memory), score, "{cpu:?} {memory:?}");
        }
    }

    #[test]
    fn what_the_pod_changes_is_scored() {
        for (before, after, score) in [
            (100, 100, 75),
            (80, 80, 75),
            (75, 100, 87),
            (100, 75, 62),
            (50, 100, 100),
            (100, 50, 50),
        ] {
            assert_eq!(change(before, after), score, "{before} {after}");
        }
    }
}
