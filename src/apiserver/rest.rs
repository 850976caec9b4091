//! The REST surface: from a path to a verb on a kind, and back to JSON.

use serde_json::{Value, json};

use super::request::{Body, Method, Request, Response};
use super::{ApiServer, Caller, DeleteOptions, Propagation, WriteOptions, meta};
use crate::api::{Kind, Object, Result, Status};
use crate::sim::Kernel;

/// What a path names.
struct Target {
    kind: Kind,
    namespace: Option<String>,
    name: Option<String>,
    subresource: Option<String>,
}

impl ApiServer {
    /// Answers one request of the REST API.
    ///
    /// Subresources that a node has to answer (logs, exec) are not known here: whoever composes
    /// the cluster answers those.
    pub fn handle(&mut self, kernel: &mut Kernel, request: &Request) -> Response {
        let caller = caller_of(request);
        self.dispatch(kernel, &caller, request)
            .unwrap_or_else(Response::from)
    }

    fn dispatch(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        request: &Request,
    ) -> Result<Response> {
        let target = parse(&request.path).ok_or_else(Status::no_such_resource)?;
        let namespace = target.namespace.as_deref();
        match (request.method, target.name.as_deref()) {
            (Method::Get, Some(name)) => {
                let object = self.get_object(target.kind, namespace.unwrap_or_default(), name)?;
                Ok(Response::json(200, object.to_value()))
            }
            (Method::Get, None) => {
                let items = self.list_objects(target.kind, namespace);
                Ok(Response::json(
                    200,
                    list_value(target.kind, &items, self.revision()),
                ))
            }
            (Method::Post, None) => {
                let mut object = decode(target.kind, request)?;
                meta::ensure_namespace(&mut object, namespace.unwrap_or_default())?;
                let object =
                    self.create_object(kernel, caller, object, &WriteOptions::default())?;
                Ok(Response::json(201, object.to_value()))
            }
            (Method::Put, Some(_)) => {
                let mut object = decode(target.kind, request)?;
                meta::ensure_namespace(&mut object, namespace.unwrap_or_default())?;
                let subresource = if target.subresource.as_deref() == Some("status") {
                    "status"
                } else {
                    ""
                };
                let options = WriteOptions {
                    dry_run: false,
                    subresource,
                };
                let object = self.update_object(kernel, caller, object, &options)?;
                Ok(Response::json(200, object.to_value()))
            }
            (Method::Delete, Some(name)) => {
                let options = delete_options(request);
                let namespace = namespace.unwrap_or_default();
                let (object, _) =
                    self.delete_object(kernel, caller, target.kind, namespace, name, &options)?;
                Ok(Response::json(200, object.to_value()))
            }
            _ => Err(Status::method_not_allowed(
                "the server does not allow this method on the requested resource",
            )),
        }
    }
}

fn caller_of(request: &Request) -> Caller {
    let mut caller = Caller::admin(&request.user_agent);
    if !request.impersonate.is_empty() {
        caller.user = request.impersonate.as_str().into();
        caller.groups = vec!["system:authenticated".into()];
    }
    caller
}

fn parse(path: &str) -> Option<Target> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, plural, tail @ ..]
            if Kind::by_gvr(group, version, plural).is_some() =>
        {
            (Some((*namespace).to_owned()), [&[*plural], tail].concat())
        }
        rest => (None, rest.to_vec()),
    };
    let plural = rest.first()?;
    let kind = Kind::by_gvr(group, version, plural)?;
    Some(Target {
        kind,
        namespace,
        name: rest.get(1).map(|s| (*s).to_owned()),
        subresource: rest.get(2).map(|s| (*s).to_owned()),
    })
}

fn decode(kind: Kind, request: &Request) -> Result<Object> {
    let info = kind.info();
    let Body::Json(value) = &request.body else {
        return Err(Status::bad_request("the request has no body"));
    };
    let refused = |reason: String| {
        Status::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: {reason}",
            info.kind, info.version, info.kind
        ))
    };
    let (object, unknown) = kind.decode(value).map_err(|e| refused(e.message))?;
    if !unknown.is_empty() {
        let list: Vec<String> = unknown
            .iter()
            .map(|p| format!("unknown field \"{p}\""))
            .collect();
        return Err(refused(format!(
            "strict decoding error: {}",
            list.join(", ")
        )));
    }
    Ok(object)
}

fn delete_options(request: &Request) -> DeleteOptions {
    let body = match &request.body {
        Body::Json(value) => value,
        _ => &Value::Null,
    };
    let propagation = match body["propagationPolicy"].as_str() {
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Orphan") => Some(Propagation::Orphan),
        Some("Background") => Some(Propagation::Background),
        _ => None,
    };
    DeleteOptions {
        grace_period_seconds: body["gracePeriodSeconds"].as_i64(),
        propagation,
        uid: body["preconditions"]["uid"].as_str().map(str::to_owned),
        resource_version: body["preconditions"]["resourceVersion"]
            .as_str()
            .map(str::to_owned),
        dry_run: request.query("dryRun").is_some(),
    }
}

fn list_value(kind: Kind, items: &[Object], revision: u64) -> Value {
    let info = kind.info();
    let items: Vec<Value> = items.iter().map(Object::to_value).collect();
    json!({
        "apiVersion": info.api_version(),
        "kind": format!("{}List", info.kind),
        "metadata": {"resourceVersion": revision.to_string()},
        "items": items,
    })
}
