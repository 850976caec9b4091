//! From measurements to a number of pods
//! (`k8s.io/kubernetes/pkg/controller/podautoscaler/replica_calculator.go`).
//!
//! Ratios are kept as pairs of integers, so that nothing is decided by a rounding of floats.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use crate::api::Resource;
use crate::api::quantity::QuantityExt;
use crate::api::selector::Selector;
use crate::api::time::from_api;
use crate::controllers::claim::matches;
use crate::controllers::controller::Scope;
use crate::controllers::pods;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

/// How far off the target is left alone, in thousandths.
pub(super) const TOLERANCE: i64 = 100;
/// `--horizontal-pod-autoscaler-cpu-initialization-period`
const STARTS: Duration = Duration::from_secs(300);
/// `--horizontal-pod-autoscaler-initial-readiness-delay`
const FIRST_READY: Duration = Duration::from_secs(30);

/// Which pods are measured, and what of them.
pub(super) struct Source<'s> {
    pub namespace: &'s str,
    pub selector: &'s Selector,
    pub resource: &'s str,
    /// Empty for the whole pod.
    pub container: &'s str,
}

pub(super) struct Found {
    pub replicas: i32,
    /// Of what is requested, in per cent.
    pub percent: i32,
    /// Of a pod, in thousandths.
    pub average: i64,
}

/// The pods by what can be said of them.
#[derive(Default)]
struct Groups {
    /// What each measured pod uses, in thousandths.
    usage: BTreeMap<String, i64>,
    unready: Vec<String>,
    missing: Vec<String>,
}

type Counted<T> = std::result::Result<T, String>;

fn group(source: &Source<'_>, scope: &mut Scope<'_, '_>) -> Counted<(Vec<Rc<Pod>>, Groups)> {
    let name = source.resource;
    let all = scope.caches.pods.in_namespace(source.namespace);
    let chosen: Vec<Rc<Pod>> = all
        .filter(|p| matches(source.selector, &***p))
        .cloned()
        .collect();
    scope.look(chosen.len());
    let now = scope.now();
    let measured = scope.ctx.server.pod_metrics(now, source.namespace);
    let Some(measured) = measured else {
        return Err(format!(
            "unable to get metrics for resource {name}: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
        ));
    };
    let mut usage = BTreeMap::new();
    for pod in measured
        .iter()
        .filter(|m| chosen.iter().any(|p| p.name() == &*m.name))
    {
        let own = source.container;
        let containers = pod
            .containers
            .iter()
            .filter(|c| own.is_empty() || &*c.name == own);
        let amounts: Vec<i64> = containers
            .map(|c| match name {
                "cpu" => c.cpu_nanos.div_ceil(1_000_000) as i64,
                "memory" => (c.memory as i64).saturating_mul(1000),
                _ => 0,
            })
            .collect();
        if !amounts.is_empty() {
            usage.insert(pod.name.to_string(), amounts.iter().sum());
        }
    }
    if usage.is_empty() {
        return Err(format!(
            "unable to get metrics for resource {name}: no metrics returned from resource metrics API"
        ));
    }
    if chosen.is_empty() {
        return Err("no pods returned by selector while calculating replica count".to_owned());
    }
    let mut groups = Groups::default();
    for pod in &chosen {
        let own = pod.name().to_owned();
        if pods::is_deleting(pod) || pods::phase(pod) == "Failed" {
            usage.remove(&own);
        } else if pods::phase(pod) == "Pending" {
            usage.remove(&own);
            groups.unready.push(own);
        } else if !usage.contains_key(&own) {
            groups.missing.push(own);
        } else if name == "cpu" && is_starting(pod, now) {
            usage.remove(&own);
            groups.unready.push(own);
        }
    }
    if usage.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
    }
    groups.usage = usage;
    Ok((chosen, groups))
}

/// Whether the pod's CPU says nothing yet.
fn is_starting(pod: &Pod, now: Time) -> bool {
    let started = pod.status.as_ref().and_then(|s| s.start_time.as_ref());
    let (Some(ready), Some(started)) = (pods::condition(pod, "Ready"), started) else {
        return true;
    };
    let started = from_api(started);
    let since = ready
        .last_transition_time
        .as_ref()
        .map_or(Time::EPOCH, from_api);
    let unready = ready.status == "False";
    if started + STARTS > now {
        // A measurement covers the window before it.
        return unready || now < since + crate::apiserver::METRICS_WINDOW;
    }
    unready && started + FIRST_READY > since
}

/// What each pod requests of the resource, in thousandths.
fn requests(pods: &[Rc<Pod>], source: &Source<'_>) -> Counted<BTreeMap<String, i64>> {
    let mut all = BTreeMap::new();
    for pod in pods {
        let Some(spec) = &pod.spec else { continue };
        let whole = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
        if source.container.is_empty()
            && let Some(amount) = whole.and_then(|r| r.get(source.resource))
        {
            all.insert(pod.name().to_owned(), amount.amount().milli_value());
            continue;
        }
        let sidecars = spec.init_containers.iter().flatten();
        let sidecars = sidecars.filter(|c| c.restart_policy.as_deref() == Some("Always"));
        let mut sum = 0i64;
        for container in spec.containers.iter().chain(sidecars) {
            if !source.container.is_empty() && container.name != source.container {
                continue;
            }
            let asked = container
                .resources
                .as_ref()
                .and_then(|r| r.requests.as_ref());
            match asked.and_then(|r| r.get(source.resource)) {
                Some(amount) => sum = sum.saturating_add(amount.amount().milli_value()),
                None => {
                    return Err(format!(
                        "missing request for {} in container {} of Pod {}",
                        source.resource,
                        container.name,
                        pod.name()
                    ));
                }
            }
        }
        all.insert(pod.name().to_owned(), sum);
    }
    Ok(all)
}

/// A usage as a fraction of the target.
#[derive(Clone, Copy)]
struct Ratio {
    usage: i128,
    target: i128,
}

impl Ratio {
    fn above(self) -> bool {
        self.usage > self.target
    }

    fn below(self) -> bool {
        self.usage < self.target
    }

    fn within(self, (down, up): (i64, i64)) -> bool {
        let scaled = self.usage * 1000;
        self.target * i128::from(1000 - down) <= scaled
            && scaled <= self.target * i128::from(1000 + up)
    }

    /// The ratio times a number of pods, rounded up.
    fn of(self, pods: usize) -> i32 {
        if self.target <= 0 {
            return 0;
        }
        let product = self.usage * pods as i128;
        let replicas = (product + self.target - 1).div_euclid(self.target);
        i32::try_from(replicas).unwrap_or(i32::MAX)
    }
}

/// Decides on the number; `ratio` works out the usage of a set of measurements, and `missing` what a
/// pod without one is taken for when the number may go down.
fn decide(
    mut groups: Groups,
    current: i32,
    tolerances: (i64, i64),
    ratio: &dyn Fn(&BTreeMap<String, i64>) -> Ratio,
    missing: &dyn Fn(&str) -> i64,
) -> i32 {
    let measured = ratio(&groups.usage);
    let up_with_unready = !groups.unready.is_empty() && measured.above();
    if !up_with_unready && groups.missing.is_empty() {
        return match measured.within(tolerances) {
            true => current,
            false => measured.of(groups.usage.len()),
        };
    }
    for pod in std::mem::take(&mut groups.missing) {
        if measured.below() {
            let usage = missing(&pod);
            groups.usage.insert(pod, usage);
        } else if measured.above() {
            groups.usage.insert(pod, 0);
        }
    }
    if up_with_unready {
        for pod in std::mem::take(&mut groups.unready) {
            groups.usage.insert(pod, 0);
        }
    }
    let again = ratio(&groups.usage);
    let turned = (measured.below() && again.above()) || (measured.above() && again.below());
    if again.within(tolerances) || turned {
        return current;
    }
    let replicas = again.of(groups.usage.len());
    if (again.below() && replicas > current) || (again.above() && replicas < current) {
        return current;
    }
    replicas
}

fn average(usage: &BTreeMap<String, i64>) -> i64 {
    let sum: i64 = usage.values().sum();
    sum / (usage.len().max(1) as i64)
}

/// By the share of what the pods request.
pub(super) fn by_share(
    source: &Source<'_>,
    target: i32,
    current: i32,
    tolerances: (i64, i64),
    scope: &mut Scope<'_, '_>,
) -> Counted<Found> {
    let (pods, groups) = group(source, scope)?;
    let requests = requests(&pods, source)?;
    let percent = |usage: &BTreeMap<String, i64>| -> i128 {
        let asked = |name: &String| requests.get(name).copied().unwrap_or_default();
        let total: i128 = usage.keys().map(|n| i128::from(asked(n))).sum();
        let used: i128 = usage.values().map(|n| i128::from(*n)).sum();
        if total == 0 { 0 } else { used * 100 / total }
    };
    if groups
        .usage
        .keys()
        .all(|n| requests.get(n).is_none_or(|r| *r == 0))
    {
        return Err("no metrics returned matched known pods".to_owned());
    }
    let (share, mean) = (percent(&groups.usage), average(&groups.usage));
    let ratio = |usage: &BTreeMap<String, i64>| Ratio {
        usage: percent(usage),
        target: target.into(),
    };
    let fallback = i64::from(target.max(100));
    let missing = |name: &str| requests.get(name).copied().unwrap_or_default() * fallback / 100;
    Ok(Found {
        replicas: decide(groups, current, tolerances, &ratio, &missing),
        percent: i32::try_from(share).unwrap_or(i32::MAX),
        average: mean,
    })
}

/// By what a pod uses on average.
pub(super) fn by_value(
    source: &Source<'_>,
    target: i64,
    current: i32,
    tolerances: (i64, i64),
    scope: &mut Scope<'_, '_>,
) -> Counted<Found> {
    let (_, groups) = group(source, scope)?;
    let mean = average(&groups.usage);
    let ratio = |usage: &BTreeMap<String, i64>| Ratio {
        usage: average(usage).into(),
        target: target.into(),
    };
    let missing = |_: &str| target;
    Ok(Found {
        replicas: decide(groups, current, tolerances, &ratio, &missing),
        percent: 0,
        average: mean,
    })
}
