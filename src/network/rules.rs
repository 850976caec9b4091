//! What kube-proxy makes of Services and EndpointSlices: from an address and port to a pod.
//!
//! One set of rules stands for the proxies of all nodes; they follow a change together, after
//! the delay that [`super::latency`] tells. In between traffic goes where it went before, as in
//! a real cluster: to a pod that has gone just now, say. Models `pkg/proxy` (iptables mode).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use k8s_openapi::api::discovery::v1::EndpointSlice;

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
    ready: bool,
    /// Terminating, but still answering.
    draining: bool,
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PortRules {
    port: u16,
    node_port: u16,
    backends: Rc<Vec<Backend>>,
}

/// The rules of one Service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ServiceRules {
    /// The cluster's own addresses, then those for the outside.
    cluster_ips: Vec<Rc<str>>,
    external_ips: Vec<Rc<str>>,
    ports: Vec<PortRules>,
    /// In seconds.
    affinity: Option<u64>,
    internal_local: bool,
    external_local: bool,
}

/// What becomes of a connection to a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Backend(Backend),
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
    /// The node whose proxy sees it.
    pub node: &'a str,
}

/// A Service's port and a client of it, by address.
type Visitor = (Key, u16, Rc<str>);

#[derive(Clone, Default)]
pub struct Rules {
    services: BTreeMap<Key, ServiceRules>,
    /// Address to Service, and whether it is one for the outside.
    by_address: BTreeMap<Rc<str>, (Key, bool)>,
    by_node_port: BTreeMap<u16, Key>,
    /// Which backend a client was given, and when it last used it.
    sticky: BTreeMap<Visitor, (Rc<str>, Time)>,
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
            for address in old.cluster_ips.iter().chain(&old.external_ips) {
                self.by_address.remove(address);
            }
            for port in &old.ports {
                self.by_node_port.remove(&port.node_port);
            }
        }
        let spec = service.and_then(|s| s.spec.as_ref());
        let Some(rules) = spec.and_then(|spec| rules_of(service?, spec, slices)) else {
            self.sticky.retain(|(service, _, _), _| service != key);
            return;
        };
        for address in &rules.cluster_ips {
            self.by_address
                .insert(address.clone(), (key.clone(), false));
        }
        for address in &rules.external_ips {
            self.by_address.insert(address.clone(), (key.clone(), true));
        }
        for port in rules.ports.iter().filter(|p| p.node_port > 0) {
            self.by_node_port.insert(port.node_port, key.clone());
        }
        self.services.insert(key.clone(), rules);
    }

    /// The Service that has this address, and whether the address is one for the outside.
    pub fn at_address(&self, address: &str) -> Option<(&Key, bool)> {
        self.by_address
            .get(address)
            .map(|(key, external)| (key, *external))
    }

    pub fn at_node_port(&self, port: u16) -> Option<&Key> {
        self.by_node_port.get(&port)
    }

    /// Picks a backend for a connection to a Service's address. `None` when it has no such port.
    pub fn at_port(
        &mut self,
        key: &Key,
        port: u16,
        external: bool,
        connection: Connection<'_>,
        now: Time,
        rng: &mut Rng,
    ) -> Option<Choice> {
        let rules = self.services.get(key)?;
        let found = rules.ports.iter().find(|p| p.port == port)?.clone();
        let local = if external {
            rules.external_local
        } else {
            rules.internal_local
        };
        Some(self.pick(key, &found, local, connection, now, rng))
    }

    /// Whether a pod sees the client's own address when a node's port was used.
    pub fn keeps_client_address(&self, key: &Key) -> bool {
        self.services.get(key).is_some_and(|r| r.external_local)
    }

    /// Picks a backend for a connection to a node's port.
    pub fn at_node(
        &mut self,
        key: &Key,
        node_port: u16,
        connection: Connection<'_>,
        now: Time,
        rng: &mut Rng,
    ) -> Option<Choice> {
        let rules = self.services.get(key)?;
        let found = rules.ports.iter().find(|p| p.node_port == node_port)?;
        let (found, local) = (found.clone(), rules.external_local);
        Some(self.pick(key, &found, local, connection, now, rng))
    }

    fn pick(
        &mut self,
        key: &Key,
        port: &PortRules,
        local: bool,
        connection: Connection<'_>,
        now: Time,
        rng: &mut Rng,
    ) -> Choice {
        let here = |b: &&Backend| !local || *b.node == *connection.node;
        let ready: Vec<&Backend> = port
            .backends
            .iter()
            .filter(|b| b.ready)
            .filter(here)
            .collect();
        // Pods that terminate but still serve are better than none (ProxyTerminatingEndpoints).
        let usable = if ready.is_empty() {
            port.backends
                .iter()
                .filter(|b| b.draining)
                .filter(here)
                .collect()
        } else {
            ready
        };
        if usable.is_empty() {
            let elsewhere = local && port.backends.iter().any(|b| b.ready || b.draining);
            return if elsewhere {
                Choice::Dropped
            } else {
                Choice::Rejected
            };
        }
        let affinity = self.services.get(key).and_then(|r| r.affinity);
        let name = (key.clone(), port.port, Rc::from(connection.from));
        if let Some(timeout) = affinity
            && let Some((address, used)) = self.sticky.get_mut(&name)
            && now.since(*used) < secs(timeout)
            && let Some(backend) = usable.iter().find(|b| b.address == *address)
        {
            *used = now;
            return Choice::Backend((*backend).clone());
        }
        match rng.pick(&usable) {
            Some(backend) => {
                if affinity.is_some() {
                    self.sticky.insert(name, (backend.address.clone(), now));
                }
                Choice::Backend((*backend).clone())
            }
            None => Choice::Rejected,
        }
    }
}

fn rules_of<'s>(
    service: &Service,
    spec: &ServiceSpec,
    slices: impl Iterator<Item = &'s Rc<EndpointSlice>>,
) -> Option<ServiceRules> {
    let is_address = |a: &&String| !a.is_empty() && a.as_str() != "None";
    let cluster_ips: Vec<Rc<str>> = spec
        .cluster_ips
        .iter()
        .flatten()
        .chain(&spec.cluster_ip)
        .filter(is_address)
        .map(|a| a.as_str().into())
        .collect();
    if cluster_ips.is_empty() || spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    let ingress = service
        .status
        .as_ref()
        .and_then(|s| s.load_balancer.as_ref()?.ingress.as_ref());
    let balancer = ingress.into_iter().flatten().filter_map(|i| i.ip.as_ref());
    let external = spec.external_ips.iter().flatten().chain(balancer);
    let slices: Vec<&Rc<EndpointSlice>> = slices.collect();
    let ports = spec.ports.iter().flatten();
    let ports = ports
        .filter(|p| p.protocol.as_deref().unwrap_or("TCP") == "TCP")
        .map(|port| PortRules {
            port: number(port.port),
            node_port: number(port.node_port.unwrap_or_default()),
            backends: Rc::new(backends(
                port.name.as_deref().unwrap_or_default(),
                service.namespace(),
                &slices,
            )),
        });
    let client_ip = spec.session_affinity_config.as_ref();
    let timeout = client_ip.and_then(|c| c.client_ip.as_ref()?.timeout_seconds);
    Some(ServiceRules {
        cluster_ips,
        external_ips: external.map(|a| a.as_str().into()).collect(),
        ports: ports.collect(),
        affinity: (spec.session_affinity.as_deref() == Some("ClientIP"))
            .then(|| timeout.map_or(DEFAULT_AFFINITY_SECS, |t| u64::from(t.unsigned_abs()))),
        internal_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
        external_local: spec.external_traffic_policy.as_deref() == Some("Local"),
    })
}

pub fn number(port: i32) -> u16 {
    u16::try_from(port).unwrap_or_default()
}

/// The endpoints behind a port of a Service, by its name.
pub fn backends(name: &str, namespace: &str, slices: &[&Rc<EndpointSlice>]) -> Vec<Backend> {
    let mut backends = Vec::new();
    for slice in slices {
        let port = slice.ports.iter().flatten().find(|p| {
            p.name.as_deref().unwrap_or_default() == name
                && p.protocol.as_deref().unwrap_or("TCP") == "TCP"
        });
        let Some(port) = port.and_then(|p| p.port) else {
            continue;
        };
        for endpoint in slice.endpoints.iter().flatten() {
            let Some(address) = endpoint.addresses.first() else {
                continue;
            };
            let conditions = endpoint.conditions.as_ref();
            let flag =
                |f: fn(&k8s_openapi::api::discovery::v1::EndpointConditions) -> Option<bool>| {
                    conditions.and_then(f)
                };
            let ready = flag(|c| c.ready).unwrap_or(true);
            let serving = flag(|c| c.serving).unwrap_or(ready);
            let terminating = flag(|c| c.terminating).unwrap_or(false);
            let target = endpoint.target_ref.as_ref();
            let pod = target.filter(|t| t.kind.as_deref() == Some("Pod"));
            backends.push(Backend {
                address: address.as_str().into(),
                port: number(port),
                node: endpoint.node_name.as_deref().unwrap_or_default().into(),
                pod: pod.map_or_else(Key::default, |t| {
                    Key::new(
                        t.namespace.as_deref().unwrap_or(namespace),
                        t.name.as_deref().unwrap_or_default(),
                    )
                }),
                ready,
                draining: serving && terminating,
            });
        }
    }
    // The same address in two slices, while it moves between them, counts once.
    backends.sort_by(|a, b| (&a.address, a.port, !a.ready).cmp(&(&b.address, b.port, !b.ready)));
    backends.dedup_by(|a, b| a.address == b.address && a.port == b.port);
    backends
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
        let connection = Connection { from, node };
        let mut seen: Vec<String> = (0..draws)
            .map(
                |_| match rules.at_port(key, 80, false, connection, T, &mut rng) {
                    Some(Choice::Backend(b)) => format!("{}:{}", b.address, b.port),
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
        };
        let mut later = std::collections::BTreeSet::new();
        for i in 1..40 {
            let now = T + secs(i * 61);
            if let Some(Choice::Backend(b)) =
                rules.at_port(&key, 80, false, connection, now, &mut rng)
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
        assert_eq!(rules.at_address("10.96.0.10"), Some((&key, false)));
        assert_eq!(rules.at_node_port(30080), Some(&key));
        assert_eq!(addresses(&mut rules, &key, "x", "a", 1), ["10.1.0.1:8080"]);
        rules.write(&key, None, [].into_iter());
        assert_eq!(rules.at_address("10.96.0.10"), None);
        assert_eq!(rules.at_node_port(30080), None);
    }
}
