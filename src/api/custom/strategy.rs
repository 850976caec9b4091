//! What the API server does with objects of a custom kind.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go`.

use std::rc::Rc;

use serde_json::{Value, json};

use super::shape::Shape;
use super::{CustomObject, policy, schema, validate};
use crate::api::field::{Error, ErrorType, Errors, Path};
use crate::api::object::Object;
use crate::api::strategy::{Column, Strategy};
use crate::sim::Time;

pub(super) struct Rules {
    pub shape: &'static Shape,
    pub has_status: bool,
    /// Where the number of replicas is; empty without a `scale` subresource.
    pub scale_path: &'static str,
    pub selectable: &'static [&'static str],
    pub deprecation: &'static str,
}

fn custom(object: &mut Object) -> Option<&mut CustomObject> {
    match object {
        Object::Custom(object) => Some(Rc::make_mut(object)),
        _ => None,
    }
}

fn seen(object: &Object) -> Option<&CustomObject> {
    match object {
        Object::Custom(object) => Some(object),
        _ => None,
    }
}

impl Rules {
    fn errors(&self, object: &Object, old: Option<&Object>) -> Errors {
        let mut errors = Errors::default();
        let Some(custom) = seen(object) else {
            return errors;
        };
        validate::object(&custom.fields, self.shape.schema(), &mut errors);
        if errors.is_empty() {
            policy::validate(custom, &mut errors);
        }
        if !self.scale_path.is_empty() {
            let replicas = custom.at(self.scale_path);
            if replicas.as_i64().is_some_and(|n| n < 0) {
                let path = format!(".{}", self.scale_path);
                errors.invalid(
                    &Path::new(&path),
                    replicas.as_i64().unwrap_or_default(),
                    "should be a non-negative integer",
                );
            }
        }
        if self.shape.rules().is_some() {
            if errors.0.iter().any(|e| blocks(e.kind)) {
                errors.0.push(unchecked());
            } else {
                errors.0.append(&mut self.broken_rules(object, old).0);
            }
        }
        errors
    }

    /// The rules that an object breaks, and those that it broke before and for which there are warnings.
    #[inline(never)]
    fn broken_rules(&self, object: &Object, old: Option<&Object>) -> (Vec<Error>, Vec<Error>) {
        let (Some(rules), Some(new)) = (self.shape.rules(), seen(object)) else {
            return (Vec::new(), Vec::new());
        };
        let old = old.and_then(seen).map(whole);
        rules.validate(&whole(new), old.as_ref(), self.shape.schema())
    }
}

/// An object as its rules see it.
fn whole(object: &CustomObject) -> Value {
    let info = &object.kind.info;
    let metadata = &object.metadata;
    let mut fields = object.fields.clone();
    let version = format!("{}/{}", info.group, info.version);
    fields.insert("apiVersion".to_owned(), Value::from(version));
    fields.insert("kind".to_owned(), Value::from(info.kind));
    let names = json!({"name": metadata.name, "generateName": metadata.generate_name});
    fields.insert("metadata".to_owned(), names);
    Value::Object(fields)
}

/// Whether after such an error there is no point in asking the rules.
fn blocks(kind: ErrorType) -> bool {
    matches!(
        kind,
        ErrorType::NotSupported
            | ErrorType::Required
            | ErrorType::TooLong
            | ErrorType::TooMany
            | ErrorType::TypeInvalid
    )
}

fn unchecked() -> Error {
    let detail = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    Error {
        kind: ErrorType::Invalid,
        field: "<nil>".to_owned(),
        value: "null".to_owned(),
        detail: detail.to_owned(),
    }
}

impl Strategy for Rules {
    fn needs_revision(&self) -> bool {
        true
    }

    fn default(&self, object: &mut Object) {
        if let Some(object) = custom(object) {
            let mut fields = Value::Object(std::mem::take(&mut object.fields));
            schema::default(&mut fields, self.shape.schema());
            if let Value::Object(fields) = fields {
                object.fields = fields;
            }
            policy::default(object);
        }
    }

    fn prepare_for_create(&self, object: &mut Object) {
        if let Some(object) = custom(object) {
            if self.has_status {
                object.fields.remove("status");
            }
            object.metadata.generation = Some(1);
            policy::settle(object);
        }
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        let (Some(new), Some(old)) = (custom(new), seen(old)) else {
            return;
        };
        if self.has_status {
            match old.fields.get("status") {
                Some(status) => {
                    new.fields.insert("status".to_owned(), status.clone());
                }
                None => {
                    new.fields.remove("status");
                }
            }
        }
        if new.fields != old.fields {
            let generation = old.metadata.generation.unwrap_or_default() + 1;
            new.metadata.generation = Some(generation);
            policy::settle(new);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Object, old: &Object) {
        let (Some(new), Some(old)) = (custom(new), seen(old)) else {
            return;
        };
        let status = new.fields.remove("status");
        new.fields.clone_from(&old.fields);
        match status {
            Some(status) => new.fields.insert("status".to_owned(), status),
            None => new.fields.remove("status"),
        };
        let managed = new.metadata.managed_fields.take();
        new.metadata = old.metadata.clone();
        new.metadata.managed_fields = managed;
    }

    fn validate(&self, object: &Object) -> Errors {
        self.errors(object, None)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        self.errors(new, Some(old))
    }

    fn validate_status_update(&self, new: &Object, old: &Object) -> Errors {
        self.errors(new, Some(old))
    }

    fn warnings_on_update(&self, new: &Object, old: &Object) -> Vec<String> {
        match self.shape.rules() {
            None => Vec::new(),
            Some(_) => {
                let (_, excused) = self.broken_rules(new, Some(old));
                excused.iter().map(ToString::to_string).collect()
            }
        }
    }

    fn field(&self, object: &Object, path: &str) -> Option<String> {
        if !self.selectable.contains(&path) {
            return None;
        }
        Some(match seen(object)?.at(path) {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    fn selectable(&self) -> &'static [&'static str] {
        self.selectable
    }

    fn deprecation(&self) -> &'static str {
        self.deprecation
    }

    fn columns(&self) -> &'static [Column] {
        self.shape.columns().head
    }

    fn row(&self, object: &Object, now: Time) -> Vec<String> {
        self.shape.columns().row(object, now)
    }
}
