//! From what a client shows to who it is (`k8s.io/apiserver/pkg/authentication`).

use k8s_openapi::api::core::v1::Namespace;

use super::caller::{AUTHENTICATED, CREDENTIAL, UNAUTHENTICATED};
use super::{ApiServer, Caller};
use crate::api::x509::Certificate;
use crate::api::{Key, Result, Status};
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
            Credentials::Shown(text) => {
                let shown = Certificate::parse(text.as_bytes());
                let shown = shown.map_err(|_| Status::unauthorized())?;
                if !self.is_good(now, &shown) {
                    return Err(Status::unauthorized());
                }
                let groups: Vec<&str> = shown.subject.all("O").collect();
                Caller::new(shown.subject.one("CN"), &groups, manager)
            }
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

    /// Whether a certificate was issued by this cluster, for clients, and is good now.
    fn is_good(&self, now: Time, shown: &Certificate) -> bool {
        let system = self.get::<Namespace>(&Key::new("", "kube-system"));
        let authority = system.and_then(|n| n.metadata.uid.clone());
        let span = shown.begins..=shown.ends;
        shown.is_for_clients
            && span.contains(&now.unix_secs())
            && authority.is_some_and(|authority| shown.is_signed_by(&authority))
    }
}
