//! Bounds of a rollout, and what is asked of lists of ReplicaSets
//! (`k8s.io/kubernetes/pkg/controller/deployment/util`).

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::Resource;

pub const HASH_LABEL: &str = "pod-template-hash";
pub const REVISION: &str = "deployment.kubernetes.io/revision";
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";

/// How many pods a Deployment asks for.
pub fn desired(d: &Deployment) -> i32 {
    d.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1).max(0)
}

/// How many pods a ReplicaSet asks for.
pub fn replicas(rs: &ReplicaSet) -> i32 {
    let replicas = rs.spec.as_ref().and_then(|s| s.replicas);
    replicas.unwrap_or(1).max(0)
}

pub fn available(rs: &ReplicaSet) -> i32 {
    let status = rs.status.as_ref();
    status
        .and_then(|s| s.available_replicas)
        .unwrap_or_default()
}

pub fn ready(rs: &ReplicaSet) -> i32 {
    let status = rs.status.as_ref();
    status.and_then(|s| s.ready_replicas).unwrap_or_default()
}

/// How many pods a ReplicaSet has.
pub fn actual(rs: &ReplicaSet) -> i32 {
    rs.status.as_ref().map_or(0, |s| s.replicas)
}

/// The sum of `count` over ReplicaSets.
pub fn sum<'r>(
    sets: impl IntoIterator<Item = &'r Rc<ReplicaSet>>,
    count: impl Fn(&ReplicaSet) -> i32,
) -> i32 {
    sets.into_iter()
        .fold(0, |total: i32, rs| total.saturating_add(count(rs)))
}

pub fn is_paused(d: &Deployment) -> bool {
    d.spec.as_ref().and_then(|s| s.paused).unwrap_or_default()
}

pub fn is_recreate(d: &Deployment) -> bool {
    strategy(d) == Some("Recreate")
}

pub fn is_rolling_update(d: &Deployment) -> bool {
    matches!(strategy(d), None | Some("RollingUpdate" | ""))
}

fn strategy(d: &Deployment) -> Option<&str> {
    d.spec.as_ref()?.strategy.as_ref()?.type_.as_deref()
}

/// The seconds after which a rollout that does not move has failed; `None` for never.
pub fn progress_deadline(d: &Deployment) -> Option<u64> {
    let seconds = d.spec.as_ref()?.progress_deadline_seconds?;
    u64::try_from(seconds).ok().filter(|_| seconds != i32::MAX)
}

/// How many pods above the desired number may exist.
pub fn max_surge(d: &Deployment) -> i32 {
    if is_rolling_update(d) {
        fenceposts(d).0
    } else {
        0
    }
}

/// How many of the desired pods may be missing.
pub fn max_unavailable(d: &Deployment) -> i32 {
    if !is_rolling_update(d) || desired(d) == 0 {
        return 0;
    }
    fenceposts(d).1.min(desired(d))
}

/// maxSurge and maxUnavailable as numbers: the first is rounded up, the second down. When both
/// come to nothing, one pod may be missing: otherwise the rollout could not move.
fn fenceposts(d: &Deployment) -> (i32, i32) {
    let rolling = d
        .spec
        .as_ref()
        .and_then(|s| s.strategy.as_ref()?.rolling_update.as_ref());
    let part = |part: fn(&RollingUpdateDeployment) -> Option<&IntOrString>, up: bool| {
        scaled(rolling.and_then(part), desired(d), up)
    };
    let surge = part(|r| r.max_surge.as_ref(), true);
    let unavailable = part(|r| r.max_unavailable.as_ref(), false);
    if surge == 0 && unavailable == 0 {
        (0, 1)
    } else {
        (surge, unavailable)
    }
}

/// A number, or a percentage of `total`.
pub fn scaled(value: Option<&IntOrString>, total: i32, round_up: bool) -> i32 {
    let percent = match value {
        None => return 0,
        Some(IntOrString::Int(n)) => return (*n).max(0),
        Some(IntOrString::String(text)) => text.strip_suffix('%').and_then(|n| n.parse().ok()),
    };
    let product = i64::from(total) * i64::from(percent.unwrap_or(0i32).max(0));
    let rounded = if round_up {
        (product + 99) / 100
    } else {
        product / 100
    };
    i32::try_from(rounded).unwrap_or(i32::MAX)
}

/// Whether two templates are the same but for the hash label.
pub fn same_template(a: Option<&PodTemplateSpec>, b: Option<&PodTemplateSpec>) -> bool {
    let spec = |t: Option<&PodTemplateSpec>| t.and_then(|t| t.spec.clone());
    let meta = |t: Option<&PodTemplateSpec>| {
        let mut meta = t.and_then(|t| t.metadata.clone()).unwrap_or_default();
        if let Some(labels) = &mut meta.labels {
            labels.remove(HASH_LABEL);
        }
        let empty = |m: &std::collections::BTreeMap<_, _>| m.is_empty();
        meta.labels = meta.labels.filter(|l| !empty(l));
        meta.annotations = meta.annotations.filter(|l| !empty(l));
        meta
    };
    meta(a) == meta(b) && spec(a) == spec(b)
}

/// The oldest ReplicaSet with the Deployment's template (FindNewReplicaSet). There may be more
/// than one, after a collision of hashes; taking the oldest is stable.
pub fn find_new(d: &Deployment, sets: &[Rc<ReplicaSet>]) -> Option<Rc<ReplicaSet>> {
    let template = d.spec.as_ref().map(|s| &s.template);
    by_creation(sets.iter().cloned())
        .into_iter()
        .find(|rs| same_template(rs.spec.as_ref().and_then(|s| s.template.as_ref()), template))
}

/// All but the new one.
pub fn find_old(sets: &[Rc<ReplicaSet>], new: Option<&Rc<ReplicaSet>>) -> Vec<Rc<ReplicaSet>> {
    let uid = new.map(|rs| rs.uid());
    let old = sets.iter().filter(|rs| Some(rs.uid()) != uid);
    old.cloned().collect()
}

/// Those that ask for pods.
pub fn active<'r>(sets: impl IntoIterator<Item = &'r Rc<ReplicaSet>>) -> Vec<Rc<ReplicaSet>> {
    let active = sets.into_iter().filter(|rs| replicas(rs) > 0);
    active.cloned().collect()
}

/// Oldest first.
pub fn by_creation(sets: impl IntoIterator<Item = Rc<ReplicaSet>>) -> Vec<Rc<ReplicaSet>> {
    let mut sets: Vec<_> = sets.into_iter().collect();
    sets.sort_by(|a, b| age_order(a, b));
    sets
}

pub fn age_order(a: &ReplicaSet, b: &ReplicaSet) -> std::cmp::Ordering {
    let created = |rs: &ReplicaSet| rs.metadata.creation_timestamp.as_ref().map(|t| t.0);
    created(a)
        .cmp(&created(b))
        .then_with(|| a.name().cmp(b.name()))
}

pub fn annotation<'m>(meta: &'m ObjectMeta, key: &str) -> Option<&'m str> {
    meta.annotations.as_ref()?.get(key).map(String::as_str)
}

/// An annotation that holds a number.
pub fn number_annotation(rs: &ReplicaSet, key: &str) -> Option<i32> {
    annotation(&rs.metadata, key)?.parse().ok()
}

/// The revision of a ReplicaSet; zero when it has none.
pub fn revision(rs: &ReplicaSet) -> i64 {
    annotation(&rs.metadata, REVISION)
        .and_then(|v| v.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::{DeploymentSpec, DeploymentStrategy};

    fn value(text: &str) -> Option<IntOrString> {
        match text.parse() {
            Ok(n) => Some(IntOrString::Int(n)),
            Err(_) => Some(IntOrString::String(text.to_owned())),
        }
    }

    fn deployment(replicas: i32, surge: &str, unavailable: &str) -> Deployment {
        Deployment {
            spec: Some(DeploymentSpec {
                replicas: Some(replicas),
                strategy: Some(DeploymentStrategy {
                    type_: Some("RollingUpdate".into()),
                    rolling_update: Some(RollingUpdateDeployment {
                        max_surge: value(surge),
                        max_unavailable: value(unavailable),
                    }),
                }),
                ..DeploymentSpec::default()
            }),
            ..Deployment::default()
        }
    }

    #[test]
    fn bounds_round_surge_up_and_unavailable_down() {
        for (replicas, surge, unavailable, expected) in [
            (10, "25%", "25%", (3, 2)),
            (3, "25%", "25%", (1, 0)),
            (1, "25%", "25%", (1, 0)),
            (4, "0", "0%", (0, 1)),
            (4, "0", "10%", (0, 1)),
            (4, "100%", "100%", (4, 4)),
            (4, "2", "9", (2, 4)),
            (0, "25%", "25%", (0, 0)),
            (2_000_000_000, "200%", "50%", (i32::MAX, 1_000_000_000)),
        ] {
            let d = deployment(replicas, surge, unavailable);
            assert_eq!(
                (max_surge(&d), max_unavailable(&d)),
                expected,
                "{replicas} {surge} {unavailable}"
            );
        }
    }
}
