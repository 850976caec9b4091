//! From what a client shows to who it is (`k8s.io/apiserver/pkg/authentication`).

use super::caller::{AUTHENTICATED, CREDENTIAL, UNAUTHENTICATED};
use super::{ApiServer, Caller};
use crate::api::{Result, Status};
use crate::apiserver::fields::field_manager;
use crate::apiserver::request::{Credentials, Request};
use crate::sim::Time;

impl ApiServer {
    pub(super) fn authenticate(&self, now: Time, request: &Request) -> Result<Caller> {
        let program = field_manager(&request.user_agent.as_str().into());
        let manager = match request.query("fieldManager") {
            Some(manager) if !manager.is_empty() => manager,
            _ => &program,
        };
        let mut caller = match &request.credentials {
            Credentials::Admin => Caller::admin(manager),
            Credentials::Anonymous => Caller::anonymous(manager),
            Credentials::Certificate(certificate) => {
                let groups: Vec<&str> = certificate.groups.iter().map(String::as_str).collect();
                let mut caller = Caller::new(&certificate.user, &groups, manager);
                if !certificate.fingerprint.is_empty() {
                    let id = format!("X509SHA256={}", certificate.fingerprint);
                    caller.extra.push((CREDENTIAL.into(), vec![id]));
                }
                caller
            }
            Credentials::Token(token) => {
                let verified = self.verify_token(now, token, &[]);
                let mut caller = verified.map_err(|_| Status::unauthorized())?.caller;
                caller.manager = manager.into();
                caller
            }
        };
        if !caller.is_in(UNAUTHENTICATED) && !caller.is_in(AUTHENTICATED) {
            caller.groups.push(AUTHENTICATED.into());
        }
        Ok(caller)
    }
}
