//! Sends a manifest to a fork of the cluster: what the API server would answer, with nothing done.

use serde_json::Value;

use crate::api::{Kind, Status};
use crate::apiserver::patch::PatchSchema;
use crate::apiserver::patch::apply::{Patch, create_patch, with_last_applied};
use crate::apiserver::request::{MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use crate::apiserver::{Body, Method, Request, Response};
use crate::cluster::Cluster;

/// A fork that takes in one object after the other, so that a later one may stand on an earlier:
/// a namespace, and what goes into it.
pub struct Rehearsal {
    fork: Cluster,
}

impl Rehearsal {
    pub fn of(cluster: &Cluster) -> Self {
        Rehearsal {
            fork: cluster.clone(),
        }
    }

    /// A kind that the cluster serves, built in or by a definition.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Kind> {
        self.fork.server().kind_by_gvk(api_version, kind)
    }

    /// Whether it serves anything of a version.
    pub fn serves(&self, api_version: &str) -> bool {
        let mut kinds = self.fork.server().kinds();
        kinds.any(|kind| kind.info().api_version() == api_version)
    }

    /// Creates or patches the object as `kubectl apply` would.
    pub fn apply(&mut self, kind: Kind, value: &Value) -> Response {
        let info = kind.info();
        let text = |field: &str| value["metadata"][field].as_str().unwrap_or_default();
        let root = match info.group {
            "" => format!("/api/{}", info.version),
            group => format!("/apis/{group}/{}", info.version),
        };
        let namespace = match text("namespace") {
            "" => "default",
            given => given,
        };
        let collection = match info.namespaced {
            true => format!("{root}/namespaces/{namespace}/{}", info.plural),
            false => format!("{root}/{}", info.plural),
        };
        let mut configuration = value.clone();
        // kubectl fills in where the object goes before it remembers what was applied.
        if info.namespaced && configuration["metadata"].is_object() {
            configuration["metadata"]["namespace"] = namespace.into();
        }
        let Value::Object(configuration) = &configuration else {
            return Status::bad_request("the manifest is not an object").into();
        };
        let modified = with_last_applied(configuration);
        let path = format!("{collection}/{}", text("name"));
        let live = match text("name") {
            "" => None,
            _ => match self.fork.request(&Request::get(path.clone())) {
                Response {
                    code: 200,
                    body: Body::Json(Value::Object(live)),
                    ..
                } => Some(live),
                _ => None,
            },
        };
        let mut request = match live {
            None => Request::new(Method::Post, collection).with_body(Value::Object(modified)),
            Some(live) => {
                let schema = PatchSchema::of_kind(info.group, info.kind);
                let (content_type, patch) = match create_patch(&modified, &live, schema) {
                    Ok(Patch::Strategic(patch)) => (STRATEGIC_MERGE_PATCH, patch),
                    Ok(Patch::Merge(patch)) => (MERGE_PATCH, patch),
                    Err(error) => return Status::bad_request(error.message()).into(),
                };
                let mut request = Request::new(Method::Patch, path).with_body(Value::Object(patch));
                request.content_type = content_type;
                request
            }
        };
        request = request
            .with_query("fieldManager", "kubectl-client-side-apply")
            .with_query("fieldValidation", "Strict");
        self.fork.request(&request)
    }
}
