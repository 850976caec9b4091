//! What a command line stands on: the API, files, a clock, a network. The page and the tests
//! each bring their own.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use crate::apiserver::openapi::Schema;
use crate::apiserver::{Request, Response};
use crate::client::{Client, LocalFuture};
use crate::sim::Time;

/// A request of `curl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// Where names without one are looked for first.
    pub namespace: String,
    pub method: String,
    /// Host and port as written; a service's name, an address or a node's.
    pub host: String,
    pub port: u16,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// How long to wait; `None` for ever.
    pub timeout: Option<Duration>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    pub code: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// No such name.
    Unresolved,
    /// Nobody listens.
    Refused,
    /// The connection was cut.
    Reset,
    TimedOut,
}

/// How an editor was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// What the file says now is what was wanted.
    Saved,
    /// What was changed since it was opened is to be forgotten.
    Cancelled,
    /// There is none here.
    NoEditor,
}

/// A name as the files of the session have it: those in `/root`, where the terminal is, go by what is
/// behind that. Hidden ones there are apart, under their whole names.
pub fn plain(name: &str) -> &str {
    let name = name.trim_start_matches("./");
    match name.strip_prefix("/root/") {
        Some(rest) if !rest.is_empty() && !rest.starts_with('.') => rest,
        _ => name,
    }
}

/// The world of a session.
pub trait Host {
    fn client(&self) -> &dyn Client;

    /// The present, in virtual time.
    fn now(&self) -> Time;

    /// The names of the files, in order.
    fn files(&self) -> Vec<String>;

    fn read_file(&self, name: &str) -> Option<String>;

    fn write_file(&self, name: &str, text: &str);

    fn remove_file(&self, name: &str);

    /// Opens a file in the editor, and waits until the person who edits it is done.
    fn edit<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Edited>;

    /// Sends a request into the cluster's network, as a client beside the nodes would.
    fn http<'a>(
        &'a self,
        call: HttpCall,
    ) -> LocalFuture<'a, std::result::Result<HttpAnswer, HttpFailure>>;

    /// Asks at once, past the API server: what no client of the API can know (`/play/etcd`,
    /// `/play/nodes`).
    fn behind(&self, request: Request) -> Response;

    /// The schema of the API; waits until it is there. `None` where there is none to be had.
    fn schema(&self) -> LocalFuture<'_, Option<Schema>>;

    /// The address under which the API server is known.
    fn server(&self) -> String;

    /// The node on which commands run, if somebody has logged in to one.
    fn machine(&self) -> Option<String> {
        None
    }
}

/// The host together with the alarm clock of one job.
pub struct World {
    pub host: Rc<dyn Host>,
    /// When the job wants to be polled at the latest.
    alarm: Cell<Option<Time>>,
    /// Lines that were typed while the job runs, and whether it reads them.
    keyboard: RefCell<VecDeque<String>>,
    reads: Cell<bool>,
}

/// Ctrl-D, as a line that is typed: the end of the input.
pub const END: &str = "\u{4}";

impl World {
    pub fn new(host: Rc<dyn Host>) -> Self {
        World {
            host,
            alarm: Cell::new(None),
            keyboard: RefCell::default(),
            reads: Cell::new(false),
        }
    }

    pub fn now(&self) -> Time {
        self.host.now()
    }

    /// Types a line at the job.
    pub fn type_line(&self, line: &str) {
        self.keyboard.borrow_mut().push_back(line.to_owned());
    }

    /// Whether the job reads what is typed.
    pub fn reads(&self) -> bool {
        self.reads.get()
    }

    /// The next line that is typed; `None` when the input ends, or when `span` has passed without one.
    pub async fn typed_line(&self, span: Duration) -> Option<String> {
        let line = self.typed(span).await;
        line.filter(|line| line != END)
    }

    /// As [`World::typed_line`]; the end of the input is [`END`].
    pub async fn typed(&self, span: Duration) -> Option<String> {
        self.reads.set(true);
        let until = self.now() + span;
        poll_fn(|_| {
            let line = self.keyboard.borrow_mut().pop_front();
            if line.is_some() || self.now() >= until {
                return Poll::Ready(line);
            }
            self.set_alarm(until);
            Poll::Pending
        })
        .await
    }

    /// The alarm that was set since it was last taken.
    pub fn take_alarm(&self) -> Option<Time> {
        self.alarm.take()
    }

    fn set_alarm(&self, at: Time) {
        let earliest = self.alarm.get().map_or(at, |set| set.min(at));
        self.alarm.set(Some(earliest));
    }

    pub async fn sleep_until(&self, until: Time) {
        poll_fn(|_| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.set_alarm(until);
            Poll::Pending
        })
        .await;
    }

    pub async fn sleep(&self, span: Duration) {
        self.sleep_until(self.now() + span).await;
    }

    /// Waits for what runs in another world than this job's own, whose alarms are this one's.
    pub async fn through<T>(&self, inner: &World, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            if let Some(at) = inner.take_alarm() {
                self.set_alarm(at);
            }
            polled
        })
        .await
    }

    /// Lets the host act once before going on, so that a loop cannot hold it for ever.
    pub async fn breathe(&self) {
        let mut asked = false;
        poll_fn(|_| {
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            self.set_alarm(self.now());
            Poll::Pending
        })
        .await;
    }

    /// What the future yields, or `None` when `deadline` comes first.
    pub async fn before<T>(
        &self,
        deadline: Option<Time>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(value));
            }
            match deadline {
                Some(deadline) if self.now() >= deadline => Poll::Ready(None),
                Some(deadline) => {
                    self.set_alarm(deadline);
                    Poll::Pending
                }
                None => Poll::Pending,
            }
        })
        .await
    }
}
