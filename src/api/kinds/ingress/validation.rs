//! The rules of ingresses (`k8s.io/kubernetes/pkg/apis/networking/validation/validation.go`).

use k8s_openapi::api::core::v1::TypedLocalObjectReference;
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, Ingress, IngressBackend, IngressServiceBackend, IngressSpec, IngressTLS,
};

use super::CLASS_ANNOTATION;
use crate::api::field::{Errors, Path};
use crate::api::names::{
    is_dns1123_label, is_dns1123_subdomain, is_path_segment, is_valid_ip, is_valid_port_name,
    is_valid_port_num, is_wildcard_dns1123_subdomain, parse_ip_sloppy,
};
use crate::api::validation::each;

const NOT_AN_ADDRESS: &str = "must be a DNS name, not an IP address";

pub(super) fn validate(ingress: &Ingress) -> Errors {
    let mut errors = Errors::default();
    let none = IngressSpec::default();
    let spec = ingress.spec.as_ref().unwrap_or(&none);
    let path = Path::new("spec");
    let rules = spec.rules.as_deref().unwrap_or_default();
    if rules.is_empty() && spec.default_backend.is_none() {
        let shown = if spec.rules.is_some() { "[]" } else { "null" };
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.invalid_raw(&path, shown, detail);
    }
    if let Some(default) = &spec.default_backend {
        backend(default, &path.child("defaultBackend"), &mut errors);
    }
    let of_rules = path.child("rules");
    for (i, rule) in rules.iter().enumerate() {
        let path = of_rules.index(i);
        let host = rule.host.as_deref().unwrap_or_default();
        if !host.is_empty() {
            let path = path.child("host");
            if parse_ip_sloppy(host).is_some() {
                errors.invalid(&path, host, NOT_AN_ADDRESS);
            }
            errors.invalid_each(&path, host, host_messages(host));
        }
        if let Some(http) = &rule.http {
            let path = path.child("http");
            let path = path.child("paths");
            if http.paths.is_empty() {
                errors.required(&path, "");
            }
            for (i, one) in http.paths.iter().enumerate() {
                http_path(one, &path.index(i), &mut errors);
            }
        }
    }
    tls(
        spec.tls.as_deref().unwrap_or_default(),
        &path.child("tls"),
        &mut errors,
    );
    if let Some(class) = &spec.ingress_class_name {
        let messages = is_dns1123_subdomain(class);
        errors.invalid_each(&path.child("ingressClassName"), class, messages);
    }
    errors
}

/// The older and the newer way to name a class have to agree.
pub(super) fn one_class(ingress: &Ingress, errors: &mut Errors) {
    let annotations = ingress.metadata.annotations.as_ref();
    let old = annotations.and_then(|a| a.get(CLASS_ANNOTATION));
    let new = ingress.spec.as_ref();
    let new = new.and_then(|s| s.ingress_class_name.as_ref());
    if let (Some(old), Some(new)) = (old, new)
        && old != new
    {
        let path = Path::new("annotations");
        let detail = "must match `ingressClassName` when both are specified";
        errors.invalid(&path.child(CLASS_ANNOTATION), old, detail);
    }
}

fn host_messages(host: &str) -> Vec<String> {
    match host.contains('*') {
        true => is_wildcard_dns1123_subdomain(host),
        false => is_dns1123_subdomain(host),
    }
}

fn tls(all: &[IngressTLS], path: &Path<'_>, errors: &mut Errors) {
    for (i, tls) in all.iter().enumerate() {
        let path = path.index(i);
        let of_hosts = path.child("hosts");
        for (i, host) in tls.hosts.iter().flatten().enumerate() {
            errors.invalid_each(&of_hosts.index(i), host, host_messages(host));
        }
        let secret = tls.secret_name.as_deref().unwrap_or_default();
        if !secret.is_empty() {
            let messages = is_dns1123_subdomain(secret);
            errors.invalid_each(&path.child("secretName"), secret, messages);
        }
    }
}

fn http_path(one: &HTTPIngressPath, path: &Path<'_>, errors: &mut Errors) {
    const SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
    const TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
    let text = one.path.as_deref().unwrap_or_default();
    let at = path.child("path");
    match one.path_type.as_str() {
        // The type cannot tell a missing one from an empty one.
        "" => {
            errors.required(&path.child("pathType"), "pathType must be specified");
            return;
        }
        "Exact" | "Prefix" => {
            if !text.starts_with('/') {
                errors.invalid(&at, text, "must be an absolute path");
            }
            for sequence in SEQUENCES.iter().filter(|s| text.contains(**s)) {
                errors.invalid(&at, text, format!("must not contain '{sequence}'"));
            }
            for suffix in ["/..", "/."].iter().filter(|s| text.ends_with(**s)) {
                errors.invalid(&at, text, format!("cannot end with '{suffix}'"));
            }
        }
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                errors.invalid(&at, text, "must be an absolute path");
            }
        }
        other => errors.not_supported(&path.child("pathType"), other, &TYPES),
    }
    backend(&one.backend, &path.child("backend"), errors);
}

fn backend(backend: &IngressBackend, path: &Path<'_>, errors: &mut Errors) {
    match (&backend.resource, &backend.service) {
        (Some(_), Some(_)) => {
            errors.invalid(path, "", "cannot set both resource and service backends");
        }
        (Some(resource), None) => reference(resource, &path.child("resource"), errors),
        (None, Some(service)) => of_service(service, path, errors),
        (None, None) => errors.invalid(path, "", "resource or service backend is required"),
    }
}

fn of_service(service: &IngressServiceBackend, path: &Path<'_>, errors: &mut Errors) {
    let at = path.child("service");
    if service.name.is_empty() {
        errors.required(&at.child("name"), "");
    } else {
        let messages = is_dns1123_label(&service.name);
        errors.invalid_each(&at.child("name"), &service.name, messages);
    }
    let none = Default::default();
    let port = service.port.as_ref().unwrap_or(&none);
    let name = port.name.as_deref().unwrap_or_default();
    let number = port.number.unwrap_or_default();
    let at = at.child("port");
    match (!name.is_empty(), number != 0) {
        (true, true) => errors.invalid(path, "", "cannot set both port name & port number"),
        (true, false) => errors.invalid_each(&at.child("name"), name, is_valid_port_name(name)),
        (false, true) => {
            let messages = is_valid_port_num(number.into());
            each(&at.child("number"), number, messages, errors);
        }
        (false, false) => errors.required(path, "port name or number is required"),
    }
}

fn reference(reference: &TypedLocalObjectReference, path: &Path<'_>, errors: &mut Errors) {
    if let Some(group) = &reference.api_group {
        let messages = is_dns1123_subdomain(group);
        errors.invalid_each(&path.child("apiGroup"), group, messages);
    }
    for (field, value) in [("kind", &reference.kind), ("name", &reference.name)] {
        let path = path.child(field);
        match value.is_empty() {
            true => errors.required(&path, ""),
            false => errors.invalid_each(&path, value, is_path_segment(value)),
        }
    }
}

pub(super) fn validate_status(ingress: &Ingress) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("status");
    let path = path.child("loadBalancer");
    let path = path.child("ingress");
    let status = ingress
        .status
        .as_ref()
        .and_then(|s| s.load_balancer.as_ref());
    let all = status
        .and_then(|l| l.ingress.as_deref())
        .unwrap_or_default();
    for (i, one) in all.iter().enumerate() {
        let path = path.index(i);
        if let Some(ip) = one.ip.as_deref().filter(|ip| !ip.is_empty()) {
            errors.invalid_each(&path.child("ip"), ip, is_valid_ip(ip));
        }
        if let Some(host) = one.hostname.as_deref().filter(|h| !h.is_empty()) {
            let path = path.child("hostname");
            errors.invalid_each(&path, host, is_dns1123_subdomain(host));
            if parse_ip_sloppy(host).is_some() {
                errors.invalid(&path, host, NOT_AN_ADDRESS);
            }
        }
    }
    errors
}
