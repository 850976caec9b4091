//! The `resize` subresource: other requests and limits for containers that run.
//!
//! Models `ValidatePodResize` in `k8s.io/kubernetes/pkg/apis/core/validation/validation.go` and
//! `dropNonResizeUpdates` in `pkg/registry/core/pod/strategy.go` (KEP-1287).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, ContainerResizePolicy, Pod, PodSpec, ResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{qos, validation};
use crate::api::field::{Errors, Path};

const MIRROR: &str = "kubernetes.io/config.mirror";

type List = BTreeMap<String, Quantity>;

/// Keeps everything but what containers and the pod request, are limited to, and how they take a
/// change. Where the containers are others, all stays for the rules to refuse.
pub(super) fn prepare(new: &mut Pod, old: &Pod) {
    let wanted = new.spec.take().unwrap_or_default().into_inner();
    let metadata = new.metadata.clone();
    *new = old.clone();
    new.metadata = metadata;
    new.metadata.labels.clone_from(&old.metadata.labels);
    new.metadata
        .annotations
        .clone_from(&old.metadata.annotations);
    let Some(spec) = &mut new.spec else {
        return;
    };
    spec.resources.clone_from(&wanted.resources);
    spec.containers = taken(wanted.containers, &spec.containers);
    let init = wanted.init_containers.unwrap_or_default();
    let init = taken(init, spec.init_containers.as_deref().unwrap_or_default());
    spec.init_containers = Some(init).filter(|list| !list.is_empty());
}

fn taken(wanted: Vec<Container>, old: &[Container]) -> Vec<Container> {
    let names = |list: &[Container]| list.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    if names(&wanted) != names(old) {
        return wanted;
    }
    let pairs = old.iter().zip(wanted);
    pairs
        .map(|(old, wanted)| Container {
            resources: wanted.resources,
            resize_policy: wanted.resize_policy,
            ..old.clone()
        })
        .collect()
}

pub(super) fn validate(new: &Pod, old: &Pod) -> Errors {
    let mut errors = validation::pod_in_general(new);
    let (Some(spec), Some(before)) = (&new.spec, &old.spec) else {
        return errors;
    };
    let path = Path::new("spec");
    let annotations = old.metadata.annotations.as_ref();
    if annotations.is_some_and(|a| a.contains_key(MIRROR)) {
        return only("static pods cannot be resized");
    }
    if before.os.as_ref().is_some_and(|os| os.name == "windows") {
        return only("windows pods cannot be resized");
    }
    let was = old.status.as_ref().and_then(|s| s.qos_class.as_deref());
    let was = was.unwrap_or_else(|| qos::class(old));
    if was != qos::class(new) {
        let detail = "Pod QOS Class may not change as a result of resizing";
        errors.invalid(&path, was, detail);
    }
    of_pod(spec, before, &path, &mut errors);
    let init = |spec: &PodSpec| spec.init_containers.clone().unwrap_or_default();
    let (init, init_before) = (init(spec), init(before));
    let mut others = Errors::default();
    same_names(
        "containers",
        &spec.containers,
        &before.containers,
        &path,
        &mut others,
    );
    same_names("initContainers", &init, &init_before, &path, &mut others);
    if !others.is_empty() {
        errors.append(others);
        return errors;
    }
    for (field, now, then) in [
        ("initContainers", &init, &init_before),
        ("containers", &spec.containers, &before.containers),
    ] {
        let path = path.child(field);
        for (i, (now, then)) in now.iter().zip(then).enumerate() {
            let path = path.index(i);
            let path = path.child("resources");
            kept(
                now.resources.as_ref(),
                then.resources.as_ref(),
                "",
                &path,
                &mut errors,
            );
        }
    }
    for (now, then) in spec.containers.iter().zip(&before.containers) {
        if less_amounts(now, then) != *then {
            errors.forbidden(&path, "only cpu and memory resources are mutable");
        }
    }
    let of_init = path.child("initContainers");
    for (i, (now, then)) in init.iter().zip(&init_before).enumerate() {
        let path = of_init.index(i);
        if less_amounts(now, then) != *then {
            let detail = "only cpu and memory resources for init or sidecar containers are mutable";
            errors.forbidden(&path, detail);
        }
        let restarts = |policy: &ContainerResizePolicy| policy.restart_policy == "RestartContainer";
        if now != then
            && now.restart_policy.as_deref() != Some("Always")
            && now.resize_policy.iter().flatten().any(restarts)
        {
            let detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
            errors.forbidden(&path, detail);
        }
    }
    errors
}

/// The one error that says it all.
fn only(detail: &str) -> Errors {
    let mut errors = Errors::default();
    errors.forbidden(&Path::new(""), detail);
    errors
}

/// What the pod as a whole requests and is limited to.
fn of_pod(spec: &PodSpec, before: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let (now, then) = (spec.resources.as_ref(), before.resources.as_ref());
    if now == then {
        return;
    }
    let of_resources = path.child("resources");
    if now.is_none() {
        errors.forbidden(&of_resources, "pod-level resources cannot be removed");
        return;
    }
    kept(now, then, "pod-level ", &of_resources, errors);
    if without_amounts(now, then) != then.cloned().unwrap_or_default() {
        let detail = "only cpu and memory resources are mutable at pod-level";
        errors.forbidden(path, detail);
    }
}

fn same_names(
    field: &str,
    now: &[Container],
    then: &[Container],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let path = path.child(field);
    if now.len() != then.len() {
        let detail = format!("{field} may not be added or removed on resize");
        errors.forbidden(&path, detail);
        return;
    }
    for (i, (now, then)) in now.iter().zip(then).enumerate() {
        if now.name != then.name {
            let detail = format!("{field} may not be renamed or reordered on resize");
            errors.forbidden(&path.index(i).child("name"), detail);
        }
    }
}

/// What was requested or limited stays so, with whatever amount.
fn kept(
    now: Option<&ResourceRequirements>,
    then: Option<&ResourceRequirements>,
    of: &str,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    type Part = fn(&ResourceRequirements) -> Option<&List>;
    let lists: [(&str, Part); 2] = [
        ("requests", |r| r.requests.as_ref()),
        ("limits", |r| r.limits.as_ref()),
    ];
    for (field, part) in lists {
        let now = now.and_then(part);
        let mut then = then.and_then(part).into_iter().flatten();
        if then.any(|(name, _)| now.is_none_or(|list| !list.contains_key(name))) {
            let detail = format!("{of}resource {field} cannot be removed");
            errors.forbidden(&path.child(field), detail);
        }
    }
}

/// The container with the processors and the memory that it had before.
fn less_amounts(now: &Container, then: &Container) -> Container {
    let resources = without_amounts(now.resources.as_ref(), then.resources.as_ref());
    let had = then.resources.is_some() || resources != ResourceRequirements::default();
    Container {
        resources: had.then_some(resources),
        ..now.clone()
    }
}

fn without_amounts(
    now: Option<&ResourceRequirements>,
    then: Option<&ResourceRequirements>,
) -> ResourceRequirements {
    let list = |now: Option<&List>, then: Option<&List>| {
        let mut list = now.cloned().unwrap_or_default();
        for name in ["cpu", "memory"] {
            list.remove(name);
            if let Some(amount) = then.and_then(|list| list.get(name)) {
                list.insert(name.to_owned(), amount.clone());
            }
        }
        // None at all is as good as an empty list.
        match list.is_empty() {
            true => then.filter(|list| list.is_empty()).cloned(),
            false => Some(list),
        }
    };
    let now = now.cloned().unwrap_or_default();
    ResourceRequirements {
        requests: list(
            now.requests.as_ref(),
            then.and_then(|t| t.requests.as_ref()),
        ),
        limits: list(now.limits.as_ref(), then.and_then(|t| t.limits.as_ref())),
        claims: now.claims,
    }
}
