//! The logs of a container, as the API server hands them out.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use crate::api::{Key, Resource};
use crate::apiserver::{Body, Request, Response};
use crate::app::Mirror;
use crate::app::{Text, say};

/// Lines that are asked for: what a person scrolls through.
const TAIL_LINES: usize = 1000;
/// Names the page's own reading, which is no act of a person.
pub const PAGE_AGENT: &str = "kubarium";

/// Whose logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    pub pod: Key,
    pub container: Rc<str>,
    /// Those of the life before the last restart.
    pub previous: bool,
}

/// What there is to read, or why there is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logs {
    pub lines: Vec<Rc<str>>,
    /// In the API server's words, when it had any.
    pub error: Text,
}

/// The pods with their containers, by namespace and name: the cluster's own ones last.
pub fn log_sources(mirror: &Mirror) -> Vec<(Key, Vec<Rc<str>>)> {
    let mut all: Vec<(Key, Vec<Rc<str>>)> = mirror
        .pods
        .iter()
        .map(|pod| (pod.key(), container_names(pod)))
        .collect();
    all.sort_by_key(|(key, _)| &*key.namespace == "kube-system");
    all
}

fn container_names(pod: &Pod) -> Vec<Rc<str>> {
    let Some(spec) = &pod.spec else {
        return Vec::new();
    };
    let regular = spec.containers.iter();
    let init = spec.init_containers.iter().flatten();
    regular
        .chain(init)
        .map(|c| c.name.as_str().into())
        .collect()
}

/// Asks for the last lines.
pub fn read_logs(request: &LogRequest, send: impl FnOnce(&Request) -> Response) -> Logs {
    let Key { namespace, name } = &request.pod;
    let mut get = Request::get(format!("/api/v1/namespaces/{namespace}/pods/{name}/log"))
        .with_query("tailLines", TAIL_LINES.to_string());
    if !request.container.is_empty() {
        get = get.with_query("container", &*request.container);
    }
    if request.previous {
        get = get.with_query("previous", "true");
    }
    get.user_agent = PAGE_AGENT.to_owned();
    let response = send(&get);
    match &response.body {
        Body::Text(text) if response.is_success() => Logs {
            lines: text.lines().map(Rc::from).collect(),
            error: Text::default(),
        },
        body => Logs {
            lines: Vec::new(),
            error: refusal(body, response.code),
        },
    }
}

fn refusal(body: &Body, code: u16) -> Text {
    match body {
        Body::Text(text) if !text.is_empty() => text.into(),
        Body::Json(Value::Object(status)) => status
            .get("message")
            .and_then(Value::as_str)
            .map_or_else(|| say!("logs.no-reason"), Text::from),
        _ => say!("logs.code", code = code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Status;

    #[test]
    fn logs_are_asked_for_as_kubectl_does() {
        let request = LogRequest {
            pod: Key::new("shop", "web-1"),
            container: "nginx".into(),
            previous: true,
        };
        let logs = read_logs(&request, |r| {
            assert_eq!(r.path, "/api/v1/namespaces/shop/pods/web-1/log");
            assert_eq!(r.query("container"), Some("nginx"));
            assert_eq!(r.query("previous"), Some("true"));
            Response::text(200, "one\ntwo\n")
        });
        assert_eq!(logs.lines, [Rc::from("one"), Rc::from("two")]);
        let logs = read_logs(&request, |_| {
            Status::bad_request("is waiting to start").into()
        });
        assert_eq!(
            (&*logs.error.english(), logs.lines.len()),
            ("is waiting to start", 0)
        );
    }
}
