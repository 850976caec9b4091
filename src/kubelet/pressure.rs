//! Node pressure: pods leave when the node's memory or disk runs out (`pkg/kubelet/eviction`).
//!
//! How much containers use is known for any instant, so the kubelet does not look every ten
//! seconds: it works out at which of those looks the threshold is first crossed, anew whenever a
//! container starts or ends.
//!
//! Divergence: programs that a shell runs use what they say at the instant of a look; of a node's disk
//! only what pods write is counted, and no image is deleted to make room; process numbers never run out.

use std::rc::Rc;
use std::time::Duration;

use super::node::DISK_BYTES;
use super::pod::{PodWorker, Ranked};
use super::{Event, Kubelet};
use crate::api::quantity::Quantity;
use crate::client::Ctx;
use crate::sim::{Time, secs};

/// What has to be available (`memory.available`, hard), which is kept from pods as well.
pub const RESERVE: u64 = 100 << 20;
/// How often the eviction manager looks (`monitoringInterval`).
const LOOK_NANOS: u64 = 10_000_000_000;
/// How long the condition stays after the threshold was last met
/// (`evictionPressureTransitionPeriod`).
const TRANSITION: Duration = secs(300);

/// What a node may be short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scarce {
    Memory,
    Disk,
}

impl Scarce {
    pub const ALL: [Scarce; 2] = [Scarce::Memory, Scarce::Disk];

    pub fn resource(self) -> &'static str {
        match self {
            Scarce::Memory => "memory",
            Scarce::Disk => "ephemeral-storage",
        }
    }

    pub fn condition(self) -> &'static str {
        match self {
            Scarce::Memory => "MemoryPressure",
            Scarce::Disk => "DiskPressure",
        }
    }

    /// What has to be available, in bytes (`memory.available`, `nodefs.available`, hard).
    fn threshold(self) -> u64 {
        match self {
            Scarce::Memory => RESERVE,
            Scarce::Disk => DISK_BYTES / 10,
        }
    }
}

/// How it stands with one of them.
#[derive(Clone, Default)]
pub struct Level {
    /// Whether the node says that it is short.
    pub is_on: bool,
    /// When the threshold was last met.
    met: Time,
}

#[derive(Clone, Default)]
pub struct Pressure {
    memory: Level,
    disk: Level,
    /// The next look that is scheduled.
    look: Option<Time>,
}

impl Pressure {
    pub fn of(&self, scarce: Scarce) -> &Level {
        match scarce {
            Scarce::Memory => &self.memory,
            Scarce::Disk => &self.disk,
        }
    }

    fn of_mut(&mut self, scarce: Scarce) -> &mut Level {
        match scarce {
            Scarce::Memory => &mut self.memory,
            Scarce::Disk => &mut self.disk,
        }
    }
}

impl Kubelet {
    /// What containers run has changed.
    pub(super) fn plan_look(&mut self, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let (used, growth) = self.pods.memory(now);
        let most = self.node.memory_bytes.saturating_sub(RESERVE);
        let wait = match most.checked_sub(used) {
            None => Duration::ZERO,
            Some(left) => match left.checked_div(growth) {
                Some(seconds) => secs(seconds),
                None => return,
            },
        };
        self.look_after(wait, ctx);
    }

    pub(super) fn look_after(&mut self, wait: Duration, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let at = now
            .0
            .saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
        let at = Time(
            (at / LOOK_NANOS)
                .saturating_add(1)
                .saturating_mul(LOOK_NANOS),
        );
        if at < Time::MAX && self.pressure.look.is_none_or(|other| at < other) {
            self.pressure.look = Some(at);
            ctx.at(at, Event::Look);
        }
    }

    /// The eviction manager looks.
    pub(super) fn look(&mut self, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        if self.pressure.look.is_none_or(|at| at > now) {
            return;
        }
        self.pressure.look = None;
        self.evict_greedy(ctx);
        let mut short = None;
        for scarce in Scarce::ALL {
            let available = self.available(scarce, now);
            if available < scarce.threshold() {
                self.pressure.of_mut(scarce).met = now;
                self.set_pressure(scarce, true, ctx);
                short.get_or_insert((scarce, available));
            }
        }
        if let Some((scarce, available)) = short {
            let message = format!("Attempting to reclaim {}", scarce.resource());
            self.node_warning(ctx, "EvictionThresholdMet", &message);
            self.evict_one(scarce, available, ctx);
            return self.look_after(Duration::ZERO, ctx);
        }
        for scarce in Scarce::ALL {
            let level = self.pressure.of(scarce);
            if !level.is_on {
                continue;
            }
            let until = level.met + TRANSITION;
            if until <= now {
                self.set_pressure(scarce, false, ctx);
            } else {
                self.look_after(until.since(now) - Duration::from_nanos(1), ctx);
            }
        }
        self.plan_look(ctx);
    }

    fn available(&self, scarce: Scarce, now: Time) -> u64 {
        match scarce {
            Scarce::Memory => self
                .node
                .memory_bytes
                .saturating_sub(self.pods.memory(now).0),
            Scarce::Disk => {
                let used = self.pods.values().map(|w| w.disk());
                DISK_BYTES.saturating_sub(used.fold(0, u64::saturating_add))
            }
        }
    }

    /// Whether pods have filled the disk.
    pub(super) fn is_full(&self, now: Time) -> bool {
        self.available(Scarce::Disk, now) < Scarce::Disk.threshold()
    }

    fn set_pressure(&mut self, scarce: Scarce, is_on: bool, ctx: &mut Ctx<'_, Event>) {
        if self.pressure.of(scarce).is_on == is_on {
            return;
        }
        self.pressure.of_mut(scarce).is_on = is_on;
        self.write_status(ctx);
        let reason = match (scarce, is_on) {
            (Scarce::Memory, true) => "NodeHasInsufficientMemory",
            (Scarce::Memory, false) => "NodeHasSufficientMemory",
            (Scarce::Disk, true) => "NodeHasDiskPressure",
            (Scarce::Disk, false) => "NodeHasNoDiskPressure",
        };
        let message = format!("Node {} status is now: {reason}", self.node.name);
        self.node_event(ctx, reason, &message);
    }

    /// Pods that have written more than they may go.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    fn evict_greedy(&mut self, ctx: &mut Ctx<'_, Event>) {
        let greedy: Vec<(Rc<str>, String)> = self
            .pods
            .values()
            .filter(|w| !w.is_static && !w.is_critical())
            .filter_map(|w| Some((w.uid.clone(), w.exceeded()?)))
            .collect();
        for (uid, message) in greedy {
            self.with_worker(&uid, ctx, |w, h, ctx| w.leave(message, h, ctx));
        }
    }

    /// The pod that has to go first goes: of those that use more than they ask for, that of the
    /// lowest priority, and of these the one that uses most beyond it.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    fn evict_one(&mut self, scarce: Scarce, available: u64, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let may_go = |w: &PodWorker| w.is_active() && !w.is_static && !w.is_critical();
        let ranked: Option<(Ranked, Rc<str>)> = self
            .pods
            .values()
            .filter(|w| may_go(w) && !w.is_ending())
            .map(|w| (w.rank(scarce, now), w.uid.clone()))
            .max_by_key(|(rank, _)| *rank);
        let Some((_, uid)) = ranked else {
            return;
        };
        let binary = |bytes: u64| Quantity::from_bytes(i64::try_from(bytes).unwrap_or(i64::MAX));
        let message = format!(
            "The node was low on resource: {}. Threshold quantity: {}, available: {}Ki. ",
            scarce.resource(),
            binary(scarce.threshold()),
            available / 1024
        );
        self.with_worker(&uid, ctx, |w, h, ctx| w.evict(scarce, message, h, ctx));
    }

    /// Why the eviction manager lets no pod in, if it does not.
    pub(super) fn pressure_refusal(&self, worker: &PodWorker) -> Option<(&'static str, String)> {
        if worker.is_critical() {
            return None;
        }
        let memory = self.pressure.memory.is_on && worker.is_best_effort();
        let refused = match () {
            () if memory && !worker.tolerates_pressure() => Scarce::Memory,
            () if self.pressure.disk.is_on => Scarce::Disk,
            () => return None,
        };
        let message = format!("The node had condition: [{}]. ", refused.condition());
        Some(("Evicted", message))
    }
}
