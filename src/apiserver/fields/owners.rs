//! What is kept beside an object: the owners of its fields, as far as they were worked out, and
//! the writes since.
//!
//! A write of a manager that wrote last, to the same part of the object, is joined with the one
//! before: what lies between the two states is then not looked at. Who changes a field that is
//! somebody else's, and changes it back before anybody else writes, is not told to own it.

use std::cell::OnceCell;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::{Map, Value};

use super::compare::{Comparison, compare};
use super::managers::{self, Manager};
use super::schema::Type;
use super::set::Set;
use crate::api::{Kind, KindInfo, Object, Resource};
use crate::sim::Time;

/// After how many writes the owners are worked out though nobody asks.
const MOST_PENDING: usize = 8;

/// What the names of kubelets begin with, which all manage fields as one.
const NODE: &str = "node:";

/// A write, as the owners of fields see it.
#[derive(Clone, Debug)]
pub struct Write {
    pub manager: Rc<str>,
    /// Empty for the object itself.
    pub subresource: &'static str,
    pub time: Time,
    /// `None` when the object was created.
    pub before: Option<Object>,
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
            before: before.cloned(),
            after: after.clone(),
        }
    }

    /// A write to the status leaves the rest as it is: of a pod's old version the status alone is
    /// kept.
    fn slim(mut self) -> Write {
        let pod = self.before.as_ref().and_then(|object| object.get::<Pod>());
        if let (Some(pod), "status") = (pod, self.subresource) {
            self.before = Some(Pod::into_object(Rc::new(Pod {
                metadata: pod.metadata.clone(),
                spec: None,
                status: pod.status.clone(),
            })));
        }
        self
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
            let before = self.before.as_ref().map(json);
            let before = before.unwrap_or_else(|| Value::Object(Map::new()));
            compare(
                &before,
                &json(&self.after),
                Type::of_kind(self.after.kind()),
            )
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
    base: Rc<Vec<Manager>>,
    pending: Vec<Write>,
    /// Whether owners are followed: not after they were reset, until somebody applies.
    untracked: bool,
    found: OnceCell<Rc<Vec<Manager>>>,
}

impl Owners {
    pub fn of(managers: Vec<Manager>) -> Owners {
        Owners {
            untracked: managers.is_empty(),
            base: Rc::new(managers),
            pending: Vec::new(),
            found: OnceCell::new(),
        }
    }

    /// The owners after one more write.
    pub fn after(&self, write: Write) -> Owners {
        if self.untracked && write.before.is_some() {
            return self.clone();
        }
        let mut next = Owners {
            base: self.base.clone(),
            pending: self.pending.clone(),
            untracked: false,
            found: OnceCell::new(),
        };
        let joins = next.pending.last_mut().filter(|last| {
            last.before.is_some()
                && write.before.is_some()
                && last.manager == write.manager
                && last.subresource == write.subresource
                && is_light(write.after.kind(), write.subresource)
        });
        if let Some(last) = joins {
            last.after = write.after;
            last.time = write.time;
            return next;
        }
        // Most objects are written once, and a list makes room for four by itself.
        next.pending.reserve_exact(1);
        next.pending.push(write.slim());
        if next.pending.len() > MOST_PENDING {
            return Owners::of(next.managers().to_vec());
        }
        next
    }

    /// The managers, in the order of `metadata.managedFields`.
    pub fn managers(&self) -> &[Manager] {
        if self.pending.is_empty() {
            return &self.base;
        }
        self.found.get_or_init(|| {
            let mut managers = self.base.to_vec();
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
        self.base.is_empty() && self.pending.is_empty()
    }
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
