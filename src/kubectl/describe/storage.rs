//! Volumes, claims and classes of storage.

use serde_json::Value;

use super::events;
use super::page::{Page, capital, flat_labels, time};
use crate::api::Kind;
use crate::api::storage::modes_text;
use crate::kubectl::json::{annotation, list, name, namespace, scalar, text};
use crate::kubectl::kube::Kube;

const BETA_CLASS: &str = crate::api::storage::BETA_CLASS;

pub async fn volume(kube: &Kube, volume: &Value, page: &mut Page) {
    let spec = &volume["spec"];
    page.pair("Name", name(volume));
    page.labels_and_annotations(volume);
    finalizers(volume, page);
    page.pair("StorageClass", class(volume));
    status(kube, volume, page);
    let claim = match spec["claimRef"].is_object() {
        true => format!(
            "{}/{}",
            text(spec, "claimRef.namespace"),
            text(spec, "claimRef.name")
        ),
        false => String::new(),
    };
    page.pair("Claim", &claim);
    page.pair(
        "Reclaim Policy",
        text(spec, "persistentVolumeReclaimPolicy"),
    );
    page.pair("Access Modes", &modes(&spec["accessModes"]));
    page.pair_if("VolumeMode", text(spec, "volumeMode"));
    page.pair("Capacity", &amount(&spec["capacity"]["storage"]));
    node_affinity(&spec["nodeAffinity"]["required"], page);
    page.pair("Message", text(volume, "status.message"));
    page.line(0, "Source:");
    if !super::volume::source(spec, true, page) {
        page.line(1, "<unknown>");
    }
    events::write(kube, volume, page).await;
}

fn node_affinity(required: &Value, page: &mut Page) {
    if !required.is_object() {
        page.pair("Node Affinity", "<none>");
        return;
    }
    page.pair("Node Affinity", "");
    let terms = list(required, "nodeSelectorTerms");
    if terms.is_empty() {
        page.line(1, "Required Terms:\t<none>");
        return;
    }
    page.line(1, "Required Terms:\t");
    for (i, term) in terms.iter().enumerate() {
        let rules = list(term, "matchExpressions").iter();
        let rules = rules.map(|r| (text(r, "operator").to_lowercase(), r));
        rules_of_term(i, 2, &rules.collect::<Vec<_>>(), page);
    }
}

fn rules_of_term(i: usize, level: usize, rules: &[(String, &Value)], page: &mut Page) {
    page.start(level, &format!("Term {i}:\t"));
    if rules.is_empty() {
        page.line(0, "<none>");
    }
    for (j, (operator, rule)) in rules.iter().enumerate() {
        if j != 0 {
            page.start(level, "\t");
        }
        let values: Vec<&str> = list(rule, "values")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut line = format!("{} {operator}", text(rule, "key"));
        if !values.is_empty() {
            line.push_str(&format!(" [{}]", values.join(", ")));
        }
        page.line(0, &line);
    }
}

pub async fn claim(kube: &Kube, claim: &Value, page: &mut Page) {
    page.name_and_namespace(claim);
    page.pair("StorageClass", class(claim));
    status(kube, claim, page);
    page.pair("Volume", text(claim, "spec.volumeName"));
    page.labels_and_annotations(claim);
    finalizers(claim, page);
    claimed(claim, page);
    used_by(kube, claim, page).await;
    let conditions = list(claim, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.line(
            1,
            "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage",
        );
        page.line(
            1,
            "----\t------\t-----------------\t------------------\t------\t-------",
        );
    }
    for condition in conditions {
        // A time that nobody set is Go's year one.
        let at = |field: &str| match text(condition, field) {
            "" => "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(),
            stamp => time(stamp),
        };
        page.line(
            1,
            &format!(
                "{} \t{} \t{} \t{} \t{} \t{}",
                text(condition, "type"),
                text(condition, "status"),
                at("lastProbeTime"),
                at("lastTransitionTime"),
                text(condition, "reason"),
                text(condition, "message")
            ),
        );
    }
    events::write(kube, claim, page).await;
}

/// The part of a claim that a template of claims has too.
fn claimed(claim: &Value, page: &mut Page) {
    let (mut capacity, mut access) = (String::new(), String::new());
    if !text(claim, "spec.volumeName").is_empty() {
        access = modes(&claim["status"]["accessModes"]);
        capacity = amount(&claim["status"]["capacity"]["storage"]);
    }
    page.pair("Capacity", &capacity);
    page.pair("Access Modes", &access);
    page.pair_if("VolumeMode", text(claim, "spec.volumeMode"));
    let source = &claim["spec"]["dataSource"];
    if source.is_object() {
        page.line(0, "DataSource:");
        if source["apiGroup"].is_string() {
            page.line(1, &format!("APIGroup:\t{}", text(source, "apiGroup")));
        }
        page.line(1, &format!("Kind:\t{}", text(source, "kind")));
        page.line(1, &format!("Name:\t{}", text(source, "name")));
    }
}

/// The template of an ephemeral volume.
pub fn template(template: &Value, page: &mut Page) {
    let mut inner = Page::default();
    inner.pair("StorageClass", class(template));
    inner.pair("Volume", text(template, "spec.volumeName"));
    inner.labels_and_annotations(template);
    claimed(template, &mut inner);
    for line in inner.text.lines() {
        page.line(2, line);
    }
}

async fn used_by(kube: &Kube, claim: &Value, page: &mut Page) {
    let mut users: Vec<String> = Vec::new();
    if let Some(kind) = Kind::by_gvk("v1", "Pod") {
        let pods = kube.list(kind.info(), namespace(claim), &[]).await;
        for pod in pods.unwrap_or_default() {
            let names = list(&pod, "spec.volumes").iter();
            let mut names = names.map(|v| text(v, "persistentVolumeClaim.claimName"));
            let owner = list(claim, "metadata.ownerReferences")
                .iter()
                .any(|o| text(o, "kind") == "Pod" && text(o, "uid") == text(&pod, "metadata.uid"));
            if owner || names.any(|n| n == name(claim)) {
                users.push(name(&pod).to_owned());
            }
        }
    }
    users.sort();
    if users.is_empty() {
        users.push("<none>".to_owned());
    }
    for (i, user) in users.iter().enumerate() {
        let title = if i == 0 { "Used By:" } else { "" };
        page.line(0, &format!("{title}\t{user}"));
    }
}

pub async fn storage_class(kube: &Kube, class: &Value, page: &mut Page) {
    page.pair("Name", name(class));
    const DEFAULTS: [&str; 2] = [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ];
    let default = DEFAULTS
        .iter()
        .any(|k| annotation(class, k) == Some("true"));
    page.pair("IsDefaultClass", if default { "Yes" } else { "No" });
    page.pair(
        "Annotations",
        &flat_labels(&class["metadata"]["annotations"]),
    );
    page.pair("Provisioner", text(class, "provisioner"));
    page.pair("Parameters", &flat_labels(&class["parameters"]));
    let expansion = match class["allowVolumeExpansion"].as_bool() {
        Some(value) => capital(value),
        None => "<unset>",
    };
    page.pair("AllowVolumeExpansion", expansion);
    let options = list(class, "mountOptions");
    match options.is_empty() {
        true => page.pair("MountOptions", "<none>"),
        false => page.line(0, "MountOptions:"),
    }
    for option in options {
        page.line(1, option.as_str().unwrap_or_default());
    }
    page.pair_if("ReclaimPolicy", text(class, "reclaimPolicy"));
    page.pair_if("VolumeBindingMode", text(class, "volumeBindingMode"));
    let topologies = list(class, "allowedTopologies");
    if !topologies.is_empty() {
        page.pair("AllowedTopologies", "");
    }
    for (i, term) in topologies.iter().enumerate() {
        let rules = list(term, "matchLabelExpressions").iter();
        let rules: Vec<(String, &Value)> = rules.map(|r| ("in".to_owned(), r)).collect();
        rules_of_term(i, 1, &rules, page);
    }
    events::write(kube, class, page).await;
}

/// The class that an object of storage names, by field or by annotation.
/// The drivers of volumes on a node.
pub async fn csi_node(kube: &Kube, node: &Value, page: &mut Page) {
    page.pair("Name", text(node, "metadata.name"));
    page.labels_and_annotations(node);
    page.pair(
        "CreationTimestamp",
        &time(text(node, "metadata.creationTimestamp")),
    );
    page.line(0, "Spec:");
    let drivers = list(node, "spec.drivers");
    if !drivers.is_empty() {
        page.line(1, "Drivers:");
    }
    for driver in drivers {
        page.line(2, &format!("{}:", text(driver, "name")));
        page.line(3, &format!("Node ID:\t{}", text(driver, "nodeID")));
        let count = &driver["allocatable"]["count"];
        if !count.is_null() {
            page.line(3, "Allocatables:");
            page.line(4, &format!("Count:\t{count}"));
        }
        let keys = list(driver, "topologyKeys")
            .iter()
            .filter_map(Value::as_str);
        let keys: Vec<&str> = keys.collect();
        if !keys.is_empty() {
            page.line(3, &format!("Topology Keys:\t[{}]", keys.join(" ")));
        }
    }
    events::write(kube, node, page).await;
}

pub fn class(object: &Value) -> &str {
    annotation(object, BETA_CLASS).unwrap_or_else(|| text(object, "spec.storageClassName"))
}

fn finalizers(object: &Value, page: &mut Page) {
    let names: Vec<&str> = list(object, "metadata.finalizers")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    page.pair("Finalizers", &format!("[{}]", names.join(" ")));
}

fn status(kube: &Kube, object: &Value, page: &mut Page) {
    match text(object, "metadata.deletionTimestamp") {
        "" => page.pair("Status", text(object, "status.phase")),
        since => page.pair(
            "Status",
            &format!("Terminating (lasts {})", kube.age(since)),
        ),
    }
}

fn modes(modes: &Value) -> String {
    let modes: Vec<String> = modes
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|m| Some(m.as_str()?.to_owned()))
        .collect();
    modes_text(&modes)
}

fn amount(amount: &Value) -> String {
    match scalar(amount) {
        text if text.is_empty() => "0".to_owned(),
        text => text,
    }
}
