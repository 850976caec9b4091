//! The simulated cluster as an API client sees it: every answer is there at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};

use crate::api::Kind;
use crate::api::json::with;
use crate::api::url::UrlError;
use crate::apiserver::{Request, Response, RestWatch};
use crate::client::{Client, LocalFuture, Watch};
use crate::cluster::Timeline;
use crate::kubectl::{HttpAnswer, HttpFailure};
use crate::network::HttpCall;

use super::requests::RequestLog;
use super::terminal::answer;

/// Wakes those who wait for the cluster to change.
#[derive(Clone, Default)]
pub(super) struct Bell(Rc<RefCell<Vec<Waker>>>);

impl Bell {
    pub fn ring(&self) {
        for waker in self.0.take() {
            waker.wake();
        }
    }

    fn wait(&self, waker: &Waker) {
        let mut waiting = self.0.borrow_mut();
        if !waiting.iter().any(|w| w.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }
}

/// Sends requests to the cluster of a session. Requests that change something become part of its
/// history.
#[derive(Clone)]
pub struct LocalClient {
    timeline: Rc<RefCell<Timeline>>,
    bell: Bell,
    log: Rc<RefCell<RequestLog>>,
}

impl LocalClient {
    pub(super) fn new(
        timeline: Rc<RefCell<Timeline>>,
        bell: Bell,
        log: Rc<RefCell<RequestLog>>,
    ) -> Self {
        LocalClient {
            timeline,
            bell,
            log,
        }
    }

    /// Answers at once.
    pub fn send(&self, request: &Request) -> Response {
        let mut timeline = self.timeline.borrow_mut();
        let response = timeline.request(request);
        let revision = timeline.cluster().server().revision();
        let mut log = self.log.borrow_mut();
        log.note(timeline.now(), request, &response, revision);
        drop((timeline, log));
        self.bell.ring();
        response
    }

    /// Sends a request over the cluster's network; its result is there when time has passed.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn http(&self, call: &HttpCall) -> Result<u64, UrlError> {
        let number = self.timeline.borrow_mut().http(call);
        self.bell.ring();
        number
    }

    /// How a request over the network ended; `None` while it is under way.
    pub fn http_result(&self, number: u64) -> Option<Result<HttpAnswer, HttpFailure>> {
        let timeline = self.timeline.borrow();
        timeline.cluster().http_result(number).map(answer)
    }

    /// A kind that the cluster serves, built in or by a definition.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Kind> {
        let timeline = self.timeline.borrow();
        timeline.cluster().server().kind_by_gvk(api_version, kind)
    }

    /// Whether the cluster serves a kind.
    pub fn knows(&self, api_version: &str, kind: &str) -> bool {
        self.kind(api_version, kind).is_some()
    }

    /// Virtual time, for whoever prints ages.
    pub fn now(&self) -> crate::sim::Time {
        self.timeline.borrow().now()
    }
}

impl PartialEq for LocalClient {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.timeline, &other.timeline)
    }
}

impl Client for LocalClient {
    fn request<'a>(&'a self, request: Request) -> LocalFuture<'a, Response> {
        Box::pin(ready(self.send(&request)))
    }

    fn watch(&self, request: Request) -> Box<dyn Watch> {
        Box::new(LocalWatch::new(self, &request))
    }
}

struct LocalWatch {
    timeline: Rc<RefCell<Timeline>>,
    bell: Bell,
    /// `None` when the watch has ended.
    open: Option<RestWatch>,
    pending: VecDeque<Value>,
}

impl LocalWatch {
    fn new(client: &LocalClient, request: &Request) -> Self {
        let mut watch = LocalWatch {
            timeline: client.timeline.clone(),
            bell: client.bell.clone(),
            open: None,
            pending: VecDeque::new(),
        };
        let timeline = client.timeline.borrow();
        let opened = timeline.cluster().server();
        match opened.open_watch(timeline.now(), request) {
            Ok(open) => watch.open = Some(open),
            Err(status) => {
                let status = status.to_value();
                watch
                    .pending
                    .push_back(with(json!({"type": "ERROR"}), "object", status));
            }
        }
        drop(timeline);
        watch
    }

    fn fill(&mut self) {
        let Some(open) = &mut self.open else {
            return;
        };
        let timeline = self.timeline.borrow();
        let server = timeline.cluster().server();
        // Someone went back in time: what the watch has told has not happened.
        if server.revision() < open.revision() {
            self.open = None;
            return;
        }
        self.pending.extend(server.poll_watch(timeline.now(), open));
        if self
            .pending
            .back()
            .is_some_and(|event| event["type"] == "ERROR")
        {
            self.open = None;
        }
    }
}

impl Watch for LocalWatch {
    fn next<'a>(&'a mut self) -> LocalFuture<'a, Option<Value>> {
        Box::pin(Next { watch: self })
    }
}

struct Next<'w> {
    watch: &'w mut LocalWatch,
}

impl Future for Next<'_> {
    type Output = Option<Value>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let watch = &mut self.watch;
        if watch.pending.is_empty() {
            watch.fill();
        }
        match watch.pending.pop_front() {
            Some(value) => Poll::Ready(Some(value)),
            None if watch.open.is_none() => Poll::Ready(None),
            None => {
                watch.bell.wait(context.waker());
                Poll::Pending
            }
        }
    }
}
