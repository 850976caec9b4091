//! ConfigMaps, Secrets, ServiceAccounts.

use serde_json::Value;

use super::events;
use super::page::Page;
use crate::api::Kind;
use crate::kubectl::json::{entries, list, text};
use crate::kubectl::kube::Kube;
use crate::sim::ordered::Set as BTreeSet;

pub async fn config_map(kube: &Kube, object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    page.line(0, "\nData\n====");
    for (key, value) in entries(object, "data") {
        page.line(
            0,
            &format!("{key}:\n----\n{}\n", value.as_str().unwrap_or_default()),
        );
    }
    page.line(0, "\nBinaryData\n====");
    for (key, value) in entries(object, "binaryData") {
        page.line(0, &format!("{key}: {} bytes", base64_length(value)));
    }
    page.line(0, "");
    events::write(kube, object, page).await;
}

pub fn secret(object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    page.line(0, &format!("\nType:\t{}", text(object, "type")));
    page.line(0, "\nData\n====");
    for (key, value) in entries(object, "data") {
        page.line(0, &format!("{key}:\t{} bytes", base64_length(value)));
    }
}

/// How many bytes a base64 text stands for.
fn base64_length(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    let letters = text
        .bytes()
        .filter(|b| *b != b'=' && !b.is_ascii_whitespace())
        .count();
    letters * 3 / 4
}

/// Since v1.35 without the secrets that may be mounted and the tokens.
pub async fn service_account(kube: &Kube, object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    let pulls = list(object, "imagePullSecrets");
    let there = match pulls.is_empty() {
        true => BTreeSet::new(),
        false => secrets_of(kube, text(object, "metadata.namespace")).await,
    };
    let mut names: Vec<String> = Vec::new();
    for name in pulls.iter().map(|s| text(s, "name")) {
        names.push(match there.contains(name) {
            true => name.to_owned(),
            false => format!("{name} (not found)"),
        });
    }
    match names.is_empty() {
        true => page.pair("Image pull secrets", "<none>"),
        false => page.pair("Image pull secrets", &names.join("\n\t")),
    }
    events::write(kube, object, page).await;
}

/// The names of the secrets of a namespace.
async fn secrets_of(kube: &Kube, namespace: &str) -> BTreeSet<String> {
    let Some(secrets) = Kind::by_gvk("v1", "Secret") else {
        return BTreeSet::new();
    };
    let found = kube.list(secrets.info(), namespace, &[]).await;
    let found = found.unwrap_or_default();
    let names = found.iter().map(|secret| text(secret, "metadata.name"));
    names.map(str::to_owned).collect()
}
