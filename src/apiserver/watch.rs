//! Watching: pushed to components with a latency, pulled by clients from a revision.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::store::{Change, Range};
use super::{ApiServer, Stored};
use crate::api::{Key, Kind, Object, Resource, Result, Status};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{CauseId, Kernel, Time};

/// What happened to an object, from the watcher's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Added,
    Modified,
    Deleted,
}

impl EventType {
    /// The `type` of a watch event on the wire.
    pub fn name(self) -> &'static str {
        match self {
            EventType::Added => "ADDED",
            EventType::Modified => "MODIFIED",
            EventType::Deleted => "DELETED",
        }
    }
}

/// One event of a watch.
#[derive(Clone, Debug)]
pub struct WatchEvent {
    pub event: EventType,
    /// The object now; for `Deleted`, as it was last, with the revision of the deletion.
    pub object: Object,
    pub revision: u64,
    /// Why the change was made.
    pub cause: CauseId,
}

/// How long a change takes to reach a watcher: drawn evenly from a range, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    pub least_nanos: u64,
    pub most_nanos: u64,
}

/// Names a watcher. Stays valid for the life of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatcherId(pub u32);

/// What a component wants to be told.
#[derive(Clone, Debug)]
pub struct WatchRequest {
    pub kind: Kind,
    /// Restricts pods to those bound to a node (`spec.nodeName=`). Indexed: a watcher costs
    /// nothing for the pods of other nodes.
    pub node: Option<Rc<str>>,
    /// Opaque to the API server: whom the cluster hands the events to.
    pub subscriber: u32,
    pub latency: Latency,
}

/// How well the events of a watch come through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WatchState {
    #[default]
    Open,
    /// They come so much later.
    Late(Duration),
    /// None comes. Once the watch is open again, its client lists anew, and so learns what it
    /// missed.
    Stuck,
}

#[derive(Clone)]
struct Watcher {
    request: WatchRequest,
    stream: Rc<str>,
    pending: VecDeque<(Time, WatchEvent)>,
    /// The delivery of the newest pending event: later ones do not overtake it.
    last: Time,
    state: WatchState,
    /// What its client knew when the watch got stuck.
    view: BTreeMap<Key, Object>,
}

#[derive(Clone, Default)]
pub(super) struct Watchers {
    all: Vec<Watcher>,
    by_kind: BTreeMap<Kind, Vec<WatcherId>>,
    by_node: BTreeMap<Rc<str>, Vec<WatcherId>>,
    /// Prefixes of keys, to find the kind of a change.
    kinds: BTreeMap<Kind, ()>,
}

fn node_of(object: &Object) -> Option<&str> {
    object.get::<Pod>()?.spec.as_ref()?.node_name.as_deref()
}

impl Watchers {
    fn add(&mut self, request: WatchRequest) -> WatcherId {
        let id = WatcherId(self.all.len() as u32);
        match &request.node {
            Some(node) => self.by_node.entry(node.clone()).or_default().push(id),
            None => self.by_kind.entry(request.kind).or_default().push(id),
        }
        self.kinds.insert(request.kind, ());
        // Not by its number: a new kind would change the latencies of all watches after it.
        let info = request.kind.info();
        let stream = format!(
            "watch/{}/{}.{}",
            request.subscriber, info.plural, info.group
        )
        .into();
        self.all.push(Watcher {
            request,
            stream,
            pending: VecDeque::new(),
            last: Time(0),
            state: WatchState::Open,
            view: BTreeMap::new(),
        });
        id
    }

    pub fn notify(
        &mut self,
        kernel: &mut Kernel,
        change: &Change<Stored>,
        wakeups: &mut Vec<(Time, WatcherId)>,
    ) {
        let Some(object) = change.value.as_ref().or(change.previous.as_ref()) else {
            return;
        };
        let kind = object.kind();
        if !self.kinds.contains_key(&kind) {
            return;
        }
        let whole = event_of(change, |_| true);
        for id in self.by_kind.get(&kind).cloned().unwrap_or_default() {
            self.send(kernel, id, whole.clone(), wakeups);
        }
        if kind == Pod::KIND && !self.by_node.is_empty() {
            let nodes = [change.previous.as_ref(), change.value.as_ref()]
                .map(|o| o.and_then(|stored| node_of(stored.whole()?)));
            let mut seen: Option<&str> = None;
            for node in nodes.into_iter().flatten() {
                if seen == Some(node) {
                    continue;
                }
                seen = Some(node);
                for id in self.by_node.get(node).cloned().unwrap_or_default() {
                    let event = event_of(change, |object| node_of(object) == Some(node));
                    self.send(kernel, id, event, wakeups);
                }
            }
        }
    }

    fn send(
        &mut self,
        kernel: &mut Kernel,
        id: WatcherId,
        event: Option<WatchEvent>,
        wakeups: &mut Vec<(Time, WatcherId)>,
    ) {
        let (Some(watcher), Some(event)) = (self.all.get_mut(id.0 as usize), event) else {
            return;
        };
        let late = match watcher.state {
            WatchState::Stuck => return,
            WatchState::Late(by) => u64::try_from(by.as_nanos()).unwrap_or(u64::MAX),
            WatchState::Open => 0,
        };
        let latency = watcher.request.latency;
        let stream = watcher.stream.clone();
        let delay = kernel
            .rng(&stream)
            .between(latency.least_nanos, latency.most_nanos);
        let at = kernel.now.0.saturating_add(delay).saturating_add(late);
        let at = Time(at).max(watcher.last);
        if watcher.pending.is_empty() {
            wakeups.push((at, id));
        }
        watcher.last = at;
        watcher.pending.push_back((at, event));
    }
}

/// The event that a watcher sees which is interested in the objects that `wanted` names.
fn event_of(change: &Change<Stored>, wanted: impl Fn(&Object) -> bool) -> Option<WatchEvent> {
    let before = change.previous.as_ref().map(Stored::object);
    let before = before.filter(|o| wanted(o));
    let after = change.value.as_ref().map(Stored::object);
    let after = after.filter(|o| wanted(o));
    let (event, object) = match (before, after) {
        (None, Some(now)) => (EventType::Added, now),
        (Some(_), Some(now)) => (EventType::Modified, now),
        (Some(was), None) => {
            let mut last = change.value.as_ref().map_or(was, Stored::object);
            last.meta_mut().resource_version = Some(change.revision.to_string());
            (EventType::Deleted, last)
        }
        (None, None) => return None,
    };
    Some(WatchEvent {
        event,
        object,
        revision: change.revision,
        cause: change.cause,
    })
}

/// A client's place in the stream of changes. Pulling does not change the cluster, so people may
/// watch without disturbing what they watch.
#[derive(Clone, Debug)]
pub struct Cursor {
    pub kind: Kind,
    /// `None` for all namespaces.
    pub namespace: Option<Rc<str>>,
    /// The last revision that was seen.
    pub revision: u64,
}

impl ApiServer {
    /// Starts to push events to a component. It first receives an `Added` for every object that
    /// exists, as a list followed by a watch would show them.
    pub fn watch(&mut self, kernel: &mut Kernel, request: WatchRequest) -> WatcherId {
        let existing = self.list_objects(request.kind, None);
        let node = request.node.clone();
        let id = self.watchers.add(request);
        for object in existing {
            if node.is_none() || node_of(&object) == node.as_deref() {
                let revision = object.revision();
                let event = WatchEvent {
                    event: EventType::Added,
                    object,
                    revision,
                    cause: CauseId::NONE,
                };
                self.watchers
                    .send(kernel, id, Some(event), &mut self.wakeups);
            }
        }
        id
    }

    /// Whom a watcher's events go to.
    pub fn subscriber(&self, id: WatcherId) -> Option<u32> {
        self.watchers
            .all
            .get(id.0 as usize)
            .map(|w| w.request.subscriber)
    }

    /// Ends the watches of a component whose process is gone.
    pub fn drop_watches(&mut self, subscriber: u32) {
        let of = |id: &WatcherId, all: &[Watcher]| {
            let watcher = all.get(id.0 as usize);
            watcher.is_some_and(|w| w.request.subscriber == subscriber)
        };
        let all = &mut self.watchers.all;
        for watcher in all.iter_mut() {
            if watcher.request.subscriber == subscriber {
                watcher.pending.clear();
                watcher.state = WatchState::Open;
                watcher.view = BTreeMap::new();
            }
        }
        let lists = self.watchers.by_kind.values_mut();
        for list in lists.chain(self.watchers.by_node.values_mut()) {
            list.retain(|id| !of(id, all));
        }
    }

    /// Sets how well events come through, by subscriber and kind.
    pub fn set_watches(&mut self, kernel: &mut Kernel, state: &dyn Fn(u32, Kind) -> WatchState) {
        for i in 0..self.watchers.all.len() {
            let Some(watcher) = self.watchers.all.get(i) else {
                continue;
            };
            let (kind, node) = (watcher.request.kind, watcher.request.node.clone());
            let was = watcher.state;
            let is = state(watcher.request.subscriber, kind);
            if was == is {
                continue;
            }
            let id = WatcherId(i as u32);
            let listed = match was == WatchState::Stuck || is == WatchState::Stuck {
                true => self.list_objects(kind, None),
                false => Vec::new(),
            };
            let of_node = |o: &Object| node.is_none() || node_of(o) == node.as_deref();
            let listed: Vec<Object> = listed.into_iter().filter(of_node).collect();
            let Some(watcher) = self.watchers.all.get_mut(i) else {
                continue;
            };
            watcher.state = is;
            if is == WatchState::Stuck {
                // What is on its way still arrives.
                watcher.view = listed.into_iter().map(|o| (o.key(), o)).collect();
            } else if was == WatchState::Stuck {
                let view = std::mem::take(&mut watcher.view);
                self.relist(kernel, id, view, listed);
            }
        }
    }

    /// A client lists anew, and compares with what it knew.
    fn relist(
        &mut self,
        kernel: &mut Kernel,
        id: WatcherId,
        mut view: BTreeMap<Key, Object>,
        listed: Vec<Object>,
    ) {
        let mut send = |event: EventType, object: Object| {
            let revision = object.revision();
            let event = WatchEvent {
                event,
                object,
                revision,
                cause: CauseId::NONE,
            };
            self.watchers
                .send(kernel, id, Some(event), &mut self.wakeups);
        };
        for object in listed {
            match view.remove(&object.key()) {
                Some(known) if known.revision() == object.revision() => {}
                Some(known) if known.uid() == object.uid() => send(EventType::Modified, object),
                Some(known) => {
                    send(EventType::Deleted, known);
                    send(EventType::Added, object);
                }
                None => send(EventType::Added, object),
            }
        }
        for known in view.values() {
            send(EventType::Deleted, known.clone());
        }
    }

    /// Takes the next event that is due; asks to be woken for the one after it.
    pub fn next_delivery(&mut self, now: Time, id: WatcherId) -> Option<WatchEvent> {
        let watcher = self.watchers.all.get_mut(id.0 as usize)?;
        if watcher.pending.front().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        let (_, event) = watcher.pending.pop_front()?;
        if let Some((at, _)) = watcher.pending.front() {
            self.wakeups.push((*at, id));
        }
        Some(event)
    }

    /// The events since the cursor, of objects that `wanted` names; moves the cursor.
    ///
    /// # Errors
    /// 410 `Expired` when the cursor's revision is compacted: the client has to list again.
    pub fn pull(
        &self,
        cursor: &mut Cursor,
        wanted: &dyn Fn(&Object) -> bool,
    ) -> Result<Vec<WatchEvent>> {
        let range = Range::new(cursor.kind, cursor.namespace.as_deref());
        let changes = self.store.since(cursor.revision).map_err(|compacted| {
            Status::expired(format!(
                "too old resource version: {} ({})",
                cursor.revision, compacted.oldest
            ))
        })?;
        let events = changes
            .filter(|change| range.contains(&change.place))
            .filter_map(|change| event_of(change, wanted))
            .collect();
        cursor.revision = self.store.revision();
        Ok(events)
    }
}
