//! The world of a session without a page: a simulated cluster, files in memory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use kubarium::api::Status;
use kubarium::apiserver::{Request, Response, RestWatch};
use kubarium::client::{Client, LocalFuture, Watch};
use kubarium::cluster::Cluster;
use kubarium::kubectl::{Host, HttpAnswer, HttpCall, HttpFailure, Session, Stream};
use kubarium::sim::{Time, millis, secs};
use serde_json::{Value, json};

/// A cluster that commands and the test share.
pub type Shared = Rc<RefCell<Cluster>>;

/// When the next answer is due.
type Due = Rc<Cell<Option<Time>>>;

/// A request takes so long, as one of a real kubectl does; else a rollout could not be caught in
/// the act by the commands of a script.
pub const ROUND_TRIP: Duration = millis(5);

struct LocalClient(Shared, Due, Duration);

impl Client for LocalClient {
    fn request<'a>(&'a self, request: Request) -> LocalFuture<'a, Response> {
        let at = self.0.borrow().now() + self.2;
        Box::pin(poll_fn(move |_| {
            if self.0.borrow().now() < at {
                self.1.set(Some(at));
                return Poll::Pending;
            }
            Poll::Ready(self.0.borrow_mut().request(&request))
        }))
    }

    fn watch(&self, request: Request) -> Box<dyn Watch> {
        let cluster = self.0.borrow();
        let opened = cluster.server().open_watch(cluster.now(), &request);
        Box::new(LocalWatch {
            cluster: self.0.clone(),
            watch: opened,
            pending: VecDeque::new(),
        })
    }
}

struct LocalWatch {
    cluster: Shared,
    watch: Result<RestWatch, Box<Status>>,
    pending: VecDeque<Value>,
}

impl Watch for LocalWatch {
    fn next<'a>(&'a mut self) -> LocalFuture<'a, Option<Value>> {
        Box::pin(Next(self))
    }
}

struct Next<'w>(&'w mut LocalWatch);

impl Future for Next<'_> {
    type Output = Option<Value>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let LocalWatch {
            cluster,
            watch,
            pending,
        } = &mut *self.0;
        match watch {
            Ok(watch) => {
                let cluster = cluster.borrow();
                pending.extend(cluster.server().poll_watch(cluster.now(), watch));
            }
            Err(status) => pending.push_back(json!({"type": "ERROR", "object": status.to_value()})),
        }
        match pending.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None => Poll::Pending,
        }
    }
}

/// Cluster and files as a session sees them.
pub struct World {
    cluster: Shared,
    client: LocalClient,
    files: RefCell<BTreeMap<String, String>>,
}

/// A cluster that commands and the test share, and when the next answer to a command is due.
#[derive(Clone)]
pub struct Stage {
    pub cluster: Shared,
    due: Due,
}

impl Stage {
    pub fn borrow_mut(&self) -> std::cell::RefMut<'_, Cluster> {
        self.cluster.borrow_mut()
    }

    pub fn borrow(&self) -> std::cell::Ref<'_, Cluster> {
        self.cluster.borrow()
    }
}

impl World {
    /// `round_trip` is how long a request takes.
    pub fn new(
        cluster: Cluster,
        files: BTreeMap<String, String>,
        round_trip: Duration,
    ) -> (Rc<World>, Stage) {
        let cluster = Rc::new(RefCell::new(cluster));
        let due = Due::default();
        let world = World {
            client: LocalClient(cluster.clone(), due.clone(), round_trip),
            cluster: cluster.clone(),
            files: RefCell::new(files),
        };
        (Rc::new(world), Stage { cluster, due })
    }
}

impl Host for World {
    fn client(&self) -> &dyn Client {
        &self.client
    }

    fn now(&self) -> Time {
        self.cluster.borrow().now()
    }

    fn files(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    fn read_file(&self, name: &str) -> Option<String> {
        self.files.borrow().get(name).cloned()
    }

    fn write_file(&self, name: &str, text: &str) {
        self.files
            .borrow_mut()
            .insert(name.to_owned(), text.to_owned());
    }

    fn http<'a>(&'a self, call: HttpCall) -> LocalFuture<'a, Result<HttpAnswer, HttpFailure>> {
        let sent = self.cluster.borrow_mut().http(&(&call).into());
        Box::pin(poll_fn(move |_| {
            let Ok(number) = sent else {
                return Poll::Ready(Err(HttpFailure::Unresolved));
            };
            let cluster = self.cluster.borrow();
            match cluster.http_result(number).and_then(HttpAnswer::of) {
                Some(answer) => Poll::Ready(answer),
                None => Poll::Pending,
            }
        }))
    }

    fn server(&self) -> String {
        "https://SERVER".to_owned()
    }
}

/// What a line printed, both streams together, and its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub text: String,
    pub exit_code: i32,
}

/// A command may take so much virtual time, and so many events.
const LIMIT: Duration = secs(600);
const MOST_EVENTS: usize = 2_000_000;

/// Runs a line to its end, and the simulation with it: an event at a time.
pub fn run(session: &mut Session, stage: &Stage, line: &str) -> Outcome {
    let cluster = &stage.cluster;
    let mut job = session.start(line);
    let limit = cluster.borrow().now() + LIMIT;
    let mut text = String::new();
    for _ in 0..MOST_EVENTS {
        stage.due.set(None);
        let progress = job.poll();
        for span in progress.output {
            if span.stream != Stream::Clear {
                text.push_str(&span.text);
            }
        }
        if let Some(exit_code) = progress.exit_code {
            return Outcome { text, exit_code };
        }
        let mut cluster = cluster.borrow_mut();
        let alarms = [progress.wake_at, stage.due.get()];
        let until = alarms
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(limit)
            .min(limit);
        assert!(
            cluster.now() < limit,
            "`{line}` does not end; so far:\n{text}"
        );
        if !cluster.step(until) {
            cluster.run_until(until);
        }
    }
    panic!("`{line}` keeps the cluster busy; so far:\n{text}");
}
