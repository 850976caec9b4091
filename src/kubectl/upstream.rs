//! Requests that the API server hands on: what stands behind the `proxy` of a pod or a service answers them. The
//! API server says who that is (`apiserver::Upstream`), and the request goes there over the simulated network.

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

/// Sends a request to the API.
pub async fn send(host: &dyn Host, request: Request) -> Answer {
    if !is_handed_on(&request.path) {
        return host.client().request(request).await.into();
    }
    let mut asked = request.clone();
    asked.path = format!("/play/upstream{}", request.path);
    asked.method = Method::Get;
    asked.query = vec![("method".to_owned(), request.method.name().to_owned())];
    asked.body = Body::Empty;
    let found = host.behind(asked);
    let place = match &found.body {
        Body::Json(place) if found.is_success() => place,
        _ => return found.into(),
    };
    let mut path = place["path"].as_str().unwrap_or("/").to_owned();
    for (i, (name, value)) in request.query.iter().enumerate() {
        path.push(if i == 0 { '?' } else { '&' });
        path.push_str(name);
        if !value.is_empty() {
            path = format!("{path}={value}");
        }
    }
    let call = HttpCall {
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
    };
    let dialled = format!("dial tcp {}:{}", call.host, call.port);
    let failure = match host.http(call).await {
        Ok(answer) => {
            return Answer {
                code: answer.code,
                headers: answer.headers,
                body: Body::Text(answer.body),
            };
        }
        Err(HttpFailure::Refused) => format!("{dialled}: connect: connection refused"),
        Err(HttpFailure::Reset) => "EOF".to_owned(),
        Err(HttpFailure::Unresolved | HttpFailure::TimedOut) => format!("{dialled}: i/o timeout"),
    };
    let message = format!("error trying to reach service: {failure}");
    Response::from(Status::new(503, "ServiceUnavailable", message)).into()
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
