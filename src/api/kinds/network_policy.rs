//! Whom pods may talk to, and who may talk to them.
//!
//! Models `k8s.io/kubernetes/pkg/registry/networking/networkpolicy/strategy.go`.

mod validation;

use k8s_openapi::api::networking::v1::NetworkPolicy as Kind;

use super::KindInfo;
use crate::api::field::Errors;
use crate::api::selector::format_label_selector;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "networking.k8s.io",
    version: "v1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    singular: "networkpolicy",
    short_names: &["netpol"],
    namespaced: true,
    categories: &[],
    subresources: &[],
    prefix: "networkpolicies",
    strategy: &Typed(Rules),
};

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, policy: &mut Kind) {
        let spec = policy.spec.get_or_insert_default();
        spec.pod_selector.get_or_insert_default();
        let tcp = || "TCP".to_owned();
        for rule in spec.ingress.iter_mut().flatten() {
            for port in rule.ports.iter_mut().flatten() {
                port.protocol.get_or_insert_with(tcp);
            }
        }
        for rule in spec.egress.iter_mut().flatten() {
            for port in rule.ports.iter_mut().flatten() {
                port.protocol.get_or_insert_with(tcp);
            }
        }
        if spec.policy_types.as_ref().is_none_or(Vec::is_empty) {
            let mut types = vec!["Ingress".to_owned()];
            if spec.egress.as_ref().is_some_and(|e| !e.is_empty()) {
                types.push("Egress".to_owned());
            }
            spec.policy_types = Some(types);
        }
    }

    fn prepare_for_create(&self, policy: &mut Kind) {
        policy.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn validate(&self, policy: &Kind) -> Errors {
        validation::validate(policy)
    }

    fn warnings(&self, policy: &Kind) -> Vec<String> {
        validation::warnings(policy)
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[column("Name"), column("Pod-Selector"), column("Age")];
        COLUMNS
    }

    fn row(&self, policy: &Kind, now: Time) -> Vec<String> {
        let selector = policy.spec.as_ref().and_then(|s| s.pod_selector.as_ref());
        let none = Default::default();
        vec![
            policy.metadata.name.clone().unwrap_or_default(),
            format_label_selector(Some(selector.unwrap_or(&none))),
            age(&policy.metadata, now),
        ]
    }
}
