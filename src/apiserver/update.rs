//! Changing objects (`k8s.io/apiserver/pkg/registry/generic/registry/store.go` Update).

use super::admission::Charges;
use super::allocation::Claim;
use super::store::Expect;
use super::{ApiServer, Caller, WriteOptions, meta, place_of};
use crate::api::field::{Errors, Path};
use crate::api::validation;
use crate::api::{Object, Result, Status};
use crate::sim::Kernel;

impl ApiServer {
    /// Replaces the stored object by `object`, or the part that `options.subresource` names.
    ///
    /// A `resourceVersion` in `object` has to be the stored one. A write that changes nothing
    /// makes no revision. An object that is being deleted goes when its last finalizer goes.
    pub fn update_object(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        mut object: Object,
        options: &WriteOptions,
    ) -> Result<Object> {
        let info = object.info();
        let place = place_of(&object);
        let Some(old) = self.store.get(&place).cloned() else {
            return Err(Status::not_found(info, object.name()));
        };
        if object.revision() != 0 && object.revision() != old.revision() {
            return Err(Status::modified(info, object.name()));
        }
        let mut claim = Claim::default();
        let mut errors = keep_system_fields(&mut object, &old);
        meta::drop_empty(object.meta_mut());
        info.strategy.default(&mut object);
        if options.subresource == "finalize" {
            super::rest::finalize(&mut object, &old);
        } else if options.subresource == "status" {
            info.strategy.prepare_for_status_update(&mut object, &old);
            errors.append(info.strategy.validate_status_update(&object, &old));
        } else {
            self.admit_update(kernel, caller, &mut object, &old)?;
            self.check_escalation(caller, &object, Some(&old))?;
            info.strategy.prepare_for_update(&mut object, &old);
            claim = self.claim(kernel, &mut object, Some(&old))?;
            errors.append(validation::metadata_update(&object, &old));
            errors.append(info.strategy.validate_update(&object, &old));
        }
        if !errors.is_empty() {
            return Err(Status::invalid(info, object.name(), &errors));
        }
        let charges = match options.subresource {
            "" => self.admit_valid(kernel, &object, Some(&old))?,
            _ => Charges::default(),
        };
        object.meta_mut().resource_version = old.meta().resource_version.clone();
        if object == old {
            return Ok(old);
        }
        if options.dry_run {
            return Ok(object);
        }
        if self.is_finished(&object) {
            self.remove_as(kernel, &caller.manager, &place);
            self.release(&object);
            return Ok(object);
        }
        self.settle_quota(kernel, charges);
        self.settle_claim(claim);
        let name = object.name().to_owned();
        let verb = match options.subresource {
            "status" => "update status",
            "scale" => "update scale",
            "finalize" => "finalize",
            _ => "update",
        };
        self.put(
            kernel,
            caller,
            verb,
            object,
            Expect::Revision(old.revision()),
        )
        .ok_or_else(|| Status::modified(info, &name))
    }
}

/// Carries over what no client may change, and reports attempts to change identity.
fn keep_system_fields(object: &mut Object, old: &Object) -> Errors {
    let mut errors = Errors::default();
    let stored = old.meta();
    let uid = object.meta().uid.clone().unwrap_or_default();
    if !uid.is_empty() && stored.uid.as_deref() != Some(&uid) {
        errors.invalid(
            &Path::new("metadata").child("uid"),
            &uid,
            "field is immutable",
        );
    }
    let meta = object.meta_mut();
    meta.uid.clone_from(&stored.uid);
    meta.creation_timestamp
        .clone_from(&stored.creation_timestamp);
    meta.deletion_timestamp
        .clone_from(&stored.deletion_timestamp);
    meta.deletion_grace_period_seconds = stored.deletion_grace_period_seconds;
    meta.generation = stored.generation;
    meta.generate_name = meta
        .generate_name
        .take()
        .or_else(|| stored.generate_name.clone());
    errors
}
