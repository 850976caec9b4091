//! The pod garbage collector: pods of nodes that are gone, and ended pods beyond a number
//! (`k8s.io/kubernetes/pkg/controller/podgc`).
//!
//! Divergence: upstream looks at all pods every 20 seconds; here the changes that matter set a
//! timer for the next of those instants.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::{pods, taint_eviction, taints};
use crate::api::time::from_api;
use crate::api::{Key, Resource, Result};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::sim::ordered::Set as BTreeSet;
use crate::sim::{Time, secs};

/// How many ended pods may stay (`--terminated-pod-gc-threshold`).
const ENDED: usize = 12_500;
/// How long a node may be missing before its pods count as lost.
const QUARANTINE: Duration = secs(40);
/// How often upstream looks.
const PERIOD_NANOS: u64 = 20_000_000_000;
/// The taint by which people say that a node is off (`kubernetes.io/out-of-service`).
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// The key under which ended pods are counted; nodes have keys without a namespace.
const ENDED_KEY: &str = "ended";

#[derive(Clone, Default)]
pub struct PodGarbageCollector {
    /// Ended pods, oldest first.
    ended: BTreeSet<(Time, Key)>,
}

/// From now to the first look after `delay`.
fn until_look(now: Time, delay: Duration) -> Duration {
    let at = (now + delay).0;
    Time(at.div_ceil(PERIOD_NANOS).saturating_mul(PERIOD_NANOS)).since(now)
}

impl Controller for PodGarbageCollector {
    fn name(&self) -> &'static str {
        "pod-garbage-collector-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        let now = triggers.now;
        if let Some((old, new)) = change.of::<Pod>() {
            let entry = |p: &Pod| {
                let created = p.metadata.creation_timestamp.as_ref().map(from_api);
                (created.unwrap_or_default(), p.key())
            };
            if let Some(old) = old {
                self.ended.remove(&entry(old));
            }
            let Some(pod) = new else {
                return;
            };
            if pods::is_terminal(pod) {
                self.ended.insert(entry(pod));
                if self.ended.len() > ENDED {
                    let key = Key::new(ENDED_KEY, "pods");
                    triggers.add_after(key, until_look(now, Duration::ZERO), "too many ended pods");
                }
            }
            let node_key = Key::new("", pods::node_name(pod));
            let bound_now = old.is_none_or(|o| pods::node_name(o) != pods::node_name(pod));
            let node = Key::new("", pods::node_name(pod));
            if bound_now && !node.name.is_empty() && caches.nodes.get(&node).is_none() {
                triggers.add_after(node, until_look(now, QUARANTINE), "the node is missing");
            }
            let out = |node: &Key| {
                let node = caches.nodes.get(node);
                node.is_some_and(|n| is_out_of_service(n))
            };
            if pods::is_deleting(pod) && !node_key.name.is_empty() && out(&node_key) {
                let delay = until_look(now, Duration::ZERO);
                triggers.add_after(node_key, delay, "the node is out of service");
            }
            if pods::is_deleting(pod) && pods::node_name(pod).is_empty() {
                triggers.add_after(
                    pod.key(),
                    until_look(now, Duration::ZERO),
                    "never scheduled",
                );
            }
        } else if let Some((Some(node), None)) = change.of::<Node>() {
            triggers.add_after(node.key(), until_look(now, QUARANTINE), "the node is gone");
        } else if let Some((_, Some(node))) = change.of::<Node>()
            && is_out_of_service(node)
        {
            let delay = until_look(now, Duration::ZERO);
            triggers.add_after(node.key(), delay, "the node is out of service");
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        if key.namespace.is_empty() {
            self.collect_orphaned(scope, key)?;
        } else if &*key.namespace == ENDED_KEY {
            self.collect_ended(scope)?;
        } else {
            collect_unscheduled(scope, key)?;
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl PodGarbageCollector {
    /// Pods bound to a node that does not exist.
    fn collect_orphaned(&mut self, scope: &mut Scope<'_, '_>, node: &Key) -> Result<()> {
        if let Some(known) = scope.caches.nodes.get(node) {
            return match is_out_of_service(known) {
                true => collect_terminating(scope, node),
                false => Ok(()),
            };
        }
        if scope.ctx.get::<Node>(node).is_some() {
            return Ok(());
        }
        let pods: Vec<_> = scope.caches.pods_on(&node.name).cloned().collect();
        scope.look(pods.len());
        if !pods.is_empty() {
            let note = format!("{} pods of a node that is gone", pods.len());
            scope.decide("Node", node, &note);
        }
        for pod in pods {
            let key = pod.key();
            let message = "PodGC: node no longer exists";
            taint_eviction::disrupt(scope, &key, &pod, "DeletionByPodGC", message)?;
            force_delete(scope, &key, &pod)?;
        }
        Ok(())
    }

    fn collect_ended(&mut self, scope: &mut Scope<'_, '_>) -> Result<()> {
        let excess = self.ended.len().saturating_sub(ENDED);
        let keys: Vec<Key> = self
            .ended
            .iter()
            .take(excess)
            .map(|e| e.1.clone())
            .collect();
        scope.look(keys.len());
        for key in keys {
            if let Some(pod) = scope.caches.pods.get(&key).cloned() {
                force_delete(scope, &key, &pod)?;
            }
        }
        Ok(())
    }
}

/// Whether somebody says of a node that does not answer that it is off for good.
fn is_out_of_service(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|c| c.type_ == "Ready" && c.status == "True");
    !ready && taints::of(node).iter().any(|t| t.key == OUT_OF_SERVICE)
}

/// Pods that are being deleted on a node that is out of service: nobody will end them.
fn collect_terminating(scope: &mut Scope<'_, '_>, node: &Key) -> Result<()> {
    let pods: Vec<_> = scope.caches.pods_on(&node.name).cloned().collect();
    let pods: Vec<_> = pods.into_iter().filter(|p| pods::is_deleting(p)).collect();
    scope.look(pods.len());
    if !pods.is_empty() {
        let note = format!("{} pods end on a node that is out of service", pods.len());
        scope.decide("Node", node, &note);
    }
    for pod in pods {
        let key = pod.key();
        let message = "PodGC: node is out-of-service";
        taint_eviction::disrupt(scope, &key, &pod, "DeletionByPodGC", message)?;
        force_delete(scope, &key, &pod)?;
    }
    Ok(())
}

fn collect_unscheduled(scope: &mut Scope<'_, '_>, key: &Key) -> Result<()> {
    let pod = scope.caches.pods.get(key).cloned();
    match pod.filter(|p| pods::is_deleting(p) && pods::node_name(p).is_empty()) {
        Some(pod) => force_delete(scope, key, &pod),
        None => Ok(()),
    }
}

/// Nobody will report the end of such a pod: it failed, and goes without grace.
fn force_delete(scope: &mut Scope<'_, '_>, key: &Key, pod: &Pod) -> Result<()> {
    if scope
        .ctx
        .get::<Pod>(key)
        .is_none_or(|p| p.uid() != pod.uid())
    {
        return Ok(());
    }
    if !pods::is_terminal(pod) {
        scope.ctx.patch::<Pod>(key, &WriteOptions::STATUS, |pod| {
            pod.status.get_or_insert_default().phase = Some("Failed".to_owned());
        })?;
    }
    let options = DeleteOptions {
        grace_period_seconds: Some(0),
        uid: pod.metadata.uid.clone(),
        ..DeleteOptions::default()
    };
    match scope.ctx.delete::<Pod>(key, &options) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}
