//! What is stored under a key: an object, and beside it the owners of its fields.

use std::rc::Rc;

use super::fields::{Owners, Write};
use super::store::{Place, Weigh};
use crate::api::packed::{Packed, Packer};
use crate::api::time::from_api;
use crate::api::{Kind, Object, Resource};
use k8s_openapi::api::core::v1::Event;

/// A pod is as large as some events.
const POD_WEIGHS: usize = 3;

/// Of so many addresses, one weighs as much as another object.
const ADDRESSES_WEIGH: usize = 8;

#[derive(Clone)]
pub(super) enum Stored {
    Whole {
        object: Object,
        owners: Rc<Owners>,
        /// Where it is stored, as an etcd names it: all versions share one text.
        key: Rc<str>,
    },
    /// An event that nobody but its creator has written.
    Packed(Packed),
}

impl Stored {
    /// Packs an event that is new.
    pub fn new(object: Object, owners: Rc<Owners>, key: Rc<str>, packer: &mut Packer) -> Stored {
        if let Object::Event(event) = &object
            && let Some(creator) = owners.creator(&object)
        {
            return Stored::Packed(packer.pack(event, creator));
        }
        Stored::Whole {
            object,
            owners,
            key,
        }
    }

    pub fn object(&self) -> Object {
        match self {
            Stored::Whole { object, .. } => object.clone(),
            Stored::Packed(packed) => Object::Event(Rc::new(packed.event())),
        }
    }

    /// The object, unless it is an event that would have to be unpacked.
    pub fn whole(&self) -> Option<&Object> {
        match self {
            Stored::Whole { object, .. } => Some(object),
            Stored::Packed(_) => None,
        }
    }

    /// The owners of its fields; `object` is what [`Stored::object`] has given.
    pub fn owners(&self, object: &Object) -> Rc<Owners> {
        match self {
            Stored::Whole { owners, .. } => owners.clone(),
            Stored::Packed(packed) => {
                let created = object.meta().creation_timestamp.as_ref();
                let time = created.map(from_api).unwrap_or_default();
                let write = Write::new(packed.by(), "", time, None, object);
                Rc::new(Owners::default().after(write, &mut None))
            }
        }
    }

    pub fn parts(&self) -> (Object, Rc<Owners>) {
        let object = self.object();
        let owners = self.owners(&object);
        (object, owners)
    }

    pub fn kind(&self) -> Kind {
        self.whole().map_or(Event::KIND, Object::kind)
    }

    pub fn revision(&self) -> u64 {
        match self {
            Stored::Whole { object, .. } => object.revision(),
            Stored::Packed(packed) => packed.version().parse().unwrap_or_default(),
        }
    }

    /// Its key in an etcd, which `place` names.
    pub fn key(&self, place: &Place) -> Rc<str> {
        match self {
            Stored::Whole { key, .. } => key.clone(),
            Stored::Packed(_) => place.key(),
        }
    }
}

impl Weigh for Stored {
    fn weight(&self) -> usize {
        let addresses = match self.whole() {
            Some(Object::Endpoints(endpoints)) => {
                let subsets = endpoints.subsets.iter().flatten();
                let lists = subsets.flat_map(|s| [&s.addresses, &s.not_ready_addresses]);
                lists.map(|list| list.as_ref().map_or(0, Vec::len)).sum()
            }
            Some(Object::EndpointSlice(slice)) => slice.endpoints.as_ref().map_or(0, Vec::len),
            Some(Object::Pod(_)) => return POD_WEIGHS,
            _ => 0,
        };
        1 + addresses / ADDRESSES_WEIGH
    }
}
