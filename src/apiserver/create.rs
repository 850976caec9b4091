//! Creating objects (`k8s.io/apiserver/pkg/registry/generic/registry/store.go` Create).

use super::store::Expect;
use super::{ApiServer, Caller, WriteOptions, admission, meta};
use crate::api::{Object, Result, Status};
use crate::sim::Kernel;

impl ApiServer {
    /// Creates `object`, whose namespace is set. Returns it as stored.
    pub fn create_object(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        mut object: Object,
        options: &WriteOptions,
    ) -> Result<Object> {
        let info = object.info();
        if info.namespaced && object.namespace().is_empty() {
            object.meta_mut().namespace = Some("default".to_owned());
        }
        meta::fill_system_fields(kernel, &mut object);
        info.strategy.default(&mut object);
        info.strategy.prepare_for_create(&mut object);
        self.admit_create(kernel, caller, &mut object)?;
        let mut errors = admission::metadata_errors(&object);
        errors.append(info.strategy.validate(&object));
        if !errors.is_empty() {
            return Err(Status::invalid(info, object.name(), &errors));
        }
        self.allocate(kernel, &mut object, None)?;
        if options.dry_run {
            return match self.get_object(object.kind(), object.namespace(), object.name()) {
                Ok(_) => Err(Status::already_exists(info, object.name())),
                Err(_) => Ok(object),
            };
        }
        let name = object.name().to_owned();
        self.put(kernel, caller, "create", object, Expect::Absent)
            .ok_or_else(|| Status::already_exists(info, &name))
    }
}
