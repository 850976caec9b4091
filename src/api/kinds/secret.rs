//! Keys and values that are not for everyone's eyes.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret as Kind;

use super::KindInfo;
use super::pod::defaults::text;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "secrets",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, secret: &mut Kind) {
        text(&mut secret.type_, "Opaque");
        // `stringData` can only be written.
        if let Some(texts) = secret.string_data.take() {
            let data = secret.data.get_or_insert_default();
            data.extend(texts.into_iter().map(|(k, v)| (k, ByteString(v.into_bytes()))));
        }
    }

    fn selectable(&self) -> &'static [&'static str] {
        &["type"]
    }

    fn field(&self, secret: &Kind, path: &str) -> Option<String> {
        (path == "type").then(|| secret.type_.clone().unwrap_or_default())
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Type"),
            column("Data"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, secret: &Kind, now: Time) -> Vec<String> {
        vec![
            secret.metadata.name.clone().unwrap_or_default(),
            secret.type_.clone().unwrap_or_default(),
            secret.data.as_ref().map_or(0, |d| d.len()).to_string(),
            age(&secret.metadata, now),
        ]
    }
}
