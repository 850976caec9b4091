//! What the four kinds of role-based access share: the rules for rules, references and subjects
//! (`k8s.io/kubernetes/pkg/apis/rbac/validation`).

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time as ApiTime};

use crate::api::field::{Errors, Path, quote};
use crate::api::names::is_dns1123_subdomain;
use crate::api::rfc3339::format_time;
use crate::api::strategy::{Column, column, wide};
use crate::api::time::{age, from_api};
use crate::sim::Time;

pub const GROUP: &str = "rbac.authorization.k8s.io";

/// Roles may have names that are no DNS names: whatever can stand in a path.
pub fn name_errors(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name == "." || name == ".." {
        errors.push(format!("may not be '{name}'"));
        return errors;
    }
    for part in ["/", "%"] {
        if name.contains(part) {
            errors.push(format!("may not contain '{part}'"));
        }
    }
    errors
}

pub fn rules(rules: Option<&[PolicyRule]>, namespaced: bool, errors: &mut Errors) {
    let path = Path::new("rules");
    for (i, rule) in rules.unwrap_or_default().iter().enumerate() {
        self::rule(rule, namespaced, &path.index(i), errors);
    }
}

fn rule(rule: &PolicyRule, namespaced: bool, path: &Path<'_>, errors: &mut Errors) {
    let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    if rule.verbs.is_empty() {
        errors.required(
            &path.child("verbs"),
            "verbs must contain at least one value",
        );
    }
    if !is_empty(&rule.non_resource_urls) {
        let path = path.child("nonResourceURLs");
        if namespaced {
            let detail = "namespaced rules cannot apply to non-resource URLs";
            errors.invalid_json(&path, &rule.non_resource_urls, detail);
        }
        if !is_empty(&rule.api_groups)
            || !is_empty(&rule.resources)
            || !is_empty(&rule.resource_names)
        {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            errors.invalid_json(&path, &rule.non_resource_urls, detail);
        }
        return;
    }
    if is_empty(&rule.api_groups) {
        let detail = "resource rules must supply at least one api group";
        errors.required(&path.child("apiGroups"), detail);
    }
    if is_empty(&rule.resources) {
        let detail = "resource rules must supply at least one resource";
        errors.required(&path.child("resources"), detail);
    }
}

/// The group that references and subjects mean when they name none.
pub fn default_binding(reference: &mut RoleRef, subjects: Option<&mut Vec<Subject>>) {
    if reference
        .api_group
        .as_deref()
        .unwrap_or_default()
        .is_empty()
    {
        reference.api_group = Some(GROUP.to_owned());
    }
    for subject in subjects.into_iter().flatten() {
        let unset = subject.api_group.as_deref().unwrap_or_default().is_empty();
        if unset {
            let people = matches!(subject.kind.as_str(), "User" | "Group");
            subject.api_group = people.then(|| GROUP.to_owned());
        }
    }
}

pub fn binding(
    reference: &RoleRef,
    subjects: Option<&[Subject]>,
    namespaced: bool,
    errors: &mut Errors,
) {
    let path = Path::new("roleRef");
    let group = reference.api_group.as_deref().unwrap_or_default();
    if group != GROUP {
        errors.not_supported(&path.child("apiGroup"), group, &[GROUP]);
    }
    let kinds: &[&str] = match namespaced {
        true => &["Role", "ClusterRole"],
        false => &["ClusterRole"],
    };
    if !kinds.contains(&reference.kind.as_str()) {
        errors.not_supported_raw(&path.child("kind"), &quote(&reference.kind), kinds);
    }
    if reference.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    errors.invalid_each(
        &path.child("name"),
        reference.name.as_str(),
        name_errors(&reference.name),
    );
    let path = Path::new("subjects");
    for (i, subject) in subjects.unwrap_or_default().iter().enumerate() {
        self::subject(subject, namespaced, &path.index(i), errors);
    }
}

fn subject(subject: &Subject, namespaced: bool, path: &Path<'_>, errors: &mut Errors) {
    const KINDS: [&str; 3] = ["ServiceAccount", "User", "Group"];
    let name = subject.name.as_str();
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    let group = subject.api_group.as_deref().unwrap_or_default();
    match subject.kind.as_str() {
        "ServiceAccount" => {
            if !name.is_empty() {
                errors.invalid_each(&path.child("name"), name, is_dns1123_subdomain(name));
            }
            if !group.is_empty() {
                errors.not_supported(&path.child("apiGroup"), group, &[""]);
            }
            let namespace = subject.namespace.as_deref().unwrap_or_default();
            if !namespaced && namespace.is_empty() {
                errors.required(&path.child("namespace"), "");
            }
        }
        kind @ ("User" | "Group") => {
            if name.is_empty() {
                let detail = format!("{} name cannot be empty", kind.to_lowercase());
                errors.invalid(&path.child("name"), name, detail);
            }
            if group != GROUP {
                errors.not_supported(&path.child("apiGroup"), group, &[GROUP]);
            }
        }
        other => errors.not_supported_raw(&path.child("kind"), &quote(other), &KINDS),
    }
}

/// The role of a binding stays: a binding that could be turned to another role would let its
/// editor grant that one.
pub fn same_role(new: &RoleRef, old: &RoleRef, errors: &mut Errors) {
    if new != old {
        let group = new.api_group.as_deref().unwrap_or_default();
        let shown = format!(
            "{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}",
            quote(group),
            quote(&new.kind),
            quote(&new.name)
        );
        errors.invalid_raw(&Path::new("roleRef"), &shown, "cannot change roleRef");
    }
}

pub const ROLE_COLUMNS: &[Column] = &[column("Name"), column("Created At")];

pub fn role_row(meta: &ObjectMeta) -> Vec<String> {
    let stamp = |time: &ApiTime| format_time(from_api(time).0 as i64);
    let created = meta.creation_timestamp.as_ref().map(stamp);
    vec![
        meta.name.clone().unwrap_or_default(),
        created.unwrap_or_default(),
    ]
}

pub const BINDING_COLUMNS: &[Column] = &[
    column("Name"),
    column("Role"),
    column("Age"),
    wide("Users"),
    wide("Groups"),
    wide("ServiceAccounts"),
];

pub fn binding_row(
    meta: &ObjectMeta,
    reference: &RoleRef,
    subjects: Option<&[Subject]>,
    now: Time,
) -> Vec<String> {
    let of = |kind: &str| {
        let chosen = subjects.unwrap_or_default().iter();
        let names: Vec<String> = chosen
            .filter(|s| s.kind == kind)
            .map(|s| match s.namespace.as_deref() {
                Some(namespace) if kind == "ServiceAccount" && !namespace.is_empty() => {
                    format!("{namespace}/{}", s.name)
                }
                _ => s.name.clone(),
            })
            .collect();
        names.join(", ")
    };
    vec![
        meta.name.clone().unwrap_or_default(),
        format!("{}/{}", reference.kind, reference.name),
        age(meta, now),
        of("User"),
        of("Group"),
        of("ServiceAccount"),
    ]
}
