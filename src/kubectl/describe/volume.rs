//! Volumes of a pod.

use serde_json::Value;

use super::page::Page;
use crate::kubectl::json::{flag, int, list, scalar, text};

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

/// What a volume's source says of itself; `false` for a source that nobody knows. `whole` is for
/// a PersistentVolume: some sources of those say more.
pub fn source(volume: &Value, whole: bool, page: &mut Page) -> bool {
    let mut pairs = |type_: &str, pairs: &[(&str, String)]| {
        page.line(2, &format!("Type:\t{type_}"));
        for (key, value) in pairs {
            page.line(2, &format!("{key}:\t{value}"));
        }
    };
    let has = |field: &str| volume[field].is_object();
    let of = |path: &str| scalar(crate::kubectl::json::at(volume, path));
    let is = |path: &str| flag(volume, path).to_string();
    if has("emptyDir") {
        let size = match of("emptyDir.sizeLimit") {
            size if size.is_empty() => "<unset>".to_owned(),
            size => size,
        };
        pairs(
            "EmptyDir (a temporary directory that shares a pod's lifetime)",
            &[("Medium", of("emptyDir.medium")), ("SizeLimit", size)],
        );
    } else if has("hostPath") {
        pairs(
            "HostPath (bare host directory volume)",
            &[
                ("Path", of("hostPath.path")),
                ("HostPathType", of("hostPath.type")),
            ],
        );
    } else if has("secret") {
        pairs(
            "Secret (a volume populated by a Secret)",
            &[
                ("SecretName", of("secret.secretName")),
                ("Optional", is("secret.optional")),
            ],
        );
    } else if has("configMap") {
        pairs(
            "ConfigMap (a volume populated by a ConfigMap)",
            &[
                ("Name", of("configMap.name")),
                ("Optional", is("configMap.optional")),
            ],
        );
    } else if has("persistentVolumeClaim") {
        pairs(
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
            &[
                ("ClaimName", of("persistentVolumeClaim.claimName")),
                ("ReadOnly", is("persistentVolumeClaim.readOnly")),
            ],
        );
    } else if has("ephemeral") {
        pairs(
            "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
            &[],
        );
        let template = &volume["ephemeral"]["volumeClaimTemplate"];
        if template.is_object() {
            super::storage::template(template, page);
        }
    } else if has("nfs") {
        pairs(
            "NFS (an NFS mount that lasts the lifetime of a pod)",
            &[
                ("Server", of("nfs.server")),
                ("Path", of("nfs.path")),
                ("ReadOnly", is("nfs.readOnly")),
            ],
        );
    } else if has("local") {
        pairs(
            "LocalVolume (a persistent volume backed by local storage on a node)",
            &[("Path", of("local.path"))],
        );
    } else if has("gcePersistentDisk") {
        pairs(
            "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
            &[
                ("PDName", of("gcePersistentDisk.pdName")),
                ("FSType", of("gcePersistentDisk.fsType")),
                ("Partition", number(&of("gcePersistentDisk.partition"))),
                ("ReadOnly", is("gcePersistentDisk.readOnly")),
            ],
        );
    } else if has("awsElasticBlockStore") {
        pairs(
            "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
            &[
                ("VolumeID", of("awsElasticBlockStore.volumeID")),
                ("FSType", of("awsElasticBlockStore.fsType")),
                ("Partition", number(&of("awsElasticBlockStore.partition"))),
                ("ReadOnly", is("awsElasticBlockStore.readOnly")),
            ],
        );
    } else if has("csi") {
        let mut lines = vec![
            ("Driver", of("csi.driver")),
            ("FSType", of("csi.fsType")),
            ("VolumeHandle", of("csi.volumeHandle")),
            ("ReadOnly", is("csi.readOnly")),
        ];
        if !whole {
            lines.remove(2);
        }
        pairs(
            "CSI (a Container Storage Interface (CSI) volume source)",
            &lines,
        );
        attributes(&volume["csi"]["volumeAttributes"], page);
    } else if has("downwardAPI") {
        pairs(
            "DownwardAPI (a volume populated by information about the pod)",
            &[],
        );
        page.line(2, "Items:");
        for item in list(volume, "downwardAPI.items") {
            let from = match item["fieldRef"].is_object() {
                true => text(item, "fieldRef.fieldPath"),
                false => text(item, "resourceFieldRef.resource"),
            };
            page.line(3, &format!("{from} -> {}", text(item, "path")));
        }
    } else if has("projected") {
        projected(volume, page);
    } else if has("iscsi") {
        let portals: Vec<&str> = list(volume, "iscsi.portals")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let initiator = match of("iscsi.initiatorName") {
            name if name.is_empty() => "<none>".to_owned(),
            name => name,
        };
        pairs(
            "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
            &[
                ("TargetPortal", of("iscsi.targetPortal")),
                ("IQN", of("iscsi.iqn")),
                ("Lun", number(&of("iscsi.lun"))),
            ],
        );
        // Upstream's format has no colon here.
        page.line(
            2,
            &format!(
                "ISCSIInterface\t{}",
                scalar(&volume["iscsi"]["iscsiInterface"])
            ),
        );
        for (key, value) in [
            ("FSType", scalar(&volume["iscsi"]["fsType"])),
            ("ReadOnly", flag(volume, "iscsi.readOnly").to_string()),
            ("Portals", format!("[{}]", portals.join(" "))),
            (
                "DiscoveryCHAPAuth",
                flag(volume, "iscsi.chapAuthDiscovery").to_string(),
            ),
            (
                "SessionCHAPAuth",
                flag(volume, "iscsi.chapAuthSession").to_string(),
            ),
            ("SecretRef", secret(&volume["iscsi"]["secretRef"])),
            ("InitiatorName", initiator),
        ] {
            page.line(2, &format!("{key}:\t{value}"));
        }
    } else if has("cephfs") {
        let monitors: Vec<&str> = list(volume, "cephfs.monitors")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        pairs(
            "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
            &[
                ("Monitors", format!("[{}]", monitors.join(" "))),
                ("Path", of("cephfs.path")),
                ("User", of("cephfs.user")),
                ("SecretFile", of("cephfs.secretFile")),
                ("SecretRef", secret(&volume["cephfs"]["secretRef"])),
                ("ReadOnly", is("cephfs.readOnly")),
            ],
        );
    } else if has("fc") {
        let names: Vec<&str> = list(volume, "fc.targetWWNs")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let lun = match of("fc.lun") {
            lun if lun.is_empty() => "<none>".to_owned(),
            lun => lun,
        };
        pairs(
            "FC (a Fibre Channel disk)",
            &[
                ("TargetWWNs", names.join(", ")),
                ("LUN", lun),
                ("FSType", of("fc.fsType")),
                ("ReadOnly", is("fc.readOnly")),
            ],
        );
    } else if has("image") {
        pairs(
            "Image (a container image or OCI artifact)",
            &[
                ("Reference", of("image.reference")),
                ("PullPolicy", of("image.pullPolicy")),
            ],
        );
    } else {
        return false;
    }
    true
}

/// A reference to a secret, as Go prints a pointer to one.
fn secret(reference: &Value) -> String {
    match reference.is_object() {
        true => format!("&LocalObjectReference{{Name:{},}}", text(reference, "name")),
        false => "nil".to_owned(),
    }
}

fn number(text: &str) -> String {
    if text.is_empty() { "0" } else { text }.to_owned()
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
