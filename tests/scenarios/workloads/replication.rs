//! ReplicationControllers and PodTemplates.

use kubarium::apiserver::{Method, Request};
use kubarium::sim::secs;
use serde_json::json;

use super::{name, pods, text};
use crate::common::{bare, create, created, get, json_of};
use crate::controllers::{PODS, delete, events, list};

const RCS: &str = "/api/v1/namespaces/default/replicationcontrollers";

const RC: &str = "{apiVersion: v1, kind: ReplicationController, metadata: {name: old}, spec: {replicas: 2, \
    template: {metadata: {labels: {app: old}}, spec: {containers: [{name: c, image: nginx}]}}}}";

#[test]
fn there_are_as_many_pods_as_asked_for() {
    let mut cluster = bare(2);
    let rc = created(&mut cluster, RC);
    assert_eq!(rc["spec"]["selector"], json!({"app": "old"}));
    assert_eq!(rc["metadata"]["labels"], json!({"app": "old"}));
    cluster.run_for(secs(2));
    let there = pods(&mut cluster);
    assert_eq!(there.len(), 2);
    assert!(there.iter().all(|p| p.starts_with("old-")));
    let owner = list(&mut cluster, PODS)[0]["metadata"]["ownerReferences"][0].clone();
    assert_eq!(
        (&owner["apiVersion"], &owner["kind"]),
        (&json!("v1"), &json!("ReplicationController"))
    );
    delete(&mut cluster, &format!("{PODS}/{}", there[0]));
    cluster.run_for(secs(2));
    assert_eq!(pods(&mut cluster).len(), 2);
    let status = get(&mut cluster, &format!("{RCS}/old"))["status"].clone();
    for field in [
        "replicas",
        "readyReplicas",
        "availableReplicas",
        "fullyLabeledReplicas",
    ] {
        assert_eq!(status[field], 2, "{field}");
    }
    let path = format!("{RCS}/old/scale");
    let put = Request::new(Method::Put, path)
        .with_body(json!({"metadata": {"name": "old"}, "spec": {"replicas": 1}}));
    let scaled = json_of(cluster.request(&put));
    assert_eq!(scaled["status"]["selector"], "app=old");
    cluster.run_for(secs(2));
    let left = pods(&mut cluster);
    assert_eq!(left.len(), 1);
    let told = events(&mut cluster, "ReplicationController");
    assert!(
        told.iter()
            .any(|e| e.starts_with("SuccessfulDelete Deleted pod: old-"))
    );
}

/// A pod that nobody owns is taken, and let go when its labels change.
#[test]
fn pods_are_adopted() {
    let mut cluster = bare(2);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: lone, labels: {app: old}}, \
          spec: {containers: [{name: c, image: nginx}]}}",
    );
    created(&mut cluster, RC);
    cluster.run_for(secs(2));
    let all = list(&mut cluster, PODS);
    assert_eq!(all.len(), 2);
    let lone = all.iter().find(|p| name(p) == "lone").expect("the pod");
    assert_eq!(text(lone, "/metadata/ownerReferences/0/name"), "old");
}

#[test]
fn what_is_wrong_is_told() {
    let mut cluster = bare(1);
    for (spec, words) in [
        (
            "{replicas: -1, selector: {a: b}}",
            "[spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.template: Required value]",
        ),
        (
            "{template: {spec: {containers: [{name: c, image: nginx}]}}}",
            "spec.selector: Required value",
        ),
        (
            "{selector: {a: b}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: c, image: nginx}]}}}",
            "spec.template.metadata.labels: Invalid value: {\"a\":\"c\"}: `selector` does not match template `labels`",
        ),
    ] {
        let yaml = format!(
            "{{apiVersion: v1, kind: ReplicationController, metadata: {{name: x}}, spec: {spec}}}"
        );
        let body = json_of(create(&mut cluster, &yaml));
        let told = text(&body, "/message");
        assert_eq!(
            told,
            format!("ReplicationController \"x\" is invalid: {words}"),
            "{spec}"
        );
    }
    let template = created(
        &mut cluster,
        "{apiVersion: v1, kind: PodTemplate, metadata: {name: t}, template: \
          {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: nginx}]}}}",
    );
    assert_eq!(template["template"]["spec"]["restartPolicy"], "Always");
    assert_eq!(template["metadata"]["generation"], 1);
}
