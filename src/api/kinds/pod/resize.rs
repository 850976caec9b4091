//! The `resize` subresource: other requests and limits for containers that run.
//!
//! Models `ValidatePodResize` in `k8s.io/kubernetes/pkg/apis/core/validation/validation.go` and
//! `dropNonResizeUpdates` in `pkg/registry/core/pod/strategy.go` (KEP-1287).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{qos, validation};
use crate::api::field::{Errors, Path};

const MIRROR: &str = "kubernetes.io/config.mirror";

type List = BTreeMap<String, Quantity>;

/// Keeps everything but what containers request, are limited to, and how they take a change.
pub(super) fn prepare(new: &mut Pod, old: &Pod) {
    let wanted = new.spec.take().unwrap_or_default();
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
    let take = |into: &mut [Container], from: &[Container]| {
        for container in into {
            if let Some(from) = from.iter().find(|c| c.name == container.name) {
                container.resources.clone_from(&from.resources);
                container.resize_policy.clone_from(&from.resize_policy);
            }
        }
    };
    take(&mut spec.containers, &wanted.containers);
    if let (Some(into), Some(from)) = (&mut spec.init_containers, &wanted.init_containers) {
        take(into, from);
    }
}

pub(super) fn validate(new: &Pod, old: &Pod) -> Errors {
    let mut errors = validation::pod_in_general(new);
    let (Some(spec), Some(before)) = (&new.spec, &old.spec) else {
        return errors;
    };
    let path = Path::new("spec");
    let annotations = old.metadata.annotations.as_ref();
    if annotations.is_some_and(|a| a.contains_key(MIRROR)) {
        errors.forbidden(&Path::new(""), "static pods cannot be resized");
        return errors;
    }
    let was = old.status.as_ref().and_then(|s| s.qos_class.as_deref());
    let was = was.unwrap_or_else(|| qos::class(old));
    if was != qos::class(new) {
        let detail = "Pod QOS Class may not change as a result of resizing";
        errors.invalid(&path, was, detail);
    }
    let lists = [
        (
            "containers",
            Some(&spec.containers),
            Some(&before.containers),
        ),
        (
            "initContainers",
            spec.init_containers.as_ref(),
            before.init_containers.as_ref(),
        ),
    ];
    for (field, now, then) in lists {
        let path = path.child(field);
        let pairs = now.into_iter().flatten().zip(then.into_iter().flatten());
        for (i, (now, then)) in pairs.enumerate() {
            let path = path.index(i);
            let path = path.child("resources");
            container(now, then, &path, &mut errors);
            let plain =
                field == "initContainers" && now.restart_policy.as_deref() != Some("Always");
            if plain && now.resources != then.resources {
                let detail = "resources for non-sidecar init containers are immutable";
                errors.forbidden(&path, detail);
            }
        }
    }
    errors
}

fn container(now: &Container, then: &Container, path: &Path<'_>, errors: &mut Errors) {
    let empty = ResourceRequirements::default();
    let (now, then) = (
        now.resources.as_ref().unwrap_or(&empty),
        then.resources.as_ref().unwrap_or(&empty),
    );
    let other = |list: Option<&List>| -> List {
        let list = list.into_iter().flatten();
        let others = list.filter(|(name, _)| !matches!(name.as_str(), "cpu" | "memory"));
        others.map(|(n, q)| (n.clone(), q.clone())).collect()
    };
    let lists = [
        ("limits", now.limits.as_ref(), then.limits.as_ref()),
        ("requests", now.requests.as_ref(), then.requests.as_ref()),
    ];
    for (field, now, then) in lists {
        if other(now) != other(then) {
            errors.forbidden(path, "only cpu and memory resources are mutable");
        }
        let has = |list: Option<&List>, name: &str| list.is_some_and(|l| l.contains_key(name));
        for name in ["cpu", "memory"] {
            if has(then, name) && !has(now, name) {
                let detail = format!("resource {field} cannot be removed");
                errors.forbidden(&path.child(field), detail);
                break;
            }
        }
    }
}
