//! What may be done anywhere.
//! Models `k8s.io/kubernetes/pkg/registry/rbac/clusterrole`.

use k8s_openapi::api::rbac::v1::ClusterRole as Kind;

use super::KindInfo;
use super::rbac::{self, GROUP, ROLE_COLUMNS};
use crate::api::field::{Errors, Path};
use crate::api::strategy::{Column, KindStrategy, Typed};
use crate::api::validation::label_selector;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: GROUP,
    version: "v1",
    kind: "ClusterRole",
    plural: "clusterroles",
    singular: "clusterrole",
    short_names: &[],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "clusterroles",
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
        rbac::rules(role.rules.as_deref(), false, &mut errors);
        if let Some(sum) = &role.aggregation_rule {
            let path = Path::new("aggregationRule");
            let path = path.child("clusterRoleSelectors");
            let selectors = sum.cluster_role_selectors.as_deref().unwrap_or_default();
            if selectors.is_empty() {
                let detail =
                    "at least one clusterRoleSelector required if aggregationRule is non-nil";
                errors.required(&path, detail);
            }
            for (i, selector) in selectors.iter().enumerate() {
                label_selector(Some(selector), &path.index(i), &mut errors);
            }
        }
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
