//! What exists before anyone asks: the namespaces of the system.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Cluster;
use crate::api::{Object, Resource};
use crate::apiserver::{Caller, WriteOptions};

impl Cluster {
    pub(super) fn bootstrap(&mut self) {
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            self.create(Namespace {
                metadata: ObjectMeta {
                    name: Some(name.to_owned()),
                    ..ObjectMeta::default()
                },
                ..Namespace::default()
            });
        }
    }

    fn create<T: Resource>(&mut self, object: T) {
        let caller = Caller::component("kube-apiserver");
        let object: Object = T::into_object(Rc::new(object));
        let options = WriteOptions::default();
        let created = self
            .server
            .create_object(&mut self.kernel, &caller, object, &options);
        debug_assert!(
            created.is_ok(),
            "{}",
            created.err().map(|e| e.message).unwrap_or_default()
        );
    }
}
