//! A client of the real API server that changes nothing unless it was allowed to.

use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;

use serde_json::json;

use crate::apiserver::{Method, Request, Response};
use crate::app::say;
use crate::client::{Client, LocalFuture, Watch};

/// Whether the real cluster may be changed; all copies are the same lock.
#[derive(Clone, Default)]
pub struct Lock(Rc<Cell<bool>>);

impl Lock {
    pub fn set(&self, open: bool) {
        self.0.set(open);
    }

    pub fn is_open(&self) -> bool {
        self.0.get()
    }
}

/// Lets reading through, and writing when the lock is open.
pub struct Guarded {
    inner: Rc<dyn Client>,
    lock: Lock,
}

impl Guarded {
    pub fn new(inner: Rc<dyn Client>, lock: Lock) -> Self {
        Guarded { inner, lock }
    }
}

/// Whether a request changes nothing: it reads, or it asks what would be, or who may do what.
fn is_harmless(request: &Request) -> bool {
    let question = [
        "/selfsubjectaccessreviews",
        "/selfsubjectrulesreviews",
        "/selfsubjectreviews",
    ];
    request.method == Method::Get
        || request.query("dryRun") == Some("All")
        || request.method == Method::Post && question.iter().any(|q| request.path.ends_with(q))
}

impl Client for Guarded {
    fn request<'a>(&'a self, request: Request) -> LocalFuture<'a, Response> {
        if self.lock.is_open() || is_harmless(&request) {
            return self.inner.request(request);
        }
        let message = say!("real.locked").english();
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": "Forbidden", "code": 403,
        });
        Box::pin(ready(Response::json(403, status)))
    }

    fn watch(&self, request: Request) -> Box<dyn Watch> {
        self.inner.watch(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Session;
    use crate::cluster::Config;
    use std::task::{Context, Poll, Waker};

    fn code(client: &Guarded, request: Request) -> u16 {
        let mut future = client.request(request);
        let mut context = Context::from_waker(Waker::noop());
        match future.as_mut().poll(&mut context) {
            Poll::Ready(response) => response.code,
            Poll::Pending => 0,
        }
    }

    #[test]
    fn nothing_is_changed_before_it_is_allowed() {
        let session = Session::new(Config::bare(1, 1));
        let lock = Lock::default();
        let client = Guarded::new(Rc::new(session.client()), lock.clone());
        let path = "/api/v1/namespaces/default/configmaps";
        let create = Request::new(Method::Post, path)
            .with_body(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}));
        assert_eq!(code(&client, Request::get(path)), 200);
        assert_eq!(code(&client, create.clone()), 403);
        assert_eq!(
            code(&client, create.clone().with_query("dryRun", "All")),
            201
        );
        assert_eq!(code(&client, Request::get(format!("{path}/a"))), 404);
        lock.set(true);
        assert_eq!(code(&client, create), 201);
        assert_eq!(code(&client, Request::get(format!("{path}/a"))), 200);
    }
}
