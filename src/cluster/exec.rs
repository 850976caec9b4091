//! The `exec` subresource of pods, which the API server passes on to the pod's node
//! (`pkg/registry/core/pod/rest/subresources.go`).
//!
//! Divergence: the real server turns the connection into streams. Here a POST starts the command
//! and answers with its number, further POSTs with that number (`session`) bring input, and GETs
//! tell what it has written and, once it has ended, its exit code. Whoever speaks WebSocket to real
//! clients puts the streams together from these.
//!
//! `attach` is asked in the same way. A process that reads what is typed is known to its node; of any other, the
//! log is shown from now on.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::Cluster;
use super::logs::container_of;
use crate::api::{Key, Resource, Result, Status};
use crate::apiserver::{Body, Method, Request, Response};
use crate::kubelet::{ExecCall, Given, Mark};

/// Namespace, pod and subresource, when the request runs something in a pod, or attaches to what runs.
fn target(request: &Request) -> Option<(&str, &str, &str)> {
    let path = request.path.strip_prefix("/api/v1/namespaces/")?;
    let mut parts = path.split('/');
    let target = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(namespace), Some("pods"), Some(pod), Some(what @ ("exec" | "attach"))) => {
            (namespace, pod, what)
        }
        _ => return None,
    };
    let method = matches!(request.method, Method::Get | Method::Post);
    (method && parts.next().is_none()).then_some(target)
}

/// What the mark of a session begins with that shows what a container writes. The number of restarts,
/// the length of the log when it began, and the container follow.
const LOG: &str = "log.";

/// How often a container has been restarted, while it runs.
fn running(pod: &Pod, container: &str) -> Option<i32> {
    let status = pod.status.as_ref()?;
    let lists = [
        &status.container_statuses,
        &status.init_container_statuses,
        &status.ephemeral_container_statuses,
    ];
    let mut all = lists.into_iter().flatten().flatten();
    let status = all.find(|s| s.name == container)?;
    let runs = status.state.as_ref().is_some_and(|s| s.running.is_some());
    runs.then_some(status.restart_count)
}

/// What the mark of a session begins with that is attached to a process which reads what is typed. The run of
/// the container, how much it had written to its output and its errors, whether this session types, and the
/// container follow.
const PROCESS: &str = "process.";

/// The mark of such a session, read.
fn process_of(mark: &str) -> Option<(Mark, bool, &str)> {
    let mut parts = mark.strip_prefix(PROCESS)?.splitn(5, '.');
    let attempt = parts.next()?.parse().ok()?;
    let out = parts.next()?.parse().ok()?;
    let err = parts.next()?.parse().ok()?;
    let types = parts.next()? == "1";
    Some((Mark { attempt, out, err }, types, parts.next()?))
}

fn flag(request: &Request, name: &str) -> bool {
    matches!(request.query(name), Some("true" | "1"))
}

fn field<'r>(request: &'r Request, name: &str) -> Option<&'r Value> {
    match &request.body {
        Body::Json(value) => value.get(name),
        _ => None,
    }
}

/// What a client brings: `stdin`, `eof` at its end, `gone` when nobody is there any more.
fn given(request: &Request) -> Given {
    let is = |name| field(request, name).and_then(Value::as_bool) == Some(true);
    let text = field(request, "stdin").and_then(Value::as_str);
    Given {
        text: text.unwrap_or_default().to_owned(),
        ends: is("eof"),
        gone: is("gone"),
    }
}

impl Cluster {
    /// Answers a request to run something; `None` when it is another request.
    pub(super) fn exec(&mut self, request: &Request) -> Option<Response> {
        let (namespace, name, what) = target(request)?;
        // Whoever may start a command may also talk to it.
        let mut asked = request.clone();
        asked.method = Method::Post;
        let allowed = self.server.authorized(self.now(), &asked);
        let answer = allowed.and_then(|_| match request.query("session") {
            None if what == "attach" => self.attach(namespace, name, request),
            None => self.start_exec(namespace, name, request),
            Some(mark) if mark.starts_with(PROCESS) => {
                self.attached_process(namespace, name, mark, request)
            }
            Some(mark) if mark.starts_with(LOG) => self.attached(namespace, name, mark, request),
            Some(id) => self.exec_session(namespace, name, id, request),
        });
        Some(answer.unwrap_or_else(Response::from))
    }

    fn node_of(&self, namespace: &str, name: &str) -> Result<usize> {
        let pod = self.server.get::<Pod>(&Key::new(namespace, name));
        let pod = pod.ok_or_else(|| Status::not_found(Pod::KIND.info(), name))?;
        let node = pod.spec.as_ref().and_then(|s| s.node_name.as_deref());
        let node = node.filter(|n| !n.is_empty()).ok_or_else(|| {
            Status::bad_request(format!("pod {name} does not have a host assigned"))
        })?;
        let mut nodes = self.config.nodes.iter();
        let found = nodes.position(|n| *n.name == *node);
        found.ok_or_else(|| Status::internal(format!("nodes \"{node}\" not found")))
    }

    /// Attaches to a container's process. `whole` asks for what it has written before, too; that is ours.
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn attach(&mut self, namespace: &str, name: &str, request: &Request) -> Result<Response> {
        let pod = self.server.get::<Pod>(&Key::new(namespace, name));
        let pod = pod.ok_or_else(|| Status::not_found(Pod::KIND.info(), name))?;
        let container = container_of(&pod, request.query("container").unwrap_or_default())?;
        let node = self.node_of(namespace, name)?;
        if request.method != Method::Post {
            return Err(Status::bad_request("Upgrade request required"));
        }
        self.reach(node)?;
        let kubelet = self.kubelets.get(node).map(|part| &*part.component);
        let whole = flag(request, "whole");
        if let Some(mark) = kubelet.and_then(|k| k.attach(namespace, name, &container, whole)) {
            let Mark { attempt, out, err } = mark;
            let types = u8::from(flag(request, "stdin"));
            let mark = format!("{PROCESS}{attempt}.{out}.{err}.{types}.{container}");
            return Ok(Response::json(200, json!({ "session": mark })));
        }
        let Some(restarts) = running(&pod, &container) else {
            return Err(Status::internal(format!(
                "unable to upgrade connection: container {container} not found in pod {name}_{namespace}"
            )));
        };
        let seen = match whole {
            true => 0,
            false => self.log_of(&pod, &container).len(),
        };
        let mark = format!("{LOG}{restarts}.{seen}.{container}");
        Ok(Response::json(200, json!({ "session": mark })))
    }

    /// What a container has written since somebody attached to it.
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn attached(
        &mut self,
        namespace: &str,
        name: &str,
        mark: &str,
        request: &Request,
    ) -> Result<Response> {
        let node = self.node_of(namespace, name)?;
        self.reach(node)?;
        let pod = self.server.get::<Pod>(&Key::new(namespace, name));
        let pod = pod.ok_or_else(|| Status::not_found(Pod::KIND.info(), name))?;
        let mut parts = mark.trim_start_matches(LOG).splitn(3, '.');
        let mut number = || parts.next().and_then(|n| n.parse::<usize>().ok());
        let (Some(restarts), Some(seen)) = (number(), number()) else {
            return Err(Status::bad_request(format!("no such session: {mark}")));
        };
        let container = parts.next().unwrap_or_default();
        let more = request.query("stdoutFrom").and_then(|n| n.parse().ok());
        let from = seen.saturating_add(more.unwrap_or(0));
        let now = running(&pod, container);
        let goes_on = now.and_then(|n| usize::try_from(n).ok()) == Some(restarts);
        let restarted = now.is_some() && !goes_on;
        let log = match restarted {
            // What is there now was written by the one after it.
            true => String::new(),
            false => self.log_of(&pod, container),
        };
        Ok(Response::json(
            200,
            json!({
                "stdout": log.get(from..).unwrap_or_default(),
                "stderr": "",
                // How the process has ended is none of the stream's business.
                "exitCode": (!goes_on).then_some(0),
            }),
        ))
    }

    /// What a process that reads has written since somebody attached to it, and what is typed at it.
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn attached_process(
        &mut self,
        namespace: &str,
        name: &str,
        mark: &str,
        request: &Request,
    ) -> Result<Response> {
        let node = self.node_of(namespace, name)?;
        self.reach(node)?;
        let no_session = || Status::bad_request(format!("no such session: {mark}"));
        let (mark, types, container) = process_of(mark).ok_or_else(no_session)?;
        if request.method == Method::Post && types {
            let (given, attempt) = (given(request), mark.attempt);
            self.on_node(node, |kubelet, ctx| {
                kubelet.attached_input(namespace, name, (container, attempt), &given, ctx);
            });
        }
        let number = |name| {
            request
                .query(name)
                .and_then(|n| n.parse().ok())
                .unwrap_or(0)
        };
        let from = Mark {
            out: mark.out.saturating_add(number("stdoutFrom")),
            err: mark.err.saturating_add(number("stderrFrom")),
            ..mark
        };
        let kubelet = self.kubelets.get(node).map(|part| &*part.component);
        let state = kubelet.and_then(|k| k.attached(namespace, name, container, from));
        let state = state.ok_or_else(|| Status::not_found(Pod::KIND.info(), name))?;
        Ok(Response::json(
            200,
            json!({ "stdout": state.stdout, "stderr": state.stderr, "exitCode": state.exit }),
        ))
    }

    /// # Errors
    /// Why the API server cannot speak to a node.
    fn reach(&self, node: usize) -> Result<()> {
        match self.unreachable(node) {
            Some(why) => {
                let message = format!("error dialing backend: {why}");
                Err(Status::new(500, "", message))
            }
            None => Ok(()),
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn start_exec(&mut self, namespace: &str, name: &str, request: &Request) -> Result<Response> {
        let pod = self.server.get::<Pod>(&Key::new(namespace, name));
        let pod = pod.ok_or_else(|| Status::not_found(Pod::KIND.info(), name))?;
        let container = container_of(&pod, request.query("container").unwrap_or_default())?;
        let node = self.node_of(namespace, name)?;
        let command: Vec<String> = request
            .query
            .iter()
            .filter(|(name, _)| name == "command")
            .map(|(_, word)| word.clone())
            .collect();
        if command.is_empty() {
            return Err(Status::bad_request(
                "you must specify at least one command for the container",
            ));
        }
        if request.method != Method::Post {
            return Err(Status::bad_request("Upgrade request required"));
        }
        let stdin = field(request, "stdin").and_then(Value::as_str);
        let call = ExecCall {
            container,
            command,
            stdin: stdin.unwrap_or_default().to_owned(),
            open: flag(request, "stdin") && stdin.is_none(),
            tty: flag(request, "tty"),
        };
        self.start(namespace, name, node, &call)
    }

    fn start(
        &mut self,
        namespace: &str,
        name: &str,
        node: usize,
        call: &ExecCall,
    ) -> Result<Response> {
        self.reach(node)?;
        let mut started = Err("the node does not run".to_owned());
        self.on_node(node, |kubelet, ctx| {
            started = kubelet.start_exec(namespace, name, call, ctx);
        });
        match started {
            Ok(id) => Ok(Response::json(200, json!({ "session": id }))),
            // What the proxy to the kubelet could not do has no reason of its own.
            Err(message) if message.starts_with("error dialing backend") => {
                Err(Status::new(500, "", message))
            }
            Err(message) => Err(Status::internal(message)),
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn exec_session(
        &mut self,
        namespace: &str,
        name: &str,
        id: &str,
        request: &Request,
    ) -> Result<Response> {
        let node = self.node_of(namespace, name)?;
        self.reach(node)?;
        let gone = || Status::bad_request(format!("no command {id} runs in pod {name}"));
        let id: u64 = id.parse().map_err(|_| gone())?;
        if request.method == Method::Post {
            let given = given(request);
            let mut known = false;
            self.on_node(node, |kubelet, ctx| {
                known = kubelet.exec_input(namespace, name, id, &given, ctx);
            });
            if !known {
                return Err(gone());
            }
        }
        let kubelet = self.kubelets.get(node).map(|part| &*part.component);
        let state = kubelet.and_then(|k| k.exec_state(namespace, name, id));
        let state = state.ok_or_else(gone)?;
        let from = |stream: &str, name: &str| {
            let from = request.query(name).and_then(|n| n.parse().ok());
            stream
                .get(from.unwrap_or(0)..)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Response::json(
            200,
            json!({
                "stdout": from(&state.stdout, "stdoutFrom"),
                "stderr": from(&state.stderr, "stderrFrom"),
                "exitCode": state.exit,
            }),
        ))
    }
}
