//! What may be written to the status of a service (`ValidateLoadBalancerStatus` in
//! `k8s.io/kubernetes/pkg/apis/core/validation/validation.go`).

use k8s_openapi::api::core::v1::{LoadBalancerIngress, Service};

use crate::api::field::{Errors, Path};
use crate::api::names::{is_dns1123_subdomain, is_valid_ip, parse_ip_sloppy};

const MODES: [&str; 2] = ["Proxy", "VIP"];

/// Addresses of load balancers answer by themselves, unless it is said otherwise.
pub(super) fn default_modes(service: &mut Service) {
    let balanced = service.spec.as_ref().and_then(|s| s.type_.as_deref()) == Some("LoadBalancer");
    let status = service.status.as_mut().filter(|_| balanced);
    let status = status.and_then(|s| s.load_balancer.as_mut());
    for one in status
        .and_then(|l| l.ingress.as_mut())
        .into_iter()
        .flatten()
    {
        if one.ip.as_ref().is_some_and(|ip| !ip.is_empty()) && one.ip_mode.is_none() {
            one.ip_mode = Some("VIP".to_owned());
        }
    }
}

#[inline(never)]
pub(super) fn validate(service: &Service, old: &Service) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("status");
    let path = path.child("loadBalancer");
    let path = path.child("ingress");
    let all = entrances(service);
    if all.is_empty() {
        return errors;
    }
    let kind = service.spec.as_ref().and_then(|s| s.type_.as_deref());
    if kind != Some("LoadBalancer") {
        let detail = "may only be used when `spec.type` is \"LoadBalancer\"";
        errors.forbidden(&path, detail);
        return errors;
    }
    let known = |ip: &str| {
        entrances(old)
            .iter()
            .any(|one| one.ip.as_deref() == Some(ip))
    };
    for (i, one) in all.iter().enumerate() {
        let path = path.index(i);
        let ip = one.ip.as_deref().unwrap_or_default();
        if !ip.is_empty() && !known(ip) {
            errors.invalid_each(&path.child("ip"), ip, is_valid_ip(ip));
        }
        let of_mode = path.child("ipMode");
        match one.ip_mode.as_deref() {
            None if !ip.is_empty() => {
                errors.required(&of_mode, "must be specified when `ip` is set");
            }
            None => {}
            Some(_) if ip.is_empty() => {
                errors.forbidden(&of_mode, "may not be specified when `ip` is not set");
            }
            Some(mode) if !MODES.contains(&mode) => {
                errors.not_supported_raw(&of_mode, &crate::api::field::quote(mode), &MODES);
            }
            Some(_) => {}
        }
        if let Some(host) = one.hostname.as_deref().filter(|host| !host.is_empty()) {
            let path = path.child("hostname");
            errors.invalid_each(&path, host, is_dns1123_subdomain(host));
            if parse_ip_sloppy(host).is_some() {
                errors.invalid(&path, host, "must be a DNS name, not an IP address");
            }
        }
    }
    errors
}

fn entrances(service: &Service) -> &[LoadBalancerIngress] {
    let status = service.status.as_ref();
    let status = status.and_then(|s| s.load_balancer.as_ref());
    status
        .and_then(|l| l.ingress.as_deref())
        .unwrap_or_default()
}
