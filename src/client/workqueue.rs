//! A work queue with de-duplication and back-off (`k8s.io/client-go/util/workqueue`).

use std::collections::VecDeque;
use std::time::Duration;

use crate::sim::CauseId;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// The first retry waits this long; each further one twice as long.
const BASE_DELAY: Duration = Duration::from_millis(5);
const MAX_DELAY: Duration = Duration::from_secs(1000);

/// Keys that wait to be worked on, each at most once.
///
/// A key that is added while it is worked on is queued again when the work is done.
#[derive(Clone, Debug)]
pub struct WorkQueue<K> {
    waiting: VecDeque<K>,
    dirty: BTreeMap<K, CauseId>,
    working: BTreeSet<K>,
    failures: BTreeMap<K, u32>,
}

impl<K> Default for WorkQueue<K> {
    fn default() -> Self {
        WorkQueue {
            waiting: VecDeque::new(),
            dirty: BTreeMap::new(),
            working: BTreeSet::new(),
            failures: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone> WorkQueue<K> {
    /// Asks for `key` to be worked on, because of `cause`. Of several causes the last one stays.
    pub fn add(&mut self, key: K, cause: CauseId) {
        if self.dirty.insert(key.clone(), cause).is_none() && !self.working.contains(&key) {
            self.waiting.push_back(key);
        }
    }

    /// The next key, and why; it has to be given back with [`WorkQueue::done`].
    pub fn take(&mut self) -> Option<(K, CauseId)> {
        let key = self.waiting.pop_front()?;
        let cause = self.dirty.remove(&key).unwrap_or(CauseId::NONE);
        self.working.insert(key.clone());
        Some((key, cause))
    }

    pub fn done(&mut self, key: &K) {
        self.working.remove(key);
        if self.dirty.contains_key(key) {
            self.waiting.push_back(key.clone());
        }
    }

    /// How long to wait before trying `key` again; counts the failure.
    pub fn back_off(&mut self, key: &K) -> Duration {
        let failures = self.failures.entry(key.clone()).or_default();
        let delay = BASE_DELAY.saturating_mul(1u32.checked_shl(*failures).unwrap_or(u32::MAX));
        *failures = failures.saturating_add(1);
        delay.min(MAX_DELAY)
    }

    /// How often `key` has failed in a row.
    pub fn failures(&self, key: &K) -> u32 {
        self.failures.get(key).copied().unwrap_or_default()
    }

    /// `key` has succeeded: its next failure waits the base delay again.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_once_and_is_never_worked_on_twice_at_a_time() {
        let mut queue = WorkQueue::default();
        queue.add("a", CauseId(1));
        queue.add("a", CauseId(2));
        assert_eq!(queue.take(), Some(("a", CauseId(2))));
        queue.add("a", CauseId(3));
        assert_eq!(queue.take(), None);
        queue.done(&"a");
        assert_eq!(queue.take(), Some(("a", CauseId(3))));
        queue.done(&"a");
        assert!(queue.is_empty());
    }

    #[test]
    fn failures_wait_longer_each_time() {
        let mut queue: WorkQueue<&str> = WorkQueue::default();
        let waits: Vec<u128> = (0..4).map(|_| queue.back_off(&"a").as_millis()).collect();
        assert_eq!(waits, [5, 10, 20, 40]);
        for _ in 0..100 {
            queue.back_off(&"a");
        }
        assert_eq!(queue.back_off(&"a"), MAX_DELAY);
        queue.forget(&"a");
        assert_eq!(queue.back_off(&"a"), BASE_DELAY);
    }
}
