//! `Status`: how the API server says no (`k8s.io/apimachinery/pkg/api/errors`).

use std::fmt::{self, Display};

use serde_json::{Map, Value, json};

use super::field;
use super::kinds::KindInfo;

/// A failed request. Boxed where it is returned: the success path should stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    /// The name, group and kind (or resource) of what the request was about; may be empty.
    pub name: String,
    pub group: String,
    pub kind: String,
    pub uid: String,
    pub causes: Vec<Cause>,
    /// After how many seconds it makes sense to try again; zero when not given.
    pub retry_after_seconds: u32,
    /// With which a list can be gone on with; empty when it cannot.
    pub continue_token: String,
}

/// One of several reasons of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub reason: String,
    pub message: String,
    pub field: String,
}

/// The result of a request to the API server.
pub type Result<T> = std::result::Result<T, Box<Status>>;

/// "deployments.apps", or "pods" for the core group.
pub fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}.{group}")
    }
}

impl Status {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Box<Status> {
        Box::new(Status {
            code,
            reason,
            message: message.into(),
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: 0,
            continue_token: String::new(),
        })
    }

    fn about(mut self: Box<Self>, kind: &KindInfo, name: &str) -> Box<Status> {
        self.name = name.to_owned();
        self.group = kind.group.to_owned();
        self.kind = kind.plural.to_owned();
        self
    }

    pub fn not_found(kind: &KindInfo, name: &str) -> Box<Status> {
        let resource = qualified(kind.plural, kind.group);
        Status::new(404, "NotFound", format!("{resource} \"{name}\" not found")).about(kind, name)
    }

    pub fn already_exists(kind: &KindInfo, name: &str) -> Box<Status> {
        let resource = qualified(kind.plural, kind.group);
        Status::new(
            409,
            "AlreadyExists",
            format!("{resource} \"{name}\" already exists"),
        )
        .about(kind, name)
    }

    pub fn conflict(kind: &KindInfo, name: &str, detail: &str) -> Box<Status> {
        let resource = qualified(kind.plural, kind.group);
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {detail}");
        Status::new(409, "Conflict", message).about(kind, name)
    }

    /// Somebody wrote the object since it was read.
    pub fn modified(kind: &KindInfo, name: &str) -> Box<Status> {
        let detail = "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(kind, name, detail)
    }

    pub fn forbidden(kind: &KindInfo, name: &str, detail: &str) -> Box<Status> {
        let resource = qualified(kind.plural, kind.group);
        let message = if name.is_empty() {
            format!("{resource} is forbidden: {detail}")
        } else {
            format!("{resource} \"{name}\" is forbidden: {detail}")
        };
        Status::new(403, "Forbidden", message).about(kind, name)
    }

    /// The object breaks rules of its kind.
    pub fn invalid(kind: &KindInfo, name: &str, errors: &field::Errors) -> Box<Status> {
        let mut texts: Vec<String> = Vec::new();
        for text in errors.0.iter().map(ToString::to_string) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!(
            "{} \"{name}\" is invalid: {list}",
            qualified(kind.kind, kind.group)
        );
        let mut status = Status::new(422, "Invalid", message).about(kind, name);
        status.kind = kind.kind.to_owned();
        status.causes = errors
            .0
            .iter()
            .map(|e| Cause {
                reason: e.kind.reason().to_owned(),
                message: e.body(),
                field: e.field.clone(),
            })
            .collect();
        status
    }

    pub fn bad_request(message: impl Into<String>) -> Box<Status> {
        Status::new(400, "BadRequest", message)
    }

    pub fn unauthorized() -> Box<Status> {
        Status::new(401, "Unauthorized", "Unauthorized")
    }

    /// The revision asked for is compacted away.
    pub fn expired(message: impl Into<String>) -> Box<Status> {
        Status::new(410, "Expired", message)
    }

    pub fn method_not_allowed(message: impl Into<String>) -> Box<Status> {
        Status::new(405, "MethodNotAllowed", message)
    }

    pub fn unsupported_media_type(message: impl Into<String>) -> Box<Status> {
        Status::new(415, "UnsupportedMediaType", message)
    }

    pub fn too_large(message: impl Into<String>) -> Box<Status> {
        Status::new(413, "RequestEntityTooLarge", message)
    }

    pub fn internal(message: impl Into<String>) -> Box<Status> {
        let message = format!("Internal error occurred: {}", message.into());
        Status::new(500, "InternalError", message)
    }

    /// No such path: the server does not know the resource.
    pub fn no_such_resource() -> Box<Status> {
        Status::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    }

    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }

    pub fn is_conflict(&self) -> bool {
        self.reason == "Conflict"
    }

    pub fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// The `v1.Status` object that a client receives.
    pub fn to_value(&self) -> Value {
        let mut details = Map::new();
        let mut text = |key: &str, value: &str| {
            if !value.is_empty() {
                details.insert(key.to_owned(), Value::from(value));
            }
        };
        text("name", &self.name);
        text("group", &self.group);
        text("kind", &self.kind);
        text("uid", &self.uid);
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|c| {
                let mut cause = json!({"reason": c.reason});
                if !c.message.is_empty() {
                    cause["message"] = c.message.as_str().into();
                }
                if !c.field.is_empty() {
                    cause["field"] = Value::from(c.field.as_str());
                }
                cause
            });
            details.insert("causes".into(), causes.collect());
        }
        if self.retry_after_seconds > 0 {
            details.insert("retryAfterSeconds".into(), self.retry_after_seconds.into());
        }
        let mut status = json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {},
            "status": "Failure", "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.continue_token.is_empty() {
            status["metadata"]["continue"] = Value::from(self.continue_token.as_str());
        }
        if !details.is_empty() {
            status["details"] = Value::Object(details);
        }
        status
    }
}

impl Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}
