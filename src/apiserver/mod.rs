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
mod conditions;
mod create;
mod customs;
mod delete;
mod etcd;
mod fields;
mod meta;
mod metrics;
pub mod openapi;
pub mod patch;
mod read;
mod references;
mod replica;
pub mod request;
mod rest;
mod store;
mod stored;
mod update;
mod watch;

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Pod, ProjectedVolumeSource};

use crate::api::{Kind, Object, Resource};
use crate::sim::{Kernel, Time, secs};

use crate::api::packed::Packer;
use fields::{LastStatus, Owners, Write};
use store::{Expect, Place, Store};
use stored::Stored;

pub use auth::{Caller, Refused, Wish, rules};
pub use delete::{DeleteOptions, Propagation};
pub use etcd::snapshot::described as snapshot_described;
pub use metrics::{ContainerUsage, METRICS_WINDOW, PodUsage, Profile};
pub use read::Selection;
pub use request::{Body, Certificate, Credentials, Impersonation, Method, Request, Response};
pub use rest::{RestWatch, Upstream};
pub use watch::{Cursor, EventType, Latency, WatchEvent, WatchRequest, WatchState, WatcherId};

/// How many changes are kept before the oldest are compacted away. A real API server compacts by
/// time (5 minutes); a bound by number keeps the memory of a page bounded as well.
const HISTORY_KEPT: usize = 8_000;

/// How much these changes may weigh: one for each, and more for those of pods and of long lists of addresses. So
/// a Service in front of a thousand pods, each of which makes another version of all its addresses, does not hold
/// a hundred megabytes of them.
const HISTORY_WEIGHT: usize = 10_000;

/// So many changes are kept, whatever they weigh: whoever watches is told soon enough.
const HISTORY_LEAST: usize = 1_000;

/// How many are compacted at once: few, as all that they held is freed at once.
const COMPACTED_AT_ONCE: usize = 64;

/// How long events are kept (`--event-ttl`).
const EVENT_TTL_SECS: u64 = 3600;

/// How a write is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Do everything but the write.
    pub dry_run: bool,
    /// The subresource that is written; empty for the object itself.
    pub subresource: &'static str,
    /// Whether the object is written as one of a kind that is a view of its own.
    pub by_view: bool,
}

impl WriteOptions {
    pub const STATUS: WriteOptions = WriteOptions {
        dry_run: false,
        subresource: "status",
        by_view: false,
    };
}

/// The API server and its store.
#[derive(Clone)]
pub struct ApiServer {
    store: Store<Stored>,
    watchers: watch::Watchers,
    allocations: allocation::Allocations,
    metrics: metrics::Metrics,
    /// How many pods there are.
    pods: usize,
    /// The pod that was created last, as it was sent.
    last_pod: Option<Object>,
    /// The volume in which each pod finds its token: one for all.
    token_source: Shared<ProjectedVolumeSource>,
    /// What pods tolerate by default: one list for all.
    tolerations: admission::DefaultTolerations,
    conditions: conditions::Conditions,
    /// What the admission policies warn of in the request that is under way.
    policy_warnings: Vec<String>,
    last_status: LastStatus,
    packer: Packer,
    customs: customs::Customs,
    grants: auth::Grants,
    /// Copies of the store that were saved (`etcdctl snapshot save`), the oldest first.
    snapshots: Vec<Rc<etcd::snapshot::Snapshot>>,
    /// Whether discovery leaves out the kinds of our own.
    is_plain: bool,
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
            pods: 0,
            policy_warnings: Vec::new(),
            last_pod: None,
            token_source: admission::token_source(),
            tolerations: admission::default_tolerations(),
            conditions: conditions::Conditions::default(),
            last_status: None,
            packer: Packer::default(),
            customs: customs::Customs::default(),
            grants: auth::Grants::default(),
            snapshots: Vec::new(),
            is_plain: false,
            wakeups: Vec::new(),
            signing_key: None,
        }
    }

    /// From now on discovery names the kinds of Kubernetes alone: our own mean nothing to fake nodes.
    pub fn hide_play(&mut self) {
        self.is_plain = true;
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
        let (places, keys) = self.store.expire(kernel.now);
        for place in places {
            self.remove(kernel, &place);
        }
        self.forget_keys(kernel, &keys);
    }

    /// Writes an object that has passed every check, and tells the watchers.
    ///
    /// Returns the object as stored, with its new revision; `None` when `expect` does not hold.
    fn put_owned(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        verb: &'static str,
        mut object: Object,
        owners: Rc<Owners>,
        expect: Expect,
    ) -> Option<Object> {
        let place = place_of(&object);
        let key = match self.store.get(&place) {
            Some(stored) => stored.key(&place),
            None => place.key(),
        };
        let revision = self.store.next_revision();
        self.stamp(&mut object);
        let lease = (object.kind()
            == <k8s_openapi::api::core::v1::Event as crate::api::Resource>::KIND)
            .then(|| {
                self.store
                    .grant(kernel.now, kernel.now + secs(EVENT_TTL_SECS))
            });
        let cause = kernel.record(&caller.manager, verb, key.clone(), revision, "");
        let stored = Stored::new(object.clone(), owners, key.clone(), &mut self.packer);
        self.store.put(&place, stored, expect, lease, cause)?;
        if expect == Expect::Absent && object.kind() == Pod::KIND {
            self.pods += 1;
        }
        kernel.trace.write(kernel.now, revision, &key);
        self.after_change(kernel);
        Some(object)
    }

    /// Gives an object the revision that the next write makes. Before somebody else holds it, else this copies
    /// the whole object.
    fn stamp(&self, object: &mut Object) {
        let revision = self.store.next_revision().to_string();
        if object.meta().resource_version.as_ref() != Some(&revision) {
            object.meta_mut().resource_version = Some(revision);
        }
    }

    /// As [`ApiServer::put_owned`], for what the server does by itself: the owners of the fields
    /// stay, unless it is a status that is written.
    fn put(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        verb: &'static str,
        mut object: Object,
        expect: Expect,
    ) -> Option<Object> {
        self.stamp(&mut object);
        let owners = match self.store.get(&place_of(&object)) {
            Some(old) if verb == "update status" => {
                let (manager, now) = (&caller.manager, kernel.now);
                let (old, owners) = old.parts();
                let write = Write::new(manager, "status", now, Some(&old), &object);
                Rc::new(owners.after(write, &mut self.last_status))
            }
            Some(old) => old.owners(&old.object()),
            None => Rc::default(),
        };
        self.put_owned(kernel, caller, verb, object, owners, expect)
    }

    /// The owners of the fields of a version of an object, while it can still be read.
    fn owners_of(&self, object: &Object) -> Rc<Owners> {
        let place = place_of(object);
        let revision = object.revision();
        if let Some(stored) = self.store.get(&place)
            && stored.revision() == revision
        {
            return stored.owners(object);
        }
        let change = revision
            .checked_sub(1)
            .and_then(|before| self.store.since(before).ok()?.next())
            .filter(|change| change.place == place);
        change
            .and_then(|change| change.value.as_ref().or(change.previous.as_ref()))
            .map_or_else(Rc::default, |stored| stored.owners(object))
    }

    /// An object as clients see it: with the owners of its fields.
    fn shown_value(&self, object: &Object) -> serde_json::Value {
        let mut value = object.to_value();
        if object.meta().managed_fields.is_none() {
            let owners = self.owners_of(object);
            // Who has written nothing but what belongs to nobody owns nothing.
            if !owners.is_empty() && !owners.managers().is_empty() {
                value["metadata"]["managedFields"] = owners.to_value();
            }
        }
        value
    }

    /// As [`ApiServer::shown_value`], as a kind shows the object.
    fn shown_as(&self, kind: Kind, object: &Object) -> serde_json::Value {
        let value = self.shown_value(object);
        match kind.view() {
            Some(view) => (view.shown)(value),
            None => value,
        }
    }

    /// The object with the owners of its fields inside, where it is not stored for them to be
    /// looked up.
    fn with_owners(mut object: Object, owners: &Owners) -> Object {
        let entries = owners.to_value();
        let (entries, _) = crate::api::codec::decode(&entries, "v1").unwrap_or_default();
        object.meta_mut().managed_fields = Some(entries).filter(|e: &Vec<_>| !e.is_empty());
        object
    }

    /// Takes an object out of the store, and tells the watchers.
    fn remove(&mut self, kernel: &mut Kernel, place: &Place) -> Option<u64> {
        let actor: Rc<str> = "kube-apiserver".into();
        self.remove_as(kernel, &actor, place)
    }

    fn remove_as(&mut self, kernel: &mut Kernel, actor: &Rc<str>, place: &Place) -> Option<u64> {
        let key = self.store.get(place)?.key(place);
        let revision = self.store.next_revision();
        let cause = kernel.record(actor, "delete", key.clone(), revision, "");
        self.store.delete(place, Expect::Anything, cause)?;
        if key.starts_with("/registry/pods/") {
            self.pods = self.pods.saturating_sub(1);
        }
        kernel.trace.write(kernel.now, revision, &key);
        self.after_change(kernel);
        Some(revision)
    }

    fn after_change(&mut self, kernel: &mut Kernel) {
        if let Some(change) = self.store.last() {
            let change = change.clone();
            self.customs.note(
                change.previous.as_ref().and_then(Stored::whole),
                change.value.as_ref().and_then(Stored::whole),
            );
            let one = change.value.as_ref().or(change.previous.as_ref());
            if let Some(object) = one.and_then(Stored::whole) {
                self.grants.note(object);
            }
            self.watchers.notify(kernel, &change, &mut self.wakeups);
        }
        let kept = self.store.history_len().saturating_sub(COMPACTED_AT_ONCE);
        let heavy = kept >= HISTORY_LEAST && self.store.history_weight() > HISTORY_WEIGHT;
        if heavy || kept >= HISTORY_KEPT {
            self.store.compact_oldest(COMPACTED_AT_ONCE);
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
