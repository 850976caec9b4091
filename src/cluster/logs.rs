//! The `log` subresource of pods, which the API server passes on to the pod's node
//! (`pkg/registry/core/pod/strategy.go` LogLocation).

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Event as ApiEvent, Pod};

use super::Cluster;
use crate::api::rfc3339::{format_time, go_quote};
use crate::api::{Key, Resource, Result, Status};
use crate::apiserver::{Method, Refused, Request, Response};
use crate::kubelet::{LogQuery, Logged};

/// Namespace and pod, when the request reads a pod's logs.
fn target(request: &Request) -> Option<(&str, &str)> {
    let path = request.path.strip_prefix("/api/v1/namespaces/")?;
    let mut parts = path.split('/');
    let target = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(namespace), Some("pods"), Some(pod), Some("log")) => (namespace, pod),
        _ => return None,
    };
    (request.method == Method::Get && parts.next().is_none()).then_some(target)
}

impl Cluster {
    /// What a container of a pod has written, or the first container if none is named; empty while nobody
    /// has run it.
    pub fn log_of(&self, pod: &Pod, container: &str) -> String {
        let spec = pod.spec.as_ref();
        let first = spec.and_then(|s| s.containers.first());
        let container = match container {
            "" => first.map_or("", |c| c.name.as_str()),
            named => named,
        };
        let node = spec.and_then(|s| s.node_name.as_deref());
        let Some(kubelet) = node.and_then(|node| self.kubelet(node)) else {
            return String::new();
        };
        let query = LogQuery::default();
        match kubelet.logs(pod.namespace(), pod.name(), container, &query, self.now()) {
            Logged::Text(text) => text,
            Logged::Refused(_) | Logged::Unreachable(_) => String::new(),
        }
    }

    /// Answers a request for logs; `None` when it is another request.
    pub(super) fn read_logs(&self, request: &Request) -> Option<Response> {
        let (namespace, name) = target(request)?;
        let allowed = self.server.authorized(self.now(), request);
        Some(
            allowed
                .and_then(|_| self.logs_of(namespace, name, request))
                .unwrap_or_else(Response::from),
        )
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn logs_of(&self, namespace: &str, name: &str, request: &Request) -> Result<Response> {
        let pod = self.server.get::<Pod>(&Key::new(namespace, name));
        let pod = pod.ok_or_else(|| Status::not_found(Pod::KIND.info(), name))?;
        let container = container_of(&pod, request.query("container").unwrap_or_default())?;
        let query = LogQuery {
            previous: flag(request, "previous"),
            tail_lines: number(request, "tailLines")?,
            since_seconds: number(request, "sinceSeconds")?,
            limit_bytes: number(request, "limitBytes")?,
            timestamps: flag(request, "timestamps"),
        };
        let node = pod.spec.as_ref().and_then(|s| s.node_name.as_deref());
        let mut nodes = self.config().nodes.iter();
        let place = nodes.position(|n| Some(n.name.as_str()) == node);
        if let Some(i) = place
            && let Some(why) = self.unreachable(i)
        {
            let address = self.kubelets.get(i).map(|p| p.component.node.address());
            let address = address.unwrap_or_default();
            let message = format!(
                "Get \"https://{address}:10250/containerLogs/{namespace}/{name}/{container}\": {why}"
            );
            return Err(Status::new(500, "", message));
        }
        let kubelet = node.and_then(|node| self.kubelet(node));
        let Some(kubelet) = kubelet else {
            // Nobody has run it yet: an empty log.
            return Ok(Response::text(200, ""));
        };
        match kubelet.logs(namespace, name, &container, &query, self.now()) {
            Logged::Text(text) => {
                let text = match namespace {
                    "kube-system" => self.with_refusals(text, &container, &query),
                    _ => text,
                };
                Ok(Response::text(200, text))
            }
            Logged::Refused(message) => Err(Status::bad_request(message)),
            Logged::Unreachable(message) => Err(Status::new(500, "", message)),
        }
    }
}

impl Cluster {
    /// A log of the control plane, with what the API server refused its component. Those are the newest lines.
    #[inline(never)]
    fn with_refusals(&self, mut text: String, component: &str, query: &LogQuery) -> String {
        if query.previous {
            return text;
        }
        let since = query.since_seconds.map(Duration::from_secs);
        for refused in self.server.refusals(component) {
            if since.is_some_and(|since| self.now().since(refused.at) > since) {
                continue;
            }
            if query.timestamps {
                let nanos = refused.at.subsec_nanos();
                let seconds = format_time(refused.at.0 as i64);
                let seconds = seconds.trim_end_matches('Z');
                text.push_str(&format!("{seconds}.{nanos:09}Z "));
            }
            text.push_str(&line_of(refused));
        }
        let lines = text.lines().count() as u64;
        let skipped = query
            .tail_lines
            .map_or(0, |tail| lines.saturating_sub(tail));
        match skipped {
            0 => text,
            skipped => text
                .split_inclusive('\n')
                .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
                .collect(),
        }
    }
}

/// A line of klog: an error, the day, the time, the process, where in the source, and what.
fn line_of(refused: &Refused) -> String {
    let time = format_time(refused.at.0 as i64);
    let part = |range: std::ops::Range<usize>| time.get(range).unwrap_or_default();
    let micros = refused.at.subsec_nanos() / 1000;
    let err = go_quote(&refused.message);
    let said = match refused.kind == ApiEvent::KIND {
        true => format!("event.go:389] \"Server rejected event (will not retry!)\" err={err}"),
        false => format!("runtime.go:221] \"Unhandled Error\" err={err} logger=\"UnhandledError\""),
    };
    format!(
        "E{}{} {}.{micros:06}       1 {said}\n",
        part(5..7),
        part(8..10),
        part(11..19)
    )
}

fn flag(request: &Request, name: &str) -> bool {
    matches!(request.query(name), Some("true" | "1"))
}

fn number(request: &Request, name: &str) -> Result<Option<u64>> {
    let Some(text) = request.query(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Status::bad_request(format!(
            "{name}: Invalid value: \"{text}\": must be greater than or equal to 0"
        ))),
    }
}

/// The container that is asked for, or the only one.
pub(super) fn container_of(pod: &Pod, asked: &str) -> Result<String> {
    let spec = pod.spec.clone().unwrap_or_default();
    let names = |list: &[Container]| list.iter().map(|c| c.name.clone()).collect::<Vec<String>>();
    let main = names(&spec.containers);
    let init = names(spec.init_containers.as_deref().unwrap_or_default());
    let ephemeral = spec.ephemeral_containers.iter().flatten();
    let ephemeral: Vec<String> = ephemeral.map(|c| c.name.clone()).collect();
    if !asked.is_empty() {
        if main
            .iter()
            .chain(&init)
            .chain(&ephemeral)
            .any(|name| name == asked)
        {
            return Ok(asked.to_owned());
        }
        let message = format!("container {asked} is not valid for pod {}", pod.name());
        return Err(Status::bad_request(message));
    }
    if let [only] = main.as_slice() {
        return Ok(only.clone());
    }
    let mut message = format!(
        "a container name must be specified for pod {}, choose one of: [{}]",
        pod.name(),
        main.join(" ")
    );
    if !init.is_empty() {
        message.push_str(&format!(
            " or one of the init containers: [{}]",
            init.join(" ")
        ));
    }
    Err(Status::bad_request(message))
}
