//! The taint eviction controller: pods leave nodes whose NoExecute taints they do not tolerate,
//! or tolerate for a while only (`k8s.io/kubernetes/pkg/controller/tainteviction`).

use std::time::Duration;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Node, Pod, PodCondition, Taint};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::{pods, taints};
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result};
use crate::apiserver::{DeleteOptions, WriteOptions};
use crate::client::{EventRecorder, Involved};
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// A pod that is to go at a time.
#[derive(Clone)]
struct Scheduled {
    uid: String,
    since: Time,
    at: Time,
}

#[derive(Clone)]
pub struct TaintEvictionController {
    scheduled: BTreeMap<Key, Scheduled>,
    recorder: EventRecorder,
}

impl Default for TaintEvictionController {
    fn default() -> Self {
        TaintEvictionController {
            scheduled: BTreeMap::new(),
            recorder: EventRecorder::new("taint-eviction-controller", ""),
        }
    }
}

/// How long a pod may stay.
#[derive(Debug, PartialEq, Eq)]
enum Stay {
    Forever,
    For(Duration),
}

impl Controller for TaintEvictionController {
    fn name(&self) -> &'static str {
        "taint-eviction-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<Pod>() {
            let Some(pod) = new.or(old) else {
                return;
            };
            let node = caches.nodes.get(&Key::new("", pods::node_name(pod)));
            let tainted = node.is_some_and(|n| !taints::no_execute(n).is_empty());
            if tainted || self.scheduled.contains_key(&pod.key()) {
                triggers.add(pod.key());
            }
        } else if let Some((old, new)) = change.of::<Node>() {
            let none = Vec::new();
            let before = old.map_or(none.clone(), |n| taints::no_execute(n));
            let now = new.map_or(none, |n| taints::no_execute(n));
            let Some(node) = new.or(old) else {
                return;
            };
            if before != now {
                for pod in caches.pods_on(node.name()) {
                    triggers.add(pod.key());
                }
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let caches = scope.caches;
        let Some(pod) = caches.pods.get(key).filter(|p| !pods::is_deleting(p)) else {
            self.scheduled.remove(key);
            return Ok(Next::Change);
        };
        if self.scheduled.get(key).is_some_and(|s| s.uid != pod.uid()) {
            self.scheduled.remove(key);
        }
        let node = caches.nodes.get(&Key::new("", pods::node_name(pod)));
        let taints = node.map_or(Vec::new(), |n| taints::no_execute(n));
        let now = scope.now();
        let stay = match stay(pod, &taints) {
            Stay::For(stay) => stay,
            Stay::Forever => {
                if self.scheduled.remove(key).is_some() {
                    let message = format!("Cancelling deletion of Pod {key}");
                    let about = Involved::of(&**pod);
                    self.recorder
                        .normal(scope.ctx, &about, "TaintManagerEviction", &message);
                }
                return Ok(Next::Change);
            }
        };
        // A taint that comes on top does not start the time anew; it can only end it sooner.
        let since = self.scheduled.get(key).map_or(now, |s| s.since);
        let before = self.scheduled.get(key).map_or(Time::MAX, |s| s.at);
        let at = (since + stay).min(before);
        if at > now {
            let uid = pod.uid().to_owned();
            self.scheduled
                .insert(key.clone(), Scheduled { uid, since, at });
            return Ok(Next::After(at.since(now), "tolerationSeconds have passed"));
        }
        let names: Vec<&str> = taints.iter().map(|t| &*t.key).collect();
        scope.decide(
            "Pod",
            key,
            &format!("delete it: its node has the taint {}", names.join(", ")),
        );
        let message = format!("Marking for deletion Pod {key}");
        let about = Involved::of(&**pod);
        self.recorder
            .normal(scope.ctx, &about, "TaintManagerEviction", &message);
        evict(scope, key, pod)?;
        self.scheduled.remove(key);
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// How long the pod may stay with these taints (getMinTolerationTime).
fn stay(pod: &Pod, taints: &[&Taint]) -> Stay {
    let tolerations = pod.spec.as_ref().and_then(|s| s.tolerations.as_deref());
    let tolerations = tolerations.unwrap_or_default();
    let mut shortest = Stay::Forever;
    for taint in taints {
        let mut tolerated = tolerations
            .iter()
            .filter(|t| taints::tolerates(t, taint))
            .peekable();
        if tolerated.peek().is_none() {
            return Stay::For(Duration::ZERO);
        }
        for seconds in tolerated.filter_map(|t| t.toleration_seconds) {
            let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
            shortest = match shortest {
                Stay::For(other) => Stay::For(other.min(seconds)),
                Stay::Forever => Stay::For(seconds),
            };
        }
    }
    shortest
}

fn evict(scope: &mut Scope<'_, '_>, key: &Key, pod: &Pod) -> Result<()> {
    disrupt(
        scope,
        key,
        pod,
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )?;
    let options = DeleteOptions {
        uid: pod.metadata.uid.clone(),
        ..DeleteOptions::default()
    };
    match scope.ctx.delete::<Pod>(key, &options) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// Sets the condition that tells why a pod is taken away (`DisruptionTarget`).
pub fn disrupt(
    scope: &mut Scope<'_, '_>,
    key: &Key,
    pod: &Pod,
    reason: &str,
    message: &str,
) -> Result<()> {
    const TYPE: &str = "DisruptionTarget";
    if scope
        .ctx
        .get::<Pod>(key)
        .is_none_or(|p| p.uid() != pod.uid())
    {
        return Ok(());
    }
    let now = scope.now();
    scope.ctx.patch::<Pod>(key, &WriteOptions::STATUS, |pod| {
        let observed_generation = pod.metadata.generation;
        let status = pod.status.get_or_insert_default();
        let conditions = status.conditions.get_or_insert_default();
        conditions.retain(|c| c.type_ != TYPE);
        conditions.push(Shared::from(PodCondition {
            type_: TYPE.to_owned(),
            status: "True".to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(api_time(now)),
            observed_generation,
            ..PodCondition::default()
        }));
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{PodSpec, Toleration};

    #[test]
    fn the_shortest_toleration_counts() {
        let taint = |key: &str| Taint {
            key: key.to_owned(),
            effect: taints::NO_EXECUTE.to_owned(),
            ..Taint::default()
        };
        let toleration = |key: &str, seconds: Option<i64>| {
            Shared::from(Toleration {
                key: Some(key.to_owned()),
                operator: Some("Exists".to_owned()),
                toleration_seconds: seconds,
                ..Toleration::default()
            })
        };
        let spec = PodSpec {
            tolerations: Some(vec![
                toleration("a", Some(300)),
                toleration("b", Some(20)),
                toleration("c", None),
                toleration("d", Some(-1)),
            ]),
            ..PodSpec::default()
        };
        let pod = Pod {
            spec: Some(spec.into()),
            ..Pod::default()
        };
        let after = |seconds| Stay::For(Duration::from_secs(seconds));
        for (keys, expected) in [
            (vec![], Stay::Forever),
            (vec!["a"], after(300)),
            (vec!["a", "b"], after(20)),
            (vec!["c"], Stay::Forever),
            (vec!["c", "a"], after(300)),
            (vec!["d"], after(0)),
            (vec!["a", "x"], after(0)),
        ] {
            let taints: Vec<Taint> = keys.iter().map(|k| taint(k)).collect();
            assert_eq!(
                stay(&pod, &taints.iter().collect::<Vec<_>>()),
                expected,
                "{keys:?}"
            );
        }
    }
}
