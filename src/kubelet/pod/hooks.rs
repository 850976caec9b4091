//! Commands in a running container, and its lifecycle hooks (`pkg/kubelet/lifecycle/handlers.go`).

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{HTTPGetAction, LifecycleHandler};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Cx, Host, PodEvent, PodWorker};
use crate::kubelet::runtime::shell::{self, FetchError, Machine, Pause, Shell};
use crate::sim::{millis, secs};

/// How often a command that is run beside the container's process may sleep.
const MOST_PAUSES: usize = 200;

/// What a command came to.
pub(super) struct Executed {
    /// `None` when it did not end in time.
    pub status: Option<i32>,
    pub output: String,
    pub took: Duration,
}

impl PodWorker {
    /// Runs a command beside the container's process. Its sleeps are looked ahead: what the
    /// process does in the meantime, it does not see.
    pub(super) fn exec(
        &mut self,
        c: usize,
        command: &[String],
        limit: Duration,
        h: &Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> Option<Executed> {
        let words: Vec<Rc<str>> = command.iter().map(|w| w.as_str().into()).collect();
        let began = ctx.now();
        self.in_container(c, h, ctx, |instance, s| {
            // What takes no time cannot wait for the answers of others.
            s.calls = None;
            let program = &s.content.program;
            let name = words.first().map_or("", |w| shell::base(w));
            if program.no_shell && !program.commands.contains_key(name) && program.name != name {
                let name = words.first().map_or("", |w| &**w);
                return Executed {
                    status: Some(126),
                    output: format!(
                        "OCI runtime exec failed: exec failed: unable to start container process: exec: \"{name}\": executable file not found in $PATH\n"
                    ),
                    took: Duration::ZERO,
                };
            }
            let mut shell = Shell::of_words(&words, instance.env(s.hostname), "/", began);
            shell.set_beside();
            let mut output = String::new();
            let mut status = None;
            for _ in 0..MOST_PAUSES {
                let pause = shell.resume(s);
                for line in shell.take_lines() {
                    output.push_str(&line);
                    output.push('\n');
                }
                match pause {
                    Pause::Exit(code) => status = Some(code & 0xff),
                    // Asking the program of the image for its version, say.
                    Pause::Exec(_) => status = Some(0),
                    Pause::Until(at) if at.since(began) < limit => {
                        s.now = at;
                        continue;
                    }
                    Pause::Until(_) | Pause::Forever => {}
                }
                break;
            }
            let took = match status {
                Some(_) => s.now.since(began),
                None => limit,
            };
            s.now = began;
            Executed {
                status,
                output,
                took,
            }
        })
    }

    /// A port that is named or numbered.
    pub(super) fn port(&self, c: usize, port: &IntOrString) -> Option<u16> {
        match port {
            IntOrString::Int(n) => u16::try_from(*n).ok(),
            IntOrString::String(name) => {
                let ports = self.container_spec(c)?.ports.as_ref()?;
                let named = ports.iter().find(|p| p.name.as_ref() == Some(name));
                match named {
                    Some(port) => u16::try_from(port.container_port).ok(),
                    None => name.parse().ok(),
                }
            }
        }
    }

    /// An HTTP GET from the kubelet to the pod: status and latency.
    pub(super) fn http_get(
        &mut self,
        c: usize,
        get: &HTTPGetAction,
        h: &Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> Result<(u16, Duration), FetchError> {
        let port = self.port(c, &get.port).unwrap_or_default();
        let path = get.path.as_deref().filter(|p| !p.is_empty()).unwrap_or("/");
        let host = get.host.as_deref().filter(|h| !h.is_empty());
        let host = host
            .or(self.ip.as_deref())
            .unwrap_or("localhost")
            .to_owned();
        let path = path.to_owned();
        let answer = self.in_container(c, h, ctx, |_, s| {
            let latency = s.servers.iter().find(|x| x.server.listens(port, s.now));
            let latency = latency.map_or(0, |x| x.server.program.latency_millis);
            s.fetch(&host, port, &path)
                .map(|(status, _)| (status, millis(latency)))
        });
        answer.unwrap_or(Err(FetchError::Refused))
    }

    /// Runs a hook. Returns how long it takes, and why it fails.
    pub(super) fn run_hook(
        &mut self,
        c: usize,
        hook: &LifecycleHandler,
        limit: Duration,
        h: &Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> (Duration, Option<String>) {
        if let Some(exec) = &hook.exec {
            let command = exec.command.clone().unwrap_or_default();
            let Some(done) = self.exec(c, &command, limit, h, ctx) else {
                return (Duration::ZERO, None);
            };
            return match done.status {
                Some(0) | None => (done.took, None),
                Some(code) => {
                    let message = format!(
                        "Exec lifecycle hook ([{}]) for Container \"{}\" in Pod \"{}_{}({})\" failed - error: command '{}' exited with {code}: {}, message: \"{}\"",
                        command.join(" "),
                        self.container_spec(c).map_or("", |s| s.name.as_str()),
                        self.key.name,
                        self.key.namespace,
                        self.uid,
                        command.join(" "),
                        done.output.trim_end(),
                        done.output.replace('\n', "\\n")
                    );
                    (done.took, Some(message))
                }
            };
        }
        if let Some(sleep) = &hook.sleep {
            return (secs(sleep.seconds.max(0).unsigned_abs()).min(limit), None);
        }
        if let Some(get) = &hook.http_get {
            return match self.http_get(c, get, h, ctx) {
                Ok((_, latency)) => (latency, None),
                Err(_) => {
                    let port = self.port(c, &get.port).unwrap_or_default();
                    let ip = self.ip.as_deref().unwrap_or_default();
                    let path = get.path.as_deref().unwrap_or("/");
                    let message = format!(
                        "Get \"http://{ip}:{port}{path}\": dial tcp {ip}:{port}: connect: connection refused"
                    );
                    (Duration::ZERO, Some(message))
                }
            };
        }
        (Duration::ZERO, None)
    }

    /// After the start: the hook, during which the container does not count as running.
    pub(super) fn post_start(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let lifecycle = self.container_spec(c).and_then(|s| s.lifecycle.clone());
        let Some(hook) = lifecycle.and_then(|l| l.post_start.clone()) else {
            return self.hooked(c, h, ctx);
        };
        let (took, failure) = self.run_hook(c, &hook, secs(3600), h, ctx);
        if let Some(message) = failure {
            self.warning(c, "FailedPostStartHook", &message, h, ctx);
            let grace = self.grace();
            return self.stop(c, grace, "FailedPostStartHook", h, ctx);
        }
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        self.busy = Some(c);
        let event = PodEvent::PostStartDone {
            c: c as u16,
            n: container.attempt,
        };
        self.after(ctx, took, event);
    }

    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub(super) fn post_start_done(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.busy == Some(c) {
            self.busy = None;
        }
        if self.is_running(c) {
            self.hooked(c, h, ctx);
        } else {
            self.sync(h, ctx);
        }
    }

    /// The container runs, and its hook is over: its probes begin.
    fn hooked(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if let Some(container) = self.containers.get_mut(c) {
            container.hooked = true;
        }
        self.begin_probes(c, h, ctx);
        self.sync(h, ctx);
    }

    /// How long a container of this pod has between SIGTERM and SIGKILL.
    pub(super) fn grace(&self) -> Duration {
        let spec = self.pod.spec.as_ref();
        let own = spec.and_then(|s| s.termination_grace_period_seconds);
        let deleted = self.pod.metadata.deletion_grace_period_seconds;
        secs(deleted.or(own).unwrap_or(30).max(0).unsigned_abs())
    }
}
