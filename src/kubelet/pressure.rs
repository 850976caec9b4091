//! Node pressure: pods leave when the node's memory runs out (`pkg/kubelet/eviction`).
//!
//! How much containers use is known for any instant, so the kubelet does not look every ten
//! seconds: it works out at which of those looks the threshold is first crossed, anew whenever a
//! container starts or ends.
//!
//! Divergence: programs that a shell runs use what they say at the instant of a look; the node's disks
//! and process numbers never run out.

use std::rc::Rc;
use std::time::Duration;

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

#[derive(Clone, Default)]
pub struct Pressure {
    /// Whether the node says that its memory is short.
    pub is_on: bool,
    /// When the threshold was last met.
    met: Time,
    /// The next look that is scheduled.
    look: Option<Time>,
}

impl Kubelet {
    fn used(&self, now: Time) -> (u64, u64) {
        let workers = self.pods.values();
        workers.fold((0, 0), |(used, growth), w| {
            let (more, grows) = w.memory(now);
            (used + more, growth + grows)
        })
    }

    /// What containers run has changed.
    pub(super) fn plan_look(&mut self, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let (used, growth) = self.used(now);
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
        let (used, _) = self.used(now);
        let available = self.node.memory_bytes.saturating_sub(used);
        if available < RESERVE {
            self.pressure.met = now;
            self.set_pressure(true, ctx);
            let message = "Attempting to reclaim memory";
            self.node_warning(ctx, "EvictionThresholdMet", message);
            self.evict_one(available, ctx);
            return self.look_after(Duration::ZERO, ctx);
        }
        if self.pressure.is_on {
            let until = self.pressure.met + TRANSITION;
            if until <= now {
                self.set_pressure(false, ctx);
            } else {
                self.look_after(until.since(now) - Duration::from_nanos(1), ctx);
            }
        }
        self.plan_look(ctx);
    }

    fn set_pressure(&mut self, is_on: bool, ctx: &mut Ctx<'_, Event>) {
        if self.pressure.is_on == is_on {
            return;
        }
        self.pressure.is_on = is_on;
        self.write_status(ctx);
        let reason = match is_on {
            true => "NodeHasInsufficientMemory",
            false => "NodeHasSufficientMemory",
        };
        let message = format!("Node {} status is now: {reason}", self.node.name);
        self.node_event(ctx, reason, &message);
    }

    /// Pods that have written more than they may go.
    fn evict_greedy(&mut self, ctx: &mut Ctx<'_, Event>) {
        let greedy: Vec<(Rc<str>, String)> = self
            .pods
            .iter()
            .filter(|(_, w)| !w.is_static && !w.is_critical())
            .filter_map(|(uid, w)| Some((uid.clone(), w.exceeded()?)))
            .collect();
        for (uid, message) in greedy {
            self.with_worker(&uid, ctx, |w, h, ctx| w.leave(message, h, ctx));
        }
    }

    /// The pod that has to go first goes: of those that use more than they ask for, that of the
    /// lowest priority, and of these the one that uses most beyond it.
    fn evict_one(&mut self, available: u64, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let may_go = |w: &PodWorker| w.is_active() && !w.is_static && !w.is_critical();
        let ranked: Option<(Ranked, Rc<str>)> = self
            .pods
            .iter()
            .filter(|(_, w)| may_go(w) && !w.is_ending())
            .map(|(uid, w)| (w.rank(now), uid.clone()))
            .max_by_key(|(rank, _)| *rank);
        let Some((_, uid)) = ranked else {
            return;
        };
        let binary = |bytes: u64| Quantity::from_bytes(i64::try_from(bytes).unwrap_or(i64::MAX));
        let message = format!(
            "The node was low on resource: memory. Threshold quantity: {}, available: {}Ki. ",
            binary(RESERVE),
            available / 1024
        );
        self.with_worker(&uid, ctx, |w, h, ctx| w.evict("memory", message, h, ctx));
    }

    /// Why the eviction manager lets no pod in, if it does not.
    pub(super) fn pressure_refusal(&self, worker: &PodWorker) -> Option<(&'static str, String)> {
        let refused = self.pressure.is_on && worker.is_best_effort() && !worker.is_critical();
        (refused && !worker.tolerates_pressure()).then(|| {
            let message = "The node had condition: [MemoryPressure]. ";
            ("Evicted", message.to_owned())
        })
    }
}
