//! Who may do what.
//!
//! Members of `system:masters` may do everything. Nobody else has been given a right, as in a
//! cluster without role bindings of its own; the words of the refusal are those of
//! `k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go` `forbiddenMessage`.

use std::rc::Rc;

use serde_json::{Value, json};

use super::body;
use super::path::Target;
use crate::api::{Result, Status};
use crate::apiserver::Caller;
use crate::apiserver::request::{Method, Request, Response};

/// The groups that a user belongs to by the form of the name.
pub(super) fn groups_of(user: &str) -> Vec<Rc<str>> {
    let mut groups: Vec<Rc<str>> = Vec::new();
    if let Some(account) = user.strip_prefix("system:serviceaccount:") {
        let namespace = account.split(':').next().unwrap_or_default();
        groups.push("system:serviceaccounts".into());
        groups.push(format!("system:serviceaccounts:{namespace}").into());
    }
    groups.push("system:authenticated".into());
    groups
}

fn may_do_everything(caller: &Caller) -> bool {
    caller.groups.iter().any(|g| &**g == "system:masters")
}

pub(super) fn check(caller: &Caller, target: &Target<'_>, request: &Request) -> Result<()> {
    if may_do_everything(caller) {
        return Ok(());
    }
    let info = target.kind.info();
    let resource = match target.subresource {
        "" => info.plural.to_owned(),
        subresource => format!("{}/{subresource}", info.plural),
    };
    let place = match target.namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    let detail = format!(
        "User \"{}\" cannot {} resource \"{resource}\" in API group \"{}\" {place}",
        caller.user,
        verb(target, request),
        info.group
    );
    Err(Status::forbidden(
        info,
        target.name.unwrap_or_default(),
        &detail,
    ))
}

/// The verb of a request as rules of authorisation name it.
fn verb(target: &Target<'_>, request: &Request) -> &'static str {
    let watched = matches!(request.query("watch"), Some("true" | "1"));
    match (request.method, target.name.is_some()) {
        (Method::Get, _) if watched => "watch",
        (Method::Get, true) => "get",
        (Method::Get, false) => "list",
        (Method::Post, _) => "create",
        (Method::Put, _) => "update",
        (Method::Patch, _) => "patch",
        (Method::Delete, true) => "delete",
        (Method::Delete, false) => "deletecollection",
    }
}

/// Answers those who ask what they may do, and who they are.
pub(super) fn review(
    caller: &Caller,
    parts: &[&str],
    request: &Request,
) -> Option<Result<Response>> {
    if request.method != Method::Post {
        return None;
    }
    let answer = match parts {
        [
            "apis",
            "authorization.k8s.io",
            "v1",
            "selfsubjectaccessreviews",
        ] => access,
        ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"] => identity,
        _ => return None,
    };
    Some(body::json(request).map(|asked| Response::json(201, answer(caller, asked))))
}

fn access(caller: &Caller, asked: &Value) -> Value {
    let allowed = may_do_everything(caller);
    json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "metadata": {}, "spec": asked["spec"], "status": {"allowed": allowed},
    })
}

/// What else is known of a caller: people at the keyboard come with a certificate, whose
/// fingerprint is told.
fn extra(caller: &Caller) -> Value {
    const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";
    const FINGERPRINT: &str =
        "X509SHA256=2f64c1a7d0b5e98324f1c6d07ab35e9148c27d6f03be1a5977c08ed4b2693f5a";
    if may_do_everything(caller) {
        json!({CREDENTIAL: [FINGERPRINT]})
    } else {
        json!({})
    }
}

fn identity(caller: &Caller, _: &Value) -> Value {
    let groups: Vec<&str> = caller.groups.iter().map(|g| &**g).collect();
    json!({
        "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {}, "status": {"userInfo": {
            "username": &*caller.user, "groups": groups, "extra": extra(caller),
        }},
    })
}
