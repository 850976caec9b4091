//! Who asks for a certificate, who may decide and who may sign.
//!
//! Models `plugin/pkg/admission/certificates` (CertificateApproval, CertificateSigning,
//! CertificateSubjectRestriction), and what of `pkg/registry/certificates/certificates/strategy.go` knows
//! the caller and the time.

use std::collections::BTreeMap;

use k8s_openapi::api::certificates::v1::CertificateSigningRequest as Csr;

use super::super::auth::Attributes;
use crate::api::kinds::{certificate_conditions, issued_certificate};
use crate::api::time::api_time;
use crate::api::x509::Request;
use crate::api::{Object, Result, Status};
use crate::apiserver::auth::MASTERS;
use crate::apiserver::{ApiServer, Caller};
use crate::sim::Time;

/// The signer whose certificates clients show to the API server.
const CLIENTS: &str = "kubernetes.io/kube-apiserver-client";

/// Writes down who asks, whatever the request says.
pub(super) fn identify(caller: &Caller, object: &mut Object) {
    let Some(csr) = object.edit::<Csr>() else {
        return;
    };
    let spec = &mut csr.spec;
    spec.username = Some(caller.user.to_string());
    spec.uid = Some(caller.uid.to_string()).filter(|uid| !uid.is_empty());
    spec.groups = Some(caller.groups.iter().map(ToString::to_string).collect());
    let extra = caller.extra.iter();
    let extra: BTreeMap<String, Vec<String>> = extra
        .map(|(name, values)| (name.to_string(), values.clone()))
        .collect();
    spec.extra = Some(extra).filter(|extra| !extra.is_empty());
}

/// Fills in the times of conditions that came without.
pub(in crate::apiserver) fn stamp(now: Time, object: &mut Object, old: &Object) {
    let (Some(csr), Some(old)) = (object.edit::<Csr>(), old.get::<Csr>()) else {
        return;
    };
    let conditions = csr.status.as_mut().and_then(|s| s.conditions.as_mut());
    for condition in conditions.into_iter().flatten() {
        condition
            .last_update_time
            .get_or_insert_with(|| api_time(now));
        if condition.last_transition_time.is_some() {
            continue;
        }
        let mut before = certificate_conditions(old).iter();
        let before = before.find(|c| c.type_ == condition.type_ && c.status == condition.status);
        let before = before.and_then(|c| c.last_transition_time.clone());
        condition.last_transition_time = before.or_else(|| Some(api_time(now)));
    }
}

impl ApiServer {
    /// # Errors
    /// The caller may not have this certificate, or not decide about it, or not issue it.
    pub(in crate::apiserver) fn admit_certificates(
        &self,
        caller: &Caller,
        subresource: &str,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<()> {
        let Some(csr) = object.get::<Csr>() else {
            return Ok(());
        };
        let old = old.and_then(|o| o.get::<Csr>());
        let signer = old.map_or(&csr.spec.signer_name, |o| &o.spec.signer_name);
        let detail = match (subresource, old) {
            ("", None) if signer == CLIENTS && asks_for_everything(csr) => {
                format!("use of {CLIENTS} signer with {MASTERS} group is not allowed")
            }
            ("approval", _) if !self.may_as_signer(caller, "approve", signer) => {
                format!("user not permitted to approve requests with signerName \"{signer}\"")
            }
            ("status", Some(old))
                if (issued_certificate(csr) != issued_certificate(old)
                    || certificate_conditions(csr) != certificate_conditions(old))
                    && !self.may_as_signer(caller, "sign", signer) =>
            {
                format!("user not permitted to sign requests with signerName \"{signer}\"")
            }
            _ => return Ok(()),
        };
        Err(Status::forbidden(object.info(), object.name(), &detail))
    }

    /// Whether the caller has a verb on a signer, or on all of its domain.
    fn may_as_signer(&self, caller: &Caller, verb: &str, signer: &str) -> bool {
        let domain = signer.split('/').next().unwrap_or_default();
        let whole = format!("{domain}/*");
        [signer, whole.as_str()].into_iter().any(|name| {
            let attributes = Attributes {
                verb,
                group: "certificates.k8s.io",
                resource: "signers",
                name,
                ..Attributes::default()
            };
            self.decide(caller, &attributes).allowed
        })
    }
}

fn asks_for_everything(csr: &Csr) -> bool {
    let request = Request::parse(&csr.spec.request.0);
    request.is_ok_and(|r| r.subject.all("O").any(|group| group == MASTERS))
}
