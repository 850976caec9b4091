//! How many pods of a namespace match a selector on each node, kept up as pods come and go.
//!
//! Spreading and affinity ask this of every node for every pod. Counting anew would make the
//! cost of placing a pod grow with the number of pods placed; here a pod costs one match per
//! selector that was asked for in its namespace.

use std::rc::Rc;

use super::nodeinfo::Slot;
use super::podinfo::PodInfo;
use crate::api::selector::Selector;
use crate::sim::ordered::Map as BTreeMap;

/// So many selectors of a namespace are kept; the one unused for longest goes first.
const KEPT_PER_NAMESPACE: usize = 64;

#[derive(Clone)]
struct Counted {
    selector: Selector,
    /// Whether terminating pods count too.
    terminating: bool,
    by_slot: Rc<Vec<u32>>,
    used: u64,
}

#[derive(Clone, Default)]
pub struct SelectorCounts {
    by_namespace: BTreeMap<Rc<str>, Vec<Counted>>,
    clock: u64,
}

impl SelectorCounts {
    /// The counts by slot, if the selector was asked for before.
    pub fn get(
        &mut self,
        namespace: &str,
        selector: &Selector,
        terminating: bool,
    ) -> Option<Rc<Vec<u32>>> {
        self.clock += 1;
        let clock = self.clock;
        let counted = self
            .by_namespace
            .get_mut(namespace)?
            .iter_mut()
            .find(|c| c.terminating == terminating && c.selector == *selector)?;
        counted.used = clock;
        Some(counted.by_slot.clone())
    }

    /// Keeps counts that were made by looking at all pods.
    pub fn insert(
        &mut self,
        namespace: &str,
        selector: &Selector,
        terminating: bool,
        by_slot: Rc<Vec<u32>>,
    ) {
        let kept = self.by_namespace.entry(namespace.into()).or_default();
        if kept.len() >= KEPT_PER_NAMESPACE
            && let Some(oldest) = (0..kept.len()).min_by_key(|i| kept[*i].used)
        {
            kept.remove(oldest);
        }
        kept.push(Counted {
            selector: selector.clone(),
            terminating,
            by_slot,
            used: self.clock,
        });
    }

    pub fn add(&mut self, pod: &PodInfo, slot: Slot) {
        self.change(pod, slot, |n| n.saturating_add(1));
    }

    pub fn remove(&mut self, pod: &PodInfo, slot: Slot) {
        self.change(pod, slot, |n| n.saturating_sub(1));
    }

    fn change(&mut self, pod: &PodInfo, slot: Slot, f: impl Fn(u32) -> u32) {
        let Some(kept) = self.by_namespace.get_mut(pod.key.namespace.as_str()) else {
            return;
        };
        let slot = slot as usize;
        for counted in kept {
            if counts(pod, &counted.selector, counted.terminating) {
                let by_slot = Rc::make_mut(&mut counted.by_slot);
                if by_slot.len() <= slot {
                    by_slot.resize(slot + 1, 0);
                }
                by_slot[slot] = f(by_slot[slot]);
            }
        }
    }
}

/// Whether `pod` is among those that a count is about.
pub fn counts(pod: &PodInfo, selector: &Selector, terminating: bool) -> bool {
    (terminating || !pod.is_terminating()) && selector.matches(pod.labels())
}
