//! The Endpoints controller: the older list of addresses behind a service
//! (`k8s.io/kubernetes/pkg/controller/endpoint`).

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service,
};

use super::backends::{self, Changed, Members, Throttle, TriggerTimes};
use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::pods;
use super::replicaset::is_namespace_terminating;
use crate::api::{Key, Name, Resource};
use crate::apiserver::DeleteOptions;
use crate::sim::ordered::Map as BTreeMap;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// How many addresses one object may hold.
const CAPACITY: usize = 1000;

#[derive(Clone, Default)]
pub struct EndpointsController {
    triggers: TriggerTimes,
    members: Members<Rc<Member>>,
    /// The members of each service in the order of their addresses, in which they are listed.
    sorted: BTreeMap<Key, Vec<Rc<Member>>>,
    throttle: Throttle,
}

/// A pod as it stands in the lists.
struct Member {
    name: Name,
    address: Shared<EndpointAddress>,
    uid: String,
    ready: bool,
    /// What it has for the ports of the service; none for a headless service without ports.
    ports: Vec<Option<Port>>,
}

impl Member {
    /// By what the lists are sorted.
    fn order(&self) -> (&str, &str) {
        (&self.address.ip, &self.uid)
    }
}

impl Controller for EndpointsController {
    fn name(&self) -> &'static str {
        "endpoint-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((Some(deleted), None)) = change.of::<Endpoints>() {
            triggers.add(deleted.key());
        } else {
            backends::changed(change, caches, &mut self.members, triggers);
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let caches = scope.caches;
        let Some(service) = caches.services.get(key) else {
            self.triggers.forget(key);
            self.forget(key);
            let ours = caches.endpoints.get(key).is_some_and(|e| is_ours(e));
            if ours {
                delete(scope, key)?;
            }
            return Ok(Next::Change);
        };
        if backends::selector(service).is_none() {
            self.forget(key);
            return Ok(Next::Change);
        }
        let describe = |pod: &Rc<Pod>| member(service, pod).map(Rc::new);
        let changed = self.members.refresh(service, caches, describe);
        scope.look(changed.pods.len());
        let trigger = self.triggers.next(service, &changed);
        let (subsets, truncated) = subsets(self.sorted(key, &changed));

        let current = caches.endpoints.get(key);
        let mut wanted = Endpoints::default();
        if let Some(current) = current {
            wanted.metadata = current.metadata.clone();
        }
        wanted.metadata.name = service.metadata.name.clone();
        wanted.metadata.namespace = service.metadata.namespace.clone();
        wanted.subsets = (!subsets.is_empty()).then_some(subsets);
        let mut labels = service.metadata.labels.clone().unwrap_or_default();
        labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
        if service.spec.as_ref().is_some_and(backends::is_headless) {
            labels.insert(backends::HEADLESS.to_owned(), String::new());
        } else {
            labels.remove(backends::HEADLESS);
        }
        wanted.metadata.labels = Some(labels);
        let annotations = wanted.metadata.annotations.get_or_insert_default();
        if truncated {
            annotations.insert(OVER_CAPACITY.to_owned(), "truncated".to_owned());
        } else {
            annotations.remove(OVER_CAPACITY);
        }
        let same = current.is_some_and(|e| {
            let marked = |e: &Endpoints| {
                let annotations = e.metadata.annotations.as_ref();
                annotations.is_some_and(|a| a.contains_key(OVER_CAPACITY))
            };
            e.subsets == wanted.subsets
                && e.metadata.labels == wanted.metadata.labels
                && marked(e) == truncated
        });
        if same {
            return Ok(Next::Change);
        }
        backends::annotate_trigger(&mut wanted.metadata, trigger);
        let addresses = wanted
            .subsets
            .iter()
            .flatten()
            .flat_map(|s| s.addresses.iter().flatten())
            .count();
        scope.decide("Service", key, &format!("{addresses} ready addresses"));
        let wait = self.throttle.take(scope.now());
        scope.wait(wait);
        let written = match current {
            Some(_) => scope.ctx.update(wanted),
            None => scope.ctx.create(wanted),
        };
        match written {
            Err(status) if is_namespace_terminating(&status) => Ok(Next::Change),
            Err(status) => Err(status),
            Ok(_) => Ok(Next::Change),
        }
    }

    fn max_retries(&self) -> Option<u32> {
        Some(15)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl EndpointsController {
    fn forget(&mut self, key: &Key) {
        self.members.forget(key);
        self.sorted.remove(key);
    }

    /// The members of a service by address. Only those that have changed are put in their places: to sort a
    /// thousand anew is dear, and to sort what nearly is so is not.
    fn sorted(&mut self, key: &Key, changed: &Changed) -> &[Rc<Member>] {
        let sorted = self.sorted.entry(key.clone()).or_default();
        let names = changed.names();
        if !names.is_empty() {
            sorted.retain(|member| !names.contains(&member.name));
            let members = names.iter().filter_map(|name| self.members.get(key, name));
            sorted.extend(members.cloned());
            sorted.sort_by(|a, b| a.order().cmp(&b.order()));
        }
        sorted
    }
}

fn is_ours(endpoints: &Endpoints) -> bool {
    let labels = endpoints.metadata.labels.as_ref();
    labels.is_some_and(|l| l.contains_key(MANAGED_BY))
}

fn delete(scope: &mut Scope<'_, '_>, key: &Key) -> crate::api::Result<()> {
    let options = DeleteOptions::default();
    match scope.ctx.delete::<Endpoints>(key, &options) {
        Err(status) if status.is_not_found() => Ok(()),
        other => other,
    }
}

/// A port as subsets are grouped by it.
type Port = (Option<String>, i32, Option<String>, Option<String>);
/// What a pod is in the lists; `None` when it has no place there.
fn member(service: &Service, pod: &Pod) -> Option<Member> {
    let tolerate = backends::publishes_not_ready(service);
    if !backends::belongs(pod, tolerate) {
        return None;
    }
    let address = address(service, pod)?.into();
    let mut ports = Vec::new();
    let headless = service.spec.as_ref().is_some_and(backends::is_headless);
    if headless && backends::ports(service).is_empty() {
        ports.push(None);
    }
    for port in backends::ports(service) {
        if let Some(number) = backends::find_port(pod, port) {
            let name = port.name.clone().filter(|n| !n.is_empty());
            let protocol = port.protocol.clone();
            ports.push(Some((name, number, protocol, port.app_protocol.clone())));
        }
    }
    Some(Member {
        name: Name::new(pod.name()),
        address,
        uid: pod.uid().to_owned(),
        ready: tolerate || pods::is_ready(pod),
        ports,
    })
}

/// The addresses behind a service, in subsets of those that share their ports
/// (`endpoints.RepackSubsets`): first by address within a subset. Tells whether some had to be
/// left out. The members are in the order of their addresses.
fn subsets(members: &[Rc<Member>]) -> (Vec<EndpointSubset>, bool) {
    // Places in the order of the addresses stand for them.
    let mut by_port: BTreeMap<&Option<Port>, Vec<usize>> = BTreeMap::new();
    for (i, member) in members.iter().enumerate() {
        for port in &member.ports {
            match by_port.get_mut(port) {
                Some(places) if places.last() == Some(&i) => {}
                Some(places) => places.push(i),
                None => {
                    by_port.insert(port, vec![i]);
                }
            }
        }
    }
    let mut ports_of: BTreeMap<Vec<usize>, Vec<EndpointPort>> = BTreeMap::new();
    for (port, places) in by_port {
        let ports = ports_of.entry(places).or_default();
        if let Some((name, port, protocol, app_protocol)) = port.clone() {
            ports.push(EndpointPort {
                name,
                port,
                protocol,
                app_protocol,
            });
        }
    }
    let mut left = CAPACITY;
    let mut truncated = false;
    let mut subsets = Vec::new();
    for (places, ports) in ports_of {
        let mut take = |wanted_ready: bool| {
            let all = places.iter().filter_map(|i| members.get(*i));
            let all: Vec<&Rc<Member>> = all.filter(|m| m.ready == wanted_ready).collect();
            let taken = all.len().min(left);
            truncated |= taken < all.len();
            left -= taken;
            let list: Vec<Shared<EndpointAddress>> = all
                .into_iter()
                .take(taken)
                .map(|m| m.address.clone())
                .collect();
            (!list.is_empty()).then_some(list)
        };
        subsets.push(EndpointSubset {
            addresses: take(true),
            not_ready_addresses: take(false),
            ports: (!ports.is_empty()).then_some(ports),
        });
    }
    (subsets, truncated)
}

fn address(service: &Service, pod: &Pod) -> Option<EndpointAddress> {
    let families = service.spec.as_ref().and_then(|s| s.ip_families.as_ref());
    let wants_six = families
        .and_then(|f| f.first())
        .is_some_and(|f| f == "IPv6");
    let addresses = backends::addresses(pod);
    let ip = addresses
        .into_iter()
        .find(|ip| ip.contains(':') == wants_six)?;
    Some(EndpointAddress {
        ip: ip.to_owned(),
        hostname: backends::hostname(pod, service),
        node_name: Some(pods::node_name(pod).to_owned()).filter(|n| !n.is_empty()),
        target_ref: Some(backends::target(pod)),
    })
}
