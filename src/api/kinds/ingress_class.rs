//! Which controller an ingress is for.
//!
//! Models `k8s.io/kubernetes/pkg/registry/networking/ingressclass/strategy.go`.

use k8s_openapi::api::networking::v1::{
    IngressClass as Kind, IngressClassParametersReference, IngressClassSpec,
};

use super::{KindInfo, cells};
use crate::api::field::{Errors, Path};
use crate::api::names::{is_dns1123_label, is_dns1123_subdomain, is_path_segment, regex_error};
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::api::validation::IMMUTABLE;
use crate::sim::Time;

pub const INFO: KindInfo = KindInfo {
    group: "networking.k8s.io",
    version: "v1",
    kind: "IngressClass",
    plural: "ingressclasses",
    singular: "ingressclass",
    short_names: &[],
    namespaced: false,
    categories: &[],
    subresources: &[],
    prefix: "ingressclasses",
    strategy: &Typed(Rules),
};

/// The note that makes a class the default one.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
const CONTROLLER_MAX: usize = 250;
const PATH_FORMAT: &str = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, class: &mut Kind) {
        let spec = class.spec.get_or_insert_default();
        if let Some(parameters) = &mut spec.parameters {
            parameters.scope.get_or_insert_with(|| "Cluster".to_owned());
        }
    }

    fn prepare_for_create(&self, class: &mut Kind) {
        class.metadata.generation = Some(1);
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        if new.spec != old.spec {
            new.metadata.generation = Some(old.metadata.generation.unwrap_or_default() + 1);
        }
    }

    fn validate(&self, class: &Kind) -> Errors {
        let mut errors = Errors::default();
        let none = IngressClassSpec::default();
        let spec = class.spec.as_ref().unwrap_or(&none);
        let path = Path::new("spec");
        let controller = spec.controller.as_deref().unwrap_or_default();
        let at = path.child("controller");
        if controller.is_empty() {
            errors.required(&at, "");
        } else {
            if controller.len() > CONTROLLER_MAX {
                errors.too_long(&at, CONTROLLER_MAX);
            }
            domain_path(controller, &at, &mut errors);
        }
        if let Some(reference) = &spec.parameters {
            parameters(reference, &path.child("parameters"), &mut errors);
        }
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let of = |class: &Kind| class.spec.as_ref().and_then(|s| s.controller.clone());
        if of(new) != of(old) {
            let path = Path::new("spec");
            let value = of(new).unwrap_or_default();
            errors.invalid(&path.child("controller"), &value, IMMUTABLE);
        }
        errors.append(self.validate(new));
        errors
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Controller"),
            column("Parameters"),
            column("Age"),
        ];
        COLUMNS
    }

    fn row(&self, class: &Kind, now: Time) -> Vec<String> {
        let spec = class.spec.as_ref();
        let parameters = spec.and_then(|s| s.parameters.as_ref()).map(|p| {
            let group = p.api_group.as_ref().map(|g| format!(".{g}"));
            format!("{}{}/{}", p.kind, group.unwrap_or_default(), p.name)
        });
        let mut name = class.metadata.name.clone().unwrap_or_default();
        let notes = class.metadata.annotations.as_ref();
        if notes
            .and_then(|notes| notes.get(DEFAULT))
            .is_some_and(|v| v == "true")
        {
            name.push_str(" (default)");
        }
        vec![
            name,
            spec.and_then(|s| s.controller.clone()).unwrap_or_default(),
            cells::or(&parameters, cells::NONE),
            age(&class.metadata, now),
        ]
    }
}

/// `example.com/path` (`IsDomainPrefixedPath`).
fn domain_path(text: &str, path: &Path<'_>, errors: &mut Errors) {
    let (host, rest) = match text.split_once('/') {
        Some((host, rest)) if !host.is_empty() && !rest.is_empty() => (host, rest),
        _ => {
            let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.invalid(path, text, detail);
            return;
        }
    };
    errors.invalid_each(path, host, is_dns1123_subdomain(host));
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    if !rest.bytes().all(fine) {
        let detail = regex_error("Invalid path", PATH_FORMAT, &[]);
        errors.invalid(path, rest, detail);
    }
}

fn parameters(p: &IngressClassParametersReference, path: &Path<'_>, errors: &mut Errors) {
    if let Some(group) = &p.api_group {
        let messages = is_dns1123_subdomain(group);
        errors.invalid_each(&path.child("apiGroup"), group, messages);
    }
    for (field, value) in [("kind", &p.kind), ("name", &p.name)] {
        let path = path.child(field);
        match value.is_empty() {
            true => errors.required(&path, ""),
            false => errors.invalid_each(&path, value, is_path_segment(value)),
        }
    }
    let of_namespace = path.child("namespace");
    match (p.scope.as_deref().unwrap_or_default(), &p.namespace) {
        ("Namespace", None) => {
            errors.required(&of_namespace, "`parameters.scope` is set to 'Namespace'");
        }
        ("Namespace", Some(namespace)) => {
            let messages = is_dns1123_label(namespace);
            errors.invalid_each(&of_namespace, namespace, messages);
        }
        ("Cluster", Some(_)) => {
            errors.forbidden(&of_namespace, "`parameters.scope` is set to 'Cluster'");
        }
        ("Cluster", None) => {}
        (other, _) => {
            errors.not_supported(&path.child("scope"), other, &["Cluster", "Namespace"]);
        }
    }
}
