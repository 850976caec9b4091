//! The words for a pod that fits nowhere (`pkg/scheduler/framework/types.go` FitError).

use crate::sim::ordered::Map as BTreeMap;
use std::borrow::Cow;
use std::fmt::Write as _;

/// What no node at all says.
pub const NO_NODES: &str = "no nodes available to schedule pods";

/// Why a pod fits nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FitError {
    pub nodes: usize,
    /// A refusal that holds for every node; the nodes were not looked at then.
    pub pre_filter: String,
    /// How many nodes gave each reason.
    pub reasons: BTreeMap<Cow<'static, str>, usize>,
    /// What came of looking for pods to take away.
    pub post_filter: String,
}

impl FitError {
    pub fn count(&mut self, reason: impl Into<Cow<'static, str>>, nodes: usize) {
        if nodes > 0 {
            *self.reasons.entry(reason.into()).or_default() += nodes;
        }
    }

    /// Reasons sorted as text, counts included, as upstream sorts them.
    pub fn message(&self) -> String {
        let mut text = format!("0/{} nodes are available:", self.nodes);
        if !self.pre_filter.is_empty() {
            let _ = write!(text, " {}.", self.pre_filter);
        } else {
            let counted = self.reasons.iter();
            let mut parts: Vec<String> = counted.map(|(r, n)| format!("{n} {r}")).collect();
            parts.sort();
            if !parts.is_empty() {
                let _ = write!(text, " {}.", parts.join(", "));
            }
        }
        if !self.post_filter.is_empty() {
            let _ = write!(text, " {}", self.post_filter);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_sorted_as_text() {
        let mut error = FitError {
            nodes: 13,
            ..FitError::default()
        };
        error.count("Insufficient memory", 2);
        error.count("Insufficient cpu", 11);
        error.count("Insufficient cpu", 1);
        error.post_filter = "preemption: none.".to_owned();
        assert_eq!(
            error.message(),
            "0/13 nodes are available: 12 Insufficient cpu, 2 Insufficient memory. preemption: none."
        );
    }

    #[test]
    fn a_refusal_before_the_nodes_stands_alone() {
        let error = FitError {
            nodes: 3,
            pre_filter: "pod affinity terms conflict".to_owned(),
            ..FitError::default()
        };
        assert_eq!(
            error.message(),
            "0/3 nodes are available: pod affinity terms conflict."
        );
    }
}
