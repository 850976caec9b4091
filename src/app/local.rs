//! The simulated cluster as an API client sees it: every answer is there at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};

use crate::api::json::with;
use crate::api::selector::{FieldSelector, Selector};
use crate::api::url::UrlError;
use crate::api::{Kind, Object};
use crate::apiserver::{Cursor, Request, Response};
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
    cursor: Option<Cursor>,
    labels: Selector,
    fields: Option<FieldSelector>,
    pending: VecDeque<Value>,
}

impl LocalWatch {
    fn new(client: &LocalClient, request: &Request) -> Self {
        let revision = request
            .query("resourceVersion")
            .and_then(|v| v.parse().ok())
            .unwrap_or_else(|| client.timeline.borrow().cluster().server().revision());
        let labels = request
            .query("labelSelector")
            .and_then(|text| Selector::parse(text).ok());
        LocalWatch {
            cursor: cursor_of(&request.path, revision),
            labels: labels.unwrap_or_else(Selector::everything),
            fields: request
                .query("fieldSelector")
                .and_then(|text| FieldSelector::parse(text).ok()),
            timeline: client.timeline.clone(),
            bell: client.bell.clone(),
            pending: VecDeque::new(),
        }
    }

    fn fill(&mut self) {
        let Some(cursor) = &mut self.cursor else {
            return;
        };
        let timeline = self.timeline.borrow();
        let server = timeline.cluster().server();
        // Someone went back in time: what the watch has told has not happened.
        if server.revision() < cursor.revision {
            self.cursor = None;
            return;
        }
        let (labels, fields) = (&self.labels, &self.fields);
        let wanted = |object: &Object| {
            object_matches(labels, object)
                && fields.as_ref().is_none_or(|f| field_matches(f, object))
        };
        match server.pull(cursor, &wanted) {
            Ok(events) => self.pending.extend(events.into_iter().map(|e| {
                with(
                    json!({"type": e.event.name()}),
                    "object",
                    e.object.to_value(),
                )
            })),
            Err(status) => {
                self.pending
                    .push_back(json!({ "type": "ERROR", "object": status.to_value() }));
                self.cursor = None;
            }
        }
    }
}

fn object_matches(labels: &Selector, object: &Object) -> bool {
    match &object.meta().labels {
        Some(own) => labels.matches(own),
        None => labels.matches(&Default::default()),
    }
}

fn field_matches(fields: &FieldSelector, object: &Object) -> bool {
    fields.matches(|path| match path {
        "metadata.name" => Some(object.name().to_owned()),
        "metadata.namespace" => Some(object.namespace().to_owned()),
        path => object.info().strategy.field(object, path),
    })
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
            None if watch.cursor.is_none() => Poll::Ready(None),
            None => {
                watch.bell.wait(context.waker());
                Poll::Pending
            }
        }
    }
}

/// Which changes the path of a watch names.
fn cursor_of(path: &str, revision: u64) -> Option<Cursor> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, plural) = match rest {
        ["namespaces", namespace, plural, ..] => (Some(*namespace), *plural),
        [plural, ..] => (None, *plural),
        [] => return None,
    };
    Some(Cursor {
        kind: Kind::by_gvr(group, version, plural)?,
        namespace: namespace.map(Rc::from),
        revision,
    })
}
