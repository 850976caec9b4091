//! What is demanded of nodes, and of what kubelets send.
//!
//! Models `plugin/pkg/admission/nodetaint` (TaintNodesByCondition) and
//! `plugin/pkg/admission/noderestriction` (NodeRestriction).
//!
//! Divergence: the kubelets of the simulation keep these rules by themselves and are not asked; whoever acts as a node
//! through the API is.

use std::collections::BTreeMap;

use k8s_openapi::Shared;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::core::v1::{
    Node, PersistentVolume, PersistentVolumeClaim, Pod, PodSpec, ServiceAccount, Taint, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::Value;

use crate::api::difference;
use crate::api::kinds::volume_claim;
use crate::api::x509::Request;
use crate::api::{Key, Object, Resource, Result, Status};
use crate::apiserver::auth::{Attributes, claim_of};
use crate::apiserver::references::{self, Referred};
use crate::apiserver::{ApiServer, Caller};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Labels of Kubernetes' own that a kubelet may set on its node
/// (`staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go`).
const KUBELET_LABELS: [&str; 11] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];

/// A node comes with a taint that keeps pods away until it is known to be ready.
pub(super) fn taint_new(object: &mut Object) {
    let Some(node) = object.edit::<Node>() else {
        return;
    };
    let taints = node.spec.get_or_insert_default();
    let taints = taints.taints.get_or_insert_default();
    let has = |t: &Taint| t.key == NOT_READY && t.effect == "NoSchedule";
    if !taints.iter().any(has) {
        taints.push(Taint {
            key: NOT_READY.to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        });
    }
}

/// What somebody who acts as a node does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apiserver) enum Act {
    Create,
    Update,
    Delete,
}

impl ApiServer {
    /// Kubelets change their own node and what belongs to it, and the pods on it. `part` is the subresource that is
    /// written; `old` is what was there before.
    pub(in crate::apiserver) fn restrict(
        &self,
        caller: &Caller,
        (act, part): (Act, &str),
        object: &Object,
        old: Option<&Object>,
    ) -> Result<()> {
        match restricted(caller) {
            None => Ok(()),
            Some(own) => self.restrict_node(own, caller, (act, part), object, old),
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody acts as a node
    fn restrict_node(
        &self,
        own: &str,
        caller: &Caller,
        (act, part): (Act, &str),
        object: &Object,
        old: Option<&Object>,
    ) -> Result<()> {
        let info = object.info();
        let no = |detail: String| Err(Status::forbidden(info, object.name(), &detail));
        if own.is_empty() {
            return no(format!(
                "could not determine node from user \"{}\"",
                caller.user
            ));
        }
        let refusal = match (info.group, info.plural) {
            ("", "pods") => self.of_pod(own, (act, part), object, old)?,
            ("", "nodes") => of_node(own, act, object, old),
            ("", "persistentvolumeclaims") => of_claim(own, part, object, old),
            ("coordination.k8s.io", "leases") if object.namespace() != "kube-node-lease" => Some(
                "can only access leases in the \"kube-node-lease\" system namespace".to_owned(),
            ),
            ("coordination.k8s.io", "leases") if object.name() != own => Some(
                "can only access node lease with the same name as the requesting node".to_owned(),
            ),
            ("storage.k8s.io", "csinodes") if object.name() != own => {
                Some("can only access CSINode with the same name as the requesting node".to_owned())
            }
            ("resource.k8s.io", "resourceslices") => of_slice(own, act, object),
            ("certificates.k8s.io", "certificatesigningrequests") => of_csr(own, act, object),
            _ => None,
        };
        match refusal {
            Some(detail) => no(detail),
            None => Ok(()),
        }
    }

    fn of_pod(
        &self,
        own: &str,
        (act, part): (Act, &str),
        object: &Object,
        old: Option<&Object>,
    ) -> Result<Option<String>> {
        let Some(pod) = object.get::<Pod>() else {
            return Ok(None);
        };
        let before = old.and_then(|o| o.get::<Pod>()).unwrap_or(pod);
        let elsewhere = node_of(before) != own;
        let refusal = match (part, act) {
            ("", Act::Create) => return self.of_mirror(own, pod),
            ("", Act::Delete) if elsewhere => Some(format!(
                "node \"{own}\" can only delete pods with spec.nodeName set to itself"
            )),
            ("", Act::Delete) => None,
            ("", Act::Update) => Some(format!(
                "unexpected operation \"UPDATE\", node \"{own}\" can only create and delete mirror pods"
            )),
            ("status", _) if elsewhere => Some(format!(
                "node \"{own}\" can only update pod status for pods with spec.nodeName set to itself"
            )),
            ("status", _) => of_pod_status(own, pod, before),
            ("eviction", _) => elsewhere.then(|| {
                format!("node {own} can only evict pods with spec.nodeName set to itself")
            }),
            (part, _) => Some(format!(
                "unexpected pod subresource \"{part}\", only 'status' and 'eviction' are allowed"
            )),
        };
        Ok(refusal)
    }

    /// A kubelet may make nothing but the mirrors of its static pods.
    fn of_mirror(&self, own: &str, pod: &Pod) -> Result<Option<String>> {
        let annotations = pod.metadata.annotations.as_ref();
        if !annotations.is_some_and(|a| a.contains_key(MIRROR)) {
            return Ok(Some(format!(
                "pod does not have \"{MIRROR}\" annotation, node \"{own}\" can only create mirror pods"
            )));
        }
        let only = |what: &str| {
            Ok(Some(format!(
                "node \"{own}\" can only create pods with {what} set to itself"
            )))
        };
        if node_of(pod) != own {
            return only("spec.nodeName");
        }
        let owner = match pod.metadata.owner_references.as_deref() {
            None | Some([]) => return only("an owner reference"),
            Some([owner]) => owner,
            Some(_) => return only("a single owner reference"),
        };
        if (&*owner.api_version, &*owner.kind, &*owner.name) != ("v1", "Node", own) {
            return only("an owner reference");
        }
        if owner.controller != Some(true) {
            return only("a controller owner reference");
        }
        if owner.block_owner_deletion == Some(true) {
            return Ok(Some(format!(
                "node \"{own}\" must not set blockOwnerDeletion on an owner reference"
            )));
        }
        let Some(node) = self.get::<Node>(&Key::new("", own)) else {
            return Err(Status::not_found(Node::KIND.info(), own));
        };
        if owner.uid != node.uid() {
            return Ok(Some(format!(
                "node {own} UID mismatch: expected {} got {}",
                owner.uid,
                node.uid()
            )));
        }
        let referred = pod.spec.as_ref().and_then(|s| refers_to_the_api(s));
        Ok(
            referred
                .map(|what| format!("node \"{own}\" can not create pods that reference {what}")),
        )
    }

    /// What a kubelet asks a token for.
    ///
    /// # Errors
    /// 403, unless it is for a pod on this node, and for somebody to whom the pod's volumes want to show it.
    pub(in crate::apiserver) fn restrict_token(
        &self,
        caller: &Caller,
        account: &ServiceAccount,
        asked: &Value,
    ) -> Result<()> {
        match restricted(caller) {
            None => Ok(()),
            Some(own) => self.restrict_node_token(own, caller, account, asked),
        }
    }

    #[inline(never)] // as above
    fn restrict_node_token(
        &self,
        own: &str,
        caller: &Caller,
        account: &ServiceAccount,
        asked: &Value,
    ) -> Result<()> {
        let info = ServiceAccount::KIND.info();
        let no = |detail: &str| Err(Status::forbidden(info, account.name(), detail));
        let bound = &asked["boundObjectRef"];
        let text = |field: &str| bound[field].as_str().unwrap_or_default();
        if (text("apiVersion"), text("kind")) != ("v1", "Pod") || text("name").is_empty() {
            return no("node requested token not bound to a pod");
        }
        if text("uid").is_empty() {
            return no("node requested token with a pod binding without a uid");
        }
        let Some(pod) = self.get::<Pod>(&Key::new(account.namespace(), text("name"))) else {
            return Err(Status::not_found(Pod::KIND.info(), text("name")));
        };
        if text("uid") != pod.uid() {
            return no(&format!(
                "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
                text("uid")
            ));
        }
        if node_of(&pod) != own {
            return no("node requested token bound to a pod scheduled on a different node");
        }
        let audiences = asked["audiences"].as_array().map(Vec::as_slice);
        let audience = match audiences.unwrap_or_default() {
            [] => "",
            [one] => one.as_str().unwrap_or_default(),
            _ => return no("node may only request 0 or 1 audiences"),
        };
        let wish = Attributes {
            verb: "request-serviceaccounts-token-audience",
            namespace: account.namespace(),
            resource: audience,
            name: account.name(),
            ..Attributes::default()
        };
        if self.wants_audience(&pod, audience) || self.decide(caller, &wish).allowed {
            return Ok(());
        }
        no(&format!(
            "audience \"{audience}\" not found in pod spec volume, {} is not authorized to request tokens for this audience",
            caller.user
        ))
    }

    /// Whether a volume of the pod shows a token to an audience, or needs a driver that asks for such tokens.
    fn wants_audience(&self, pod: &Pod, audience: &str) -> bool {
        let volumes = pod.spec.as_ref().and_then(|s| s.volumes.as_ref());
        volumes.into_iter().flatten().any(|volume| {
            let sources = volume.projected.as_ref().and_then(|p| p.sources.as_ref());
            let mut sources = sources.into_iter().flatten();
            let shown = sources.any(|source| {
                let token = source.service_account_token.as_ref();
                token.is_some_and(|t| t.audience.as_deref().unwrap_or_default() == audience)
            });
            shown
                || self
                    .driver_of(pod, volume)
                    .is_some_and(|driver| self.driver_asks(&driver, audience))
        })
    }

    fn driver_of(&self, pod: &Pod, volume: &Volume) -> Option<String> {
        if let Some(csi) = &volume.csi {
            return Some(csi.driver.clone());
        }
        let claim = Key::new(pod.namespace(), &claim_of(pod, volume)?);
        let claim = self.get::<PersistentVolumeClaim>(&claim)?;
        let bound = claim.spec.as_ref()?.volume_name.clone()?;
        let bound = self.get::<PersistentVolume>(&Key::new("", &bound))?;
        Some(bound.spec.as_ref()?.csi.as_ref()?.driver.clone())
    }

    fn driver_asks(&self, driver: &str, audience: &str) -> bool {
        let kind = self.kind_by_gvr("storage.k8s.io", "v1", "csidrivers");
        let driver = kind.and_then(|kind| self.get_object(kind, "", driver).ok());
        let Some(Object::Custom(driver)) = driver else {
            return false;
        };
        let asked = driver.fields.get("spec").map(|s| &s["tokenRequests"]);
        let mut asked = asked.and_then(Value::as_array).into_iter().flatten();
        asked.any(|request| request["audience"].as_str().unwrap_or_default() == audience)
    }
}

/// The name of the node, where somebody acts as one who is not the kubelet of the simulation: that keeps the rules.
fn restricted(caller: &Caller) -> Option<&str> {
    let node = caller.node_name()?;
    (!caller.manager.starts_with("node:")).then_some(node)
}

fn node_of(pod: &Pod) -> &str {
    let spec = pod.spec.as_ref();
    spec.and_then(|s| s.node_name.as_deref())
        .unwrap_or_default()
}

fn of_pod_status(own: &str, pod: &Pod, before: &Pod) -> Option<String> {
    let no = |what: &str| Some(format!("node \"{own}\" cannot update {what}"));
    let labels = |pod: &Pod| pod.metadata.labels.clone().unwrap_or_default();
    if labels(pod) != labels(before) {
        return no("labels through pod status");
    }
    let claims = |pod: &Pod| {
        let status = pod.status.as_ref();
        let claims = status.and_then(|s| s.resource_claim_statuses.clone());
        claims.unwrap_or_default()
    };
    if claims(pod) != claims(before) {
        return no("resource claim statues");
    }
    None
}

/// What of the API a pod would have to read (`pkg/api/pod/util.go` HasAPIObjectReference).
fn refers_to_the_api(spec: &PodSpec) -> Option<&'static str> {
    if spec
        .service_account_name
        .as_ref()
        .is_some_and(|a| !a.is_empty())
    {
        return Some("serviceaccounts");
    }
    for (what, word) in [
        (Referred::Secret, "secrets"),
        (Referred::ConfigMap, "configmaps"),
    ] {
        if !references::of_pod(spec, what).is_empty() {
            return Some(word);
        }
    }
    if spec.resource_claims.as_ref().is_some_and(|c| !c.is_empty()) {
        return Some("resourceclaims");
    }
    spec.volumes.iter().flatten().find_map(|volume| {
        let sources = volume.projected.as_ref().and_then(|p| p.sources.as_ref());
        let in_projected = || {
            sources
                .into_iter()
                .flatten()
                .find_map(|source| match source {
                    s if s.service_account_token.is_some() => {
                        Some("serviceaccounts (via projected volumes)")
                    }
                    s if s.cluster_trust_bundle.is_some() => Some("clustertrustbundles"),
                    _ => None,
                })
        };
        match volume {
            v if v.csi.is_some() => Some("csidrivers (via CSI volumes)"),
            v if v.glusterfs.is_some() => Some("endpoints (via glusterFS volumes)"),
            v if v.persistent_volume_claim.is_some() => Some("persistentvolumeclaims"),
            v if v.ephemeral.is_some() => Some("persistentvolumeclaims (via ephemeral volumes)"),
            _ => in_projected(),
        }
    })
}

fn of_node(own: &str, act: Act, object: &Object, old: Option<&Object>) -> Option<String> {
    let name = object.name();
    if name != own {
        return Some(format!(
            "node \"{own}\" is not allowed to modify node \"{name}\""
        ));
    }
    let node = object.get::<Node>()?;
    let before = old.and_then(|o| o.get::<Node>());
    let spec = |node: &Node| node.spec.clone().unwrap_or_default();
    let (now, then) = (spec(node), before.map(|n| spec(n)).unwrap_or_default());
    let labels = |node: &Node| node.metadata.labels.clone().unwrap_or_default();
    let were = before.map(|n| labels(n)).unwrap_or_default();
    let refused = refused_labels(&labels(node), &were).join(", ");
    match act {
        Act::Create if now.config_source.is_some() => Some(format!(
            "node \"{own}\" is not allowed to create pods with a non-nil configSource"
        )),
        Act::Create if !refused.is_empty() => Some(format!(
            "node \"{own}\" is not allowed to set the following labels: {refused}"
        )),
        Act::Update if now.config_source.is_some() && now.config_source != then.config_source => {
            Some(format!(
                "node \"{own}\" is not allowed to update configSource to a new non-nil configSource"
            ))
        }
        Act::Update if now.taints.unwrap_or_default() != then.taints.unwrap_or_default() => {
            Some(format!("node \"{own}\" is not allowed to modify taints"))
        }
        Act::Update
            if owners(object.meta()) != old.map(|o| owners(o.meta())).unwrap_or_default() =>
        {
            Some(format!(
                "node \"{own}\" is not allowed to modify ownerReferences"
            ))
        }
        Act::Update if !refused.is_empty() => {
            Some(format!("is not allowed to modify labels: {refused}"))
        }
        _ => None,
    }
}

fn owners(meta: &ObjectMeta) -> &[Shared<OwnerReference>] {
    meta.owner_references.as_deref().unwrap_or_default()
}

/// The labels that are other than before, and that a kubelet leaves alone.
fn refused_labels<'l>(
    now: &'l BTreeMap<String, String>,
    before: &'l BTreeMap<String, String>,
) -> Vec<&'l str> {
    let keys = now.keys().chain(before.keys());
    let changed = keys.filter(|key| now.get(*key) != before.get(*key));
    let mut refused: Vec<&str> = changed
        .map(String::as_str)
        .filter(|k| !may_set(k))
        .collect();
    refused.sort_unstable();
    refused.dedup();
    refused
}

/// Kubelets tell how large a volume has become, and change nothing else of its claim.
fn of_claim(own: &str, part: &str, object: &Object, old: Option<&Object>) -> Option<String> {
    if part != "status" {
        return Some("may only update PVC status".to_owned());
    }
    let bare = |object: &Object| {
        let mut claim = (**object.get::<PersistentVolumeClaim>()?).clone();
        claim.metadata.resource_version = None;
        claim.metadata.managed_fields = None;
        let status = claim.status.get_or_insert_default();
        status.capacity = None;
        status.conditions = None;
        status.allocated_resources = None;
        status.allocated_resource_statuses = None;
        Some(claim)
    };
    let (now, then) = (bare(object)?, old.and_then(bare)?);
    (now != then).then(|| {
        let difference = difference::of_json(&volume_claim(&then), &volume_claim(&now));
        format!(
            "node \"{own}\" is not allowed to update fields other than status.quantity and status.conditions: {difference}"
        )
    })
}

fn of_slice(own: &str, act: Act, object: &Object) -> Option<String> {
    let word = match act {
        Act::Create => "create",
        Act::Delete => "delete",
        Act::Update => return None,
    };
    let Object::Custom(slice) = object else {
        return None;
    };
    let of = slice.fields.get("spec").map(|spec| &spec["nodeName"]);
    let is_own = of.and_then(Value::as_str) == Some(own);
    (!is_own).then(|| {
        format!("can only {word} ResourceSlice with the same NodeName as the requesting node")
    })
}

/// Certificates that make a node, or show one, are for the node itself.
fn of_csr(own: &str, act: Act, object: &Object) -> Option<String> {
    const SIGNERS: [&str; 2] = [
        "kubernetes.io/kubelet-serving",
        "kubernetes.io/kube-apiserver-client-kubelet",
    ];
    let csr = object.get::<CertificateSigningRequest>()?;
    if act != Act::Create || !SIGNERS.contains(&&*csr.spec.signer_name) {
        return None;
    }
    match Request::parse(&csr.spec.request.0) {
        Err(error) => Some(format!("unable to parse csr: {error}")),
        Ok(request) if request.subject.one("CN") != format!("system:node:{own}") => Some(format!(
            "can only create a node CSR with CN=system:node:{own}"
        )),
        Ok(_) => None,
    }
}

/// Whether a kubelet may set a label: any but those that Kubernetes keeps for itself.
fn may_set(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else {
        return true;
    };
    let below = |parent: &str| {
        domain == parent
            || domain
                .strip_suffix(parent)
                .is_some_and(|d| d.ends_with('.'))
    };
    if !below("kubernetes.io") && !below("k8s.io") {
        return true;
    }
    KUBELET_LABELS.contains(&key) || below("kubelet.kubernetes.io") || below("node.kubernetes.io")
}

#[cfg(test)]
mod tests {
    use super::may_set;

    #[test]
    fn kubelets_leave_labels_of_kubernetes_alone() {
        for (key, expected) in [
            ("app", true),
            ("example.com/rack", true),
            ("kubernetes.io/hostname", true),
            ("kubelet.kubernetes.io/x", true),
            ("a.node.kubernetes.io/x", true),
            ("node-restriction.kubernetes.io/x", false),
            ("node-role.kubernetes.io/control-plane", false),
            ("x.k8s.io/y", false),
            ("notk8s.io/y", true),
        ] {
            assert_eq!(may_set(key), expected, "{key}");
        }
    }
}
