//! Configuration as keys and values.

use k8s_openapi::api::core::v1::ConfigMap as Kind;

use super::KindInfo;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "configmaps",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Data"), column("Age")];
        COLUMNS
    }

    fn row(&self, map: &Kind, now: Time) -> Vec<String> {
        let texts = map.data.as_ref().map_or(0, |d| d.len());
        let binaries = map.binary_data.as_ref().map_or(0, |d| d.len());
        vec![
            map.metadata.name.clone().unwrap_or_default(),
            (texts + binaries).to_string(),
            age(&map.metadata, now),
        ]
    }
}
