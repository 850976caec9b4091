//! Rules by which requests from outside reach services, by host and path.
//!
//! Models `k8s.io/kubernetes/pkg/registry/networking/ingress/strategy.go`.

mod validation;

use k8s_openapi::api::networking::v1::{Ingress as Kind, IngressStatus};

use super::pod::defaults::drop_empty;
use super::{KindInfo, cells};
use crate::api::field::Errors;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "networking.k8s.io",
    version: "v1",
    kind: "Ingress",
    plural: "ingresses",
    singular: "ingress",
    short_names: &["ing"],
    namespaced: true,
    categories: &[],
    subresources: &["status"],
    prefix: "ingress",
    strategy: &Typed(Rules),
};

/// The older way to name the class.
pub const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const ADDRESS_WIDTH: usize = 16;

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, ingress: &mut Kind) {
        let status = ingress.status.get_or_insert_default();
        status.load_balancer.get_or_insert_default();
        let spec = ingress.spec.get_or_insert_default();
        for rule in spec.rules.iter_mut().flatten() {
            drop_empty(&mut rule.host);
            for path in rule.http.iter_mut().flat_map(|h| &mut h.paths) {
                drop_empty(&mut path.path);
            }
        }
    }

    fn prepare_for_create(&self, ingress: &mut Kind) {
        ingress.metadata.generation = Some(1);
        ingress.status = Some(IngressStatus {
            load_balancer: Some(Default::default()),
        });
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, ingress: &Kind) -> Errors {
        let mut errors = validation::validate(ingress);
        validation::one_class(ingress, &mut errors);
        errors
    }

    fn validate_update(&self, new: &Kind, _old: &Kind) -> Errors {
        validation::validate(new)
    }

    fn validate_status_update(&self, new: &Kind, _old: &Kind) -> Errors {
        validation::validate_status(new)
    }

    fn warnings(&self, ingress: &Kind) -> Vec<String> {
        let annotations = ingress.metadata.annotations.as_ref();
        let class = ingress
            .spec
            .as_ref()
            .and_then(|s| s.ingress_class_name.as_ref());
        if class.is_none() && annotations.is_some_and(|a| a.contains_key(CLASS_ANNOTATION)) {
            return vec![format!(
                "annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"
            )];
        }
        Vec::new()
    }

    fn warnings_on_update(&self, _new: &Kind, _old: &Kind) -> Vec<String> {
        Vec::new()
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Class"),
            column("Hosts"),
            column("Address"),
            column("Ports"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, ingress: &Kind, now: Time) -> Vec<String> {
        let none = Default::default();
        let spec = ingress.spec.as_ref().unwrap_or(&none);
        let hosts = spec.rules.iter().flatten();
        let hosts = hosts.filter_map(|r| r.host.clone());
        let hosts = match cells::Shortened::new(hosts.filter(|h| !h.is_empty())).text() {
            text if text.is_empty() => "*".to_owned(),
            text => text,
        };
        let tls = spec.tls.as_ref().is_some_and(|t| !t.is_empty());
        vec![
            ingress.metadata.name.clone().unwrap_or_default(),
            cells::or(&spec.ingress_class_name, cells::NONE),
            hosts,
            cells::cut(addresses(ingress), ADDRESS_WIDTH),
            if tls { "80, 443" } else { "80" }.to_owned(),
            age(&ingress.metadata, now),
        ]
    }
}

/// Where requests may be sent to, joined by commas.
fn addresses(ingress: &Kind) -> String {
    let status = ingress
        .status
        .as_ref()
        .and_then(|s| s.load_balancer.as_ref());
    let all = status
        .and_then(|l| l.ingress.as_deref())
        .unwrap_or_default();
    let mut addresses: Vec<&str> = all
        .iter()
        .filter_map(|i| i.ip.as_deref().or(i.hostname.as_deref()))
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.join(",")
}
