//! `exec` and `attach` of pods over WebSocket: several streams in one connection, each message led by the
//! number of its stream (`k8s.io/apimachinery/pkg/util/remotecommand`, KEP-4006).
//!
//! A connection becomes a series of requests: one starts the command, others bring what was typed, and
//! others ask how far it has come.
//!
//! Divergence: SPDY is not spoken, and `port-forward` is not served; both are refused in words.

use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response as HttpResponse, StatusCode};
use hyper::upgrade::OnUpgrade;
use kubarium::api::Status;
use kubarium::apiserver::{Body, Method, Request, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::handler::{Server, ends, json_for, plain, refused, text};
use crate::serve::over;
use crate::tank::Ask;
use crate::terminal::{Terminal, shown};
use crate::websocket::{Gone, Heard, Socket, accepted};

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
/// From version 5 on: the stream that the message names is done.
const CLOSE: u8 = 255;

const V5: &str = "v5.channel.k8s.io";
const V4: &str = "v4.channel.k8s.io";

/// What the API says to whoever asks for streams in a plain request, and may have them.
const UPGRADES: &str = "Upgrade request required";

/// How long a piece of output is at most, in bytes.
const PIECE: usize = 32 * 1024;
/// How often a command that runs is looked at: after something has happened, and at most.
const EVERY: Duration = Duration::from_millis(5);
const SELDOM: Duration = Duration::from_millis(100);
/// How long a client may take until it listens, and how long it is given after it said that it does.
const LISTENS: Duration = Duration::from_secs(1);
const PREPARES: Duration = Duration::from_millis(10);
/// How long a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// What of a pod is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Command,
    Ports,
}

/// Whether a path is one whose connection becomes streams.
pub fn what(path: &str) -> Option<What> {
    let rest = path.strip_prefix("/api/v1/namespaces/")?;
    let mut parts = rest.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("pods"), Some(_), Some("exec" | "attach"), None) => Some(What::Command),
        (Some("pods"), Some(_), Some("portforward"), None) => Some(What::Ports),
        _ => None,
    }
}

/// Answers a request for streams; its body is of no interest.
pub async fn answer(
    server: &Server,
    mut head: Parts,
    request: Request,
    what: What,
) -> HttpResponse<HttpBody> {
    if what == What::Ports {
        return refused(Status::new(
            501,
            "NotImplemented",
            "port-forward is not served: nothing listens in the containers of a simulated cluster",
        ));
    }
    let asked_for = text(&head.headers, UPGRADE.as_str()).to_owned();
    let json = json_for(&head.uri, &head.headers);
    let mut start = request;
    start.body = Body::Empty;
    if !asked_for.eq_ignore_ascii_case("websocket") {
        // Whoever may not, or asks for what is not there, hears that first.
        start.method = Method::Get;
        start.query.retain(|(name, _)| name != "session");
        let Some(answer) = ask(server, start).await else {
            return ends();
        };
        let upgrades = matches!(&answer.body, Body::Json(status) if status["message"] == UPGRADES);
        if upgrades && asked_for.to_ascii_lowercase().starts_with("spdy/") {
            let message = format!(
                "unable to upgrade: this server speaks WebSocket ({V5}, {V4}) and not {asked_for}"
            );
            return refused(Status::bad_request(message));
        }
        return plain(answer, json, "");
    }
    let upgrade = head.extensions.remove::<OnUpgrade>();
    let (Some(upgrade), Some(accept)) = (upgrade, accepted(&head.headers)) else {
        return refused(Status::bad_request(
            "unable to upgrade: no WebSocket handshake",
        ));
    };
    let Some(protocol) = protocol(&head.headers) else {
        return refused(Status::bad_request(format!(
            "unable to upgrade: no protocol in common; this server speaks {V5} and {V4}"
        )));
    };
    let half_closes = protocol == V5;
    start.method = Method::Post;
    start.query.retain(|(name, _)| name != "session");
    let flag = |name| matches!(start.query(name), Some("true" | "1"));
    let mut session = Session {
        stdin: flag("stdin"),
        stdout: flag("stdout"),
        stderr: flag("stderr") && !flag("tty"),
        terminal: flag("tty").then(Terminal::default),
        half_closes,
        partial: Vec::new(),
        base: start.clone(),
        server: server.clone(),
        begun: false,
        seen: (0, 0),
    };
    let Some(started) = ask(server, start).await else {
        return ends();
    };
    let failed = match &started.body {
        Body::Json(value) if started.is_success() => {
            session.begin(&value["session"]);
            None
        }
        Body::Json(status) if started.code >= 500 => Some(status.clone()),
        _ => return plain(started, json, ""),
    };
    tokio::spawn(async move {
        let Ok(io) = upgrade.await else {
            session.leave().await;
            return;
        };
        let mut socket = Socket::new(io);
        if session.meet(&mut socket).await.is_err() {
            session.leave().await;
            return;
        }
        match failed {
            // What the node could not do is told within the streams.
            Some(status) => session.say(socket, &status).await,
            None => session.run(socket).await,
        }
    });
    let response = HttpResponse::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .header(SEC_WEBSOCKET_PROTOCOL, protocol)
        .body(HttpBody::empty());
    response.unwrap_or_else(|_| ends())
}

/// The newest protocol that the client speaks, too.
fn protocol(headers: &HeaderMap) -> Option<&'static str> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let offered: Vec<&str> = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    [V5, V4].into_iter().find(|ours| offered.contains(ours))
}

async fn ask(server: &Server, request: Request) -> Option<Response> {
    let (reply, answer) = oneshot::channel();
    server.asks.send(Ask::Request { request, reply }).ok()?;
    answer.await.ok()
}

/// A command and its client.
struct Session {
    stdin: bool,
    stdout: bool,
    stderr: bool,
    terminal: Option<Terminal>,
    half_closes: bool,
    /// The beginning of a character whose end has not come.
    partial: Vec<u8>,
    /// Who asks, and where; with the number of the command.
    base: Request,
    server: Server,
    /// The command runs: there is somebody to type to.
    begun: bool,
    /// How many bytes of its output the client has.
    seen: (usize, usize),
}

impl Session {
    fn begin(&mut self, id: &Value) {
        let id = match id {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        };
        self.base.query = vec![("session".to_owned(), id)];
        self.begun = true;
    }

    /// Waits until the client has its streams. kubectl reads the connection before it has made them, and drops
    /// what comes for one that is not there yet (client-go, `tools/remotecommand/websocket.go`); a real node is
    /// slow enough for that not to be seen. What it types first comes after they were made; otherwise its
    /// answer to a ping tells that it is that far, but for a moment.
    async fn meet(&mut self, socket: &mut Socket) -> Result<(), Gone> {
        socket.ping().await?;
        let latest = tokio::time::Instant::now() + LISTENS;
        loop {
            match tokio::time::timeout_at(latest, socket.hear()).await {
                Ok(Ok(Heard::Pong)) => break,
                Ok(Ok(Heard::Ping(content))) => socket.pong(&content).await?,
                Ok(Ok(Heard::Message(bytes))) => return self.hear(&bytes, socket).await,
                Ok(Err(gone)) => return Err(gone),
                // A client that does not listen now does so later.
                Err(_) => return Ok(()),
            }
        }
        tokio::time::sleep(PREPARES).await;
        Ok(())
    }

    /// Carries output and input until the command, the client or the server ends.
    async fn run(mut self, mut socket: Socket) {
        // A client takes the first message for the sign that it is connected.
        let first = match (self.stdout, self.stderr) {
            (true, _) => STDOUT,
            (_, true) => STDERR,
            _ => ERROR,
        };
        if socket.send(&[first]).await.is_err() {
            self.leave().await;
            return;
        }
        let mut every = EVERY;
        let mut over = std::pin::pin!(over(self.server.ending.clone()));
        loop {
            let alive = tokio::select! {
                heard = socket.hear() => {
                    every = EVERY;
                    match heard {
                        Ok(Heard::Message(bytes)) => self.hear(&bytes, &mut socket).await,
                        Ok(Heard::Ping(content)) => socket.pong(&content).await,
                        Ok(Heard::Pong) => Ok(()),
                        Err(gone) => Err(gone),
                    }
                }
                () = tokio::time::sleep(every) => match self.look(&mut socket).await {
                    Ok(None) => {
                        every = (every * 2).min(SELDOM);
                        Ok(())
                    }
                    Ok(Some(status)) => return self.say(socket, &status).await,
                    Err(gone) => Err(gone),
                },
                () = over.as_mut() => {
                    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                        "message": "apiserver is shutting down", "reason": "ServiceUnavailable", "code": 503});
                    return self.say(socket, &status).await;
                }
            };
            if alive.is_err() {
                self.leave().await;
                return;
            }
        }
    }

    /// Understands a message of the client.
    async fn hear(&mut self, bytes: &[u8], socket: &mut Socket) -> Result<(), Gone> {
        match bytes.split_first() {
            Some((&STDIN, typed)) if self.stdin => {
                let text = self.whole_characters(typed);
                let Some(terminal) = &mut self.terminal else {
                    self.input(&text, false).await;
                    return Ok(());
                };
                let typed = terminal.keys(&text);
                if !typed.echo.is_empty() {
                    let echo = message(STDOUT, typed.echo.as_bytes());
                    socket.send(&echo).await?;
                }
                if typed.ends || !typed.input.is_empty() {
                    self.input(&typed.input, typed.ends).await;
                }
            }
            Some((&CLOSE, [STDIN, ..])) if self.half_closes => self.input("", true).await,
            // The size of the window is of no consequence to anything that runs here.
            _ => {}
        }
        Ok(())
    }

    /// What has come as text; a character that was cut waits for its end.
    fn whole_characters(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        if let Err(error) = std::str::from_utf8(&all)
            && error.error_len().is_none()
        {
            self.partial = all.split_off(error.valid_up_to());
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    async fn input(&self, text: &str, ends: bool) {
        if !self.begun {
            return;
        }
        self.bring(json!({"stdin": text, "eof": ends})).await;
    }

    /// The client is gone: the command goes on without anybody who types.
    async fn leave(&self) {
        if self.begun {
            self.bring(json!({"eof": true, "gone": true})).await;
        }
    }

    async fn bring(&self, given: Value) {
        let mut request = self.base.clone();
        request.method = Method::Post;
        request.body = Body::Json(given);
        let _ = ask(&self.server, request).await;
    }

    /// Tells the client what is new; how the command has ended, if it has.
    async fn look(&mut self, socket: &mut Socket) -> Result<Option<Value>, Gone> {
        loop {
            let mut request = self.base.clone();
            request.method = Method::Get;
            let from = [("stdoutFrom", self.seen.0), ("stderrFrom", self.seen.1)];
            let from = from.map(|(name, at)| (name.to_owned(), at.to_string()));
            request.query.extend(from);
            let Some(answer) = ask(&self.server, request).await else {
                return Err(Gone);
            };
            let Body::Json(state) = answer.body else {
                return Err(Gone);
            };
            if answer.code >= 300 {
                return Ok(Some(state));
            }
            let written = |name: &str| state[name].as_str().unwrap_or_default();
            let (out, err) = (written("stdout"), written("stderr"));
            self.seen = (self.seen.0 + out.len(), self.seen.1 + err.len());
            for (stream, wanted, text) in [(STDOUT, self.stdout, out), (STDERR, self.stderr, err)] {
                let text = match self.terminal {
                    Some(_) => shown(text),
                    None => text.to_owned(),
                };
                for piece in text.as_bytes().chunks(PIECE).filter(|_| wanted) {
                    socket.send(&message(stream, piece)).await?;
                }
            }
            match state["exitCode"].as_i64() {
                Some(code) => return Ok(Some(outcome(code))),
                // Something is under way: there may be more.
                None if !out.is_empty() || !err.is_empty() => {}
                None => return Ok(None),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Tells how it has ended, and waits until the client has heard it.
    async fn say(self, mut socket: Socket, status: &Value) {
        let told = message(ERROR, status.to_string().as_bytes());
        if socket.send(&told).await.is_err() || socket.close().await.is_err() {
            return;
        }
        let heard = async { while socket.hear().await.is_ok() {} };
        let _ = tokio::time::timeout(GOODBYE, heard).await;
    }
}

fn message(stream: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 1);
    bytes.push(stream);
    bytes.extend_from_slice(content);
    bytes
}

/// What the error stream says of an exit code.
fn outcome(code: i64) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_is_asked_for() {
        for (path, expected) in [
            ("/api/v1/namespaces/a/pods/b/exec", Some(What::Command)),
            ("/api/v1/namespaces/a/pods/b/attach", Some(What::Command)),
            ("/api/v1/namespaces/a/pods/b/portforward", Some(What::Ports)),
            ("/api/v1/namespaces/a/pods/b/exec/c", None),
            ("/api/v1/namespaces/a/services/b/exec", None),
            ("/api/v1/namespaces/exec", None),
            ("/api/v1/pods", None),
        ] {
            assert_eq!(what(path), expected, "{path}");
        }
    }
}
