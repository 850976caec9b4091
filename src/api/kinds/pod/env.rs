//! The rules of environment variables, and of references to fields and resources of the pod.

use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector,
};

use super::volumes::not_reserved;
use crate::api::field::{Errors, Path};
use crate::api::names::{
    is_config_map_key, is_dns1123_label, is_dns1123_subdomain, is_qualified_name,
    is_relaxed_env_var_name,
};
use crate::api::quantity::QuantityExt;

/// The fields of a pod that a variable can hold.
const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The fields of a pod that a file can hold.
pub(super) const FILE_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

/// The fields that have a name at all, as labels of the downward API.
const DOWNWARD_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

pub(super) fn vars(vars: &[EnvVar], path: &Path<'_>, errors: &mut Errors) {
    for (i, var) in vars.iter().enumerate() {
        let path = path.index(i);
        if var.name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            let messages = is_relaxed_env_var_name(&var.name);
            errors.invalid_each(&path.child("name"), &var.name, messages);
        }
        if let Some(source) = &var.value_from {
            let has_value = var.value.as_deref().is_some_and(|v| !v.is_empty());
            value_from(source, has_value, &path.child("valueFrom"), errors);
        }
    }
}

fn value_from(source: &EnvVarSource, has_value: bool, path: &Path<'_>, errors: &mut Errors) {
    let mut sources = 0;
    if let Some(field) = &source.field_ref {
        sources += 1;
        field_ref(field, ENV_FIELDS, &path.child("fieldRef"), errors);
    }
    if let Some(field) = &source.resource_field_ref {
        sources += 1;
        resource_ref(field, false, &path.child("resourceFieldRef"), errors);
    }
    if let Some(key) = &source.config_map_key_ref {
        sources += 1;
        key_ref(&key.name, &key.key, &path.child("configMapKeyRef"), errors);
    }
    if let Some(key) = &source.secret_key_ref {
        sources += 1;
        key_ref(&key.name, &key.key, &path.child("secretKeyRef"), errors);
    }
    if let Some(key) = &source.file_key_ref {
        sources += 1;
        let path = path.child("fileKeyRef");
        if key.volume_name.is_empty() {
            errors.required(&path.child("volumeName"), "");
        } else {
            let messages = is_dns1123_label(&key.volume_name);
            errors.invalid_each(&path.child("volumeName"), &key.volume_name, messages);
        }
        if key.path.is_empty() {
            errors.required(&path.child("path"), "");
        } else {
            not_reserved(&key.path, &path.child("path"), errors);
        }
        if key.key.is_empty() {
            errors.required(&path.child("key"), "");
        } else {
            let messages = is_relaxed_env_var_name(&key.key);
            errors.invalid_each(&path.child("key"), &key.key, messages);
        }
    }
    if sources == 0 {
        errors.invalid(
            path,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        );
    } else if has_value {
        errors.invalid(path, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        let detail = "may not have more than one field specified at a time";
        errors.invalid(path, "", detail);
    }
}

fn key_ref(name: &str, key: &str, path: &Path<'_>, errors: &mut Errors) {
    errors.invalid_each(&path.child("name"), name, is_dns1123_subdomain(name));
    if key.is_empty() {
        errors.required(&path.child("key"), "");
    } else {
        errors.invalid_each(&path.child("key"), key, is_config_map_key(key));
    }
}

pub(super) fn field_ref(
    field: &ObjectFieldSelector,
    allowed: &[&str],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let version = field.api_version.as_deref().unwrap_or_default();
    if version.is_empty() {
        errors.required(&path.child("apiVersion"), "");
        return;
    }
    if field.field_path.is_empty() {
        errors.required(&path.child("fieldPath"), "");
        return;
    }
    let (name, key) = match subscript(&field.field_path) {
        Some((name, key)) => (name, Some(key)),
        None => (field.field_path.as_str(), None),
    };
    let with_keys = matches!(name, "metadata.annotations" | "metadata.labels");
    let unknown = if version != "v1" {
        Some(format!("unsupported pod version: {version}"))
    } else if key.is_some() && !with_keys {
        let text = &field.field_path;
        Some(format!("field label does not support subscript: {text}"))
    } else if key.is_none() && !DOWNWARD_FIELDS.contains(&name) {
        Some(format!("field label not supported: {name}"))
    } else {
        None
    };
    if let Some(reason) = unknown {
        errors.invalid(
            &path.child("fieldPath"),
            &field.field_path,
            format!("error converting fieldPath: {reason}"),
        );
        return;
    }
    match key {
        Some(key) if name == "metadata.annotations" => {
            errors.invalid_each(path, key, is_qualified_name(&key.to_lowercase()));
        }
        Some(key) => errors.invalid_each(path, key, is_qualified_name(key)),
        None if allowed.contains(&name) => {}
        None => errors.not_supported(&path.child("fieldPath"), name, allowed),
    }
}

/// `metadata.labels['app']` as its two parts.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_suffix("']")?;
    let (name, key) = rest.split_once("['")?;
    (!name.is_empty()).then_some((name, key))
}

pub(super) fn resource_ref(
    field: &ResourceFieldSelector,
    of_volume: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let container = field.container_name.as_deref().unwrap_or_default();
    let huge = |prefix: &str| field.resource.starts_with(prefix);
    let huge = huge("limits.hugepages-") || huge("requests.hugepages-");
    let known = huge || RESOURCES.contains(&field.resource.as_str());
    if of_volume && container.is_empty() {
        errors.required(&path.child("containerName"), "");
    } else if field.resource.is_empty() {
        errors.required(&path.child("resource"), "");
    } else if !known {
        errors.not_supported(&path.child("resource"), &field.resource, RESOURCES);
    }
    if !known {
        return;
    }
    let Some(divisor) = &field.divisor else {
        return;
    };
    if divisor.amount().is_zero() {
        return;
    }
    let resource = field.resource.split('.').nth(1).unwrap_or_default();
    let (allowed, words): (&[&str], &str) = match resource {
        "cpu" => (&["1m", "1"], "1m and 1"),
        _ => (
            &[
                "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
            ],
            "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei",
        ),
    };
    let resource = match resource {
        "ephemeral-storage" => "local ephemeral storage",
        _ if huge => "hugepages",
        other => other,
    };
    if !allowed.contains(&divisor.amount().to_string().as_str()) {
        let detail =
            format!("only divisor's values {words} are supported with the {resource} resource");
        errors.invalid(&path.child("divisor"), &field.resource, detail);
    }
}

pub(super) fn from(sources: &[EnvFromSource], path: &Path<'_>, errors: &mut Errors) {
    for (i, source) in sources.iter().enumerate() {
        let of_list = path;
        let path = path.index(i);
        if let Some(prefix) = source.prefix.as_deref().filter(|p| !p.is_empty()) {
            let messages = is_relaxed_env_var_name(prefix);
            errors.invalid_each(&path.child("prefix"), prefix, messages);
        }
        let mut sources = 0;
        let names = [
            (
                "configMapRef",
                source.config_map_ref.as_ref().map(|r| &r.name),
            ),
            ("secretRef", source.secret_ref.as_ref().map(|r| &r.name)),
        ];
        for (field, name) in names {
            let Some(name) = name else { continue };
            sources += 1;
            let path = path.child(field);
            if name.is_empty() {
                errors.required(&path.child("name"), "");
            } else {
                errors.invalid_each(&path.child("name"), name, is_dns1123_subdomain(name));
            }
        }
        if sources == 0 {
            let detail = "must specify one of: `configMapRef` or `secretRef`";
            errors.invalid(of_list, "", detail);
        } else if sources > 1 {
            let detail = "may not have more than one field specified at a time";
            errors.invalid(of_list, "", detail);
        }
    }
}
