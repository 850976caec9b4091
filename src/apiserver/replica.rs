//! What another API server holds, taken in as it is: for a page that shows a real cluster.
//!
//! Nothing is defaulted, admitted, validated or allocated: the other server has done that. Uids and
//! times stay; the resource versions are this store's own, for they order its watches.

use std::rc::Rc;

use super::store::{Expect, Place};
use super::{ApiServer, place_of};
use crate::api::{Key, Kind, Object};
use crate::apiserver::Caller;
use crate::sim::Kernel;

/// Who writes here.
const REPLICA: &str = "replica";

impl ApiServer {
    /// Takes an object in, in place of what was there under its name. One that is the same already is
    /// not written again: tells whether it was.
    pub fn replicate(&mut self, kernel: &mut Kernel, mut object: Object) -> bool {
        let kind = object.kind();
        if let Ok(old) = self.get_object(kind, object.namespace(), object.name()) {
            let meta = object.meta_mut();
            meta.resource_version = old.meta().resource_version.clone();
            if object.to_value() == old.to_value() {
                return false;
            }
        }
        let place = place_of(&object);
        let expect = match self.store.get(&place) {
            Some(_) => Expect::Anything,
            None => Expect::Absent,
        };
        let caller = Caller::component(REPLICA);
        self.put_owned(kernel, &caller, "update", object, Rc::default(), expect)
            .is_some()
    }

    /// Forgets an object that the other server no longer has.
    pub fn forget(&mut self, kernel: &mut Kernel, kind: Kind, key: &Key) -> bool {
        let place = Place::new(kind, &key.namespace, &key.name);
        self.remove_as(kernel, &REPLICA.into(), &place).is_some()
    }
}
