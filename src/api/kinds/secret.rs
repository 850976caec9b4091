//! Keys and values that are not for everyone's eyes.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret as Kind;

use super::KindInfo;
use super::pod::defaults::text;
use crate::api::field::{Errors, Path};
use crate::api::json::go_syntax_error;
use crate::api::names::is_config_map_key;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::IMMUTABLE;
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

/// What the values may weigh together, in bytes.
const SIZE_MAX: usize = 1 << 20;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, secret: &mut Kind) {
        text(&mut secret.type_, "Opaque");
        // `stringData` can only be written.
        if let Some(texts) = secret.string_data.take() {
            let data = secret.data.get_or_insert_default();
            data.extend(
                texts
                    .into_iter()
                    .map(|(k, v)| (k, ByteString(v.into_bytes()))),
            );
        }
    }

    fn validate(&self, secret: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("data");
        let mut total = 0;
        for (key, value) in secret.data.iter().flatten() {
            errors.invalid_each(&path.key(key), key, is_config_map_key(key));
            total += value.0.len();
        }
        if total > SIZE_MAX {
            errors.too_long(&path, SIZE_MAX);
        }
        by_type(secret, &path, &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        if new.type_ != old.type_ {
            let type_ = new.type_.as_deref().unwrap_or_default();
            errors.invalid(&Path::new("type"), type_, IMMUTABLE);
        }
        if old.immutable == Some(true) {
            let detail = "field is immutable when `immutable` is set";
            if new.immutable != Some(true) {
                errors.forbidden(&Path::new("immutable"), detail);
            }
            if new.data != old.data {
                errors.forbidden(&Path::new("data"), detail);
            }
        }
        errors.append(self.validate(new));
        errors
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

/// What Go calls the value, where it does not go into a map; `null` does.
fn not_a_map(value: &serde_json::Value) -> Option<&'static str> {
    use serde_json::Value;
    match value {
        Value::Object(_) | Value::Null => None,
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
    }
}

/// Types of secrets promise certain keys.
fn by_type(secret: &Kind, path: &Path<'_>, errors: &mut Errors) {
    let value = |key: &str| secret.data.as_ref().and_then(|d| d.get(key));
    let required = |key: &str, errors: &mut Errors| {
        let found = value(key);
        if found.is_none() {
            errors.required(&path.key(key), "");
        }
        found
    };
    let json = |key: &str, data: &ByteString, errors: &mut Errors| {
        let detail = match serde_json::from_slice::<serde_json::Value>(&data.0) {
            Err(_) => go_syntax_error(&data.0),
            Ok(value) => match not_a_map(&value) {
                Some(found) => format!(
                    "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
                ),
                None => return,
            },
        };
        errors.invalid(&path.key(key), "<secret contents redacted>", detail);
    };
    match secret.type_.as_deref().unwrap_or_default() {
        "kubernetes.io/service-account-token" => {
            const ANNOTATION: &str = "kubernetes.io/service-account.name";
            let annotations = secret.metadata.annotations.as_ref();
            let name = annotations.and_then(|a| a.get(ANNOTATION));
            if name.is_none_or(String::is_empty) {
                let path = Path::new("metadata");
                errors.required(&path.child("annotations").key(ANNOTATION), "");
            }
        }
        "kubernetes.io/dockercfg" => {
            if let Some(data) = required(".dockercfg", errors) {
                json(".dockercfg", data, errors);
            }
        }
        "kubernetes.io/dockerconfigjson" => {
            if let Some(data) = required(".dockerconfigjson", errors) {
                json(".dockerconfigjson", data, errors);
            }
        }
        "kubernetes.io/basic-auth"
            if value("username").is_none() && value("password").is_none() =>
        {
            required("username", errors);
            required("password", errors);
        }
        "kubernetes.io/ssh-auth" if value("ssh-privatekey").is_none_or(|v| v.0.is_empty()) => {
            errors.required(&path.key("ssh-privatekey"), "");
        }
        "kubernetes.io/tls" => {
            required("tls.crt", errors);
            required("tls.key", errors);
        }
        _ => {}
    }
}
