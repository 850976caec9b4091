//! The queue of pods that wait for a node.
//!
//! Three places: *active* pods are next, by priority and age; pods that *back off* wait 1 s,
//! doubling to 10 s, unless there is nothing else to do; *unschedulable* pods wait for something
//! to change that their plugins hope for, and five minutes at most.
//! Models `pkg/scheduler/backend/queue/scheduling_queue.go`.

use std::rc::Rc;
use std::time::Duration;

use super::cache::SchedulerCache;
use super::framework::ClusterEvent;
use super::plugins::PLUGINS;
use super::plugins::priority_sort::{self, SortKey};
use super::podinfo::PodInfo;
use crate::api::Name;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};
use crate::sim::{CauseId, Time, secs};

const INITIAL_BACKOFF: Duration = secs(1);
const MAX_BACKOFF: Duration = secs(10);
/// So long a pod waits for something to change before it is tried again anyway.
const MAX_UNSCHEDULABLE: Duration = secs(300);

/// A pod in the queue.
#[derive(Clone, Debug)]
pub struct Queued {
    pub pod: Rc<PodInfo>,
    /// Since when it is in its present place.
    pub since: Time,
    pub attempts: u32,
    /// Failed attempts that count for the back-off; an error of the scheduler's own counts too.
    pub failures: u32,
    /// By place in the list: who refused it last.
    pub refused_by: Vec<usize>,
    /// It failed by an error, not by a plugin: the back-off is not cut short.
    pub error: bool,
    /// Why it is in the queue.
    pub cause: CauseId,
    number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Active(SortKey),
    BackingOff(Time, SortKey),
    Unschedulable,
    Gated,
}

#[derive(Clone, Default)]
pub struct SchedulingQueue {
    pods: BTreeMap<Name, (Place, Queued)>,
    active: BTreeMap<SortKey, Name>,
    /// By the end of the back-off.
    backing_off: BTreeMap<(Time, u64), Name>,
    /// Those of them that may be taken early.
    early: BTreeMap<SortKey, Name>,
    unschedulable: BTreeSet<Name>,
    /// The unschedulable ones that are not gated, by how long they have waited.
    waiting: BTreeSet<(Time, Name)>,
    next_number: u64,
}

impl SchedulingQueue {
    /// A pod that was just created.
    pub fn add(&mut self, pod: &Rc<PodInfo>, now: Time, cause: CauseId) {
        let queued = Queued {
            pod: pod.clone(),
            since: now,
            attempts: 0,
            failures: 0,
            refused_by: Vec::new(),
            error: false,
            cause,
            number: 0,
        };
        self.activate(queued, now);
    }

    /// Puts a pod among the active ones, unless a plugin keeps it out of the queue.
    fn activate(&mut self, mut queued: Queued, now: Time) {
        let pod = queued.pod.clone();
        let gate = PLUGINS.iter().position(|p| p.pre_enqueue(&pod).is_err());
        queued.since = now;
        if let Some(gate) = gate {
            queued.refused_by = vec![gate];
            self.put(Place::Gated, queued);
            return;
        }
        self.next_number += 1;
        queued.number = self.next_number;
        let key = priority_sort::key(pod.priority, now, queued.number);
        self.put(Place::Active(key), queued);
    }

    fn put(&mut self, place: Place, queued: Queued) {
        let uid = queued.pod.uid.clone();
        self.take(&uid);
        match place {
            Place::Active(key) => {
                self.active.insert(key, uid.clone());
            }
            Place::BackingOff(until, key) => {
                self.backing_off.insert((until, key.2), uid.clone());
                if !queued.error {
                    self.early.insert(key, uid.clone());
                }
            }
            Place::Unschedulable => {
                self.unschedulable.insert(uid.clone());
                self.waiting.insert((queued.since, uid.clone()));
            }
            Place::Gated => {
                self.unschedulable.insert(uid.clone());
            }
        }
        self.pods.insert(uid, (place, queued));
    }

    fn take(&mut self, uid: &Name) -> Option<Queued> {
        let (place, queued) = self.pods.remove(uid)?;
        match place {
            Place::Active(key) => {
                self.active.remove(&key);
            }
            Place::BackingOff(until, key) => {
                self.backing_off.remove(&(until, key.2));
                self.early.remove(&key);
            }
            Place::Unschedulable => {
                self.unschedulable.remove(uid);
                self.waiting.remove(&(queued.since, queued.pod.uid.clone()));
            }
            Place::Gated => {
                self.unschedulable.remove(uid);
            }
        }
        Some(queued)
    }

    /// The next pod to place, with one more attempt on its account.
    ///
    /// When no pod is active, one that backs off is taken early, the one of highest priority
    /// (KEP-5142, SchedulerPopFromBackoffQ); not one that failed by an error.
    pub fn pop(&mut self) -> Option<Queued> {
        let next = self.active.values().next();
        let uid = next.or_else(|| self.early.values().next())?.clone();
        let mut queued = self.take(&uid)?;
        queued.attempts += 1;
        queued.refused_by.clear();
        Some(queued)
    }

    #[cfg(test)]
    /// Whether [`SchedulingQueue::pop`] has something.
    pub fn has_next(&self) -> bool {
        !self.active.is_empty() || !self.early.is_empty()
    }

    /// Takes back a pod that found no node: it waits for a change.
    pub fn unschedulable(&mut self, mut queued: Queued, now: Time) {
        queued.since = now;
        queued.failures += 1;
        queued.error = false;
        self.put(Place::Unschedulable, queued);
    }

    /// Takes back a pod whose placing failed by an error: it is tried again after its back-off.
    pub fn failed(&mut self, mut queued: Queued, now: Time) {
        queued.since = now;
        queued.failures += 1;
        queued.error = true;
        self.back_off(queued, now);
    }

    fn back_off(&mut self, mut queued: Queued, now: Time) {
        let until = queued.since + backoff(queued.failures);
        if until <= now {
            self.activate(queued, now);
            return;
        }
        self.next_number += 1;
        queued.number = self.next_number;
        let key = priority_sort::key(queued.pod.priority, queued.since, queued.number);
        self.put(Place::BackingOff(until, key), queued);
    }

    pub fn remove(&mut self, uid: &Name) -> Option<Queued> {
        self.take(uid)
    }

    /// The pod itself was changed; tells whether it is known here.
    pub fn update(
        &mut self,
        new: &Rc<PodInfo>,
        cache: &SchedulerCache,
        now: Time,
        cause: CauseId,
    ) -> bool {
        let Some((place, queued)) = self.pods.get_mut(&new.uid) else {
            return false;
        };
        let place = *place;
        let old = std::mem::replace(&mut queued.pod, new.clone());
        match place {
            Place::Active(_) if old.priority != new.priority => {
                if let Some(queued) = self.take(&new.uid) {
                    self.activate(queued, now);
                }
            }
            Place::Active(_) | Place::BackingOff(..) => {}
            Place::Gated | Place::Unschedulable => {
                let event = ClusterEvent::Own { old: &old, new };
                if old.pod.spec != new.pod.spec || old.labels() != new.labels() {
                    self.consider(&new.uid.clone(), &event, cache, now, cause);
                }
            }
        }
        true
    }

    /// Moves the waiting pods for which `event` may have made a difference.
    pub fn changed(
        &mut self,
        event: &ClusterEvent<'_>,
        cache: &SchedulerCache,
        now: Time,
        cause: CauseId,
    ) {
        if self.unschedulable.is_empty() {
            return;
        }
        let waiting: Vec<Name> = self.unschedulable.iter().cloned().collect();
        for uid in waiting {
            self.consider(&uid, event, cache, now, cause);
        }
    }

    fn consider(
        &mut self,
        uid: &Name,
        event: &ClusterEvent<'_>,
        cache: &SchedulerCache,
        now: Time,
        cause: CauseId,
    ) {
        let Some((_, queued)) = self.pods.get(uid) else {
            return;
        };
        let plugins = queued.refused_by.iter().filter_map(|i| PLUGINS.get(*i));
        let hopeful = queued.refused_by.is_empty()
            || plugins
                .into_iter()
                .any(|p| p.hint(&queued.pod, event, cache));
        if hopeful && let Some(mut queued) = self.take(uid) {
            queued.cause = cause;
            self.back_off(queued, now);
        }
    }

    /// Ends back-offs, and tries pods again that have waited too long.
    pub fn flush(&mut self, now: Time) {
        while let Some(((until, _), uid)) = self.backing_off.first_key_value() {
            if *until > now {
                break;
            }
            let uid = uid.clone();
            if let Some(queued) = self.take(&uid) {
                self.activate(queued, now);
            }
        }
        while let Some((since, uid)) = self.waiting.first() {
            if *since + MAX_UNSCHEDULABLE > now {
                break;
            }
            let uid = uid.clone();
            if let Some(queued) = self.take(&uid) {
                self.back_off(queued, now);
            }
        }
    }

    /// When [`SchedulingQueue::flush`] has something to do next.
    pub fn next_flush(&self) -> Option<Time> {
        let backoff = self.backing_off.keys().next().map(|(until, _)| *until);
        let overdue = self
            .waiting
            .first()
            .map(|(since, _)| *since + MAX_UNSCHEDULABLE);
        backoff.into_iter().chain(overdue).min()
    }

    /// Active, backing off, and unschedulable (gated ones included).
    pub fn lengths(&self) -> (usize, usize, usize) {
        (
            self.active.len(),
            self.backing_off.len(),
            self.unschedulable.len(),
        )
    }
}

/// 1 s after the first failure, then twice as long each time.
fn backoff(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    INITIAL_BACKOFF
        .saturating_mul(1 << doublings)
        .min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::plugins::index_of;
    use crate::scheduler::testing::{cache, node, pod};

    const T: Time = Time::EPOCH;

    fn named(name: &str, spec: &str) -> Rc<PodInfo> {
        pod(&format!("{{metadata: {{name: {name}}}, spec: {spec}}}"))
    }

    fn pops(queue: &mut SchedulingQueue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop().map(|q| q.pod.uid.to_string())).collect()
    }

    #[test]
    fn priority_then_age() {
        let mut queue = SchedulingQueue::default();
        queue.add(&named("a", "{}"), T, CauseId::NONE);
        queue.add(&named("b", "{}"), T, CauseId::NONE);
        queue.add(&named("c", "{priority: 5}"), T + secs(1), CauseId::NONE);
        assert_eq!(pops(&mut queue), ["c", "a", "b"]);
    }

    #[test]
    fn back_off_doubles_to_ten_seconds() {
        let spans: Vec<u64> = (1..=6).map(|n| backoff(n).as_secs()).collect();
        assert_eq!(spans, [1, 2, 4, 8, 10, 10]);
        assert_eq!(backoff(u32::MAX), MAX_BACKOFF);
    }

    #[test]
    fn errors_wait_and_refusals_are_taken_early() {
        let mut queue = SchedulingQueue::default();
        queue.add(&named("a", "{}"), T, CauseId::NONE);
        let a = queue.pop().unwrap();
        queue.failed(a, T);
        assert!(!queue.has_next());
        assert_eq!(queue.next_flush(), Some(T + secs(1)));
        queue.flush(T + secs(1));
        let mut a = queue.pop().unwrap();
        assert_eq!(a.attempts, 2);

        a.refused_by = vec![index_of("NodeAffinity").unwrap()];
        queue.unschedulable(a, T + secs(1));
        assert!(!queue.has_next());
        let fresh = node("{metadata: {name: n}}");
        let nodes = cache(&[]);
        queue.changed(
            &ClusterEvent::NodeAdded(&fresh),
            &nodes,
            T + secs(2),
            CauseId(7),
        );
        assert_eq!(queue.lengths(), (0, 1, 0));
        // Nothing else is waiting, so it does not have to back off.
        assert_eq!(queue.pop().unwrap().cause, CauseId(7));
    }

    #[test]
    fn only_what_a_plugin_hopes_for_moves_a_pod() {
        let mut queue = SchedulingQueue::default();
        let nodes = cache(&[]);
        queue.add(&named("a", "{nodeSelector: {disk: ssd}}"), T, CauseId::NONE);
        let mut a = queue.pop().unwrap();
        a.refused_by = vec![index_of("NodeAffinity").unwrap()];
        queue.unschedulable(a, T);
        let plain = node("{metadata: {name: n}}");
        queue.changed(&ClusterEvent::NodeAdded(&plain), &nodes, T, CauseId::NONE);
        assert!(!queue.has_next());
        let other = named("o", "{}");
        queue.changed(&ClusterEvent::PodDeleted(&other), &nodes, T, CauseId::NONE);
        assert!(!queue.has_next());
        let ssd = node("{metadata: {name: n, labels: {disk: ssd}}}");
        let event = ClusterEvent::NodeUpdated {
            old: &plain,
            new: &ssd,
        };
        queue.changed(&event, &nodes, T, CauseId::NONE);
        assert!(queue.has_next());
    }

    #[test]
    fn after_five_minutes_a_pod_is_tried_anyway() {
        let mut queue = SchedulingQueue::default();
        queue.add(&named("a", "{}"), T, CauseId::NONE);
        let mut a = queue.pop().unwrap();
        a.refused_by = vec![0];
        queue.unschedulable(a, T);
        assert_eq!(queue.next_flush(), Some(T + secs(300)));
        queue.flush(T + secs(299));
        assert!(!queue.has_next());
        queue.flush(T + secs(300));
        assert!(queue.has_next());
    }

    #[test]
    fn gated_pods_stay_out_until_the_last_gate_goes() {
        let mut queue = SchedulingQueue::default();
        let nodes = cache(&[]);
        queue.add(
            &named("a", "{schedulingGates: [{name: x}]}"),
            T,
            CauseId::NONE,
        );
        assert!(!queue.has_next());
        queue.flush(T + secs(1000));
        assert!(!queue.has_next());
        queue.update(&named("a", "{}"), &nodes, T + secs(1001), CauseId::NONE);
        assert!(queue.has_next());
    }
}
