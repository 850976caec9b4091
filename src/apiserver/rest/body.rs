//! The object in the body of a request, decoded as strictly as the client wants.

use serde_json::Value;

use crate::api::field::{Errors, Path};
use crate::api::{Kind, Object, Result, Status, codec};
use crate::apiserver::ApiServer;
use crate::apiserver::request::{Body, Request, STRATEGIC_MERGE_PATCH};

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
    /// What the client wants; `Warn` where that is not known, of which the errors tell.
    pub fn of(request: &Request, errors: &mut Errors) -> Self {
        match request.query("fieldValidation") {
            Some("Ignore") => Strictness::Ignore,
            Some("Strict") => Strictness::Strict,
            None | Some("Warn" | "") => Strictness::Warn,
            Some(other) => {
                let known = ["", "Ignore", "Strict", "Warn"];
                errors.not_supported(&Path::new("fieldValidation"), other, &known);
                Strictness::Warn
            }
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
    let strictness = Strictness::of(request, &mut Errors::default());
    let value = object(kind.info().kind, request)?;
    check_type(server, kind, value)?;
    // What says nothing of its type is of the type of the URL.
    let silent = |field: &str| value[field] == "";
    let mut said = None;
    if silent("apiVersion") || silent("kind") {
        let mut fields = value.clone();
        fields["apiVersion"] = Value::from(kind.info().api_version());
        fields["kind"] = Value::from(kind.info().kind);
        said = Some(fields);
    }
    let value = said.as_ref().unwrap_or(value);
    let (object, unknown) = kind.decode(value).map_err(|e| {
        cannot_be_handled(kind, (kind.info().version, kind.info().kind), &e.message)
    })?;
    let warnings = strictness.judge(unknown, |reason| {
        cannot_be_handled(kind, (kind.info().version, kind.info().kind), &reason)
    })?;
    Ok(Decoded { object, warnings })
}

/// A body of a subresource that has a type of its own, and the warnings about it. The first of `versions` is what is
/// expected, the others are taken too.
pub(super) fn typed<T: serde::de::DeserializeOwned>(
    kind: &str,
    versions: &[&str],
    value: &Value,
    request: &Request,
) -> Result<(T, Vec<String>)> {
    let given = value["apiVersion"].as_str().unwrap_or_default();
    let expected = versions.first().copied().unwrap_or_default();
    if !given.is_empty() && !versions.contains(&given) {
        return Err(Status::bad_request(format!(
            "the API version in the data ({given}) does not match the expected API version ({expected})"
        )));
    }
    let refuse = |why: String| {
        Status::bad_request(format!(
            "{kind} in version \"v1\" cannot be handled as a {kind}: {why}"
        ))
    };
    // What it is stands in the path.
    let mut value = value.clone();
    if let Value::Object(fields) = &mut value {
        fields.remove("apiVersion");
        fields.remove("kind");
    }
    let (object, unknown) = codec::decode::<T>(&value, "v1").map_err(|e| refuse(e.message))?;
    let strictness = Strictness::of(request, &mut Errors::default());
    Ok((object, strictness.judge(unknown, refuse)?))
}

/// The JSON of the body, which is to say what it is.
pub(super) fn object<'r>(kind: &str, request: &'r Request) -> Result<&'r Value> {
    let (why, shown) = match &request.body {
        Body::Json(value @ Value::Object(_)) => return Ok(value),
        Body::Json(other) => {
            let found = match other {
                Value::Bool(_) => "bool",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                _ => "null",
            };
            let why = format!(
                "json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
            );
            (why, summary(&other.to_string()))
        }
        Body::Text(text) if !text.trim().is_empty() => {
            let why = crate::api::json::go_syntax_error(text.as_bytes());
            (why, summary(text))
        }
        _ => {
            let why = "unexpected end of JSON input".to_owned();
            (why, "<empty>".to_owned())
        }
    };
    Err(Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {why} ({shown})"
    )))
}

/// The beginning of a body that is no object (`summarizeData`).
fn summary(body: &str) -> String {
    const MOST: usize = 30;
    let begin: Vec<u8> = body.bytes().take(MOST).collect();
    let shown = match body.starts_with('{') {
        true => String::from_utf8_lossy(&begin).into_owned(),
        false => begin.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    match body.len() > MOST {
        true => format!("{shown} ..."),
        false => shown,
    }
}

/// The JSON of a patch. What is none is refused in the words of the one who reads it.
pub(super) fn patch(request: &Request) -> Result<&Value> {
    if let Body::Text(text) = &request.body
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
    {
        let why = crate::api::json::go_syntax_error(text.as_bytes());
        return Err(Status::bad_request(match request.content_type {
            STRATEGIC_MERGE_PATCH => why,
            _ => format!("error decoding patch: {why}"),
        }));
    }
    json(request)
}

/// The JSON of the body.
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
    let given = text("apiVersion").unwrap_or(&expected);
    let name = text("kind").unwrap_or(info.kind);
    if given == expected && name == info.kind {
        return Ok(());
    }
    let (group, version) = given.rsplit_once('/').unwrap_or(("", given));
    if server.kind_by_gvk(given, name).is_none() {
        let reason = not_registered(given, name);
        return Err(cannot_be_handled(kind, (version, name), &reason));
    }
    // Versions of one kind can be made of each other: that they are not those of the URL is seen
    // after that.
    if (group, name) == (info.group, info.kind) {
        return Err(Status::bad_request(format!(
            "the API version in the data ({given}) does not match the expected API version ({expected})"
        )));
    }
    let reason = unknown_conversion(kind, (version, name));
    Err(cannot_be_handled(kind, (version, name), &reason))
}

/// That nobody knows the kind.
pub(super) fn not_registered(version: &str, kind: &str) -> String {
    format!(
        "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""
    )
}

/// That an object of another kind is none of `kind`.
pub(super) fn unknown_conversion(kind: Kind, (version, name): (&str, &str)) -> String {
    let info = kind.info();
    // The package of the types that the server works with.
    let package = match info.group.split('.').next().unwrap_or_default() {
        "" | "events" => "core",
        group => group,
    };
    format!(
        "converting ({version}.{name}) to ({package}.{}): unknown conversion",
        info.kind
    )
}

fn cannot_be_handled(kind: Kind, (version, given): (&str, &str), reason: &str) -> Box<Status> {
    Status::bad_request(format!(
        "{given} in version \"{version}\" cannot be handled as a {}: {reason}",
        kind.info().kind
    ))
}
