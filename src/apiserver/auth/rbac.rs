//! What roles grant (`k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac` and
//! `pkg/registry/rbac/validation/rule.go`).

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::caller::account_of;
use super::rules::allows;
use super::{Attributes, Caller, Decision};
use crate::api::{Object, Resource, Result, Status};
use crate::apiserver::store::{Place, Range};
use crate::apiserver::{ApiServer, Stored};

/// A rule that a caller has, or why the rules of a binding are not known; and where it comes from.
type Visit<'v> =
    dyn FnMut(std::result::Result<&PolicyRule, &str>, &dyn Fn() -> String) -> bool + 'v;

impl ApiServer {
    pub(super) fn decide_by_roles(&self, caller: &Caller, of: &Attributes<'_>) -> Decision {
        let mut decision = Decision::default();
        let mut errors: Vec<String> = Vec::new();
        self.visit_rules(caller, of.namespace, &mut |rule, source| {
            match rule {
                Ok(rule) if allows(rule, of) => {
                    decision.allowed = true;
                    decision.reason = format!("RBAC: allowed by {}", source());
                    return false;
                }
                Ok(_) => {}
                Err(error) if errors.iter().any(|e| e == error) => {}
                Err(error) => errors.push(error.to_owned()),
            }
            true
        });
        if !decision.allowed && !errors.is_empty() {
            decision.reason = format!("RBAC: {}", aggregate(&errors));
        }
        decision
    }

    /// The rules that a caller has in a namespace, and why some are not known.
    pub(in crate::apiserver) fn rules_of(
        &self,
        caller: &Caller,
        namespace: &str,
    ) -> (Vec<PolicyRule>, Vec<String>) {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        self.visit_rules(caller, namespace, &mut |rule, _| {
            match rule {
                Ok(rule) => rules.push(rule.clone()),
                Err(error) => errors.push(error.to_owned()),
            }
            true
        });
        (rules, errors)
    }

    /// The objects of a kind of which none is packed.
    pub(super) fn whole<'s>(&'s self, range: &'s Range) -> impl Iterator<Item = &'s Object> {
        let stored = self.store.range(range);
        stored.filter_map(|(_, stored)| stored.whole())
    }

    /// Shows the rules that a caller has until `visit` says no.
    fn visit_rules(&self, caller: &Caller, namespace: &str, visit: &mut Visit<'_>) {
        let all = Range::new(ClusterRoleBinding::KIND, None);
        for object in self.whole(&all) {
            let Some(binding) = object.get::<ClusterRoleBinding>() else {
                continue;
            };
            let subjects = binding.subjects.as_deref().unwrap_or_default();
            let Some(subject) = subjects.iter().find(|s| is_subject(s, caller, "")) else {
                continue;
            };
            let source = || describe(object, &binding.role_ref, subject);
            if !self.visit_role(&binding.role_ref, "", &source, visit) {
                return;
            }
        }
        if namespace.is_empty() {
            return;
        }
        let all = Range::new(RoleBinding::KIND, Some(namespace));
        for object in self.whole(&all) {
            let Some(binding) = object.get::<RoleBinding>() else {
                continue;
            };
            let subjects = binding.subjects.as_deref().unwrap_or_default();
            let Some(subject) = subjects.iter().find(|s| is_subject(s, caller, namespace)) else {
                continue;
            };
            let source = || describe(object, &binding.role_ref, subject);
            if !self.visit_role(&binding.role_ref, namespace, &source, visit) {
                return;
            }
        }
    }

    fn visit_role(
        &self,
        reference: &RoleRef,
        namespace: &str,
        source: &dyn Fn() -> String,
        visit: &mut Visit<'_>,
    ) -> bool {
        match self.role_rules(reference, namespace) {
            Ok(rules) => rules.iter().all(|rule| visit(Ok(rule), source)),
            Err(status) => visit(Err(&status.message), source),
        }
    }

    /// The rules of the role that a binding names.
    pub(super) fn role_rules(&self, reference: &RoleRef, namespace: &str) -> Result<&[PolicyRule]> {
        let name = &reference.name;
        let of = |kind: crate::api::Kind, namespace: &str| {
            self.store
                .get(&Place::new(kind, namespace, name))
                .and_then(Stored::whole)
        };
        let rules = match reference.kind.as_str() {
            "Role" => of(Role::KIND, namespace)
                .and_then(|o| o.get::<Role>())
                .map(|r| r.rules.as_deref()),
            "ClusterRole" => of(ClusterRole::KIND, "")
                .and_then(|o| o.get::<ClusterRole>())
                .map(|r| r.rules.as_deref()),
            other => {
                let message = format!("unsupported role reference kind: \"{other}\"");
                return Err(Status::internal(message));
            }
        };
        match rules {
            Some(rules) => Ok(rules.unwrap_or_default()),
            None => {
                // The listers name the resource in the singular.
                let resource = reference.kind.to_ascii_lowercase();
                let message = format!("{resource}.rbac.authorization.k8s.io \"{name}\" not found");
                let mut status = Status::new(404, "NotFound", message);
                status.name.clone_from(name);
                status.group = "rbac.authorization.k8s.io".to_owned();
                status.kind = resource;
                Err(status)
            }
        }
    }
}

/// Several errors as one text.
fn aggregate(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// Whether a subject of a binding in `namespace` is the caller.
pub(super) fn is_subject(subject: &Subject, caller: &Caller, namespace: &str) -> bool {
    match subject.kind.as_str() {
        "User" => *caller.user == *subject.name,
        "Group" => caller.is_in(&subject.name),
        "ServiceAccount" => {
            let own = subject.namespace.as_deref().unwrap_or_default();
            let namespace = if own.is_empty() { namespace } else { own };
            account_of(&caller.user) == Some((namespace, subject.name.as_str()))
        }
        _ => false,
    }
}

/// `RoleBinding "read/default" of Role "reader" to User "jane"`.
fn describe(binding: &Object, role: &RoleRef, subject: &Subject) -> String {
    let namespace = binding.namespace();
    let place = match namespace {
        "" => binding.name().to_owned(),
        namespace => format!("{}/{namespace}", binding.name()),
    };
    let whom = match subject.kind.as_str() {
        "ServiceAccount" => {
            let own = subject.namespace.as_deref().unwrap_or_default();
            let namespace = if own.is_empty() { namespace } else { own };
            format!("{}/{namespace}", subject.name)
        }
        _ => subject.name.clone(),
    };
    format!(
        "{} \"{place}\" of {} \"{}\" to {} \"{whom}\"",
        binding.info().kind,
        role.kind,
        role.name,
        subject.kind
    )
}
