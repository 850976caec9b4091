//! What may be done in one namespace.
//! Models `k8s.io/kubernetes/pkg/registry/rbac/role`.

use k8s_openapi::api::rbac::v1::Role as Kind;

use super::KindInfo;
use super::rbac::{self, GROUP, ROLE_COLUMNS};
use crate::api::field::Errors;
use crate::api::strategy::{Column, KindStrategy, Typed};
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: GROUP,
    version: "v1",
    kind: "Role",
    plural: "roles",
    singular: "role",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "roles",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn put_creates(&self) -> bool {
        true
    }

    fn name_errors(&self, name: &str) -> Vec<String> {
        rbac::name_errors(name)
    }

    fn validate(&self, role: &Kind) -> Errors {
        let mut errors = Errors::default();
        rbac::rules(role.rules.as_deref(), true, &mut errors);
        errors
    }

    fn always_written(&self) -> &'static [&'static str] {
        &["rules"]
    }

    fn columns(&self) -> &'static [Column] {
        ROLE_COLUMNS
    }

    fn row(&self, role: &Kind, _now: Time) -> Vec<String> {
        rbac::role_row(&role.metadata)
    }
}
