//! Who has a role in one namespace.
//! Models `k8s.io/kubernetes/pkg/registry/rbac/rolebinding`.

use k8s_openapi::api::rbac::v1::RoleBinding as Kind;

use super::KindInfo;
use super::rbac::{self, BINDING_COLUMNS, GROUP};
use crate::api::field::Errors;
use crate::api::strategy::{Column, KindStrategy, Typed};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: GROUP,
    version: "v1",
    kind: "RoleBinding",
    plural: "rolebindings",
    singular: "rolebinding",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "rolebindings",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn put_creates(&self) -> bool {
        true
    }

    fn default(&self, binding: &mut Kind) {
        rbac::default_binding(&mut binding.role_ref, binding.subjects.as_mut());
    }

    fn name_errors(&self, name: &str) -> Vec<String> {
        rbac::name_errors(name)
    }

    fn validate(&self, binding: &Kind) -> Errors {
        let mut errors = Errors::default();
        let subjects = binding.subjects.as_deref();
        rbac::binding(&binding.role_ref, subjects, true, &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = self.validate(new);
        rbac::same_role(&new.role_ref, &old.role_ref, &mut errors);
        errors
    }

    fn columns(&self) -> &'static [Column] {
        BINDING_COLUMNS
    }

    fn row(&self, binding: &Kind, now: Time) -> Vec<String> {
        let subjects = binding.subjects.as_deref();
        rbac::binding_row(&binding.metadata, &binding.role_ref, subjects, now)
    }
}
