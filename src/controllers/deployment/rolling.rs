//! RollingUpdate: new pods up as far as the surge allows, old ones down as far as availability
//! allows (`k8s.io/kubernetes/pkg/controller/deployment/rolling.go`).
//!
//! Divergence: a ReplicaSet counts no more available pods than it asks for. Between a scale-down
//! and its status upstream counts pods that are about to go, and a second scale-down in those
//! milliseconds can go below the availability that was promised.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use super::progress::is_complete;
use super::sync::{Rollout, Sets};
use super::util;
use crate::api::Result;
use crate::controllers::controller::{Next, Outcome};

/// How many replicas the new ReplicaSet may ask for (NewRSNewReplicas): `others` are asked for by
/// the old ones, `own` by itself now.
pub fn new_replicas(d: &Deployment, others: i32, own: i32) -> i32 {
    let desired = util::desired(d);
    if !util::is_rolling_update(d) {
        return desired;
    }
    let most = desired.saturating_add(util::max_surge(d));
    let total = others.saturating_add(own);
    if total >= most {
        return own;
    }
    own + (most - total).min(desired - own)
}

impl Rollout<'_, '_, '_> {
    pub fn roll(&mut self, sets: &[Rc<ReplicaSet>]) -> Outcome {
        let sets = self.tell_apart(sets, true)?;
        let Some(new) = sets.new.clone() else {
            return Ok(Next::Change);
        };
        let all = sets.all();
        if self.scale_new(&sets, &new)? || self.scale_old(&sets, &new)? {
            return self.sync_rollout_status(&all, Some(&new));
        }
        if is_complete(&self.d, &self.status()) {
            self.clean_up(&sets.old)?;
        }
        self.sync_rollout_status(&all, Some(&new))
    }

    /// Moves the new ReplicaSet towards the desired size; tells whether it did.
    fn scale_new(&mut self, sets: &Sets, new: &Rc<ReplicaSet>) -> Result<bool> {
        let (desired, own) = (util::desired(&self.d), util::replicas(new));
        if own == desired {
            return Ok(false);
        }
        if own > desired {
            self.decide(&format!(
                "scale down new ReplicaSet from {own} to {desired}"
            ));
            return self.scale_set(new, desired).map(|(scaled, _)| scaled);
        }
        let others = util::sum(&sets.old, util::replicas);
        let count = new_replicas(&self.d, others, own);
        if count > own {
            self.decide(&format!(
                "scale up new ReplicaSet from {own} to {count}: surge allows {} more",
                count - own
            ));
        }
        self.scale_set(new, count).map(|(scaled, _)| scaled)
    }

    /// Moves old ReplicaSets towards zero as far as `maxUnavailable` allows; tells whether it did.
    fn scale_old(&mut self, sets: &Sets, new: &Rc<ReplicaSet>) -> Result<bool> {
        let old = util::active(&sets.old);
        if util::sum(&old, util::replicas) == 0 {
            return Ok(false);
        }
        let total = util::sum(&sets.all(), util::replicas);
        let least = util::desired(&self.d) - util::max_unavailable(&self.d);
        // New pods that are not available yet count as if they never would be.
        let missing = util::replicas(new) - util::available(new);
        let allowed = total - least - missing;
        if allowed <= 0 {
            return Ok(false);
        }
        let (old, unhealthy) = self.clean_up_unhealthy(old, allowed)?;
        let healthy = self.scale_down_old(&old, new)?;
        Ok(unhealthy + healthy > 0)
    }

    /// Takes away old pods that are not available first: nobody misses them.
    fn clean_up_unhealthy(
        &mut self,
        old: Vec<Rc<ReplicaSet>>,
        allowed: i32,
    ) -> Result<(Vec<Rc<ReplicaSet>>, i32)> {
        let mut old = util::by_creation(old);
        let mut total = 0;
        for rs in &mut old {
            if total >= allowed {
                break;
            }
            let (have, available) = (util::replicas(rs), util::available(rs));
            if have == 0 || have <= available {
                continue;
            }
            let count = (allowed - total).min(have - available);
            self.decide(&format!(
                "scale down old ReplicaSet from {have} to {}: {} of its pods are not available",
                have - count,
                have - available
            ));
            *rs = self.scale_set(rs, have - count)?.1;
            total += count;
        }
        Ok((old, total))
    }

    fn scale_down_old(&mut self, old: &[Rc<ReplicaSet>], new: &Rc<ReplicaSet>) -> Result<i32> {
        let least = util::desired(&self.d) - util::max_unavailable(&self.d);
        let available = util::sum(old.iter().chain([new]), |rs| {
            util::available(rs).min(util::replicas(rs))
        });
        let allowed = available - least;
        let mut total = 0;
        for rs in util::by_creation(old.iter().cloned()) {
            if total >= allowed {
                break;
            }
            let have = util::replicas(&rs);
            if have == 0 {
                continue;
            }
            let count = have.min(allowed - total);
            self.decide(&format!(
                "scale down old ReplicaSet from {have} to {}: {available} pods are available, {least} have to be",
                have - count
            ));
            self.scale_set(&rs, have - count)?;
            total += count;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::{DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

    #[test]
    fn surge_bounds_the_new_replica_set() {
        // (desired, surge, others, own, expected)
        for (replicas, surge, others, own, expected) in [
            (10, 3, 10, 0, 3),
            (10, 3, 8, 3, 5),
            (10, 3, 0, 9, 10),
            (10, 3, 0, 0, 10),
            (10, 0, 10, 0, 0),
            (3, 1, 4, 0, 0),
            (3, 1, 9, 2, 2),
        ] {
            let d = Deployment {
                spec: Some(DeploymentSpec {
                    replicas: Some(replicas),
                    strategy: Some(DeploymentStrategy {
                        type_: Some("RollingUpdate".into()),
                        rolling_update: Some(RollingUpdateDeployment {
                            max_surge: Some(IntOrString::Int(surge)),
                            max_unavailable: Some(IntOrString::Int(1)),
                        }),
                    }),
                    ..DeploymentSpec::default()
                }),
                ..Deployment::default()
            };
            assert_eq!(
                new_replicas(&d, others, own),
                expected,
                "{replicas} {surge} {others} {own}"
            );
        }
    }
}
