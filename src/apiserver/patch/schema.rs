//! Which lists of the built-in kinds merge, and by which key.
//!
//! Holds the `patchStrategy` and `patchMergeKey` tags of `k8s.io/api` v1.36 as one table from
//! (type, field) to the type of the field and its tags. A field that is not in the table has no
//! tags anywhere below it: objects merge, lists are replaced.

/// How a field is patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldPatch {
    /// The schema below the field: of the object, or of the elements of the list.
    pub schema: PatchSchema,
    /// Lists merge by [`FieldPatch::merge_key`], or as a set when that is empty.
    pub merge: bool,
    /// Objects are replaced as a whole.
    pub replace: bool,
    /// Members that the patch does not name are dropped.
    pub retain_keys: bool,
    /// The member that names an element.
    pub merge_key: &'static str,
}

/// The patch tags of a type, by the type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchSchema(&'static str);

impl PatchSchema {
    /// A type without tags.
    pub const UNTAGGED: PatchSchema = PatchSchema("");

    /// The schema of a built-in kind; `None` for custom resources, which have no strategic merge
    /// patch.
    pub fn of_kind(group: &str, kind: &str) -> Option<PatchSchema> {
        let built_in = matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy")
            || group == "k8s.io"
            || group.ends_with(".k8s.io");
        if !built_in || CUSTOM_GROUPS.contains(&group) {
            return None;
        }
        let row = KINDS.iter().find(|(g, k, _)| *g == group && *k == kind);
        Some(row.map_or(PatchSchema("Object"), |(_, _, name)| PatchSchema(name)))
    }

    /// How a field of this type is patched.
    pub fn field(self, name: &str) -> FieldPatch {
        let row = FIELDS
            .iter()
            .find(|(owner, field, ..)| *owner == self.0 && *field == name);
        let (schema, tags, merge_key) = match row {
            Some((_, _, schema, tags, merge_key)) => (PatchSchema(schema), *tags, *merge_key),
            None => (PatchSchema::UNTAGGED, Tags::None, ""),
        };
        FieldPatch {
            schema,
            merge: matches!(tags, Tags::Merge | Tags::MergeRetain),
            replace: tags == Tags::Replace,
            retain_keys: matches!(tags, Tags::MergeRetain | Tags::Retain),
            merge_key,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    None,
    Merge,
    MergeRetain,
    Retain,
    Replace,
}
use Tags::{Merge, MergeRetain, None as Plain, Replace, Retain};

/// Groups under `k8s.io` that are no part of the API server.
const CUSTOM_GROUPS: [&str; 3] = [
    "metrics.k8s.io",
    "snapshot.storage.k8s.io",
    "gateway.networking.k8s.io",
];

/// Kinds whose type has tags below `spec` or `status`; every other kind is an `Object`.
const KINDS: &[(&str, &str, &str)] = &[
    ("", "Pod", "Pod"),
    ("", "PodTemplate", "PodTemplate"),
    ("", "ReplicationController", "Workload"),
    ("", "Service", "Service"),
    ("", "ServiceAccount", "ServiceAccount"),
    ("", "Node", "Node"),
    ("", "Namespace", "Conditioned"),
    ("", "PersistentVolumeClaim", "Conditioned"),
    ("apps", "Deployment", "Deployment"),
    ("apps", "ReplicaSet", "Workload"),
    ("apps", "StatefulSet", "Workload"),
    ("apps", "DaemonSet", "Workload"),
    ("batch", "Job", "Workload"),
    ("batch", "CronJob", "CronJob"),
    ("autoscaling", "HorizontalPodAutoscaler", "Conditioned"),
    ("policy", "PodDisruptionBudget", "PodDisruptionBudget"),
    ("networking.k8s.io", "ServiceCIDR", "Conditioned"),
    ("storage.k8s.io", "CSINode", "CSINode"),
    ("resource.k8s.io", "ResourceClaim", "ResourceClaim"),
    ("apiregistration.k8s.io", "APIService", "Conditioned"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", "Conditioned"),
    (
        "flowcontrol.apiserver.k8s.io",
        "PriorityLevelConfiguration",
        "Conditioned",
    ),
    (
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        "Webhooks",
    ),
    (
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        "Webhooks",
    ),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
        "AdmissionPolicy",
    ),
    (
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicy",
        "AdmissionPolicy",
    ),
];

/// (type, field, type of the field or of its elements, tags, merge key)
const FIELDS: &[(&str, &str, &str, Tags, &str)] = &[
    ("Object", "metadata", "ObjectMeta", Plain, ""),
    ("ObjectMeta", "ownerReferences", "", Merge, "uid"),
    ("ObjectMeta", "finalizers", "", Merge, ""),
    // Kinds that only have conditions.
    ("Conditioned", "metadata", "ObjectMeta", Plain, ""),
    ("Conditioned", "status", "ConditionStatus", Plain, ""),
    ("ConditionStatus", "conditions", "", Merge, "type"),
    // Pods.
    ("Pod", "metadata", "ObjectMeta", Plain, ""),
    ("Pod", "spec", "PodSpec", Plain, ""),
    ("Pod", "status", "PodStatus", Plain, ""),
    ("PodTemplate", "metadata", "ObjectMeta", Plain, ""),
    ("PodTemplate", "template", "PodTemplateSpec", Plain, ""),
    ("PodTemplateSpec", "metadata", "ObjectMeta", Plain, ""),
    ("PodTemplateSpec", "spec", "PodSpec", Plain, ""),
    ("PodSpec", "volumes", "", MergeRetain, "name"),
    ("PodSpec", "containers", "Container", Merge, "name"),
    ("PodSpec", "initContainers", "Container", Merge, "name"),
    ("PodSpec", "ephemeralContainers", "Container", Merge, "name"),
    ("PodSpec", "imagePullSecrets", "", Merge, "name"),
    ("PodSpec", "hostAliases", "", Merge, "ip"),
    (
        "PodSpec",
        "topologySpreadConstraints",
        "",
        Merge,
        "topologyKey",
    ),
    ("PodSpec", "schedulingGates", "", Merge, "name"),
    ("PodSpec", "resourceClaims", "", MergeRetain, "name"),
    ("Container", "ports", "", Merge, "containerPort"),
    ("Container", "env", "", Merge, "name"),
    ("Container", "volumeMounts", "", Merge, "mountPath"),
    ("Container", "volumeDevices", "", Merge, "devicePath"),
    ("PodStatus", "conditions", "", Merge, "type"),
    ("PodStatus", "podIPs", "", Merge, "ip"),
    ("PodStatus", "hostIPs", "", Merge, "ip"),
    (
        "PodStatus",
        "resourceClaimStatuses",
        "",
        MergeRetain,
        "name",
    ),
    (
        "PodStatus",
        "containerStatuses",
        "ContainerStatus",
        Plain,
        "",
    ),
    (
        "PodStatus",
        "initContainerStatuses",
        "ContainerStatus",
        Plain,
        "",
    ),
    (
        "PodStatus",
        "ephemeralContainerStatuses",
        "ContainerStatus",
        Plain,
        "",
    ),
    ("ContainerStatus", "volumeMounts", "", Merge, "mountPath"),
    (
        "ContainerStatus",
        "allocatedResourcesStatus",
        "",
        Merge,
        "name",
    ),
    // Workloads.
    ("Workload", "metadata", "ObjectMeta", Plain, ""),
    ("Workload", "spec", "WorkloadSpec", Plain, ""),
    ("Workload", "status", "ConditionStatus", Plain, ""),
    ("WorkloadSpec", "template", "PodTemplateSpec", Plain, ""),
    (
        "WorkloadSpec",
        "volumeClaimTemplates",
        "Conditioned",
        Plain,
        "",
    ),
    ("Deployment", "metadata", "ObjectMeta", Plain, ""),
    ("Deployment", "spec", "DeploymentSpec", Plain, ""),
    ("Deployment", "status", "ConditionStatus", Plain, ""),
    ("DeploymentSpec", "template", "PodTemplateSpec", Plain, ""),
    ("DeploymentSpec", "strategy", "", Retain, ""),
    ("CronJob", "metadata", "ObjectMeta", Plain, ""),
    ("CronJob", "spec", "CronJobSpec", Plain, ""),
    ("CronJobSpec", "jobTemplate", "JobTemplateSpec", Plain, ""),
    ("JobTemplateSpec", "metadata", "ObjectMeta", Plain, ""),
    ("JobTemplateSpec", "spec", "WorkloadSpec", Plain, ""),
    // The rest of the core group.
    ("Service", "metadata", "ObjectMeta", Plain, ""),
    ("Service", "spec", "ServiceSpec", Plain, ""),
    ("Service", "status", "ConditionStatus", Plain, ""),
    ("ServiceSpec", "ports", "", Merge, "port"),
    ("ServiceAccount", "metadata", "ObjectMeta", Plain, ""),
    ("ServiceAccount", "secrets", "", Merge, "name"),
    ("Node", "metadata", "ObjectMeta", Plain, ""),
    ("Node", "spec", "NodeSpec", Plain, ""),
    ("Node", "status", "NodeStatus", Plain, ""),
    ("NodeSpec", "podCIDRs", "", Merge, ""),
    ("NodeStatus", "conditions", "", Merge, "type"),
    ("NodeStatus", "addresses", "", Merge, "type"),
    // Other groups.
    ("PodDisruptionBudget", "metadata", "ObjectMeta", Plain, ""),
    (
        "PodDisruptionBudget",
        "spec",
        "PodDisruptionBudgetSpec",
        Plain,
        "",
    ),
    (
        "PodDisruptionBudget",
        "status",
        "ConditionStatus",
        Plain,
        "",
    ),
    ("PodDisruptionBudgetSpec", "selector", "", Replace, ""),
    ("CSINode", "metadata", "ObjectMeta", Plain, ""),
    ("CSINode", "spec", "CSINodeSpec", Plain, ""),
    ("CSINodeSpec", "drivers", "", Merge, "name"),
    ("ResourceClaim", "metadata", "ObjectMeta", Plain, ""),
    ("ResourceClaim", "status", "ResourceClaimStatus", Plain, ""),
    ("ResourceClaimStatus", "reservedFor", "", Merge, "uid"),
    ("Webhooks", "metadata", "ObjectMeta", Plain, ""),
    ("Webhooks", "webhooks", "Webhook", Merge, "name"),
    ("Webhook", "matchConditions", "", Merge, "name"),
    ("AdmissionPolicy", "metadata", "ObjectMeta", Plain, ""),
    ("AdmissionPolicy", "spec", "AdmissionPolicySpec", Plain, ""),
    ("AdmissionPolicySpec", "matchConditions", "", Merge, "name"),
    ("AdmissionPolicySpec", "variables", "", Merge, "name"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(group: &str, kind: &str, path: &str) -> FieldPatch {
        let mut schema = PatchSchema::of_kind(group, kind).unwrap();
        let mut last = schema.field("");
        for name in path.split('.') {
            last = schema.field(name);
            schema = last.schema;
        }
        last
    }

    #[test]
    fn keys_of_lists() {
        let rows = [
            ("", "Pod", "spec.containers", "name"),
            ("", "Pod", "metadata.ownerReferences", "uid"),
            (
                "apps",
                "Deployment",
                "spec.template.spec.containers.env",
                "name",
            ),
            (
                "apps",
                "StatefulSet",
                "spec.template.spec.initContainers.ports",
                "containerPort",
            ),
            (
                "batch",
                "CronJob",
                "spec.jobTemplate.spec.template.spec.volumes",
                "name",
            ),
            (
                "apps",
                "DaemonSet",
                "spec.template.spec.containers.volumeMounts",
                "mountPath",
            ),
            ("", "Service", "spec.ports", "port"),
            ("", "Node", "status.conditions", "type"),
            ("apps", "ReplicaSet", "status.conditions", "type"),
        ];
        for (group, kind, path, key) in rows {
            let field = walk(group, kind, path);
            assert!(field.merge, "{kind} {path}");
            assert_eq!(field.merge_key, key, "{kind} {path}");
        }
    }

    #[test]
    fn lists_without_a_key_are_replaced() {
        for (group, kind, path) in [
            ("", "Pod", "spec.tolerations"),
            ("", "Pod", "spec.containers.command"),
            ("", "Node", "spec.taints"),
            ("networking.k8s.io", "Ingress", "spec.rules"),
            ("", "ServiceAccount", "imagePullSecrets"),
        ] {
            assert!(!walk(group, kind, path).merge, "{kind} {path}");
        }
        assert!(walk("", "ConfigMap", "metadata.finalizers").merge);
        assert!(walk("apps", "Deployment", "spec.strategy").retain_keys);
        assert!(walk("policy", "PodDisruptionBudget", "spec.selector").replace);
        assert_eq!(PatchSchema::of_kind("example.com", "Widget"), None);
        assert_eq!(PatchSchema::of_kind("play.kubarium.dev", "Image"), None);
    }

    #[test]
    fn every_type_of_the_table_is_reachable() {
        for (_, _, name) in KINDS {
            assert!(FIELDS.iter().any(|(owner, ..)| owner == name), "{name}");
        }
        for (owner, ..) in FIELDS {
            let used = *owner == "Object"
                || KINDS.iter().any(|(_, _, name)| name == owner)
                || FIELDS.iter().any(|(_, _, schema, ..)| schema == owner);
            assert!(used, "{owner}");
        }
    }
}
