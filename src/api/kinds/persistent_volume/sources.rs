//! Where the data of a volume is: one source of many kinds.

use k8s_openapi::api::core::v1::{PersistentVolumeSpec, SecretReference};

use crate::api::field::{Errors, Path};
use crate::api::kinds::pod::defaults::text;
use crate::api::kinds::pod::volumes::{absolute, host_path, no_backsteps};
use crate::api::names::is_dns1123_subdomain;

const ONE_TYPE: &str = "may not specify more than 1 volume type";
const DRIVER_MAX: usize = 63;

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

/// The rules of the source; `has_affinity` tells whether the volume says which nodes reach it.
pub(super) fn validate(
    spec: &PersistentVolumeSpec,
    has_affinity: bool,
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
        source(spec, field, path, errors);
        if *field == "local" && !has_affinity {
            let detail = "Local volume requires node affinity";
            errors.required(&path.child("nodeAffinity"), detail);
        }
    }
    if count == 0 {
        errors.required(path, "must specify a volume type");
    }
}

fn source(spec: &PersistentVolumeSpec, field: &str, path: &Path<'_>, errors: &mut Errors) {
    let at = match field {
        "gcePersistentDisk" => path.child("persistentDisk"),
        "cephFS" => path.child("cephfs"),
        _ => path.child(field),
    };
    let mut required = |pairs: &[(&'static str, &str)]| {
        for (name, value) in pairs {
            if value.is_empty() {
                errors.required(&at.child(name), "");
            }
        }
    };
    let opt = |value: &Option<String>| value.clone().unwrap_or_default();
    match field {
        "hostPath" => {
            if let Some(s) = &spec.host_path {
                host_path(s, &at, errors);
            }
        }
        "nfs" => {
            if let Some(s) = &spec.nfs {
                required(&[("server", &s.server), ("path", &s.path)]);
                absolute(&s.path, &at.child("path"), errors);
            }
        }
        "local" => {
            if let Some(s) = &spec.local {
                if s.path.is_empty() {
                    errors.required(&at.child("path"), "");
                } else {
                    no_backsteps(&s.path, &at.child("path"), errors);
                }
            }
        }
        "csi" => csi(spec, &at, errors),
        "gcePersistentDisk" => {
            if let Some(s) = &spec.gce_persistent_disk {
                required(&[("pdName", &s.pd_name)]);
                partition(s.partition, &at, errors);
            }
        }
        "awsElasticBlockStore" => {
            if let Some(s) = &spec.aws_elastic_block_store {
                required(&[("volumeID", &s.volume_id)]);
                partition(s.partition, &at, errors);
            }
        }
        "glusterfs" => {
            if let Some(s) = &spec.glusterfs {
                required(&[("endpoints", &s.endpoints), ("path", &s.path)]);
            }
        }
        "rbd" => {
            if let Some(s) = &spec.rbd {
                let monitors = s.monitors.concat();
                required(&[("monitors", &monitors), ("image", &s.image)]);
            }
        }
        "quobyte" => {
            if let Some(s) = &spec.quobyte {
                required(&[("registry", &s.registry), ("volume", &s.volume)]);
            }
        }
        "cephFS" => {
            if let Some(s) = &spec.cephfs {
                required(&[("monitors", &s.monitors.concat())]);
            }
        }
        "iscsi" => {
            if let Some(s) = &spec.iscsi {
                required(&[("targetPortal", &s.target_portal), ("iqn", &s.iqn)]);
                if !(0..=255).contains(&s.lun) {
                    let detail = "must be between 0 and 255, inclusive";
                    errors.invalid(&at.child("lun"), s.lun, detail);
                }
            }
        }
        "cinder" => {
            if let Some(s) = &spec.cinder {
                required(&[("volumeID", &s.volume_id)]);
                reference(s.secret_ref.as_ref(), &at.child("secretRef"), errors);
            }
        }
        "fc" => {
            if let Some(s) = &spec.fc {
                let by_name = s.target_wwns.as_ref().is_some_and(|t| !t.is_empty());
                let by_id = s.wwids.as_ref().is_some_and(|t| !t.is_empty());
                if !by_name && !by_id {
                    let detail = "must specify either targetWWNs or wwids, but not both";
                    errors.required(&at.child("targetWWNs"), detail);
                } else if by_name && s.lun.is_none() {
                    let detail = "lun is required if targetWWNs is specified";
                    errors.required(&at.child("lun"), detail);
                }
            }
        }
        "flexVolume" => {
            if let Some(s) = &spec.flex_volume {
                required(&[("driver", &s.driver)]);
            }
        }
        "azureFile" => {
            if let Some(s) = &spec.azure_file {
                required(&[("secretName", &s.secret_name), ("shareName", &s.share_name)]);
            }
        }
        "vsphereVolume" => {
            if let Some(s) = &spec.vsphere_volume {
                required(&[("volumePath", &s.volume_path)]);
            }
        }
        "photonPersistentDisk" => {
            if let Some(s) = &spec.photon_persistent_disk {
                required(&[("pdID", &s.pd_id)]);
            }
        }
        "portworxVolume" => {
            if let Some(s) = &spec.portworx_volume {
                required(&[("volumeID", &s.volume_id)]);
            }
        }
        "azureDisk" => {
            if let Some(s) = &spec.azure_disk {
                required(&[("diskName", &s.disk_name), ("diskURI", &s.disk_uri)]);
            }
        }
        "scaleIO" => {
            if let Some(s) = &spec.scale_io {
                let volume = opt(&s.volume_name);
                required(&[
                    ("gateway", &s.gateway),
                    ("system", &s.system),
                    ("volumeName", &volume),
                ]);
            }
        }
        "storageos" => {
            if let Some(s) = &spec.storageos {
                required(&[("volumeName", &opt(&s.volume_name))]);
            }
        }
        _ => {}
    }
}

fn partition(partition: Option<i32>, path: &Path<'_>, errors: &mut Errors) {
    let partition = partition.unwrap_or_default();
    if !(0..=255).contains(&partition) {
        let detail = "must be between 0 and 255, inclusive";
        errors.invalid(&path.child("partition"), partition, detail);
    }
}

fn csi(spec: &PersistentVolumeSpec, path: &Path<'_>, errors: &mut Errors) {
    let Some(csi) = &spec.csi else { return };
    let at = path.child("driver");
    if csi.driver.is_empty() {
        errors.required(&at, "");
    }
    if csi.driver.len() > DRIVER_MAX {
        errors.too_long(&at, DRIVER_MAX);
    }
    let driver = csi.driver.to_lowercase();
    errors.invalid_each(&at, &csi.driver, is_dns1123_subdomain(&driver));
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
    if secret.name.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("name"), "");
    }
    if secret.namespace.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("namespace"), "");
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
