//! Approves what kubelets ask for, if whoever asks may have it
//! (`pkg/controller/certificates/approver/sarapprove.go`).

use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest as Csr, CertificateSigningRequestCondition,
};

use super::{KUBELET_CLIENT, check_kubelet, follow, is_decided};
use crate::api::kinds::{APPROVED, issued_certificate};
use crate::api::x509::Request;
use crate::api::{Key, Status};
use crate::controllers::caches::Caches;
use crate::controllers::controller::{Change, Controller, Next, Outcome, Scope, Triggers};

#[derive(Clone)]
pub struct Approver;

impl Controller for Approver {
    fn name(&self) -> &'static str {
        "certificatesigningrequest-approving-controller"
    }

    fn changed(&mut self, change: &Change, _: &Caches, triggers: &mut Triggers) {
        follow(change, triggers);
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(csr) = scope.ctx.get::<Csr>(key) else {
            return Ok(Next::Change);
        };
        if is_decided(&csr) || !issued_certificate(&csr).is_empty() {
            return Ok(Next::Change);
        }
        let spec = &csr.spec;
        let usages = spec.usages.as_deref().unwrap_or_default();
        let request = Request::parse(&spec.request.0);
        let request = request.ok().filter(|r| {
            spec.signer_name == KUBELET_CLIENT && check_kubelet(r, usages, false).is_ok()
        });
        let Some(request) = request else {
            return Ok(Next::Change);
        };
        let user = spec.username.as_deref().unwrap_or_default();
        let groups = spec.groups.as_deref().unwrap_or_default();
        let is_own = user == request.subject.one("CN");
        let ways = [
            (
                "certificatesigningrequests/selfnodeclient",
                "Auto approving self kubelet client certificate after SubjectAccessReview.",
            ),
            (
                "certificatesigningrequests/nodeclient",
                "Auto approving kubelet client certificate after SubjectAccessReview.",
            ),
        ];
        for (resource, message) in ways.into_iter().skip(usize::from(!is_own)) {
            let may = scope
                .ctx
                .may((user, groups), "create", "certificates.k8s.io", resource)?;
            if !may {
                continue;
            }
            scope.decide("CertificateSigningRequest", key, message);
            let mut csr = (*csr).clone();
            let status = csr.status.get_or_insert_default();
            let conditions = status.conditions.get_or_insert_default();
            conditions.push(CertificateSigningRequestCondition {
                type_: APPROVED.to_owned(),
                status: "True".to_owned(),
                reason: Some("AutoApproved".to_owned()),
                message: Some(message.to_owned()),
                ..CertificateSigningRequestCondition::default()
            });
            scope.ctx.update_part(csr, "approval")?;
            return Ok(Next::Change);
        }
        // The rights may still come.
        let tried = if is_own {
            "selfnodeclient nodeclient"
        } else {
            "nodeclient"
        };
        Err(Status::internal(format!(
            "recognized csr \"{}\" as [{tried}] but subject access review was not approved",
            key.name
        )))
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}
