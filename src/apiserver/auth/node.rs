//! What kubelets may do (`k8s.io/kubernetes/plugin/pkg/auth/authorizer/node`).
//!
//! Divergence: the graph of what a node's pods refer to is not kept but walked anew for each
//! question, and knows secrets, config maps and service accounts; for anything else the rules of
//! the role `system:node` decide.

use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::api::rbac::v1::RoleRef;

use super::rules::allows;
use super::{Attributes, Caller, Decision};
use crate::apiserver::ApiServer;

impl ApiServer {
    pub(super) fn decide_for_node(&self, caller: &Caller, of: &Attributes<'_>) -> Decision {
        let Some(node) = caller.node() else {
            return Decision::default();
        };
        let no = |reason: String| Decision {
            allowed: false,
            reason,
        };
        let needs_relation = of.group.is_empty()
            && match (of.resource, of.subresource) {
                ("secrets" | "configmaps", "") => true,
                ("serviceaccounts", "token") => of.verb == "create",
                _ => false,
            };
        if needs_relation {
            let reads = matches!(of.verb, "get" | "list" | "watch") || of.subresource == "token";
            if !reads {
                return no(format!(
                    "can only read resources of this type, not {}",
                    of.verb
                ));
            }
            if of.name.is_empty() {
                return no("can only read resources of this type when a name is given".to_owned());
            }
            if !self.is_related(node, of) {
                return no(format!(
                    "no relationship found between node '{node}' and this object"
                ));
            }
            return yes();
        }
        if of.group == "coordination.k8s.io" && of.resource == "leases" {
            if of.namespace != "kube-node-lease" {
                return no(
                    "can only access leases in the \"kube-node-lease\" system namespace".to_owned(),
                );
            }
            if of.verb != "create" && of.name != node {
                return no(
                    "can only access node lease with the same name as the requesting node"
                        .to_owned(),
                );
            }
        }
        let role = RoleRef {
            api_group: None,
            kind: "ClusterRole".to_owned(),
            name: "system:node".to_owned(),
        };
        match self.role_rules(&role, "") {
            Ok(rules) if rules.iter().any(|rule| allows(rule, of)) => yes(),
            _ => Decision::default(),
        }
    }

    /// Whether a pod of the node refers to the object.
    fn is_related(&self, node: &str, of: &Attributes<'_>) -> bool {
        self.list::<Pod>(Some(of.namespace)).iter().any(|pod| {
            let spec = pod.spec.as_ref();
            spec.is_some_and(|spec| {
                spec.node_name.as_deref() == Some(node)
                    && match of.resource {
                        "serviceaccounts" => spec.service_account_name.as_deref() == Some(of.name),
                        resource => refers(spec, resource == "secrets", of.name),
                    }
            })
        })
    }
}

fn yes() -> Decision {
    Decision {
        allowed: true,
        reason: String::new(),
    }
}

/// Whether a pod uses a secret, or a config map, in its environment or volumes.
fn refers(spec: &PodSpec, secret: bool, name: &str) -> bool {
    let containers = spec.init_containers.iter().flatten();
    let in_containers = containers.chain(&spec.containers).any(|container| {
        let from = container
            .env_from
            .iter()
            .flatten()
            .any(|source| match secret {
                true => source.secret_ref.as_ref().is_some_and(|r| r.name == name),
                false => source
                    .config_map_ref
                    .as_ref()
                    .is_some_and(|r| r.name == name),
            });
        let values = container.env.iter().flatten();
        let one = values
            .filter_map(|e| e.value_from.as_ref())
            .any(|v| match secret {
                true => v.secret_key_ref.as_ref().is_some_and(|r| r.name == name),
                false => v
                    .config_map_key_ref
                    .as_ref()
                    .is_some_and(|r| r.name == name),
            });
        from || one
    });
    let in_volumes = spec.volumes.iter().flatten().any(|volume| {
        let sources = volume.projected.as_ref().and_then(|p| p.sources.as_ref());
        let mut sources = sources.into_iter().flatten();
        if secret {
            let own = volume
                .secret
                .as_ref()
                .and_then(|s| s.secret_name.as_deref());
            return own == Some(name)
                || sources.any(|s| s.secret.as_ref().is_some_and(|s| s.name == name));
        }
        volume.config_map.as_ref().is_some_and(|c| c.name == name)
            || sources.any(|s| s.config_map.as_ref().is_some_and(|c| c.name == name))
    });
    let pulls = spec.image_pull_secrets.iter().flatten();
    in_containers || in_volumes || secret && pulls.into_iter().any(|r| r.name == name)
}
