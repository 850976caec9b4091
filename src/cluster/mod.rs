//! The composition root: joins the parts of a cluster around one event queue.
//!
//! A [`Cluster`] is a value. Cloning it is a snapshot; running a clone differently is a fork.
//! Events happen in the queue's total order: (time, class, sequence). Classes, first to last:
//! watch deliveries, packets, what components scheduled for themselves, housekeeping.
//!
//! Architecture invariant: components never see each other. They meet through API objects, and
//! through packets on the simulated network, both of which pass through here.

mod bootstrap;
mod config;
mod difference;
mod event;
mod exec;
mod faults;
pub mod history;
mod http;
mod kubelets;
mod logs;
mod machines;
mod replica;
mod roles;
mod timeline;
mod why;

use std::rc::Rc;
use std::time::Duration;

use crate::api::Status;
use crate::apiserver::{
    ApiServer, Caller, Cursor, Latency, Request, Response, WatchEvent, WatcherId,
};
use crate::client::wire::Packet;
use crate::client::world::World;
use crate::client::{Component, Ctx, Outbox};
use crate::controllers::{self, Controllers};
use crate::kubelet::{self, Kubelet};
use crate::network::Network;
use crate::scheduler::Scheduler;
use crate::sim::{CauseId, Class, EventQueue, Kernel, Time};

use faults::{Applied, Faults};
use machines::Machines;

pub use config::{Config, NodeConfig};
pub use difference::{Change, ContainerChange, Counted};
pub use event::Event;
pub use replica::Arrival;
pub use timeline::{Input, Recorded, Timeline};
pub use why::Step;

const DELIVERIES: Class = Class(0);
const PACKETS: Class = Class(1);
const COMPONENTS: Class = Class(2);
const HOUSEKEEPING: Class = Class(3);

/// Subscribers of watches, by number: the kubelets follow the fixed ones.
const CONTROLLERS: u32 = 0;
const SCHEDULER: u32 = 1;
const NETWORK: u32 = 2;
const FIRST_KUBELET: u32 = 3;
const FAULTS: u32 = u32::MAX;

/// A simulated cluster, whole.
#[derive(Clone)]
pub struct Cluster {
    kernel: Kernel,
    queue: EventQueue<Event>,
    server: ApiServer,
    controllers: Part<Controllers>,
    scheduler: Part<Scheduler>,
    network: Part<Network>,
    kubelets: Vec<Part<Kubelet>>,
    faults: Part<Faults>,
    /// What the faults make of the world, and what of them was brought about.
    world: World,
    applied: Applied,
    /// What people have done to the machines of the nodes.
    machines: Machines,
    config: Rc<Config>,
    /// How many events were handled.
    steps: u64,
    /// For which instant the end of the next lease is scheduled.
    expiry: Option<Time>,
}

/// A component with the identity under which it speaks to the API server.
#[derive(Clone)]
struct Part<C: Component> {
    /// Shared with checkpoints until it acts: a checkpoint is not paid for at once, and of nodes on which nothing
    /// happens all checkpoints have one copy.
    component: Rc<C>,
    caller: Caller,
    subscriber: u32,
    latency: Latency,
    /// Which life of its machine it is: what was scheduled in an older one does not happen.
    boot: u32,
    /// Its requests do not reach the API server.
    offline: bool,
    /// Its process stands still; what is due is held.
    paused: bool,
    held: Vec<(CauseId, C::Event)>,
    /// How much longer its requests take, and until when it waits for them.
    slow: Duration,
    busy: Time,
}

/// What all parts share, borrowed apart from them.
struct Shared<'c> {
    kernel: &'c mut Kernel,
    server: &'c mut ApiServer,
    queue: &'c mut EventQueue<Event>,
    world: &'c World,
}

impl<C: Component> Part<C> {
    fn new(component: C, name: &str, subscriber: u32, latency: Latency) -> Self {
        Part {
            component: Rc::new(component),
            caller: Caller::component(name),
            subscriber,
            latency,
            boot: 0,
            offline: false,
            paused: false,
            held: Vec::new(),
            slow: Duration::ZERO,
            busy: Time(0),
        }
    }

    /// The event, unless the process cannot handle it now: it stands still, or waits for the API
    /// server.
    fn ready(
        &mut self,
        event: C::Event,
        cause: CauseId,
        queue: &mut EventQueue<Event>,
        wrap: impl Fn(C::Event) -> Event,
    ) -> Option<C::Event> {
        let free = !self.paused && self.busy <= queue.now();
        if free || C::is_physical(&event) {
            return Some(event);
        }
        match self.paused {
            true => self.held.push((cause, event)),
            false => {
                queue.push(self.busy, COMPONENTS, cause, wrap(event));
            }
        }
        None
    }

    /// What was held back while the process stood still is due now.
    fn release(&mut self, queue: &mut EventQueue<Event>, wrap: impl Fn(C::Event) -> Event) {
        if !self.paused {
            for (cause, event) in std::mem::take(&mut self.held) {
                queue.push(queue.now(), COMPONENTS, cause, wrap(event));
            }
        }
    }

    /// Lets the component act, and schedules what it asked for.
    fn act(
        &mut self,
        shared: Shared<'_>,
        wrap: impl Fn(C::Event) -> Event,
        act: impl FnOnce(&mut C, &mut Ctx<'_, C::Event>),
    ) {
        let mut out = Outbox::default();
        let mut ctx = Ctx {
            kernel: shared.kernel,
            server: shared.server,
            caller: &self.caller,
            subscriber: self.subscriber,
            latency: self.latency,
            out: &mut out,
            world: shared.world,
            offline: self.offline,
            calls: 0,
        };
        act(Rc::make_mut(&mut self.component), &mut ctx);
        let (now, calls) = (ctx.now(), ctx.calls);
        if !self.slow.is_zero() {
            self.busy = self.busy.max(now) + self.slow.saturating_mul(calls);
        }
        for (at, cause, event) in out.events {
            shared.queue.push(at, COMPONENTS, cause, wrap(event));
        }
        for (at, cause, packet) in out.packets {
            shared.queue.push(at, PACKETS, cause, Event::Packet(packet));
        }
    }
}

/// Runs `$act` on a part of `$cluster`.
macro_rules! act {
    ($cluster:expr, $part:expr, $wrap:expr, $act:expr) => {
        $part.act(
            Shared {
                kernel: &mut $cluster.kernel,
                server: &mut $cluster.server,
                queue: &mut $cluster.queue,
                world: &$cluster.world,
            },
            $wrap,
            $act,
        )
    };
}

impl Cluster {
    /// A new cluster at the instant `config.start`, with its control plane started and its nodes
    /// about to register.
    pub fn new(config: Config) -> Self {
        let mut cluster = Cluster::assemble(config);
        cluster.begin();
        cluster
    }

    /// The parts of a cluster, of which none has begun to work.
    fn assemble(config: Config) -> Self {
        let latency = config.watch_latency;
        let kubelets = config
            .nodes
            .iter()
            .enumerate()
            .map(|(i, node)| {
                let name = format!("node:{}", node.name);
                let subscriber = FIRST_KUBELET + i as u32;
                Part::new(Kubelet::new(node.kubelet()), &name, subscriber, latency)
            })
            .collect();
        Cluster {
            kernel: Kernel::new(config.seed, config.start),
            queue: EventQueue::new(config.start),
            server: ApiServer::new(),
            controllers: Part::new(
                Controllers::new(config.bare),
                "kube-controller-manager",
                CONTROLLERS,
                latency,
            ),
            scheduler: Part::new(Scheduler::default(), "kube-scheduler", SCHEDULER, latency),
            network: Part::new(Network::default(), "kube-proxy", NETWORK, latency),
            kubelets,
            faults: Part::new(Faults::default(), "faults", FAULTS, latency),
            world: World::default(),
            applied: Applied::default(),
            machines: Machines::default(),
            config: Rc::new(config),
            steps: 0,
            expiry: None,
        }
    }

    fn begin(&mut self) {
        match self.config.bare {
            true => self.server.hide_play(),
            false => self.server.serve_metrics(),
        }
        self.bootstrap();
        act!(self, self.controllers, Event::Controllers, |c, ctx| c
            .start(ctx));
        act!(self, self.scheduler, Event::Scheduler, |c, ctx| c
            .start(ctx));
        act!(self, self.network, Event::Network, |c, ctx| c.start(ctx));
        act!(self, self.faults, Event::Faults, |c, ctx| c.start(ctx));
        for i in 0..self.kubelets.len() {
            let wrap = move |event| Event::Kubelet(i as u32, 0, event);
            act!(self, self.kubelets[i], wrap, |c, ctx| c.start(ctx));
        }
        self.settle();
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn now(&self) -> Time {
        self.queue.now()
    }

    /// The API server, to be read. Writes go through [`Cluster::request`].
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// Causes, trace hash and the like.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler.component
    }

    pub fn network(&self) -> &Network {
        &self.network.component
    }

    pub fn kubelet(&self, node: &str) -> Option<&Kubelet> {
        let index = self.config.nodes.iter().position(|n| n.name == node)?;
        self.kubelets.get(index).map(|part| &*part.component)
    }

    /// How many events were handled since the start.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// When the next event is due.
    pub fn next_event_at(&self) -> Option<Time> {
        self.queue.next_at()
    }

    /// Answers a request of a client, at this instant.
    pub fn request(&mut self, request: &Request) -> Response {
        self.kernel.now = self.queue.now();
        self.kernel.cause = CauseId::NONE;
        let subject = format!("{} {}", request.method.name(), request.path);
        if !request.is_read_only() {
            let actor: Rc<str> = request.user_agent.as_str().into();
            self.kernel.cause = self.kernel.record(&actor, "request", subject.into(), 0, "");
        }
        if let Some(response) = self.machine(request) {
            self.look_at_components(None);
            self.settle();
            return response;
        }
        if let Some(response) = self.read_logs(request) {
            return response;
        }
        if let Some(response) = self.ask_kubelet(request) {
            return response;
        }
        if let Some(response) = self.exec(request) {
            self.settle();
            return response;
        }
        let response = self.server.handle(&mut self.kernel, request);
        self.settle();
        response
    }

    /// The events of a watch since `cursor`; see [`ApiServer::pull`].
    pub fn pull(&self, cursor: &mut Cursor) -> Result<Vec<WatchEvent>, Box<Status>> {
        self.server.pull(cursor, &|_| true)
    }

    /// Handles the next event if it is due at or before `limit`; tells whether there was one.
    pub fn step(&mut self, limit: Time) -> bool {
        let Some((ticket, cause, event)) = self.queue.pop(limit) else {
            return false;
        };
        self.steps += 1;
        self.kernel.now = ticket.at;
        self.kernel.cause = cause;
        self.kernel.trace.event(ticket, event.label());
        let kubelet = Cluster::kubelet_of(&event);
        match event {
            Event::Deliver(watcher) => self.deliver(watcher),
            Event::Expire => {
                self.expiry = None;
                self.server.expire(&mut self.kernel);
            }
            Event::Packet(packet) => self.route(packet),
            Event::Controllers(event) => {
                let part = &mut self.controllers;
                if let Some(event) = part.ready(event, cause, &mut self.queue, Event::Controllers) {
                    act!(self, part, Event::Controllers, |c, ctx| c
                        .handle(event, ctx));
                }
            }
            Event::Scheduler(event) => {
                let part = &mut self.scheduler;
                if let Some(event) = part.ready(event, cause, &mut self.queue, Event::Scheduler) {
                    act!(self, part, Event::Scheduler, |c, ctx| c.handle(event, ctx));
                }
            }
            Event::Network(event) => {
                let part = &mut self.network;
                if let Some(event) = part.ready(event, cause, &mut self.queue, Event::Network) {
                    act!(self, part, Event::Network, |c, ctx| c.handle(event, ctx));
                }
            }
            Event::Kubelet(i, boot, event) => {
                let part = self.kubelets.get_mut(i as usize);
                if let Some(part) = part.filter(|part| part.boot == boot) {
                    let wrap = move |event| Event::Kubelet(i, boot, event);
                    if let Some(event) = part.ready(event, cause, &mut self.queue, wrap) {
                        act!(self, part, wrap, |c, ctx| c.handle(event, ctx));
                    }
                }
            }
            Event::Faults(event) => {
                act!(self, self.faults, Event::Faults, |c, ctx| c
                    .handle(event, ctx));
                self.apply_faults();
            }
        }
        if kubelet.is_some() {
            self.look_at_components(kubelet);
        }
        self.settle();
        true
    }

    /// Runs until `until`: handles every event up to then, and moves the clock there.
    pub fn run_until(&mut self, until: Time) {
        while self.step(until) {}
        self.queue.advance(until);
        self.kernel.now = self.queue.now();
    }

    /// Runs for `span` of virtual time.
    pub fn run_for(&mut self, span: std::time::Duration) {
        self.run_until(self.now() + span);
    }

    /// Runs until `done` holds, looking after every event; tells whether it came to hold by
    /// `limit`.
    pub fn run_while_not(&mut self, limit: Time, done: impl Fn(&Cluster) -> bool) -> bool {
        loop {
            if done(self) {
                return true;
            }
            if !self.step(limit) {
                return false;
            }
        }
    }

    fn deliver(&mut self, watcher: WatcherId) {
        let Some(event) = self.server.next_delivery(self.kernel.now, watcher) else {
            return;
        };
        let Some(subscriber) = self.server.subscriber(watcher) else {
            return;
        };
        self.kernel.cause = event.cause;
        match subscriber {
            CONTROLLERS => {
                act!(self, self.controllers, Event::Controllers, |c, ctx| c
                    .watched(event, ctx));
            }
            SCHEDULER => {
                act!(self, self.scheduler, Event::Scheduler, |c, ctx| c
                    .watched(event, ctx));
            }
            NETWORK => {
                act!(self, self.network, Event::Network, |c, ctx| c
                    .watched(event, ctx));
            }
            FAULTS => {
                act!(self, self.faults, Event::Faults, |c, ctx| c
                    .watched(event, ctx));
                self.apply_faults();
            }
            kubelet => {
                let i = kubelet - FIRST_KUBELET;
                if let Some(part) = self.kubelets.get_mut(i as usize) {
                    let boot = part.boot;
                    let wrap = move |event| Event::Kubelet(i, boot, event);
                    act!(self, part, wrap, |c, ctx| c.watched(event, ctx));
                }
            }
        }
    }

    /// Carries a packet to the node it names, or back to the network's clients.
    fn route(&mut self, packet: Packet) {
        let node = match &packet {
            Packet::Request(request) => request.node.clone(),
            Packet::Called(called) => called.node.clone(),
            Packet::Reply(_) | Packet::Call(_) => {
                act!(self, self.network, Event::Network, |c, ctx| c
                    .received(packet, ctx));
                return;
            }
        };
        // Nobody is there to take it.
        if self.world.off.contains(&node) {
            return;
        }
        let mut nodes = self.config.nodes.iter();
        if let Some(i) = nodes.position(|n| *n.name == *node) {
            self.on_node(i, |kubelet, ctx| kubelet.received(packet, ctx));
        }
    }

    /// Lets a kubelet act.
    fn on_node(&mut self, i: usize, act: impl FnOnce(&mut Kubelet, &mut Ctx<'_, kubelet::Event>)) {
        if let Some(part) = self.kubelets.get_mut(i) {
            let boot = part.boot;
            let wrap = move |event| Event::Kubelet(i as u32, boot, event);
            act!(self, part, wrap, act);
        }
    }

    /// Lets the controller manager act.
    fn on_controllers(
        &mut self,
        act: impl FnOnce(&mut Controllers, &mut Ctx<'_, controllers::Event>),
    ) {
        act!(self, self.controllers, Event::Controllers, act);
    }

    /// What was held back for processes that go on is due now.
    fn release(&mut self) {
        let queue = &mut self.queue;
        self.controllers.release(queue, Event::Controllers);
        self.scheduler.release(queue, Event::Scheduler);
        self.network.release(queue, Event::Network);
        for (i, part) in self.kubelets.iter_mut().enumerate() {
            let boot = part.boot;
            part.release(queue, |event| Event::Kubelet(i as u32, boot, event));
        }
    }

    /// Why nobody on a node takes requests of the API server now.
    fn unreachable(&self, i: usize) -> Option<String> {
        let (node, part) = (self.config.nodes.get(i)?, self.kubelets.get(i)?);
        let dark = self.world.is_dark(&node.name);
        let address = part.component.node.address();
        (dark || part.paused).then(|| {
            let why = match () {
                () if dark => "connect: no route to host",
                () if self.machines.is_stopped(&node.name) => "connect: connection refused",
                () => "i/o timeout",
            };
            format!("dial tcp {address}:10250: {why}")
        })
    }

    /// Schedules what the API server has to tell, and the end of the next lease.
    fn settle(&mut self) {
        for (at, watcher) in self.server.take_wakeups() {
            self.queue
                .push(at, DELIVERIES, self.kernel.cause, Event::Deliver(watcher));
        }
        if let Some(at) = self.server.next_expiry()
            && self.expiry.is_none_or(|scheduled| at < scheduled)
        {
            self.expiry = Some(at);
            self.queue
                .push(at, HOUSEKEEPING, CauseId::NONE, Event::Expire);
        }
    }
}
