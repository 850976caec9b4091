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
    let mut pairs = |type_: &str, pairs: &[(&str, String)]| {
        page.line(2, &format!("Type:\t{type_}"));
        for (key, value) in pairs {
            page.line(2, &format!("{key}:\t{value}"));
        }
    };
    let has = |field: &str| volume[field].is_object();
    let of = |path: &str| scalar(crate::kubectl::json::at(volume, path));
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
                ("Optional", flag(volume, "secret.optional").to_string()),
            ],
        );
    } else if has("configMap") {
        pairs(
            "ConfigMap (a volume populated by a ConfigMap)",
            &[
                ("Name", of("configMap.name")),
                ("Optional", flag(volume, "configMap.optional").to_string()),
            ],
        );
    } else if has("persistentVolumeClaim") {
        pairs(
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
            &[
                ("ClaimName", of("persistentVolumeClaim.claimName")),
                (
                    "ReadOnly",
                    flag(volume, "persistentVolumeClaim.readOnly").to_string(),
                ),
            ],
        );
    } else if has("nfs") {
        pairs(
            "NFS (an NFS mount that lasts the lifetime of a pod)",
            &[
                ("Server", of("nfs.server")),
                ("Path", of("nfs.path")),
                ("ReadOnly", flag(volume, "nfs.readOnly").to_string()),
            ],
        );
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
    } else {
        page.line(1, "<unknown>");
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
