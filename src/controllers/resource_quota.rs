//! The quota controller: counts again what a namespace holds, so that what is gone makes room.
//!
//! Models `k8s.io/kubernetes/pkg/controller/resourcequota`: a quota is counted when its spec changes,
//! when something it counts is deleted or ends, and every five minutes.
//!
//! Divergence: upstream counts its caches, which may be behind what the API server has charged. Here the
//! store is counted, so that a quota is never thought emptier than it is.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, ResourceQuota, ResourceQuotaStatus, Service};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::pod_resources::{self, Amounts};
use crate::api::quantity::{Quantity, QuantityExt};
use crate::api::{Key, Resource, quota};
use crate::apiserver::EventType;
use crate::sim::millis;

/// How often every quota is counted again.
const RESYNC: Duration = Duration::from_secs(300);

/// Pods that should be gone by now stop counting this long after that.
const SOON: Duration = millis(1);

#[derive(Clone, Default)]
pub struct ResourceQuotaController;

impl Controller for ResourceQuotaController {
    fn name(&self) -> &'static str {
        "resourcequota-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<ResourceQuota>() {
            let same = old.zip(new).is_some_and(|(o, n)| o.spec == n.spec);
            if let Some(new) = new.filter(|_| !same) {
                triggers.add(new.key());
            }
            return;
        }
        if !frees(change, triggers.now) {
            return;
        }
        let info = change.object.info();
        for one in caches
            .resource_quotas
            .in_namespace(change.object.namespace())
        {
            if !quota::limited(one, info).is_empty() {
                triggers.add(one.key());
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(one) = scope.ctx.get::<ResourceQuota>(key) else {
            return Ok(Next::Change);
        };
        let spec_hard = one.spec.as_ref().and_then(|s| s.hard.clone());
        let hard = spec_hard.unwrap_or_default();
        let (counted, overdue) = count(scope, &one, &hard);
        let before = one.status.clone().unwrap_or_default();
        let old_used = quota::used(&one);
        let mut used: BTreeMap<String, ApiQuantity> = BTreeMap::new();
        for name in hard.keys() {
            if let Some(amount) = counted.get(name).or_else(|| old_used.get(name)) {
                used.insert(name.clone(), (*amount).into());
            }
        }
        let same = |a: &BTreeMap<String, ApiQuantity>,
                    b: &Option<BTreeMap<String, ApiQuantity>>| {
            b.as_ref()
                .is_some_and(|b| quota::amounts(Some(a)) == quota::amounts(Some(b)))
        };
        if !same(&hard, &before.hard) || !same(&used, &before.used) {
            let mut new = (*one).clone();
            new.status = Some(ResourceQuotaStatus {
                hard: Some(hard),
                used: Some(used),
            });
            scope.ctx.update_status(new)?;
        }
        match overdue {
            Some(wait) => Ok(Next::After(wait.min(RESYNC), "a pod is overdue")),
            None => Ok(Next::After(RESYNC, "usage is counted again")),
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// Whether the change may leave something unused.
fn frees(change: &Change, now: crate::sim::Time) -> bool {
    if change.event == EventType::Deleted {
        return quota::is_counted(change.object.info());
    }
    if let Some((Some(old), Some(new))) = change.of::<Pod>() {
        return quota::is_charged(old, now) && !quota::is_charged(new, now)
            || old.metadata.deletion_timestamp != new.metadata.deletion_timestamp;
    }
    if let Some((Some(old), Some(new))) = change.of::<Service>() {
        return old.spec != new.spec;
    }
    false
}

/// What the namespace holds of what the quota counts, and when a pod will stop to count.
fn count(
    scope: &mut Scope<'_, '_>,
    one: &ResourceQuota,
    hard: &BTreeMap<String, ApiQuantity>,
) -> (Amounts, Option<Duration>) {
    let now = scope.now();
    let mut sum = Amounts::new();
    let mut overdue: Option<Duration> = None;
    let kinds: Vec<_> = quota::kinds_in(one).collect();
    for kind in kinds {
        let info = kind.info();
        for (name, limit) in hard.iter().filter(|(name, _)| quota::concerns(info, name)) {
            // Nothing, printed in the form of the limit.
            let nothing = Quantity::new(0, limit.amount().format());
            sum.entry(name.clone()).or_insert(nothing);
        }
        let objects = scope.ctx.server.list_objects(kind, Some(one.namespace()));
        scope.look(objects.len());
        for object in objects.iter().filter(|o| quota::in_scope(one, o)) {
            let mut used = quota::usage(object, now);
            used.retain(|name, _| hard.contains_key(name));
            pod_resources::add(&mut sum, &used);
            let at = object.get::<Pod>().and_then(|pod| quota::overdue_at(pod));
            if let Some(wait) = at.filter(|at| *at >= now).map(|at| at.since(now) + SOON) {
                overdue = Some(overdue.map_or(wait, |o| o.min(wait)));
            }
        }
    }
    (sum, overdue)
}
