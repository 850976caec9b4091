//! The rules of resource requests and limits.

use k8s_openapi::api::core::v1::{ContainerResizePolicy, ResourceRequirements};

use crate::api::field::{Errors, Path};
use crate::api::names::is_qualified_name;
use crate::api::quantity::{Quantity, QuantityExt};
use crate::api::validation::NOT_NEGATIVE;

pub(in crate::api::kinds) fn validate(
    needed: &ResourceRequirements,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let (limit_path, request_path) = (path.child("limits"), path.child("requests"));
    for (resource, limit) in needed.limits.iter().flatten() {
        let path = limit_path.key(resource);
        name(resource, &path, errors);
        amount(resource, &limit.amount(), &path, errors);
    }
    for (resource, request) in needed.requests.iter().flatten() {
        let path = request_path.key(resource);
        let wanted = request.amount();
        name(resource, &path, errors);
        amount(resource, &wanted, &path, errors);
        let limit = needed.limits.as_ref().and_then(|l| l.get(resource));
        match limit.map(QuantityExt::amount) {
            Some(limit) if !may_be_shared(resource) && wanted != limit => {
                let detail = format!("must be equal to {resource} limit of {limit}");
                errors.invalid(&request_path, &wanted.to_string(), detail);
            }
            Some(limit) if wanted > limit => {
                let detail = format!("must be less than or equal to {resource} limit of {limit}");
                errors.invalid(&request_path, &wanted.to_string(), detail);
            }
            None if !may_be_shared(resource) => {
                let detail = "Limit must be set for non overcommitable resources";
                errors.required(&limit_path, detail);
            }
            _ => {}
        }
    }
    let limits = needed.limits.iter().flatten();
    let mut names = limits
        .chain(needed.requests.iter().flatten())
        .map(|(name, _)| name.as_str());
    let mut ordinary = names.clone();
    if names.any(is_huge) && !ordinary.any(|name| matches!(name, "cpu" | "memory")) {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
}

/// `resizePolicy` of a container in a pod with a restart policy.
pub(super) fn resizing(
    policies: &[ContainerResizePolicy],
    restart: Option<&str>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let mut seen: Vec<&str> = Vec::new();
    for (i, policy) in policies.iter().enumerate() {
        let (resource, restarting) = (
            policy.resource_name.as_str(),
            policy.restart_policy.as_str(),
        );
        if seen.contains(&resource) {
            errors.duplicate(&path.index(i), resource);
        }
        seen.push(resource);
        for (value, known) in [
            (resource, ["cpu", "memory"]),
            (restarting, ["NotRequired", "RestartContainer"]),
        ] {
            match value {
                "" => errors.required(path, ""),
                value if !known.contains(&value) => errors.not_supported(path, value, &known),
                _ => {}
            }
        }
        if restart == Some("Never") && restarting != "NotRequired" {
            let detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.invalid(path, restarting, detail);
        }
    }
}

pub(in crate::api) fn name(resource: &str, path: &Path<'_>, errors: &mut Errors) {
    let messages = is_qualified_name(resource);
    let well_formed = messages.is_empty();
    errors.invalid_each(path, resource, messages);
    if !well_formed {
        return;
    }
    let of_containers =
        matches!(resource, "cpu" | "memory" | "ephemeral-storage") || is_huge(resource);
    if !resource.contains('/') {
        if !of_containers && !is_standard(resource) {
            let detail = "must be a standard resource type or fully qualified";
            errors.invalid(path, resource, detail);
        }
        if !of_containers {
            errors.invalid(path, resource, "must be a standard resource for containers");
        }
    } else if !is_native(resource) && !is_extended(resource) {
        let detail = "doesn't follow extended resource name standard";
        errors.invalid(path, resource, detail);
    }
}

fn amount(resource: &str, amount: &Quantity, path: &Path<'_>, errors: &mut Errors) {
    if amount.sign() < 0 {
        errors.invalid(path, &amount.to_string(), NOT_NEGATIVE);
    }
    if is_extended(resource) && !amount.is_integer() {
        errors.invalid(path, &amount.to_string(), "must be an integer");
    }
}

pub fn is_huge(resource: &str) -> bool {
    resource.starts_with("hugepages-")
}

/// Names that quotas know, beside those of containers.
pub(in crate::api) fn is_standard(resource: &str) -> bool {
    const NAMES: [&str; 10] = [
        "storage",
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ];
    NAMES.contains(&resource)
        || resource.starts_with("requests.")
        || resource.starts_with("limits.")
}

/// Kubernetes' own resources.
pub fn is_native(resource: &str) -> bool {
    !resource.contains('/') || resource.contains("kubernetes.io/")
}

/// Devices and the like: counted in whole numbers.
pub fn is_extended(resource: &str) -> bool {
    !is_native(resource)
        && !resource.starts_with("requests.")
        && is_qualified_name(&format!("requests.{resource}")).is_empty()
}

/// Whether containers may ask for more than there is, and use more than they ask for.
pub fn may_be_shared(resource: &str) -> bool {
    is_native(resource) && !is_huge(resource)
}
