//! Requests that reach a pod over the simulated network.

use std::rc::Rc;

use super::{Cx, Host, PodEvent, PodWorker, Run, usage};
use crate::api::rfc3339;
use crate::apiserver::{Body, Credentials, Method, Request};
use crate::client::wire::{HttpReply, HttpRequest, Outcome, Packet};
use crate::sim::{Time, millis};

/// How long a reply takes back to its sender.
pub const REPLY: std::time::Duration = std::time::Duration::from_micros(500);

pub fn reply(ctx: &mut Cx<'_>, id: u64, outcome: Outcome) {
    ctx.transmit(REPLY, Packet::Reply(HttpReply { id, outcome }));
}

impl PodWorker {
    /// Whether a process of this pod would take a connection.
    pub fn accepts(&self, port: u16, now: Time) -> bool {
        self.listens(port, now)
    }

    /// A request has come in: refused, or answered when the server has worked it out.
    pub fn request(&mut self, request: &HttpRequest, h: &mut Host<'_>, ctx: &mut Cx<'_>) {
        let now = ctx.now();
        let takes = |c: &super::Container| {
            let instance = c.instance.as_ref().filter(|_| c.run == Run::Running);
            instance.is_some_and(|i| i.process.listener(request.port, now).is_some())
        };
        let Some(c) = self.containers.iter().position(takes) else {
            return reply(ctx, request.id, Outcome::Refused);
        };
        if &*request.method == "CONNECT" {
            let outcome = Outcome::Answer {
                status: 200,
                headers: Vec::new(),
                body: "".into(),
            };
            return reply(ctx, request.id, outcome);
        }
        if self.is_api_server(c) {
            let outcome = ask_api(request, ctx);
            return reply(ctx, request.id, outcome);
        }
        let answer = self.in_container(c, h, ctx, |instance, s| {
            use crate::kubelet::runtime::shell::Machine;
            let server = instance.process.listener(request.port, now)?;
            let file = server.document(&request.path).and_then(|f| s.read(&f).ok());
            let name = server.program.name.clone();
            let access_log = server.program.access_log.clone();
            let answer = server.answer(&request.path, s.hostname, file, now)?;
            Some((answer, name, access_log))
        });
        let Some((mut answer, server, access_log)) = answer.flatten() else {
            // What does not speak HTTP hangs up.
            return reply(ctx, request.id, Outcome::Reset);
        };
        answer.body = answer.body.replace("{client}", &request.from);
        let line = access_line(&access_log, request, answer.status, answer.body.len(), now);
        let outcome = Outcome::Answer {
            status: answer.status,
            headers: vec![
                ("Server".into(), server.into()),
                ("Content-Type".into(), content_type(&answer.body).into()),
                (
                    "Content-Length".into(),
                    answer.body.len().to_string().into(),
                ),
            ],
            body: answer.body.into(),
        };
        let Some(container) = self.containers.get_mut(c) else {
            return;
        };
        let n = container.attempt;
        if let Some(instance) = container.instance.as_mut() {
            instance.in_flight.push(request.id);
        }
        let event = PodEvent::Answer {
            c: c as u16,
            n,
            id: request.id,
            answer: Rc::new((outcome, line)),
        };
        // No program answers in no time at all.
        self.after(ctx, answer.latency.max(millis(1)), event);
    }

    fn is_api_server(&self, c: usize) -> bool {
        let image = self.containers.get(c).and_then(|x| x.image.as_ref());
        self.is_static && image.is_some_and(|i| i.content.program.name == "kube-apiserver")
    }

    /// The answer is ready, unless the process has died over it.
    pub(super) fn answered(
        &mut self,
        c: usize,
        id: u64,
        answer: &(Outcome, Rc<str>),
        ctx: &mut Cx<'_>,
    ) {
        let now = ctx.now();
        let running = self.is_running(c);
        let instance = self.containers.get_mut(c).and_then(|x| x.instance.as_mut());
        let Some(instance) = instance.filter(|_| running) else {
            return;
        };
        let Some(at) = instance.in_flight.iter().position(|x| *x == id) else {
            return;
        };
        instance.in_flight.swap_remove(at);
        if !answer.1.is_empty() {
            instance.logs.push(now, &answer.1);
        }
        let cost = instance
            .process
            .server()
            .map(|s| usage::per_request(&s.program));
        if let (Some(cost), Some(name)) = (cost, self.container_name(c)) {
            let pod = (&*self.key.namespace, &*self.key.name);
            ctx.server.container_worked(now, pod, &name, cost);
        }
        reply(ctx, id, answer.0.clone());
    }
}

/// A request to the API server from inside the cluster is one like any other.
fn ask_api(request: &HttpRequest, ctx: &mut Cx<'_>) -> Outcome {
    let method = match &*request.method {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Get,
    };
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut api = Request::new(method, path);
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        api = api.with_query(name, value);
    }
    api.user_agent = "curl".to_owned();
    api.credentials = match request.token.is_empty() {
        true => Credentials::Anonymous,
        false => Credentials::Token(request.token.to_string()),
    };
    if let Ok(value) = serde_json::from_str(&request.body) {
        api.body = Body::Json(value);
    }
    let response = ctx.server.handle(ctx.kernel, &api);
    let (kind, body) = match response.body {
        Body::Json(value) => {
            let text = serde_json::to_string_pretty(&value).unwrap_or_default();
            ("application/json", text + "\n")
        }
        Body::Text(text) => ("text/plain; charset=utf-8", text),
        Body::Empty => ("text/plain", String::new()),
    };
    Outcome::Answer {
        status: response.code,
        headers: vec![
            ("Server".into(), "kube-apiserver".into()),
            ("Content-Type".into(), kind.into()),
            ("Content-Length".into(), body.len().to_string().into()),
        ],
        body: body.into(),
    }
}

fn content_type(body: &str) -> &'static str {
    match body.trim_start().as_bytes().first() {
        Some(b'<') => "text/html",
        Some(b'{' | b'[') => "application/json",
        _ => "text/plain",
    }
}

fn access_line(
    format: &str,
    request: &HttpRequest,
    status: u16,
    bytes: usize,
    now: Time,
) -> Rc<str> {
    if format.is_empty() {
        return "".into();
    }
    let c = rfc3339::civil(now.0 as i64);
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS
        .get(usize::from(c.month.saturating_sub(1)))
        .copied()
        .unwrap_or("");
    let time = format!(
        "{:02}/{month}/{}:{:02}:{:02}:{:02} +0000",
        c.day, c.year, c.hour, c.minute, c.second
    );
    format
        .replace("{client}", &request.from)
        .replace("{time}", &time)
        .replace("{host}", &request.host)
        .replace("{method}", &request.method)
        .replace("{path}", &request.path)
        .replace("{status}", &status.to_string())
        .replace("{bytes}", &bytes.to_string())
        .into()
}
