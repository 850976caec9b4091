//! Configuration as keys and values.

use k8s_openapi::api::core::v1::ConfigMap as Kind;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::names::is_config_map_key;
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

/// What the values may weigh together, in bytes.
const SIZE_MAX: usize = 1 << 20;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn validate(&self, map: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("data");
        let binary_path = Path::new("binaryData");
        let mut total = 0;
        for (key, value) in map.data.iter().flatten() {
            errors.invalid_each(&path.key(key), key, is_config_map_key(key));
            let binary = map.binary_data.as_ref();
            if binary.is_some_and(|b| b.contains_key(key)) {
                let detail = "duplicate of key present in binaryData";
                errors.invalid(&path.key(key), key, detail);
            }
            total += value.len();
        }
        for (key, value) in map.binary_data.iter().flatten() {
            errors.invalid_each(&binary_path.key(key), key, is_config_map_key(key));
            total += value.0.len();
        }
        if total > SIZE_MAX {
            // The error is the whole object's.
            errors.too_long(&Path::new("[]"), SIZE_MAX);
        }
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        if old.immutable == Some(true) {
            for (field, changed) in [
                ("immutable", new.immutable != Some(true)),
                ("data", new.data != old.data),
                ("binaryData", new.binary_data != old.binary_data),
            ] {
                if changed {
                    let detail = "field is immutable when `immutable` is set";
                    errors.forbidden(&Path::new(field), detail);
                }
            }
        }
        errors.append(self.validate(new));
        errors
    }

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
