//! The order of Go's fields. What kubectl makes itself, or has read into one of its types, it writes in the
//! order in which those types declare their fields; what it only passes on, in that of the alphabet.

use serde_json::{Map, Value};

use crate::api::json::go_json;

/// Of a field's value: which of its fields it has to have for the list to hold (`""` for any), and the fields
/// in their order. What no list names comes behind, by the alphabet.
const STRUCTS: &[(&str, &str, &str)] = &[
    (
        "metadata",
        "",
        "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields",
    ),
    (
        "managedFields",
        "",
        "manager operation apiVersion time fieldsType fieldsV1 subresource",
    ),
    (
        "ownerReferences",
        "",
        "apiVersion kind name uid controller blockOwnerDeletion",
    ),
    (
        "spec",
        "serviceName",
        "replicas selector template volumeClaimTemplates serviceName podManagementPolicy updateStrategy revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy ordinals",
    ),
    (
        "spec",
        "containers",
        "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources hostnameOverride",
    ),
    (
        "spec",
        "podCIDR",
        "podCIDR podCIDRs providerID unschedulable taints",
    ),
    (
        "spec",
        "accessModes",
        "capacity hostPath nfs iscsi fc local csi accessModes selector claimRef resources volumeName persistentVolumeReclaimPolicy storageClassName mountOptions volumeMode nodeAffinity dataSource dataSourceRef volumeAttributesClassName",
    ),
    (
        "spec",
        "schedule",
        "schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend jobTemplate successfulJobsHistoryLimit failedJobsHistoryLimit",
    ),
    (
        "spec",
        "strategy",
        "replicas selector template strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds",
    ),
    (
        "spec",
        "updateStrategy",
        "selector template updateStrategy minReadySeconds revisionHistoryLimit",
    ),
    (
        "spec",
        "template",
        "replicas minReadySeconds parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit backoffLimitPerIndex maxFailedIndexes selector manualSelector template ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy",
    ),
    (
        "spec",
        "request",
        "request signerName expirationSeconds usages username uid groups extra",
    ),
    ("spec", "resourceAttributes", QUESTION),
    ("spec", "nonResourceAttributes", QUESTION),
    (
        "spec",
        "holderIdentity",
        "holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy preferredHolder",
    ),
    (
        "spec",
        "names",
        "group names scope versions conversion preserveUnknownFields",
    ),
    (
        "spec",
        "podSelector",
        "podSelector ingress egress policyTypes",
    ),
    (
        "spec",
        "",
        "ports minAvailable ingressClassName defaultBackend tls rules scaleTargetRef minReplicas maxReplicas targetCPUUtilizationPercentage metrics behavior hard scopes scopeSelector selector maxUnavailable unhealthyPodEvictionPolicy clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution token audiences",
    ),
    (
        "status",
        "nodeInfo",
        "capacity allocatable phase conditions addresses daemonEndpoints nodeInfo images volumesInUse volumesAttached config runtimeHandlers features declaredFeatures",
    ),
    (
        "status",
        "accessModes",
        "phase accessModes capacity conditions allocatedResources allocatedResourceStatuses currentVolumeAttributesClassName modifyVolumeStatus",
    ),
    (
        "status",
        "phase",
        "observedGeneration phase conditions message reason nominatedNodeName hostIP hostIPs podIP podIPs startTime initContainerStatuses containerStatuses qosClass ephemeralContainerStatuses resize resourceClaimStatuses extendedResourceClaimStatus allocatedResources resources lastPhaseTransitionTime",
    ),
    (
        "status",
        "disruptionsAllowed",
        "observedGeneration disruptedPods disruptionsAllowed currentHealthy desiredHealthy expectedPods conditions",
    ),
    (
        "status",
        "numberReady",
        "currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady observedGeneration updatedNumberScheduled numberAvailable numberUnavailable collisionCount conditions",
    ),
    (
        "status",
        "currentRevision",
        "observedGeneration replicas readyReplicas currentReplicas updatedReplicas currentRevision updateRevision collisionCount conditions availableReplicas",
    ),
    (
        "status",
        "fullyLabeledReplicas",
        "replicas fullyLabeledReplicas readyReplicas availableReplicas terminatingReplicas observedGeneration conditions",
    ),
    (
        "status",
        "startTime",
        "conditions startTime completionTime active succeeded failed terminating completedIndexes failedIndexes uncountedTerminatedPods ready",
    ),
    (
        "status",
        "",
        "observedGeneration lastScaleTime replicas currentReplicas desiredReplicas currentMetrics updatedReplicas readyReplicas availableReplicas unavailableReplicas terminatingReplicas loadBalancer userInfo conditions collisionCount certificate acceptedNames storedVersions allowed denied reason evaluationError authenticated user audiences error",
    ),
    (
        "nodeInfo",
        "",
        "machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion kubeProxyVersion operatingSystem architecture",
    ),
    ("addresses", "type", "type address"),
    ("addresses", "ip", "ip hostname nodeName targetRef"),
    ("notReadyAddresses", "", "ip hostname nodeName targetRef"),
    (
        "endpoints",
        "",
        "addresses conditions hostname targetRef deprecatedTopology nodeName zone hints",
    ),
    ("targetRef", "", REFERENCE),
    ("active", "", REFERENCE),
    (
        "containerStatuses",
        "",
        "name state lastState ready restartCount image imageID containerID started allocatedResources resources volumeMounts user allocatedResourcesStatus stopSignal",
    ),
    ("state", "", "waiting running terminated"),
    (
        "terminated",
        "",
        "exitCode signal reason message startedAt finishedAt containerID",
    ),
    ("waiting", "", "reason message"),
    ("claimRef", "", REFERENCE),
    ("involvedObject", "", REFERENCE),
    ("related", "", REFERENCE),
    ("source", "component", "component host"),
    ("userInfo", "", "username uid groups extra"),
    (
        "containers",
        "",
        "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty targetContainerName",
    ),
    (
        "ports",
        "",
        "name hostPort containerPort protocol hostIP appProtocol port targetPort nodePort endPort",
    ),
    ("env", "", "name value valueFrom"),
    ("envFrom", "", "prefix configMapRef secretRef"),
    (
        "valueFrom",
        "",
        "fieldRef resourceFieldRef configMapKeyRef secretKeyRef",
    ),
    ("configMapKeyRef", "", "name key optional"),
    (
        "resources",
        "singularName",
        "name singularName namespaced group version kind verbs shortNames categories storageVersionHash",
    ),
    ("resources", "", "limits requests claims"),
    (
        "volumeMounts",
        "",
        "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr",
    ),
    ("volumes", "", "name"),
    ("volumeDevices", "", "name devicePath"),
    ("resourceFieldRef", "", "containerName resource divisor"),
    ("downwardAPI", "", "items defaultMode"),
    ("nfs", "", "server path readOnly"),
    ("local", "", "path fsType"),
    ("image", "reference", "reference pullPolicy"),
    (
        "csi",
        "",
        "driver volumeHandle readOnly fsType volumeAttributes controllerPublishSecretRef nodeStageSecretRef nodePublishSecretRef controllerExpandSecretRef nodeExpandSecretRef",
    ),
    (
        "iscsi",
        "",
        "targetPortal iqn lun iscsiInterface fsType readOnly portals chapAuthDiscovery chapAuthSession secretRef initiatorName",
    ),
    (
        "securityContext",
        "",
        "capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation procMount supplementalGroups supplementalGroupsPolicy fsGroup sysctls fsGroupChangePolicy seccompProfile appArmorProfile seLinuxChangePolicy",
    ),
    ("seLinuxOptions", "", "user role type level"),
    (
        "windowsOptions",
        "",
        "gmsaCredentialSpecName gmsaCredentialSpec runAsUserName hostProcess",
    ),
    ("seccompProfile", "", "type localhostProfile"),
    ("appArmorProfile", "", "type localhostProfile"),
    ("postStart", "", "exec httpGet tcpSocket sleep"),
    ("preStop", "", "exec httpGet tcpSocket sleep"),
    ("tcpSocket", "", "port host"),
    ("nodeAffinity", "", RULES_OF_AFFINITY),
    ("podAffinity", "", RULES_OF_AFFINITY),
    ("podAntiAffinity", "", RULES_OF_AFFINITY),
    (
        "preferredDuringSchedulingIgnoredDuringExecution",
        "",
        "weight preference podAffinityTerm",
    ),
    ("requiredDuringSchedulingIgnoredDuringExecution", "", TERM),
    ("podAffinityTerm", "", TERM),
    (
        "topologySpreadConstraints",
        "",
        "maxSkew topologyKey whenUnsatisfiable labelSelector minDomains nodeAffinityPolicy nodeTaintsPolicy matchLabelKeys",
    ),
    ("hostAliases", "", "ip hostnames"),
    ("dnsConfig", "", "nameservers searches options"),
    ("onPodConditions", "", "type status"),
    ("backend", "", "service resource"),
    ("ingress", "", "ip hostname ipMode ports from"),
    ("from", "", PEER),
    ("to", "", PEER),
    ("egress", "", "ports to"),
    (
        "limits",
        "type",
        "type max min default defaultRequest maxLimitRequestRatio",
    ),
    (
        "resourceAttributes",
        "",
        "namespace verb group version resource subresource name fieldSelector labelSelector",
    ),
    ("behavior", "", "scaleUp scaleDown"),
    ("scaleUp", "", SCALING),
    ("scaleDown", "", SCALING),
    ("policies", "periodSeconds", "type value periodSeconds"),
    ("object", "describedObject", "describedObject target metric"),
    ("containerResource", "", "name target current container"),
    ("current", "", "value averageValue averageUtilization"),
    ("names", "", NAMES),
    ("acceptedNames", "", NAMES),
    (
        "versions",
        "served",
        "name served storage deprecated deprecationWarning schema subresources additionalPrinterColumns selectableFields",
    ),
    (
        "additionalPrinterColumns",
        "",
        "name type format description priority jsonPath",
    ),
    ("matchExpressions", "scopeName", "scopeName operator values"),
    ("configMap", "", "name items defaultMode optional"),
    ("secret", "", "secretName name items defaultMode optional"),
    ("projected", "", "sources defaultMode"),
    ("serviceAccountToken", "", "audience expirationSeconds path"),
    ("hostPath", "", "path type"),
    ("persistentVolumeClaim", "", "claimName readOnly"),
    (
        "volumeClaimTemplates",
        "",
        "kind apiVersion metadata spec status",
    ),
    ("selector", "matchLabels", "matchLabels matchExpressions"),
    ("strategy", "", "type rollingUpdate"),
    ("updateStrategy", "", "type rollingUpdate"),
    ("rollingUpdate", "", "partition maxUnavailable maxSurge"),
    (
        "rules",
        "",
        "verbs operations apiGroups apiVersions resources resourceNames nonResourceURLs scope host http succeededIndexes succeededCount",
    ),
    ("paths", "", "path pathType backend"),
    ("subjects", "", "kind apiGroup name namespace"),
    ("scaleTargetRef", "", "kind name apiVersion"),
    (
        "metrics",
        "",
        "type object pods resource containerResource external",
    ),
    ("target", "", "type value averageValue averageUtilization"),
    (
        "conditions",
        "lastProbeTime",
        "type observedGeneration status lastProbeTime lastTransitionTime reason message",
    ),
    (
        "conditions",
        "",
        "type status observedGeneration lastProbeTime lastHeartbeatTime lastUpdateTime lastTransitionTime reason message",
    ),
    (
        "tolerations",
        "",
        "key operator value effect tolerationSeconds",
    ),
    ("taints", "", "key value effect timeAdded"),
    ("livenessProbe", "", PROBE),
    ("httpGet", "", "path port host scheme httpHeaders"),
    (
        "details",
        "",
        "name group kind uid causes retryAfterSeconds",
    ),
    ("causes", "", "reason message field"),
];

const REFERENCE: &str = "kind namespace name uid apiVersion resourceVersion fieldPath";

const QUESTION: &str = "resourceAttributes nonResourceAttributes user groups extra uid";

const RULES_OF_AFFINITY: &str = "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution";

const TERM: &str =
    "labelSelector namespaces topologyKey namespaceSelector matchLabelKeys mismatchLabelKeys";

const PEER: &str = "podSelector namespaceSelector ipBlock";

const SCALING: &str = "stabilizationWindowSeconds selectPolicy policies tolerance";

const NAMES: &str = "plural singular shortNames kind listKind categories";

const PROBE: &str = "exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds";

/// An object itself.
const OBJECT: &str = "kind apiVersion metadata name versions preferredVersion groupVersion resources groups addressType endpoints ports subsets provisioner parameters reclaimPolicy mountOptions allowVolumeExpansion volumeBindingMode allowedTopologies involvedObject reason message source firstTimestamp lastTimestamp count spec status items immutable data binaryData stringData type eventTime series action related reportingComponent reportingInstance secrets imagePullSecrets automountServiceAccountToken rules aggregationRule subjects roleRef value globalDefault description preemptionPolicy handler overhead scheduling revision template key path fieldRef resourceFieldRef mode";

/// What the server says instead of an object.
const STATUS: &str = "kind apiVersion metadata status message reason details code";

/// The fields of a value in Go's order, as far as one is known.
fn order(parent: &str, map: &Map<String, Value>) -> &'static str {
    let parent = match parent {
        "initContainers" | "ephemeralContainers" => "containers",
        "initContainerStatuses" | "ephemeralContainerStatuses" => "containerStatuses",
        "lastState" => "state",
        "readinessProbe" | "startupProbe" => "livenessProbe",
        "secretKeyRef" => "configMapKeyRef",
        "labelSelector" | "namespaceSelector" | "podSelector" => "selector",
        "currentMetrics" => "metrics",
        parent => parent,
    };
    if parent.is_empty() && map.get("kind").is_some_and(|kind| kind == "Status") {
        return STATUS;
    }
    if parent.is_empty() || parent == "items" {
        return OBJECT;
    }
    let found = STRUCTS
        .iter()
        .find(|(name, has, _)| *name == parent && (has.is_empty() || map.contains_key(*has)));
    found.map_or("", |(_, _, fields)| fields)
}

fn sorted<'v>(parent: &str, map: &'v Map<String, Value>) -> Vec<(&'v String, &'v Value)> {
    let fields = order(parent, map);
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    if !fields.is_empty() {
        // Stable: what is not named keeps its order.
        entries.sort_by_key(|(key, _)| {
            let place = fields.split(' ').position(|field| field == key.as_str());
            place.unwrap_or(usize::MAX)
        });
    }
    entries
}

/// JSON in Go's order: on one line, or with an indent of so many blanks. Objects come from the API, which
/// bounds their depth.
pub fn json(value: &Value, indent: Option<usize>) -> String {
    let mut out = String::new();
    write(value, Some(""), indent.map(|width| (width, 0)), &mut out);
    out
}

/// JSON with its fields as they stand and an indent of so many blanks.
pub fn as_it_stands(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    write(value, None, Some((indent, 0)), &mut out);
    out
}

/// `parent` is the field that holds the value, where Go's order is wanted; `indent` its width and how deep this is.
fn write(value: &Value, parent: Option<&str>, indent: Option<(usize, usize)>, out: &mut String) {
    let newline = |out: &mut String, more: usize| {
        if let Some((width, depth)) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * (depth + more)));
        }
    };
    let deeper = indent.map(|(width, depth)| (width, depth + 1));
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            let entries = match parent {
                Some(parent) => sorted(parent, map),
                None => map.iter().collect(),
            };
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                newline(out, 1);
                out.push_str(&go_json(&Value::from(key.as_str())));
                out.push_str(if indent.is_some() { ": " } else { ":" });
                // A template is an object without a kind of its own.
                write(value, parent.map(|_| key.as_str()), deeper, out);
            }
            newline(out, 0);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                newline(out, 1);
                write(item, parent, deeper, out);
            }
            newline(out, 0);
            out.push(']');
        }
        scalar => out.push_str(&go_json(scalar)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn fields_stand_as_go_declares_them() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"labels": {"run": "p", "name": "x"}, "name": "p"},
            "spec": {
                "containers": [{"env": [{"value": "1", "name": "A"}], "image": "nginx", "name": "p", "args": ["x"], "resources": {}}],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            },
            "status": {},
        });
        assert_eq!(
            super::json(&pod, None),
            r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"name":"x","run":"p"}},"spec":{"containers":[{"name":"p","image":"nginx","args":["x"],"env":[{"name":"A","value":"1"}],"resources":{}}],"restartPolicy":"Always","dnsPolicy":"ClusterFirst"},"status":{}}"#
        );
        let refused = json!({
            "apiVersion": "v1", "code": 404, "kind": "Status", "message": "m", "metadata": {}, "reason": "NotFound",
            "details": {"kind": "pods", "name": "p"}, "status": "Failure",
        });
        assert_eq!(
            super::json(&refused, None),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"m","reason":"NotFound","details":{"name":"p","kind":"pods"},"code":404}"#
        );
        let service = json!({"kind": "Service", "apiVersion": "v1", "spec": {"selector": {"type": "a", "app": "b"}, "ports": []}});
        assert_eq!(
            super::json(&service, Some(4)),
            "{\n    \"kind\": \"Service\",\n    \"apiVersion\": \"v1\",\n    \"spec\": {\n        \"ports\": [],\n        \"selector\": {\n            \"app\": \"b\",\n            \"type\": \"a\"\n        }\n    }\n}"
        );
    }

    /// Each is written with its fields in Go's order, and read into one that has forgotten it.
    #[test]
    fn fields_stand_as_the_types_declare_them() {
        for text in [
            r#"{"kind":"DaemonSet","status":{"currentNumberScheduled":1,"numberMisscheduled":0,"desiredNumberScheduled":1,"numberReady":1,"observedGeneration":1,"updatedNumberScheduled":1,"numberAvailable":1}}"#,
            r#"{"kind":"StatefulSet","status":{"observedGeneration":1,"replicas":1,"currentReplicas":1,"updatedReplicas":1,"currentRevision":"a","updateRevision":"b","collisionCount":0,"availableReplicas":1}}"#,
            r#"{"kind":"ReplicaSet","status":{"replicas":2,"fullyLabeledReplicas":2,"readyReplicas":2,"availableReplicas":2,"observedGeneration":1}}"#,
            r#"{"kind":"NetworkPolicy","spec":{"podSelector":{"matchLabels":{"a":"b"},"matchExpressions":[]},"ingress":[{"ports":[{"protocol":"TCP","port":80,"endPort":90}],"from":[{"podSelector":{},"namespaceSelector":{},"ipBlock":{"cidr":"c","except":[]}}]}],"egress":[{"ports":[],"to":[]}],"policyTypes":[]}}"#,
            r#"{"kind":"Pod","spec":{"volumes":[{"name":"v","configMap":{"name":"m","items":[{"key":"k","path":"p","mode":1}]}}],"containers":[{"name":"c","lifecycle":{"preStop":{"exec":{},"sleep":{}}},"securityContext":{"capabilities":{"add":[],"drop":[]},"privileged":false,"runAsUser":1,"runAsNonRoot":true,"allowPrivilegeEscalation":false,"seccompProfile":{"type":"Localhost","localhostProfile":"p"}}}],"securityContext":{"runAsUser":1,"fsGroup":2,"sysctls":[]},"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"labelSelector":{},"topologyKey":"t","namespaceSelector":{}}],"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":{"labelSelector":{},"topologyKey":"t"}}]}},"hostAliases":[{"ip":"1","hostnames":[]}],"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"t","whenUnsatisfiable":"w","labelSelector":{},"minDomains":1}]}}"#,
            r#"{"kind":"HorizontalPodAutoscaler","spec":{"scaleTargetRef":{"kind":"D","name":"n"},"minReplicas":1,"maxReplicas":2,"behavior":{"scaleUp":{"stabilizationWindowSeconds":0,"selectPolicy":"Max","policies":[{"type":"Pods","value":1,"periodSeconds":2}]},"scaleDown":{}}}}"#,
            r#"{"kind":"CustomResourceDefinition","spec":{"group":"g","names":{"plural":"p","singular":"s","kind":"K","listKind":"L"},"scope":"Cluster","versions":[{"name":"v1","served":true,"storage":true,"schema":{},"subresources":{},"additionalPrinterColumns":[{"name":"n","type":"t","jsonPath":"j"}]}]},"status":{"conditions":[],"acceptedNames":{"plural":"p","kind":"K"},"storedVersions":[]}}"#,
            r#"{"kind":"Lease","spec":{"holderIdentity":"h","leaseDurationSeconds":1,"acquireTime":"a","renewTime":"r","leaseTransitions":0}}"#,
            r#"{"kind":"LimitRange","spec":{"limits":[{"type":"Container","max":{},"min":{},"default":{},"defaultRequest":{},"maxLimitRequestRatio":{}}]}}"#,
            r#"{"kind":"EndpointSlice","addressType":"IPv4","endpoints":[{"addresses":[],"conditions":{},"targetRef":{"kind":"Pod","namespace":"d","name":"n","uid":"u"},"nodeName":"n","zone":"z"}]}"#,
            r#"{"kind":"PersistentVolume","spec":{"capacity":{},"csi":{"driver":"d","volumeHandle":"h","readOnly":true,"fsType":"f"},"accessModes":[]},"status":{"phase":"Bound","message":"m","lastPhaseTransitionTime":"t"}}"#,
        ] {
            let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(super::json(&value, None), text);
        }
    }
}
