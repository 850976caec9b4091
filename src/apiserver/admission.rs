//! Admission: what the cluster demands of a request beyond the rules of the kind, and what it
//! adds (`k8s.io/kubernetes/plugin/pkg/admission`). Plugins run in the order of a real server.

mod bounds;
pub(super) mod certificates;
mod classes;
mod limit_ranger;
mod matching;
pub(super) mod nodes;
mod pod_resize;
mod pod_security;
mod pod_topology;
mod policies;
mod priority;
mod quota;
mod service_account;
mod storage;
mod tolerations;
mod webhooks;

use k8s_openapi::api::core::v1::{Namespace, Pod};

use super::{ApiServer, Caller};
use crate::api::status::Cause;
use crate::api::{Key, Object, Resource, Result, Status};
use crate::sim::Kernel;
use nodes::Act;

pub(super) use matching::Asked;
pub(super) use quota::Charges;
pub(super) use service_account::token_source;
pub(super) use tolerations::{Defaults as DefaultTolerations, defaults as default_tolerations};

impl ApiServer {
    pub(super) fn admit_create(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        object: &mut Object,
    ) -> Result<()> {
        self.admit_custom(object)?;
        self.admit_namespace(object)?;
        self.admit_bounds(object)?;
        self.restrict(caller, (Act::Create, ""), object, None)?;
        nodes::taint_new(object);
        certificates::identify(caller, object);
        if object.kind() == Pod::KIND {
            self.default_limits(object);
            self.admit_service_account(kernel, object)?;
            self.admit_runtime_class(object)?;
            self.admit_priority(object)?;
            tolerations::admit(object, &self.tolerations);
            self.admit_topology(object);
        }
        self.admit_default_class(object);
        self.admit_ingress_class(object);
        storage::protect(object);
        Ok(())
    }

    /// The checks that see the object as it will be written: a name is generated, and the rules of
    /// its kind are kept. Returns what it costs the quotas of its namespace.
    pub(super) fn admit_valid(
        &self,
        kernel: &Kernel,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<Charges> {
        if old.is_none() {
            self.admit_limits(object)?;
        }
        self.admit_security(object, old)?;
        self.admit_levels(object, old)?;
        self.admit_quota(kernel, object, old)
    }

    pub(super) fn admit_update(
        &mut self,
        _kernel: &mut Kernel,
        caller: &Caller,
        part: &str,
        object: &mut Object,
        old: &Object,
    ) -> Result<()> {
        self.restrict(caller, (Act::Update, part), object, Some(old))?;
        if let (Some(new), Some(old)) = (object.edit::<Pod>(), old.get::<Pod>()) {
            priority::keep(new, old);
            tolerations::admit(object, &self.tolerations);
        }
        self.admit_resize(object, old)
    }

    /// What others have put in front of the write of an object, or of its deletion: webhooks, and policies.
    ///
    /// # Errors
    /// It is refused.
    pub(super) fn admit_registered(
        &mut self,
        asked: Asked<'_>,
        object: Option<&Object>,
        old: Option<&Object>,
    ) -> Result<()> {
        let kinds = matching::kinds();
        self.admit_webhooks(kinds.mutating, &asked, object, old)?;
        self.admit_policies(asked, object, old)?;
        self.admit_webhooks(kinds.validating, &asked, object, old)
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
        let name = object.namespace();
        match self.get::<Namespace>(&Key::new("", name)) {
            None => Err(Status::not_found(Namespace::KIND.info(), name)),
            Some(namespace) if namespace.metadata.deletion_timestamp.is_some() => {
                let detail = format!(
                    "unable to create new content in namespace {name} because it is being terminated"
                );
                let mut status = Status::forbidden(object.info(), requested_name(object), &detail);
                status.causes.push(Cause {
                    reason: "NamespaceTerminating".to_owned(),
                    message: format!("namespace {name} is being terminated"),
                    field: "metadata.namespace".to_owned(),
                });
                Err(status)
            }
            Some(_) => Ok(()),
        }
    }
}

/// The name of an object that may not have got one yet.
fn requested_name(object: &Object) -> &str {
    match object.name() {
        "" => object.meta().generate_name.as_deref().unwrap_or_default(),
        name => name,
    }
}
