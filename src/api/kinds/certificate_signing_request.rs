//! Somebody asks for a certificate; somebody else approves it, and a signer issues it.
//!
//! Models `k8s.io/kubernetes/pkg/registry/certificates/certificates/strategy.go`. Who asks is filled in by
//! admission, which knows the caller, and so are the times of conditions.

pub mod validation;

use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest as Kind, CertificateSigningRequestCondition as Condition,
    CertificateSigningRequestStatus,
};

use super::KindInfo;
use crate::api::field::Errors;
use crate::api::rfc3339::human_duration;
use crate::api::strategy::{Column, KindStrategy, Typed, column};
use crate::api::time::age;
use crate::sim::Time;
use validation::Part;

pub const APPROVED: &str = "Approved";
pub const DENIED: &str = "Denied";
pub const FAILED: &str = "Failed";

pub const INFO: KindInfo = KindInfo {
    group: "certificates.k8s.io",
    version: "v1",
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    singular: "certificatesigningrequest",
    short_names: &["csr"],
    namespaced: false,
    categories: &[],
    subresources: &["approval", "status"],
    prefix: "certificatesigningrequests",
    strategy: &Typed(Rules),
};

struct Rules;

/// The conditions of a request.
pub fn conditions(csr: &Kind) -> &[Condition] {
    let status = csr.status.as_ref();
    status
        .and_then(|s| s.conditions.as_deref())
        .unwrap_or_default()
}

/// Whether a request has a condition of that type.
pub fn has(csr: &Kind, condition: &str) -> bool {
    conditions(csr).iter().any(|c| c.type_ == condition)
}

/// The certificate that was issued; empty when there is none.
pub fn certificate(csr: &Kind) -> &[u8] {
    let status = csr.status.as_ref();
    status
        .and_then(|s| s.certificate.as_ref())
        .map_or(&[], |c| c.0.as_slice())
}

/// What became of a request, as tables and descriptions say it.
pub fn outcome(types: &[&str], is_issued: bool) -> String {
    let has = |condition: &str| types.contains(&condition);
    let mut text = match () {
        () if has(DENIED) => DENIED,
        () if has(APPROVED) => APPROVED,
        () => "Pending",
    }
    .to_owned();
    if has(FAILED) {
        text.push_str(",Failed");
    }
    if is_issued {
        text.push_str(",Issued");
    }
    text
}

impl KindStrategy for Rules {
    type Kind = Kind;

    fn default(&self, csr: &mut Kind) {
        // Written even when nothing is in it.
        csr.status.get_or_insert_default();
    }

    fn prepare_for_create(&self, csr: &mut Kind) {
        csr.status = Some(CertificateSigningRequestStatus::default());
    }

    fn prepare_for_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        new.status.clone_from(&old.status);
    }

    fn prepare_for_status_update(&self, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        // What was decided stays as it is, unless decisions come or go, which is refused.
        for decision in [APPROVED, DENIED] {
            let kept: Vec<Condition> = of_type(old, decision).cloned().collect();
            if of_type(new, decision).count() != kept.len() {
                continue;
            }
            let list = new.status.as_mut().and_then(|s| s.conditions.as_mut());
            let same = list.into_iter().flatten().filter(|c| c.type_ == decision);
            for (condition, kept) in same.zip(kept) {
                *condition = kept;
            }
        }
    }

    /// The approval changes the conditions alone.
    fn prepare_for_part_update(&self, _part: &str, new: &mut Kind, old: &Kind) {
        new.spec.clone_from(&old.spec);
        let conditions = new.status.take().and_then(|s| s.conditions);
        new.status.clone_from(&old.status);
        new.status.get_or_insert_default().conditions = conditions;
    }

    fn name_errors(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    fn validate(&self, csr: &Kind) -> Errors {
        validation::create(csr)
    }

    fn validate_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::update(new, old, Part::Main)
    }

    fn validate_status_update(&self, new: &Kind, old: &Kind) -> Errors {
        validation::update(new, old, Part::Status)
    }

    fn validate_part_update(&self, _part: &str, new: &Kind, old: &Kind) -> Errors {
        validation::update(new, old, Part::Approval)
    }

    fn field(&self, csr: &Kind, path: &str) -> Option<String> {
        (path == "spec.signerName").then(|| csr.spec.signer_name.clone())
    }

    fn selectable(&self) -> &'static [&'static str] {
        &["spec.signerName"]
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            column("Name"),
            column("Age"),
            column("SignerName"),
            column("Requestor"),
            column("RequestedDuration"),
            column("Condition"),
        ];
        COLUMNS
    }

    fn row(&self, csr: &Kind, now: Time) -> Vec<String> {
        let spec = &csr.spec;
        let duration = spec.expiration_seconds.map_or("<none>".to_owned(), |s| {
            human_duration(i64::from(s).saturating_mul(1_000_000_000))
        });
        let types: Vec<&str> = conditions(csr).iter().map(|c| c.type_.as_str()).collect();
        vec![
            csr.metadata.name.clone().unwrap_or_default(),
            age(&csr.metadata, now),
            match spec.signer_name.as_str() {
                "" => "<none>".to_owned(),
                name => name.to_owned(),
            },
            spec.username.clone().unwrap_or_default(),
            duration,
            outcome(&types, !certificate(csr).is_empty()),
        ]
    }
}

fn of_type<'c>(csr: &'c Kind, condition: &'c str) -> impl Iterator<Item = &'c Condition> {
    conditions(csr).iter().filter(move |c| c.type_ == condition)
}
