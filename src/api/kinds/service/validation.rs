//! The rules of services.
//!
//! Models `k8s.io/kubernetes/pkg/apis/core/validation/validation.go` ValidateService. The order
//! of errors is upstream's.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec, SessionAffinityConfig};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::allocated::{is_external, needs_health_port};
use super::warnings::{TOPOLOGY_HINTS, TOPOLOGY_MODE};
use crate::api::codec::encode;
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::pod::probes;
use crate::api::names::{
    Ip, is_dns1123_label, is_dns1123_subdomain, is_qualified_name, is_valid_cidr, is_valid_ip,
    is_valid_port_num, parse_ip_sloppy,
};
use crate::api::validation::{each, labels, one_of};
use crate::sim::ordered::Set as BTreeSet;

const NONE: &str = "None";
const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const POLICIES: &[&str] = &["Cluster", "Local"];
const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const AFFINITY_SECONDS_MAX: i32 = 86_400;

pub(super) fn validate(service: &Service) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let empty = ServiceSpec::default();
    let spec = service.spec.as_ref().unwrap_or(&empty);
    let type_ = spec.type_.as_deref().unwrap_or_default();
    let ports = spec.ports.as_deref().unwrap_or_default();
    let path_of_ports = path.child("ports");
    one_topology_mode(service, &mut errors);
    if ports.is_empty() && !is_headless(spec) && type_ != "ExternalName" {
        errors.required(&path_of_ports, "");
    }
    by_type(spec, type_, &path, &mut errors);
    let mut names = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        service_port(
            port,
            ports.len() > 1,
            &mut names,
            &path_of_ports.index(i),
            &mut errors,
        );
    }
    labels(spec.selector.as_ref(), &path.child("selector"), &mut errors);
    session_affinity(spec, &path, &mut errors);
    errors.append(addresses(spec));
    external_ips(spec, &path, &mut errors);
    one_of(Some(type_), TYPES, &path.child("type"), &mut errors);
    if type_ == "ClusterIP" {
        for (i, port) in ports.iter().enumerate() {
            if port.node_port.unwrap_or_default() != 0 {
                let path = path_of_ports.index(i);
                let detail = "may not be used when `type` is 'ClusterIP'";
                errors.forbidden(&path.child("nodePort"), detail);
            }
        }
    }
    duplicates(ports, &path_of_ports, &mut errors);
    source_ranges(service, spec, type_, &path, &mut errors);
    balancer(spec, type_, &path, &mut errors);
    traffic(spec, type_, &path, &mut errors);
    errors
}

pub(super) fn validate_update(new: &Service, old: &Service) -> Errors {
    if new.spec == old.spec {
        return Errors::default();
    }
    let mut errors = Errors::default();
    if let (Some(spec), Some(before)) = (&new.spec, &old.spec) {
        kept_address(spec, before, &mut errors);
        kept_families(spec, before, &mut errors);
        let path = Path::new("spec");
        let is_balancer = |s: &ServiceSpec| s.type_.as_deref() == Some("LoadBalancer");
        if is_balancer(spec)
            && is_balancer(before)
            && spec.load_balancer_class != before.load_balancer_class
        {
            let class = encode(&spec.load_balancer_class).to_string();
            let path = path.child("loadBalancerClass");
            errors.invalid_raw(&path, &class, "may not change once set");
        }
        if needs_health_port(spec)
            && needs_health_port(before)
            && spec.health_check_node_port != before.health_check_node_port
        {
            errors.forbidden(&path.child("healthCheckNodePort"), "field is immutable");
        }
    }
    errors.append(validate(new));
    errors
}

fn is_headless(spec: &ServiceSpec) -> bool {
    first_address(spec) == Some(NONE)
}

fn first_address(spec: &ServiceSpec) -> Option<&str> {
    spec.cluster_ips.as_ref()?.first().map(String::as_str)
}

/// A service keeps its address as long as it has one.
fn kept_address(spec: &ServiceSpec, before: &ServiceSpec, errors: &mut Errors) {
    let external = |s: &ServiceSpec| s.type_.as_deref() == Some("ExternalName");
    if external(spec) || external(before) || (is_headless(spec) && is_headless(before)) {
        return;
    }
    let now = spec.cluster_ips.as_deref().unwrap_or_default();
    let then = before.cluster_ips.as_deref().unwrap_or_default();
    let path = Path::new("spec");
    let path = path.child("clusterIPs");
    if now.len() == then.len() {
        for (i, (now_ip, then_ip)) in now.iter().zip(then).enumerate() {
            if now_ip != then_ip {
                errors.invalid_json(&path.index(i), &now, "may not change once set");
            }
        }
    } else if now.is_empty() {
        let detail = "primary clusterIP can not be unset";
        errors.invalid_raw(&path.index(0), "null", detail);
    } else {
        if let (Some(now_ip), Some(then_ip)) = (now.first(), then.first())
            && now_ip != then_ip
        {
            errors.invalid_json(&path.index(0), &now, "may not change once set");
        }
        if now.len() == 1 && then.len() > 1 {
            released(spec, "clusterIP", errors);
        }
    }
}

/// Who gives the second address back has to say so.
fn released(spec: &ServiceSpec, what: &str, errors: &mut Errors) {
    if spec.ip_family_policy.as_deref() != Some("SingleStack") {
        let path = Path::new("spec");
        let policy = encode(&spec.ip_family_policy).to_string();
        let detail = format!("must be set to 'SingleStack' when releasing the secondary {what}");
        errors.invalid_raw(&path.child("ipFamilyPolicy"), &policy, detail);
    }
}

/// The first family stays as long as the first address does.
fn kept_families(spec: &ServiceSpec, before: &ServiceSpec, errors: &mut Errors) {
    let external = |s: &ServiceSpec| s.type_.as_deref() == Some("ExternalName");
    if external(spec) || external(before) || is_headless(spec) || is_headless(before) {
        return;
    }
    let now = spec.ip_families.as_deref().unwrap_or_default();
    let then = before.ip_families.as_deref().unwrap_or_default();
    let path = Path::new("spec");
    let path = path.child("ipFamilies");
    let path = path.index(0);
    let ips = spec.cluster_ips.as_deref().unwrap_or_default();
    if now.len() == then.len() {
        for _ in now.iter().zip(then).filter(|(now, then)| now != then) {
            errors.invalid_json(&path, &now, "may not change once set");
        }
        return;
    }
    if now.len() < then.len() && ips.is_empty() {
        errors.invalid_json(&path, &now, "primary ipFamily can not be unset");
    }
    if let (Some(now), Some(then)) = (now.first(), then.first())
        && now != then
    {
        errors.invalid_json(&path, &ips, "may not change once set");
    }
    if now.len() == 1 && then.len() > 1 {
        released(spec, "ipFamily", errors);
    }
}

/// Two annotations for one thing have to agree.
fn one_topology_mode(service: &Service, errors: &mut Errors) {
    let of = |key: &str| service.metadata.annotations.as_ref()?.get(key);
    if let (Some(mode), Some(hints)) = (of(TOPOLOGY_MODE), of(TOPOLOGY_HINTS))
        && mode != hints
    {
        let path = Path::new("metadata");
        let path = path.child("annotations");
        let detail = format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified");
        errors.invalid(&path.key(TOPOLOGY_MODE), mode, detail);
    }
}

fn by_type(spec: &ServiceSpec, type_: &str, path: &Path<'_>, errors: &mut Errors) {
    if matches!(type_, "LoadBalancer" | "NodePort") && is_headless(spec) {
        let detail = format!("may not be set to 'None' for {type_} services");
        errors.invalid(&path.child("clusterIPs").index(0), NONE, detail);
    }
    if type_ != "ExternalName" {
        return;
    }
    let detail = "may not be set for ExternalName services";
    if spec.cluster_ips.as_ref().is_some_and(|ips| !ips.is_empty()) {
        errors.forbidden(&path.child("clusterIPs"), detail);
    }
    if spec.ip_families.as_ref().is_some_and(|f| !f.is_empty()) {
        errors.forbidden(&path.child("ipFamilies"), detail);
    }
    if spec.ip_family_policy.is_some() {
        errors.forbidden(&path.child("ipFamilyPolicy"), detail);
    }
    let name = spec.external_name.as_deref().unwrap_or_default();
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        errors.required(&path.child("externalName"), "");
    } else {
        let messages = is_dns1123_subdomain(name);
        errors.invalid_each(&path.child("externalName"), name, messages);
    }
}

fn service_port<'p>(
    port: &'p ServicePort,
    needs_name: bool,
    names: &mut BTreeSet<&'p str>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let name = port.name.as_deref().unwrap_or_default();
    if !name.is_empty() {
        errors.invalid_each(&path.child("name"), name, is_dns1123_label(name));
        if !names.insert(name) {
            errors.duplicate(&path.child("name"), name);
        }
    } else if needs_name {
        errors.required(&path.child("name"), "");
    }
    let messages = is_valid_port_num(port.port.into());
    each(&path.child("port"), port.port, messages, errors);
    one_of(
        port.protocol.as_deref(),
        PROTOCOLS,
        &path.child("protocol"),
        errors,
    );
    if let Some(target) = &port.target_port {
        probes::port(target, &path.child("targetPort"), errors);
    }
    if let Some(protocol) = &port.app_protocol {
        let messages = is_qualified_name(protocol);
        errors.invalid_each(&path.child("appProtocol"), protocol, messages);
    }
}

fn session_affinity(spec: &ServiceSpec, path: &Path<'_>, errors: &mut Errors) {
    let affinity = spec.session_affinity.as_deref();
    one_of(
        affinity,
        &["ClientIP", NONE],
        &path.child("sessionAffinity"),
        errors,
    );
    let path = path.child("sessionAffinityConfig");
    match (affinity, &spec.session_affinity_config) {
        (Some("ClientIP"), config) => client_affinity(config.as_ref(), &path, errors),
        (Some(NONE), Some(_)) => {
            errors.forbidden(&path, "must not be set when session affinity is None");
        }
        _ => {}
    }
}

fn client_affinity(config: Option<&SessionAffinityConfig>, path: &Path<'_>, errors: &mut Errors) {
    const WHEN: &str = "when session affinity type is ClientIP";
    let Some(config) = config else {
        errors.required(path, WHEN);
        return;
    };
    let path = path.child("clientIP");
    let Some(client) = &config.client_ip else {
        errors.required(&path, WHEN);
        return;
    };
    let path = path.child("timeoutSeconds");
    match client.timeout_seconds {
        None => errors.required(&path, WHEN),
        Some(seconds) if !(1..=AFFINITY_SECONDS_MAX).contains(&seconds) => {
            let detail = format!("must be greater than 0 and less than {AFFINITY_SECONDS_MAX}");
            errors.invalid(&path, seconds, detail);
        }
        Some(_) => {}
    }
}

/// The rules of `clusterIP`, `clusterIPs` and the families: also looked at before an address is
/// handed out.
pub fn addresses(spec: &ServiceSpec) -> Errors {
    let mut errors = Errors::default();
    if spec.type_.as_deref() == Some("ExternalName") {
        return errors;
    }
    let path = Path::new("spec");
    let path_of_ips = path.child("clusterIPs");
    let ips = spec.cluster_ips.as_deref().unwrap_or_default();
    match (spec.cluster_ip.as_deref(), ips.first()) {
        (Some(ip), None) if !ip.is_empty() => errors.required(&path_of_ips, ""),
        (Some(ip), Some(first)) if !ip.is_empty() => {
            if ip != first {
                let detail = "first value must match `clusterIP`";
                errors.invalid_json(&path_of_ips, &ips, detail);
            }
        }
        (_, Some(_)) => {
            let detail = "must be empty when `clusterIP` is not specified";
            errors.invalid_json(&path_of_ips, &ips, detail);
        }
        (_, None) => {}
    }
    let path_of_families = path.child("ipFamilies");
    let mut seen = BTreeSet::new();
    for (i, family) in spec.ip_families.iter().flatten().enumerate() {
        let path = path_of_families.index(i);
        one_of(Some(family), &["IPv4", "IPv6"], &path, &mut errors);
        if !seen.insert(family.as_str()) {
            errors.duplicate(&path, family);
        }
    }
    if let Some(policy) = &spec.ip_family_policy {
        let known = ["PreferDualStack", "RequireDualStack", "SingleStack"];
        one_of(
            Some(policy),
            &known,
            &path.child("ipFamilyPolicy"),
            &mut errors,
        );
    }
    for (i, ip) in ips.iter().enumerate() {
        if i == 0 && ip == NONE {
            if ips.len() > 1 {
                let detail = "'None' must be the first and only value";
                errors.invalid_json(&path_of_ips, &ips, detail);
            }
            continue;
        }
        errors.invalid_each(&path_of_ips.index(i), ip, is_valid_ip(ip));
    }
    let wrong = ips
        .iter()
        .enumerate()
        .any(|(i, ip)| match (i, ip.as_str()) {
            (0, NONE) => ips.len() > 1,
            (_, ip) => !is_valid_ip(ip).is_empty(),
        });
    if ips.len() > 2 {
        let detail = "may only hold up to 2 values";
        errors.invalid_json(&path_of_ips, &ips, detail);
    }
    if wrong {
        return errors;
    }
    let is_six = |ip: &String| ip.contains(':');
    if ips.len() > 1 && (ips.iter().all(is_six) || !ips.iter().any(is_six)) {
        let detail = "may specify no more than one IP for each IP family";
        errors.invalid_json(&path_of_ips, &ips, detail);
    }
    let families = spec.ip_families.iter().flatten();
    for (i, (ip, family)) in ips.iter().zip(families).enumerate() {
        let other = match family.as_str() {
            "IPv4" => is_six(ip),
            "IPv6" => !is_six(ip),
            _ => false,
        };
        if other && !is_headless(spec) {
            let detail = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
            errors.invalid(&path_of_ips.index(i), ip, detail);
        }
    }
    errors
}

fn external_ips(spec: &ServiceSpec, path: &Path<'_>, errors: &mut Errors) {
    let path = path.child("externalIPs");
    for (i, ip) in spec.external_ips.iter().flatten().enumerate() {
        let messages = is_valid_ip(ip);
        if messages.is_empty() {
            not_special(ip, &path.index(i), errors);
        } else {
            errors.invalid_each(&path.index(i), ip, messages);
        }
    }
}

/// Addresses that mean something only to one machine (`ValidateNonSpecialIP`).
pub(in crate::api::kinds) fn not_special(ip: &str, path: &Path<'_>, errors: &mut Errors) {
    let detail = match parse_ip_sloppy(ip) {
        Some(Ip::V4(v4)) if v4.is_unspecified() => format!("may not be unspecified ({ip})"),
        Some(Ip::V4(v4)) if v4.is_loopback() => {
            "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()
        }
        Some(Ip::V4(v4)) if v4.is_link_local() => {
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()
        }
        Some(Ip::V4(v4)) if v4.octets()[..3] == [224, 0, 0] => {
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()
        }
        Some(Ip::V6(v6)) if v6.is_unspecified() => format!("may not be unspecified ({ip})"),
        Some(Ip::V6(v6)) if v6.is_loopback() => {
            "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()
        }
        Some(Ip::V6(v6)) if v6.segments()[0] & 0xffc0 == 0xfe80 => {
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()
        }
        Some(Ip::V6(v6)) if v6.segments()[0] & 0xff0f == 0xff02 => {
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()
        }
        None => "must be a valid IP address".to_owned(),
        _ => return,
    };
    errors.invalid(path, ip, detail);
}

fn duplicates(ports: &[ServicePort], path: &Path<'_>, errors: &mut Errors) {
    let mut node_ports = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let Some(number) = port.node_port.filter(|p| *p != 0) else {
            continue;
        };
        if !node_ports.insert((port.protocol.as_deref(), number)) {
            errors.duplicate(&path.index(i).child("nodePort"), number);
        }
    }
    let mut seen = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let protocol = port.protocol.as_deref().unwrap_or_default();
        if !seen.insert((protocol, port.port)) {
            let value = format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":{},\"NodePort\":0}}",
                quote(protocol),
                port.port,
                encode(&IntOrString::Int(0))
            );
            errors.duplicate_raw(&path.index(i), &value);
        }
    }
}

const ONLY_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";

/// From where a load balancer takes requests: a field, or an annotation that is older.
fn source_ranges(
    service: &Service,
    spec: &ServiceSpec,
    type_: &str,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    const ANNOTATION: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
    let ranges = spec.load_balancer_source_ranges.as_deref();
    let ranges = ranges.unwrap_or_default();
    let annotations = service.metadata.annotations.as_ref();
    if !ranges.is_empty() {
        let path = path.child("LoadBalancerSourceRanges");
        if type_ != "LoadBalancer" {
            errors.forbidden(&path, ONLY_BALANCER);
        }
        for (i, range) in ranges.iter().enumerate() {
            let range = range.trim();
            errors.invalid_each(&path.index(i), range, is_valid_cidr(range));
        }
    } else if let Some(listed) = annotations.and_then(|a| a.get(ANNOTATION)) {
        let path = Path::new("metadata");
        let path = path.child("annotations");
        let path = path.key(ANNOTATION);
        if type_ != "LoadBalancer" {
            errors.forbidden(&path, ONLY_BALANCER);
        }
        let listed = listed.trim();
        for range in listed.split(',').filter(|_| !listed.is_empty()) {
            let range = range.trim();
            errors.invalid_each(&path, range, is_valid_cidr(range));
        }
    }
}

fn balancer(spec: &ServiceSpec, type_: &str, path: &Path<'_>, errors: &mut Errors) {
    if type_ != "LoadBalancer" {
        if spec.allocate_load_balancer_node_ports.is_some() {
            errors.forbidden(&path.child("allocateLoadBalancerNodePorts"), ONLY_BALANCER);
        }
        if spec.load_balancer_class.is_some() {
            errors.forbidden(&path.child("loadBalancerClass"), ONLY_BALANCER);
        }
        return;
    }
    if spec.allocate_load_balancer_node_ports.is_none() {
        errors.required(&Path::new("allocateLoadBalancerNodePorts"), "");
    }
    if let Some(class) = &spec.load_balancer_class {
        let messages = is_qualified_name(class);
        errors.invalid_each(&path.child("loadBalancerClass"), class, messages);
    }
}

fn traffic(spec: &ServiceSpec, type_: &str, path: &Path<'_>, errors: &mut Errors) {
    let external = is_external(spec);
    let policy = spec.external_traffic_policy.as_deref().unwrap_or_default();
    let path_of_policy = path.child("externalTrafficPolicy");
    if external {
        one_of(Some(policy), POLICIES, &path_of_policy, errors);
    } else if !policy.is_empty() {
        let detail = "may only be set for externally-accessible services";
        errors.invalid(&path_of_policy, policy, detail);
    }
    let path_of_health = path.child("healthCheckNodePort");
    let health = spec.health_check_node_port.unwrap_or_default();
    if type_ == "LoadBalancer" && policy == "Local" {
        if health == 0 {
            errors.required(&path_of_health, "");
        } else {
            let messages = is_valid_port_num(health.into());
            each(&path_of_health, health, messages, errors);
        }
    } else if health != 0 {
        let detail =
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.invalid(&path_of_health, health, detail);
    }
    if let Some(policy) = &spec.internal_traffic_policy {
        one_of(
            Some(policy),
            POLICIES,
            &path.child("internalTrafficPolicy"),
            errors,
        );
    }
    if let Some(distribution) = &spec.traffic_distribution {
        let known = ["PreferClose", "PreferSameNode", "PreferSameZone"];
        one_of(
            Some(distribution),
            &known,
            &path.child("trafficDistribution"),
            errors,
        );
    }
}
