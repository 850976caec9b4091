//! The scheduler: gives every pod a node.
//!
//! Pods wait in the [`queue`]. One at a time is taken; its [`cycle`] asks the plugins of the
//! [`framework`] which nodes it could run on and which is best; it is then *assumed* there, and
//! bound a little later. Pods that fit nowhere wait for a change that their plugins hope for.
//! Every decision is kept as an [`Explanation`]. Models `pkg/scheduler`.
//!
//! Cost follows change: sums per node and counts per selector are kept up as pods come and go,
//! so that placing a pod costs the same among ten pods as among ten thousand.
//!
//! Differences from the real one: extenders, several profiles and multiple scheduler names are
//! not modelled; a cycle sees the cache at one instant, so there are no events during it.

mod binding;
mod cache;
mod conditions;
mod counts;
mod cycle;
mod explanation;
mod failure;
mod fit_error;
mod framework;
mod nodeinfo;
mod nominated;
mod plugins;
mod podinfo;
mod preemption;
mod queue;
mod resources;
mod terms;
#[cfg(test)]
mod testing;
mod volumes;
mod watching;

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{
    Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController, Service,
};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::StorageClass;

use crate::api::{Kind, Name, Resource};
use crate::apiserver::{WatchEvent, storage_key};
use crate::client::{Component, Ctx, EventRecorder};
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;
use binding::Binding;
use cache::SchedulerCache;
use explanation::Record;
use nominated::Nominated;
use queue::{Queued, SchedulingQueue};

pub use explanation::{Explanation, NodeVerdict, PluginScore, Verdict};

/// The name under which pods ask for this scheduler, and under which it reports.
const NAME: &str = "default-scheduler";
/// The random stream for latencies and ties.
const STREAM: &str = "kube-scheduler";

/// How long things take, in microseconds: from, to.
///
/// A cycle of the real scheduler takes one to a few milliseconds on a small cluster; binding is
/// one write through the API server and etcd, beside the next cycles.
const CYCLE_MICROS: (u64, u64) = (1_000, 3_000);
const BIND_MICROS: (u64, u64) = (2_000, 6_000);

#[derive(Clone)]
pub struct Scheduler {
    cache: SchedulerCache,
    queue: SchedulingQueue,
    nominated: Nominated,
    /// The pod whose cycle is under way.
    in_flight: Option<Queued>,
    /// Whether a cycle is under way, for a pod that may be gone by now.
    busy: bool,
    /// Decided and not yet written, by uid.
    bindings: BTreeMap<Name, Binding>,
    records: BTreeMap<Name, Rc<Record>>,
    /// The last successful decision: the next one is often much like it.
    last: Option<Rc<Record>>,
    recorder: EventRecorder,
    /// Where the next cycle begins to look at nodes.
    next_start: usize,
    /// For when the queue's next flush is scheduled.
    flush_at: Option<Time>,
}

impl Default for Scheduler {
    fn default() -> Self {
        Scheduler {
            cache: SchedulerCache::default(),
            queue: SchedulingQueue::default(),
            nominated: Nominated::default(),
            in_flight: None,
            busy: false,
            bindings: BTreeMap::new(),
            records: BTreeMap::new(),
            last: None,
            recorder: EventRecorder::new(NAME, ""),
            next_start: 0,
            flush_at: None,
        }
    }
}

#[derive(Clone)]
pub enum Event {
    /// The cycle of the pod in flight ends.
    Cycle,
    /// The binding of a pod is written.
    Bind(Name),
    /// A back-off ends, or a pod has waited too long.
    Flush,
}

impl Component for Scheduler {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event>) {
        ctx.watch::<Node>();
        ctx.watch::<Pod>();
        ctx.watch::<Service>();
        ctx.watch::<ReplicaSet>();
        ctx.watch::<StatefulSet>();
        ctx.watch::<ReplicationController>();
        ctx.watch::<Namespace>();
        ctx.watch::<PodDisruptionBudget>();
        ctx.watch::<PersistentVolumeClaim>();
        ctx.watch::<PersistentVolume>();
        ctx.watch::<StorageClass>();
        let (version, kind) = watching::CSI_NODE;
        if let Some(kind) = Kind::by_gvk(version, kind) {
            ctx.watch_kind(kind);
        }
    }

    fn watched(&mut self, event: WatchEvent, ctx: &mut Ctx<'_, Event>) {
        self.take_in(&event, ctx.kernel.cause, ctx.now());
        self.volumes_changed(&event.object, ctx);
        self.go_on(ctx);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event>) {
        match event {
            Event::Cycle => {
                self.busy = false;
                if let Some(queued) = self.in_flight.take() {
                    ctx.kernel.cause = queued.cause;
                    self.cycle(queued, ctx);
                }
            }
            Event::Bind(uid) => self.bind(&uid, ctx),
            Event::Flush => {
                if self.flush_at.is_some_and(|at| at <= ctx.now()) {
                    self.flush_at = None;
                }
                self.queue.flush(ctx.now());
            }
        }
        self.go_on(ctx);
    }

    fn label(event: &Event) -> &'static str {
        match event {
            Event::Cycle => "schedule",
            Event::Bind(_) => "bind",
            Event::Flush => "flush queue",
        }
    }
}

impl Scheduler {
    /// Why the pod with this uid is where it is, or nowhere: the scheduler's last decision about
    /// it. Kept until the pod is deleted.
    pub fn explanation(&self, uid: &str) -> Option<Rc<Explanation>> {
        self.records
            .get(&Name::new(uid))
            .map(|r| Rc::new(r.expand()))
    }

    /// How many pods are next, back off, and wait for a change.
    pub fn queue_lengths(&self) -> (usize, usize, usize) {
        self.queue.lengths()
    }

    /// Starts the next cycle if there is a pod for it, and sets the alarm for the queue.
    fn go_on(&mut self, ctx: &mut Ctx<'_, Event>) {
        if !self.busy
            && let Some(queued) = self.queue.pop()
        {
            self.in_flight = Some(queued);
            self.busy = true;
            let delay = delay(ctx, CYCLE_MICROS);
            ctx.after(delay, Event::Cycle);
        }
        if let Some(at) = self.queue.next_flush()
            && self.flush_at.is_none_or(|scheduled| at < scheduled)
        {
            self.flush_at = Some(at);
            ctx.at(at, Event::Flush);
        }
    }

    fn cycle(&mut self, queued: Queued, ctx: &mut Ctx<'_, Event>) {
        let pod = queued.pod.clone();
        if pod.is_terminating() {
            self.skip_deleting(&queued, ctx);
            return;
        }
        if self.cache.node_count() == 0 {
            self.no_nodes(queued, ctx);
            return;
        }
        let rng = ctx.kernel.rng(STREAM);
        let outcome = cycle::schedule(&self.cache, &self.nominated, &pod, self.next_start, rng);
        let nodes = self.cache.node_count();
        self.next_start = (self.next_start + outcome.evaluated) % nodes;
        let chosen = outcome.result.as_ref().ok().copied();
        let mut record = outcome.recorder.finish(
            pod.key.clone(),
            ctx.now(),
            queued.attempts,
            self.cache.names(),
            chosen,
        );
        match outcome.result {
            Ok(slot) => {
                let node = self.cache.node_at(slot).map(|n| n.name.clone());
                let node = node.unwrap_or_default();
                let (feasible, _) = record.counts();
                let note = format!("{node}: {feasible} of {nodes} nodes are feasible");
                self.note(&pod.key, &note, ctx);
                if let Some(last) = &self.last {
                    record.share(last);
                }
                let record = Rc::new(record);
                self.last = Some(record.clone());
                self.records.insert(pod.uid.clone(), record);
                self.assume(queued, node, ctx);
            }
            Err(failure) => self.fail(queued, failure, &mut record, ctx),
        }
    }

    /// Records the decision, and makes it the cause of what follows.
    fn note(&self, pod: &crate::api::Key, note: &str, ctx: &mut Ctx<'_, Event>) {
        let subject = storage_key(Pod::KIND, &pod.namespace, &pod.name);
        let actor = ctx.caller.manager.clone();
        let cause = ctx.kernel.record(&actor, "schedule", subject, 0, note);
        ctx.kernel.cause = cause;
    }
}

fn delay(ctx: &mut Ctx<'_, Event>, (least, most): (u64, u64)) -> Duration {
    Duration::from_micros(ctx.rng(STREAM).between(least, most))
}
