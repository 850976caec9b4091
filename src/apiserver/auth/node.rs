//! What kubelets may do (`k8s.io/kubernetes/plugin/pkg/auth/authorizer/node`).
//!
//! Divergence: the graph of what leads to a node is not kept but walked anew for each question. The kubelets of the
//! simulation ask for nothing that they would be refused, and are not asked.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{PersistentVolume, Pod, Volume};
use serde_json::Value;

use super::{Attributes, Caller, Decision};
use crate::api::selector::FieldSelector;
use crate::api::{Key, Object, Resource};
use crate::apiserver::ApiServer;
use crate::apiserver::references::{self, Referred};

const MIRROR: &str = "kubernetes.io/config.mirror";
const LEASES: &str = "kube-node-lease";

/// What every node may do, whatever else is true of it, and however the role `system:node` has been changed:
/// group, resource and verbs.
const EVERYWHERE: [(&str, &str, &str); 13] = [
    ("authentication.k8s.io", "tokenreviews", "create"),
    (
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "create",
    ),
    ("authorization.k8s.io", "subjectaccessreviews", "create"),
    ("", "services", "get list watch"),
    ("", "endpoints", "get"),
    ("", "events", "create update patch"),
    ("events.k8s.io", "events", "create update patch"),
    (
        "certificates.k8s.io",
        "certificatesigningrequests",
        "create get list watch",
    ),
    ("storage.k8s.io", "csidrivers", "get list watch"),
    ("node.k8s.io", "runtimeclasses", "get list watch"),
    ("", "pods/eviction", "create"),
    ("", "nodes/status", "update patch"),
    ("", "pods/status", "update patch"),
];

impl ApiServer {
    pub(super) fn decide_for_node(&self, caller: &Caller, of: &Attributes<'_>) -> Decision {
        match caller.node_name() {
            None => Decision::default(),
            Some("") => no(format!("unknown node for user \"{}\"", caller.user)),
            Some(node) => self.as_node(node, of),
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody acts as a node
    fn as_node(&self, node: &str, of: &Attributes<'_>) -> Decision {
        match (of.group, of.resource) {
            ("", "secrets" | "configmaps") => self.node_reads(node, of),
            ("", "persistentvolumeclaims") if of.subresource == "status" => match of.verb {
                "update" | "patch" => self.if_related(node, of),
                _ => no("can only get/update/patch this type"),
            },
            ("", "persistentvolumeclaims" | "persistentvolumes")
            | ("resource.k8s.io", "resourceclaims")
            | ("storage.k8s.io", "volumeattachments") => self.node_gets(node, of),
            ("", "serviceaccounts") if of.verb != "create" || of.name.is_empty() => {
                no("can only create tokens for individual service accounts")
            }
            ("", "serviceaccounts") if of.subresource != "token" => {
                no("can only create token subresource of serviceaccount")
            }
            ("", "serviceaccounts") => self.if_related(node, of),
            ("coordination.k8s.io", "leases") => of_lease(node, of),
            ("storage.k8s.io", "csinodes") => of_csi_node(node, of),
            ("resource.k8s.io", "resourceslices") => self.of_slice(node, of),
            ("", "nodes") if of.subresource.is_empty() => of_node(node, of),
            ("", "pods") if of.subresource.is_empty() => self.pods_of_node(node, of),
            _ => {
                let resource = of.full_resource();
                let mut rules = EVERYWHERE.iter();
                let allowed = rules.any(|(group, plural, verbs)| {
                    of.group == *group
                        && resource == *plural
                        && verbs.split(' ').any(|verb| verb == of.verb)
                });
                Decision {
                    allowed,
                    reason: String::new(),
                }
            }
        }
    }

    fn node_reads(&self, node: &str, of: &Attributes<'_>) -> Decision {
        match of.verb {
            "get" | "list" | "watch" => {}
            _ => return no("can only read resources of this type"),
        }
        if !of.subresource.is_empty() {
            return no("cannot read subresource");
        }
        if of.namespace.is_empty() {
            return no("can only read namespaced object of this type");
        }
        self.if_related(node, of)
    }

    fn node_gets(&self, node: &str, of: &Attributes<'_>) -> Decision {
        if of.verb != "get" {
            return no("can only get individual resources of this type");
        }
        if !of.subresource.is_empty() {
            return no("cannot get subresource");
        }
        self.if_related(node, of)
    }

    fn of_slice(&self, node: &str, of: &Attributes<'_>) -> Decision {
        if !of.subresource.is_empty() {
            return no("cannot authorize ResourceSlice subresources");
        }
        match of.verb {
            "create" => yes(),
            "get" | "update" | "patch" | "delete" => self.if_related(node, of),
            "watch" | "list" | "deletecollection" if asks_for(of, "nodeName", node) => yes(),
            "watch" | "list" | "deletecollection" => no(
                "can only list/watch/deletecollection resourceslices with nodeName field selector",
            ),
            _ => no(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
            ),
        }
    }

    fn pods_of_node(&self, node: &str, of: &Attributes<'_>) -> Decision {
        match of.verb {
            "create" | "delete" => yes(),
            "get" => self.node_gets(node, of),
            "list" | "watch" if asks_for(of, "spec.nodeName", node) => yes(),
            "list" | "watch" if !of.name.is_empty() => self.if_related(node, of),
            "list" | "watch" => no("can only list/watch pods with spec.nodeName field selector"),
            _ => Decision::default(),
        }
    }

    fn if_related(&self, node: &str, of: &Attributes<'_>) -> Decision {
        if of.name.is_empty() {
            return no("No Object name found");
        }
        match self.is_related(node, of) {
            true => yes(),
            false => no(format!(
                "no relationship found between node '{node}' and this object"
            )),
        }
    }

    /// Whether something leads from the object to the node.
    fn is_related(&self, node: &str, of: &Attributes<'_>) -> bool {
        let (namespace, name) = (of.namespace, of.name);
        match of.resource {
            "pods" => {
                let pod = self.get::<Pod>(&Key::new(namespace, name));
                pod.is_some_and(|pod| runs_on(&pod, node))
            }
            "persistentvolumeclaims" => self.uses_claim(node, namespace, name),
            "persistentvolumes" => {
                let volume = self.get::<PersistentVolume>(&Key::new("", name));
                volume.is_some_and(|volume| self.uses_volume(node, &volume))
            }
            "volumeattachments" => self.inert(of).is_some_and(|o| o["nodeName"] == node),
            "resourceslices" => self.inert(of).is_some_and(|o| o["nodeName"] == node),
            "secrets" => {
                let wants = |pod: &Pod| refers(pod, Referred::Secret, name);
                self.any_pod(node, namespace, wants) || self.mounts_with(node, namespace, name)
            }
            "configmaps" => self.any_pod(node, namespace, |pod| {
                refers(pod, Referred::ConfigMap, name)
            }),
            "serviceaccounts" => self.any_pod(node, namespace, |pod| {
                let spec = pod.spec.as_ref();
                spec.and_then(|s| s.service_account_name.as_deref()) == Some(name)
            }),
            "resourceclaims" => self.any_pod(node, namespace, |pod| claims(pod, name)),
            _ => false,
        }
    }

    /// Whether one of the node's pods wants something. Mirrors of static pods lead nowhere.
    fn any_pod(&self, node: &str, namespace: &str, wants: impl Fn(&Pod) -> bool) -> bool {
        let pods: Vec<Rc<Pod>> = self.list::<Pod>(Some(namespace));
        let mut pods = pods.iter().filter(|pod| runs_on(pod, node));
        pods.any(|pod| {
            let notes = pod.metadata.annotations.as_ref();
            !notes.is_some_and(|notes| notes.contains_key(MIRROR)) && wants(pod)
        })
    }

    fn uses_claim(&self, node: &str, namespace: &str, claim: &str) -> bool {
        self.any_pod(node, namespace, |pod| {
            let volumes = pod.spec.as_ref().and_then(|s| s.volumes.as_ref());
            let mut volumes = volumes.into_iter().flatten();
            volumes.any(|volume| claim_of(pod, volume).is_some_and(|c| c == claim))
        })
    }

    fn uses_volume(&self, node: &str, volume: &PersistentVolume) -> bool {
        let claim = volume.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
        claim.is_some_and(|claim| {
            let text = |t: &Option<String>| t.clone().unwrap_or_default();
            self.uses_claim(node, &text(&claim.namespace), &text(&claim.name))
        })
    }

    /// Whether a volume of one of the node's pods needs the secret.
    fn mounts_with(&self, node: &str, namespace: &str, secret: &str) -> bool {
        self.list::<PersistentVolume>(None).iter().any(|volume| {
            let Some(spec) = &volume.spec else {
                return false;
            };
            let claim = spec.claim_ref.as_ref();
            let home = claim.and_then(|c| c.namespace.as_deref());
            let mut secrets = references::of_volume(spec).into_iter();
            secrets.any(|(at, name)| name == secret && at.as_deref().or(home) == Some(namespace))
                && self.uses_volume(node, volume)
        })
    }

    /// The `spec` of an object of a kind that nothing acts upon.
    fn inert(&self, of: &Attributes<'_>) -> Option<Value> {
        let kind = self.kind_by_gvr(of.group, "v1", of.resource)?;
        match self.get_object(kind, of.namespace, of.name).ok()? {
            Object::Custom(object) => object.fields.get("spec").cloned(),
            _ => None,
        }
    }
}

fn of_node(node: &str, of: &Attributes<'_>) -> Decision {
    match (of.verb, of.name) {
        ("create" | "update" | "patch", _) => yes(),
        ("get" | "list" | "watch", name) if name == node => yes(),
        ("get" | "list" | "watch", "") => no(format!(
            "node '{node}' cannot read all nodes, only its own Node object"
        )),
        ("get" | "list" | "watch", name) => no(format!(
            "node '{node}' cannot read '{name}', only its own Node object"
        )),
        _ => Decision::default(),
    }
}

fn of_lease(node: &str, of: &Attributes<'_>) -> Decision {
    match of.verb {
        "get" | "create" | "update" | "patch" | "delete" => {}
        _ => return no("can only get, create, update, patch, or delete a node lease"),
    }
    if of.namespace != LEASES {
        return no(format!(
            "can only access leases in the \"{LEASES}\" system namespace"
        ));
    }
    if of.verb != "create" && of.name != node {
        return no("can only access node lease with the same name as the requesting node");
    }
    yes()
}

fn of_csi_node(node: &str, of: &Attributes<'_>) -> Decision {
    match of.verb {
        "get" | "create" | "update" | "patch" | "delete" => {}
        _ => return no("can only get, create, update, patch, or delete a CSINode"),
    }
    if !of.subresource.is_empty() {
        return no("cannot authorize CSINode subresources");
    }
    if of.verb != "create" && of.name != node {
        return no("can only access CSINode with the same name as the requesting node");
    }
    yes()
}

/// Whether only objects are asked for of which a field has this value.
fn asks_for(of: &Attributes<'_>, field: &str, value: &str) -> bool {
    FieldSelector::parse(of.fields).is_ok_and(|s| s.exact_match(field) == Some(value))
}

fn runs_on(pod: &Pod, node: &str) -> bool {
    let spec = pod.spec.as_ref();
    spec.and_then(|s| s.node_name.as_deref()) == Some(node)
}

fn refers(pod: &Pod, what: Referred, name: &str) -> bool {
    let names = pod.spec.as_ref().map(|s| references::of_pod(s, what));
    names.is_some_and(|names| names.iter().any(|n| n == name))
}

/// The claim that a volume of a pod stands for.
pub(in crate::apiserver) fn claim_of(pod: &Pod, volume: &Volume) -> Option<String> {
    if let Some(claim) = &volume.persistent_volume_claim {
        return Some(claim.claim_name.clone());
    }
    volume.ephemeral.as_ref()?;
    Some(format!("{}-{}", pod.name(), volume.name))
}

/// Whether a pod has a resource claim, by its own word or by that of who made it from a template.
fn claims(pod: &Pod, name: &str) -> bool {
    let spec = pod.spec.as_ref().and_then(|s| s.resource_claims.as_ref());
    let given = spec.into_iter().flatten();
    let mut given = given.map(|c| c.resource_claim_name.as_deref());
    let status = pod.status.as_ref();
    let made = status.and_then(|s| s.resource_claim_statuses.as_ref());
    let mut made = made.into_iter().flatten();
    given.any(|c| c == Some(name)) || made.any(|c| c.resource_claim_name.as_deref() == Some(name))
}

fn no(reason: impl Into<String>) -> Decision {
    Decision {
        allowed: false,
        reason: reason.into(),
    }
}

fn yes() -> Decision {
    Decision {
        allowed: true,
        reason: String::new(),
    }
}
