//! What a pod uses of its node, and how it is evicted when the node runs short of it.

use std::rc::Rc;

use k8s_openapi::api::core::v1::PodCondition;

use super::{Cx, Ending, Host, PodWorker, Role, Run};
use crate::api::kinds::quality_of_service;
use crate::api::quantity::QuantityExt;
use crate::api::scheduling::tolerates;
use crate::kubelet::pressure::Scarce;
use crate::sim::Time;

/// Pods of the system have at least this priority.
const CRITICAL: i32 = 2_000_000_000;
const PRESSURE: &str = "node.kubernetes.io/memory-pressure";

/// What decides who goes first: whether it uses more than it asks for, how unimportant it is, and
/// by how much it exceeds.
pub type Ranked = (bool, std::cmp::Reverse<i32>, i64);

impl PodWorker {
    /// Memory in use, and how much more with each second.
    pub fn memory(&self, now: Time) -> (u64, u64) {
        let running = self.containers.iter().filter(|c| c.run == Run::Running);
        let instances = running.filter_map(|c| c.instance.as_ref());
        instances.fold((0, 0), |(used, growth), i| {
            let (more, grows) = i.process.memory(now);
            (used.saturating_add(more), growth.saturating_add(grows))
        })
    }

    /// Memory in use, unless it grows.
    pub fn steady_memory(&self) -> Option<u64> {
        let (used, growth) = self.memory(Time::EPOCH);
        (growth == 0).then_some(used)
    }

    fn priority(&self) -> i32 {
        let spec = self.pod.spec.as_ref();
        spec.and_then(|s| s.priority).unwrap_or_default()
    }

    pub fn is_critical(&self) -> bool {
        self.priority() >= CRITICAL
    }

    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    pub fn is_best_effort(&self) -> bool {
        quality_of_service(&self.pod) == "BestEffort"
    }

    pub fn tolerates_pressure(&self) -> bool {
        let taint = k8s_openapi::api::core::v1::Taint {
            key: PRESSURE.to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Default::default()
        };
        let spec = self.pod.spec.as_ref();
        let tolerations = spec.and_then(|s| s.tolerations.as_deref());
        tolerations
            .unwrap_or_default()
            .iter()
            .any(|t| tolerates(t, &taint))
    }

    pub fn rank(&self, scarce: Scarce, now: Time) -> Ranked {
        let used = match scarce {
            Scarce::Memory => self.memory(now).0,
            Scarce::Disk => self.disk(),
        };
        let used = i64::try_from(used).unwrap_or(i64::MAX);
        let asked = self
            .requests
            .get(scarce.resource())
            .copied()
            .unwrap_or_default();
        let excess = used.saturating_sub(asked);
        (excess > 0, std::cmp::Reverse(self.priority()), excess)
    }

    /// The pod is killed at once, and stays as a record of it.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub fn evict(
        &mut self,
        scarce: Scarce,
        mut message: String,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) {
        let (now, resource) = (ctx.now(), scarce.resource());
        for (c, container) in self.containers.iter().enumerate() {
            let (Some(spec), Some(instance)) = (self.container_spec(c), &container.instance) else {
                continue;
            };
            if container.run != Run::Running || container.role == Role::Ephemeral {
                continue;
            }
            let used = match scarce {
                Scarce::Memory => instance.process.memory(now).0,
                Scarce::Disk => instance.files.used("/"),
            };
            let requests = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
            let asked = requests.and_then(|r| r.get(resource));
            let (least, asked) = asked.map_or((0, "0"), |q| (q.amount().value(), &q.0));
            if i64::try_from(used).is_ok_and(|used| used <= least) {
                continue;
            }
            message.push_str(&format!(
                "Container {} was using {}Ki, request is {asked}, has larger consumption of {resource}. ",
                spec.name,
                used / 1024
            ));
        }
        self.leave(message, h, ctx);
    }

    /// The pod has used too much, and leaves.
    pub fn leave(&mut self, message: String, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        h.recorder
            .warning(ctx, &self.involved(), "Evicted", &message);
        let message: Rc<str> = message.into();
        self.ending = Some(Ending::Failed("Evicted", message));
        self.grace_until = Some(ctx.now());
        self.sync(h, ctx);
        self.report(h, ctx);
    }

    /// The condition of a pod that the kubelet takes from its node.
    pub(super) fn disruption(&self) -> Option<PodCondition> {
        match &self.ending {
            Some(Ending::Failed("Evicted", message)) => Some(PodCondition {
                type_: "DisruptionTarget".to_owned(),
                status: "True".to_owned(),
                reason: Some("TerminationByKubelet".to_owned()),
                message: Some(message.to_string()),
                ..PodCondition::default()
            }),
            _ => None,
        }
    }
}
