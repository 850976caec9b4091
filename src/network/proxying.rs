//! A request in the hands of an ingress controller: from its pod on to one behind an Ingress.
//!
//! The controller's pod first has to take the connection, like any other. Then it chooses by
//! [`super::ingress`], and opens a connection of its own: three tries, five seconds each
//! (`proxy-next-upstream`, `proxy-connect-timeout`).

use std::rc::Rc;

use super::exchange::Launch;
use super::flow::{Endpoint, Outcome};
use super::ingress::{self, Verdict};
use super::latency::{self, draw};
use super::{Event, Network, STREAM};
use crate::client::Ctx;
use crate::client::wire::{HttpReply, HttpRequest, Outcome as WireOutcome, Packet};
use crate::sim::secs;

const MOST_TRIES: u32 = 3;
/// Where the controller speaks plain HTTP, and where TLS.
const PLAIN: u16 = 80;
const TLS: u16 = 443;

/// What the controller has to do.
#[derive(Clone)]
pub struct Proxy {
    launch: Launch,
    /// The controller's own pod.
    controller: Endpoint,
    /// Connections that it has opened.
    tries: u32,
    /// Whether the last of them is only being opened.
    connecting: bool,
}

impl Proxy {
    pub fn new(launch: Launch, controller: Endpoint) -> Self {
        Proxy {
            launch,
            controller,
            tries: 0,
            connecting: false,
        }
    }
}

impl Network {
    /// Whether requests to an endpoint are routed by Ingresses.
    pub(super) fn is_ingress(&self, endpoint: &Endpoint) -> bool {
        let pod = self.objects.pod_at(&endpoint.address);
        matches!(endpoint.port, PLAIN | TLS) && pod.is_some_and(|p| ingress::is_controller(p))
    }

    /// A reply has come; returned if it is the client's, and not the controller's.
    pub(super) fn pass_on(
        &mut self,
        reply: HttpReply,
        ctx: &mut Ctx<'_, Event>,
    ) -> Option<HttpReply> {
        let id = reply.id;
        let proxy = self.open.get(&id).and_then(|open| open.proxy.as_ref());
        let Some(proxy) = proxy else {
            return Some(reply);
        };
        if proxy.tries == 0 {
            return match reply.outcome {
                WireOutcome::Answer { status: 200, .. } => {
                    self.forward(id, ctx);
                    None
                }
                // The controller itself is not there.
                _ => Some(reply),
            };
        }
        match reply.outcome {
            WireOutcome::Refused | WireOutcome::Unreachable => {
                self.forward(id, ctx);
                None
            }
            WireOutcome::Reset => {
                self.answer_itself(id, 502, ctx);
                None
            }
            WireOutcome::Answer { .. } => Some(reply),
        }
    }

    /// A connection has ended without a reply: the client's, or one of the controller's.
    pub(super) fn ended(&mut self, id: u64, outcome: Outcome, ctx: &mut Ctx<'_, Event>) {
        let proxy = self.open.get(&id).and_then(|open| open.proxy.as_ref());
        match proxy {
            Some(proxy) if proxy.connecting => self.forward(id, ctx),
            _ => self.finish(id, outcome, Vec::new(), "".into(), ctx.now()),
        }
    }

    /// Opens the next connection behind the controller, or gives up.
    fn forward(&mut self, id: u64, ctx: &mut Ctx<'_, Event>) {
        let Some(mut proxy) = self.open.get_mut(&id).and_then(|o| o.proxy.take()) else {
            return;
        };
        let silent = std::mem::take(&mut proxy.connecting);
        let tries = proxy.tries;
        proxy.tries += 1;
        let launch = proxy.launch.clone();
        let controller = proxy.controller.clone();
        if let Some(open) = self.open.get_mut(&id) {
            open.proxy = Some(proxy);
        }
        if controller.port == TLS {
            return self.answer_itself(id, 400, ctx);
        }
        if tries >= MOST_TRIES {
            let status = if silent { 504 } else { 502 };
            return self.answer_itself(id, status, ctx);
        }
        let verdict = ingress::route(&self.objects, &launch.host, &launch.url.path);
        let (routed, backends, path) = match verdict {
            Verdict::Forward {
                ingress,
                service,
                backends,
                path,
            } => ((ingress, service), backends, path),
            Verdict::Status(status) => return self.answer_itself(id, status, ctx),
            Verdict::Redirect(to) => {
                let location = ("Location".into(), to.into());
                return self.answer(id, 308, vec![location], ctx);
            }
        };
        let (ingress, service) = routed;
        if let Some(flow) = self.flows.get_mut(id) {
            flow.ingress = Some(ingress);
            flow.service = Some(service.clone());
            flow.endpoint = None;
        }
        if let Some(open) = self.open.get_mut(&id) {
            open.count_for(service.clone());
        }
        let turn = self.turns.entry(service).or_default();
        *turn += 1;
        let place = *turn % (backends.len().max(1) as u64);
        let chosen = backends
            .into_iter()
            .nth(usize::try_from(place).unwrap_or(0));
        let Some(backend) = chosen else {
            return self.answer_itself(id, 503, ctx);
        };
        let endpoint = self.endpoint(backend);
        let denial = self.denial(&controller.address, &endpoint);
        let travel = draw(ctx.rng(STREAM), latency::CONNECT);
        if let Some(flow) = self.flows.get_mut(id) {
            flow.endpoint = Some(endpoint.clone());
            flow.arrives = Some(ctx.now() + travel);
            flow.denial.clone_from(&denial);
        }
        if denial.is_some() {
            if let Some(proxy) = self.open.get_mut(&id).and_then(|o| o.proxy.as_mut()) {
                proxy.connecting = true;
            }
            let outcome = Outcome::Timeout;
            return ctx.after(secs(5), Event::Ends { id, outcome });
        }
        let request = HttpRequest {
            id,
            node: endpoint.node,
            from: controller.address,
            to: endpoint.address,
            port: endpoint.port,
            method: launch.method,
            host: launch.host,
            path: path.into(),
            token: launch.token,
            body: launch.body,
        };
        ctx.transmit(travel, Packet::Request(request));
    }

    fn answer_itself(&mut self, id: u64, status: u16, ctx: &mut Ctx<'_, Event>) {
        self.answer(id, status, Vec::new(), ctx);
    }

    fn answer(
        &mut self,
        id: u64,
        status: u16,
        mut headers: Vec<(Rc<str>, Rc<str>)>,
        ctx: &mut Ctx<'_, Event>,
    ) {
        let body = ingress::page(status);
        headers.insert(0, ("Content-Type".into(), "text/html".into()));
        headers.insert(1, ("Content-Length".into(), body.len().to_string().into()));
        self.finish(
            id,
            Outcome::Answered(status),
            headers,
            body.into(),
            ctx.now(),
        );
    }
}
