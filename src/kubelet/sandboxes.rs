//! Addresses of pod sandboxes on a node (the host-local IPAM plugin: each range counts round).

use std::rc::Rc;

use super::spec::NodeSpec;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

#[derive(Clone, Default)]
pub struct Addresses {
    next: u32,
    /// The pod that has an address.
    pods: BTreeMap<Rc<str>, Rc<str>>,
    /// Pods on the node's own network.
    host: BTreeSet<Rc<str>>,
}

impl Addresses {
    /// Gives a pod the next free address; `None` when the range is used up.
    pub fn allocate(&mut self, node: &NodeSpec, uid: &Rc<str>) -> Option<Rc<str>> {
        for _ in 0..253 {
            let ip: Rc<str> = node.pod_address(self.next).into();
            self.next = self.next.wrapping_add(1);
            if !self.pods.contains_key(&ip) {
                self.pods.insert(ip.clone(), uid.clone());
                return Some(ip);
            }
        }
        None
    }

    pub fn join_host(&mut self, uid: &Rc<str>) {
        self.host.insert(uid.clone());
    }

    pub fn release(&mut self, ip: &str, uid: &Rc<str>) {
        if self.pods.get(ip) == Some(uid) {
            self.pods.remove(ip);
        }
        self.host.remove(uid);
    }

    /// The pods behind an address.
    pub fn pods_at(&self, node: &NodeSpec, ip: &str) -> Vec<Rc<str>> {
        match self.pods.get(ip) {
            Some(uid) => vec![uid.clone()],
            None if ip == node.address() => self.host.iter().cloned().collect(),
            None => Vec::new(),
        }
    }
}
