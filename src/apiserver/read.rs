//! Reading: one object, or those that a selection names.

use super::store::{Place, Range};
use super::{ApiServer, Stored};
use crate::api::{Key, Kind, Object, Resource, Result, Status};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use std::rc::Rc;

fn plain(stored: &Option<Stored>) -> Option<Object> {
    stored.as_ref().map(Stored::object)
}

/// A restriction on labels or fields, decided elsewhere.
pub type Selection<'f> = &'f dyn Fn(&Object) -> bool;

impl ApiServer {
    pub fn get_object(&self, kind: Kind, namespace: &str, name: &str) -> Result<Object> {
        self.store
            .get(&Place::new(kind, namespace, name))
            .map(Stored::object)
            .ok_or_else(|| Status::not_found(kind.info(), name))
    }

    /// The object of type `T`; `None` when there is none.
    pub fn get<T: Resource>(&self, key: &Key) -> Option<Rc<T>> {
        let place = Place::new(T::KIND, &key.namespace, &key.name);
        self.store.get(&place)?.object().get::<T>().cloned()
    }

    /// What an ownerReference of an object in this namespace leads to, if that exists.
    pub fn owner(&self, namespace: &str, owner: &OwnerReference) -> Option<Object> {
        let kind = self.kinds().find(|kind| {
            let info = kind.info();
            info.kind == owner.kind && info.api_version() == owner.api_version
        })?;
        let namespace = match kind.info().namespaced {
            true => namespace,
            false => "",
        };
        let found = self.get_object(kind, namespace, &owner.name).ok();
        found.filter(|object| object.uid() == owner.uid)
    }

    /// The objects of a kind, ordered by namespace and name. `None` means all namespaces.
    pub fn list_objects(&self, kind: Kind, namespace: Option<&str>) -> Vec<Object> {
        self.store
            .range(&Range::new(kind, namespace))
            .map(|(_, stored)| stored.object())
            .collect()
    }

    pub fn list<T: Resource>(&self, namespace: Option<&str>) -> Vec<Rc<T>> {
        self.store
            .range(&Range::new(T::KIND, namespace))
            .filter_map(|(_, stored)| stored.object().get::<T>().cloned())
            .collect()
    }

    /// The revision that an object which is there came with: unlike its time it is never that of another one.
    pub fn born(&self, kind: Kind, key: &Key) -> Option<u64> {
        let place = Place::new(kind, &key.namespace, &key.name);
        self.store.version(&place).map(|version| version.created)
    }

    /// The object before and after the change that made `revision`; `None` when it is compacted.
    pub fn change(&self, revision: u64) -> Option<(Option<Object>, Option<Object>)> {
        let change = self.store.since(revision.checked_sub(1)?).ok()?.next()?;
        (change.revision == revision).then(|| (plain(&change.previous), plain(&change.value)))
    }

    /// Whether there is any object of a kind in a namespace.
    pub fn any(&self, kind: Kind, namespace: Option<&str>) -> bool {
        self.store
            .range(&Range::new(kind, namespace))
            .next()
            .is_some()
    }
}
