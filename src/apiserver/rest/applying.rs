//! Server-side apply over the REST API: a PATCH that says what an object should be.
//!
//! Models the `applyPatcher` of `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.

use serde_json::Value;

use super::path::Target;
use super::{check_name, invalid_options, parse_flag};
use crate::api::field::Path;
use crate::api::{Object, Result, Status};
use crate::apiserver::fields::{self, Applied, Manager, Owners};
use crate::apiserver::request::{Body, Request};
use crate::apiserver::store::Place;
use crate::apiserver::{ApiServer, Caller, Stored, WriteOptions, meta};
use crate::sim::Kernel;

impl ApiServer {
    /// Applies a configuration to an object, or to a part of it; creates the object when there is
    /// none. Returns it with the response's code.
    pub(super) fn apply_object(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        name: &str,
        options: &WriteOptions,
        request: &Request,
    ) -> Result<(Object, u16)> {
        let kind = target.kind;
        let info = kind.info();
        let namespace = target.namespace.unwrap_or_default();
        if request.query("fieldManager").unwrap_or_default().is_empty() {
            return Err(invalid_options("PatchOptions", |errors| {
                errors.required(&Path::new("fieldManager"), "is required for apply patch");
            }));
        }
        let force = parse_flag(request, "force")?;
        let mut applied = configuration(request)?;
        if let Some(other) = kind.conversion(target.version)
            && applied["apiVersion"] == other.info.api_version().as_str()
        {
            applied = (other.from)(applied);
        }
        let stored = self.store.get(&Place::new(kind, namespace, name)).cloned();
        if stored.is_none() && !options.subresource.is_empty() {
            return Err(Status::not_found(info, name));
        }
        let writer = Manager::applier(
            &caller.manager,
            info.api_version(),
            options.subresource,
            kernel.now,
        );
        let live = stored.as_ref().map(Stored::parts);
        let live = live.as_ref().map(|(object, owners)| (object, &**owners));
        let done: Applied = fields::apply(kind, live, &applied, writer, force)?;
        let (mut object, _) = kind
            .decode(&done.object)
            .map_err(|error| fields::unfit(kind, &applied, &error))?;
        if stored.is_none() && !object.uid().is_empty() {
            let detail = format!(
                "uid mismatch: the provided object specified uid {}, and no existing object was found",
                object.uid()
            );
            return Err(Status::conflict(info, name, &detail));
        }
        if object.name().is_empty() {
            object.meta_mut().name = Some(name.to_owned());
        }
        meta::ensure_namespace(&mut object, namespace)?;
        check_name(&object, name)?;
        let owners = Some(Owners::of(done.managers));
        if stored.is_some() {
            object.meta_mut().managed_fields = None;
            let object = self.update_owned(kernel, caller, object, options, owners)?;
            return Ok((object, 200));
        }
        if object.revision() != 0 {
            return Err(Status::modified(info, name));
        }
        let object = self.create_owned(kernel, caller, object, options, owners)?;
        Ok((object, 201))
    }
}

/// The configuration in the body: YAML, of which JSON is a part.
fn configuration(request: &Request) -> Result<Value> {
    let parsed = match &request.body {
        Body::Json(value) => value.clone(),
        Body::Text(text) => {
            let mut parsed = crate::api::yaml::parse(text);
            if let Some(error) = parsed.error {
                let message = format!("error decoding YAML: {error}");
                return Err(Status::bad_request(message));
            }
            match parsed.documents.is_empty() {
                true => Value::Null,
                false => parsed.documents.swap_remove(0).value,
            }
        }
        Body::Empty => Value::Null,
    };
    let found = match &parsed {
        Value::Object(_) => return Ok(parsed),
        Value::Null => return Ok(Value::Object(serde_json::Map::new())),
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
    };
    Err(Status::bad_request(format!(
        "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
    )))
}
