//! `POST .../serviceaccounts/NAME/token`: tokens for whoever may ask for them (`TokenRequest`).
//! Models `pkg/registry/core/serviceaccount/storage/token.go`.

use k8s_openapi::api::core::v1::{Node, Pod, Secret, ServiceAccount};
use serde_json::{Value, json};

use super::body;
use super::path::Target;
use crate::api::{Key, Resource, Result, Status};
use crate::apiserver::auth::token::{ISSUER, TokenSpec, stamp};
use crate::apiserver::request::{Request, Response};
use crate::apiserver::{ApiServer, Caller};
use crate::sim::Kernel;

const DEFAULT_SECONDS: i64 = 3600;
const LEAST_SECONDS: i64 = 600;
const MOST_SECONDS: i64 = 1 << 32;

impl ApiServer {
    pub(super) fn issue_token(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        name: &str,
        request: &Request,
    ) -> Result<Response> {
        let asked = body::object("TokenRequest", request)?;
        let meta = &asked["metadata"];
        let given = |field: &str| meta[field].as_str().filter(|t| !t.is_empty());
        let namespace = target.namespace.unwrap_or_default();
        if given("name").is_some_and(|given| given != name) {
            return Err(Status::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({name})",
                given("name").unwrap_or_default()
            )));
        }
        if given("namespace").is_some_and(|given| given != namespace) {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        let asked = &asked["spec"];
        let key = Key::new(namespace, name);
        let Some(account) = self.get::<ServiceAccount>(&key) else {
            return Err(Status::not_found(target.kind.info(), name));
        };
        self.restrict_token(caller, &account, asked)?;
        let seconds = asked["expirationSeconds"]
            .as_i64()
            .unwrap_or(DEFAULT_SECONDS);
        let refusal = match seconds {
            s if s < LEAST_SECONDS => "may not specify a duration less than 10 minutes",
            s if s > MOST_SECONDS => "may not specify a duration larger than 2^32 seconds",
            _ => "",
        };
        if !refusal.is_empty() {
            return Err(refused(seconds, refusal));
        }
        let mut audiences: Vec<String> = asked["audiences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|a| a.as_str().map(str::to_owned))
            .collect();
        if audiences.is_empty() {
            audiences.push(ISSUER.to_owned());
        }
        let reference = &asked["boundObjectRef"];
        let text = |field: &str| reference[field].as_str().unwrap_or_default();
        let (mut bound, mut node) = (None, None);
        if !reference.is_null() {
            let (kind, bound_name) = (text("kind"), text("name"));
            let uid = self.bound_uid(kind, text("apiVersion"), bound_name, &key)?;
            if kind == "Pod"
                && let Some(pod) = self.get::<Pod>(&Key::new(namespace, bound_name))
            {
                node = self.node_of(&pod);
            }
            let wanted = text("uid");
            if !wanted.is_empty() && wanted != uid {
                let message = format!(
                    "Operation cannot be fulfilled on {kind} \"{bound_name}\": the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated"
                );
                return Err(Status::new(409, "Conflict", message));
            }
            bound = Some((kind, bound_name, uid));
        }
        let spec = TokenSpec {
            namespace,
            account: &account,
            audiences,
            seconds,
            bound,
            node,
        };
        let token = self.sign_token(kernel, &spec);
        let issued = kernel.now.unix_secs();
        let ends = issued.saturating_add(seconds);
        Ok(Response::json(
            201,
            json!({
                "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
                "metadata": {"name": name, "namespace": namespace, "creationTimestamp": stamp(issued)},
                "spec": {
                    "audiences": spec.audiences, "expirationSeconds": seconds,
                    "boundObjectRef": if reference.is_null() { Value::Null } else { reference.clone() },
                },
                "status": {"token": token, "expirationTimestamp": stamp(ends)},
            }),
        ))
    }

    /// The uid of the object that a token is to be bound to.
    fn bound_uid(&self, kind: &str, version: &str, name: &str, account: &Key) -> Result<String> {
        let place = Key::new(&account.namespace, name);
        let missing = |info| Status::not_found(info, name);
        match (version, kind) {
            ("v1", "Pod") => {
                let pod = self.get::<Pod>(&place);
                let pod = pod.ok_or_else(|| missing(Pod::KIND.info()))?;
                let runs_as = pod
                    .spec
                    .as_ref()
                    .and_then(|s| s.service_account_name.as_deref());
                if runs_as != Some(&*account.name) {
                    return Err(Status::bad_request(format!(
                        "cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
                        account.name
                    )));
                }
                Ok(pod.uid().to_owned())
            }
            ("v1", "Node") => {
                let node = self.get::<Node>(&Key::new("", name));
                let node = node.ok_or_else(|| missing(Node::KIND.info()))?;
                Ok(node.uid().to_owned())
            }
            ("v1", "Secret") => {
                let secret = self.get::<Secret>(&place);
                let secret = secret.ok_or_else(|| missing(Secret::KIND.info()))?;
                Ok(secret.uid().to_owned())
            }
            _ => {
                let (group, version) = version.split_once('/').unwrap_or(("", version));
                Err(Status::bad_request(format!(
                    "cannot bind token to object of type {group}/{version}, Kind={kind}"
                )))
            }
        }
    }
}

fn refused(seconds: i64, detail: &str) -> Box<Status> {
    let mut errors = crate::api::field::Errors::default();
    let path = crate::api::field::Path::new("spec");
    errors.invalid(&path.child("expirationSeconds"), seconds, detail);
    let text = errors
        .0
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    let message = format!("TokenRequest.authentication.k8s.io \"\" is invalid: {text}");
    let mut status = Status::new(422, "Invalid", message);
    status.group = "authentication.k8s.io".to_owned();
    status.kind = "TokenRequest".to_owned();
    status.causes = errors
        .0
        .iter()
        .map(|e| crate::api::status::Cause {
            reason: e.kind.reason().to_owned(),
            message: e.body(),
            field: e.field.clone(),
        })
        .collect();
    status
}
