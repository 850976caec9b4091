//! Deleting objects: finalizers, grace periods, propagation
//! (`k8s.io/apiserver/pkg/registry/generic/registry/store.go` Delete).

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;

use super::admission::Asked;
use super::admission::nodes::Act;
use super::store::Expect;
use super::{ApiServer, Caller, place_of};
use crate::api::time::{api_time, from_api};
use crate::api::{Kind, Object, Result, Status};
use crate::sim::{Kernel, Time};

/// What happens to the objects that an object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// The garbage collector deletes them afterwards.
    Background,
    /// The object stays until they are gone.
    Foreground,
    /// They lose their owner and stay.
    Orphan,
}

/// How an object is to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    pub grace_period_seconds: Option<i64>,
    pub propagation: Option<Propagation>,
    /// The deletion fails unless the object has this uid or revision.
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    pub dry_run: bool,
}

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

impl ApiServer {
    /// Deletes an object, or marks it as to be deleted. Returns it as it was last, and whether
    /// it is gone.
    pub fn delete_object(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        kind: Kind,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<(Object, bool)> {
        let info = kind.info();
        let old = self.get_object(kind, namespace, name)?;
        check_preconditions(&old, options)?;
        self.admit_delete(&old)?;
        self.restrict(caller, (Act::Delete, ""), &old, None)?;
        let asked = Asked {
            operation: "DELETE",
            subresource: "",
            caller,
            dry_run: options.dry_run,
        };
        self.admit_registered(asked, None, Some(&old))?;
        let mut object = old.clone();
        update_finalizers(&mut object, options.propagation);
        super::customs::hold(&mut object, kernel.now);
        let gone = self.mark(kernel, &mut object, options.grace_period_seconds);
        if options.dry_run {
            return Ok((object, gone));
        }
        if gone {
            let revision = self.remove_as(kernel, &caller.manager, &place_of(&old));
            object.meta_mut().resource_version = revision.map(|r| r.to_string());
            self.release(&object);
            return Ok((object, true));
        }
        if object == old {
            return Ok((old, false));
        }
        self.put(
            kernel,
            caller,
            "delete",
            object,
            Expect::Revision(old.revision()),
        )
        .map(|object| (object, false))
        .ok_or_else(|| Status::modified(info, name))
    }

    /// Marks an object as to be deleted; tells whether nothing holds it any longer.
    ///
    /// Models `k8s.io/apiserver/pkg/registry/rest/delete.go` BeforeDelete: a grace period can be
    /// shortened, never prolonged.
    fn mark(&self, kernel: &Kernel, object: &mut Object, requested: Option<i64>) -> bool {
        // A negative period means the shortest there is.
        let requested = requested.map(|g| if g < 0 { 1 } else { g });
        let meta = object.meta();
        let held = meta.finalizers.as_ref().is_some_and(|f| !f.is_empty());
        let held = held || is_live_namespace(object);
        if let Some(deadline) = &meta.deletion_timestamp {
            let Some(current) = meta.deletion_grace_period_seconds else {
                return !held;
            };
            if let Some(grace) = requested.filter(|g| *g < current) {
                let begun = Time(from_api(deadline).0.saturating_sub(nanos(current)));
                set_deadline(object, begun + seconds(grace), grace);
                return grace == 0 && !held;
            }
            return current == 0 && !held;
        }
        let grace = object.info().strategy.grace_period(object, requested);
        let grace = grace.unwrap_or_default();
        if grace == 0 && !held {
            return true;
        }
        set_deadline(object, kernel.now + seconds(grace), grace);
        if let Some(generation) = object.meta().generation.filter(|g| *g > 0) {
            object.meta_mut().generation = Some(generation + 1);
        }
        if let Some(namespace) = object.edit::<Namespace>() {
            namespace.status.get_or_insert_default().phase = Some("Terminating".to_owned());
            namespace.metadata.deletion_grace_period_seconds = None;
        }
        false
    }

    /// Whether nothing holds a deleted object any longer.
    pub(super) fn is_finished(&self, object: &Object) -> bool {
        let meta = object.meta();
        meta.deletion_timestamp.is_some()
            && meta.finalizers.as_ref().is_none_or(Vec::is_empty)
            && meta.deletion_grace_period_seconds.unwrap_or_default() == 0
            && !is_live_namespace(object)
    }
}

/// A namespace also has finalizers in its spec (`kubernetes`): its content goes first.
fn is_live_namespace(object: &Object) -> bool {
    object
        .get::<Namespace>()
        .and_then(|n| n.spec.as_ref()?.finalizers.as_ref())
        .is_some_and(|finalizers| !finalizers.is_empty())
}

fn check_preconditions(object: &Object, options: &DeleteOptions) -> Result<()> {
    let info = object.info();
    if let Some(uid) = &options.uid
        && object.uid() != uid
    {
        let detail = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            object.uid()
        );
        return Err(Status::conflict(info, object.name(), &detail));
    }
    if let Some(revision) = &options.resource_version
        && object.meta().resource_version.as_ref() != Some(revision)
    {
        let detail = format!(
            "the ResourceVersion in the precondition ({revision}) does not match the ResourceVersion in record ({}). The object might have been modified",
            object.revision()
        );
        return Err(Status::conflict(info, object.name(), &detail));
    }
    Ok(())
}

/// Foreground and orphan deletion are finalizers that the garbage collector removes.
fn update_finalizers(object: &mut Object, propagation: Option<Propagation>) {
    let current = object.meta().finalizers.clone().unwrap_or_default();
    let mut wanted = current.clone();
    if let Some(propagation) = propagation {
        wanted.retain(|f| f != ORPHAN && f != FOREGROUND);
        match propagation {
            Propagation::Background => {}
            Propagation::Foreground => wanted.push(FOREGROUND.to_owned()),
            Propagation::Orphan => wanted.push(ORPHAN.to_owned()),
        }
    }
    if wanted != current {
        object.meta_mut().finalizers = (!wanted.is_empty()).then_some(wanted);
    }
}

/// The deletion times of an object that is going: when, and with how many seconds of grace.
fn set_deadline(object: &mut Object, deadline: Time, grace: i64) {
    let meta = object.meta_mut();
    meta.deletion_timestamp = Some(api_time(deadline));
    meta.deletion_grace_period_seconds = Some(grace);
}

fn seconds(grace: i64) -> Duration {
    Duration::from_secs(grace.unsigned_abs())
}

fn nanos(seconds: i64) -> u64 {
    seconds.unsigned_abs().saturating_mul(1_000_000_000)
}
