//! The rules of sources that name disks of clouds and of storage systems, for the volumes of pods and for
//! persistent ones. They are read from their JSON: both have the same fields, and hardly anybody uses them.

use serde_json::Value;

use super::volumes::{descending, required};
use crate::api::field::{Errors, Path};
use crate::api::names::{inclusive_range_error, is_dns1123_label};

const TOO_LONG_FOR_INITIATOR: &str = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
const PORTAL_MAX: usize = 64;
const TENANT_MAX: usize = 64;

/// Checks a source by the name of its field. `volume` is the name of a persistent volume; a pod's has none.
pub(in crate::api::kinds) fn validate(
    field: &str,
    source: &Value,
    volume: Option<&str>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let at = match field {
        "gcePersistentDisk" => path.child("persistentDisk"),
        "cephFS" => path.child("cephfs"),
        _ => path.child(field),
    };
    let need = |fields: &[&str], errors: &mut Errors| {
        for field in fields {
            required(text(source, field), field, &at, errors);
        }
    };
    match field {
        "gitRepo" => {
            need(&["repository"], errors);
            descending(text(source, "directory"), &at.child("directory"), errors);
        }
        "gcePersistentDisk" => {
            need(&["pdName"], errors);
            partition(source, &at, errors);
        }
        "awsElasticBlockStore" => {
            need(&["volumeID"], errors);
            partition(source, &at, errors);
        }
        "iscsi" => iscsi(source, volume, &at, errors),
        "glusterfs" => {
            need(&["endpoints", "path"], errors);
            if let Some(namespace) = source["endpointsNamespace"].as_str() {
                let at = at.child("endpointsNamespace");
                if namespace.is_empty() {
                    let detail =
                        "if the endpointnamespace is set, it must be a valid namespace name";
                    errors.invalid(&at, namespace, detail);
                } else {
                    errors.invalid_each(&at, namespace, is_dns1123_label(namespace));
                }
            }
        }
        "flocker" => flocker(source, &at, errors),
        "rbd" => {
            some(source, "monitors", &at, errors);
            required(text(source, "image"), "image", &at, errors);
        }
        "cephfs" | "cephFS" => some(source, "monitors", &at, errors),
        "cinder" => {
            need(&["volumeID"], errors);
            secret(source, volume.is_some(), &at, errors);
        }
        "quobyte" => quobyte(source, &at, errors),
        "fc" => fibre_channel(source, &at, errors),
        "flexVolume" => {
            need(&["driver"], errors);
            for (option, _) in source["options"].as_object().into_iter().flatten() {
                flex_option(option, &at, errors);
            }
        }
        "azureFile" => {
            need(&["secretName", "shareName"], errors);
            if source["secretNamespace"] == "" {
                errors.required(&at.child("secretNamespace"), "");
            }
        }
        "azureDisk" => azure_disk(source, &at, errors),
        "vsphereVolume" => need(&["volumePath"], errors),
        "photonPersistentDisk" => need(&["pdID"], errors),
        "portworxVolume" => need(&["volumeID"], errors),
        "scaleIO" => need(&["gateway", "system", "volumeName"], errors),
        "storageos" => {
            let name = text(source, "volumeName");
            if name.is_empty() {
                need(&["volumeName"], errors);
            } else {
                errors.invalid_each(&at.child("volumeName"), name, is_dns1123_label(name));
            }
            let namespace = text(source, "volumeNamespace");
            if !namespace.is_empty() {
                let messages = is_dns1123_label(namespace);
                errors.invalid_each(&at.child("volumeNamespace"), namespace, messages);
            }
            secret(source, volume.is_some(), &at, errors);
        }
        _ => {}
    }
}

fn text<'v>(source: &'v Value, field: &str) -> &'v str {
    source[field].as_str().unwrap_or_default()
}

/// A list with at least one item.
fn some(source: &Value, field: &str, path: &Path<'_>, errors: &mut Errors) {
    if source[field].as_array().is_none_or(Vec::is_empty) {
        errors.required(&path.child(field), "");
    }
}

/// A secret by its name; from outside of a namespace by its namespace, too.
fn secret(source: &Value, with_namespace: bool, path: &Path<'_>, errors: &mut Errors) {
    let secret = &source["secretRef"];
    if secret.is_null() {
        return;
    }
    let path = path.child("secretRef");
    required(text(secret, "name"), "name", &path, errors);
    if with_namespace {
        required(text(secret, "namespace"), "namespace", &path, errors);
    }
}

fn partition(source: &Value, path: &Path<'_>, errors: &mut Errors) {
    let partition = source["partition"].as_i64().unwrap_or_default();
    if !(0..=255).contains(&partition) {
        let detail = inclusive_range_error(1, 255);
        errors.invalid(&path.child("partition"), partition, detail);
    }
}

fn lun(lun: i64, path: &Path<'_>, errors: &mut Errors) {
    if !(0..=255).contains(&lun) {
        errors.invalid(&path.child("lun"), lun, inclusive_range_error(0, 255));
    }
}

fn iscsi(source: &Value, volume: Option<&str>, path: &Path<'_>, errors: &mut Errors) {
    const OF_VOLUME: &str = "must be valid format";
    const OF_POD: &str = "must be valid format starting with iqn, eui, or naa";
    let wrong_kind = match volume {
        Some(_) => OF_VOLUME,
        None => OF_POD,
    };
    let name = |field: &str, value: &str, errors: &mut Errors| {
        let detail = match is_initiator(value) {
            Some(true) => return,
            Some(false) => OF_VOLUME,
            None => wrong_kind,
        };
        errors.invalid(&path.child(field), value, detail);
    };
    let portal = text(source, "targetPortal");
    let iqn = text(source, "iqn");
    let initiator = source["initiatorName"].as_str();
    if portal.is_empty() {
        errors.required(&path.child("targetPortal"), "");
    }
    if let (Some(volume), Some(_)) = (volume, initiator)
        && volume.len() + 1 + portal.len() > PORTAL_MAX
    {
        let path = path.child("targetportal");
        errors.invalid(&path, portal, TOO_LONG_FOR_INITIATOR);
    }
    if iqn.is_empty() {
        errors.required(&path.child("iqn"), "");
    } else {
        name("iqn", iqn, errors);
    }
    lun(source["lun"].as_i64().unwrap_or_default(), path, errors);
    let chap = source["chapAuthDiscovery"] == true || source["chapAuthSession"] == true;
    if chap && source["secretRef"].is_null() {
        errors.required(&path.child("secretRef"), "");
    }
    if volume.is_some() {
        secret(source, false, path, errors);
    }
    if let Some(initiator) = initiator {
        name("initiatorname", initiator, errors);
    }
}

/// Why the name of a pod's volume does not go with its portal.
pub(super) fn initiator(name: &str, source: &Value, path: &Path<'_>, errors: &mut Errors) {
    let length = name.len() + 1 + text(source, "targetPortal").len();
    if source["initiatorName"].is_string() && length > PORTAL_MAX {
        errors.invalid(&path.child("name"), name, TOO_LONG_FOR_INITIATOR);
    }
}

/// Whether an iSCSI name is well formed; `None` where it is of no known kind.
fn is_initiator(name: &str) -> Option<bool> {
    let exactly = |rest: &str, length: usize| {
        let mut letters = rest.chars();
        letters.next().is_some()
            && letters.clone().count() == length
            && letters.all(|c| c.is_ascii_alphanumeric())
    };
    if let Some(rest) = name.strip_prefix("iqn") {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let authority = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        let target = |c: char| ",;*&$|".contains(c) || c.is_whitespace();
        let fits = rest.strip_prefix('.').and_then(|rest| {
            let (date, rest) = rest.split_once('.')?;
            let (year, month) = date.split_once('-')?;
            let (domain, unique) = rest.split_once(':')?;
            Some(
                (year.len(), month.len()) == (4, 2)
                    && digits(year)
                    && digits(month)
                    && !domain.is_empty()
                    && domain.chars().all(authority)
                    && !unique.is_empty()
                    && !unique.contains(target),
            )
        });
        return Some(fits == Some(true));
    }
    if let Some(rest) = name.strip_prefix("eui") {
        return Some(exactly(rest, 16));
    }
    name.strip_prefix("naa").map(|rest| exactly(rest, 32))
}

fn flocker(source: &Value, path: &Path<'_>, errors: &mut Errors) {
    let (name, uuid) = (text(source, "datasetName"), text(source, "datasetUUID"));
    if name.is_empty() && uuid.is_empty() {
        errors.required(path, "one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && !uuid.is_empty() {
        let detail = "datasetName and datasetUUID can not be specified simultaneously";
        errors.invalid(path, "resource", detail);
    }
    if name.contains('/') {
        errors.invalid(&path.child("datasetName"), name, "must not contain '/'");
    }
}

fn quobyte(source: &Value, path: &Path<'_>, errors: &mut Errors) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = text(source, "registry");
    let at = path.child("registry");
    if registry.is_empty() {
        errors.required(&at, PAIRS);
    } else if text(source, "tenant").len() > TENANT_MAX {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        errors.required(&path.child("tenant"), detail);
    } else {
        let is_pair = |pair: &&str| {
            let (host, _) = pair.rsplit_once(':').unwrap_or((":", ""));
            !host.contains(':') || (host.starts_with('[') && host.ends_with(']'))
        };
        for _ in registry.split(',').filter(|pair| !is_pair(pair)) {
            errors.invalid(&at, registry, PAIRS);
        }
    }
    required(text(source, "volume"), "volume", path, errors);
}

fn fibre_channel(source: &Value, path: &Path<'_>, errors: &mut Errors) {
    let given = |field: &str| source[field].as_array().is_some_and(|a| !a.is_empty());
    let (by_name, by_id) = (given("targetWWNs"), given("wwids"));
    let at = path.child("targetWWNs");
    if !by_name && !by_id {
        let detail = "must specify either targetWWNs or wwids, but not both";
        errors.required(&at, detail);
    }
    if by_name && by_id {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        errors.invalid_raw(&at, &source["targetWWNs"].to_string(), detail);
    }
    if by_name {
        match source["lun"].as_i64() {
            Some(number) => lun(number, path, errors),
            None => {
                let detail = "lun is required if targetWWNs is specified";
                errors.required(&path.child("lun"), detail);
            }
        }
    }
}

/// Options of Kubernetes' own name spaces are the kubelet's.
fn flex_option(option: &str, path: &Path<'_>, errors: &mut Errors) {
    let namespace = option.split('/').next().unwrap_or_default();
    let dotted = format!(".{}", namespace.to_lowercase());
    if dotted.ends_with(".kubernetes.io") || dotted.ends_with(".k8s.io") {
        let path = path.child("options");
        let detail = "kubernetes.io and k8s.io namespaces are reserved";
        errors.invalid(&path.key(option), option, detail);
    }
}

fn azure_disk(source: &Value, path: &Path<'_>, errors: &mut Errors) {
    let uri = text(source, "diskURI");
    required(text(source, "diskName"), "diskName", path, errors);
    required(uri, "diskURI", path, errors);
    for (field, known) in [
        ("cachingMode", ["None", "ReadOnly", "ReadWrite"]),
        ("kind", ["Dedicated", "Managed", "Shared"]),
    ] {
        if let Some(value) = source[field].as_str()
            && !known.contains(&value)
        {
            errors.not_supported(&path.child(field), value, &known);
        }
    }
    let (begins, known) = match source["kind"].as_str() {
        Some("Managed") => (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        ),
        Some(_) => (
            "https://",
            "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
        ),
        None => return,
    };
    if !uri.starts_with(begins) {
        errors.not_supported(&path.child("diskURI"), uri, &[known]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sources_are_refused_in_the_words_of_kubernetes() {
        let rows = [
            (
                "gitRepo",
                json!({"directory": "../a"}),
                "v.gitRepo.repository: Required value\nv.gitRepo.directory: Invalid value: \"../a\": must not contain '..'",
            ),
            (
                "gcePersistentDisk",
                json!({"pdName": "a", "partition": 256}),
                "v.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive",
            ),
            (
                "iscsi",
                json!({"targetPortal": "a", "iqn": "abc", "lun": 300}),
                "v.iscsi.iqn: Invalid value: \"abc\": must be valid format starting with iqn, eui, or naa\nv.iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive",
            ),
            (
                "iscsi",
                json!({"targetPortal": "a", "iqn": "iqn.2015-02.example.com:test"}),
                "",
            ),
            (
                "iscsi",
                json!({"targetPortal": "a", "iqn": "eui.0123456789ABCDEF", "chapAuthSession": true}),
                "v.iscsi.secretRef: Required value",
            ),
            (
                "rbd",
                json!({"monitors": []}),
                "v.rbd.monitors: Required value\nv.rbd.image: Required value",
            ),
            (
                "flocker",
                json!({}),
                "v.flocker: Required value: one of datasetName and datasetUUID is required",
            ),
            (
                "quobyte",
                json!({"registry": "a:1,b", "volume": "v"}),
                "v.quobyte.registry: Invalid value: \"a:1,b\": must be a host:port pair or multiple pairs separated by commas",
            ),
            (
                "fc",
                json!({"targetWWNs": ["a"], "wwids": ["b"], "lun": 0}),
                "v.fc.targetWWNs: Invalid value: [\"a\"]: targetWWNs and wwids can not be specified simultaneously",
            ),
            (
                "flexVolume",
                json!({"driver": "d", "options": {"a.K8s.io/b": "c"}}),
                "v.flexVolume.options[a.K8s.io/b]: Invalid value: \"a.K8s.io/b\": kubernetes.io and k8s.io namespaces are reserved",
            ),
            (
                "azureDisk",
                json!({"diskName": "d", "diskURI": "u", "kind": "Managed", "cachingMode": "Some"}),
                "v.azureDisk.cachingMode: Unsupported value: \"Some\": supported values: \"None\", \"ReadOnly\", \"ReadWrite\"\nv.azureDisk.diskURI: Unsupported value: \"u\": supported values: \"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}\"",
            ),
            (
                "storageos",
                json!({"volumeName": "A", "secretRef": {}}),
                "v.storageos.volumeName: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\nv.storageos.secretRef.name: Required value",
            ),
            (
                "scaleIO",
                json!({"gateway": "g"}),
                "v.scaleIO.system: Required value\nv.scaleIO.volumeName: Required value",
            ),
        ];
        for (field, source, want) in rows {
            let mut errors = Errors::default();
            validate(field, &source, None, &Path::new("v"), &mut errors);
            let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
            assert_eq!(texts.join("\n"), want, "{field} {source}");
        }
    }
}
