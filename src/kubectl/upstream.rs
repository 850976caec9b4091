//! Requests that the API server hands on: what stands behind the `proxy` of a pod or a service answers them. The
//! API server says who that is (`apiserver::Upstream`), and the request goes there over the simulated network.

use serde_json::Value;

use super::cmd::as_sent;
use super::host::{Host, HttpAnswer, HttpCall, HttpFailure};
use crate::api::Status;
use crate::apiserver::{Body, Method, Request, Response};

/// An answer of the API server or of what stands behind it.
pub struct Answer {
    pub code: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        let type_ = match response.body {
            Body::Json(_) => "application/json",
            _ => "text/plain; charset=utf-8",
        };
        Answer {
            code: response.code,
            headers: vec![("Content-Type".to_owned(), type_.to_owned())],
            body: response.body,
        }
    }
}

/// Whether the API server hands a request on.
pub fn is_handed_on(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    matches!(
        parts.as_slice(),
        [
            "api",
            _,
            "namespaces",
            _,
            "pods" | "services",
            _,
            "proxy",
            ..
        ]
    )
}

/// Whether somebody else than the API server answers: what it hands on, or a kubelet.
pub fn is_foreign(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let of_node = matches!(parts.as_slice(), ["api", _, "nodes", _, "proxy", ..]);
    of_node || is_handed_on(path)
}

/// The question where a request goes on, past the API server.
pub fn question(request: &Request) -> Request {
    let mut asked = request.clone();
    asked.path = format!("/play/upstream{}", request.path);
    asked.method = Method::Get;
    asked.query = vec![("method".to_owned(), request.method.name().to_owned())];
    asked.body = Body::Empty;
    asked
}

/// What is sent on to the place that the question was answered with.
pub fn call(place: &Value, request: &Request) -> HttpCall {
    let mut path = place["path"].as_str().unwrap_or("/").to_owned();
    for (i, (name, value)) in request.query.iter().enumerate() {
        path.push(if i == 0 { '?' } else { '&' });
        path.push_str(name);
        if !value.is_empty() {
            path = format!("{path}={value}");
        }
    }
    HttpCall {
        namespace: "default".to_owned(),
        method: request.method.name().to_owned(),
        host: place["host"].as_str().unwrap_or_default().to_owned(),
        port: place["port"]
            .as_u64()
            .and_then(|p| u16::try_from(p).ok())
            .unwrap_or(80),
        path,
        headers: Vec::new(),
        body: match &request.body {
            Body::Json(value) => value.to_string(),
            Body::Text(text) => text.clone(),
            Body::Empty => String::new(),
        },
        timeout: None,
    }
}

/// What the API server says of how that ended. `address` is where it went.
pub fn told(address: &str, result: Result<HttpAnswer, HttpFailure>) -> Answer {
    let failure = match result {
        Ok(answer) => {
            return Answer {
                code: answer.code,
                headers: answer.headers,
                body: Body::Text(answer.body),
            };
        }
        Err(HttpFailure::Refused) => format!("dial tcp {address}: connect: connection refused"),
        Err(HttpFailure::Reset) => "EOF".to_owned(),
        Err(HttpFailure::Unresolved | HttpFailure::TimedOut) => {
            format!("dial tcp {address}: i/o timeout")
        }
    };
    let message = format!("error trying to reach service: {failure}");
    Response::from(Status::new(503, "ServiceUnavailable", message)).into()
}

/// Sends a request to the API.
pub async fn send(host: &dyn Host, request: Request) -> Answer {
    if !is_handed_on(&request.path) {
        return host.client().request(request).await.into();
    }
    let found = host.behind(question(&request));
    let place = match &found.body {
        Body::Json(place) if found.is_success() => place,
        _ => return found.into(),
    };
    let call = call(place, &request);
    let address = format!("{}:{}", call.host, call.port);
    told(&address, host.http(call).await)
}

impl From<Answer> for HttpAnswer {
    /// As the API server writes it for people: JSON with an indent of two blanks.
    fn from(answer: Answer) -> Self {
        HttpAnswer {
            code: answer.code,
            headers: answer.headers,
            body: match answer.body {
                Body::Json(value) => as_sent(&value, Some(2)),
                Body::Text(text) => text,
                Body::Empty => String::new(),
            },
        }
    }
}
