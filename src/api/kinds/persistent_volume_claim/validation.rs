//! The rules of claims.
//!
//! Models `ValidatePersistentVolumeClaim` in
//! `k8s.io/kubernetes/pkg/apis/core/validation/validation.go`. The order of errors is upstream's.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::api::difference;
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::pod::go_spec::volume_claim_spec;
use crate::api::kinds::pod::resources::is_native;
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain, is_qualified_name};
use crate::api::quantity::QuantityExt;
use crate::api::storage::{BETA_CLASS, annotation, phase_of_claim, requested_by};
use crate::api::validation::{IMMUTABLE, label_selector};

const MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];

/// What the status of an expansion may be, in the order of the alphabet.
const RESIZES: [&str; 5] = [
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
];

pub(super) fn validate(claim: &PersistentVolumeClaim) -> Errors {
    let mut errors = Errors::default();
    let empty = PersistentVolumeClaimSpec::default();
    let spec = claim.spec.as_ref().unwrap_or(&empty);
    claim_spec(spec, &Path::new("spec"), &mut errors);
    errors
}

pub(super) fn validate_update(new: &PersistentVolumeClaim, old: &PersistentVolumeClaim) -> Errors {
    let mut errors = validate(new);
    let (Some(spec), Some(before)) = (&new.spec, &old.spec) else {
        return errors;
    };
    let bound = phase_of_claim(new) == "Bound";
    let mut now = spec.clone();
    let mut then = before.clone();
    // The volume is chosen once.
    if then.volume_name.is_none() {
        then.volume_name.clone_from(&now.volume_name);
    }
    let annotations = [new, old].map(|c| annotation(&c.metadata, BETA_CLASS));
    if annotations[0] != annotations[1] {
        let path = Path::new("metadata");
        let path = path.child("annotations");
        let value = annotations[0].unwrap_or_default();
        errors.invalid(&path.key(BETA_CLASS), value, IMMUTABLE);
    }
    // A class can be given to a claim that had none.
    if annotations[1].is_none() && then.storage_class_name.is_none() {
        now.storage_class_name = None;
    }
    if bound {
        keep_size(&mut now, &then);
        if now.volume_attributes_class_name.is_some() {
            now.volume_attributes_class_name
                .clone_from(&then.volume_attributes_class_name);
        }
    }
    if now != then {
        let detail = format!(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{}",
            difference::of_json(&volume_claim_spec(&then), &volume_claim_spec(&now))
        );
        errors.forbidden(&Path::new("spec"), detail);
    }
    let has = old.status.as_ref().and_then(|s| s.capacity.as_ref());
    let has = has
        .and_then(|c| c.get("storage"))
        .map(QuantityExt::amount)
        .unwrap_or_default();
    let size = requested_by(spec);
    if size < requested_by(before) && size <= has {
        let path = Path::new("spec");
        let path = path.child("resources");
        let path = path.child("requests");
        let detail = "field can not be less than status.capacity";
        errors.forbidden(&path.child("storage"), detail);
    }
    if spec.volume_mode != before.volume_mode {
        let mode = spec.volume_mode.as_deref().unwrap_or_default();
        errors.invalid(&Path::new("volumeMode"), mode, IMMUTABLE);
    }
    let class = spec.volume_attributes_class_name.as_deref();
    let class_before = before.volume_attributes_class_name.as_deref();
    let detail = match (class_before, class) {
        (Some(_), None) => "update from non-nil value to nil is forbidden",
        (Some(before), Some("")) if !before.is_empty() => {
            "update from non-nil value to an empty string is forbidden"
        }
        _ => "",
    };
    if !detail.is_empty() {
        let path = Path::new("spec");
        errors.forbidden(&path.child("volumeAttributesClassName"), detail);
    }
    errors
}

pub(super) fn validate_status(claim: &PersistentVolumeClaim) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("status");
    let path = path.child("capacity");
    let status = claim.status.as_ref();
    for (name, amount) in status
        .and_then(|s| s.capacity.as_ref())
        .into_iter()
        .flatten()
    {
        basic(amount, &path.key(name), &mut errors);
    }
    let root = Path::new("status");
    let path = root.child("allocatedResourceStatus");
    let states = status.and_then(|s| s.allocated_resource_statuses.as_ref());
    for (name, state) in states.into_iter().flatten() {
        resource_key(name, &path, &mut errors);
        // It is the name that is shown, not what is wrong with it.
        if !RESIZES.contains(&state.as_str()) {
            errors.not_supported(&path, name.as_str(), &RESIZES);
        }
    }
    let path = root.child("allocatedResources");
    let allocated = status.and_then(|s| s.allocated_resources.as_ref());
    for (name, amount) in allocated.into_iter().flatten() {
        if resource_key(name, &path, &mut errors) {
            basic(amount, &path.key(name), &mut errors);
        }
    }
    errors
}

fn basic(amount: &Quantity, path: &Path<'_>, errors: &mut Errors) {
    if amount.amount().sign() < 0 {
        let detail = "must be a valid resource quantity";
        errors.invalid(path, amount.amount().value(), detail);
    }
}

/// Of the resources that Kubernetes itself knows, claims have storage alone. Tells whether the name is good.
fn resource_key(name: &str, path: &Path<'_>, errors: &mut Errors) -> bool {
    let wrong = is_qualified_name(name);
    if !wrong.is_empty() {
        errors.invalid_each(path, name, wrong);
        return false;
    }
    let known = !is_native(name) || name == "storage";
    if !known {
        errors.not_supported(path, name, &["storage"]);
    }
    known
}

/// The size of a bound claim may grow: it is looked at on its own.
fn keep_size(now: &mut PersistentVolumeClaimSpec, then: &PersistentVolumeClaimSpec) {
    let size = |spec: &PersistentVolumeClaimSpec| {
        let requests = spec.resources.as_ref()?.requests.as_ref()?;
        requests.get("storage").cloned()
    };
    let requests = now.resources.as_mut().and_then(|r| r.requests.as_mut());
    if let (Some(requests), Some(size)) = (requests, size(then)) {
        requests.insert("storage".to_owned(), size);
    }
}

/// The rules of what is claimed: of a claim, or of a template.
pub(in crate::api) fn claim_spec(
    spec: &PersistentVolumeClaimSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    let path_of_modes = path.child("accessModes");
    if modes.is_empty() {
        errors.required(&path_of_modes, "at least 1 access mode is required");
    }
    label_selector(spec.selector.as_ref(), &path.child("selector"), errors);
    access_modes(modes, &path_of_modes, errors);
    let requests = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
    let path_of_size = path.child("resources");
    let path_of_size = path_of_size.key("storage");
    match requests.and_then(|r| r.get("storage")) {
        None => errors.required(&path_of_size, ""),
        Some(amount) if amount.amount().sign() <= 0 => {
            let shown = quote(&amount.amount().to_string());
            errors.invalid_raw(&path_of_size, &shown, "must be greater than zero");
        }
        Some(_) => {}
    }
    let class = spec.storage_class_name.as_deref().unwrap_or_default();
    if !class.is_empty() {
        let messages = is_dns1123_subdomain(class);
        errors.invalid_each(&path.child("storageClassName"), class, messages);
    }
    volume_mode(
        spec.volume_mode.as_deref(),
        &path.child("volumeMode"),
        errors,
    );
    if let Some(source) = &spec.data_source {
        let path = path.child("dataSource");
        let group = source.api_group.as_deref();
        data_source(&source.name, &source.kind, group, &path, errors);
    }
    if let Some(source) = &spec.data_source_ref {
        let path = path.child("dataSourceRef");
        let group = source.api_group.as_deref();
        data_source(&source.name, &source.kind, group, &path, errors);
        if let Some(namespace) = source.namespace.as_deref().filter(|n| !n.is_empty()) {
            let messages = is_dns1123_label(namespace);
            errors.invalid_each(&path.child("namespace"), namespace, messages);
        }
    }
    if let (Some(source), Some(reference)) = (&spec.data_source, &spec.data_source_ref) {
        let shown = quote(&path.child("dataSource").to_string());
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        if !namespace.is_empty() {
            let detail = "may not be specified when dataSourceRef.namespace is specified";
            errors.invalid_raw(path, &shown, detail);
        } else if source.api_group != reference.api_group
            || source.kind != reference.kind
            || source.name != reference.name
        {
            errors.invalid_raw(path, &shown, "must match dataSourceRef");
        }
    }
    if let Some(class) = spec.volume_attributes_class_name.as_deref()
        && !class.is_empty()
    {
        let messages = is_dns1123_subdomain(class);
        errors.invalid_each(&path.child("volumeAttributesClassName"), class, messages);
    }
}

pub(in crate::api::kinds) fn access_modes(modes: &[String], path: &Path<'_>, errors: &mut Errors) {
    let (mut by_one_pod, mut others) = (false, false);
    for mode in modes {
        if !MODES.contains(&mode.as_str()) {
            errors.not_supported(path, mode, &MODES);
        } else if mode == "ReadWriteOncePod" {
            by_one_pod = true;
        } else {
            others = true;
        }
    }
    if by_one_pod && others {
        let detail = "may not use ReadWriteOncePod with other access modes";
        errors.forbidden(path, detail);
    }
}

pub(in crate::api::kinds) fn volume_mode(mode: Option<&str>, path: &Path<'_>, errors: &mut Errors) {
    const MODES: [&str; 2] = ["Block", "Filesystem"];
    if let Some(mode) = mode
        && !MODES.contains(&mode)
    {
        errors.not_supported(path, mode, &MODES);
    }
}

fn data_source(name: &str, kind: &str, group: Option<&str>, path: &Path<'_>, errors: &mut Errors) {
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    if kind.is_empty() {
        errors.required(&path.child("kind"), "");
    }
    let group = group.unwrap_or_default();
    if group.is_empty() {
        if kind != "PersistentVolumeClaim" {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.invalid(path, kind, detail);
        }
    } else {
        let messages = is_dns1123_subdomain(group);
        errors.invalid_each(&path.child("apiGroup"), group, messages);
    }
}
