//! Questions that are asked by creating an object: who am I, and what may be done.
//!
//! Models `k8s.io/kubernetes/pkg/registry/{authentication,authorization}`.

use serde_json::{Map, Value, json};

use super::{body, not_allowed};
use crate::api::field::{Errors, Path};
use crate::api::names::is_label_value;
use crate::api::selector::{FieldRequirement, FieldSelector};
use crate::api::validation::label_key;
use crate::api::{Result, Status};
use crate::apiserver::auth::Attributes;
use crate::apiserver::auth::rules::items;
use crate::apiserver::request::{Method, Request, Response};
use crate::apiserver::{ApiServer, Caller};
use crate::sim::Time;

const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

impl ApiServer {
    /// Answers a review; `None` when the path is none of theirs.
    pub(super) fn review(
        &self,
        now: Time,
        caller: &Caller,
        parts: &[&str],
        request: &Request,
    ) -> Option<Result<Response>> {
        let [
            "apis",
            group @ (AUTHENTICATION | AUTHORIZATION),
            "v1",
            rest @ ..,
        ] = parts
        else {
            return None;
        };
        self.reviewed(now, caller, group, rest, request)
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn reviewed(
        &self,
        now: Time,
        caller: &Caller,
        group: &str,
        rest: &[&str],
        request: &Request,
    ) -> Option<Result<Response>> {
        let (namespace, plural) = match rest {
            [plural] => ("", *plural),
            ["namespaces", namespace, plural] => (*namespace, *plural),
            _ => return None,
        };
        let known = crate::api::kinds::REVIEWS.iter().find(|info| {
            info.group == group && info.plural == plural && info.namespaced != namespace.is_empty()
        })?;
        if request.method != Method::Post {
            return Some(Err(not_allowed()));
        }
        let answer = body::json(request).and_then(|asked| {
            let spec = asked.get("spec").unwrap_or(&Value::Null);
            let (spec, status) = match known.kind {
                "SelfSubjectReview" => (Value::Null, json!({"userInfo": user_info(caller)})),
                "TokenReview" if spec["token"].as_str().unwrap_or_default().is_empty() => {
                    return Err(Status::bad_request(
                        "token is required for TokenReview in authentication",
                    ));
                }
                "TokenReview" => (spec.clone(), self.token_review(now, spec)),
                "SelfSubjectRulesReview" => {
                    let namespace = spec["namespace"].as_str().unwrap_or_default();
                    if namespace.is_empty() {
                        return Err(Status::bad_request("no namespace on request"));
                    }
                    (json!({}), self.rules_review(caller, namespace))
                }
                kind => self.access_review(kind, caller, namespace, spec)?,
            };
            let mut value = json!({
                "kind": known.kind, "apiVersion": known.api_version(),
                "metadata": asked.get("metadata").cloned().unwrap_or_else(|| json!({})),
            });
            if !spec.is_null() {
                value["spec"] = spec;
            }
            if known.kind == "SelfSubjectReview" {
                value["metadata"]["creationTimestamp"] =
                    Value::from(crate::api::rfc3339::format_time(now.0 as i64));
            }
            value["status"] = status;
            Ok(Response::json(201, value))
        });
        Some(answer)
    }

    fn access_review(
        &self,
        kind: &str,
        caller: &Caller,
        namespace: &str,
        spec: &Value,
    ) -> Result<(Value, Value)> {
        let text = |value: &'_ Value, field: &str| -> String {
            value[field].as_str().unwrap_or_default().to_owned()
        };
        let of_self = kind == "SelfSubjectAccessReview";
        check_access(spec, of_self)?;
        let resource = &spec["resourceAttributes"];
        if kind == "LocalSubjectAccessReview" {
            if text(resource, "namespace") != namespace {
                return Err(Status::bad_request(format!(
                    "spec.resourceAttributes.namespace must match namespace: {namespace}"
                )));
            }
            if !spec["nonResourceAttributes"].is_null() {
                return Err(Status::bad_request(
                    "spec.nonResourceAttributes disallowed on this kind of request",
                ));
            }
        }
        let other;
        let subject = if of_self {
            caller
        } else {
            let groups: Vec<&str> = spec["groups"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            other = Caller::new(spec["user"].as_str().unwrap_or_default(), &groups, "");
            &other
        };
        let field = |name: &str| resource[name].as_str().unwrap_or_default();
        let fields = fields_of(&resource["fieldSelector"]);
        let attributes = if resource.is_null() {
            let plain = &spec["nonResourceAttributes"];
            Attributes {
                verb: plain["verb"].as_str().unwrap_or_default(),
                path: plain["path"].as_str().unwrap_or_default(),
                ..Attributes::default()
            }
        } else {
            Attributes {
                verb: field("verb"),
                namespace: field("namespace"),
                group: field("group"),
                resource: field("resource"),
                subresource: field("subresource"),
                name: field("name"),
                fields: &fields,
                ..Attributes::default()
            }
        };
        let decision = self.decide(subject, &attributes);
        let mut status = json!({"allowed": decision.allowed});
        if !decision.reason.is_empty() {
            status["reason"] = Value::from(decision.reason);
        }
        Ok((without_empty(spec), status))
    }

    fn rules_review(&self, caller: &Caller, namespace: &str) -> Value {
        let (rules, errors) = self.rules_of(caller, namespace);
        let (mut resources, mut urls) = (Vec::new(), Vec::new());
        for rule in &rules {
            if !items(&rule.resources).is_empty() {
                let mut entry = json!({
                    "verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources,
                });
                if !items(&rule.resource_names).is_empty() {
                    entry["resourceNames"] = json!(rule.resource_names);
                }
                resources.push(entry);
            }
            if !items(&rule.non_resource_urls).is_empty() {
                urls.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls}));
            }
        }
        let is_node = caller.node().is_some();
        let mut status = json!({
            "resourceRules": resources, "nonResourceRules": urls,
            "incomplete": !errors.is_empty() || is_node,
        });
        let mut errors = errors;
        if is_node {
            errors.insert(
                0,
                "node authorizer does not support user rule resolution".to_owned(),
            );
        }
        if !errors.is_empty() {
            status["evaluationError"] = Value::from(errors.join(", "));
        }
        status
    }

    fn token_review(&self, now: Time, spec: &Value) -> Value {
        let audiences: Vec<String> = spec["audiences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|a| a.as_str().map(str::to_owned))
            .collect();
        let token = spec["token"].as_str().unwrap_or_default();
        match self.verify_token(now, token, &audiences) {
            Ok(verified) => json!({
                "authenticated": true, "user": user_info(&verified.caller),
                "audiences": verified.audiences,
            }),
            Err(detail) => {
                let error = match detail.as_str() {
                    "" => "invalid bearer token".to_owned(),
                    detail => format!("[invalid bearer token, {detail}]"),
                };
                json!({"user": {}, "error": error})
            }
        }
    }
}

fn user_info(caller: &Caller) -> Value {
    let groups: Vec<&str> = caller.groups.iter().map(|g| &**g).collect();
    let mut info = json!({"username": &*caller.user});
    if !caller.uid.is_empty() {
        info["uid"] = Value::from(&*caller.uid);
    }
    if !groups.is_empty() {
        info["groups"] = json!(groups);
    }
    if !caller.extra.is_empty() {
        let extra = caller.extra.iter();
        info["extra"] = extra
            .map(|(key, values)| (key.to_string(), json!(values)))
            .collect::<Map<String, Value>>()
            .into();
    }
    info
}

/// The field selector of a question, in its text form. Conditions that no text form has are left out: they narrow
/// nothing.
fn fields_of(selector: &Value) -> String {
    if let Some(raw) = selector["rawSelector"].as_str() {
        return raw.to_owned();
    }
    let mut selected = FieldSelector::default();
    for term in selector["requirements"].as_array().into_iter().flatten() {
        let values = term["values"].as_array().map(Vec::as_slice);
        let (equal, [value]) = (term["operator"] == "In", values.unwrap_or_default()) else {
            continue;
        };
        if equal || term["operator"] == "NotIn" {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            selected.requirements.push(FieldRequirement {
                field: text(&term["key"]),
                value: text(value),
                equal,
            });
        }
    }
    selected.to_string()
}

/// Empty texts are as good as none.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, v)| *v != "" && !v.is_null())
            .map(|(k, v)| (k.clone(), without_empty(v)))
            .collect::<Map<String, Value>>()
            .into(),
        other => other.clone(),
    }
}

/// A selector in a question: as text, or as conditions. Operators that nobody knows yet are let through.
fn check_selector(selector: &Value, of_labels: bool, path: &Path<'_>, errors: &mut Errors) {
    let raw = selector["rawSelector"].as_str().unwrap_or_default();
    let terms = selector["requirements"].as_array().map(Vec::as_slice);
    let terms = terms.unwrap_or_default();
    if !raw.is_empty() && !terms.is_empty() {
        let detail = "may not specified at the same time as requirements";
        errors.invalid(&path.child("rawSelector"), raw, detail);
    }
    if raw.is_empty() && terms.is_empty() {
        let detail = format!("when {path} is specified, requirements or rawSelector is required");
        errors.required(&path.child("requirements"), detail);
    }
    let path = path.child("requirements");
    for (i, term) in terms.iter().enumerate() {
        let path = path.index(i);
        let text = |field: &str| term[field].as_str().unwrap_or_default();
        let values = term["values"].as_array().map(Vec::as_slice);
        let values = values.unwrap_or_default();
        let key = text("key");
        if !of_labels && key.is_empty() {
            errors.required(&path.child("key"), "must be specified");
        }
        match (text("operator"), values.is_empty()) {
            ("In" | "NotIn", true) => errors.required(
                &path.child("values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            ),
            ("Exists" | "DoesNotExist", false) => errors.forbidden(
                &path.child("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            _ => {}
        }
        if of_labels {
            label_key(key, &path.child("key"), errors);
            let path = path.child("values");
            for (i, value) in values.iter().enumerate() {
                let value = value.as_str().unwrap_or_default();
                errors.invalid_each(&path.index(i), value, is_label_value(value));
            }
        }
    }
}

/// `pkg/apis/authorization/validation`; the kind is not known to those who word the refusal.
fn check_access(spec: &Value, of_self: bool) -> Result<()> {
    let path = Path::new("spec");
    let mut errors = Errors::default();
    let (resource, plain) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    if !resource.is_null() && !plain.is_null() {
        let detail = "cannot be specified in combination with resourceAttributes";
        let shown = plain.to_string();
        errors.invalid_raw(&path.child("nonResourceAttributes"), &shown, detail);
    }
    if resource.is_null() && plain.is_null() {
        let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        errors.invalid_raw(&path.child("resourceAttributes"), "null", detail);
    }
    let user = spec["user"].as_str().unwrap_or_default();
    let groups = spec["groups"].as_array().is_some_and(|g| !g.is_empty());
    if !of_self && user.is_empty() && !groups {
        let detail = "at least one of user or group must be specified";
        errors.invalid(&path.child("user"), user, detail);
    }
    let path = Path::new("spec.resourceAttributes");
    for (name, of_labels) in [("fieldSelector", false), ("labelSelector", true)] {
        if resource[name].is_object() {
            check_selector(&resource[name], of_labels, &path.child(name), &mut errors);
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    let list = match texts.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    let mut status = Status::new(
        422,
        "Invalid",
        format!(".authorization.k8s.io \"\" is invalid: {list}"),
    );
    status.group = AUTHORIZATION.to_owned();
    status.causes = errors
        .0
        .iter()
        .map(|e| crate::api::status::Cause {
            reason: e.kind.reason().to_owned(),
            message: e.body(),
            field: e.field.clone(),
        })
        .collect();
    Err(status)
}
