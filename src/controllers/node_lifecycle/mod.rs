//! The node lifecycle controller: notices nodes that fall silent, and taints them
//! (`k8s.io/kubernetes/pkg/controller/nodelifecycle`).
//!
//! Each node has a timer for the end of its grace period; renewing its lease only notes the
//! time. So a quiet cluster costs one short sync per node and grace period.

mod health;
mod tainting;
mod zones;

use std::rc::Rc;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::pods;
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result};
use crate::apiserver::WriteOptions;
use crate::client::{EventRecorder, Involved};
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

use health::{Health, Readiness};
use zones::Zones;

/// Where kubelets keep their leases.
const LEASES: &str = "kube-node-lease";

#[derive(Clone)]
pub struct NodeLifecycleController {
    nodes: BTreeMap<Rc<str>, Health>,
    zones: Zones,
    recorder: EventRecorder,
}

impl Default for NodeLifecycleController {
    fn default() -> Self {
        NodeLifecycleController {
            nodes: BTreeMap::new(),
            zones: Zones::default(),
            recorder: EventRecorder::new("node-controller", ""),
        }
    }
}

impl Controller for NodeLifecycleController {
    fn name(&self) -> &'static str {
        "node-lifecycle-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        if let Some((_, new)) = change.of::<Lease>() {
            if let Some(lease) = new.filter(|l| l.namespace() == LEASES) {
                let renewed = lease.spec.as_ref().and_then(|s| s.renew_time.clone());
                let health = self.nodes.entry(lease.name().into()).or_default();
                health.see_lease(renewed, triggers.now);
            }
        } else if let Some((_, new)) = change.of::<Node>() {
            if let Some(node) = new {
                let health = self.nodes.entry(node.name().into()).or_default();
                health.see_node(node, triggers.now);
            }
            triggers.add(change.object.key());
        } else if let Some((_, Some(pod))) = change.of::<Pod>()
            && pods::is_ready(pod)
            && let Some(health) = self.nodes.get(pods::node_name(pod))
            && health.is_registered()
            && health.readiness != Readiness::True
        {
            // It claims to be ready on a node that is not.
            triggers.add(Key::new("", pods::node_name(pod)));
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(node) = scope.caches.nodes.get(key).cloned() else {
            self.forget(scope, key);
            return Ok(Next::Change);
        };
        let now = scope.now();
        let health = self.nodes.entry((&key.name).into()).or_default();
        health.see_node(&node, now);
        if health.register(node.uid()) {
            let message = format!(
                "Node {0} event: Registered Node {0} in Controller",
                node.name()
            );
            self.tell(scope, &node, "RegisteredNode", &message);
        }
        let health = self.nodes.entry((&key.name).into()).or_default();
        let silent = health.deadline(&node) <= now;
        let mut current = health::readiness(&node);
        let mut node = node;
        if silent && current != Readiness::Unknown {
            scope.decide("Node", key, "its kubelet has not been heard of in time");
            let was = current;
            node = self.write_unknown(scope, &node)?;
            current = Readiness::Unknown;
            if was == Readiness::True {
                let message = format!("Node {} status is now: NodeNotReady", node.name());
                self.tell(scope, &node, "NodeNotReady", &message);
            }
        }
        self.note_readiness(scope, key, current, zones::of(&node));
        if current != Readiness::True {
            self.mark_pods_not_ready(scope, key)?;
        }
        let wait = self.taint(scope, &node, current)?;
        if let Some(wait) = wait {
            return Ok(Next::After(wait, "the eviction rate of the zone"));
        }
        if current == Readiness::Unknown {
            return Ok(Next::Change);
        }
        let deadline = self
            .nodes
            .get(key.name.as_str())
            .map_or(now, |h| h.deadline(&node));
        Ok(Next::After(
            health::next_look(deadline).since(now),
            "the grace period of the node's lease",
        ))
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl NodeLifecycleController {
    fn forget(&mut self, scope: &mut Scope<'_, '_>, key: &Key) {
        let Some(health) = self.nodes.remove(key.name.as_str()) else {
            return;
        };
        if !health.is_registered() {
            // A lease may be seen before its node.
            self.nodes.insert((&key.name).into(), health);
            return;
        }
        let about = reference(&key.name, &health.uid);
        let message = format!(
            "Node {0} event: Removing Node {0} from Controller",
            key.name
        );
        self.recorder
            .normal(scope.ctx, &about, "RemovingNode", &message);
        self.look_at_others(scope, key);
    }

    fn tell(&mut self, scope: &mut Scope<'_, '_>, node: &Node, reason: &str, message: &str) {
        let about = reference(node.name(), node.uid());
        self.recorder.normal(scope.ctx, &about, reason, message);
    }

    /// Keeps what zones are judged by. A change may matter to every node that is not ready: its
    /// zone may now be so disrupted that evictions stop, or no longer.
    fn note_readiness(
        &mut self,
        scope: &mut Scope<'_, '_>,
        key: &Key,
        readiness: Readiness,
        zone: Rc<str>,
    ) {
        let health = self.nodes.entry((&key.name).into()).or_default();
        let changed = health.readiness != readiness || health.zone != zone;
        health.readiness = readiness;
        health.zone = zone;
        if changed {
            self.look_at_others(scope, key);
        }
    }

    fn look_at_others(&mut self, scope: &mut Scope<'_, '_>, key: &Key) {
        scope.look(self.nodes.len());
        for (name, health) in &self.nodes {
            let matters = health.is_registered() && health.readiness != Readiness::True;
            if matters && **name != *key.name {
                scope.trigger(Key::new("", name));
            }
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until it happens
    fn write_unknown(&mut self, scope: &mut Scope<'_, '_>, node: &Rc<Node>) -> Result<Rc<Node>> {
        let mut changed = (**node).clone();
        health::set_unknown(&mut changed, scope.now());
        scope.ctx.update_status(changed)
    }

    /// Pods of a node that does not answer get no requests.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    fn mark_pods_not_ready(&mut self, scope: &mut Scope<'_, '_>, node: &Key) -> Result<()> {
        let ready: Vec<Rc<Pod>> = scope
            .caches
            .pods_on(&node.name)
            .filter(|p| pods::is_ready(p))
            .cloned()
            .collect();
        scope.look(ready.len());
        let now = scope.now();
        for pod in ready {
            let mut changed = (*pod).clone();
            let status = changed.status.get_or_insert_default();
            for condition in status.conditions.iter_mut().flatten() {
                if condition.type_ == "Ready" {
                    condition.status = "False".to_owned();
                    condition.last_transition_time = Some(api_time(now));
                }
            }
            match scope.ctx.update_status(changed) {
                Ok(_) => {}
                Err(status) if status.is_not_found() => continue,
                Err(status) => return Err(status),
            }
            let about = Involved::of(&*pod);
            self.recorder
                .warning(scope.ctx, &about, "NodeNotReady", "Node is not ready");
        }
        Ok(())
    }

    /// Writes the taints that the node's conditions ask for. Returns how long to wait for the
    /// eviction rate of its zone.
    fn taint(
        &mut self,
        scope: &mut Scope<'_, '_>,
        node: &Rc<Node>,
        readiness: Readiness,
    ) -> Result<Option<std::time::Duration>> {
        let now: Time = scope.now();
        let evicts = tainting::has_no_execute(node, readiness);
        let allowed = if readiness == Readiness::True {
            zones::Verdict::Now
        } else {
            scope.look(self.nodes.len());
            self.zones.judge(&self.nodes, &zones::of(node), evicts, now)
        };
        let taints = tainting::wanted(node, readiness, allowed, now);
        if taints != super::taints::of(node) {
            let keys: Vec<String> = taints
                .iter()
                .map(|t| format!("{}:{}", t.key, t.effect))
                .collect();
            let note = format!("taints: {}", keys.join(", "));
            scope.decide("Node", &node.key(), note.trim_end());
            scope
                .ctx
                .patch::<Node>(&node.key(), &WriteOptions::default(), |n| {
                    let spec = n.spec.get_or_insert_default();
                    spec.taints = (!taints.is_empty()).then_some(taints);
                })?;
            if allowed == zones::Verdict::Now && readiness != Readiness::True && !evicts {
                self.zones.spend(&zones::of(node), now);
            }
        }
        Ok(match allowed {
            zones::Verdict::After(wait) => Some(wait),
            _ => None,
        })
    }
}

/// Events about nodes carry little more than the name, as kubelets' do.
fn reference(name: &str, uid: &str) -> Involved {
    Involved {
        reference: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some(name.to_owned()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        },
    }
}
