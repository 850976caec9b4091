//! Parts of objects with an address of their own: status, scale, binding, eviction, finalize.

use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::core::v1::{Binding, Namespace, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

use super::body;
use super::patching::patch_value;
use super::path::Target;
use super::{not_allowed, write_options};
use crate::api::custom::CustomObject;
use crate::api::field::{Errors, Path};
use crate::api::selector::Selector;
use crate::api::{Object, Resource, Result, Status, codec};
use crate::apiserver::request::{Method, Request, Response};
use crate::apiserver::{ApiServer, Caller, WriteOptions};
use crate::sim::{Kernel, Time};

impl ApiServer {
    pub(super) fn on_subresource(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        name: &str,
        request: &Request,
    ) -> Result<Response> {
        let kind = target.kind;
        let namespace = target.namespace.unwrap_or_default();
        match (target.subresource, request.method) {
            ("status", Method::Get) => {
                let object = self.get_object(kind, namespace, name)?;
                Ok(self.shown(kernel, kind, &object, 200, request))
            }
            ("status", Method::Put) => {
                self.replace(kernel, caller, (target, name), "status", request)
            }
            ("finalize", Method::Put) => {
                self.replace(kernel, caller, (target, name), "finalize", request)
            }
            ("status", Method::Patch) => {
                let options = write_options("PatchOptions", "status", request)?;
                let (object, code, warnings) =
                    self.patch_object(kernel, caller, target, name, &options, request)?;
                Ok(self.written(kind, code, &object, warnings))
            }
            ("ephemeralcontainers" | "resize" | "approval", method) => {
                let part = match target.subresource {
                    "resize" => "resize",
                    "approval" => "approval",
                    _ => "ephemeralcontainers",
                };
                self.change_part(kernel, caller, (target, name), part, method, request)
            }
            ("scale", _) => self.scale(kernel, caller, target, name, request),
            ("binding", Method::Post) if kind == Pod::KIND => {
                self.post_binding(kernel, caller, target, name, request)
            }
            ("eviction", Method::Post) if kind == Pod::KIND => {
                self.evict(kernel, caller, target, name, request)
            }
            ("token", Method::Post) => self.issue_token(kernel, caller, target, name, request),
            _ => Err(not_allowed()),
        }
    }

    /// A subresource that has the form of the object, and changes one part of it.
    fn change_part(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        (target, name): (&Target<'_>, &str),
        part: &'static str,
        method: Method,
        request: &Request,
    ) -> Result<Response> {
        let kind = target.kind;
        match method {
            Method::Get => {
                let namespace = target.namespace.unwrap_or_default();
                let object = self.get_object(kind, namespace, name)?;
                Ok(self.shown(kernel, kind, &object, 200, request))
            }
            Method::Put => self.replace(kernel, caller, (target, name), part, request),
            Method::Patch => {
                let options = write_options("PatchOptions", part, request)?;
                let namespace = target.namespace.unwrap_or_default();
                let old = self.get_object(kind, namespace, name)?;
                let (object, code, mut warnings) =
                    self.patch_object(kernel, caller, target, name, &options, request)?;
                warnings.extend(self.security_warnings(&object, Some(&old)));
                Ok(self.written(kind, code, &object, warnings))
            }
            Method::Post | Method::Delete => Err(not_allowed()),
        }
    }

    /// `autoscaling/v1` Scale: the number of replicas, whatever makes them.
    fn scale(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        name: &str,
        request: &Request,
    ) -> Result<Response> {
        let namespace = target.namespace.unwrap_or_default();
        let current = self.get_object(target.kind, namespace, name)?;
        let shown = scale_value(&current);
        let wanted = match request.method {
            Method::Get if super::table::is_wanted(request) => {
                return Ok(Response::json(200, scale_table(shown, kernel.now, request)));
            }
            Method::Get => return Ok(Response::json(200, shown)),
            Method::Put => body::object("Scale", request)?.clone(),
            Method::Patch => patch_scale(target, shown, request)?,
            Method::Post | Method::Delete => return Err(not_allowed()),
        };
        let options = write_options("UpdateOptions", "scale", request)?;
        let given = &wanted["metadata"]["name"];
        if given.as_str().is_some_and(|given| given != name) {
            return Err(Status::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({name})",
                given.as_str().unwrap_or_default()
            )));
        }
        let (scale, warnings) =
            body::typed::<Scale>("Scale", &["autoscaling/v1"], &wanted, request)?;
        let replicas = scale
            .spec
            .and_then(|spec| spec.replicas)
            .unwrap_or_default();
        refuse_negative(replicas, name)?;
        let mut object = with_replicas(&current, replicas)?;
        // A revision in the Scale is a precondition, as for any object.
        if let Some(revision) = wanted["metadata"]["resourceVersion"].as_str()
            && !revision.is_empty()
        {
            object.meta_mut().resource_version = Some(revision.to_owned());
        }
        let object = self.update_object(kernel, caller, object, &options)?;
        let mut response = Response::json(200, scale_value(&object));
        response.warnings = warnings;
        Ok(response)
    }

    fn post_binding(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        name: &str,
        request: &Request,
    ) -> Result<Response> {
        let namespace = target.namespace.unwrap_or_default();
        self.post_bound(kernel, caller, (namespace, name), request)
    }

    /// A binding that names its pod itself (`POST /api/v1/namespaces/NAMESPACE/bindings`).
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub(super) fn bind_named(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        namespace: &str,
        request: &Request,
    ) -> Result<Response> {
        let name = body::object("Binding", request)?["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        self.post_bound(kernel, caller, (namespace, &name), request)
    }

    fn post_bound(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        (namespace, name): (&str, &str),
        request: &Request,
    ) -> Result<Response> {
        let value = body::object("Binding", request)?;
        let (binding, warnings) = body::typed::<Binding>("Binding", &["v1"], value, request)?;
        let options = write_options("CreateOptions", "binding", request)?;
        self.bind(kernel, caller, namespace, name, &binding, &options)?;
        let mut response = Response::json(
            201,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
        );
        response.warnings = warnings;
        Ok(response)
    }
}

fn patch_scale(target: &Target<'_>, shown: Value, request: &Request) -> Result<Value> {
    let patch = body::json(request)?;
    patch_value(target.kind, shown, patch, request)
}

fn refuse_negative(replicas: i32, name: &str) -> Result<()> {
    if replicas < 0 {
        let mut errors = Errors::default();
        let detail = "must be greater than or equal to 0";
        errors.invalid(&Path::new("spec").child("replicas"), replicas, detail);
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        let list = texts.join(", ");
        let message = format!("Scale.autoscaling \"{name}\" is invalid: {list}");
        return Err(Status::new(422, "Invalid", message));
    }
    Ok(())
}

/// A Scale as a row (`printScale` of `pkg/printers/internalversion`).
fn scale_table(shown: Value, now: Time, request: &Request) -> Value {
    let column = |name: &str, kind: &str| {
        let format = if name == "Name" { "name" } else { "" };
        json!({"name": name, "type": kind, "format": format, "description": "", "priority": 0})
    };
    let created = shown["metadata"]["creationTimestamp"]
        .as_str()
        .unwrap_or_default();
    let age = match crate::api::rfc3339::parse_time(created) {
        Some(then) => crate::api::rfc3339::human_duration(now.0 as i64 - then),
        None => "<unknown>".to_owned(),
    };
    let cells = json!([
        shown["metadata"]["name"],
        shown["spec"]["replicas"].as_i64().unwrap_or(0),
        shown["status"]["replicas"].as_i64().unwrap_or(0),
        age,
    ]);
    let mut row = json!({"cells": cells});
    match request.query("includeObject").unwrap_or("Metadata") {
        "None" => {}
        "Object" => row["object"] = shown,
        _ => {
            row["object"] = json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": shown["metadata"],
            });
        }
    }
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": [
            column("Name", "string"), column("Desired", "integer"),
            column("Available", "integer"), column("Age", "string"),
        ],
        "rows": [row],
    })
}

fn scale_value(object: &Object) -> Value {
    let value = object.to_value();
    // A custom resource says where its numbers are.
    let custom = object.kind().definition().and_then(|d| d.scale.as_ref());
    let paths = custom.map_or(
        ("spec.replicas", "status.replicas", "spec.selector"),
        |scale| (scale.spec, scale.status, scale.selector),
    );
    let at = |path: &str| {
        let steps = path.split('.').filter(|step| !step.is_empty());
        steps.fold(&value, |value, step| &value[step])
    };
    let (replicas, current) = (at(paths.0).as_i64(), at(paths.1).as_i64());
    let selector = match at(paths.2) {
        _ if paths.2.is_empty() => String::new(),
        Value::String(text) => text.clone(),
        selector => selector_text(selector),
    };
    let meta = object.meta_value();
    let mut metadata = serde_json::Map::new();
    for field in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        if let Some(value) = meta["metadata"].get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut spec = json!({});
    if let Some(replicas) = replicas.filter(|n| *n != 0) {
        spec["replicas"] = replicas.into();
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec,
        "status": {"replicas": current.unwrap_or_default(), "selector": selector},
    })
}

/// A selector as text: a label selector, or the plain map that older kinds have.
fn selector_text(selector: &Value) -> String {
    let Some(map) = selector.as_object() else {
        return String::new();
    };
    if map.values().any(Value::is_string) {
        let pairs = map.iter();
        let pairs = pairs.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()));
        return pairs.collect::<Vec<String>>().join(",");
    }
    codec::decode::<LabelSelector>(selector, "v1")
        .ok()
        .and_then(|(selector, _)| Selector::from_api(Some(&selector)).ok())
        .map(|selector| selector.to_string())
        .unwrap_or_default()
}

/// The object with another number of replicas.
fn with_replicas(object: &Object, replicas: i32) -> Result<Object> {
    if let Object::Custom(custom) = object
        && let Some(scale) = &custom.kind.scale
    {
        let mut custom = CustomObject::clone(custom);
        custom.set(scale.spec, replicas.into());
        return Ok(Object::Custom(custom.into()));
    }
    let mut value = object.to_value();
    value["spec"]["replicas"] = replicas.into();
    match object.kind().decode(&value) {
        Ok((object, _)) => Ok(object),
        Err(error) => Err(Status::internal(error.message)),
    }
}

/// The finalizers of a namespace's spec are written through `finalize` only.
pub(in crate::apiserver) fn finalize(new: &mut Object, old: &Object) {
    let (Some(new), Some(old)) = (new.edit::<Namespace>(), old.get::<Namespace>()) else {
        return;
    };
    let finalizers = new.spec.as_ref().and_then(|s| s.finalizers.clone());
    let mut namespace = (**old).clone();
    namespace.spec.get_or_insert_default().finalizers = finalizers.filter(|f| !f.is_empty());
    *new = namespace;
}

impl WriteOptions {
    pub const FINALIZE: WriteOptions = WriteOptions {
        dry_run: false,
        subresource: "finalize",
        by_view: false,
    };
}
