//! Node registration and status (`pkg/kubelet/kubelet_node_status.go`, `nodestatus/setters.go`).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints,
    NodeSpec as ApiNodeSpec, NodeStatus, NodeSystemInfo, Taint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::spec::{MAX_PODS, NodeSpec, VERSION};
use crate::api::time::api_time;
use crate::sim::{Time, hash_bytes};

/// The disk of every simulated node.
pub const DISK_BYTES: u64 = 62_725_623_808;
/// How many images a node's status names (`nodeStatusMaxImages`).
const MOST_IMAGES: usize = 50;

/// What the kubelet knows of its node at an instant.
pub struct Report {
    pub now: Time,
    pub ready: bool,
    pub images: Vec<ContainerImage>,
    /// How often the machine has started anew.
    pub boots: u32,
    pub short_of_memory: bool,
    pub short_of_disk: bool,
}

/// The object that the kubelet registers.
pub fn registration(spec: &NodeSpec, report: Report) -> Node {
    let mut labels = BTreeMap::from([
        ("beta.kubernetes.io/arch".to_owned(), "amd64".to_owned()),
        ("beta.kubernetes.io/os".to_owned(), "linux".to_owned()),
        ("kubernetes.io/arch".to_owned(), "amd64".to_owned()),
        ("kubernetes.io/hostname".to_owned(), spec.name.to_string()),
        ("kubernetes.io/os".to_owned(), "linux".to_owned()),
    ]);
    let mut annotations = BTreeMap::new();
    let mut node_spec = ApiNodeSpec::default();
    if spec.is_fake() {
        labels.insert("fake".to_owned(), "true".to_owned());
    } else {
        let attach = "volumes.kubernetes.io/controller-managed-attach-detach";
        annotations.insert(attach.to_owned(), "true".to_owned());
        node_spec.pod_cidr = Some(spec.pod_cidr());
        node_spec.pod_cidrs = Some(vec![spec.pod_cidr()]);
        node_spec.provider_id = Some(format!("kubarium://{}", spec.name));
    }
    if spec.control_plane {
        let role = "node-role.kubernetes.io/control-plane";
        labels.insert(role.to_owned(), String::new());
        let exclude = "node.kubernetes.io/exclude-from-external-load-balancers";
        labels.insert(exclude.to_owned(), String::new());
        node_spec.taints = Some(vec![Taint {
            effect: "NoSchedule".to_owned(),
            key: role.to_owned(),
            ..Taint::default()
        }]);
    }
    Node {
        metadata: ObjectMeta {
            name: Some(spec.name.to_string()),
            labels: Some(labels),
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..ObjectMeta::default()
        },
        spec: Some(node_spec),
        status: Some(status(spec, None, report)),
    }
}

/// The status now; what has not changed keeps its transition times.
pub fn status(spec: &NodeSpec, old: Option<&NodeStatus>, report: Report) -> NodeStatus {
    let (capacity, allocatable) = resources(spec);
    NodeStatus {
        addresses: Some(vec![
            address("InternalIP", spec.address()),
            address("Hostname", spec.name.to_string()),
        ]),
        capacity: Some(capacity),
        allocatable: Some(allocatable),
        conditions: Some(conditions(old, &report)),
        daemon_endpoints: (!spec.is_fake()).then_some(NodeDaemonEndpoints {
            kubelet_endpoint: Some(DaemonEndpoint { port: 10250 }),
        }),
        node_info: Some(system_info(spec, report.boots)),
        images: most_important(report.images),
        ..old.cloned().unwrap_or_default()
    }
}

fn address(type_: &str, address: String) -> NodeAddress {
    NodeAddress {
        address,
        type_: type_.to_owned(),
    }
}

/// The largest images first, as many as a status names.
fn most_important(mut images: Vec<ContainerImage>) -> Option<Vec<ContainerImage>> {
    images.sort_by(|a, b| b.size_bytes.cmp(&a.size_bytes).then(a.names.cmp(&b.names)));
    images.truncate(MOST_IMAGES);
    (!images.is_empty()).then_some(images)
}

type Resources = BTreeMap<String, Quantity>;

/// Capacity and what pods may take of it.
fn resources(spec: &NodeSpec) -> (Resources, Resources) {
    let cpu = match spec.cpu_millis % 1000 {
        0 => (spec.cpu_millis / 1000).to_string(),
        _ => format!("{}m", spec.cpu_millis),
    };
    let list = |items: [(&str, String); 4]| -> Resources {
        items
            .into_iter()
            .map(|(name, amount)| (name.to_owned(), Quantity(amount)))
            .collect()
    };
    let binary = |bytes: u64| crate::api::quantity::Quantity::from_bytes(bytes as i64).to_string();
    if spec.is_fake() {
        let all = list([
            ("cpu", cpu),
            ("ephemeral-storage", "100Gi".to_owned()),
            ("memory", binary(spec.memory_bytes)),
            ("pods", MAX_PODS.to_string()),
        ]);
        return (all.clone(), all);
    }
    let kibi = |bytes: u64| format!("{}Ki", bytes / 1024);
    let mut capacity = list([
        ("cpu", cpu.clone()),
        ("ephemeral-storage", kibi(DISK_BYTES)),
        ("memory", kibi(spec.memory_bytes)),
        ("pods", MAX_PODS.to_string()),
    ]);
    let mut allocatable = list([
        ("cpu", cpu),
        ("ephemeral-storage", (DISK_BYTES / 10 * 9).to_string()),
        (
            "memory",
            kibi(spec.memory_bytes.saturating_sub(super::pressure::RESERVE)),
        ),
        ("pods", MAX_PODS.to_string()),
    ]);
    for pages in ["hugepages-1Gi", "hugepages-2Mi"] {
        capacity.insert(pages.to_owned(), Quantity("0".to_owned()));
        allocatable.insert(pages.to_owned(), Quantity("0".to_owned()));
    }
    (capacity, allocatable)
}

fn system_info(spec: &NodeSpec, boots: u32) -> NodeSystemInfo {
    if spec.is_fake() {
        return NodeSystemInfo {
            architecture: "amd64".to_owned(),
            container_runtime_version: "fake://0.1".to_owned(),
            kernel_version: "6.1.0".to_owned(),
            kubelet_version: VERSION.to_owned(),
            operating_system: "linux".to_owned(),
            os_image: "Fake Linux".to_owned(),
            ..NodeSystemInfo::default()
        };
    }
    let id = |salt: u64| hash_bytes(salt, spec.name.as_bytes());
    NodeSystemInfo {
        architecture: "amd64".to_owned(),
        boot_id: boot_id(spec, boots),
        container_runtime_version: "containerd://2.2.1".to_owned(),
        kernel_version: "6.12.57+deb13-amd64".to_owned(),
        kubelet_version: VERSION.to_owned(),
        machine_id: format!("{:016x}{:016x}", id(3), id(4)),
        operating_system: "linux".to_owned(),
        os_image: "Debian GNU/Linux 13 (trixie)".to_owned(),
        system_uuid: uuid(spec, 5),
        ..NodeSystemInfo::default()
    }
}

/// The same for a machine until it starts anew.
pub fn boot_id(spec: &NodeSpec, boots: u32) -> String {
    match boots {
        0 => uuid(spec, 1),
        boots => uuid(spec, 100 + 2 * u64::from(boots)),
    }
}

fn uuid(spec: &NodeSpec, salt: u64) -> String {
    let id = |salt: u64| hash_bytes(salt, spec.name.as_bytes());
    let (a, b) = (id(salt), id(salt + 1));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        (b >> 48) & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

/// Type, whether it is bad when true, and reason and message of the good state.
const PRESSURES: [(&str, &str, &str); 3] = [
    (
        "MemoryPressure",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    (
        "DiskPressure",
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
    ),
    (
        "PIDPressure",
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
    ),
];

fn conditions(old: Option<&NodeStatus>, report: &Report) -> Vec<NodeCondition> {
    let (now, ready) = (report.now, report.ready);
    let old = old.and_then(|s| s.conditions.as_deref()).unwrap_or(&[]);
    let condition = |type_: &str, status: &str, reason: &str, message: &str| {
        let since = old
            .iter()
            .find(|c| c.type_ == type_ && c.status == status)
            .and_then(|c| c.last_transition_time.clone());
        NodeCondition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_heartbeat_time: Some(api_time(now)),
            last_transition_time: Some(since.unwrap_or_else(|| api_time(now))),
        }
    };
    let mut all: Vec<NodeCondition> = PRESSURES
        .iter()
        .map(|(type_, reason, message)| match *type_ {
            "MemoryPressure" if report.short_of_memory => {
                let message = "kubelet has insufficient memory available";
                condition(type_, "True", "KubeletHasInsufficientMemory", message)
            }
            "DiskPressure" if report.short_of_disk => {
                let message = "kubelet has disk pressure";
                condition(type_, "True", "KubeletHasDiskPressure", message)
            }
            _ => condition(type_, "False", reason, message),
        })
        .collect();
    all.push(if ready {
        let message = "kubelet is posting ready status";
        condition("Ready", "True", "KubeletReady", message)
    } else {
        let message = "[container runtime status check may not have completed yet]";
        condition("Ready", "False", "KubeletNotReady", message)
    });
    // Conditions of others (a problem detector, the cloud) stay.
    let own: Vec<String> = all.iter().map(|c| c.type_.clone()).collect();
    let others = old.iter().filter(|c| !own.contains(&c.type_)).cloned();
    let mut merged: Vec<NodeCondition> = others.collect();
    merged.append(&mut all);
    merged
}
