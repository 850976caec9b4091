//! What the network knows of the cluster's objects, from its watches.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};

use crate::api::{Key, Name, Object, Resource};
use crate::apiserver::{EventType, WatchEvent};
use crate::client::Cache;
use crate::sim::ordered::Map as BTreeMap;

use super::policy::Policy;

/// The label that names a slice's Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A pod behind an address.
#[derive(Clone)]
pub struct Home {
    pub node: Rc<str>,
    pub pod: Key,
    pub object: Rc<Pod>,
}

#[derive(Clone, Default)]
pub struct Objects {
    pub services: Cache<Service>,
    pub namespaces: Cache<Namespace>,
    pub nodes: Cache<Node>,
    pub ingresses: Cache<Ingress>,
    pub classes: Cache<IngressClass>,
    pub policies: BTreeMap<Key, Policy>,
    slices: BTreeMap<Key, BTreeMap<Rc<str>, Rc<EndpointSlice>>>,
    /// Addresses of pods that have one of their own.
    by_address: BTreeMap<Name, Home>,
    addresses: BTreeMap<Key, Name>,
    /// Internal addresses of nodes, by address and by name.
    by_node_address: BTreeMap<Rc<str>, Rc<str>>,
    node_addresses: BTreeMap<Rc<str>, Rc<str>>,
}

impl Objects {
    /// Takes in a watch event; returns the Service whose rules it changes.
    pub fn apply(&mut self, event: &WatchEvent) -> Option<Key> {
        let gone = event.event == EventType::Deleted;
        match &event.object {
            Object::Service(service) => {
                self.services.apply(event);
                Some(service.key())
            }
            Object::EndpointSlice(slice) => {
                let labels = slice.metadata.labels.as_ref();
                let service = labels.and_then(|l| l.get(SERVICE_NAME))?;
                let key = Key::new(slice.namespace(), service);
                let slices = self.slices.entry(key.clone()).or_default();
                if gone {
                    slices.remove(slice.name());
                    if slices.is_empty() {
                        self.slices.remove(&key);
                    }
                } else {
                    slices.insert(slice.name().into(), slice.clone());
                }
                Some(key)
            }
            Object::Pod(pod) => {
                self.pod(pod, gone);
                None
            }
            Object::Node(node) => {
                self.nodes.apply(event);
                self.node(node, gone);
                None
            }
            Object::Namespace(_) => {
                self.namespaces.apply(event);
                None
            }
            Object::NetworkPolicy(policy) => {
                match gone {
                    true => self.policies.remove(&policy.key()),
                    false => self.policies.insert(policy.key(), Policy::read(policy)),
                };
                None
            }
            Object::Ingress(_) => {
                self.ingresses.apply(event);
                None
            }
            Object::IngressClass(_) => {
                self.classes.apply(event);
                None
            }
            _ => None,
        }
    }

    fn pod(&mut self, pod: &Rc<Pod>, gone: bool) {
        let key = pod.key();
        let status = pod.status.as_ref();
        let spec = pod.spec.as_ref();
        let ended = matches!(
            status.and_then(|s| s.phase.as_deref()),
            Some("Succeeded" | "Failed")
        );
        let address = status
            .and_then(|s| s.pod_ip.as_deref())
            .filter(|a| !a.is_empty() && !gone && !ended);
        // Pods of the host's network have the node's address.
        let address = address.filter(|_| spec.is_none_or(|s| s.host_network != Some(true)));
        let address = address.map(Name::new);
        if let Some(home) = address.as_ref().and_then(|a| self.by_address.get_mut(a))
            && home.pod == key
        {
            home.object = pod.clone();
            return;
        }
        if self.addresses.get(&key) == address.as_ref() {
            return;
        }
        if let Some(old) = self.addresses.remove(&key)
            && self.by_address.get(&old).is_some_and(|h| h.pod == key)
        {
            self.by_address.remove(&old);
        }
        if let Some(address) = address {
            let node = spec
                .and_then(|s| s.node_name.as_deref())
                .unwrap_or_default();
            let home = Home {
                node: node.into(),
                pod: key.clone(),
                object: pod.clone(),
            };
            self.by_address.insert(address.clone(), home);
            self.addresses.insert(key, address);
        }
    }

    fn node(&mut self, node: &Node, gone: bool) {
        let name: Rc<str> = node.name().into();
        let addresses = node.status.as_ref().and_then(|s| s.addresses.as_ref());
        let internal = addresses
            .into_iter()
            .flatten()
            .find(|a| a.type_ == "InternalIP")
            .filter(|_| !gone)
            .map(|a| a.address.as_str());
        if self.node_addresses.get(&name).map(|a| &**a) == internal {
            return;
        }
        if let Some(old) = self.node_addresses.remove(&name) {
            self.by_node_address.remove(&old);
        }
        if let Some(address) = internal {
            self.by_node_address.insert(address.into(), name.clone());
            self.node_addresses.insert(name, address.into());
        }
    }

    pub fn slices_of(&self, service: &Key) -> impl Iterator<Item = &Rc<EndpointSlice>> {
        self.slices
            .get(service)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// The pod that has an address of its own.
    pub fn home(&self, address: &str) -> Option<&Home> {
        self.by_address.get(&Name::new(address))
    }

    /// The pod itself at an address of its own.
    pub fn pod_at(&self, address: &str) -> Option<&Rc<Pod>> {
        self.home(address).map(|home| &home.object)
    }

    /// The policies of a namespace, by name.
    pub fn policies_of(&self, namespace: &str) -> impl Iterator<Item = (&Key, &Policy)> {
        let start = Key::new(namespace, "");
        let namespace = start.namespace.clone();
        self.policies
            .range(start..)
            .take_while(move |(key, _)| key.namespace == namespace)
    }

    /// The node with this internal address.
    pub fn node_at(&self, address: &str) -> Option<&Rc<str>> {
        self.by_node_address.get(address)
    }

    pub fn address_of_node(&self, name: &str) -> Option<&Rc<str>> {
        self.node_addresses.get(name)
    }

    /// A node for the `n`th client to live on, in the order of names.
    pub fn some_node(&self, n: usize) -> Rc<str> {
        let count = self.node_addresses.len().max(1);
        let mut names = self.node_addresses.keys();
        names.nth(n % count).cloned().unwrap_or_default()
    }

    /// Whether the Service has an endpoint that is ready.
    pub fn is_served(&self, service: &Key) -> bool {
        self.slices_of(service)
            .flat_map(|s| s.endpoints.iter().flatten())
            .any(|e| {
                e.conditions
                    .as_ref()
                    .is_none_or(|c| c.ready.unwrap_or(true))
            })
    }
}
