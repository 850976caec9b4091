//! The worker of one pod: a state machine that brings the pod's containers to what its spec asks
//! for, and reports what it has come to (`pkg/kubelet/pod_workers.go`, `kuberuntime_manager.go`).
//!
//! Things that take time are events; each names the attempt that it belongs to, and is dropped
//! when that attempt is over. Every event ends in one write of the status, if it has changed.

pub mod admission;
pub mod attach;
mod config;
mod containers;
mod env_file;
pub mod exec;
pub mod files;
mod hooks;
mod logs;
pub mod net;
mod power;
mod pressure;
mod probes;
mod pull;
mod resize;
mod restart_all;
mod sandbox;
mod seen;
mod signals;
mod status;
mod storage;
mod sync;
mod termination;
mod usage;
mod user;

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as ContainerSpec, Pod, ResourceRequirements};

use super::backoff::BackOff;
use super::images::{ImageStore, Present};
use super::runtime::files::Files;
use super::runtime::logs::Logs;
use super::runtime::machine::{Identity, Mount};
use super::runtime::process::{Exit, Process};
use super::sandboxes::Addresses;
use super::spec::NodeSpec;
use crate::api::kinds::ephemeral_as_container;
use crate::api::{Key, Resource};
use crate::client::wire::Outcome;
use crate::client::{Ctx, EventRecorder, Involved};
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

pub use config::Variables;
pub use logs::{LogQuery, Logged};
pub use pressure::Ranked;
use probes::ProbeRun;
pub use seen::{SeenContainer, SeenPod};

pub type Cx<'a> = Ctx<'a, super::Event>;

/// What the workers of a node share.
pub struct Host<'h> {
    pub node: &'h NodeSpec,
    pub recorder: &'h mut EventRecorder,
    pub images: &'h mut ImageStore,
    pub addresses: &'h mut Addresses,
    /// The variables of the container that was started last.
    pub last_env: &'h mut Rc<Variables>,
    pub stream: &'h Rc<str>,
    /// The images of the node have changed.
    pub new_image: bool,
    /// Containers have started or ended.
    pub new_use: bool,
}

/// What a worker schedules for itself. `c` is the container's place, `n` its attempt.
#[derive(Clone)]
pub enum PodEvent {
    Admit,
    Mount,
    SandboxReady,
    Pulled {
        c: u16,
        n: u32,
    },
    Started {
        c: u16,
        n: u32,
    },
    /// The process has something to do.
    Wake {
        c: u16,
        n: u32,
    },
    /// Another process has sent a signal.
    Signal {
        c: u16,
        n: u32,
        signal: u8,
    },
    /// A command beside the process has something to do.
    Exec {
        c: u16,
        n: u32,
        id: u64,
    },
    /// The kubelet sees that the process has ended.
    Notice {
        c: u16,
        n: u32,
    },
    PostStartDone {
        c: u16,
        n: u32,
    },
    Probe {
        c: u16,
        n: u32,
        kind: ProbeKind,
    },
    PreStopDone {
        c: u16,
        n: u32,
    },
    Kill {
        c: u16,
        n: u32,
    },
    /// A server has worked out its answer.
    Answer {
        c: u16,
        n: u32,
        id: u64,
        answer: Rc<(Outcome, Rc<str>)>,
    },
    /// Something may be tried again.
    Retry(u32),
    SandboxStopped,
    Deadline,
    /// The runtime has given containers what they are allocated now.
    Resized(u32),
    /// What the API says of the pod may not be what the kubelet wrote.
    Reconcile,
    /// What volumes show is looked at again.
    Refresh,
}

impl PodEvent {
    /// Whether it is what processes do, and not what the kubelet does.
    pub fn is_physical(&self) -> bool {
        matches!(
            self,
            PodEvent::Wake { .. }
                | PodEvent::Signal { .. }
                | PodEvent::Exec { .. }
                | PodEvent::Answer { .. }
        )
    }

    pub fn label(&self) -> &'static str {
        match self {
            PodEvent::Admit => "admit pod",
            PodEvent::Mount => "mount volumes",
            PodEvent::SandboxReady => "sandbox is ready",
            PodEvent::Pulled { .. } => "image pull ends",
            PodEvent::Started { .. } => "container starts",
            PodEvent::Wake { .. } => "process",
            PodEvent::Signal { .. } => "signal",
            PodEvent::Exec { .. } => "exec",
            PodEvent::Notice { .. } => "container has ended",
            PodEvent::PostStartDone { .. } => "postStart ends",
            PodEvent::Probe { .. } => "probe",
            PodEvent::PreStopDone { .. } => "preStop ends",
            PodEvent::Kill { .. } => "grace period ends",
            PodEvent::Answer { .. } => "answer",
            PodEvent::Retry(_) => "back-off ends",
            PodEvent::SandboxStopped => "sandbox has stopped",
            PodEvent::Deadline => "active deadline",
            PodEvent::Resized(_) => "containers are resized",
            PodEvent::Reconcile => "reconcile status",
            PodEvent::Refresh => "refresh volumes",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    Startup,
    Readiness,
    Liveness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Init,
    /// An init container that restarts always, and lives as long as the pod.
    Sidecar,
    Main,
    /// Put into the pod while it runs; never started again.
    Ephemeral,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sandbox {
    None,
    /// Its volumes or itself are being set up.
    Coming,
    Ready,
    Stopping,
    Stopped,
}

/// A container that runs, or its last run.
#[derive(Clone)]
struct Instance {
    id: Rc<str>,
    started: Time,
    process: Process,
    files: Files,
    /// Its variables, but for `HOSTNAME` where that is the pod's: so all pods of a Deployment share them.
    env: Rc<Variables>,
    mounts: Rc<[Mount]>,
    identity: Identity,
    logs: Logs,
    /// Requests that wait for their answer.
    in_flight: Vec<u64>,
    /// Commands that run beside its process, or have run.
    execs: Vec<exec::Exec>,
}

impl Instance {
    /// Its variables.
    fn env(&self, hostname: &str) -> Variables {
        let mut env = Variables::clone(&self.env);
        env.entry("HOSTNAME".into()).or_insert(hostname.into());
        env
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Ended {
    exit: Exit,
    /// A reason of its own, such as `StartError`.
    reason: Option<&'static str>,
    message: Rc<str>,
    id: Rc<str>,
    started: Time,
    finished: Time,
    noticed: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Run {
    Never,
    Running,
    Ended(Ended),
}

/// A container that is being stopped.
#[derive(Clone, Debug)]
struct Stop {
    /// When SIGKILL comes.
    deadline: Time,
    terminated: bool,
}

/// One container of the pod.
#[derive(Clone)]
struct Container {
    role: Role,
    /// Its place among the init containers, or among the others.
    index: usize,
    run: Run,
    /// The run before.
    last: Option<Ended>,
    /// Why it waits, with a message; shown in place of how it ended.
    waiting: Option<(&'static str, Rc<str>)>,
    restarts: i32,
    /// Counts attempts to start it: events of older ones are dropped.
    attempt: u32,
    crashes: BackOff,
    pulls: BackOff,
    pull_error: Option<Rc<str>>,
    /// Not to be tried before.
    retry_at: Time,
    image: Option<Present>,
    /// The image that its run was started with.
    image_name: Rc<str>,
    pull: Option<super::images::Pull>,
    instance: Option<Box<Instance>>,
    previous_logs: Option<Logs>,
    /// What the node has set aside for it, and what its run was given.
    allocated: Option<ResourceRequirements>,
    given: Option<ResourceRequirements>,
    /// The post-start hook is over.
    hooked: bool,
    /// Its startup probe has succeeded, if it has one.
    started: bool,
    ready: bool,
    probes: [ProbeRun; 3],
    stop: Option<Stop>,
}

/// Why all containers are stopped.
#[derive(Clone, Debug)]
enum Ending {
    /// The pod is deleted.
    Deleted,
    /// Its containers are done; what is left are sidecars.
    Done,
    /// The kubelet gives up on it.
    Failed(&'static str, Rc<str>),
}

#[derive(Clone)]
pub struct PodWorker {
    pub pod: Rc<Pod>,
    pub key: Key,
    pub uid: Rc<str>,
    /// From a manifest of the node: the object in the API only mirrors it.
    pub is_static: bool,
    /// What it takes of the node.
    pub requests: Rc<admission::Amounts>,
    /// Whether anything bounds what it writes.
    bounded: bool,
    added: Time,
    admitted: bool,
    rejected: Option<(&'static str, Rc<str>)>,
    sandbox: Sandbox,
    ip: Option<Rc<str>>,
    start_time: Option<Time>,
    containers: Vec<Container>,
    /// The specs of the ephemeral containers.
    ephemeral: Vec<ContainerSpec>,
    resize: resize::Resize,
    volumes: BTreeMap<Rc<str>, Files>,
    /// Volumes whose files are on a disk that outlives the pod: the volume and the disk.
    disks: files::Disks,
    mount_delay: Duration,
    /// Since when the pod waits for its claims.
    claims_since: Option<Time>,
    /// The container that is being pulled for or started: one at a time.
    busy: Option<usize>,
    /// All containers are being stopped, to start anew.
    all_restart: bool,
    ending: Option<Ending>,
    /// Until when the grace period lasts.
    grace_until: Option<Time>,
    /// Nothing runs any more, and nothing will.
    over: bool,
    /// The object is gone from the API.
    pub gone: bool,
    retry: u32,
    /// The pod after its status was written last: a version that the store and the caches share.
    written: Option<Rc<Pod>>,
    /// The machine has started anew since it ran.
    revived: bool,
    /// A look at what the API says is scheduled.
    reconciles: bool,
    /// The number of the next request of a process of this pod.
    next_call: u64,
}

impl PodWorker {
    pub fn new(pod: Rc<Pod>, is_static: bool, now: Time) -> Self {
        let spec = pod.spec.as_ref();
        let init = spec.and_then(|s| s.init_containers.as_deref());
        let role = |c: &ContainerSpec| match c.restart_policy.as_deref() {
            Some("Always") => Role::Sidecar,
            _ => Role::Init,
        };
        let init = init.unwrap_or_default().iter().enumerate();
        let init = init.map(|(i, c)| (role(c), i));
        let main = (0..spec.map_or(0, |s| s.containers.len())).map(|i| (Role::Main, i));
        let mut worker = PodWorker {
            key: pod.key(),
            uid: pod.uid().into(),
            containers: init
                .chain(main)
                .map(|(r, i)| Container::new(r, i))
                .collect(),
            requests: Rc::new(admission::requests(&pod)),
            bounded: storage::is_bounded(&pod),
            pod: pod.clone(),
            is_static,
            added: now,
            admitted: false,
            rejected: None,
            sandbox: Sandbox::None,
            ip: None,
            start_time: None,
            ephemeral: Vec::new(),
            resize: resize::Resize::default(),
            volumes: BTreeMap::new(),
            disks: Vec::new(),
            claims_since: None,
            mount_delay: Duration::ZERO,
            busy: None,
            all_restart: false,
            ending: None,
            grace_until: None,
            over: false,
            gone: false,
            retry: 0,
            written: None,
            revived: false,
            reconciles: false,
            next_call: 0,
        };
        worker.allocate();
        worker.take_ephemeral();
        worker
    }

    /// Takes in the ephemeral containers that have come.
    fn take_ephemeral(&mut self) {
        let spec = self.pod.spec.as_ref();
        let listed = spec.and_then(|s| s.ephemeral_containers.as_deref());
        let fresh = listed.unwrap_or_default().iter();
        for spec in fresh {
            if self.ephemeral.iter().any(|known| known.name == spec.name) {
                continue;
            }
            let container = Container::new(Role::Ephemeral, self.ephemeral.len());
            self.ephemeral.push(ephemeral_as_container(spec));
            self.containers.push(container);
        }
    }

    /// Whether the worker can be forgotten.
    pub fn is_finished(&self) -> bool {
        self.over && self.gone
    }

    /// Whether the pod takes room on the node.
    pub fn is_active(&self) -> bool {
        !self.over && self.rejected.is_none() && self.admitted
    }

    pub fn handle(&mut self, event: PodEvent, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        match event {
            PodEvent::Admit => {}
            PodEvent::Mount => self.mount(h, ctx),
            PodEvent::SandboxReady => self.sandbox_ready(h, ctx),
            PodEvent::Pulled { c, n } => self.when(c, n, |w, c| w.pulled(c, h, ctx)),
            PodEvent::Started { c, n } => self.when(c, n, |w, c| w.started(c, h, ctx)),
            PodEvent::Wake { c, n } => self.when(c, n, |w, c| w.wake(c, h, ctx)),
            PodEvent::Signal { c, n, signal } => self.when(c, n, |w, c| w.signal(c, signal, ctx)),
            PodEvent::Exec { c, n, id } => self.when(c, n, |w, c| w.resume_exec(c, id, h, ctx)),
            PodEvent::Notice { c, n } => self.when(c, n, |w, c| w.notice(c, h, ctx)),
            PodEvent::PostStartDone { c, n } => {
                self.when(c, n, |w, c| w.post_start_done(c, h, ctx))
            }
            PodEvent::Probe { c, n, kind } => self.when(c, n, |w, c| w.probe(c, kind, h, ctx)),
            PodEvent::PreStopDone { c, n } => self.when(c, n, |w, c| w.terminate(c, ctx)),
            PodEvent::Kill { c, n } => self.when(c, n, |w, c| w.kill(c, h, ctx)),
            PodEvent::Answer { c, n, id, answer } => {
                self.when(c, n, |w, c| w.answered(c, id, &answer, ctx));
            }
            PodEvent::Retry(n) if n == self.retry => self.sync(h, ctx),
            PodEvent::Retry(_) => {}
            PodEvent::SandboxStopped => self.sandbox_stopped(h),
            PodEvent::Deadline => self.deadline(h, ctx),
            PodEvent::Resized(n) => self.resized(n, h, ctx),
            PodEvent::Reconcile => self.reconcile(),
            PodEvent::Refresh => self.refresh(h, ctx),
        }
        self.report(h, ctx);
    }

    /// Runs `act` on a container, unless the attempt is over.
    fn when(&mut self, c: u16, n: u32, act: impl FnOnce(&mut Self, usize)) {
        let c = usize::from(c);
        if self.containers.get(c).is_some_and(|x| x.attempt == n) {
            act(self, c);
        }
    }

    fn after(&self, ctx: &mut Cx<'_>, delay: Duration, event: PodEvent) {
        ctx.after(delay, super::Event::Pod(self.uid.clone(), event));
    }

    fn at(&self, ctx: &mut Cx<'_>, at: Time, event: PodEvent) {
        ctx.at(at, super::Event::Pod(self.uid.clone(), event));
    }

    /// Asks for a sync at `at`; an earlier wish is forgotten.
    fn retry_at(&mut self, ctx: &mut Cx<'_>, at: Time) {
        self.retry += 1;
        self.at(ctx, at, PodEvent::Retry(self.retry));
    }

    fn container_spec(&self, c: usize) -> Option<&ContainerSpec> {
        let container = self.containers.get(c)?;
        let spec = self.pod.spec.as_ref()?;
        match container.role {
            Role::Main => spec.containers.get(container.index),
            Role::Ephemeral => self.ephemeral.get(container.index),
            Role::Init | Role::Sidecar => spec.init_containers.as_ref()?.get(container.index),
        }
    }

    fn involved(&self) -> Involved {
        Involved::of(&*self.pod)
    }

    fn involved_container(&self, c: usize) -> Involved {
        let name = self.container_spec(c).map_or("", |s| s.name.as_str());
        let field = match self.containers.get(c).map(|x| x.role) {
            Some(Role::Main) | None => "containers",
            Some(Role::Ephemeral) => "ephemeralContainers",
            Some(_) => "initContainers",
        };
        self.involved().container(field, name)
    }

    fn normal(&self, c: usize, reason: &str, message: &str, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        h.recorder
            .normal(ctx, &self.involved_container(c), reason, message);
    }

    fn warning(&self, c: usize, reason: &str, message: &str, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        h.recorder
            .warning(ctx, &self.involved_container(c), reason, message);
    }

    fn is_running(&self, c: usize) -> bool {
        self.containers
            .get(c)
            .is_some_and(|x| x.run == Run::Running)
    }

    fn is_host_network(&self) -> bool {
        let spec = self.pod.spec.as_ref();
        spec.and_then(|s| s.host_network).unwrap_or_default()
    }

    fn restart_policy(&self) -> &str {
        let spec = self.pod.spec.as_ref();
        spec.and_then(|s| s.restart_policy.as_deref())
            .unwrap_or("Always")
    }
}

impl Container {
    fn new(role: Role, index: usize) -> Self {
        Container {
            role,
            index,
            run: Run::Never,
            last: None,
            waiting: None,
            restarts: 0,
            attempt: 0,
            crashes: BackOff::default(),
            pulls: BackOff::default(),
            pull_error: None,
            retry_at: Time(0),
            image: None,
            image_name: "".into(),
            pull: None,
            instance: None,
            previous_logs: None,
            allocated: None,
            given: None,
            hooked: false,
            started: false,
            ready: false,
            probes: Default::default(),
            stop: None,
        }
    }

    fn ended(&self) -> Option<&Ended> {
        match &self.run {
            Run::Ended(ended) => Some(ended),
            _ => None,
        }
    }
}
