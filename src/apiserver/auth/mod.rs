//! Who makes a request, and whether they may: authentication, impersonation, authorisation.
//!
//! A request is first given an identity (`authenticate`), which may be exchanged for another one
//! (`impersonate`), and then its attributes are judged by the authorisers in their order: members
//! of `system:masters` may do everything, nodes what nodes need (`node`), everybody else what
//! roles grant them (`rbac`).
//!
//! Components of the control plane speak to the server in its own process, under their real names; what they
//! write is asked for (`grants`).

mod attributes;
mod authenticate;
mod caller;
mod escalation;
mod grants;
mod impersonate;
mod node;
mod rbac;
pub mod rules;
pub(super) mod token;

use crate::api::{Result, Status};
use crate::sim::Time;

use super::ApiServer;
use super::request::Request;

pub(super) use attributes::Attributes;
pub use caller::{Caller, MASTERS};
pub(super) use grants::Grants;
pub use grants::{Refused, Wish};
pub(super) use node::claim_of;

/// What an authoriser says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Decision {
    pub allowed: bool,
    /// Why; may be empty.
    pub reason: String,
}

impl ApiServer {
    /// The caller of a request, if it may be made at all.
    ///
    /// # Errors
    /// 401 when nobody knows who it is, 403 when they may not do this.
    pub fn authorized(&self, now: Time, request: &Request) -> Result<Caller> {
        let caller = self.authenticate(now, request)?;
        let caller = self.impersonate(caller, request)?;
        if !caller.is_master() {
            let attributes = Attributes::of(request);
            let decision = self.decide(&caller, &attributes);
            if !decision.allowed {
                return Err(attributes.forbidden(&caller, &decision.reason));
            }
        }
        Ok(caller)
    }

    /// Whether a user with groups may do something with a kind of object, or with its subresource.
    pub fn permits(
        &self,
        (user, groups): (&str, &[String]),
        verb: &str,
        group: &str,
        resource: &str,
    ) -> bool {
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let attributes = Attributes {
            verb,
            group,
            resource,
            subresource,
            ..Attributes::default()
        };
        self.decide(&Caller::new(user, &groups, ""), &attributes)
            .allowed
    }

    /// Asks the authorisers in their order.
    pub(super) fn decide(&self, caller: &Caller, attributes: &Attributes<'_>) -> Decision {
        if caller.is_master() {
            return Decision {
                allowed: true,
                reason: String::new(),
            };
        }
        let mut reasons = Vec::new();
        for decision in [
            self.decide_for_node(caller, attributes),
            self.decide_by_roles(caller, attributes),
        ] {
            if decision.allowed {
                return decision;
            }
            if !decision.reason.is_empty() {
                reasons.push(decision.reason);
            }
        }
        Decision {
            allowed: false,
            reason: reasons.join("\n"),
        }
    }
}

/// A refusal that is about no object of a known kind.
pub(super) fn forbidden(resource: &str, group: &str, name: &str, detail: &str) -> Box<Status> {
    let full = crate::api::status::qualified(resource, group);
    let message = match (resource, name) {
        ("", _) => format!("forbidden: {detail}"),
        (_, "") => format!("{full} is forbidden: {detail}"),
        (_, name) => format!("{full} \"{name}\" is forbidden: {detail}"),
    };
    let mut status = Status::new(403, "Forbidden", message);
    status.name = name.to_owned();
    status.group = group.to_owned();
    status.kind = resource.to_owned();
    status
}
