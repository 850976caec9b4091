//! A cluster with its history: rewind, replay, fork.
//!
//! History is the configuration plus the inputs; everything else follows. Checkpoints (clones)
//! only make seeking fast, and are thinned as they grow old.

use std::time::Duration;

use super::{Arrival, Cluster, Config};
use crate::api::url::UrlError;
use crate::apiserver::{Request, Response};
use crate::network::HttpCall;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// Something that came from outside the simulation.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A request that may have changed the cluster.
    Request(Request),
    /// A request over the cluster's network.
    Http(HttpCall),
}

/// An input, and when it came.
///
/// The instant alone would not do: several events may fall on it, before and after the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub at: Time,
    /// How many events the cluster had handled.
    pub after: u64,
    pub input: Input,
}

/// At most this many checkpoints are kept.
const CHECKPOINTS: usize = 24;
/// At most so many objects are held by all checkpoints together: they bound the memory of a
/// large cluster's history.
const CHECKPOINT_OBJECTS: usize = 150_000;
/// The least virtual time between two checkpoints.
const SPACING: Duration = Duration::from_secs(5);

/// A running cluster that remembers how it came about.
#[derive(Clone)]
pub struct Timeline {
    cluster: Cluster,
    inputs: Vec<Recorded>,
    /// How many of the inputs have happened in `cluster`; the others lie in its future.
    applied: usize,
    /// By time: the cluster, and how many inputs it had seen.
    checkpoints: BTreeMap<Time, (Cluster, usize)>,
    /// Those that were thinned out. To free a large cluster takes as long as a frame has, so they go one by one.
    surplus: Vec<Cluster>,
    spacing: Duration,
    /// The furthest instant that was reached: how far the scrubber goes.
    end: Time,
}

impl Timeline {
    pub fn new(config: Config) -> Self {
        Timeline::from_cluster(Cluster::new(config))
    }

    /// The copy of a real cluster, which has no past to go to.
    pub fn replica(now: Time) -> Self {
        Timeline::from_cluster(Cluster::replica(now))
    }

    /// As [`Cluster::take_in`].
    pub fn take_in(&mut self, arrivals: Vec<Arrival>) -> bool {
        self.cluster.take_in(arrivals)
    }

    fn from_cluster(cluster: Cluster) -> Self {
        let start = cluster.now();
        Timeline {
            checkpoints: BTreeMap::from([(start, (cluster.clone(), 0))]),
            cluster,
            surplus: Vec::new(),
            inputs: Vec::new(),
            applied: 0,
            spacing: SPACING,
            end: start,
        }
    }

    /// A cluster with a recorded history, at its start; seek to where it should go on.
    pub fn with_inputs(config: Config, inputs: Vec<Recorded>) -> Self {
        let mut timeline = Timeline::new(config);
        timeline.end = inputs
            .last()
            .map_or(timeline.end, |r| timeline.end.max(r.at));
        timeline.inputs = inputs;
        timeline
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub fn now(&self) -> Time {
        self.cluster.now()
    }

    pub fn start(&self) -> Time {
        self.cluster.config().start
    }

    /// The furthest instant that was reached.
    pub fn end(&self) -> Time {
        self.end
    }

    /// What came from outside: with the configuration, the whole history.
    pub fn inputs(&self) -> &[Recorded] {
        &self.inputs
    }

    /// Whether the present lies before the furthest instant reached.
    pub fn is_in_the_past(&self) -> bool {
        self.cluster.now() < self.end
    }

    /// Answers a request now. One that may change the cluster becomes part of its history; made
    /// in the past, it starts a new future, and the old one is forgotten.
    pub fn request(&mut self, request: &Request) -> Response {
        if !request.is_read_only() {
            self.cut();
            self.record(Input::Request(request.clone()));
        }
        self.cluster.request(request)
    }

    /// Sends a request over the cluster's network; part of the history, for it moves things.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn http(&mut self, call: &HttpCall) -> Result<u64, UrlError> {
        self.cut();
        self.record(Input::Http(call.clone()));
        self.cluster.http(call)
    }

    fn record(&mut self, input: Input) {
        let (at, after) = (self.now(), self.cluster.steps());
        self.inputs.push(Recorded { at, after, input });
        self.applied = self.inputs.len();
    }

    /// Goes back to an instant at which so many inputs had come, and forgets what came after it. The instant
    /// alone would not do: while time stands still, all that is done falls on one.
    pub fn return_to(&mut self, to: Time, inputs: usize) {
        let to = to.clamp(self.start(), self.end.max(self.now()));
        self.inputs.truncate(inputs);
        self.checkpoints
            .retain(|at, (_, applied)| *at <= to && *applied <= inputs);
        if let Some((_, (cluster, applied))) = self.checkpoints.range(..=to).next_back() {
            self.cluster = cluster.clone();
            self.applied = *applied;
        }
        self.end = to;
        while !self.run_until(to, usize::MAX) {}
    }

    /// Forgets what lies in the future.
    fn cut(&mut self) {
        let now = self.now();
        self.inputs.truncate(self.applied);
        self.checkpoints.retain(|at, _| *at <= now);
        self.end = now;
    }

    /// Runs to `until`, for at most `budget` events; tells whether it got there.
    pub fn run_until(&mut self, until: Time, budget: usize) -> bool {
        for _ in 0..budget {
            let next = self.inputs.get(self.applied).filter(|r| r.at <= until);
            if let Some(next) = next
                && next.after <= self.cluster.steps()
            {
                let next = next.clone();
                self.cluster.run_until(next.at);
                self.replay(next.input);
                continue;
            }
            let limit = next.map_or(until, |r| r.at);
            if self.cluster.step(limit) {
                continue;
            }
            self.cluster.run_until(limit);
            if limit < until {
                // The recorded history does not fit: a change of the simulation since it was
                // made. The inputs still happen, at their time.
                if let Some(next) = self.inputs.get(self.applied).cloned() {
                    self.replay(next.input);
                }
                continue;
            }
            self.end = self.end.max(self.now());
            self.checkpoint();
            return true;
        }
        self.end = self.end.max(self.now());
        false
    }

    fn replay(&mut self, input: Input) {
        match input {
            Input::Request(request) => {
                let _ = self.cluster.request(&request);
            }
            Input::Http(call) => {
                let _ = self.cluster.http(&call);
            }
        }
        self.applied += 1;
    }

    /// Goes to `to`, forwards or backwards, between the start and the furthest instant reached.
    pub fn seek(&mut self, to: Time) {
        let to = self.rewind(to);
        while !self.run_until(to, usize::MAX) {}
    }

    /// The first half of [`Timeline::seek`], for whoever replays in slices: goes back to a
    /// checkpoint if `to` lies in the past, and returns the instant to run to.
    pub fn rewind(&mut self, to: Time) -> Time {
        let to = to.clamp(self.start(), self.end.max(self.now()));
        if to < self.now()
            && let Some((_, (cluster, applied))) = self.checkpoints.range(..=to).next_back()
        {
            self.cluster = cluster.clone();
            self.applied = *applied;
        }
        to
    }

    /// Takes a checkpoint if it is time for one; else lets one go that is not needed.
    fn checkpoint(&mut self) {
        let now = self.now();
        let last = self
            .checkpoints
            .range(..=now)
            .next_back()
            .map(|(at, _)| *at);
        if last.is_some_and(|last| now.since(last) < self.spacing) {
            self.surplus.pop();
            return;
        }
        self.checkpoints
            .insert(now, (self.cluster.clone(), self.applied));
        let objects: usize = self
            .checkpoints
            .values()
            .map(|(c, _)| c.server().object_count())
            .sum();
        let crowded = self.checkpoints.len() > CHECKPOINTS
            || (objects > CHECKPOINT_OBJECTS && self.checkpoints.len() > 2);
        if crowded {
            // Keep every other one, and the first: the spacing doubles as history grows.
            self.spacing *= 2;
            let others: Vec<Time> = self
                .checkpoints
                .keys()
                .copied()
                .skip(1)
                .step_by(2)
                .collect();
            let removed = others.iter().filter_map(|at| self.checkpoints.remove(at));
            self.surplus.extend(removed.map(|(cluster, _)| cluster));
        }
    }
}
