//! A pod with what the scheduler derives from it once, instead of at every node.
//!
//! Models `pkg/scheduler/framework/types.go` PodInfo and
//! `k8s.io/component-helpers/resource` PodRequests.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{
    Container, Pod, PodAffinityTerm, PodSpec, Toleration, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::resources::Resources;
use crate::api::quantity::QuantityExt;
use crate::api::selector::{Operator, Requirement, Selector};
use crate::api::{Key, Name, Resource};

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

/// What a container counts as in scores when it asks for no CPU or memory.
const DEFAULT_CPU_MILLIS: i64 = 100;
const DEFAULT_MEMORY: i64 = 200 << 20;

/// A port of the node that a pod claims. An address of `0.0.0.0` means all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    pub port: i32,
    pub protocol: Rc<str>,
    pub address: Rc<str>,
}

impl HostPort {
    pub fn overlaps(&self, other: &HostPort) -> bool {
        self.port == other.port
            && self.protocol == other.protocol
            && (self.address == other.address
                || &*self.address == "0.0.0.0"
                || &*other.address == "0.0.0.0")
    }
}

/// What an affinity term of a pod asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    Affinity,
    AntiAffinity,
    /// Preferred; the weight of an anti-affinity is negative.
    Preferred(i32),
}

/// "Near pods like these": an affinity or anti-affinity term, ready to be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub kind: TermKind,
    pub namespaces: Vec<Rc<str>>,
    /// Further namespaces, by their labels.
    pub namespace_selector: Selector,
    pub selector: Selector,
    pub topology_key: Rc<str>,
}

#[derive(Clone, Debug)]
pub struct PodInfo {
    pub uid: Name,
    pub key: Key,
    pub pod: Rc<Pod>,
    pub priority: i32,
    pub requests: Resources,
    /// CPU (millicores) and memory (bytes) as scores count them.
    pub nonzero: (i64, i64),
    pub ports: Vec<HostPort>,
    pub terms: Rc<[Term]>,
}

impl PodInfo {
    pub fn new(pod: &Rc<Pod>) -> Rc<Self> {
        let empty = PodSpec::default();
        let spec = pod.spec.as_deref().unwrap_or(&empty);
        let resized = during_resize(pod);
        let (requests, nonzero) = requests(resized.as_ref().unwrap_or(spec));
        Rc::new(PodInfo {
            uid: Name::new(pod.uid()),
            key: pod.key(),
            pod: pod.clone(),
            priority: spec.priority.unwrap_or_default(),
            requests,
            nonzero,
            ports: host_ports(spec),
            terms: terms(pod, spec),
        })
    }

    /// The same, for a newer version of the pod in which nothing of this changed.
    pub fn renewed(&self, pod: &Rc<Pod>) -> Rc<Self> {
        Rc::new(PodInfo {
            pod: pod.clone(),
            ..self.clone()
        })
    }

    pub fn spec(&self) -> Option<&PodSpec> {
        self.pod.spec.as_deref()
    }

    pub fn labels(&self) -> &BTreeMap<String, String> {
        self.pod.metadata.labels.as_ref().unwrap_or(&NO_LABELS)
    }

    pub fn tolerations(&self) -> &[Shared<Toleration>] {
        self.spec()
            .and_then(|s| s.tolerations.as_deref())
            .unwrap_or_default()
    }

    pub fn is_terminating(&self) -> bool {
        self.pod.metadata.deletion_timestamp.is_some()
    }

    pub fn node_name(&self) -> &str {
        self.spec()
            .and_then(|s| s.node_name.as_deref())
            .unwrap_or_default()
    }
}

/// The spec with what the scheduler has to count while a resize is under way: for each container
/// the most of what is asked for, allocated and given. `None` when these are the same.
fn during_resize(pod: &Pod) -> Option<PodSpec> {
    let (spec, status) = (pod.spec.as_deref()?, pod.status.as_ref()?);
    if !is_resizing(pod) {
        return None;
    }
    let conditions = status.conditions.iter().flatten();
    let mut pending = conditions.filter(|c| c.type_ == "PodResizePending");
    let hopeless = pending.any(|c| c.reason.as_deref() == Some("Infeasible"));
    let mut spec = spec.clone();
    let lists = [
        (
            Some(&mut spec.containers),
            status.container_statuses.as_ref(),
        ),
        (
            spec.init_containers.as_mut(),
            status.init_container_statuses.as_ref(),
        ),
    ];
    for (containers, statuses) in lists {
        for container in containers.into_iter().flatten() {
            let mut all = statuses.into_iter().flatten();
            let Some(status) = all.find(|s| s.name == container.name) else {
                continue;
            };
            let resources = container.resources.get_or_insert_default();
            let mut most = match hopeless {
                true => Default::default(),
                false => resources.requests.take().unwrap_or_default(),
            };
            let given = status.resources.as_ref().and_then(|r| r.requests.as_ref());
            let others = [status.allocated_resources.as_ref(), given];
            for (name, amount) in others.into_iter().flatten().flatten() {
                let more = most
                    .get(name)
                    .is_none_or(|old: &ApiQuantity| old.amount() < amount.amount());
                if more {
                    most.insert(name.clone(), amount.clone());
                }
            }
            resources.requests = Some(most);
        }
    }
    Some(spec)
}

/// Whether the status names other requests than the spec.
pub fn is_resizing(pod: &Pod) -> bool {
    let (Some(spec), Some(status)) = (&pod.spec, &pod.status) else {
        return false;
    };
    let statuses = status.container_statuses.iter().flatten();
    let statuses = statuses.chain(status.init_container_statuses.iter().flatten());
    let containers = || {
        spec.containers
            .iter()
            .chain(spec.init_containers.iter().flatten())
    };
    statuses.into_iter().any(|status| {
        let mut all = containers();
        let container = all.find(|c| c.name == status.name);
        let asked = container.and_then(|c| c.resources.as_ref()?.requests.as_ref());
        let given = status.resources.as_ref().and_then(|r| r.requests.as_ref());
        let differs = |other: Option<&_>| other.is_some() && other != asked;
        differs(status.allocated_resources.as_ref()) || differs(given)
    })
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// What the pod asks for, and that with defaults for containers that ask for nothing.
fn requests(spec: &PodSpec) -> (Resources, (i64, i64)) {
    let plain = total(spec, false);
    let filled = total(spec, true);
    (plain, (filled.cpu_millis, filled.memory))
}

/// Containers and sidecars run together; before them each init container runs beside the
/// sidecars that started before it. The pod needs the larger of the two, plus its overhead.
fn total(spec: &PodSpec, fill: bool) -> Resources {
    let of = |container: &Container| {
        let mut r = container
            .resources
            .as_ref()
            .and_then(|r| r.requests.as_ref())
            .map(Resources::from_list)
            .unwrap_or_default();
        if fill {
            let asks = |name: &str| {
                let requests = container
                    .resources
                    .as_ref()
                    .and_then(|r| r.requests.as_ref());
                requests.is_some_and(|r| r.contains_key(name))
            };
            if !asks("cpu") {
                r.cpu_millis = DEFAULT_CPU_MILLIS;
            }
            if !asks("memory") {
                r.memory = DEFAULT_MEMORY;
            }
        }
        r
    };
    let mut running = Resources::default();
    for container in &spec.containers {
        running.add(&of(container));
    }
    let mut sidecars = Resources::default();
    let mut starting = Resources::default();
    for container in spec.init_containers.iter().flatten() {
        let mut needs = of(container);
        if is_sidecar(container) {
            running.add(&needs);
            sidecars.add(&needs);
            starting.raise_to(&sidecars);
        } else {
            needs.add(&sidecars);
            starting.raise_to(&needs);
        }
    }
    running.raise_to(&starting);
    if let Some(list) = spec.resources.as_ref().and_then(|r| r.requests.as_ref()) {
        // Requests of the pod as a whole stand for those of its containers.
        let pod_level = Resources::from_list(list);
        if list.contains_key("cpu") {
            running.cpu_millis = pod_level.cpu_millis;
        }
        if list.contains_key("memory") {
            running.memory = pod_level.memory;
        }
        for (name, amount) in pod_level.scalars {
            running.scalars.insert(name, amount);
        }
    }
    if let Some(overhead) = &spec.overhead {
        running.add(&Resources::from_list(overhead));
    }
    running.pods = 0;
    running
}

fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let sidecars = spec
        .init_containers
        .iter()
        .flatten()
        .filter(|c| is_sidecar(c));
    let mut ports = Vec::new();
    for container in spec.containers.iter().chain(sidecars) {
        for port in container.ports.iter().flatten() {
            let Some(host_port) = port.host_port.filter(|p| *p > 0) else {
                continue;
            };
            let address = port.host_ip.as_deref().filter(|a| !a.is_empty());
            ports.push(HostPort {
                port: host_port,
                protocol: port.protocol.as_deref().unwrap_or("TCP").into(),
                address: address.unwrap_or("0.0.0.0").into(),
            });
        }
    }
    ports
}

fn terms(pod: &Pod, spec: &PodSpec) -> Rc<[Term]> {
    let Some(affinity) = &spec.affinity else {
        return Rc::new([]);
    };
    let mut terms = Vec::new();
    let mut required = |kind, list: Option<&Vec<PodAffinityTerm>>| {
        terms.extend(list.into_iter().flatten().map(|t| term(pod, kind, t)));
    };
    let near = affinity.pod_affinity.as_ref();
    let far = affinity.pod_anti_affinity.as_ref();
    required(
        TermKind::Affinity,
        near.and_then(|a| {
            a.required_during_scheduling_ignored_during_execution
                .as_ref()
        }),
    );
    required(
        TermKind::AntiAffinity,
        far.and_then(|a| {
            a.required_during_scheduling_ignored_during_execution
                .as_ref()
        }),
    );
    let mut preferred = |sign: i32, list: Option<&Vec<WeightedPodAffinityTerm>>| {
        terms.extend(list.into_iter().flatten().map(|t| {
            let kind = TermKind::Preferred(sign.saturating_mul(t.weight));
            term(pod, kind, &t.pod_affinity_term)
        }));
    };
    preferred(
        1,
        near.and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        }),
    );
    preferred(
        -1,
        far.and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        }),
    );
    terms.into()
}

/// A selector of the API; one that cannot be read selects nothing.
pub fn selector_of(
    selector: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector>,
) -> Selector {
    Selector::from_api(selector).unwrap_or_else(|_| Selector::nothing())
}

/// Narrows `selector` to objects that have the pod's own values of these labels.
pub fn add_label_keys(
    selector: &mut Selector,
    pod: &Pod,
    keys: Option<&Vec<String>>,
    operator: Operator,
) {
    let labels = pod.metadata.labels.as_ref().unwrap_or(&NO_LABELS);
    for key in keys.into_iter().flatten() {
        if let Some(value) = labels.get(key)
            && let Ok(requirement) = Requirement::new(key, operator, vec![value.clone()], "")
            && !selector.requirements().contains(&requirement)
        {
            selector.add(requirement);
        }
    }
}

fn term(pod: &Pod, kind: TermKind, term: &PodAffinityTerm) -> Term {
    let mut selector = selector_of(term.label_selector.as_ref());
    add_label_keys(
        &mut selector,
        pod,
        term.match_label_keys.as_ref(),
        Operator::In,
    );
    let mismatch = term.mismatch_label_keys.as_ref();
    add_label_keys(&mut selector, pod, mismatch, Operator::NotIn);
    let mut namespaces: Vec<Rc<str>> = term
        .namespaces
        .iter()
        .flatten()
        .map(|n| n.as_str().into())
        .collect();
    if namespaces.is_empty() && term.namespace_selector.is_none() {
        namespaces.push(pod.namespace().into());
    }
    namespaces.sort();
    Term {
        kind,
        namespaces,
        namespace_selector: selector_of(term.namespace_selector.as_ref()),
        selector,
        topology_key: term.topology_key.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(yaml: &str) -> Rc<PodInfo> {
        super::super::testing::pod(yaml)
    }

    #[test]
    fn requests_add_up_as_documented() {
        let cases = [
            (
                "containers are summed",
                "{containers: [{name: a, resources: {requests: {cpu: 100m, memory: 1Gi}}}, {name: b, resources: {requests: {cpu: 1}}}]}",
                (1100, 1 << 30),
                (1100, (1 << 30) + DEFAULT_MEMORY),
            ),
            (
                "the largest init container counts, not their sum",
                "{initContainers: [{name: i, resources: {requests: {cpu: 2}}}, {name: j, resources: {requests: {cpu: 1}}}], containers: [{name: a, resources: {requests: {cpu: 500m}}}]}",
                (2000, 0),
                (2000, DEFAULT_MEMORY),
            ),
            (
                "sidecars run beside the containers and the later init containers",
                "{initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: 200m}}}, {name: i, resources: {requests: {cpu: 1}}}], containers: [{name: a, resources: {requests: {cpu: 500m}}}]}",
                (1200, 0),
                (1200, 2 * DEFAULT_MEMORY),
            ),
            (
                "overhead comes on top",
                "{overhead: {cpu: 50m}, containers: [{name: a, resources: {requests: {cpu: 500m}}}]}",
                (550, 0),
                (550, DEFAULT_MEMORY),
            ),
            (
                "requests of the pod replace those of its containers",
                "{resources: {requests: {cpu: 3}}, containers: [{name: a, resources: {requests: {cpu: 500m}}}]}",
                (3000, 0),
                (3000, DEFAULT_MEMORY),
            ),
        ];
        for (what, spec, plain, filled) in cases {
            let info = pod(&format!("{{metadata: {{name: p}}, spec: {spec}}}"));
            let got = (info.requests.cpu_millis, info.requests.memory);
            assert_eq!(got, plain, "{what}");
            assert_eq!(info.nonzero, filled, "{what}");
        }
    }

    #[test]
    fn ports_overlap_on_the_same_or_all_addresses() {
        let port = |port, protocol: &str, address: &str| HostPort {
            port,
            protocol: protocol.into(),
            address: address.into(),
        };
        let a = port(80, "TCP", "0.0.0.0");
        assert!(a.overlaps(&port(80, "TCP", "10.0.0.1")));
        assert!(!a.overlaps(&port(80, "UDP", "10.0.0.1")));
        assert!(!a.overlaps(&port(81, "TCP", "0.0.0.0")));
        assert!(!port(80, "TCP", "10.0.0.2").overlaps(&port(80, "TCP", "10.0.0.1")));
    }
}
