//! What a client is told about a pod that is allowed, but hardly meant.
//!
//! Models `k8s.io/kubernetes/pkg/api/pod/warnings.go`.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::field::{Path, quote};
use crate::api::names::is_dns1123_label;
use crate::api::quantity::QuantityExt;
use crate::sim::ordered::Map as BTreeMap;

/// Labels of nodes that have got other names.
pub(in crate::api::kinds) const OLD_NODE_LABELS: &[(&str, &str, &str)] = &[
    ("beta.kubernetes.io/arch", "v1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "v1.14", "kubernetes.io/os"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "v1.17",
        "topology.kubernetes.io/region",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "v1.17",
        "topology.kubernetes.io/zone",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "v1.17",
        "node.kubernetes.io/instance-type",
    ),
];

/// A pod's name is its hostname.
pub(super) fn of_name(meta: &ObjectMeta) -> Vec<String> {
    name_warning(
        meta,
        "this is used in the Pod's hostname, which can result in surprising behavior",
    )
}

/// The name of something that makes pods becomes part of theirs.
pub(in crate::api::kinds) fn of_owner_name(meta: &ObjectMeta) -> Vec<String> {
    name_warning(
        meta,
        "this is used in Pod names and hostnames, which can result in surprising behavior",
    )
}

fn name_warning(meta: &ObjectMeta, why: &str) -> Vec<String> {
    let name = meta.name.as_deref().unwrap_or_default();
    let messages = is_dns1123_label(name);
    if messages.is_empty() {
        return Vec::new();
    }
    let list = messages.join(" ");
    vec![format!(
        "metadata.name: {why}; a DNS label is recommended: [{list}]"
    )]
}

pub(in crate::api::kinds) fn of_spec(
    spec: Option<&PodSpec>,
    path: &Path<'_>,
    warnings: &mut Vec<String>,
) {
    let Some(spec) = spec else { return };
    for (old, since, new) in OLD_NODE_LABELS {
        let selected = spec.node_selector.as_ref();
        if selected.is_some_and(|s| s.contains_key(*old)) {
            let path = path.child("nodeSelector");
            warnings.push(format!(
                "{}: deprecated since {since}; use {} instead",
                path.key(old),
                quote(new)
            ));
        }
    }
    for (i, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        if secret.name.is_empty() {
            let path = path.child("imagePullSecrets");
            let path = path.index(i);
            warnings.push(format!("{}: invalid empty name \"\"", path.child("name")));
        }
    }
    let init = spec.init_containers.as_deref().unwrap_or_default();
    for (field, list) in [
        ("initContainers", init),
        ("containers", &spec.containers[..]),
    ] {
        let path = path.child(field);
        for (i, container) in list.iter().enumerate() {
            of_container(container, &path.index(i), warnings);
        }
    }
}

/// Warns of a label of nodes that has got another name.
pub(in crate::api::kinds) fn old_node_label(key: &str, path: &str) -> Option<String> {
    let (old, since, new) = OLD_NODE_LABELS.iter().find(|(old, ..)| *old == key)?;
    Some(format!(
        "{path}: {old} is deprecated since {since}; use {} instead",
        quote(new)
    ))
}

fn of_container(container: &Container, path: &Path<'_>, warnings: &mut Vec<String>) {
    if let Some(resources) = &container.resources {
        for (field, list) in [
            ("limits", &resources.limits),
            ("requests", &resources.requests),
        ] {
            let path = path.child("resources");
            let path = path.child(field);
            for (name, quantity) in list.iter().flatten() {
                let whole = quantity.amount().is_integer();
                if matches!(name.as_str(), "memory" | "ephemeral-storage") && !whole {
                    warnings.push(format!(
                        "{}: fractional byte value {} is invalid, must be an integer",
                        path.key(name),
                        quote(&quantity.0)
                    ));
                }
            }
        }
    }
    let ports_path = path.child("ports");
    let mut ports = BTreeMap::new();
    for (i, port) in container.ports.iter().flatten().enumerate() {
        let key = (
            port.container_port,
            port.protocol.as_deref(),
            port.host_port,
        );
        match ports.get(&key) {
            Some(first) => warnings.push(format!(
                "{}: duplicate port definition with {}",
                ports_path.index(i),
                ports_path.index(*first)
            )),
            None => {
                ports.insert(key, i);
            }
        }
    }
    let env_path = path.child("env");
    let vars = container.env.as_deref().unwrap_or_default();
    for (i, var) in vars.iter().enumerate() {
        let earlier = vars.iter().take(i);
        if earlier.into_iter().any(|v| v.name == var.name) {
            let value = var.value.as_deref().unwrap_or_default();
            let refers = value.contains(&format!("$({})", var.name));
            if !refers {
                warnings.push(format!(
                    "{}: hides previous definition of {}, which may be dropped when using apply",
                    env_path.index(i),
                    quote(&var.name)
                ));
            }
        }
    }
}
