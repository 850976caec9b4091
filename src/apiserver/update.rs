//! Changing objects (`k8s.io/apiserver/pkg/registry/generic/registry/store.go` Update).

use std::rc::Rc;

use super::admission::nodes::Act;
use super::admission::{Asked, Charges, certificates};
use super::allocation::Claim;
use super::fields::{Manager, Owners, Write, is_light, is_reset};
use super::store::Expect;
use super::{ApiServer, Caller, WriteOptions, meta, place_of};
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::view_rules;
use crate::api::validation;
use crate::api::{Object, Result, Status};
use crate::sim::Kernel;
use k8s_openapi::api::core::v1::Pod;

impl ApiServer {
    /// Replaces the stored object by `object`, or the part that `options.subresource` names.
    ///
    /// A `resourceVersion` in `object` has to be the stored one. A write that changes nothing
    /// makes no revision. An object that is being deleted goes when its last finalizer goes.
    pub fn update_object(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        object: Object,
        options: &WriteOptions,
    ) -> Result<Object> {
        self.update_owned(kernel, caller, object, options, None)
    }

    /// Replaces the stored object; `owners` are those of its fields, where they are not just
    /// those from before and who writes.
    pub(super) fn update_owned(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        mut object: Object,
        options: &WriteOptions,
        owners: Option<Owners>,
    ) -> Result<Object> {
        object = self.under_current(object);
        let info = object.info();
        let place = place_of(&object);
        let Some(stored) = self.store.get(&place).cloned() else {
            return Err(Status::not_found(info, object.name()));
        };
        let (old, former) = stored.parts();
        let revision = object
            .meta()
            .resource_version
            .as_deref()
            .unwrap_or_default();
        if !revision.is_empty() && revision.parse::<u64>().is_err() {
            let detail = format!(
                "strconv.ParseUint: parsing {}: invalid syntax",
                quote(revision)
            );
            return Err(Status::new(500, "", detail));
        }
        if object.revision() != 0 && object.revision() != old.revision() {
            return Err(Status::modified(info, object.name()));
        }
        let mut claim = Claim::default();
        let mut errors = keep_system_fields(&mut object, &old);
        meta::drop_empty(object.meta_mut());
        info.strategy.default_over(&mut object, &old);
        let given = given_owners(&mut object, options);
        let sent = match &owners {
            None if !is_light(object.kind(), options.subresource) => Some(object.clone()),
            _ => None,
        };
        if options.subresource == "finalize" {
            super::rest::finalize(&mut object, &old);
        } else if options.subresource == "status" {
            self.restrict(caller, (Act::Update, "status"), &object, Some(&old))?;
            info.strategy.prepare_for_status_update(&mut object, &old);
            errors.append(info.strategy.validate_status_update(&object, &old));
            if let Some(pod) = object.edit::<Pod>() {
                self.conditions.share(pod);
            }
        } else if matches!(
            options.subresource,
            "ephemeralcontainers" | "resize" | "approval"
        ) {
            let part = options.subresource;
            info.strategy
                .prepare_for_part_update(part, &mut object, &old);
            self.admit_update(kernel, caller, part, &mut object, &old)?;
            errors.append(info.strategy.validate_part_update(part, &object, &old));
            if part == "resize" && errors.is_empty() {
                self.admit_limits(&object)?;
            }
        } else {
            self.admit_update(kernel, caller, options.subresource, &mut object, &old)?;
            self.check_escalation(caller, &object, Some(&old))?;
            info.strategy.prepare_for_update(&mut object, &old);
            claim = self.claim(kernel, &mut object, Some(&old))?;
            errors.append(validation::metadata_update(&object, &old));
            errors.append(info.strategy.validate_update(&object, &old));
            if options.by_view {
                errors.append(view_rules(&object, Some(&old)));
            }
        }
        certificates::stamp(kernel.now, &mut object, &old);
        if !errors.is_empty() {
            return Err(Status::invalid(info, object.name(), &errors));
        }
        self.admit_certificates(caller, options.subresource, &object, Some(&old))?;
        if matches!(options.subresource, "" | "ephemeralcontainers" | "resize") {
            let asked = Asked {
                operation: "UPDATE",
                subresource: options.subresource,
                caller,
                dry_run: options.dry_run,
            };
            self.admit_registered(asked, Some(&object), Some(&old))?;
        }
        let charges = match options.subresource {
            "" => self.admit_valid(kernel, &object, Some(&old))?,
            "resize" => {
                self.admit_pod_resize(&object, &old)?;
                self.admit_valid(kernel, &object, Some(&old))?
            }
            "ephemeralcontainers" => {
                self.admit_security(&object, Some(&old))?;
                Charges::default()
            }
            _ => Charges::default(),
        };
        object = self.as_stored(object);
        object.meta_mut().resource_version = old.meta().resource_version.clone();
        let changed = object != old;
        if !changed && owners.is_none() && given.is_none() {
            return Ok(old);
        }
        let stays = !options.dry_run && !self.is_finished(&object);
        if changed && stays {
            self.stamp(&mut object);
        }
        let owners = owners.unwrap_or_else(|| {
            let from = given.as_ref().unwrap_or(&former);
            let sent = sent.as_ref().unwrap_or(&object);
            match changed {
                true => {
                    let (manager, part) = (&caller.manager, options.subresource);
                    let write = Write::new(manager, part, kernel.now, Some(&old), sent);
                    from.after(write, &mut self.last_status)
                }
                false => from.clone(),
            }
        });
        if !changed && owners.managers() == former.managers() {
            return Ok(old);
        }
        if options.dry_run {
            return Ok(Self::with_owners(object, &owners));
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
            "resize" => "resize",
            "approval" => "update approval",
            _ => "update",
        };
        self.put_owned(
            kernel,
            caller,
            verb,
            object,
            Rc::new(owners),
            Expect::Revision(old.revision()),
        )
        .ok_or_else(|| Status::modified(info, &name))
    }
}

/// The owners that the client says the fields have. None, or some that cannot be read, mean those
/// that they have; a subresource does not change them.
fn given_owners(object: &mut Object, options: &WriteOptions) -> Option<Owners> {
    object.meta().managed_fields.as_ref()?;
    let reset = is_reset(object);
    let given = object.meta_mut().managed_fields.take().unwrap_or_default();
    if reset && options.subresource.is_empty() {
        return Some(Owners::of(Vec::new()));
    }
    if given.is_empty() || !options.subresource.is_empty() {
        return None;
    }
    let entries = crate::api::codec::encode(&given);
    let entries = entries.as_array().into_iter().flatten();
    let managers: Option<Vec<Manager>> = entries.map(Manager::from_value).collect();
    managers.map(Owners::of)
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
