//! One request from start to end: name, address, Service, pod, and back.

use std::rc::Rc;
use std::time::Duration;

use super::dns::{self, Answer};
use super::flow::{Endpoint, Flow, Outcome};
use super::latency::{self, draw};
use super::rules::{Backend, Choice, Connection};
use super::{Event, HttpResult, Network, STREAM};
use crate::api::Key;
use crate::api::url::Url;
use crate::client::Ctx;
use crate::client::wire::{
    Call, Called, Ending, HttpReply, HttpRequest, Outcome as WireOutcome, Packet,
};
use crate::sim::Time;

/// Whose request it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Traffic(Key),
    /// A single request; its result is kept under this number.
    Single(u64),
    /// A process in a pod: its node, the uid of the pod, and its own number.
    Process(Rc<str>, Rc<str>, u64),
}

/// A request to be made.
pub struct Launch {
    pub owner: Owner,
    pub client: u32,
    pub from: Rc<str>,
    /// The node whose kube-proxy sees the client's connections.
    pub node: Rc<str>,
    /// Where names without one are looked for first.
    pub namespace: Rc<str>,
    pub url: Url,
    /// The `Host` header.
    pub host: Rc<str>,
    pub method: Rc<str>,
    pub token: Rc<str>,
    pub body: Rc<str>,
    pub timeout: Duration,
}

/// A request that has not ended.
#[derive(Clone)]
pub struct Open {
    owner: Owner,
    service: Option<Key>,
    address: Option<Rc<str>>,
    port: u16,
    started: Time,
    deadline: Time,
}

/// What becomes of a connection to an address.
enum Way {
    /// To a node, as a packet.
    To(Endpoint),
    /// It ends so after a while.
    Ends(Outcome, Duration),
    /// Nobody says anything.
    Silence,
}

impl Network {
    /// A process in a pod makes a request.
    pub(super) fn call(&mut self, call: Call, ctx: &mut Ctx<'_, Event>) {
        let ask = call.ask;
        if ask.method == "RESOLVE" {
            let lookup = draw(ctx.rng(STREAM), latency::LOOKUP);
            let body = |name: &str, list: &[Rc<str>]| {
                let mut text = name.to_owned();
                for address in list {
                    text.push('\n');
                    text.push_str(address);
                }
                Ending::Answer {
                    status: 200,
                    headers: Vec::new(),
                    body: text.into(),
                }
            };
            let (after, ending) = match dns::resolve(&self.objects, &ask.host, &call.namespace) {
                Answer::Literal(address) => (Duration::ZERO, body(&ask.host, &[address])),
                Answer::Addresses(list) => {
                    let name = dns::full_name(&self.objects, &ask.host, &call.namespace);
                    (lookup, body(&name, &list))
                }
                Answer::NotFound => (lookup, Ending::NoSuchName),
                Answer::Silence => (latency::NO_RESOLVER, Ending::NoResolver),
            };
            let called = Called {
                id: call.id,
                node: call.node,
                pod: call.pod,
                address: None,
                ending,
            };
            return ctx.transmit(after, Packet::Called(called));
        }
        let launch = Launch {
            owner: Owner::Process(call.node.clone(), call.pod, call.id),
            client: 0,
            from: call.from,
            node: call.node,
            namespace: call.namespace,
            url: Url {
                host: ask.host,
                port: ask.port,
                path: ask.path,
                explicit_port: true,
            },
            host: ask.host_header.into(),
            method: ask.method.into(),
            token: ask.token,
            body: ask.body,
            timeout: ask.timeout.unwrap_or(latency::CONNECT_TIMEOUT),
        };
        self.launch(launch, ctx);
    }

    /// Tells the processes whose requests have ended.
    pub(super) fn tell_callers(&mut self, ctx: &mut Ctx<'_, Event>) {
        for called in std::mem::take(&mut self.called) {
            ctx.transmit(Duration::ZERO, Packet::Called(called));
        }
    }

    /// Sends a request on its way; how it ends is told by later events.
    pub(super) fn launch(&mut self, launch: Launch, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let id = self.flows.next_id();
        let mut flow = Flow {
            id,
            traffic: match &launch.owner {
                Owner::Traffic(key) => Some(key.clone()),
                Owner::Single(_) | Owner::Process(..) => None,
            },
            client: launch.client,
            from: launch.from.clone(),
            host: launch.url.host.as_str().into(),
            port: launch.url.port,
            service: None,
            address: None,
            endpoint: None,
            started: now,
            resolved: now,
            arrives: None,
            finished: None,
            outcome: Outcome::Pending,
        };
        let lookup = draw(ctx.rng(STREAM), latency::LOOKUP);
        let answer = dns::resolve(&self.objects, &launch.url.host, &launch.namespace);
        let (address, waited) = match answer {
            Answer::Literal(address) => (Some(address), Duration::ZERO),
            Answer::Addresses(list) => (ctx.rng(STREAM).pick(&list).cloned(), lookup),
            Answer::NotFound => (None, lookup),
            Answer::Silence => (None, latency::NO_RESOLVER),
        };
        flow.resolved = now + waited;
        flow.address.clone_from(&address);
        let way = match (&address, waited == latency::NO_RESOLVER) {
            (Some(address), _) => self.way(&launch, address, &mut flow, ctx),
            (None, false) => Way::Ends(Outcome::NameNotFound, Duration::ZERO),
            (None, true) => Way::Ends(Outcome::NameTimeout, Duration::ZERO),
        };
        let deadline = now + launch.timeout;
        match way {
            Way::To(endpoint) => {
                let mut travel = waited + draw(ctx.rng(STREAM), latency::CONNECT);
                let via = flow
                    .address
                    .as_deref()
                    .and_then(|a| self.objects.node_at(a));
                if via.is_some_and(|via| *via != endpoint.node) {
                    travel += draw(ctx.rng(STREAM), latency::FORWARD);
                }
                flow.arrives = Some(now + travel);
                let request = HttpRequest {
                    id,
                    node: endpoint.node.clone(),
                    from: self.seen_from(&launch, &flow),
                    to: endpoint.address.clone(),
                    port: endpoint.port,
                    method: launch.method.clone(),
                    host: launch.host.clone(),
                    path: launch.url.path.as_str().into(),
                    token: launch.token.clone(),
                    body: launch.body.clone(),
                };
                flow.endpoint = Some(endpoint);
                ctx.transmit(travel, Packet::Request(request));
            }
            Way::Ends(outcome, after) if now + waited + after < deadline => {
                ctx.after(waited + after, Event::Ends { id, outcome });
            }
            Way::Ends(..) | Way::Silence => {}
        }
        let open = Open {
            owner: launch.owner,
            service: flow.service.clone(),
            address,
            port: flow.port,
            started: now,
            deadline,
        };
        self.open.insert(id, open);
        self.deadlines.insert((deadline, id));
        self.flows.push(flow);
        self.set_alarm(ctx);
    }

    /// Where a connection to an address leads.
    fn way(
        &mut self,
        launch: &Launch,
        address: &Rc<str>,
        flow: &mut Flow,
        ctx: &mut Ctx<'_, Event>,
    ) -> Way {
        let now = ctx.now();
        let port = launch.url.port;
        let connect = draw(ctx.rng(STREAM), latency::CONNECT);
        let rng = ctx.kernel.rng(STREAM);
        let objects = &self.objects;
        let to = |mut backend: Backend| {
            // Endpoints written by hand need not say where they are.
            if backend.node.is_empty() {
                let home = objects.home(&backend.address).map(|home| &home.node);
                let node = home.or(objects.node_at(&backend.address));
                backend.node = node.cloned().unwrap_or_default();
            }
            Way::To(Endpoint {
                pod: (!backend.pod.name.is_empty()).then_some(backend.pod),
                address: backend.address,
                port: backend.port,
                node: backend.node,
            })
        };
        let chosen = |choice: Choice| match choice {
            Choice::Backend(backend) => to(backend),
            Choice::Rejected => Way::Ends(Outcome::Refused, connect),
            Choice::Dropped => Way::Silence,
        };
        if let Some((key, external)) = self.rules.at_address(address) {
            let key = key.clone();
            let connection = Connection {
                from: &launch.from,
                node: &launch.node,
            };
            flow.service = Some(key.clone());
            let choice = self
                .rules
                .at_port(&key, port, external, connection, now, rng);
            // No rule speaks of other ports of the address, and no machine has it.
            return choice.map_or(Way::Silence, chosen);
        }
        let own = &**address == "127.0.0.1";
        let node = match own {
            true if *launch.from == *self.node_address(&launch.node) => Some(launch.node.clone()),
            true => return Way::Ends(Outcome::Refused, Duration::from_micros(50)),
            false => self.objects.node_at(address).cloned(),
        };
        if let Some(node) = node {
            if let Some(key) = self.rules.at_node_port(port).cloned() {
                let connection = Connection {
                    from: &launch.from,
                    node: &node,
                };
                let choice = self.rules.at_node(&key, port, connection, now, rng);
                flow.service = Some(key);
                return choice.map_or(Way::Silence, chosen);
            }
            return Way::To(Endpoint {
                pod: None,
                address: self.node_address(&node),
                port,
                node,
            });
        }
        if let Some(home) = self.objects.home(address) {
            return Way::To(Endpoint {
                pod: Some(home.pod.clone()),
                address: address.clone(),
                port,
                node: home.node.clone(),
            });
        }
        if is_service_address(address) {
            Way::Silence
        } else {
            Way::Ends(Outcome::Unreachable, latency::NO_NEIGHBOUR)
        }
    }

    /// The address that the server sees: a node's, when it passed the connection on.
    fn seen_from(&self, launch: &Launch, flow: &Flow) -> Rc<str> {
        let via = flow
            .address
            .as_deref()
            .and_then(|a| self.objects.node_at(a));
        match (via, &flow.service) {
            (Some(node), Some(service)) if !self.rules.keeps_client_address(service) => {
                self.node_address(node)
            }
            _ => launch.from.clone(),
        }
    }

    fn node_address(&self, node: &str) -> Rc<str> {
        self.objects
            .address_of_node(node)
            .cloned()
            .unwrap_or_default()
    }

    /// An answer, or the end of a connection, has come back.
    pub(super) fn replied(&mut self, reply: HttpReply, ctx: &mut Ctx<'_, Event>) {
        let (outcome, headers, body) = match reply.outcome {
            WireOutcome::Answer {
                status,
                headers,
                body,
            } => (Outcome::Answered(status), headers, body),
            WireOutcome::Refused => (Outcome::Refused, Vec::new(), "".into()),
            WireOutcome::Reset => (Outcome::Reset, Vec::new(), "".into()),
            WireOutcome::Unreachable => (Outcome::Unreachable, Vec::new(), "".into()),
        };
        self.finish(reply.id, outcome, headers, body, ctx.now());
    }

    pub(super) fn finish(
        &mut self,
        id: u64,
        outcome: Outcome,
        headers: Vec<(Rc<str>, Rc<str>)>,
        body: Rc<str>,
        now: Time,
    ) {
        // An answer after the time was up finds nobody.
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        self.deadlines.remove(&(open.deadline, id));
        if let Some(flow) = self.flows.get_mut(id) {
            flow.finished = Some(now);
            flow.outcome = outcome;
        }
        if let Some(service) = open.service {
            let rolling = self.by_service.entry(service).or_default();
            rolling.count(outcome, open.started, now);
        }
        match open.owner {
            Owner::Traffic(key) => {
                let rolling = self.by_traffic.entry(key).or_default();
                rolling.count(outcome, open.started, now);
            }
            Owner::Single(number) => {
                let result = HttpResult {
                    address: open.address,
                    port: open.port,
                    started: open.started,
                    finished: now,
                    outcome,
                    headers,
                    body,
                };
                self.keep_result(number, result);
            }
            Owner::Process(node, pod, id) => {
                let ending = match outcome {
                    Outcome::Answered(status) => Ending::Answer {
                        status,
                        headers,
                        body,
                    },
                    Outcome::NameNotFound => Ending::NoSuchName,
                    Outcome::NameTimeout => Ending::NoResolver,
                    Outcome::Refused => Ending::Refused,
                    Outcome::Reset => Ending::Reset,
                    Outcome::Unreachable => Ending::Unreachable,
                    Outcome::Timeout | Outcome::Pending => Ending::TimedOut,
                };
                self.called.push(Called {
                    id,
                    node,
                    pod,
                    address: open.address,
                    ending,
                });
            }
        }
    }

    /// Ends the requests whose time is up.
    pub(super) fn time_out(&mut self, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        if self.alarm.is_some_and(|at| at <= now) {
            self.alarm = None;
        }
        while let Some((deadline, id)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.finish(id, Outcome::Timeout, Vec::new(), "".into(), now);
            self.deadlines.remove(&(deadline, id));
        }
        self.set_alarm(ctx);
    }

    fn set_alarm(&mut self, ctx: &mut Ctx<'_, Event>) {
        if let Some((deadline, _)) = self.deadlines.first()
            && self.alarm.is_none_or(|at| *deadline < at)
        {
            self.alarm = Some(*deadline);
            ctx.at(*deadline, Event::Deadline);
        }
    }
}

/// Whether the address lies where Services get theirs: 10.96.0.0/12.
fn is_service_address(address: &str) -> bool {
    let mut parts = address.split('.').map(|p| p.parse::<u8>().ok());
    parts.next() == Some(Some(10))
        && parts
            .next()
            .flatten()
            .is_some_and(|second| (96..112).contains(&second))
}
