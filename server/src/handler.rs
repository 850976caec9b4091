//! From an HTTP request to a request of the API, and back.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{Extension, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName,
    RETRY_AFTER, TRANSFER_ENCODING, USER_AGENT, WARNING,
};
use axum::http::{
    HeaderMap, HeaderValue, Request as HttpRequest, Response as HttpResponse, StatusCode, Uri,
};
use kubarium::api::{Status, yaml};
use kubarium::apiserver::request::Credentials;
use kubarium::apiserver::{Body, Method, Request, Response};
use kubarium::kubectl::{as_sent, upstream};
use serde_json::Value;
use tokio::sync::{oneshot, watch};

use crate::body::Pieces;
use crate::identity::Peer;
use crate::negotiate::{Encoding, Form, accepted, sent};
use crate::tank::{Ask, Kind};
use crate::{gzip, protobuf, streams};

/// What every request needs.
#[derive(Clone)]
pub struct Server {
    pub asks: Sender<Ask>,
    /// True once the server ends.
    pub ending: watch::Receiver<bool>,
    pub quiet: bool,
}

/// `--max-request-bytes` of a real API server: what etcd takes, twice.
const LARGEST: usize = 3 * 1024 * 1024;
/// A watch lasts so long when the client does not say; a real one draws from this to twice this.
const WATCHES: Duration = Duration::from_secs(1800);
const LOGS: Duration = Duration::from_secs(4 * 3600);

/// Answers whatever comes.
pub async fn answer(
    State(server): State<Server>,
    Extension(peer): Extension<Peer>,
    incoming: HttpRequest<HttpBody>,
) -> HttpResponse<HttpBody> {
    let begun = Instant::now();
    let what = format!("{} {}", incoming.method(), incoming.uri());
    let agent = text(incoming.headers(), USER_AGENT.as_str()).to_owned();
    let packed = gzip::is_taken(incoming.headers());
    let json = json_for(incoming.uri(), incoming.headers());
    let mut response = match streams::what(incoming.uri().path()) {
        Some(what) => upgrade(&server, incoming, &peer, what).await,
        None => match understand(incoming, &peer).await {
            Ok((request, mut form)) => {
                if form.encoding == Encoding::Json && !is_as_it_stands(&request.path) {
                    form.encoding = json;
                }
                dispatch(&server, request, form).await
            }
            Err(refusal) => plain(refusal.into(), json, ""),
        },
    };
    if packed {
        response = gzip::compressed(response).await;
    }
    if !server.quiet {
        let agent = agent.split(' ').next().unwrap_or_default();
        let took = begun.elapsed().as_micros() as f64 / 1000.0;
        eprintln!("{what} {} {took:.1}ms {agent}", response.status().as_u16());
    }
    response
}

/// How JSON is written for whoever asks: with an indent for those who say so, and for browsers and the tools of people.
/// Models `isPrettyPrint` of `k8s.io/apiserver/pkg/endpoints/handlers/negotiation`.
pub fn json_for(uri: &Uri, headers: &HeaderMap) -> Encoding {
    let query = query(uri.query().unwrap_or_default());
    let asked = query.iter().find(|(name, _)| name == "pretty");
    let asked = asked.map_or("", |(_, value)| value.as_str());
    let agent = text(headers, USER_AGENT.as_str());
    let people = ["curl", "Wget", "Mozilla/5.0"];
    let by_media = every(headers, ACCEPT.as_str())
        .split([',', ';'])
        .any(|part| part.trim() == "pretty=1");
    let pretty = match asked {
        "" => people.iter().any(|tool| agent.starts_with(tool)),
        asked => matches!(asked, "1" | "t" | "T" | "TRUE" | "true" | "True"),
    };
    match pretty || by_media {
        true => Encoding::Pretty,
        false => Encoding::Json,
    }
}

/// Documents that are always written in one way.
fn is_as_it_stands(path: &str) -> bool {
    path == "/openapi" || path.starts_with("/openapi/")
}

/// Turns a connection into streams.
async fn upgrade(
    server: &Server,
    incoming: HttpRequest<HttpBody>,
    peer: &Peer,
    what: streams::What,
) -> HttpResponse<HttpBody> {
    let (head, _) = incoming.into_parts();
    // Headers stay with the connection; the request has a copy of them.
    let mut bare = HttpRequest::new(HttpBody::empty());
    *bare.method_mut() = head.method.clone();
    *bare.uri_mut() = head.uri.clone();
    *bare.headers_mut() = head.headers.clone();
    match understand(bare, peer).await {
        Ok((request, _)) => streams::answer(server, head, request, what).await,
        Err(refusal) => refused(refusal),
    }
}

pub fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// Reads the request.
async fn understand(
    incoming: HttpRequest<HttpBody>,
    peer: &Peer,
) -> Result<(Request, Form), Box<Status>> {
    let (head, body) = incoming.into_parts();
    let method = match head.method.as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        // The answer loses its body on its way.
        "HEAD" if upstream::is_handed_on(head.uri.path()) => Method::Get,
        _ => {
            return Err(Status::method_not_allowed(
                "the server does not allow this method on the requested resource",
            ));
        }
    };
    let path = decode(head.uri.path(), false);
    let discovery = matches!(path.trim_end_matches('/'), "/api" | "/apis");
    let form = match accepted(&every(&head.headers, ACCEPT.as_str()), discovery) {
        Some(form) => form,
        None if path == "/openapi/v2" && wants_old_schema(&head.headers) => Form {
            encoding: Encoding::Protobuf,
            accept: "",
        },
        // What is no object of the API has one form only.
        None if !path.starts_with("/api") || upstream::is_handed_on(&path) => Form {
            encoding: Encoding::Json,
            accept: "",
        },
        None => {
            return Err(Status::new(
                406,
                "NotAcceptable",
                "only the following media types are accepted: application/json, application/yaml",
            ));
        }
    };
    let mut request = Request::new(method, path);
    request.accept = form.accept;
    request.query = query(head.uri.query().unwrap_or_default());
    let agent = text(&head.headers, USER_AGENT.as_str());
    let agent = agent.split('/').next().unwrap_or_default();
    request.user_agent = match agent {
        "" => "unknown".to_owned(),
        agent => agent.chars().take(128).collect(),
    };
    identify(&mut request, peer, &head.headers);
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST).await else {
        let message = format!("Request entity too large: limit is {LARGEST}");
        return Err(Status::new(413, "RequestEntityTooLarge", message));
    };
    if upstream::is_handed_on(&request.path) {
        request.body = match bytes.is_empty() {
            true => Body::Empty,
            false => Body::Text(String::from_utf8_lossy(&bytes).into_owned()),
        };
    } else if !bytes.is_empty() {
        let header = text(&head.headers, CONTENT_TYPE.as_str());
        let Some(sent) = sent(header) else {
            return Err(Status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml",
            ));
        };
        request.content_type = sent.content_type;
        request.body = match sent.encoding {
            Encoding::Protobuf => match protobuf::object(&bytes) {
                Some(object) => Body::Json(object),
                None => {
                    return Err(Status::bad_request(
                        "the body of the request is no object of a known kind in protobuf",
                    ));
                }
            },
            encoding => body_of(&bytes, encoding),
        };
    }
    Ok((request, form))
}

/// Who it is that asks, and whom they want to act as.
fn identify(request: &mut Request, peer: &Peer, headers: &HeaderMap) {
    let bearer = text(headers, AUTHORIZATION.as_str());
    let bearer = bearer.split_once(' ');
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    request.credentials = match (&peer.certificate, bearer) {
        (Some(certificate), _) => Credentials::Certificate(Box::new(certificate.clone())),
        (None, Some((_, token))) => Credentials::Token(token.trim().to_owned()),
        (None, None) => Credentials::Anonymous,
    };
    request.impersonate = text(headers, "impersonate-user").to_owned();
    for (name, value) in headers {
        let Ok(value) = value.to_str() else {
            continue;
        };
        let also = &mut request.impersonate_also;
        match name.as_str() {
            "impersonate-group" => also.groups.push(value.to_owned()),
            "impersonate-uid" => also.uid = value.to_owned(),
            name => {
                if let Some(key) = name.strip_prefix("impersonate-extra-") {
                    also.extra.push((decode(key, false), value.to_owned()));
                }
            }
        }
    }
}

/// All values of a header as one.
fn every(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

/// The value in a body; what is no value stays a text, for the API to refuse.
fn body_of(bytes: &[u8], encoding: Encoding) -> Body {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(value) = serde_json::from_str(&text) {
        return Body::Json(value);
    }
    if encoding == Encoding::Yaml {
        let parsed = yaml::parse(&text);
        let mut documents = parsed.documents.into_iter();
        if let (None, Some(document)) = (parsed.error, documents.next()) {
            return Body::Json(document.value);
        }
    }
    Body::Text(text.into_owned())
}

fn query(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Replaces `%41`, and in queries `+`.
fn decode(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        rest = after;
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            (b'+', _) if plus => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wants_old_schema(headers: &HeaderMap) -> bool {
    every(headers, ACCEPT.as_str()).contains(OLD_SCHEMA)
}

const OLD_SCHEMA: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/// Go does not read a media type with `@` in it, so the answer is called otherwise than what was asked for.
const OLD_SCHEMA_SENT: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// OpenAPI v2 for kubectl, which takes it as protobuf only, and asks for it only where v3 does not know a kind. So it
/// knows no kind either: kubectl then says itself that there is no such kind.
fn old_schema() -> HttpResponse<HttpBody> {
    const DOCUMENT: &[u8] = b"\x0a\x032.0\x12\x15\x0a\x0aKubernetes\x12\x07v1.36.2";
    let mut response = HttpResponse::new(HttpBody::from(DOCUMENT));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(OLD_SCHEMA_SENT));
    headers.insert(CACHE_CONTROL, NO_CACHE);
    response
}

async fn dispatch(server: &Server, request: Request, form: Form) -> HttpResponse<HttpBody> {
    if form.encoding == Encoding::Protobuf {
        return old_schema();
    }
    if upstream::is_handed_on(&request.path) {
        return hand_on(server, request, form.encoding).await;
    }
    let flag = |name| matches!(request.query(name), Some("true" | "1"));
    let get = request.method == Method::Get;
    let kind = match () {
        () if get && flag("watch") => Some(Kind::Watch),
        () if get && flag("follow") && request.path.ends_with("/log") => Some(Kind::Log),
        () => None,
    };
    let Some(kind) = kind else {
        let as_what = request.accept;
        let (reply, answer) = oneshot::channel();
        let asked = server.asks.send(Ask::Request { request, reply });
        return match (asked, answer.await) {
            (Ok(()), Ok(response)) => plain(response, form.encoding, as_what),
            _ => ends(),
        };
    };
    let seconds = request.query("timeoutSeconds");
    let lasts = match (
        kind,
        seconds.and_then(|s| s.parse().ok()).filter(|s| *s > 0),
    ) {
        (Kind::Watch, Some(seconds)) => Duration::from_secs(seconds),
        (Kind::Watch, None) => WATCHES,
        (Kind::Log, _) => LOGS,
    };
    let (opened, answer) = oneshot::channel();
    let asked = server.asks.send(Ask::Stream {
        request,
        kind,
        lasts,
        opened,
    });
    let pieces = match (asked, answer.await) {
        (Ok(()), Ok(Ok(pieces))) => pieces,
        (Ok(()), Ok(Err(response))) => return plain(response, form.encoding, ""),
        _ => return ends(),
    };
    let body = HttpBody::new(Pieces::new(pieces, server.ending.clone()));
    let mut response = HttpResponse::new(body);
    let media = match kind {
        Kind::Watch => "application/json",
        Kind::Log => "text/plain",
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, NO_CACHE);
    response
}

/// Sends on what names the `proxy` of a pod or a service.
async fn hand_on(server: &Server, request: Request, json: Encoding) -> HttpResponse<HttpBody> {
    let (reply, answer) = oneshot::channel();
    let asked = server.asks.send(Ask::HandOn { request, reply });
    let (Ok(()), Ok(answer)) = (asked, answer.await) else {
        return ends();
    };
    let Body::Text(text) = answer.body else {
        return plain(
            Response {
                code: answer.code,
                body: answer.body,
                warnings: Vec::new(),
            },
            json,
            "",
        );
    };
    let mut out = HttpResponse::new(HttpBody::from(text));
    *out.status_mut() = StatusCode::from_u16(answer.code).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &answer.headers {
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value))
            && ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name)
        {
            out.headers_mut().append(name, value);
        }
    }
    out
}

const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache, private");

pub fn refused(status: Box<Status>) -> HttpResponse<HttpBody> {
    plain(status.into(), Encoding::Json, "")
}

/// The cluster is gone: the process ends.
pub fn ends() -> HttpResponse<HttpBody> {
    let status = Status::new(503, "ServiceUnavailable", "apiserver is shutting down");
    refused(status)
}

/// Writes an answer that is there as a whole.
pub fn plain(response: Response, encoding: Encoding, accept: &str) -> HttpResponse<HttpBody> {
    let retry = match &response.body {
        Body::Json(value) => value["details"]["retryAfterSeconds"].as_u64(),
        _ => None,
    };
    let (media, bytes) = match response.body {
        Body::Empty => ("text/plain", Bytes::new()),
        Body::Text(text) => ("text/plain; charset=utf-8", Bytes::from(text)),
        Body::Json(value) => write(&value, encoding, accept),
    };
    let mut out = HttpResponse::new(HttpBody::from(bytes));
    *out.status_mut() =
        StatusCode::from_u16(response.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = out.headers_mut();
    if let Ok(media) = HeaderValue::from_str(media) {
        headers.insert(CONTENT_TYPE, media);
    }
    headers.insert(CACHE_CONTROL, NO_CACHE);
    for warning in &response.warnings {
        if let Some(value) = warning_header(warning) {
            headers.append(WARNING, value);
        }
    }
    if let Some(seconds) = retry {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    out
}

fn write(value: &Value, encoding: Encoding, accept: &str) -> (&'static str, Bytes) {
    if encoding == Encoding::Yaml {
        return ("application/yaml", Bytes::from(yaml::to_yaml(value)));
    }
    let mut text = match encoding {
        Encoding::Pretty => as_sent(value, Some(2)),
        _ => as_sent(value, None),
    };
    // What is written for people has no end of a line.
    if value["gitVersion"].is_null() && encoding != Encoding::Pretty {
        text.push('\n');
    }
    // A client knows the aggregated form of discovery by its media type.
    let aggregated = !accept.is_empty() && value["kind"] == "APIGroupDiscoveryList";
    let media = match aggregated {
        true => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        false => "application/json",
    };
    (media, Bytes::from(text))
}

/// `299 - "text"`, with what has a meaning of its own escaped, and control characters left out.
fn warning_header(text: &str) -> Option<HeaderValue> {
    let mut quoted = String::from("299 - \"");
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    HeaderValue::from_bytes(quoted.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_paths_are_decoded() {
        let read = query("labelSelector=a%3Db%2Cc+in+%28d%29&watch&x=%zz%4");
        let expected = [
            ("labelSelector", "a=b,c in (d)"),
            ("watch", ""),
            ("x", "%zz%4"),
        ];
        assert_eq!(read, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(decode("/a+b%2Fc", false), "/a+b/c");
    }

    #[test]
    fn warnings_are_quoted() {
        let header = warning_header("unknown field \"spec.x\"\n").unwrap();
        assert_eq!(header.as_bytes(), b"299 - \"unknown field \\\"spec.x\\\"\"");
    }
}
