use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use serde_json::{Value, json};

use super::*;

fn error<T: for<'de> serde::Deserialize<'de>>(value: Value) -> String {
    decode::<T>(&value, "v1")
        .err()
        .map(|e| e.message)
        .unwrap_or_default()
}

#[test]
fn wrong_types_are_named_as_go_names_them() {
    let template = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
    for (got, want) in [
        (
            error::<Deployment>(json!({"spec": {"replicas": "three"}})),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            error::<Deployment>(json!({"spec": {"replicas": 2.5}})),
            "json: cannot unmarshal number 2.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            error::<Deployment>(template(
                json!({"containers": [{"ports": [{"containerPort": "http"}]}]}),
            )),
            "json: cannot unmarshal string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32",
        ),
        (
            error::<Deployment>(json!({"spec": {"template": {"metadata": {"labels": ["app"]}}}})),
            "json: cannot unmarshal array into Go struct field ObjectMeta.spec.template.metadata.labels of type map[string]string",
        ),
        (
            error::<Deployment>(template(json!({"containers": "x"}))),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            error::<Pod>(json!({"spec": "hello"})),
            "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec",
        ),
        (
            error::<Pod>(json!({"metadata": {"annotations": {"v": true}}})),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.annotations of type string",
        ),
        (
            error::<ConfigMap>(json!({"data": {"a": {"b": "c"}}})),
            "json: cannot unmarshal object into Go struct field ConfigMap.data of type string",
        ),
        (
            error::<Secret>(json!({"data": {"a": "not base64!"}})),
            "illegal base64 data at input byte 3",
        ),
        (
            error::<Pod>(
                json!({"spec": {"containers": [{"resources": {"requests": {"memory": [1]}}}]}}),
            ),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            error::<Pod>(json!({"spec": []})),
            "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec",
        ),
        (
            error::<Deployment>(template(json!({"securityContext": [], "containers": []}))),
            "json: cannot unmarshal array into Go struct field PodSpec.spec.template.spec.securityContext of type v1.PodSecurityContext",
        ),
        (
            error::<Deployment>(
                json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": true}}}}),
            ),
            "json: cannot unmarshal bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32",
        ),
        (
            error::<Pod>(json!({"metadata": {"creationTimestamp": 5}})),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        // A type that reads itself ends decoding; others are told when it is over.
        (
            error::<Pod>(
                json!({"spec": {"containers": [{"image": 5, "ports": [{"containerPort": "x"}], "resources": {"limits": {"cpu": "abc"}}}]}}),
            ),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            error::<Pod>(json!({"spec": {"containers": [{"image": 5, "name": 6}]}})),
            "json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string",
        ),
    ] {
        assert_eq!(got, want);
    }
}

#[test]
fn unknown_fields_are_found_with_their_path() {
    let value = json!({"foo": 1, "spec": {"replica": 4, "template": {"spec": {"containers": [{"name": "c", "imagee": "x"}]}}}});
    let (_, unknown) = decode::<Deployment>(&value, "v1").expect("decodes");
    assert_eq!(
        unknown,
        [
            "foo",
            "spec.replica",
            "spec.template.spec.containers[0].imagee"
        ]
    );
}

#[test]
fn errors_know_their_place() {
    let value = json!({"spec": {"containers": [{"ports": [{"containerPort": "http"}]}]}});
    let error = decode::<Pod>(&value, "v1").expect_err("refused");
    assert_eq!(error.path, "spec.containers[0].ports[0].containerPort");
}

#[test]
fn empty_maps_and_lists_are_left_out_and_structs_kept() {
    let value = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "labels": {}, "finalizers": []},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "0.1", "memory": "1024Mi"}}}],
                 "volumes": [{"name": "v", "emptyDir": {}}]},
    });
    let (pod, _) = decode::<Pod>(&value, "v1").expect("decodes");
    assert_eq!(
        encode(&pod),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}}}],
                     "volumes": [{"name": "v", "emptyDir": {}}]},
        })
    );
}

#[test]
fn what_go_writes_although_it_is_zero_is_there() {
    let encoded = |value: Value| {
        let pod: Pod = decode(&value, "v1").expect("a pod").0;
        encode(&pod)
    };
    let pod = encoded(json!({
        "spec": {
            "containers": [{
                "name": "c",
                "env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}],
            }],
            "volumes": [{"name": "v", "projected": {}}],
        },
        "status": {
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "containerStatuses": [{
                "name": "c", "ready": false, "restartCount": 0, "image": "i", "imageID": "",
                "state": {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}},
            }],
        },
    }));
    assert_eq!(
        pod["status"],
        json!({
            "conditions": [{
                "type": "Ready", "status": "True",
                "lastProbeTime": null, "lastTransitionTime": "2026-01-01T00:00:00Z",
            }],
            "containerStatuses": [{
                "name": "c", "ready": false, "restartCount": 0, "image": "i", "imageID": "",
                "lastState": {},
                "state": {"terminated": {
                    "exitCode": 137, "reason": "ContainerStatusUnknown",
                    "startedAt": null, "finishedAt": null,
                }},
            }],
        })
    );
    assert_eq!(
        pod["spec"]["containers"][0]["env"][0]["valueFrom"],
        json!({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}})
    );
    assert_eq!(
        pod["spec"]["volumes"][0]["projected"],
        json!({"sources": null})
    );
    // And it is read back as nothing.
    assert_eq!(encoded(pod.clone()), pod);
}
