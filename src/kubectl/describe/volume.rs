//! Volumes of a pod.

use serde_json::Value;

use super::page::Page;
use crate::kubectl::json::{at, flag, int, list, scalar, text};

pub fn volumes(volumes: &[Value], space: &str, page: &mut Page) {
    if volumes.is_empty() {
        page.line(0, &format!("{space}Volumes:\t<none>"));
        return;
    }
    page.line(0, &format!("{space}Volumes:"));
    for volume in volumes {
        let indent = if space.is_empty() { "" } else { " " };
        page.line(1, &format!("{indent}{}:", text(volume, "name")));
        one(volume, page);
    }
}

fn one(volume: &Value, page: &mut Page) {
    if !source(volume, false, page) {
        page.line(1, "<unknown>");
    }
}

/// How a line of a source shows its field.
enum Show {
    Text,
    /// `true` or `false`.
    Flag,
    /// A number, 0 where there is none.
    Number,
    /// What stands for a text that is not there.
    Or(&'static str),
    /// Texts between brackets.
    List,
    /// Texts between commas.
    Commas,
    Secret,
    /// A map as Go prints it.
    Map,
    /// For a PersistentVolume alone.
    Whole(&'static str),
}
use Show::{Commas, Flag, List, Map, Number, Or, Secret, Text, Whole};

type Line = (&'static str, &'static str, Show);

/// Sources whose lines are fields of theirs: the field, what it is, and its lines.
const SOURCES: &[(&str, &str, &[Line])] = &[
    (
        "emptyDir",
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        &[
            ("Medium", "medium", Text),
            ("SizeLimit", "sizeLimit", Or("<unset>")),
        ],
    ),
    (
        "hostPath",
        "HostPath (bare host directory volume)",
        &[("Path", "path", Text), ("HostPathType", "type", Text)],
    ),
    (
        "secret",
        "Secret (a volume populated by a Secret)",
        &[
            ("SecretName", "secretName", Text),
            ("Optional", "optional", Flag),
        ],
    ),
    (
        "configMap",
        "ConfigMap (a volume populated by a ConfigMap)",
        &[("Name", "name", Text), ("Optional", "optional", Flag)],
    ),
    (
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        &[
            ("ClaimName", "claimName", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "ephemeral",
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
        &[],
    ),
    (
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        &[
            ("Server", "server", Text),
            ("Path", "path", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "local",
        "LocalVolume (a persistent volume backed by local storage on a node)",
        &[("Path", "path", Text)],
    ),
    (
        "gcePersistentDisk",
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        &[
            ("PDName", "pdName", Text),
            ("FSType", "fsType", Text),
            ("Partition", "partition", Number),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "awsElasticBlockStore",
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        &[
            ("VolumeID", "volumeID", Text),
            ("FSType", "fsType", Text),
            ("Partition", "partition", Number),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "csi",
        "CSI (a Container Storage Interface (CSI) volume source)",
        &[
            ("Driver", "driver", Text),
            ("FSType", "fsType", Text),
            ("VolumeHandle", "volumeHandle", Whole("")),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "downwardAPI",
        "DownwardAPI (a volume populated by information about the pod)",
        &[],
    ),
    (
        "iscsi",
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        &[
            ("TargetPortal", "targetPortal", Text),
            ("IQN", "iqn", Text),
            ("Lun", "lun", Number),
            ("ISCSIInterface", "iscsiInterface", Text),
            ("FSType", "fsType", Text),
            ("ReadOnly", "readOnly", Flag),
            ("Portals", "portals", List),
            ("DiscoveryCHAPAuth", "chapAuthDiscovery", Flag),
            ("SessionCHAPAuth", "chapAuthSession", Flag),
            ("SecretRef", "secretRef", Secret),
            ("InitiatorName", "initiatorName", Or("<none>")),
        ],
    ),
    (
        "cephfs",
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        &[
            ("Monitors", "monitors", List),
            ("Path", "path", Text),
            ("User", "user", Text),
            ("SecretFile", "secretFile", Text),
            ("SecretRef", "secretRef", Secret),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "fc",
        "FC (a Fibre Channel disk)",
        &[
            ("TargetWWNs", "targetWWNs", Commas),
            ("LUN", "lun", Or("<none>")),
            ("FSType", "fsType", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "image",
        "Image (a container image or OCI artifact)",
        &[
            ("Reference", "reference", Text),
            ("PullPolicy", "pullPolicy", Text),
        ],
    ),
    (
        "glusterfs",
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        &[
            ("EndpointsName", "endpoints", Text),
            ("EndpointsNamespace", "endpointsNamespace", Whole("<unset>")),
            ("Path", "path", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "rbd",
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        &[
            ("CephMonitors", "monitors", List),
            ("RBDImage", "image", Text),
            ("FSType", "fsType", Text),
            ("RBDPool", "pool", Text),
            ("RadosUser", "user", Text),
            ("Keyring", "keyring", Text),
            ("SecretRef", "secretRef", Secret),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "azureFile",
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        &[
            ("SecretName", "secretName", Text),
            ("SecretNamespace", "secretNamespace", Whole("")),
            ("ShareName", "shareName", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "azureDisk",
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        &[
            ("DiskName", "diskName", Text),
            ("DiskURI", "diskURI", Text),
            ("Kind", "kind", Text),
            ("FSType", "fsType", Text),
            ("CachingMode", "cachingMode", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "vsphereVolume",
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        &[
            ("VolumePath", "volumePath", Text),
            ("FSType", "fsType", Text),
            ("StoragePolicyName", "storagePolicyName", Text),
        ],
    ),
    (
        "cinder",
        "Cinder (a Persistent Disk resource in OpenStack)",
        &[
            ("VolumeID", "volumeID", Text),
            ("FSType", "fsType", Text),
            ("ReadOnly", "readOnly", Flag),
            ("SecretRef", "secretRef", Secret),
        ],
    ),
    (
        "flexVolume",
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        &[
            ("Driver", "driver", Text),
            ("FSType", "fsType", Text),
            ("SecretRef", "secretRef", Secret),
            ("ReadOnly", "readOnly", Flag),
            ("Options", "options", Map),
        ],
    ),
    (
        "flocker",
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        &[
            ("DatasetName", "datasetName", Text),
            ("DatasetUUID", "datasetUUID", Text),
        ],
    ),
    (
        "gitRepo",
        "GitRepo (a volume that is pulled from git when the pod is created)",
        &[
            ("Repository", "repository", Text),
            ("Revision", "revision", Text),
        ],
    ),
    (
        "photonPersistentDisk",
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        &[("PdID", "pdID", Text), ("FSType", "fsType", Text)],
    ),
    (
        "portworxVolume",
        "PortworxVolume (a Portworx Volume resource)",
        &[("VolumeID", "volumeID", Text)],
    ),
    (
        "quobyte",
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        &[
            ("Registry", "registry", Text),
            ("Volume", "volume", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "scaleIO",
        "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
        &[
            ("Gateway", "gateway", Text),
            ("System", "system", Text),
            ("Protection Domain", "protectionDomain", Text),
            ("Storage Pool", "storagePool", Text),
            ("Storage Mode", "storageMode", Text),
            ("VolumeName", "volumeName", Text),
            ("SecretName", "secretRef.name", Whole("")),
            ("SecretNamespace", "secretRef.namespace", Whole("")),
            ("FSType", "fsType", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
    (
        "storageos",
        "StorageOS (a StorageOS Persistent Disk resource)",
        &[
            ("VolumeName", "volumeName", Text),
            ("VolumeNamespace", "volumeNamespace", Text),
            ("FSType", "fsType", Text),
            ("ReadOnly", "readOnly", Flag),
        ],
    ),
];

/// What a volume's source says of itself; `false` for a source that nobody knows. `whole` is for
/// a PersistentVolume: some sources of those say more.
pub fn source(volume: &Value, whole: bool, page: &mut Page) -> bool {
    if volume["projected"].is_object() {
        projected(volume, page);
        return true;
    }
    let found = SOURCES
        .iter()
        .find(|(field, _, _)| volume[*field].is_object());
    let Some((field, what, lines)) = found else {
        return false;
    };
    let source = &volume[*field];
    page.line(2, &format!("Type:\t{what}"));
    for (key, name, show) in *lines {
        if matches!(show, Whole(_)) && !whole {
            continue;
        }
        let shown = shown(source, name, show, whole);
        // Upstream's format has no colon here.
        let colon = if *key == "ISCSIInterface" { "" } else { ":" };
        page.line(2, &format!("{key}{colon}\t{shown}"));
    }
    match *field {
        "ephemeral" if source["volumeClaimTemplate"].is_object() => {
            super::storage::template(&source["volumeClaimTemplate"], page);
        }
        "csi" => attributes(&source["volumeAttributes"], page),
        "downwardAPI" => {
            page.line(2, "Items:");
            for item in list(source, "items") {
                let from = match item["fieldRef"].is_object() {
                    true => text(item, "fieldRef.fieldPath"),
                    false => text(item, "resourceFieldRef.resource"),
                };
                page.line(3, &format!("{from} -> {}", text(item, "path")));
            }
        }
        _ => {}
    }
    true
}

fn shown(source: &Value, name: &str, show: &Show, whole: bool) -> String {
    let or = |default: &str| match scalar(at(source, name)) {
        text if text.is_empty() => default.to_owned(),
        text => text,
    };
    let texts = || {
        list(source, name)
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
    };
    match show {
        Text => or(""),
        Flag => flag(source, name).to_string(),
        Number => or("0"),
        Or(default) | Whole(default) => or(default),
        List => format!("[{}]", texts().join(" ")),
        Commas => texts().join(", "),
        Secret => secret(&source[name], whole),
        Map if source[name].is_null() => "map[]".to_owned(),
        Map => crate::api::json::go_display(&source[name], 0),
    }
}

/// A reference to a secret, as Go prints a pointer to one.
fn secret(reference: &Value, whole: bool) -> String {
    let name = text(reference, "name");
    match (reference.is_object(), whole) {
        (false, _) => "nil".to_owned(),
        (true, false) => format!("&LocalObjectReference{{Name:{name},}}"),
        (true, true) => {
            let namespace = text(reference, "namespace");
            format!("&SecretReference{{Name:{name},Namespace:{namespace},}}")
        }
    }
}

/// What a driver is told of a volume, one to a line.
fn attributes(map: &Value, page: &mut Page) {
    const LONGEST: usize = 140;
    page.start(2, "VolumeAttributes:\t");
    let mut first = true;
    for (key, value) in map.as_object().into_iter().flatten() {
        if !first {
            page.start(2, "");
            page.start(2, "\t");
        }
        first = false;
        let line = format!("{key}={}", value.as_str().unwrap_or_default());
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => {
                page.line(2, &format!("{}...", line.get(..end).unwrap_or_default()));
            }
            None => page.line(2, &line),
        }
    }
    if first {
        page.line(0, "<none>");
    }
}

fn projected(volume: &Value, page: &mut Page) {
    page.line(
        2,
        "Type:\tProjected (a volume that contains injected data from multiple sources)",
    );
    for source in list(volume, "projected.sources") {
        if source["secret"].is_object() {
            page.line(2, &format!("SecretName:\t{}", text(source, "secret.name")));
            page.line(
                2,
                &format!("Optional:\t{}", flag(source, "secret.optional")),
            );
        } else if source["downwardAPI"].is_object() {
            page.line(2, "DownwardAPI:\ttrue");
        } else if source["configMap"].is_object() {
            page.line(
                2,
                &format!("ConfigMapName:\t{}", text(source, "configMap.name")),
            );
            page.line(
                2,
                &format!("Optional:\t{}", flag(source, "configMap.optional")),
            );
        } else if source["serviceAccountToken"].is_object() {
            let seconds = int(source, "serviceAccountToken.expirationSeconds").unwrap_or(0);
            page.line(2, &format!("TokenExpirationSeconds:\t{seconds}"));
        }
    }
}
