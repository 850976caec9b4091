//! Stopping containers and pods: hooks, SIGTERM, the grace period, SIGKILL
//! (`kuberuntime_container.go` killContainer, `kuberuntime_termination_order.go`).

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::{Cx, Ending, Host, PodEvent, PodWorker, Role, Run, Stop};
use crate::api::Resource;
use crate::apiserver::DeleteOptions;
use crate::kubelet::latency::LEAST_GRACE;
use crate::kubelet::runtime::process::Exit;
use crate::sim::Time;

impl PodWorker {
    /// Takes in a new version of the pod's object.
    pub fn update(&mut self, pod: Rc<Pod>, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let old = std::mem::replace(&mut self.pod, pod);
        self.share_written();
        self.plan_reconcile(ctx);
        if self.over {
            // Nothing runs; what is left is to let the object go.
            if self.pod.metadata.deletion_timestamp.is_some() {
                self.delete(ctx);
            }
            return;
        }
        if self.pod.metadata.deletion_timestamp.is_some() {
            self.deleted(h, ctx);
        } else if self.admitted && self.ending.is_none() {
            self.replace_changed(&old, h, ctx);
        }
        self.report(h, ctx);
    }

    /// The object is being deleted, or its grace period has become shorter.
    fn deleted(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let until = ctx.now() + self.grace();
        let sooner = self.grace_until.is_none_or(|old| until < old);
        if matches!(self.ending, Some(Ending::Deleted)) && !sooner {
            return;
        }
        self.ending = Some(Ending::Deleted);
        self.grace_until = Some(until);
        self.admitted = true;
        for c in 0..self.containers.len() {
            let stopping = self.containers.get(c).is_some_and(|x| x.stop.is_some());
            if sooner && stopping {
                self.hurry(c, until, ctx);
            }
        }
        self.step_ending(h, ctx);
    }

    /// The object is gone already: nothing is left to wait for.
    pub fn removed(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        self.gone = true;
        if self.over {
            return;
        }
        self.ending = Some(Ending::Deleted);
        self.admitted = true;
        let until = ctx.now() + LEAST_GRACE;
        self.grace_until = Some(until);
        for c in 0..self.containers.len() {
            if self.containers.get(c).is_some_and(|x| x.stop.is_some()) {
                self.hurry(c, until, ctx);
            }
        }
        self.step_ending(h, ctx);
    }

    /// SIGKILL comes sooner than was said.
    fn hurry(&mut self, c: usize, until: Time, ctx: &mut Cx<'_>) {
        let now = ctx.now();
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        let n = container.attempt;
        if let Some(stop) = &mut container.stop
            && until < stop.deadline
        {
            stop.deadline = until;
            self.at(ctx, until.max(now), PodEvent::Kill { c: c as u16, n });
        }
    }

    /// Images of a running pod may change: the containers concerned are replaced.
    fn replace_changed(&mut self, old: &Pod, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if old.spec == self.pod.spec {
            return;
        }
        self.take_ephemeral();
        self.note_resize();
        for c in 0..self.containers.len() {
            let spec = self.container_spec(c);
            let image = spec.and_then(|s| s.image.clone()).unwrap_or_default();
            let name = spec.map_or("", |s| s.name.as_str()).to_owned();
            let Some(container) = self.containers.get_mut(c) else {
                continue;
            };
            if *container.image_name == *image {
                continue;
            }
            container.pull_error = None;
            container.pulls = Default::default();
            if container.run == Run::Running && container.stop.is_none() {
                let message = format!("Container {name} definition changed, will be restarted");
                let grace = self.grace();
                self.stop(c, grace, &message, h, ctx);
            } else {
                container.retry_at = Time(0);
            }
        }
        self.sync(h, ctx);
    }

    /// Brings a pod that is to end one step nearer to its end: first its own containers, then
    /// its sidecars, the last first, then the sandbox.
    pub(super) fn step_ending(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let running = |w: &Self, sidecars: bool| {
            let of_kind = |c: &super::Container| (c.role == Role::Sidecar) == sidecars;
            let all = w.containers.iter().enumerate();
            let all = all.filter(|(_, c)| c.run == Run::Running && of_kind(c));
            all.map(|(i, _)| i).collect::<Vec<usize>>()
        };
        let own = running(self, false);
        if !own.is_empty() {
            return own.into_iter().for_each(|c| self.stop_for_good(c, h, ctx));
        }
        if let Some(c) = running(self, true).pop() {
            return self.stop_for_good(c, h, ctx);
        }
        self.stop_sandbox(h, ctx);
    }

    fn stop_for_good(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.containers.get(c).is_some_and(|x| x.stop.is_some()) {
            return;
        }
        let grace = match self.grace_until {
            Some(until) => until.since(ctx.now()),
            None => self.grace(),
        };
        let name = self.container_spec(c).map_or("", |s| s.name.as_str());
        let message = format!("Stopping container {name}");
        self.stop(c, grace, &message, h, ctx);
    }

    /// Stops a running container: hook, SIGTERM, and SIGKILL when `grace` is over.
    pub(super) fn stop(
        &mut self,
        c: usize,
        grace: Duration,
        message: &str,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) {
        self.normal(c, "Killing", message, h, ctx);
        let now = ctx.now();
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        let n = container.attempt;
        let deadline = now + grace.max(LEAST_GRACE);
        container.stop = Some(Stop {
            deadline,
            terminated: false,
        });
        self.at(ctx, deadline, PodEvent::Kill { c: c as u16, n });
        let lifecycle = self.container_spec(c).and_then(|s| s.lifecycle.clone());
        let hook = lifecycle
            .and_then(|l| l.pre_stop.clone())
            .filter(|_| grace > Duration::ZERO);
        let Some(hook) = hook else {
            return self.terminate(c, ctx);
        };
        let (took, failure) = self.run_hook(c, &hook, grace, h, ctx);
        if let Some(message) = failure {
            self.warning(c, "FailedPreStopHook", &message, h, ctx);
        }
        if took >= grace {
            // The hook used up the grace period; the process gets the least there is.
            let deadline = now + grace + LEAST_GRACE;
            if let Some(stop) = self.containers.get_mut(c).and_then(|x| x.stop.as_mut()) {
                stop.deadline = deadline;
            }
            self.at(ctx, deadline, PodEvent::Kill { c: c as u16, n });
        }
        self.after(ctx, took, PodEvent::PreStopDone { c: c as u16, n });
    }

    /// SIGKILL, unless the process has gone, or has been given more time.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn kill(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let due = self
            .containers
            .get(c)
            .and_then(|x| x.stop.as_ref())
            .is_some_and(|s| s.deadline <= ctx.now());
        if due && self.is_running(c) {
            self.ended(c, Exit::KILLED, h, ctx);
        }
    }

    /// Nothing runs any more.
    pub(super) fn close(&mut self) {
        self.over = true;
        self.busy = None;
    }

    /// Takes the object out of the API: its grace period is over for the node.
    pub(super) fn delete(&mut self, ctx: &mut Cx<'_>) {
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            uid: Some(self.pod.uid().to_owned()),
            ..DeleteOptions::default()
        };
        // It may be gone already, or held by a finalizer; either way the node is done with it.
        let _ = ctx.delete::<Pod>(&self.key, &options);
    }
}
