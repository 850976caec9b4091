//! The object in the body of a request, decoded as strictly as the client wants.

use serde_json::Value;

use super::invalid_options;
use crate::api::field::Path;
use crate::api::{Kind, Object, Result, Status};
use crate::apiserver::ApiServer;
use crate::apiserver::request::{Body, Method, Request};

/// What happens to fields that a kind does not have (`fieldValidation`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    Ignore,
    /// The client is told. What a server does when it is not asked otherwise.
    Warn,
    /// The request is refused.
    Strict,
}

impl Strictness {
    pub fn of(options: &str, request: &Request) -> Result<Self> {
        match request.query("fieldValidation") {
            Some("Ignore") => Ok(Strictness::Ignore),
            Some("Strict") => Ok(Strictness::Strict),
            None | Some("Warn" | "") => Ok(Strictness::Warn),
            Some(other) => Err(invalid_options(options, |errors| {
                let known = ["Ignore", "Strict", "Warn"];
                errors.not_supported(&Path::new("fieldValidation"), other, &known);
            })),
        }
    }

    /// Refuses unknown fields, or turns them into warnings.
    pub fn judge(
        self,
        unknown: Vec<String>,
        refuse: impl FnOnce(String) -> Box<Status>,
    ) -> Result<Vec<String>> {
        let named = |path: &String| format!("unknown field \"{path}\"");
        match self {
            _ if unknown.is_empty() => Ok(Vec::new()),
            Strictness::Ignore => Ok(Vec::new()),
            Strictness::Warn => Ok(unknown.iter().map(named).collect()),
            Strictness::Strict => {
                let list: Vec<String> = unknown.iter().map(named).collect();
                Err(refuse(format!(
                    "strict decoding error: {}",
                    list.join(", ")
                )))
            }
        }
    }
}

pub(super) struct Decoded {
    pub object: Object,
    pub warnings: Vec<String>,
}

/// Decodes the body of a request as an object of `kind`.
pub(super) fn decode(server: &ApiServer, kind: Kind, request: &Request) -> Result<Decoded> {
    let options = match request.method {
        Method::Put => "UpdateOptions",
        _ => "CreateOptions",
    };
    let strictness = Strictness::of(options, request)?;
    let value = json(request)?;
    check_type(server, kind, value)?;
    let (object, unknown) = kind
        .decode(value)
        .map_err(|e| cannot_be_handled(kind, kind.info().kind, &e.message))?;
    let warnings = strictness.judge(unknown, |reason| {
        cannot_be_handled(kind, kind.info().kind, &reason)
    })?;
    Ok(Decoded { object, warnings })
}

/// The JSON of the body; an object.
pub(super) fn json(request: &Request) -> Result<&Value> {
    match &request.body {
        Body::Json(value) => Ok(value),
        Body::Text(text) => Err(Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error",
            if text.is_empty() { "JSON" } else { "object" }
        ))),
        Body::Empty => Err(Status::bad_request("the request has no body")),
    }
}

/// The type that the body claims to be has to be the one of the URL.
fn check_type(server: &ApiServer, kind: Kind, value: &Value) -> Result<()> {
    let info = kind.info();
    let expected = info.api_version();
    let text = |field: &str| value[field].as_str().filter(|t| !t.is_empty());
    let version = text("apiVersion").unwrap_or(&expected);
    let name = text("kind").unwrap_or(info.kind);
    if version == expected && name == info.kind {
        return Ok(());
    }
    if server.kind_by_gvk(version, name).is_none() {
        let reason = format!(
            "no kind \"{name}\" is registered for version \"{version}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""
        );
        return Err(cannot_be_handled(kind, name, &reason));
    }
    if version != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({expected})"
        )));
    }
    let package = |api_version: &str| api_version.rsplit('/').next().map(str::to_owned);
    let package = package(&expected).unwrap_or_default();
    let reason = format!(
        "converting ({package}.{name}) to ({package}.{}): unknown conversion",
        info.kind
    );
    Err(cannot_be_handled(kind, name, &reason))
}

fn cannot_be_handled(kind: Kind, given: &str, reason: &str) -> Box<Status> {
    let info = kind.info();
    Status::bad_request(format!(
        "{given} in version \"{}\" cannot be handled as a {}: {reason}",
        info.version, info.kind
    ))
}
