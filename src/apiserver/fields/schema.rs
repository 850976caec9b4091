//! Which lists and maps have one owner, and which have one per element: of the built-in kinds by a table,
//! of custom resources by their schemas.
//!
//! The table holds the `x-kubernetes-list-type`, `x-kubernetes-list-map-keys` and `x-kubernetes-map-type`
//! markers of `k8s.io/api` v1.36, and what matters of the Go types besides: which structs are no
//! pointers, and which fields are written though they are zero.
//!
//! ## To add a kind
//!
//! Give it a line in [`KINDS`] when it is more than metadata, spec and status without anything
//! special in them, and its types lines in [`TYPES`]. A type is a name and its fields, each with a
//! mark behind its name:
//!
//! | mark | meaning |
//! | --- | --- |
//! | `a:T` | a pointer to a struct of type T |
//! | `a!T` | a struct of type T that is no pointer: it is there even when nothing is in it |
//! | `a{}` | a map: each entry has an owner |
//! | `a~` | atomic: a list, map or struct with one owner for the whole |
//! | `a[k,l=D]T` | a list of T whose elements have the keys k and l; where l is missing it is D |
//! | `a[]` | a list that is a set of scalars |
//! | `a=` | a scalar that is written even when it is zero |
//!
//! `!` behind the `]` of a list says that the list is written even when it is empty. A field that
//! is not listed is what it looks like: a scalar, a pointer to a struct of which the same holds,
//! or an atomic list. `T` may be left out.

use serde_json::Value;

use crate::api::Kind;

/// What the fields of an object are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    /// A type of the table, by its name; the empty name is a type of which nothing is known.
    Named(&'static str),
    /// A kind that a definition brings, as its schema says, but for its metadata.
    Custom(&'static Value),
    /// A part of such an object.
    Part(&'static Value),
}

/// Which fields tell the elements of a list apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keys {
    /// `name` or `name=default`, separated by commas.
    Named(&'static str),
    /// Those of the schema of the list.
    Schema(&'static Value),
}

impl Keys {
    /// The keys, each with what it is where it is missing.
    pub fn all(self) -> Vec<(&'static str, Option<Value>)> {
        match self {
            Keys::Named(keys) => keys
                .split(',')
                .map(|key| match key.split_once('=') {
                    Some((name, default)) => (name, Some(Value::from(default))),
                    None => (key, None),
                })
                .collect(),
            Keys::Schema(list) => {
                let keys = list["x-kubernetes-list-map-keys"].as_array();
                let keys = keys.into_iter().flatten().filter_map(Value::as_str);
                keys.map(|key| {
                    let default = &list["items"]["properties"][key]["default"];
                    (key, Some(default).filter(|d| !d.is_null()).cloned())
                })
                .collect()
            }
        }
    }
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Whatever it looks like; the type is that of a struct's fields.
    Struct {
        of: Type,
        always: bool,
    },
    Map,
    Atomic,
    /// A list whose elements have keys.
    List {
        keys: Keys,
        of: Type,
        always: bool,
    },
    Set,
    /// A scalar that is written even when it is zero.
    Zero,
}

impl Shape {
    /// A field that is not in the table.
    pub const UNKNOWN: Shape = Shape::Struct {
        of: Type::UNKNOWN,
        always: false,
    };

    /// Whether the field is there even when it was not set.
    pub fn always(self) -> bool {
        match self {
            Shape::Struct { always, .. } | Shape::List { always, .. } => always,
            Shape::Zero => true,
            Shape::Map | Shape::Atomic | Shape::Set => false,
        }
    }
}

impl Type {
    pub const UNKNOWN: Type = Type::Named("");

    /// The type of a kind.
    pub fn of_kind(kind: Kind) -> Type {
        let info = kind.info();
        if let Some(definition) = kind.definition()
            && definition.schema().is_object()
        {
            return Type::Custom(definition.schema());
        }
        let row = KINDS
            .iter()
            .find(|(g, k, _)| *g == info.group && *k == info.kind);
        Type::Named(row.map_or("Object", |(_, _, name)| name))
    }

    /// The marks of the fields of a type of the table.
    fn marks(self) -> impl Iterator<Item = &'static str> {
        let row = match self {
            Type::Named(name) => TYPES.iter().find(|(type_, _)| *type_ == name),
            Type::Custom(_) | Type::Part(_) => None,
        };
        row.into_iter().flat_map(|(_, fields)| fields.split(' '))
    }

    /// What the field `name` of this type is.
    pub fn field(self, name: &str) -> Shape {
        match self {
            Type::Custom(_) if name == "metadata" => {
                return Shape::Struct {
                    of: Type::Named("ObjectMeta"),
                    always: true,
                };
            }
            Type::Custom(schema) | Type::Part(schema) => {
                let own = &schema["properties"][name];
                return match own.is_null() {
                    true => of_schema(&schema["additionalProperties"]),
                    false => of_schema(own),
                };
            }
            Type::Named(_) => {}
        }
        let mut marks = self.marks();
        marks
            .find_map(|field| {
                let marks = field.strip_prefix(name)?;
                (!marks.starts_with(|c: char| c.is_ascii_alphanumeric())).then(|| shape(marks))
            })
            .unwrap_or(Shape::UNKNOWN)
    }

    /// The fields of this type that are written even when they are zero.
    pub fn zero_fields(self) -> impl Iterator<Item = &'static str> {
        self.marks().filter_map(|field| field.strip_suffix('='))
    }
}

fn shape(marks: &'static str) -> Shape {
    if let Some(name) = marks.strip_prefix(':') {
        return Shape::Struct {
            of: Type::Named(name),
            always: false,
        };
    }
    if let Some(name) = marks.strip_prefix('!') {
        return Shape::Struct {
            of: Type::Named(name),
            always: true,
        };
    }
    match marks {
        "{}" => return Shape::Map,
        "~" => return Shape::Atomic,
        "[]" => return Shape::Set,
        "=" => return Shape::Zero,
        _ => {}
    }
    match marks.strip_prefix('[').and_then(|m| m.split_once(']')) {
        Some((keys, of)) => {
            let name = of.strip_prefix('!');
            Shape::List {
                keys: Keys::Named(keys),
                of: Type::Named(name.unwrap_or(of)),
                always: name.is_some(),
            }
        }
        None => Shape::UNKNOWN,
    }
}

/// The type whose values have one owner as a whole, where it is an element of a list.
pub const ATOMIC: Type = Type::Named("Atomic");

/// What a value of a custom resource is
/// (`k8s.io/apiserver/pkg/util/openapi` and `k8s.io/kube-openapi/pkg/schemaconv`).
fn of_schema(schema: &'static Value) -> Shape {
    let text = |name: &str| schema[name].as_str().unwrap_or_default();
    match text("type") {
        "array" => match text("x-kubernetes-list-type") {
            "map" => Shape::List {
                keys: Keys::Schema(schema),
                of: Type::Part(&schema["items"]),
                always: false,
            },
            "set" => Shape::Set,
            _ => Shape::Atomic,
        },
        "object" if text("x-kubernetes-map-type") == "atomic" => Shape::Atomic,
        "object" => Shape::Struct {
            of: Type::Part(schema),
            always: false,
        },
        _ => Shape::UNKNOWN,
    }
}

/// (group, kind, type)
const KINDS: &[(&str, &str, &str)] = &[
    ("", "ConfigMap", "ConfigMap"),
    ("", "Endpoints", "Endpoints"),
    ("", "Event", "Event"),
    ("events.k8s.io", "Event", "NewEvent"),
    ("", "LimitRange", "LimitRange"),
    ("", "Namespace", "Namespace"),
    ("", "Node", "Node"),
    ("", "PersistentVolume", "PersistentVolume"),
    ("", "PersistentVolumeClaim", "PersistentVolumeClaim"),
    ("", "Pod", "Pod"),
    ("", "PodTemplate", "PodTemplate"),
    ("", "ReplicationController", "ReplicationController"),
    ("", "ResourceQuota", "ResourceQuota"),
    ("", "Secret", "ConfigMap"),
    ("", "Service", "Service"),
    ("", "ServiceAccount", "ServiceAccount"),
    ("apps", "ControllerRevision", "ControllerRevision"),
    ("apps", "DaemonSet", "DaemonSet"),
    ("apps", "Deployment", "Deployment"),
    ("apps", "ReplicaSet", "ReplicaSet"),
    ("apps", "StatefulSet", "StatefulSet"),
    (
        "autoscaling",
        "HorizontalPodAutoscaler",
        "HorizontalPodAutoscaler",
    ),
    ("batch", "CronJob", "CronJob"),
    (
        "certificates.k8s.io",
        "CertificateSigningRequest",
        "CertificateSigningRequest",
    ),
    ("batch", "Job", "Job"),
    ("discovery.k8s.io", "EndpointSlice", "EndpointSlice"),
    ("networking.k8s.io", "Ingress", "Ingress"),
    ("networking.k8s.io", "IngressClass", "IngressClass"),
    ("networking.k8s.io", "NetworkPolicy", "NetworkPolicy"),
    ("node.k8s.io", "RuntimeClass", "RuntimeClass"),
    ("policy", "PodDisruptionBudget", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "ClusterRole", "ClusterRole"),
    (
        "rbac.authorization.k8s.io",
        "ClusterRoleBinding",
        "RoleBinding",
    ),
    ("rbac.authorization.k8s.io", "Role", "ClusterRole"),
    ("rbac.authorization.k8s.io", "RoleBinding", "RoleBinding"),
    ("scheduling.k8s.io", "PriorityClass", "PriorityClass"),
    ("storage.k8s.io", "StorageClass", "StorageClass"),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "CustomResourceDefinition",
    ),
];

/// (type, fields)
const TYPES: &[(&str, &str)] = &[
    // Any kind that is not listed, and what all kinds share.
    ("Object", "metadata!ObjectMeta spec! status!"),
    (
        "ObjectMeta",
        "labels{} annotations{} finalizers[] ownerReferences[uid]Atomic",
    ),
    // Pods.
    ("Pod", "metadata!ObjectMeta spec!PodSpec status!PodStatus"),
    (
        "PodTemplate",
        "metadata!ObjectMeta template!PodTemplateSpec",
    ),
    ("PodTemplateSpec", "metadata!ObjectMeta spec!PodSpec"),
    (
        "PodSpec",
        "volumes[name]Volume initContainers[name]Container containers[name]!Container \
         ephemeralContainers[name]Container imagePullSecrets[name]Atomic hostAliases[ip]HostAlias \
         topologySpreadConstraints[topologyKey,whenUnsatisfiable]Spread resourceClaims[name] \
         schedulingGates[name] nodeSelector~ overhead{} tolerations~ readinessGates~ \
         affinity:Affinity securityContext:SecurityContext dnsConfig: resources:Resources",
    ),
    ("HostAlias", "ip= hostnames~"),
    (
        "Spread",
        "maxSkew= topologyKey= whenUnsatisfiable= labelSelector~ matchLabelKeys~",
    ),
    (
        "Affinity",
        "nodeAffinity:NodeAffinity podAffinity: podAntiAffinity:",
    ),
    (
        "NodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution~",
    ),
    (
        "SecurityContext",
        "supplementalGroups~ sysctls~ capabilities:",
    ),
    (
        "Container",
        "name= resources!Resources ports[containerPort,protocol=TCP]Port env[name]Env \
         volumeMounts[mountPath] volumeDevices[devicePath] args~ command~ envFrom~ resizePolicy~ \
         securityContext:SecurityContext livenessProbe:Probe readinessProbe:Probe \
         startupProbe:Probe",
    ),
    ("Probe", "httpGet:HttpGet"),
    ("HttpGet", "port="),
    ("Port", "containerPort="),
    ("Resources", "limits{} requests{} claims[name]"),
    ("Env", "name= valueFrom:EnvSource"),
    (
        "EnvSource",
        "fieldRef~ resourceFieldRef~ configMapKeyRef~ secretKeyRef~ fileKeyRef~",
    ),
    (
        "Volume",
        "name= csi:CsiVolume flexVolume:CsiVolume ephemeral:Ephemeral cephfs:SecretVolume \
         iscsi:SecretVolume rbd:SecretVolume scaleIO:SecretVolume storageos:SecretVolume \
         cinder:SecretVolume",
    ),
    (
        "CsiVolume",
        "volumeAttributes{} options{} nodePublishSecretRef~ secretRef~",
    ),
    ("SecretVolume", "secretRef~ monitors~"),
    ("Ephemeral", "volumeClaimTemplate:ClaimTemplate"),
    ("ClaimTemplate", "metadata!ObjectMeta spec!ClaimSpec"),
    (
        "PodStatus",
        "conditions[type]PodCondition podIPs[ip] hostIPs~ containerStatuses~ \
         initContainerStatuses~ ephemeralContainerStatuses~ resourceClaimStatuses[name]",
    ),
    (
        "PodCondition",
        "type= status= lastProbeTime= lastTransitionTime=",
    ),
    // Workloads.
    (
        "Deployment",
        "metadata!ObjectMeta spec!DeploymentSpec status!Conditions",
    ),
    (
        "DeploymentSpec",
        "selector~ template!PodTemplateSpec strategy!",
    ),
    ("Conditions", "conditions[type]"),
    (
        "ReplicaSet",
        "metadata!ObjectMeta spec!ReplicaSetSpec status!ReplicaSetStatus",
    ),
    ("ReplicaSetSpec", "selector~ template!PodTemplateSpec"),
    ("ReplicaSetStatus", "replicas= conditions[type]"),
    (
        "ReplicationController",
        "metadata!ObjectMeta spec!ControllerSpec status!ReplicaSetStatus",
    ),
    ("ControllerSpec", "selector~ template:PodTemplateSpec"),
    (
        "DaemonSet",
        "metadata!ObjectMeta spec!DaemonSetSpec status!DaemonSetStatus",
    ),
    (
        "DaemonSetSpec",
        "selector~ template!PodTemplateSpec updateStrategy!",
    ),
    (
        "DaemonSetStatus",
        "currentNumberScheduled= numberMisscheduled= desiredNumberScheduled= numberReady= \
         conditions[type]",
    ),
    (
        "StatefulSet",
        "metadata!ObjectMeta spec!StatefulSetSpec status!StatefulSetStatus",
    ),
    (
        "StatefulSetSpec",
        "selector~ template!PodTemplateSpec volumeClaimTemplates~ serviceName= updateStrategy!",
    ),
    (
        "StatefulSetStatus",
        "replicas= availableReplicas= conditions[type]",
    ),
    ("ControllerRevision", "metadata!ObjectMeta data~ revision="),
    ("Job", "metadata!ObjectMeta spec!JobSpec status!JobStatus"),
    (
        "JobSpec",
        "selector~ template!PodTemplateSpec podFailurePolicy:Rules successPolicy:Rules",
    ),
    ("Rules", "rules~"),
    ("JobStatus", "conditions~ uncountedTerminatedPods:Uncounted"),
    ("Uncounted", "succeeded[] failed[]"),
    (
        "CronJob",
        "metadata!ObjectMeta spec!CronJobSpec status!CronJobStatus",
    ),
    ("CronJobSpec", "schedule= jobTemplate!JobTemplate"),
    ("JobTemplate", "metadata!ObjectMeta spec!JobSpec"),
    ("CronJobStatus", "active~"),
    (
        "HorizontalPodAutoscaler",
        "metadata!ObjectMeta spec!AutoscalerSpec status!AutoscalerStatus",
    ),
    (
        "AutoscalerSpec",
        "scaleTargetRef!Reference maxReplicas= metrics~ behavior:Behavior",
    ),
    ("Reference", "kind= name="),
    ("Behavior", "scaleUp:Policies scaleDown:Policies"),
    ("Policies", "policies~"),
    (
        "AutoscalerStatus",
        "desiredReplicas= currentMetrics~ conditions[type]",
    ),
    (
        "PodDisruptionBudget",
        "metadata!ObjectMeta spec!BudgetSpec status!BudgetStatus",
    ),
    ("BudgetSpec", "selector~"),
    (
        "BudgetStatus",
        "disruptedPods{} disruptionsAllowed= currentHealthy= desiredHealthy= expectedPods= \
         conditions[type]",
    ),
    (
        "CertificateSigningRequest",
        "metadata!ObjectMeta spec!CertificateSpec status!Conditions",
    ),
    (
        "CertificateSpec",
        "request= signerName= groups~ usages~ extra{}",
    ),
    // Configuration.
    (
        "ConfigMap",
        "metadata!ObjectMeta data{} binaryData{} stringData{}",
    ),
    (
        "ServiceAccount",
        "metadata!ObjectMeta secrets[name]Atomic imagePullSecrets~",
    ),
    ("PriorityClass", "metadata!ObjectMeta value="),
    (
        "RuntimeClass",
        "metadata!ObjectMeta handler= overhead:Overhead scheduling:RuntimeNodes",
    ),
    ("Overhead", "podFixed{}"),
    ("RuntimeNodes", "nodeSelector~ tolerations~"),
    (
        "Event",
        "metadata!ObjectMeta involvedObject~ source! firstTimestamp= lastTimestamp= eventTime= reportingComponent= reportingInstance= related~",
    ),
    (
        "NewEvent",
        "metadata!ObjectMeta regarding~ related~ eventTime= deprecatedSource! deprecatedFirstTimestamp= deprecatedLastTimestamp=",
    ),
    // Nodes and namespaces.
    (
        "Namespace",
        "metadata!ObjectMeta spec!NamespaceSpec status!Conditions",
    ),
    ("NamespaceSpec", "finalizers~"),
    (
        "Node",
        "metadata!ObjectMeta spec!NodeSpec status!NodeStatus",
    ),
    ("NodeSpec", "taints~ podCIDRs[]"),
    (
        "NodeStatus",
        "capacity{} allocatable{} conditions[type] addresses[type] daemonEndpoints!Endpoint \
         nodeInfo!NodeInfo images~ volumesInUse~ volumesAttached~ runtimeHandlers~",
    ),
    ("Endpoint", "kubeletEndpoint!Daemon"),
    ("Daemon", "Port="),
    (
        "NodeInfo",
        "machineID= systemUUID= bootID= kernelVersion= osImage= containerRuntimeVersion= \
         kubeletVersion= kubeProxyVersion= operatingSystem= architecture=",
    ),
    // The network.
    (
        "Service",
        "metadata!ObjectMeta spec!ServiceSpec status!ServiceStatus",
    ),
    (
        "ServiceSpec",
        "ports[port,protocol=TCP]ServicePort selector~ clusterIPs~ externalIPs~ \
         loadBalancerSourceRanges~ ipFamilies~",
    ),
    ("ServicePort", "port= targetPort="),
    ("ServiceStatus", "loadBalancer!Balancer conditions[type]"),
    ("Balancer", "ingress~"),
    ("Endpoints", "metadata!ObjectMeta subsets~"),
    (
        "EndpointSlice",
        "metadata!ObjectMeta addressType= endpoints~ ports~",
    ),
    (
        "Ingress",
        "metadata!ObjectMeta spec!IngressSpec status!ServiceStatus",
    ),
    ("IngressSpec", "rules~ tls~ defaultBackend:Backend"),
    ("Backend", "resource~ service:BackendService"),
    ("BackendService", "name= port!"),
    ("IngressClass", "metadata!ObjectMeta spec!"),
    ("NetworkPolicy", "metadata!ObjectMeta spec!PolicySpec"),
    ("PolicySpec", "podSelector~ ingress~ egress~ policyTypes~"),
    // Storage.
    (
        "PersistentVolume",
        "metadata!ObjectMeta spec!VolumeSpec status!",
    ),
    (
        "VolumeSpec",
        "capacity{} accessModes~ mountOptions~ claimRef: nodeAffinity:VolumeNodes csi:CsiVolume \
         flexVolume:CsiVolume",
    ),
    ("VolumeNodes", "required~"),
    (
        "PersistentVolumeClaim",
        "metadata!ObjectMeta spec!ClaimSpec status!ClaimStatus",
    ),
    (
        "ClaimSpec",
        "accessModes~ selector~ resources!Resources dataSource~ dataSourceRef:",
    ),
    (
        "ClaimStatus",
        "accessModes~ capacity{} conditions[type] allocatedResources{} \
         allocatedResourceStatuses{}",
    ),
    (
        "StorageClass",
        "metadata!ObjectMeta provisioner= parameters{} mountOptions~ allowedTopologies~",
    ),
    // Policy and rights.
    (
        "ResourceQuota",
        "metadata!ObjectMeta spec!QuotaSpec status!QuotaSpec",
    ),
    ("QuotaSpec", "hard{} used{} scopes~ scopeSelector~"),
    ("LimitRange", "metadata!ObjectMeta spec!LimitSpec"),
    ("LimitSpec", "limits~"),
    (
        "ClusterRole",
        "metadata!ObjectMeta rules~ aggregationRule:Aggregation",
    ),
    ("Aggregation", "clusterRoleSelectors~"),
    ("RoleBinding", "metadata!ObjectMeta roleRef~ subjects~"),
    (
        "CustomResourceDefinition",
        "metadata!ObjectMeta spec!DefinitionSpec status!DefinitionStatus",
    ),
    ("DefinitionSpec", "group= scope= names!Names versions~"),
    ("Names", "plural= kind= shortNames~ categories~"),
    (
        "DefinitionStatus",
        "acceptedNames!Names conditions[type] storedVersions~",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource as _;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let pod = k8s_openapi::api::core::v1::Pod::KIND;
        let pod = Type::of_kind(pod).field("spec");
        let Shape::Struct { of, always: true } = pod else {
            unreachable!("{pod:?}");
        };
        assert!(matches!(
            of.field("containers"),
            Shape::List {
                keys: Keys::Named("name"),
                always: true,
                ..
            }
        ));
        assert_eq!(of.field("contain"), Shape::UNKNOWN);
        assert_eq!(of.field("tolerations"), Shape::Atomic);
        assert_eq!(of.field("overhead"), Shape::Map);
    }

    #[test]
    fn every_type_that_is_named_is_there() {
        let known = |name: &'static str| {
            name.is_empty()
                || Type::Named(name) == ATOMIC
                || TYPES.iter().any(|(type_, _)| *type_ == name)
        };
        for (_, kind, name) in KINDS {
            assert!(known(name), "{kind}: {name}");
        }
        for (type_, fields) in TYPES {
            for field in fields.split(' ') {
                let end = field.find(|c: char| !c.is_ascii_alphanumeric());
                let (name, marks) = field.split_at(end.unwrap_or(field.len()));
                assert!(!marks.is_empty(), "{type_}.{name} has no mark");
                if let Shape::Struct { of, .. } | Shape::List { of, .. } = shape(marks) {
                    assert!(
                        matches!(of, Type::Named(of) if known(of)),
                        "{type_}.{name}: {of:?}"
                    );
                }
                assert_ne!(shape(marks), Shape::UNKNOWN.filter_unmarked(marks));
            }
        }
    }

    impl Shape {
        /// Unknown, unless the marks say just that.
        fn filter_unmarked(self, marks: &str) -> Shape {
            if marks == ":" { Shape::Zero } else { self }
        }
    }
}
