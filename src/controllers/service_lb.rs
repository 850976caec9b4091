//! The service controller of a cloud: an address for each Service of the type `LoadBalancer`
//! (`k8s.io/cloud-provider/controllers/service`).
//!
//! The cloud is a simulated one, whose load balancers have the addresses 172.18.255.1 to
//! 172.18.255.250, in the nodes' own network, the lowest free one first, and take 2 to 5 seconds
//! to make, 1 to 3 to take down. A `loadBalancerIP` in that range is given if it is free. Services
//! of another `loadBalancerClass` are left to others.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    LoadBalancerIngress, LoadBalancerStatus, Node, Service, ServiceSpec,
};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::{Key, Result};
use crate::apiserver::WriteOptions;
use crate::client::{EventRecorder, Involved};
use crate::sim::ordered::{Map, Set};
use crate::sim::{Time, millis, secs};

const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";
/// The first three numbers of every address, and how many there are.
const NETWORK: &str = "172.18.255.";
const ADDRESSES: u8 = 250;
/// In milliseconds.
const MAKING: (u64, u64) = (2_000, 5_000);
const REMOVING: (u64, u64) = (1_000, 3_000);
/// After a failure (`minRetryDelay`).
const RETRY: Duration = secs(5);

#[derive(Clone)]
pub struct LoadBalancerController {
    recorder: EventRecorder,
    /// What is under way, and when it is done.
    begun: Map<Key, (Work, Time)>,
    /// The last number of the addresses given out.
    given: Map<Key, u8>,
    /// What load balancers were last told of their Services.
    told: Map<Key, Rc<str>>,
    /// Those that have to be told of other nodes.
    hosts: Set<Key>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Make,
    Remove,
}

impl Default for LoadBalancerController {
    fn default() -> Self {
        LoadBalancerController {
            recorder: EventRecorder::new("service-controller", ""),
            begun: Map::new(),
            given: Map::new(),
            told: Map::new(),
            hosts: Set::new(),
        }
    }
}

fn wants(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.is_some_and(|s| {
        s.type_.as_deref() == Some("LoadBalancer") && s.load_balancer_class.is_none()
    })
}

/// Whether load balancers send anything to a node.
fn is_included(node: &Node) -> bool {
    let labels = node.metadata.labels.as_ref();
    labels.is_none_or(|l| !l.contains_key(EXCLUDED))
}

fn is_held(service: &Service) -> bool {
    let held = service.metadata.finalizers.iter().flatten();
    held.into_iter().any(|f| f == FINALIZER)
}

/// What a load balancer has to know of its Service: a change of it is a reason to tell it again.
fn interests(spec: &ServiceSpec) -> Rc<str> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut all = format!(
        "{} {} {} {}",
        text(&spec.load_balancer_ip),
        text(&spec.external_traffic_policy),
        text(&spec.session_affinity),
        spec.health_check_node_port.unwrap_or_default(),
    );
    for range in spec.load_balancer_source_ranges.iter().flatten() {
        all.push(' ');
        all.push_str(range);
    }
    for port in spec.ports.iter().flatten() {
        let node_port = port.node_port.unwrap_or_default();
        all.push_str(&format!(
            " {}/{}/{}/{node_port}",
            text(&port.name),
            text(&port.protocol),
            port.port
        ));
    }
    all.into()
}

impl Controller for LoadBalancerController {
    fn name(&self) -> &'static str {
        "service-lb-controller"
    }

    fn changed(&mut self, change: &Change, _: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<Node>() {
            let serves = |node: Option<&Rc<Node>>| node.is_some_and(|n| is_included(n));
            if serves(old) != serves(new) {
                for key in self.told.keys() {
                    self.hosts.insert(key.clone());
                    triggers.add(key.clone());
                }
            }
            return;
        }
        let Some((old, new)) = change.of::<Service>() else {
            return;
        };
        if [old, new]
            .into_iter()
            .flatten()
            .any(|s| wants(s) || is_held(s))
        {
            triggers.add(change.object.key());
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(service) = scope.ctx.get::<Service>(key) else {
            self.forget(key);
            return Ok(Next::Change);
        };
        let deleting = service.metadata.deletion_timestamp.is_some();
        if wants(&service) && !deleting {
            self.make(key, &service, scope)
        } else if is_held(&service) {
            self.remove(key, &service, scope)
        } else {
            self.forget(key);
            Ok(Next::Change)
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl LoadBalancerController {
    fn forget(&mut self, key: &Key) {
        self.begun.remove(key);
        self.given.remove(key);
        self.told.remove(key);
        self.hosts.remove(key);
    }

    /// How long a piece of work still takes; begins it if it is not begun, and says so.
    fn wait(&mut self, key: &Key, work: Work, scope: &mut Scope<'_, '_>) -> (bool, Duration) {
        let now = scope.now();
        match self.begun.get(key) {
            Some((begun, due)) if *begun == work => {
                let left = if *due > now {
                    due.since(now)
                } else {
                    Duration::ZERO
                };
                (false, left)
            }
            _ => {
                let (least, most) = match work {
                    Work::Make => MAKING,
                    Work::Remove => REMOVING,
                };
                let span = millis(scope.ctx.rng("load balancers").between(least, most));
                self.begun.insert(key.clone(), (work, now + span));
                (true, span)
            }
        }
    }

    fn make(&mut self, key: &Key, service: &Service, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(spec) = &service.spec else {
            return Ok(Next::Change);
        };
        let interests = interests(spec);
        let about = Involved::of(service);
        if self.told.get(key) == Some(&interests) {
            if self.hosts.remove(key) {
                let message = "Updated load balancer with new hosts";
                self.recorder
                    .normal(scope.ctx, &about, "UpdatedLoadBalancer", message);
            }
            return Ok(Next::Change);
        }
        let (begins, left) = self.wait(key, Work::Make, scope);
        if begins {
            let message = "Ensuring load balancer";
            self.recorder
                .normal(scope.ctx, &about, "EnsuringLoadBalancer", message);
            if !is_held(service) {
                scope.decide("Service", key, "a load balancer is to be made");
                hold(scope, key, true)?;
            }
        }
        if !left.is_zero() {
            return Ok(Next::After(left, "the load balancer is being made"));
        }
        self.begun.remove(key);
        if !scope.caches.nodes.iter().any(|n| is_included(n)) {
            let message = "There are no available nodes for LoadBalancer";
            self.recorder
                .warning(scope.ctx, &about, "UnAvailableLoadBalancer", message);
        }
        let asked = spec.load_balancer_ip.as_deref().filter(|a| !a.is_empty());
        let number = match self.number(key, asked) {
            Ok(number) => number,
            Err(why) => {
                let message =
                    format!("Error syncing load balancer: failed to ensure load balancer: {why}");
                self.recorder
                    .warning(scope.ctx, &about, "SyncLoadBalancerFailed", &message);
                return Ok(Next::After(RETRY, "there was no address"));
            }
        };
        self.given.insert(key.clone(), number);
        self.told.insert(key.clone(), interests);
        let message = "Ensured load balancer";
        self.recorder
            .normal(scope.ctx, &about, "EnsuredLoadBalancer", message);
        let address = format!("{NETWORK}{number}");
        scope.decide("Service", key, &format!("the load balancer has {address}"));
        publish(scope, key, Some(address))?;
        Ok(Next::Change)
    }

    /// The number of the address that a Service has, or gets.
    fn number(&self, key: &Key, asked: Option<&str>) -> std::result::Result<u8, String> {
        let taken = |n: u8| self.given.iter().any(|(k, given)| *given == n && k != key);
        if let Some(asked) = asked {
            let number = asked.strip_prefix(NETWORK).and_then(|n| n.parse().ok());
            return match number {
                Some(n) if !(1..=ADDRESSES).contains(&n) || taken(n) => {
                    Err(format!("requested address {asked} is not available"))
                }
                Some(n) => Ok(n),
                None => Err(format!(
                    "requested address {asked} is not in {NETWORK}1-{NETWORK}{ADDRESSES}"
                )),
            };
        }
        if let Some(number) = self.given.get(key) {
            return Ok(*number);
        }
        let free = (1..=ADDRESSES).find(|n| !taken(*n));
        free.ok_or_else(|| "all addresses are in use".to_owned())
    }

    fn remove(&mut self, key: &Key, service: &Service, scope: &mut Scope<'_, '_>) -> Outcome {
        let about = Involved::of(service);
        let (begins, left) = self.wait(key, Work::Remove, scope);
        if begins {
            let message = "Deleting load balancer";
            self.recorder
                .normal(scope.ctx, &about, "DeletingLoadBalancer", message);
        }
        if !left.is_zero() {
            return Ok(Next::After(left, "the load balancer is being removed"));
        }
        self.forget(key);
        scope.decide("Service", key, "the load balancer is gone");
        if service.metadata.deletion_timestamp.is_none() {
            publish(scope, key, None)?;
        }
        hold(scope, key, false)?;
        let message = "Deleted load balancer";
        self.recorder
            .normal(scope.ctx, &about, "DeletedLoadBalancer", message);
        Ok(Next::Change)
    }
}

/// Adds or takes away the finalizer.
fn hold(scope: &mut Scope<'_, '_>, key: &Key, holds: bool) -> Result<()> {
    let options = WriteOptions::default();
    scope.ctx.patch::<Service>(key, &options, |service| {
        let finalizers = service.metadata.finalizers.get_or_insert_default();
        finalizers.retain(|f| f != FINALIZER);
        if holds {
            finalizers.push(FINALIZER.to_owned());
        }
        if finalizers.is_empty() {
            service.metadata.finalizers = None;
        }
    })?;
    Ok(())
}

fn publish(scope: &mut Scope<'_, '_>, key: &Key, address: Option<String>) -> Result<()> {
    let ingress = address.map(|ip| {
        vec![LoadBalancerIngress {
            ip: Some(ip),
            ip_mode: Some("VIP".to_owned()),
            ..LoadBalancerIngress::default()
        }]
    });
    scope
        .ctx
        .patch::<Service>(key, &WriteOptions::STATUS, |service| {
            let status = service.status.get_or_insert_default();
            status.load_balancer = Some(LoadBalancerStatus { ingress });
        })?;
    Ok(())
}
