//! What only Windows knows, and what it does not know: options of security contexts, host processes, and
//! the fields that go with `spec.os`.

use k8s_openapi::api::core::v1::{Container, PodSpec, WindowsSecurityContextOptions};
use serde_json::Value;

use super::ephemeral::as_container;
use crate::api::codec::encode;
use crate::api::field::{Errors, Path};
use crate::api::names::is_dns1123_subdomain;

const CREDENTIALS_MAX: usize = 64 << 10;
const DOMAIN_LIMIT: usize = 256;
const USER_MAX: usize = 104;
/// A domain by NetBIOS.
const NET_BIOS_MAX: usize = 15;
const DNS_LABEL_MAX: usize = 63;

/// Every container of a pod with its path, in the order of `VisitContainersWithPath`.
pub(super) fn visit(spec: &PodSpec, path: &Path<'_>, visit: &mut dyn FnMut(&Container, &Path<'_>)) {
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let of_init = path.child("initContainers");
    for (i, container) in init.iter().enumerate() {
        visit(container, &of_init.index(i));
    }
    let of_regular = path.child("containers");
    for (i, container) in spec.containers.iter().enumerate() {
        visit(container, &of_regular.index(i));
    }
    let of_ephemeral = path.child("ephemeralContainers");
    for (i, container) in spec.ephemeral_containers.iter().flatten().enumerate() {
        visit(&as_container(container), &of_ephemeral.index(i));
    }
}

/// `validateWindowsSecurityContextOptions`.
pub(super) fn options(
    options: &WindowsSecurityContextOptions,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if let Some(name) = &options.gmsa_credential_spec_name {
        let messages = is_dns1123_subdomain(name);
        errors.invalid_each(&path.child("gmsaCredentialSpecName"), name, messages);
    }
    if let Some(credentials) = &options.gmsa_credential_spec {
        let path = path.child("gmsaCredentialSpec");
        if credentials.is_empty() {
            let detail = "gmsaCredentialSpec cannot be an empty string";
            errors.invalid(&path, credentials, detail);
        } else if credentials.len() > CREDENTIALS_MAX {
            let detail = "gmsaCredentialSpec size must be under 64 KiB";
            errors.invalid(&path, credentials, detail);
        }
    }
    if let Some(name) = &options.run_as_user_name {
        let path = path.child("runAsUserName");
        for detail in user_name(name) {
            errors.invalid(&path, name, detail);
        }
    }
}

fn user_name(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["runAsUserName cannot be an empty string"];
    }
    if name.chars().any(|c| c.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters"];
    }
    let parts: Vec<&str> = name.split('\\').collect();
    let (domain, user) = match parts.as_slice() {
        [user] => (None, *user),
        [domain, user] => (Some(*domain), *user),
        _ => return vec!["runAsUserName cannot contain more than one backslash"],
    };
    let mut wrong = Vec::new();
    if domain.is_some_and(|d| d.len() >= DOMAIN_LIMIT) {
        wrong.push("runAsUserName's Domain length must be under 256 characters");
    }
    if domain.is_some_and(|d| !is_net_bios(d) && !is_dns(d)) {
        wrong.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
    if user.is_empty() {
        wrong.push("runAsUserName's User cannot be empty");
    } else if user.len() > USER_MAX {
        wrong.push("runAsUserName's User length must not be longer than 104 characters");
    }
    if !user.is_empty() && user.chars().all(|c| ". ".contains(c)) {
        wrong.push("runAsUserName's User cannot contain only periods or spaces");
    }
    if user.contains(|c| "\"/\\:;|=,+*?<>@[]".contains(c)) {
        wrong.push(
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
        );
    }
    wrong
}

fn is_net_bios(domain: &str) -> bool {
    let length = domain.chars().count();
    (1..=NET_BIOS_MAX).contains(&length)
        && !domain.starts_with('.')
        && !domain.contains(|c| "\\/:*?\"<>|".contains(c))
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        label.len() <= DNS_LABEL_MAX
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && ends(label.chars().next())
            && ends(label.chars().last())
    })
}

/// `validateWindowsHostProcessPod`.
pub(super) fn host_process(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let of_pod = spec.security_context.as_ref();
    let of_pod = of_pod.and_then(|c| c.windows_options.as_ref()?.host_process);
    let (mut all, mut on_host) = (0, 0);
    visit(spec, path, &mut |container, path| {
        all += 1;
        let own = container.security_context.as_ref();
        let own = own.and_then(|c| c.windows_options.as_ref()?.host_process);
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let path = path.child("securityContext");
            let path = path.child("windowsOptions");
            let detail =
                format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.invalid(&path.child("hostProcess"), own, detail);
        }
        if own.or(of_pod) == Some(true) {
            on_host += 1;
        }
    });
    if on_host == 0 {
        return;
    }
    if on_host != all {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.invalid(path, "", detail);
    }
    if spec.host_network != Some(true) {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.invalid(&path.child("hostNetwork"), false, detail);
    }
}

/// `validateOS`, `validateLinux` and `validateWindows`.
#[inline(never)] // rare: it waits in the second file of the wasm
pub(super) fn os(spec: &PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let Some(os) = &spec.os else { return };
    let refused: (&[&str], &[&str], &[&str], &str) = match os.name.as_str() {
        "" => {
            let path = path.child("os");
            errors.required(&path.child("name"), "cannot be empty");
            return;
        }
        "linux" => (
            &[],
            &["windowsOptions"],
            &["windowsOptions"],
            "windows options cannot be set for a linux pod",
        ),
        "windows" => (
            &[
                "hostUsers",
                "hostPID",
                "hostIPC",
                "shareProcessNamespace",
                "resources",
            ],
            &[
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "fsGroup",
                "fsGroupChangePolicy",
                "sysctls",
                "runAsUser",
                "runAsGroup",
                "supplementalGroups",
                "supplementalGroupsPolicy",
                "seLinuxChangePolicy",
            ],
            &[
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "capabilities",
                "readOnlyRootFilesystem",
                "privileged",
                "allowPrivilegeEscalation",
                "procMount",
                "runAsUser",
                "runAsGroup",
            ],
            "cannot be set for a windows pod",
        ),
        other => {
            errors.not_supported(&path.child("os"), other, &["linux", "windows"]);
            return;
        }
    };
    let (of_spec, of_pod, of_container, detail) = refused;
    let of_context = path.child("securityContext");
    let whole = match of_spec.is_empty() {
        true => Value::Null,
        false => encode(spec),
    };
    // A plain false, and an empty list, are as good as nothing.
    let is_set = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
    let context = encode(&spec.security_context);
    let on_context = |fields: &[&str], errors: &mut Errors| {
        for field in fields.iter().filter(|f| is_set(&context[**f])) {
            errors.forbidden(&of_context.child(field), detail);
        }
    };
    // Upstream meets the fields of both in one order of its own.
    let (first, second) = of_pod.split_at(of_pod.len().min(2));
    on_context(first, errors);
    for field in of_spec.iter().filter(|f| match whole[**f] {
        // Pointers count although they say no.
        Value::Bool(false) => matches!(**f, "hostUsers" | "shareProcessNamespace"),
        ref value => is_set(value),
    }) {
        errors.forbidden(&path.child(field), detail);
    }
    on_context(second, errors);
    visit(spec, path, &mut |container, path| {
        let context = encode(&container.security_context);
        let path = path.child("securityContext");
        for field in of_container.iter().filter(|f| !context[**f].is_null()) {
            errors.forbidden(&path.child(field), detail);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::user_name;

    #[test]
    fn names_of_users() {
        for (name, want) in [
            ("ContainerUser", ""),
            ("CORP\\Administrator", ""),
            ("a.example.com\\b", ""),
            ("", "runAsUserName cannot be an empty string"),
            ("a\tb", "runAsUserName cannot contain control characters"),
            (
                "a\\b\\c",
                "runAsUserName cannot contain more than one backslash",
            ),
            (
                "a:b\\c",
                "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
            ),
            ("a\\", "runAsUserName's User cannot be empty"),
            (
                ". .",
                "runAsUserName's User cannot contain only periods or spaces",
            ),
            (
                "a@b",
                "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
            ),
        ] {
            assert_eq!(user_name(name).join("; "), want, "{name}");
        }
    }
}
