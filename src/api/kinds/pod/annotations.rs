//! Annotations that a pod, or a template, may not have: older forms of fields that are still read.
//!
//! Models `ValidatePodSpecificAnnotations` and what it calls in
//! `k8s.io/kubernetes/pkg/apis/core/validation/validation.go`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, SeccompProfile};

use super::volumes::descending;
use super::windows::visit;
use crate::api::field::{Errors, Path, quote};

pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
pub(super) const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
pub(super) const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
pub(super) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

type Annotations = BTreeMap<String, String>;

pub(super) fn validate(
    annotations: Option<&Annotations>,
    spec: &PodSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let Some(annotations) = annotations else {
        return;
    };
    if let Some(value) = annotations.get(MIRROR)
        && spec.node_name.as_deref().unwrap_or_default().is_empty()
    {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.invalid(&path.key(MIRROR), value, detail);
    }
    if let Some(value) = annotations.get(DELETION_COST)
        && !is_cost(value)
    {
        errors.invalid(&path.key(DELETION_COST), value, "must be a 32bit integer");
    }
    for (key, value) in annotations {
        if key == SECCOMP_OF_POD || key.starts_with(SECCOMP_OF_CONTAINER) {
            seccomp(value, &path.child(key), errors);
        }
    }
    for (key, value) in annotations {
        let Some(name) = key.strip_prefix(APP_ARMOR) else {
            continue;
        };
        let mut found = false;
        visit(spec, path, &mut |container, _| {
            found |= container.name == name
        });
        if !found {
            errors.invalid(&path.key(key), name, "container not found");
        }
        let known = matches!(value.as_str(), "" | "runtime/default" | "unconfined");
        if !known && !value.starts_with("localhost/") {
            let detail = format!("invalid AppArmor profile name: {}", quote(value));
            errors.invalid(&path.key(key), value, detail);
        }
    }
}

fn is_cost(value: &str) -> bool {
    let first = value.bytes().next().unwrap_or_default();
    let begins = first == b'-' || value == "0" || (b'1'..=b'9').contains(&first);
    begins && value.parse::<i32>().is_ok()
}

fn seccomp(profile: &str, path: &Path<'_>, errors: &mut Errors) {
    match profile.strip_prefix("localhost/") {
        Some(local) => descending(local, path, errors),
        None if matches!(profile, "runtime/default" | "docker/default" | "unconfined") => {}
        None => errors.invalid(path, profile, "must be a valid seccomp profile"),
    }
}

/// An annotation and the field that replaced it have to say the same. Not asked when a pod is changed.
pub(super) fn agree(
    annotations: Option<&Annotations>,
    spec: &PodSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let Some(annotations) = annotations else {
        return;
    };
    let of_pod = spec.security_context.as_ref();
    if let Some(profile) = of_pod.and_then(|c| c.seccomp_profile.as_ref())
        && let Some(annotation) = annotations.get(SECCOMP_OF_POD)
    {
        let path = path.child("securityContext");
        seccomp_agrees(annotation, profile, &path.child("seccompProfile"), errors);
    }
    visit(spec, path, &mut |container, path| {
        let own = container.security_context.as_ref();
        let key = format!("{SECCOMP_OF_CONTAINER}{}", container.name);
        if let Some(profile) = own.and_then(|c| c.seccomp_profile.as_ref())
            && let Some(annotation) = annotations.get(&key)
        {
            let path = path.child("securityContext");
            seccomp_agrees(annotation, profile, &path.child("seccompProfile"), errors);
        }
    });
    if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return;
    }
    let of_pod = of_pod.and_then(|c| c.app_armor_profile.as_ref());
    visit(spec, path, &mut |container, path| {
        let own = container.security_context.as_ref();
        let profile = own.and_then(|c| c.app_armor_profile.as_ref()).or(of_pod);
        let key = format!("{APP_ARMOR}{}", container.name);
        if let Some(profile) = profile
            && let Some(annotation) = annotations.get(&key)
        {
            let local = profile.localhost_profile.as_deref();
            let path = path.child("securityContext");
            let path = path.child("appArmorProfile");
            one_profile("apparmor", annotation, &profile.type_, local, &path, errors);
        }
    });
}

fn seccomp_agrees(
    annotation: &str,
    profile: &SeccompProfile,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let annotation = match annotation {
        "docker/default" => "runtime/default",
        other => other,
    };
    let local = profile.localhost_profile.as_deref();
    one_profile("seccomp", annotation, &profile.type_, local, path, errors);
}

fn one_profile(
    what: &str,
    annotation: &str,
    type_: &str,
    local: Option<&str>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let field = match (type_, annotation.strip_prefix("localhost/")) {
        ("Unconfined", _) if annotation == "unconfined" => return,
        ("RuntimeDefault", _) if annotation == "runtime/default" => return,
        ("Localhost", Some(name)) if local == Some(name) => return,
        ("Localhost", Some(_)) => "localhostProfile",
        ("Unconfined" | "RuntimeDefault" | "Localhost", _) => "type",
        _ => return,
    };
    let noun = match field {
        "type" => "type",
        _ => "profile",
    };
    let detail = format!("{what} {noun} in annotation and field must match");
    errors.forbidden(&path.child(field), detail);
}

/// What of them may not change (`ValidatePodSpecificAnnotationUpdates`).
pub(super) fn kept(
    new: Option<&Annotations>,
    old: Option<&Annotations>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let none = Annotations::new();
    let (new, old) = (new.unwrap_or(&none), old.unwrap_or(&none));
    let of = |key: &str| match key {
        MIRROR => Some("mirror pod annotation"),
        key if key.starts_with(APP_ARMOR) => Some("AppArmor annotations"),
        _ => None,
    };
    for (key, value) in old {
        if let Some(what) = of(key)
            && new.get(key) != Some(value)
        {
            errors.forbidden(&path.key(key), format!("may not remove or update {what}"));
        }
    }
    for key in new.keys().filter(|key| !old.contains_key(*key)) {
        if let Some(what) = of(key) {
            errors.forbidden(&path.key(key), format!("may not add {what}"));
        }
    }
}
