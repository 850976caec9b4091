//! A pod's spec as the server's internal Go types are written in messages: every field, by its Go name
//! and in the order of the type (`k8s.io/kubernetes/pkg/apis/core/types.go`).
//!
//! The tables say what a field without a value is written as; the values come from the JSON of the API.

use k8s_openapi::api::core::v1::{
    NodeSelectorTerm, PersistentVolumeClaim, PersistentVolumeClaimSpec, PodSpec, SeccompProfile,
    SecurityContext, Toleration,
};
use serde_json::{Map, Value};

use crate::api::codec::encode;
use crate::api::json::go_json;

/// How a field is written.
#[derive(Clone, Copy)]
pub(in crate::api::kinds) enum Form {
    /// A string; empty when it is not set.
    Text,
    Number,
    Bool,
    /// A pointer, a list or a map of plain values: as in JSON, or `null`.
    Plain,
    /// A quantity that is a value.
    Quantity,
    /// A struct that is always there.
    Struct(Table),
    /// A pointer to a struct.
    Pointer(Table),
    List(Table),
}
use Form::{Bool, List, Number, Plain, Pointer, Quantity, Struct, Text};

/// (Go name, name in JSON, form)
pub(in crate::api::kinds) type Table = &'static [(&'static str, &'static str, Form)];

/// Writes a struct.
pub(in crate::api::kinds) fn write(table: Table, value: &Value, out: &mut String) {
    out.push('{');
    for (i, (go, json, form)) in table.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push('"');
        out.push_str(go);
        out.push_str("\":");
        write_field(*form, &value[*json], out);
    }
    out.push('}');
}

fn write_field(form: Form, value: &Value, out: &mut String) {
    match (form, value) {
        (Struct(table), value) => write(table, value, out),
        (Text, Value::Null) => out.push_str("\"\""),
        (Number, Value::Null) => out.push('0'),
        (Bool, Value::Null) => out.push_str("false"),
        (Quantity, Value::Null) => out.push_str("\"0\""),
        (_, Value::Null) => out.push_str("null"),
        (Pointer(table), value) => write(table, value, out),
        (List(table), Value::Array(items)) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(table, item, out);
            }
            out.push(']');
        }
        (_, value) => out.push_str(&go_json(value)),
    }
}

/// The spec as it is printed.
pub(in crate::api::kinds) fn pod_spec(spec: &PodSpec) -> String {
    let mut value = encode(spec);
    // Internally, what concerns the host is part of the security context.
    let mut context = match value["securityContext"].take() {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    for field in [
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "shareProcessNamespace",
        "hostUsers",
    ] {
        context.insert(field.to_owned(), value[field].clone());
    }
    value["securityContext"] = Value::Object(context);
    let mut out = String::new();
    write(SPEC, &value, &mut out);
    out
}

/// The spec of a claim as it is printed.
pub(in crate::api::kinds) fn volume_claim_spec(spec: &PersistentVolumeClaimSpec) -> String {
    let mut out = String::new();
    write(CLAIM_SPEC, &encode(spec), &mut out);
    out
}

/// A whole claim as it is printed: what an object has for its management stands beside spec and status.
pub(crate) fn volume_claim(claim: &PersistentVolumeClaim) -> String {
    const METADATA: [&str; 12] = [
        "name",
        "generateName",
        "namespace",
        "uid",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
    ];
    let metadata = encode(&claim.metadata);
    let mut out = String::from("{");
    for name in METADATA {
        if let Some(value) = metadata.get(name) {
            out.push_str(&format!("\"{name}\":{},", go_json(value)));
        }
    }
    out.push_str("\"Spec\":");
    write(CLAIM_SPEC, &encode(&claim.spec), &mut out);
    out.push_str(",\"Status\":");
    write(CLAIM_STATUS, &encode(&claim.status), &mut out);
    out.push('}');
    out
}

const CLAIM_STATUS: Table = &[
    ("Phase", "phase", Text),
    ("AccessModes", "accessModes", Plain),
    ("Capacity", "capacity", Plain),
    ("Conditions", "conditions", Plain),
    ("AllocatedResources", "allocatedResources", Plain),
    (
        "AllocatedResourceStatuses",
        "allocatedResourceStatuses",
        Plain,
    ),
    (
        "CurrentVolumeAttributesClassName",
        "currentVolumeAttributesClassName",
        Plain,
    ),
    ("ModifyVolumeStatus", "modifyVolumeStatus", Plain),
];

/// Where the data of a volume is, as it is printed.
pub(in crate::api::kinds) fn volume_source(source: &Value) -> String {
    let mut out = String::new();
    write(VOLUME_SOURCE, source, &mut out);
    out
}

const SECRET: Form = Pointer(&[("Name", "name", Text), ("Namespace", "namespace", Text)]);
const VOLUME_SOURCE: Table = &[
    ("GCEPersistentDisk", "gcePersistentDisk", Plain),
    ("AWSElasticBlockStore", "awsElasticBlockStore", Plain),
    (
        "HostPath",
        "hostPath",
        Pointer(&[("Path", "path", Text), ("Type", "type", Plain)]),
    ),
    ("Glusterfs", "glusterfs", Plain),
    (
        "NFS",
        "nfs",
        Pointer(&[
            ("Server", "server", Text),
            ("Path", "path", Text),
            ("ReadOnly", "readOnly", Bool),
        ]),
    ),
    ("RBD", "rbd", Plain),
    ("Quobyte", "quobyte", Plain),
    ("ISCSI", "iscsi", Plain),
    ("FlexVolume", "flexVolume", Plain),
    ("Cinder", "cinder", Plain),
    ("CephFS", "cephfs", Plain),
    ("FC", "fc", Plain),
    ("Flocker", "flocker", Plain),
    ("AzureFile", "azureFile", Plain),
    ("VsphereVolume", "vsphereVolume", Plain),
    ("AzureDisk", "azureDisk", Plain),
    ("PhotonPersistentDisk", "photonPersistentDisk", Plain),
    ("PortworxVolume", "portworxVolume", Plain),
    ("ScaleIO", "scaleIO", Plain),
    (
        "Local",
        "local",
        Pointer(&[("Path", "path", Text), ("FSType", "fsType", Plain)]),
    ),
    ("StorageOS", "storageos", Plain),
    (
        "CSI",
        "csi",
        Pointer(&[
            ("Driver", "driver", Text),
            ("VolumeHandle", "volumeHandle", Text),
            ("ReadOnly", "readOnly", Bool),
            ("FSType", "fsType", Text),
            ("VolumeAttributes", "volumeAttributes", Plain),
            (
                "ControllerPublishSecretRef",
                "controllerPublishSecretRef",
                SECRET,
            ),
            ("NodeStageSecretRef", "nodeStageSecretRef", SECRET),
            ("NodePublishSecretRef", "nodePublishSecretRef", SECRET),
            (
                "ControllerExpandSecretRef",
                "controllerExpandSecretRef",
                SECRET,
            ),
            ("NodeExpandSecretRef", "nodeExpandSecretRef", SECRET),
        ]),
    ),
];

const CLAIM_SPEC: Table = &[
    ("AccessModes", "accessModes", Plain),
    ("Selector", "selector", Plain),
    (
        "Resources",
        "resources",
        Struct(&[("Limits", "limits", Plain), ("Requests", "requests", Plain)]),
    ),
    ("VolumeName", "volumeName", Text),
    ("StorageClassName", "storageClassName", Plain),
    ("VolumeMode", "volumeMode", Plain),
    (
        "DataSource",
        "dataSource",
        Pointer(&[
            ("APIGroup", "apiGroup", Plain),
            ("Kind", "kind", Text),
            ("Name", "name", Text),
        ]),
    ),
    (
        "DataSourceRef",
        "dataSourceRef",
        Pointer(&[
            ("APIGroup", "apiGroup", Plain),
            ("Kind", "kind", Text),
            ("Name", "name", Text),
            ("Namespace", "namespace", Plain),
        ]),
    ),
    (
        "VolumeAttributesClassName",
        "volumeAttributesClassName",
        Plain,
    ),
];

/// The security context of a container as it is printed.
pub(super) fn security_context(context: &SecurityContext) -> String {
    let mut out = String::new();
    write(SECURITY, &encode(context), &mut out);
    out
}

/// A term of a node selector as it is printed.
pub(super) fn node_term(term: &NodeSelectorTerm) -> String {
    let mut out = String::new();
    write(NODE_TERM, &encode(term), &mut out);
    out
}

pub(in crate::api::kinds) fn node_terms(terms: &[NodeSelectorTerm]) -> String {
    if terms.is_empty() {
        return "null".to_owned();
    }
    let terms: Vec<String> = terms.iter().map(node_term).collect();
    format!("[{}]", terms.join(","))
}

/// A profile as it is printed.
/// A toleration as Go prints it.
pub(in crate::api::kinds) fn toleration(toleration: &Toleration) -> String {
    let mut out = String::new();
    write(TOLERATION, &encode(toleration), &mut out);
    out
}

pub(super) fn seccomp_profile(profile: &SeccompProfile) -> String {
    let mut out = String::new();
    write(PROFILE, &encode(profile), &mut out);
    out
}

const NAME: Table = &[("Name", "name", Text)];

const SPEC: Table = &[
    ("Volumes", "volumes", List(VOLUME)),
    ("InitContainers", "initContainers", List(CONTAINER)),
    ("Containers", "containers", List(CONTAINER)),
    ("EphemeralContainers", "ephemeralContainers", Plain),
    ("RestartPolicy", "restartPolicy", Text),
    (
        "TerminationGracePeriodSeconds",
        "terminationGracePeriodSeconds",
        Plain,
    ),
    ("ActiveDeadlineSeconds", "activeDeadlineSeconds", Plain),
    ("DNSPolicy", "dnsPolicy", Text),
    ("NodeSelector", "nodeSelector", Plain),
    ("ServiceAccountName", "serviceAccountName", Text),
    (
        "AutomountServiceAccountToken",
        "automountServiceAccountToken",
        Plain,
    ),
    ("NodeName", "nodeName", Text),
    ("SecurityContext", "securityContext", Pointer(POD_SECURITY)),
    ("ImagePullSecrets", "imagePullSecrets", List(NAME)),
    ("Hostname", "hostname", Text),
    ("Subdomain", "subdomain", Text),
    ("SetHostnameAsFQDN", "setHostnameAsFQDN", Plain),
    ("Affinity", "affinity", Pointer(AFFINITY)),
    ("SchedulerName", "schedulerName", Text),
    ("Tolerations", "tolerations", List(TOLERATION)),
    (
        "HostAliases",
        "hostAliases",
        List(&[("IP", "ip", Text), ("Hostnames", "hostnames", Plain)]),
    ),
    ("PriorityClassName", "priorityClassName", Text),
    ("Priority", "priority", Plain),
    ("PreemptionPolicy", "preemptionPolicy", Plain),
    ("DNSConfig", "dnsConfig", Pointer(DNS_CONFIG)),
    (
        "ReadinessGates",
        "readinessGates",
        List(&[("ConditionType", "conditionType", Text)]),
    ),
    ("RuntimeClassName", "runtimeClassName", Plain),
    ("Overhead", "overhead", Plain),
    ("EnableServiceLinks", "enableServiceLinks", Plain),
    (
        "TopologySpreadConstraints",
        "topologySpreadConstraints",
        List(SPREAD),
    ),
    ("OS", "os", Pointer(NAME)),
    ("SchedulingGates", "schedulingGates", List(NAME)),
    ("ResourceClaims", "resourceClaims", List(CLAIM)),
    ("Resources", "resources", Pointer(RESOURCES)),
    ("HostnameOverride", "hostnameOverride", Plain),
    ("SchedulingGroup", "schedulingGroup", Plain),
];

/// What a pod says of a claim for devices.
pub(super) const CLAIM: Table = &[
    ("Name", "name", Text),
    ("ResourceClaimName", "resourceClaimName", Plain),
    (
        "ResourceClaimTemplateName",
        "resourceClaimTemplateName",
        Plain,
    ),
];

const POD_SECURITY: Table = &[
    ("HostNetwork", "hostNetwork", Bool),
    ("HostPID", "hostPID", Bool),
    ("HostIPC", "hostIPC", Bool),
    ("ShareProcessNamespace", "shareProcessNamespace", Plain),
    ("HostUsers", "hostUsers", Plain),
    ("SELinuxOptions", "seLinuxOptions", Pointer(SE_LINUX)),
    ("WindowsOptions", "windowsOptions", Pointer(WINDOWS)),
    ("RunAsUser", "runAsUser", Plain),
    ("RunAsGroup", "runAsGroup", Plain),
    ("RunAsNonRoot", "runAsNonRoot", Plain),
    ("SupplementalGroups", "supplementalGroups", Plain),
    (
        "SupplementalGroupsPolicy",
        "supplementalGroupsPolicy",
        Plain,
    ),
    ("FSGroup", "fsGroup", Plain),
    ("FSGroupChangePolicy", "fsGroupChangePolicy", Plain),
    ("Sysctls", "sysctls", List(NAME_AND_VALUE)),
    ("SeccompProfile", "seccompProfile", Pointer(PROFILE)),
    ("AppArmorProfile", "appArmorProfile", Pointer(PROFILE)),
    ("SELinuxChangePolicy", "seLinuxChangePolicy", Plain),
];

const SE_LINUX: Table = &[
    ("User", "user", Text),
    ("Role", "role", Text),
    ("Type", "type", Text),
    ("Level", "level", Text),
];
const WINDOWS: Table = &[
    ("GMSACredentialSpecName", "gmsaCredentialSpecName", Plain),
    ("GMSACredentialSpec", "gmsaCredentialSpec", Plain),
    ("RunAsUserName", "runAsUserName", Plain),
    ("HostProcess", "hostProcess", Plain),
];
const PROFILE: Table = &[
    ("Type", "type", Text),
    ("LocalhostProfile", "localhostProfile", Plain),
];
const NAME_AND_VALUE: Table = &[("Name", "name", Text), ("Value", "value", Text)];
const TOLERATION: Table = &[
    ("Key", "key", Text),
    ("Operator", "operator", Text),
    ("Value", "value", Text),
    ("Effect", "effect", Text),
    ("TolerationSeconds", "tolerationSeconds", Plain),
];
const DNS_CONFIG: Table = &[
    ("Nameservers", "nameservers", Plain),
    ("Searches", "searches", Plain),
    (
        "Options",
        "options",
        List(&[("Name", "name", Text), ("Value", "value", Plain)]),
    ),
];
const SPREAD: Table = &[
    ("MaxSkew", "maxSkew", Number),
    ("TopologyKey", "topologyKey", Text),
    ("WhenUnsatisfiable", "whenUnsatisfiable", Text),
    ("LabelSelector", "labelSelector", Plain),
    ("MinDomains", "minDomains", Plain),
    ("NodeAffinityPolicy", "nodeAffinityPolicy", Plain),
    ("NodeTaintsPolicy", "nodeTaintsPolicy", Plain),
    ("MatchLabelKeys", "matchLabelKeys", Plain),
];

const CONTAINER: Table = &[
    ("Name", "name", Text),
    ("Image", "image", Text),
    ("Command", "command", Plain),
    ("Args", "args", Plain),
    ("WorkingDir", "workingDir", Text),
    ("Ports", "ports", List(PORT)),
    ("EnvFrom", "envFrom", List(ENV_FROM)),
    ("Env", "env", List(ENV)),
    ("Resources", "resources", Struct(RESOURCES)),
    (
        "ResizePolicy",
        "resizePolicy",
        List(&[
            ("ResourceName", "resourceName", Text),
            ("RestartPolicy", "restartPolicy", Text),
        ]),
    ),
    ("RestartPolicy", "restartPolicy", Plain),
    ("RestartPolicyRules", "restartPolicyRules", Plain),
    ("VolumeMounts", "volumeMounts", List(MOUNT)),
    (
        "VolumeDevices",
        "volumeDevices",
        List(&[("Name", "name", Text), ("DevicePath", "devicePath", Text)]),
    ),
    ("LivenessProbe", "livenessProbe", Pointer(PROBE)),
    ("ReadinessProbe", "readinessProbe", Pointer(PROBE)),
    ("StartupProbe", "startupProbe", Pointer(PROBE)),
    ("Lifecycle", "lifecycle", Pointer(LIFECYCLE)),
    ("TerminationMessagePath", "terminationMessagePath", Text),
    ("TerminationMessagePolicy", "terminationMessagePolicy", Text),
    ("ImagePullPolicy", "imagePullPolicy", Text),
    ("SecurityContext", "securityContext", Pointer(SECURITY)),
    ("Stdin", "stdin", Bool),
    ("StdinOnce", "stdinOnce", Bool),
    ("TTY", "tty", Bool),
];
const RESOURCES: Table = &[
    ("Limits", "limits", Plain),
    ("Requests", "requests", Plain),
    (
        "Claims",
        "claims",
        List(&[("Name", "name", Text), ("Request", "request", Text)]),
    ),
];
const PORT: Table = &[
    ("Name", "name", Text),
    ("HostPort", "hostPort", Number),
    ("ContainerPort", "containerPort", Number),
    ("Protocol", "protocol", Text),
    ("HostIP", "hostIP", Text),
];
const REFERENCE: Table = &[("Name", "name", Text), ("Optional", "optional", Plain)];
const KEY_REFERENCE: Table = &[
    ("Name", "name", Text),
    ("Key", "key", Text),
    ("Optional", "optional", Plain),
];
const ENV_FROM: Table = &[
    ("Prefix", "prefix", Text),
    ("ConfigMapRef", "configMapRef", Pointer(REFERENCE)),
    ("SecretRef", "secretRef", Pointer(REFERENCE)),
];
const FIELD: Table = &[
    ("APIVersion", "apiVersion", Text),
    ("FieldPath", "fieldPath", Text),
];
const RESOURCE_FIELD: Table = &[
    ("ContainerName", "containerName", Text),
    ("Resource", "resource", Text),
    ("Divisor", "divisor", Quantity),
];
const ENV: Table = &[
    ("Name", "name", Text),
    ("Value", "value", Text),
    (
        "ValueFrom",
        "valueFrom",
        Pointer(&[
            ("FieldRef", "fieldRef", Pointer(FIELD)),
            (
                "ResourceFieldRef",
                "resourceFieldRef",
                Pointer(RESOURCE_FIELD),
            ),
            ("ConfigMapKeyRef", "configMapKeyRef", Pointer(KEY_REFERENCE)),
            ("SecretKeyRef", "secretKeyRef", Pointer(KEY_REFERENCE)),
            ("FileKeyRef", "fileKeyRef", Plain),
        ]),
    ),
];
const MOUNT: Table = &[
    ("Name", "name", Text),
    ("ReadOnly", "readOnly", Bool),
    ("RecursiveReadOnly", "recursiveReadOnly", Plain),
    ("MountPath", "mountPath", Text),
    ("SubPath", "subPath", Text),
    ("MountPropagation", "mountPropagation", Plain),
    ("SubPathExpr", "subPathExpr", Text),
];
const EXEC: Table = &[("Command", "command", Plain)];
const HTTP_GET: Table = &[
    ("Path", "path", Text),
    ("Port", "port", Plain),
    ("Host", "host", Text),
    ("Scheme", "scheme", Text),
    ("HTTPHeaders", "httpHeaders", List(NAME_AND_VALUE)),
];
const TCP_SOCKET: Table = &[("Port", "port", Plain), ("Host", "host", Text)];
const GRPC: Table = &[("Port", "port", Number), ("Service", "service", Plain)];
const PROBE: Table = &[
    ("Exec", "exec", Pointer(EXEC)),
    ("HTTPGet", "httpGet", Pointer(HTTP_GET)),
    ("TCPSocket", "tcpSocket", Pointer(TCP_SOCKET)),
    ("GRPC", "grpc", Pointer(GRPC)),
    ("InitialDelaySeconds", "initialDelaySeconds", Number),
    ("TimeoutSeconds", "timeoutSeconds", Number),
    ("PeriodSeconds", "periodSeconds", Number),
    ("SuccessThreshold", "successThreshold", Number),
    ("FailureThreshold", "failureThreshold", Number),
    (
        "TerminationGracePeriodSeconds",
        "terminationGracePeriodSeconds",
        Plain,
    ),
];
const HOOK: Table = &[
    ("Exec", "exec", Pointer(EXEC)),
    ("HTTPGet", "httpGet", Pointer(HTTP_GET)),
    ("TCPSocket", "tcpSocket", Pointer(TCP_SOCKET)),
    ("Sleep", "sleep", Pointer(&[("Seconds", "seconds", Number)])),
];
const LIFECYCLE: Table = &[
    ("PostStart", "postStart", Pointer(HOOK)),
    ("PreStop", "preStop", Pointer(HOOK)),
    ("StopSignal", "stopSignal", Plain),
];
const SECURITY: Table = &[
    (
        "Capabilities",
        "capabilities",
        Pointer(&[("Add", "add", Plain), ("Drop", "drop", Plain)]),
    ),
    ("Privileged", "privileged", Plain),
    ("SELinuxOptions", "seLinuxOptions", Pointer(SE_LINUX)),
    ("WindowsOptions", "windowsOptions", Pointer(WINDOWS)),
    ("RunAsUser", "runAsUser", Plain),
    ("RunAsGroup", "runAsGroup", Plain),
    ("RunAsNonRoot", "runAsNonRoot", Plain),
    ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", Plain),
    (
        "AllowPrivilegeEscalation",
        "allowPrivilegeEscalation",
        Plain,
    ),
    ("ProcMount", "procMount", Plain),
    ("SeccompProfile", "seccompProfile", Pointer(PROFILE)),
    ("AppArmorProfile", "appArmorProfile", Pointer(PROFILE)),
];

const ITEMS: Table = &[
    ("Key", "key", Text),
    ("Path", "path", Text),
    ("Mode", "mode", Plain),
];
/// A file that says something of the pod.
const FILE: Table = &[
    ("Path", "path", Text),
    ("FieldRef", "fieldRef", Pointer(FIELD)),
    (
        "ResourceFieldRef",
        "resourceFieldRef",
        Pointer(RESOURCE_FIELD),
    ),
    ("Mode", "mode", Plain),
];
/// A secret or a config map, as a part of a volume.
const PART: Table = &[
    ("Name", "name", Text),
    ("Items", "items", List(ITEMS)),
    ("Optional", "optional", Plain),
];
const PROJECTED: Table = &[
    (
        "Sources",
        "sources",
        List(&[
            ("Secret", "secret", Pointer(PART)),
            (
                "DownwardAPI",
                "downwardAPI",
                Pointer(&[("Items", "items", List(FILE))]),
            ),
            ("ConfigMap", "configMap", Pointer(PART)),
            (
                "ServiceAccountToken",
                "serviceAccountToken",
                Pointer(&[
                    ("Audience", "audience", Text),
                    ("ExpirationSeconds", "expirationSeconds", Number),
                    ("Path", "path", Text),
                ]),
            ),
            ("ClusterTrustBundle", "clusterTrustBundle", Plain),
            ("PodCertificate", "podCertificate", Plain),
        ]),
    ),
    ("DefaultMode", "defaultMode", Plain),
];
const VOLUME: Table = &[
    ("Name", "name", Text),
    (
        "HostPath",
        "hostPath",
        Pointer(&[("Path", "path", Text), ("Type", "type", Plain)]),
    ),
    (
        "EmptyDir",
        "emptyDir",
        Pointer(&[
            ("Medium", "medium", Text),
            ("SizeLimit", "sizeLimit", Plain),
        ]),
    ),
    ("GCEPersistentDisk", "gcePersistentDisk", Plain),
    ("AWSElasticBlockStore", "awsElasticBlockStore", Plain),
    ("GitRepo", "gitRepo", Plain),
    (
        "Secret",
        "secret",
        Pointer(&[
            ("SecretName", "secretName", Text),
            ("Items", "items", List(ITEMS)),
            ("DefaultMode", "defaultMode", Plain),
            ("Optional", "optional", Plain),
        ]),
    ),
    ("NFS", "nfs", Plain),
    ("ISCSI", "iscsi", Plain),
    ("Glusterfs", "glusterfs", Plain),
    (
        "PersistentVolumeClaim",
        "persistentVolumeClaim",
        Pointer(&[
            ("ClaimName", "claimName", Text),
            ("ReadOnly", "readOnly", Bool),
        ]),
    ),
    ("RBD", "rbd", Plain),
    ("Quobyte", "quobyte", Plain),
    ("FlexVolume", "flexVolume", Plain),
    ("Cinder", "cinder", Plain),
    ("CephFS", "cephfs", Plain),
    ("Flocker", "flocker", Plain),
    (
        "DownwardAPI",
        "downwardAPI",
        Pointer(&[
            ("Items", "items", List(FILE)),
            ("DefaultMode", "defaultMode", Plain),
        ]),
    ),
    ("FC", "fc", Plain),
    ("AzureFile", "azureFile", Plain),
    (
        "ConfigMap",
        "configMap",
        Pointer(&[
            ("Name", "name", Text),
            ("Items", "items", List(ITEMS)),
            ("DefaultMode", "defaultMode", Plain),
            ("Optional", "optional", Plain),
        ]),
    ),
    ("VsphereVolume", "vsphereVolume", Plain),
    ("AzureDisk", "azureDisk", Plain),
    ("PhotonPersistentDisk", "photonPersistentDisk", Plain),
    ("Projected", "projected", Pointer(PROJECTED)),
    ("PortworxVolume", "portworxVolume", Plain),
    ("ScaleIO", "scaleIO", Plain),
    ("StorageOS", "storageos", Plain),
    ("CSI", "csi", Plain),
    ("Ephemeral", "ephemeral", Plain),
    ("Image", "image", Plain),
];

const EXPRESSION: Table = &[
    ("Key", "key", Text),
    ("Operator", "operator", Text),
    ("Values", "values", Plain),
];
const NODE_TERM: Table = &[
    ("MatchExpressions", "matchExpressions", List(EXPRESSION)),
    ("MatchFields", "matchFields", List(EXPRESSION)),
];
const POD_TERM: Table = &[
    ("LabelSelector", "labelSelector", Plain),
    ("Namespaces", "namespaces", Plain),
    ("TopologyKey", "topologyKey", Text),
    ("NamespaceSelector", "namespaceSelector", Plain),
    ("MatchLabelKeys", "matchLabelKeys", Plain),
    ("MismatchLabelKeys", "mismatchLabelKeys", Plain),
];
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const POD_AFFINITY: Table = &[
    (
        "RequiredDuringSchedulingIgnoredDuringExecution",
        REQUIRED,
        List(POD_TERM),
    ),
    (
        "PreferredDuringSchedulingIgnoredDuringExecution",
        PREFERRED,
        List(&[
            ("Weight", "weight", Number),
            ("PodAffinityTerm", "podAffinityTerm", Struct(POD_TERM)),
        ]),
    ),
];
const AFFINITY: Table = &[
    (
        "NodeAffinity",
        "nodeAffinity",
        Pointer(&[
            (
                "RequiredDuringSchedulingIgnoredDuringExecution",
                REQUIRED,
                Pointer(&[("NodeSelectorTerms", "nodeSelectorTerms", List(NODE_TERM))]),
            ),
            (
                "PreferredDuringSchedulingIgnoredDuringExecution",
                PREFERRED,
                List(&[
                    ("Weight", "weight", Number),
                    ("Preference", "preference", Struct(NODE_TERM)),
                ]),
            ),
        ]),
    ),
    ("PodAffinity", "podAffinity", Pointer(POD_AFFINITY)),
    ("PodAntiAffinity", "podAntiAffinity", Pointer(POD_AFFINITY)),
];
