//! What a kustomization changes in every object: namespace, names, labels, annotations, images,
//! replicas. Models the transformers of `api/internal/builtins`, in their order.

use serde_json::{Map, Value};

use super::{Resource, Result};
use crate::api::Kind;
use crate::kubectl::json::{list, name, place, text};

pub fn run(kustomization: &Value, resources: &mut [Resource]) -> Result<()> {
    set_namespace(text(kustomization, "namespace"), resources);
    rename(
        text(kustomization, "namePrefix"),
        text(kustomization, "nameSuffix"),
        resources,
    );
    for entry in list(kustomization, "labels") {
        let Some(pairs) = entry["pairs"].as_object() else {
            continue;
        };
        let selectors = entry["includeSelectors"] == true;
        let templates = selectors || entry["includeTemplates"] == true;
        for resource in resources.iter_mut() {
            label(&mut resource.object, pairs, selectors, templates);
        }
    }
    if let Some(pairs) = kustomization["commonLabels"].as_object() {
        for resource in resources.iter_mut() {
            label(&mut resource.object, pairs, true, true);
        }
    }
    if let Some(pairs) = kustomization["commonAnnotations"].as_object() {
        for resource in resources.iter_mut() {
            merge(
                place(&mut resource.object, &["metadata", "annotations"]),
                pairs,
            );
            for template in TEMPLATES {
                if has(&resource.object, template) {
                    let path: Vec<&str> = [*template, &["metadata", "annotations"]].concat();
                    merge(place(&mut resource.object, &path), pairs);
                }
            }
        }
    }
    for entry in list(kustomization, "replicas") {
        set_replicas(entry, resources)?;
    }
    for entry in list(kustomization, "images") {
        for resource in resources.iter_mut() {
            set_images(entry, &mut resource.object, 0);
        }
    }
    Ok(())
}

/// Where templates of pods stand.
const TEMPLATES: &[&[&str]] = &[
    &["spec", "template"],
    &["spec", "jobTemplate"],
    &["spec", "jobTemplate", "spec", "template"],
];

fn has(object: &Value, path: &[&str]) -> bool {
    let found = path.iter().fold(object, |value, name| &value[*name]);
    found.is_object()
}

fn merge(target: &mut Value, pairs: &Map<String, Value>) {
    match target.as_object_mut() {
        Some(map) => map.extend(pairs.clone()),
        None => *target = Value::Object(pairs.clone()),
    }
}

/// Kinds that belong to no namespace, as far as they are known.
fn is_namespaced(object: &Value) -> bool {
    match Kind::by_gvk(text(object, "apiVersion"), text(object, "kind")) {
        Some(kind) => kind.info().namespaced,
        None => !matches!(
            text(object, "kind"),
            "APIService"
                | "CertificateSigningRequest"
                | "CSIDriver"
                | "MutatingWebhookConfiguration"
                | "ValidatingWebhookConfiguration"
                | "VolumeAttachment"
        ),
    }
}

fn set_namespace(namespace: &str, resources: &mut [Resource]) {
    if namespace.is_empty() {
        return;
    }
    for resource in resources {
        let object = &mut resource.object;
        if resource.names.is_empty() {
            continue;
        }
        match text(object, "kind") {
            "Namespace" => {
                resource.names.push(name(object).to_owned());
                object["metadata"]["name"] = namespace.into();
                continue;
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                for subject in object["subjects"].as_array_mut().into_iter().flatten() {
                    if text(subject, "kind") == "ServiceAccount" {
                        subject["namespace"] = namespace.into();
                    }
                }
            }
            _ => {}
        }
        if is_namespaced(object) {
            object["metadata"]["namespace"] = namespace.into();
        }
    }
}

fn rename(prefix: &str, suffix: &str, resources: &mut [Resource]) {
    if prefix.is_empty() && suffix.is_empty() {
        return;
    }
    for resource in resources {
        if matches!(
            resource.kind(),
            "Namespace" | "CustomResourceDefinition" | "APIService"
        ) {
            continue;
        }
        let old = name(&resource.object).to_owned();
        resource.object["metadata"]["name"] = format!("{prefix}{old}{suffix}").into();
        resource.names.push(old);
    }
}

fn label(object: &mut Value, pairs: &Map<String, Value>, selectors: bool, templates: bool) {
    merge(place(object, &["metadata", "labels"]), pairs);
    let kind = text(object, "kind").to_owned();
    if templates {
        for template in TEMPLATES {
            if has(object, template) {
                let path: Vec<&str> = [*template, &["metadata", "labels"]].concat();
                merge(place(object, &path), pairs);
            }
        }
        if kind == "StatefulSet" {
            for claim in object["spec"]["volumeClaimTemplates"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                merge(place(claim, &["metadata", "labels"]), pairs);
            }
        }
    }
    if !selectors {
        return;
    }
    match kind.as_str() {
        "Service" | "ReplicationController" => {
            merge(place(object, &["spec", "selector"]), pairs);
        }
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" => {
            merge(place(object, &["spec", "selector", "matchLabels"]), pairs);
        }
        "PodDisruptionBudget" | "Job" if has(object, &["spec", "selector", "matchLabels"]) => {
            merge(place(object, &["spec", "selector", "matchLabels"]), pairs);
        }
        "NetworkPolicy" if has(object, &["spec", "podSelector", "matchLabels"]) => {
            merge(
                place(object, &["spec", "podSelector", "matchLabels"]),
                pairs,
            );
        }
        _ => {}
    }
}

fn set_replicas(entry: &Value, resources: &mut [Resource]) -> Result<()> {
    let wanted = text(entry, "name");
    let mut found = false;
    for resource in resources {
        let scales = matches!(
            resource.kind(),
            "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet"
        );
        if scales && resource.is_called(wanted) {
            resource.object["spec"]["replicas"] = entry["count"].clone();
            found = true;
        }
    }
    match found {
        true => Ok(()),
        false => Err(format!(
            "resource with name {wanted} does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]"
        )),
    }
}

/// Objects are bounded in depth by their parser.
fn set_images(entry: &Value, value: &mut Value, depth: usize) {
    if depth > 120 {
        return;
    }
    match value {
        Value::Array(items) => {
            for item in items {
                set_images(entry, item, depth + 1);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                if matches!(key.as_str(), "containers" | "initContainers") {
                    for container in inner.as_array_mut().into_iter().flatten() {
                        let old = container["image"].as_str().unwrap_or_default().to_owned();
                        if let Some(new) = image(&old, entry) {
                            container["image"] = new.into();
                        }
                    }
                }
                set_images(entry, inner, depth + 1);
            }
        }
        _ => {}
    }
}

/// What an image becomes, if it is meant.
fn image(old: &str, entry: &Value) -> Option<String> {
    let (rest, digest) = match old.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (old, None),
    };
    let (own, tag) = match rest.rsplit_once(':') {
        // A colon before a slash parts host and port.
        Some((own, tag)) if !tag.contains('/') => (own, Some(tag)),
        _ => (rest, None),
    };
    if own != text(entry, "name") {
        return None;
    }
    let new = match text(entry, "newName") {
        "" => own,
        new => new,
    };
    let (wanted, fixed) = (text(entry, "newTag"), text(entry, "digest"));
    let wanted = match &entry["newTag"] {
        Value::Number(number) => number.to_string(),
        _ => wanted.to_owned(),
    };
    let suffix = text(entry, "tagSuffix");
    Some(if !fixed.is_empty() {
        format!("{new}@{fixed}")
    } else if !wanted.is_empty() {
        format!("{new}:{wanted}")
    } else if let Some(digest) = digest {
        match tag {
            Some(tag) => format!("{new}:{tag}@{digest}"),
            None => format!("{new}@{digest}"),
        }
    } else {
        match tag {
            Some(tag) => format!("{new}:{tag}{suffix}"),
            None => new.to_owned(),
        }
    })
}
