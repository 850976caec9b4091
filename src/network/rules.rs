//! What kube-proxy makes of Services and EndpointSlices: from an address and port to a pod.
//!
//! One set of rules stands for the proxies of all nodes; they follow a change together, after
//! the delay that [`super::latency`] tells. In between traffic goes where it went before, as in
//! a real cluster: to a pod that has gone just now, say. How one endpoint is picked among several
//! is each node's own: [`super::balance`]. Models `pkg/proxy` (`topology.go`, `iptables`, `ipvs`).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointSlice};

use super::balance::{Balance, Slot};
use super::policy::contains;
use crate::api::names::{Ip, parse_cidr_sloppy, parse_ip_sloppy};
use crate::api::{Key, Resource};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Rng, Time, secs};

/// Three hours.
const DEFAULT_AFFINITY_SECS: u64 = 10_800;

/// Where a connection can end up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    pub address: Rc<str>,
    pub port: u16,
    pub node: Rc<str>,
    /// Empty when the endpoint is no pod.
    pub pod: Key,
    pub ready: bool,
    /// Terminating, but still answering.
    pub draining: bool,
    /// For whom the endpoint is meant, by the hints of its slice; empty for everybody.
    zones: Rc<[Rc<str>]>,
    nodes: Rc<[Rc<str>]>,
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRules {
    pub name: Rc<str>,
    pub protocol: Rc<str>,
    pub port: u16,
    pub node_port: u16,
    pub backends: Rc<Vec<Backend>>,
}

/// The rules of one Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRules {
    /// The cluster's own addresses, those for the outside, and those of load balancers.
    pub cluster_ips: Vec<Rc<str>>,
    pub external_ips: Vec<Rc<str>>,
    pub balancer_ips: Vec<Rc<str>>,
    pub ports: Vec<PortRules>,
    /// In seconds.
    pub affinity: Option<u64>,
    pub internal_local: bool,
    pub external_local: bool,
    /// Who may use the load balancer; nobody named is everybody.
    ranges: Vec<(Ip, u8)>,
    health_port: u16,
}

/// Which way a connection came to a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    ClusterIp,
    ExternalIp,
    LoadBalancer,
    NodePort,
}

/// What becomes of a connection to a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Backend(Box<Backend>, Option<Slot>),
    /// There are no endpoints: the proxy rejects the connection.
    Rejected,
    /// There are endpoints, but none that the policy allows on this node: the packet is dropped.
    Dropped,
}

/// How the connection reached the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection<'a> {
    /// The client's address.
    pub from: &'a str,
    /// The node whose proxy sees it, and the zone of that node.
    pub node: &'a str,
    pub zone: Option<&'a str>,
    /// From a pod, or from the node itself: what holds for traffic from outside does not.
    pub inside: bool,
}

/// A Service's port and a client of it, by address, as a node remembers it.
type Visitor = (Key, u16, Rc<str>, Rc<str>);

#[derive(Clone, Default)]
pub struct Rules {
    services: BTreeMap<Key, ServiceRules>,
    by_address: BTreeMap<Rc<str>, (Key, Door)>,
    by_node_port: BTreeMap<u16, Key>,
    by_health_port: BTreeMap<u16, Key>,
    /// Which backend a client was given, and when it last used it.
    sticky: BTreeMap<Visitor, (Rc<str>, Time)>,
    pub balance: Balance,
}

impl Rules {
    /// Writes the rules of a Service anew; `None` when it is gone.
    pub fn write<'s>(
        &mut self,
        key: &Key,
        service: Option<&Service>,
        slices: impl Iterator<Item = &'s Rc<EndpointSlice>>,
    ) {
        if let Some(old) = self.services.remove(key) {
            for (address, _) in old.addresses() {
                self.by_address.remove(address);
            }
            for port in &old.ports {
                self.by_node_port.remove(&port.node_port);
            }
            self.by_health_port.remove(&old.health_port);
        }
        let spec = service.and_then(|s| s.spec.as_ref());
        let Some(rules) = spec.and_then(|spec| rules_of(service?, spec, slices)) else {
            self.sticky.retain(|(service, ..), _| service != key);
            self.balance.forget(key);
            return;
        };
        for (address, door) in rules.addresses() {
            self.by_address.insert(address.clone(), (key.clone(), door));
        }
        for port in rules.ports.iter().filter(|p| p.node_port > 0) {
            self.by_node_port.insert(port.node_port, key.clone());
        }
        if rules.health_port > 0 {
            self.by_health_port.insert(rules.health_port, key.clone());
        }
        self.services.insert(key.clone(), rules);
    }

    /// The rules of all Services, by key.
    pub fn services(&self) -> impl Iterator<Item = (&Key, &ServiceRules)> {
        self.services.iter()
    }

    /// The Service that has this address, and what kind of address it is.
    pub fn at_address(&self, address: &str) -> Option<(&Key, Door)> {
        self.by_address.get(address).map(|(key, door)| (key, *door))
    }

    pub fn at_node_port(&self, port: u16) -> Option<&Key> {
        self.by_node_port.get(&port)
    }

    /// The Service whose health is told at this port of a node, and how many endpoints the node
    /// has for it.
    pub fn at_health_port(&self, port: u16, node: &str) -> Option<(&Key, usize)> {
        let key = self.by_health_port.get(&port)?;
        Some((key, self.services.get(key)?.ready_on(node)))
    }

    /// Whether a load balancer sends connections for the Service to a node.
    pub fn is_healthy(&self, key: &Key, node: &str) -> bool {
        let rules = self.services.get(key);
        rules.is_some_and(|r| !r.external_local || r.ready_on(node) > 0)
    }

    /// Whether a pod sees the client's own address when the connection came from outside.
    pub fn keeps_client_address(&self, key: &Key) -> bool {
        self.services.get(key).is_some_and(|r| r.external_local)
    }

    /// Picks a backend for a connection to a Service's port (for [`Door::NodePort`] that of the
    /// node). `None` when it has no such port.
    pub fn route(
        &mut self,
        key: &Key,
        door: Door,
        port: u16,
        connection: Connection<'_>,
        now: Time,
        rng: &mut Rng,
    ) -> Option<Choice> {
        let rules = self.services.get(key)?;
        let found = rules.ports.iter().find(|p| {
            let number = match door {
                Door::NodePort => p.node_port,
                _ => p.port,
            };
            number == port && *p.protocol == *"TCP"
        })?;
        let refused = door == Door::LoadBalancer
            && !rules.ranges.is_empty()
            && parse_ip_sloppy(connection.from)
                .is_none_or(|from| !rules.ranges.iter().any(|range| contains(*range, from)));
        if refused {
            return Some(Choice::Dropped);
        }
        let local = match door {
            Door::ClusterIp => rules.internal_local,
            _ => rules.external_local && !connection.inside,
        };
        let (found, affinity) = (found.clone(), rules.affinity);
        let usable = match usable(&found.backends, local, connection) {
            Ok(usable) => usable,
            Err(choice) => return Some(*choice),
        };
        let name = (
            key.clone(),
            found.port,
            Rc::from(connection.from),
            Rc::from(connection.node),
        );
        let known = affinity.and_then(|timeout| {
            let (address, used) = self.sticky.get(&name)?;
            let fresh = now.since(*used) < secs(timeout);
            usable.iter().find(|b| fresh && b.address == *address)
        });
        let picked = match known {
            Some(backend) => backend,
            None => {
                let slot = (Rc::from(connection.node), key.clone(), found.port);
                match self.balance.pick(&slot, connection.from, &usable, now, rng) {
                    Some(backend) => backend,
                    None => return Some(Choice::Rejected),
                }
            }
        };
        if affinity.is_some() {
            self.sticky.insert(name, (picked.address.clone(), now));
        }
        let slot = self
            .balance
            .opened(connection.node, key, found.port, picked);
        Some(Choice::Backend(Box::new((*picked).clone()), slot))
    }
}

impl ServiceRules {
    pub fn addresses(&self) -> impl Iterator<Item = (&Rc<str>, Door)> {
        let cluster = self.cluster_ips.iter().map(|a| (a, Door::ClusterIp));
        let external = self.external_ips.iter().map(|a| (a, Door::ExternalIp));
        let balancer = self.balancer_ips.iter().map(|a| (a, Door::LoadBalancer));
        cluster.chain(external).chain(balancer)
    }

    fn ready_on(&self, node: &str) -> usize {
        let Some(port) = self.ports.first() else {
            return 0;
        };
        let here = port.backends.iter().filter(|b| b.ready && *b.node == *node);
        here.count()
    }
}

/// The backends that a connection may be sent to (`CategorizeEndpoints`): at least one.
fn usable<'b>(
    backends: &'b [Backend],
    local: bool,
    connection: Connection<'_>,
) -> Result<Vec<&'b Backend>, Box<Choice>> {
    let here = |b: &&Backend| !local || *b.node == *connection.node;
    let mut usable: Vec<&Backend> = backends.iter().filter(|b| b.ready).filter(here).collect();
    if !local {
        near(&mut usable, connection);
    }
    // Pods that terminate but still serve are better than none (ProxyTerminatingEndpoints).
    if usable.is_empty() {
        usable = backends
            .iter()
            .filter(|b| b.draining)
            .filter(here)
            .collect();
    }
    if !usable.is_empty() {
        return Ok(usable);
    }
    let elsewhere = local && backends.iter().any(|b| b.ready || b.draining);
    Err(Box::new(match elsewhere {
        true => Choice::Dropped,
        false => Choice::Rejected,
    }))
}

/// Keeps the endpoints that hints name for the node, or for its zone. Hints count only if all
/// endpoints have them, and if some are for this node or zone (`topologyModeFromHints`).
fn near(usable: &mut Vec<&Backend>, connection: Connection<'_>) {
    let for_node = |b: &&Backend| b.nodes.iter().any(|n| **n == *connection.node);
    let for_zone = |b: &&Backend| {
        let zone = connection.zone.unwrap_or_default();
        !zone.is_empty() && b.zones.iter().any(|z| **z == *zone)
    };
    if usable.iter().all(|b| !b.nodes.is_empty()) && usable.iter().any(for_node) {
        usable.retain(for_node);
    } else if usable.iter().all(|b| !b.zones.is_empty()) && usable.iter().any(for_zone) {
        usable.retain(for_zone);
    }
}

fn rules_of<'s>(
    service: &Service,
    spec: &ServiceSpec,
    slices: impl Iterator<Item = &'s Rc<EndpointSlice>>,
) -> Option<ServiceRules> {
    let is_address = |a: &&String| !a.is_empty() && a.as_str() != "None";
    let mut cluster_ips: Vec<Rc<str>> = spec
        .cluster_ips
        .iter()
        .flatten()
        .chain(&spec.cluster_ip)
        .filter(is_address)
        .map(|a| a.as_str().into())
        .collect();
    cluster_ips.dedup();
    if cluster_ips.is_empty() || spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    let ingress = service
        .status
        .as_ref()
        .and_then(|s| s.load_balancer.as_ref()?.ingress.as_ref());
    // An address in the mode `Proxy` is the load balancer's own affair.
    let balancer = ingress
        .into_iter()
        .flatten()
        .filter(|i| i.ip_mode.as_deref() != Some("Proxy"))
        .filter_map(|i| i.ip.as_deref().map(Rc::from));
    let slices: Vec<&Rc<EndpointSlice>> = slices.collect();
    let ports = spec.ports.iter().flatten().map(|port| {
        let name = port.name.as_deref().unwrap_or_default();
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        PortRules {
            name: name.into(),
            protocol: protocol.into(),
            port: number(port.port),
            node_port: number(port.node_port.unwrap_or_default()),
            backends: Rc::new(backends(name, protocol, service.namespace(), &slices)),
        }
    });
    let client_ip = spec.session_affinity_config.as_ref();
    let timeout = client_ip.and_then(|c| c.client_ip.as_ref()?.timeout_seconds);
    let ranges = spec.load_balancer_source_ranges.iter().flatten();
    Some(ServiceRules {
        cluster_ips,
        external_ips: spec
            .external_ips
            .iter()
            .flatten()
            .map(|a| a.as_str().into())
            .collect(),
        balancer_ips: balancer.collect(),
        ports: ports.collect(),
        affinity: (spec.session_affinity.as_deref() == Some("ClientIP"))
            .then(|| timeout.map_or(DEFAULT_AFFINITY_SECS, |t| u64::from(t.unsigned_abs()))),
        internal_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
        external_local: spec.external_traffic_policy.as_deref() == Some("Local"),
        ranges: ranges.filter_map(|r| parse_cidr_sloppy(r.trim())).collect(),
        health_port: number(spec.health_check_node_port.unwrap_or_default()),
    })
}

pub fn number(port: i32) -> u16 {
    u16::try_from(port).unwrap_or_default()
}

/// The endpoints behind a port of a Service, by its name and protocol.
pub fn backends(
    name: &str,
    protocol: &str,
    namespace: &str,
    slices: &[&Rc<EndpointSlice>],
) -> Vec<Backend> {
    let mut backends = Vec::new();
    for slice in slices {
        let port = slice.ports.iter().flatten().find(|p| {
            p.name.as_deref().unwrap_or_default() == name
                && p.protocol.as_deref().unwrap_or("TCP") == protocol
        });
        let Some(port) = port.and_then(|p| p.port) else {
            continue;
        };
        for endpoint in slice.endpoints.iter().flatten() {
            backends.extend(backend(endpoint, number(port), namespace));
        }
    }
    // The same address in two slices, while it moves between them, counts once.
    backends.sort_by(|a, b| (&a.address, a.port, !a.ready).cmp(&(&b.address, b.port, !b.ready)));
    backends.dedup_by(|a, b| a.address == b.address && a.port == b.port);
    backends
}

fn backend(endpoint: &Endpoint, port: u16, namespace: &str) -> Option<Backend> {
    let address = endpoint.addresses.first()?;
    let conditions = endpoint.conditions.as_ref();
    let flag = |f: fn(&EndpointConditions) -> Option<bool>| conditions.and_then(f);
    let ready = flag(|c| c.ready).unwrap_or(true);
    let serving = flag(|c| c.serving).unwrap_or(ready);
    let terminating = flag(|c| c.terminating).unwrap_or(false);
    let target = endpoint.target_ref.as_ref();
    let pod = target.filter(|t| t.kind.as_deref() == Some("Pod"));
    let hints = endpoint.hints.as_ref();
    let zones = hints.and_then(|h| h.for_zones.as_ref());
    let nodes = hints.and_then(|h| h.for_nodes.as_ref());
    Some(Backend {
        address: address.as_str().into(),
        port,
        node: endpoint.node_name.as_deref().unwrap_or_default().into(),
        pod: pod.map_or_else(Key::default, |t| {
            Key::new(
                t.namespace.as_deref().unwrap_or(namespace),
                t.name.as_deref().unwrap_or_default(),
            )
        }),
        ready,
        draining: serving && terminating,
        zones: zones
            .into_iter()
            .flatten()
            .map(|z| z.name.as_str().into())
            .collect(),
        nodes: nodes
            .into_iter()
            .flatten()
            .map(|n| n.name.as_str().into())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::testing::{service, slice};

    const T: Time = Time::EPOCH;

    fn rules(spec: &str, endpoints: &str) -> (Rules, Key) {
        let key = Key::new("default", "web");
        let service = service(&format!(
            "{{metadata: {{name: web, namespace: default}}, spec: {spec}}}"
        ));
        let slice = slice(&format!(
            "{{metadata: {{name: web-1, namespace: default}}, addressType: IPv4, ports: [{{name: '', port: 8080, protocol: TCP}}], endpoints: {endpoints}}}"
        ));
        let mut rules = Rules::default();
        rules.write(&key, Some(&service), [&slice].into_iter());
        (rules, key)
    }

    fn addresses(
        rules: &mut Rules,
        key: &Key,
        from: &str,
        node: &str,
        draws: usize,
    ) -> Vec<String> {
        let mut rng = Rng::new(1);
        let connection = Connection {
            from,
            node,
            zone: Some(node),
            inside: false,
        };
        let mut seen: Vec<String> = (0..draws)
            .map(
                |_| match rules.route(key, Door::ClusterIp, 80, connection, T, &mut rng) {
                    Some(Choice::Backend(b, _)) => format!("{}:{}", b.address, b.port),
                    Some(Choice::Rejected) => "rejected".to_owned(),
                    Some(Choice::Dropped) => "dropped".to_owned(),
                    None => "no port".to_owned(),
                },
            )
            .collect();
        seen.sort();
        seen.dedup();
        seen
    }

    const PLAIN: &str = "{clusterIP: 10.96.0.10, ports: [{port: 80}]}";

    #[test]
    fn only_ready_endpoints_are_used_while_there_are_any() {
        let cases: [(&str, &[&str]); 5] = [
            ("[]", &["rejected"]),
            (
                "[{addresses: [10.1.0.1], conditions: {ready: true}}, {addresses: [10.1.0.2], conditions: {ready: true}}]",
                &["10.1.0.1:8080", "10.1.0.2:8080"],
            ),
            (
                "[{addresses: [10.1.0.1], conditions: {ready: true}}, {addresses: [10.1.0.2], conditions: {ready: false, serving: true, terminating: true}}]",
                &["10.1.0.1:8080"],
            ),
            (
                "[{addresses: [10.1.0.1], conditions: {ready: false}}, {addresses: [10.1.0.2], conditions: {ready: false, serving: true, terminating: true}}]",
                &["10.1.0.2:8080"],
            ),
            (
                "[{addresses: [10.1.0.1], conditions: {ready: false, serving: false, terminating: true}}]",
                &["rejected"],
            ),
        ];
        for (endpoints, expected) in cases {
            let (mut rules, key) = rules(PLAIN, endpoints);
            let seen = addresses(&mut rules, &key, "10.9.0.1", "a", 50);
            assert_eq!(seen, expected, "{endpoints}");
        }
    }

    #[test]
    fn local_policy_keeps_traffic_on_the_node() {
        let (mut rules, key) = rules(
            "{clusterIP: 10.96.0.10, internalTrafficPolicy: Local, ports: [{port: 80}]}",
            "[{addresses: [10.1.0.1], nodeName: a}, {addresses: [10.1.0.2], nodeName: b}]",
        );
        assert_eq!(addresses(&mut rules, &key, "x", "a", 20), ["10.1.0.1:8080"]);
        assert_eq!(addresses(&mut rules, &key, "x", "c", 20), ["dropped"]);
    }

    #[test]
    fn affinity_keeps_a_client_at_its_endpoint_until_it_is_idle_too_long() {
        let (mut rules, key) = rules(
            "{clusterIP: 10.96.0.10, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}, ports: [{port: 80}]}",
            "[{addresses: [10.1.0.1]}, {addresses: [10.1.0.2]}, {addresses: [10.1.0.3]}]",
        );
        assert_eq!(addresses(&mut rules, &key, "one", "a", 50).len(), 1);
        let mut rng = Rng::new(5);
        let connection = Connection {
            from: "one",
            node: "a",
            zone: None,
            inside: true,
        };
        let mut later = std::collections::BTreeSet::new();
        for i in 1..40 {
            let now = T + secs(i * 61);
            if let Some(Choice::Backend(b, _)) =
                rules.route(&key, Door::ClusterIp, 80, connection, now, &mut rng)
            {
                later.insert(b.address);
            }
        }
        assert_eq!(later.len(), 3);
    }

    #[test]
    fn rules_follow_their_service() {
        let (mut rules, key) = rules(
            "{type: NodePort, clusterIP: 10.96.0.10, ports: [{port: 80, nodePort: 30080}]}",
            "[{addresses: [10.1.0.1]}]",
        );
        assert_eq!(
            rules.at_address("10.96.0.10"),
            Some((&key, Door::ClusterIp))
        );
        assert_eq!(rules.at_node_port(30080), Some(&key));
        assert_eq!(addresses(&mut rules, &key, "x", "a", 1), ["10.1.0.1:8080"]);
        rules.write(&key, None, [].into_iter());
        assert_eq!(rules.at_address("10.96.0.10"), None);
        assert_eq!(rules.at_node_port(30080), None);
    }

    #[test]
    fn hints_keep_traffic_near_while_they_name_somebody() {
        let (a, b) = ("10.1.0.1:8080", "10.1.0.2:8080");
        let cases: [(&str, &str, &str, &[&str]); 5] = [
            // By zone; nodes stand for their zones here.
            (
                "{forZones: [{name: a}]}",
                "{forZones: [{name: b}]}",
                "a",
                &[a],
            ),
            (
                "{forZones: [{name: a}]}",
                "{forZones: [{name: b}]}",
                "c",
                &[a, b],
            ),
            // Not all have hints.
            ("{forZones: [{name: a}]}", "{}", "a", &[a, b]),
            // The node comes before the zone.
            (
                "{forZones: [{name: a}], forNodes: [{name: x}]}",
                "{forZones: [{name: a}], forNodes: [{name: a}]}",
                "a",
                &[b],
            ),
            (
                "{forZones: [{name: a}], forNodes: [{name: x}]}",
                "{forZones: [{name: b}], forNodes: [{name: y}]}",
                "a",
                &[a],
            ),
        ];
        for (first, second, node, expected) in cases {
            let (mut rules, key) = rules(
                PLAIN,
                &format!(
                    "[{{addresses: [10.1.0.1], hints: {first}}}, {{addresses: [10.1.0.2], hints: {second}}}]"
                ),
            );
            let seen = addresses(&mut rules, &key, "x", node, 50);
            assert_eq!(seen, expected, "{first} {second} on {node}");
        }
    }

    #[test]
    fn a_load_balancer_looks_at_who_comes_and_at_which_nodes_serve() {
        let (key, mut rng) = (Key::new("default", "web"), Rng::new(3));
        let service = service(
            "{metadata: {name: web, namespace: default}, spec: {type: LoadBalancer, clusterIP: 10.96.0.10, externalTrafficPolicy: Local, healthCheckNodePort: 30100, loadBalancerSourceRanges: [10.245.0.0/16], ports: [{port: 80, nodePort: 30080}]}, status: {loadBalancer: {ingress: [{ip: 172.18.255.1}]}}}",
        );
        let slice = slice(
            "{metadata: {name: web-1, namespace: default}, addressType: IPv4, ports: [{name: '', port: 8080, protocol: TCP}], endpoints: [{addresses: [10.1.0.1], nodeName: a}]}",
        );
        let mut rules = Rules::default();
        rules.write(&key, Some(&service), [&slice].into_iter());
        assert_eq!(
            rules.at_address("172.18.255.1"),
            Some((&key, Door::LoadBalancer))
        );
        assert_eq!(rules.at_health_port(30100, "a"), Some((&key, 1)));
        assert_eq!(rules.at_health_port(30100, "b"), Some((&key, 0)));
        assert!(rules.is_healthy(&key, "a") && !rules.is_healthy(&key, "b"));
        let mut ends = |from, node, inside| {
            let connection = Connection {
                from,
                node,
                zone: None,
                inside,
            };
            let choice = rules.route(&key, Door::LoadBalancer, 80, connection, T, &mut rng);
            match choice.expect("the port") {
                Choice::Backend(b, _) => b.address.to_string(),
                Choice::Rejected => "rejected".to_owned(),
                Choice::Dropped => "dropped".to_owned(),
            }
        };
        assert_eq!(ends("10.245.0.1", "a", false), "10.1.0.1");
        assert_eq!(ends("10.245.0.1", "b", false), "dropped");
        // Inside the cluster the policy for outside traffic does not matter.
        assert_eq!(ends("10.245.0.1", "b", true), "10.1.0.1");
        assert_eq!(ends("192.0.2.1", "a", false), "dropped");
    }
}
