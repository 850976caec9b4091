//! What of pods is refused, and what is warned of.

use super::{change, check};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

fn specs(rows: &[(&str, &str)]) {
    check(rows, |spec| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, image: x}}], {spec}}}}}"
        )
    });
}

fn containers(rows: &[(&str, &str)]) {
    check(rows, |container| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{volumes: [{{name: v, emptyDir: {{}}}}, {{name: c, persistentVolumeClaim: {{claimName: c}}}}], containers: [{{name: c, image: x, {container}}}]}}}}"
        )
    });
}

#[test]
fn mounts_and_devices() {
    containers(&[
        (
            "volumeMounts: [{name: v, mountPath: /a, recursiveReadOnly: Enabled}]",
            "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
        ),
        (
            "volumeMounts: [{name: v, mountPath: /a, readOnly: true, recursiveReadOnly: Maybe}]",
            "spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: \"Maybe\": supported values: \"Disabled\", \"Enabled\", \"IfPossible\"",
        ),
        (
            "volumeMounts: [{name: v, mountPath: /a, mountPropagation: Bidirectional}]",
            "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
        ),
        (
            "volumeDevices: [{name: c, devicePath: /a}], volumeMounts: [{name: c, mountPath: /a}]",
            "spec.containers[0].volumeMounts[0].name: Invalid value: \"c\": must not already exist in volumeDevices\nspec.containers[0].volumeMounts[0].mountPath: Invalid value: \"/a\": must not already exist as a path in volumeDevices\nspec.containers[0].volumeDevices[0].name: Invalid value: \"c\": must not already exist in volumeMounts\nspec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/a\": must not already exist as a path in volumeMounts",
        ),
        (
            "volumeDevices: [{name: v, devicePath: /a/../b}]",
            "spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode\nspec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/a/../b\": can not contain backsteps ('..')",
        ),
    ]);
}

#[test]
fn restart_rules() {
    containers(&[
        (
            "restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]",
            "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
        ),
        (
            "restartPolicy: Never, restartPolicyRules: [{action: Stop, exitCodes: {operator: '', values: [42]}}]",
            "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"Stop\": supported values: \"Restart\", \"RestartAllContainers\"\nspec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: \"\": supported values: \"In\", \"NotIn\"",
        ),
        (
            "restartPolicy: Sometimes",
            "spec.containers[0].restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\"",
        ),
    ]);
}

#[test]
fn resources_of_containers() {
    containers(&[
        (
            "resources: {limits: {cpu: 1, hugepages-2Mi: 3Mi}}",
            "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi\nspec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi",
        ),
        (
            "resources: {claims: [{name: gpu}]}",
            "spec.containers[0].resources.claims[0]: Not found: \"gpu\": must be one of the names in pod.spec.resourceClaims which is empty",
        ),
        (
            "env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: ../a, key: ''}}}]",
            "spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: \"../a\": must not contain '..'\nspec.containers[0].env[0].valueFrom.fileKeyRef.key: Required value",
        ),
    ]);
}

#[test]
fn security_contexts_of_containers() {
    containers(&[
        (
            "securityContext: {procMount: Unmasked}",
            "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`",
        ),
        (
            "securityContext: {seccompProfile: {type: Localhost, localhostProfile: /a}}",
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"/a\": must be a relative path",
        ),
        (
            "securityContext: {seccompProfile: {type: Unconfined, localhostProfile: a}}",
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: {\"Type\":\"Unconfined\",\"LocalhostProfile\":\"a\"}: can only be set when seccomp type is Localhost",
        ),
        (
            "securityContext: {appArmorProfile: {type: Localhost}}",
            "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost",
        ),
        (
            "securityContext: {appArmorProfile: {type: Mine}}",
            "spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: \"Mine\": supported values: \"Localhost\", \"RuntimeDefault\", \"Unconfined\"",
        ),
        (
            "securityContext: {windowsOptions: {runAsUserName: ''}}",
            "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: \"\": runAsUserName cannot be an empty string",
        ),
        (
            "securityContext: {windowsOptions: {hostProcess: true}}",
            "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
        ),
    ]);
}

#[test]
fn security_contexts_of_pods() {
    specs(&[
        (
            "securityContext: {sysctls: [{name: 'a b', value: '1'}]}",
            "spec.securityContext.sysctls[0].name: Invalid value: \"a b\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
        ),
        (
            "hostNetwork: true, securityContext: {sysctls: [{name: net.core.somaxconn, value: '1'}]}",
            "spec.securityContext.sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true",
        ),
        (
            "securityContext: {supplementalGroupsPolicy: Some, seLinuxChangePolicy: Any}",
            "spec.securityContext.supplementalGroupsPolicy: Unsupported value: \"Some\": supported values: \"Merge\", \"Strict\"\nspec.securityContext.seLinuxChangePolicy: Unsupported value: \"Any\": supported values: \"MountOption\", \"Recursive\"",
        ),
        (
            "hostUsers: false, hostNetwork: true, hostPID: true",
            "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false\nspec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false",
        ),
        (
            "os: {name: plan9}",
            "spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\"",
        ),
        (
            "os: {name: ''}",
            "spec.os.name: Required value: cannot be empty",
        ),
        (
            "os: {name: linux}, securityContext: {windowsOptions: {runAsUserName: a}}",
            "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
        ),
        (
            "os: {name: windows}, hostPID: true, securityContext: {runAsUser: 1}",
            "spec.hostPID: Forbidden: cannot be set for a windows pod\nspec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        ),
    ]);
}

#[test]
fn volumes() {
    specs(&[
        (
            "volumes: [{name: v, csi: {driver: A_b}}]",
            &format!("spec.volumes[0].csi.driver: Invalid value: \"A_b\": {SUBDOMAIN}"),
        ),
        (
            "volumes: [{name: v, downwardAPI: {items: [{path: a}]}}]",
            "spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
        ),
        (
            "volumes: [{name: v, projected: {sources: [{configMap: {name: a}, secret: {name: b}}]}}]",
            "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
        ),
        (
            "volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: '', expirationSeconds: 1}}]}}]",
            "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes\nspec.volumes[0].projected.path: Required value",
        ),
        (
            "volumes: [{name: v, image: {}}]",
            "spec.volumes[0].image.reference: Required value",
        ),
        (
            "volumes: [{name: v, gcePersistentDisk: {pdName: a, partition: 300}}]",
            "spec.volumes[0].persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive",
        ),
        (
            "volumes: [{name: v, ephemeral: {volumeClaimTemplate: {metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}, {name: w, persistentVolumeClaim: {claimName: p-v}}]",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set\nspec.volumes[1].persistentVolumeClaim.claimName: Invalid value: \"p-v\": must not reference a PVC that gets created for an ephemeral volume",
        ),
        (
            "volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}, {name: w, persistentVolumeClaim: {claimName: p-v}}]",
            "spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: \"p-v\": must not reference a PVC that gets created for an ephemeral volume",
        ),
        (
            "volumes: [{name: v, emptyDir: {}, cephfs: {monitors: [a]}}]",
            "spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type",
        ),
    ]);
}

#[test]
fn names_and_addresses() {
    specs(&[
        (
            "hostAliases: [{ip: 010.0.0.5, hostnames: [A]}]",
            &format!(
                "spec.hostAliases[0].ip: Invalid value: \"010.0.0.5\": must not have leading 0s\nspec.hostAliases[0].hostnames[0]: Invalid value: \"A\": {SUBDOMAIN}"
            ),
        ),
        (
            "dnsConfig: {nameservers: ['::ffff:1.2.3.4']}",
            "spec.dnsConfig.nameservers[0]: Invalid value: \"::ffff:1.2.3.4\": must not be an IPv4-mapped IPv6 address",
        ),
        (
            "hostNetwork: true, initContainers: [{name: i, image: x, ports: [{containerPort: 80, hostPort: 81}]}]",
            "",
        ),
        (
            "hostnameOverride: A",
            &format!("spec.hostnameOverride: Invalid value: \"A\": {SUBDOMAIN}"),
        ),
        (
            "overhead: {cpus: 1}",
            "pods \"p\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
        (
            "resourceClaims: [{name: a}, {name: a, resourceClaimName: b}]",
            "spec.resourceClaims[0]: Invalid value: {\"Name\":\"a\",\"ResourceClaimName\":null,\"ResourceClaimTemplateName\":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`\nspec.resourceClaims[1].name: Duplicate value: \"a\"",
        ),
    ]);
    check(
        &[(
            "[{containerPort: 80, hostPort: 81}]",
            "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
        )],
        |ports| {
            format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{hostNetwork: true, containers: [{{name: c, image: x, ports: {ports}}}]}}}}"
            )
        },
    );
}

#[test]
fn what_is_said_of_a_pod_as_a_whole() {
    check(
        &[
            ("{requests: {cpu: 2}, limits: {cpu: 2}}", ""),
            (
                "{requests: {cpu: 500m}}",
                "spec.resources.requests[cpu]: Invalid value: \"500m\": must be greater than or equal to aggregate container requests of 1",
            ),
            (
                "{limits: {ephemeral-storage: 1Gi}}",
                "spec.resources.limits[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": supported values: \"cpu\", \"hugepages-\", \"memory\"",
            ),
        ],
        |resources| {
            format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{resources: {resources}, containers: [{{name: c, image: x, resources: {{requests: {{cpu: 1}}}}}}]}}}}"
            )
        },
    );
}

#[test]
fn where_pods_may_run() {
    specs(&[
        (
            "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, matchLabelKeys: [x]}]}}",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
        ),
        (
            "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {matchLabels: {b: c}}, matchLabelKeys: [x], mismatchLabelKeys: [x]}]}}",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[0]: Invalid value: \"x\": exists in both matchLabelKeys and mismatchLabelKeys",
        ),
        (
            "topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {b: c}}, matchLabelKeys: [b]}]",
            "spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: \"b\": exists in both matchLabelKeys and labelSelector",
        ),
        (
            "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: In, values: ['b c']}]}}]}}",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: b c is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
    ]);
}

#[test]
fn annotations() {
    check(
        &[
            (
                "kubernetes.io/config.mirror: a",
                "metadata.annotations[kubernetes.io/config.mirror]: Invalid value: \"a\": must set spec.nodeName if mirror pod annotation is set",
            ),
            (
                "controller.kubernetes.io/pod-deletion-cost: +1",
                "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"+1\": must be a 32bit integer",
            ),
            (
                "container.apparmor.security.beta.kubernetes.io/d: nice",
                "metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: \"d\": container not found\nmetadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: \"nice\": invalid AppArmor profile name: \"nice\"",
            ),
            (
                "container.apparmor.security.beta.kubernetes.io/c: unconfined",
                "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the \"appArmorProfile\" field instead",
            ),
            (
                "seccomp.security.alpha.kubernetes.io/pod: a",
                "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"a\": must be a valid seccomp profile",
            ),
        ],
        |annotation| {
            format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p, annotations: {{{}}}}}, spec: {{containers: [{{name: c, image: x}}]}}}}",
                annotation.replace(": ", ": '") + "'"
            )
        },
    );
}

#[test]
fn warnings() {
    specs(&[
        (
            "hostAliases: [{ip: 1.2.3.4}, {ip: 1.2.3.4}]",
            "spec.hostAliases[1].ip: duplicate ip \"1.2.3.4\"",
        ),
        (
            "hostAliases: [{ip: 'FE80::1'}]",
            "spec.hostAliases[0].ip: IPv6 address \"FE80::1\" should be in RFC 5952 canonical format (\"fe80::1\")",
        ),
        (
            "imagePullSecrets: [{name: ''}]",
            "spec.imagePullSecrets[0].name: invalid empty name \"\"",
        ),
        (
            "imagePullSecrets: [{name: a}, {name: a}]",
            "spec.imagePullSecrets[1].name: duplicate name \"a\"",
        ),
        (
            "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a}]}}",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            "topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]",
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            "volumes: [{name: v, gitRepo: {repository: a}}]",
            "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
        ),
        (
            "volumes: [{name: v, configMap: {name: m, items: [{key: a, path: x}, {key: b, path: x/y}]}}]",
            "volume \"v\" (ConfigMap \"m\"): overlapping paths: \"x/y\" with \"x\"",
        ),
        (
            "volumes: [{name: v, projected: {sources: [{configMap: {name: m, items: [{key: a, path: x}]}}, {secret: {name: s, items: [{key: a, path: x/y}]}}]}}]",
            "volume \"v\" (Projected): overlapping paths: \"x/y\" (Secret \"s\") with \"x\" (ConfigMap \"m\")",
        ),
        (
            "initContainers: [{name: i, image: x, ports: [{containerPort: 80, name: web}, {containerPort: 80, hostPort: 8080}]}, {name: j, image: x, ports: [{containerPort: 81, name: web, hostIP: 1.2.3.4}]}]",
            "spec.initContainers[0].ports[1]: overlapping port definition with spec.initContainers[0].ports[0]\nspec.initContainers[1].ports[0]: hostIP set without hostPort: {Name:web HostPort:0 ContainerPort:81 Protocol:TCP HostIP:1.2.3.4}\nspec.initContainers[1].ports[0]: duplicate port name \"web\" with spec.initContainers[0].ports[0], services and probes that select ports by name will use spec.initContainers[0].ports[0]",
        ),
    ]);
}

#[test]
fn updates() {
    let pod = |annotations: &str, spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p, annotations: {{{annotations}}}}}, spec: {{automountServiceAccountToken: false, serviceAccountName: default, containers: [{{name: c, image: x}}], {spec}}}}}"
        )
    };
    let gated = "schedulingGates: [{name: g}]";
    for (before, after, want) in [
        (
            pod("", ""),
            pod(
                "container.apparmor.security.beta.kubernetes.io/c: unconfined",
                "",
            ),
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: may not add AppArmor annotations",
        ),
        (
            pod("", &format!("{gated}, nodeSelector: {{a: b}}")),
            pod("", &format!("{gated}, nodeSelector: {{a: c}}")),
            "spec.nodeSelector: Invalid value: {\"a\":\"c\"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)",
        ),
        (
            pod("", &format!("{gated}, nodeSelector: {{a: b}}")),
            pod("", &format!("{gated}, nodeSelector: {{a: b, c: d}}")),
            "",
        ),
        (
            pod("", gated),
            pod("", "schedulingGates: [{name: h}]"),
            "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'",
        ),
        (
            pod("", "activeDeadlineSeconds: 10"),
            pod("", "activeDeadlineSeconds: 20"),
            "spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value",
        ),
    ] {
        assert_eq!(change(&before, &after), want, "{after}");
    }
}

#[test]
fn resizes() {
    let pod = |spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{automountServiceAccountToken: false, serviceAccountName: default, {spec}}}}}"
        )
    };
    let one = |resources: &str| {
        pod(&format!(
            "containers: [{{name: c, image: x, resources: {{{resources}}}}}]"
        ))
    };
    let two = |first: &str, second: &str| {
        pod(&format!(
            "containers: [{{name: {first}, image: x, resources: {{requests: {{cpu: 1}}}}}}, {{name: {second}, image: x}}]"
        ))
    };
    for (before, after, want) in [
        (one("requests: {cpu: 1}"), one("requests: {cpu: 2}"), ""),
        (
            one("requests: {cpu: 1}"),
            one("requests: {cpu: 1, ephemeral-storage: 1Gi}"),
            "spec: Forbidden: only cpu and memory resources are mutable",
        ),
        (
            one("requests: {cpu: 1, memory: 1Mi}"),
            one("requests: {cpu: 1}"),
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        ),
        (
            one(""),
            one("requests: {cpu: 1}"),
            "spec: Invalid value: \"BestEffort\": Pod QOS Class may not change as a result of resizing",
        ),
        (
            two("a", "b"),
            two("a", "c"),
            "spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize",
        ),
        (
            two("a", "b"),
            one("requests: {cpu: 1}"),
            "spec.containers: Forbidden: containers may not be added or removed on resize",
        ),
        (
            pod(
                "os: {name: windows}, containers: [{name: c, image: x, resources: {requests: {cpu: 1}}}]",
            ),
            one("requests: {cpu: 2}"),
            ": Forbidden: windows pods cannot be resized",
        ),
    ] {
        let said = super::change_part(&before, "/resize", &after);
        assert_eq!(said, want, "{after}");
    }
}

#[test]
fn ephemeral_containers() {
    let pod = |also: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, image: x}}]{also}}}}}"
        )
    };
    let added = ", ephemeralContainers: [{name: c, image: x, ports: [{containerPort: 1}], targetContainerName: q, livenessProbe: {exec: {command: [a]}}}]";
    assert_eq!(
        super::change_part(&pod(""), "/ephemeralcontainers", &pod(added)),
        "spec.ephemeralContainers[0].name: Duplicate value: \"c\"\nspec.ephemeralContainers[0].targetContainerName: Not found: \"q\"\nspec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container\nspec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container"
    );
}
