//! Which connections NetworkPolicies let through.
//!
//! A pod that no policy selects for a direction takes, or makes, every connection. As soon as one
//! does, only what at least one of its policies allows. Policies are asked when a connection is
//! opened, with the addresses as they are behind the Service: its answers come back in any case.
//! What is not allowed is dropped without a word, so that the client waits until it gives up.
//!
//! Outside the rules stand, as `NetworkPolicySpec` and the documentation of network policies have
//! it: pods of the host's network, a pod's talk with itself, and that with its own node (so that
//! the kubelet can probe it).

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::objects::Objects;
use crate::api::names::{Ip, masked, parse_cidr_sloppy, parse_ip_sloppy};
use crate::api::selector::Selector;
use crate::api::{Key, Resource};

/// Seen from the pod that a policy selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ingress,
    Egress,
}

/// Why a connection was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub direction: Direction,
    /// The pod that is isolated.
    pub pod: Key,
    /// The names of the policies that isolate it, none of which allows the connection.
    pub policies: Rc<[Rc<str>]>,
}

/// One end of a connection.
#[derive(Clone, Copy)]
pub struct Party<'o> {
    pub address: &'o str,
    /// The pod that has this address for itself.
    pub pod: Option<&'o Pod>,
}

/// Where a connection goes to.
#[derive(Clone, Copy)]
pub struct Port<'p> {
    pub number: u16,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'p str,
}

/// A policy, read once.
#[derive(Clone)]
pub struct Policy {
    pods: Selector,
    /// Absent when the policy does not speak of the direction.
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
}

#[derive(Clone)]
struct Rule {
    /// None given: any.
    ports: Vec<PortRule>,
    peers: Vec<Peer>,
}

#[derive(Clone)]
struct PortRule {
    protocol: Rc<str>,
    which: Which,
}

#[derive(Clone)]
enum Which {
    Any,
    Range(u16, u16),
    /// As a container of the pod at the receiving end names it.
    Named(Rc<str>),
}

#[derive(Clone)]
enum Peer {
    Block {
        cidr: Block,
        except: Vec<Block>,
    },
    /// Without a selector of namespaces, those of the policy's own.
    Pods {
        namespaces: Option<Selector>,
        pods: Option<Selector>,
    },
}

type Block = (Ip, u8);

fn selector(
    of: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector>,
) -> Selector {
    Selector::from_api(of).unwrap_or_else(|_| Selector::nothing())
}

impl Policy {
    pub fn read(policy: &NetworkPolicy) -> Policy {
        let spec = policy.spec.clone().unwrap_or_default();
        let types = spec.policy_types.unwrap_or_default();
        let speaks_of = |type_: &str| types.iter().any(|t| t == type_);
        let ingress = spec.ingress.unwrap_or_default();
        let ingress = ingress.iter().map(|rule| rule_of(&rule.ports, &rule.from));
        let egress = spec.egress.unwrap_or_default();
        let egress = egress.iter().map(|rule| rule_of(&rule.ports, &rule.to));
        Policy {
            // An empty selector, or none, is every pod of the namespace.
            pods: match &spec.pod_selector {
                None => Selector::everything(),
                some => selector(some.as_ref()),
            },
            ingress: speaks_of("Ingress").then(|| ingress.collect()),
            egress: speaks_of("Egress").then(|| egress.collect()),
        }
    }

    fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

fn rule_of(ports: &Option<Vec<NetworkPolicyPort>>, peers: &Option<Vec<NetworkPolicyPeer>>) -> Rule {
    Rule {
        ports: ports.iter().flatten().map(port_of).collect(),
        peers: peers.iter().flatten().map(peer_of).collect(),
    }
}

fn port_of(port: &NetworkPolicyPort) -> PortRule {
    let number = |n: i32| u16::try_from(n).unwrap_or_default();
    PortRule {
        protocol: port.protocol.as_deref().unwrap_or("TCP").into(),
        which: match &port.port {
            None => Which::Any,
            Some(IntOrString::Int(first)) => {
                Which::Range(number(*first), number(port.end_port.unwrap_or(*first)))
            }
            Some(IntOrString::String(name)) => Which::Named(name.as_str().into()),
        },
    }
}

fn peer_of(peer: &NetworkPolicyPeer) -> Peer {
    if let Some(block) = &peer.ip_block {
        return block_of(block);
    }
    let some = |s: &Option<_>| s.as_ref().map(|s| selector(Some(s)));
    Peer::Pods {
        namespaces: some(&peer.namespace_selector),
        pods: some(&peer.pod_selector),
    }
}

fn block_of(block: &IPBlock) -> Peer {
    match parse_cidr_sloppy(&block.cidr) {
        Some(cidr) => Peer::Block {
            cidr,
            except: block
                .except
                .iter()
                .flatten()
                .filter_map(|e| parse_cidr_sloppy(e))
                .collect(),
        },
        // Refused by the API server.
        None => Peer::Pods {
            namespaces: Some(Selector::nothing()),
            pods: None,
        },
    }
}

/// Whether an address lies in a block.
pub fn contains((base, length): Block, address: Ip) -> bool {
    matches!(
        (base, address),
        (Ip::V4(..), Ip::V4(..)) | (Ip::V6(..), Ip::V6(..))
    ) && masked(base, length) == masked(address, length)
}

/// Asks the policies at both ends; `None` when nothing speaks against the connection.
pub fn denial(objects: &Objects, from: Party<'_>, to: Party<'_>, port: Port<'_>) -> Option<Denial> {
    if objects.policies.is_empty() || is_exempt(objects, from, to) {
        return None;
    }
    let egress = from
        .pod
        .and_then(|pod| denial_at(objects, pod, Direction::Egress, to, to.pod, port));
    egress.or_else(|| {
        let pod = to.pod?;
        denial_at(objects, pod, Direction::Ingress, from, to.pod, port)
    })
}

/// A pod and itself, a pod and its node.
fn is_exempt(objects: &Objects, from: Party<'_>, to: Party<'_>) -> bool {
    let at_home = |pod: Option<&Pod>, other: Party<'_>| {
        let node = pod.and_then(|p| p.spec.as_ref()?.node_name.as_deref());
        let own = node.and_then(|n| objects.address_of_node(n));
        own.is_some_and(|a| **a == *other.address)
    };
    from.address == to.address || at_home(from.pod, to) || at_home(to.pod, from)
}

fn denial_at(
    objects: &Objects,
    pod: &Pod,
    direction: Direction,
    other: Party<'_>,
    server: Option<&Pod>,
    port: Port<'_>,
) -> Option<Denial> {
    let empty = std::collections::BTreeMap::new();
    let labels = pod.metadata.labels.as_ref().unwrap_or(&empty);
    let mut isolating: Vec<Rc<str>> = Vec::new();
    for (key, policy) in objects.policies_of(pod.namespace()) {
        let Some(rules) = policy
            .rules(direction)
            .filter(|_| policy.pods.matches(labels))
        else {
            continue;
        };
        let allows = |rule: &Rule| {
            let ports =
                rule.ports.is_empty() || rule.ports.iter().any(|p| speaks_of_port(p, port, server));
            ports
                && (rule.peers.is_empty()
                    || rule
                        .peers
                        .iter()
                        .any(|peer| speaks_of_peer(objects, peer, pod.namespace(), other)))
        };
        if rules.iter().any(allows) {
            return None;
        }
        isolating.push((&*key.name).into());
    }
    (!isolating.is_empty()).then(|| Denial {
        direction,
        pod: pod.key(),
        policies: isolating.into(),
    })
}

fn speaks_of_port(rule: &PortRule, port: Port<'_>, server: Option<&Pod>) -> bool {
    if *rule.protocol != *port.protocol {
        return false;
    }
    match &rule.which {
        Which::Any => true,
        Which::Range(first, last) => (*first..=*last).contains(&port.number),
        Which::Named(name) => {
            let spec = server.and_then(|p| p.spec.as_ref());
            let containers = spec.into_iter().flat_map(|s| {
                s.containers
                    .iter()
                    .chain(s.init_containers.iter().flatten())
            });
            containers.flat_map(|c| c.ports.iter().flatten()).any(|p| {
                p.name.as_deref() == Some(name)
                    && p.container_port == i32::from(port.number)
                    && p.protocol.as_deref().unwrap_or("TCP") == port.protocol
            })
        }
    }
}

fn speaks_of_peer(objects: &Objects, peer: &Peer, namespace: &str, other: Party<'_>) -> bool {
    match peer {
        Peer::Block { cidr, except } => {
            let Some(address) = parse_ip_sloppy(other.address) else {
                return false;
            };
            contains(*cidr, address) && !except.iter().any(|e| contains(*e, address))
        }
        Peer::Pods { namespaces, pods } => {
            let Some(pod) = other.pod else {
                return false;
            };
            let empty = std::collections::BTreeMap::new();
            let labels = pod.metadata.labels.as_ref().unwrap_or(&empty);
            let there = match namespaces {
                None => pod.namespace() == namespace,
                Some(wanted) => {
                    let key = Key::new("", pod.namespace());
                    let found = objects.namespaces.get(&key);
                    let labels = found.and_then(|n| n.metadata.labels.as_ref());
                    wanted.matches(labels.unwrap_or(&empty))
                }
            };
            there && pods.as_ref().is_none_or(|wanted| wanted.matches(labels))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;
    use crate::apiserver::{EventType, WatchEvent};
    use crate::network::testing::object;
    use crate::sim::CauseId;
    use k8s_openapi::api::core::v1::{Namespace, Node};

    fn add(objects: &mut Objects, object: Object) {
        objects.apply(&WatchEvent {
            event: EventType::Added,
            object,
            revision: 1,
            cause: CauseId::NONE,
        });
    }

    fn pod(objects: &mut Objects, key: &str, labels: &str, address: &str, node: &str) {
        let (namespace, name) = key.split_once('/').expect("namespace/name");
        let pod = object::<Pod>(&format!(
            "{{metadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}, spec: {{nodeName: {node}, containers: [{{name: c, image: i, ports: [{{name: http, containerPort: 8080, protocol: TCP}}]}}]}}, status: {{podIP: {address}, phase: Running}}}}"
        ));
        add(objects, Resource::into_object(pod));
    }

    /// Two namespaces, three pods, two nodes, and one policy in the namespace `shop`.
    fn cluster(policies: &[&str]) -> Objects {
        let mut objects = Objects::default();
        for (name, label) in [("shop", "team: a"), ("other", "team: b")] {
            let namespace = object::<Namespace>(&format!(
                "{{metadata: {{name: {name}, labels: {{{label}}}}}}}"
            ));
            add(&mut objects, Resource::into_object(namespace));
        }
        for (name, address) in [("a", "172.18.0.2"), ("b", "172.18.0.3")] {
            let node = object::<Node>(&format!(
                "{{metadata: {{name: {name}}}, status: {{addresses: [{{type: InternalIP, address: {address}}}]}}}}"
            ));
            add(&mut objects, Resource::into_object(node));
        }
        pod(&mut objects, "shop/db", "app: db", "10.244.1.1", "a");
        pod(&mut objects, "shop/web", "app: web", "10.244.1.2", "b");
        pod(&mut objects, "other/web", "app: web", "10.244.2.2", "b");
        for (i, spec) in policies.iter().enumerate() {
            let policy = object::<NetworkPolicy>(&format!(
                "{{metadata: {{name: p{i}, namespace: shop}}, spec: {spec}}}"
            ));
            add(&mut objects, Resource::into_object(policy));
        }
        objects
    }

    /// Whether the connection comes to be; addresses of nobody are outside.
    fn passes(objects: &Objects, from: &str, to: &str, number: u16) -> bool {
        let party = |address| Party {
            address,
            pod: objects.pod_at(address).map(|p| &**p),
        };
        let port = Port {
            number,
            protocol: "TCP",
        };
        denial(objects, party(from), party(to), port).is_none()
    }

    const DB: &str = "10.244.1.1";
    const WEB: &str = "10.244.1.2";
    const OTHER: &str = "10.244.2.2";
    const OUTSIDE: &str = "10.245.0.1";

    #[test]
    fn what_policies_allow() {
        const DENY_IN: &str = "{podSelector: {}, policyTypes: [Ingress]}";
        const DENY_OUT: &str = "{podSelector: {}, policyTypes: [Egress]}";
        let ingress = |rule: &str| {
            format!(
                "{{podSelector: {{matchLabels: {{app: db}}}}, policyTypes: [Ingress], ingress: [{rule}]}}"
            )
        };
        let egress = |rule: &str| {
            format!(
                "{{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{rule}]}}"
            )
        };
        let from_web = ingress("{from: [{podSelector: {matchLabels: {app: web}}}]}");
        let from_b = ingress("{from: [{namespaceSelector: {matchLabels: {team: b}}}]}");
        let both = ingress(
            "{from: [{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: db}}}]}",
        );
        let all = ingress("{}");
        let named = ingress("{ports: [{port: http}]}");
        let range = ingress("{ports: [{port: 8000, endPort: 8080}]}");
        let udp = ingress("{ports: [{port: 8080, protocol: UDP}]}");
        let block = ingress("{from: [{ipBlock: {cidr: 10.245.0.0/16, except: [10.245.1.0/24]}}]}");
        let to_db =
            egress("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 8080}]}");
        let to_block = egress("{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}");
        // Policies, from, to, port, whether it passes.
        let cases: &[(&[&str], &str, &str, u16, bool)] = &[
            (&[], OTHER, DB, 8080, true),
            (&[DENY_IN], OTHER, DB, 8080, false),
            (&[DENY_IN], WEB, OTHER, 8080, true),
            (&[DENY_OUT], OTHER, DB, 8080, true),
            (&[DENY_OUT], WEB, OTHER, 8080, false),
            // A pod and itself, its node, another node.
            (&[DENY_IN], DB, DB, 8080, true),
            (&[DENY_IN], "172.18.0.2", DB, 8080, true),
            (&[DENY_IN], "172.18.0.3", DB, 8080, false),
            (&[DENY_OUT], DB, "172.18.0.2", 6443, true),
            (&[DENY_OUT], DB, "172.18.0.3", 6443, false),
            // Who is meant.
            (&[&from_web], WEB, DB, 8080, true),
            (&[&from_web], OTHER, DB, 8080, false),
            (&[&from_b], OTHER, DB, 8080, true),
            (&[&from_b], WEB, DB, 8080, false),
            (&[&both], OTHER, DB, 8080, false),
            (&[&all], OUTSIDE, DB, 8080, true),
            (&[&from_web], OTHER, WEB, 8080, true),
            // What one allows, another cannot forbid.
            (&[DENY_IN, &from_web], WEB, DB, 8080, true),
            (&[&from_b, &from_web], OTHER, DB, 8080, true),
            // Ports.
            (&[&named], OTHER, DB, 8080, true),
            (&[&named], OTHER, DB, 8081, false),
            (&[&range], OTHER, DB, 8000, true),
            (&[&range], OTHER, DB, 8081, false),
            (&[&udp], OTHER, DB, 8080, false),
            // Addresses.
            (&[&block], OUTSIDE, DB, 8080, true),
            (&[&block], "10.245.1.9", DB, 8080, false),
            (&[&block], OTHER, DB, 8080, false),
            // Both ends have to agree.
            (&[&to_db], WEB, DB, 8080, true),
            (&[&to_db], WEB, DB, 9090, false),
            (&[&to_db, DENY_IN], WEB, DB, 8080, false),
            (&[&to_db], WEB, OTHER, 8080, false),
            (&[&to_block], WEB, OTHER, 8080, true),
            (&[&to_block], WEB, "1.1.1.1", 53, true),
        ];
        for (policies, from, to, port, expected) in cases {
            let objects = cluster(policies);
            let passed = passes(&objects, from, to, *port);
            assert_eq!(
                passed, *expected,
                "{from} to {to}:{port} under {policies:?}"
            );
        }
    }

    #[test]
    fn a_denial_names_the_policies_that_isolate_the_pod() {
        let objects = cluster(&[
            "{podSelector: {}, policyTypes: [Ingress]}",
            "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}",
            "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{ports: [{port: 1}]}]}",
        ]);
        let party = |address| Party {
            address,
            pod: objects.pod_at(address).map(|p| &**p),
        };
        let port = Port {
            number: 5432,
            protocol: "TCP",
        };
        let found = denial(&objects, party(OTHER), party(DB), port).expect("a denial");
        assert_eq!(found.pod, Key::new("shop", "db"));
        assert_eq!(found.direction, Direction::Ingress);
        let names: Vec<&str> = found.policies.iter().map(|p| &**p).collect();
        assert_eq!(names, ["p0", "p2"]);
    }
}
