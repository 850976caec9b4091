//! The rules of a node's kube-proxy as plain data: what `iptables -t nat -L`, `nft list` and
//! `ipvsadm -Ln` would show.
//!
//! Divergence: chains are named after a short hash of the Service's port, not a SHA-256 of it;
//! the names look alike.

use std::rc::Rc;

use super::Network;
use super::balance::Mode;
use super::rules::{Backend, Door, PortRules, ServiceRules};
use crate::api::Key;
use crate::sim::{Time, hash_bytes};

/// The rules of one node's proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyTable {
    pub mode: Mode,
    /// By Service, then in the order of its ports; for each the cluster's addresses first.
    pub rules: Vec<ProxyRule>,
}

/// What becomes of connections to one address and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyRule {
    pub service: Key,
    /// Empty for a Service of one port.
    pub port_name: Rc<str>,
    pub protocol: Rc<str>,
    pub door: Door,
    /// Empty for a port of the node.
    pub address: Rc<str>,
    pub port: u16,
    /// `KUBE-SVC-...`: where all endpoints are chosen from; `KUBE-SVL-...` with a local policy.
    pub chain: String,
    /// Only endpoints of the node itself are used.
    pub local: bool,
    /// For how many seconds a client stays with its endpoint.
    pub affinity: Option<u64>,
    pub endpoints: Vec<ProxyEndpoint>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyEndpoint {
    pub address: Rc<str>,
    pub port: u16,
    /// `KUBE-SEP-...`.
    pub chain: String,
    /// The rule takes one of so many connections that reach it: `--probability 1/n`. The last
    /// rule takes all that are left: 1.
    pub one_in: usize,
    /// Connections of the node to it, as IPVS counts them.
    pub active: u64,
    pub inactive: u64,
}

impl Network {
    /// The rules of a node's kube-proxy at an instant.
    pub fn proxy_table(&self, node: &str, now: Time) -> ProxyTable {
        let mut rules = Vec::new();
        for (key, service) in self.rules.services() {
            for port in &service.ports {
                let mut add = |door, address: &Rc<str>, number| {
                    rules.push(self.proxy_rule(
                        node,
                        key,
                        service,
                        port,
                        (door, address, number),
                        now,
                    ));
                };
                for (address, door) in service.addresses() {
                    add(door, address, port.port);
                }
                if port.node_port > 0 {
                    add(Door::NodePort, &"".into(), port.node_port);
                }
            }
        }
        ProxyTable {
            mode: self.rules.balance.mode(node),
            rules,
        }
    }

    fn proxy_rule(
        &self,
        node: &str,
        key: &Key,
        service: &ServiceRules,
        port: &PortRules,
        (door, address, number): (Door, &Rc<str>, u16),
        now: Time,
    ) -> ProxyRule {
        let local = match door {
            Door::ClusterIp => service.internal_local,
            _ => service.external_local,
        };
        let here = |b: &&Backend| !local || *b.node == *node;
        let all = || port.backends.iter().filter(here);
        let mut usable: Vec<&Backend> = all().filter(|b| b.ready).collect();
        if usable.is_empty() {
            usable = all().filter(|b| b.draining).collect();
        }
        let server = (Rc::from(node), key.clone(), port.port);
        let id = format!("{key}:{}{}", port.name, port.protocol);
        let count = usable.len();
        let endpoint = |(i, b): (usize, &&Backend)| {
            let (active, inactive) = self.rules.balance.connections(&server, b, now);
            ProxyEndpoint {
                address: b.address.clone(),
                port: b.port,
                chain: chain("KUBE-SEP", &format!("{id}{}:{}", b.address, b.port)),
                one_in: count - i,
                active,
                inactive,
            }
        };
        ProxyRule {
            service: key.clone(),
            port_name: port.name.clone(),
            protocol: port.protocol.clone(),
            door,
            address: address.clone(),
            port: number,
            chain: chain(if local { "KUBE-SVL" } else { "KUBE-SVC" }, &id),
            local,
            affinity: service.affinity,
            endpoints: usable.iter().enumerate().map(endpoint).collect(),
        }
    }
}

/// The name of a chain: sixteen letters of base 32 behind its kind.
fn chain(kind: &str, id: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut name = format!("{kind}-");
    for half in [1, 2] {
        let mut hash = hash_bytes(half, id.as_bytes());
        for _ in 0..8 {
            let letter = LETTERS.get((hash % 32) as usize).copied().unwrap_or(b'A');
            name.push(char::from(letter));
            hash /= 32;
        }
    }
    name
}
