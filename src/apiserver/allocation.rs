//! What the API server hands out to services: cluster addresses and node ports.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/service/storage/alloc.go` and the allocators behind
//! it. A request first claims what it needs, is then validated, and only a request that is written
//! settles its claim; so a refused or dry request takes nothing.
//!
//! Divergence: the ranges are fixed, and the cluster has one family of addresses, IPv4.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::ApiServer;
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::service_address_errors;
use crate::api::names::{Ip, parse_ip_sloppy};
use crate::api::{Object, Resource, Result, Status};
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};
use crate::sim::{Kernel, Rng};

/// 10.96.0.0/12
const NETWORK: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 0);
const NETWORK_SIZE: u32 = 1 << 20;
/// The first addresses are left to those who ask for a certain one.
const STATIC_ADDRESSES: u32 = 256;

const FIRST_PORT: i32 = 30_000;
const LAST_PORT: i32 = 32_767;
/// The first ports are left to those who ask for a certain one.
const STATIC_PORTS: i32 = 86;

const NOBODY: &str = "None";

/// What is taken.
#[derive(Clone, Default)]
pub(super) struct Allocations {
    addresses: BTreeSet<u32>,
    ports: BTreeSet<i32>,
}

/// What a request needs beyond what is taken, and what it no longer needs.
#[derive(Default)]
pub(super) struct Claim {
    addresses: Vec<u32>,
    ports: Vec<i32>,
    freed_addresses: Vec<u32>,
    freed_ports: Vec<i32>,
}

impl ApiServer {
    /// Gives the object what the cluster hands out, and says what that takes.
    pub(super) fn claim(
        &mut self,
        kernel: &mut Kernel,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<Claim> {
        if object.kind() != Service::KIND {
            return Ok(Claim::default());
        }
        let old = old.and_then(Object::get::<Service>);
        let old = old.and_then(|s| s.spec.as_ref());
        let (info, name) = (object.info(), object.name().to_owned());
        let Some(spec) = object.edit::<Service>().and_then(|s| s.spec.as_mut()) else {
            return Ok(Claim::default());
        };
        let mut claim = Claim::default();
        let mut errors = service_address_errors(spec);
        if errors.is_empty() {
            errors = families(spec);
        }
        if errors.is_empty() {
            errors =
                self.allocations
                    .address(kernel.rng("apiserver/addresses"), spec, old, &mut claim);
        }
        if errors.is_empty() {
            let rng = kernel.rng("apiserver/ports");
            errors = self.allocations.ports(rng, spec, old, &mut claim);
        }
        if errors.is_empty() {
            return Ok(claim);
        }
        Err(Status::invalid(info, &name, &errors))
    }

    pub(super) fn settle_claim(&mut self, claim: Claim) {
        let all = &mut self.allocations;
        for address in &claim.freed_addresses {
            all.addresses.remove(address);
        }
        for port in &claim.freed_ports {
            all.ports.remove(port);
        }
        all.addresses.extend(claim.addresses);
        all.ports.extend(claim.ports);
    }

    /// Counts anew what services have, when they came or went past the requests that claim.
    pub(super) fn recount_services(&mut self) {
        let mut all = Allocations::default();
        for (_, version) in self.store.versions() {
            let service = version.value.whole().and_then(Object::get::<Service>);
            if let Some(spec) = service.and_then(|s| s.spec.as_ref()) {
                all.addresses.extend(addresses_of(spec));
                all.ports.extend(ports_of(spec));
            }
        }
        self.allocations = all;
    }

    /// Takes back what a deleted object was given.
    pub(super) fn release(&mut self, object: &Object) {
        let spec = object.get::<Service>().and_then(|s| s.spec.as_ref());
        if let Some(spec) = spec {
            for address in addresses_of(spec) {
                self.allocations.addresses.remove(&address);
            }
            for port in ports_of(spec) {
                self.allocations.ports.remove(&port);
            }
        }
    }
}

fn needs_address(spec: &ServiceSpec) -> bool {
    matches!(
        spec.type_.as_deref(),
        Some("ClusterIP" | "NodePort" | "LoadBalancer")
    )
}

fn is_headless(spec: &ServiceSpec) -> bool {
    spec.cluster_ips
        .as_ref()
        .and_then(|ips| ips.first())
        .is_some_and(|ip| ip == NOBODY)
}

fn wants_node_ports(spec: &ServiceSpec) -> bool {
    match spec.type_.as_deref() {
        Some("NodePort") => true,
        Some("LoadBalancer") => spec.allocate_load_balancer_node_ports != Some(false),
        _ => false,
    }
}

fn wants_health_port(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() == Some("LoadBalancer")
        && spec.external_traffic_policy.as_deref() == Some("Local")
}

/// The service's addresses in the cluster's range.
fn addresses_of(spec: &ServiceSpec) -> Vec<u32> {
    let ips = spec.cluster_ips.iter().flatten();
    ips.filter_map(|ip| in_range(ip)).collect()
}

fn ports_of(spec: &ServiceSpec) -> BTreeSet<i32> {
    let ports = spec.ports.iter().flatten().filter_map(|p| p.node_port);
    ports
        .chain(spec.health_check_node_port)
        .filter(|p| *p != 0)
        .collect()
}

/// An address as its distance from the beginning of the range.
fn in_range(ip: &str) -> Option<u32> {
    match parse_ip_sloppy(ip) {
        Some(Ip::V4(ip)) => {
            let offset = u32::from(ip).checked_sub(u32::from(NETWORK))?;
            (offset > 0 && offset < NETWORK_SIZE - 1).then_some(offset)
        }
        _ => None,
    }
}

/// Fills in the families of the service's addresses.
fn families(spec: &mut ServiceSpec) -> Errors {
    let mut errors = Errors::default();
    if !needs_address(spec) {
        return errors;
    }
    let root = Path::new("spec");
    let headless = is_headless(spec);
    if headless
        && spec
            .selector
            .as_ref()
            .is_none_or(std::collections::BTreeMap::is_empty)
    {
        // Whoever fills the endpoints in by hand may use any family.
        let families = spec
            .ip_families
            .get_or_insert_with(|| vec!["IPv4".to_owned()]);
        let single = spec.ip_family_policy.as_deref() == Some("SingleStack");
        if families.len() < 2 && !single {
            let other = if families.first().is_some_and(|f| f == "IPv4") {
                "IPv6"
            } else {
                "IPv4"
            };
            families.push(other.to_owned());
        }
        spec.ip_family_policy
            .get_or_insert_with(|| "RequireDualStack".to_owned());
        return errors;
    }
    if let Some(policy @ "RequireDualStack") = spec.ip_family_policy.as_deref() {
        errors.invalid(
            &root.child("ipFamilyPolicy"),
            policy,
            "this cluster is not configured for dual-stack services",
        );
    }
    if !headless && spec.ip_families.is_none() {
        let given = spec.cluster_ips.iter().flatten();
        let found: Vec<String> = given
            .filter_map(|ip| match parse_ip_sloppy(ip)? {
                Ip::V4(_) => Some("IPv4".to_owned()),
                Ip::V6(_) => Some("IPv6".to_owned()),
            })
            .collect();
        spec.ip_families = (!found.is_empty()).then_some(found);
    }
    for (i, family) in spec.ip_families.iter().flatten().enumerate() {
        if family == "IPv6" {
            let path = root.child("ipFamilies");
            errors.invalid(&path.index(i), family, "not configured on this cluster");
        }
    }
    if errors.is_empty() {
        spec.ip_families
            .get_or_insert_with(|| vec!["IPv4".to_owned()]);
        spec.ip_family_policy
            .get_or_insert_with(|| "SingleStack".to_owned());
    }
    errors
}

impl Allocations {
    fn address(
        &self,
        rng: &mut Rng,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        claim: &mut Claim,
    ) -> Errors {
        let mut errors = Errors::default();
        let before = old.map(addresses_of).unwrap_or_default();
        if !needs_address(spec) || is_headless(spec) {
            claim.freed_addresses = before;
            return errors;
        }
        let asked = spec.cluster_ips.iter().flatten().next().cloned();
        let Some(asked) = asked.filter(|ip| !ip.is_empty()) else {
            match self.free_address(rng) {
                Some(offset) => {
                    let ip = Ipv4Addr::from(u32::from(NETWORK) + offset).to_string();
                    spec.cluster_ip = Some(ip.clone());
                    spec.cluster_ips = Some(vec![ip]);
                    claim.addresses.push(offset);
                }
                None => {
                    let path = Path::new("spec");
                    errors.internal(
                        &path.child("clusterIPs"),
                        "failed to allocate a serviceIP: range is full",
                    );
                }
            }
            return errors;
        };
        let reason = match in_range(&asked) {
            // What is no address at all is told by validation.
            None if parse_ip_sloppy(&asked).is_none() => return errors,
            None => "the provided network does not match the current range",
            Some(offset) if before.contains(&offset) => return errors,
            // A service keeps its address; validation says so.
            Some(_) if !before.is_empty() => return errors,
            Some(offset) if self.addresses.contains(&offset) => "provided IP is already allocated",
            Some(offset) => {
                claim.addresses.push(offset);
                return errors;
            }
        };
        let path = Path::new("spec");
        let given = format!("[{}]", quote(&asked));
        let detail = format!("failed to allocate IP {asked}: {reason}");
        errors.invalid_raw(&path.child("clusterIPs"), &given, detail);
        errors
    }

    /// A free address outside the static part; then one inside of it.
    fn free_address(&self, rng: &mut Rng) -> Option<u32> {
        let last = NETWORK_SIZE - 2;
        let start = rng.between(u64::from(STATIC_ADDRESSES), u64::from(last)) as u32;
        (start..=last)
            .chain(STATIC_ADDRESSES..start)
            .chain(1..STATIC_ADDRESSES)
            .find(|offset| !self.addresses.contains(offset))
    }

    fn ports(
        &self,
        rng: &mut Rng,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        claim: &mut Claim,
    ) -> Errors {
        let mut errors = Errors::default();
        let before = old.map(ports_of).unwrap_or_default();
        if wants_node_ports(spec) {
            self.node_ports(rng, spec, &before, claim, &mut errors);
        }
        if wants_health_port(spec) && spec.health_check_node_port.unwrap_or_default() == 0 {
            spec.health_check_node_port = self.free_port(rng, &claim.ports);
            claim.ports.extend(spec.health_check_node_port);
        }
        let after = ports_of(spec);
        claim.freed_ports = before.difference(&after).copied().collect();
        errors
    }

    fn node_ports(
        &self,
        rng: &mut Rng,
        spec: &mut ServiceSpec,
        before: &BTreeSet<i32>,
        claim: &mut Claim,
        errors: &mut Errors,
    ) {
        let root = Path::new("spec");
        let path = root.child("ports");
        // Ports of several protocols may share one node port.
        let mut used: BTreeMap<i32, Vec<(String, i32)>> = BTreeMap::new();
        for (i, port) in spec.ports.iter_mut().flatten().enumerate() {
            let protocol = port.protocol.clone().unwrap_or_default();
            let asked = port.node_port.unwrap_or_default();
            if asked == 0 {
                let shared = used.iter().find(|(_, users)| {
                    users.iter().any(|(_, number)| *number == port.port)
                        && users.iter().all(|(p, _)| *p != protocol)
                });
                let given = match shared {
                    Some((number, _)) => Some(*number),
                    None => {
                        let free = self.free_port(rng, &claim.ports);
                        claim.ports.extend(free);
                        free
                    }
                };
                let Some(given) = given else {
                    let index = path.index(i);
                    errors.internal(
                        &index.child("nodePort"),
                        "failed to allocate a nodePort: range is full",
                    );
                    return;
                };
                port.node_port = Some(given);
                used.entry(given).or_default().push((protocol, port.port));
                continue;
            }
            let mine = before.contains(&asked) || claim.ports.contains(&asked);
            if !(FIRST_PORT..=LAST_PORT).contains(&asked) {
                let detail = format!(
                    "provided port is not in the valid range. The range of valid ports is {FIRST_PORT}-{LAST_PORT}"
                );
                errors.invalid(&path.index(i).child("nodePort"), asked, detail);
                return;
            }
            if self.ports.contains(&asked) && !mine {
                let detail = "provided port is already allocated";
                errors.invalid(&path.index(i).child("nodePort"), asked, detail);
                return;
            }
            if !mine {
                claim.ports.push(asked);
            }
            used.entry(asked).or_default().push((protocol, port.port));
        }
    }

    fn free_port(&self, rng: &mut Rng, claimed: &[i32]) -> Option<i32> {
        let dynamic = FIRST_PORT + STATIC_PORTS;
        let start = rng.between(dynamic as u64, LAST_PORT as u64) as i32;
        (start..=LAST_PORT)
            .chain(dynamic..start)
            .chain(FIRST_PORT..dynamic)
            .find(|port| !self.ports.contains(port) && !claimed.contains(port))
    }
}
