//! Hands pods, events and requests to the workers.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};

use super::pod::attach::Mark;
use super::pod::exec::{ExecCall, ExecState, Given};
use super::pod::{Host, LogQuery, Logged, PodEvent, PodWorker, admission, net};
use super::{Event, Kubelet, latency};
use crate::api::{Key, Name, Resource};
use crate::apiserver::{DeleteOptions, EventType, WatchEvent};
use crate::client::Ctx;
use crate::client::wire::{HttpRequest, Outcome};
use crate::sim::Time;

/// Marks the object that mirrors a static pod.
pub const MIRROR: &str = "kubernetes.io/config.mirror";

impl Kubelet {
    /// Lets `act` run on a worker with what the node lends it.
    pub(super) fn with_worker(
        &mut self,
        uid: &Rc<str>,
        ctx: &mut Ctx<'_, Event>,
        act: impl FnOnce(&mut PodWorker, &mut Host<'_>, &mut Ctx<'_, Event>),
    ) {
        let Some(mut worker) = self.pods.remove(uid) else {
            return;
        };
        let mut host = Host {
            node: &self.node,
            recorder: &mut self.recorder,
            images: &mut self.images,
            addresses: &mut self.addresses,
            last_env: &mut self.last_env,
            stream: &self.stream,
            new_image: false,
            new_use: false,
        };
        let worker_mut = Rc::make_mut(&mut worker);
        let lent = worker_mut.uses_host();
        if lent {
            worker_mut.lend(std::mem::take(&mut self.files));
        }
        act(worker_mut, &mut host, ctx);
        if lent {
            self.files = worker_mut.give_back().unwrap_or_default();
        }
        let (new_image, new_use) = (host.new_image, host.new_use);
        let (exceeds, fills) = (worker.exceeded().is_some(), worker.fills());
        if !worker.is_finished() {
            self.pods.insert(worker);
        }
        if new_image && !self.status.pending {
            self.status.pending = true;
            ctx.after(latency::STATUS_UPDATE, Event::ReportChange);
        }
        if new_use {
            self.plan_look(ctx);
        }
        if exceeds || (fills && self.is_full(ctx.now())) {
            self.look_after(Duration::ZERO, ctx);
        }
    }

    pub(super) fn pod_event(&mut self, uid: &Rc<str>, event: PodEvent, ctx: &mut Ctx<'_, Event>) {
        match event {
            PodEvent::Admit => self.admit(uid, ctx),
            event => self.with_worker(uid, ctx, |w, h, ctx| w.handle(event, h, ctx)),
        }
        self.resize_pods(ctx);
    }

    /// A pod that is bound to this node was made, changed, or removed.
    pub(super) fn pod_changed(&mut self, event: &WatchEvent, ctx: &mut Ctx<'_, Event>) {
        let Some(pod) = event.object.get::<Pod>().cloned() else {
            return;
        };
        let annotations = pod.metadata.annotations.as_ref();
        if annotations.is_some_and(|a| a.contains_key(MIRROR)) {
            return self.mirror_changed(event.event, &pod, ctx);
        }
        let uid: Rc<str> = pod.uid().into();
        if event.event == EventType::Deleted {
            self.with_worker(&uid, ctx, |w, h, ctx| w.removed(h, ctx));
            return self.resize_pods(ctx);
        }
        if self.pods.contains(&uid) {
            self.with_worker(&uid, ctx, |w, h, ctx| w.update(pod, h, ctx));
            return self.resize_pods(ctx);
        }
        let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
        let finished = matches!(phase, Some("Succeeded" | "Failed"));
        if finished && pod.metadata.deletion_timestamp.is_some() {
            let options = DeleteOptions {
                grace_period_seconds: Some(0),
                uid: Some(uid.to_string()),
                ..DeleteOptions::default()
            };
            // Held by a finalizer, it goes when that goes.
            let _ = ctx.delete::<Pod>(&pod.key(), &options);
        }
        if finished {
            return;
        }
        self.add(pod, false, ctx);
    }

    /// Takes in a pod, and lets it be admitted.
    pub(super) fn add(&mut self, pod: Rc<Pod>, is_static: bool, ctx: &mut Ctx<'_, Event>) {
        let uid: Rc<str> = pod.uid().into();
        let worker = match self.past.remove(&Name::new(&uid)) {
            Some(past) => past.revived(pod, ctx.now()),
            None => PodWorker::new(pod, is_static, ctx.now()),
        };
        self.pods.insert(Rc::new(worker));
        let delay = latency::ADMIT.draw(ctx.rng(&self.stream));
        ctx.after(delay, Event::Pod(uid, PodEvent::Admit));
    }

    /// Pods that came before the runtime was up.
    pub(super) fn admit_waiting(&mut self, ctx: &mut Ctx<'_, Event>) {
        let waiting: Vec<Rc<str>> = self.pods.values().map(|w| w.uid.clone()).collect();
        for uid in waiting {
            self.admit(&uid, ctx);
        }
    }

    fn admit(&mut self, uid: &Rc<str>, ctx: &mut Ctx<'_, Event>) {
        if !self.ready {
            return;
        }
        let Some(worker) = self.pods.get(uid) else {
            return;
        };
        let deleted = worker.pod.metadata.deletion_timestamp.is_some();
        let refusal = match ctx.get::<Node>(&Key::new("", &self.node.name)) {
            Some(node) if !worker.is_static && !deleted => self
                .pressure_refusal(worker)
                .or_else(|| admission::check(worker, &self.pods, &node)),
            _ => None,
        };
        self.with_worker(uid, ctx, |w, h, ctx| {
            if deleted {
                let pod = w.pod.clone();
                return w.update(pod, h, ctx);
            }
            w.admit(refusal, h, ctx);
        });
    }

    /// A request over the network to one of the node's addresses.
    pub(super) fn request(&mut self, request: &HttpRequest, ctx: &mut Ctx<'_, Event>) {
        let pods = self.addresses.pods_at(&self.node, &request.to);
        let now = ctx.now();
        let accepts = |uid: &&Rc<str>| {
            self.pods
                .get(uid)
                .is_some_and(|w| w.accepts(request.port, now))
        };
        let taker = pods.iter().find(accepts).or(pods.first()).cloned();
        match taker {
            Some(uid) => self.with_worker(&uid, ctx, |w, h, ctx| w.request(request, h, ctx)),
            None if *request.to == *self.node.address() => {
                net::reply(ctx, request.id, Outcome::Refused);
            }
            None => net::reply(ctx, request.id, Outcome::Unreachable),
        }
    }

    /// The logs of a container of a pod on this node.
    pub fn logs(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        query: &LogQuery,
        now: Time,
    ) -> Logged {
        let worker = self
            .pods
            .values()
            .find(|w| *w.key.namespace == *namespace && *w.key.name == *pod && !w.gone);
        match worker {
            Some(worker) => worker.logs(container, query, now),
            None if self.node.is_fake() => {
                let address = self.node.address();
                Logged::Unreachable(format!(
                    "Get \"https://{address}:10250/containerLogs/{namespace}/{pod}/{container}\": dial tcp {address}:10250: connect: connection refused"
                ))
            }
            None => Logged::Refused(format!(
                "container \"{container}\" in pod \"{pod}\" is waiting to start: ContainerCreating"
            )),
        }
    }

    fn uid_of(&self, namespace: &str, pod: &str) -> Option<Rc<str>> {
        let worker = self
            .pods
            .values()
            .find(|w| *w.key.namespace == *namespace && *w.key.name == *pod && !w.gone);
        worker.map(|w| w.uid.clone())
    }

    /// Starts a command in a container of a pod on this node; its number.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn start_exec(
        &mut self,
        namespace: &str,
        pod: &str,
        call: &ExecCall,
        ctx: &mut Ctx<'_, Event>,
    ) -> Result<u64, String> {
        if self.node.is_fake() {
            return Err(format!(
                "error dialing backend: dial tcp {}:10250: connect: connection refused",
                self.node.address()
            ));
        }
        let mut started = Err(format!("pod {pod}_{namespace} not found"));
        if let Some(uid) = self.uid_of(namespace, pod) {
            self.with_worker(&uid, ctx, |w, h, ctx| started = w.start_exec(call, h, ctx));
        }
        started
    }

    /// More input for a command; tells whether it is known.
    pub fn exec_input(
        &mut self,
        namespace: &str,
        pod: &str,
        id: u64,
        given: &Given,
        ctx: &mut Ctx<'_, Event>,
    ) -> bool {
        let mut known = false;
        if let Some(uid) = self.uid_of(namespace, pod) {
            self.with_worker(&uid, ctx, |w, h, ctx| {
                known = w.exec_input(id, given, h, ctx);
            });
        }
        known
    }

    /// How far a command has come.
    pub fn exec_state(&self, namespace: &str, pod: &str, id: u64) -> Option<&ExecState> {
        let uid = self.uid_of(namespace, pod)?;
        self.pods.get(&uid)?.exec_state(id)
    }

    /// Attaches to the process of a container, if it reads what is typed; to all that it wrote, or to what it
    /// writes from now on.
    pub fn attach(&self, namespace: &str, pod: &str, container: &str, whole: bool) -> Option<Mark> {
        let uid = self.uid_of(namespace, pod)?;
        self.pods.get(&uid)?.attach(container, whole)
    }

    /// What such a process has written since.
    pub fn attached(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        mark: Mark,
    ) -> Option<ExecState> {
        let uid = self.uid_of(namespace, pod)?;
        Some(self.pods.get(&uid)?.attached(container, mark))
    }

    /// Somebody types at such a process, in one of its runs.
    pub fn attached_input(
        &mut self,
        namespace: &str,
        pod: &str,
        (container, attempt): (&str, u32),
        given: &Given,
        ctx: &mut Ctx<'_, Event>,
    ) {
        if let Some(uid) = self.uid_of(namespace, pod) {
            self.with_worker(&uid, ctx, |w, h, ctx| {
                w.attached_input(container, attempt, given, h, ctx);
            });
        }
    }

    /// How many pods the node has workers for.
    pub fn pod_count(&self) -> usize {
        self.pods.len()
    }
}
