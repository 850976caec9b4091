//! Creating, starting and restarting containers (`kuberuntime_container.go`).

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ResourceRequirements;

use super::pull::Ensured;
use super::{Cx, Ended, Host, Instance, PodEvent, PodWorker, Role, Run};
use crate::api::quantity::Quantity;
use crate::client::wire::{Call, HttpReply, Outcome, Packet};
use crate::kubelet::images::Present;
use crate::kubelet::latency;
use crate::kubelet::runtime::files::Files;
use crate::kubelet::runtime::image::hex64;
use crate::kubelet::runtime::logs::Logs;
use crate::kubelet::runtime::machine::{Neighbour, Surroundings};
use crate::kubelet::runtime::process::{self, Exit, Start};
use crate::kubelet::runtime::resolv::DOMAIN;
use crate::kubelet::runtime::typed::Typed;
use crate::sim::{Time, Usual, millis};

impl PodWorker {
    /// Tries to start a container: back-off, image, configuration.
    pub(super) fn begin(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let now = ctx.now();
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        if let Run::Ended(ended) = &container.run
            && let Some(until) = container.crashes.until(ended.finished)
            && until > now
        {
            let delay = container.crashes.delay().as_secs();
            container.retry_at = until;
            return self.crash_loop(c, delay, h, ctx);
        }
        match self.ensure_image(c, h, ctx) {
            Ensured::Here(image) => self.create(c, image, h, ctx),
            Ensured::Coming | Ensured::Waits => {}
        }
    }

    fn crash_loop(&mut self, c: usize, delay: u64, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let name = self
            .container_spec(c)
            .map_or("", |s| s.name.as_str())
            .to_owned();
        let pod = format!("{}_{}({})", self.key.name, self.key.namespace, self.uid);
        let delay = crate::api::rfc3339::go_duration((delay as i64).saturating_mul(1_000_000_000));
        let message = format!("back-off {delay} restarting failed container={name} pod={pod}");
        if let Some(container) = self.containers.get_mut(c) {
            container.waiting = Some(("CrashLoopBackOff", message.into()));
        }
        let message = format!("Back-off restarting failed container {name} in pod {pod}");
        self.warning(c, "BackOff", &message, h, ctx);
    }

    /// The image is there: works out the configuration, and lets the runtime start it.
    pub(super) fn create(&mut self, c: usize, image: Present, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let name = self.container_spec(c).and_then(|s| s.image.clone());
        if let Some(container) = self.containers.get_mut(c) {
            container.image = Some(image);
            container.image_name = ctx.kernel.texts.of(&name.unwrap_or_default());
        }
        let ready = self.environment(c, h, ctx).map(|_| ());
        if let Err(message) = ready.and_then(|()| self.check_user(c)) {
            self.warning(c, "Failed", &format!("Error: {message}"), h, ctx);
            self.wait_for_sync(c, "CreateContainerConfigError", message.into(), h, ctx);
            return self.sync(h, ctx);
        }
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        if let Run::Ended(ended) = &container.run {
            container.crashes.next(ended.finished);
        }
        container.attempt += 1;
        let event = PodEvent::Started {
            c: c as u16,
            n: container.attempt,
        };
        self.busy = Some(c);
        let delay = latency::CONTAINER_START.draw(ctx.rng(h.stream));
        self.after(ctx, delay, event);
    }

    /// The runtime has started the container's process, or could not.
    pub(super) fn started(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        self.busy = None;
        if self.ending.is_some() {
            return self.sync(h, ctx);
        }
        let now = ctx.now();
        let env = self.environment(c, h, ctx);
        let (Some(spec), Ok(env)) = (self.container_spec(c).cloned(), env) else {
            return self.sync(h, ctx);
        };
        let ports = self.ports_of(c);
        let mounts = self.mounts(c, &spec, &ctx.kernel.texts);
        let mut words = spec.command.clone().unwrap_or_default();
        words.extend(spec.args.clone().unwrap_or_default());
        let identity = self.identity(c, &words);
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        let Some(image) = container.image.clone() else {
            return self.sync(h, ctx);
        };
        let id: Rc<str> =
            hex64(format!("{}/{}/{}", self.uid, spec.name, container.attempt).as_bytes()).into();
        if let Some(old) = container.instance.take() {
            container.previous_logs = Some(old.logs);
        }
        if let Run::Ended(ended) = std::mem::replace(&mut container.run, Run::Never) {
            container.restarts += 1;
            container.last = Some(ended);
        }
        container.given.clone_from(&container.allocated);
        container.waiting = None;
        container.ready = false;
        container.hooked = false;
        container.stop = None;
        container.started = spec.startup_probe.is_none();
        container.probes = Default::default();
        // The files of an image belong to the user that it says it runs as.
        let user = u32::try_from(image.content.program.user).unwrap_or_default();
        let mut files = Files::with(Usual {
            user,
            group: user,
            changed: Time::EPOCH,
            ..Usual::default()
        });
        for (path, text) in &image.content.program.files {
            files.share(ctx.kernel.texts.of(path), ctx.kernel.texts.of(text));
        }
        let command = expand_all(spec.command.as_deref(), &env);
        let args = expand_all(spec.args.as_deref(), &env);
        let started = process::start(Start {
            content: &image.content,
            image: spec.image.as_deref().unwrap_or_default(),
            command: &command,
            args: &args,
            env: env.clone(),
            folder: spec.working_dir.as_deref().unwrap_or("/"),
            stdin: spec.stdin == Some(true),
            tty: spec.tty == Some(true),
            ports: &ports,
            memory_limit: memory_limit(container.allocated.as_ref()),
            now,
        });
        self.normal(c, "Created", "Container created", h, ctx);
        let (process, lines) = match started {
            Ok(started) => started,
            Err(message) => return self.start_fails(c, id, &message, h, ctx),
        };
        let mut logs = Logs::default();
        for line in lines {
            logs.push(now, &line);
        }
        let env = self.shared_env(env, h);
        if let Some(container) = self.containers.get_mut(c) {
            container.run = Run::Running;
            container.instance = Some(Box::new(Instance {
                id,
                started: now,
                process,
                files,
                env,
                mounts: mounts.into(),
                identity,
                logs,
                in_flight: Vec::new(),
                execs: Vec::new(),
            }));
        }
        self.normal(c, "Started", "Container started", h, ctx);
        h.new_use = true;
        self.measure(c, ctx);
        self.resume(c, h, ctx);
        if self.is_running(c) {
            self.post_start(c, h, ctx);
        }
    }

    /// The variables as [`Instance::env`] adds to them, shared with the container that was started before.
    fn shared_env(&self, mut env: Variables, h: &mut Host<'_>) -> Rc<Variables> {
        if env
            .get("HOSTNAME")
            .is_some_and(|name| **name == self.hostname(h))
        {
            env.remove("HOSTNAME");
        }
        if **h.last_env != env {
            *h.last_env = Rc::new(env);
        }
        h.last_env.clone()
    }

    /// The executable could not be run.
    fn start_fails(
        &mut self,
        c: usize,
        id: Rc<str>,
        message: &str,
        h: &mut Host<'_>,
        ctx: &mut Cx<'_>,
    ) {
        self.warning(c, "Failed", &format!("Error: {message}"), h, ctx);
        if let Some(container) = self.containers.get_mut(c) {
            container.waiting = Some(("RunContainerError", message.into()));
            container.run = Run::Ended(Ended {
                exit: Exit::with(128),
                reason: Some("StartError"),
                message: message.into(),
                id,
                // A container that was not started began with the epoch.
                started: Time(0),
                finished: ctx.now(),
                noticed: true,
            });
        }
        let at = ctx.now() + latency::RELIST.draw(ctx.rng(h.stream));
        if let Some(container) = self.containers.get_mut(c) {
            container.retry_at = at;
        }
        self.sync(h, ctx);
    }

    /// Lets the process do what is due.
    pub(super) fn wake(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        self.resume(c, h, ctx);
    }

    pub(super) fn resume(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if !self.is_running(c) {
            return;
        }
        let now = ctx.now();
        let next = self.in_container(c, h, ctx, |instance, s| {
            let logs = &mut instance.logs;
            instance.process.resume(s, &mut |line| logs.push(now, line))
        });
        let attempt = self.containers.get(c).map_or(0, |x| x.attempt);
        match next {
            Some(Ok(Time::MAX)) | None => {}
            Some(Ok(at)) => {
                let event = PodEvent::Wake {
                    c: c as u16,
                    n: attempt,
                };
                self.at(ctx, at.max(now + millis(1)), event);
            }
            Some(Err(exit)) => self.ended(c, exit, h, ctx),
        }
    }

    /// Runs `act` on the container's instance with everything that its process sees.
    pub(super) fn in_container<R>(
        &mut self,
        c: usize,
        h: &Host<'_>,
        ctx: &mut Cx<'_>,
        act: impl FnOnce(&mut Instance, &mut Surroundings<'_>) -> R,
    ) -> Option<R> {
        let neighbours = self.containers.iter().enumerate();
        let servers: Vec<Neighbour> = neighbours
            .filter(|(_, x)| x.run == Run::Running)
            .filter_map(|(i, x)| {
                let instance = x.instance.as_ref()?;
                let server = instance.process.server()?.clone();
                let serves_files = !server.program.document_root.is_empty();
                let home = (i != c && serves_files)
                    .then(|| (instance.files.clone(), instance.mounts.clone()));
                Some(Neighbour { server, home })
            })
            .collect();
        let hostname = self.hostname(h);
        let processes = self
            .processes(c)
            .into_iter()
            .map(|(_, seen)| seen)
            .collect();
        let own_pid = self.pid(c);
        let spec = self.container_spec(c);
        let image_name = spec.and_then(|s| s.image.clone()).unwrap_or_default();
        let container = self.containers.get_mut(c)?;
        let image = container.image.clone()?;
        let mut instance = container.instance.take()?;
        let mut files = std::mem::take(&mut instance.files);
        let mounts = instance.mounts.clone();
        // What is on a disk is there for as long as the process runs; others see it afterwards.
        for (volume, disk) in &self.disks {
            let files = ctx.kernel.disks.remove(disk).unwrap_or_default();
            self.volumes.insert(volume.clone(), files.into());
        }
        let identity = instance.identity.clone();
        let next_call = self.next_call;
        let (result, calls, next_call, signals) = {
            let mut surroundings = Surroundings {
                now: ctx.kernel.now,
                files: &mut files,
                volumes: &mut self.volumes,
                mounts: &mounts,
                identity: &identity,
                namespace: &self.key.namespace,
                spec: self.pod.spec.as_deref(),
                hostname: &hostname,
                address: self.ip.as_deref().unwrap_or_default(),
                content: &image.content,
                image: &image_name,
                mask: 0o022,
                servers,
                api: ctx.server,
                rng: ctx.kernel.rng(h.stream),
                calls: Some(Vec::new()),
                next_call,
                processes,
                own_pid,
                signals: Vec::new(),
                typed: Typed::default(),
            };
            let result = act(&mut instance, &mut surroundings);
            let Surroundings {
                calls,
                next_call,
                signals,
                ..
            } = surroundings;
            (result, calls, next_call, signals)
        };
        self.next_call = next_call;
        for (volume, disk) in &self.disks {
            if let Some(files) = self.volumes.remove(volume) {
                ctx.kernel.disks.insert(disk.clone(), files.into());
            }
        }
        instance.files = files;
        if let Some(container) = self.containers.get_mut(c) {
            container.instance = Some(instance);
        }
        self.send_signals(c, signals, ctx);
        for (id, ask) in calls.into_iter().flatten() {
            let call = Call {
                id,
                node: h.node.name.clone(),
                pod: self.uid.clone(),
                from: self.ip.clone().unwrap_or_default(),
                namespace: (&*self.key.namespace).into(),
                ask,
            };
            ctx.transmit(Duration::ZERO, Packet::Call(call));
        }
        Some(result)
    }

    /// What the kernel says the host is called (`GeneratePodHostNameAndDomain`): without its domain, unless the pod
    /// wants it there.
    pub(super) fn hostname(&self, h: &Host<'_>) -> String {
        let spec = self.pod.spec.as_ref();
        if self.is_host_network() {
            return h.node.name.to_string();
        }
        if let Some(name) = spec.and_then(|s| s.hostname_override.as_ref()) {
            return name.clone();
        }
        let own = spec.and_then(|s| s.hostname.as_deref());
        let own = own.filter(|name| !name.is_empty());
        let name = own.map_or_else(|| self.key.name.chars().take(63).collect(), str::to_owned);
        let domain = spec.filter(|s| s.set_hostname_as_fqdn == Some(true));
        match domain.and_then(|s| s.subdomain.as_deref()) {
            Some(domain) if !domain.is_empty() => {
                let namespace = &self.key.namespace;
                format!("{name}.{domain}.{namespace}.svc.{DOMAIN}")
            }
            _ => name,
        }
    }

    /// The process has ended by itself, or was killed.
    pub(super) fn ended(&mut self, c: usize, exit: Exit, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let now = ctx.now();
        let message = self.termination_message(c, exit, h, ctx);
        h.new_use = true;
        self.unmeasure(c, ctx);
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        let stopped = container.stop.is_some();
        let Some(instance) = container.instance.as_mut() else {
            return;
        };
        for id in instance.in_flight.drain(..) {
            let reply = HttpReply {
                id,
                outcome: Outcome::Reset,
            };
            ctx.transmit(millis(1), Packet::Reply(reply));
        }
        instance.execs.iter_mut().for_each(|exec| exec.die(now));
        container.run = Run::Ended(Ended {
            exit,
            reason: None,
            message: message.into(),
            id: instance.id.clone(),
            started: instance.started,
            finished: now,
            noticed: stopped,
        });
        container.ready = false;
        if stopped {
            return self.notice(c, h, ctx);
        }
        let event = PodEvent::Notice {
            c: c as u16,
            n: container.attempt,
        };
        let delay = latency::RELIST.draw(ctx.rng(h.stream));
        self.after(ctx, delay, event);
    }

    /// The kubelet has seen that the process is gone.
    pub(super) fn notice(&mut self, c: usize, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if let Some(container) = self.containers.get_mut(c) {
            container.stop = None;
            container.started = false;
            if let Run::Ended(ended) = &mut container.run {
                ended.noticed = true;
            }
            container.retry_at = Time(0);
        }
        if self.busy == Some(c) {
            self.busy = None;
        }
        self.sync(h, ctx);
    }

    /// What the container wrote to its termination log, or the end of its logs.
    fn termination_message(
        &mut self,
        c: usize,
        exit: Exit,
        h: &Host<'_>,
        ctx: &mut Cx<'_>,
    ) -> String {
        const MOST_BYTES: usize = 4096;
        const MOST_LINES: usize = 80;
        let Some(spec) = self.container_spec(c) else {
            return String::new();
        };
        let path = spec.termination_message_path.clone();
        let path = path.unwrap_or_else(|| "/dev/termination-log".to_owned());
        let from_logs = spec.termination_message_policy.as_deref() == Some("FallbackToLogsOnError");
        let message = self.in_container(c, h, ctx, |instance, s| {
            let text = s.text(&path).ok().filter(|t| !t.is_empty());
            match text {
                Some(text) => text.to_string(),
                None if from_logs && exit.code != 0 => {
                    let lines = instance.logs.lines();
                    let skip = lines.len().saturating_sub(MOST_LINES);
                    lines.skip(skip).map(|l| format!("{}\n", l.text)).collect()
                }
                None => String::new(),
            }
        });
        let mut message = message.unwrap_or_default();
        let mut end = message.len().min(MOST_BYTES);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message
    }

    /// The ports that an undeclared server listens on: those of its container and its probes.
    fn ports_of(&self, c: usize) -> Vec<u16> {
        let Some(spec) = self.container_spec(c) else {
            return Vec::new();
        };
        let declared = spec.ports.iter().flatten().map(|p| p.container_port);
        let probes = [
            &spec.startup_probe,
            &spec.readiness_probe,
            &spec.liveness_probe,
        ];
        let probed = probes
            .into_iter()
            .flatten()
            .filter_map(|p| self.probe_port(c, p))
            .map(i32::from);
        let ports = declared.chain(probed);
        ports.filter_map(|p| u16::try_from(p).ok()).collect()
    }

    pub(super) fn is_init(&self, c: usize) -> bool {
        self.containers
            .get(c)
            .is_some_and(|x| matches!(x.role, Role::Init | Role::Sidecar))
    }
}

pub(super) fn memory_limit(resources: Option<&ResourceRequirements>) -> Option<u64> {
    let limits = resources?.limits.as_ref()?;
    let quantity = Quantity::parse(&limits.get("memory")?.0).ok()?;
    u64::try_from(quantity.value()).ok()
}

type Variables = crate::sim::ordered::Map<Rc<str>, Rc<str>>;

fn expand_all(words: Option<&[String]>, env: &Variables) -> Vec<String> {
    let words = words.unwrap_or_default().iter();
    words.map(|w| super::config::expand(w, env)).collect()
}
