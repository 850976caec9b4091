//! The kubelet: registers its node, keeps its lease, and runs the pods that are bound to it.

mod backoff;
mod crew;
mod fake;
mod folder;
mod images;
mod latency;
mod lease;
mod node;
mod outages;
mod pod;
mod pressure;
mod registry;
mod resizing;
mod runtime;
mod sandboxes;
mod spec;
mod statics;
mod workers;

use std::rc::Rc;

use k8s_openapi::api::core::v1::{ContainerImage, Node, Pod};

use crate::api::{Key, Resource};
use crate::apiserver::{WatchEvent, WriteOptions};
use crate::client::wire::{HttpReply, HttpRequest, Outcome, Packet};
use crate::client::{Component, Ctx, EventRecorder, Involved};
use crate::sim::{Time, millis};

use crew::{Crew, Workers};
use fake::Fake;
pub use folder::{CONFIG_FILE, DATABASE, ETCD, Folder, LIVE, MANIFESTS};
use images::ImageStore;
pub use node::DISK_BYTES;
use pod::PodEvent;
pub use pod::attach::Mark;
pub use pod::exec::{ExecCall, ExecState, Given};
pub use pod::{LogQuery, Logged, SeenContainer, SeenPod};
use pressure::{Pressure, Scarce};
use runtime::files::Files;
pub use runtime::process::Exit;
use sandboxes::Addresses;
pub use spec::{NodeSpec, Runtime};
use statics::Statics;

/// A node's kubelet, with all that runs on the node.
#[derive(Clone)]
pub struct Kubelet {
    pub node: NodeSpec,
    recorder: EventRecorder,
    /// The named random stream of this node.
    stream: Rc<str>,
    ready: bool,
    status: NodeReport,
    fake: Fake,
    images: ImageStore,
    addresses: Addresses,
    /// The variables of the container that was started last.
    last_env: Rc<pod::Variables>,
    pods: Crew,
    /// Those from before the machine started anew, as far as they have not been seen again.
    past: Workers,
    /// How often the machine has started anew.
    boots: u32,
    statics: Statics,
    /// The files of the node that people read and edit.
    folder: Folder,
    pressure: Pressure,
    /// What pods see of the node by way of their volumes.
    files: Files,
}

/// What the API server was last told of the node.
#[derive(Clone, Default)]
struct NodeReport {
    /// When the status was last written.
    written: Time,
    /// A report on a change is due.
    pending: bool,
}

#[derive(Clone)]
pub enum Event {
    /// The kubelet has started, and registers its node.
    Register,
    /// The container runtime has answered for the first time.
    RuntimeUp,
    RenewLease,
    /// Something of the node's status has changed.
    ReportChange,
    /// The status is reported although nothing has changed.
    ReportStatus,
    Fake(fake::Event),
    /// Manifests of static pods have changed.
    Manifests,
    /// The eviction manager looks at what pods use.
    Look,
    /// For the worker of the pod with this uid.
    Pod(Rc<str>, PodEvent),
}

impl Kubelet {
    pub fn new(node: NodeSpec) -> Self {
        Kubelet {
            recorder: EventRecorder::new("kubelet", &node.name),
            stream: format!("kubelet/{}", node.name).into(),
            ready: node.is_fake(),
            status: NodeReport::default(),
            fake: Fake::default(),
            images: ImageStore::default(),
            addresses: Addresses::default(),
            last_env: Rc::default(),
            pods: Crew::default(),
            past: Workers::new(),
            boots: 0,
            statics: Statics::default(),
            folder: folder::of(&node),
            pressure: Pressure::default(),
            files: pod::files::of_node(&node.name),
            node,
        }
    }

    /// The images on the node.
    pub fn image_list(&self) -> Vec<ContainerImage> {
        self.images()
    }

    /// The pods that the container runtime has, with their containers.
    pub fn seen(&self) -> Vec<SeenPod> {
        self.pods.values().filter_map(|w| w.seen()).collect()
    }

    /// How much of the node's disk each pod uses, by its uid.
    pub fn disks(&self) -> Vec<(Rc<str>, u64)> {
        let pods = self.pods.values();
        pods.map(|w| (w.uid.clone(), w.disk())).collect()
    }

    fn images(&self) -> Vec<ContainerImage> {
        self.images.list()
    }

    fn report(&self, now: Time) -> node::Report {
        node::Report {
            now,
            ready: self.ready,
            images: self.images(),
            boots: self.boots,
            short_of_memory: self.pressure.of(Scarce::Memory).is_on,
            short_of_disk: self.pressure.of(Scarce::Disk).is_on,
        }
    }

    fn register(&mut self, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        if !self.node.is_fake() {
            self.preload(ctx);
        }
        let node = node::registration(&self.node, self.report(now));
        // A node of this name that is there already keeps its metadata; its status is written.
        if ctx.create(node).is_err() {
            self.write_status(ctx);
            self.tell_reboot(ctx);
        }
        self.status.written = now;
        lease::renew(ctx, &self.node.name);
        self.schedule_lease(ctx);
        ctx.after(latency::STATUS_REPORT, Event::ReportStatus);
        if !self.node.is_fake() {
            self.node_event(ctx, "Starting", "Starting kubelet.");
            for reason in [
                "NodeHasSufficientMemory",
                "NodeHasNoDiskPressure",
                "NodeHasSufficientPID",
            ] {
                let message = format!("Node {} status is now: {reason}", self.node.name);
                self.node_event(ctx, reason, &message);
            }
            let message = "Updated Node Allocatable limit across pods";
            self.node_event(ctx, "NodeAllocatableEnforced", message);
            ctx.after(latency::READY_AFTER_REGISTRATION, Event::RuntimeUp);
        }
    }

    fn runtime_up(&mut self, ctx: &mut Ctx<'_, Event>) {
        self.ready = true;
        self.write_status(ctx);
        let message = format!("Node {} status is now: NodeReady", self.node.name);
        self.node_event(ctx, "NodeReady", &message);
        self.start_statics(ctx);
        self.admit_waiting(ctx);
    }

    fn schedule_lease(&mut self, ctx: &mut Ctx<'_, Event>) {
        let jitter = ctx.rng(&self.stream).below(latency::LEASE_JITTER_MILLIS);
        ctx.after(
            millis(latency::LEASE_RENEWAL_MILLIS + jitter),
            Event::RenewLease,
        );
    }

    fn write_status(&mut self, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let (spec, report) = (&self.node, self.report(now));
        // A node that somebody deleted stays away until the kubelet starts anew.
        let _ = ctx.patch::<Node>(
            &Key::new("", &spec.name),
            &WriteOptions::STATUS,
            |node: &mut Node| {
                node.status = Some(node::status(spec, node.status.as_ref(), report));
            },
        );
        self.status.written = now;
        self.status.pending = false;
    }

    fn node_warning(&mut self, ctx: &mut Ctx<'_, Event>, reason: &str, message: &str) {
        let about = self.involved();
        self.recorder.warning(ctx, &about, reason, message);
    }

    /// An event about the node. Its uid is the node's name, as the kubelet has always written it.
    fn node_event(&mut self, ctx: &mut Ctx<'_, Event>, reason: &str, message: &str) {
        let about = self.involved();
        self.recorder.normal(ctx, &about, reason, message);
    }

    fn involved(&self) -> Involved {
        let mut about = Involved::default();
        about.reference.api_version = Some("v1".to_owned());
        about.reference.kind = Some("Node".to_owned());
        about.reference.name = Some(self.node.name.to_string());
        about.reference.uid = Some(self.node.name.to_string());
        about
    }

    /// Answers for the fake pods: whatever they are asked, they say yes.
    #[inline(never)] // it waits in the second file of the wasm until somebody makes a fake node
    fn answer_as_fake(&mut self, request: &HttpRequest, ctx: &mut Ctx<'_, Event>) {
        let body: Rc<str> = match ctx
            .list::<Pod>(None)
            .iter()
            .find(|p| pod_ip(p) == Some(&*request.to))
        {
            Some(pod) => format!("{}\n", pod.name()).into(),
            None => {
                let reply = HttpReply {
                    id: request.id,
                    outcome: Outcome::Unreachable,
                };
                return ctx.transmit(millis(1), Packet::Reply(reply));
            }
        };
        let outcome = Outcome::Answer {
            status: 200,
            headers: vec![("Content-Type".into(), "text/plain".into())],
            body,
        };
        let reply = HttpReply {
            id: request.id,
            outcome,
        };
        ctx.transmit(millis(1), Packet::Reply(reply));
    }
}

fn pod_ip(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.pod_ip.as_deref()
}

impl Component for Kubelet {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event>) {
        if !self.node.is_fake() {
            ctx.watch_pods_of(&self.node.name);
            let delay = latency::REGISTER.draw(ctx.rng(&self.stream));
            return ctx.after(delay, Event::Register);
        }
        if self.node.index == 0 {
            ctx.watch::<Pod>();
        }
        self.register(ctx);
    }

    fn watched(&mut self, event: WatchEvent, ctx: &mut Ctx<'_, Event>) {
        if !self.node.is_fake() {
            self.pod_changed(&event, ctx);
        } else if let Some((at, event)) = self.fake.watched(&event, ctx) {
            ctx.at(at, Event::Fake(event));
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event>) {
        match event {
            Event::Register => self.register(ctx),
            Event::RuntimeUp => self.runtime_up(ctx),
            Event::RenewLease => {
                lease::renew(ctx, &self.node.name);
                self.schedule_lease(ctx);
            }
            Event::ReportChange => self.write_status(ctx),
            Event::ReportStatus => {
                self.write_status(ctx);
                ctx.after(latency::STATUS_REPORT, Event::ReportStatus);
            }
            Event::Fake(event) => {
                if let Some((at, event)) = self.fake.handle(event, ctx) {
                    ctx.at(at, Event::Fake(event));
                }
            }
            Event::Manifests => self.sync_manifests(ctx),
            Event::Look => self.look(ctx),
            Event::Pod(uid, event) => self.pod_event(&uid, event, ctx),
        }
    }

    fn received(&mut self, packet: Packet, ctx: &mut Ctx<'_, Event>) {
        match packet {
            Packet::Request(request) if self.node.is_fake() => self.answer_as_fake(&request, ctx),
            Packet::Request(request) => self.request(&request, ctx),
            Packet::Called(called) => {
                self.with_worker(&called.pod.clone(), ctx, |w, h, ctx| {
                    w.called(&called, h, ctx)
                });
            }
            Packet::Reply(_) | Packet::Call(_) => {}
        }
    }

    /// Containers run on while their kubelet stands still.
    fn is_physical(event: &Event) -> bool {
        matches!(event, Event::Pod(_, event) if event.is_physical())
    }

    fn label(event: &Event) -> &'static str {
        match event {
            Event::Register => "register node",
            Event::RuntimeUp => "runtime is up",
            Event::RenewLease => "renew lease",
            Event::ReportChange | Event::ReportStatus => "report node status",
            Event::Fake(_) => "complete",
            Event::Manifests => "read manifests",
            Event::Look => "look at memory",
            Event::Pod(_, event) => event.label(),
        }
    }
}
