//! The thread that owns the cluster: it lets virtual time follow the wall clock, answers requests, and
//! tells watchers what has changed.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use kubarium::apiserver::openapi::Schema;
use kubarium::apiserver::{Body, Method, Request, Response, RestWatch};
use kubarium::cluster::Cluster;
use kubarium::kubectl::upstream::{self, Answer};
use kubarium::kubectl::{HttpAnswer, HttpFailure, as_sent};
use kubarium::sim::Time;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

/// What the other threads ask of the cluster.
pub enum Ask {
    Request {
        request: Request,
        reply: oneshot::Sender<Response>,
    },
    /// A request for what stands behind a `proxy`.
    HandOn {
        request: Request,
        reply: oneshot::Sender<Answer>,
    },
    /// A stream: the events of a watch, or a log that is followed.
    Stream {
        request: Request,
        kind: Kind,
        /// How long it may last.
        lasts: Duration,
        /// Told whether it was opened; what comes follows in the channel.
        opened: oneshot::Sender<Result<mpsc::Receiver<Bytes>, Response>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Watch,
    Log,
}

/// Events that a client has not taken yet; one that lags further behind has to list again.
const BACKLOG: usize = 10_000;
/// A client that asks for bookmarks hears one so often.
const BOOKMARKS: Duration = Duration::from_secs(60);
/// How often a log that is followed is looked at.
const LOGS: Duration = Duration::from_millis(100);
/// How long events are handled before requests get their turn.
const SLICE: Duration = Duration::from_millis(5);
/// When the simulation is so far behind the clock, it does not try to catch up.
const BEHIND: Duration = Duration::from_secs(2);
/// The longest sleep.
const IDLE: Duration = Duration::from_secs(1);

struct Stream {
    to: mpsc::Sender<Bytes>,
    ends: Instant,
    source: Source,
}

enum Source {
    Watch {
        watch: RestWatch,
        marked: Instant,
    },
    Log {
        request: Request,
        /// How many bytes of the log the client has.
        sent: usize,
    },
}

/// A request that is under way in the cluster's network.
struct HandedOn {
    number: u64,
    address: String,
    reply: oneshot::Sender<Answer>,
}

/// What an instant of the wall clock is in virtual time.
struct Clock {
    wall: Instant,
    then: Time,
    speed: f64,
}

impl Clock {
    fn now(&self) -> Time {
        self.then + self.wall.elapsed().mul_f64(self.speed)
    }

    /// How long until an instant of virtual time.
    fn until(&self, at: Time) -> Duration {
        at.since(self.now()).div_f64(self.speed)
    }
}

pub struct Tank {
    cluster: Cluster,
    clock: Clock,
    streams: BTreeMap<u64, Stream>,
    opened: u64,
    handed_on: Vec<HandedOn>,
    /// The revision that watchers have been told of.
    told: u64,
    looked_at_logs: Instant,
    /// Made when somebody asks for it first.
    schema: OnceCell<Schema>,
}

impl Tank {
    pub fn new(cluster: Cluster, speed: f64) -> Tank {
        Tank {
            clock: Clock {
                wall: Instant::now(),
                then: cluster.now(),
                speed,
            },
            told: cluster.server().revision(),
            cluster,
            streams: BTreeMap::new(),
            opened: 0,
            handed_on: Vec::new(),
            looked_at_logs: Instant::now(),
            schema: OnceCell::new(),
        }
    }

    /// Runs until nobody can ask any more.
    pub fn run(mut self, asks: &Receiver<Ask>) {
        loop {
            match asks.recv_timeout(self.rest()) {
                Ok(ask) => {
                    self.advance();
                    self.answer(ask);
                    // What has come meanwhile is answered at the same instant.
                    while let Ok(ask) = asks.try_recv() {
                        self.answer(ask);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.advance();
            self.tell();
        }
    }

    /// How long nothing will happen.
    fn rest(&self) -> Duration {
        let next = self.cluster.next_event_at();
        let mut rest = next.map_or(IDLE, |at| self.clock.until(at)).min(IDLE);
        let followed = |s: &Stream| matches!(s.source, Source::Log { .. });
        if self.streams.values().any(followed) {
            rest = rest.min(LOGS);
        }
        rest
    }

    /// Lets happen what is due, for a slice of time at most.
    fn advance(&mut self) {
        let target = self.clock.now();
        let begun = Instant::now();
        while self.cluster.step(target) {
            if begun.elapsed() > SLICE {
                if target.since(self.cluster.now()) > BEHIND.mul_f64(self.clock.speed) {
                    self.clock.wall = Instant::now();
                    self.clock.then = self.cluster.now();
                }
                return;
            }
        }
        if target > self.cluster.now() {
            self.cluster.run_until(target);
        }
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Request { request, reply } => {
                let _ = reply.send(self.respond(&request));
            }
            Ask::HandOn { request, reply } => self.hand_on(&request, reply),
            Ask::Stream {
                request,
                kind,
                lasts,
                opened,
            } => {
                let source = match kind {
                    Kind::Watch => self.open_watch(&request),
                    Kind::Log => self.open_log(request),
                };
                let source = match source {
                    Ok(source) => source,
                    Err(response) => {
                        let _ = opened.send(Err(response));
                        return;
                    }
                };
                let (to, from) = mpsc::channel(BACKLOG);
                if opened.send(Ok(from)).is_err() {
                    return;
                }
                let mut stream = Stream {
                    to,
                    ends: Instant::now() + lasts,
                    source,
                };
                if stream.go_on(&mut self.cluster) {
                    self.opened += 1;
                    self.streams.insert(self.opened, stream);
                }
            }
        }
    }

    fn hand_on(&mut self, request: &Request, reply: oneshot::Sender<Answer>) {
        let found = self.cluster.request(&upstream::question(request));
        let place = match &found.body {
            Body::Json(place) if found.is_success() => place,
            _ => {
                let _ = reply.send(found.into());
                return;
            }
        };
        if request.method == Method::Get && request.path.ends_with("/proxy") {
            let _ = reply.send(to_the_root(request));
            return;
        }
        let call = upstream::call(place, request);
        let address = format!("{}:{}", call.host, call.port);
        match self.cluster.http(&(&call).into()) {
            Ok(number) => self.handed_on.push(HandedOn {
                number,
                address,
                reply,
            }),
            Err(_) => {
                let _ = reply.send(upstream::told(&address, Err(HttpFailure::Unresolved)));
            }
        }
    }

    /// Tells those whose request has been answered.
    fn hand_back(&mut self) {
        let (mut open, cluster) = (Vec::new(), &self.cluster);
        for asked in self.handed_on.drain(..) {
            let result = cluster.http_result(asked.number);
            match result.and_then(HttpAnswer::of) {
                Some(result) => {
                    let _ = asked.reply.send(upstream::told(&asked.address, result));
                }
                None if asked.reply.is_closed() => {}
                None => open.push(asked),
            }
        }
        self.handed_on = open;
    }

    fn respond(&mut self, request: &Request) -> Response {
        if request.method == Method::Get && request.path.starts_with("/openapi/") {
            let schema = self.schema.get_or_init(Schema::built_in);
            if let Some(response) = schema.answer(&request.path) {
                return response;
            }
        }
        self.cluster.request(request)
    }

    fn open_watch(&mut self, request: &Request) -> Result<Source, Response> {
        let opened = self
            .cluster
            .server()
            .open_watch(self.cluster.now(), request);
        let marked = Instant::now();
        match opened {
            Ok(watch) => Ok(Source::Watch { watch, marked }),
            Err(status) => Err(status.into()),
        }
    }

    fn open_log(&mut self, request: Request) -> Result<Source, Response> {
        let response = self.cluster.request(&request);
        if !response.is_success() {
            return Err(response);
        }
        Ok(Source::Log { request, sent: 0 })
    }

    /// Tells the clients of streams what is new.
    fn tell(&mut self) {
        self.hand_back();
        let revision = self.cluster.server().revision();
        let changed = revision != self.told;
        self.told = revision;
        let now = Instant::now();
        let logs = now.duration_since(self.looked_at_logs) >= LOGS;
        if logs {
            self.looked_at_logs = now;
        }
        let cluster = &mut self.cluster;
        self.streams.retain(|_, stream| {
            if stream.to.is_closed() || now >= stream.ends {
                return false;
            }
            let due = match &stream.source {
                Source::Watch { watch, marked } => {
                    changed || (watch.wants_bookmarks() && now.duration_since(*marked) >= BOOKMARKS)
                }
                Source::Log { .. } => logs,
            };
            !due || stream.go_on(cluster)
        });
    }
}

/// Pages have links that are relative to their folder, so whoever names no page is sent to the root.
fn to_the_root(request: &Request) -> Answer {
    let query = request.query.iter();
    let query: Vec<String> = query
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let query = match query.is_empty() {
        true => String::new(),
        false => format!("?{}", query.join("&")),
    };
    Answer {
        code: 301,
        headers: vec![("Location".to_owned(), format!("{}/{query}", request.path))],
        body: Body::Text(String::new()),
    }
}

impl Stream {
    /// Sends what is new; tells whether there may be more.
    fn go_on(&mut self, cluster: &mut Cluster) -> bool {
        match &mut self.source {
            Source::Watch { watch, marked } => {
                let events = cluster.server().poll_watch(cluster.now(), watch);
                if events.is_empty() {
                    if watch.wants_bookmarks() && marked.elapsed() >= BOOKMARKS {
                        *marked = Instant::now();
                        return send(&self.to, line(&watch.bookmark()));
                    }
                    return true;
                }
                for event in events {
                    let over = event["type"] == json!("ERROR");
                    if !send(&self.to, line(&event)) || over {
                        return false;
                    }
                }
                true
            }
            Source::Log { request, sent } => {
                let response = cluster.request(request);
                let Body::Text(text) = response.body else {
                    return false;
                };
                let fresh = text.get(*sent..).unwrap_or_default();
                *sent = text.len();
                let fresh = Bytes::copy_from_slice(fresh.as_bytes());
                if !fresh.is_empty() && !send(&self.to, fresh) {
                    return false;
                }
                still_runs(cluster, request)
            }
        }
    }
}

/// Hands a piece to the client; a client that does not take what it asked for is cut off.
fn send(to: &mpsc::Sender<Bytes>, piece: Bytes) -> bool {
    to.try_send(piece).is_ok()
}

fn line(event: &Value) -> Bytes {
    let object = as_sent(&event["object"], None);
    let mut text = format!("{{\"type\":{},\"object\":{object}}}", event["type"]);
    text.push('\n');
    Bytes::from(text)
}

/// Whether the container of a log may still write.
fn still_runs(cluster: &mut Cluster, request: &Request) -> bool {
    let mut pod = request.clone();
    pod.path = request.path.trim_end_matches("/log").to_owned();
    pod.query.clear();
    pod.accept = "";
    let Body::Json(pod) = cluster.request(&pod).body else {
        return false;
    };
    let asked = request.query("container").unwrap_or_default();
    let only = pod["spec"]["containers"][0]["name"].as_str();
    let name = if asked.is_empty() { only } else { Some(asked) };
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let all = statuses
        .iter()
        .filter_map(|list| pod["status"][list].as_array())
        .flatten();
    let status = all.into_iter().find(|s| s["name"].as_str() == name);
    let ended = status.is_some_and(|s| !s["state"]["terminated"].is_null());
    pod["kind"] == json!("Pod") && !ended
}
