//! Why a pod went where it went, or nowhere: kept for every pod, told as plain data.
//!
//! A decision over 100 nodes holds hundreds of numbers, and there may be 10,000 pods, so what is
//! kept is compact: nodes are slots, names are shared with the cache, and a score that is the
//! same everywhere is one number.

use std::borrow::Cow;
use std::rc::Rc;

use super::nodeinfo::Slot;
use super::plugins::PLUGINS;
use crate::api::Key;
use crate::sim::Time;

/// A decision of the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub pod: Key,
    pub at: Time,
    /// The how-manieth attempt it was, from 1.
    pub attempt: u32,
    /// In the order in which they were looked at.
    pub nodes: Vec<NodeVerdict>,
    pub chosen: Option<Rc<str>>,
    /// What `FailedScheduling` says; empty after a success.
    pub message: Rc<str>,
    /// What came of looking for pods to take away; empty when that was not tried.
    pub preemption: Rc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeVerdict {
    pub node: Rc<str>,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The pod could run there. `total` is the weighted sum that nodes are compared by; without
    /// scores when it was the only such node.
    Feasible {
        scores: Vec<PluginScore>,
        total: i64,
    },
    Refused {
        plugin: &'static str,
        reason: Rc<str>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginScore {
    pub plugin: &'static str,
    pub raw: i64,
    /// 0 to 100.
    pub normalized: i64,
    pub weight: i64,
}

/// Numbers in the order of the feasible nodes, in as few bytes as they fit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Numbers {
    Same(i32),
    Bytes(Box<[u8]>),
    Words(Box<[i32]>),
}

impl Numbers {
    fn of(list: &[i64]) -> Self {
        let word = |n: &i64| (*n).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        match list.first() {
            Some(first) if list.iter().all(|n| n == first) => Numbers::Same(word(first)),
            _ if list.iter().all(|n| (0..=255).contains(n)) => {
                Numbers::Bytes(list.iter().map(|n| *n as u8).collect())
            }
            _ => Numbers::Words(list.iter().map(word).collect()),
        }
    }

    fn at(&self, place: usize) -> Option<i64> {
        match self {
            Numbers::Same(n) => Some(i64::from(*n)),
            Numbers::Bytes(list) => list.get(place).map(|n| i64::from(*n)),
            Numbers::Words(list) => list.get(place).map(|n| i64::from(*n)),
        }
    }
}

/// The scores that one plugin gave.
#[derive(Clone, Debug)]
struct Column {
    plugin: u8,
    raw: Numbers,
    /// Absent where normalising changed nothing.
    normalized: Option<Numbers>,
}

/// A decision as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub pod: Key,
    pub at: Time,
    pub attempt: u32,
    names: Rc<Vec<Rc<str>>>,
    /// Shared with the decision before where they are the same.
    feasible: Rc<[u16]>,
    columns: Box<[Column]>,
    /// Slot, plugin and place in `reasons`.
    refused: Box<[(u16, u8, u8)]>,
    reasons: Box<[Rc<str>]>,
    pub chosen: Option<Slot>,
    pub message: Rc<str>,
    pub preemption: Rc<str>,
}

/// Collects a [`Record`] during a cycle.
#[derive(Default)]
pub(super) struct Recorder {
    feasible: Vec<u16>,
    columns: Vec<Column>,
    refused: Vec<(u16, u8, u8)>,
    reasons: Vec<Rc<str>>,
}

impl Recorder {
    pub fn refused(&mut self, slot: Slot, plugin: usize, reasons: &[Cow<'static, str>]) {
        let reason = match reasons {
            [one] => Cow::Borrowed(&**one),
            many => Cow::Owned(many.join(", ")),
        };
        let known = self.reasons.iter().position(|r| **r == *reason);
        let index = known.unwrap_or_else(|| {
            self.reasons.push(reason.into());
            self.reasons.len() - 1
        });
        let index = u8::try_from(index).unwrap_or(u8::MAX);
        self.refused.push((slot as u16, plugin as u8, index));
    }

    pub fn feasible(&mut self, slots: impl Iterator<Item = Slot>) {
        self.feasible = slots.map(|s| s as u16).collect();
    }

    pub fn scores(&mut self, plugin: usize, raw: &[i64], normalized: &[i64]) {
        self.columns.push(Column {
            plugin: plugin as u8,
            raw: Numbers::of(raw),
            normalized: (raw != normalized).then(|| Numbers::of(normalized)),
        });
    }

    pub fn finish(
        self,
        pod: Key,
        at: Time,
        attempt: u32,
        names: &Rc<Vec<Rc<str>>>,
        chosen: Option<Slot>,
    ) -> Record {
        Record {
            pod,
            at,
            attempt,
            names: names.clone(),
            feasible: self.feasible.into(),
            columns: self.columns.into(),
            refused: self.refused.into(),
            reasons: self.reasons.into(),
            chosen,
            message: "".into(),
            preemption: "".into(),
        }
    }
}

impl Record {
    fn name(&self, slot: Slot) -> Rc<str> {
        self.names.get(slot as usize).cloned().unwrap_or_default()
    }

    /// Shares what is the same as in an earlier decision.
    pub fn share(&mut self, earlier: &Record) {
        if self.feasible == earlier.feasible {
            self.feasible = earlier.feasible.clone();
        }
    }

    /// How many nodes were found feasible, and how many were looked at.
    pub fn counts(&self) -> (usize, usize) {
        let feasible = self.feasible.len();
        (feasible, feasible + self.refused.len())
    }

    pub fn expand(&self) -> Explanation {
        let feasible = self.feasible.iter().enumerate().map(|(place, slot)| {
            let scores: Vec<PluginScore> = self
                .columns
                .iter()
                .filter_map(|column| {
                    let plugin = PLUGINS.get(usize::from(column.plugin))?;
                    let raw = column.raw.at(place)?;
                    let normalized = column.normalized.as_ref();
                    Some(PluginScore {
                        plugin: plugin.name(),
                        raw,
                        normalized: normalized.map_or(Some(raw), |n| n.at(place))?,
                        weight: plugin.weight(),
                    })
                })
                .collect();
            NodeVerdict {
                node: self.name(Slot::from(*slot)),
                verdict: Verdict::Feasible {
                    total: scores.iter().map(|s| s.normalized * s.weight).sum(),
                    scores,
                },
            }
        });
        let refused = self
            .refused
            .iter()
            .map(|(slot, plugin, reason)| NodeVerdict {
                node: self.name(Slot::from(*slot)),
                verdict: Verdict::Refused {
                    plugin: PLUGINS.get(usize::from(*plugin)).map_or("", |p| p.name()),
                    reason: self
                        .reasons
                        .get(usize::from(*reason))
                        .cloned()
                        .unwrap_or_default(),
                },
            });
        Explanation {
            pod: self.pod.clone(),
            at: self.at,
            attempt: self.attempt,
            nodes: feasible.chain(refused).collect(),
            chosen: self.chosen.map(|slot| self.name(slot)),
            message: self.message.clone(),
            preemption: self.preemption.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were() {
        let cases: [&[i64]; 5] = [&[7, 7, 7], &[0, 255], &[-1, 3], &[70_000, 1], &[]];
        for list in cases {
            let kept = Numbers::of(list);
            let back: Vec<i64> = (0..list.len()).filter_map(|i| kept.at(i)).collect();
            assert_eq!(back, list);
        }
        assert_eq!(Numbers::of(&[5, 5]), Numbers::Same(5));
        assert_eq!(Numbers::of(&[1, 2]).at(9), None);
    }
}
