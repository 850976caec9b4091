//! Signs what is approved, for the signers of Kubernetes' own
//! (`pkg/controller/certificates/signer/signer.go`).

use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest as Csr, CertificateSigningRequestCondition,
};
use k8s_openapi::api::core::v1::Namespace;

use super::{CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY, check_kubelet, follow};
use crate::api::kinds::{APPROVED, FAILED, has_condition, issued_certificate};
use crate::api::time::api_time;
use crate::api::x509::{Request, Terms, issue};
use crate::api::{Key, Resource, Status};
use crate::controllers::caches::Caches;
use crate::controllers::controller::{Change, Controller, Next, Outcome, Scope, Triggers};

/// For how long a certificate is good if nothing else is asked for, and at most
/// (`--cluster-signing-duration`), in seconds.
const LONGEST: i64 = 365 * 24 * 3600;
const SHORTEST: i64 = 600;
/// It is good from a little earlier on, for clocks that are behind.
const BACKDATE: i64 = 300;
/// One that is shorter ends as late as it was asked for.
const SHORT: i64 = 8 * 3600;

#[derive(Clone)]
pub struct Signer;

impl Controller for Signer {
    fn name(&self) -> &'static str {
        "certificatesigningrequest-signing-controller"
    }

    fn changed(&mut self, change: &Change, _: &Caches, triggers: &mut Triggers) {
        follow(change, triggers);
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(csr) = scope.ctx.get::<Csr>(key) else {
            return Ok(Next::Change);
        };
        let is_due = has_condition(&csr, APPROVED)
            && !has_condition(&csr, FAILED)
            && issued_certificate(&csr).is_empty();
        let spec = &csr.spec;
        let signer = spec.signer_name.as_str();
        if !is_due || ![CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY].contains(&signer) {
            return Ok(Next::Change);
        }
        let request = Request::parse(&spec.request.0).map_err(|message| {
            Status::internal(format!("unable to parse csr \"{}\": {message}", key.name))
        })?;
        let usages = spec.usages.as_deref().unwrap_or_default();
        let checked = match signer {
            KUBELET_SERVING => check_kubelet(&request, usages, true),
            KUBELET_CLIENT => check_kubelet(&request, usages, false),
            CLIENT => check_client(usages),
            _ => Ok(()),
        };
        let now = scope.now();
        let mut signed = (*csr).clone();
        let status = signed.status.get_or_insert_default();
        if let Err(message) = checked {
            scope.decide("CertificateSigningRequest", key, &message);
            let conditions = status.conditions.get_or_insert_default();
            conditions.push(CertificateSigningRequestCondition {
                type_: FAILED.to_owned(),
                status: "True".to_owned(),
                reason: Some("SignerValidationFailure".to_owned()),
                message: Some(message),
                last_update_time: Some(api_time(now)),
                ..CertificateSigningRequestCondition::default()
            });
        } else {
            scope.decide("CertificateSigningRequest", key, "it is approved");
            // The authority is the cluster's own: it is known by the namespace that every cluster has.
            let system = scope.ctx.get::<Namespace>(&Key::new("", "kube-system"));
            let authority = system.map(|n| n.uid().to_owned()).unwrap_or_default();
            let (begins, ends) = validity(now.unix_secs(), spec.expiration_seconds);
            let rng = scope
                .ctx
                .rng("certificatesigningrequest-signing-controller");
            let (high, low) = (rng.next_u64(), rng.next_u64());
            let terms = Terms {
                usages,
                begins,
                ends,
                serial: (u128::from(high) << 64 | u128::from(low)).to_be_bytes(),
                authority: &authority,
            };
            status.certificate = Some(ByteString(issue(&request, &terms).into_bytes()));
        }
        scope.ctx.update_status(signed)?;
        Ok(Next::Change)
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// From when until when a certificate is good, in seconds since the epoch.
fn validity(now: i64, asked: Option<i32>) -> (i64, i64) {
    let length = asked.map_or(LONGEST, |s| i64::from(s).clamp(SHORTEST, LONGEST));
    let ends = match length < SHORT {
        true => now + length,
        false => now + length - BACKDATE,
    };
    (now - BACKDATE, ends)
}

fn check_client(usages: &[String]) -> Result<(), String> {
    for usage in usages {
        if !["digital signature", "key encipherment", "client auth"].contains(&usage.as_str()) {
            return Err(format!("invalid usage for client certificate: {usage}"));
        }
    }
    match usages.iter().any(|usage| usage == "client auth") {
        true => Ok(()),
        false => Err("missing required usage for client certificate: client auth".to_owned()),
    }
}
