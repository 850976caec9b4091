//! A Deployment on its way from one revision to the next: its ReplicaSets side by side, and the
//! bounds that it keeps.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::selector::Selector;
use crate::api::{Key, Resource};
use crate::app::history::{History, Sample};
use crate::app::{Mirror, Shared};
use crate::app::{Text, say};
use crate::sim::{Time, secs};

use super::pod::Tile;
use super::revisions::{Revision, Revisions, age, number_on};

/// How much of the past a curve shows.
pub const WINDOW: std::time::Duration = secs(120);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutView {
    pub workloads: Vec<Shared<Workload>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub uid: Rc<str>,
    pub key: Key,
    pub desired: i32,
    pub available: i32,
    pub total: i32,
    /// The least pods that have to be available, and the most that may exist.
    pub floor: i32,
    pub ceiling: i32,
    /// "RollingUpdate" or "Recreate".
    pub strategy: Rc<str>,
    pub state: State,
    /// The state in a sentence, with the controller's own words when it has any.
    pub words: Text,
    /// The Services that send requests to its pods.
    pub services: Vec<Key>,
    /// Oldest first; the last one is the current template's.
    pub sets: Vec<Set>,
    /// Oldest first; the first may lie before the window.
    pub samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Complete,
    Progressing,
    Paused,
    /// The progress deadline has passed, or a replica cannot be made.
    Stalled,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Complete => "complete",
            State::Progressing => "progressing",
            State::Paused => "paused",
            State::Stalled => "stalled",
        }
    }

    pub fn word(self) -> Text {
        match self {
            State::Complete => say!("rollout.state.complete"),
            State::Progressing => say!("rollout.state.progressing"),
            State::Paused => say!("rollout.state.paused"),
            State::Stalled => say!("rollout.state.stalled"),
        }
    }
}

/// A ReplicaSet of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    pub uid: Rc<str>,
    pub key: Key,
    pub revision: Revision,
    /// `deployment.kubernetes.io/revision`.
    pub number: Rc<str>,
    pub images: Rc<str>,
    pub desired: i32,
    pub ready: i32,
    pub current: bool,
    pub tiles: Vec<Shared<Tile>>,
}

impl RolloutView {
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub fn build(
        mirror: &Mirror,
        history: &History,
        tiles: &[Shared<Tile>],
        revisions: &mut Revisions,
        now: Time,
        before: &RolloutView,
    ) -> RolloutView {
        let mut workloads: Vec<Shared<Workload>> = Vec::new();
        for deployment in mirror.deployments.iter() {
            if deployment.namespace() == "kube-system" {
                continue;
            }
            let mut sets = sets_of(deployment, mirror, tiles, revisions);
            sets.sort_by_key(|set| (set.current, set.number.parse::<u64>().unwrap_or_default()));
            let samples = samples_of(history, deployment.uid(), now);
            let services = services_of(deployment, mirror);
            let workload = workload_of(deployment, sets, samples, services);
            let known = before.workloads.iter().find(|w| w.uid == workload.uid);
            workloads.push(match known {
                Some(known) => {
                    let mut shared = known.clone();
                    shared.keep(workload);
                    shared
                }
                None => Shared::new(workload),
            });
        }
        RolloutView { workloads }
    }
}

/// The Services whose selector matches the pods of a template.
fn services_of(deployment: &Deployment, mirror: &Mirror) -> Vec<Key> {
    let labels = deployment
        .spec
        .as_ref()
        .and_then(|s| s.template.metadata.as_ref())
        .and_then(|m| m.labels.as_ref());
    let Some(labels) = labels else {
        return Vec::new();
    };
    mirror
        .services
        .in_namespace(deployment.namespace())
        .filter(|service| {
            let selector = service.spec.as_ref().and_then(|s| s.selector.as_ref());
            selector.is_some_and(|s| !s.is_empty() && Selector::from_labels(s).matches(labels))
        })
        .map(|service| service.key())
        .collect()
}

fn samples_of(history: &History, uid: &str, now: Time) -> Vec<Sample> {
    let from = now - WINDOW;
    let mut samples = Vec::new();
    for sample in history.samples(uid, now).rev() {
        samples.push(*sample);
        if sample.at < from {
            break;
        }
    }
    samples.reverse();
    samples
}

fn sets_of(
    deployment: &Deployment,
    mirror: &Mirror,
    tiles: &[Shared<Tile>],
    revisions: &mut Revisions,
) -> Vec<Set> {
    let own = number_on(&deployment.metadata);
    let mut owned: Vec<&Rc<ReplicaSet>> = mirror.replica_sets.owned_by(deployment.uid()).collect();
    owned.sort_by_cached_key(|set| age(mirror, set));
    let mut sets = Vec::new();
    for set in owned {
        let Some(revision) = revisions.of_set(set) else {
            continue;
        };
        let number: Rc<str> = number_on(&set.metadata).into();
        let current = !own.is_empty() && *number == *own;
        let tiles: Vec<Shared<Tile>> = tiles
            .iter()
            .filter(|t| *t.owner == *set.uid())
            .cloned()
            .collect();
        let desired = set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1);
        if desired == 0 && tiles.is_empty() && !current {
            continue;
        }
        sets.push(Set {
            uid: set.uid().into(),
            key: set.key(),
            revision,
            number,
            images: images(set).into(),
            desired,
            ready: set
                .status
                .as_ref()
                .and_then(|s| s.ready_replicas)
                .unwrap_or_default(),
            current,
            tiles,
        });
    }
    sets
}

fn images(set: &ReplicaSet) -> String {
    let containers = set
        .spec
        .as_ref()
        .and_then(|s| s.template.as_ref())
        .and_then(|t| t.spec.as_ref())
        .map(|s| s.containers.as_slice())
        .unwrap_or_default();
    let images: Vec<&str> = containers
        .iter()
        .map(|c| c.image.as_deref().unwrap_or_default())
        .collect();
    images.join(", ")
}

fn workload_of(
    deployment: &Deployment,
    sets: Vec<Set>,
    samples: Vec<Sample>,
    services: Vec<Key>,
) -> Workload {
    let spec = deployment.spec.as_ref();
    let status = deployment.status.as_ref();
    let desired = spec.and_then(|s| s.replicas).unwrap_or(1);
    let strategy = spec.and_then(|s| s.strategy.as_ref());
    let kind = strategy
        .and_then(|s| s.type_.as_deref())
        .unwrap_or("RollingUpdate");
    let rolling = strategy.and_then(|s| s.rolling_update.as_ref());
    let (floor, ceiling) = if kind == "Recreate" {
        (0, desired)
    } else {
        bounds(
            desired,
            rolling.and_then(|r| r.max_surge.as_ref()),
            rolling.and_then(|r| r.max_unavailable.as_ref()),
        )
    };
    let number = |value: Option<i32>| value.unwrap_or_default();
    let updated = number(status.and_then(|s| s.updated_replicas));
    let total = number(status.and_then(|s| s.replicas));
    let available = number(status.and_then(|s| s.available_replicas));
    let condition = |name: &str| {
        status
            .and_then(|s| s.conditions.as_deref())
            .unwrap_or_default()
            .iter()
            .find(|c| c.type_ == name)
    };
    let progressing = condition("Progressing");
    let failure = condition("ReplicaFailure").filter(|c| c.status == "True");
    let stalled = progressing.filter(|c| c.reason.as_deref() == Some("ProgressDeadlineExceeded"));
    let observed = status.and_then(|s| s.observed_generation) >= deployment.metadata.generation;
    let (state, words) = if spec.and_then(|s| s.paused) == Some(true) {
        (State::Paused, say!("rollout.words.paused"))
    } else if let Some(trouble) = failure.or(stalled) {
        let text = trouble.message.as_deref().unwrap_or_default();
        (State::Stalled, text.into())
    } else if observed && updated == desired && total == desired && available == desired {
        (
            State::Complete,
            say!(
                "rollout.words.complete",
                available = available,
                desired = desired
            ),
        )
    } else {
        let old = total.saturating_sub(updated);
        let text = if old > 0 {
            say!(
                "rollout.words.old",
                updated = updated,
                desired = desired,
                available = available,
                old = old
            )
        } else {
            say!(
                "rollout.words.progressing",
                updated = updated,
                desired = desired,
                available = available
            )
        };
        (State::Progressing, text)
    };
    Workload {
        uid: deployment.uid().into(),
        key: deployment.key(),
        desired,
        available,
        total,
        floor,
        ceiling,
        strategy: kind.into(),
        state,
        words,
        services,
        sets,
        samples,
    }
}

/// The least available and the most pods of a rolling update
/// (`k8s.io/kubernetes/pkg/controller/deployment/util.ResolveFenceposts`): a surge in per cent is
/// rounded up, an unavailability down, and both may not be zero.
pub fn bounds(
    desired: i32,
    surge: Option<&IntOrString>,
    unavailable: Option<&IntOrString>,
) -> (i32, i32) {
    let resolve = |value: Option<&IntOrString>, up: bool| -> i32 {
        match value {
            None => resolve_percent(25, desired, up),
            Some(IntOrString::Int(n)) => *n,
            Some(IntOrString::String(text)) => text
                .trim_end_matches('%')
                .parse()
                .map_or(0, |percent| resolve_percent(percent, desired, up)),
        }
    };
    let surge = resolve(surge, true).max(0);
    let mut unavailable = resolve(unavailable, false).max(0);
    if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    (
        desired.saturating_sub(unavailable).max(0),
        desired.saturating_add(surge),
    )
}

fn resolve_percent(percent: i32, of: i32, up: bool) -> i32 {
    let product = i64::from(percent) * i64::from(of);
    let whole = if up {
        product.saturating_add(99).div_euclid(100)
    } else {
        product.div_euclid(100)
    };
    i32::try_from(whole).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_controller() {
        let percent = |s: &str| IntOrString::String(s.to_owned());
        let number = IntOrString::Int;
        let rows = [
            (3, None, None, (3, 4)),
            (4, None, None, (3, 5)),
            (10, Some(percent("30%")), Some(percent("0%")), (10, 13)),
            (10, Some(number(0)), Some(number(0)), (9, 10)),
            (1, Some(number(1)), Some(number(5)), (0, 2)),
            (3, Some(percent("x")), Some(number(1)), (2, 3)),
        ];
        for (desired, surge, unavailable, expected) in rows {
            let found = bounds(desired, surge.as_ref(), unavailable.as_ref());
            assert_eq!(found, expected, "{desired} {surge:?} {unavailable:?}");
        }
    }
}
