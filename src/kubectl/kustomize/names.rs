//! References to objects whose names changed, and the order of the output.
//! Models `api/internal/konfig/builtinpluginconsts/namereference.go` and `SortOrderTransformer`.

use serde_json::Value;

use super::Resource;
use crate::kubectl::json::{name, text};

/// Where pods are described inside of objects.
const POD_SPECS: [&str; 4] = [
    "spec",
    "spec/template/spec",
    "spec/jobTemplate/spec/template/spec",
    "template/spec",
];

/// What a field below the description of a pod refers to.
const IN_PODS: [(&str, &str); 20] = [
    ("volumes/configMap/name", "ConfigMap"),
    ("volumes/projected/sources/configMap/name", "ConfigMap"),
    ("volumes/secret/secretName", "Secret"),
    ("volumes/projected/sources/secret/name", "Secret"),
    (
        "volumes/persistentVolumeClaim/claimName",
        "PersistentVolumeClaim",
    ),
    ("containers/envFrom/configMapRef/name", "ConfigMap"),
    ("containers/env/valueFrom/configMapKeyRef/name", "ConfigMap"),
    ("containers/envFrom/secretRef/name", "Secret"),
    ("containers/env/valueFrom/secretKeyRef/name", "Secret"),
    ("initContainers/envFrom/configMapRef/name", "ConfigMap"),
    (
        "initContainers/env/valueFrom/configMapKeyRef/name",
        "ConfigMap",
    ),
    ("initContainers/envFrom/secretRef/name", "Secret"),
    ("initContainers/env/valueFrom/secretKeyRef/name", "Secret"),
    ("imagePullSecrets/name", "Secret"),
    ("serviceAccountName", "ServiceAccount"),
    ("serviceAccount", "ServiceAccount"),
    ("priorityClassName", "PriorityClass"),
    ("runtimeClassName", "RuntimeClass"),
    ("volumes/cephfs/secretRef/name", "Secret"),
    ("volumes/csi/nodePublishSecretRef/name", "Secret"),
];

/// What other fields refer to: the kind they stand in, where, and to what.
const ELSEWHERE: [(&str, &str, &str); 15] = [
    ("ServiceAccount", "secrets/name", "Secret"),
    ("ServiceAccount", "imagePullSecrets/name", "Secret"),
    ("Ingress", "spec/tls/secretName", "Secret"),
    ("Ingress", "spec/ingressClassName", "IngressClass"),
    ("Ingress", "spec/defaultBackend/service/name", "Service"),
    (
        "Ingress",
        "spec/rules/http/paths/backend/service/name",
        "Service",
    ),
    ("StatefulSet", "spec/serviceName", "Service"),
    (
        "PersistentVolumeClaim",
        "spec/volumeName",
        "PersistentVolume",
    ),
    (
        "PersistentVolumeClaim",
        "spec/storageClassName",
        "StorageClass",
    ),
    ("PersistentVolume", "spec/storageClassName", "StorageClass"),
    (
        "StatefulSet",
        "spec/volumeClaimTemplates/spec/storageClassName",
        "StorageClass",
    ),
    (
        "PersistentVolume",
        "spec/claimRef/name",
        "PersistentVolumeClaim",
    ),
    ("Traffic", "spec/service", "Service"),
    ("Traffic", "spec/to/service", "Service"),
    ("Traffic", "spec/target/service", "Service"),
];

/// An object that may be meant.
struct Candidate {
    kind: String,
    names: Vec<String>,
    now: String,
    namespace: String,
    layers: Vec<usize>,
}

pub fn fix_references(resources: &mut [Resource]) {
    let candidates: Vec<Candidate> = resources
        .iter()
        .filter(|r| r.names.iter().any(|n| n != name(&r.object)))
        .map(|r| Candidate {
            kind: r.kind().to_owned(),
            names: r.names.clone(),
            now: name(&r.object).to_owned(),
            namespace: text(&r.object, "metadata.namespace").to_owned(),
            layers: r.layers.clone(),
        })
        .collect();
    if candidates.is_empty() {
        return;
    }
    for resource in resources {
        let kind = resource.kind().to_owned();
        let namespace = text(&resource.object, "metadata.namespace").to_owned();
        let layers = resource.layers.clone();
        let best = |wanted: &str, old: &str, place: &str| -> Option<String> {
            let mut fit: Vec<&Candidate> = candidates
                .iter()
                .filter(|c| c.kind == wanted && c.names.iter().any(|n| n == old))
                .filter(|c| c.namespace.is_empty() || place.is_empty() || c.namespace == place)
                .collect();
            // Of several, the one that came the same way.
            fit.sort_by_key(|c| {
                let shared = c.layers.iter().zip(&layers).take_while(|(a, b)| a == b);
                std::cmp::Reverse(shared.count())
            });
            fit.first().map(|c| c.now.clone())
        };
        for root in POD_SPECS {
            for (path, wanted) in IN_PODS {
                rename(
                    &mut resource.object,
                    &format!("{root}/{path}"),
                    &mut |old| best(wanted, old, &namespace),
                );
            }
        }
        for (own, path, wanted) in ELSEWHERE {
            if own == kind {
                rename(&mut resource.object, path, &mut |old| {
                    best(wanted, old, &namespace)
                });
            }
        }
        match kind.as_str() {
            "HorizontalPodAutoscaler" => {
                let wanted = text(&resource.object, "spec.scaleTargetRef.kind").to_owned();
                rename(
                    &mut resource.object,
                    "spec/scaleTargetRef/name",
                    &mut |old| best(&wanted, old, &namespace),
                );
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                let wanted = text(&resource.object, "roleRef.kind").to_owned();
                rename(&mut resource.object, "roleRef/name", &mut |old| {
                    let place = if wanted == "Role" {
                        namespace.as_str()
                    } else {
                        ""
                    };
                    best(&wanted, old, place)
                });
                for subject in resource.object["subjects"]
                    .as_array_mut()
                    .into_iter()
                    .flatten()
                {
                    if text(subject, "kind") != "ServiceAccount" {
                        continue;
                    }
                    let place = text(subject, "namespace").to_owned();
                    if let Some(new) = best("ServiceAccount", name_of(subject), &place) {
                        subject["name"] = new.into();
                    }
                }
            }
            "ClusterRole" | "Role" => {
                for rule in resource.object["rules"]
                    .as_array_mut()
                    .into_iter()
                    .flatten()
                {
                    let resources: Vec<String> = rule["resources"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|r| r.as_str().map(str::to_owned))
                        .collect();
                    let wanted = match resources.first().map(String::as_str) {
                        Some("configmaps") => "ConfigMap",
                        Some("secrets") => "Secret",
                        _ => continue,
                    };
                    for entry in rule["resourceNames"].as_array_mut().into_iter().flatten() {
                        let old = entry.as_str().unwrap_or_default().to_owned();
                        if let Some(new) = best(wanted, &old, &namespace) {
                            *entry = new.into();
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

fn name_of(subject: &Value) -> &str {
    subject["name"].as_str().unwrap_or_default()
}

/// Changes the texts at the end of a path, in every element of the lists on the way.
fn rename(value: &mut Value, path: &str, change: &mut dyn FnMut(&str) -> Option<String>) {
    let (first, rest) = match path.split_once('/') {
        Some((first, rest)) => (first, rest),
        None => (path, ""),
    };
    let Some(inner) = value.as_object_mut().and_then(|map| map.get_mut(first)) else {
        return;
    };
    match (inner, rest) {
        (Value::String(text), "") => {
            if let Some(new) = change(text) {
                *text = new;
            }
        }
        (Value::Array(items), rest) if !rest.is_empty() => {
            items.iter_mut().for_each(|item| rename(item, rest, change));
        }
        (inner, rest) if !rest.is_empty() => rename(inner, rest, change),
        _ => {}
    }
}

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Where an object stands among others.
pub fn order(object: &Value) -> (usize, String) {
    let kind = text(object, "kind");
    let place = FIRST.iter().position(|k| *k == kind).unwrap_or_else(|| {
        let last = LAST.iter().position(|k| *k == kind);
        last.map_or(FIRST.len(), |at| FIRST.len() + 1 + at)
    });
    let version = text(object, "apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("~G", version));
    let namespace = match text(object, "metadata.namespace") {
        "" => "~X",
        namespace => namespace,
    };
    (
        place,
        format!("{group}_{version}_{kind}|{namespace}|{}", name(object)),
    )
}
