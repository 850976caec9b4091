//! A sign of life: held by a node, or by the leader of several equal components.

use k8s_openapi::api::coordination::v1::Lease as Kind;

use super::KindInfo;
use crate::api::field::{Errors, Path};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::not_negative;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    short_names: &[],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "leases",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn needs_revision(&self) -> bool {
        true
    }

    fn put_creates(&self) -> bool {
        true
    }

    fn default(&self, lease: &mut Kind) {
        lease.spec.get_or_insert_default();
    }

    fn validate(&self, lease: &Kind) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        let Some(spec) = &lease.spec else {
            return errors;
        };
        if let Some(seconds) = spec.lease_duration_seconds
            && seconds <= 0
        {
            let path = path.child("leaseDurationSeconds");
            errors.invalid(&path, seconds, "must be greater than 0");
        }
        if let Some(transitions) = spec.lease_transitions {
            not_negative(transitions, &path.child("leaseTransitions"), &mut errors);
        }
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Holder"), column("Age")];
        COLUMNS
    }

    fn row(&self, lease: &Kind, now: Time) -> Vec<String> {
        let holder = lease.spec.as_ref().and_then(|s| s.holder_identity.clone());
        vec![
            lease.metadata.name.clone().unwrap_or_default(),
            holder.unwrap_or_default(),
            age(&lease.metadata, now),
        ]
    }
}
