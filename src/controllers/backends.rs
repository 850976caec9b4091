//! The pods behind a service, for both generations of endpoints
//! (`k8s.io/endpointslice/util`, `k8s.io/kubernetes/pkg/api/v1/endpoints`).

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::caches::Caches;
use super::controller::{Change, Triggers};
use super::pods;
use crate::api::rfc3339::format_time;
use crate::api::time::from_api;
use crate::api::{Key, Name, Resource};
use crate::sim::ordered::{Map, Set};
use crate::sim::{Time, millis};

pub const HEADLESS: &str = "service.kubernetes.io/headless";
pub const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The labels that a service selects its pods by.
#[derive(Clone, Copy)]
pub struct PodSelector<'s>(&'s BTreeMap<String, String>);

impl PodSelector<'_> {
    pub fn matches(self, pod: &Pod) -> bool {
        let labels = pod.metadata.labels.as_ref();
        labels.is_some_and(|l| self.0.iter().all(|(key, value)| l.get(key) == Some(value)))
    }
}

/// The selector of a service whose endpoints are to be found; `None` for those that point
/// elsewhere or are looked after by hand.
pub fn selector(service: &Service) -> Option<PodSelector<'_>> {
    let spec = service.spec.as_ref()?;
    if spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    spec.selector
        .as_ref()
        .filter(|s| !s.is_empty())
        .map(PodSelector)
}

pub fn is_headless(spec: &ServiceSpec) -> bool {
    matches!(spec.cluster_ip.as_deref(), None | Some("" | "None"))
}

pub fn publishes_not_ready(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|s| s.publish_not_ready_addresses)
        .unwrap_or_default()
}

pub fn ports(service: &Service) -> &[ServicePort] {
    let ports = service.spec.as_ref().and_then(|s| s.ports.as_deref());
    ports.unwrap_or_default()
}

/// Asks for the services to be synced that a change of services or pods matters to, and notes
/// what has to be looked at again.
pub fn changed<T>(
    change: &Change,
    caches: &Caches,
    members: &mut Members<T>,
    triggers: &mut Triggers,
) {
    if let Some(key) = change.key_of::<Service>() {
        members.service_changed(&key);
        triggers.add(key);
    } else if let Some((old, new)) = change.of::<Pod>() {
        let same_labels = match (old, new) {
            (Some(old), Some(new)) if !matters(old, new) => return,
            (Some(old), Some(new)) => old.metadata.labels == new.metadata.labels,
            _ => true,
        };
        let pods = [if same_labels { None } else { old }, new.or(old)];
        let Some(pod) = new.or(old) else {
            return;
        };
        for service in caches.services.in_namespace(pod.namespace()) {
            let member =
                selector(service).is_some_and(|s| pods.iter().flatten().any(|pod| s.matches(pod)));
            if member {
                let key = service.key();
                members.pod_changed(&key, pod.name());
                triggers.add(key);
            }
        }
    }
}

/// Whether a change of a pod may change the endpoints that it is in.
fn matters(old: &Pod, new: &Pod) -> bool {
    let spec = |p: &Pod| {
        let spec = p.spec.as_ref();
        (
            spec.and_then(|s| s.hostname.clone()),
            spec.and_then(|s| s.subdomain.clone()),
        )
    };
    old.metadata.labels != new.metadata.labels
        || old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
        || old.uid() != new.uid()
        || pods::is_ready(old) != pods::is_ready(new)
        || pods::is_terminal(old) != pods::is_terminal(new)
        || pods::node_name(old) != pods::node_name(new)
        || addresses(old) != addresses(new)
        || spec(old) != spec(new)
}

/// The addresses of a pod.
pub fn addresses(pod: &Pod) -> Vec<&str> {
    let Some(status) = &pod.status else {
        return Vec::new();
    };
    let all: Vec<&str> = status.pod_ips.iter().flatten().map(|a| &*a.ip).collect();
    if all.is_empty() {
        status.pod_ip.iter().map(String::as_str).collect()
    } else {
        all
    }
}

/// Whether a pod has a place among the endpoints (ShouldPodBeInEndpoints).
pub fn belongs(pod: &Pod, include_terminating: bool) -> bool {
    !pods::is_terminal(pod)
        && addresses(pod).iter().any(|a| !a.is_empty())
        && (include_terminating || !pods::is_deleting(pod))
}

/// The pod's own name for its address, when the service gives it one.
pub fn hostname(pod: &Pod, service: &Service) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let hostname = spec.hostname.clone().filter(|h| !h.is_empty())?;
    (spec.subdomain.as_deref() == Some(service.name())).then_some(hostname)
}

pub fn target(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        namespace: Some(pod.namespace().to_owned()),
        name: Some(pod.name().to_owned()),
        uid: Some(pod.uid().to_owned()),
        ..ObjectReference::default()
    }
}

/// The port of a pod that a service's port leads to: by number, or by the name that a container
/// gives it (`podutil.FindPort`). `None` when the pod has no port of that name.
pub fn find_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    let name = match port.target_port.as_ref() {
        None => return Some(port.port),
        Some(IntOrString::Int(0)) => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) if name.is_empty() => return Some(port.port),
        Some(IntOrString::String(name)) => name,
    };
    let spec = pod.spec.as_ref()?;
    let sidecars = spec
        .init_containers
        .iter()
        .flatten()
        .filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let protocol = |p: &Option<String>| p.clone().unwrap_or_else(|| "TCP".to_owned());
    spec.containers
        .iter()
        .chain(sidecars)
        .flat_map(|c| c.ports.iter().flatten())
        .find(|p| {
            p.name.as_deref() == Some(name) && protocol(&p.protocol) == protocol(&port.protocol)
        })
        .map(|p| p.container_port)
}

/// The instants of what last changed the endpoints of each service: an annotation tells the
/// oldest that is not yet in them, for people who measure how long endpoints take
/// (`k8s.io/endpointslice/util` TriggerTimeTracker).
#[derive(Clone, Default)]
pub struct TriggerTimes {
    services: Map<Key, Seen>,
}

#[derive(Clone, Default)]
struct Seen {
    service: Option<Time>,
    pods: Map<Rc<str>, Time>,
}

impl TriggerTimes {
    pub fn forget(&mut self, key: &Key) {
        self.services.remove(key);
    }

    /// The oldest change since the last call; `None` when nothing that has a time changed.
    pub fn next(&mut self, service: &Service, changed: &Changed) -> Option<Time> {
        let seen = self.services.entry(service.key()).or_default();
        let created = service.metadata.creation_timestamp.as_ref().map(from_api);
        let mut oldest = created.filter(|t| seen.service.is_none_or(|s| *t > s));
        seen.service = created.or(seen.service);
        for name in &changed.gone {
            seen.pods.remove(&**name);
        }
        for pod in &changed.pods {
            let Some(changed) = pods::condition(pod, "Ready")
                .and_then(|c| c.last_transition_time.as_ref())
                .map(from_api)
            else {
                seen.pods.remove(pod.name());
                continue;
            };
            if seen.pods.get(pod.name()).is_none_or(|s| changed > *s) {
                oldest = Some(oldest.map_or(changed, |o| o.min(changed)));
            }
            seen.pods.insert(pod.name().into(), changed);
        }
        oldest
    }
}

/// The pods behind each service, and what was made of each: a sync looks only at those that have
/// changed since the last one. What it makes of a pod may depend on the pod and the service alone,
/// and on what [`Members::service_changed`] is called for.
#[derive(Clone)]
pub struct Members<T> {
    services: Map<Key, Known<T>>,
}

#[derive(Clone)]
struct Known<T> {
    pods: Map<Rc<str>, T>,
    dirty: Set<Rc<str>>,
    /// All have to be looked at.
    stale: bool,
}

/// What a sync had to look at.
#[derive(Default)]
pub struct Changed {
    pub pods: Vec<Rc<Pod>>,
    pub gone: Vec<Rc<str>>,
}

impl Changed {
    /// The names of all of these pods.
    pub fn names(&self) -> Set<Name> {
        let gone = self.gone.iter().map(|name| Name::new(name));
        let there = self.pods.iter().map(|pod| Name::new(pod.name()));
        there.chain(gone).collect()
    }
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Members {
            services: Map::new(),
        }
    }
}

impl<T> Members<T> {
    pub fn service_changed(&mut self, service: &Key) {
        if let Some(known) = self.services.get_mut(service) {
            known.stale = true;
        }
    }

    fn pod_changed(&mut self, service: &Key, pod: &str) {
        if let Some(known) = self.services.get_mut(service) {
            known.dirty.insert(pod.into());
        }
    }

    pub fn forget(&mut self, service: &Key) {
        self.services.remove(service);
    }

    /// Looks at what has changed; `describe` says what is to be kept of a pod.
    pub fn refresh(
        &mut self,
        service: &Service,
        caches: &Caches,
        describe: impl Fn(&Rc<Pod>) -> Option<T>,
    ) -> Changed {
        let mut changed = Changed::default();
        let key = service.key();
        let Some(selector) = selector(service) else {
            self.services.remove(&key);
            return changed;
        };
        let known = self.services.entry(key).or_insert_with(|| Known {
            pods: Map::new(),
            dirty: Set::new(),
            stale: true,
        });
        let dirty = std::mem::take(&mut known.dirty);
        if std::mem::take(&mut known.stale) {
            let before = std::mem::take(&mut known.pods);
            for pod in caches.pods.in_namespace(service.namespace()) {
                if selector.matches(pod) {
                    changed.pods.push(pod.clone());
                    if let Some(made) = describe(pod) {
                        known.pods.insert(pod.name().into(), made);
                    }
                }
            }
            let now = &known.pods;
            let gone = before.into_keys().filter(|name| !now.contains_key(&**name));
            changed.gone = gone.collect();
            return changed;
        }
        for name in dirty {
            let pod = caches.pods.get(&Key::new(service.namespace(), &name));
            let pod = pod.filter(|p| selector.matches(p));
            let made = pod.and_then(&describe);
            match pod {
                Some(pod) => changed.pods.push(pod.clone()),
                None => changed.gone.push(name.clone()),
            }
            match made {
                Some(made) => known.pods.insert(name, made),
                None => known.pods.remove(&*name),
            };
        }
        changed
    }

    /// What is known of one of a service's pods.
    pub fn get(&self, service: &Key, pod: &str) -> Option<&T> {
        self.services.get(service)?.pods.get(pod)
    }

    /// What is known of a service's pods, by their names.
    pub fn of(&self, service: &Key) -> impl Iterator<Item = &T> + Clone {
        let known = self.services.get(service);
        known.into_iter().flat_map(|k| k.pods.values())
    }
}

/// How fast a controller's client may write (`--kube-api-qps`, `--kube-api-burst`): 20 requests a
/// second, 30 at once. It is what makes changes of many pods share a write.
#[derive(Clone, Copy, Default)]
pub struct Throttle {
    /// Up to when the requests so far are paid for.
    paid: Time,
}

impl Throttle {
    const EACH: Duration = millis(50);
    const BURST: u32 = 30;

    /// How long a request has to wait that is made now.
    pub fn take(&mut self, now: Time) -> Duration {
        self.paid = self.paid.max(now) + Throttle::EACH;
        let allowed = now + Throttle::EACH * Throttle::BURST;
        match self.paid > allowed {
            true => self.paid.since(allowed),
            false => Duration::ZERO,
        }
    }
}

/// Sets or clears the annotation about the trigger.
pub fn annotate_trigger(meta: &mut ObjectMeta, time: Option<Time>) {
    let annotations = meta.annotations.get_or_insert_default();
    match time {
        Some(time) => {
            let text = format_time(i64::try_from(time.0).unwrap_or(i64::MAX));
            annotations.insert(TRIGGER_TIME.to_owned(), text);
        }
        None => {
            annotations.remove(TRIGGER_TIME);
        }
    }
    if annotations.is_empty() {
        meta.annotations = None;
    }
}
