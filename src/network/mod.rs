//! The network of the cluster, seen from its clients: names, the service load balancer, and
//! simulated traffic.
//!
//! A request goes from a client by way of DNS and kube-proxy's rules to a node; the node's
//! kubelet answers for the pod there. How long each step takes stands in [`latency`]. A client
//! without an address of its own choosing lives in a network beside those of the pods, and its
//! connections are seen by the kube-proxy of one node, taken in turn.
//!
//! Differences from a real network: HTTP over TCP alone; one set of rules for the kube-proxies of
//! all nodes; every request opens a connection; no packet is lost at random.

mod balance;
mod dns;
mod exchange;
mod flow;
mod ingress;
mod latency;
mod objects;
mod policy;
mod proxying;
mod rules;
mod stats;
mod table;
#[cfg(test)]
mod testing;
mod traffic;
mod trouble;
mod way;

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass, NetworkPolicy};

use crate::api::play::Traffic;
use crate::api::url::{Url, UrlError};
use crate::api::{Key, Resource};
use crate::apiserver::WatchEvent;
use crate::client::wire::{Called, Packet};
use crate::client::{Component, Ctx};
use crate::sim::Time;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

use exchange::{Launch, Open, Owner};
use flow::Flows;
use latency::draw;
use objects::Objects;
use rules::Rules;
use stats::Rolling;

pub use balance::Mode;
pub use flow::{Endpoint, Flow, Outcome};
pub use policy::{Denial, Direction};
pub use rules::Door;
pub use stats::Stats;
pub use table::{ProxyEndpoint, ProxyRule, ProxyTable};

/// The random stream for choices and latencies.
const STREAM: &str = "network";
/// So many results of single requests are kept.
const RESULTS: usize = 64;
/// Namespace and name of kube-proxy's ConfigMap; its pods bear the name as a label.
const PROXY: (&str, &str) = ("kube-system", "kube-proxy");
/// The address of the terminal, when it is a client in the pods' network.
const TERMINAL: &str = "10.245.255.1";

/// From where a single request is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client in the pods' network.
    Client,
    /// A node's shell.
    Node(String),
}

/// A single request, as curl makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    pub origin: Origin,
    /// Where names without one are looked for first.
    pub namespace: String,
    pub method: String,
    pub url: String,
    /// Of these, `Host` matters to the simulation.
    pub headers: Vec<(String, String)>,
    /// In milliseconds; without one, until the connection is given up.
    pub timeout_millis: Option<u64>,
}

/// How a single request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResult {
    /// The address that was connected to; absent when the name led to none.
    pub address: Option<Rc<str>>,
    pub port: u16,
    pub started: Time,
    pub finished: Time,
    pub outcome: Outcome,
    /// Name and value, in order.
    pub headers: Vec<(Rc<str>, Rc<str>)>,
    pub body: Rc<str>,
}

#[derive(Clone, Default)]
pub struct Network {
    objects: Objects,
    rules: Rules,
    /// Services whose rules are out of date.
    dirty: BTreeSet<Key>,
    /// Whether writing the rules is scheduled, and when they were written last.
    sync_due: bool,
    synced: Option<Time>,
    /// The container of each node's kube-proxy: another one reads the configuration again.
    proxies: BTreeMap<Rc<str>, Rc<str>>,
    generators: traffic::Generators,
    /// Where ingress controllers sent the last request for a Service.
    turns: BTreeMap<Key, u64>,
    flows: Flows,
    open: BTreeMap<u64, Open>,
    deadlines: BTreeSet<(Time, u64)>,
    alarm: Option<Time>,
    by_service: BTreeMap<Key, Rolling>,
    by_traffic: BTreeMap<Key, Rolling>,
    results: BTreeMap<u64, HttpResult>,
    next_single: u64,
    /// Requests of processes that have ended, and of which nobody was told.
    called: Vec<Called>,
}

#[derive(Clone)]
pub enum Event {
    /// kube-proxy writes its rules.
    Sync,
    /// The next request of a Traffic object, of one run of it.
    Send { traffic: Key, run: u64 },
    /// A request ends without having reached a node.
    Ends { id: u64, outcome: Outcome },
    /// The time of a request is up.
    Deadline,
}

impl Component for Network {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event>) {
        ctx.watch::<Service>();
        ctx.watch::<EndpointSlice>();
        ctx.watch::<Pod>();
        ctx.watch::<Node>();
        ctx.watch::<Namespace>();
        ctx.watch::<NetworkPolicy>();
        ctx.watch::<Ingress>();
        ctx.watch::<IngressClass>();
        ctx.watch::<Traffic>();
    }

    fn watched(&mut self, event: WatchEvent, ctx: &mut Ctx<'_, Event>) {
        self.traffic_seen(&event, ctx);
        self.proxy_seen(&event, ctx);
        if let Some(service) = self.objects.apply(&event) {
            self.dirty.insert(service);
            self.plan_sync(ctx);
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event>) {
        match event {
            Event::Sync => self.sync(ctx.now()),
            Event::Send { traffic, run } => self.send_next(&traffic, run, ctx),
            Event::Ends { id, outcome } => self.ended(id, outcome, ctx),
            Event::Deadline => self.time_out(ctx),
        }
        self.tell_callers(ctx);
    }

    fn received(&mut self, packet: Packet, ctx: &mut Ctx<'_, Event>) {
        match packet {
            Packet::Reply(reply) => self.replied(reply, ctx),
            Packet::Call(call) => self.call(call, ctx),
            Packet::Request(_) | Packet::Called(_) => {}
        }
        self.tell_callers(ctx);
    }

    /// All but what kube-proxy does.
    fn is_physical(event: &Event) -> bool {
        !matches!(event, Event::Sync)
    }

    fn label(event: &Event) -> &'static str {
        match event {
            Event::Sync => "sync proxy rules",
            Event::Send { .. } => "send request",
            Event::Ends { .. } => "request ends",
            Event::Deadline => "request deadline",
        }
    }
}

impl Network {
    /// The requests from `id` on, oldest first, as far as they are remembered. A request that
    /// has not ended changes later: ask for it again with [`Network::flow`].
    pub fn flows_since(&self, id: u64) -> impl Iterator<Item = &Flow> {
        self.flows.since(id)
    }

    pub fn flow(&self, id: u64) -> Option<&Flow> {
        self.flows.get(id)
    }

    /// The id that the next request will have.
    pub fn next_flow(&self) -> u64 {
        self.flows.next_id()
    }

    /// How requests through a Service ended in the last `seconds` before `now`.
    pub fn stats(&self, namespace: &str, service: &str, seconds: u64, now: Time) -> Stats {
        let found = self.by_service.get(&Key::new(namespace, service));
        found.map(|r| r.last(seconds, now)).unwrap_or_default()
    }

    /// The same, second by second, oldest first.
    pub fn stats_series(
        &self,
        namespace: &str,
        service: &str,
        seconds: u64,
        now: Time,
    ) -> Vec<Stats> {
        let found = self.by_service.get(&Key::new(namespace, service));
        let empty = Rolling::default();
        found.unwrap_or(&empty).series(seconds, now)
    }

    /// How the requests of a Traffic object ended in the last `seconds` before `now`.
    pub fn traffic_stats(&self, namespace: &str, name: &str, seconds: u64, now: Time) -> Stats {
        let found = self.by_traffic.get(&Key::new(namespace, name));
        found.map(|r| r.last(seconds, now)).unwrap_or_default()
    }

    /// Makes a single request; its result will be found under the number that is returned.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn http(&mut self, call: &HttpCall, ctx: &mut Ctx<'_, Event>) -> Result<u64, UrlError> {
        let url = Url::parse(&call.url)?;
        let number = self.next_single;
        self.next_single += 1;
        let (from, node): (Rc<str>, Rc<str>) = match &call.origin {
            Origin::Client => (TERMINAL.into(), self.objects.some_node(0)),
            Origin::Node(node) => {
                let address = self.objects.address_of_node(node).cloned();
                (address.unwrap_or_default(), node.as_str().into())
            }
        };
        let host = call
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"))
            .map_or_else(|| url.authority(), |(_, value)| value.clone());
        let launch = Launch {
            owner: Owner::Single(number),
            client: 0,
            from,
            node,
            namespace: call.namespace.as_str().into(),
            url,
            host: host.into(),
            method: call.method.as_str().into(),
            token: "".into(),
            body: "".into(),
            timeout: call
                .timeout_millis
                .map_or(latency::CONNECT_TIMEOUT, Duration::from_millis),
        };
        self.launch(launch, ctx);
        Ok(number)
    }

    /// The result of a single request, once it has one. The latest are kept.
    pub fn http_result(&self, number: u64) -> Option<&HttpResult> {
        self.results.get(&number)
    }

    fn keep_result(&mut self, number: u64, result: HttpResult) {
        self.results.insert(number, result);
        while self.results.len() > RESULTS {
            self.results.pop_first();
        }
    }

    /// A kube-proxy that has just started reads its configuration.
    fn proxy_seen(&mut self, event: &WatchEvent, ctx: &mut Ctx<'_, Event>) {
        let Some(pod) = event.object.get::<Pod>() else {
            return;
        };
        let labels = pod.metadata.labels.as_ref();
        let is_proxy = pod.namespace() == PROXY.0
            && labels.and_then(|l| l.get("k8s-app")).map(String::as_str) == Some(PROXY.1);
        let node = pod.spec.as_ref().and_then(|s| s.node_name.as_deref());
        let containers = pod
            .status
            .as_ref()
            .and_then(|s| s.container_statuses.as_ref());
        let container = containers.and_then(|c| c.first());
        let running = container.filter(|c| c.state.as_ref().is_some_and(|s| s.running.is_some()));
        let id = running.and_then(|c| c.container_id.as_deref());
        let (true, Some(node), Some(id)) = (is_proxy, node, id) else {
            return;
        };
        if self.proxies.get(node).is_some_and(|known| **known == *id) {
            return;
        }
        self.proxies.insert(node.into(), id.into());
        let config = ctx.get::<ConfigMap>(&Key::new(PROXY.0, PROXY.1));
        let text = config
            .as_ref()
            .and_then(|c| c.data.as_ref()?.get("config.conf"));
        let mode = text.map(|t| Mode::read(t)).unwrap_or_default();
        self.rules.balance.start(node, mode);
    }

    /// Changes that come close together are written together.
    fn plan_sync(&mut self, ctx: &mut Ctx<'_, Event>) {
        if self.sync_due {
            return;
        }
        self.sync_due = true;
        let now = ctx.now();
        let earliest = self
            .synced
            .map_or(now, |last| now.max(last + latency::MIN_SYNC_PERIOD));
        let work = draw(ctx.rng(STREAM), latency::SYNC);
        ctx.at(earliest + work, Event::Sync);
    }

    fn sync(&mut self, now: Time) {
        self.sync_due = false;
        self.synced = Some(now);
        for key in std::mem::take(&mut self.dirty) {
            let service = self.objects.services.get(&key).cloned();
            let slices = self.objects.slices_of(&key);
            self.rules.write(&key, service.as_deref(), slices);
            if service.is_none() {
                self.by_service.remove(&key);
                self.turns.remove(&key);
            }
        }
        self.rules.balance.prune(now);
        self.by_traffic.retain(|_, rolling| !rolling.is_idle(now));
    }
}
