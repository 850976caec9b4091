//! How much a namespace may hold.
//!
//! Models `k8s.io/kubernetes/pkg/apis/core/validation` `ValidateResourceQuota` and
//! `pkg/registry/core/resourcequota/strategy.go`. What counts, and for how much, is in `api::quota`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ResourceQuota as Kind, ResourceQuotaSpec, ScopedResourceSelectorRequirement,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::KindInfo;
use super::pod::resources::{is_extended, is_standard};
use crate::api::field::{Errors, Path, quote};
use crate::api::names::is_qualified_name;
use crate::api::quantity::QuantityExt;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::{IMMUTABLE, NOT_NEGATIVE};
use crate::sim::Time;
use crate::sim::ordered::Set as BTreeSet;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "ResourceQuota",
    plural: "resourcequotas",
    singular: "resourcequota",
    short_names: &["quota"],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    prefix: "resourcequotas",
    strategy: &Typed(Rules),
};

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

/// Scopes that nothing can be in both of.
const OPPOSITES: [[&str; 2]; 2] = [
    ["BestEffort", "NotBestEffort"],
    ["Terminating", "NotTerminating"],
];

/// Amounts of things that come in pieces.
const COUNTS: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

type List = BTreeMap<String, ApiQuantity>;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, quota: &mut Kind) {
        quota.status.get_or_insert_default();
        let spec = quota.spec.get_or_insert_default();
        for amount in spec.hard.iter_mut().flat_map(BTreeMap::values_mut) {
            amount.canonicalize();
        }
    }

    fn prepare_for_create(&self, quota: &mut Kind) {
        quota.status = Some(Default::default());
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, quota: &Kind) -> Errors {
        let mut errors = Errors::default();
        let empty = ResourceQuotaSpec::default();
        let spec = quota.spec.as_ref().unwrap_or(&empty);
        let path = Path::new("spec");
        amounts(spec.hard.as_ref(), &path.child("hard"), &mut errors);
        scopes(spec, &path.child("scopes"), &mut errors);
        scope_selector(spec, &path.child("scopeSelector"), &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = self.validate(new);
        let set = |quota: &Kind| -> BTreeSet<String> {
            let scopes = quota.spec.as_ref().and_then(|s| s.scopes.clone());
            scopes.unwrap_or_default().into_iter().collect()
        };
        if set(new) != set(old) {
            let path = Path::new("spec");
            let given = new.spec.as_ref().and_then(|s| s.scopes.as_ref());
            errors.invalid_json(&path.child("scopes"), &given, IMMUTABLE);
        }
        errors
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("status");
        if let Some(status) = &new.status {
            amounts(status.hard.as_ref(), &path.child("hard"), &mut errors);
            amounts(status.used.as_ref(), &path.child("used"), &mut errors);
        }
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Request"),
            column("Limit"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, quota: &Kind, now: Time) -> Vec<String> {
        let status = quota.status.as_ref();
        let hard = status.and_then(|s| s.hard.as_ref());
        let used = status.and_then(|s| s.used.as_ref());
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (resource, hard) in hard.into_iter().flatten() {
            let used = used.and_then(|u| u.get(resource));
            let used = used.map_or("0", |q| q.0.as_str());
            let cell = format!("{resource}: {used}/{}", hard.0);
            match resource.starts_with("limits.") {
                true => limits.push(cell),
                false => requests.push(cell),
            }
        }
        vec![
            quota.metadata.name.clone().unwrap_or_default(),
            requests.join(", "),
            limits.join(", "),
            age(&quota.metadata, now),
        ]
    }
}

fn amounts(list: Option<&List>, path: &Path<'_>, errors: &mut Errors) {
    for (resource, quantity) in list.into_iter().flatten() {
        let path = path.key(resource);
        name(resource, &path, errors);
        let amount = quantity.amount();
        if amount.sign() < 0 {
            errors.invalid(&path, &amount.to_string(), NOT_NEGATIVE);
        }
        let whole = COUNTS.contains(&resource.as_str()) || is_extended(resource);
        if whole && !amount.is_integer() {
            errors.invalid(&path, &amount.to_string(), "must be an integer");
        }
    }
}

/// Whether a quota knows the name without a domain.
fn is_known(resource: &str) -> bool {
    const COMPUTE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
    const MORE: [&str; 2] = ["requests.storage", "storage"];
    let base = resource
        .strip_prefix("requests.")
        .or_else(|| resource.strip_prefix("limits."))
        .unwrap_or(resource);
    let huge = resource.strip_prefix("requests.").unwrap_or(resource);
    COUNTS.contains(&resource)
        || COMPUTE.contains(&base)
        || MORE.contains(&resource)
        || huge.starts_with("hugepages-")
}

fn name(resource: &str, path: &Path<'_>, errors: &mut Errors) {
    let messages = is_qualified_name(resource);
    let well_formed = messages.is_empty();
    errors.invalid_each(path, resource, messages);
    if resource.contains('/') {
        return;
    }
    if well_formed && !is_known(resource) && !is_standard(resource) {
        let detail = "must be a standard resource type or fully qualified";
        errors.invalid(path, resource, detail);
    }
    if !is_known(resource) || resource == "storage" {
        errors.invalid(path, resource, "must be a standard resource for quota");
    }
}

/// Whether amounts of a resource can be told apart by a scope.
fn applies(scope: &str, resource: &str) -> bool {
    const COMPUTE: [&str; 6] = [
        "cpu",
        "memory",
        "limits.cpu",
        "limits.memory",
        "requests.cpu",
        "requests.memory",
    ];
    match scope {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => {
            matches!(resource, "persistentvolumeclaims" | "requests.storage")
        }
        scope if SCOPES.contains(&scope) => resource == "pods" || COMPUTE.contains(&resource),
        _ => true,
    }
}

/// The names in the quota that its scopes are held against.
fn limited(spec: &ResourceQuotaSpec) -> impl Iterator<Item = &str> {
    let hard = spec.hard.iter().flat_map(BTreeMap::keys);
    hard.map(String::as_str)
        .filter(|r| is_known(r) && *r != "storage")
}

fn scopes(spec: &ResourceQuotaSpec, path: &Path<'_>, errors: &mut Errors) {
    let given = spec.scopes.as_deref().unwrap_or_default();
    for scope in given {
        if !SCOPES.contains(&scope.as_str()) {
            errors.invalid_json(path, &given, "unsupported scope");
        }
        for _ in limited(spec).filter(|r| !applies(scope, r)) {
            errors.invalid_json(path, &given, "unsupported scope applied to resource");
        }
    }
    for pair in OPPOSITES {
        if pair.iter().all(|p| given.iter().any(|g| g == p)) {
            errors.invalid_json(path, &given, "conflicting scopes");
        }
    }
}

fn scope_selector(spec: &ResourceQuotaSpec, path: &Path<'_>, errors: &mut Errors) {
    let Some(selector) = &spec.scope_selector else {
        return;
    };
    let path = path.child("matchExpressions");
    let given = selector.match_expressions.as_deref().unwrap_or_default();
    for requirement in given {
        let scope = requirement.scope_name.as_str();
        if !SCOPES.contains(&scope) {
            errors.invalid(&path.child("scopeName"), scope, "unsupported scope");
        }
        for _ in limited(spec).filter(|r| !applies(scope, r)) {
            let detail = "unsupported scope applied to resource";
            errors.invalid_raw(&path, &printed(given), detail);
        }
        requirement_rules(requirement, &path, errors);
    }
    for pair in OPPOSITES {
        if pair
            .iter()
            .all(|p| given.iter().any(|g| g.scope_name == *p))
        {
            errors.invalid_json(&path, &spec.scopes, "conflicting scopes");
        }
    }
}

/// The selector as upstream's own type prints it.
fn printed(given: &[ScopedResourceSelectorRequirement]) -> String {
    let one = |r: &ScopedResourceSelectorRequirement| {
        let values = serde_json::to_string(&r.values).unwrap_or_default();
        let (scope, operator) = (quote(&r.scope_name), quote(&r.operator));
        format!("{{\"ScopeName\":{scope},\"Operator\":{operator},\"Values\":{values}}}")
    };
    let all: Vec<String> = given.iter().map(one).collect();
    format!("{{\"MatchExpressions\":[{}]}}", all.join(","))
}

fn requirement_rules(
    requirement: &ScopedResourceSelectorRequirement,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let scope = requirement.scope_name.as_str();
    let operator = requirement.operator.as_str();
    let values = requirement.values.as_deref().unwrap_or_default();
    let selectable = matches!(scope, "PriorityClass" | "VolumeAttributesClass");
    if SCOPES.contains(&scope) && !selectable && operator != "Exists" {
        let detail = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.invalid(&path.child("operator"), operator, detail);
    }
    match operator {
        "In" | "NotIn" if values.is_empty() => errors.required(
            &path.child("values"),
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.invalid_json(
            &path.child("values"),
            &values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.invalid(
            &path.child("operator"),
            other,
            "not a valid selector operator",
        ),
    }
}
