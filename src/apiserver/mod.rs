//! The API server: one pipeline for every kind, in front of a store that nobody else can reach.
//!
//! A write passes, in this order: decode (strictly), authorise, default, admit, prepare, validate,
//! store, notify. The steps are files; the rules of a kind are its strategy in `api::kinds`.
//!
//! Architecture invariant: `store` is private. Components read and write through [`ApiServer`],
//! people through [`ApiServer::handle`], and both end in the same functions.
//!
//! Divergence: a request is atomic at an instant of virtual time. What takes time in a real
//! cluster (the network, etcd's disk) is part of the latency of watch events.

mod admission;
mod allocation;
mod auth;
mod bind;
mod create;
mod delete;
mod meta;
mod metrics;
pub mod patch;
mod read;
pub mod request;
mod rest;
mod store;
mod update;
mod watch;

use std::rc::Rc;

use crate::api::{Kind, Object};
use crate::sim::{Kernel, Time, secs};

use store::{Expect, Place, Store};

pub use auth::{Caller, rules};
pub use delete::{DeleteOptions, Propagation};
pub use metrics::{ContainerUsage, METRICS_WINDOW, PodUsage, Profile};
pub use read::Selection;
pub use request::{Body, Certificate, Credentials, Impersonation, Method, Request, Response};
pub use rest::RestWatch;
pub use watch::{Cursor, EventType, Latency, WatchEvent, WatchRequest, WatcherId};

/// How many changes are kept before the oldest are compacted away. A real API server compacts by
/// time (5 minutes); a bound by number keeps the memory of a page bounded as well.
const HISTORY_KEPT: usize = 8_000;

/// How long events are kept (`--event-ttl`).
const EVENT_TTL_SECS: u64 = 3600;

/// How a write is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Do everything but the write.
    pub dry_run: bool,
    /// The subresource that is written; empty for the object itself.
    pub subresource: &'static str,
}

impl WriteOptions {
    pub const STATUS: WriteOptions = WriteOptions {
        dry_run: false,
        subresource: "status",
    };
}

/// The API server and its store.
#[derive(Clone)]
pub struct ApiServer {
    store: Store<Object>,
    watchers: watch::Watchers,
    allocations: allocation::Allocations,
    metrics: metrics::Metrics,
    /// Watchers that have something to receive, and when.
    wakeups: Vec<(Time, WatcherId)>,
    /// Drawn when the first token is signed.
    signing_key: Option<auth::token::SigningKey>,
}

impl Default for ApiServer {
    fn default() -> Self {
        Self::new()
    }
}

impl ApiServer {
    pub fn new() -> Self {
        ApiServer {
            store: Store::new(),
            watchers: watch::Watchers::default(),
            allocations: allocation::Allocations::default(),
            metrics: metrics::Metrics::default(),
            wakeups: Vec::new(),
            signing_key: None,
        }
    }

    /// The revision of the last change.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// The oldest revision from which a watch can start.
    pub fn compacted_revision(&self) -> u64 {
        self.store.compacted()
    }

    /// How many objects there are.
    pub fn object_count(&self) -> usize {
        self.store.len()
    }

    /// Watchers to be woken since the last call, with the instant of the delivery.
    pub fn take_wakeups(&mut self) -> Vec<(Time, WatcherId)> {
        std::mem::take(&mut self.wakeups)
    }

    /// When the next lease (of an event) ends.
    pub fn next_expiry(&self) -> Option<Time> {
        self.store.next_expiry()
    }

    /// Deletes what has outlived its lease.
    pub fn expire(&mut self, kernel: &mut Kernel) {
        for place in self.store.expire(kernel.now) {
            self.remove(kernel, &place);
        }
    }

    /// Writes an object that has passed every check, and tells the watchers.
    ///
    /// Returns the object as stored, with its new revision; `None` when `expect` does not hold.
    fn put(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        verb: &'static str,
        mut object: Object,
        expect: Expect,
    ) -> Option<Object> {
        let place = place_of(&object);
        let key = place.key();
        let revision = self.store.next_revision();
        object.meta_mut().resource_version = Some(revision.to_string());
        let lease = (object.kind()
            == <k8s_openapi::api::core::v1::Event as crate::api::Resource>::KIND)
            .then(|| self.store.grant(kernel.now + secs(EVENT_TTL_SECS)));
        let cause = kernel.record(&caller.manager, verb, key.clone(), revision, "");
        self.store
            .put(&place, object.clone(), expect, lease, cause)?;
        kernel.trace.write(kernel.now, revision, &key);
        self.after_change(kernel);
        Some(object)
    }

    /// Takes an object out of the store, and tells the watchers.
    fn remove(&mut self, kernel: &mut Kernel, place: &Place) -> Option<u64> {
        let actor: Rc<str> = "kube-apiserver".into();
        self.remove_as(kernel, &actor, place)
    }

    fn remove_as(&mut self, kernel: &mut Kernel, actor: &Rc<str>, place: &Place) -> Option<u64> {
        self.store.get(place)?;
        let key = place.key();
        let revision = self.store.next_revision();
        let cause = kernel.record(actor, "delete", key.clone(), revision, "");
        self.store.delete(place, Expect::Anything, cause)?;
        kernel.trace.write(kernel.now, revision, &key);
        self.after_change(kernel);
        Some(revision)
    }

    fn after_change(&mut self, kernel: &mut Kernel) {
        if let Some(change) = self.store.last() {
            let change = change.clone();
            self.watchers.notify(kernel, &change, &mut self.wakeups);
        }
        // Compacting a fifth at a time keeps the cost per write constant.
        if self.store.history_len() > HISTORY_KEPT + HISTORY_KEPT / 5 {
            let keep_from = self.store.revision().saturating_sub(HISTORY_KEPT as u64);
            self.store.compact(keep_from);
        }
    }
}

/// The key in the store, as in a real etcd: `/registry/pods/default/web`.
pub fn storage_key(kind: Kind, namespace: &str, name: &str) -> Rc<str> {
    Place::new(kind, namespace, name).key()
}

/// Where an object is kept.
fn place_of(object: &Object) -> Place {
    Place::new(object.kind(), object.namespace(), object.name())
}
