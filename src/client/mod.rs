//! How components speak to the API server: requests, informers with stale caches, work queues,
//! expectations, events for people.

mod component;
mod ctx;
mod expectations;
mod http;
mod informer;
mod recorder;
pub mod wire;
mod workqueue;
pub mod world;

pub use component::Component;
pub use ctx::{Ctx, Outbox};
pub use expectations::Expectations;
pub use http::{Client, LocalFuture, Watch};
pub use informer::{Cache, Delta};
pub use recorder::{EventRecorder, Involved};
pub use workqueue::WorkQueue;
