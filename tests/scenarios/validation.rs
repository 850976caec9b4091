//! What the API server refuses, in its own words.

use std::fmt::Write as _;

use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::{Cluster, Config};
use serde_json::Value;

use crate::common::{collection, json_of};

mod pods;
mod requests;
mod services;
mod workloads;

/// What creating the manifest is answered with: the causes when it is invalid, else the message.
fn answer(cluster: &mut Cluster, yaml: &str) -> String {
    let manifest: Value = serde_yaml::from_str(yaml).expect("test manifests are YAML");
    let path = collection(&manifest, "default");
    let request = Request::new(Method::Post, path)
        .with_body(manifest)
        .with_query("dryRun", "All");
    said(cluster.request(&request))
}

/// What changing `before` to `after` is answered with, in the manner of [`answer`].
fn change(before: &str, after: &str) -> String {
    change_part(before, "", after)
}

/// As [`change`], of a part of the object: `/resize`.
fn change_part(before: &str, part: &str, after: &str) -> String {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    let parse =
        |yaml: &str| -> Value { serde_yaml::from_str(yaml).expect("test manifests are YAML") };
    let (before, after) = (parse(before), parse(after));
    let path = collection(&before, "default");
    let name = before["metadata"]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    let response = cluster.request(&Request::new(Method::Post, path.clone()).with_body(before));
    assert!(response.is_success(), "{}", json_of(response));
    let request = Request::new(Method::Put, format!("{path}/{name}{part}")).with_body(after);
    said(cluster.request(&request))
}

fn said(response: Response) -> String {
    if response.is_success() {
        return response.warnings.join("\n");
    }
    let status = json_of(response);
    let Some(causes) = status["details"]["causes"].as_array() else {
        return status["message"].as_str().unwrap_or_default().to_owned();
    };
    let mut text = String::new();
    for cause in causes {
        let (field, message) = (cause["field"].as_str(), cause["message"].as_str());
        let _ = writeln!(
            text,
            "{}: {}",
            field.unwrap_or_default(),
            message.unwrap_or_default()
        );
    }
    text.trim_end().to_owned()
}

fn check(rows: &[(&str, &str)], manifest: impl Fn(&str) -> String) {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    for (part, want) in rows {
        assert_eq!(answer(&mut cluster, &manifest(part)), *want, "{part}");
    }
}

#[test]
fn containers() {
    let rows = [
        ("name: c, image: x", ""),
        (
            "name: C, image: x",
            "spec.containers[0].name: Invalid value: \"C\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ),
        ("name: c", "spec.containers[0].image: Required value"),
        (
            "name: c, image: ' x'",
            "spec.containers[0].image: Invalid value: \" x\": must not have leading or trailing whitespace",
        ),
        (
            "name: c, image: x, imagePullPolicy: Sometimes",
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        ),
        (
            "name: c, image: x, terminationMessagePolicy: Log",
            "spec.containers[0].terminationMessagePolicy: Unsupported value: \"Log\": supported values: \"File\", \"FallbackToLogsOnError\"",
        ),
        (
            "name: c, image: x, ports: [{containerPort: 0}]",
            "spec.containers[0].ports[0].containerPort: Required value",
        ),
        (
            "name: c, image: x, ports: [{containerPort: 80, name: WEB}]",
            "spec.containers[0].ports[0].name: Invalid value: \"WEB\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)\nspec.containers[0].ports[0].name: Invalid value: \"WEB\": must contain at least one letter (a-z)",
        ),
        (
            "name: c, image: x, ports: [{containerPort: 80, name: a}, {containerPort: 81, name: a}]",
            "spec.containers[0].ports[1].name: Duplicate value: \"a\"",
        ),
        (
            "name: c, image: x, ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]",
            "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\"",
        ),
        (
            "name: c, image: x, resources: {requests: {cpu: 2}, limits: {cpu: 1}}",
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        ),
        (
            "name: c, image: x, resources: {limits: {cpus: 1}}",
            "spec.containers[0].resources.limits[cpus]: Invalid value: \"cpus\": must be a standard resource type or fully qualified\nspec.containers[0].resources.limits[cpus]: Invalid value: \"cpus\": must be a standard resource for containers\nspec.containers[0].resources.requests[cpus]: Invalid value: \"cpus\": must be a standard resource type or fully qualified\nspec.containers[0].resources.requests[cpus]: Invalid value: \"cpus\": must be a standard resource for containers",
        ),
        (
            "name: c, image: x, resources: {limits: {hugepages-2Mi: 4Mi}}",
            "spec.containers[0].resources: Forbidden: HugePages require cpu or memory",
        ),
        (
            "name: c, image: x, resizePolicy: [{resourceName: disk, restartPolicy: NotRequired}]",
            "spec.containers[0].resizePolicy: Unsupported value: \"disk\": supported values: \"cpu\", \"memory\"",
        ),
        (
            "name: c, image: x, resources: {requests: {example.com/gpu: 1}}",
            "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
        ),
        (
            "name: c, image: x, env: [{value: a}]",
            "spec.containers[0].env[0].name: Required value",
        ),
        (
            "name: c, image: x, env: [{name: A, valueFrom: {}}]",
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
        (
            "name: c, image: x, env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.foo}}}]",
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.foo\": error converting fieldPath: field label not supported: spec.foo",
        ),
        (
            "name: c, image: x, env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.phase}}}]",
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"status.phase\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"",
        ),
        (
            "name: c, image: x, envFrom: [{}]",
            "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
        ),
        (
            "name: c, image: x, lifecycle: {preStop: {exec: {}}}",
            "spec.containers[0].lifecycle.preStop.exec.command: Required value",
        ),
        (
            "name: c, image: x, livenessProbe: {httpGet: {port: 80, scheme: FTP}}",
            "spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: \"FTP\": supported values: \"HTTP\", \"HTTPS\"",
        ),
        (
            "name: c, image: x, livenessProbe: {tcpSocket: {port: 80}, periodSeconds: -1}",
            "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "name: c, image: x, securityContext: {runAsUser: -1}",
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        ),
        (
            "name: c, image: x, securityContext: {allowPrivilegeEscalation: false, privileged: true}",
            "spec.containers[0].securityContext: Invalid value: {\"Capabilities\":null,\"Privileged\":true,\"SELinuxOptions\":null,\"WindowsOptions\":null,\"RunAsUser\":null,\"RunAsGroup\":null,\"RunAsNonRoot\":null,\"ReadOnlyRootFilesystem\":null,\"AllowPrivilegeEscalation\":false,\"ProcMount\":null,\"SeccompProfile\":null,\"AppArmorProfile\":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
        ),
        (
            "name: c, image: x, volumeMounts: [{name: v, mountPath: /a}]",
            "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        ),
        (
            "name: c, image: x, env: [{name: A, value: '1'}, {name: A, value: '2'}]",
            "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
        ),
        (
            "name: c, image: x, resources: {requests: {memory: 128m}}",
            "spec.containers[0].resources.requests[memory]: fractional byte value \"128m\" is invalid, must be an integer",
        ),
    ];
    check(&rows, |container| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{{container}}}]}}}}"
        )
    });
}

#[test]
fn pod_specs() {
    let rows = [
        (
            "restartPolicy: Maybe",
            "spec.restartPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        ),
        (
            "dnsPolicy: Mine",
            "spec.dnsPolicy: Unsupported value: \"Mine\": supported values: \"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", \"None\"",
        ),
        (
            "dnsPolicy: None",
            "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
        (
            "hostname: a_b",
            "spec.hostname: Invalid value: \"a_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ),
        (
            "activeDeadlineSeconds: 0",
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        (
            "nodeSelector: {a: 'b c'}",
            "spec.nodeSelector: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
        (
            "tolerations: [{key: a, operator: Is}]",
            "spec.tolerations[0].operator: Unsupported value: \"Is\": supported values: \"Equal\", \"Exists\"",
        ),
        (
            "tolerations: [{key: a, operator: Exists, value: b}]",
            "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
        ),
        (
            "tolerations: [{operator: Equal}]",
            "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
        ),
        (
            "tolerations: [{key: a, effect: Never}]",
            "spec.tolerations[0].effect: Unsupported value: \"Never\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"",
        ),
        (
            "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
        ),
        (
            "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, preference: {matchExpressions: [{key: a, operator: In}]}}]}}",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100\nspec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            "volumes: [{name: v, configMap: {}}]",
            "spec.volumes[0].configMap.name: Required value",
        ),
        (
            "volumes: [{name: v, emptyDir: {}, hostPath: {path: /a}}]",
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
        ),
        (
            "volumes: [{name: v, hostPath: {path: /a/../b}}]",
            "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
        ),
        (
            "volumes: [{name: v, secret: {secretName: s, defaultMode: 512}}]",
            "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
        ),
        (
            "initContainers: [{name: i, image: x, livenessProbe: {tcpSocket: {port: 1}}}]",
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
        ),
        (
            "schedulingGates: [{name: a}, {name: a}]",
            "spec.schedulingGates[1]: Duplicate value: \"a\"",
        ),
        (
            "hostNetwork: true, nodeName: UPPER",
            "spec.nodeName: Invalid value: \"UPPER\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
        (
            "priorityClassName: high",
            "pods \"p\" is forbidden: no PriorityClass with name high was found",
        ),
        (
            "serviceAccountName: nope",
            "pods \"p\" is forbidden: error looking up service account default/nope: serviceaccount \"nope\" not found",
        ),
        (
            "nodeSelector: {beta.kubernetes.io/os: linux}",
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ),
    ];
    check(&rows, |spec| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, image: x}}], {spec}}}}}"
        )
    });
}

#[test]
fn deployments() {
    let rows = [
        ("selector: {matchLabels: {a: b}}", ""),
        (
            "selector: {}",
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
        ),
        (
            "selector: {matchExpressions: [{key: a, operator: Is}]}",
            "spec.selector.matchExpressions[0].operator: Invalid value: \"Is\": not a valid selector operator\nspec.selector: Invalid value: {\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Is\"}]}: invalid label selector",
        ),
        (
            "selector: {matchLabels: {a: b}}, replicas: -1",
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "selector: {matchLabels: {a: b}}, minReadySeconds: 700",
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
        (
            "selector: {matchLabels: {a: b}}, strategy: {rollingUpdate: {maxUnavailable: 101%}}",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%",
        ),
        (
            "selector: {matchLabels: {a: b}}, strategy: {rollingUpdate: {maxSurge: -1}}",
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "selector: {matchLabels: {a: b}}, strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 0}}",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
    ];
    check(&rows, |spec| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: d}}, spec: {{{spec}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: x}}]}}}}}}}}"
        )
    });
}

#[test]
fn services() {
    let rows = [
        ("ports: [{port: 80}]", ""),
        ("selector: {a: b}", "spec.ports: Required value"),
        (
            "ports: [{port: 80}, {port: 81}]",
            "spec.ports[0].name: Required value\nspec.ports[1].name: Required value",
        ),
        (
            "ports: [{port: 80, targetPort: WEB}]",
            "spec.ports[0].targetPort: Invalid value: \"WEB\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)\nspec.ports[0].targetPort: Invalid value: \"WEB\": must contain at least one letter (a-z)",
        ),
        (
            "type: NodePort, ports: [{port: 80, nodePort: 80}]",
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
        ),
        (
            "clusterIP: nonsense, ports: [{port: 80}]",
            "spec.clusterIPs[0]: Invalid value: \"nonsense\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        (
            "ipFamilies: [IPv6], ports: [{port: 80}]",
            "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster",
        ),
        (
            "ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]",
            "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services",
        ),
        (
            "externalTrafficPolicy: Local, ports: [{port: 80}]",
            "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services",
        ),
        (
            "sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}, ports: [{port: 80}]",
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400",
        ),
        (
            "externalIPs: [127.0.0.1], ports: [{port: 80}]",
            "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
        ),
        (
            "type: ExternalName, externalName: a_b",
            "spec.externalName: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
    ];
    check(&rows, |spec| {
        format!("{{apiVersion: v1, kind: Service, metadata: {{name: s}}, spec: {{{spec}}}}}")
    });
}

#[test]
fn other_kinds() {
    let rows = [
        (
            "apiVersion: v1, kind: Secret, metadata: {name: s}, type: kubernetes.io/tls",
            "data[tls.crt]: Required value\ndata[tls.key]: Required value",
        ),
        (
            "apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {..a: b}",
            "data[..a]: Invalid value: \"..a\": must not start with '..'",
        ),
        (
            "apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {'a/b/c': x}}",
            "metadata.labels: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        ),
        (
            "apiVersion: v1, kind: Node, metadata: {name: n}, spec: {taints: [{key: a, effect: Never}]}",
            "metadata.taints[0].effect: Unsupported value: \"Never\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"",
        ),
        (
            "apiVersion: v1, kind: Endpoints, metadata: {name: e}, subsets: [{}]",
            "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
        ),
        (
            "apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: e}, addressType: IPv5",
            "addressType: Unsupported value: \"IPv5\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"",
        ),
        (
            "apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l}, spec: {leaseDurationSeconds: 0}",
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        ),
        (
            "apiVersion: v1, kind: ConfigMap, metadata: {namespace: nope, name: c}",
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            "apiVersion: v1, kind: ConfigMap, metadata: {}",
            "metadata.name: Required value: name or generateName is required",
        ),
    ];
    check(&rows, |manifest| format!("{{{manifest}}}"));
}
