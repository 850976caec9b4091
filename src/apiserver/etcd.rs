//! The store as a client of etcd sees it: keys, revisions, versions, leases, transactions.
//!
//! Requests below `/play/etcd` are answered here: GETs read, POSTs write, and are as such part of a
//! cluster's history. Keys and values are text.
//!
//! Divergence: the values of objects are their JSON, where a real API server keeps protobuf. What is
//! put below `/registry` has to decode and to fit its key; a real etcd takes anything, and the API
//! server fails when it reads it.

mod registry;
pub mod snapshot;
mod txn;

use std::rc::Rc;

use serde_json::{Value, json};

use super::request::{Body, Method, Request, Response};
use super::store::{LeaseId, Version};
use super::{ApiServer, Stored};
use crate::api::{Result, Status};
use crate::sim::{Kernel, secs};

/// Where the keys of objects are; the folder itself included.
const REGISTRY: &str = "/registry";
/// The longest lease (`maxLeaseTTL`), in seconds.
const LONGEST_LEASE: u64 = 9_000_000_000;
/// No request is larger (`--max-request-bytes`).
const MOST_BYTES: usize = 1 << 20;
/// So many keys can be written beside the objects, for they are copied with every checkpoint.
const MOST_KEYS: usize = 10_000;

/// Which keys a request is about.
pub(super) enum Span<'r> {
    One(&'r str),
    Prefix(&'r str),
    From(&'r str),
    /// The second is not in it.
    Between(&'r str, &'r str),
}

impl<'r> Span<'r> {
    fn of(key: &'r str, mode: &str, end: &'r str) -> Result<Self> {
        if key.is_empty() && !matches!(mode, "prefix" | "from") {
            return Err(refused("etcdserver: key is not provided"));
        }
        Ok(match mode {
            "prefix" => Span::Prefix(key),
            "from" => Span::From(key),
            "between" => Span::Between(key, end),
            _ => Span::One(key),
        })
    }

    fn holds(&self, key: &str) -> bool {
        match self {
            Span::One(one) => key == *one,
            Span::Prefix(prefix) => key.starts_with(prefix),
            Span::From(from) => key >= *from,
            Span::Between(from, to) => key >= *from && key < *to,
        }
    }
}

/// What stands under a key.
pub(super) enum Held<'s> {
    Object(&'s Version<Stored>),
    Text(&'s Version<Rc<str>>),
}

impl Held<'_> {
    /// The key's creation, last change and version, and its lease.
    fn numbers(&self) -> (u64, u64, u64, u64) {
        let lease = |lease: Option<LeaseId>| lease.map_or(0, LeaseId::number);
        match self {
            Held::Object(v) => (v.created, v.modified, v.version, lease(v.lease)),
            Held::Text(v) => (v.created, v.modified, v.version, lease(v.lease)),
        }
    }

    fn text(&self) -> String {
        match self {
            Held::Object(v) => text_of(&v.value),
            Held::Text(v) => v.value.to_string(),
        }
    }

    fn shown(&self, key: &str, with_value: bool) -> Value {
        let (created, modified, version, lease) = self.numbers();
        let value = if with_value {
            self.text()
        } else {
            String::new()
        };
        json!({
            "key": key, "value": value, "create_revision": created, "mod_revision": modified,
            "version": version, "lease": lease,
        })
    }
}

/// An object as it is stored, with the owners of its fields.
fn text_of(stored: &Stored) -> String {
    let object = stored.object();
    let mut value = object.to_value();
    if let Some(meta) = value["metadata"].as_object_mut() {
        // The revision is the key's own.
        meta.remove("resourceVersion");
        let owners = stored.owners(&object);
        if !owners.is_empty() {
            meta.insert("managedFields".to_owned(), owners.to_value());
        }
    }
    value.to_string()
}

pub(super) fn refused(message: impl Into<String>) -> Box<Status> {
    Status::bad_request(message)
}

impl ApiServer {
    /// Answers a request below `/play/etcd`.
    pub(super) fn etcd(
        &mut self,
        kernel: &mut Kernel,
        what: &str,
        request: &Request,
    ) -> Result<Response> {
        let empty = Value::Null;
        let body = match &request.body {
            Body::Json(body) => body,
            _ => &empty,
        };
        let answer = match (request.method, what) {
            (Method::Get, "range") => self.etcd_range(request)?,
            (Method::Get, "events") => self.etcd_events(request)?,
            (Method::Get, "leases") => self.etcd_leases(kernel),
            (Method::Get, "status") => self.etcd_status(),
            (Method::Post, "put") => self.etcd_put(kernel, body)?,
            (Method::Post, "delete") => self.etcd_delete(kernel, body)?,
            (Method::Post, "txn") => self.etcd_txn(kernel, body)?,
            (Method::Post, "snapshot") => self.etcd_snapshot(),
            (Method::Post, "lease") => self.etcd_lease(kernel, body)?,
            (Method::Post, "compact") => {
                let revision = body["revision"].as_u64().unwrap_or_default();
                if revision <= self.compacted_revision() {
                    return Err(compacted());
                }
                if revision > self.revision() {
                    return Err(future());
                }
                self.store.compact(revision);
                json!({})
            }
            _ => return Err(Status::no_such_resource()),
        };
        let mut answer = answer;
        answer["revision"] = self.revision().into();
        Ok(Response::json(200, answer))
    }

    /// Lets `see` look at every key of a span, in order.
    fn each_key(
        &self,
        span: &Span<'_>,
        revision: u64,
        see: &mut dyn FnMut(&str, Held<'_>),
    ) -> Result<()> {
        let mut found: Vec<(Rc<str>, Held<'_>)> = Vec::new();
        let (objects, texts);
        if revision == 0 || revision == self.revision() {
            for (place, version) in self.store.versions() {
                found.push((place.key(), Held::Object(version)));
            }
            for (key, version) in self.store.free() {
                found.push((key.clone(), Held::Text(version)));
            }
        } else if revision > self.revision() {
            return Err(future());
        } else {
            objects = self.store.versions_at(revision).map_err(|_| compacted())?;
            texts = self.store.free_at(revision).map_err(|_| compacted())?;
            found.extend(
                objects
                    .iter()
                    .map(|(place, v)| (place.key(), Held::Object(v))),
            );
            found.extend(texts.iter().map(|(key, v)| (key.clone(), Held::Text(v))));
        }
        found.retain(|(key, _)| span.holds(key));
        found.sort_by(|a, b| a.0.cmp(&b.0));
        for (key, held) in found {
            see(&key, held);
        }
        Ok(())
    }

    fn etcd_range(&self, request: &Request) -> Result<Value> {
        let query = |name: &str| request.query(name).unwrap_or_default();
        let number = |name: &str| query(name).parse::<u64>().unwrap_or_default();
        let span = Span::of(query("key"), query("mode"), query("end"))?;
        let range = Wanted {
            revision: number("rev"),
            limit: number("limit"),
            values: query("keys_only") != "true",
            count_only: query("count_only") == "true",
        };
        self.range_of(&span, &range)
    }

    fn range_of(&self, span: &Span<'_>, wanted: &Wanted) -> Result<Value> {
        let (mut count, mut kvs) = (0_u64, Vec::new());
        self.each_key(span, wanted.revision, &mut |key, held| {
            count += 1;
            let within = wanted.limit == 0 || count <= wanted.limit;
            if within && !wanted.count_only {
                kvs.push(held.shown(key, wanted.values));
            }
        })?;
        let more = wanted.limit > 0 && count > wanted.limit;
        Ok(json!({"kvs": kvs, "count": count, "more": more}))
    }

    /// The changes of the keys of a span from a revision on.
    fn etcd_events(&self, request: &Request) -> Result<Value> {
        let query = |name: &str| request.query(name).unwrap_or_default();
        let span = Span::of(query("key"), query("mode"), query("end"))?;
        let from = query("from").parse::<u64>().unwrap_or_default();
        let after = from.saturating_sub(1);
        let mut events = Vec::new();
        let with_previous = query("prev_kv") == "true";
        let mut note = |revision: u64, key: &str, held: Option<Held<'_>>, old: Option<Held<'_>>| {
            let mut event = match held {
                Some(held) => json!({"type": "PUT", "kv": held.shown(key, true)}),
                None => json!({"type": "DELETE", "kv": {"key": key, "mod_revision": revision}}),
            };
            if let Some(old) = old.filter(|_| with_previous) {
                event["prev_kv"] = old.shown(key, true);
            }
            events.push((revision, event));
        };
        for change in self.store.since(after).map_err(|_| compacted())? {
            let key = change.place.key();
            if !span.holds(&key) {
                continue;
            }
            let (created, version) = change.version();
            let at = |value: &Stored, (created, modified, version)| Version {
                value: value.clone(),
                created,
                modified,
                version,
                lease: None,
            };
            let now = (created, change.revision, version);
            let now = change.value.as_ref().map(|v| at(v, now));
            let was = (change.before.0, change.previous_revision, change.before.1);
            let was = change.previous.as_ref().map(|v| at(v, was));
            let (now, was) = (
                now.as_ref().map(Held::Object),
                was.as_ref().map(Held::Object),
            );
            note(change.revision, &key, now, was);
        }
        for change in self.store.free_since(after) {
            if span.holds(&change.key) {
                let now = change.value.as_ref().map(Held::Text);
                let was = change.previous.as_ref().map(Held::Text);
                note(change.revision, &change.key, now, was);
            }
        }
        // Those of one transaction stay in their order.
        events.sort_by_key(|(revision, _)| *revision);
        let events: Vec<Value> = events.into_iter().map(|(_, event)| event).collect();
        Ok(json!({ "events": events }))
    }

    fn etcd_leases(&self, kernel: &Kernel) -> Value {
        let leases: Vec<Value> = self
            .store
            .leases()
            .map(|(id, lease)| {
                let places = lease.place.iter().map(|place| place.key());
                let keys: Vec<Value> = places
                    .chain(lease.keys().iter().cloned())
                    .map(|key| Value::from(&*key))
                    .collect();
                json!({
                    "id": id.number(), "granted": lease.ends.since(lease.granted).as_secs(),
                    "remaining": lease.ends.since(kernel.now).as_secs(), "keys": keys,
                })
            })
            .collect();
        json!({ "leases": leases })
    }

    fn etcd_status(&self) -> Value {
        // What a page of the database holds, roughly: a size is not worth writing out every object.
        let bytes =
            20_480 + 1_536 * self.store.len() as u64 + 512 * self.store.history_len() as u64;
        json!({"bytes": bytes, "compacted": self.compacted_revision()})
    }

    fn etcd_put(&mut self, kernel: &mut Kernel, body: &Value) -> Result<Value> {
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let (key, value) = (text("key"), text("value"));
        let lease = self.lease_of(&body["lease"])?;
        self.check_write(key, value, body["insist"] == true)?;
        if is_registry(key) {
            self.put_object(kernel, key, value)?;
        } else {
            let revision = self.store.next_revision();
            self.put_key(kernel, revision, (key, value), lease);
        }
        Ok(json!({}))
    }

    fn lease_of(&self, value: &Value) -> Result<Option<LeaseId>> {
        match value.as_u64().unwrap_or_default() {
            0 => Ok(None),
            number => {
                let id = LeaseId::of_number(number).filter(|id| self.store.lease(*id).is_some());
                let missing = || refused("etcdserver: requested lease not found");
                id.map(Some).ok_or_else(missing)
            }
        }
    }

    fn check_write(&self, key: &str, value: &str, insists: bool) -> Result<()> {
        if key.is_empty() {
            return Err(refused("etcdserver: key is not provided"));
        }
        if key.len() + value.len() > MOST_BYTES {
            return Err(refused("etcdserver: request is too large"));
        }
        if !is_registry(key) && self.store.free().count() >= MOST_KEYS {
            return Err(refused("etcdserver: mvcc: database space exceeded"));
        }
        check_insists(key, insists)
    }

    fn put_key(
        &mut self,
        kernel: &mut Kernel,
        revision: u64,
        pair: (&str, &str),
        lease: Option<LeaseId>,
    ) {
        self.store.put_free(revision, pair.0, pair.1, lease);
        kernel.record(&"etcdctl".into(), "put", pair.0.into(), revision, "");
        kernel.trace.write(kernel.now, revision, pair.0);
    }

    fn delete_key(&mut self, kernel: &mut Kernel, revision: u64, key: &str) {
        if self.store.delete_free(revision, key) {
            kernel.record(&"etcdctl".into(), "delete", key.into(), revision, "");
            kernel.trace.write(kernel.now, revision, key);
        }
    }

    /// Deletes keys whose lease has ended.
    pub(super) fn forget_keys(&mut self, kernel: &mut Kernel, keys: &[Rc<str>]) {
        if !keys.is_empty() {
            let revision = self.store.next_revision();
            for key in keys {
                self.delete_key(kernel, revision, key);
            }
        }
    }

    fn etcd_delete(&mut self, kernel: &mut Kernel, body: &Value) -> Result<Value> {
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let span = Span::of(text("key"), text("mode"), text("end"))?;
        let (mut keys, mut previous) = (Vec::new(), Vec::new());
        self.each_key(&span, 0, &mut |key, held| {
            previous.push(held.shown(key, true));
            keys.push(key.to_owned());
        })?;
        if let Some(key) = keys.iter().find(|key| is_registry(key)) {
            check_insists(key, body["insist"] == true)?;
        }
        // Free keys go at once, in one revision; what watchers of objects see has one for each.
        let (objects, free): (Vec<String>, Vec<String>) =
            keys.iter().cloned().partition(|key| is_registry(key));
        let revision = self.store.next_revision();
        for key in &free {
            self.delete_key(kernel, revision, key);
        }
        for key in &objects {
            self.delete_stored(kernel, key);
        }
        Ok(json!({"deleted": keys.len(), "prev_kvs": previous}))
    }

    fn etcd_lease(&mut self, kernel: &mut Kernel, body: &Value) -> Result<Value> {
        if body["op"] == "grant" {
            let ttl = body["ttl"].as_u64().unwrap_or_default();
            if ttl > LONGEST_LEASE {
                return Err(refused("etcdserver: too large lease TTL"));
            }
            // One shorter than an election would not outlive it (`minLeaseTTL`).
            let ttl = ttl.max(2);
            let id = self.store.grant(kernel.now, kernel.now + secs(ttl));
            return Ok(json!({"id": id.number(), "ttl": ttl}));
        }
        let missing = || refused("etcdserver: requested lease not found");
        let id = self.lease_of(&body["id"])?.ok_or_else(missing)?;
        if body["op"] == "revoke" {
            let lease = self.store.revoke(id).ok_or_else(missing)?;
            if let Some(place) = &lease.place {
                self.remove(kernel, place);
            }
            self.forget_keys(kernel, lease.keys());
            return Ok(json!({}));
        }
        let lease = self.store.lease(id).ok_or_else(missing)?;
        let ttl = lease.ends.since(lease.granted).as_secs();
        self.store.keep_alive(id, kernel.now);
        Ok(json!({ "ttl": ttl }))
    }
}

/// What a client wants of a span.
#[derive(Default)]
pub(super) struct Wanted {
    /// 0 for now.
    pub revision: u64,
    /// 0 for all.
    pub limit: u64,
    pub values: bool,
    pub count_only: bool,
}

fn is_registry(key: &str) -> bool {
    let below = key.strip_prefix(REGISTRY);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Objects are written past the API server by those alone who say that they mean it.
fn check_insists(key: &str, insists: bool) -> Result<()> {
    if insists || !is_registry(key) {
        return Ok(());
    }
    Err(refused(format!(
        "{key} belongs to the API server: written here, nothing is validated, no grace period runs and no finalizer is asked. With --insist it is done, and the cluster bears the consequences"
    )))
}

fn compacted() -> Box<Status> {
    refused("etcdserver: mvcc: required revision has been compacted")
}

fn future() -> Box<Status> {
    refused("etcdserver: mvcc: required revision is a future revision")
}
