//! ConfigMaps, Secrets, ServiceAccounts.

use serde_json::Value;

use super::events;
use super::page::Page;
use crate::api::Kind;
use crate::kubectl::json::{annotation, entries, list, text};
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

pub async fn service_account(kube: &Kube, object: &Value, page: &mut Page) {
    page.name_and_namespace(object);
    page.labels_and_annotations(object);
    let there = secrets_of(kube, text(object, "metadata.namespace")).await;
    let there: BTreeSet<String> = there
        .iter()
        .map(|secret| text(secret, "metadata.name").to_owned())
        .collect();
    for (title, field) in [
        ("Image pull secrets", "imagePullSecrets"),
        ("Mountable secrets", "secrets"),
    ] {
        let mut names: Vec<String> = Vec::new();
        for name in list(object, field).iter().map(|s| text(s, "name")) {
            names.push(match there.contains(name) {
                true => name.to_owned(),
                false => format!("{name} (not found)"),
            });
        }
        match names.is_empty() {
            true => page.pair(title, "<none>"),
            false => page.pair(title, &names.join("\n\t")),
        }
    }
    let tokens = tokens_of(kube, object).await;
    match tokens.is_empty() {
        true => page.pair("Tokens", "<none>"),
        false => page.pair("Tokens", &tokens.join("\n\t")),
    }
    events::write(kube, object, page).await;
}

async fn secrets_of(kube: &Kube, namespace: &str) -> Vec<Value> {
    let Some(secrets) = Kind::by_gvk("v1", "Secret") else {
        return Vec::new();
    };
    let found = kube.list(secrets.info(), namespace, &[]).await;
    found.unwrap_or_default()
}

/// The secrets with tokens of an account.
async fn tokens_of(kube: &Kube, account: &Value) -> Vec<String> {
    let namespace = text(account, "metadata.namespace");
    let (name, uid) = (
        text(account, "metadata.name"),
        text(account, "metadata.uid"),
    );
    secrets_of(kube, namespace)
        .await
        .iter()
        .filter(|secret| {
            let note =
                |key: &str| annotation(secret, &format!("kubernetes.io/service-account.{key}"));
            text(secret, "type") == "kubernetes.io/service-account-token"
                && note("name") == Some(name)
                && note("uid") == Some(uid)
        })
        .map(|secret| text(secret, "metadata.name").to_owned())
        .collect()
}
