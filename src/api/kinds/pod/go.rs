//! Values as the server's internal Go types are written in messages: all fields, by their Go
//! names.

use k8s_openapi::api::core::v1::{SecurityContext, Toleration};
use serde::Serialize;

use crate::api::codec::encode;
use crate::api::field::quote;

/// A pointer: `null` when it is nil.
fn pointer<T: Serialize>(value: Option<&T>) -> String {
    match value {
        Some(value) => encode(value).to_string(),
        None => "null".to_owned(),
    }
}

pub(super) fn toleration(t: &Toleration) -> String {
    let text = |field: &Option<String>| quote(field.as_deref().unwrap_or_default());
    format!(
        "{{\"Key\":{},\"Operator\":{},\"Value\":{},\"Effect\":{},\"TolerationSeconds\":{}}}",
        text(&t.key),
        text(&t.operator),
        text(&t.value),
        text(&t.effect),
        pointer(t.toleration_seconds.as_ref())
    )
}

pub(super) fn security_context(c: &SecurityContext) -> String {
    let capabilities = c.capabilities.as_ref().map_or("null".to_owned(), |c| {
        let list = |names: &Option<Vec<String>>| pointer(names.as_ref());
        format!("{{\"Add\":{},\"Drop\":{}}}", list(&c.add), list(&c.drop))
    });
    format!(
        "{{\"Capabilities\":{capabilities},\"Privileged\":{},\"SELinuxOptions\":null,\"WindowsOptions\":null,\"RunAsUser\":{},\"RunAsGroup\":{},\"RunAsNonRoot\":{},\"ReadOnlyRootFilesystem\":{},\"AllowPrivilegeEscalation\":{},\"ProcMount\":{},\"SeccompProfile\":null,\"AppArmorProfile\":null}}",
        pointer(c.privileged.as_ref()),
        pointer(c.run_as_user.as_ref()),
        pointer(c.run_as_group.as_ref()),
        pointer(c.run_as_non_root.as_ref()),
        pointer(c.read_only_root_filesystem.as_ref()),
        pointer(c.allow_privilege_escalation.as_ref()),
        pointer(c.proc_mount.as_ref()),
    )
}
