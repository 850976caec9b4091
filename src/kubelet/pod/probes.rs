//! Startup, readiness and liveness probes (`pkg/kubelet/prober`).
//!
//! A worker ticks every `periodSeconds`, and skips ticks before `initialDelaySeconds`. Startup
//! and readiness tick from the moment at which the kubelet sees that the container runs, as one
//! that is not ready yet is probed at once; liveness ticks from the moment at which the pod came to the node.

use std::time::Duration;

use k8s_openapi::api::core::v1::Probe;

use super::{Cx, Host, PodEvent, PodWorker, ProbeKind};
use crate::kubelet::latency;
use crate::kubelet::runtime::shell::FetchError;
use crate::sim::{Time, secs};

/// The answers of one probe so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeRun {
    last: Option<bool>,
    /// How often the last answer came in a row.
    count: u32,
    /// What the answers have come to.
    pub result: Option<bool>,
}

impl ProbeKind {
    fn name(self) -> &'static str {
        match self {
            ProbeKind::Startup => "Startup",
            ProbeKind::Readiness => "Readiness",
            ProbeKind::Liveness => "Liveness",
        }
    }
}

fn seconds(value: Option<i32>, otherwise: i32) -> Duration {
    secs(u64::try_from(value.unwrap_or(otherwise)).unwrap_or_default())
}

fn period(probe: &Probe) -> Duration {
    seconds(probe.period_seconds, 10).max(secs(1))
}

impl PodWorker {
    fn probe_spec(&self, c: usize, kind: ProbeKind) -> Option<&Probe> {
        let spec = self.container_spec(c)?;
        match kind {
            ProbeKind::Startup => spec.startup_probe.as_deref(),
            ProbeKind::Readiness => spec.readiness_probe.as_deref(),
            ProbeKind::Liveness => spec.liveness_probe.as_deref(),
        }
    }

    pub(super) fn probe_port(&self, c: usize, probe: &Probe) -> Option<u16> {
        if let Some(get) = &probe.http_get {
            return self.port(c, &get.port);
        }
        if let Some(tcp) = &probe.tcp_socket {
            return self.port(c, &tcp.port);
        }
        probe.grpc.as_ref().and_then(|g| u16::try_from(g.port).ok())
    }

    /// The container has started: its startup probe begins, or else the others.
    pub(super) fn begin_probes(&mut self, c: usize, h: &Host<'_>, ctx: &mut Cx<'_>) {
        if self.probe_spec(c, ProbeKind::Startup).is_some() {
            return self.schedule_first(c, ProbeKind::Startup, h, ctx);
        }
        self.begin_other_probes(c, h, ctx);
    }

    fn begin_other_probes(&mut self, c: usize, h: &Host<'_>, ctx: &mut Cx<'_>) {
        let readiness = self.probe_spec(c, ProbeKind::Readiness).is_some();
        if let Some(container) = self.containers.get_mut(c) {
            container.started = true;
            container.ready = !readiness;
        }
        self.schedule_first(c, ProbeKind::Readiness, h, ctx);
        self.schedule_first(c, ProbeKind::Liveness, h, ctx);
    }

    /// The first tick that is not skipped.
    fn schedule_first(&mut self, c: usize, kind: ProbeKind, h: &Host<'_>, ctx: &mut Cx<'_>) {
        let Some(probe) = self.probe_spec(c, kind) else {
            return;
        };
        let now = ctx.now();
        let (period, delay) = (period(probe), seconds(probe.initial_delay_seconds, 0));
        let instance = self.containers.get(c).and_then(|x| x.instance.as_ref());
        let started = instance.map_or(now, |i| i.started);
        let phase = match kind {
            ProbeKind::Liveness => self.added,
            ProbeKind::Startup | ProbeKind::Readiness => {
                now + latency::RELIST.draw(ctx.rng(h.stream))
            }
        };
        let earliest = (started + delay).max(now);
        let ticks = earliest.since(phase).as_nanos().div_ceil(period.as_nanos());
        let at = phase + period.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX));
        self.tick_at(c, kind, at, ctx);
    }

    fn tick_at(&self, c: usize, kind: ProbeKind, at: Time, ctx: &mut Cx<'_>) {
        let n = self.containers.get(c).map_or(0, |x| x.attempt);
        self.at(
            ctx,
            at,
            PodEvent::Probe {
                c: c as u16,
                n,
                kind,
            },
        );
    }

    /// A tick of a probe.
    pub(super) fn probe(&mut self, c: usize, kind: ProbeKind, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let Some(probe) = self.probe_spec(c, kind).cloned() else {
            return;
        };
        let stopping = self.containers.get(c).is_none_or(|x| x.stop.is_some());
        if !self.is_running(c) || self.over {
            return;
        }
        // Of a pod that ends, only the readiness is still of interest.
        if kind != ProbeKind::Readiness && (stopping || self.ending.is_some()) {
            return;
        }
        let next = ctx.now() + period(&probe);
        let outcome = self.ask(c, &probe, h, ctx);
        let good = outcome.is_ok();
        if let Err(message) = outcome {
            let message = format!("{} probe failed: {message}", kind.name());
            self.warning(c, "Unhealthy", &message, h, ctx);
        }
        let threshold = match good {
            true => probe.success_threshold.unwrap_or(1),
            false => probe.failure_threshold.unwrap_or(3),
        };
        let run = self
            .containers
            .get_mut(c)
            .and_then(|x| x.probes.get_mut(kind as usize));
        let Some(run) = run else { return };
        run.count = match run.last == Some(good) {
            true => run.count.saturating_add(1),
            false => 1,
        };
        run.last = Some(good);
        let reached = i64::from(run.count) >= i64::from(threshold);
        if !reached || run.result == Some(good) {
            return self.tick_at(c, kind, next, ctx);
        }
        run.result = Some(good);
        match (kind, good) {
            (ProbeKind::Readiness, ready) => {
                if let Some(container) = self.containers.get_mut(c) {
                    container.ready = ready;
                }
                self.tick_at(c, kind, next, ctx);
            }
            (ProbeKind::Startup, true) => {
                self.begin_other_probes(c, h, ctx);
                self.sync(h, ctx);
            }
            (ProbeKind::Liveness, true) => self.tick_at(c, kind, next, ctx),
            (_, false) => {
                let name = self.container_spec(c).map_or("", |s| s.name.as_str());
                let message = format!(
                    "Container {name} failed {} probe, will be restarted",
                    kind.name().to_lowercase()
                );
                let grace = match probe.termination_grace_period_seconds {
                    Some(own) => secs(own.max(0).unsigned_abs()),
                    None => self.grace(),
                };
                self.stop(c, grace, &message, h, ctx);
            }
        }
    }

    /// Asks once.
    ///
    /// # Errors
    /// Why the answer is bad.
    fn ask(
        &mut self,
        c: usize,
        probe: &Probe,
        h: &Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> Result<(), String> {
        let timeout = seconds(probe.timeout_seconds, 1).max(secs(1));
        let ip = self.ip.as_deref().unwrap_or_default().to_owned();
        if let Some(exec) = &probe.exec {
            let command = exec.command.clone().unwrap_or_default();
            let done = self.exec(c, &command, timeout, h, ctx);
            return match done {
                Some(done) => match done.status {
                    Some(0) => Ok(()),
                    Some(_) => Err(done.output),
                    None => Err(format!("command \"{}\" timed out", command.join(" "))),
                },
                None => Err(String::new()),
            };
        }
        if let Some(get) = &probe.http_get {
            let port = self.port(c, &get.port).unwrap_or_default();
            let scheme = get.scheme.as_deref().unwrap_or("HTTP").to_lowercase();
            let host = get.host.as_deref().filter(|h| !h.is_empty()).unwrap_or(&ip);
            let path = get.path.as_deref().filter(|p| !p.is_empty()).unwrap_or("/");
            let slash = if path.starts_with('/') { "" } else { "/" };
            let url = format!("Get \"{scheme}://{host}:{port}{slash}{path}\"");
            return match self.http_get(c, get, h, ctx) {
                Ok((_, latency)) if latency >= timeout => Err(format!(
                    "{url}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                )),
                Ok((status, _)) if (200..400).contains(&status) => Ok(()),
                Ok((status, _)) => Err(format!("HTTP probe failed with statuscode: {status}")),
                Err(FetchError::Refused) => Err(format!(
                    "{url}: dial tcp {host}:{port}: connect: connection refused"
                )),
                Err(FetchError::UnknownHost) => {
                    Err(format!("{url}: dial tcp: lookup {host}: no such host"))
                }
                // Whether another host answers is beyond a single node.
                Err(FetchError::Elsewhere) => Ok(()),
            };
        }
        if let Some(tcp) = &probe.tcp_socket {
            let port = self.port(c, &tcp.port).unwrap_or_default();
            let host = tcp.host.as_deref().filter(|h| !h.is_empty()).unwrap_or(&ip);
            return match self.listens(port, ctx.now()) {
                true => Ok(()),
                false => Err(format!(
                    "dial tcp {host}:{port}: connect: connection refused"
                )),
            };
        }
        if let Some(grpc) = &probe.grpc {
            let port = u16::try_from(grpc.port).unwrap_or_default();
            return match self.listens(port, ctx.now()) {
                true => Ok(()),
                false => Err(format!(
                    "timeout: failed to connect service \"{ip}:{port}\" within {}s: context deadline exceeded",
                    timeout.as_secs()
                )),
            };
        }
        Ok(())
    }

    /// Whether a process of the pod takes connections on a port.
    pub(super) fn listens(&self, port: u16, now: Time) -> bool {
        self.containers
            .iter()
            .filter(|x| x.run == super::Run::Running)
            .filter_map(|x| x.instance.as_ref())
            .any(|i| i.process.listener(port, now).is_some())
    }
}
