//! Which processes see each other, and what becomes of signals between them
//! (`pid_namespaces(7)`, `signal(7)`).
//!
//! A container has processes of its own, unless the pod shares them (`shareProcessNamespace`) or
//! an ephemeral container is put to those of another one (`targetContainerName`). The first
//! process of a namespace gets only the signals that it does something about, even SIGKILL, as
//! long as they come from within.

use super::{Cx, PodEvent, PodWorker, Role};
use crate::kubelet::runtime::shell::{Seen, TERM};
use crate::sim::{Time, millis};

/// The process that holds the namespaces of a pod, where its containers share them.
const PAUSE: (i64, &str) = (65_535, "/pause");

/// A signal that a process has sent: when, to whom, which.
pub type Sent = (Time, u32, u8);

impl PodWorker {
    fn shares_processes(&self) -> bool {
        let spec = self.pod.spec.as_ref();
        spec.is_some_and(|s| s.share_process_namespace == Some(true))
    }

    /// The container whose process is the first one where that of `c` lives.
    fn first_beside(&self, c: usize) -> usize {
        let is_ephemeral = |x: &super::Container| x.role == Role::Ephemeral;
        if !self.containers.get(c).is_some_and(is_ephemeral) {
            return c;
        }
        let name = self.container_spec(c).map(|s| &s.name);
        let listed = self.pod.spec.as_ref();
        let listed = listed.and_then(|s| s.ephemeral_containers.as_ref());
        let target = listed
            .into_iter()
            .flatten()
            .find(|e| Some(&e.name) == name)
            .and_then(|e| e.target_container_name.as_deref())
            .filter(|target| !target.is_empty());
        target
            .and_then(|target| self.container_named(target))
            .unwrap_or(c)
    }

    /// Whether the process of a container is the first one where it lives.
    pub(super) fn is_first(&self, c: usize) -> bool {
        !self.shares_processes() && self.first_beside(c) == c
    }

    /// The number of a container's process, as itself sees it.
    pub(super) fn pid(&self, c: usize) -> u32 {
        match self.is_first(c) {
            true => 1,
            false => u32::try_from(c).unwrap_or_default().saturating_mul(7) + 40,
        }
    }

    /// The processes that a container sees, with their containers.
    pub(super) fn processes(&self, c: usize) -> Vec<(Option<usize>, Seen)> {
        let shared = self.shares_processes();
        let first = self.first_beside(c);
        let mut all = Vec::new();
        if shared {
            let (user, title) = PAUSE;
            let title = title.into();
            all.push((
                None,
                Seen {
                    pid: 1,
                    user,
                    title,
                },
            ));
        }
        for (other, container) in self.containers.iter().enumerate() {
            let sees = other == c || shared || self.first_beside(other) == first;
            let Some(instance) = container.instance.as_ref().filter(|_| sees) else {
                continue;
            };
            if other == c || self.is_running(other) {
                let seen = Seen {
                    pid: self.pid(other),
                    user: instance.identity.user,
                    title: instance.identity.title.clone(),
                };
                all.push((Some(other), seen));
            }
        }
        all
    }

    /// Brings signals to those for whom they are.
    pub(super) fn send_signals(&self, c: usize, signals: Vec<Sent>, ctx: &mut Cx<'_>) {
        if signals.is_empty() {
            return;
        }
        let processes = self.processes(c);
        let soon = ctx.now() + millis(1);
        for (at, pid, signal) in signals {
            let target = processes.iter().find(|(_, seen)| seen.pid == pid);
            let Some(c) = target.and_then(|(container, _)| *container) else {
                continue;
            };
            let n = self.containers.get(c).map_or(0, |x| x.attempt);
            let event = PodEvent::Signal {
                c: c as u16,
                n,
                signal,
            };
            self.at(ctx, at.max(soon), event);
        }
    }

    /// A signal has come to the process of a container.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn signal(&mut self, c: usize, signal: u8, ctx: &mut Cx<'_>) {
        if !self.is_running(c) {
            return;
        }
        let now = ctx.now();
        let first = self.is_first(c);
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        let n = container.attempt;
        let Some(instance) = container.instance.as_mut() else {
            return;
        };
        let logs = &mut instance.logs;
        let next = instance
            .process
            .signal(signal, first, now, &mut |line| logs.push(now, line));
        if let Some(at) = next {
            // Even the promptest process takes a moment to go.
            let event = PodEvent::Wake { c: c as u16, n };
            self.at(ctx, at.max(now + millis(20)), event);
        }
    }

    /// SIGTERM from the kubelet, once.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn terminate(&mut self, c: usize, ctx: &mut Cx<'_>) {
        if !self.is_running(c) {
            return;
        }
        match self.containers.get_mut(c).and_then(|x| x.stop.as_mut()) {
            Some(stop) if !stop.terminated => stop.terminated = true,
            _ => return,
        }
        self.signal(c, TERM, ctx);
    }
}
