//! The rules of what a container mounts.

use k8s_openapi::api::core::v1::{Container, VolumeMount};

use super::volumes::{Known, descending};
use crate::api::field::{Errors, Path};
use crate::api::validation::one_of;
use crate::sim::ordered::Set as BTreeSet;

pub(super) fn validate(
    container: &Container,
    known: &Known<'_>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let of_list = path.child("volumeMounts");
    let mut places = BTreeSet::new();
    for (i, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let path = of_list.index(i);
        if mount.name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        if !known.contains_key(mount.name.as_str()) {
            errors.not_found(&path.child("name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&path.child("mountPath"), "");
        }
        if !places.insert(mount.mount_path.as_str()) {
            let detail = "must be unique";
            errors.invalid(&path.child("mountPath"), &mount.mount_path, detail);
        }
        let mut devices = container.volume_devices.iter().flatten();
        if devices.clone().any(|d| d.name == mount.name) {
            let detail = "must not already exist in volumeDevices";
            errors.invalid(&path.child("name"), &mount.name, detail);
        }
        if devices.any(|d| d.device_path == mount.mount_path) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.invalid(&path.child("mountPath"), &mount.mount_path, detail);
        }
        sub_path(mount, &of_list, &path, errors);
        propagation(mount, container, &of_list, errors);
        recursively(mount, &of_list.child("recursiveReadOnly"), errors);
    }
    devices(container, known, &path.child("volumeDevices"), errors);
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn sub_path(mount: &VolumeMount, of_list: &Path<'_>, path: &Path<'_>, errors: &mut Errors) {
    let plain = mount.sub_path.as_deref().unwrap_or_default();
    if !plain.is_empty() {
        descending(plain, &of_list.child("subPath"), errors);
    }
    let expression = mount.sub_path_expr.as_deref().unwrap_or_default();
    if !expression.is_empty() {
        if !plain.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.invalid(&path.child("subPathExpr"), expression, detail);
        }
        descending(expression, &of_list.child("subPathExpr"), errors);
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn propagation(
    mount: &VolumeMount,
    container: &Container,
    of_list: &Path<'_>,
    errors: &mut Errors,
) {
    let Some(mode) = &mount.mount_propagation else {
        return;
    };
    let path = of_list.child("mountPropagation");
    one_of(
        Some(mode),
        &["Bidirectional", "HostToContainer", "None"],
        &path,
        errors,
    );
    let context = container.security_context.as_ref();
    let privileged = context.and_then(|c| c.privileged) == Some(true);
    if mode == "Bidirectional" && !privileged {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        errors.forbidden(&path, detail);
    }
}

/// Whether what is mounted below is read-only, too.
fn recursively(mount: &VolumeMount, path: &Path<'_>, errors: &mut Errors) {
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount.read_only != Some(true) {
                errors.forbidden(path, "may only be specified when readOnly is true");
            }
            if mount.mount_propagation.as_deref().unwrap_or("None") != "None" {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.forbidden(path, detail);
            }
        }
        Some(other) => {
            let known = ["Disabled", "Enabled", "IfPossible"];
            errors.not_supported(path, other, &known);
        }
    }
}

fn devices(container: &Container, known: &Known<'_>, path: &Path<'_>, errors: &mut Errors) {
    let mut places = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (i, device) in container.volume_devices.iter().flatten().enumerate() {
        let path = path.index(i);
        let (name, place) = (device.name.as_str(), device.device_path.as_str());
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        if !name.is_empty() && !names.insert(name) {
            errors.invalid(&path.child("name"), name, "must be unique");
        }
        match known.get(name) {
            None => errors.not_found(&path.child("name"), name),
            Some(volume)
                if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() =>
            {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid(&path.child("name"), name, detail);
            }
            Some(_) => {}
        }
        let of_path = path.child("devicePath");
        if place.is_empty() {
            errors.required(&of_path, "");
        }
        if places.contains(place) {
            errors.invalid(&of_path, place, "must be unique");
        }
        if place.split('/').any(|part| part == "..") {
            errors.invalid(&of_path, place, "can not contain backsteps ('..')");
        } else {
            places.insert(place);
        }
        let mut mounts = container.volume_mounts.iter().flatten();
        if mounts.clone().any(|m| m.name == name) {
            let detail = "must not already exist in volumeMounts";
            errors.invalid(&path.child("name"), name, detail);
        }
        if mounts.any(|m| m.mount_path == place) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.invalid(&of_path, place, detail);
        }
    }
}
