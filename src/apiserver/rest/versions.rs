//! Requests in another version than the stored one: their objects are converted on the way in and
//! on the way out.

use serde_json::Value;

use super::path::Target;
use crate::api::strategy::OtherVersion;
use crate::apiserver::Body;
use crate::apiserver::request::{Method, Request, Response};

/// The request with its object in the stored form.
pub(super) fn incoming(target: &Target<'_>, other: &OtherVersion, request: &Request) -> Request {
    let mut request = request.clone();
    if !matches!(request.method, Method::Post | Method::Put) || !is_object(target.subresource) {
        return request;
    }
    if let Body::Json(value) = &mut request.body
        && is_of(value, &other.info.api_version(), other.info.kind)
    {
        *value = (other.from)(std::mem::take(value));
    }
    request
}

fn is_object(subresource: &str) -> bool {
    matches!(subresource, "" | "status" | "finalize")
}

/// Whether the JSON is an object of this version and kind, or does not say.
fn is_of(value: &Value, api_version: &str, kind: &str) -> bool {
    let is = |field: &str, wanted: &str| value[field].as_str().is_none_or(|v| v == wanted);
    value.is_object() && is("apiVersion", api_version) && is("kind", kind)
}

/// Puts what is answered into the version that was asked for.
pub(super) fn outgoing(target: &Target<'_>, other: &OtherVersion, response: &mut Response) {
    if let Body::Json(value) = &mut response.body {
        convert(target, other, value);
    }
}

fn convert(target: &Target<'_>, other: &OtherVersion, value: &mut Value) {
    let info = target.kind.info();
    let stored = info.api_version();
    if value["kind"] == "Table" {
        for row in value["rows"].as_array_mut().into_iter().flatten() {
            if let Some(object) = row.get_mut("object") {
                convert(target, other, object);
            }
        }
    } else if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
        for item in items {
            *item = (other.to)(std::mem::take(item));
        }
        value["apiVersion"] = Value::from(other.info.api_version());
    } else if value["kind"] == info.kind && value["apiVersion"] == stored.as_str() {
        *value = (other.to)(std::mem::take(value));
    }
}

/// As [`outgoing`], for an object of a watch.
pub(super) fn watched(target: &Target<'_>, value: &mut Value) {
    if let Some(other) = target.kind.conversion(target.version) {
        convert(target, other, value);
    }
}
