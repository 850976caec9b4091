//! The schema of the API: what its types hold, field by field, in people's words.
//!
//! A [`Schema`] is input, like the images of a cluster: nothing that happens in it depends on one. It is made
//! from the types themselves (`generate`, natively); the page reads it from a file that the build wrote,
//! when somebody asks for it first.
//!
//! Definitions have the names and the form of Kubernetes' OpenAPI v3 (`io.k8s.api.apps.v1.Deployment`).

mod documents;
#[cfg(not(target_arch = "wasm32"))]
mod enums;
#[cfg(not(target_arch = "wasm32"))]
mod generate;

use std::rc::Rc;

use serde_json::{Map, Value};

use crate::api::KindInfo;

/// What references begin with.
pub const REFERENCE: &str = "#/components/schemas/";

/// All definitions, shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    definitions: Rc<Map<String, Value>>,
}

impl Schema {
    /// Reads what [`Schema::to_text`] wrote; `None` when it is something else.
    pub fn parse(text: &str) -> Option<Schema> {
        match serde_json::from_str(text) {
            Ok(Value::Object(definitions)) => Some(Schema {
                definitions: Rc::new(definitions),
            }),
            _ => None,
        }
    }

    /// The text that the page loads.
    pub fn to_text(&self) -> String {
        let mut text = String::from("{\n");
        for (i, (name, definition)) in self.definitions.iter().enumerate() {
            let comma = if i == 0 { "" } else { ",\n" };
            text.push_str(&format!("{comma}\"{name}\":{definition}"));
        }
        text.push_str("\n}\n");
        text
    }

    pub fn definition(&self, name: &str) -> Option<&Value> {
        self.definitions.get(name)
    }

    /// The definition of a kind, if it is a kind of Kubernetes.
    pub fn of_kind(&self, info: &KindInfo) -> Option<&Value> {
        self.definition(&definition_name(info.group, info.version, info.kind))
    }

    /// What a reference leads to; the schema itself when it is none.
    pub fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        reference(schema)
            .and_then(|name| self.definition(name))
            .unwrap_or(schema)
    }
}

/// The definition that a schema refers to.
pub fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix(REFERENCE)
}

/// `io.k8s.api.apps.v1.Deployment`.
pub fn definition_name(group: &str, version: &str, kind: &str) -> String {
    let package = match group {
        "" => "api.core".to_owned(),
        "apiextensions.k8s.io" => "apiextensions-apiserver.pkg.apis.apiextensions".to_owned(),
        "apiregistration.k8s.io" => "kube-aggregator.pkg.apis.apiregistration".to_owned(),
        group => format!("api.{}", group.split('.').next().unwrap_or_default()),
    };
    format!("io.k8s.{package}.{version}.{kind}")
}
