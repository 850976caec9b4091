//! The workers of a node, and what they come to together.
//!
//! Each start and end of a container asks how much memory is in use, each pod that comes how many others there are.
//! To look at all the pods of the node each time would make a pod cost more the more there are on its node, so the sums
//! are kept up with every worker that is put back.

use std::rc::Rc;

use super::pod::PodWorker;
use crate::api::Name;
use crate::sim::Time;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// Workers by the uid of their pod.
pub type Workers = BTreeMap<Name, Rc<PodWorker>>;

/// Invariant: the sums are those over the workers. A worker is changed only while it is taken out.
#[derive(Clone, Default)]
pub struct Crew {
    workers: Workers,
    sums: Sums,
    /// Those that use more memory with each second.
    growing: BTreeSet<Name>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Sums {
    /// How many take room on the node.
    active: usize,
    /// How many ask for other amounts than they are allocated.
    resizing: usize,
    /// What those that are active ask for.
    requests: BTreeMap<Rc<str>, i128>,
    /// The memory of those that use as much at any time.
    steady: u128,
}

impl Sums {
    fn add(&mut self, worker: &PodWorker) {
        self.active += usize::from(worker.is_active());
        self.resizing += usize::from(worker.wants_resize());
        self.steady += u128::from(worker.steady_memory().unwrap_or_default());
        self.ask(worker, 1);
    }

    fn subtract(&mut self, worker: &PodWorker) {
        self.active -= usize::from(worker.is_active());
        self.resizing -= usize::from(worker.wants_resize());
        self.steady -= u128::from(worker.steady_memory().unwrap_or_default());
        self.ask(worker, -1);
    }

    fn ask(&mut self, worker: &PodWorker, sign: i128) {
        if !worker.is_active() {
            return;
        }
        for (name, amount) in &*worker.requests {
            let sum = self.requests.entry(name.clone()).or_default();
            *sum += sign * i128::from(*amount);
            if *sum == 0 {
                self.requests.remove(name);
            }
        }
    }
}

impl Crew {
    pub fn get(&self, uid: &str) -> Option<&Rc<PodWorker>> {
        self.workers.get(&Name::new(uid))
    }

    pub fn contains(&self, uid: &str) -> bool {
        self.workers.contains_key(&Name::new(uid))
    }

    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// All of them, by uid.
    pub fn values(&self) -> impl Iterator<Item = &Rc<PodWorker>> {
        self.workers.values()
    }

    /// Takes all of them.
    pub fn take(&mut self) -> Workers {
        std::mem::take(self).workers
    }

    pub fn insert(&mut self, worker: Rc<PodWorker>) {
        let uid = Name::new(&worker.uid);
        if let Some(old) = self.workers.insert(uid.clone(), worker.clone()) {
            self.left(&uid, &old);
        }
        self.sums.add(&worker);
        if worker.steady_memory().is_none() {
            self.growing.insert(uid);
        }
    }

    pub fn remove(&mut self, uid: &str) -> Option<Rc<PodWorker>> {
        let uid = Name::new(uid);
        let worker = self.workers.remove(&uid)?;
        self.left(&uid, &worker);
        Some(worker)
    }

    fn left(&mut self, uid: &Name, worker: &PodWorker) {
        self.sums.subtract(worker);
        if !self.growing.is_empty() {
            self.growing.remove(uid);
        }
    }

    /// The sums, which tests compare with the workers each time.
    fn sums(&self) -> &Sums {
        debug_assert_eq!(
            self.sums,
            self.values().fold(Sums::default(), |mut sums, worker| {
                sums.add(worker);
                sums
            }),
            "a worker was changed in its place"
        );
        &self.sums
    }

    /// How many take room on the node.
    pub fn active(&self) -> usize {
        self.sums().active
    }

    /// How much of a resource those that are active ask for.
    pub fn requested(&self, resource: &str) -> i64 {
        let sum = self.sums().requests.get(resource).copied();
        let sum = sum.unwrap_or_default();
        i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
    }

    /// Whether any asks for other amounts than it is allocated.
    pub fn is_resizing(&self) -> bool {
        self.sums().resizing > 0
    }

    /// Memory in use in bytes, and how much more with each second.
    pub fn memory(&self, now: Time) -> (u64, u64) {
        let steady = u64::try_from(self.sums().steady).unwrap_or(u64::MAX);
        let growing = self.growing.iter().filter_map(|uid| self.workers.get(uid));
        growing.fold((steady, 0), |(used, growth), worker| {
            let (more, grows) = worker.memory(now);
            (used.saturating_add(more), growth.saturating_add(grows))
        })
    }
}
