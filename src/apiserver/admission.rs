//! Admission: what the cluster demands of a request beyond the rules of the kind.

use k8s_openapi::api::core::v1::Namespace;

use super::{ApiServer, Caller};
use crate::api::field::{Errors, Path};
use crate::api::{Key, Object, Resource, Result, Status};
use crate::sim::Kernel;

impl ApiServer {
    pub(super) fn admit_create(
        &mut self,
        _kernel: &mut Kernel,
        _caller: &Caller,
        object: &mut Object,
    ) -> Result<()> {
        self.admit_namespace(object)
    }

    pub(super) fn admit_update(
        &mut self,
        _kernel: &mut Kernel,
        _caller: &Caller,
        _object: &mut Object,
        _old: &Object,
    ) -> Result<()> {
        Ok(())
    }

    /// NamespaceLifecycle: the namespaces of the system stay.
    pub(super) fn admit_delete(&self, object: &Object) -> Result<()> {
        const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];
        if object.kind() == Namespace::KIND && IMMORTAL.contains(&object.name()) {
            let detail = "this namespace may not be deleted";
            return Err(Status::forbidden(object.info(), object.name(), detail));
        }
        Ok(())
    }

    /// NamespaceLifecycle: nothing is created in a namespace that is missing or going.
    fn admit_namespace(&self, object: &Object) -> Result<()> {
        if !object.info().namespaced {
            return Ok(());
        }
        match self.get::<Namespace>(&Key::new("", object.namespace())) {
            None => Err(Status::not_found(
                Namespace::KIND.info(),
                object.namespace(),
            )),
            Some(namespace) if namespace.metadata.deletion_timestamp.is_some() => {
                let detail = format!(
                    "unable to create new content in namespace {} because it is being terminated",
                    object.namespace()
                );
                Err(Status::forbidden(object.info(), object.name(), &detail))
            }
            Some(_) => Ok(()),
        }
    }
}

/// The rules of metadata that hold for every kind.
pub(super) fn metadata_errors(object: &Object) -> Errors {
    let mut errors = Errors::default();
    if object.name().is_empty() {
        errors.required(
            &Path::new("metadata").child("name"),
            "name or generateName is required",
        );
    }
    errors
}

/// The rules for changes of metadata that hold for every kind.
pub(super) fn metadata_update_errors(_object: &Object, _old: &Object) -> Errors {
    Errors::default()
}
