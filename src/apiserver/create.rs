//! Creating objects (`k8s.io/apiserver/pkg/registry/generic/registry/store.go` Create).

use std::rc::Rc;

use super::admission::Asked;
use super::fields::{Owners, Write, is_light};
use super::store::Expect;
use super::{ApiServer, Caller, WriteOptions, meta, place_of};
use crate::api::kinds::view_rules;
use crate::api::validation;
use crate::api::{Object, Resource, Result, Status};
use crate::sim::Kernel;
use k8s_openapi::api::core::v1::Pod;

/// How often another name is tried when a generated one is taken.
const GENERATED_NAME_TRIES: usize = 8;

impl ApiServer {
    /// Creates `object`, whose namespace is set. Returns it as stored.
    pub fn create_object(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        object: Object,
        options: &WriteOptions,
    ) -> Result<Object> {
        self.create_owned(kernel, caller, object, options, None)
    }

    /// Creates `object`; `owners` are those of its fields, where it is not just its creator.
    pub(super) fn create_owned(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        mut object: Object,
        options: &WriteOptions,
        owners: Option<Owners>,
    ) -> Result<Object> {
        object = self.under_current(object);
        let info = object.info();
        if info.namespaced && object.namespace().is_empty() {
            object.meta_mut().namespace = Some("default".to_owned());
        }
        meta::drop_empty(object.meta_mut());
        info.strategy.default(&mut object);
        self.share_owners(&mut object);
        // What comes now is the server's, and nobody's field.
        let sent = match &owners {
            None if !is_light(object.kind(), "") => Some(self.template_of(&object)),
            _ => None,
        };
        object.meta_mut().managed_fields = None;
        self.admit_create(kernel, caller, &mut object)?;
        self.check_escalation(caller, &object, None)?;
        meta::fill_system_fields(kernel, &mut object);
        self.generate_name(kernel, &mut object);
        info.strategy.prepare_for_create(&mut object);
        let claim = self.claim(kernel, &mut object, None)?;
        let mut errors = validation::metadata(&object);
        errors.append(info.strategy.validate(&object));
        if options.by_view {
            errors.append(view_rules(&object, None));
        }
        if !errors.is_empty() {
            return Err(Status::invalid(info, object.name(), &errors));
        }
        info.strategy.read_back(&mut object);
        self.admit_certificates(caller, "", &object, None)?;
        let asked = Asked {
            operation: "CREATE",
            subresource: options.subresource,
            caller,
            dry_run: options.dry_run,
        };
        self.admit_registered(asked, Some(&object), None)?;
        let charges = self.admit_valid(kernel, &object, None)?;
        if self.store.get(&place_of(&object)).is_some() {
            return Err(self.already_exists(&object));
        }
        if !options.dry_run && sent.is_none() {
            // Before the owners hold it: else all of it is copied for that.
            self.stamp(&mut object);
        }
        let owners = owners.unwrap_or_else(|| {
            let sent = sent.as_ref().unwrap_or(&object);
            let write = Write::new(&caller.manager, "", kernel.now, None, sent);
            Owners::default().after(write, &mut None)
        });
        object = self.as_stored(object);
        if options.dry_run {
            return Ok(Self::with_owners(object, &owners));
        }
        if let Some(sent) = sent.filter(|sent| sent.kind() == Pod::KIND) {
            self.last_pod = Some(sent);
        }
        self.settle_quota(kernel, charges);
        self.settle_claim(claim);
        let name = object.name().to_owned();
        let owners = Rc::new(owners);
        self.put_owned(kernel, caller, "create", object, owners, Expect::Absent)
            .ok_or_else(|| Status::already_exists(info, &name))
    }

    /// The object as it was sent. Pods come in many from one template: they share one copy, in
    /// which only what makes no difference to the owners of fields is that of another pod.
    fn template_of(&self, object: &Object) -> Object {
        let same = self.last_pod.as_ref().filter(|last| {
            let (last, pod) = (last.get::<Pod>(), object.get::<Pod>());
            last.zip(pod).is_some_and(|(last, pod)| {
                let (one, other) = (&last.metadata, &pod.metadata);
                last.spec == pod.spec
                    && one.labels == other.labels
                    && one.annotations == other.annotations
                    && one.owner_references == other.owner_references
                    && one.finalizers == other.finalizers
                    && one.generate_name == other.generate_name
            })
        });
        same.unwrap_or(object).clone()
    }

    /// Pods that come in many have the same owner: they share one reference.
    fn share_owners(&self, object: &mut Object) {
        let last = self.last_pod.as_ref();
        let last = last.and_then(|last| last.meta().owner_references.as_ref());
        let is_pod = object.kind() == Pod::KIND;
        if let Some(last) = last.filter(|_| is_pod)
            && object.meta().owner_references.as_ref() == Some(last)
        {
            object.meta_mut().owner_references = Some(last.clone());
        }
    }

    /// Gives the object a name that begins as it wishes and that nobody has.
    fn generate_name(&self, kernel: &mut Kernel, object: &mut Object) {
        let base = match &object.meta().generate_name {
            Some(base) if object.name().is_empty() && !base.is_empty() => base.clone(),
            _ => return,
        };
        for _ in 0..GENERATED_NAME_TRIES {
            let name = meta::generated_name(kernel, &base);
            object.meta_mut().name = Some(name);
            if self.store.get(&place_of(object)).is_none() {
                break;
            }
        }
    }

    fn already_exists(&self, object: &Object) -> Box<Status> {
        let mut status = Status::already_exists(object.info(), object.name());
        let generated = object.meta().generate_name.as_deref().unwrap_or_default();
        if !generated.is_empty() && object.name().starts_with(generated) {
            status
                .message
                .push_str(", the server was not able to generate a unique name for the object");
        }
        status
    }
}
