//! What is kept beside an object: the owners of its fields, as far as they were worked out, and
//! the writes since.
//!
//! A write of a manager that wrote last, to the same part of the object, is joined with the one
//! before: what lies between the two states is then not looked at. Who changes a field that is
//! somebody else's, and changes it back before anybody else writes, is not told to own it.

use std::cell::OnceCell;
use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Event, Pod, PodStatus};
use serde_json::{Map, Value};

use super::compare::{Comparison, compare};
use super::managers::{self, Manager};
use super::schema::Type;
use super::set::Set;
use crate::api::time::from_api;
use crate::api::{Kind, KindInfo, Object, Resource, codec};
use crate::sim::Time;

/// After how many writes the owners are worked out though nobody asks.
const MOST_PENDING: usize = 8;

/// What the names of kubelets begin with, which all manage fields as one.
const NODE: &str = "node:";

/// An object as a write found it.
#[derive(Clone, Debug)]
enum Before {
    Whole(Object),
    /// Of a pod whose status was written, and nothing else: the status.
    Status(Shared<PodStatus>),
}

/// The status that was put aside last. Pods that come in many are bound in the same second, and what the kubelets
/// then find is the same: they share one copy.
pub type LastStatus = Option<Shared<PodStatus>>;

/// A write, as the owners of fields see it.
#[derive(Clone, Debug)]
pub struct Write {
    pub manager: Rc<str>,
    /// Empty for the object itself.
    pub subresource: &'static str,
    pub time: Time,
    /// `None` when the object was created.
    before: Option<Before>,
    /// As the writer sent it, with its defaults; before the server added its own.
    pub after: Object,
}

impl Write {
    pub fn new(
        manager: &Rc<str>,
        subresource: &'static str,
        time: Time,
        before: Option<&Object>,
        after: &Object,
    ) -> Write {
        Write {
            manager: manager.clone(),
            subresource,
            time,
            before: before.cloned().map(Before::Whole),
            after: after.clone(),
        }
    }

    /// A write to the status leaves the rest as it is: of a pod's old version the status alone is
    /// kept.
    fn slim(mut self, last: &mut LastStatus) -> Write {
        if !self.is_plain() {
            return self;
        }
        let Some(Before::Whole(object)) = &self.before else {
            return self;
        };
        let status = object.get::<Pod>().and_then(|pod| pod.status.as_ref());
        let Some(status) = status else {
            return self;
        };
        let shared = match last {
            Some(last) if *last == *status => last.clone(),
            _ => last.insert(status.clone()).clone(),
        };
        self.before = Some(Before::Status(shared));
        self
    }

    /// Whether this has written the status of a pod, and nothing else.
    fn is_plain(&self) -> bool {
        let before = match &self.before {
            Some(Before::Whole(before)) => before.get::<Pod>(),
            _ => None,
        };
        let pods = before.zip(self.after.get::<Pod>());
        pods.is_some_and(|(before, after)| {
            let (old, new) = (&before.metadata, &after.metadata);
            self.subresource == "status"
                && old.labels == new.labels
                && old.annotations == new.annotations
                && old.finalizers == new.finalizers
                && old.owner_references == new.owner_references
                && old.generate_name == new.generate_name
        })
    }

    fn found(&self) -> Comparison {
        let info = self.after.info();
        let mut found = {
            let json = |object: &Object| {
                let mut value = object.to_value();
                if let (Some(map), "status") = (value.as_object_mut(), self.subresource) {
                    map.remove("spec");
                }
                value
            };
            let after = json(&self.after);
            let before = match &self.before {
                None => Value::Object(Map::new()),
                Some(Before::Whole(object)) => json(object),
                Some(Before::Status(status)) => {
                    let mut before = after.clone();
                    before["status"] = codec::encode(&**status);
                    before
                }
            };
            compare(&before, &after, Type::of_kind(self.after.kind()))
        };
        found.ignore(&reset_fields(info, self.subresource));
        found
    }
}

/// The fields that a write to a part of an object does not reach.
pub fn reset_fields(info: &KindInfo, subresource: &str) -> Set {
    match subresource {
        "" if info.has_subresource("status") => Set::of(&[&["f:status"]]),
        "status" if info.kind == "Pod" => Set::of(&[
            &["f:spec"],
            &["f:metadata", "f:deletionTimestamp"],
            &["f:metadata", "f:ownerReferences"],
        ]),
        "status" if info.kind == "Deployment" => {
            Set::of(&[&["f:spec"], &["f:metadata", "f:labels"]])
        }
        "status" if info.kind == "CustomResourceDefinition" => {
            Set::of(&[&["f:spec"], &["f:metadata"]])
        }
        "status" if info.kind == "CertificateSigningRequest" => {
            Set::of(&[&["f:spec"], &["f:status", "f:conditions"]])
        }
        "approval" => Set::of(&[&["f:spec"], &["f:status", "f:certificate"]]),
        "status" => Set::of(&[&["f:spec"]]),
        _ => Set::default(),
    }
}

/// The manager that a caller writes as.
pub fn manager_of(caller: &Rc<str>) -> &str {
    match caller.starts_with(NODE) {
        true => "kubelet",
        false => caller,
    }
}

/// The name of a manager, from what a client calls itself: the first part of its user agent, at
/// most 128 bytes.
pub fn field_manager(client: &Rc<str>) -> Rc<str> {
    const LONGEST: usize = 128;
    let prefix = client.split('/').next().unwrap_or_default();
    if prefix.len() == client.len() && prefix.len() <= LONGEST && !prefix.is_empty() {
        return client.clone();
    }
    let mut name = String::new();
    for c in prefix.chars().filter(|c| !c.is_control()) {
        if name.len() + c.len_utf8() > LONGEST {
            break;
        }
        name.push(c);
    }
    match name.as_str() {
        "" => "unknown".into(),
        name => name.into(),
    }
}

/// Whether a client asks to forget all owners: a list with one empty entry.
pub fn is_reset(object: &Object) -> bool {
    let default = k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry::default();
    matches!(&object.meta().managed_fields, Some(list) if *list == [default])
}

/// The owners of the fields of one version of an object.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// `None` where nobody was worked out yet: so it is for most objects.
    base: Option<Rc<Vec<Manager>>>,
    pending: Vec<Write>,
    /// Whether owners are followed: not after they were reset, until somebody applies.
    untracked: bool,
    found: OnceCell<Rc<Vec<Manager>>>,
}

impl Owners {
    pub fn of(managers: Vec<Manager>) -> Owners {
        Owners {
            untracked: managers.is_empty(),
            base: Some(Rc::new(managers)),
            pending: Vec::new(),
            found: OnceCell::new(),
        }
    }

    /// Who has created an event, if nobody has written it since.
    pub fn creator(&self, object: &Object) -> Option<&str> {
        let [write] = self.pending.as_slice() else {
            return None;
        };
        let created = object.meta().creation_timestamp.as_ref();
        let then = created.map(|t| managers::whole_seconds(from_api(t)));
        let is_known = self.base.is_none()
            && !self.untracked
            && write.before.is_none()
            && write.subresource.is_empty()
            && then == Some(managers::whole_seconds(write.time))
            && is_same(&write.after, object);
        is_known.then(|| manager_of(&write.manager))
    }

    /// The owners after one more write.
    pub fn after(&self, write: Write, last: &mut LastStatus) -> Owners {
        if self.untracked && write.before.is_some() {
            return self.clone();
        }
        let mut next = Owners {
            base: self.base.clone(),
            pending: self.pending.clone(),
            untracked: false,
            found: OnceCell::new(),
        };
        let joins = next.pending.last_mut().filter(|former| {
            former.before.is_some()
                && write.before.is_some()
                && former.manager == write.manager
                && former.subresource == write.subresource
                && is_light(write.after.kind(), write.subresource)
                && (!matches!(former.before, Some(Before::Status(_))) || write.is_plain())
        });
        if let Some(former) = joins {
            former.after = write.after;
            former.time = write.time;
            return next;
        }
        // Most objects are written once, and a list makes room for four by itself.
        next.pending.reserve_exact(1);
        next.pending.push(write.slim(last));
        if next.pending.len() > MOST_PENDING {
            return Owners::of(next.managers().to_vec());
        }
        next
    }

    /// The managers, in the order of `metadata.managedFields`.
    pub fn managers(&self) -> &[Manager] {
        let base = self.base.as_deref().map_or(&[][..], Vec::as_slice);
        if self.pending.is_empty() {
            return base;
        }
        self.found.get_or_init(|| {
            let mut managers = base.to_vec();
            for write in &self.pending {
                let writer = Manager {
                    name: manager_of(&write.manager).to_owned(),
                    applies: false,
                    api_version: write.after.info().api_version(),
                    subresource: write.subresource.to_owned(),
                    time: Some(managers::whole_seconds(write.time)),
                    fields: Set::default(),
                };
                managers::update(&mut managers, &writer, &write.found());
            }
            Rc::new(managers)
        })
    }

    /// As `metadata.managedFields`.
    pub fn to_value(&self) -> Value {
        self.managers().iter().map(Manager::to_value).collect()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.base.as_ref().is_none_or(|b| b.is_empty()) && self.pending.is_empty()
    }
}

/// Whether both are the very same event in memory.
fn is_same(one: &Object, other: &Object) -> bool {
    let events = one.get::<Event>().zip(other.get::<Event>());
    events.is_some_and(|(one, other)| Rc::ptr_eq(one, other))
}

/// Whether what the server adds to such a write is too little to keep a copy from before: its
/// writes are compared as they are stored.
pub fn is_light(kind: Kind, subresource: &str) -> bool {
    const PLAIN: [&str; 5] = [
        "Lease",
        "Endpoints",
        "EndpointSlice",
        "ControllerRevision",
        "Event",
    ];
    !subresource.is_empty() || kind == Event::KIND || PLAIN.contains(&kind.info().kind)
}
