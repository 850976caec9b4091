//! All containers of a pod start anew because one of them ended so that a rule asks for it (KEP-5532, on since
//! v1.36): they are stopped without their hooks, then the pod begins with its init containers; its sandbox, its
//! address and its volumes stay.

use std::time::Duration;

use super::status::Verdict;
use super::{Container, Cx, Ended, Host, PodWorker, Role, Run};
use crate::sim::Time;

const ACTION: &str = "RestartAllContainers";

impl PodWorker {
    /// What the first rule that fits the end of a container asks for.
    pub(super) fn rule(&self, c: &Container, ended: &Ended) -> Option<&str> {
        let code = ended.exit.code;
        let spec = self.spec_of(c)?;
        let rules = spec.restart_policy_rules.as_deref().unwrap_or_default();
        let fits = rules.iter().find(|rule| {
            rule.exit_codes.as_ref().is_some_and(|codes| {
                let named = codes.values.iter().flatten().any(|v| *v == code);
                named == (codes.operator == "In")
            })
        });
        Some(&fits?.action)
    }

    /// The condition of pods that have such a rule.
    pub(super) fn all_restarting(&self, phase: &str) -> Option<Verdict> {
        let has = |c: &Container| {
            let rules = self
                .spec_of(c)
                .and_then(|s| s.restart_policy_rules.as_ref());
            rules.into_iter().flatten().any(|r| r.action == ACTION)
        };
        self.containers.iter().any(has).then(|| match phase {
            "Succeeded" => (false, "PodCompleted", String::new()),
            "Failed" => (false, "PodFailed", String::new()),
            _ => (self.all_restart, "", String::new()),
        })
    }

    /// Goes on with starting all anew, where that is asked for; whether containers are still being stopped.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn restart_all(&mut self, h: &mut Host<'_>, ctx: &mut Cx<'_>) -> bool {
        let asks = |c: &Container| {
            let ended = c.ended().filter(|e| e.noticed);
            ended.is_some_and(|e| self.rule(c, e) == Some(ACTION))
        };
        self.all_restart = self.all_restart || self.containers.iter().any(asks);
        // Who is just being started is stopped once it runs.
        if !self.all_restart || self.busy.is_some() {
            return self.all_restart;
        }
        for c in 0..self.containers.len() {
            let running = self.containers.get(c);
            if running.is_some_and(|x| x.run == Run::Running && x.stop.is_none()) {
                let name = self.container_spec(c).map_or("", |s| s.name.as_str());
                let message = format!("Stopping container {name}");
                self.stop(c, Duration::ZERO, &message, h, ctx);
            }
        }
        if self.containers.iter().any(|c| c.run == Run::Running) {
            return true;
        }
        let own = self.containers.iter_mut();
        for container in own.filter(|c| c.role != Role::Ephemeral) {
            if let Run::Ended(ended) = std::mem::replace(&mut container.run, Run::Never) {
                container.restarts += 1;
                container.last = Some(ended);
            }
            if let Some(old) = container.instance.take() {
                container.previous_logs = Some(old.logs);
            }
            container.waiting = None;
            container.ready = false;
            container.hooked = false;
            container.started = false;
            container.retry_at = Time(0);
            container.probes = Default::default();
        }
        self.all_restart = false;
        false
    }
}
