//! Where the data of a volume is: one source of many kinds.

use k8s_openapi::api::core::v1::{PersistentVolumeSpec, SecretReference};

use crate::api::codec::encode;
use crate::api::field::{Errors, Path};
use crate::api::kinds::pod::defaults::text;
use crate::api::kinds::pod::disks;
use crate::api::kinds::pod::volumes::{absolute, driver, host_path, no_backsteps, required};
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain};

const ONE_TYPE: &str = "may not specify more than 1 volume type";

pub(super) fn defaults(spec: &mut PersistentVolumeSpec) {
    if let Some(source) = &mut spec.host_path {
        source.type_.get_or_insert_default();
    }
    if let Some(source) = &mut spec.iscsi {
        text(&mut source.iscsi_interface, "default");
    }
    if let Some(source) = &mut spec.rbd {
        text(&mut source.pool, "rbd");
        text(&mut source.user, "admin");
        text(&mut source.keyring, "/etc/ceph/keyring");
    }
    if let Some(source) = &mut spec.azure_disk {
        text(&mut source.caching_mode, "ReadWrite");
        text(&mut source.kind, "Shared");
        text(&mut source.fs_type, "ext4");
        source.read_only.get_or_insert(false);
    }
    if let Some(source) = &mut spec.scale_io {
        text(&mut source.storage_mode, "ThinProvisioned");
        text(&mut source.fs_type, "xfs");
    }
}

/// Every possible source in the order in which validation meets them, and whether it was given.
fn given(s: &PersistentVolumeSpec) -> [(&'static str, bool); 22] {
    [
        ("hostPath", s.host_path.is_some()),
        ("gcePersistentDisk", s.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", s.aws_elastic_block_store.is_some()),
        ("glusterfs", s.glusterfs.is_some()),
        ("flocker", s.flocker.is_some()),
        ("nfs", s.nfs.is_some()),
        ("rbd", s.rbd.is_some()),
        ("quobyte", s.quobyte.is_some()),
        ("cephFS", s.cephfs.is_some()),
        ("iscsi", s.iscsi.is_some()),
        ("cinder", s.cinder.is_some()),
        ("fc", s.fc.is_some()),
        ("flexVolume", s.flex_volume.is_some()),
        ("azureFile", s.azure_file.is_some()),
        ("vsphereVolume", s.vsphere_volume.is_some()),
        ("photonPersistentDisk", s.photon_persistent_disk.is_some()),
        ("portworxVolume", s.portworx_volume.is_some()),
        ("azureDisk", s.azure_disk.is_some()),
        ("scaleIO", s.scale_io.is_some()),
        ("local", s.local.is_some()),
        ("storageos", s.storageos.is_some()),
        ("csi", s.csi.is_some()),
    ]
}

/// The rules of the source of a volume; `has_affinity` tells whether it says which nodes reach it.
pub(super) fn validate(
    spec: &PersistentVolumeSpec,
    has_affinity: bool,
    volume: &str,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let mut count = 0;
    for (field, _) in given(spec).iter().filter(|(_, is)| *is) {
        count += 1;
        // A flex volume is not counted against others, as upstream has it.
        if count > 1 && *field != "flexVolume" {
            errors.forbidden(&path.child(field), ONE_TYPE);
            continue;
        }
        source(spec, field, volume, path, errors);
        if *field == "local" && !has_affinity {
            let detail = "Local volume requires node affinity";
            errors.required(&path.child("nodeAffinity"), detail);
        }
    }
    if count == 0 {
        errors.required(path, "must specify a volume type");
    }
}

fn source(
    spec: &PersistentVolumeSpec,
    field: &str,
    volume: &str,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let at = path.child(field);
    if let Some(source) = spec.host_path.as_ref().filter(|_| field == "hostPath") {
        host_path(source, &at, errors);
    } else if let Some(source) = spec.nfs.as_ref().filter(|_| field == "nfs") {
        required(&source.server, "server", &at, errors);
        required(&source.path, "path", &at, errors);
        absolute(&source.path, &at.child("path"), errors);
    } else if let Some(source) = spec.local.as_ref().filter(|_| field == "local") {
        required(&source.path, "path", &at, errors);
        no_backsteps(&source.path, &at.child("path"), errors);
    } else if field == "csi" {
        csi(spec, &at, errors);
    } else {
        let name = match field {
            "cephFS" => "cephfs",
            field => field,
        };
        let source = &encode(spec)[name];
        disks::validate(field, source, Some(volume), path, errors);
    }
}

fn csi(spec: &PersistentVolumeSpec, path: &Path<'_>, errors: &mut Errors) {
    let Some(csi) = &spec.csi else { return };
    driver(&csi.driver, &path.child("driver"), errors);
    if csi.volume_handle.is_empty() {
        errors.required(&path.child("volumeHandle"), "");
    }
    for (field, secret) in [
        (
            "controllerPublishSecretRef",
            &csi.controller_publish_secret_ref,
        ),
        (
            "controllerExpandSecretRef",
            &csi.controller_expand_secret_ref,
        ),
        ("nodePublishSecretRef", &csi.node_publish_secret_ref),
        ("nodeExpandSecretRef", &csi.node_expand_secret_ref),
    ] {
        reference(secret.as_ref(), &path.child(field), errors);
    }
}

fn reference(secret: Option<&SecretReference>, path: &Path<'_>, errors: &mut Errors) {
    let Some(secret) = secret else { return };
    let (name, namespace) = (
        secret.name.as_deref().unwrap_or_default(),
        secret.namespace.as_deref().unwrap_or_default(),
    );
    match name.is_empty() {
        true => errors.required(&path.child("name"), ""),
        false => errors.invalid_each(&path.child("name"), name, is_dns1123_subdomain(name)),
    }
    let path = path.child("namespace");
    match namespace.is_empty() {
        true => errors.required(&path, ""),
        false => errors.invalid_each(&path, namespace, is_dns1123_label(namespace)),
    }
}

/// What is said of sources that do nothing any longer.
pub(super) fn warnings(spec: &PersistentVolumeSpec, warnings: &mut Vec<String>) {
    for (field, is) in given(spec) {
        let text = match field {
            _ if !is => continue,
            "photonPersistentDisk" => "deprecated in v1.11, non-functional in v1.16+",
            "scaleIO" => "deprecated in v1.16, non-functional in v1.22+",
            "storageos" => "deprecated in v1.22, non-functional in v1.25+",
            "glusterfs" => "deprecated in v1.25, non-functional in v1.26+",
            "rbd" | "cephFS" => "deprecated in v1.28, non-functional in v1.31+",
            _ => continue,
        };
        let field = match field {
            "storageos" => "storageOS",
            "cephFS" => "cephfs",
            field => field,
        };
        warnings.push(format!("spec.{field}: {text}"));
    }
}
