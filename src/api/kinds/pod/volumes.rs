//! The rules of volumes: one source each, under a name of its own.

use k8s_openapi::api::core::v1::{
    CSIVolumeSource, DownwardAPIVolumeFile, EphemeralVolumeSource, HostPathVolumeSource, KeyToPath,
    ProjectedVolumeSource, Volume,
};

use super::disks;
use super::env::{FILE_FIELDS, field_ref, resource_ref};
use crate::api::codec::encode;
use crate::api::field::{Errors, Path};
use crate::api::kinds::persistent_volume_claim::validation::claim_spec;
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain};
use crate::api::quantity::QuantityExt;
use crate::api::validation::{annotations, labels, one_of};
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// The volumes that are well formed, by name: those can be mounted.
pub(super) type Known<'v> = BTreeMap<&'v str, &'v Volume>;

const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const ONE_TYPE: &str = "may not specify more than 1 volume type";

/// Whether any source was given.
pub(super) fn has_source(volume: &Volume) -> bool {
    sources(volume).any(|(_, given)| given)
}

/// Every possible source in the order in which validation meets them, and whether it was given.
fn sources(v: &Volume) -> impl Iterator<Item = (&'static str, bool)> {
    [
        ("emptyDir", v.empty_dir.is_some()),
        ("hostPath", v.host_path.is_some()),
        ("gitRepo", v.git_repo.is_some()),
        ("gcePersistentDisk", v.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", v.aws_elastic_block_store.is_some()),
        ("secret", v.secret.is_some()),
        ("nfs", v.nfs.is_some()),
        ("iscsi", v.iscsi.is_some()),
        ("glusterfs", v.glusterfs.is_some()),
        ("flocker", v.flocker.is_some()),
        ("persistentVolumeClaim", v.persistent_volume_claim.is_some()),
        ("rbd", v.rbd.is_some()),
        ("cinder", v.cinder.is_some()),
        ("cephfs", v.cephfs.is_some()),
        ("quobyte", v.quobyte.is_some()),
        ("downwardAPI", v.downward_api.is_some()),
        ("fc", v.fc.is_some()),
        ("flexVolume", v.flex_volume.is_some()),
        ("configMap", v.config_map.is_some()),
        ("azureFile", v.azure_file.is_some()),
        ("vsphereVolume", v.vsphere_volume.is_some()),
        ("photonPersistentDisk", v.photon_persistent_disk.is_some()),
        ("portworxVolume", v.portworx_volume.is_some()),
        ("azureDisk", v.azure_disk.is_some()),
        ("storageos", v.storageos.is_some()),
        ("projected", v.projected.is_some()),
        ("scaleIO", v.scale_io.is_some()),
        ("csi", v.csi.is_some()),
        ("ephemeral", v.ephemeral.is_some()),
        ("image", v.image.is_some()),
    ]
    .into_iter()
}

/// The longest name of a driver, in bytes.
const DRIVER_MAX: usize = 63;

/// Checks the volumes; returns those that are well formed. `pod` is the name of the pod that they
/// belong to, and nothing for a template.
pub(super) fn validate<'v>(
    volumes: &'v [Volume],
    pod: Option<&str>,
    path: &Path<'_>,
    errors: &mut Errors,
) -> Known<'v> {
    let mut known = Known::new();
    let claim = |volume: &Volume| {
        let pod = pod.filter(|p| !p.is_empty())?;
        volume.ephemeral.as_ref()?;
        Some(format!("{pod}-{}", volume.name))
    };
    let made: Vec<String> = volumes.iter().filter_map(claim).collect();
    for (i, volume) in volumes.iter().enumerate() {
        let path = path.index(i);
        let mut found = Errors::default();
        source(volume, pod.is_some(), &path, &mut found);
        if let Some(claim) = claim(volume).filter(|_| !volume.name.is_empty()) {
            for message in is_dns1123_subdomain(&claim) {
                let detail = format!("PVC name \"{claim}\": {message}");
                found.invalid(&path.child("name"), &volume.name, detail);
            }
        }
        let name = path.child("name");
        if volume.name.is_empty() {
            found.required(&name, "");
        } else {
            found.invalid_each(&name, &volume.name, is_dns1123_label(&volume.name));
        }
        if known.contains_key(volume.name.as_str()) {
            found.duplicate(&name, &volume.name);
        }
        if found.is_empty() {
            known.insert(&volume.name, volume);
        } else {
            errors.append(found);
        }
        if let Some(source) = &volume.persistent_volume_claim
            && made.contains(&source.claim_name)
        {
            let path = path.child("persistentVolumeClaim");
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            errors.invalid(&path.child("claimName"), &source.claim_name, detail);
        }
    }
    known
}

fn source(volume: &Volume, of_pod: bool, path: &Path<'_>, errors: &mut Errors) {
    let mut given = 0;
    for (field, is_given) in sources(volume) {
        if !is_given {
            continue;
        }
        given += 1;
        if given > 1 {
            // Two of the names are written so upstream.
            let field = match field {
                "downwardAPI" => "downwarAPI",
                "cephfs" => "cephFS",
                field => field,
            };
            errors.forbidden(&path.child(field), ONE_TYPE);
        } else {
            one_source(volume, field, of_pod, path, errors);
        }
        if let Some(source) = volume.iscsi.as_ref().filter(|_| field == "iscsi") {
            disks::initiator(&volume.name, &encode(source), path, errors);
        }
    }
    if given == 0 {
        errors.required(path, "must specify a volume type");
    }
}

/// A text that has to be there.
pub(in crate::api::kinds) fn required(
    value: &str,
    field: &str,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if value.is_empty() {
        errors.required(&path.child(field), "");
    }
}

fn one_source(
    volume: &Volume,
    field: &str,
    of_pod: bool,
    of_volume: &Path<'_>,
    errors: &mut Errors,
) {
    let path = of_volume.child(field);
    if let Some(source) = &volume.empty_dir {
        let limit = source.size_limit.as_ref();
        if limit.is_some_and(|l| l.amount().sign() < 0) {
            let detail = "SizeLimit field must be a valid resource quantity";
            errors.forbidden(&path.child("sizeLimit"), detail);
        }
    } else if let Some(source) = volume.host_path.as_ref().filter(|_| field == "hostPath") {
        host_path(source, &path, errors);
    } else if let Some(source) = volume.secret.as_ref().filter(|_| field == "secret") {
        let name = source.secret_name.as_deref().unwrap_or_default();
        required(name, "secretName", &path, errors);
        file_mode(source.default_mode, &path.child("defaultMode"), errors);
        items(source.items.as_deref(), &path.child("items"), errors);
    } else if let Some(source) = volume.nfs.as_ref().filter(|_| field == "nfs") {
        required(&source.server, "server", &path, errors);
        required(&source.path, "path", &path, errors);
        absolute(&source.path, &path.child("path"), errors);
    } else if field == "persistentVolumeClaim"
        && let Some(source) = &volume.persistent_volume_claim
    {
        required(&source.claim_name, "claimName", &path, errors);
    } else if let Some(source) = volume
        .downward_api
        .as_ref()
        .filter(|_| field == "downwardAPI")
    {
        file_mode(source.default_mode, &path.child("defaultMode"), errors);
        for file in source.items.iter().flatten() {
            downward_file(file, &path, errors);
        }
    } else if let Some(source) = volume.config_map.as_ref().filter(|_| field == "configMap") {
        required(&source.name, "name", &path, errors);
        file_mode(source.default_mode, &path.child("defaultMode"), errors);
        items(source.items.as_deref(), &path.child("items"), errors);
    } else if let Some(source) = volume.projected.as_ref().filter(|_| field == "projected") {
        file_mode(source.default_mode, &path.child("defaultMode"), errors);
        projected(source, &path, errors);
    } else if let Some(source) = volume.csi.as_ref().filter(|_| field == "csi") {
        csi(source, &path, errors);
    } else if let Some(source) = volume.ephemeral.as_ref().filter(|_| field == "ephemeral") {
        ephemeral(source, &path, errors);
    } else if let Some(source) = volume.image.as_ref().filter(|_| field == "image") {
        if of_pod {
            let reference = source.reference.as_deref().unwrap_or_default();
            required(reference, "reference", &path, errors);
        }
        one_of(
            source.pull_policy.as_deref(),
            &["Always", "IfNotPresent", "Never"],
            &path.child("pullPolicy"),
            errors,
        );
    } else {
        disks::validate(field, &encode(volume)[field], None, of_volume, errors);
    }
}

/// The name of a CSI driver.
pub(in crate::api::kinds) fn driver(name: &str, path: &Path<'_>, errors: &mut Errors) {
    if name.is_empty() {
        errors.required(path, "");
    }
    if name.len() > DRIVER_MAX {
        errors.too_long(path, DRIVER_MAX);
    }
    errors.invalid_each(path, name, is_dns1123_subdomain(&name.to_lowercase()));
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn csi(source: &CSIVolumeSource, path: &Path<'_>, errors: &mut Errors) {
    driver(&source.driver, &path.child("driver"), errors);
    if let Some(secret) = &source.node_publish_secret_ref {
        if secret.name.is_empty() {
            let path = path.child("nodePublishSecretRef");
            errors.required(&path.child("name"), "");
        } else {
            let messages = is_dns1123_subdomain(&secret.name);
            errors.invalid_each(&path.child("name"), &secret.name, messages);
        }
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn ephemeral(source: &EphemeralVolumeSource, path: &Path<'_>, errors: &mut Errors) {
    let path = path.child("volumeClaimTemplate");
    let Some(template) = &source.volume_claim_template else {
        errors.required(&path, "");
        return;
    };
    if let Some(meta) = &template.metadata {
        let path = path.child("metadata");
        let of_annotations = path.child("annotations");
        annotations(meta.annotations.as_ref(), &of_annotations, errors);
        labels(meta.labels.as_ref(), &path.child("labels"), errors);
        // The rest would not be taken over.
        for (field, set) in [
            ("name", meta.name.is_some()),
            ("generateName", meta.generate_name.is_some()),
            ("namespace", meta.namespace.is_some()),
            ("uid", meta.uid.is_some()),
            ("resourceVersion", meta.resource_version.is_some()),
            ("generation", meta.generation.is_some()),
            ("ownerReferences", meta.owner_references.is_some()),
            ("finalizers", meta.finalizers.is_some()),
        ] {
            if set {
                errors.forbidden(&path.child(field), "cannot be set");
            }
        }
    }
    claim_spec(&template.spec, &path.child("spec"), errors);
}

pub(in crate::api::kinds) fn absolute(text: &str, path: &Path<'_>, errors: &mut Errors) {
    if !text.starts_with('/') {
        errors.invalid(path, text, "must be an absolute path");
    }
}

pub(in crate::api::kinds) fn host_path(
    source: &HostPathVolumeSource,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    const TYPES: [&str; 8] = [
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];
    if source.path.is_empty() {
        errors.required(&path.child("path"), "");
        return;
    }
    no_backsteps(&source.path, &path.child("path"), errors);
    if let Some(type_) = &source.type_
        && !TYPES.contains(&type_.as_str())
    {
        errors.not_supported(&path.child("type"), type_, &TYPES);
    }
}

fn file_mode(mode: Option<i32>, path: &Path<'_>, errors: &mut Errors) {
    if let Some(mode) = mode
        && !(0..=0o777).contains(&mode)
    {
        errors.invalid(path, mode, FILE_MODE);
    }
}

fn items(items: Option<&[KeyToPath]>, path: &Path<'_>, errors: &mut Errors) {
    for (i, item) in items.into_iter().flatten().enumerate() {
        let path = path.index(i);
        if item.key.is_empty() {
            errors.required(&path.child("key"), "");
        }
        if item.path.is_empty() {
            errors.required(&path.child("path"), "");
        }
        not_reserved(&item.path, &path.child("path"), errors);
        file_mode(item.mode, &path.child("mode"), errors);
    }
}

fn downward_file(file: &DownwardAPIVolumeFile, path: &Path<'_>, errors: &mut Errors) {
    if file.path.is_empty() {
        errors.required(&path.child("path"), "");
    }
    not_reserved(&file.path, &path.child("path"), errors);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            field_ref(field, FILE_FIELDS, &path.child("fieldRef"), errors);
            if resource.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, "resource", detail);
            }
        }
        (None, Some(resource)) => {
            resource_ref(resource, true, &path.child("resourceFieldRef"), errors);
        }
        (None, None) => {
            errors.required(path, "one of fieldRef and resourceFieldRef is required");
        }
    }
    file_mode(file.mode, &path.child("mode"), errors);
}

/// The least and most seconds that a token may live.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 600..=1 << 32;

fn projected(source: &ProjectedVolumeSource, path: &Path<'_>, errors: &mut Errors) {
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    let of_list = path.child("sources");
    for (i, projection) in source.sources.iter().flatten().enumerate() {
        let at = of_list.index(i);
        let mut given = 0;
        let mut files: Vec<(&str, &str)> = Vec::new();
        if let Some(secret) = &projection.secret {
            given += 1;
            let at = at.child("secret");
            required(&secret.name, "name", &at, errors);
            items(secret.items.as_deref(), &at.child("items"), errors);
            let listed = secret.items.iter().flatten();
            files.extend(listed.map(|item| (item.path.as_str(), secret.name.as_str())));
        }
        if let Some(map) = &projection.config_map {
            given += 1;
            let at = at.child("configMap");
            required(&map.name, "name", &at, errors);
            items(map.items.as_deref(), &at.child("items"), errors);
            let listed = map.items.iter().flatten();
            files.extend(listed.map(|item| (item.path.as_str(), map.name.as_str())));
        }
        if let Some(downward) = &projection.downward_api {
            given += 1;
            for file in downward.items.iter().flatten() {
                downward_file(file, &at.child("downwardAPI"), errors);
                files.push((&file.path, &file.path));
            }
        }
        for (file, of) in files {
            if !file.is_empty() && !paths.insert(file) {
                errors.invalid(path, of, "conflicting duplicate paths");
            }
        }
        if let Some(token) = &projection.service_account_token {
            given += 1;
            let at = at.child("serviceAccountToken");
            let seconds = token.expiration_seconds.unwrap_or(3600);
            if seconds < *TOKEN_SECONDS.start() {
                let detail = "may not specify a duration less than 10 minutes";
                errors.invalid(&at.child("expirationSeconds"), seconds, detail);
            }
            if seconds > *TOKEN_SECONDS.end() {
                let detail = "may not specify a duration larger than 2^32 seconds";
                errors.invalid(&at.child("expirationSeconds"), seconds, detail);
            }
            // The path is that of the volume, as upstream has it.
            match token.path.is_empty() {
                true => errors.required(&path.child("path"), ""),
                false => not_reserved(&token.path, &path.child("path"), errors),
            }
        }
        if given > 1 {
            let detail = "may not specify more than 1 volume type per source";
            errors.forbidden(&at, detail);
        }
    }
}

/// A path below the volume.
pub(super) fn descending(text: &str, path: &Path<'_>, errors: &mut Errors) {
    if text.starts_with('/') {
        errors.invalid(path, text, "must be a relative path");
    }
    no_backsteps(text, path, errors);
}

pub(in crate::api::kinds) fn no_backsteps(text: &str, path: &Path<'_>, errors: &mut Errors) {
    if text.split('/').any(|part| part == "..") {
        errors.invalid(path, text, "must not contain '..'");
    }
}

/// Names that begin with two dots are the kubelet's own.
pub(super) fn not_reserved(text: &str, path: &Path<'_>, errors: &mut Errors) {
    descending(text, path, errors);
    if text.starts_with("..") && !text.starts_with("../") {
        errors.invalid(path, text, "must not start with '..'");
    }
}
