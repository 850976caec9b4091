//! Faults: what can go wrong in the simulated world, as objects that somebody applies and deletes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, Time as ApiTime};
use serde::{Deserialize, Serialize};

use super::is_default;

/// What a [`Fault`] may do; the values of `spec.type`.
pub const FAULT_TYPES: [&str; 9] = [
    "NodeCrash",
    "NetworkCut",
    "SlowNetwork",
    "RegistryOutage",
    "ContainerCrash",
    "ContainerOOM",
    "SlowAPI",
    "Pause",
    "StuckWatch",
];

/// How a registry may fail; the values of `spec.failure`.
pub const REGISTRY_FAILURES: [&str; 4] = [
    "Timeout",
    "NoSuchHost",
    "ServiceUnavailable",
    "TooManyRequests",
];

/// The processes of the control plane and of nodes that can be named as components.
pub const PROCESSES: [&str; 4] = [
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
];

/// The loops of kube-controller-manager, as its flag `--controllers` names them, and those of our
/// own beside them.
pub const CONTROLLERS: [&str; 36] = [
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "customresourcedefinition-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "endpointslice-mirroring-controller",
    "ephemeral-volume-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "nginx-ingress-controller",
    "node-lifecycle-controller",
    "operator-controller",
    "persistentvolume-binder-controller",
    "persistentvolume-expander-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "service-lb-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "taint-eviction-controller",
    "ttl-after-finished-controller",
    "ttl-controller",
];

/// Something that goes wrong for as long as the object exists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Fault {
    pub metadata: ObjectMeta,
    pub spec: FaultSpec,
    #[serde(skip_serializing_if = "is_default")]
    pub status: FaultStatus,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FaultSpec {
    /// What goes wrong: one of [`FAULT_TYPES`]. It decides which of the other fields may be given.
    #[serde(rename = "type")]
    pub type_: String,
    /// How long after the object is seen it begins: "30s", "1m30s". At once when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub start_after: String,
    /// How long it lasts; until the object is deleted when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub duration: String,
    /// The nodes concerned: those that crash, whose network is cut or slow, or whose kubelets are
    /// meant.
    #[serde(skip_serializing_if = "is_default")]
    pub nodes: Vec<String>,
    /// The pods concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<FaultPods>,
    /// The other end of a network; everything else when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<FaultPeer>,
    /// How much longer an exchange or a request takes, or how late watch events come.
    #[serde(skip_serializing_if = "is_default")]
    pub latency_millis: u64,
    /// How many packets of a thousand are lost.
    #[serde(skip_serializing_if = "is_default")]
    pub loss_per_mille: u32,
    /// Names of images without tag, in which `*` stands for any text: "docker.io/*", "nginx".
    #[serde(skip_serializing_if = "is_default")]
    pub images: Vec<String>,
    /// How the registry fails: one of [`REGISTRY_FAILURES`]; `Timeout` when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub failure: String,
    /// The container of each pod; its first when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub container: String,
    /// With which code the container ends; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long from one crash to the next; once when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub every: String,
    /// Processes ([`PROCESSES`]) and controllers ([`CONTROLLERS`]).
    #[serde(skip_serializing_if = "is_default")]
    pub components: Vec<String>,
    /// The resources that are watched, by plural: "pods". All when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub resources: Vec<String>,
}

/// Pods of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FaultPods {
    /// `default` when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub namespace: String,
    /// All pods of the namespace when absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// One end of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FaultPeer {
    #[serde(skip_serializing_if = "is_default")]
    pub nodes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<FaultPods>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FaultStatus {
    /// `Waiting`, `Active` or `Over`.
    #[serde(skip_serializing_if = "is_default")]
    pub phase: String,
    /// Since when it acts, or has acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<ApiTime>,
    /// When it ended, or will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<ApiTime>,
    /// On what it acts: "node/worker-1", "pod/default/web-0", "component/kube-scheduler".
    #[serde(skip_serializing_if = "is_default")]
    pub affects: Vec<String>,
    /// How often containers were made to crash.
    #[serde(skip_serializing_if = "is_default")]
    pub strikes: u64,
}

/// A span of time as Go writes it: "90s", "1m30s", "500ms". In nanoseconds; `None` when it is not
/// one, negative, or longer than a year.
pub fn parse_duration(text: &str) -> Option<u64> {
    const MOST: u64 = 366 * 86_400 * 1_000_000_000;
    let mut rest = text;
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let (nanos, length) = match unit {
            u if u.starts_with("ms") => (1_000_000, 2),
            u if u.starts_with('h') => (3_600_000_000_000, 1),
            u if u.starts_with('m') => (60_000_000_000, 1),
            u if u.starts_with('s') => (1_000_000_000, 1),
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(nanos)?)?;
        rest = unit.get(length..)?;
    }
    (total <= MOST).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, millis) in [
            ("1s", Some(1_000)),
            ("1m30s", Some(90_000)),
            ("2h", Some(7_200_000)),
            ("250ms", Some(250)),
            ("", None),
            ("5", None),
            ("-1s", None),
            ("s", None),
            ("1x", None),
            ("99999999999999999999s", None),
            ("999999h", None),
        ] {
            let found = parse_duration(text).map(|n| n / 1_000_000);
            assert_eq!(found, millis, "{text}");
        }
    }
}
