//! Acting as somebody else (`k8s.io/apiserver/pkg/endpoints/filters/impersonation`).

use super::caller::{ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, account_groups, account_of};
use super::{ApiServer, Attributes, Caller};
use crate::api::{Result, Status};
use crate::apiserver::request::Request;

const AUTHENTICATION: &str = "authentication.k8s.io";

impl ApiServer {
    /// The identity that the request asks for, if its caller may take it on.
    pub(super) fn impersonate(&self, caller: Caller, request: &Request) -> Result<Caller> {
        let user = request.impersonate.as_str();
        let also = &request.impersonate_also;
        if user.is_empty() {
            if also.groups.is_empty() && also.uid.is_empty() && also.extra.is_empty() {
                return Ok(caller);
            }
            return Err(Status::internal(
                "requested groups, uid or extra fields without impersonating a user",
            ));
        }
        let may = |group: &str, resource: &str, subresource: &str, namespace: &str, name: &str| {
            let attributes = Attributes {
                verb: "impersonate",
                namespace,
                group,
                resource,
                subresource,
                name,
                ..Attributes::default()
            };
            let decision = self.decide(&caller, &attributes);
            match decision.allowed {
                true => Ok(()),
                false => Err(attributes.forbidden(&caller, &decision.reason)),
            }
        };
        let mut acting = Caller::new(user, &[], &caller.manager);
        match account_of(user) {
            Some((namespace, name)) => {
                may("", "serviceaccounts", "", namespace, name)?;
                if also.groups.is_empty() {
                    acting.groups = account_groups(namespace);
                }
            }
            None => may("", "users", "", "", user)?,
        }
        for group in &also.groups {
            may("", "groups", "", "", group)?;
            acting.groups.push(group.as_str().into());
        }
        for (key, value) in &also.extra {
            may(AUTHENTICATION, "userextras", key, "", value)?;
            match acting.extra.iter_mut().find(|(k, _)| **k == **key) {
                Some((_, values)) => values.push(value.clone()),
                None => acting
                    .extra
                    .push((key.as_str().into(), vec![value.clone()])),
            }
        }
        acting.extra.sort();
        if !also.uid.is_empty() {
            may(AUTHENTICATION, "uids", "", "", &also.uid)?;
            acting.uid = also.uid.as_str().into();
        }
        let known = acting.is_in(AUTHENTICATED) || acting.is_in(UNAUTHENTICATED);
        if user == ANONYMOUS {
            if !acting.is_in(UNAUTHENTICATED) {
                acting.groups.push(UNAUTHENTICATED.into());
            }
        } else if !known {
            acting.groups.push(AUTHENTICATED.into());
        }
        Ok(acting)
    }
}
