//! Objects that are written and deleted past the API server.

use std::rc::Rc;

use serde_json::Value;

use super::refused;
use crate::api::{Kind, Result};
use crate::apiserver::store::{Expect, Place};
use crate::apiserver::{ApiServer, Caller};
use crate::sim::Kernel;

impl ApiServer {
    /// The kind whose keys begin as this one, with the namespace and the name in it.
    fn parts_of<'k>(&self, key: &'k str) -> Option<(Kind, &'k str, &'k str)> {
        let below = key.strip_prefix("/registry/")?;
        for kind in self.kinds() {
            let info = kind.info();
            let Some(rest) = below.strip_prefix(info.prefix) else {
                continue;
            };
            let Some(path) = rest.strip_prefix('/') else {
                continue;
            };
            let parts: Vec<&str> = path.split('/').collect();
            match (info.namespaced, parts.as_slice()) {
                (true, [namespace, name]) => return Some((kind.stored(), namespace, name)),
                (false, [name]) => return Some((kind.stored(), "", name)),
                _ => {}
            }
        }
        None
    }

    /// Puts an object that nobody has validated.
    pub(super) fn put_object(&mut self, kernel: &mut Kernel, key: &str, text: &str) -> Result<()> {
        let cannot = |why: &str| refused(format!("{key}: the API server could not read it: {why}"));
        let parts = self.parts_of(key);
        let (kind, namespace, name) =
            parts.ok_or_else(|| cannot("no kind is kept under such a key"))?;
        let mut value: Value = serde_json::from_str(text)
            .map_err(|error| cannot(&format!("it is not JSON ({error})")))?;
        let info = kind.info();
        if value["kind"] != info.kind {
            return Err(cannot(&format!("its kind is not {}", info.kind)));
        }
        if let Some(meta) = value["metadata"].as_object_mut() {
            meta.remove("managedFields");
        }
        let (object, _) = kind
            .decode(&value)
            .map_err(|_| cannot(&format!("it is no {}", info.kind)))?;
        if object.name() != name || object.namespace() != namespace {
            return Err(cannot("its name and namespace are not those of the key"));
        }
        if object.uid().is_empty() {
            return Err(cannot("it has no metadata.uid"));
        }
        let place = Place::new(kind, namespace, name);
        let old = self.store.get(&place);
        let owners = old.map_or_else(Rc::default, |old| old.owners(&old.object()));
        let expect = match old {
            Some(old) => Expect::Revision(old.revision()),
            None => Expect::Absent,
        };
        let caller = Caller::component("etcdctl");
        let put = self.put_owned(kernel, &caller, "put", object, owners, expect);
        put.map(|_| ())
            .ok_or_else(|| cannot("it has just been changed"))
    }

    /// Takes an object out of the store, whatever holds it.
    pub(super) fn delete_stored(&mut self, kernel: &mut Kernel, key: &str) {
        if let Some((kind, namespace, name)) = self.parts_of(key) {
            let place = Place::new(kind, namespace, name);
            self.remove_as(kernel, &"etcdctl".into(), &place);
        }
    }
}
