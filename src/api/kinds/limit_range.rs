//! What a pod, a container or a claim of a namespace may ask for, and what it gets when it does not
//! say.
//!
//! Models `k8s.io/kubernetes/pkg/apis/core/validation` `ValidateLimitRange` and
//! `pkg/apis/core/v1/defaults.go` `SetDefaults_LimitRangeItem`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange as Kind, LimitRangeItem};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::KindInfo;
use super::pod::resources::{self, is_standard, may_be_shared};
use crate::api::field::{Errors, Path};
use crate::api::names::is_qualified_name;
use crate::api::quantity::{Format, Quantity, QuantityExt};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::from_api;
use crate::sim::Time;
use crate::sim::ordered::Set as BTreeSet;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "LimitRange",
    plural: "limitranges",
    singular: "limitrange",
    short_names: &["limits"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "limitranges",
    strategy: &Typed(Rules),
};

type List = BTreeMap<String, ApiQuantity>;

/// The largest number that still fits when it is counted in thousandths.
const MILLI_MAX: i64 = i64::MAX / 1000;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn put_creates(&self) -> bool {
        true
    }

    fn default(&self, range: &mut Kind) {
        for item in &mut range.spec.get_or_insert_default().limits {
            for list in [
                &mut item.max,
                &mut item.min,
                &mut item.default,
                &mut item.default_request,
                &mut item.max_limit_request_ratio,
            ] {
                for amount in list.iter_mut().flat_map(BTreeMap::values_mut) {
                    amount.canonicalize();
                }
            }
            if item.type_ == "Container" {
                fill_container(item);
            }
        }
    }

    fn validate(&self, range: &Kind) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        let path = spec.child("limits");
        let mut types = BTreeSet::new();
        for (i, item) in range.spec.iter().flat_map(|s| &s.limits).enumerate() {
            let path = path.index(i);
            type_name(&item.type_, &path.child("type"), &mut errors);
            if !types.insert(item.type_.as_str()) {
                errors.duplicate(&path.child("type"), item.type_.as_str());
            }
            limits(item, &path, &mut errors);
        }
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Created At")];
        COLUMNS
    }

    fn row(&self, range: &Kind, _now: Time) -> Vec<String> {
        let created = range.metadata.creation_timestamp.as_ref();
        let created = created.map(|t| from_api(t).0 as i64).unwrap_or_default();
        vec![
            range.metadata.name.clone().unwrap_or_default(),
            crate::api::rfc3339::format_time(created),
        ]
    }
}

/// Without a default limit the largest is meant, without a default request the limit, and without
/// that the least.
fn fill_container(item: &mut LimitRangeItem) {
    let fill = |to: &mut Option<List>, from: &Option<List>| {
        for (resource, amount) in from.iter().flatten() {
            let list = to.get_or_insert_default();
            if !list.contains_key(resource) {
                list.insert(resource.clone(), amount.clone());
            }
        }
    };
    fill(&mut item.default, &item.max);
    fill(&mut item.default_request, &item.default);
    fill(&mut item.default_request, &item.min);
}

fn type_name(name: &str, path: &Path<'_>, errors: &mut Errors) {
    let messages = is_qualified_name(name);
    errors.invalid_each(path, name, messages);
    let standard = matches!(name, "Pod" | "Container" | "PersistentVolumeClaim");
    if !name.contains('/') && !standard {
        let detail = "must be a standard limit type or fully qualified";
        errors.invalid(path, name, detail);
    }
}

fn resource_name(type_: &str, resource: &str, path: &Path<'_>, errors: &mut Errors) {
    if matches!(type_, "Pod" | "Container") {
        return resources::name(resource, path, errors);
    }
    let messages = is_qualified_name(resource);
    let well_formed = messages.is_empty();
    errors.invalid_each(path, resource, messages);
    let standard = matches!(resource, "cpu" | "memory" | "ephemeral-storage")
        || resource.starts_with("hugepages-")
        || is_standard(resource);
    if well_formed && !resource.contains('/') && !standard {
        let detail = "must be a standard resource type or fully qualified";
        errors.invalid(path, resource, detail);
    }
}

fn limits(item: &LimitRangeItem, path: &Path<'_>, errors: &mut Errors) {
    let names = |list: &Option<List>, field: &str, errors: &mut Errors| {
        let path = path.child(field);
        for resource in list.iter().flat_map(BTreeMap::keys) {
            resource_name(&item.type_, resource, &path.key(resource), errors);
        }
    };
    names(&item.max, "max", errors);
    names(&item.min, "min", errors);
    for (list, field) in [
        (&item.default, "default"),
        (&item.default_request, "defaultRequest"),
    ] {
        if item.type_ != "Pod" {
            names(list, field, errors);
        } else if list.as_ref().is_some_and(|l| !l.is_empty()) {
            let detail = "may not be specified when `type` is 'Pod'";
            errors.forbidden(&path.child(field), detail);
        }
    }
    if item.type_ == "PersistentVolumeClaim" {
        let has = |list: &Option<List>| list.as_ref().is_some_and(|l| l.contains_key("storage"));
        if !has(&item.min) && !has(&item.max) {
            let detail =
                "either minimum or maximum storage value is required, but neither was provided";
            errors.required(&path.child("limits"), detail);
        }
    }
    names(
        &item.max_limit_request_ratio,
        "maxLimitRequestRatio",
        errors,
    );
    let lists = [
        &item.max,
        &item.min,
        &item.default,
        &item.default_request,
        &item.max_limit_request_ratio,
    ];
    let all: BTreeSet<&String> = lists
        .into_iter()
        .flatten()
        .flat_map(BTreeMap::keys)
        .collect();
    for resource in all {
        amounts(item, resource, path, errors);
    }
}

fn amounts(item: &LimitRangeItem, resource: &str, path: &Path<'_>, errors: &mut Errors) {
    let find = |list: &Option<List>| list.as_ref()?.get(resource).map(QuantityExt::amount);
    let is_pod = item.type_ == "Pod";
    let (min, max) = (find(&item.min), find(&item.max));
    let default = find(&item.default).filter(|_| !is_pod);
    let request = find(&item.default_request).filter(|_| !is_pod);
    let ratio = find(&item.max_limit_request_ratio);
    // The lesser and the greater of a pair that has to be in order, and which of them is blamed.
    let pairs = [
        (min, "min value", max, "max value", "min", min),
        (
            min,
            "min value",
            request,
            "default request value",
            "defaultRequest",
            request,
        ),
        (
            request,
            "default request value",
            max,
            "max value",
            "defaultRequest",
            request,
        ),
        (
            request,
            "default request value",
            default,
            "default limit value",
            "defaultRequest",
            request,
        ),
        (min, "min value", default, "default value", "default", min),
        (default, "default value", max, "max value", "default", max),
    ];
    for (low, low_words, high, high_words, field, blamed) in pairs {
        if let (Some(low), Some(high), Some(blamed)) = (low, high, blamed)
            && low > high
        {
            let path = path.child(field);
            let detail = format!("{low_words} {low} is greater than {high_words} {high}");
            errors.invalid(&path.key(resource), &blamed.to_string(), detail);
        }
    }
    if let Some(ratio) = ratio {
        let path = path.child("maxLimitRequestRatio");
        let path = path.key(resource);
        if ratio < Quantity::new(1, Format::DecimalSi) {
            let detail = format!("ratio {ratio} is less than 1");
            errors.invalid(&path, &ratio.to_string(), detail);
        }
        if let (Some(min), Some(max)) = (min, max) {
            let small = |q: &Quantity| q.value() < MILLI_MAX;
            let milli = small(&ratio) && small(&min) && small(&max);
            let count = |q: &Quantity| if milli { q.milli_value() } else { q.value() } as f64;
            let given = if milli {
                count(&ratio) / 1000.0
            } else {
                count(&ratio)
            };
            let most = count(&max) / count(&min);
            if given > most {
                let detail = format!("ratio {ratio} is greater than max/min = {most:.6}");
                errors.invalid(&path, &ratio.to_string(), detail);
            }
        }
    }
    if let (Some(default), Some(request)) = (default, request)
        && !may_be_shared(resource)
        && default != request
    {
        let path = path.child("defaultRequest");
        let detail = format!(
            "default value {default} must equal to defaultRequest value {request} in {resource}"
        );
        errors.invalid(&path.key(resource), &request.to_string(), detail);
    }
}
