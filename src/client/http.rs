//! A client of the REST API, wherever the server is: in this process, or behind a proxy.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use crate::apiserver::{Request, Response};

/// A future that stays on its thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Sends requests. Requests to the simulated server are ready at once; a real one takes time.
pub trait Client {
    fn request<'a>(&'a self, request: Request) -> LocalFuture<'a, Response>;

    /// Opens a watch: a GET whose query says `watch=true`. The events come as the objects of the
    /// wire, `{"type": ..., "object": ...}`.
    fn watch(&self, request: Request) -> Box<dyn Watch>;
}

/// An open watch. Dropping it ends it.
pub trait Watch {
    /// The next event; waits for it. `None` when the server has ended the watch.
    fn next<'a>(&'a mut self) -> LocalFuture<'a, Option<Value>>;
}
