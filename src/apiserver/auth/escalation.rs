//! Nobody grants what they do not have, unless they may `escalate` or `bind`
//! (`k8s.io/kubernetes/pkg/registry/rbac/*/policybased`).

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef,
};

use super::rules::{compact_text, compacted, missing, quoted_list};
use super::{Attributes, Caller};
use crate::api::{Object, Result, Status};
use crate::apiserver::ApiServer;

const GROUP: &str = "rbac.authorization.k8s.io";

impl ApiServer {
    /// Refuses a role or binding that gives more than its writer has.
    pub(in crate::apiserver) fn check_escalation(
        &self,
        caller: &Caller,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<()> {
        if caller.is_master() || object.info().group != GROUP {
            return Ok(());
        }
        let namespace = object.namespace();
        if let Some(role) = object.get::<Role>() {
            let same = old
                .and_then(|o| o.get::<Role>())
                .is_some_and(|o| o.rules == role.rules);
            return match same || self.may(caller, "escalate", "roles", namespace, object.name()) {
                true => Ok(()),
                false => self.check_rules(caller, object, role.rules.as_deref()),
            };
        }
        if let Some(role) = object.get::<ClusterRole>() {
            let old = old.and_then(|o| o.get::<ClusterRole>());
            let same = old.is_some_and(|o| {
                o.rules == role.rules && o.aggregation_rule == role.aggregation_rule
            });
            if same || self.may(caller, "escalate", "clusterroles", "", object.name()) {
                return Ok(());
            }
            self.check_rules(caller, object, role.rules.as_deref())?;
            if role.aggregation_rule.is_some() {
                let all = PolicyRule {
                    verbs: vec!["*".to_owned()],
                    api_groups: Some(vec!["*".to_owned()]),
                    resources: Some(vec!["*".to_owned()]),
                    ..PolicyRule::default()
                };
                let urls = PolicyRule {
                    verbs: vec!["*".to_owned()],
                    non_resource_urls: Some(vec!["*".to_owned()]),
                    ..PolicyRule::default()
                };
                let (owned, _) = self.rules_of(caller, "");
                if !missing(&owned, &[all, urls]).is_empty() {
                    let detail = "must have cluster-admin privileges to use an aggregationRule";
                    return Err(Status::forbidden(object.info(), object.name(), detail));
                }
            }
            return Ok(());
        }
        if let Some(binding) = object.get::<RoleBinding>() {
            let same = old
                .and_then(|o| o.get::<RoleBinding>())
                .is_some_and(|o| o.role_ref == binding.role_ref && o.subjects == binding.subjects);
            return self.check_binding(caller, object, &binding.role_ref, same);
        }
        if let Some(binding) = object.get::<ClusterRoleBinding>() {
            let old = old.and_then(|o| o.get::<ClusterRoleBinding>());
            let same = old
                .is_some_and(|o| o.role_ref == binding.role_ref && o.subjects == binding.subjects);
            return self.check_binding(caller, object, &binding.role_ref, same);
        }
        Ok(())
    }

    fn check_binding(
        &self,
        caller: &Caller,
        object: &Object,
        role: &RoleRef,
        same: bool,
    ) -> Result<()> {
        let namespace = object.namespace();
        let resource = match role.kind.as_str() {
            "Role" => "roles",
            _ => "clusterroles",
        };
        if same || self.may(caller, "bind", resource, namespace, &role.name) {
            return Ok(());
        }
        let rules = self.role_rules(role, namespace)?;
        self.check_rules(caller, object, Some(rules))
    }

    fn may(
        &self,
        caller: &Caller,
        verb: &str,
        resource: &str,
        namespace: &str,
        name: &str,
    ) -> bool {
        let attributes = Attributes {
            verb,
            namespace,
            group: GROUP,
            resource,
            name,
            ..Attributes::default()
        };
        self.decide(caller, &attributes).allowed
    }

    fn check_rules(
        &self,
        caller: &Caller,
        object: &Object,
        rules: Option<&[PolicyRule]>,
    ) -> Result<()> {
        let (owned, errors) = self.rules_of(caller, object.namespace());
        let missing = missing(&owned, rules.unwrap_or_default());
        if missing.is_empty() {
            return Ok(());
        }
        let mut texts: Vec<String> = compacted(missing).iter().map(compact_text).collect();
        texts.sort();
        texts.dedup();
        let mut detail = format!(
            "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
            crate::api::rfc3339::go_quote(&caller.user),
            quoted_list(&caller.groups),
            texts.join("\n")
        );
        if !errors.is_empty() {
            detail.push_str(&format!("; resolution errors: [{}]", errors.join(" ")));
        }
        Err(Status::forbidden(object.info(), object.name(), &detail))
    }
}
