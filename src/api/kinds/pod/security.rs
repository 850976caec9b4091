//! The rules of security contexts.

use k8s_openapi::api::core::v1::{PodSpec, SeccompProfile, SecurityContext};

use super::go;
use crate::api::field::{Errors, Path};
use crate::api::names::is_in_range;
use crate::api::validation::each;

/// User and group ids.
const ID_MAX: i64 = i32::MAX as i64;

pub(super) fn pod(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let Some(context) = &spec.security_context else {
        return;
    };
    for (field, value) in [
        ("fsGroup", context.fs_group),
        ("runAsUser", context.run_as_user),
        ("runAsGroup", context.run_as_group),
    ] {
        id(value, &path.child(field), errors);
    }
    let groups = path.child("supplementalGroups");
    for (i, group) in context.supplemental_groups.iter().flatten().enumerate() {
        id(Some(*group), &groups.index(i), errors);
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&path.child("shareProcessNamespace"), true, detail);
    }
    if let Some(policy) = &context.fs_group_change_policy
        && !matches!(policy.as_str(), "Always" | "OnRootMismatch")
    {
        let known = ["Always", "OnRootMismatch"];
        errors.not_supported(&path.child("fsGroupChangePolicy"), policy, &known);
    }
    let names = path.child("sysctls");
    let mut seen = std::collections::BTreeSet::new();
    for (i, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let path = names.index(i);
        if sysctl.name.is_empty() {
            errors.required(&path.child("name"), "");
        } else if !is_sysctl(&sysctl.name) {
            errors.invalid(
                &path.child("name"),
                sysctl.name.as_str(),
                "must have at most 253 characters and match regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?",
            );
        } else if !seen.insert(sysctl.name.as_str()) {
            errors.duplicate(&path.child("name"), &sysctl.name);
        }
    }
    if let Some(profile) = &context.seccomp_profile {
        seccomp(profile, &path.child("seccompProfile"), errors);
    }
}

/// Segments of letters, digits, `-` and `_` between dots or slashes
/// (`k8s.io/kubernetes/pkg/apis/core/validation` IsValidSysctlName).
fn is_sysctl(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name.split(['.', '/']).all(|segment| {
            let bytes = segment.as_bytes();
            matches!((bytes.first(), bytes.last()), (Some(a), Some(z)) if plain(*a) && plain(*z))
                && bytes.iter().all(|c| plain(*c) || matches!(c, b'-' | b'_'))
        })
}

pub(super) fn container(context: &SecurityContext, path: &Path<'_>, errors: &mut Errors) {
    id(context.run_as_user, &path.child("runAsUser"), errors);
    id(context.run_as_group, &path.child("runAsGroup"), errors);
    if let Some(mount) = &context.proc_mount
        && !matches!(mount.as_str(), "Default" | "Unmasked")
    {
        let known = ["Default", "Unmasked"];
        errors.not_supported(&path.child("procMount"), mount, &known);
    }
    if let Some(profile) = &context.seccomp_profile {
        seccomp(profile, &path.child("seccompProfile"), errors);
    }
    if context.allow_privilege_escalation == Some(false) {
        if context.privileged == Some(true) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid_raw(path, &go::security_context(context), detail);
        }
        let added = context.capabilities.as_ref().and_then(|c| c.add.as_ref());
        if added.is_some_and(|a| a.iter().any(|c| c == "CAP_SYS_ADMIN")) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid_raw(path, &go::security_context(context), detail);
        }
    }
}

fn id(value: Option<i64>, path: &Path<'_>, errors: &mut Errors) {
    if let Some(value) = value {
        each(path, value, is_in_range(value, 0, ID_MAX), errors);
    }
}

fn seccomp(profile: &SeccompProfile, path: &Path<'_>, errors: &mut Errors) {
    let local = profile.localhost_profile.as_deref();
    match profile.type_.as_str() {
        "" => errors.required(
            &path.child("type"),
            "type is required when seccompProfile is set",
        ),
        "Localhost" if local.is_none_or(str::is_empty) => errors.required(
            &path.child("localhostProfile"),
            "must be set when seccomp type is Localhost",
        ),
        "Localhost" => {}
        known @ ("RuntimeDefault" | "Unconfined") => {
            if local.is_some() {
                let detail = "can only be set when seccomp type is Localhost";
                let value = format!(
                    "{{\"Type\":\"{known}\",\"LocalhostProfile\":{}}}",
                    crate::api::field::quote(local.unwrap_or_default())
                );
                errors.invalid_raw(&path.child("localhostProfile"), &value, detail);
            }
        }
        other => {
            let known = ["Localhost", "RuntimeDefault", "Unconfined"];
            errors.not_supported(&path.child("type"), other, &known);
        }
    }
}
