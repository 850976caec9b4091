//! Which secrets and config maps a pod or a volume refers to: what a kubelet has to read for it.
//!
//! The references stand in some twenty places of the two types, always under the same few keys; so they are
//! looked for in the JSON. Only those who act as a node through the API are asked about them.

use k8s_openapi::api::core::v1::{PersistentVolumeSpec, PodSpec};
use serde_json::Value;

use crate::api::codec;

/// What is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Referred {
    Secret,
    ConfigMap,
}

/// References of a volume that kubelets need not follow.
const FOR_CONTROLLERS: [&str; 2] = ["controllerPublishSecretRef", "controllerExpandSecretRef"];

/// Names that a pod refers to (`pkg/api/v1/pod/util.go` VisitPodSecretNames, VisitPodConfigmapNames).
pub(super) fn of_pod(spec: &PodSpec, what: Referred) -> Vec<String> {
    let mut names = Vec::new();
    visit(&codec::encode(spec), what, &mut |name, _| {
        names.push(name.to_owned());
    });
    names
}

/// Namespace and name of the secrets that a kubelet needs to mount a volume; without a namespace it is that of the
/// claim (`pkg/api/v1/persistentvolume/util.go` VisitPVSecretNames).
pub(super) fn of_volume(spec: &PersistentVolumeSpec) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    visit(
        &codec::encode(spec),
        Referred::Secret,
        &mut |name, namespace| {
            found.push((namespace.map(str::to_owned), name.to_owned()));
        },
    );
    found
}

fn visit(value: &Value, what: Referred, found: &mut dyn FnMut(&str, Option<&str>)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit(item, what, found)),
        Value::Object(members) => {
            for (key, member) in members {
                refers(key, members, what, found);
                if !FOR_CONTROLLERS.contains(&key.as_str()) {
                    visit(member, what, found);
                }
            }
        }
        _ => {}
    }
}

/// Reports what the member `key` refers to.
fn refers(
    key: &str,
    members: &serde_json::Map<String, Value>,
    what: Referred,
    found: &mut dyn FnMut(&str, Option<&str>),
) {
    let mut report = |name: &Value, namespace: &Value| {
        if let Some(name) = name.as_str().filter(|name| !name.is_empty()) {
            found(name, namespace.as_str().filter(|n| !n.is_empty()));
        }
    };
    let member = &members[key];
    match (what, key) {
        (Referred::ConfigMap, "configMap" | "configMapRef" | "configMapKeyRef") => {
            report(&member["name"], &Value::Null);
        }
        (Referred::Secret, "secretName") => {
            let namespace = members.get("secretNamespace").unwrap_or(&Value::Null);
            report(member, namespace);
        }
        (Referred::Secret, "imagePullSecrets") => {
            for item in member.as_array().into_iter().flatten() {
                report(&item["name"], &Value::Null);
            }
        }
        (Referred::Secret, key) if FOR_CONTROLLERS.contains(&key) => {}
        (Referred::Secret, key)
            if matches!(key, "secret" | "secretRef" | "secretKeyRef")
                || key.ends_with("SecretRef") =>
        {
            report(&member["name"], &member["namespace"]);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_found_wherever_a_pod_may_name_them() {
        let spec = json!({
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "from"}}, {"configMapRef": {"name": "map"}}]}],
            "containers": [{"name": "c", "env": [
                {"name": "A", "value": "secretName"},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}},
                {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "map-key", "key": "k"}}}]}],
            "ephemeralContainers": [{"name": "e", "envFrom": [{"secretRef": {"name": "debug"}}]}],
            "volumes": [
                {"name": "a", "secret": {"secretName": "volume"}},
                {"name": "b", "projected": {"sources": [{"secret": {"name": "part"}}, {"configMap": {"name": "map-part"}}]}},
                {"name": "c", "azureFile": {"shareName": "s", "secretName": "azure"}},
                {"name": "d", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "publish"}}},
                {"name": "e", "configMap": {"name": "map-volume"}},
                {"name": "f", "persistentVolumeClaim": {"claimName": "claim"}}],
        });
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        let sorted = |what| {
            let mut names = of_pod(&spec, what);
            names.sort_unstable();
            names.join(" ")
        };
        assert_eq!(
            sorted(Referred::Secret),
            "azure debug from key part publish pull volume"
        );
        assert_eq!(
            sorted(Referred::ConfigMap),
            "map map-key map-part map-volume"
        );
    }

    #[test]
    fn a_volume_shows_kubelets_what_they_mount_with() {
        let spec = json!({"csi": {
            "driver": "d", "volumeHandle": "h",
            "controllerPublishSecretRef": {"name": "not", "namespace": "x"},
            "nodeStageSecretRef": {"name": "stage", "namespace": "x"},
        }});
        let spec: PersistentVolumeSpec = serde_json::from_value(spec).unwrap();
        assert_eq!(
            of_volume(&spec),
            [(Some("x".to_owned()), "stage".to_owned())]
        );
    }
}
