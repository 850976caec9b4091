//! Watches over the REST API: `?watch=true`.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/handlers/watch.go`. A watch is a value that the client
//! polls; polling does not change the cluster.

use serde_json::{Value, json};

use super::list::Selection;
use super::{path, table, versions};
use crate::api::json::with;
use crate::api::{Object, Result, Status};
use crate::apiserver::customs::as_asked;
use crate::apiserver::request::Request;
use crate::apiserver::{ApiServer, Cursor, EventType};
use crate::sim::Time;

/// An open watch of a client.
#[derive(Clone)]
pub struct RestWatch {
    request: Request,
    selection: Selection,
    cursor: Cursor,
    /// Events that the client gets before any change: the state at the start.
    initial: Vec<Value>,
    /// Whether the client wants to hear of progress.
    bookmarks: bool,
}

impl ApiServer {
    /// Opens a watch: `request` is a GET of a collection or an object with `watch=true`.
    ///
    /// # Errors
    /// What a GET would be refused with. When the revision to start from is gone, the watch opens
    /// and has one event, an `ERROR`.
    pub fn open_watch(&self, now: Time, request: &Request) -> Result<RestWatch> {
        let parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
        self.authorized(now, request)?;
        let target = path::parse(self, &parts).ok_or_else(Status::no_such_resource)?;
        let mut selected = request.clone();
        if let Some(name) = target.name {
            let by_name = format!("metadata.name={name}");
            selected.query.push(("fieldSelector".to_owned(), by_name));
        }
        let selection = Selection::of(target.kind, &selected)?;
        let mut watching = request.clone();
        watching.query.push(("watch".to_owned(), "true".to_owned()));
        super::list::check_options(&watching)?;
        let flag = |name| matches!(request.query(name), Some("true" | "1"));
        let from = request.query("resourceVersion").unwrap_or_default();
        let asked: u64 = match from {
            "" => 0,
            text => text.parse().map_err(|_| {
                Status::bad_request(format!("Invalid resource version: \"{text}\""))
            })?,
        };
        let current = self.revision();
        if asked > current {
            return Err(super::list::too_new(asked, current));
        }
        let mut watch = RestWatch {
            request: request.clone(),
            selection,
            cursor: Cursor {
                kind: target.kind,
                namespace: target.namespace.map(Into::into),
                revision: if asked == 0 { current } else { asked },
            },
            initial: Vec::new(),
            bookmarks: flag("allowWatchBookmarks"),
        };
        let whole_state = flag("sendInitialEvents");
        if asked == 0 || whole_state {
            watch.cursor.revision = current;
            for object in self.list_objects(target.kind, target.namespace) {
                if watch.selection.matches(&object) {
                    let event = self.event(&watch, EventType::Added.name(), &object, now);
                    watch.initial.push(event);
                }
            }
        } else if asked < self.compacted_revision() {
            // The watch is opened all the same, and ends with its first event.
            let status = too_old(asked, self.compacted_revision());
            watch.cursor.revision = current;
            let error = json!({"type": "ERROR", "object": status.to_value()});
            watch.initial.push(error);
        }
        if whole_state && watch.bookmarks {
            let mut bookmark = watch.bookmark();
            bookmark["object"]["metadata"]["annotations"] =
                json!({"k8s.io/initial-events-end": "true"});
            watch.initial.push(bookmark);
        }
        Ok(watch)
    }

    /// The events since the last call, as `{"type": ..., "object": ...}`. An `ERROR` event ends
    /// the watch: its revision is gone, and the client has to list again.
    pub fn poll_watch(&self, now: Time, watch: &mut RestWatch) -> Vec<Value> {
        let mut events = std::mem::take(&mut watch.initial);
        let selection = watch.selection.clone();
        match self.pull(&mut watch.cursor, &|object| selection.matches(object)) {
            Ok(changes) => {
                for change in changes {
                    events.push(self.event(watch, change.event.name(), &change.object, now));
                }
            }
            Err(status) => events.push(json!({"type": "ERROR", "object": status.to_value()})),
        }
        events
    }
}

impl RestWatch {
    /// The revision up to which the client has seen everything.
    pub fn revision(&self) -> u64 {
        self.cursor.revision
    }

    /// An event without a change: how far the watch has come.
    pub fn bookmark(&self) -> Value {
        let info = self.cursor.kind.info();
        let of_kind = (info.kind, info.api_version());
        let (kind, api_version) = match table::is_partial(&self.request) {
            true => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            false => of_kind,
        };
        json!({"type": "BOOKMARK", "object": {
            "kind": kind, "apiVersion": api_version,
            "metadata": {"resourceVersion": self.cursor.revision.to_string()},
        }})
    }

    /// Whether the client asked for bookmarks.
    pub fn wants_bookmarks(&self) -> bool {
        self.bookmarks
    }
}

impl ApiServer {
    fn event(&self, watch: &RestWatch, type_: &str, object: &Object, now: Time) -> Value {
        let object = &as_asked(object.clone(), watch.cursor.kind);
        let mut value = if table::is_wanted(&watch.request) {
            let metadata = json!({"resourceVersion": object.revision().to_string()});
            let rows = std::slice::from_ref(object);
            table::table(object.kind(), rows, metadata, now, &watch.request)
        } else if table::is_partial(&watch.request) {
            table::partial(object)
        } else {
            self.shown_as(watch.cursor.kind, object)
        };
        let parts: Vec<&str> = watch
            .request
            .path
            .split('/')
            .filter(|p| !p.is_empty())
            .collect();
        if !object.info().strategy.other_versions().is_empty()
            && let Some(target) = path::parse(self, &parts)
        {
            versions::watched(&target, &mut value);
        }
        with(json!({"type": type_}), "object", value)
    }
}

fn too_old(asked: u64, oldest: u64) -> Box<Status> {
    Status::expired(format!("too old resource version: {asked} ({oldest})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::{Caller, Method, WriteOptions};
    use crate::sim::Kernel;

    const PATH: &str = "/api/v1/nodes";

    fn write(server: &mut ApiServer, kernel: &mut Kernel, name: &str) {
        let body = json!({"metadata": {"name": name, "labels": {"tier": name}}});
        let request = Request::new(Method::Post, PATH).with_body(body);
        assert_eq!(server.handle(kernel, &request).code, 201);
    }

    fn seen(events: &[Value]) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events
            .iter()
            .map(|e| (text(&e["type"]), text(&e["object"]["metadata"]["name"])))
            .collect()
    }

    fn of(type_: &str, name: &str) -> (String, String) {
        (type_.to_owned(), name.to_owned())
    }

    #[test]
    fn a_watch_goes_on_where_a_list_ended() {
        let (mut server, mut kernel) = (ApiServer::new(), Kernel::new(1, Time::EPOCH));
        write(&mut server, &mut kernel, "a");
        let listed = server.revision();
        write(&mut server, &mut kernel, "b");
        let request = Request::get(PATH)
            .with_query("watch", "true")
            .with_query("resourceVersion", listed.to_string());
        let mut watch = server.open_watch(kernel.now, &request).expect("is open");
        assert_eq!(
            seen(&server.poll_watch(kernel.now, &mut watch)),
            [of("ADDED", "b")]
        );
        let delete = Request::new(Method::Delete, format!("{PATH}/a"));
        server.handle(&mut kernel, &delete);
        assert_eq!(
            seen(&server.poll_watch(kernel.now, &mut watch)),
            [of("DELETED", "a")]
        );
        assert!(server.poll_watch(kernel.now, &mut watch).is_empty());
    }

    #[test]
    fn what_enters_and_leaves_a_selection_is_added_and_deleted() {
        let (mut server, mut kernel) = (ApiServer::new(), Kernel::new(1, Time::EPOCH));
        write(&mut server, &mut kernel, "a");
        let request = Request::get(PATH).with_query("labelSelector", "tier=a");
        let mut watch = server.open_watch(kernel.now, &request).expect("is open");
        assert_eq!(
            seen(&server.poll_watch(kernel.now, &mut watch)),
            [of("ADDED", "a")]
        );
        let options = WriteOptions::default();
        let caller = Caller::admin("test");
        for tier in ["z", "a"] {
            let mut object = server.list_objects(watch.cursor.kind, None).remove(0);
            let labels = object.meta_mut().labels.get_or_insert_default();
            labels.insert("tier".to_owned(), tier.to_owned());
            let written = server.update_object(&mut kernel, &caller, object, &options);
            assert!(written.is_ok());
        }
        assert_eq!(
            seen(&server.poll_watch(kernel.now, &mut watch)),
            [of("DELETED", "a"), of("ADDED", "a")]
        );
    }

    #[test]
    fn a_revision_that_is_gone_has_to_be_listed_again() {
        let (mut server, mut kernel) = (ApiServer::new(), Kernel::new(1, Time::EPOCH));
        for name in ["a", "b", "c"] {
            write(&mut server, &mut kernel, name);
        }
        server.store.compact(server.revision() - 1);
        let at =
            |revision: u64| Request::get(PATH).with_query("resourceVersion", revision.to_string());
        let mut old = server.open_watch(kernel.now, &at(2)).expect("is open");
        let events = server.poll_watch(kernel.now, &mut old);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["type"], "ERROR");
        let status = &events[0]["object"];
        assert_eq!(
            (&status["code"], &status["reason"]),
            (&json!(410), &json!("Expired"))
        );
        assert_eq!(status["message"], "too old resource version: 2 (3)");
        let early = server
            .open_watch(kernel.now, &at(99))
            .err()
            .expect("unknown");
        assert_eq!(
            early.message,
            "Timeout: Too large resource version: 99, current: 4"
        );
    }
}
