//! Whether a pod that was bound to the node may run there (`pkg/kubelet/lifecycle/predicate.go`).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Container as ContainerSpec, Node, Pod, Taint, Toleration};

use super::{Cx, Host, PodEvent, PodWorker};
use crate::api::quantity::Quantity;
use crate::kubelet::crew::Crew;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::secs;

/// Amounts by resource: CPU in thousandths, everything else in units.
pub type Amounts = BTreeMap<Rc<str>, i64>;

/// Why a pod is refused: reason and message.
pub type Refusal = (&'static str, String);

fn amount(name: &str, text: &str) -> i64 {
    match Quantity::parse(text) {
        Ok(quantity) if name == "cpu" => quantity.milli_value(),
        Ok(quantity) => quantity.value(),
        Err(_) => 0,
    }
}

fn of_container(container: &ContainerSpec) -> Amounts {
    let requests = container
        .resources
        .as_ref()
        .and_then(|r| r.requests.as_ref());
    let requests = requests.into_iter().flatten();
    requests
        .map(|(name, q)| (name.as_str().into(), amount(name, &q.0)))
        .collect()
}

pub fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let sum = sum.entry(name.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

/// What a pod takes of the node: its containers and sidecars together, or its largest init
/// container with the sidecars before it, whichever is more (`resourcehelper.PodRequests`).
pub fn requests(pod: &Pod) -> Amounts {
    let Some(spec) = &pod.spec else {
        return Amounts::new();
    };
    let mut sum = Amounts::new();
    spec.containers
        .iter()
        .for_each(|c| add(&mut sum, &of_container(c)));
    let (mut sidecars, mut most) = (Amounts::new(), Amounts::new());
    for container in spec.init_containers.iter().flatten() {
        let own = of_container(container);
        let mut with = sidecars.clone();
        add(&mut with, &own);
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.clone_from(&with);
        }
        for (name, amount) in with {
            let most = most.entry(name).or_default();
            *most = (*most).max(amount);
        }
    }
    add(&mut sum, &sidecars);
    for (name, amount) in most {
        let sum = sum.entry(name).or_default();
        *sum = (*sum).max(amount);
    }
    for (name, q) in spec.overhead.iter().flatten() {
        let sum = sum.entry(name.as_str().into()).or_default();
        *sum = sum.saturating_add(amount(name, &q.0));
    }
    sum
}

/// Host ports: protocol and number.
pub fn host_ports(pod: &Pod) -> Vec<(String, i32)> {
    let containers = pod.spec.iter().flat_map(|s| &s.containers);
    let ports = containers.flat_map(|c| c.ports.iter().flatten());
    ports
        .filter_map(|p| {
            let port = p.host_port.filter(|p| *p > 0)?;
            Some((p.protocol.clone().unwrap_or_else(|| "TCP".to_owned()), port))
        })
        .collect()
}

/// The sysctls that every node allows (`pkg/kubelet/sysctl/safe_sysctls.go`).
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

/// Kernel parameters that the node does not let pods set (`pkg/kubelet/sysctl/allowlist.go`).
fn sysctls(pod: &Pod) -> Option<Refusal> {
    let spec = pod.spec.as_ref()?;
    let context = spec.security_context.as_ref()?;
    for sysctl in context.sysctls.iter().flatten() {
        let name = sysctl.name.replace('/', ".");
        let message = if !SAFE_SYSCTLS.contains(&&*name) {
            format!("forbidden sysctl: \"{name}\" not allowlisted")
        } else if spec.host_network == Some(true) && name.starts_with("net.") {
            format!("forbidden sysctl: \"{name}\" not allowed with host net enabled")
        } else if spec.host_ipc == Some(true) && name.starts_with("kernel.") {
            format!("forbidden sysctl: \"{name}\" not allowed with host ipc enabled")
        } else {
            continue;
        };
        return Some(("SysctlForbidden", message));
    }
    None
}

/// Looks at a pod beside those that run on the node.
pub fn check(pod: &PodWorker, others: &Crew, node: &Node) -> Option<Refusal> {
    if let Some(refusal) = sysctls(&pod.pod) {
        return Some(refusal);
    }
    let allocatable = node.status.as_ref().and_then(|s| s.allocatable.clone());
    let allocatable = allocatable.unwrap_or_default();
    let insufficient = |name: &'static str, wanted: i64, used: i64, capacity: i64| {
        let reason = match name {
            "cpu" => "OutOfcpu",
            "memory" => "OutOfmemory",
            "pods" => "OutOfpods",
            _ => "OutOfephemeral-storage",
        };
        let message = format!(
            "Node didn't have enough resource: {name}, requested: {wanted}, used: {used}, capacity: {capacity}"
        );
        (reason, message)
    };
    let capacity = |name: &str| allocatable.get(name).map_or(0, |q| amount(name, &q.0));
    let count = others.active() as i64;
    if count + 1 > capacity("pods") {
        return Some(insufficient("pods", 1, count, capacity("pods")));
    }
    let wanted = &pod.requests;
    if wanted.values().any(|v| *v > 0) {
        for name in ["cpu", "memory", "ephemeral-storage"] {
            let wanted = wanted.get(name).copied().unwrap_or_default();
            let (used, capacity) = (others.requested(name), capacity(name));
            if wanted > 0 && used.saturating_add(wanted) > capacity {
                return Some(insufficient(name, wanted, used, capacity));
            }
        }
    }
    let labels = node.metadata.labels.clone().unwrap_or_default();
    let pod = &pod.pod;
    let selector = pod.spec.as_ref().and_then(|s| s.node_selector.as_ref());
    let fits = |(name, value): (&String, &String)| labels.get(name) == Some(value);
    if !selector.into_iter().flatten().all(fits) {
        let message =
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
        return Some(("NodeAffinity", message.to_owned()));
    }
    let ports = host_ports(pod);
    let taken = |o: &Rc<PodWorker>| host_ports(&o.pod).iter().any(|p| ports.contains(p));
    if !ports.is_empty() && others.values().any(|o| o.is_active() && taken(o)) {
        let message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
        return Some(("NodePorts", message.to_owned()));
    }
    let tolerations = pod.spec.as_ref().and_then(|s| s.tolerations.as_deref());
    let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref());
    let mut evicting = taints
        .unwrap_or_default()
        .iter()
        .filter(|t| t.effect == "NoExecute");
    let untolerated = evicting.find(|t| {
        !tolerations
            .unwrap_or_default()
            .iter()
            .any(|x| tolerates(x, t))
    });
    untolerated.map(|taint| {
        let value = taint.value.as_deref().unwrap_or_default();
        let message = format!(
            "Predicate TaintToleration failed: node(s) had untolerated taint(s) {{{}: {value}}}",
            taint.key
        );
        ("TaintToleration", message)
    })
}

/// Why a pod cannot have what its spec asks for now: `Infeasible` on this node for ever, `Deferred`
/// while the other pods take so much.
pub fn refuse_resize(pod: &PodWorker, others: &[&PodWorker], node: &Node) -> Option<Refusal> {
    let wanted = requests(&pod.pod);
    let allocatable = node.status.as_ref().and_then(|s| s.allocatable.as_ref());
    let mut used = Amounts::new();
    others.iter().for_each(|p| add(&mut used, &p.requests));
    for name in ["cpu", "memory"] {
        let of = |amounts: &Amounts| amounts.get(name).copied().unwrap_or_default();
        let capacity = allocatable.and_then(|a| a.get(name));
        let capacity = capacity.map_or(0, |q| amount(name, &q.0));
        let (wanted, used) = (of(&wanted), of(&used));
        if wanted > capacity {
            let message = format!(
                "Node didn't have enough capacity: {name}, requested: {wanted}, capacity: {capacity}"
            );
            return Some(("Infeasible", message));
        }
        if wanted > of(&pod.requests) && used.saturating_add(wanted) > capacity {
            let message = format!(
                "Node didn't have enough resource: {name}, requested: {wanted}, used: {used}, capacity: {capacity}"
            );
            return Some(("Deferred", message));
        }
    }
    None
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let key = toleration.key.as_deref().unwrap_or_default();
    (effect.is_empty() || effect == taint.effect)
        && (key.is_empty() || key == taint.key)
        && match toleration.operator.as_deref() {
            Some("Exists") => true,
            _ => {
                toleration.value.as_deref().unwrap_or_default()
                    == taint.value.as_deref().unwrap_or_default()
            }
        }
}

impl PodWorker {
    /// Lets the pod run, or refuses it for good.
    pub fn admit(&mut self, refusal: Option<Refusal>, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        if self.admitted || self.rejected.is_some() {
            return;
        }
        self.start_time.get_or_insert(ctx.now());
        if let Some((reason, message)) = refusal {
            h.recorder.warning(ctx, &self.involved(), reason, &message);
            self.rejected = Some((reason, format!("Pod was rejected: {message}").into()));
            self.over = true;
            return self.report(h, ctx);
        }
        self.admitted = true;
        let spec = self.pod.spec.as_ref();
        if let Some(limit) = spec.and_then(|s| s.active_deadline_seconds) {
            let limit = secs(limit.max(0).unsigned_abs());
            self.after(ctx, limit, PodEvent::Deadline);
        }
        self.sync(h, ctx);
        self.report(h, ctx);
    }
}
