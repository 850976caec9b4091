//! One controller with its queue, its timers and its worker.

use std::rc::Rc;
use std::time::Duration;

use super::caches::Caches;
use super::controller::{Controller, Next, Scope, Triggers};
use crate::api::Key;
use crate::apiserver::Caller;
use crate::client::{Ctx, WorkQueue};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{CauseId, Time, millis};

/// What a sync takes at least.
const SYNC: Duration = millis(1);
/// What looking at an object takes.
const PER_OBJECT: Duration = Duration::from_micros(10);
/// What a write takes.
const PER_WRITE: Duration = Duration::from_micros(100);

/// What the controller manager schedules for itself. The first field is the worker.
#[derive(Clone, Debug)]
pub enum Event {
    /// The worker is free: it takes the next key.
    Work(u8, &'static str),
    /// A key is due.
    Due(u8, &'static str, Key),
}

impl Event {
    pub(super) fn worker(&self) -> usize {
        match self {
            Event::Work(i, _) | Event::Due(i, _, _) => usize::from(*i),
        }
    }

    pub(super) fn label(&self) -> &'static str {
        match self {
            Event::Work(_, name) | Event::Due(_, name, _) => name,
        }
    }
}

pub(super) struct Worker {
    pub controller: Box<dyn Controller>,
    /// The controller's own service account.
    caller: Caller,
    actor: Rc<str>,
    queue: WorkQueue<Key>,
    /// When keys are due, and why: the earliest request of each.
    timers: BTreeMap<Key, (Time, &'static str)>,
    busy: bool,
    current: Option<Key>,
    /// The sync of `current` is not over; what it writes next is caused by this.
    resumes: Option<CauseId>,
}

impl Clone for Worker {
    fn clone(&self) -> Self {
        Worker {
            controller: self.controller.boxed(),
            caller: self.caller.clone(),
            actor: self.actor.clone(),
            queue: self.queue.clone(),
            timers: self.timers.clone(),
            busy: self.busy,
            current: self.current.clone(),
            resumes: self.resumes,
        }
    }
}

impl Worker {
    pub fn new(controller: Box<dyn Controller>) -> Self {
        let name = controller.name();
        Worker {
            caller: Caller::controller(account_of(name)),
            actor: name.into(),
            controller,
            queue: WorkQueue::default(),
            timers: BTreeMap::new(),
            busy: false,
            current: None,
            resumes: None,
        }
    }

    pub fn name(&self) -> &'static str {
        self.controller.name()
    }

    /// Takes in what a change or a sync asked for, and wakes the worker.
    pub fn trigger(&mut self, i: usize, triggers: Triggers, ctx: &mut Ctx<'_, Event>) {
        let cause = ctx.kernel.cause;
        for key in triggers.keys {
            self.queue.add(key, cause);
        }
        for (key, delay, reason) in triggers.later {
            self.add_after(i, key, delay, reason, ctx);
        }
        self.wake(i, ctx);
    }

    pub fn handle(&mut self, i: usize, event: Event, caches: &Caches, ctx: &mut Ctx<'_, Event>) {
        match event {
            Event::Work(..) => self.work(i, caches, ctx),
            Event::Due(_, _, key) => {
                let due = self.timers.get(&key).copied();
                if let Some((at, reason)) = due
                    && at <= ctx.now()
                {
                    self.timers.remove(&key);
                    let subject: Rc<str> = key.to_string().into();
                    let cause = ctx.kernel.record(&self.actor, "timer", subject, 0, reason);
                    self.queue.add(key, cause);
                    self.wake(i, ctx);
                }
            }
        }
    }

    /// Whether a fault keeps the controller from working.
    fn is_paused(&self, ctx: &Ctx<'_, Event>) -> bool {
        let paused = &ctx.world.paused;
        !paused.is_empty() && paused.contains(flag_name(self.name()))
    }

    pub(super) fn wake(&mut self, i: usize, ctx: &mut Ctx<'_, Event>) {
        if !self.busy && !self.is_paused(ctx) && !self.queue.is_empty() {
            self.busy = true;
            ctx.after(Duration::ZERO, Event::Work(i as u8, self.name()));
        }
    }

    fn add_after(
        &mut self,
        i: usize,
        key: Key,
        delay: Duration,
        reason: &'static str,
        ctx: &mut Ctx<'_, Event>,
    ) {
        let at = ctx.now() + delay;
        if self
            .timers
            .get(&key)
            .is_none_or(|(earlier, _)| at < *earlier)
        {
            self.timers.insert(key.clone(), (at, reason));
            ctx.at(at, Event::Due(i as u8, self.name(), key));
        }
    }

    /// The key whose sync goes on, or the next one; with what caused it.
    fn take(&mut self, ctx: &mut Ctx<'_, Event>) -> Option<(Key, CauseId)> {
        if let Some(cause) = self.resumes.take() {
            return Some((self.current.take()?, cause));
        }
        if let Some(key) = self.current.take() {
            self.queue.done(&key);
        }
        if self.is_paused(ctx) {
            return None;
        }
        self.queue.take()
    }

    /// Gives back the key that was worked on, takes the next, and syncs it.
    fn work(&mut self, i: usize, caches: &Caches, ctx: &mut Ctx<'_, Event>) {
        let begins = self.resumes.is_none();
        let Some((key, cause)) = self.take(ctx) else {
            self.busy = false;
            return;
        };
        ctx.kernel.cause = cause;
        let before = ctx.server.revision();
        let (outcome, looked_at, waited, triggers, calls) = {
            let mut own = Ctx {
                kernel: ctx.kernel,
                server: ctx.server,
                caller: &self.caller,
                subscriber: ctx.subscriber,
                latency: ctx.latency,
                out: ctx.out,
                world: ctx.world,
                offline: ctx.offline,
                calls: 0,
            };
            let now = own.now();
            let mut scope = Scope {
                ctx: &mut own,
                caches,
                actor: &self.actor,
                looked_at: 0,
                waited: Duration::ZERO,
                triggers: Triggers::new(now),
            };
            let outcome = self.controller.sync(&key, &mut scope);
            (
                outcome,
                scope.looked_at,
                scope.waited,
                scope.triggers,
                scope.ctx.calls,
            )
        };
        let writes = ctx.server.revision() - before;
        let mut took = times(PER_OBJECT, looked_at as u64) + times(PER_WRITE, writes);
        if begins {
            took += SYNC;
        }
        if matches!(outcome, Ok(Next::Resume)) {
            self.resumes = Some(ctx.kernel.cause);
        }
        self.trigger(i, triggers, ctx);
        match outcome {
            Ok(Next::Resume) => {}
            Ok(next) => {
                self.queue.forget(&key);
                if let Next::After(delay, reason) = next {
                    self.add_after(i, key.clone(), delay, reason, ctx);
                }
            }
            Err(status) => self.retry(i, &key, &status.message, ctx),
        }
        self.current = Some(key);
        let slow = ctx.world.slow.get(flag_name(self.name()));
        let took = took + slow.map_or(Duration::ZERO, |s| s.saturating_mul(calls));
        ctx.after(took + waited, Event::Work(i as u8, self.name()));
    }

    fn retry(&mut self, i: usize, key: &Key, why: &str, ctx: &mut Ctx<'_, Event>) {
        let failures = self.queue.failures(key);
        if self.controller.max_retries().is_some_and(|m| failures >= m) {
            self.queue.forget(key);
            return;
        }
        let subject: Rc<str> = key.to_string().into();
        ctx.kernel.cause = ctx.kernel.record(&self.actor, "retry", subject, 0, why);
        let delay = self.queue.back_off(key);
        self.add_after(i, key.clone(), delay, "retry", ctx);
    }
}

fn times(span: Duration, n: u64) -> Duration {
    span.saturating_mul(u32::try_from(n).unwrap_or(u32::MAX))
}

/// What the flag `--controllers` calls a controller (`cmd/kube-controller-manager/names`).
pub(super) fn flag_name(controller: &'static str) -> &'static str {
    match controller {
        "endpoint-controller" => "endpoints-controller",
        "endpoint-slice-controller" => "endpointslice-controller",
        "endpoint-slice-mirroring-controller" => "endpointslice-mirroring-controller",
        "expand-controller" => "persistentvolume-expander-controller",
        "generic-garbage-collector" => "garbage-collector-controller",
        "horizontal-pod-autoscaler" => "horizontal-pod-autoscaler-controller",
        "persistent-volume-binder" => "persistentvolume-binder-controller",
        "pv-protection-controller" => "persistentvolume-protection-controller",
        "pvc-protection-controller" => "persistentvolumeclaim-protection-controller",
        "replication-controller" => "replicationcontroller-controller",
        name => name,
    }
}

/// The service account of a controller, where it is not called as the controller is
/// (`cmd/kube-controller-manager/app`).
fn account_of(controller: &'static str) -> &'static str {
    match controller {
        "certificatesigningrequest-approving-controller"
        | "certificatesigningrequest-signing-controller"
        | "certificatesigningrequest-cleaner-controller" => "certificate-controller",
        "daemonset-controller" => "daemon-set-controller",
        "endpoints-controller" => "endpoint-controller",
        "endpoint-slice-controller" => "endpointslice-controller",
        "endpoint-slice-mirroring-controller" => "endpointslicemirroring-controller",
        "garbage-collector-controller" => "generic-garbage-collector",
        "horizontal-pod-autoscaler-controller" => "horizontal-pod-autoscaler",
        "node-lifecycle-controller" | "taint-eviction-controller" => "node-controller",
        "service-lb-controller" => "service-controller",
        "persistentvolume-binder-controller" => "persistent-volume-binder",
        "persistentvolumeclaim-protection-controller" => "pvc-protection-controller",
        "persistentvolume-protection-controller" => "pv-protection-controller",
        "pod-garbage-collector-controller" => "pod-garbage-collector",
        "replicationcontroller-controller" => "replication-controller",
        "root-ca-certificate-publisher-controller" => "root-ca-cert-publisher",
        "serviceaccount-controller" => "service-account-controller",
        "serviceaccount-token-controller" => "tokens-controller",
        name => name,
    }
}
