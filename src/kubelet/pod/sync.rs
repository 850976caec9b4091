//! What to do next (`kuberuntime_manager.go` computePodActions, SyncPod).

use std::rc::Rc;

use k8s_openapi::api::core::v1::Container as ContainerSpec;

use super::{Container, Cx, Ended, Ending, Host, PodWorker, Role, Run, Sandbox};
use crate::sim::Time;

impl PodWorker {
    /// Brings the pod one step nearer to its spec.
    pub(super) fn sync(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.over || self.rejected.is_some() || !self.admitted {
            return;
        }
        if self.ending.is_none() && self.restart_all(h, ctx) {
            return;
        }
        if self.ending.is_none() && self.is_done() {
            self.ending = Some(Ending::Done);
        }
        if self.ending.is_some() {
            return self.step_ending(h, ctx);
        }
        match self.sandbox {
            Sandbox::None => return self.set_up(h, ctx),
            Sandbox::Ready => {}
            Sandbox::Coming | Sandbox::Stopping | Sandbox::Stopped => return,
        }
        // Each turn makes the pod busy or lets one container wait.
        for _ in 0..=self.containers.len() {
            if self.busy.is_some() {
                return;
            }
            match self.next_to_start(ctx.now()) {
                Some(c) => self.begin(c, h, ctx),
                None => break,
            }
        }
        let now = ctx.now();
        let waits = self.containers.iter().filter(|c| c.run != Run::Running);
        let next = waits.map(|c| c.retry_at).filter(|at| *at > now).min();
        if let Some(at) = next {
            self.retry_at(ctx, at);
        }
    }

    /// The container to start now, if there is one.
    fn next_to_start(&self, now: Time) -> Option<usize> {
        let due = |c: &Container| c.retry_at <= now && c.stop.is_none();
        // Ephemeral containers wait for nobody.
        let mut all = self.containers.iter();
        let debugger = all.position(|c| c.role == Role::Ephemeral && self.wants_start(c) && due(c));
        if debugger.is_some() {
            return debugger;
        }
        let mut initialized = true;
        for (i, c) in self.containers.iter().enumerate() {
            if matches!(c.role, Role::Main | Role::Ephemeral) {
                break;
            }
            let done = match &c.run {
                Run::Running => c.role == Role::Sidecar && c.started && c.hooked,
                Run::Ended(ended) => c.role == Role::Init && ended.exit.code == 0,
                Run::Never => false,
            };
            if done {
                continue;
            }
            initialized = false;
            if self.wants_start(c) && due(c) {
                return Some(i);
            }
            // Init containers wait for each other, unless this one is a sidecar that died after
            // the ones behind it had run.
            if c.role == Role::Init
                || self
                    .containers
                    .iter()
                    .skip(i + 1)
                    .all(|c| c.run == Run::Never)
            {
                break;
            }
        }
        let has_run = |c: &Container| c.role == Role::Main && c.run != Run::Never;
        if !initialized && !self.containers.iter().any(has_run) {
            return None;
        }
        let mut main = self.containers.iter().enumerate();
        main.find(|(_, c)| c.role == Role::Main && self.wants_start(c) && due(c))
            .map(|(i, _)| i)
    }

    fn wants_start(&self, c: &Container) -> bool {
        match &c.run {
            Run::Never => true,
            Run::Running => false,
            Run::Ended(ended) => ended.noticed && self.restarts(c, ended),
        }
    }

    /// Whether a container that has ended is started again.
    pub(super) fn restarts(&self, c: &Container, ended: &Ended) -> bool {
        if c.role == Role::Ephemeral {
            return false;
        }
        if self.rule(c, ended).is_some() {
            return true;
        }
        let code = ended.exit.code;
        let own = self.spec_of(c);
        let policy = own.and_then(|o| o.restart_policy.as_deref());
        match policy.unwrap_or(self.restart_policy()) {
            "Never" => false,
            "OnFailure" => code != 0,
            _ => c.role != Role::Init || code != 0,
        }
    }

    /// The spec of one of the pod's own containers.
    pub(super) fn spec_of(&self, c: &Container) -> Option<&ContainerSpec> {
        let spec = self.pod.spec.as_ref()?;
        match c.role {
            Role::Main => spec.containers.get(c.index),
            Role::Init | Role::Sidecar => spec.init_containers.as_ref()?.get(c.index),
            Role::Ephemeral => None,
        }
    }

    /// Whether the pod's own containers have all ended for good.
    fn is_done(&self) -> bool {
        let over = |c: &Container| c.ended().is_some_and(|e| e.noticed && !self.restarts(c, e));
        let failed = |c: &Container| {
            c.role == Role::Init && over(c) && c.ended().is_some_and(|e| e.exit.code != 0)
        };
        let mut main = self.containers.iter().filter(|c| c.role == Role::Main);
        self.containers.iter().any(failed) || (main.clone().next().is_some() && main.all(over))
    }

    /// The last phase of the pod, once it has come to its end.
    pub(super) fn final_phase(&self) -> &'static str {
        if matches!(self.ending, Some(Ending::Failed(..))) {
            return "Failed";
        }
        let good = |c: &Container| c.ended().is_some_and(|e| e.exit.code == 0);
        let mut own = self
            .containers
            .iter()
            .filter(|c| matches!(c.role, Role::Main | Role::Init));
        match own.all(good) {
            true => "Succeeded",
            false => "Failed",
        }
    }

    /// The pod has run for as long as it may (`activeDeadlineSeconds`).
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn deadline(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.over || self.ending.is_some() || self.rejected.is_some() {
            return;
        }
        let message: Rc<str> =
            "Pod was active on the node longer than the specified deadline".into();
        h.recorder
            .normal(ctx, &self.involved(), "DeadlineExceeded", &message);
        self.ending = Some(Ending::Failed("DeadlineExceeded", message));
        self.sync(h, ctx);
    }
}
