//! One request from start to end: name, address, Service, pod, and back.

use std::rc::Rc;
use std::time::Duration;

use super::balance::Slot;
use super::dns::{self, Answer, Resolver};
use super::flow::{Flow, Outcome};
use super::latency::{self, draw};
use super::proxying::Proxy;
use super::way::{Route, Way};
use super::{Event, HttpResult, Network, STREAM};
use crate::api::Key;
use crate::api::url::Url;
use crate::client::Ctx;
use crate::client::wire::{
    Ask, Call, Called, Ending, HttpReply, HttpRequest, Outcome as WireOutcome, Packet,
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
#[derive(Clone)]
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
    /// Where the node's proxy counts the connection.
    slot: Option<Slot>,
    /// The ingress controller that has it in hand.
    pub(super) proxy: Option<Box<Proxy>>,
}

impl Open {
    /// The request is counted for a Service: the one behind the controller that passes it on.
    pub(super) fn count_for(&mut self, service: Key) {
        self.service = Some(service);
    }
}

impl Network {
    /// A process in a pod makes a request.
    pub(super) fn call(&mut self, call: Call, ctx: &mut Ctx<'_, Event>) {
        let ask = call.ask;
        if ask.method == "RESOLVE" {
            // The way to the resolver leads off the node.
            let (after, ending) = match ctx.world.is_dark(&call.node) {
                true => (latency::NO_RESOLVER, Ending::NoResolver),
                false => self.name_asked(&call.from, &call.namespace, &ask, ctx),
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

    /// What a process is told about a name: the full name and then its addresses, each on a line;
    /// or, when a path names another type of records, those.
    fn name_asked(
        &self,
        from: &str,
        namespace: &str,
        ask: &Ask,
        ctx: &mut Ctx<'_, Event>,
    ) -> (Duration, Ending) {
        let lookup = draw(ctx.rng(STREAM), latency::LOOKUP);
        let answer = |lines: &[String]| Ending::Answer {
            status: 200,
            headers: Vec::new(),
            body: lines.join("\n").into(),
        };
        let resolver = Resolver::of(&self.objects, from, namespace);
        let type_ = ask.path.trim_start_matches('/');
        let (found, _) = self.resolve(from, &ask.host, namespace);
        match found {
            Answer::Silence => (latency::NO_RESOLVER, Ending::NoResolver),
            _ if !type_.is_empty() => {
                match dns::records(&self.objects, &ask.host, type_, &resolver) {
                    lines if lines.is_empty() => (lookup, Ending::NoSuchName),
                    lines => (lookup, answer(&lines)),
                }
            }
            Answer::Literal(address) => {
                let lines = [ask.host.clone(), address.to_string()];
                (Duration::ZERO, answer(&lines))
            }
            Answer::Addresses(list) => {
                let mut lines = vec![dns::full_name(&self.objects, &ask.host, &resolver)];
                lines.extend(list.iter().map(|a| a.to_string()));
                (lookup, answer(&lines))
            }
            Answer::NotFound => (lookup, Ending::NoSuchName),
        }
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
            ingress: None,
            denial: None,
        };
        let lookup = draw(ctx.rng(STREAM), latency::LOOKUP);
        let (answer, denial) = self.resolve(&launch.from, &launch.url.host, &launch.namespace);
        flow.denial = denial;
        let own = matches!(launch.owner, Owner::Process(..)).then_some(&*launch.node);
        let alone = own.is_some_and(|node| ctx.world.is_dark(node));
        let (address, waited) = match answer {
            Answer::Addresses(_) | Answer::NotFound if alone => (None, latency::NO_RESOLVER),
            Answer::Literal(address) => (Some(address), Duration::ZERO),
            Answer::Addresses(list) => (ctx.rng(STREAM).pick(&list).cloned(), lookup),
            Answer::NotFound => (None, lookup),
            Answer::Silence => (None, latency::NO_RESOLVER),
        };
        flow.resolved = now + waited;
        flow.address.clone_from(&address);
        let silent = waited == latency::NO_RESOLVER;
        let Route {
            way,
            source,
            slot,
            relay,
        } = match &address {
            Some(address) => self.route(&launch, address, &mut flow, ctx),
            None if silent => Route::ends(Outcome::NameTimeout, Duration::ZERO),
            None => Route::ends(Outcome::NameNotFound, Duration::ZERO),
        };
        let deadline = now + launch.timeout;
        let mut open = Open {
            owner: launch.owner.clone(),
            service: flow.service.clone(),
            address,
            port: flow.port,
            started: now,
            deadline,
            slot,
            proxy: None,
        };
        let (way, slower) = self.troubled(way, &launch, ctx);
        match way {
            Way::To(endpoint) => {
                let mut travel = waited + slower + draw(ctx.rng(STREAM), latency::CONNECT);
                if relay {
                    travel += draw(ctx.rng(STREAM), latency::FORWARD);
                }
                flow.arrives = Some(now + travel);
                let mut request = HttpRequest {
                    id,
                    node: endpoint.node.clone(),
                    from: source,
                    to: endpoint.address.clone(),
                    port: endpoint.port,
                    method: launch.method.clone(),
                    host: launch.host.clone(),
                    path: launch.url.path.as_str().into(),
                    token: launch.token.clone(),
                    body: launch.body.clone(),
                };
                if &*launch.method != "CONNECT" && self.is_ingress(&endpoint) {
                    request.method = "CONNECT".into();
                    open.proxy = Some(Box::new(Proxy::new(launch, endpoint.clone())));
                }
                flow.endpoint = Some(endpoint);
                ctx.transmit(travel, Packet::Request(request));
            }
            Way::Ends(outcome, after) if now + waited + after < deadline => {
                ctx.after(waited + after, Event::Ends { id, outcome });
            }
            Way::Answer(answer, after) => {
                let reply = HttpReply {
                    id,
                    outcome: answer,
                };
                ctx.transmit(waited + after, Packet::Reply(reply));
            }
            Way::Ends(..) | Way::Silence => {}
        }
        self.open.insert(id, open);
        self.deadlines.insert((deadline, id));
        self.flows.push(flow);
        self.set_alarm(ctx);
    }

    /// An answer, or the end of a connection, has come back.
    pub(super) fn replied(&mut self, reply: HttpReply, ctx: &mut Ctx<'_, Event>) {
        let Some(reply) = self.pass_on(reply, ctx) else {
            return;
        };
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
        if let Some(slot) = &open.slot {
            self.rules.balance.closed(slot, now);
        }
        let mut denied = false;
        if let Some(flow) = self.flows.get_mut(id) {
            flow.finished = Some(now);
            flow.outcome = outcome;
            denied = flow.denial.is_some();
        }
        if let Some(service) = open.service {
            let rolling = self.by_service.entry(service).or_default();
            rolling.count(outcome, denied, open.started, now);
        }
        match open.owner {
            Owner::Traffic(key) => {
                let rolling = self.by_traffic.entry(key).or_default();
                rolling.count(outcome, denied, open.started, now);
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
