//! The aggregation controller: cluster roles that are the sum of others
//! (`k8s.io/kubernetes/pkg/controller/clusterroleaggregation`).

use std::time::Duration;

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::selector::Selector;
use crate::api::{Key, Resource};
use crate::sim::millis;
use crate::sim::ordered::Set as BTreeSet;

/// Roles come in flocks (all of them, when the cluster starts): their sums wait for the last.
const SETTLING: Duration = millis(20);

#[derive(Clone, Default)]
pub struct ClusterRoleAggregationController {
    /// The roles that are sums.
    sums: BTreeSet<Key>,
}

impl Controller for ClusterRoleAggregationController {
    fn name(&self) -> &'static str {
        "clusterrole-aggregation-controller"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        let Some((old, new)) = change.of::<ClusterRole>() else {
            return;
        };
        if let Some(role) = old.or(new) {
            self.sums.remove(&role.key());
        }
        if let Some(role) = new.filter(|r| r.aggregation_rule.is_some()) {
            self.sums.insert(role.key());
        }
        for sum in &self.sums {
            triggers.add_after(sum.clone(), SETTLING, "a cluster role has changed");
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let roles = &scope.caches.cluster_roles;
        let Some(role) = roles.get(key) else {
            return Ok(Next::Change);
        };
        let Some(sum) = &role.aggregation_rule else {
            return Ok(Next::Change);
        };
        let mut rules: Vec<PolicyRule> = Vec::new();
        let mut looked_at = 0;
        for selector in sum.cluster_role_selectors.iter().flatten() {
            let Some(selector) = Selector::from_api(Some(selector)).ok() else {
                continue;
            };
            for part in roles.iter() {
                looked_at += 1;
                let labels = part.metadata.labels.as_ref();
                let is_part = labels.is_some_and(|labels| selector.matches(labels));
                if !is_part || part.name() == role.name() {
                    continue;
                }
                for rule in part.rules.iter().flatten() {
                    if !rules.contains(rule) {
                        rules.push(rule.clone());
                    }
                }
            }
        }
        if role.rules.as_deref().unwrap_or_default() != rules {
            let mut changed = (**role).clone();
            changed.rules = Some(rules);
            scope.look(looked_at);
            scope.ctx.update(changed)?;
        }
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
