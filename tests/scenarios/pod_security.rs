//! What a namespace lets pods ask of their node, as a user of the API meets it.

use kubarium::apiserver::request::STRATEGIC_MERGE_PATCH;
use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::Cluster;
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{bare, create, created, json_of};

const SAFE: &str = "/api/v1/namespaces/safe";

fn with_namespace(labels: &str) -> Cluster {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    created(
        &mut cluster,
        &format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: safe, labels: {labels}}}}}"),
    );
    cluster.run_for(secs(2));
    cluster
}

fn pod(name: &str, context: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: safe}}, spec: {{containers: \
         [{{name: c, image: nginx, securityContext: {context}}}]}}}}"
    )
}

fn message(response: Response) -> String {
    assert!(!response.is_success(), "should be refused");
    let status = json_of(response);
    status["message"].as_str().unwrap_or_default().to_owned()
}

fn patch(cluster: &mut Cluster, path: &str, change: Value) -> Response {
    let mut request = Request::new(Method::Patch, path).with_body(change);
    request.content_type = STRATEGIC_MERGE_PATCH;
    cluster.request(&request)
}

fn label(cluster: &mut Cluster, labels: Value) -> Response {
    patch(cluster, SAFE, json!({"metadata": {"labels": labels}}))
}

/// What a namespace allows pods to ask of their node is told in its labels.
#[test]
fn pods_beyond_the_level_of_the_namespace_are_refused() {
    let mut cluster = with_namespace(
        "{pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: baseline}",
    );
    assert_eq!(
        message(create(&mut cluster, &pod("a", "{}"))),
        "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    );
    let fine = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: safe}, spec: {securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: c, image: nginx, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}";
    created(&mut cluster, fine);
    let web = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: safe}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {hostNetwork: true, containers: [{name: c, image: nginx, securityContext: {privileged: true}}]}}}}";
    let response = create(&mut cluster, web);
    assert_eq!(
        response.warnings,
        [
            "would violate PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true), privileged (container \"c\" must not set securityContext.privileged=true)"
        ]
    );
    let bad = "{apiVersion: v1, kind: Namespace, metadata: {name: x, labels: {pod-security.kubernetes.io/enforce: strict}}}";
    assert_eq!(
        message(create(&mut cluster, bad)),
        "Namespace \"x\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted"
    );
}

/// Pods that are there stay; whoever changes the label is told of them.
#[test]
fn a_namespace_that_becomes_stricter_names_the_pods_that_would_not_be_let_in() {
    let mut cluster = with_namespace("{}");
    for name in ["b", "a", "c"] {
        created(&mut cluster, &pod(name, "{}"));
    }
    created(&mut cluster, &pod("root", "{privileged: true}"));
    let response = label(
        &mut cluster,
        json!({"pod-security.kubernetes.io/enforce": "restricted"}),
    );
    let plain = "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile";
    assert_eq!(
        response.warnings,
        [
            "existing pods in namespace \"safe\" violate the new PodSecurity enforce level \"restricted:latest\"".to_owned(),
            format!("a (and 2 other pods): {plain}"),
            format!("root: privileged, {plain}"),
        ]
    );
    let relaxed = label(
        &mut cluster,
        json!({"pod-security.kubernetes.io/enforce": "baseline"}),
    );
    assert!(relaxed.warnings.is_empty(), "{:?}", relaxed.warnings);
    let other_version = label(
        &mut cluster,
        json!({"pod-security.kubernetes.io/enforce-version": "v1.20"}),
    );
    assert_eq!(
        other_version.warnings,
        [
            "existing pods in namespace \"safe\" violate the new PodSecurity enforce level \"baseline:v1.20\"",
            "root: privileged",
        ]
    );
    let same = label(&mut cluster, json!({"team": "blue"}));
    assert!(same.warnings.is_empty(), "{:?}", same.warnings);
}

/// The version of the policy decides what its level means.
#[test]
fn a_namespace_may_stay_with_the_policies_of_an_older_version() {
    let mut cluster = with_namespace(
        "{pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/enforce-version: v1.18}",
    );
    assert_eq!(
        message(create(&mut cluster, &pod("a", "{}"))),
        "pods \"a\" is forbidden: violates PodSecurity \"restricted:v1.18\": allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)"
    );
    created(
        &mut cluster,
        &pod("a", "{allowPrivilegeEscalation: false, runAsNonRoot: true}"),
    );
}

/// A pod from before the level was enforced may be labelled, and gets no other program.
#[test]
fn a_running_pod_is_looked_at_again_when_its_programs_change() {
    let mut cluster = with_namespace("{}");
    created(&mut cluster, &pod("old", "{privileged: true}"));
    label(
        &mut cluster,
        json!({"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted"}),
    );
    let path = format!("{SAFE}/pods/old");
    let labelled = patch(
        &mut cluster,
        &path,
        json!({"metadata": {"labels": {"a": "b"}}}),
    );
    assert!(labelled.is_success());
    assert!(labelled.warnings.is_empty(), "{:?}", labelled.warnings);
    let image = json!({"spec": {"containers": [{"name": "c", "image": "nginx:2", "securityContext": {"privileged": true}}]}});
    assert!(message(patch(&mut cluster, &path, image)).starts_with(
        "pods \"old\" is forbidden: violates PodSecurity \"baseline:latest\": privileged"
    ));
    let debugger = json!({"spec": {"ephemeralContainers": [{"name": "d", "image": "busybox"}]}});
    assert!(
        message(patch(
            &mut cluster,
            &format!("{path}/ephemeralcontainers"),
            debugger.clone()
        ))
        .starts_with("pods \"old\" is forbidden: violates PodSecurity")
    );
    created(&mut cluster, &pod("new", "{}"));
    let path = format!("{SAFE}/pods/new/ephemeralcontainers");
    let response = patch(&mut cluster, &path, debugger);
    assert!(response.is_success(), "{:?}", response.body);
    let warning = response.warnings.join("\n");
    assert!(
        warning.starts_with("would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (containers \"c\", \"d\" must"),
        "{warning}"
    );
}

/// A label that was wrong before the rule was there does not keep a namespace from being changed.
#[test]
fn wrong_labels_are_refused_when_they_come() {
    let mut cluster = with_namespace("{}");
    for (value, words) in [
        (
            json!({"pod-security.kubernetes.io/warn": "some"}),
            "must be one of privileged, baseline, restricted",
        ),
        (
            json!({"pod-security.kubernetes.io/audit-version": "v1.08"}),
            "must be \"latest\" or \"v1.x\"",
        ),
        (
            json!({"pod-security.kubernetes.io/audit-version": "1.8"}),
            "must be \"latest\" or \"v1.x\"",
        ),
    ] {
        let message = message(label(&mut cluster, value));
        assert!(message.ends_with(words), "{message}");
    }
}
