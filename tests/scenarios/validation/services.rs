//! What of services, endpoints, nodes and volumes is refused, and what is warned of.

use kubarium::cluster::{Cluster, Config};

use super::{answer, change, change_part, check};

fn specs(rows: &[(&str, &str)]) {
    check(rows, |spec| {
        format!("{{apiVersion: v1, kind: Service, metadata: {{name: s}}, spec: {{{spec}}}}}")
    });
}

#[test]
fn services() {
    specs(&[
        ("type: LoadBalancer, ports: [{port: 10250}]", ""),
        (
            "loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]",
            "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            "type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.1/8], ports: [{port: 80}]",
            "spec.LoadBalancerSourceRanges[0]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length",
        ),
        (
            "clusterIP: 10.96.0.20, clusterIPs: [10.96.0.20, 10.96.0.21], ports: [{port: 80}]",
            "spec.clusterIPs: Invalid value: [\"10.96.0.20\",\"10.96.0.21\"]: may specify no more than one IP for each IP family",
        ),
        (
            "clusterIP: 10.96.0.20, ipFamilies: [IPv6], ports: [{port: 80}]",
            "spec.clusterIPs[0]: Invalid value: \"10.96.0.20\": expected an IPv6 value as indicated by `ipFamilies[0]`",
        ),
        (
            "externalIPs: [010.1.1.1], ports: [{port: 80}]",
            "spec.externalIPs[0]: Invalid value: \"010.1.1.1\": must not have leading 0s",
        ),
        (
            "trafficDistribution: Near, ports: [{port: 80}]",
            "spec.trafficDistribution: Unsupported value: \"Near\": supported values: \"PreferClose\", \"PreferSameNode\", \"PreferSameZone\"",
        ),
        (
            "healthCheckNodePort: 30000, ports: [{port: 80}]",
            "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        ),
    ]);
}

#[test]
fn warnings() {
    specs(&[
        (
            "externalIPs: [1.2.3.4], ports: [{port: 80}]",
            "spec.externalIPs is deprecated",
        ),
        (
            "clusterIP: None, sessionAffinity: ClientIP, externalIPs: [1.2.3.4]",
            "spec.externalIPs is ignored for headless services\nspec.SessionAffinity is ignored for headless services",
        ),
        (
            "externalName: a.b, ports: [{port: 80}]",
            "spec.externalName is ignored when spec.type is not \"ExternalName\"",
        ),
        (
            "trafficDistribution: PreferClose, ports: [{port: 80}]",
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
        ),
    ]);
}

#[test]
fn changes_of_a_service() {
    let service = |spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: s}}, spec: {{ports: [{{port: 80}}], {spec}}}}}"
        )
    };
    for (before, after, want) in [
        (
            "type: LoadBalancer, loadBalancerClass: a.io/x",
            "type: LoadBalancer, loadBalancerClass: a.io/y",
            "spec.loadBalancerClass: Invalid value: \"a.io/y\": may not change once set",
        ),
        (
            "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30100",
            "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30101",
            "spec.healthCheckNodePort: Forbidden: field is immutable",
        ),
        ("externalIPs: [1.2.3.4]", "externalIPs: []", ""),
    ] {
        assert_eq!(change(&service(before), &service(after)), want, "{after}");
    }
}

#[test]
fn other_kinds() {
    let rows = [
        (
            "apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Foo, name: x}, subjects: [{kind: Bar, name: x}]",
            "roleRef.kind: Unsupported value: \"Foo\": supported values: \"Role\", \"ClusterRole\"\nsubjects[0].kind: Unsupported value: \"Bar\": supported values: \"ServiceAccount\", \"User\", \"Group\"",
        ),
        (
            "apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: system-node-critical}, value: 1",
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: value of system-node-critical PriorityClass must be 2000001000",
        ),
        (
            "apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: x}, handler: a, scheduling: {tolerations: [{key: a, operator: Exists}, {key: a, operator: Exists}]}",
            "scheduling.tolerations[1]: Duplicate value: {\"Key\":\"a\",\"Operator\":\"Exists\",\"Value\":\"\",\"Effect\":\"\",\"TolerationSeconds\":null}",
        ),
        (
            "apiVersion: v1, kind: Secret, metadata: {name: x}, type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: W10=}",
            "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            "apiVersion: v1, kind: ConfigMap, metadata: {name: x, ownerReferences: [{apiVersion: v1, kind: Event, name: x, uid: u, controller: true}]}",
            "metadata.ownerReferences: Invalid value: {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"x\",\"uid\":\"u\",\"controller\":true}: /v1, Kind=Event is disallowed from being an owner",
        ),
        (
            "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x}, spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 70}]}]}",
            "spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`",
        ),
        (
            "apiVersion: v1, kind: Node, metadata: {name: n}, spec: {taints: [{key: a, effect: NoExecute}, {key: a, value: b, effect: NoExecute}]}",
            "metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"b\",\"Effect\":\"NoExecute\",\"TimeAdded\":null}: taints must be unique by key and effect pair",
        ),
        (
            "apiVersion: v1, kind: Node, metadata: {name: n}, spec: {podCIDRs: [10.0.0.0/8, 10.0.0.0/8]}",
            "spec.podCIDRs: Invalid value: [\"10.0.0.0/8\",\"10.0.0.0/8\"]: may specify no more than one CIDR for each IP family\nspec.podCIDRs[1]: Duplicate value: \"10.0.0.0/8\"",
        ),
        (
            "apiVersion: v1, kind: Namespace, metadata: {name: n}, spec: {finalizers: [mine]}",
            "spec.finalizers: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified",
        ),
        (
            "apiVersion: v1, kind: Endpoints, metadata: {name: e}, subsets: [{addresses: [{ip: a, hostname: B}]}]",
            "subsets[0].addresses[0].ip: Invalid value: \"a\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\nsubsets[0].addresses[0].hostname: Invalid value: \"B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\nsubsets[0].addresses[0].ip: Invalid value: \"a\": must be a valid IP address",
        ),
        (
            "apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: e}, addressType: IPv4, endpoints: [{addresses: ['::1', 127.0.0.1]}]",
            "endpoints[0].addresses: Invalid value: \"::1\": must be an IPv4 address\nendpoints[0].addresses[0]: Invalid value: \"::1\": may not be in the loopback range (127.0.0.0/8, ::1/128)\nendpoints[0].addresses[1]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
        ),
        (
            "apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: e}, addressType: FQDN, endpoints: [{addresses: [example]}]",
            "endpoints[0].addresses[0]: Invalid value: \"example\": should be a domain with at least two segments separated by dots",
        ),
        (
            "apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, csi: {driver: d, volumeHandle: h, nodePublishSecretRef: {name: A}}}",
            "spec.csi.nodePublishSecretRef.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\nspec.csi.nodePublishSecretRef.namespace: Required value",
        ),
        (
            "apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, iscsi: {targetPortal: a, iqn: abc, lun: 0}}",
            "spec.iscsi.iqn: Invalid value: \"abc\": must be valid format",
        ),
        (
            "apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r}, roleRef: {kind: Role, name: a}, subjects: [{kind: User, name: ''}]",
            "subjects[0].name: Required value\nsubjects[0].name: Invalid value: \"\": user name cannot be empty",
        ),
    ];
    check(&rows, |manifest| format!("{{{manifest}}}"));
}

#[test]
fn definitions() {
    let definition = |spec: &str| {
        format!(
            "{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: as.x.io}}, spec: {{group: x.io, scope: Cluster, names: {{kind: A, plural: as}}, {spec}}}}}"
        )
    };
    check(
        &[
            // What all versions have in common is told of beside them.
            (
                "versions: [{name: v1, served: true, storage: true, additionalPrinterColumns: [{name: a, type: string, jsonPath: b}], subresources: {scale: {specReplicasPath: .a.b, statusReplicasPath: .status.c}}, schema: {openAPIV3Schema: {type: object, properties: {a: {}}}}}]",
                "spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields\nspec.subresources.scale.specReplicasPath: Invalid value: \".a.b\": should be a json path under .spec\nspec.additionalPrinterColumns[0].jsonPath: Invalid value: \"b\": must be a simple json path starting with .",
            ),
            (
                "versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {}}}}}, {name: v2, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}]",
                "spec.versions[0].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields",
            ),
            (
                "versions: [{name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}]",
                "spec.versions: Invalid value: [{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\"Deprecated\":false,\"DeprecationWarning\":null,\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}]: must have exactly one version marked as storage version",
            ),
            (
                "conversion: {strategy: Webhook}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]",
                "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook\nspec.conversion.conversionReviewVersions: Required value",
            ),
        ],
        definition,
    );
}

#[test]
fn a_node_keeps_its_range() {
    let node = |spec: &str| {
        format!("{{apiVersion: v1, kind: Node, metadata: {{name: n}}, spec: {{{spec}}}}}")
    };
    assert_eq!(
        change(&node("podCIDR: 10.0.0.0/24"), &node("podCIDR: 10.1.0.0/24")),
        "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"
    );
}

#[test]
fn events_are_judged_by_the_group_that_they_are_written_in() {
    const OLD: &str = "{apiVersion: v1, kind: Event, metadata: {name: A_b}, involvedObject: {namespace: default}}";
    let strict = |rest: &str| {
        format!(
            "{{apiVersion: events.k8s.io/v1, kind: Event, metadata: {{name: e}}, regarding: {{namespace: default}}, {rest}}}"
        )
    };
    let mut cluster = Cluster::new(Config::bare(1, 0));
    assert_eq!(answer(&mut cluster, OLD), "");
    let good = "eventTime: '2026-01-01T00:00:00.000000Z', type: Normal, reason: r, action: a, reportingController: c, reportingInstance: i";
    for (rest, want) in [
        (good.to_owned(), ""),
        (
            "reason: r".to_owned(),
            "eventTime: Required value\ntype: Invalid value: \"\": has invalid value:",
        ),
        (
            format!(
                "{good}, deprecatedCount: 1, deprecatedSource: {{host: h}}, series: {{count: 1}}"
            ),
            "series.count: Invalid value: \"\": should be at least 2\nseries.lastObservedTime: Required value\ncount: Invalid value: \"\": needs to be unset\nsource: Invalid value: \"\": needs to be unset",
        ),
        (
            good.replace("reportingController: c", "reportingController: ''"),
            "reportingController: Required value\nreportingController: Invalid value: \"\": name part must be non-empty\nreportingController: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ),
    ] {
        assert_eq!(answer(&mut cluster, &strict(&rest)), want, "{rest}");
    }
    let changed = good.replace("reason: r", "reason: s").replace("01T", "02T");
    let want = "involvedObject: Invalid value: {\"Kind\":\"Pod\",\"Namespace\":\"default\",\"Name\":\"\",\"UID\":\"\",\"APIVersion\":\"\",\"ResourceVersion\":\"\",\"FieldPath\":\"\"}: field is immutable\nreason: Invalid value: \"s\": field is immutable\nreason: Invalid value: \"s\": field is immutable\neventTime: Invalid value: 2026-01-02 00:00:00 +0000 UTC: field is immutable";
    let changed =
        strict(&changed).replace("{namespace: default}", "{kind: Pod, namespace: default}");
    assert_eq!(change(&strict(good), &changed), want);
    // The core group lets old events be changed.
    let core = OLD.replace("A_b", "e");
    assert_eq!(
        change(&core, &core.replace("involved", "reason: x, involved")),
        ""
    );
}

#[test]
fn a_status_of_a_claim_speaks_of_storage() {
    const CLAIM: &str = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
    for (status, want) in [
        ("allocatedResources: {storage: 1Gi, example.com/x: 1}", ""),
        (
            "allocatedResources: {cpu: 1}",
            "status.allocatedResources: Unsupported value: \"cpu\": supported values: \"storage\"",
        ),
        (
            "allocatedResources: {storage: -1}",
            "status.allocatedResources[storage]: Invalid value: -1: must be a valid resource quantity",
        ),
        (
            "allocatedResourceStatuses: {storage: Odd}",
            "status.allocatedResourceStatus: Unsupported value: \"storage\": supported values: \"ControllerResizeInProgress\", \"ControllerResizeInfeasible\", \"NodeResizeInProgress\", \"NodeResizeInfeasible\", \"NodeResizePending\"",
        ),
    ] {
        let after = CLAIM.replace("spec:", &format!("status: {{{status}}}, spec:"));
        assert_eq!(change_part(CLAIM, "/status", &after), want, "{status}");
    }
}
