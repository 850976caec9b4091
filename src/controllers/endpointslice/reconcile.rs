//! From the endpoints that a service should have to the fewest writes of slices
//! (`k8s.io/endpointslice` reconciler.go).

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};

use super::describe::{Backend, labels, new_slice};
use crate::api::Name;
use crate::sim::ordered::Map as BTreeMap;

/// How many endpoints a slice holds (`--max-endpoints-per-slice`).
const MOST: usize = 100;

/// The writes that bring the slices up to date.
#[derive(Clone, Default)]
pub struct Plan {
    pub create: Vec<EndpointSlice>,
    pub update: Vec<EndpointSlice>,
    pub delete: Vec<Rc<EndpointSlice>>,
}

/// One of them.
pub enum Request {
    Create(EndpointSlice),
    Update(EndpointSlice),
    Delete(Rc<EndpointSlice>),
}

/// Ports as slices are grouped by them: those of a slice are the same for all its endpoints.
type Ports = Vec<(Option<String>, Option<i32>, Option<String>, Option<String>)>;

fn key(ports: Option<&Vec<EndpointPort>>) -> Ports {
    let mut key: Ports = ports
        .into_iter()
        .flatten()
        .map(|p| {
            (
                p.name.clone(),
                p.port,
                p.protocol.clone(),
                p.app_protocol.clone(),
            )
        })
        .collect();
    key.sort();
    key
}

fn identity(endpoint: &Endpoint) -> Name {
    Name::new(Backend::identity(endpoint))
}

#[derive(Default)]
struct Group<'b> {
    ports: &'b [EndpointPort],
    existing: Vec<Rc<EndpointSlice>>,
    /// By pod, in the order of pods.
    desired: Vec<&'b Shared<Endpoint>>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.create.is_empty() && self.update.is_empty() && self.delete.is_empty()
    }

    /// Takes out what is to be written next: what is created comes first, what is deleted last.
    pub fn next(&mut self) -> Option<Request> {
        fn first<T>(list: &mut Vec<T>) -> Option<T> {
            (!list.is_empty()).then(|| list.remove(0))
        }
        if let Some(slice) = first(&mut self.create) {
            return Some(Request::Create(slice));
        }
        if let Some(slice) = first(&mut self.update) {
            return Some(Request::Update(slice));
        }
        first(&mut self.delete).map(Request::Delete)
    }

    /// Adds the writes for the slices of one address type.
    pub fn reconcile(
        &mut self,
        service: &Service,
        family: &str,
        existing: Vec<Rc<EndpointSlice>>,
        backends: Vec<&Backend>,
    ) {
        let mut part = Plan::default();
        let mut groups: BTreeMap<Ports, Group<'_>> = BTreeMap::new();
        // Most pods have the same ports: their key is made once.
        let mut last: Option<(&[EndpointPort], Ports)> = None;
        for backend in backends {
            let group = match &last {
                Some((ports, key)) if *ports == backend.ports => groups.get_mut(key),
                _ => None,
            };
            let group = match group {
                Some(group) => group,
                None => {
                    let key = key(Some(&backend.ports));
                    last = Some((&backend.ports, key.clone()));
                    groups.entry(key).or_default()
                }
            };
            group.ports = &backend.ports;
            group.desired.push(&backend.endpoint);
        }
        for slice in &existing {
            match groups.get_mut(&key(slice.ports.as_ref())) {
                Some(group) => group.existing.push(slice.clone()),
                None => part.delete.push(slice.clone()),
            }
        }
        for group in groups.into_values() {
            part.reconcile_ports(service, family, group);
        }
        if part.create.is_empty() && part.delete.len() == existing.len() {
            // Nobody is behind the service: an empty slice says so.
            let placeholder = new_slice(service, family, &[]);
            let same = |slice: &Rc<EndpointSlice>| {
                slice.endpoints.as_ref().is_none_or(Vec::is_empty)
                    && slice.ports.as_ref().is_none_or(Vec::is_empty)
                    && slice.metadata.labels == placeholder.metadata.labels
            };
            match part.delete.as_slice() {
                [only] if same(only) => part.delete.clear(),
                _ => part.create.push(placeholder),
            }
        }
        part.reuse_names();
        self.create.append(&mut part.create);
        self.update.append(&mut part.update);
        self.delete.append(&mut part.delete);
    }

    /// The slices of one set of ports: what is still right stays where it is; then changed
    /// slices are filled; then the fullest slice with room; then new ones.
    fn reconcile_ports(&mut self, service: &Service, family: &str, group: Group<'_>) {
        let wanted_labels = labels(service);
        // Names stand in their keys: these searches are most of what a sync of many endpoints costs.
        let mut desired: BTreeMap<Name, &Shared<Endpoint>> = BTreeMap::new();
        for endpoint in &group.desired {
            desired.insert(identity(endpoint), endpoint);
        }
        let mut changed: Vec<EndpointSlice> = Vec::new();
        let mut unchanged: Vec<Rc<EndpointSlice>> = Vec::new();
        for slice in group.existing {
            let mut kept = Vec::new();
            let mut differs = false;
            for endpoint in slice.endpoints.iter().flatten() {
                match desired.remove(&identity(endpoint)) {
                    Some(now) => {
                        differs |= *now != *endpoint;
                        kept.push(now);
                    }
                    None => differs = true,
                }
            }
            let relabelled = slice.metadata.labels.as_ref() != Some(&wanted_labels);
            if kept.is_empty() && differs {
                self.delete.push(slice);
            } else if differs || relabelled {
                let mut slice = (*slice).clone();
                slice.endpoints = Some(kept.into_iter().cloned().collect());
                slice.metadata.labels = Some(wanted_labels.clone());
                changed.push(slice);
            } else {
                unchanged.push(slice);
            }
        }
        let new = group.desired.iter().rev();
        let new = new.filter_map(|e| desired.remove(&identity(e)));
        let mut left: Vec<&Shared<Endpoint>> = new.collect();
        // What is written anyway takes what fits, the fullest first.
        changed.sort_by_key(|s| std::cmp::Reverse(s.endpoints.as_ref().map_or(0, Vec::len)));
        for slice in &mut changed {
            fill(slice, &mut left);
        }
        while !left.is_empty() {
            let room = |slice: &Rc<EndpointSlice>| {
                MOST.saturating_sub(slice.endpoints.as_ref().map_or(0, Vec::len))
            };
            let fitting = unchanged
                .iter()
                .enumerate()
                .filter(|(_, s)| room(s) >= left.len())
                .min_by_key(|(_, s)| room(s))
                .map(|(i, _)| i);
            match fitting {
                Some(i) => {
                    let mut slice = (*unchanged.remove(i)).clone();
                    fill(&mut slice, &mut left);
                    changed.push(slice);
                }
                None => {
                    let mut slice = new_slice(service, family, group.ports);
                    fill(&mut slice, &mut left);
                    self.create.push(slice);
                }
            }
        }
        self.update.append(&mut changed);
    }

    /// A slice to create takes over one to delete: watchers see an update instead of two changes.
    fn reuse_names(&mut self) {
        while !self.create.is_empty()
            && let Some(old) = self.delete.pop()
        {
            let new = self.create.remove(0);
            let mut slice = (*old).clone();
            slice.endpoints = new.endpoints;
            slice.ports = new.ports;
            slice.metadata.labels = new.metadata.labels;
            self.update.push(slice);
        }
    }
}

/// Moves endpoints from the end of `left` into the slice until it is full.
fn fill(slice: &mut EndpointSlice, left: &mut Vec<&Shared<Endpoint>>) {
    let endpoints = slice.endpoints.get_or_insert_default();
    while endpoints.len() < MOST
        && let Some(endpoint) = left.pop()
    {
        endpoints.push(endpoint.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{ObjectReference, ServiceSpec};

    fn backend(i: usize, port: i32) -> Backend {
        let endpoint = Endpoint {
            addresses: vec![format!("10.0.{}.{}", i / 250, i % 250)],
            target_ref: Some(ObjectReference {
                uid: Some(format!("{i:04}")),
                ..ObjectReference::default()
            }),
            ..Endpoint::default()
        };
        Backend {
            endpoint: endpoint.into(),
            ports: vec![EndpointPort {
                name: Some(String::new()),
                port: Some(port),
                ..EndpointPort::default()
            }],
        }
    }

    fn service() -> Service {
        let mut service = Service {
            spec: Some(ServiceSpec {
                cluster_ip: Some("10.96.0.9".to_owned()),
                ..ServiceSpec::default()
            }),
            ..Service::default()
        };
        service.metadata.name = Some("web".to_owned());
        service
    }

    fn stored(slices: &[EndpointSlice]) -> Vec<Rc<EndpointSlice>> {
        let named = slices.iter().enumerate().map(|(i, slice)| {
            let mut slice = slice.clone();
            slice.metadata.name = Some(format!("web-{i}"));
            slice.metadata.uid = Some(format!("{i}"));
            Rc::new(slice)
        });
        named.collect()
    }

    fn plan(existing: Vec<Rc<EndpointSlice>>, backends: Vec<Backend>) -> Plan {
        let mut plan = Plan::default();
        plan.reconcile(&service(), "IPv4", existing, backends.iter().collect());
        plan
    }

    fn sizes(slices: &[EndpointSlice]) -> Vec<usize> {
        let size = |s: &EndpointSlice| s.endpoints.as_ref().map_or(0, Vec::len);
        slices.iter().map(size).collect()
    }

    #[test]
    fn slices_hold_a_hundred_and_only_changed_ones_are_written() {
        let first = plan(Vec::new(), (0..250).map(|i| backend(i, 80)).collect());
        assert_eq!(sizes(&first.create), [100, 100, 50]);
        let existing = stored(&first.create);

        let same = plan(existing.clone(), (0..250).map(|i| backend(i, 80)).collect());
        assert!(same.is_empty());

        let more = plan(existing.clone(), (0..251).map(|i| backend(i, 80)).collect());
        assert_eq!(sizes(&more.update), [51]);
        assert!(more.create.is_empty());

        let fewer = plan(existing.clone(), (1..250).map(|i| backend(i, 80)).collect());
        assert_eq!(sizes(&fewer.update), [99]);

        let swapped = plan(existing, (1..251).map(|i| backend(i, 80)).collect());
        assert_eq!(
            sizes(&swapped.update),
            [100],
            "the changed slice takes the new one"
        );
    }

    #[test]
    fn no_endpoints_are_an_empty_slice_and_ports_divide() {
        let none = plan(Vec::new(), Vec::new());
        assert_eq!(sizes(&none.create), [0]);
        let existing = stored(&none.create);
        assert!(plan(existing.clone(), Vec::new()).is_empty());
        let two = plan(existing, vec![backend(0, 80), backend(1, 8080)]);
        assert_eq!((two.update.len(), two.create.len()), (1, 1));
        assert!(two.delete.is_empty(), "the placeholder is taken over");
    }
}
