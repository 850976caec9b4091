//! PUT: the object in the body takes the place of the stored one.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/handlers/update.go`, and what `Update` of
//! `pkg/registry/generic/registry/store.go` asks for before it looks at the object.

use super::path::Target;
use super::{body, check_name, write_options};
use crate::api::field::{Errors, Path};
use crate::api::status::qualified;
use crate::api::{Object, Result, Status};
use crate::apiserver::request::{Request, Response};
use crate::apiserver::{ApiServer, Caller, meta};
use crate::sim::Kernel;

impl ApiServer {
    /// Replaces an object, or the part of it that `part` names.
    pub(super) fn replace(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        (target, name): (&Target<'_>, &str),
        part: &'static str,
        request: &Request,
    ) -> Result<Response> {
        let (kind, namespace) = (target.kind, target.namespace.unwrap_or_default());
        let mut options = write_options("UpdateOptions", part, request)?;
        options.by_view = kind.view().is_some();
        let body::Decoded {
            mut object,
            warnings,
        } = body::decode(self, kind, request)?;
        meta::ensure_namespace(&mut object, namespace)?;
        check_name(&object, name)?;
        let strategy = kind.info().strategy;
        let old = match self.get_object(kind, namespace, name) {
            Ok(old) => old,
            Err(_) if part.is_empty() && strategy.put_creates() => {
                let object = self.create_object(kernel, caller, object, &options)?;
                let response = self.written(kind, 201, &object, warnings);
                return Ok(self.warned(&object, None, response));
            }
            Err(missing) => return Err(missing),
        };
        same_object(&object, &old)?;
        if object.revision() == 0 && strategy.needs_revision() {
            return Err(no_revision(&old));
        }
        let object = self.update_object(kernel, caller, object, &options)?;
        let mut response = self.written(kind, 200, &object, warnings);
        match part {
            "" => response = self.warned(&object, Some(&old), response),
            "status" => {}
            _ => {
                let warnings = self.security_warnings(&object, Some(&old));
                response.warnings.extend(warnings);
            }
        }
        Ok(response)
    }
}

/// A uid in the body is a precondition: another object may have come by the same name.
fn same_object(object: &Object, old: &Object) -> Result<()> {
    if object.uid().is_empty() || object.uid() == old.uid() {
        return Ok(());
    }
    let info = old.info();
    let namespace = match info.namespaced {
        true => format!("{}/", old.namespace()),
        false => String::new(),
    };
    let detail = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{namespace}{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
        info.prefix,
        old.name(),
        object.uid(),
        old.uid()
    );
    Err(Status::conflict(info, old.name(), &detail))
}

/// The kind does not allow an update that does not say what it was made from.
fn no_revision(old: &Object) -> Box<Status> {
    let info = old.info();
    let mut errors = Errors::default();
    errors.invalid(
        &Path::new("metadata").child("resourceVersion"),
        0,
        "must be specified for an update",
    );
    let mut status = Status::invalid(info, old.name(), &errors);
    // This one error speaks of the resource instead of the kind.
    let kind = qualified(info.kind, info.group);
    let resource = qualified(info.plural, info.group);
    if let Some(rest) = status.message.strip_prefix(&kind) {
        status.message = format!("{resource}{rest}");
    }
    status
}
