//! ResourceQuota: what would exceed a quota of its namespace is refused, and what is let in is
//! charged before it is written.
//!
//! Models `k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go` `CheckRequest`. A
//! request is atomic here, so two of them never see the same room.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Pod, ResourceQuota};

use crate::api::pod_resources::Amounts;
use crate::api::quantity::Quantity;
use crate::api::{Object, Resource, Result, Status, quota};
use crate::apiserver::store::Expect;
use crate::apiserver::{ApiServer, Caller};
use crate::sim::Kernel;

/// Quotas with what they will have used when the object is written.
#[derive(Default)]
pub(in crate::apiserver) struct Charges(Vec<ResourceQuota>);

impl ApiServer {
    /// Holds a new object, or a changed one, against the quotas of its namespace.
    pub(in crate::apiserver) fn admit_quota(
        &self,
        kernel: &Kernel,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<Charges> {
        let info = object.info();
        let mut charges = Charges::default();
        let changeable = matches!(info.kind, "Service" | "PersistentVolumeClaim");
        if !quota::is_counted(info) || (old.is_some() && !changeable) {
            return Ok(charges);
        }
        let quotas = self.list::<ResourceQuota>(Some(object.namespace()));
        if quotas.is_empty() {
            return Ok(charges);
        }
        let refuse = |detail: String| Status::forbidden(info, object.name(), &detail);
        let mut interesting: Vec<(&Rc<ResourceQuota>, Vec<&str>)> = Vec::new();
        for one in &quotas {
            let limited = quota::limited(one, info);
            if limited.is_empty() || !quota::in_scope(one, object) {
                continue;
            }
            if info.is::<Pod>()
                && let Some(missing) = quota::unstated(&limited, object)
            {
                return Err(refuse(format!("failed quota: {}: {missing}", one.name())));
            }
            let used = quota::used(one);
            if !limited.iter().all(|r| used.contains_key(*r)) {
                return Err(refuse(format!(
                    "status unknown for quota: {}, resources: {}",
                    one.name(),
                    limited.join(",")
                )));
            }
            interesting.push((one, limited));
        }
        let mut asked = quota::usage(object, kernel.now);
        let negative: Vec<&str> = asked
            .iter()
            .filter(|(_, q)| q.sign() < 0)
            .map(|(name, _)| name.as_str())
            .collect();
        if !negative.is_empty() {
            let names = negative.join(",");
            return Err(refuse(format!(
                "quota usage is negative for resource(s): {names}"
            )));
        }
        if let Some(old) = old {
            subtract(&mut asked, &quota::usage(old, kernel.now));
        }
        asked.retain(|_, amount| !amount.is_zero());
        for (one, _) in interesting {
            if let Some(charged) = charge(one, &asked).map_err(refuse)? {
                charges.0.push(charged);
            }
        }
        Ok(charges)
    }

    /// Writes what was charged.
    pub(in crate::apiserver) fn settle_quota(&mut self, kernel: &mut Kernel, charges: Charges) {
        let caller = Caller::component("apiserver");
        for charged in charges.0 {
            let object = ResourceQuota::into_object(Rc::new(charged));
            let _ = self.put(kernel, &caller, "update status", object, Expect::Anything);
        }
    }
}

/// What is asked beyond what was there; never less than nothing.
fn subtract(asked: &mut Amounts, before: &Amounts) {
    for (name, amount) in asked {
        if let Some(before) = before.get(name) {
            let rest = amount.sub(before);
            *amount = if rest.sign() < 0 {
                Quantity::ZERO
            } else {
                rest
            };
        }
    }
}

/// The quota with the new usage; `None` when it does not change.
fn charge(
    one: &ResourceQuota,
    asked: &Amounts,
) -> std::result::Result<Option<ResourceQuota>, String> {
    let (hard, used) = (quota::hard(one), quota::used(one));
    let mut charged = one.clone();
    let new = charged
        .status
        .get_or_insert_default()
        .used
        .get_or_insert_default();
    let mut exceeded: Vec<&str> = Vec::new();
    let mut changed = false;
    for (name, amount) in asked {
        let Some(limit) = hard.get(name) else {
            continue;
        };
        let sum = used.get(name).map_or(*amount, |u| u.add(amount));
        if sum > *limit {
            exceeded.push(name);
        }
        new.insert(name.clone(), sum.into());
        changed = true;
    }
    if !exceeded.is_empty() {
        return Err(format!(
            "exceeded quota: {}, requested: {}, used: {}, limited: {}",
            one.name(),
            quota::listed(asked, &exceeded),
            quota::listed(&used, &exceeded),
            quota::listed(&hard, &exceeded),
        ));
    }
    Ok(changed.then_some(charged))
}
