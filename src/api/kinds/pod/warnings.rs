//! What a client is told about a pod that is allowed, but hardly meant.
//!
//! Models `k8s.io/kubernetes/pkg/api/pod/warnings.go`.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Affinity, Container, ContainerPort, NodeAffinity, NodeSelectorTerm, PodSpec, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::annotations::{APP_ARMOR, SECCOMP_OF_CONTAINER, SECCOMP_OF_POD};
use super::overlaps;
use super::scheduling::{PREFERRED, REQUIRED};
use super::windows::visit;
use crate::api::field::{Path, quote};
use crate::api::kinds::persistent_volume_claim;
use crate::api::names::{ip_warning, is_dns1123_label, is_label_value};
use crate::api::quantity::QuantityExt;

/// Labels of nodes that have got other names.
pub(in crate::api::kinds) const OLD_NODE_LABELS: &[(&str, &str, &str)] = &[
    ("beta.kubernetes.io/arch", "v1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "v1.14", "kubernetes.io/os"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "v1.17",
        "topology.kubernetes.io/region",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "v1.17",
        "topology.kubernetes.io/zone",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "v1.17",
        "node.kubernetes.io/instance-type",
    ),
];

/// A pod's name is its hostname.
pub(super) fn of_name(meta: &ObjectMeta) -> Vec<String> {
    name_warning(
        meta,
        "this is used in the Pod's hostname, which can result in surprising behavior",
    )
}

/// The name of something that makes pods becomes part of theirs.
pub(in crate::api::kinds) fn of_owner_name(meta: &ObjectMeta) -> Vec<String> {
    name_warning(
        meta,
        "this is used in Pod names and hostnames, which can result in surprising behavior",
    )
}

fn name_warning(meta: &ObjectMeta, why: &str) -> Vec<String> {
    let name = meta.name.as_deref().unwrap_or_default();
    let messages = is_dns1123_label(name);
    if messages.is_empty() {
        return Vec::new();
    }
    let list = messages.join(" ");
    vec![format!(
        "metadata.name: {why}; a DNS label is recommended: [{list}]"
    )]
}

/// Annotations that nobody reads any longer, and what stands in their place.
const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

/// `warningsForPodSpecAndMeta`, for the spec below `path`.
///
/// Divergence: a negative `terminationGracePeriodSeconds` is not warned of: the transcripts of v1.36.2 do
/// without, although the sources have the words.
pub(in crate::api::kinds) fn of_spec(
    spec: &PodSpec,
    meta: Option<&ObjectMeta>,
    path: &Path<'_>,
    of_meta: &Path<'_>,
    found: &mut Vec<String>,
) {
    let none = BTreeMap::new();
    let given = meta.and_then(|m| m.annotations.as_ref());
    let given = given.unwrap_or(&none);
    let of_annotations = of_meta.child("annotations");
    placement(spec, path, found);
    for (key, message) in OLD_ANNOTATIONS {
        if given.contains_key(key) {
            found.push(format!("{}: {message}", of_annotations.key(key)));
        }
    }
    let of_volumes = path.child("volumes");
    for (i, volume) in spec.volumes.iter().flatten().enumerate() {
        if is_old(volume) {
            old_source(volume, &of_volumes.index(i), found);
        }
    }
    overlaps::find(spec.volumes.as_deref().unwrap_or_default(), found);
    if spec.host_aliases.is_some() || spec.image_pull_secrets.is_some() {
        lists(spec, path, found);
    }
    fractions(spec.overhead.as_ref(), &path.child("overhead"), found);
    let of_pod = spec.security_context.as_ref();
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    if of_pod.is_none_or(|c| c.seccomp_profile.is_none()) && given.contains_key(SECCOMP_OF_POD) {
        found.push(format!("{}: {seccomp}", of_annotations.key(SECCOMP_OF_POD)));
    }
    let armoured = of_pod.is_some_and(|c| c.app_armor_profile.is_some());
    visit(spec, path, &mut |container, path| {
        let own = container.security_context.as_ref();
        let key = format!("{SECCOMP_OF_CONTAINER}{}", container.name);
        if own.is_none_or(|c| c.seccomp_profile.is_none()) && given.contains_key(&key) {
            found.push(format!("{}: {seccomp}", of_annotations.key(&key)));
        }
        let key = format!("{APP_ARMOR}{}", container.name);
        let armoured = armoured || own.is_some_and(|c| c.app_armor_profile.is_some());
        if !armoured && given.contains_key(&key) {
            found.push(format!(
                "{}: deprecated since v1.30; use the \"appArmorProfile\" field instead",
                of_annotations.key(&key)
            ));
        }
        of_container(container, path, found);
    });
    ports(spec, path, found);
    if let Some(affinity) = &spec.affinity {
        unselective(affinity, &path.child("affinity"), found);
    }
    if spec.dns_config.is_some() || spec.host_aliases.is_some() {
        addresses(spec, path, found);
    }
}

/// Aliases and secrets that are named twice.
#[inline(never)] // rare: it waits in the second file of the wasm
fn lists(spec: &PodSpec, path: &Path<'_>, found: &mut Vec<String>) {
    let aliases = spec.host_aliases.as_deref().unwrap_or_default();
    let ips = aliases.iter().map(|a| a.ip.as_str());
    twice(ips, "ip", &path.child("hostAliases"), found);
    let secrets = spec.image_pull_secrets.as_deref().unwrap_or_default();
    let of_secrets = path.child("imagePullSecrets");
    twice(
        secrets.iter().map(|s| s.name.as_str()),
        "name",
        &of_secrets,
        found,
    );
    for (i, _) in secrets
        .iter()
        .enumerate()
        .filter(|(_, s)| s.name.is_empty())
    {
        let path = of_secrets.index(i);
        found.push(format!("{}: invalid empty name \"\"", path.child("name")));
    }
}

/// Addresses that are not written as they should be.
#[inline(never)] // rare: it waits in the second file of the wasm
fn addresses(spec: &PodSpec, path: &Path<'_>, found: &mut Vec<String>) {
    let config = spec.dns_config.as_ref();
    let servers = config.and_then(|c| c.nameservers.as_deref());
    let of_servers = path.child("dnsConfig");
    let of_servers = of_servers.child("nameservers");
    for (i, server) in servers.unwrap_or_default().iter().enumerate() {
        found.extend(ip_warning(server, of_servers.index(i)));
    }
    let aliases = spec.host_aliases.as_deref().unwrap_or_default();
    let of_aliases = path.child("hostAliases");
    for (i, alias) in aliases.iter().enumerate() {
        found.extend(ip_warning(&alias.ip, of_aliases.index(i).child("ip")));
    }
}

/// Warns of a label of nodes that has got another name.
pub(in crate::api::kinds) fn old_node_label(key: &str, path: &str) -> Option<String> {
    let (old, since, new) = OLD_NODE_LABELS.iter().find(|(old, ..)| *old == key)?;
    Some(format!(
        "{path}: {old} is deprecated since {since}; use {} instead",
        quote(new)
    ))
}

/// Labels of nodes that have got other names, and constraints that choose no pods.
fn placement(spec: &PodSpec, path: &Path<'_>, found: &mut Vec<String>) {
    let of_selector = path.child("nodeSelector");
    for (old, since, new) in OLD_NODE_LABELS {
        let selected = spec.node_selector.as_ref();
        if selected.is_some_and(|s| s.contains_key(*old)) {
            found.push(format!(
                "{}: deprecated since {since}; use {} instead",
                of_selector.key(old),
                quote(new)
            ));
        }
    }
    let of_nodes = spec
        .affinity
        .as_ref()
        .and_then(|a| a.node_affinity.as_ref());
    if let Some(affinity) = of_nodes {
        node_terms(affinity, path, found);
    }
    if spec.topology_spread_constraints.is_some() {
        constraints(spec, path, found);
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn node_terms(affinity: &NodeAffinity, path: &Path<'_>, found: &mut Vec<String>) {
    let path = path.child("affinity");
    let path = path.child("nodeAffinity");
    let required = &affinity.required_during_scheduling_ignored_during_execution;
    let terms = required.iter().flat_map(|r| &r.node_selector_terms);
    let at = path.child(REQUIRED);
    let at = at.child("nodeSelectorTerms");
    for (i, term) in terms.enumerate() {
        node_term(term, false, &at.index(i), found);
    }
    let preferred = &affinity.preferred_during_scheduling_ignored_during_execution;
    let at = path.child(PREFERRED);
    for (i, term) in preferred.iter().flatten().enumerate() {
        node_term(
            &term.preference,
            true,
            &at.index(i).child("preference"),
            found,
        );
    }
}

#[inline(never)] // rare: it waits in the second file of the wasm
fn constraints(spec: &PodSpec, path: &Path<'_>, found: &mut Vec<String>) {
    let at = path.child("topologySpreadConstraints");
    let constraints = spec.topology_spread_constraints.iter().flatten();
    for (i, constraint) in constraints.enumerate() {
        let at = at.index(i);
        let of_key = at.child("topologyKey").to_string();
        found.extend(old_node_label(&constraint.topology_key, &of_key));
        if constraint.label_selector.is_none() {
            found.push(format!("{}: {NO_POD}", at.child("labelSelector")));
        }
    }
}

const NO_POD: &str = "a null labelSelector results in matching no pod";

/// `GetWarningsForNodeSelectorTerm`; of preferred ones also the values are looked at, for they are not
/// refused.
fn node_term(term: &NodeSelectorTerm, values: bool, path: &Path<'_>, found: &mut Vec<String>) {
    let path = path.child("matchExpressions");
    for (i, rule) in term.match_expressions.iter().flatten().enumerate() {
        let path = path.index(i);
        found.extend(old_node_label(&rule.key, &path.child("key").to_string()));
        let listed = rule.values.iter().flatten().enumerate();
        let path = path.child("values");
        for (i, value) in listed.filter(|_| values) {
            for message in is_label_value(value) {
                found.push(format!("{}: {value} is invalid, {message}", path.index(i)));
            }
        }
    }
}

/// Whether a volume has one of the sources that [`old_source`] looks at.
fn is_old(v: &Volume) -> bool {
    v.photon_persistent_disk.is_some()
        || v.git_repo.is_some()
        || v.scale_io.is_some()
        || v.flocker.is_some()
        || v.storageos.is_some()
        || v.quobyte.is_some()
        || v.glusterfs.is_some()
        || v.ephemeral.is_some()
        || v.cephfs.is_some()
        || v.rbd.is_some()
}

/// Sources of volumes that are going, or gone.
#[inline(never)] // rare: it waits in the second file of the wasm
fn old_source(volume: &Volume, path: &Path<'_>, found: &mut Vec<String>) {
    let last = |field: &str, since: &str, until: &str| {
        format!(
            "{}: deprecated in {since}, non-functional in {until}",
            path.child(field)
        )
    };
    for (given, text) in [
        (
            volume.photon_persistent_disk.is_some(),
            last("photonPersistentDisk", "v1.11", "v1.16+"),
        ),
        (
            volume.git_repo.is_some(),
            format!(
                "{}: deprecated in v1.11, and disabled by default in v1.33+",
                path.child("gitRepo")
            ),
        ),
        (
            volume.scale_io.is_some(),
            last("scaleIO", "v1.16", "v1.22+"),
        ),
        (volume.flocker.is_some(), last("flocker", "v1.22", "v1.25+")),
        (
            volume.storageos.is_some(),
            last("storageOS", "v1.22", "v1.25+"),
        ),
        (volume.quobyte.is_some(), last("quobyte", "v1.22", "v1.25+")),
        (
            volume.glusterfs.is_some(),
            last("glusterfs", "v1.25", "v1.26+"),
        ),
    ] {
        if given {
            found.push(text);
        }
    }
    let template = volume.ephemeral.as_ref();
    if let Some(template) = template.and_then(|e| e.volume_claim_template.as_ref()) {
        let path = path.child("ephemeral");
        let path = path.child("volumeClaimTemplate");
        let path = path.child("spec").to_string();
        persistent_volume_claim::fractions(&template.spec, &path, found);
    }
    for (given, field) in [
        (volume.cephfs.is_some(), "cephfs"),
        (volume.rbd.is_some(), "rbd"),
    ] {
        if given {
            found.push(last(field, "v1.28", "v1.31+"));
        }
    }
}

/// Items of a list that were there already.
fn twice<'t>(
    items: impl Iterator<Item = &'t str>,
    field: &str,
    path: &Path<'_>,
    found: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    for (i, item) in items.enumerate() {
        if !seen.insert(item) {
            let item = quote(item);
            found.push(format!(
                "{}: duplicate {field} {item}",
                path.index(i).child(field)
            ));
        }
    }
}

/// Bytes come whole.
fn fractions(list: Option<&BTreeMap<String, Quantity>>, path: &Path<'_>, found: &mut Vec<String>) {
    for name in ["memory", "ephemeral-storage"] {
        if let Some(quantity) = list.and_then(|l| l.get(name))
            && !quantity.amount().is_integer()
        {
            found.push(format!(
                "{}: fractional byte value {} is invalid, must be an integer",
                path.key(name),
                quote(&quantity.0)
            ));
        }
    }
}

fn of_container(container: &Container, path: &Path<'_>, found: &mut Vec<String>) {
    if let Some(resources) = &container.resources {
        let path = path.child("resources");
        // Upstream looks at the limit and the request of one resource after the other.
        for name in ["memory", "ephemeral-storage"] {
            for (field, list) in [
                ("limits", &resources.limits),
                ("requests", &resources.requests),
            ] {
                let one = list.as_ref().and_then(|l| l.get_key_value(name));
                let one = one.map(|(n, q)| [(n.clone(), q.clone())].into());
                fractions(one.as_ref(), &path.child(field), found);
            }
        }
    }
    let env_path = path.child("env");
    let vars = container.env.as_deref().unwrap_or_default();
    let mut earlier = BTreeSet::new();
    for (i, var) in vars.iter().enumerate() {
        if !earlier.insert(var.name.as_str()) {
            let value = var.value.as_deref().unwrap_or_default();
            let own = format!("$({})", var.name);
            if var.value_from.is_some() || value == own || !value.contains(&own) {
                found.push(format!(
                    "{}: hides previous definition of {}, which may be dropped when using apply",
                    env_path.index(i),
                    quote(&var.name)
                ));
            }
        }
    }
}

/// Ports of all containers that are in each other's way.
fn ports(spec: &PodSpec, path: &Path<'_>, found: &mut Vec<String>) {
    /// Number and protocol, and who has them: where it stands, and on which address and port of the node.
    type Taken = BTreeMap<(i32, String), Vec<(String, ContainerPort)>>;
    let mut seen = Taken::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut of_names = Vec::new();
    visit(spec, path, &mut |container, path| {
        let path = path.child("ports");
        for (i, port) in container.ports.iter().flatten().enumerate() {
            let path = path.index(i).to_string();
            let (ip, host) = at_host(port);
            if !ip.is_empty() && host == 0 {
                found.push(format!(
                    "{path}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{ip}}}",
                    port.name.as_deref().unwrap_or_default(),
                    port.container_port,
                    port.protocol.as_deref().unwrap_or_default(),
                ));
            }
            let number = (
                port.container_port,
                port.protocol.clone().unwrap_or_default(),
            );
            let same = seen.entry(number).or_default();
            for (there, other) in same.iter() {
                let (other_ip, other_host) = at_host(other);
                let what = if (ip, host) == (other_ip, other_host) {
                    "duplicate"
                } else if host == 0 || other_host == 0 {
                    "overlapping"
                } else if host == other_host && ip.is_empty() != other_ip.is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                found.push(format!("{path}: {what} port definition with {there}"));
            }
            if let Some(name) = port.name.as_ref().filter(|n| !n.is_empty()) {
                match names.get(name) {
                    Some(there) => of_names.push(format!(
                        "{path}: duplicate port name {} with {there}, services and probes that select ports by name will use {there}",
                        quote(name)
                    )),
                    None => {
                        names.insert(name.clone(), path.clone());
                    }
                }
            }
            same.push((path, port.clone()));
        }
    });
    found.append(&mut of_names);
}

fn at_host(port: &ContainerPort) -> (&str, i32) {
    let ip = port.host_ip.as_deref().unwrap_or_default();
    (ip, port.host_port.unwrap_or_default())
}

/// Terms of affinity that choose no pods.
fn unselective(affinity: &Affinity, path: &Path<'_>, found: &mut Vec<String>) {
    let near = affinity.pod_affinity.clone().unwrap_or_default();
    let far = affinity.pod_anti_affinity.clone().unwrap_or_default();
    for (field, required, preferred) in [
        (
            "podAffinity",
            near.required_during_scheduling_ignored_during_execution,
            near.preferred_during_scheduling_ignored_during_execution,
        ),
        (
            "podAntiAffinity",
            far.required_during_scheduling_ignored_during_execution,
            far.preferred_during_scheduling_ignored_during_execution,
        ),
    ] {
        let path = path.child(field);
        let at = path.child(REQUIRED);
        for (i, term) in required.iter().flatten().enumerate() {
            if term.label_selector.is_none() {
                found.push(format!("{}: {NO_POD}", at.index(i).child("labelSelector")));
            }
        }
        let at = path.child(PREFERRED);
        for (i, term) in preferred.iter().flatten().enumerate() {
            if term.pod_affinity_term.label_selector.is_none() {
                let at = at.index(i);
                let at = at.child("podAffinityTerm");
                found.push(format!("{}: {NO_POD}", at.child("labelSelector")));
            }
        }
    }
}
