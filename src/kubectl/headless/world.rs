//! The world of a session without a page: a simulated cluster, files in memory.

#[cfg(not(target_arch = "wasm32"))]
use std::cell::OnceCell;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Status;
use crate::apiserver::openapi::Schema;
use crate::apiserver::{Request, Response, RestWatch};
use crate::client::{Client, LocalFuture, Watch};
use crate::cluster::Cluster;
use crate::kubectl::host;
use crate::kubectl::{Edited, Host, HttpAnswer, HttpCall, HttpFailure};
use crate::sim::{Time, millis};

type Shared = Rc<RefCell<Cluster>>;

/// When the next answer is due.
type Due = Rc<Cell<Option<Time>>>;

/// Reads a file that is not one of the session's: by an absolute path, say.
pub type Elsewhere = fn(&str) -> Option<String>;

struct LocalClient {
    cluster: Shared,
    due: Due,
    round_trip: Duration,
    /// When the last answer came.
    last: Cell<Time>,
}

/// After a pause the next command is a program that has to be started first.
const IDLE: Duration = millis(500);
const COLD_START: Duration = millis(100);

impl Client for LocalClient {
    fn request<'a>(&'a self, request: Request) -> LocalFuture<'a, Response> {
        let now = self.cluster.borrow().now();
        let cold = !self.round_trip.is_zero() && now.since(self.last.get()) >= IDLE;
        let start = if cold { COLD_START } else { Duration::ZERO };
        let at = now + start + self.round_trip;
        self.last.set(at);
        Box::pin(poll_fn(move |_| {
            if self.cluster.borrow().now() < at {
                self.due.set(Some(at));
                return Poll::Pending;
            }
            Poll::Ready(self.cluster.borrow_mut().request(&request))
        }))
    }

    fn watch(&self, request: Request) -> Box<dyn Watch> {
        let cluster = self.cluster.borrow();
        let opened = cluster.server().open_watch(cluster.now(), &request);
        Box::new(LocalWatch {
            cluster: self.cluster.clone(),
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
    elsewhere: Cell<Option<Elsewhere>>,
    /// Made when somebody asks for it first; only natively do the types know it.
    #[cfg(not(target_arch = "wasm32"))]
    schema: OnceCell<Schema>,
}

/// The cluster that commands share with whoever runs them, and when the next answer to a command is due.
#[derive(Clone)]
pub struct Desk {
    pub cluster: Shared,
    due: Due,
}

impl Desk {
    pub fn borrow_mut(&self) -> RefMut<'_, Cluster> {
        self.cluster.borrow_mut()
    }

    pub fn borrow(&self) -> Ref<'_, Cluster> {
        self.cluster.borrow()
    }

    pub(super) fn due(&self) -> Option<Time> {
        self.due.get()
    }

    pub(super) fn forget_due(&self) {
        self.due.set(None);
    }
}

impl World {
    /// `round_trip` is how long a request takes.
    pub fn new(
        cluster: Cluster,
        files: BTreeMap<String, String>,
        round_trip: Duration,
    ) -> (Rc<World>, Desk) {
        let cluster = Rc::new(RefCell::new(cluster));
        let due = Due::default();
        let world = World {
            client: LocalClient {
                cluster: cluster.clone(),
                due: due.clone(),
                round_trip,
                last: Cell::new(Time::EPOCH),
            },
            cluster: cluster.clone(),
            files: RefCell::new(files),
            elsewhere: Cell::new(None),
            #[cfg(not(target_arch = "wasm32"))]
            schema: OnceCell::new(),
        };
        (Rc::new(world), Desk { cluster, due })
    }

    /// Where to look for files that are not the session's own.
    pub fn look_elsewhere(&self, elsewhere: Elsewhere) {
        self.elsewhere.set(Some(elsewhere));
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
        let plain = host::plain(name);
        if let Some(text) = self.files.borrow().get(plain) {
            return Some(text.clone());
        }
        self.elsewhere.get().and_then(|read| read(name))
    }

    fn write_file(&self, name: &str, text: &str) {
        let name = host::plain(name).to_owned();
        self.files.borrow_mut().insert(name, text.to_owned());
    }

    fn remove_file(&self, name: &str) {
        let name = host::plain(name);
        self.files.borrow_mut().remove(name);
    }

    fn edit<'a>(&'a self, _: &'a str) -> LocalFuture<'a, Edited> {
        Box::pin(ready(Edited::NoEditor))
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

    fn behind(&self, request: Request) -> Response {
        self.cluster.borrow_mut().request(&request)
    }

    fn schema(&self) -> LocalFuture<'_, Option<Schema>> {
        #[cfg(not(target_arch = "wasm32"))]
        let schema = Some(self.schema.get_or_init(Schema::built_in).clone());
        #[cfg(target_arch = "wasm32")]
        let schema = None;
        Box::pin(ready(schema))
    }

    fn server(&self) -> String {
        "https://SERVER".to_owned()
    }
}
