//! A machine of the cluster.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/node/strategy.go`.

use k8s_openapi::api::core::v1::{Node as Kind, NodeSpec, NodeStatus};

use super::pod::defaults::drop_false;
use super::pod::resources::amount;
use super::pod::scheduling::EFFECTS;
use super::{KindInfo, cells};
use crate::api::field::{Errors, Path, quote};
use crate::api::names::{is_label_value, is_valid_cidr};
use crate::api::quantity::QuantityExt;
use crate::api::strategy::{Column, KindStrategy, Typed, column, wide};
use crate::api::time::age;
use crate::api::validation::{label_key, one_of};
use crate::sim::Time;
use crate::sim::ordered::Set as BTreeSet;

pub const INFO: KindInfo = KindInfo {
    group: "",
    version: "v1",
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    namespaced: false,
    categories: &[],
    subresources: &["proxy", "status"],
    prefix: "minions",
    strategy: &Typed(Rules),
};

const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
const ROLE_LABEL: &str = "kubernetes.io/role";

/// What holds for new and changed nodes alike. Taints are said to be part of the metadata, as upstream
/// has it.
fn in_general(node: &Kind) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("metadata");
    let path = path.child("taints");
    let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref());
    let mut seen = BTreeSet::new();
    for (i, taint) in taints.unwrap_or_default().iter().enumerate() {
        let path = path.index(i);
        label_key(&taint.key, &path.child("key"), &mut errors);
        let value = taint.value.as_deref().unwrap_or_default();
        let messages = is_label_value(value);
        if !messages.is_empty() {
            errors.invalid(&path.child("value"), value, messages.join(";"));
        }
        let effect = Some(taint.effect.as_str());
        one_of(effect, EFFECTS, &path.child("effect"), &mut errors);
        if !seen.insert((&taint.key, &taint.effect)) {
            let added = crate::api::codec::encode(&taint.time_added);
            let shown = format!(
                "{{\"Key\":{},\"Value\":{},\"Effect\":{},\"TimeAdded\":{added}}}",
                quote(&taint.key),
                quote(value),
                quote(&taint.effect)
            );
            errors.duplicate_raw(&path, &shown);
            if let Some(error) = errors.0.last_mut() {
                error.detail = "taints must be unique by key and effect pair".to_owned();
            }
        }
    }
    errors
}

/// What a node says it has.
fn resources(node: &Kind, errors: &mut Errors) {
    let status = node.status.as_ref();
    for (field, list) in [
        ("capacity", status.and_then(|s| s.capacity.as_ref())),
        ("allocatable", status.and_then(|s| s.allocatable.as_ref())),
    ] {
        let path = Path::new("status");
        let path = path.child(field);
        for (name, quantity) in list.into_iter().flatten() {
            amount(name, &quantity.amount(), &path.child(name), errors);
        }
    }
}

struct Rules;

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, node: &mut Kind) {
        let spec = node.spec.get_or_insert_default();
        drop_false(&mut spec.unschedulable);
        // One range is a list of one: the two fields say the same.
        if spec.pod_cidrs.is_none()
            && let Some(cidr) = spec.pod_cidr.clone().filter(|cidr| !cidr.is_empty())
        {
            spec.pod_cidrs = Some(vec![cidr]);
        }
        let status = node.status.get_or_insert_default();
        if status.allocatable.is_none() {
            status.allocatable.clone_from(&status.capacity);
        }
        let endpoints = status.daemon_endpoints.get_or_insert_default();
        endpoints.kubelet_endpoint.get_or_insert_default();
        status.node_info.get_or_insert_default();
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.status.clone_from(&old.status);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(&self, node: &Kind) -> Errors {
        let mut errors = in_general(node);
        resources(node, &mut errors);
        let cidrs = node.spec.as_ref().and_then(|s| s.pod_cidrs.as_deref());
        let cidrs = cidrs.unwrap_or_default();
        let path = Path::new("spec");
        let path = path.child("podCIDRs");
        for (i, cidr) in cidrs.iter().enumerate() {
            errors.invalid_each(&path.index(i), cidr, is_valid_cidr(cidr));
        }
        let of_six = |cidr: &String| cidr.contains(':');
        let dual = cidrs.len() == 2 && cidrs.iter().filter(|c| of_six(c)).count() == 1;
        if cidrs.len() > 1 && !dual {
            let detail = "may specify no more than one CIDR for each IP family";
            errors.invalid_json(&path, &cidrs, detail);
        }
        for (i, cidr) in cidrs.iter().enumerate() {
            if cidrs.iter().take(i).any(|c| c == cidr) {
                errors.duplicate(&path.index(i), cidr);
            }
        }
        errors
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let (Some(spec), Some(before)) = (&new.spec, &old.spec) else {
            return errors;
        };
        if spec == before {
            return errors;
        }
        let path = Path::new("spec");
        let cidrs = |spec: &NodeSpec| spec.pod_cidrs.clone().unwrap_or_default();
        if !cidrs(before).is_empty() && cidrs(spec) != cidrs(before) {
            let detail = "node updates may not change podCIDR except from \"\" to valid";
            errors.forbidden(&path.child("podCIDRs"), detail);
        }
        let then = before.provider_id.as_deref().unwrap_or_default();
        if !then.is_empty() && spec.provider_id != before.provider_id {
            let detail = "node updates may not change providerID except from \"\" to valid";
            errors.forbidden(&path.child("providerID"), detail);
        }
        errors.append(in_general(new));
        if spec.external_id != before.external_id {
            errors.forbidden(&path.child("externalID"), "may not be updated");
        }
        errors
    }

    fn validate_status_update(&self, new: &Kind, old: &Kind) -> Errors {
        let mut errors = Errors::default();
        let given = |node: &Kind| {
            let status = node.status.as_ref();
            status.map(|s| (s.capacity.clone(), s.allocatable.clone()))
        };
        // Kubelets report all the time, and mostly what they have reported before.
        if given(new) != given(old) {
            resources(new, &mut errors);
        }
        let path = Path::new("status");
        let path = path.child("addresses");
        let addresses = new.status.as_ref().and_then(|s| s.addresses.as_deref());
        let addresses = addresses.unwrap_or_default();
        for (i, address) in addresses.iter().enumerate() {
            if addresses.iter().take(i).any(|a| a == address) {
                let shown = format!(
                    "{{\"Type\":{},\"Address\":{}}}",
                    quote(&address.type_),
                    quote(&address.address)
                );
                errors.duplicate_raw(&path.index(i), &shown);
            }
        }
        errors
    }

    fn selectable(&self) -> &'static [&'static str] {
        &["spec.unschedulable"]
    }

    fn field(&self, node: &Kind, path: &str) -> Option<String> {
        let unschedulable = node.spec.as_ref().and_then(|s| s.unschedulable);
        (path == "spec.unschedulable").then(|| unschedulable.unwrap_or_default().to_string())
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Status"),
            column("Roles"),
            column("Age"),
            column("Version"),
            wide("Internal-IP"),
            wide("External-IP"),
            wide("OS-Image"),
            wide("Kernel-Version"),
            wide("Container-Runtime"),
        ];
        COLUMNS
    }

    fn row(&self, node: &Kind, now: Time) -> Vec<String> {
        let no_status = NodeStatus::default();
        let status = node.status.as_ref().unwrap_or(&no_status);
        let info = status.node_info.clone().unwrap_or_default();
        let or_unknown = |text: String| {
            if text.is_empty() {
                "<unknown>".to_owned()
            } else {
                text
            }
        };
        let kernel = match (info.kernel_version.as_str(), info.architecture.as_str()) {
            ("", _) => String::new(),
            (version, "") => version.to_owned(),
            (version, architecture) => format!("{version} ({architecture})"),
        };
        vec![
            node.metadata.name.clone().unwrap_or_default(),
            status_text(node, status),
            cells::or_none(roles(node)),
            age(&node.metadata, now),
            info.kubelet_version,
            address(status, "InternalIP"),
            address(status, "ExternalIP"),
            or_unknown(info.os_image),
            or_unknown(kernel),
            or_unknown(info.container_runtime_version),
        ]
    }
}

fn status_text(node: &Kind, status: &NodeStatus) -> String {
    let ready = status
        .conditions
        .iter()
        .flatten()
        .find(|c| c.type_ == "Ready");
    let mut text = match ready {
        Some(condition) if condition.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if node.spec.as_ref().and_then(|s| s.unschedulable) == Some(true) {
        text.push_str(",SchedulingDisabled");
    }
    text
}

fn roles(node: &Kind) -> String {
    let labels = node.metadata.labels.iter().flatten();
    let roles: BTreeSet<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix(ROLE_PREFIX) {
            Some(role) => Some(role),
            None => (key == ROLE_LABEL).then_some(value.as_str()),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.into_iter().collect::<Vec<_>>().join(",")
}

fn address(status: &NodeStatus, type_: &str) -> String {
    let found = status.addresses.iter().flatten().find(|a| a.type_ == type_);
    cells::or_none(found.map(|a| a.address.clone()).unwrap_or_default())
}
