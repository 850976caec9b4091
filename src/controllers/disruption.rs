//! The disruption controller: works out how many more pods each budget can spare.
//!
//! Models `k8s.io/kubernetes/pkg/controller/disruption/disruption.go`. The API server takes from the
//! number with each eviction and notes the pod, which does not count as healthy from then on; so a
//! cache that is behind never makes the number too large.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time as ApiTime};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use super::pods;
use crate::api::disruption::{self, SYNC_FAILED};
use crate::api::status::qualified;
use crate::api::time::{api_time, from_api};
use crate::api::{Key, Kind, Resource, Result, Status, controller_of};
use crate::client::{EventRecorder, Involved};
use crate::sim::{Time, secs};

/// An evicted pod that is not going after so long is healthy again.
const DELETION_TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Clone)]
pub struct DisruptionController {
    recorder: EventRecorder,
}

impl Default for DisruptionController {
    fn default() -> Self {
        DisruptionController {
            recorder: EventRecorder::new("controllermanager", ""),
        }
    }
}

/// How many pods there should be, and how many of them have to be healthy.
struct Wanted {
    expected: i32,
    healthy: i32,
    /// Whether pods were found that nobody manages.
    unmanaged: bool,
}

impl Controller for DisruptionController {
    fn name(&self) -> &'static str {
        "disruption-controller"
    }

    fn changed(&mut self, change: &Change, caches: &Caches, triggers: &mut Triggers) {
        if let Some((old, new)) = change.of::<PodDisruptionBudget>() {
            let same = old.zip(new).is_some_and(|(o, n)| {
                o.spec == n.spec && o.metadata.generation == n.metadata.generation
            });
            if let Some(new) = new.filter(|_| !same) {
                triggers.add(new.key());
            }
        } else if let Some((old, new)) = change.of::<Pod>() {
            if old.zip(new).is_some_and(|(o, n)| !matters(o, n)) {
                return;
            }
            let namespace = change.object.namespace();
            for budget in caches.disruption_budgets.in_namespace(namespace) {
                let covers =
                    |pod: Option<&Rc<Pod>>| pod.is_some_and(|p| disruption::covers(budget, p));
                if covers(old) || covers(new) {
                    triggers.add(budget.key());
                }
            }
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(budget) = scope.caches.disruption_budgets.get(key).cloned() else {
            return Ok(Next::Change);
        };
        match self.try_sync(&budget, scope) {
            Err(status) if !status.is_conflict() => {
                fail_safe(&budget, &status.message, scope);
                Err(status)
            }
            outcome => outcome,
        }
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// Whether a change of a pod may change a number.
fn matters(old: &Pod, new: &Pod) -> bool {
    old.metadata.labels != new.metadata.labels
        || old.metadata.owner_references != new.metadata.owner_references
        || old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
        || pods::is_ready(old) != pods::is_ready(new)
        || old.uid() != new.uid()
}

impl DisruptionController {
    fn try_sync(&mut self, budget: &Rc<PodDisruptionBudget>, scope: &mut Scope<'_, '_>) -> Outcome {
        let caches = scope.caches;
        let all = caches.pods.in_namespace(budget.namespace());
        let covered: Vec<&Rc<Pod>> = all.filter(|p| disruption::covers(budget, p)).collect();
        scope.look(covered.len());
        let about = Involved::of(&**budget);
        if covered.is_empty() {
            let words = "No matching pods found";
            self.recorder.normal(scope.ctx, &about, "NoPods", words);
        }
        let wanted = match wanted(budget, &covered, scope) {
            Ok(wanted) => wanted,
            Err(status) => {
                let words = format!(
                    "Failed to calculate the number of expected pods: {}",
                    status.message
                );
                let reason = "CalculateExpectedPodCountFailed";
                self.recorder.warning(scope.ctx, &about, reason, &words);
                return Err(status);
            }
        };
        if wanted.unmanaged {
            let words = format!(
                "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
                go_selector(budget)
            );
            self.recorder
                .warning(scope.ctx, &about, "UnmanagedPods", &words);
        }
        let now = scope.now();
        let (disrupted, recheck) = self.still_disrupted(budget, &covered, scope);
        let healthy = covered
            .iter()
            .filter(|p| !pods::is_deleting(p) && pods::is_ready(p))
            .filter(|p| !disrupted.contains_key(p.name()))
            .count() as i32;
        write(budget, healthy, &wanted, disrupted, scope)?;
        Ok(match recheck {
            Some(at) => Next::After(at.since(now), "an evicted pod should be gone"),
            None => Next::Change,
        })
    }

    /// The evicted pods that are not going yet, and when the first of them has waited too long.
    fn still_disrupted(
        &mut self,
        budget: &PodDisruptionBudget,
        covered: &[&Rc<Pod>],
        scope: &mut Scope<'_, '_>,
    ) -> (BTreeMap<String, ApiTime>, Option<Time>) {
        let mut still = BTreeMap::new();
        let mut recheck: Option<Time> = None;
        let noted = budget
            .status
            .as_ref()
            .and_then(|s| s.disrupted_pods.as_ref());
        let Some(noted) = noted else {
            return (still, None);
        };
        for pod in covered.iter().filter(|p| !pods::is_deleting(p)) {
            let Some(since) = noted.get(pod.name()) else {
                continue;
            };
            let end = from_api(since) + DELETION_TIMEOUT;
            if end < scope.now() {
                let words = format!(
                    "Pod was expected by PDB {}/{} to be deleted but it wasn't",
                    budget.namespace(),
                    budget.name()
                );
                let about = Involved::of(&***pod);
                self.recorder
                    .warning(scope.ctx, &about, "NotDeleted", &words);
            } else {
                still.insert(pod.name().to_owned(), since.clone());
                recheck = Some(recheck.map_or(end + secs(1), |r| r.min(end + secs(1))));
            }
        }
        (still, recheck)
    }
}

fn wanted(
    budget: &PodDisruptionBudget,
    covered: &[&Rc<Pod>],
    scope: &Scope<'_, '_>,
) -> Result<Wanted> {
    let spec = budget.spec.clone().unwrap_or_default();
    if let Some(most) = &spec.max_unavailable {
        let (expected, unmanaged) = scale(covered, scope)?;
        let healthy = (expected - share(most, expected)?).max(0);
        return Ok(Wanted {
            expected,
            healthy,
            unmanaged,
        });
    }
    match &spec.min_available {
        Some(IntOrString::Int(least)) => Ok(Wanted {
            expected: covered.len() as i32,
            healthy: *least,
            unmanaged: false,
        }),
        Some(least) => {
            let (expected, unmanaged) = scale(covered, scope)?;
            let healthy = share(least, expected)?;
            Ok(Wanted {
                expected,
                healthy,
                unmanaged,
            })
        }
        None => Ok(Wanted {
            expected: 0,
            healthy: 0,
            unmanaged: false,
        }),
    }
}

/// A number, or its part of the whole in per cent, rounded up.
fn share(value: &IntOrString, whole: i32) -> Result<i32> {
    match value {
        IntOrString::Int(number) => Ok(*number),
        IntOrString::String(text) => {
            let percent = text.strip_suffix('%').and_then(|t| t.parse::<i64>().ok());
            let percent = percent.ok_or_else(|| {
                Status::internal(format!(
                    "invalid value for IntOrString: invalid type: {text}"
                ))
            })?;
            let parts = i64::from(whole) * percent;
            Ok(i32::try_from((parts + 99).div_euclid(100)).unwrap_or(i32::MAX))
        }
    }
}

/// The pods that the owners of the covered pods ask for, each owner counted once.
fn scale(covered: &[&Rc<Pod>], scope: &Scope<'_, '_>) -> Result<(i32, bool)> {
    let mut scales: BTreeMap<String, i32> = BTreeMap::new();
    let mut unmanaged = false;
    for pod in covered {
        let Some(owner) = controller_of(&pod.metadata) else {
            unmanaged = true;
            continue;
        };
        if scales.contains_key(&owner.uid) {
            continue;
        }
        match owner_scale(owner, pod.namespace(), scope)? {
            Some((uid, replicas)) => {
                scales.insert(uid, replicas);
            }
            None => {
                let words = format!("found no controllers for pod \"{}\"", pod.name());
                return Err(Status::new(500, "", words));
            }
        }
    }
    let sum = scales.values().fold(0i32, |sum, n| sum.saturating_add(*n));
    Ok((sum, unmanaged))
}

/// The uid of what scales the pods, and to how many. A ReplicaSet of a Deployment stands for the
/// Deployment.
fn owner_scale(
    owner: &OwnerReference,
    namespace: &str,
    scope: &Scope<'_, '_>,
) -> Result<Option<(String, i32)>> {
    let key = Key::new(namespace, &owner.name);
    if owner.kind == "ReplicaSet"
        && let Some(set) = scope.caches.replica_sets.get(&key)
        && set.uid() == owner.uid
        && let Some(above) = controller_of(&set.metadata).filter(|o| o.kind == "Deployment")
    {
        let deployment = scope
            .caches
            .deployments
            .get(&Key::new(namespace, &above.name));
        return Ok(deployment.filter(|d| d.uid() == above.uid).map(|d| {
            let replicas = d.spec.as_ref().and_then(|s| s.replicas);
            (d.uid().to_owned(), replicas.unwrap_or(1))
        }));
    }
    let Some(kind) = Kind::by_gvk(&owner.api_version, &owner.kind) else {
        return Ok(None);
    };
    let info = kind.info();
    if !info.has_subresource("scale") {
        let words = format!(
            "{} does not implement the scale subresource",
            qualified(info.plural, info.group)
        );
        return Err(Status::new(500, "", words));
    }
    let Ok(object) = scope.ctx.server.get_object(kind, namespace, &owner.name) else {
        return Ok(None);
    };
    if object.uid() != owner.uid {
        return Ok(None);
    }
    let replicas = object.to_value()["spec"]["replicas"].as_i64().unwrap_or(0);
    Ok(Some((owner.uid.clone(), replicas as i32)))
}

fn write(
    budget: &PodDisruptionBudget,
    healthy: i32,
    wanted: &Wanted,
    disrupted: BTreeMap<String, ApiTime>,
    scope: &mut Scope<'_, '_>,
) -> Result<()> {
    let spare = match wanted.expected > 0 {
        true => (healthy - wanted.healthy).max(0),
        false => 0,
    };
    let mut new = budget.clone();
    let conditions = budget.status.as_ref().and_then(|s| s.conditions.clone());
    new.status = Some(PodDisruptionBudgetStatus {
        conditions,
        current_healthy: Some(healthy),
        desired_healthy: Some(wanted.healthy),
        disrupted_pods: Some(disrupted).filter(|d| !d.is_empty()),
        disruptions_allowed: Some(spare),
        expected_pods: Some(wanted.expected),
        observed_generation: budget.metadata.generation,
    });
    disruption::set_allowed_condition(&mut new, api_time(scope.now()));
    if new.status != budget.status {
        scope.ctx.update_status(new)?;
    }
    Ok(())
}

/// When the numbers cannot be worked out, nothing may be disrupted.
fn fail_safe(budget: &PodDisruptionBudget, why: &str, scope: &mut Scope<'_, '_>) {
    let mut new = budget.clone();
    new.status.get_or_insert_default().disruptions_allowed = Some(0);
    disruption::set_condition(&mut new, false, SYNC_FAILED, why, api_time(scope.now()));
    if new.status != budget.status {
        // The sync is tried again anyway.
        let _ = scope.ctx.update_status(new);
    }
}

/// The selector as Go prints it.
fn go_selector(budget: &PodDisruptionBudget) -> String {
    let selector = budget.spec.as_ref().and_then(|s| s.selector.clone());
    let selector = selector.unwrap_or_default();
    let labels: Vec<String> = selector
        .match_labels
        .iter()
        .flatten()
        .map(|(k, v)| format!("{k}: {v},"))
        .collect();
    let expressions: Vec<String> = selector
        .match_expressions
        .iter()
        .flatten()
        .map(|e| {
            let values = e.values.as_deref().unwrap_or_default().join(" ");
            format!(
                "LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},",
                e.key, e.operator
            )
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.join(""),
        expressions.join("")
    )
}
