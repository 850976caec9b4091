//! The rules of security contexts.

use k8s_openapi::api::core::v1::{
    AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext,
};

use super::volumes::descending;
use super::{go_spec, windows};
use crate::api::field::{Errors, Path};
use crate::api::names::is_in_range;
use crate::api::validation::each;

/// User and group ids.
const ID_MAX: i64 = i32::MAX as i64;
const APP_ARMOR_PROFILE_MAX: usize = 4095;

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
    sysctls(spec, context, &path.child("sysctls"), errors);
    let change = &context.fs_group_change_policy;
    let changes = ["Always", "OnRootMismatch"];
    known(change, &changes, &path.child("fsGroupChangePolicy"), errors);
    if let Some(profile) = &context.seccomp_profile {
        seccomp(profile, &path.child("seccompProfile"), errors);
    }
    if let Some(options) = &context.windows_options {
        windows::options(options, &path.child("windowsOptions"), errors);
    }
    if let Some(profile) = &context.app_armor_profile {
        app_armor(profile, &path.child("appArmorProfile"), errors);
    }
    for (field, value, values) in [
        (
            "supplementalGroupsPolicy",
            &context.supplemental_groups_policy,
            ["Merge", "Strict"],
        ),
        (
            "seLinuxChangePolicy",
            &context.se_linux_change_policy,
            ["MountOption", "Recursive"],
        ),
    ] {
        known(value, &values, &path.child(field), errors);
    }
}

/// A text that is one of a few, where it is there.
fn known(value: &Option<String>, values: &[&str], path: &Path<'_>, errors: &mut Errors) {
    if let Some(value) = value
        && !values.contains(&value.as_str())
    {
        errors.not_supported(path, value, values);
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn sysctls(spec: &PodSpec, context: &PodSecurityContext, path: &Path<'_>, errors: &mut Errors) {
    let mut seen = std::collections::BTreeSet::new();
    for (i, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let path = path.index(i);
        let path = path.child("name");
        let name = sysctl.name.as_str();
        if name.is_empty() {
            errors.required(&path, "");
        } else if !is_sysctl(name) {
            errors.invalid(
                &path,
                name,
                "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
            );
        } else if seen.contains(name) {
            errors.duplicate(&path, name);
        }
        seen.insert(name);
        let dotted = name.replace('/', ".");
        let of_ipc = ["kernel.shm", "kernel.msg", "fs.mqueue."];
        if spec.host_network == Some(true) && dotted.starts_with("net.") {
            let detail = "may not be specified when 'hostNetwork' is true";
            errors.invalid(&path, name, detail);
        } else if spec.host_ipc == Some(true)
            && (dotted == "kernel.sem" || of_ipc.iter().any(|p| dotted.starts_with(p)))
        {
            errors.invalid(&path, name, "may not be specified when 'hostIPC' is true");
        }
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

/// `own_users` tells whether the pod has users of its own (`hostUsers: false`).
pub(super) fn container(
    context: &SecurityContext,
    own_users: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    id(context.run_as_user, &path.child("runAsUser"), errors);
    id(context.run_as_group, &path.child("runAsGroup"), errors);
    let of_mount = path.child("procMount");
    known(
        &context.proc_mount,
        &["Default", "Unmasked"],
        &of_mount,
        errors,
    );
    if !own_users && context.proc_mount.as_deref() == Some("Unmasked") {
        let detail = "`hostUsers` must be false to use `Unmasked`";
        errors.invalid(&of_mount, "Unmasked", detail);
    }
    if let Some(profile) = &context.seccomp_profile {
        seccomp(profile, &path.child("seccompProfile"), errors);
    }
    if context.allow_privilege_escalation == Some(false) {
        if context.privileged == Some(true) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid_raw(path, &go_spec::security_context(context), detail);
        }
        let added = context.capabilities.iter().filter_map(|c| c.add.as_ref());
        for _ in added.flatten().filter(|c| *c == "CAP_SYS_ADMIN") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid_raw(path, &go_spec::security_context(context), detail);
        }
    }
    if let Some(options) = &context.windows_options {
        windows::options(options, &path.child("windowsOptions"), errors);
    }
    if let Some(profile) = &context.app_armor_profile {
        app_armor(profile, &path.child("appArmorProfile"), errors);
    }
}

fn id(value: Option<i64>, path: &Path<'_>, errors: &mut Errors) {
    if let Some(value) = value {
        each(path, value, is_in_range(value, 0, ID_MAX), errors);
    }
}

fn seccomp(profile: &SeccompProfile, path: &Path<'_>, errors: &mut Errors) {
    let local = profile.localhost_profile.as_deref();
    let type_ = profile.type_.as_str();
    let types = ["Localhost", "RuntimeDefault", "Unconfined"];
    if type_.is_empty() {
        let detail = "type is required when seccompProfile is set";
        errors.required(&path.child("type"), detail);
    } else if !types.contains(&type_) {
        errors.not_supported(&path.child("type"), type_, &types);
    }
    let path = path.child("localhostProfile");
    match (type_, local) {
        ("Localhost", None) => {
            errors.required(&path, "must be set when seccomp type is Localhost");
        }
        ("Localhost", Some(local)) => descending(local, &path, errors),
        (_, Some(_)) => errors.invalid_raw(
            &path,
            &go_spec::seccomp_profile(profile),
            "can only be set when seccomp type is Localhost",
        ),
        (_, None) => {}
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn app_armor(profile: &AppArmorProfile, path: &Path<'_>, errors: &mut Errors) {
    const MUST: &str = "must be set when AppArmor type is Localhost";
    let local = profile.localhost_profile.as_deref();
    let of_local = path.child("localhostProfile");
    match (profile.type_.as_str(), local) {
        ("Localhost", None) => errors.required(&of_local, MUST),
        ("Localhost", Some(local)) => {
            if local.trim() != local {
                errors.invalid(&of_local, local, "must not be padded with whitespace");
            } else if local.is_empty() {
                errors.required(&of_local, MUST);
            }
            if local.len() > APP_ARMOR_PROFILE_MAX {
                errors.too_long(&of_local, APP_ARMOR_PROFILE_MAX);
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(local)) => {
            let detail = "can only be set when AppArmor type is Localhost";
            errors.invalid(&of_local, local, detail);
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => {
            let detail = "type is required when appArmorProfile is set";
            errors.required(&path.child("type"), detail);
        }
        (other, _) => {
            let types = ["Localhost", "RuntimeDefault", "Unconfined"];
            errors.not_supported(&path.child("type"), other, &types);
        }
    }
}
