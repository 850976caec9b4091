//! What an object counts for in the quotas of its namespace, and which quotas it is held against.
//!
//! Models `k8s.io/kubernetes/pkg/quota/v1/evaluator/core` and `k8s.io/apiserver/pkg/quota/v1`. The API
//! server charges by these rules, and the quota controller counts again by them.

use k8s_openapi::api::core::v1::{
    Container, Pod, PodSpec, ResourceQuota, ScopedResourceSelectorRequirement, Service,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;
use serde_json::Value;

use super::kinds::{KindInfo, is_extended, is_huge, is_native, quality_of_service};
use super::object::{Object, Resource};
use super::pod_resources::{self, Amounts};
use super::quantity::{Format, Quantity, QuantityExt};
use super::selector::Selector;
use super::status::qualified;
use super::time::from_api;
use crate::sim::ordered::Set as BTreeSet;
use crate::sim::{Time, secs};

const REQUESTS: &str = "requests.";

const STORAGE_CLASS: &str = ".storageclass.storage.k8s.io/";

/// Which of a pod's resources make every container state them.
const STATED: [&str; 6] = [
    "cpu",
    "limits.cpu",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.memory",
];

fn one() -> Quantity {
    Quantity::new(1, Format::DecimalSi)
}

/// `count/deployments.apps`: how many objects of the kind there are.
pub fn count_name(info: &KindInfo) -> String {
    format!("count/{}", qualified(info.plural, info.group))
}

/// The name under which a kind's objects were counted before there was `count/`.
fn old_count_name(info: &KindInfo) -> Option<&'static str> {
    const OLD: [&str; 6] = [
        "configmaps",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    ];
    (info.group.is_empty() && OLD.contains(&info.plural)).then_some(info.plural)
}

/// Events come and go too often to be counted.
pub fn is_counted(info: &KindInfo) -> bool {
    info.namespaced && info.kind != "Event"
}

/// Whether objects of the kind count for the resource.
pub fn concerns(info: &KindInfo, resource: &str) -> bool {
    if resource.starts_with("count/") {
        return resource == count_name(info);
    }
    if old_count_name(info) == Some(resource) {
        return true;
    }
    match (info.group, info.kind) {
        ("", "Pod") => of_pods(resource),
        ("", "Service") => matches!(resource, "services.nodeports" | "services.loadbalancers"),
        ("", "PersistentVolumeClaim") => {
            resource == "requests.storage"
                || resource.split_once(STORAGE_CLASS).is_some_and(|(_, of)| {
                    matches!(of, "requests.storage" | "persistentvolumeclaims")
                })
        }
        _ => false,
    }
}

fn of_pods(resource: &str) -> bool {
    const OTHERS: [&str; 4] = [
        "ephemeral-storage",
        "limits.ephemeral-storage",
        "pods",
        "requests.ephemeral-storage",
    ];
    STATED.contains(&resource)
        || OTHERS.contains(&resource)
        || is_huge(resource.strip_prefix(REQUESTS).unwrap_or(resource))
        || (resource.starts_with(REQUESTS) && !is_native(resource))
}

/// What the object counts for, by resource.
pub fn usage(object: &Object, now: Time) -> Amounts {
    let info = object.info();
    let mut used = Amounts::from([(count_name(info), one())]);
    if let Some(pod) = object.get::<Pod>() {
        if is_charged(pod, now)
            && let Some(spec) = &pod.spec
        {
            let of_spec = compute(&pod_resources::requests(spec), &pod_resources::limits(spec));
            pod_resources::add(&mut used, &of_spec);
        }
        return used;
    }
    if let Some(name) = old_count_name(info) {
        used.insert(name.to_owned(), one());
    }
    if let Some(service) = object.get::<Service>() {
        of_service(service, &mut used);
    } else if info.kind == "PersistentVolumeClaim" && info.group.is_empty() {
        of_claim(&object.to_value(), &mut used);
    }
    used
}

/// Pods that have ended do not count, nor those that should have been gone by now.
pub fn is_charged(pod: &Pod, now: Time) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    if matches!(phase, Some("Failed" | "Succeeded")) {
        return false;
    }
    overdue_at(pod).is_none_or(|at| now <= at)
}

/// Until when a pod that is going counts.
pub fn overdue_at(pod: &Pod) -> Option<Time> {
    let deadline = pod.metadata.deletion_timestamp.as_ref()?;
    let grace = pod.metadata.deletion_grace_period_seconds?;
    Some(from_api(deadline) + secs(grace.max(0).unsigned_abs()))
}

fn compute(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut used = Amounts::from([("pods".to_owned(), one())]);
    for (name, amount) in requests {
        let plain =
            matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || is_huge(name);
        if plain {
            used.insert(name.clone(), *amount);
        }
        if plain || is_extended(name) {
            used.insert(format!("{REQUESTS}{name}"), *amount);
        }
    }
    for name in ["cpu", "memory", "ephemeral-storage"] {
        if let Some(amount) = limits.get(name) {
            used.insert(format!("limits.{name}"), *amount);
        }
    }
    used
}

fn of_service(service: &Service, used: &mut Amounts) {
    let Some(spec) = &service.spec else { return };
    let ports = spec.ports.as_deref().unwrap_or_default();
    let open = ports.iter().filter(|p| p.node_port.is_some_and(|n| n != 0));
    let number = |n: usize| Quantity::new(n as i64, Format::DecimalSi);
    let (mut node_ports, mut balancers) = (0, 0);
    match spec.type_.as_deref() {
        Some("NodePort") => node_ports = ports.len(),
        Some("LoadBalancer") => {
            balancers = 1;
            node_ports = match spec.allocate_load_balancer_node_ports {
                Some(false) => open.count(),
                _ => ports.len(),
            };
        }
        _ => {}
    }
    used.insert("services.nodeports".to_owned(), number(node_ports));
    used.insert("services.loadbalancers".to_owned(), number(balancers));
}

fn of_claim(claim: &Value, used: &mut Amounts) {
    let spec = &claim["spec"];
    let class =
        claim["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"].as_str();
    let class = class.or_else(|| spec["storageClassName"].as_str());
    let class = class.filter(|c| !c.is_empty());
    if let Some(class) = class {
        used.insert(
            format!("{class}{STORAGE_CLASS}persistentvolumeclaims"),
            one(),
        );
    }
    let asked = &spec["resources"]["requests"]["storage"];
    let got = &claim["status"]["allocatedResources"]["storage"];
    let read = |value: &Value| value.as_str().and_then(|t| Quantity::parse(t).ok());
    if let Some(amount) = read(asked).max(read(got)) {
        used.insert("requests.storage".to_owned(), amount);
        if let Some(class) = class {
            used.insert(format!("{class}{STORAGE_CLASS}requests.storage"), amount);
        }
    }
}

/// Which of the quota's resources, by its status, objects of the kind count for.
pub fn limited<'q>(quota: &'q ResourceQuota, info: &KindInfo) -> Vec<&'q str> {
    let hard = quota.status.as_ref().and_then(|s| s.hard.as_ref());
    let names = hard.into_iter().flatten().map(|(name, _)| name.as_str());
    names.filter(|name| concerns(info, name)).collect()
}

/// Whether the object is in all scopes of the quota.
pub fn in_scope(quota: &ResourceQuota, object: &Object) -> bool {
    let Some(spec) = &quota.spec else { return true };
    let plain = spec.scopes.iter().flatten();
    let selector = spec.scope_selector.as_ref();
    let chosen = selector.and_then(|s| s.match_expressions.as_ref());
    plain
        .map(|scope| in_one(scope, None, object))
        .chain(
            chosen
                .into_iter()
                .flatten()
                .map(|r| in_one(&r.scope_name, Some(r), object)),
        )
        .all(|fits| fits)
}

fn in_one(
    scope: &str,
    chosen: Option<&ScopedResourceSelectorRequirement>,
    object: &Object,
) -> bool {
    let Some(pod) = object.get::<Pod>() else {
        // Claims are told apart by the class of their attributes; nothing else has scopes.
        if scope == "VolumeAttributesClass" && object.info().kind == "PersistentVolumeClaim" {
            let value = object.to_value();
            let class = value["spec"]["volumeAttributesClassName"].as_str();
            return chosen_matches(scope, class.unwrap_or_default(), chosen);
        }
        return false;
    };
    let no_spec = PodSpec::default();
    let spec = pod.spec.as_deref().unwrap_or(&no_spec);
    let ends = spec.active_deadline_seconds.is_some_and(|s| s >= 0);
    match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => quality_of_service(pod) == "BestEffort",
        "NotBestEffort" => quality_of_service(pod) != "BestEffort",
        "PriorityClass" => {
            let class = spec.priority_class_name.as_deref().unwrap_or_default();
            chosen_matches(scope, class, chosen)
        }
        "CrossNamespacePodAffinity" => crosses_namespaces(spec),
        _ => false,
    }
}

/// The class is one of those that the quota names; without a requirement, any class will do.
fn chosen_matches(
    scope: &str,
    class: &str,
    chosen: Option<&ScopedResourceSelectorRequirement>,
) -> bool {
    let Some(chosen) = chosen.filter(|c| c.operator != "Exists") else {
        return !class.is_empty();
    };
    let requirement = LabelSelectorRequirement {
        key: scope.to_owned(),
        operator: chosen.operator.clone(),
        values: chosen.values.clone(),
    };
    let selector = k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector {
        match_expressions: Some(vec![requirement]),
        match_labels: None,
    };
    let mut labels = std::collections::BTreeMap::new();
    if !class.is_empty() {
        labels.insert(scope.to_owned(), class.to_owned());
    }
    Selector::from_api(Some(&selector)).is_ok_and(|s| s.matches(&labels))
}

fn crosses_namespaces(spec: &PodSpec) -> bool {
    let Some(affinity) = &spec.affinity else {
        return false;
    };
    let near = affinity.pod_affinity.as_ref();
    let apart = affinity.pod_anti_affinity.as_ref();
    let required = near
        .and_then(|a| {
            a.required_during_scheduling_ignored_during_execution
                .as_ref()
        })
        .into_iter()
        .chain(apart.and_then(|a| {
            a.required_during_scheduling_ignored_during_execution
                .as_ref()
        }))
        .flatten();
    let preferred = near
        .and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        })
        .into_iter()
        .chain(apart.and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        }))
        .flatten()
        .map(|w| &w.pod_affinity_term);
    required.chain(preferred).any(|term| {
        term.namespaces.as_ref().is_some_and(|n| !n.is_empty()) || term.namespace_selector.is_some()
    })
}

/// A quota of CPU or memory makes every container say what it needs of it; what is missing, in the
/// words of the refusal.
pub fn unstated(limited: &[&str], object: &Object) -> Option<String> {
    let spec = object.get::<Pod>()?.spec.as_ref()?;
    let whole = spec.resources.as_ref();
    let mut words = Vec::new();
    for resource in STATED.iter().filter(|r| limited.contains(r)) {
        if whole.is_some_and(|r| states(r, resource)) {
            continue;
        }
        let all = spec
            .containers
            .iter()
            .chain(spec.init_containers.iter().flatten());
        let silent = |c: &&Container| !c.resources.as_ref().is_some_and(|r| states(r, resource));
        let names: BTreeSet<&str> = all.filter(silent).map(|c| c.name.as_str()).collect();
        if !names.is_empty() {
            let names: Vec<&str> = names.into_iter().collect();
            words.push(format!("{resource} for: {}", names.join(",")));
        }
    }
    (!words.is_empty()).then(|| format!("must specify {}", words.join("; ")))
}

fn states(given: &k8s_openapi::api::core::v1::ResourceRequirements, resource: &str) -> bool {
    let (list, name) = match resource.strip_prefix("limits.") {
        Some(name) => (&given.limits, name),
        None => (
            &given.requests,
            resource.strip_prefix(REQUESTS).unwrap_or(resource),
        ),
    };
    list.as_ref().is_some_and(|l| l.contains_key(name))
}

/// The amounts of a quota's status.
pub fn hard(quota: &ResourceQuota) -> Amounts {
    amounts(quota.status.as_ref().and_then(|s| s.hard.as_ref()))
}

pub fn used(quota: &ResourceQuota) -> Amounts {
    amounts(quota.status.as_ref().and_then(|s| s.used.as_ref()))
}

pub fn amounts(
    list: Option<
        &std::collections::BTreeMap<
            String,
            k8s_openapi::apimachinery::pkg::api::resource::Quantity,
        >,
    >,
) -> Amounts {
    let list = list.into_iter().flatten();
    list.map(|(name, q)| (name.clone(), q.amount())).collect()
}

/// `pods=1,requests.cpu=500m`, as refusals list amounts.
pub fn listed(amounts: &Amounts, names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .filter_map(|name| amounts.get(*name).map(|q| format!("{name}={q}")))
        .collect();
    shown.join(",")
}

/// The kinds whose objects count in a quota, from its spec.
pub fn kinds_in(quota: &ResourceQuota) -> impl Iterator<Item = super::Kind> {
    let hard = quota.spec.as_ref().and_then(|s| s.hard.as_ref());
    super::Kind::all().filter(move |kind| {
        let info = kind.info();
        is_counted(info)
            && hard
                .into_iter()
                .flatten()
                .any(|(name, _)| concerns(info, name))
    })
}

impl KindInfo {
    /// Whether this is the kind of `T`.
    pub fn is<T: Resource>(&self) -> bool {
        std::ptr::eq(self, T::KIND.info())
    }
}
