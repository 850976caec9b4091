//! What an operator's templates come to, and requests in its name.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::MADE_BY;
use crate::api::play::{OperatorChild, template};
use crate::api::{Key, Kind, Object, Result, Status};
use crate::apiserver::request::Request;
use crate::apiserver::{ApiServer, Body};
use crate::controllers::controller::Scope;

/// How many operators may build on each other.
pub const DEEPEST: usize = 4;

/// A child as it should be.
pub struct Rendered {
    pub kind: Kind,
    pub key: Key,
    pub manifest: Value,
}

impl Rendered {
    /// Renders a child; `None` when it is not wanted now.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn new(
        operator: &str,
        child: &OperatorChild,
        parent: &Object,
        context: &Value,
        server: &ApiServer,
    ) -> std::result::Result<Option<Rendered>, String> {
        if !child.when.is_empty() {
            let when = template::render_text(&child.when, context)?;
            if !template::is_truthy(when.as_ref()) {
                return Ok(None);
            }
        }
        let rendered = template::render(&child.template, context)?;
        let mut manifest = rendered.unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text(&manifest["apiVersion"]), text(&manifest["kind"]));
        let kind = server.kind_by_gvk(&api_version, &kind).ok_or_else(|| {
            format!("no matches for kind \"{kind}\" in version \"{api_version}\"")
        })?;
        let name = text(&manifest["metadata"]["name"]);
        if name.is_empty() {
            return Err("it has no name".to_owned());
        }
        let given = text(&manifest["metadata"]["namespace"]);
        let namespace = match (kind.info().namespaced, parent.namespace()) {
            (false, "") => String::new(),
            (false, _) => {
                return Err("a namespaced object cannot own a cluster-wide one".to_owned());
            }
            (true, "") if given.is_empty() => "default".to_owned(),
            (true, "") => given,
            (true, own) if given.is_empty() || given == own => own.to_owned(),
            (true, own) => {
                return Err(format!("it has to be in the namespace of its owner, {own}"));
            }
        };
        if kind.info().namespaced {
            manifest["metadata"]["namespace"] = json!(namespace);
        }
        let labels = &manifest["metadata"]["labels"];
        if !labels.is_null() && !labels.is_object() {
            return Err("metadata.labels has to be an object".to_owned());
        }
        let info = parent.info();
        manifest["metadata"]["ownerReferences"] = json!([{
            "apiVersion": info.api_version(), "kind": info.kind, "name": parent.name(),
            "uid": parent.uid(), "controller": true, "blockOwnerDeletion": true,
        }]);
        manifest["metadata"]["labels"][MADE_BY] = json!(operator);
        Ok(Some(Rendered {
            kind,
            key: Key::new(&namespace, &name),
            manifest,
        }))
    }

    /// Kind and key of a child that is wanted.
    pub fn identity(
        operator: &str,
        child: &OperatorChild,
        parent: &Object,
        context: &Value,
        server: &ApiServer,
    ) -> Option<(Kind, Key)> {
        let rendered = Rendered::new(operator, child, parent, context, server);
        rendered.ok().flatten().map(|r| (r.kind, r.key))
    }
}

/// An object as templates see it: without what changes at every write.
pub fn seen(object: &Object) -> Value {
    let mut value = object.to_value();
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("resourceVersion");
        meta.remove("managedFields");
    }
    value
}

/// How many operators stand above an object: each made the one below it.
pub fn depth(server: &ApiServer, object: &Object) -> usize {
    let mut depth = 0;
    let mut object = object.clone();
    while depth <= DEEPEST {
        let labels = object.meta().labels.as_ref();
        if labels.is_none_or(|l| !l.contains_key(MADE_BY)) {
            break;
        }
        depth += 1;
        let owner = object.controller().and_then(|owner| {
            let kind = server.kind_by_gvk(&owner.api_version, &owner.kind)?;
            let namespace = match kind.info().namespaced {
                true => object.namespace(),
                false => "",
            };
            server.get_object(kind, namespace, &owner.name).ok()
        });
        match owner {
            Some(owner) => object = owner,
            None => break,
        }
    }
    depth
}

/// The path of an object in the API.
pub fn path_of(kind: Kind, key: &Key) -> String {
    let info = kind.info();
    let root = if info.group.is_empty() {
        "/api"
    } else {
        "/apis"
    };
    let place = match info.namespaced {
        true => format!("namespaces/{}/", key.namespace),
        false => String::new(),
    };
    format!(
        "{root}/{}/{place}{}/{}",
        info.api_version(),
        info.plural,
        key.name
    )
}

/// Sends a request in the operator's name; the object in the answer.
///
/// # Errors
/// The answer of the API server.
pub fn send(scope: &mut Scope<'_, '_>, operator: &Rc<str>, mut request: Request) -> Result<Value> {
    request.user_agent = operator.to_string();
    let ctx = &mut *scope.ctx;
    ctx.calls += 1;
    let response = ctx.server.handle(ctx.kernel, &request);
    let code = response.code;
    let good = response.is_success();
    let value = match response.body {
        Body::Json(value) => value,
        Body::Text(text) => json!({ "message": text }),
        Body::Empty => Value::Null,
    };
    if good {
        return Ok(value);
    }
    let message = value["message"].as_str().unwrap_or_default();
    Err(Status::new(code, "", message))
}

pub fn revision(object: &Value) -> u64 {
    let revision = object["metadata"]["resourceVersion"].as_str();
    revision.and_then(|r| r.parse().ok()).unwrap_or_default()
}

/// The status with `null` wherever the template has a field that came to nothing.
pub fn with_nulls(template: &Value, rendered: &Value) -> Value {
    let (Some(template), Some(rendered)) = (template.as_object(), rendered.as_object()) else {
        return rendered.clone();
    };
    let mut all: Map<String, Value> = rendered.clone();
    for (name, value) in template {
        match all.get_mut(name) {
            Some(found) if value.is_object() => *found = with_nulls(value, found),
            Some(_) => {}
            None => {
                all.insert(name.clone(), Value::Null);
            }
        }
    }
    Value::Object(all)
}

/// Whether a merge of `patch` would change `current`.
pub fn fields_differ(current: &Value, patch: &Value) -> bool {
    match patch.as_object() {
        Some(map) => map.iter().any(|(name, value)| {
            let now = current.get(name).unwrap_or(&Value::Null);
            fields_differ(now, value)
        }),
        None => current != patch,
    }
}
