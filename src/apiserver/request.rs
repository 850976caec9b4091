//! What a client of the REST API sends and receives, before any bytes: the page, kubectl and the
//! native HTTP server all speak in these.

use serde_json::Value;

use crate::api::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// The content of a request or response.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    #[default]
    Empty,
    Json(Value),
    /// Anything else: logs, health checks.
    Text(String),
}

/// How a patch is to be read: the media type of a PATCH request.
pub const JSON_PATCH: &str = "application/json-patch+json";
pub const MERGE_PATCH: &str = "application/merge-patch+json";
pub const STRATEGIC_MERGE_PATCH: &str = "application/strategic-merge-patch+json";
pub const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// `Accept` of a client that wants rows to print (`meta.k8s.io/v1` Table).
pub const ACCEPT_TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// What a client shows to be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// The administrator's certificate, which the terminal has.
    #[default]
    Admin,
    /// A client certificate as text; whether it is good is for the server to say.
    Shown(String),
    /// A client certificate that the server has found good.
    Certificate(Box<Certificate>),
    /// `Authorization: Bearer TOKEN`.
    Token(String),
    /// Nothing.
    Anonymous,
}

/// What a client certificate says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The common name.
    pub user: String,
    /// The organisations.
    pub groups: Vec<String>,
    /// SHA-256 of the certificate in hexadecimal digits; may be empty.
    pub fingerprint: String,
}

/// The headers `Impersonate-Group`, `Impersonate-Uid` and `Impersonate-Extra-*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impersonation {
    pub groups: Vec<String>,
    pub uid: String,
    pub extra: Vec<(String, String)>,
}

/// `Accept` of a client that wants the metadata of an object, or of those in a list, and no more.
pub const ACCEPT_PARTIAL: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
pub const ACCEPT_PARTIAL_LIST: &str =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

/// `Accept` of a client that wants all groups with their resources in one answer.
pub const ACCEPT_DISCOVERY: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub method: Method,
    /// Without the query: `/apis/apps/v1/namespaces/default/deployments/web`.
    pub path: String,
    /// Decoded, in order.
    pub query: Vec<(String, String)>,
    pub body: Body,
    /// Empty means `application/json`.
    pub content_type: &'static str,
    /// Empty means `application/json`.
    pub accept: &'static str,
    /// Who sends it, as the connection and its headers tell.
    pub credentials: Credentials,
    /// The user to act as (`Impersonate-User`); empty for the client's own identity.
    pub impersonate: String,
    /// What else the user to act as is to have.
    pub impersonate_also: Impersonation,
    /// Names the client program: the default field manager, and the actor in causes.
    pub user_agent: String,
}

impl Request {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Request {
            method,
            path: path.into(),
            query: Vec::new(),
            body: Body::Empty,
            content_type: "",
            accept: "",
            credentials: Credentials::Admin,
            impersonate: String::new(),
            impersonate_also: Impersonation::default(),
            user_agent: "kubectl".to_owned(),
        }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Request::new(Method::Get, path)
    }

    pub fn with_body(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    pub fn with_query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Whether the request leaves the cluster as it is; only others belong to its history.
    pub fn is_read_only(&self) -> bool {
        self.method == Method::Get
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub code: u16,
    pub body: Body,
    /// `Warning:` headers.
    pub warnings: Vec<String>,
}

impl Response {
    pub fn json(code: u16, value: Value) -> Self {
        Response {
            code,
            body: Body::Json(value),
            warnings: Vec::new(),
        }
    }

    pub fn text(code: u16, text: impl Into<String>) -> Self {
        Response {
            code,
            body: Body::Text(text.into()),
            warnings: Vec::new(),
        }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

impl From<Box<Status>> for Response {
    fn from(status: Box<Status>) -> Self {
        Response::json(status.code, status.to_value())
    }
}
