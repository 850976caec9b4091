//! The affinity terms of placed pods, and on how many pods of each node each of them stands.
//!
//! Pods of one workload have the same terms, so there are as many as there are workloads, not
//! pods: what a new pod meets is found without looking at the pods.

use std::rc::Rc;

use super::nodeinfo::Slot;
use super::podinfo::{PodInfo, Term};

/// A term that stands on at least one placed pod.
#[derive(Clone)]
pub struct PlacedTerm {
    pub term: Term,
    /// The namespace of the pods that have the term: what a selector of namespaces cannot tell.
    pub by_slot: Rc<Vec<u32>>,
    total: u32,
}

#[derive(Clone, Default)]
pub struct TermCounts {
    placed: Vec<PlacedTerm>,
}

impl TermCounts {
    pub fn iter(&self) -> impl Iterator<Item = &PlacedTerm> {
        self.placed.iter()
    }

    pub fn add(&mut self, pod: &PodInfo, slot: Slot) {
        for term in pod.terms.iter() {
            let index = self.placed.iter().position(|p| p.term == *term);
            let placed = match index {
                Some(i) => &mut self.placed[i],
                None => {
                    self.placed.push(PlacedTerm {
                        term: term.clone(),
                        by_slot: Rc::default(),
                        total: 0,
                    });
                    match self.placed.last_mut() {
                        Some(placed) => placed,
                        None => return,
                    }
                }
            };
            let by_slot = Rc::make_mut(&mut placed.by_slot);
            let slot = slot as usize;
            if by_slot.len() <= slot {
                by_slot.resize(slot + 1, 0);
            }
            by_slot[slot] += 1;
            placed.total += 1;
        }
    }

    pub fn remove(&mut self, pod: &PodInfo, slot: Slot) {
        for term in pod.terms.iter() {
            let Some(index) = self.placed.iter().position(|p| p.term == *term) else {
                continue;
            };
            let placed = &mut self.placed[index];
            if let Some(count) = Rc::make_mut(&mut placed.by_slot).get_mut(slot as usize) {
                *count = count.saturating_sub(1);
            }
            placed.total = placed.total.saturating_sub(1);
            if placed.total == 0 {
                self.placed.remove(index);
            }
        }
    }
}
