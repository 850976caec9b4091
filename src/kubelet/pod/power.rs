//! Pods of a machine that loses its power, and containers that are made to end.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::{Cx, Ended, Ending, Host, PodWorker, Role, Run, Sandbox};
use crate::kubelet::runtime::files::Files;
use crate::kubelet::runtime::process::Exit;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// What a runtime says of a container that it finds dead, and of which it knows no exit code.
const LOST: i32 = 255;

impl PodWorker {
    /// Nothing of it runs any more; nobody has seen it end.
    pub fn lose_power(&self, ctx: &mut Cx<'_>) {
        for c in 0..self.containers.len() {
            if self.is_running(c) {
                self.unmeasure(c, ctx);
            }
        }
    }

    /// The pod as the kubelet finds it when its machine has started anew: its containers are
    /// dead, its sandbox is gone, what was on the disk is there.
    pub fn revived(&self, pod: Rc<Pod>, now: Time) -> PodWorker {
        let mut worker = self.clone();
        worker.pod = pod;
        if worker.over {
            return worker;
        }
        for container in &mut worker.containers {
            container.attempt += 1;
            let instance = container.instance.take();
            let ended = match std::mem::replace(&mut container.run, Run::Never) {
                Run::Running => instance.as_ref().map(|i| Ended {
                    exit: Exit::with(LOST),
                    reason: Some("Unknown"),
                    message: "".into(),
                    id: i.id.clone(),
                    started: i.started,
                    finished: now,
                    noticed: true,
                }),
                Run::Ended(ended) => Some(Ended {
                    noticed: true,
                    ..ended
                }),
                Run::Never => None,
            };
            container.previous_logs = instance.map(|i| i.logs);
            container.waiting = None;
            container.stop = None;
            container.ready = false;
            container.hooked = false;
            container.started = false;
            container.pull = None;
            container.retry_at = Time(0);
            container.probes = Default::default();
            match (ended, container.role) {
                // A new sandbox is initialized anew.
                (Some(ended), Role::Init) => {
                    container.restarts += 1;
                    container.last = Some(ended);
                }
                (Some(ended), _) => container.run = Run::Ended(ended),
                (None, _) => {}
            }
        }
        worker.revived = worker.sandbox != Sandbox::None;
        worker.sandbox = Sandbox::None;
        worker.ip = None;
        worker.busy = None;
        worker.all_restart = false;
        worker.admitted = false;
        worker.grace_until = None;
        worker.claims_since = None;
        worker.written = None;
        worker.reconciles = false;
        if !matches!(worker.ending, Some(Ending::Failed(..))) {
            worker.ending = None;
        }
        worker
    }

    /// The folders of the pod's own that lie on the disk outlive its sandbox.
    pub(super) fn keep_empty_dirs(&mut self, old: &BTreeMap<Rc<str>, Files>) {
        let spec = self.pod.spec.as_ref();
        for volume in spec.iter().flat_map(|s| s.volumes.iter().flatten()) {
            let on_disk = volume
                .empty_dir
                .as_ref()
                .is_some_and(|e| e.medium.as_deref() != Some("Memory"));
            if on_disk && let Some(files) = old.get(volume.name.as_str()) {
                let name: Rc<str> = volume.name.as_str().into();
                self.volumes.insert(name, files.clone());
            }
        }
    }

    /// A container ends now, whatever it does.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub fn harm(&mut self, name: &str, exit: Exit, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let meant = |c: &usize| match name {
            "" => self
                .containers
                .get(*c)
                .is_some_and(|x| x.role == Role::Main),
            name => self.container_spec(*c).is_some_and(|s| s.name == name),
        };
        let Some(c) = (0..self.containers.len()).find(meant) else {
            return;
        };
        if self.is_running(c) {
            self.ended(c, exit, h, ctx);
            self.report(h, ctx);
        }
    }
}
