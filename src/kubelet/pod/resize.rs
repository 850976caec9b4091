//! Other requests and limits for containers that run (KEP-1287, in-place resize).
//!
//! What the spec asks for is allocated if the node has room for it, then given to the containers:
//! in place, or by a restart where the container's `resizePolicy` says so.

use std::rc::Rc;

use k8s_openapi::api::core::v1::ResourceRequirements;
use serde_json::{Value, json};

use super::admission::{self, Refusal};
use super::status::Verdict;
use super::{Cx, Host, PodEvent, PodWorker, Role, Run};
use crate::api::codec::encode;
use crate::kubelet::latency;
use crate::sim::millis;

/// How far a resize has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Resize {
    /// The spec asks for something else than is allocated.
    wanted: bool,
    pending: Option<(&'static str, Rc<str>)>,
    in_progress: bool,
    /// Counts allocations: the runtime's answers to older ones are dropped.
    round: u32,
}

impl PodWorker {
    pub fn wants_resize(&self) -> bool {
        self.resize.wanted && self.is_active() && self.ending.is_none()
    }

    /// Sets aside what the spec asks for.
    pub(super) fn allocate(&mut self) {
        for c in 0..self.containers.len() {
            let wanted = self.container_spec(c).and_then(|s| s.resources.clone());
            if let Some(container) = self.containers.get_mut(c) {
                container.allocated = wanted;
            }
        }
    }

    /// The spec has changed.
    pub(super) fn note_resize(&mut self) {
        let differs = |c: usize| {
            let wanted = self.container_spec(c).and_then(|s| s.resources.as_ref());
            let allocated = self.containers.get(c).and_then(|x| x.allocated.as_ref());
            wanted != allocated
        };
        self.resize.wanted = (0..self.containers.len()).any(differs);
        if !self.resize.wanted {
            self.resize.pending = None;
        }
    }

    /// The node has room for what is asked for, or has not.
    pub fn judge_resize(&mut self, refusal: Option<Refusal>, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if let Some((reason, message)) = refusal {
            let message: Rc<str> = message.into();
            let pending = Some((reason, message.clone()));
            if self.resize.pending != pending {
                self.resize.pending = pending;
                let (event, text) = match reason {
                    "Infeasible" => ("ResizeInfeasible", "Pod resize Infeasible"),
                    _ => ("ResizeDeferred", "Pod resize Deferred"),
                };
                let text = format!("{text}: {}: {message}", self.amounts_text());
                h.recorder.warning(ctx, &self.involved(), event, &text);
            }
            return self.report(h, ctx);
        }
        self.resize.wanted = false;
        self.resize.pending = None;
        self.resize.in_progress = true;
        self.resize.round += 1;
        self.allocate();
        self.requests = Rc::new(admission::requests(&self.pod));
        let text = format!("Pod resize started: {}", self.amounts_text());
        h.recorder
            .normal(ctx, &self.involved(), "ResizeStarted", &text);
        for c in 0..self.containers.len() {
            if self.needs_restart(c) {
                let name = self.container_name(c).unwrap_or_default();
                let message = format!("Container {name} resize requires restart");
                let grace = self.grace();
                self.stop(c, grace, &message, h, ctx);
            }
        }
        let delay = latency::RESIZE.draw(ctx.rng(h.stream));
        self.after(ctx, delay, PodEvent::Resized(self.resize.round));
        self.report(h, ctx);
    }

    fn is_changed(&self, c: usize) -> bool {
        let container = self.containers.get(c);
        container.is_some_and(|x| x.run == Run::Running && x.given != x.allocated)
    }

    /// Whether a resource has changed of which the container cannot take another amount as it
    /// runs.
    fn needs_restart(&self, c: usize) -> bool {
        let (Some(container), Some(spec)) = (self.containers.get(c), self.container_spec(c)) else {
            return false;
        };
        if !self.is_changed(c) || container.stop.is_some() {
            return false;
        }
        let amounts = |r: &Option<ResourceRequirements>, name: &str| {
            let of = |list: Option<&std::collections::BTreeMap<_, _>>| {
                list.and_then(|l| l.get(name)).cloned()
            };
            let r = r.as_ref();
            (
                of(r.and_then(|r| r.requests.as_ref())),
                of(r.and_then(|r| r.limits.as_ref())),
            )
        };
        let mut policies = spec.resize_policy.iter().flatten();
        policies.any(|policy| {
            let name = policy.resource_name.as_str();
            policy.restart_policy == "RestartContainer"
                && amounts(&container.given, name) != amounts(&container.allocated, name)
        })
    }

    /// The runtime has given the containers what they are allocated.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn resized(&mut self, round: u32, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if round != self.resize.round || !self.resize.in_progress {
            return;
        }
        let now = ctx.now();
        for c in 0..self.containers.len() {
            if !self.is_changed(c) {
                continue;
            }
            let Some(container) = self.containers.get_mut(c) else {
                continue;
            };
            if container.stop.is_some() {
                continue;
            }
            container.given.clone_from(&container.allocated);
            let limit = super::containers::memory_limit(container.given.as_ref());
            let n = container.attempt;
            let ends = container
                .instance
                .as_mut()
                .and_then(|i| i.process.limit_memory(limit));
            if let Some(at) = ends {
                self.at(
                    ctx,
                    at.max(now + millis(1)),
                    PodEvent::Wake { c: c as u16, n },
                );
            }
        }
        let open = (0..self.containers.len()).any(|c| self.is_changed(c));
        if open {
            // Containers that are restarted for it take their time.
            return self.after(ctx, latency::STATUS_UPDATE / 10, PodEvent::Resized(round));
        }
        self.resize.in_progress = false;
        let text = format!("Pod resize completed: {}", self.amounts_text());
        h.recorder
            .normal(ctx, &self.involved(), "ResizeCompleted", &text);
    }

    pub(super) fn resize_verdicts(&self) -> impl Iterator<Item = (&'static str, Verdict)> {
        let pending = self.resize.pending.as_ref();
        let pending = pending.map(|(reason, message)| (true, *reason, message.to_string()));
        let progress = self.resize.in_progress;
        let progress = progress.then(|| (true, "", String::new()));
        let pending = pending.map(|v| ("PodResizePending", v));
        let progress = progress.map(|v| ("PodResizeInProgress", v));
        pending.into_iter().chain(progress)
    }

    /// What is asked for, as events show it.
    fn amounts_text(&self) -> String {
        let containers = (0..self.containers.len()).filter(|c| {
            let role = self.containers.get(*c).map(|x| x.role);
            matches!(role, Some(Role::Main | Role::Sidecar))
        });
        let containers: Vec<Value> = containers
            .filter_map(|c| self.container_spec(c))
            .map(|spec| {
                let resources = spec.resources.as_ref().map_or(json!({}), encode);
                json!({"name": spec.name, "resources": resources})
            })
            .collect();
        let generation = self.pod.metadata.generation;
        json!({"containers": containers, "generation": generation}).to_string()
    }
}
