//! What the metrics server is told of containers: what they use when they start, and what a request
//! costs them.

use super::{Cx, PodWorker};
use crate::api::play::Program;
use crate::api::quantity::QuantityExt;
use crate::apiserver::Profile;

/// Of programs that do not say: a thousandth of a CPU, two milliseconds for a request, 16 MiB.
const CPU_NANOS: u64 = 1_000_000;
const REQUEST_NANOS: u64 = 2_000_000;
const MEMORY: u64 = 16 << 20;

/// Nanoseconds of CPU that a request costs.
pub(super) fn per_request(program: &Program) -> u64 {
    let given = program.cpu_per_request.as_ref();
    given.map_or(REQUEST_NANOS, |q| nanos(q.amount().milli_value()))
}

fn nanos(millis: i64) -> u64 {
    millis.max(0).unsigned_abs().saturating_mul(1_000_000)
}

impl PodWorker {
    pub(super) fn container_name(&self, c: usize) -> Option<String> {
        self.container_spec(c).map(|spec| spec.name.clone())
    }

    /// A container has started.
    pub(super) fn measure(&self, c: usize, ctx: &mut Cx<'_>) {
        let (Some(name), Some(container)) = (self.container_name(c), self.containers.get(c)) else {
            return;
        };
        let Some(image) = container.image.as_ref() else {
            return;
        };
        let program = &image.content.program;
        let bytes = |q: i64| q.max(0).unsigned_abs();
        let memory = program.memory.as_ref();
        let growth = program.memory_growth_per_second.as_ref();
        let profile = Profile {
            started: ctx.now(),
            cpu_nanos: program
                .cpu
                .as_ref()
                .map_or(CPU_NANOS, |q| nanos(q.amount().milli_value())),
            memory: memory.map_or(MEMORY, |q| bytes(q.amount().value())),
            growth: growth.map_or(0, |q| bytes(q.amount().value())),
        };
        let pod = (&*self.key.namespace, &*self.key.name);
        ctx.server.container_started(pod, &name, profile);
    }

    /// A container has ended.
    pub(super) fn unmeasure(&self, c: usize, ctx: &mut Cx<'_>) {
        if let Some(name) = self.container_name(c) {
            let pod = (&*self.key.namespace, &*self.key.name);
            ctx.server.container_ended(pod, &name);
        }
    }
}
