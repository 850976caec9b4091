//! The rules of resource requests and limits.

use k8s_openapi::api::core::v1::{
    ContainerResizePolicy, PodResourceClaim, PodSpec, ResourceRequirements,
};

use super::go_spec;
use crate::api::codec::encode;
use crate::api::field::{Errors, Path};
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain, is_qualified_name};
use crate::api::pod_resources;
use crate::api::quantity::{Quantity, QuantityExt};
use crate::api::validation::NOT_NEGATIVE;

pub(in crate::api::kinds) fn validate(
    needed: &ResourceRequirements,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    requirements(needed, name, path, errors);
}

/// How a name of a resource is checked.
type OfName = fn(&str, &Path<'_>, &mut Errors);

fn requirements(needed: &ResourceRequirements, name: OfName, path: &Path<'_>, errors: &mut Errors) {
    let (limit_path, request_path) = (path.child("limits"), path.child("requests"));
    for (resource, limit) in needed.limits.iter().flatten() {
        let path = limit_path.key(resource);
        name(resource, &path, errors);
        amount(resource, &limit.amount(), &path, errors);
        pages(resource, &limit.amount(), &path, errors);
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
        pages(resource, &wanted, &path, errors);
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

/// Huge pages come whole.
#[inline(never)] // rare: it waits in the second file of the wasm
fn pages(resource: &str, amount: &Quantity, path: &Path<'_>, errors: &mut Errors) {
    let Some(size) = resource.strip_prefix(HUGE) else {
        return;
    };
    let size = Quantity::parse(size).map_or(0, |size| size.value());
    if size <= 0 || amount.value() % size != 0 {
        let detail = format!("{amount} is not positive integer multiple of {resource}");
        errors.invalid(path, &amount.to_string(), detail);
    }
}

/// The claims for devices that a container uses (`validateResourceClaimNames`); `known` are the pod's.
pub(super) fn claims(
    needed: &ResourceRequirements,
    known: &[&str],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (i, claim) in needed.claims.iter().flatten().enumerate() {
        let path = path.index(i);
        let name = claim.name.as_str();
        let request = claim.request.as_deref().unwrap_or_default();
        if name.is_empty() {
            errors.required(&path, "");
            continue;
        }
        if seen.contains(&(name, "")) {
            errors.duplicate(&path, name);
        } else {
            if !request.is_empty() {
                let messages = is_dns1123_label(request);
                errors.invalid_each(&path.child("request"), request, messages);
            }
            if seen.contains(&(name, request)) {
                errors.duplicate(&path, &format!("{name}/{request}"));
            } else if request.is_empty() {
                for _ in seen.iter().filter(|(other, _)| *other == name) {
                    errors.duplicate(&path, name);
                }
            }
            seen.push((name, request));
        }
        if !known.contains(&name) {
            let mut sorted = known.to_vec();
            sorted.sort_unstable();
            let rest = match sorted.is_empty() {
                true => " which is empty".to_owned(),
                false => format!(": {}", sorted.join(", ")),
            };
            errors.not_found(&path, name);
            if let Some(error) = errors.0.last_mut() {
                error.detail = format!("must be one of the names in pod.spec.resourceClaims{rest}");
            }
        }
    }
}

/// What a pod claims (`validatePodResourceClaims`).
#[inline(never)] // rare: it waits in the second file of the wasm
pub(super) fn pod_claims(claims: &[PodResourceClaim], path: &Path<'_>, errors: &mut Errors) {
    let mut seen: Vec<&str> = Vec::new();
    for (i, claim) in claims.iter().enumerate() {
        let path = path.index(i);
        let name = claim.name.as_str();
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        } else if seen.contains(&name) {
            errors.duplicate(&path.child("name"), name);
        } else {
            errors.invalid_each(&path.child("name"), name, is_dns1123_label(name));
            seen.push(name);
        }
        let (own, template) = (
            claim.resource_claim_name.as_ref(),
            claim.resource_claim_template_name.as_ref(),
        );
        let detail = match (own, template) {
            (Some(_), Some(_)) => Some(
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            ),
            (None, None) => {
                Some("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
            }
            _ => None,
        };
        if let Some(detail) = detail {
            let mut shown = String::new();
            go_spec::write(go_spec::CLAIM, &encode(claim), &mut shown);
            errors.invalid_raw(&path, &shown, detail);
        }
        for (field, value) in [
            ("resourceClaimName", own),
            ("resourceClaimTemplateName", template),
        ] {
            if let Some(value) = value {
                errors.invalid_each(&path.child(field), value, is_dns1123_subdomain(value));
            }
        }
    }
}

/// What is said of a pod as a whole (`validatePodResources`, KEP-2837).
#[inline(never)] // rare: it waits in the second file of the wasm
pub(super) fn of_pod(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let Some(needed) = &spec.resources else {
        return;
    };
    if needed.claims.is_some() {
        let detail = "claims cannot be set for Resources at pod-level";
        errors.forbidden(&path.child("claims"), detail);
    }
    requirements(needed, name_for_pod, path, errors);
    let apart = PodSpec {
        containers: spec.containers.clone(),
        init_containers: spec.init_containers.clone(),
        ..PodSpec::default()
    };
    let of_requests = path.child("requests");
    for (resource, together) in pod_resources::requests(&apart) {
        let own = needed.requests.as_ref().and_then(|r| r.get(&resource));
        let own = own.map(QuantityExt::amount).unwrap_or_default();
        if together > own {
            let detail = format!(
                "must be greater than or equal to aggregate container requests of {together}"
            );
            errors.invalid(&of_requests.key(&resource), &own.to_string(), detail);
        }
    }
    let of_containers = path.child("containers");
    for (i, container) in spec.containers.iter().enumerate() {
        let limits = container.resources.as_ref().and_then(|r| r.limits.as_ref());
        for (resource, limit) in limits.into_iter().flatten() {
            let own = needed.limits.as_ref().and_then(|l| l.get(resource));
            let Some(own) = own.map(QuantityExt::amount) else {
                continue;
            };
            if limit.amount() > own {
                let path = of_containers.index(i);
                let path = path.key(resource);
                let detail = format!("must be less than or equal to pod limits of {own}");
                errors.invalid(&path.child("limits"), &limit.amount().to_string(), detail);
            }
        }
    }
}

/// The resources that a pod as a whole can ask for.
fn name_for_pod(resource: &str, path: &Path<'_>, errors: &mut Errors) {
    let messages = is_qualified_name(resource);
    if !messages.is_empty() {
        errors.invalid_each(path, resource, messages);
        return;
    }
    let of_containers = matches!(resource, "cpu" | "memory" | "ephemeral-storage");
    if !resource.contains('/') && !of_containers && !is_huge(resource) && !is_standard(resource) {
        let detail = "must be a standard resource type or fully qualified";
        errors.invalid(path, resource, detail);
    } else if !matches!(resource, "cpu" | "memory") && !is_huge(resource) {
        errors.not_supported(path, resource, &["cpu", "hugepages-", "memory"]);
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

pub(in crate::api::kinds) fn amount(
    resource: &str,
    amount: &Quantity,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if amount.sign() < 0 {
        errors.invalid(path, &amount.to_string(), NOT_NEGATIVE);
    }
    if (is_extended(resource) || is_counted(resource)) && !amount.is_integer() {
        errors.invalid(path, &amount.to_string(), "must be an integer");
    }
}

const HUGE: &str = "hugepages-";

pub fn is_huge(resource: &str) -> bool {
    resource.starts_with(HUGE)
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

/// Objects, which are counted in whole numbers (`integerResources`).
fn is_counted(resource: &str) -> bool {
    is_standard(resource)
        && resource != "storage"
        && !resource.starts_with("requests.")
        && !resource.starts_with("limits.")
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
