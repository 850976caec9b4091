//! What is filled in, refused and warned of.

use kubarium::cluster::Cluster;
use serde_json::json;

use crate::common::{bare, create, created, json_of};

/// What is answered: the message of a refusal, or the warnings.
fn answer(cluster: &mut Cluster, yaml: &str) -> String {
    let response = create(cluster, yaml);
    if response.is_success() {
        return response.warnings.join("\n");
    }
    json_of(response)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn networking(kind: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: {kind}, metadata: {{name: x}}, spec: {spec}}}"
    )
}

#[test]
fn ingresses_are_refused_in_upstreams_words() {
    let mut cluster = bare(0);
    let rows = [
        (
            "{}",
            "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
        ),
        (
            "{rules: [{host: 1.2.3.4, http: {paths: []}}]}",
            "[spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address, spec.rules[0].http.paths: Required value]",
        ),
        (
            "{rules: [{http: {paths: [{path: a//b, pathType: Prefix, backend: {service: {name: s}}}]}}]}",
            "[spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must be an absolute path, spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must not contain '//', spec.rules[0].http.paths[0].backend: Required value: port name or number is required]",
        ),
        (
            "{rules: [{http: {paths: [{path: /, pathType: Any, backend: {}}]}}]}",
            "[spec.rules[0].http.paths[0].pathType: Unsupported value: \"Any\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\", spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is required]",
        ),
        (
            "{defaultBackend: {service: {name: s, port: {name: a, number: 1}}}}",
            "spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number",
        ),
    ];
    for (spec, want) in rows {
        let got = answer(&mut cluster, &networking("Ingress", spec));
        assert_eq!(
            got,
            format!("Ingress.networking.k8s.io \"x\" is invalid: {want}")
        );
    }
}

#[test]
fn policies_are_refused_in_upstreams_words_and_filled_in() {
    let mut cluster = bare(0);
    let rows = [
        (
            "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0/8}}, {}]}]}",
            "[spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0/8\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64), spec.ingress[0].from[1]: Required value: must specify a peer]",
        ),
        (
            "{podSelector: {}, egress: [{ports: [{protocol: ICMP, port: 80, endPort: 70}], to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}, podSelector: {}}]}]}",
            "[spec.egress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"TCP\", \"UDP\", \"SCTP\", spec.egress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`, spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`, spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer]",
        ),
        (
            "{podSelector: {}, policyTypes: [Both]}",
            "spec.policyTypes[0]: Unsupported value: \"Both\": supported values: \"Ingress\", \"Egress\"",
        ),
    ];
    for (spec, want) in rows {
        let got = answer(&mut cluster, &networking("NetworkPolicy", spec));
        let want = format!("NetworkPolicy.networking.k8s.io \"x\" is invalid: {want}");
        assert_eq!(got, want);
    }
    let spec = "{podSelector: {}, egress: [{ports: [{port: 53}]}]}";
    let made = created(&mut cluster, &networking("NetworkPolicy", spec));
    assert_eq!(made["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(made["spec"]["egress"][0]["ports"][0]["protocol"], "TCP");
    let refused = answer(
        &mut cluster,
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: y}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]}}",
    );
    assert_eq!(
        refused,
        "NetworkPolicy.networking.k8s.io \"y\" is invalid: spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.1.2.3/8\": must not have bits set beyond the prefix length"
    );
}

#[test]
fn an_ingress_takes_the_default_class() {
    let mut cluster = bare(0);
    let refused = answer(
        &mut cluster,
        &networking("IngressClass", "{controller: nginx}"),
    );
    assert_eq!(
        refused,
        "IngressClass.networking.k8s.io \"x\" is invalid: spec.controller: Invalid value: \"nginx\": must be a domain-prefixed path (such as \"acme.io/foo\")"
    );
    created(
        &mut cluster,
        "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: own, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}, spec: {controller: a.b/c}}",
    );
    let spec = "{defaultBackend: {service: {name: s, port: {number: 80}}}}";
    let made = created(&mut cluster, &networking("Ingress", spec));
    assert_eq!(made["spec"]["ingressClassName"], "own");
    let warned = answer(
        &mut cluster,
        &format!(
            "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: y, annotations: {{kubernetes.io/ingress.class: z}}}}, spec: {spec}}}"
        ),
    );
    assert_eq!(
        warned,
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    );
}

#[test]
fn a_runtime_class_has_a_say_in_its_pods() {
    let mut cluster = bare(0);
    let pod = |spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, image: x}}], {spec}}}}}"
        )
    };
    assert_eq!(
        answer(&mut cluster, &pod("runtimeClassName: kata")),
        "pods \"p\" is forbidden: pod rejected: RuntimeClass \"kata\" not found"
    );
    created(
        &mut cluster,
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: kata}, handler: kata, overhead: {podFixed: {cpu: 250m}}, scheduling: {nodeSelector: {kata: 'yes'}}}",
    );
    assert_eq!(
        answer(
            &mut cluster,
            &pod("runtimeClassName: kata, nodeSelector: {kata: 'no'}")
        ),
        "pods \"p\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no"
    );
    let made = created(&mut cluster, &pod("runtimeClassName: kata"));
    assert_eq!(made["spec"]["overhead"], json!({"cpu": "250m"}));
    assert_eq!(made["spec"]["nodeSelector"], json!({"kata": "yes"}));
}
