//! A new number of replicas, shared between the ReplicaSets that exist
//! (`k8s.io/kubernetes/pkg/controller/deployment/sync.go` scale).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use super::history::set_replicas_annotations;
use super::sync::{Rollout, Sets};
use super::util;
use crate::api::{Resource, Result};
use crate::client::Involved;

impl Rollout<'_, '_, '_> {
    /// Scales without moving the rollout: the only active ReplicaSet takes all; in the middle of
    /// a rollout each gets its share, so that a bad template does not gain from scaling up.
    pub fn scale(&mut self, sets: &Sets) -> Result<()> {
        let desired = util::desired(&self.d);
        if let Some(only) = active_or_latest(sets) {
            if util::replicas(&only) != desired {
                self.decide(&format!(
                    "scale ReplicaSet {} from {} to {desired}",
                    only.name(),
                    util::replicas(&only)
                ));
                self.scale_set(&only, desired)?;
            }
            return Ok(());
        }
        if is_saturated(&self.d, sets.new.as_ref()) {
            for rs in util::active(&sets.old) {
                self.decide("scale down an old ReplicaSet: the new one is whole");
                self.scale_set(&rs, 0)?;
            }
            return Ok(());
        }
        if !util::is_rolling_update(&self.d) {
            return Ok(());
        }
        for (rs, size) in shares(&self.d, util::active(&sets.all())) {
            if util::replicas(&rs) != size {
                self.decide(&format!(
                    "scale ReplicaSet {} from {} to {size}: its share of {desired}",
                    rs.name(),
                    util::replicas(&rs)
                ));
            }
            self.scale_set(&rs, size)?;
        }
        Ok(())
    }

    /// Sets the size of a ReplicaSet and the annotations about it; tells whether the size
    /// changed, and what was written.
    pub fn scale_set(&mut self, rs: &Rc<ReplicaSet>, size: i32) -> Result<(bool, Rc<ReplicaSet>)> {
        let before = util::replicas(rs);
        let mut changed = (**rs).clone();
        let annotated = set_replicas_annotations(&mut changed.metadata, &self.d);
        if before == size && !annotated {
            return Ok((false, rs.clone()));
        }
        if let Some(spec) = &mut changed.spec {
            spec.replicas = Some(size);
        }
        let written = self.write_set(rs, changed)?;
        if before != size {
            let direction = if before < size { "up" } else { "down" };
            self.tell_scaled(&format!(
                "Scaled {direction} replica set {} from {before} to {size}",
                rs.name()
            ));
        }
        Ok((before != size, written))
    }

    pub fn tell_scaled(&mut self, message: &str) {
        self.recorder.normal(
            self.scope.ctx,
            &Involved::of(&*self.d),
            "ScalingReplicaSet",
            message,
        );
    }
}

/// The one ReplicaSet that has pods; if none has, the new or else the newest; `None` if several
/// have.
fn active_or_latest(sets: &Sets) -> Option<Rc<ReplicaSet>> {
    let active = util::active(&sets.all());
    match active.as_slice() {
        [] => sets
            .new
            .clone()
            .or_else(|| util::by_creation(sets.old.iter().cloned()).pop()),
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Whether the new ReplicaSet is all that is asked for.
fn is_saturated(d: &Deployment, new: Option<&Rc<ReplicaSet>>) -> bool {
    let desired = util::desired(d);
    new.is_some_and(|rs| {
        util::replicas(rs) == desired
            && util::number_annotation(rs, util::DESIRED_REPLICAS) == Some(desired)
            && util::available(rs) == desired
    })
}

/// The new sizes of ReplicaSets that grow or shrink in proportion. The largest is first, and
/// takes what rounding leaves over.
fn shares(d: &Deployment, mut sets: Vec<Rc<ReplicaSet>>) -> Vec<(Rc<ReplicaSet>, i32)> {
    let desired = util::desired(d);
    let allowed = if desired > 0 {
        desired.saturating_add(util::max_surge(d))
    } else {
        0
    };
    let to_add = allowed - util::sum(&sets, util::replicas);
    // Of equals the newer one grows first, and the older one shrinks first.
    sets.sort_by(|a, b| {
        let by_age = if to_add > 0 {
            util::age_order(b, a)
        } else {
            util::age_order(a, b)
        };
        util::replicas(b).cmp(&util::replicas(a)).then(by_age)
    });
    let mut added = 0;
    let mut shares: Vec<(Rc<ReplicaSet>, i32)> = sets
        .into_iter()
        .map(|rs| {
            let share = proportion(d, &rs, to_add, added);
            added += share;
            let size = util::replicas(&rs).saturating_add(share);
            (rs, size)
        })
        .collect();
    if let Some((_, size)) = shares.first_mut() {
        *size = (*size + to_add - added).max(0);
    }
    shares
}

/// What one ReplicaSet gets of `to_add`, of which `added` is given away (GetReplicaSetProportion).
fn proportion(d: &Deployment, rs: &ReplicaSet, to_add: i32, added: i32) -> i32 {
    if util::replicas(rs) == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let (fraction, left) = (fraction(d, rs), to_add - added);
    if to_add > 0 {
        fraction.min(left)
    } else {
        fraction.max(left)
    }
}

/// How much a ReplicaSet would grow if it kept its part of the whole.
fn fraction(d: &Deployment, rs: &ReplicaSet) -> i32 {
    let own = util::replicas(rs);
    if util::desired(d) == 0 {
        return -own;
    }
    let most = i64::from(util::desired(d)) + i64::from(util::max_surge(d));
    let recorded = util::number_annotation(rs, util::MAX_REPLICAS).filter(|n| *n > 0);
    let before = recorded.or_else(|| d.status.as_ref().and_then(|s| s.replicas));
    match before.filter(|n| *n > 0) {
        None => 0,
        Some(before) => {
            let before = i64::from(before);
            // Rounded to the nearest, halves up.
            let size = (2 * i64::from(own) * most + before) / (2 * before);
            i32::try_from(size).unwrap_or(i32::MAX) - own
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::{
        DeploymentSpec, DeploymentStrategy, ReplicaSetSpec, RollingUpdateDeployment,
    };
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

    fn deployment(replicas: i32, surge: i32) -> Deployment {
        Deployment {
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
        }
    }

    fn set(name: &str, replicas: i32, most: i32) -> Rc<ReplicaSet> {
        Rc::new(ReplicaSet {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                annotations: Some([(util::MAX_REPLICAS.to_owned(), most.to_string())].into()),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                replicas: Some(replicas),
                ..ReplicaSetSpec::default()
            }),
            ..ReplicaSet::default()
        })
    }

    #[test]
    fn scaling_is_shared_in_proportion() {
        // (desired, surge, most before, sizes before, sizes after, in the order of names)
        for (desired, surge, most, before, after) in [
            (10, 0, 10, [5, 5], [5, 5]),
            (12, 0, 10, [5, 5], [6, 6]),
            (15, 0, 10, [8, 2], [12, 3]),
            (5, 0, 10, [8, 2], [4, 1]),
            (6, 0, 5, [3, 2], [4, 2]),
            (11, 0, 10, [5, 5], [5, 6]),
            (9, 0, 10, [5, 5], [4, 5]),
            (0, 1, 11, [8, 2], [0, 0]),
            (20, 2, 12, [10, 2], [18, 4]),
        ] {
            let sets = vec![set("a", before[0], most), set("b", before[1], most)];
            let mut sizes: Vec<_> = shares(&deployment(desired, surge), sets)
                .into_iter()
                .map(|(rs, size)| (rs.name().to_owned(), size))
                .collect();
            sizes.sort();
            let sizes: Vec<i32> = sizes.into_iter().map(|(_, size)| size).collect();
            assert_eq!(sizes, after, "{before:?} of {most} to {desired}");
        }
    }
}
