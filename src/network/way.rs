//! Where a connection leads: through a Service, to a node or a pod, or to nobody.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;

use super::balance::{Mode, Slot};
use super::dns::{self, Answer, Resolver};
use super::exchange::Launch;
use super::flow::{Endpoint, Flow, Outcome};
use super::latency::{self, draw};
use super::policy::{self, Denial, Direction, Party, Port};
use super::rules::{Backend, Choice, Connection, Door};
use super::{Event, Network, STREAM};
use crate::api::{Key, Resource};
use crate::client::Ctx;
use crate::client::wire::Outcome as WireOutcome;

const ZONE: &str = "topology.kubernetes.io/zone";
/// Nodes that load balancers leave out.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// What becomes of a connection to an address.
pub enum Way {
    /// To a node, as a packet.
    To(Endpoint),
    /// It ends so after a while.
    Ends(Outcome, Duration),
    /// The node's proxy answers itself, after a while.
    Answer(WireOutcome, Duration),
    /// Nobody says anything.
    Silence,
}

/// A way, and how it is gone.
pub struct Route {
    pub way: Way,
    /// The client's address as the server sees it: a node's, when it passed the connection on in
    /// its own name.
    pub source: Rc<str>,
    pub slot: Option<Slot>,
    /// Whether a node takes it and sends it on to another one.
    pub relay: bool,
}

impl Route {
    fn of(way: Way, source: &Rc<str>) -> Route {
        Route {
            way,
            source: source.clone(),
            slot: None,
            relay: false,
        }
    }

    pub fn ends(outcome: Outcome, after: Duration) -> Route {
        Route::of(Way::Ends(outcome, after), &"".into())
    }
}

impl Network {
    /// What a client is told about a name, and the policies that keep it from asking.
    pub(super) fn resolve(
        &self,
        from: &str,
        host: &str,
        namespace: &str,
    ) -> (Answer, Option<Denial>) {
        if let Some(address) = self.alias(from, host) {
            return (Answer::Literal(address), None);
        }
        let resolver = Resolver::of(&self.objects, from, namespace);
        let answer = dns::resolve(&self.objects, host, &resolver);
        if !resolver.cluster || !matches!(answer, Answer::Addresses(_) | Answer::NotFound) {
            return (answer, None);
        }
        match self.resolver_denial(from) {
            Some(denial) => (Answer::Silence, Some(denial)),
            None => (answer, None),
        }
    }

    /// The address that a pod's own `hostAliases` give a name.
    fn alias(&self, from: &str, host: &str) -> Option<Rc<str>> {
        let spec = self.objects.pod_at(from)?.spec.as_ref()?;
        let mut aliases = spec.host_aliases.iter().flatten();
        let found = aliases.find(|a| {
            let mut names = a.hostnames.iter().flatten();
            names.any(|name| name.eq_ignore_ascii_case(host))
        });
        found.map(|a| a.ip.as_str().into())
    }

    /// Whether policies keep a pod from the cluster's DNS: from all of its pods.
    pub(super) fn resolver_denial(&self, from: &str) -> Option<Denial> {
        if self.objects.policies.is_empty() {
            return None;
        }
        let client = self.objects.pod_at(from)?;
        let from = Party {
            address: from,
            pod: Some(client),
        };
        let port = Port {
            number: 53,
            protocol: "UDP",
        };
        let mut found = None;
        for address in dns::resolvers(&self.objects) {
            let pod = self.objects.pod_at(&address).map(|p| &**p);
            let to = Party {
                address: &address,
                pod,
            };
            found = Some(policy::denial(&self.objects, from, to, port)?);
        }
        found
    }

    /// Whether an address belongs to the cluster: to a pod or a node.
    fn is_inside(&self, address: &str) -> bool {
        self.objects.home(address).is_some() || self.objects.node_at(address).is_some()
    }

    pub(super) fn route(
        &mut self,
        launch: &Launch,
        address: &Rc<str>,
        flow: &mut Flow,
        ctx: &mut Ctx<'_, Event>,
    ) -> Route {
        let port = launch.url.port;
        let connect = draw(ctx.rng(STREAM), latency::CONNECT);
        if let Some((key, door)) = self.rules.at_address(address) {
            let key = key.clone();
            let entry = match door {
                Door::LoadBalancer if !self.is_inside(&launch.from) => {
                    let Some(node) = self.balanced_node(&key, ctx) else {
                        flow.service = Some(key);
                        return Route::ends(Outcome::Refused, connect);
                    };
                    node
                }
                _ => launch.node.clone(),
            };
            let route = self.through(launch, &key, door, port, (&entry, connect), flow, ctx);
            let ipvs = matches!(self.rules.balance.mode(&entry), Mode::Ipvs(_));
            return route.unwrap_or_else(|| match ipvs {
                // The address is there, on each node, and nothing listens.
                true => Route::ends(Outcome::Refused, connect),
                // No rule speaks of other ports of the address, and no machine has it.
                false => Route::of(Way::Silence, &launch.from),
            });
        }
        let own = &**address == "127.0.0.1";
        let node = match own {
            true if *launch.from == *self.node_address(&launch.node) => Some(launch.node.clone()),
            true => return Route::ends(Outcome::Refused, Duration::from_micros(50)),
            false => self.objects.node_at(address).cloned(),
        };
        if let Some(node) = node {
            if ctx.world.is_dark(&node) && node != launch.node {
                return Route::of(Way::Silence, &launch.from);
            }
            if let Some(key) = self.rules.at_node_port(port).cloned() {
                let door = Door::NodePort;
                let route = self.through(launch, &key, door, port, (&node, connect), flow, ctx);
                return route.unwrap_or_else(|| Route::of(Way::Silence, &launch.from));
            }
            if let Some((service, count)) = self.rules.at_health_port(port, &node) {
                let answer = health(service, count);
                return Route::of(Way::Answer(answer, connect), &launch.from);
            }
            let endpoint = Endpoint {
                pod: None,
                address: self.node_address(&node),
                port,
                node,
            };
            return self.checked(Route::of(Way::To(endpoint), &launch.from), launch, "", flow);
        }
        if let Some(home) = self.objects.home(address) {
            let endpoint = Endpoint {
                pod: Some(home.pod.clone()),
                address: address.clone(),
                port,
                node: home.node.clone(),
            };
            return self.checked(Route::of(Way::To(endpoint), &launch.from), launch, "", flow);
        }
        if is_service_address(address) {
            Route::of(Way::Silence, &launch.from)
        } else {
            Route::ends(Outcome::Unreachable, latency::NO_NEIGHBOUR)
        }
    }

    /// Through the rules of a Service, on the node `entry`. `None` when it has no such port.
    #[allow(clippy::too_many_arguments, reason = "one call for each door")]
    fn through(
        &mut self,
        launch: &Launch,
        key: &Key,
        door: Door,
        port: u16,
        (entry, connect): (&Rc<str>, Duration),
        flow: &mut Flow,
        ctx: &mut Ctx<'_, Event>,
    ) -> Option<Route> {
        let inside =
            self.objects.home(&launch.from).is_some() || *launch.from == *self.node_address(entry);
        let zone = self.objects.nodes.get(&Key::new("", entry));
        let zone = zone.and_then(|n| n.metadata.labels.as_ref()?.get(ZONE));
        let connection = Connection {
            from: &launch.from,
            node: entry,
            zone: zone.map(String::as_str),
            inside,
        };
        flow.service = Some(key.clone());
        let (now, rng) = (ctx.now(), ctx.kernel.rng(STREAM));
        let choice = self.rules.route(key, door, port, connection, now, rng)?;
        let (backend, slot) = match choice {
            Choice::Backend(backend, slot) => (*backend, slot),
            Choice::Rejected => return Some(Route::ends(Outcome::Refused, connect)),
            Choice::Dropped => return Some(Route::of(Way::Silence, &launch.from)),
        };
        let endpoint = self.endpoint(backend);
        // What comes from outside is passed on in the node's own name, unless it stays there.
        let hides = door != Door::ClusterIp && !self.rules.keeps_client_address(key);
        let source = match hides {
            true => self.node_address(entry),
            false => launch.from.clone(),
        };
        let via = door != Door::ClusterIp && *endpoint.node != **entry;
        let route = Route {
            way: Way::To(endpoint),
            source,
            slot,
            relay: via,
        };
        Some(self.checked(route, launch, entry, flow))
    }

    /// The route, unless a policy forbids it. `entry` is the node that passes it on, if one does.
    fn checked(&self, route: Route, launch: &Launch, entry: &str, flow: &mut Flow) -> Route {
        let Way::To(endpoint) = &route.way else {
            return route;
        };
        // On its own node the policy is asked before the address is exchanged.
        let source = match *endpoint.node == *entry {
            true => &launch.from,
            false => &route.source,
        };
        let Some(denial) = self.denial(source, endpoint) else {
            return route;
        };
        // What the client's own policies hold back never leaves it.
        if denial.direction == Direction::Ingress {
            flow.endpoint = Some(endpoint.clone());
        }
        flow.denial = Some(denial);
        Route {
            way: Way::Silence,
            ..route
        }
    }

    /// The policies that forbid a connection from an address to an endpoint.
    pub(super) fn denial(&self, from: &str, to: &Endpoint) -> Option<Denial> {
        let party = |address| Party {
            address,
            pod: self.objects.pod_at(address).map(|p| &**p),
        };
        let port = Port {
            number: to.port,
            protocol: "TCP",
        };
        policy::denial(&self.objects, party(from), party(&to.address), port)
    }

    pub(super) fn endpoint(&self, backend: Backend) -> Endpoint {
        let mut node = backend.node;
        // Endpoints written by hand need not say where they are.
        if node.is_empty() {
            let home = self.objects.home(&backend.address).map(|home| &home.node);
            let found = home.or(self.objects.node_at(&backend.address));
            node = found.cloned().unwrap_or_default();
        }
        Endpoint {
            pod: (!backend.pod.name.is_empty()).then_some(backend.pod),
            address: backend.address,
            port: backend.port,
            node,
        }
    }

    /// The node to which a load balancer sends a connection: one that is ready, and, if the
    /// Service asks for local endpoints, has some.
    fn balanced_node(&self, key: &Key, ctx: &mut Ctx<'_, Event>) -> Option<Rc<str>> {
        let serves = |node: &&std::rc::Rc<Node>| {
            let labels = node.metadata.labels.as_ref();
            let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
            let ready = conditions
                .into_iter()
                .flatten()
                .any(|c| c.type_ == "Ready" && c.status == "True");
            ready
                && labels.is_none_or(|l| !l.contains_key(EXCLUDED))
                && self.rules.is_healthy(key, node.name())
        };
        let nodes = self.objects.nodes.iter().filter(serves);
        let nodes: Vec<Rc<str>> = nodes.map(|n| n.name().into()).collect();
        ctx.rng(STREAM).pick(&nodes).cloned()
    }

    pub(super) fn node_address(&self, node: &str) -> Rc<str> {
        let address = self.objects.address_of_node(node);
        address.cloned().unwrap_or_default()
    }
}

/// What a node says of its share in a Service (`pkg/proxy/healthcheck`).
fn health(service: &Key, count: usize) -> WireOutcome {
    let body = format!(
        "{{\n\t\"service\": {{\n\t\t\"namespace\": \"{}\",\n\t\t\"name\": \"{}\"\n\t}},\n\t\"localEndpoints\": {count},\n\t\"serviceProxyHealthy\": true\n}}",
        service.namespace, service.name
    );
    WireOutcome::Answer {
        status: if count > 0 { 200 } else { 503 },
        headers: vec![
            ("Content-Type".into(), "application/json".into()),
            (
                "X-Load-Balancing-Endpoint-Weight".into(),
                count.to_string().into(),
            ),
            ("Content-Length".into(), body.len().to_string().into()),
        ],
        body: body.into(),
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
