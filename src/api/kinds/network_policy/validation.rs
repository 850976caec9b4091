//! The rules of network policies
//! (`k8s.io/kubernetes/pkg/apis/networking/validation/validation.go`).

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::field::{Errors, Path, quote};
use crate::api::names::{
    Ip, cidr_warning, is_valid_cidr, is_valid_port_name, is_valid_port_num, parse_cidr_sloppy,
};
use crate::api::validation::{each, label_selector};

const TYPES: [&str; 2] = ["Ingress", "Egress"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

pub(super) fn validate(policy: &NetworkPolicy) -> Errors {
    let mut errors = Errors::default();
    let none = NetworkPolicySpec::default();
    let spec = policy.spec.as_ref().unwrap_or(&none);
    let path = Path::new("spec");
    label_selector(
        spec.pod_selector.as_ref(),
        &path.child("podSelector"),
        &mut errors,
    );
    let of_rules = path.child("ingress");
    for (i, rule) in spec.ingress.iter().flatten().enumerate() {
        let path = of_rules.index(i);
        let ports = rule.ports.as_deref().unwrap_or_default();
        all_ports(ports, &path.child("ports"), &mut errors);
        let peers = rule.from.as_deref().unwrap_or_default();
        all_peers(peers, &path.child("from"), &mut errors);
    }
    let of_rules = path.child("egress");
    for (i, rule) in spec.egress.iter().flatten().enumerate() {
        let path = of_rules.index(i);
        let ports = rule.ports.as_deref().unwrap_or_default();
        all_ports(ports, &path.child("ports"), &mut errors);
        let peers = rule.to.as_deref().unwrap_or_default();
        all_peers(peers, &path.child("to"), &mut errors);
    }
    let types = spec.policy_types.as_deref().unwrap_or_default();
    let of_types = path.child("policyTypes");
    if types.len() > TYPES.len() {
        let detail = "may not specify more than two policyTypes";
        errors.invalid_json(&of_types, &types, detail);
        return errors;
    }
    for (i, one) in types.iter().enumerate() {
        if !TYPES.contains(&one.as_str()) {
            errors.not_supported_raw(&of_types.index(i), &quote(one), &TYPES);
        }
    }
    errors
}

fn all_ports(ports: &[NetworkPolicyPort], path: &Path<'_>, errors: &mut Errors) {
    for (i, one) in ports.iter().enumerate() {
        port(one, &path.index(i), errors);
    }
}

fn port(port: &NetworkPolicyPort, path: &Path<'_>, errors: &mut Errors) {
    if let Some(protocol) = &port.protocol
        && !PROTOCOLS.contains(&protocol.as_str())
    {
        errors.not_supported_raw(&path.child("protocol"), &quote(protocol), &PROTOCOLS);
    }
    let of_end = path.child("endPort");
    match (&port.port, port.end_port) {
        (Some(IntOrString::Int(number)), end) => {
            let messages = is_valid_port_num((*number).into());
            each(&path.child("port"), *number, messages, errors);
            if let Some(end) = end {
                if end < *number {
                    let detail = "must be greater than or equal to `port`";
                    // Upstream shows the port here.
                    errors.invalid(&of_end, *number, detail);
                }
                each(&of_end, end, is_valid_port_num(end.into()), errors);
            }
        }
        (Some(IntOrString::String(name)), end) => {
            if let Some(end) = end {
                let detail = "may not be specified when `port` is non-numeric";
                errors.invalid(&of_end, end, detail);
            }
            errors.invalid_each(&path.child("port"), name, is_valid_port_name(name));
        }
        (None, Some(end)) => {
            let detail = "may not be specified when `port` is not specified";
            errors.invalid(&of_end, end, detail);
        }
        (None, None) => {}
    }
}

fn all_peers(peers: &[NetworkPolicyPeer], path: &Path<'_>, errors: &mut Errors) {
    for (i, peer) in peers.iter().enumerate() {
        let path = path.index(i);
        label_selector(
            peer.pod_selector.as_ref(),
            &path.child("podSelector"),
            errors,
        );
        label_selector(
            peer.namespace_selector.as_ref(),
            &path.child("namespaceSelector"),
            errors,
        );
        if let Some(block) = &peer.ip_block {
            ip_block(block, &path.child("ipBlock"), errors);
        }
        let selects = peer.pod_selector.is_some() || peer.namespace_selector.is_some();
        match (selects, &peer.ip_block) {
            (false, None) => errors.required(&path, "must specify a peer"),
            (true, Some(_)) => {
                errors.forbidden(&path, "may not specify both ipBlock and another peer");
            }
            _ => {}
        }
    }
}

fn ip_block(block: &IPBlock, path: &Path<'_>, errors: &mut Errors) {
    let at = path.child("cidr");
    if block.cidr.is_empty() {
        errors.required(&at, "");
        return;
    }
    errors.invalid_each(&at, &block.cidr, is_valid_cidr(&block.cidr));
    let Some(whole) = parse_cidr_sloppy(&block.cidr) else {
        return;
    };
    let of_list = path.child("except");
    for (i, except) in block.except.iter().flatten().enumerate() {
        let path = of_list.index(i);
        errors.invalid_each(&path, except, is_valid_cidr(except));
        let Some(part) = parse_cidr_sloppy(except) else {
            continue;
        };
        if !contains(whole, part.0) || whole.1 >= part.1 {
            errors.invalid(&path, except, "must be a strict subset of `cidr`");
        }
    }
}

fn contains((base, length): (Ip, u8), ip: Ip) -> bool {
    crate::api::names::masked(base, length) == crate::api::names::masked(ip, length)
}

/// Blocks that are written in another form than usual.
pub(super) fn warnings(policy: &NetworkPolicy) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(spec) = &policy.spec else {
        return warnings;
    };
    let mut look = |peers: &[NetworkPolicyPeer], field: String| {
        for (i, peer) in peers.iter().enumerate() {
            let Some(block) = &peer.ip_block else {
                continue;
            };
            let path = format!("{field}[{i}].ipBlock");
            warnings.extend(cidr_warning(&block.cidr, format!("{path}.cidr")));
            for (i, except) in block.except.iter().flatten().enumerate() {
                warnings.extend(cidr_warning(except, format!("{path}.except[{i}]")));
            }
        }
    };
    for (i, rule) in spec.ingress.iter().flatten().enumerate() {
        let peers = rule.from.as_deref().unwrap_or_default();
        look(peers, format!("spec.ingress[{i}].from"));
    }
    for (i, rule) in spec.egress.iter().flatten().enumerate() {
        let peers = rule.to.as_deref().unwrap_or_default();
        look(peers, format!("spec.egress[{i}].to"));
    }
    warnings
}
