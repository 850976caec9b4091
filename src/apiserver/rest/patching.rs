//! Patches over the REST API: the client says what changes, the server works it in.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.

use serde_json::Value;

use super::body::{self, Strictness};
use super::check_name;
use super::path::Target;
use crate::api::codec::DecodeError;
use crate::api::field::{Errors, Path, quote};
use crate::api::{Kind, Object, Result, Status};
use crate::apiserver::customs::as_asked;
use crate::apiserver::patch::{
    PatchError, PatchSchema, go_value, json_patch, merge_patch, strategic,
};
use crate::apiserver::request::{
    APPLY_PATCH, JSON_PATCH, MERGE_PATCH, Request, STRATEGIC_MERGE_PATCH,
};
use crate::apiserver::{ApiServer, Caller, WriteOptions, meta};
use crate::sim::Kernel;

impl ApiServer {
    /// Patches an object, or a subresource that has the form of the object. Returns it with the
    /// response's code and warnings.
    pub(super) fn patch_object(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        name: &str,
        options: &WriteOptions,
        request: &Request,
    ) -> Result<(Object, u16, Vec<String>)> {
        if request.content_type == APPLY_PATCH {
            let (object, code) =
                self.apply_object(kernel, caller, target, name, options, request)?;
            return Ok((object, code, Vec::new()));
        }
        let kind = target.kind;
        check_type(request)?;
        if request.query("force").is_some_and(|f| !f.is_empty()) {
            return Err(super::invalid_options("PatchOptions", |errors| {
                let force = Path::new("force");
                errors.forbidden(&force, "may not be specified for non-apply patch");
            }));
        }
        let patch = body::patch(request)?;
        let current = self.get_object(kind, target.namespace.unwrap_or_default(), name)?;
        let current = as_asked(current, kind);
        // The patch speaks of the fields of the version that the client knows.
        let other = kind.conversion(target.version);
        let mut shown = self.shown_as(kind, &current);
        if let Some(other) = other {
            shown = (other.to)(shown);
        }
        let mut patched = patch_value(kind, shown, patch, request)?;
        if let Some(other) = other {
            patched = (other.from)(patched);
        }
        let strictness = Strictness::of(request, &mut Errors::default());
        of_kind(self, kind, &mut patched, request)?;
        let (mut object, unknown) = kind
            .decode(&patched)
            .map_err(|e| refuse_result(request, patch, &patched, &e))?;
        let warnings = strictness.judge(unknown, |reason| {
            let value = match request.content_type {
                STRATEGIC_MERGE_PATCH => go_value(patch),
                _ => patched.to_string(),
            };
            invalid_patch(&quote(&value), &reason)
        })?;
        let namespace = target.namespace.unwrap_or_default();
        meta::ensure_namespace(&mut object, namespace)?;
        check_name(&object, name)?;
        let object = self.update_object(kernel, caller, object, options)?;
        Ok((object, 200, warnings))
    }
}

/// What comes out has to be of the kind still. A strategic patch is worked into a value that has
/// its type already, so what it says of that is not heard.
fn of_kind(server: &ApiServer, kind: Kind, patched: &mut Value, request: &Request) -> Result<()> {
    let info = kind.info();
    if request.content_type == STRATEGIC_MERGE_PATCH {
        patched["apiVersion"] = info.api_version().into();
        patched["kind"] = info.kind.into();
        return Ok(());
    }
    let text = |field: &str| patched[field].as_str().unwrap_or_default();
    let (given, name) = (text("apiVersion"), text("kind"));
    if given.is_empty() || name.is_empty() || name == info.kind {
        return Ok(());
    }
    let version = given.rsplit('/').next().unwrap_or_default();
    let detail = match server.kind_by_gvk(given, name) {
        Some(_) => body::unknown_conversion(kind, (version, name)),
        None => body::not_registered(given, name),
    };
    Err(invalid_patch(&quote(&patched.to_string()), &detail))
}

/// The formats that a PATCH can be in.
fn check_type(request: &Request) -> Result<()> {
    match request.content_type {
        JSON_PATCH | MERGE_PATCH | STRATEGIC_MERGE_PATCH => Ok(()),
        _ => Err(Status::unsupported_media_type(format!(
            "the body of the request was in an unknown format - accepted media types include: {JSON_PATCH}, {MERGE_PATCH}, {STRATEGIC_MERGE_PATCH}, {APPLY_PATCH}"
        ))),
    }
}

/// Works the patch into the object's JSON.
pub(super) fn patch_value(
    kind: Kind,
    current: Value,
    patch: &Value,
    request: &Request,
) -> Result<Value> {
    let info = kind.info();
    match request.content_type {
        JSON_PATCH => json_patch::apply(&current, patch).map_err(refused),
        MERGE_PATCH => {
            must_be_object(patch)?;
            Ok(merge_patch::apply(current, patch))
        }
        _ => {
            let Some(schema) = PatchSchema::of_kind(info.group, info.kind) else {
                let message = format!(
                    "the body of the request was in an unknown format - accepted media types include: {JSON_PATCH}, {MERGE_PATCH}, application/apply-patch+yaml"
                );
                return Err(Status::unsupported_media_type(message));
            };
            must_be_object(patch)?;
            match (current, patch) {
                (Value::Object(current), Value::Object(patch)) => {
                    strategic::apply(current, patch.clone(), schema)
                        .map(Value::Object)
                        .map_err(refused)
                }
                (current, _) => Ok(current),
            }
        }
    }
}

fn must_be_object(patch: &Value) -> Result<()> {
    let found = match patch {
        Value::Object(_) => return Ok(()),
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
    };
    Err(Status::bad_request(format!(
        "error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
    )))
}

fn refused(error: PatchError) -> Box<Status> {
    match error {
        PatchError::Malformed(message) => Status::bad_request(message),
        PatchError::TooLarge(message) => Status::too_large(message),
        // What could not be done stays in the server's log.
        PatchError::Inapplicable(_) => Status::new(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        ),
    }
}

/// The patch fits, but what comes out is not an object of the kind.
fn refuse_result(
    request: &Request,
    patch: &Value,
    patched: &Value,
    error: &DecodeError,
) -> Box<Status> {
    if request.content_type == STRATEGIC_MERGE_PATCH {
        let value = quote(&go_value(patch));
        return invalid_patch(&value, &converter_words(&error.message));
    }
    invalid_patch(&quote(&patched.to_string()), &error.message)
}

fn invalid_patch(value: &str, detail: &str) -> Box<Status> {
    let message = format!(" \"\" is invalid: patch: Invalid value: {value}: {detail}");
    let mut status = Status::new(422, "Invalid", message);
    status.causes.push(crate::api::status::Cause {
        reason: "FieldValueInvalid".to_owned(),
        message: format!("Invalid value: {value}: {detail}"),
        field: "patch".to_owned(),
    });
    status
}

/// Strategic patches are converted without going through JSON, by a converter that has its own
/// words (`k8s.io/apimachinery/pkg/runtime/converter.go`).
fn converter_words(message: &str) -> String {
    let parts = message
        .strip_prefix("json: cannot unmarshal ")
        .and_then(|rest| Some((rest.split(' ').next()?, rest.rsplit_once("of type ")?.1)));
    let Some((found, wanted)) = parts else {
        return message.to_owned();
    };
    let found = match found {
        "array" => "slice",
        "object" => "map",
        "number" => "int64",
        other => other,
    };
    if wanted.starts_with("[]") {
        format!("cannot restore slice from {found}")
    } else if wanted.starts_with("map[") {
        format!("cannot restore map from {found}")
    } else if wanted.contains('.') {
        format!("cannot restore struct from: {found}")
    } else {
        format!("unrecognized type: {wanted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_types_in_strategic_patches() {
        for (message, want) in [
            (
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
                "unrecognized type: int32",
            ),
            (
                "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container",
                "cannot restore slice from string",
            ),
            (
                "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
                "cannot restore map from slice",
            ),
            (
                "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec",
                "cannot restore struct from: string",
            ),
            ("quantities must match", "quantities must match"),
        ] {
            assert_eq!(converter_words(message), want);
        }
    }
}
