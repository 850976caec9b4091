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

/// The scores that one plugin gave, in the order of the feasible nodes.
#[derive(Clone, Debug)]
enum Column {
    Same {
        raw: i32,
        normalized: u8,
    },
    /// Where normalising changed nothing.
    Plain(Box<[u8]>),
    Both(Box<[(i32, u8)]>),
}

/// A decision as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub pod: Key,
    pub at: Time,
    pub attempt: u32,
    names: Rc<Vec<Rc<str>>>,
    feasible: Box<[u16]>,
    columns: Box<[(u8, Column)]>,
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
    columns: Vec<(u8, Column)>,
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
        let small = |n: i64| n.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        let percent = |n: i64| n.clamp(0, 255) as u8;
        let same = |list: &[i64]| list.windows(2).all(|w| w[0] == w[1]);
        let column = match (raw.first(), normalized.first()) {
            (Some(r), Some(n)) if same(raw) && same(normalized) => Column::Same {
                raw: small(*r),
                normalized: percent(*n),
            },
            _ if raw == normalized => Column::Plain(raw.iter().map(|n| percent(*n)).collect()),
            _ => {
                let pairs = raw.iter().zip(normalized);
                Column::Both(pairs.map(|(r, n)| (small(*r), percent(*n))).collect())
            }
        };
        self.columns.push((plugin as u8, column));
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
                .filter_map(|(plugin, column)| {
                    let plugin = PLUGINS.get(usize::from(*plugin))?;
                    let (raw, normalized) = match column {
                        Column::Same { raw, normalized } => (*raw, *normalized),
                        Column::Plain(list) => {
                            let score = *list.get(place)?;
                            (i32::from(score), score)
                        }
                        Column::Both(list) => *list.get(place)?,
                    };
                    Some(PluginScore {
                        plugin: plugin.name(),
                        raw: i64::from(raw),
                        normalized: i64::from(normalized),
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
