//! The `ephemeralcontainers` subresource: containers that are put into a pod that runs.
//!
//! Models `ValidatePodEphemeralContainersUpdate` and `validateEphemeralContainers` in
//! `k8s.io/kubernetes/pkg/apis/core/validation/validation.go`.

use k8s_openapi::api::core::v1::{Container, EphemeralContainer, Pod, PodSpec};

use super::volumes;
use super::{containers, validation};
use crate::api::field::{Errors, Path};
use crate::sim::ordered::Set as BTreeSet;

const MIRROR: &str = "kubernetes.io/config.mirror";

/// Keeps everything but the ephemeral containers.
pub(super) fn prepare(new: &mut Pod, old: &Pod) {
    let given = new
        .spec
        .as_mut()
        .and_then(|s| s.ephemeral_containers.take());
    let metadata = new.metadata.clone();
    *new = old.clone();
    new.metadata = metadata;
    new.metadata.labels.clone_from(&old.metadata.labels);
    new.metadata
        .annotations
        .clone_from(&old.metadata.annotations);
    if let Some(spec) = &mut new.spec {
        spec.ephemeral_containers = given.filter(|list| !list.is_empty());
    }
}

/// An ephemeral container with the fields that it shares with every other.
pub fn as_container(e: &EphemeralContainer) -> Container {
    Container {
        args: e.args.clone(),
        command: e.command.clone(),
        env: e.env.clone(),
        env_from: e.env_from.clone(),
        image: e.image.clone(),
        image_pull_policy: e.image_pull_policy.clone(),
        lifecycle: e.lifecycle.clone(),
        liveness_probe: e.liveness_probe.clone(),
        name: e.name.clone(),
        ports: e.ports.clone(),
        readiness_probe: e.readiness_probe.clone(),
        resize_policy: e.resize_policy.clone(),
        resources: e.resources.clone(),
        restart_policy: e.restart_policy.clone(),
        restart_policy_rules: e.restart_policy_rules.clone(),
        security_context: e.security_context.clone(),
        startup_probe: e.startup_probe.clone(),
        stdin: e.stdin,
        stdin_once: e.stdin_once,
        termination_message_path: e.termination_message_path.clone(),
        termination_message_policy: e.termination_message_policy.clone(),
        tty: e.tty,
        volume_devices: e.volume_devices.clone(),
        volume_mounts: e.volume_mounts.clone(),
        working_dir: e.working_dir.clone(),
    }
}

fn list(spec: &PodSpec) -> &[EphemeralContainer] {
    spec.ephemeral_containers.as_deref().unwrap_or_default()
}

pub(super) fn validate(new: &Pod, old: &Pod) -> Errors {
    let mut errors = validation::pod_in_general(new);
    let (Some(spec), Some(before)) = (&new.spec, &old.spec) else {
        return errors;
    };
    let annotations = old.metadata.annotations.as_ref();
    if annotations.is_some_and(|a| a.contains_key(MIRROR)) {
        errors.forbidden(
            &Path::new(""),
            "static pods do not support ephemeral containers",
        );
        return errors;
    }
    let path = Path::new("spec");
    let path = path.child("ephemeralContainers");
    let volumes = spec.volumes.as_deref().unwrap_or_default();
    let known = volumes::validate(volumes, None, &path, &mut Errors::default());
    let others: Vec<&str> = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten())
        .map(|c| c.name.as_str())
        .collect();
    let mut names: BTreeSet<&str> = others.iter().copied().collect();
    for (i, container) in list(spec).iter().enumerate() {
        let path = path.index(i);
        let common = as_container(container);
        containers::ephemeral(&common, &known, spec, &path, &mut errors);
        if !container.name.is_empty() && !names.insert(&container.name) {
            errors.duplicate(&path.child("name"), &container.name);
        }
        if let Some(target) = container
            .target_container_name
            .as_deref()
            .filter(|t| !t.is_empty() && !others.contains(t))
        {
            errors.not_found(&path.child("targetContainerName"), target);
        }
        refused_fields(container, &path, &mut errors);
    }
    for (i, container) in list(spec).iter().enumerate() {
        let was = list(before).iter().find(|c| c.name == container.name);
        if was.is_some_and(|was| was != container) {
            let name = &container.name;
            let detail = format!("existing ephemeral containers \"{name}\" may not be changed\n");
            errors.forbidden(&path.index(i), detail);
        }
    }
    for was in list(before) {
        if !list(spec).iter().any(|c| c.name == was.name) {
            let name = &was.name;
            let detail = format!("existing ephemeral containers \"{name}\" may not be removed\n");
            errors.forbidden(&path, detail);
        }
    }
    errors
}

/// Fields that the type has and an ephemeral container may not use.
fn refused_fields(c: &EphemeralContainer, path: &Path<'_>, errors: &mut Errors) {
    let resources = c.resources.as_ref().is_some_and(|r| {
        r.limits.as_ref().is_some_and(|l| !l.is_empty())
            || r.requests.as_ref().is_some_and(|l| !l.is_empty())
    });
    for (field, set) in [
        ("ports", c.ports.as_ref().is_some_and(|p| !p.is_empty())),
        ("resources", resources),
        ("livenessProbe", c.liveness_probe.is_some()),
        ("readinessProbe", c.readiness_probe.is_some()),
        ("startupProbe", c.startup_probe.is_some()),
        ("lifecycle", c.lifecycle.is_some()),
        ("restartPolicy", c.restart_policy.is_some()),
    ] {
        if set {
            let detail = "cannot be set for an Ephemeral Container";
            errors.forbidden(&path.child(field), detail);
        }
    }
    let mounts = path.child("volumeMounts");
    for (i, mount) in c.volume_mounts.iter().flatten().enumerate() {
        for (field, set) in [
            ("subPath", &mount.sub_path),
            ("subPathExpr", &mount.sub_path_expr),
        ] {
            if set.as_deref().is_some_and(|t| !t.is_empty()) {
                let detail = "cannot be set for an Ephemeral Container";
                errors.forbidden(&mounts.index(i).child(field), detail);
            }
        }
    }
}
